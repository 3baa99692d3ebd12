from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from tenetlang.audit import InvalidRecord, open_log, verify_log
from tenetlang.audit.canonical import CanonicalError, profile_bytes
from tenetlang.audit.records.bodies import MAX_PAYLOAD
from tenetlang.audit.records.record import MAX_RECORD, opened_record
from tenetlang.audit.records.unplaced import encoded_around, placed, unplaced
from tests.unit.audit.samples import identifier, sample


def test_a_record_at_its_place_is_the_canonical_text_of_the_whole() -> None:
    envelope, payload = sample()
    record = unplaced(envelope, payload)
    for index, previous in ((0, "0" * 64), (2**53 - 1, "f" * 64)):
        assert placed(record, index, previous) == profile_bytes({**envelope, "index": index, "previous": previous})
    assert record.payload == payload
    assert record.identifier == envelope["id"]


def test_a_record_that_is_written_already_goes_into_a_log_as_it_is(tmp_path: Path) -> None:
    envelope, payload = sample()
    record = unplaced(envelope, payload)
    assert unplaced(record) is record
    with open_log(tmp_path / "log.db") as log:
        assert log.append(record).index == 1
        assert [stored.record for stored in log.records()][1] == placed(record, 1, next(iter(log.records())).leaf.hex())
    assert verify_log(tmp_path / "log.db").ok


def test_a_record_brings_one_payload_only() -> None:
    envelope, payload = sample()
    with pytest.raises(InvalidRecord, match="brings its payload"):
        unplaced(unplaced(envelope, payload), payload)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"payload": "0" * 64}, "not the SHA-256"),
        ({"index": 1}, "for the log to say"),
        ({"previous": "0" * 64}, "for the log to say"),
        ({"at": "today"}, "not of the format"),
        ({"amount": 0.5}, "cannot be written"),
        ({"größe": 1}, "not ASCII"),
        ({7: 1}, "not ASCII"),
    ],
)
def test_what_is_no_record_is_refused_before_it_has_a_place(change: dict[str, object], words: str) -> None:
    envelope, payload = sample()
    with pytest.raises(InvalidRecord, match=words):
        unplaced({**envelope, **change}, payload)


def test_a_payload_that_is_too_long_is_refused() -> None:
    payload = bytes(MAX_PAYLOAD + 1)
    with pytest.raises(InvalidRecord, match="at most"):
        unplaced({**sample()[0], "payload": sha256(payload).hexdigest()}, payload)


def test_a_record_may_be_as_long_as_an_entry_of_tiles_and_no_longer() -> None:
    def of(length: int) -> dict[str, object]:
        return {**opened_record("2026-11-22T20:00:00Z", identifier(1)), "filling": "x" * length}

    room = MAX_RECORD - len(placed(unplaced(of(0)), 0, "0" * 64))
    assert len(placed(unplaced(of(room)), 9, "0" * 64)) == MAX_RECORD
    for length, index in ((room, 10), (room + 1, 0)):
        with pytest.raises(InvalidRecord, match="at most"):
            placed(unplaced(of(length)), index, "0" * 64)


def test_members_are_written_in_order_around_the_gaps() -> None:
    assert encoded_around({"z": 1, "b": [2], "a": "x", "m": None}, ("k", "n")) == (
        b'"a":"x","b":[2]',
        b'"m":null',
        b'"z":1',
    )
    with pytest.raises(CanonicalError):
        encoded_around({"a": 0.5}, ("k",))
