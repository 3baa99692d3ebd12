"""What `test_erasing` leaves open: that what is to be erased is, that nothing else is, and that a log which somebody wrote
to prevent it does not. Found by bending the conditions of erasing one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tenetlang.audit import RecordNotFound, Unplaced, time_text, unplaced
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.payloads.erasing import (
    Before,
    Erased,
    OfSubject,
    OlderThan,
    TheseRecords,
    Which,
    erase,
    would_erase,
)
from tenetlang.audit.payloads.keyring import Keyring, create_keyring, open_keyring
from tenetlang.audit.payloads.sealing import seal_record
from tenetlang.audit.records.events import event_record
from tenetlang.audit.source import Entry, read_entries
from tests.unit.audit.samples import REQUEST, START, identifier, open_sample, rows, salts, sample, tamper

TASK = identifier(900)


def decision(number: int, user: str) -> Unplaced:
    return unplaced(*sample(number, request={**REQUEST, "user": {"id": user}}))


def written(path: Path, *records: Unplaced) -> Path:
    with open_sample(path) as log:
        for record in records:
            log.append(record)
    return path


def event(number: int, kind: str, **members: object) -> Unplaced:
    return unplaced(*event_record(kind, members, time_text(START), identifier(number), salts(str(number).encode())))


def outcome(number: int, of: int) -> Unplaced:
    return event(number, "outcome", of=identifier(of), outcome="ok", result="x")


def vote(number: int) -> Unplaced:
    return event(
        number, "escalation.decided", task=TASK, who="ada", how="inbox", vote="deny", counted=True, binding="ab" * 32,
        comment="no",
    )  # fmt: skip


def erased(log: Path, which: Which, keyring: Keyring | None = None) -> Erased:
    return erase(log, which, by="privacy office", because="asked for", keyring=keyring, clock=lambda: START)


def payloads(log: Path) -> set[int]:
    return {entry.index for entry in read_entries(log) if isinstance(entry, Entry) and entry.payload is not None}


def rewrite(log: Path, index: int, change: Callable[[dict[str, object]], None]) -> None:
    """Changes a record, with the hash that fits it."""
    record = json.loads(rows(log)[index][1])
    change(record)
    text = json.dumps(record, separators=(",", ":")).encode()
    tamper(log, [("UPDATE records SET record = ?, leaf = ? WHERE idx = ?", (text, leaf_hash(text), index))])


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    create_keyring(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return written(tmp_path / "log.db", decision(1, "u1"), decision(2, "u2"), decision(3, "u1"), decision(4, "u2"))


# ----------------------------------------------------------------------------------------------------------- by its name


def test_a_record_in_which_the_identifier_of_another_stands_is_not_erased_for_it(log: Path) -> None:
    rewrite(log, 1, lambda record: record.update(part={"id": identifier(3)}))
    assert erased(log, TheseRecords((identifier(3),))).payloads == 1
    assert payloads(log) == {1, 2, 4}


def test_only_a_record_whose_own_identifier_it_is_is_found(log: Path) -> None:
    rewrite(log, 1, lambda record: record.update(part={"id": identifier(50)}))
    with pytest.raises(RecordNotFound, match="nothing was erased"):
        erased(log, TheseRecords((identifier(50),)))
    assert payloads(log) == {1, 2, 3, 4}


@pytest.mark.parametrize(("name", "index"), [("0000000000000003", 3), ("3", 3), ("003", 3)])
def test_an_index_has_up_to_sixteen_digits(log: Path, name: str, index: int) -> None:
    assert erased(log, TheseRecords((name,))).payloads == 1
    assert payloads(log) == {1, 2, 3, 4} - {index}


@pytest.mark.parametrize("name", ["00000000000000003", "٣", "³", "９"])
def test_digits_of_other_scripts_and_more_of_them_are_no_index(log: Path, name: str) -> None:
    with pytest.raises(RecordNotFound):
        erased(log, TheseRecords((name,)))
    assert payloads(log) == {1, 2, 3, 4}


# ----------------------------------------------------------------------------------------------------- hostile members


@pytest.mark.parametrize("who", ["u1", None, {}, {"user": ["u1"]}, {"user": {"id": "u1"}}])
def test_a_decision_about_nobody_that_can_be_read_is_left_and_stops_nothing(log: Path, who: object) -> None:
    rewrite(log, 1, lambda record: record.update(who=who))
    assert erased(log, OfSubject("u1")).payloads == 1
    assert payloads(log) == {1, 2, 4}


@pytest.mark.parametrize("value", [["x"], {}, None, 7])
@pytest.mark.parametrize("member", ["id", "of", "task"])
def test_a_member_that_is_no_text_stops_no_erasure(tmp_path: Path, member: str, value: object) -> None:
    log = written(tmp_path / "log.db", decision(1, "u1"), outcome(11, 1), vote(12), decision(2, "u1"), outcome(13, 2))
    for index in (1, 2, 3):
        rewrite(log, index, lambda record: record.update({member: value}))
    assert erased(log, OfSubject("u1")).payloads >= 3
    assert payloads(log) & {1, 4, 5} == set()
    assert 3 in payloads(log), "nobody says of which decision the review is"


@pytest.mark.parametrize("value", [["x"], {}, 7])
def test_a_task_that_is_no_text_makes_no_other_record_a_part_of_what_followed(tmp_path: Path, value: object) -> None:
    log = written(tmp_path / "log.db", decision(1, "u1"), outcome(11, 1), vote(12))
    for index in (2, 3):
        rewrite(log, index, lambda record: record.update(task=value))
    assert erased(log, OfSubject("u1")).payloads == 2
    assert payloads(log) == {3}


@pytest.mark.parametrize("at", [7, None, [], {}])
def test_a_record_without_a_time_does_not_end_what_is_older(log: Path, at: object) -> None:
    rewrite(log, 2, lambda record: record.update(at=at))
    assert erased(log, OlderThan(START + 3_500_000)).payloads == 3
    assert payloads(log) == {4}


# ---------------------------------------------------------------------------------------------------------------- keys


def test_the_key_of_somebody_of_whom_nothing_is_recorded_is_destroyed_by_a_record(log: Path, keys: Path) -> None:
    with open_keyring(keys) as keyring:
        kid = keyring.key_for("u9").kid
        assert would_erase(log, OfSubject("u9"), keyring) == Erased(None, 0, 1, traces=False)
        done = erased(log, OfSubject("u9"), keyring)
        assert done.record is not None
        assert (done.payloads, done.destroyed, keyring.has(kid)) == (0, 1, False)
    record = json.loads(rows(log)[-1][1])
    assert (record["kind"], record["subject"], record["count"]) == ("erasure", kid, 0)


def test_the_key_of_a_person_stays_where_single_records_are_erased(log: Path, keys: Path) -> None:
    with open_keyring(keys) as keyring:
        kid = keyring.key_for("u1").kid
        for which in (TheseRecords(("1",)), Before(3), OlderThan(START + 4_500_000)):
            assert would_erase(log, which, keyring).destroyed == 0
            assert erased(log, which, keyring).destroyed == 0
        assert keyring.has(kid)


def test_without_keys_it_is_told_what_would_be_erased_of_what_is_not_sealed(log: Path) -> None:
    assert would_erase(log, OfSubject("u1")) == Erased(None, 2, 0, traces=False)


def test_only_a_person_needs_the_keys(tmp_path: Path, keys: Path) -> None:
    with open_keyring(keys) as keyring:
        key = keyring.key_for("u1")
        log = written(tmp_path / "log.db", seal_record(decision(1, "u1"), key), decision(2, "u2"))
    for which in (TheseRecords(("1",)), Before(2), OlderThan(START + 1_500_000)):
        assert would_erase(log, which).payloads == 1
    assert would_erase(log, OfSubject("u2")).payloads == 1
    assert erased(log, OfSubject("u2")).payloads == 1
    assert payloads(log) == {1}


def test_keys_that_should_be_gone_are_told_of_before_and_are_no_matter_without_a_keyring(
    log: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_keyring(keys) as keyring:
        kid = keyring.key_for("u1").kid
        with monkeypatch.context() as patched:
            patched.setattr(Keyring, "destroy", lambda *_: False)
            assert erased(log, OfSubject("u1"), keyring).traces
        assert keyring.has(kid)
        assert would_erase(log, Before(0), keyring) == Erased(None, 0, 1, traces=False)
        assert would_erase(log, OfSubject("u2")).destroyed == 0
        assert erased(log, OfSubject("u2")).destroyed == 0
        assert keyring.has(kid)
        assert erased(log, Before(0), keyring).destroyed == 1
        assert not keyring.has(kid)


@pytest.mark.parametrize("kind", ["erasure.asked", "outcome"])
def test_a_record_that_only_looks_like_an_erasure_destroys_no_key(log: Path, keys: Path, kind: str) -> None:
    with open_keyring(keys) as keyring:
        kid = keyring.key_for("u1").kid
        rewrite(log, 2, lambda record: record.update(kind=kind, subject=kid, part={"kind": "erasure"}))
        assert would_erase(log, Before(0), keyring).destroyed == 0
        assert erased(log, Before(0), keyring).destroyed == 0
        assert keyring.has(kid)


@pytest.mark.parametrize("subject", [["x"], {}, 7, None, True])
def test_an_erasure_whose_subject_is_no_text_destroys_no_key(log: Path, keys: Path, subject: object) -> None:
    erased(log, TheseRecords(("1",)))
    rewrite(log, 5, lambda record: record.update(subject=subject))
    with open_keyring(keys) as keyring:
        keyring.key_for("u1")
        assert erased(log, Before(0), keyring).destroyed == 0


def test_a_key_that_is_gone_is_not_counted_again(log: Path, keys: Path) -> None:
    with open_keyring(keys) as keyring:
        keyring.key_for("u1")
        assert erased(log, OfSubject("u1"), keyring).destroyed == 1
        assert would_erase(log, Before(0), keyring).destroyed == 0
        assert erased(log, Before(0), keyring).destroyed == 0
