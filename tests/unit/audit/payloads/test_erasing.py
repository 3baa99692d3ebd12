from __future__ import annotations

import json
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from tenetlang.audit import (
    AuditError,
    Log,
    NotALog,
    RecordNotFound,
    Unplaced,
    UnusableKey,
    time_text,
    unplaced,
    verify_log,
)
from tenetlang.audit.payloads import erasing
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
from tenetlang.audit.records.requests import LostRequest, RecordedRequest, recorded_request
from tenetlang.audit.show import show
from tenetlang.audit.source import Entry, read_entries
from tests.unit.audit.samples import REQUEST, START, identifier, open_sample, rows, salts, sample, tamper

MILLISECOND = 1_000_000


def request(number: int) -> dict[str, object]:
    """A request of one of three people, with something in it that is found again in a file."""
    arguments = {"customer": f"<{number}>" * 40, "amount": 1, "note": "-" * (number * 37 % 3000)}
    return {**REQUEST, "user": {"id": f"u{number % 3}"}, "session": {"id": f"s{number}"}, "args": arguments}


def written(path: Path, count: int = 60, keyring: Keyring | None = None, first: int = 1) -> Path:
    with open_sample(path) as log:
        for number in range(first, first + count):
            record = unplaced(*sample(number, request=request(number)))
            if keyring is not None:
                record = seal_record(record, keyring.key_for(f"u{number % 3}"))
            log.append(record)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return written(tmp_path / "log.db")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    create_keyring(tmp_path / "keys", tmp_path / "master")
    return tmp_path / "keys"


def erased(log: Path, which: Which, keyring: Keyring | None = None) -> Erased:
    return erase(log, which, by="privacy office", because="asked for", keyring=keyring, clock=lambda: START)


def newest(log: Path) -> dict[str, object]:
    record: dict[str, object] = json.loads(rows(log)[-1][1])
    return record


def payloads(log: Path) -> set[int]:
    return {entry.index for entry in read_entries(log) if isinstance(entry, Entry) and entry.payload is not None}


def traces(log: Path) -> set[int]:
    """The numbers of requests of which something is in the log's files."""
    content = b"".join(file.read_bytes() for file in log.parent.glob(f"{log.name}*"))
    return {number for number in range(200) if f"<{number}><{number}>".encode() in content}


def test_a_payload_is_erased_by_index_and_by_identifier_and_the_log_still_verifies(log: Path) -> None:
    identifier = json.loads(rows(log)[7][1])["id"]
    done = erased(log, TheseRecords(("5", identifier)))
    assert done.record is not None
    assert (done.record.index, done.payloads, done.traces) == (61, 2, False)
    assert payloads(log) == {*range(1, 61)} - {5, 7}
    assert traces(log) == {*range(1, 61)} - {5, 7}
    record = newest(log)
    assert {name: record[name] for name in ("kind", "count", "records", "before", "subject", "by", "because")} == {
        "kind": "erasure",
        "count": 2,
        "records": [5, 7],
        "before": None,
        "subject": None,
        "by": "privacy office",
        "because": "asked for",
    }
    found = verify_log(log)
    assert found.ok
    assert (found.payloads, found.erased, found.unexplained) == (58, 2, 0)


def test_a_person_is_erased_from_all_records_and_the_indexes_are_found_though_they_are_many(tmp_path: Path) -> None:
    log = written(tmp_path / "log.db", 120)
    erased(log, OfSubject("u1"))
    theirs = {*range(1, 121, 3)}
    assert payloads(log) == {*range(1, 122)} - theirs
    assert traces(log) == {*range(1, 121)} - theirs
    assert isinstance(newest(log)["records"], dict)
    found = verify_log(log)
    assert found.ok
    assert (found.erased, found.unexplained) == (40, 0)


def test_what_is_older_is_erased_and_erasing_it_again_records_nothing(log: Path) -> None:
    assert erased(log, OlderThan(START + 30 * MILLISECOND)).payloads == 29
    assert newest(log)["before"] == 30
    assert newest(log)["records"] == []
    assert traces(log) == {*range(30, 61)}
    assert verify_log(log).unexplained == 0
    size = len(rows(log))
    assert erased(log, OlderThan(START + 30 * MILLISECOND)) == Erased(None, 0, 0, traces=False)
    assert erased(log, Before(30)) == Erased(None, 0, 0, traces=False)
    assert len(rows(log)) == size
    assert erased(log, OlderThan(START + 1000 * MILLISECOND)).payloads == 31
    assert newest(log)["before"] == 62


def test_times_are_compared_as_times_and_not_as_texts() -> None:
    assert erasing._comparable("2026-11-22T20:00:00Z") < erasing._comparable("2026-11-22T20:00:00.000000001Z")
    assert erasing._comparable("2026-11-22T20:00:00.1Z") > erasing._comparable("2026-11-22T20:00:00.01Z")


def test_the_payload_of_an_erasure_is_kept_because_it_says_what_is_missing(tmp_path: Path) -> None:
    log = written(tmp_path / "log.db", 120)
    index = erased(log, OfSubject("u1")).record
    assert index is not None
    assert erased(log, TheseRecords((str(index.index),))).record is None
    erased(log, Before(1000))
    assert payloads(log) == {index.index}
    assert verify_log(log).unexplained == 0


@pytest.mark.parametrize("name", ["61", "01KAPJ4ZM0ZZZZZZZZZZZZZZZZ", "5 ", "-1", "'", "9" * 40])
def test_a_record_that_is_not_there_is_no_reason_to_erase_the_others(log: Path, name: str) -> None:
    with pytest.raises(RecordNotFound, match="nothing was erased"):
        erased(log, TheseRecords(("5", name)))
    assert len(payloads(log)) == 60


def test_a_payload_that_was_taken_away_without_a_record_is_counted(log: Path) -> None:
    tamper(log, [("DELETE FROM payloads WHERE idx IN (?, ?, ?)", (3, 8, 9))])
    assert (verify_log(log).ok, verify_log(log).erased, verify_log(log).unexplained) == (True, 3, 3)
    erased(log, Before(9))
    found = verify_log(log)
    assert (found.ok, found.erased, found.unexplained) == (True, 9, 1)


def test_an_erasure_does_not_explain_what_came_after_it(log: Path) -> None:
    erased(log, Before(10_000))
    written(log, 1, first=100)
    tamper(log, [("DELETE FROM payloads WHERE idx > ?", (61,))])
    assert verify_log(log).unexplained == 1


def test_what_is_recorded_while_an_erasure_searches_is_erased_as_well(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Log.erase

    def late(self: Log, *arguments: object) -> object:
        written(log, 3, first=100)
        return original(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Log, "erase", late)
    assert erased(log, OfSubject("u1")).payloads == 21
    assert traces(log) == {*range(1, 61), 100, 101, 102} - {*range(1, 61, 3), 100}


def test_a_reader_that_keeps_traces_is_told(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(apsw.Connection(str(log))) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM payloads").fetchall()
        monkeypatch.setattr("tenetlang.audit.log.Log.open", _impatient(Log.open))
        done = erased(log, TheseRecords(("5",)))
    assert done.traces
    assert verify_log(log).unexplained == 0


def _impatient(opening: object) -> object:
    assert callable(opening)
    return lambda path, **options: opening(path, **options, busy_seconds=0.01)


def test_what_is_no_log_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(NotALog):
        erased(tmp_path / "nothing.db", Before(1))
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_read_is_not_erased(log: Path) -> None:
    content = bytearray(log.read_bytes())
    content[3 * 4096 : 40 * 4096] = b"\xff" * (37 * 4096)
    log.write_bytes(bytes(content))
    with pytest.raises(AuditError):
        erased(log, OfSubject("u1"))


def test_a_payload_without_a_readable_record_goes_with_what_is_older(log: Path) -> None:
    tamper(
        log,
        [
            ("UPDATE records SET record = CAST('{' AS BLOB) WHERE idx = ?", (4,)),
            ("DELETE FROM records WHERE idx = ?", (5,)),
        ],
    )
    assert erased(log, OfSubject("u1")).payloads == 19  # not of 4, of which nobody knows whose it is
    erased(log, Before(50))
    assert not {number for number in traces(log) if number < 50}


# ---------------------------------------------------------------------------------------------------------- sealed


def test_a_sealed_log_verifies_without_the_keys_and_is_read_with_them(tmp_path: Path, keys: Path) -> None:
    with open_keyring(keys, tmp_path / "master") as keyring:
        log = written(tmp_path / "log.db", 12, keyring)
        assert traces(log) == set()
        without, opened = verify_log(log), verify_log(log, keyring=keyring)
        assert (without.ok, without.payloads, without.sealed) == (True, 12, 12)
        assert (opened.ok, opened.payloads, opened.sealed) == (True, 12, 0)
        (entry,) = (entry for entry in read_entries(log) if isinstance(entry, Entry) and entry.index == 4)
        record = json.loads(entry.record)
        found = recorded_request(record, entry.payload, keyring.key_of)
        assert isinstance(found, RecordedRequest)
        assert found.request == request(4)
        lost = recorded_request(record, entry.payload)
        assert isinstance(lost, LostRequest)
        assert lost.loss == "sealed"
        kid = keyring.name_of("u1")
        assert show(log, 4)["payload"] == {"sealed": kid}
        assert "bodies" in str(show(log, 4, keyring.key_of)["payload"])


def test_a_destroyed_key_erases_a_person_in_copies_of_the_log_as_well(tmp_path: Path, keys: Path) -> None:
    with open_keyring(keys, tmp_path / "master") as keyring:
        log = written(tmp_path / "log.db", 12, keyring)
        copy = tmp_path / "copy.db"
        copy.write_bytes(log.read_bytes())
        kid = keyring.name_of("u1")
        done = erased(log, OfSubject("u1"), keyring)
        assert (done.payloads, done.destroyed, done.traces) == (4, 1, False)
        assert newest(log)["subject"] == kid
        assert verify_log(copy, keyring=keyring).sealed == 4
        found = verify_log(log, keyring=keyring)
        assert (found.ok, found.erased, found.sealed, found.unexplained) == (True, 4, 0, 0)
        assert b"u1" not in keys.read_bytes()


def test_sealed_payloads_that_were_left_count_as_erased_once_the_log_says_that_their_key_is_gone(
    tmp_path: Path, keys: Path
) -> None:
    with open_keyring(keys, tmp_path / "master") as keyring:
        log = written(tmp_path / "log.db", 12, keyring)
        late = seal_record(unplaced(*sample(90, request=request(90))), keyring.key_for("u0"))
        done = erased(log, OfSubject("u0"), keyring)
        with open_sample(log) as opened:
            opened.append(late)
        assert done.destroyed == 1
        found = verify_log(log, keyring=keyring)
        assert (found.ok, found.sealed, found.erased) == (True, 0, 5)


def test_an_erasure_that_was_interrupted_is_found_and_finished_by_the_next(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_keyring(keys, tmp_path / "master") as keyring:
        log = written(tmp_path / "log.db", 12, keyring)
        kid = keyring.name_of("u1")
        assert kid is not None
        with monkeypatch.context() as patched:
            patched.setattr(Keyring, "destroy", _stopped)
            with pytest.raises(KeyboardInterrupt):
                erased(log, OfSubject("u1"), keyring)
        assert keyring.has(kid)
        assert [(problem.index, problem.what) for problem in verify_log(log, keyring=keyring).problems] == [
            (None, "kept-key")
        ]
        assert erased(log, Before(0), keyring) == Erased(None, 0, 1, traces=False)
        assert not keyring.has(kid)
        assert verify_log(log, keyring=keyring).ok


def _stopped(*_: object) -> bool:
    raise KeyboardInterrupt


def test_a_person_who_was_recorded_before_there_were_keys_is_erased_with_what_was_sealed(
    tmp_path: Path, keys: Path
) -> None:
    log = written(tmp_path / "log.db", 6)
    with open_keyring(keys, tmp_path / "master") as keyring:
        written(log, 6, keyring, first=101)
        assert erased(log, OfSubject("u2"), keyring).payloads == 4
        assert traces(log) == {1, 3, 4, 6}
        assert erased(log, OfSubject("nobody"), keyring).record is None


def test_a_keyring_of_sessions_erases_sessions(tmp_path: Path) -> None:
    create_keyring(tmp_path / "keys", subjects="session")
    log = written(tmp_path / "log.db", 6)
    with open_keyring(tmp_path / "keys") as keyring:
        assert erased(log, OfSubject("u2"), keyring).payloads == 0
        assert erased(log, OfSubject("s2"), keyring).payloads == 1


def test_a_sealed_payload_that_was_exchanged_for_that_of_another_record_is_found(tmp_path: Path, keys: Path) -> None:
    with open_keyring(keys, tmp_path / "master") as keyring:
        record = unplaced(*sample(1))
        other = seal_record(unplaced(*sample(2)), keyring.key_for("u7")).payload
        assert other is not None
        with open_sample(tmp_path / "log.db") as log:
            envelope, _ = sample(1)
            log.append({**envelope, "payload": sha256(other).hexdigest()}, other)
        assert record.payload is not None
        for keyring_or_none in (None, keyring):
            (problem,) = verify_log(tmp_path / "log.db", keyring=keyring_or_none).problems
            assert (problem.index, problem.what) == (1, "payload")
            assert "another record" in problem.detail
        (entry,) = (each for each in read_entries(tmp_path / "log.db") if isinstance(each, Entry) and each.index == 1)
        lost = recorded_request(json.loads(entry.record), entry.payload)
        assert isinstance(lost, LostRequest)
        assert lost.loss == "damaged"
        assert str(show(tmp_path / "log.db", 1)["payload"]).startswith("eyJ")


def test_what_a_person_sent_is_not_erased_without_the_key_that_would_open_its_copies(
    tmp_path: Path, keys: Path
) -> None:
    with open_keyring(keys, tmp_path / "master") as keyring:
        path = written(tmp_path / "sealed.db", 6, keyring)
    with pytest.raises(UnusableKey, match="name the keys with --payload-keys; nothing was erased"):
        erased(path, OfSubject("u1"))
    assert payloads(path) == set(range(1, 7))
    assert erased(path, TheseRecords(("1",))).payloads == 1
    with open_keyring(keys, tmp_path / "master") as keyring:
        done = erased(path, OfSubject("u1"), keyring)
    assert (done.payloads, done.destroyed) == (1, 1)


def event(number: int, kind: str, **members: object) -> Unplaced:
    return unplaced(*event_record(kind, members, time_text(START), identifier(number), salts(str(number).encode())))


def with_what_followed(path: Path) -> Path:
    """Two decisions about two people, each with an outcome, a review with a comment, and one about nobody."""
    with open_sample(path) as log:
        for number in (1, 2):
            log.append(unplaced(*sample(number, request=request(number))))
        for number in (1, 2):
            task = identifier(100 + number)
            opening = {"rule": "r", "reviewers": "finance", "quorum": 1, "deadline": time_text(START), "else": "deny"}
            opened = {"task": task, "of": identifier(number), "binding": "ab" * 32, **opening}
            vote = {"who": "ada", "how": "inbox", "vote": "deny", "counted": True, "binding": "ab" * 32}
            log.append(event(10 + number, "escalation.opened", **opened))
            log.append(event(20 + number, "escalation.decided", task=task, comment=f"<{number}>", **vote))
            log.append(event(30 + number, "outcome", of=identifier(number), outcome="ok", result=f"<{number}>"))
        log.append(event(40, "guard.stopped", what="all", by="ada", because="an incident"))
    return path


def test_what_followed_from_the_decisions_about_a_person_is_erased_with_them(tmp_path: Path) -> None:
    log = with_what_followed(tmp_path / "log.db")
    assert payloads(log) == {1, 2, 4, 5, 7, 8, 9}
    assert erased(log, OfSubject("u1")).payloads == 3
    assert payloads(log) == {2, 7, 8, 9}
    assert newest(log)["records"] == [1, 4, 5]
    assert erased(log, OfSubject("u2")).payloads == 3
    assert payloads(log) == {9}
    assert verify_log(log).unexplained == 0


def test_what_followed_is_erased_where_the_decision_itself_was_before(tmp_path: Path) -> None:
    log = with_what_followed(tmp_path / "log.db")
    erased(log, TheseRecords(("1",)))
    assert erased(log, OfSubject("u1")).payloads == 2
    assert payloads(log) == {2, 7, 8, 9}


@pytest.mark.parametrize(
    "which", [OfSubject("u1"), Before(20), OlderThan(START + 30 * MILLISECOND), TheseRecords(("7",))]
)
def test_what_would_be_erased_is_told_and_nothing_is_changed(log: Path, keys: Path, which: Which) -> None:
    with open_keyring(keys, keys.with_name("master")) as keyring:
        keyring.key_for("u1")
        before, keys_before = log.read_bytes(), keys.read_bytes()
        told = would_erase(log, which, keyring)
        assert (log.read_bytes(), keys.read_bytes()) == (before, keys_before)
        done = erased(log, which, keyring)
    assert (told.payloads, told.destroyed, told.record) == (done.payloads, done.destroyed, None)


def test_what_would_be_erased_is_refused_as_the_erasing_is(tmp_path: Path, keys: Path) -> None:
    with open_keyring(keys, keys.with_name("master")) as keyring:
        log = written(tmp_path / "log.db", keyring=keyring)
        assert would_erase(log, OfSubject("u1"), keyring).destroyed == 1
    with pytest.raises(UnusableKey, match="nothing was erased"):
        would_erase(log, OfSubject("u1"))
    with pytest.raises(RecordNotFound):
        would_erase(log, TheseRecords(("900",)))
