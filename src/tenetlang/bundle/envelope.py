"""DSSE, the Dead Simple Signing Envelope (secure-systems-lab, version 1): some bytes, what they are, and who signed them.

    {"payload": base64(BODY), "payloadType": TYPE, "signatures": [{"keyid": KEY, "sig": base64(SIGNATURE)}, …]}

    signed is   PAE(TYPE, BODY) = "DSSEv1" SP LEN(TYPE) SP TYPE SP LEN(BODY) SP BODY        (lengths in bytes, as decimal digits)

So the body is signed as the bytes that it is and is parsed only once its signature holds, and the type is signed with it: a file
that the same key signed for another purpose is none of ours. The envelope itself is the only thing that is parsed before, by a
strict parser, after its size was looked at; nothing is compressed, so there is nothing that grows.

`keyid` is not signed. It decides nothing but which keys are tried: those of this name, and all of them where a signature has none. One
by a key that nobody trusts is let pass, for that is how keys change. What counts is how many *different* trusted keys signed. A key with a
second half for ML-DSA-44 counts if both halves signed, as in the log.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence

import attrs
import msgspec

from tenetlang.audit.checkpoints import post_quantum
from tenetlang.audit.checkpoints.keys import ML_DSA, ed25519_sign, identifier_of
from tenetlang.audit.checkpoints.note import SigningKey, VerifierKey, verifies
from tenetlang.bundle.errors import NotABundle, NotTrusted
from tenetlang.bundle.trust import Trust

MAX_ENVELOPE = 64 * 2**20
"""The longest file that is read, in bytes."""

MAX_SIGNATURES = 16

_URL_SAFE = str.maketrans("-_", "+/")


class _Signature(msgspec.Struct, frozen=True):
    sig: str
    keyid: str = ""


class _Form(msgspec.Struct, frozen=True):
    payload: str = ""
    payload_type: str = msgspec.field(name="payloadType", default="")
    signatures: list[_Signature] = []


_decoder = msgspec.json.Decoder(_Form)


@attrs.frozen
class Signature:
    """A signature that nobody has checked, and the name of its key, which nobody vouches for."""

    keyid: str
    signature: bytes = attrs.field(repr=False)


@attrs.frozen
class Envelope:
    """An envelope as it came, none of it believed."""

    payload: bytes = attrs.field(repr=False)
    payload_type: str
    signatures: tuple[Signature, ...]


def authenticated(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding, PAE."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def read_envelope(data: bytes) -> Envelope:
    """The parts of an envelope. Raises `NotABundle`."""
    if len(data) > MAX_ENVELOPE:
        raise NotABundle(f"it has {len(data):,} bytes, and no more than {MAX_ENVELOPE:,} are read")
    try:
        form = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as mistake:
        raise NotABundle(f"it is no DSSE envelope ({mistake}); `tenet build --target bundle` makes one") from mistake
    if len(form.signatures) > MAX_SIGNATURES:
        raise NotABundle(f"it has {len(form.signatures):,} signatures, and no more than {MAX_SIGNATURES} are read")
    signatures = tuple(Signature(each.keyid, _bytes(each.sig, "a signature")) for each in form.signatures)
    return Envelope(_bytes(form.payload, "the payload"), form.payload_type, signatures)


def write_envelope(envelope: Envelope) -> bytes:
    """The file of an envelope, which ends in a newline."""
    signatures = [_Signature(b64encode(each.signature).decode(), each.keyid) for each in envelope.signatures]
    form = _Form(b64encode(envelope.payload).decode(), envelope.payload_type, signatures)
    return msgspec.json.encode(form) + b"\n"


def sign(envelope: Envelope, key: SigningKey) -> Envelope:
    """The envelope with the signature of one more key, in place of an earlier one by it. Raises `NoSignatures`."""
    message = authenticated(envelope.payload_type, envelope.payload)
    made = [Signature(key.verifier.short, ed25519_sign(key.seed, message))]
    if key.post_quantum_seed:
        made.append(Signature(_second_name(key.verifier), post_quantum.sign(key.post_quantum_seed, message)))
    names = {each.keyid for each in made}
    return attrs.evolve(
        envelope, signatures=(*(each for each in envelope.signatures if each.keyid not in names), *made)
    )


def signers(envelope: Envelope, trust: Trust, payload_type: str) -> tuple[VerifierKey, ...]:
    """The trusted keys that signed it, at least as many as it takes; and it is of this type.

    Raises `NotTrusted`, and `NoSignatures` where the package that verifies is not installed.
    """
    message = authenticated(envelope.payload_type, envelope.payload)
    found = tuple(key for key in trust.keys if _signed(envelope.signatures, key, message))
    if len(found) < trust.threshold:
        raise NotTrusted(_too_few(envelope, trust, found))
    if envelope.payload_type != payload_type:
        raise NotTrusted(
            f"what was signed is `{envelope.payload_type:.80}` and no `{payload_type}`: this is another kind of file"
        )
    return found


def _signed(signatures: Sequence[Signature], key: VerifierKey, message: bytes) -> bool:
    """Whether the key signed, with both of its halves if it has two."""
    first = any(
        verifies(key.public, each.signature, message) for each in signatures if each.keyid in {"", key.short, key.name}
    )
    if not first or not key.post_quantum:
        return first
    return any(
        post_quantum.verifies(key.post_quantum, each.signature, message)
        for each in signatures
        if each.keyid in {"", _second_name(key), key.name}
    )


def _second_name(key: VerifierKey) -> str:
    return f"{key.name}+{identifier_of(key.name, ML_DSA, key.post_quantum).hex()}"


def _too_few(envelope: Envelope, trust: Trust, found: Sequence[VerifierKey]) -> str:
    wanted = "a signature" if trust.threshold == 1 else f"signatures by {trust.threshold} different keys"
    have = f", and {len(found)} of them signed" if found else ""
    names = ", ".join(dict.fromkeys(f"{each.keyid:.80}" or "a key without a name" for each in envelope.signatures))
    said = f"it says to be signed by {names}" if names else "nobody signed it"
    return (
        f"{wanted} of {', '.join(key.short for key in trust.keys)} is needed{have}; {said}. Get the file from where it "
        "was signed, or trust the key that signs there"
    )


def _bytes(text: str, what: str) -> bytes:
    """What base64 in either alphabet stands for, if the text is the one way to write that. Raises `NotABundle`."""
    standard = text.translate(_URL_SAFE)
    try:
        decoded = b64decode(standard, validate=True)
    except ValueError as mistake:
        raise NotABundle(f"{what} is no base64 ({mistake})") from mistake
    if b64encode(decoded).decode() != standard:
        raise NotABundle(f"{what} is base64 that can be written shorter")
    return decoded
