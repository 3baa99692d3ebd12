"""Makes the file of a bundle: from a compiled policy to signed bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from tenetlang import __version__
from tenetlang.audit.canonical import canonical_bytes
from tenetlang.audit.checkpoints.note import SigningKey
from tenetlang.bundle.contents import (
    MAX_VERSION,
    PAYLOAD_TYPE,
    Contents,
    Document,
    Example,
    Source,
    digest_of,
    encoded,
)
from tenetlang.bundle.envelope import MAX_ENVELOPE, MAX_SIGNATURES, Envelope, read_envelope, sign, write_envelope
from tenetlang.bundle.errors import BrokenBundle, BundleError, NotABundle
from tenetlang.bundle.opening import document_digest, open_bundle
from tenetlang.decision_tree.json_form import encode
from tenetlang.decision_tree.tree import Policy
from tenetlang.text import Text
from tenetlang.values.times import time_text


class NotBuilt(BundleError):
    """No bundle can be made of what was given; the message says what to change."""


@attrs.frozen
class Term:
    """The version of a bundle, when it was made, from when on it is stale, and from when on it may decide nothing.

    Times are in nanoseconds since 1970; None is never. Raises `NotBuilt` where they are in no order.
    """

    version: int
    created: int
    expires: int | None = None
    hard_expires: int | None = None

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.version <= MAX_VERSION:
            raise NotBuilt(f"a version is a whole number from 1 to 2^53 - 1, and not {self.version}")
        if self.expires is not None and self.expires <= self.created:
            raise NotBuilt("a bundle expires after it was made")
        if self.hard_expires is not None and self.hard_expires < max(self.created + 1, self.expires or 0):
            raise NotBuilt("a bundle stops deciding after it was made, and not before it expires")


def contents_of(
    policy: Policy,
    documents: Mapping[str, object],
    tests: tuple[Sequence[Example], int],
    sources: Iterable[Text],
    term: Term,
    *,
    with_sources: bool = True,
) -> Contents:
    """What is to be signed. `tests` are those that are taken along, and how many stay behind (`testing/carried.py`)."""
    form = encode(policy).decode()
    return Contents(
        "tenet-bundle",
        1,
        policy.entry,
        term.version,
        digest_of(form),
        time_text(term.created),
        None if term.expires is None else time_text(term.expires),
        None if term.hard_expires is None else time_text(term.hard_expires),
        f"tenetlang {__version__}",
        tuple(
            Document(name, document_digest(document), canonical_bytes(document, "keep").decode())
            for name, document in sorted(documents.items())
        ),
        tuple(tests[0]),
        tests[1],
        tuple(
            Source(text.name, digest_of(text.content), text.content if with_sources else None)
            for text in sorted(sources, key=lambda text: text.name)
        ),
        form,
    )


def signed_bundle(contents: Contents, keys: Iterable[SigningKey]) -> bytes:
    """The file, signed with each of the keys, and opened once as everybody will open it.

    Raises `NotBuilt`, and `NoSignatures` where the package that signs is not installed.
    """
    try:
        envelope = Envelope(encoded(contents), PAYLOAD_TYPE, ())
    except UnicodeEncodeError as mistake:
        raise NotBuilt(f"no bundle: a text or the name of a file is not Unicode ({mistake})") from mistake
    for key in keys:
        envelope = sign(envelope, key)
    return _checked(write_envelope(envelope))


def countersigned(data: bytes, key: SigningKey) -> bytes:
    """The file with one more signature, of somebody who has looked at it. Raises `BundleError` and `NoSignatures`."""
    open_bundle(data, None)
    return _checked(write_envelope(sign(read_envelope(data), key)))


def _checked(data: bytes) -> bytes:
    try:
        open_bundle(data, None)
    except (NotABundle, BrokenBundle) as mistake:
        raise NotBuilt(
            f"no bundle that could be opened: {mistake} (at most {MAX_ENVELOPE:,} bytes and {MAX_SIGNATURES} signatures)"
        ) from mistake
    return data
