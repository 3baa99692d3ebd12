"""Logs whose key changes: what those find who have the first key, the newest, or all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tenetlang.audit import (
    Checkpoint,
    InvalidRecord,
    Log,
    LogDamaged,
    UnusableKey,
    export_tiles,
    newest_checkpoint,
    time_text,
    verify_log,
)
from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.checkpoints.checkpoint import unchecked_checkpoint
from tenetlang.audit.checkpoints.epochs import Rotation, epochs_of, rotation_of
from tenetlang.audit.checkpoints.note import SigningKey, signing_key
from tenetlang.audit.checkpoints.rotation import MOST_ROTATIONS, stored_rotations
from tenetlang.audit.checkpoints.signatures import sign_checkpoint
from tenetlang.audit.merkle import Frontier, leaf_hash
from tenetlang.audit.records.events import event_record
from tests.unit.audit.samples import START, identifier, open_sample, rows, sample, tamper

ONE, TWO, THREE, THIEF = (signing_key("example.com/log", bytes([number]) * 32) for number in (1, 2, 3, 9))


def signed(log: Log, key: SigningKey, first: int, count: int = 2) -> None:
    log.append_all([sample(number) for number in range(first, first + count)])
    log.sign(key)


@pytest.fixture
def log(log_name: str) -> str:
    """Records 0 to 2 by the first key, 3 is the change, 4 and 5 by the second, 6 is the change, 7 and 8 by the third."""
    with open_sample(log_name) as log:
        signed(log, ONE, 1)
        log.rotate(ONE, TWO)
        signed(log, TWO, 3)
        log.rotate(TWO, THREE)
        signed(log, THREE, 5)
    return log_name


def found(path: Path | str, *keys: SigningKey, kept: Sequence[bytes] = ()) -> list[tuple[int | None, str]]:
    verification = verify_log(path, keys=[key.verifier for key in keys], checkpoints=kept)
    return [(problem.index, problem.what) for problem in verification.problems]


@pytest.mark.parametrize("keys", [(ONE,), (TWO,), (THREE,), (ONE, TWO), (ONE, THREE), (ONE, TWO, THREE), (THREE, ONE)])
def test_any_key_of_a_log_leads_to_all_of_them(log: str, keys: tuple[SigningKey, ...]) -> None:
    verification = verify_log(log, keys=[key.verifier for key in keys])
    assert (verification.problems, verification.size, verification.signed) == ((), 9, 9)
    assert verification.keys == (str(THREE.verifier),)


def test_a_log_that_changed_its_key_verifies_without_any(log: str) -> None:
    assert verify_log(log).ok


def test_keys_of_nobody_lead_nowhere(log: str) -> None:
    assert found(log, THIEF) == [(None, "signature"), (3, "rotation"), (6, "rotation")]


def test_the_record_says_who_comes_after_whom(log: str) -> None:
    rotations = [rotation for _, rotation in stored_rotations(log)]
    assert rotations == [Rotation(3, ONE.verifier, TWO.verifier, 2), Rotation(6, TWO.verifier, THREE.verifier, 3)]


def test_changing_it_again_changes_nothing(log: str) -> None:
    with open_sample(log) as again:
        assert again.rotate(TWO, THREE) is None
        again.append(*sample(50))
        again.sign(THREE)
    assert found(log, ONE) == []


def test_who_still_signs_with_an_old_key_is_refused(log: str) -> None:
    with open_sample(log) as again:
        again.append(*sample(50))
    for action in (Log.sign, Log.check_signed):
        with open_sample(log) as again, pytest.raises(LogDamaged, match="has another key"):
            action(again, ONE)
    with open_sample(log) as again, pytest.raises(UnusableKey, match="is not by"):
        again.rotate(ONE, THIEF)


def test_a_program_that_has_the_log_open_is_refused_as_well(log: str) -> None:
    with open_sample(log) as running:
        running.append(*sample(50))
        running.sign(THREE)
        with open_sample(log) as other:
            other.rotate(THREE, THIEF)
        running.append(*sample(51))
        with pytest.raises(LogDamaged, match="has another key"):
            running.sign(THREE)


def test_a_checkpoint_by_an_old_key_is_found(log: str) -> None:
    root = bytes.fromhex(verify_log(log).root)
    add(log, sign_checkpoint(Checkpoint("example.com/log", 9, root), TWO, START // 10**9))
    assert found(log, ONE) == found(log, THREE) == [(None, "rotation")]
    (problem,) = verify_log(log, keys=[ONE.verifier]).problems
    assert "replaced at record 6" in problem.detail


def test_a_checkpoint_by_a_key_before_its_time_is_found(log: str) -> None:
    early = sign_checkpoint(unchecked_checkpoint(stored(log)[0]), TWO, START // 10**9)
    tamper(log, [("UPDATE checkpoints SET note = ? WHERE number = 1", (early,))])
    assert found(log, ONE) == [(None, "rotation")]
    assert "afterwards" in verify_log(log, keys=[ONE.verifier]).problems[0].detail


@pytest.mark.parametrize("number", [2, 5])
def test_a_change_that_the_old_key_did_not_sign_is_found(log: str, number: int) -> None:
    tamper(log, [("DELETE FROM checkpoints WHERE number = ?", (number,))])
    assert found(log, ONE) == [(3 if number == 2 else 6, "rotation")]
    assert found(log, THREE) == [], "who knows the new key need not be led to it"


def test_what_a_key_that_was_given_never_signed_is_missed(log: str, tmp_path: Path) -> None:
    with open_sample(tmp_path / "forged.db") as forged:  # by a thief of the first key, before it ever changed
        signed(forged, ONE, 70, 8)
    assert found(tmp_path / "forged.db", ONE) == []
    assert found(tmp_path / "forged.db", ONE, TWO) == [(None, "unsigned")]
    assert found(tmp_path / "forged.db", TWO) == [(None, "signature")]
    tamper(log, [("DELETE FROM checkpoints WHERE number > 2", ())])
    assert found(log, ONE) == [(6, "rotation"), (None, "unsigned")]


def test_a_checkpoint_that_was_kept_counts_in_the_time_of_its_key(log: str) -> None:
    for note in stored(log):
        assert found(log, ONE, kept=[note]) == []
    root = bytes.fromhex(verify_log(log).root)
    stolen = sign_checkpoint(Checkpoint("example.com/log", 9, root), ONE, 0)
    assert found(log, ONE, kept=[stolen]) == [(None, "rotation")]


def test_nobody_signs_a_change_that_they_did_not_make(log: str) -> None:
    forge(log, {"old": str(THREE.verifier), "new": str(THIEF.verifier), "epoch": 4, "size": 9})
    with open_sample(log) as opened, pytest.raises(LogDamaged, match="nobody who has the key wrote it"):
        opened.sign(THREE)
    with open_sample(log) as opened, pytest.raises(LogDamaged, match="nobody who has the key wrote it"):
        opened.rotate(THREE, TWO)
    add(log, sign_checkpoint(Checkpoint("example.com/log", 10, bytes.fromhex(verify_log(log).root)), THIEF, 0))
    assert found(log, ONE) == [(9, "rotation")]


@pytest.mark.parametrize(
    "members",
    [
        {"new": "nothing"},
        {"old": str(THIEF.verifier)},
        {"old": str(ONE.verifier)},
        {"epoch": 3},
        {"size": 8},
        {"new": str(THREE.verifier)},
        {"new": str(signing_key("example.com/other", b"\x09" * 32).verifier)},
        {"size": "9"},
    ],
)
def test_a_record_that_is_no_change_is_found(log: str, members: dict[str, object]) -> None:
    forge(log, {"old": str(THREE.verifier), "new": str(THIEF.verifier), "epoch": 4, "size": 9} | members)
    assert (9, "rotation") in found(log, ONE)


def test_a_change_is_not_appended_like_other_records(log: str) -> None:
    members = {"old": str(THREE.verifier), "new": str(THIEF.verifier), "epoch": 4, "size": 9}
    with open_sample(log) as opened, pytest.raises(InvalidRecord, match="rotate"):
        opened.append(*event_record("key.rotated", members, time_text(START), identifier(9), lambda: b"\x01" * 16))


@pytest.mark.parametrize(
    ("new", "said"), [(THREE, "the old one"), (signing_key("example.com/more", b"\x07" * 32), "keeps its name")]
)
def test_a_key_that_can_not_follow_is_refused_and_the_log_goes_on(log: str, new: SigningKey, said: str) -> None:
    with open_sample(log) as opened:
        if new is not THREE:
            with pytest.raises(UnusableKey, match=said):
                opened.rotate(THREE, new)
        else:
            assert opened.rotate(THREE, new) is None
        signed(opened, THREE, 60)
    assert found(log, ONE) == []


def test_a_log_that_was_never_signed_has_no_key_to_change(tmp_path: Path) -> None:
    with open_sample(tmp_path / "log.db") as log:
        log.append(*sample(1))
        with pytest.raises(UnusableKey, match="is not by"):
            log.rotate(ONE, TWO)
        signed(log, ONE, 2)
        log.rotate(ONE, TWO)
    assert found(tmp_path / "log.db", ONE) == found(tmp_path / "log.db", TWO) == []


@pytest.mark.parametrize("failing", ["sign_checkpoint", "add_note", "insert_rows"])
def test_a_change_that_fails_half_way_has_not_happened(log: str, failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stored(log)
    count = 0

    def fail_the_second_time(*given: object, **named: object) -> object:
        nonlocal count
        count += 1
        if count == (1 if failing == "insert_rows" else 2):
            raise OSError("the disk is gone")
        done: object = real(*given, **named)
        return done

    import tenetlang.audit.log as module

    real = getattr(module, failing)
    with open_sample(log) as opened, monkeypatch.context() as patched:
        patched.setattr(module, failing, fail_the_second_time)
        with pytest.raises(Exception, match="the disk is gone"):
            opened.rotate(THREE, THIEF)
    assert (len(rows(log)), stored(log)) == (9, before)
    with open_sample(log) as opened:
        assert opened.rotate(THREE, THIEF) is not None
    assert found(log, ONE) == []


def test_tiles_are_verified_with_the_newest_key(log: str, tmp_path: Path) -> None:
    export_tiles(log, tmp_path / "tiles")
    assert found(tmp_path / "tiles", THREE) == found(tmp_path / "tiles", ONE, TWO, THREE) == []
    assert found(tmp_path / "tiles", ONE) == [(3, "rotation"), (6, "rotation")]


def test_many_changes_are_bounded() -> None:
    keys = [signing_key("a", number.to_bytes(32)).verifier for number in range(1, 40)]
    rotations = [(n, Rotation(n, keys[n], keys[n + 1], n + 2)) for n in range(len(keys) - 1)]
    epochs = epochs_of([keys[0]], rotations)
    assert (len(epochs.keys), len(epochs.to_cover), epochs.mistakes) == (39, 38, ())
    assert epochs_of([keys[-1]], rotations).to_cover == ()


def test_a_record_of_another_kind_that_quotes_a_change_is_none() -> None:
    quoted = profile_bytes({"kind": "intent", "more": {"kind": "key.rotated", "old": "", "new": ""}})
    assert rotation_of(3, quoted) is None
    assert rotation_of(3, b'{"kind":"key.rotated"') is None
    assert isinstance(rotation_of(3, profile_bytes({"kind": "key.rotated"})), str)


def stored(path: str) -> list[bytes]:
    from tenetlang.audit.checkpoints.signing import stored_notes

    return [note for note in stored_notes(path) if note is not None]


def add(path: str, note: bytes) -> None:
    number = len(stored(path)) + 1
    tamper(path, [("INSERT INTO checkpoints (number, note) VALUES (?, ?)", (number, note))])


def forge(path: str, members: dict[str, object]) -> None:
    """What somebody appends who can write to the file and does not have the key."""
    kept = rows(path)
    envelope = {"v": 1, "kind": "key.rotated", "at": time_text(START), "id": identifier(77), "payload": None, **members}
    record = profile_bytes({**envelope, "index": len(kept), "previous": kept[-1][2].hex()})
    tamper(path, [("INSERT INTO records VALUES (?, ?, ?)", (len(kept), record, leaf_hash(record)))])


def test_the_newest_checkpoint_of_a_changed_log_is_of_all_its_records(log: str) -> None:
    frontier = Frontier()
    for _, _, leaf in rows(log):
        frontier.append(leaf)
    assert unchecked_checkpoint(newest_checkpoint(log)) == Checkpoint("example.com/log", 9, frontier.root())


def test_a_change_is_not_hidden_behind_records_that_look_like_one(log: str) -> None:
    kept = rows(log)
    statements: list[tuple[str, tuple[int | bytes, ...]]] = []
    previous = kept[-1][2]
    for index in range(9, 9 + 4 * MOST_ROTATIONS + 5):
        last = index == 9 + 4 * MOST_ROTATIONS + 4
        members: dict[str, object] = {"old": str(THREE.verifier), "new": str(THIEF.verifier), "epoch": 4, "size": index}
        said: dict[str, object] = members | {"kind": "key.rotated"} if last else {"more": {"kind": "key.rotated"}}
        record = profile_bytes({"kind": "other", "index": index, "previous": previous.hex(), **said})
        previous = leaf_hash(record)
        statements.append(("INSERT INTO records VALUES (?, ?, ?)", (index, record, previous)))
    tamper(log, statements)
    with open_sample(log) as opened, pytest.raises(LogDamaged, match="nobody who has the key wrote it"):
        opened.sign(THREE)


def test_more_changes_than_are_followed_are_said(log: str) -> None:
    for _ in range(3):
        forge(log, {"size": len(rows(log))})
    found = stored_rotations(log)
    assert [index for index, _ in found] == [3, 6, 9, 10, 11]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tenetlang.audit.checkpoints.rotation.MOST_ROTATIONS", 3)
        assert stored_rotations(log)[3:] == ((10, "more than 3 changes are not followed"),)


def test_what_is_no_log_has_no_changes(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("{}", encoding="utf-8")
    for name in ("text", "missing", "."):
        assert stored_rotations(tmp_path / name) == ()
