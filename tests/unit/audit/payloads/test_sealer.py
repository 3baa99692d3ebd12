"""One call seals the payload of a record of any kind, for the person whom its decision is about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenetlang.audit import Unplaced, time_text, unplaced, verify_log
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.payloads.keyring import Keyring, create_keyring, open_keyring
from tenetlang.audit.payloads.sealer import Sealer
from tenetlang.audit.payloads.sealing import is_sealed
from tenetlang.audit.records.events import event_record
from tenetlang.audit.show import show
from tests.unit.audit.samples import REQUEST, START, identifier, open_sample, rows, salts, sample


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[Keyring]:
    create_keyring(tmp_path / "keys")
    with open_keyring(tmp_path / "keys") as opened:
        yield opened


def event(number: int, kind: str, **members: object) -> Unplaced:
    return unplaced(*event_record(kind, members, time_text(START), identifier(number), salts(str(number).encode())))


OUTCOME = event(2, "outcome", of=identifier(1), outcome="ok", result={"iban": "DE02"})
VOTE = event(
    3,
    "escalation.decided",
    task=identifier(9),
    who="ada",
    how="inbox",
    vote="deny",
    counted=True,
    binding="ab" * 32,
    comment="she is my neighbour",
)
STOPPED = event(4, "guard.stopped", what="all", by="ada", because="an incident")


def test_records_of_all_kinds_are_sealed_and_open_again(tmp_path: Path, keyring: Keyring) -> None:
    sealer = Sealer(keyring)
    person = sealer.person_of(REQUEST)
    intent = unplaced(*sample(1))
    with open_sample(tmp_path / "log.db") as log:
        for record, whose in ((intent, person), (OUTCOME, person), (VOTE, person), (STOPPED, None)):
            sealed = sealer(record, whose)
            assert sealed.payload is not None
            assert is_sealed(sealed.payload)
            log.append(sealed)
    assert verify_log(tmp_path / "log.db", keyring=keyring).ok
    assert verify_log(tmp_path / "log.db").sealed == 4
    shown = json.dumps([show(tmp_path / "log.db", index, keyring.key_of) for index in range(5)], default=str)
    assert all(text in shown for text in ("DE02", "she is my neighbour", "an incident"))
    hidden = json.dumps([show(tmp_path / "log.db", index) for index in range(5)], default=str)
    assert not any(text in hidden for text in ("DE02", "she is my neighbour", "an incident"))


def test_what_followed_is_under_the_key_of_the_person_and_the_rest_under_a_shared_one(keyring: Keyring) -> None:
    sealer = Sealer(keyring)
    names = [
        json.loads(show_header(sealer(record, whose)))["kid"] for record, whose in ((OUTCOME, "u7"), (STOPPED, None))
    ]
    assert names == [keyring.key_for("u7").kid, keyring.key_for(None).kid]


def show_header(record: Unplaced) -> bytes:
    from base64 import urlsafe_b64decode

    assert record.payload is not None
    header = record.payload.partition(b".")[0]
    return urlsafe_b64decode(header + b"=" * (-len(header) % 4))


def test_a_record_without_a_payload_stays_as_it_is_and_makes_no_key(keyring: Keyring) -> None:
    record = event(5, "outcome", of=identifier(1), outcome="unknown")
    assert Sealer(keyring)(record, "nobody") is record
    assert keyring.name_of("nobody") is None


def test_the_person_is_found_in_the_request_and_in_the_record_of_it(tmp_path: Path, keyring: Keyring) -> None:
    sealer = Sealer(keyring)
    with open_sample(tmp_path / "log.db") as log:
        log.append(unplaced(*sample(1)))
    record = json.loads(rows(tmp_path / "log.db")[1][1])
    assert leaf_hash(rows(tmp_path / "log.db")[1][1]) == rows(tmp_path / "log.db")[1][2]
    assert sealer.person_of(REQUEST) == sealer.person_in(record) == "u7"
    assert sealer.person_of(b"no JSON") is None
    assert sealer.person_of({}) is None
    assert sealer.person_in({"who": 7}) is None
    assert sealer.person_in({"who": {"user": None}}) is None
    assert sealer.person_in({"who": {"user": 7}}) is None


def test_a_keyring_of_sessions_seals_for_the_session(tmp_path: Path) -> None:
    create_keyring(tmp_path / "keys", subjects="session")
    with open_keyring(tmp_path / "keys") as opened:
        assert Sealer(opened).person_of(REQUEST) == "s1"
