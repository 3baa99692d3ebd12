"""What `test_sealing`, `test_masters` and `test_keyring` leave open: the edges of their conditions, found by bending them.

Whoever has no key reads seals too, so what is wrong with one is found without the key that would not open it anyway.
"""

from __future__ import annotations

import json
import os
import stat
from base64 import urlsafe_b64encode
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from tenetlang.audit import InvalidRecord
from tenetlang.audit.errors import InvalidSeal, UnusableKey
from tenetlang.audit.payloads import masters
from tenetlang.audit.payloads.keyring import create_keyring, open_keyring
from tenetlang.audit.payloads.sealing import SubjectKey, open_payload, read_seal, seal, seal_record
from tenetlang.audit.records.bodies import MAX_PAYLOAD
from tenetlang.audit.records.unplaced import Unplaced

KEY = SubjectKey("ab" * 32, b"k" * 32)
GOOD: dict[str, object] = {"alg": "A256KW", "enc": "A256GCM", "kid": KEY.kid, "record": "01J"}


def with_header(text: bytes) -> bytes:
    return b".".join([urlsafe_b64encode(text).rstrip(b"="), *seal(b"{}", KEY, "01J").split(b".")[1:]])


def written(members: dict[str, object]) -> bytes:
    return json.dumps(members, separators=(",", ":"), sort_keys=True).encode()


def test_a_seal_is_read_without_a_key() -> None:
    assert read_seal(with_header(written(GOOD))).record == "01J"


@pytest.mark.parametrize(
    "header",
    [
        written({**GOOD, "alg": "dir"}),
        written({**GOOD, "enc": "A128GCM"}),
        written({**GOOD, "zip": "DEF"}),
        written({**GOOD, "kid": "AB" * 32}),
        written({**GOOD, "kid": "ab" * 31}),
        written({**GOOD, "kid": "ab" * 32 + "\n"}),
        written({**GOOD, "kid": ""}),
        written(GOOD).replace(b",", b", "),
        b"[1]",
    ],
)
def test_a_header_that_is_another_one_is_refused_without_a_key(header: bytes) -> None:
    with pytest.raises(InvalidSeal, match="its header is not that"):
        read_seal(with_header(header))


@pytest.mark.parametrize(("letters", "fits"), [(0, True), (1, False), (400, False)])
def test_a_header_has_so_many_bytes_and_no_more(letters: int, *, fits: bool) -> None:
    record = "x" * (384 - len(written({**GOOD, "record": ""})) + letters)
    sealed = seal(b"{}", KEY, record)
    assert (len(sealed.split(b".")[0]) <= 512) == fits
    if fits:
        assert open_payload(sealed, record, lambda _: KEY) == b"{}"
    else:
        with pytest.raises(InvalidSeal, match="has not the five parts"):
            read_seal(sealed)


@pytest.mark.parametrize(("part", "length"), [(1, 39), (1, 48), (2, 11), (2, 16), (4, 15), (4, 12), (4, 0)])
def test_a_part_of_another_length_is_refused_without_a_key(part: int, length: int) -> None:
    parts = seal(b"{}", KEY, "01J").split(b".")
    parts[part] = urlsafe_b64encode(bytes(length)).rstrip(b"=")
    with pytest.raises(InvalidSeal, match="a wrong length"):
        read_seal(b".".join(parts))


def test_a_payload_that_is_not_sealed_is_itself() -> None:
    assert open_payload(b"{}", "01J") == open_payload(b"{}", "01J", lambda _: KEY) == b"{}"


def test_a_payload_that_is_just_as_long_as_a_log_holds_when_it_is_sealed_is_sealed() -> None:
    identifier = next(
        name for name in ("01J", "01JA", "01JAB") if (MAX_PAYLOAD - len(seal(b"", KEY, name))) % 4 != 1
    )  # base64 has no text of a length of 4 n + 1
    length = (MAX_PAYLOAD - len(seal(b"", KEY, identifier))) * 3 // 4
    sealed = seal_record(naming(identifier, b"{" + bytes(length - 1)), KEY)
    assert sealed.payload is not None
    assert len(sealed.payload) == MAX_PAYLOAD
    with pytest.raises(InvalidRecord, match="when it is sealed"):
        seal_record(naming(identifier, b"{" + bytes(length)), KEY)


def naming(identifier: str, payload: bytes) -> Unplaced:
    return Unplaced(identifier, b"{", f',"payload":"{sha256(payload).hexdigest()}"'.encode(), b"}", payload)


# ------------------------------------------------------------------------------------------------------- keys on the disk


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    create_keyring(tmp_path / "keys")
    return tmp_path / "keys"


def test_a_key_has_a_name_where_it_is_there_and_only_there(keys: Path) -> None:
    with open_keyring(keys) as opened:
        key = opened.key_for("alice")
        assert (opened.name_of("alice"), opened.name_of("bob")) == (key.kid, None)
        opened.destroy(key.kid)
        assert (opened.name_of("alice"), opened.has(key.kid), opened.key_of(key.kid)) == (None, False, None)


def test_a_keyring_goes_on_after_one_of_its_keys_could_not_be_read(keys: Path) -> None:
    with open_keyring(keys) as opened:
        damaged, good = opened.key_for("alice"), opened.key_for("bob")
    with closing(apsw.Connection(str(keys))) as connection:
        connection.execute("UPDATE keys SET wrapped = zeroblob(40) WHERE kid = ?", (damaged.kid,))
    with open_keyring(keys) as opened:
        for _ in range(2):
            with pytest.raises(UnusableKey, match="was changed"):
                opened.key_of(damaged.kid)
            with pytest.raises(UnusableKey, match="was changed"):
                opened.key_for("alice")
            assert opened.key_of(good.kid) == opened.key_for("bob") == good
        assert opened.key_for("carol") != good


@pytest.mark.skipif(os.name != "posix", reason="folders can't be flushed elsewhere")
def test_the_name_of_a_master_key_is_on_the_disk_before_anything_is_wrapped_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[bool, str]] = []
    flush = os.fsync

    def noted(file: int) -> None:
        flushed.append(
            (stat.S_ISDIR(os.fstat(file).st_mode), "|".join(sorted(each.name for each in tmp_path.iterdir())))
        )
        flush(file)

    monkeypatch.setattr(os, "fsync", noted)
    masters.write_master(str(tmp_path / "waiting"), bytes(32))
    assert flushed == [(False, "waiting"), (True, "waiting")]
    masters.take_place(str(tmp_path / "waiting"), str(tmp_path / "master"))
    assert flushed[2:] == [(True, "master")]
    masters.write_master(str(tmp_path / "waiting"), b"n" * 32)
    masters.take_place(str(tmp_path / "waiting"), str(tmp_path / "master"))
    assert flushed[5:] == [(True, "master"), (False, "master")], (
        "the new name, and then the old key that is overwritten"
    )


@pytest.mark.skipif(os.name != "posix", reason="an old key isn't overwritten elsewhere")
def test_the_old_master_key_is_not_held_open_once_it_is_overwritten(tmp_path: Path) -> None:
    masters.write_master(str(tmp_path / "master"), bytes(32))
    free = next_descriptor()
    for number in range(3):
        masters.write_master(str(tmp_path / "waiting"), bytes([number]) * 32)
        masters.take_place(str(tmp_path / "waiting"), str(tmp_path / "master"))
    assert next_descriptor() == free


def next_descriptor() -> int:
    opened = os.open(os.devnull, os.O_RDONLY)
    os.close(opened)
    return opened
