"""What is signed: the compiled policy, its documents and tests, for how long it is good, and where it came from.

    {"format": "tenet-bundle", "revision": 1, "package": "acme.support", "version": 12, "bundle": "sha256:…",
     "created": "2026-11-22T20:00:00Z", "expires": …, "hard_expires": …, "made_by": "tenetlang 0.1.0",
     "documents": [{"name": "vendors", "digest": "sha256:…", "json": "…"}],
     "tests": [{"name": …, "call": "…", "verdict": "allow", …}], "left_out": 0,
     "sources": [{"name": "support.tenet", "digest": "sha256:…", "text": null}], "policy": "…"}

All of it is under one signature, so parts of two bundles can't be mixed. The policy and the documents are JSON texts inside of
strings: the digests, by which records name them, are then of bytes that are there, and a policy that is nested deeper than
documents may be costs no other parser.

There is one spelling: these members in this order, nothing left out, no spaces. A member that is not known is refused, since nothing in
a bundle may be ignored. Times are RFC 3339 in UTC.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final, Literal

import msgspec

from tenetlang.bundle.errors import BrokenBundle
from tenetlang.values.faults import ValueFault
from tenetlang.values.times import parse_time, time_text

PAYLOAD_TYPE: Final = "application/vnd.tenetlang.bundle+json"

MAX_VERSION: Final = 2**53 - 1


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document for the policy's data: its JSON text, and the digest by which records name its value."""

    name: str
    digest: str
    json: str


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of one of the policy's own tests: a call, and what must come of it.

    `call` and `documents` are JSON texts; the documents are all those of the test, which are not the bundle's. `because` is
    null where the test says nothing of the reason.
    """

    name: str
    row: str
    at: str
    call: str
    documents: str
    verdict: Literal["allow", "deny", "escalate"]
    decided_by: tuple[str, ...]
    asks: tuple[str, ...]
    obligations: tuple[str, ...]
    because: str | None


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that it was compiled from, and its text if that was taken along."""

    name: str
    digest: str
    text: str | None


class Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signed part. `left_out` counts the tests that could not be taken along; they have passed where it was built."""

    format: Literal["tenet-bundle"]
    revision: Literal[1]
    package: str
    version: int
    bundle: str
    created: str
    expires: str | None
    hard_expires: str | None
    made_by: str
    documents: tuple[Document, ...]
    tests: tuple[Example, ...]
    left_out: int
    sources: tuple[Source, ...]
    policy: str


_decoder: Final = msgspec.json.Decoder(Contents)
_encode: Final = msgspec.json.Encoder().encode


def encoded(contents: Contents) -> bytes:
    """The one spelling of the contents."""
    return _encode(contents)


def decoded(payload: bytes) -> Contents:
    """The contents of bytes whose signature holds. Raises `BrokenBundle` for what is not the one spelling of some."""
    try:
        contents = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as mistake:
        raise BrokenBundle(
            f"what was signed is no bundle that this version reads ({mistake}); build it by the version that reads it"
        ) from mistake
    _check(contents)
    if _encode(contents) != payload:
        raise BrokenBundle("what was signed is not in its one spelling; build it again")
    return contents


def _check(contents: Contents) -> None:
    """What the types don't say. Raises `BrokenBundle`."""
    if not 1 <= contents.version <= MAX_VERSION or not 0 <= contents.left_out <= MAX_VERSION:
        raise BrokenBundle(f"its version is {contents.version}; versions are whole numbers from 1 to 2^53 - 1")
    created = moment(contents.created)
    ends = [moment(text) for text in (contents.expires, contents.hard_expires) if text is not None]
    if ends != sorted(ends) or any(end <= created for end in ends):
        raise BrokenBundle("its times are not in the order `created`, `expires`, `hard_expires`; build it again")
    if digest_of(contents.policy) != contents.bundle:
        raise BrokenBundle("its policy is not the one of its own digest `bundle`; build it again")
    for document in contents.documents:
        if [each.name for each in contents.documents].count(document.name) > 1:
            raise BrokenBundle(f"the document `{document.name:.80}` is there twice; build it again")
    for source in contents.sources:
        if source.text is not None and digest_of(source.text) != source.digest:
            raise BrokenBundle(f"the source `{source.name:.80}` is not the one of its digest; build it again")


def moment(text: str) -> int:
    """A time of a bundle in nanoseconds since 1970. Raises `BrokenBundle` for another spelling of one."""
    try:
        time = parse_time(text)
    except ValueFault as fault:
        raise BrokenBundle(f"`{text:.80}` is no time; build it again") from fault
    if time_text(time) != text:
        raise BrokenBundle(f"`{text:.80}` is not the one spelling of that time; build it again")
    return time


def digest_of(text: str) -> str:
    """`sha256:` and the SHA-256 of a text in hexadecimal."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"
