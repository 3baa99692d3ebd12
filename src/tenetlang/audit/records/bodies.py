"""Salted digests: how a record commits to what a caller wrote without holding it.

A record stays for as long as the log is kept; what people wrote must be erasable. So a record never quotes the
caller's own JSON. In its place stands SHA-256(salt ‖ JCS(value)), and value and salt together form a *body* of the
record's payload, which is stored beside it and may be encrypted or destroyed without a trace in the chain. The salt
(128 random bits, one for each body) keeps short values from being guessed out of their digests.

    record   {"what": {"arguments": [{"name": "amount", "digest": "9f2c…"}]}, "payload": "51ab…"}
    payload  {"bodies": {"/what/arguments/0/digest": {"salt": "07…", "value": 20}}, "salt": "c4…", "v": 1}

The key of a body is the JSON Pointer (RFC 6901) of its digest in the record. One body can be shown to somebody who
holds only the record, and the others stay hidden. The record also holds SHA-256 of the payload as a whole, so that
every byte of it is covered.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

import attrs

from tenetlang.audit.canonical import CanonicalError, canonical_bytes, digested_and_kept

MAX_PAYLOAD = 8 * 1024 * 1024
"""The longest payload, in bytes. A request of the largest allowed size needs about a quarter of it."""

MIN_SALT = 16
"""The shortest salt, in bytes."""

PAYLOAD_VERSION = 1


@attrs.define
class Bodies:
    """The bodies of one payload, while its record is built.

    `salts` gives fresh random bytes for the body of a pointer, and for "" those of the payload itself.
    """

    salts: Callable[[str], bytes]
    texts: dict[str, bytes] = attrs.field(factory=dict)
    room: int = MAX_PAYLOAD - 1024

    def digest(self, pointer: str, value: object) -> str:
        """Keeps the value as the body of `pointer`, and gives its digest in hexadecimal.

        A value that is not JSON is recorded as the reason why not; one that the payload has no room for, as its size.
        """
        salt = fresh_salt(self.salts, pointer)
        try:
            digested, kept = digested_and_kept(value)
            text = b'"value":' + kept
        except CanonicalError as mistake:
            digested = canonical_bytes(str(mistake))
            text = b'"unreadable":' + digested
        return self._keep(pointer, salt, digested, text)

    def raw_digest(self, pointer: str, content: bytes) -> str:
        """The same for bytes that could not be read as JSON; the digest is over the bytes as they came."""
        encoded = b64encode(content) if len(content) <= self.room else b"=" * self.room
        return self._keep(pointer, fresh_salt(self.salts, pointer), content, b'"base64":"' + encoded + b'"')

    def _keep(self, pointer: str, salt: bytes, digested: bytes, text: bytes) -> str:
        salted = b'"salt":"' + salt.hex().encode() + b'"'
        needed = len(pointer) + len(salted) + len(text) + 16
        if needed > self.room:
            text = b'"omitted":' + str(len(digested)).encode()
            needed = len(pointer) + len(salted) + len(text) + 16
        self.room -= needed
        members = (text, salted) if text < salted else (salted, text)
        self.texts[pointer] = b"{" + b",".join(members) + b"}"
        return sha256(salt + digested).hexdigest()

    def payload(self) -> bytes:
        """The payload: names sorted, no spaces, numbers with all their digits."""
        bodies = b",".join(b'"' + pointer.encode() + b'":' + text for pointer, text in sorted(self.texts.items()))
        salt = fresh_salt(self.salts, "").hex().encode()
        return b'{"bodies":{' + bodies + b'},"salt":"' + salt + b'","v":' + str(PAYLOAD_VERSION).encode() + b"}"


def fresh_salt(salts: Callable[[str], bytes], pointer: str) -> bytes:
    """One salt, refused where it is too short to hide anything."""
    salt = salts(pointer)
    if len(salt) < MIN_SALT:
        raise ValueError(f"a salt has {len(salt)} bytes; at least {MIN_SALT} are needed")
    return salt
