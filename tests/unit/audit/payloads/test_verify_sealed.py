"""What a verification says of sealed payloads: with their keys, with others, without any, and once a key was destroyed and is there."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tenetlang.audit import Unplaced, time_text, unplaced, verify_log
from tenetlang.audit.payloads.erasing import OfSubject, erase
from tenetlang.audit.payloads.keyring import Keyring, create_keyring, open_keyring
from tenetlang.audit.payloads.sealer import Sealer
from tenetlang.audit.payloads.sealing import read_seal
from tenetlang.audit.records.events import event_record
from tests.unit.audit.samples import START, identifier, open_sample, salts, sample


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[Keyring]:
    create_keyring(tmp_path / "keys")
    with open_keyring(tmp_path / "keys") as found:
        yield found


def sealed(record: Unplaced, keyring: Keyring) -> Unplaced:
    return Sealer(keyring)(record, "u7")


@pytest.fixture
def log(tmp_path: Path, keyring: Keyring) -> Path:
    with open_sample(tmp_path / "log.db") as opened:
        opened.append(unplaced(*sample(1)))
        opened.append(sealed(unplaced(*sample(2)), keyring))
    return tmp_path / "log.db"


def test_without_keys_what_is_sealed_is_counted_and_with_them_opened(
    log: Path, tmp_path: Path, keyring: Keyring
) -> None:
    without, opened = verify_log(log), verify_log(log, keyring=keyring)
    assert (without.ok, without.payloads, without.sealed, without.erased) == (True, 2, 1, 0)
    assert (opened.ok, opened.payloads, opened.sealed, opened.erased) == (True, 2, 0, 0)
    create_keyring(tmp_path / "others")
    with open_keyring(tmp_path / "others") as others:
        assert verify_log(log, keyring=others).sealed == 1


def with_payload(record: Unplaced, payload: bytes) -> Unplaced:
    assert record.payload is not None
    before, after = (sha256(each).hexdigest().encode() for each in (record.payload, payload))
    return Unplaced(record.identifier, record.start, record.middle.replace(before, after), record.end, payload)


def test_a_seal_that_fits_its_record_and_is_none_is_damaged(log: Path, keyring: Keyring) -> None:
    with open_sample(log) as opened:
        opened.append(with_payload(unplaced(*sample(3)), b"no seal"))
    for keys in (None, keyring):
        (problem,) = verify_log(log, keyring=keys).problems
        assert (problem.index, problem.what) == (3, "payload")
        assert problem.detail.startswith("the sealed payload is damaged: ")


def test_bodies_that_are_not_those_of_the_record_are_found_once_they_are_opened(log: Path, keyring: Keyring) -> None:
    other = unplaced(*sample(4))
    record = unplaced(*sample(3))
    assert other.payload is not None
    mixed = with_payload(record, other.payload)
    with open_sample(log) as opened:
        opened.append(sealed(mixed, keyring))
    assert verify_log(log).ok
    (problem,) = verify_log(log, keyring=keyring).problems
    assert (problem.index, problem.what) == (3, "payload")
    assert "is not the one whose digest stands in the record" in problem.detail


def test_a_key_that_was_to_be_destroyed_and_is_there_is_a_problem_for_whoever_has_it(
    log: Path, keyring: Keyring
) -> None:
    kid = Sealer(keyring)(unplaced(*sample(9)), "u7").payload
    assert kid is not None
    subject = read_seal(kid).kid
    members = {"count": 0, "records": [], "subject": subject, "by": "dpo", "because": "art. 17"}
    with open_sample(log) as opened:
        opened.append(*event_record("erasure", members, time_text(START), identifier(70), salts()))
    assert verify_log(log).ok
    assert verify_log(log).erased == 1
    (problem,) = verify_log(log, keyring=keyring).problems
    assert (problem.index, problem.what) == (None, "kept-key")
    assert subject[:16] in problem.detail


def test_a_key_that_was_destroyed_is_none(log: Path, keyring: Keyring) -> None:
    erase(log, OfSubject("u7"), by="dpo", because="art. 17", keyring=keyring)
    for keys in (None, keyring):
        assert verify_log(log, keyring=keys).ok
