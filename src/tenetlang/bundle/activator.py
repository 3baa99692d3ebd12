"""Puts one bundle in the place of another while decisions go on.

    verified, read, compiled, its own tests run ── admitted ── copied ── remembered and recorded ── current = the new one

Deciding reads one attribute, `activator.current`, and takes no lock. Whoever decides meanwhile has the old one or the new one,
whole. Everything that can fail comes before the last step, which can't; so whatever fails, the last good one decides on, and its
records say why (`Active.kept`). A failure is recorded as `policy.rejected`, once for each file.

*A crash at any step.* The copy is written before the version is remembered. After a crash between the two the next start finds what lies
in the file, or else the copy, and either is verified and admitted as if it came for the first time. The version never
goes down, and no bundle comes into force that is not in the log.

*At a start* the file is tried, then the copy of the last good one. So a file that was damaged while nothing ran stops nobody, and whoever
can write the file but not sign can at most keep a newer policy from coming, which the marks and `expires` make
visible. A bundle that may decide nothing any more (`hard_expires`) is put in its place all the same, and denies: a newer one that
arrives while it runs is then found by `watch`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import attrs

from tenetlang.audit.errors import AuditError
from tenetlang.bundle.active import Active, activated
from tenetlang.bundle.clock import SteadyClock
from tenetlang.bundle.envelope import MAX_ENVELOPE
from tenetlang.bundle.errors import BundleError, BundleUnavailable, OtherPackage, RolledBack, UnusableMemory
from tenetlang.bundle.files import Identity, identity_of, read_at_rest, read_small, write_whole
from tenetlang.bundle.memory import Event, Memory, Remembered, Return, admit, counted, risen
from tenetlang.bundle.opening import Bundle, open_bundle
from tenetlang.bundle.trust import Trust
from tenetlang.project.cache import Cache

_WRITTEN_NOW: Final = "it is being written just now"

_MANY: Final = 1000
"""A policy of more rules than this starts at once, and makes its code when it is first asked about a tool."""

_LONGEST: Final = 256
"""Bytes of a word in a record."""


@attrs.frozen
class Settings:
    """What an activator is held to.

    `trust` is None only where nobody is to be trusted, in development. `copy` is the file in which the last good bundle is kept.
    `package` is the one that decides here; without it, it is that of the first bundle ever, which `memory` remembers. `place`
    names this gate in records. What was verified here before is found in the `cache`.
    """

    trust: Trust | None
    memory: Memory
    copy: Path
    package: str | None = None
    place: str = ""
    clock: Callable[[], int] = attrs.field(factory=SteadyClock)
    prepare: bool = True
    cache: Cache | None = None


class Activator:
    """Holds what decides. Begin with `start`, and `close` it where `watch` was called."""

    current: Active
    """What decides now: read it once for each decision."""

    def __init__(
        self, settings: Settings, file: Path, current: Active, seen: Identity | None, missed: _Missed | None
    ) -> None:
        self.current = current
        self.settings: Final = settings
        self.file: Final = file
        self._seen = seen
        self._missed = missed
        self._changing: Final = threading.Lock()
        self._ended: Final = threading.Event()
        self._thread: threading.Thread | None = None

    def activate(self, data: bytes) -> Active:
        """Puts the bundle in these bytes into force. Raises `BundleError` and `NoSignatures`; then nothing has changed, and that is recorded."""
        with self._changing:
            return self._activate(data)

    def look(self) -> bool:
        """Looks at the file once, and puts into force what has changed there; gives whether something came into force.

        Raises nothing that is about the file: it is recorded, and what decides is marked.
        """
        with self._changing:
            found = identity_of(self.file)
            if not self._worth_trying(found):
                return False
            try:
                read = read_at_rest(self.file)
                if read is None:
                    return False
                self._seen, self._missed = read[0], None
                before = self.current
                self._activate(read[1])
                return self.current.identity != before.identity
            except (BundleError, AuditError) as refused:
                if isinstance(refused, BundleUnavailable):
                    self._seen = found
                    _record_rejection(self.settings, None, self.current.package, refused)
                self._missed = _Missed(refused, self._recalled())
                self.current = attrs.evolve(self.current, kept=_mark(self.file, refused))
                return False

    def watch(self, every: float = 1.0) -> None:
        """Looks at the file every so many seconds, in a thread, until `close`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, args=(every,), name="tenet-bundle", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends watching. What decides stays."""
        self._ended.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _watch(self, every: float) -> None:
        while not self._ended.wait(every):
            try:
                self.look()
            except Exception as failure:  # noqa: BLE001  # the last good one decides on, and says why
                self.current = attrs.evolve(self.current, kept=f"looking at the file failed ({type(failure).__name__})")

    def _worth_trying(self, found: Identity | None) -> bool:
        """Whether the file is another than the one tried last, or leave was given since to go back to it."""
        if found != self._seen:
            return True
        missed = self._missed
        return missed is not None and isinstance(missed.refused, RolledBack) and self._recalled() != missed.remembered

    def _recalled(self) -> Remembered | None:
        try:
            return self.settings.memory.recall(self.current.package)
        except UnusableMemory:
            return None

    def _activate(self, data: bytes) -> Active:
        bundle: Bundle | None = None
        try:
            bundle = open_bundle(data, self.settings.trust, self.settings.clock(), self.settings.cache)
            if bundle.identity == self.current.identity:
                self.current = attrs.evolve(self.current, kept=None)
                return self.current
            active = _put(self.settings, bundle, data, self.current)
        except (BundleError, AuditError) as refused:
            _record_rejection(self.settings, bundle, self.current.package, refused)
            raise
        self.current = active
        return active


@attrs.frozen
class _Missed:
    """Why the file was refused last, and what was remembered then."""

    refused: Exception
    remembered: Remembered | None


def start(settings: Settings, file: Path) -> Activator:
    """An activator with the bundle in the file, or else with the copy of the last good one. Raises `BundleError` if there is neither."""
    seen: Identity | None = None
    bundle: Bundle | None = None
    try:
        read = read_at_rest(file)
        if read is None:
            raise BundleUnavailable(_WRITTEN_NOW)
        seen, data = read
        bundle = open_bundle(data, settings.trust, cache=settings.cache)
        return Activator(settings, file, _put(settings, bundle, data, None), seen, None)
    except (BundleError, AuditError) as refused:
        kept = _last_good(settings, refused)
        if isinstance(refused, BundleUnavailable):
            seen = identity_of(file)
        _record_rejection(settings, bundle, kept.package, refused)
        missed = _Missed(refused, settings.memory.recall(kept.package))
        return Activator(settings, file, attrs.evolve(kept, kept=_mark(file, refused)), seen, missed)


def _last_good(settings: Settings, refused: BundleError | AuditError) -> Active:
    """The copy, verified as any file is. Raises what the file was refused for, and says what is wrong with the copy."""
    try:
        data = read_small(settings.copy, MAX_ENVELOPE)
        if data is not None:
            return _put(settings, open_bundle(data, settings.trust, cache=settings.cache), None, None)
    except (BundleError, AuditError) as broken:
        refused.add_note(f"the copy of the last good one, `{settings.copy}`, can't be used either: {broken}")
    raise refused


def _put(settings: Settings, bundle: Bundle, data: bytes | None, before: Active | None) -> Active:
    """Everything but the last step: what decides next, once its copy (if `data` is given), version and record are on the disk."""
    contents = bundle.contents
    expected = _expected(settings, before)
    if expected and contents.package not in expected:
        names = " or ".join(sorted(expected))
        raise OtherPackage(
            f"it is the policy of {contents.package}, and {names} decides here; put the right file there"
        )
    new = Remembered(contents.package, contents.version, bundle.identity, tuple(key.short for key in bundle.signed_by))
    leave = admit(counted(settings.memory.recall(new.package), settings.trust), new.version, new.identity)
    at_once = before is None and len(bundle.policy.rules) > _MANY
    active = activated(bundle, prepare=settings.prepare and not at_once)
    if data is not None:
        write_whole(settings.copy, data)

    def change(remembered: Remembered | None) -> Remembered:
        counts = counted(remembered, settings.trust)
        admit(counts, new.version, new.identity)
        return risen(counts, new)

    settings.memory.change(new.package, change, [_activation(settings, active, before, leave)])
    return active


def _expected(settings: Settings, before: Active | None) -> frozenset[str]:
    """The packages that may decide here; empty where any may, since none ever did."""
    if settings.package is not None:
        return frozenset((settings.package,))
    return settings.memory.packages() if before is None else frozenset((before.package,))


def _activation(settings: Settings, active: Active, before: Active | None, leave: Return | None) -> Event:
    signed = ", ".join(active.signed_by) or "nobody (signatures are not asked for)"
    where = f" at {settings.place}" if settings.place else ""
    back = "" if leave is None else f"; back to version {leave.version} by leave of {leave.by}: {leave.because}"
    members: Mapping[str, object] = {
        "bundle": active.digest,
        "package": active.package,
        "version": active.version,
        "by": _word(f"signed by {signed}{where}{back}"),
        "from": None if before is None else before.digest,
        "expires": active.expires_text,
    }
    return "policy.activated", members


def _record_rejection(settings: Settings, bundle: Bundle | None, package: str, refused: Exception) -> None:
    """What is said of the bundle is what was signed, so nothing is where no signature held."""
    members: Mapping[str, object] = {
        "bundle": None if bundle is None else bundle.contents.bundle,
        "package": None if bundle is None else bundle.contents.package,
        "version": None if bundle is None else bundle.contents.version,
        "by": ", ".join(key.short for key in bundle.signed_by) or None if bundle is not None else None,
        "because": _word(f"{_kind(refused)}: {refused}"),
    }
    try:
        settings.memory.change(package, lambda remembered: remembered, [("policy.rejected", members)])
    except (BundleError, AuditError) as failure:
        refused.add_note(f"and that can't be recorded: {failure}")


def _mark(file: Path, refused: Exception) -> str:
    return _word(f"{file.name} was refused: {_kind(refused)}")


def _kind(refused: Exception) -> str:
    return refused.word if isinstance(refused, BundleError) else "it can't be verified here"


def _word(text: str) -> str:
    """As much of a text as stands in a record as itself."""
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return (
        printable
        if len(printable.encode()) <= _LONGEST
        else printable.encode()[: _LONGEST - 3].decode(errors="ignore") + "…"
    )
