"""What a log's key signs below a checkpoint: when, and for quantum computers as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenetlang.audit import (
    Checkpoint,
    InvalidNote,
    UnusableKey,
    checkpoint_of,
    create_key,
    load_signing_key,
    verify_log,
)
from tenetlang.audit.checkpoints.key_files import create_witness_key, destroy_key, load_cosigner_key, load_witness_key
from tenetlang.audit.checkpoints.note import (
    MAX_NOTE,
    Signature,
    read_signing_key,
    read_verifier_key,
    signing_key,
    split_note,
)
from tenetlang.audit.checkpoints.signatures import own_lines, sign_checkpoint, signed_checkpoint, with_lines
from tenetlang.audit.checkpoints.signed import Demands
from tenetlang.audit.checkpoints.signing import newest_checkpoint
from tests.unit.audit.samples import START, open_sample, sample, tamper

AT = START // 10**9
KEY = signing_key("example.com/log", b"\x01" * 32)
BOTH = signing_key("example.com/log", b"\x01" * 32, b"\x02" * 32)
CHECKPOINT = Checkpoint("example.com/log", 3, b"\x07" * 32)


def without(note: bytes, place: int) -> bytes:
    text, lines = split_note(note)
    return (text + "\n" + "".join(line.line() for number, line in enumerate(lines) if number != place)).encode()


def test_a_checkpoint_says_when_it_was_signed() -> None:
    note = sign_checkpoint(CHECKPOINT, KEY, AT)
    signed = signed_checkpoint(note, [KEY.verifier])
    assert (signed.checkpoint, signed.keys, signed.at) == (CHECKPOINT, (KEY.verifier,), AT)
    assert signed_checkpoint(without(note, 1), [KEY.verifier]).at is None
    with pytest.raises(InvalidNote, match="no signature is by the key"):
        checkpoint_of(without(note, 0), [KEY.verifier])


def test_a_wrong_time_spoils_the_note() -> None:
    note = sign_checkpoint(CHECKPOINT, KEY, AT)
    _, (_, timed) = split_note(note)
    moved = Signature(timed.name, timed.identifier, (AT + 1).to_bytes(8) + timed.signature[8:])
    with pytest.raises(InvalidNote, match="with a time"):
        checkpoint_of(with_lines(note, [moved]), [KEY.verifier])


def test_a_key_of_two_halves_signs_three_lines_and_needs_them() -> None:
    note = sign_checkpoint(CHECKPOINT, BOTH, AT)
    assert checkpoint_of(note, [BOTH.verifier]) == CHECKPOINT
    assert len(split_note(note)[1]) == 3
    assert checkpoint_of(note, [KEY.verifier]) == CHECKPOINT, "who knows but the first half is content with it"
    assert checkpoint_of(without(note, 1), [BOTH.verifier]) == CHECKPOINT
    for place in (0, 2):
        with pytest.raises(InvalidNote):
            checkpoint_of(without(note, place), [BOTH.verifier])
    _, (_, _, quantum) = split_note(note)
    wrong = Signature(quantum.name, quantum.identifier, quantum.signature[:-40] + b"\x00" * 40)
    with pytest.raises(InvalidNote):
        checkpoint_of(with_lines(note, [wrong]), [BOTH.verifier])


def test_a_key_of_two_halves_is_read_as_it_is_written() -> None:
    assert read_signing_key(BOTH.text()) == BOTH
    assert read_verifier_key(str(BOTH.verifier)) == BOTH.verifier
    first, second = str(BOTH.verifier).split("\n")
    other = str(signing_key("example.com/other", b"\x01" * 32).verifier)
    for text in (
        second,
        f"{second}\n{first}",
        f"{other}\n{second}",
        f"{first}\n{first}",
        f"{first}\n{second}\n{second}",
    ):
        with pytest.raises(UnusableKey):
            read_verifier_key(text)
    with pytest.raises(UnusableKey, match="at most 255"):
        signing_key("a" * 256, b"\x01" * 32, b"\x02" * 32)


def test_a_log_is_signed_by_both_halves(tmp_path: Path) -> None:
    create_key(tmp_path / "log.key", "example.com/log", post_quantum=True)
    key = load_signing_key(tmp_path / "log.key")
    with open_sample(tmp_path / "log.db") as log:
        for number in range(3):
            log.append(*sample(number))
            log.sign(key)
    assert verify_log(tmp_path / "log.db", keys=[key.verifier]).signed == 4
    note = newest_checkpoint(tmp_path / "log.db")
    tamper(tmp_path / "log.db", [("UPDATE checkpoints SET note = ? WHERE number = 3", (without(note, 2),))])
    (problem,) = verify_log(tmp_path / "log.db", keys=[key.verifier]).problems
    assert "post-quantum" in problem.detail


def stale(log: Path, now: int, age: int = 3600) -> list[str]:
    demands = Demands(max_age=age, now=now)
    return [problem.detail for problem in verify_log(log, keys=[KEY.verifier], demands=demands).problems]


def test_a_log_that_nobody_signs_any_more_is_found_and_a_heartbeat_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with open_sample(path) as log:
        log.sign(KEY)
    assert stale(path, AT) == stale(path, AT + 3600) == []
    assert "7 hours ago" in stale(path, AT + 7 * 3600)[0]
    assert "from now" in stale(path, AT - 301)[0]
    from tenetlang.audit import Log

    with Log.open(path, create=False, clock=lambda: START + 7 * 3600 * 10**9) as log:
        assert log.sign(KEY) == newest_checkpoint(path)
        assert stale(path, AT + 7 * 3600) != [], "what is signed already is not signed again"
        log.sign(KEY, renew=True)
    assert stale(path, AT + 7 * 3600) == []
    found = verify_log(path, keys=[KEY.verifier])
    assert (found.checkpoints, found.signed_at) == (1, AT + 7 * 3600)


def test_a_newest_checkpoint_that_says_no_time_may_be_of_any(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with open_sample(path) as log:
        log.sign(KEY)
    tamper(path, [("UPDATE checkpoints SET note = ?", (without(newest_checkpoint(path), 1),))])
    assert "does not say when" in stale(path, AT)[0]
    assert verify_log(path, keys=[KEY.verifier]).ok


def test_lines_take_the_place_of_older_ones_by_the_same_key() -> None:
    note = sign_checkpoint(CHECKPOINT, KEY, AT)
    newer = with_lines(note, split_note(sign_checkpoint(CHECKPOINT, KEY, AT + 5))[1])
    assert len(split_note(newer)[1]) == 2
    assert signed_checkpoint(newer, [KEY.verifier]).at == AT + 5
    stranger = Signature("witness.example/w", b"\x01\x02\x03\x04", b"\x05" * 72)
    assert own_lines(with_lines(newer, [stranger]), "example.com/log") == newer
    with pytest.raises(InvalidNote, match="longer ones"):
        with_lines(note, [Signature("w", b"\x01\x02\x03\x04", b"\x05" * MAX_NOTE)])


def test_a_key_is_destroyed_with_its_bytes(tmp_path: Path) -> None:
    create_witness_key(tmp_path / "w.key", "witness.example/w")
    assert load_witness_key(tmp_path / "w.key").verifier == load_cosigner_key(str(tmp_path / "w.key.pub"))
    second = tmp_path / "linked"
    second.hardlink_to(tmp_path / "w.key")
    destroy_key(tmp_path / "w.key")
    assert not (tmp_path / "w.key").exists()
    assert b"PRIVATE" not in second.read_bytes(), "another name of the same file holds no key either"
    with pytest.raises(UnusableKey, match="by hand"):
        destroy_key(tmp_path / "w.key")
