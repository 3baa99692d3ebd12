"""A JSON Web Signature in its compact form (RFC 7515), with Ed25519 (RFC 8037) and nothing else.

    BASE64URL(header) . BASE64URL(payload) . BASE64URL(signature of what is before the second dot)

The history of this format is one of verifiers that were talked into something: into `none`, into taking a public key for a
shared secret, into a key that the token brings along, into an extension they did not know. So nothing is negotiated here.
A header has three members, `alg`, `kid` and `typ`; the first and the last have one value each, and the second names a key that
the verifier has. Whatever has one more member, a name twice, padding, or a second spelling of the same bytes is refused,
and so is what is longer than any such token.

A key that signs a log's checkpoints can sign these as well: a checkpoint's text has newlines, and what is signed here has
none, so that neither can be taken for the other.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Final

from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.checkpoints.note import SigningKey, VerifierKey, verifies
from tenetlang.audit.errors import InvalidReceipt, NoSignatures
from tenetlang.frozen import frozen

MAX_TOKEN: Final = 8192
"""The longest token that is read, in characters."""

ALGORITHM: Final = "EdDSA"

_part = re.compile(r"[A-Za-z0-9_-]+")


@frozen
class Compact:
    """The parts of a token, none of them checked yet."""

    header: Mapping[str, object]
    payload: bytes
    signed: bytes
    signature: bytes


def key_identifier(key: VerifierKey) -> str:
    """How a token names the key: its name and its number, as they stand in the verifier key."""
    return f"{key.name}+{key.identifier.hex()}"


def sign_compact(kind: str, payload: bytes, key: SigningKey) -> str:
    """The token of a payload, of this `typ`. Raises `NoSignatures`."""
    header = profile_bytes({"alg": ALGORITHM, "kid": key_identifier(key.verifier), "typ": kind})
    signed = f"{_encoded(header)}.{_encoded(payload)}"
    return f"{signed}.{_encoded(sign_bytes(signed.encode(), key))}"


def sign_bytes(message: bytes, key: SigningKey) -> bytes:
    """The Ed25519 signature of a message. Raises `NoSignatures`."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as missing:
        raise NoSignatures("receipts need the package `cryptography`: tenetlang[audit]") from missing
    return Ed25519PrivateKey.from_private_bytes(key.seed).sign(message)


def open_compact(token: str, kind: str, keys: Sequence[VerifierKey]) -> tuple[bytes, VerifierKey]:
    """The payload of a token, once one of the keys is known to have signed it, and that key.

    Raises `InvalidReceipt` for any other, and `NoSignatures`.
    """
    compact = split_compact(token)
    if compact.header.keys() != {"alg", "kid", "typ"}:
        raise InvalidReceipt("form", "the header has other members than `alg`, `kid` and `typ`")
    if compact.header["alg"] != ALGORITHM or compact.header["typ"] != kind:
        raise InvalidReceipt("form", f"the token is not of the type `{kind}` with `{ALGORITHM}`")
    named = [key for key in keys if key_identifier(key) == compact.header["kid"]]
    if len(named) != 1:
        raise InvalidReceipt(
            "key", f"the token is signed by a key that is {'ambiguous' if named else 'not known'} here"
        )
    if not verifies(named[0].public, compact.signature, compact.signed):
        raise InvalidReceipt("signature", "the signature is wrong: the token was changed, or made by somebody else")
    return compact.payload, named[0]


def split_compact(token: str) -> Compact:
    """The parts of a token. Raises `InvalidReceipt` where it has not the form of one."""
    if len(token) > MAX_TOKEN:
        raise InvalidReceipt("form", f"the token has {len(token):,} characters; none has more than {MAX_TOKEN:,}")
    parts = token.split(".")
    if len(parts) != 3:
        raise InvalidReceipt("form", "the token has not three parts with dots between them")
    header, payload, signature = map(_decoded, parts)
    return Compact(json_object(header), payload, token[: token.rindex(".")].encode(), signature)


def json_object(text: bytes) -> dict[str, object]:
    """A JSON object whose numbers are whole, and in which no name stands twice. Raises `InvalidReceipt`."""
    try:
        value: object = json.loads(
            text.decode(), object_pairs_hook=_members, parse_float=_no_number, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as mistake:
        raise InvalidReceipt("form", f"a part of the token is no JSON: {mistake}") from None
    if not isinstance(value, dict):
        raise InvalidReceipt("form", "a part of the token is no JSON object")
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


def _no_number(text: str) -> object:
    raise ValueError(f"{text:.40} is no whole number")


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """The bytes of base64url without padding, if it is the one way to write them."""
    if _part.fullmatch(text) and len(text) % 4 != 1:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if _encoded(content) == text:
            return content
    raise InvalidReceipt("form", "a part of the token is no base64url")
