"""Sealed payloads: what callers sent, under a key of the person whom it is about.

A sealed payload is a JSON Web Encryption in its compact form (RFC 7516), of one kind and no other:

    BASE64URL(header) . BASE64URL(wrapped key) . BASE64URL(nonce) . BASE64URL(ciphertext) . BASE64URL(tag)
    {"alg":"A256KW","enc":"A256GCM","kid":"<64 hex>","record":"<the record's id>"}

Each payload has a key of its own: 256 random bits, wrapped under the person's key by AES Key Wrap (RFC 3394), which takes no
nonce. So no key of AES-GCM ever seals two payloads, no nonce can meet another one, and there is no number of payloads after
which a person's key is worn out. The header is the associated data. It names the record, so that the payload of one record
does not open as that of another, and the person's key, by a number that says nothing of the person.

The record's `payload` is the digest of these bytes as they are stored. A log therefore verifies without any key, before and
after one is destroyed; and the digests in the record are of what is inside, and fit it when it is opened.

AES is that of the package `cryptography`, the extra `audit`, which is imported when something is sealed or opened.
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.errors import InvalidRecord, InvalidSeal, NoSignatures
from tenetlang.audit.records.bodies import MAX_PAYLOAD
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.frozen import field, frozen

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_kid = re.compile(r"[0-9a-f]{64}")
_MAX_HEADER: Final = 512
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


@frozen
class SubjectKey:
    """The key of one person or session; `kid` is 64 random hexadecimal digits."""

    kid: str
    secret: bytes = field(repr=False)


Keys: TypeAlias = Callable[[str], SubjectKey | None]
"""Gives the key of a name where it is at hand; `Keyring.key_of` is one."""


def no_keys(_: str) -> SubjectKey | None:
    """No key is at hand."""
    return None


@frozen
class Seal:
    """A sealed payload, read and not opened yet."""

    kid: str
    record: str
    header: bytes
    wrapped: bytes = field(repr=False)
    nonce: bytes
    sealed: bytes = field(repr=False)


def is_sealed(payload: bytes) -> bool:
    """Whether a payload is meant as a sealed one: the others begin with a brace."""
    return not payload.startswith(b"{")


def seal(payload: bytes, key: SubjectKey, record: str, randomness: Callable[[int], bytes] = os.urandom) -> bytes:
    """The payload of the record with this `id`, sealed. Raises `NoSignatures` where the package is not installed."""
    gcm, wrap, _ = _aes()
    own, nonce = randomness(KEY_BYTES), randomness(_NONCE_BYTES)
    header = _encoded(_header(key.kid, record))
    sealed = gcm(own).encrypt(nonce, payload, header)
    wrapped, tag = _encoded(wrap(key.secret, own)), _encoded(sealed[-_TAG_BYTES:])
    return b".".join((header, wrapped, _encoded(nonce), _encoded(sealed[:-_TAG_BYTES]), tag))


def seal_record(record: Unplaced, key: SubjectKey, randomness: Callable[[int], bytes] = os.urandom) -> Unplaced:
    """The record with its payload sealed, and the digest of that in it; one without a payload as it is.

    Raises `InvalidRecord` for a payload that is too long when it is sealed, and `NoSignatures`.
    """
    if record.payload is None:
        return record
    sealed = seal(record.payload, key, record.identifier, randomness)
    if len(sealed) > MAX_PAYLOAD:
        raise InvalidRecord(
            f"the payload has {len(sealed):,} bytes when it is sealed; at most {MAX_PAYLOAD:,} are stored"
        )
    before = f'"payload":"{sha256(record.payload).hexdigest()}"'.encode()
    after = f'"payload":"{sha256(sealed).hexdigest()}"'.encode()
    if record.middle.count(before) != 1:
        raise InvalidRecord("the record does not name its payload once, so the payload can't be sealed")
    return Unplaced(record.identifier, record.start, record.middle.replace(before, after), record.end, sealed)


def read_seal(payload: bytes) -> Seal:
    """The parts of a sealed payload. Raises `InvalidSeal` for what is none, or is spelled in another way."""
    parts = payload.split(b".", 5)
    if len(parts) != 5 or len(parts[0]) > _MAX_HEADER:
        raise InvalidSeal("it has not the five parts of a sealed payload")
    header, wrapped, nonce, ciphertext, tag = (_decoded(part) for part in parts)
    match _json(header):
        case {"kid": str(kid), "record": str(record)} if _kid.fullmatch(kid) and _header(kid, record) == header:
            pass
        case _:
            raise InvalidSeal("its header is not that of a sealed payload")
    if (len(wrapped), len(nonce), len(tag)) != (KEY_BYTES + 8, _NONCE_BYTES, _TAG_BYTES):
        raise InvalidSeal("a part of it has a wrong length")
    return Seal(kid, record, parts[0], wrapped, nonce, ciphertext + tag)


def open_seal(found: Seal, key: SubjectKey, record: str) -> bytes:
    """What is in it. Raises `InvalidSeal` where it is not of this record or key, or was changed; and `NoSignatures`."""
    if found.record != record:
        raise InvalidSeal("it is the payload of another record")
    gcm, _, unwrap = _aes()
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

    try:
        return gcm(unwrap(key.secret, found.wrapped)).decrypt(found.nonce, found.sealed, found.header)
    except (InvalidTag, InvalidUnwrap):
        raise InvalidSeal("its key does not open it") from None


def open_payload(payload: bytes, record: object, keys: Keys = no_keys) -> bytes | Seal:
    """A payload as it was before it was sealed, or its seal where the key is not at hand.

    `record` is the `id` of its record. Raises `InvalidSeal` for what was not sealed like this for this record.
    """
    if not is_sealed(payload):
        return payload
    found = read_seal(payload)
    key = keys(found.kid)
    if key is not None:
        return open_seal(found, key, str(record))
    if found.record != record:
        raise InvalidSeal("it is the payload of another record")
    return found


def _header(kid: str, record: str) -> bytes:
    return profile_bytes({"alg": "A256KW", "enc": "A256GCM", "kid": kid, "record": record})


def _json(text: bytes) -> Mapping[object, object]:
    try:
        value: object = msgspec.json.decode(text)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        value = None
    return value if isinstance(value, Mapping) else {}


def _encoded(part: bytes) -> bytes:
    """Base64url without padding."""
    return b2a_base64(part, newline=False).translate(_URL_SAFE).rstrip(b"=")


def _decoded(part: bytes) -> bytes:
    """Base64url without padding, in the one spelling that there is of the bytes."""
    try:
        decoded = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except ValueError:
        raise InvalidSeal("a part of it is no base64url") from None
    if _encoded(decoded) != part:
        raise InvalidSeal("a part of it is no base64url")
    return decoded


@cache
def _aes() -> tuple[type[AESGCM], Callable[[bytes, bytes], bytes], Callable[[bytes, bytes], bytes]]:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
    except ImportError as missing:
        raise NoSignatures("sealed payloads need the package `cryptography`: tenetlang[audit]") from missing
    return AESGCM, aes_key_wrap, aes_key_unwrap
