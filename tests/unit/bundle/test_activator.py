"""One bundle in the place of another while decisions go on; and whatever fails, the last good one decides on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import attrs
import msgspec
import pytest

from tenetlang.audit import open_log, show_last, verify_log
from tenetlang.audit.writer import Writer
from tenetlang.bundle.activator import Activator, Settings, start
from tenetlang.bundle.errors import (
    BrokenBundle,
    BundleError,
    BundleExpired,
    BundleUnavailable,
    NotABundle,
    NotTrusted,
    OtherPackage,
    RolledBack,
    TestsFailed,
    UnusableMemory,
)
from tenetlang.bundle.memory import LogMemory, Remembered, Return, go_back
from tenetlang.bundle.opening import open_bundle
from tenetlang.bundle.trust import Trust
from tests.unit.bundle.bundles import (
    BOTH,
    DAY,
    KEY,
    MADE,
    OTHER,
    STRANGER,
    TRUST,
    Clock,
    Tell,
    Told,
    bundle,
    call,
    contents,
    failing,
    forced,
    settings,
)


@attrs.define
class Gate:
    """A file, a gate that looks at it, and what the gate said."""

    folder: Path
    told: Told = attrs.field(factory=Told)
    clock: Clock = attrs.field(factory=Clock)

    @property
    def file(self) -> Path:
        """Where bundles are put."""
        return self.folder / "policy.bundle"

    def put(self, data: bytes) -> None:
        """Puts a file in the place of another, as those who ship bundles should."""
        unfinished = self.folder / "unfinished"
        unfinished.write_bytes(data)
        unfinished.replace(self.file)

    def start(
        self,
        data: bytes | None = None,
        *,
        trust: Trust | None = TRUST,
        package: str | None = None,
        place: str = "",
        told: Tell | None = None,
    ) -> Activator:
        """Starts anew, with this file if one is given."""
        if data is not None:
            self.put(data)
        held = settings(self.folder, told or self.told, self.clock, trust)
        return start(attrs.evolve(held, package=package, place=place), self.file)

    @property
    def last(self) -> Mapping[str, object]:
        """What was recorded last."""
        return self.told.events[-1][1]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def test_the_first_bundle_comes_into_force_and_that_is_recorded(gate: Gate) -> None:
    activator = gate.start(bundle(1, expires=30))
    assert activator.current.version == 1
    assert gate.told.events == [
        (
            "policy.activated",
            {
                "bundle": contents().bundle,
                "package": "shop",
                "version": 1,
                "by": f"signed by {KEY.verifier.short}",
                "from": None,
                "expires": "2026-12-22T20:00:00Z",
            },
        )
    ]


def test_a_newer_one_takes_its_place_as_soon_as_it_is_seen(gate: Gate) -> None:
    activator = gate.start(bundle(1))
    gate.put(bundle(2, "60.00"))
    before = activator.current
    assert activator.look()
    assert activator.current.evaluator.decide_json(call("60")).verdict == "allow"
    assert before.evaluator.decide_json(call("60")).verdict == "deny"
    assert gate.told.kinds == ["policy.activated"] * 2
    assert gate.last["from"] == before.digest


def test_a_file_that_did_not_change_is_not_read_again(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    activator = gate.start(bundle(1))

    def touched(_: Path) -> None:
        raise AssertionError("the file was read")

    monkeypatch.setattr("tenetlang.bundle.activator.read_at_rest", touched)
    assert not activator.look()


def test_the_same_bundle_under_a_new_date_changes_nothing(gate: Gate) -> None:
    activator = gate.start(bundle(1))
    gate.put(bundle(1, keys=(KEY, OTHER)))
    assert not activator.look()
    assert gate.told.kinds == ["policy.activated"]


REFUSED: dict[str, tuple[bytes, type[BundleError], str]] = {
    "rubbish": (b"rubbish", NotABundle, "no bundle"),
    "empty": (b"", NotABundle, "no bundle"),
    "a half": (bundle(2)[:5000], NotABundle, "no bundle"),
    "a stranger's": (bundle(2, keys=(STRANGER,)), NotTrusted, "not signed by those trusted"),
    "nobody's": (bundle(2, keys=()), NotTrusted, "not signed by those trusted"),
    "older": (bundle(1), RolledBack, "older than what was in force"),
    "of the same version": (bundle(5, "60.00"), RolledBack, "older than what was in force"),
    "of another package": (bundle(6, name="bank"), OtherPackage, "of another package"),
    "with failing tests": (failing(6), TestsFailed, "its tests fail"),
    "past its end": (bundle(6, hard_expires=1), BundleExpired, "expired"),
    "signed nonsense": (forced(b"{}"), BrokenBundle, "broken"),
    "without documents": (forced(msgspec.structs.replace(contents(6), documents=())), BrokenBundle, "broken"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_leaves_the_last_good_one_in_force_marked_and_recorded(gate: Gate, name: str) -> None:
    data, kind, word = REFUSED[name]
    activator = gate.start(bundle(5))
    good = activator.current
    gate.put(data)
    assert not activator.look()
    assert not activator.look()
    assert activator.current.evaluator is good.evaluator
    assert activator.current.stale(MADE) == f"policy.bundle was refused: {word}"
    assert gate.told.kinds == ["policy.activated", "policy.rejected"], "once, however often it is looked at"
    assert str(gate.last["because"]).startswith(f"{word}: ")
    signed = kind not in {NotABundle, NotTrusted} and name not in {"signed nonsense", "past its end"}
    assert (gate.last["version"] is not None) is signed, "nothing is repeated of what nobody signed"
    with pytest.raises(kind):
        activator.activate(data)
    gate.put(bundle(7))
    assert activator.look()
    assert activator.current.stale(MADE) is None


@pytest.mark.parametrize("name", REFUSED)
def test_a_restart_with_a_file_that_is_refused_decides_by_the_copy(gate: Gate, name: str) -> None:
    gate.start(bundle(5))
    data, kind, word = REFUSED[name]
    activator = gate.start(data)
    if kind is BundleExpired:
        assert activator.current.version == 6, "at a start it is put in its place, and denies"
        assert activator.current.refusal(gate.clock()) is not None
        return
    assert activator.current.version == 5
    assert activator.current.stale(MADE) == f"policy.bundle was refused: {word}"
    assert gate.told.kinds == ["policy.activated", "policy.activated", "policy.rejected"]


def test_a_restart_without_the_file_decides_by_the_copy_until_it_is_there(gate: Gate) -> None:
    gate.start(bundle(5))
    gate.file.unlink()
    activator = gate.start()
    assert activator.current.stale(MADE) == "policy.bundle was refused: not readable"
    assert not activator.look()
    gate.put(bundle(5))
    assert not activator.look()
    assert activator.current.stale(MADE) is None


def test_the_copy_is_believed_no_more_than_the_file(gate: Gate) -> None:
    gate.start(bundle(5))
    (gate.folder / "state" / "good.bundle").write_bytes(bundle(6, keys=(STRANGER,)))
    with pytest.raises(NotABundle) as raised:
        gate.start(b"rubbish")
    assert "the copy of the last good one" in raised.value.__notes__[0]
    assert "evil/policies" in raised.value.__notes__[0]


def test_an_old_copy_does_not_roll_back_either(gate: Gate) -> None:
    gate.start(bundle(5))
    (gate.folder / "state" / "good.bundle").write_bytes(bundle(4))
    with pytest.raises(NotABundle) as raised:
        gate.start(b"rubbish")
    assert "version 5 was in force" in raised.value.__notes__[0]


def test_without_a_file_and_without_a_copy_nothing_decides(gate: Gate) -> None:
    with pytest.raises(BundleUnavailable, match="can't be read: No such file"):
        gate.start()
    with pytest.raises(NotTrusted):
        gate.start(bundle(1, keys=(STRANGER,)))
    assert gate.told.kinds == []


def test_a_revoked_key_is_revoked_for_the_copy_too(gate: Gate) -> None:
    gate.start(bundle(5))
    with pytest.raises(NotTrusted):
        gate.start(trust=attrs.evolve(TRUST, keys=(OTHER.verifier,)))


def test_after_a_stolen_key_signed_the_highest_version_its_revocation_lets_honest_ones_in(gate: Gate) -> None:
    both = attrs.evolve(BOTH, threshold=1)
    gate.start(forced(contents(2**53 - 1, "9000.00"), OTHER), trust=both)
    with pytest.raises(RolledBack):
        gate.start(bundle(6), trust=both).activate(bundle(6))
    assert gate.start(bundle(6), trust=TRUST).current.version == 6
    with pytest.raises(RolledBack):
        gate.start(trust=TRUST).activate(bundle(5))


def test_an_operator_may_go_back_to_one_older_bundle_and_not_forth_again(gate: Gate) -> None:
    activator = gate.start(bundle(4, "40.00"))
    gate.put(bundle(5))
    assert activator.look()
    gate.put(bundle(4, "40.00"))
    assert not activator.look()
    leave = Return(4, open_bundle(bundle(4, "40.00"), TRUST).identity, "ada", "5 refunds too much")
    go_back(activator.settings.memory, "shop", leave)
    assert activator.look(), "leave is seen without another change of the file"
    assert activator.current.version == 4
    assert activator.current.stale(MADE) is None
    assert str(gate.last["by"]).endswith("; back to version 4 by leave of ada: 5 refunds too much")
    gate.put(bundle(5, "60.00"))
    assert not activator.look()
    gate.put(bundle(3))
    assert not activator.look()
    gate.put(bundle(6))
    assert activator.look()
    with pytest.raises(RolledBack):
        activator.activate(bundle(4, "40.00"))


def test_the_first_package_ever_is_the_one_that_decides_after_restarts_too(gate: Gate) -> None:
    gate.start(bundle(1))
    with pytest.raises(OtherPackage, match="it is the policy of bank, and shop decides here"):
        gate.start(bundle(2, name="bank")).activate(bundle(2, name="bank"))


def test_another_package_than_the_one_said_does_not_decide(gate: Gate) -> None:
    with pytest.raises(OtherPackage, match="and bank decides here"):
        gate.start(bundle(1), package="bank")
    assert gate.start(bundle(1, name="bank"), package="bank").current.package == "bank"


def test_one_that_ended_while_nothing_ran_denies_until_a_newer_one_comes(gate: Gate) -> None:
    gate.start(bundle(5, expires=10, hard_expires=20))
    gate.clock.now = MADE + 20 * DAY
    activator = gate.start()
    assert activator.current.refusal(gate.clock()) is not None
    gate.put(bundle(6, hard_expires=30))
    assert activator.look()
    assert activator.current.refusal(gate.clock()) is None


def test_without_trust_nobody_signed_and_the_record_says_so(gate: Gate) -> None:
    activator = gate.start(bundle(1, keys=()), trust=None, place="till 7")
    assert activator.current.signed_by == ()
    assert gate.last["by"] == "signed by nobody (signatures are not asked for) at till 7"


def test_a_file_that_is_being_written_is_looked_at_later(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    activator = gate.start(bundle(1))
    gate.put(bundle(2))
    monkeypatch.setattr("tenetlang.bundle.activator.read_at_rest", lambda _: None)
    assert not activator.look()
    assert activator.current.stale(MADE) is None
    with pytest.raises(BundleUnavailable, match="being written"):
        start(settings(gate.folder / "other"), gate.file)
    monkeypatch.undo()
    assert activator.look()


def test_a_disk_that_is_full_keeps_the_last_good_one(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    activator = gate.start(bundle(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tenetlang.bundle.files.os.fsync", full)
    with pytest.raises(UnusableMemory, match="No space left on device; nothing was put into force"):
        activator.activate(bundle(2))
    assert activator.current.version == 1
    assert [path.name for path in (gate.folder / "state").iterdir() if path.name.endswith(".new")] == []
    monkeypatch.undo()
    assert activator.activate(bundle(2)).version == 2


def test_a_record_that_can_not_be_written_keeps_the_last_good_one(gate: Gate) -> None:
    full = False

    def tell(kind: str, members: Mapping[str, object]) -> None:
        if full:
            raise UnusableMemory("the log is full")

    activator = gate.start(bundle(1), told=tell)
    full = True
    with pytest.raises(UnusableMemory, match="the log is full") as raised:
        activator.activate(bundle(2))
    assert raised.value.__notes__ == ["and that can't be recorded: the log is full"]
    assert activator.current.version == 1


def test_words_of_others_are_cut_and_made_visible_in_records(gate: Gate) -> None:
    activator = gate.start(bundle(4))
    activator.activate(bundle(5))
    identity = open_bundle(bundle(4), TRUST).identity
    go_back(activator.settings.memory, "shop", Return(4, identity, "ada\n", "é" * 500))
    activator.activate(bundle(4))
    by = str(gate.last["by"])
    assert "ada?: éé" in by
    assert by.endswith("é…")
    assert len(by.encode()) in {255, 256}


def test_a_large_policy_decides_at_once_and_makes_its_code_when_asked(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[int] = []
    monkeypatch.setattr("tenetlang.evaluator.evaluator.Evaluator.prepare", lambda evaluator: prepared.append(1))
    monkeypatch.setattr("tenetlang.bundle.activator._MANY", 1)
    gate.put(bundle(1))
    activator = start(attrs.evolve(settings(gate.folder, gate.told), prepare=True), gate.file)
    assert prepared == []
    activator.activate(bundle(2))
    assert prepared == [1], "while another decides, there is time"


def test_the_log_and_its_memory_tell_one_story(tmp_path: Path) -> None:
    file = tmp_path / "policy.bundle"
    with Writer(open_log(tmp_path / "log.db")) as writer:
        held = Settings(TRUST, LogMemory(writer.do), tmp_path / "good.bundle", clock=Clock())
        file.write_bytes(bundle(1))
        with start(held, file) as activator:
            assert activator.activate(bundle(2)).version == 2
            with pytest.raises(RolledBack):
                activator.activate(bundle(1))
        assert held.memory.recall("shop") == Remembered(
            "shop", 2, open_bundle(bundle(2), TRUST).identity, (KEY.verifier.short,)
        )
    assert not verify_log(tmp_path / "log.db").problems
    assert [kind_of(shown) for shown in show_last(tmp_path / "log.db", 9)] == [
        "log.opened",
        "policy.activated",
        "policy.activated",
        "policy.rejected",
        "log.closed",
    ]


def kind_of(shown: Mapping[str, object]) -> object:
    record = shown["record"]
    assert isinstance(record, dict)
    return record["kind"]


# ------------------------------------------------------------------------------------------------------------- threads


def test_a_watch_finds_a_new_file_by_itself(gate: Gate) -> None:
    with gate.start(bundle(1)) as activator:
        activator.watch(0.01)
        activator.watch(0.01)
        gate.put(bundle(2))
        deadline = time.monotonic() + 60
        while activator.current.version != 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert activator.current.version == 2
    assert not any(thread.name == "tenet-bundle" for thread in threading.enumerate())


def test_a_watch_outlives_what_nobody_thought_of(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise RuntimeError("nobody thought of this")

    with gate.start(bundle(1)) as activator:
        with monkeypatch.context() as patched:
            patched.setattr("tenetlang.bundle.activator.identity_of", fail)
            activator.watch(0.01)
            deadline = time.monotonic() + 60
            while activator.current.kept is None and time.monotonic() < deadline:
                time.sleep(0.01)
        assert activator.current.stale(MADE) == "looking at the file failed (RuntimeError)"
        gate.put(bundle(2))
        while activator.current.version != 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert activator.current.version == 2


def test_all_that_decide_meanwhile_have_the_old_one_or_the_new_one_whole(gate: Gate) -> None:
    """The limit of version n is n; so a decision names the version that made it, and must fit what it says to be."""
    versions = range(1, 9)
    bundles = {version: bundle(version, f"{version}.00") for version in versions}
    digests = {contents(version, f"{version}.00").bundle: version for version in versions}
    activator = gate.start(bundles[1])
    wrong: list[str] = []
    decided = [0] * 4
    ended = threading.Event()

    def decide(number: int) -> None:
        newest = 0
        while not ended.is_set():
            active = activator.current
            for amount in versions:
                decision = active.evaluator.decide_json(call(str(amount)))
                verdict = "allow" if amount <= (active.version or 0) else "deny"
                if decision.verdict != verdict or digests[decision.bundle] != active.version:
                    wrong.append(f"{decision.verdict} of {amount} by version {active.version}")
            if (active.version or 0) < newest:
                wrong.append(f"version {active.version} after {newest}")
            newest = active.version or 0
            decided[number] += 1

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(len(decided))]
    for thread in threads:
        thread.start()
    for version in versions:
        gate.put(bundles[version])
        activator.look()
        gate.put(b"rubbish")
        activator.look()
        before = list(decided)
        while any(now <= then for now, then in zip(decided, before, strict=True)):
            time.sleep(0.001)
    ended.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert activator.current.version == 8


def test_two_that_activate_at_once_leave_the_newer_one(gate: Gate) -> None:
    activator = gate.start(bundle(1))
    begun = threading.Barrier(4)
    raised: list[BundleError] = []

    def activate(version: int) -> None:
        begun.wait()
        try:
            activator.activate(bundle(version))
        except RolledBack as late:
            raised.append(late)

    threads = [threading.Thread(target=activate, args=(version,)) for version in (2, 3, 4, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert activator.current.version == 5
    assert activator.settings.memory.recall("shop") == Remembered(
        "shop", 5, open_bundle(bundle(5), TRUST).identity, (KEY.verifier.short,)
    )


def test_a_link_to_another_file_is_seen_as_a_change(gate: Gate) -> None:
    """As Kubernetes changes the files of a ConfigMap."""
    for version in (1, 2):
        (gate.folder / str(version)).mkdir()
        (gate.folder / str(version) / "policy.bundle").write_bytes(bundle(version))
    (gate.folder / "data").symlink_to("1")
    activator = start(settings(gate.folder, gate.told), gate.folder / "data" / "policy.bundle")
    (gate.folder / "next").symlink_to("2")
    (gate.folder / "next").replace(gate.folder / "data")
    assert activator.look()
    assert activator.current.version == 2


def test_a_folder_in_the_place_of_a_file_is_refused(gate: Gate) -> None:
    activator = gate.start(bundle(1))
    gate.file.unlink()
    gate.file.mkdir()
    assert not activator.look()
    assert activator.current.stale(MADE) == "policy.bundle was refused: not readable"
    assert os.fspath(gate.file)
