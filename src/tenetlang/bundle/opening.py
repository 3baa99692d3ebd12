"""From the bytes of a file to a bundle that can be put into force: each step only after the one before held.

    size → envelope → signatures, k of n → the one spelling → digests → documents → the policy, verified

The policy is read as one from a stranger is (`decision_tree.json_form.decode`): a signature says who made it, not that it is
well formed, and a signer's mistake, or a signer's machine in other hands, must not hang or crash the gate. What was verified
so on this machine, by this version, may be found in the authenticated cache (`project/cache.py`) and is then opened at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import attrs

from tenetlang.audit.canonical import CanonicalError, canonical_bytes
from tenetlang.audit.checkpoints.note import VerifierKey
from tenetlang.bundle.contents import PAYLOAD_TYPE, Contents, decoded, moment
from tenetlang.bundle.envelope import MAX_ENVELOPE, read_envelope, signers
from tenetlang.bundle.errors import BrokenBundle, BundleExpired, BundleUnavailable, NotABundle
from tenetlang.bundle.trust import Trust
from tenetlang.decision_tree.tree import Policy
from tenetlang.decision_tree.verify import PolicyFormatError
from tenetlang.project.cache import Cache
from tenetlang.project.loading import verified_policy
from tenetlang.values.reading import DATA_LIMITS, InvalidRequest, read_json


@attrs.frozen
class Bundle:
    """A bundle, verified and read. `signed_by` are the trusted keys that signed it, empty where nobody asked for any.

    `identity` is the SHA-256 of what was signed: two files of one version are the same bundle if it is the same.
    """

    contents: Contents
    policy: Policy = attrs.field(repr=False)
    documents: Mapping[str, object] = attrs.field(repr=False)
    signed_by: tuple[VerifierKey, ...]
    identity: str


def open_bundle(data: bytes, trust: Trust | None, now_ns: int | None = None, cache: Cache | None = None) -> Bundle:
    """The bundle in the bytes of a file. `now_ns` refuses one that may no longer decide (nanoseconds since 1970).

    Without `trust` no signature is looked at, which is for looking into a file and for development. A policy that was verified here
    before is found in the `cache`. Raises `BundleError`, and `NoSignatures` where the package that verifies is not installed.
    """
    envelope = read_envelope(data)
    signed_by = () if trust is None else signers(envelope, trust, PAYLOAD_TYPE)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise NotABundle(
            f"it holds `{envelope.payload_type:.80}` and no `{PAYLOAD_TYPE}`: this is another kind of file"
        )
    contents = decoded(envelope.payload)
    if now_ns is not None and contents.hard_expires is not None and now_ns >= moment(contents.hard_expires):
        raise BundleExpired(
            f"version {contents.version} of {contents.package} may decide nothing since {contents.hard_expires}; "
            "build and sign a newer one"
        )
    documents = {
        document.name: _document(document.name, document.json, document.digest) for document in contents.documents
    }
    return Bundle(contents, _policy(contents, cache), documents, signed_by, sha256(envelope.payload).hexdigest())


def read_bundle_file(path: Path) -> bytes:
    """The bytes of a file; of one that is too long, as much as shows that. Raises `BundleUnavailable`."""
    try:
        with path.open("rb") as opened:
            return opened.read(MAX_ENVELOPE + 1)
    except OSError as error:
        raise BundleUnavailable(f"it can't be read: {error.strerror}") from error


def document_digest(document: object) -> str:
    """The digest by which records name a document: of its value, however it is spelled."""
    return f"sha256:{sha256(canonical_bytes(document)).hexdigest()}"


def _document(name: str, text: str, digest: str) -> object:
    try:
        document = read_json(text, DATA_LIMITS)
        found = document_digest(document)
    except (InvalidRequest, CanonicalError) as mistake:
        raise BrokenBundle(f"the document `{name:.80}` is no JSON that is read: {mistake}; build it again") from mistake
    if found != digest:
        raise BrokenBundle(f"the document `{name:.80}` is not the one of its digest; build it again")
    return document


def _policy(contents: Contents, cache: Cache | None) -> Policy:
    try:
        policy, digest = verified_policy(contents.policy.encode(), cache)
    except PolicyFormatError as mistake:
        raise BrokenBundle(f"its policy is none that this version reads ({mistake}); build it again") from mistake
    if digest != contents.bundle:
        raise BrokenBundle("its policy is not in its one spelling; build it again")
    if policy.entry != contents.package:
        raise BrokenBundle(
            f"it says to be {contents.package:.80}, and its policy is {policy.entry:.80}; build it again"
        )
    return policy
