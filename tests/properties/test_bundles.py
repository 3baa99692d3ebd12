"""Whatever is put where a gate looks, in whatever order, with restarts and crashes at any operation on a file: what decides is what a
few lines say. In these a bundle is a version and a limit; the rest of the world is the highest version that was in force."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import attrs
import pytest
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tenetlang.bundle import files
from tenetlang.bundle.activator import Activator, start
from tenetlang.bundle.errors import BundleError, RolledBack
from tenetlang.bundle.memory import Return, go_back
from tenetlang.bundle.opening import open_bundle
from tests.unit.bundle.bundles import DAY, MADE, STRANGER, TRUST, Clock, bundle, call, failing, settings

Kind: TypeAlias = Literal["good", "ends", "failing", "stranger", "other", "rubbish", "half"]
LIMITS = ("50.00", "60.00")
ENDS = 5


@attrs.frozen
class File:
    """What lies where the gate looks."""

    kind: Kind
    version: int
    limit: str

    @property
    def data(self) -> bytes:
        """The bytes of it."""
        match self.kind:
            case "good":
                return bundle(self.version, self.limit)
            case "ends":
                return bundle(self.version, self.limit, hard_expires=ENDS)
            case "failing":
                return failing(self.version)
            case "stranger":
                return bundle(self.version, self.limit, keys=(STRANGER,))
            case "other":
                return bundle(self.version, self.limit, name="bank")
            case "rubbish":
                return b"rubbish"
            case "half":
                return bundle(self.version, self.limit)[:4000]

    @property
    def sound(self) -> bool:
        """Whether it may come into force at all."""
        return self.kind in {"good", "ends"}


class Crash(BaseException):
    """The power fails."""


@contextmanager
def crash_at(operation: int) -> Iterator[None]:
    """The power fails before the n-th operation on a file of ours."""
    left = operation

    def counted(name: str) -> object:
        def do(*given: object, **named: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                raise Crash(name)
            return getattr(os, name)(*given, **named)

        return do

    class Disk:
        def __getattr__(self, name: str) -> object:
            return counted(name) if name in {"open", "fsync", "fdopen"} else getattr(os, name)

    before = Path.replace

    def replace(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise Crash("replace")
        return before(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", Disk())
        patch.setattr(Path, "replace", replace)
        yield


class Gate(RuleBasedStateMachine):
    """A gate beside its model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock(MADE)
        self.recorded: list[object] = []
        self.file: File = File("good", 1, LIMITS[0])
        self.new = True
        self.highest: File = self.file
        self.leave: File | None = None
        self.current: File = self.file
        self.refused: BundleError | None = None
        self.put()
        self.gate = self.started()

    def teardown(self) -> None:
        self.gate.close()
        self.folder.cleanup()

    @property
    def path(self) -> Path:
        """Where the gate looks."""
        return Path(self.folder.name) / "policy.bundle"

    def put(self) -> None:
        """What ships a file."""
        unfinished = self.path.with_name("unfinished")
        unfinished.write_bytes(self.file.data)
        os.replace(unfinished, self.path)  # noqa: PTH105  # that of Path may be the one that crashes

    def started(self) -> Activator:
        """The gate, started anew."""
        return start(settings(Path(self.folder.name), self.tell, self.clock), self.path)

    def tell(self, kind: str, members: Mapping[str, object]) -> None:
        """What is recorded."""
        if kind == "policy.activated":
            self.recorded.append((members["bundle"], members["version"]))

    def admitted(self, file: File) -> bool:
        """The whole of the rule for versions."""
        return file.version > self.highest.version or file in {self.highest, self.leave}

    def comes(self, file: File) -> None:
        """It comes into force."""
        self.current = file
        if file.version > self.highest.version:
            self.highest, self.leave = file, None

    def ended(self, file: File) -> bool:
        """Whether it may decide nothing any more."""
        return file.kind == "ends" and self.clock.now >= MADE + ENDS * DAY

    # ------------------------------------------------------------------------------------------------- what happens

    @rule(
        kind=st.sampled_from(("good", "good", "good", "ends", "failing", "stranger", "other", "rubbish", "half")),
        version=st.integers(1, 5),
        limit=st.sampled_from(LIMITS),
    )
    def ship(self, kind: Kind, version: int, limit: str) -> None:
        """Somebody puts a file there."""
        self.file, self.new = File(kind, version, limit), True
        self.put()

    @rule()
    def look(self) -> None:
        """The gate looks, once."""
        before = self.current
        self.seen()
        assert self.gate.look() is (self.current != before)

    def seen(self) -> None:
        """What a look finds, in the model."""
        if not self.new and not (self.file.sound and not self.admitted(self.file)):
            retry = (
                self.file.sound and self.file != self.current and not self.ended(self.file) and self.leave == self.file
            )
            if not retry:
                return
        if self.file.sound and self.file != self.current and self.admitted(self.file) and not self.ended(self.file):
            self.comes(self.file)
        self.new = False

    @rule(days=st.integers(1, 4))
    def wait(self, days: int) -> None:
        """Time passes."""
        self.clock.now += days * DAY

    @rule(version=st.integers(1, 4), limit=st.sampled_from(LIMITS), kind=st.sampled_from(("good", "ends")))
    def allow(self, version: int, limit: str, kind: Kind) -> None:
        """An operator gives leave to go back to a bundle."""
        file = File(kind, version, limit)
        leave = Return(version, open_bundle(file.data, TRUST).identity, "ada", "a reason")
        try:
            go_back(self.gate.settings.memory, "shop", leave)
            self.leave = file
        except RolledBack:
            assert version >= self.highest.version

    @rule()
    def restart(self) -> None:
        """The program ends and begins again."""
        if self.file.sound and self.admitted(self.file):
            self.comes(self.file)
        self.new = False
        self.gate = self.started()

    @rule(operation=st.integers(0, 12), starting=st.booleans(), damaged=st.booleans())
    def crash(self, operation: int, starting: bool, damaged: bool) -> None:
        """The power fails while the gate looks or starts, and it is started again, perhaps with a file that was damaged meanwhile."""
        before, tried = self.current, self.file
        try:
            with crash_at(operation):
                if starting:
                    self.started()
                else:
                    self.gate.look()
        except Crash:
            pass
        if damaged:
            self.file = File("rubbish", 1, LIMITS[0])
            self.put()
        self.new = False
        self.gate = self.started()
        found = (self.gate.current.version, self.limit_of_gate())
        may_come = tried.sound and self.admitted(tried)
        if may_come and (not damaged or found != (before.version, before.limit)):
            self.comes(tried)

    # ----------------------------------------------------------------------------------------------- what is true

    def limit_of_gate(self) -> str:
        """The limit by which the gate decides."""
        allows = self.gate.current.evaluator.decide_json(call("60")).verdict == "allow"
        return LIMITS[1] if allows else LIMITS[0]

    @invariant()
    def decides_as_the_model(self) -> None:
        """The version and the policy are those of the model."""
        assert (self.gate.current.version, self.limit_of_gate()) == (self.current.version, self.current.limit)

    @invariant()
    def denies_what_ended(self) -> None:
        """What ended denies, at once."""
        assert (self.gate.current.refusal(self.clock.now) is not None) is self.ended(self.current)

    @invariant()
    def was_recorded(self) -> None:
        """What decides was recorded before."""
        assert (self.gate.current.digest, self.gate.current.version) in self.recorded

    @invariant()
    def says_why_another_file_lies_there(self) -> None:
        """What decides in the place of another is marked, once the gate has looked."""
        if not self.new and self.current != self.file:
            assert self.gate.current.kept is not None


TestGate = Gate.TestCase
TestGate.settings = profile(stateful_step_count=15)
