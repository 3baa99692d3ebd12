from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from tenetlang.audit import InvalidRecord, unplaced
from tenetlang.audit.errors import InvalidSeal
from tenetlang.audit.payloads.sealing import (
    SubjectKey,
    is_sealed,
    no_keys,
    open_payload,
    open_seal,
    read_seal,
    seal,
    seal_record,
)
from tenetlang.audit.records.unplaced import Unplaced, placed
from tests.unit.audit.samples import sample

KEY = SubjectKey("ab" * 32, b"k" * 32)
OTHER = SubjectKey("cd" * 32, b"o" * 32)
RECORD = unplaced(*sample())


def parts() -> list[bytes]:
    return seal(b'{"a": 1}', KEY, "01J").split(b".")


def test_a_sealed_payload_is_opened_by_another_hands_library() -> None:
    sealed = seal(b'{"a": 1}', KEY, "01J")
    registry = jwe.JWERegistry(algorithms=["A256KW", "A256GCM"], strict_check_header=False)
    opened = jwe.decrypt_compact(sealed.decode(), OctKey.import_key(KEY.secret), registry=registry)
    assert opened.plaintext == b'{"a": 1}'
    assert opened.headers() == {"alg": "A256KW", "enc": "A256GCM", "kid": KEY.kid, "record": "01J"}


def test_the_record_names_the_sealed_bytes_and_is_else_the_same() -> None:
    sealed = seal_record(RECORD, KEY)
    assert sealed.payload is not None
    assert RECORD.payload is not None
    assert is_sealed(sealed.payload)
    assert not is_sealed(RECORD.payload)
    before, after = (json.loads(placed(record, 1, "0" * 64)) for record in (RECORD, sealed))
    assert after.pop("payload") == sha256(sealed.payload).hexdigest()
    assert before.pop("payload") == sha256(RECORD.payload).hexdigest()
    assert before == after
    assert open_payload(sealed.payload, RECORD.identifier, lambda _: KEY) == RECORD.payload


def test_a_record_without_a_payload_is_left_as_it_is() -> None:
    empty = Unplaced("01J", b"{", b',"payload":null', b"}", None)
    assert seal_record(empty, KEY) is empty


def test_a_record_that_does_not_name_its_payload_once_is_refused() -> None:
    strange = Unplaced("01J", RECORD.start, RECORD.middle * 2, RECORD.end, RECORD.payload)
    with pytest.raises(InvalidRecord, match="does not name its payload once"):
        seal_record(strange, KEY)


def test_a_payload_that_is_too_long_once_it_is_sealed_is_refused() -> None:
    long = Unplaced("01J", b"", b"", b"", b"{" + bytes(7 * 1024 * 1024))
    with pytest.raises(InvalidRecord, match="when it is sealed"):
        seal_record(long, KEY)


def test_no_two_payloads_have_a_key_or_a_nonce_in_common() -> None:
    seals = [read_seal(seal(b"{}", KEY, "01J")) for _ in range(50)]
    assert len({found.wrapped for found in seals}) == len({found.nonce for found in seals}) == 50


def test_a_payload_does_not_open_as_that_of_another_record() -> None:
    sealed = seal(b"{}", KEY, "01J")
    for keys in (no_keys, lambda _: KEY):
        with pytest.raises(InvalidSeal, match="another record"):
            open_payload(sealed, "01K", keys)


def test_a_payload_does_not_open_with_the_key_of_another() -> None:
    with pytest.raises(InvalidSeal, match="does not open it"):
        open_seal(read_seal(seal(b"{}", KEY, "01J")), OTHER, "01J")


def test_without_a_key_the_seal_says_which_one_is_needed() -> None:
    found = open_payload(seal(b"{}", KEY, "01J"), "01J")
    assert not isinstance(found, bytes)
    assert found.kid == KEY.kid
    assert "k" * 32 not in repr(KEY)


@pytest.mark.parametrize("place", range(5))
def test_a_changed_byte_in_any_part_is_found(place: int) -> None:
    changed = parts()
    middle = len(changed[place]) // 2
    other = b"A" if changed[place][middle : middle + 1] != b"A" else b"B"
    changed[place] = changed[place][:middle] + other + changed[place][middle + 1 :]
    with pytest.raises(InvalidSeal):
        open_payload(b".".join(changed), "01J", lambda _: KEY)


def _header(members: dict[str, object]) -> bytes:
    return urlsafe_b64encode(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).rstrip(b"=")


GOOD = {"alg": "A256KW", "enc": "A256GCM", "kid": KEY.kid, "record": "01J"}


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda _: b"no payload",
        lambda p: b".".join(p[:4]),
        lambda p: b".".join([*p, b""]),
        lambda p: b".".join([_header({**GOOD, "alg": "dir"}), *p[1:]]),
        lambda p: b".".join([_header({**GOOD, "zip": "DEF"}), *p[1:]]),
        lambda p: b".".join([_header({**GOOD, "kid": "AB" * 32}), *p[1:]]),
        lambda p: b".".join([_header({**GOOD, "kid": 1}), *p[1:]]),
        lambda p: b".".join([urlsafe_b64encode(b"[1]").rstrip(b"="), *p[1:]]),
        lambda p: b".".join([b"e" * 1000, *p[1:]]),
        lambda p: b".".join([b"\xff\xfe", *p[1:]]),
        lambda p: b".".join([p[0] + b"=", *p[1:]]),
        lambda p: b".".join([p[0], p[1][:-4], *p[2:]]),
        lambda p: b".".join([p[0], p[1], p[2] + b"AAAA", *p[3:]]),
        lambda p: b".".join([*p[:4], p[4][:-4]]),
        lambda p: b".".join([*p[:4], b"A"]),
        lambda p: b".".join([*p[:4], p[4][:-1] + bytes([p[4][-1] + 1])]),
    ],
)
def test_what_is_no_sealed_payload_or_another_spelling_of_one_is_refused(
    change: Callable[[list[bytes]], bytes],
) -> None:
    changed = change(parts())
    with pytest.raises(InvalidSeal):
        open_payload(changed, "01J", lambda _: KEY)
