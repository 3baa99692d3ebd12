"""Cosignatures: that a key has seen a log at one moment, and nothing in it that contradicts what it saw before.

    — witness.example/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9…    a line below a checkpoint: base64(identifier ‖ time ‖ signature)

They are C2SP tlog-cosignature, of two types, which sign the seconds since 1970 with the checkpoint:

    4  Ed25519    `cosignature/v1`, `time 1679315147`, and the text of the note
    6  ML-DSA-44  a structure of the cosigner's name, the time, the origin, the size and the root

Witnesses sign so (`witness/`). A log's own key does as well, to say *when* it signed (`signatures`): the standard wants no time
among the lines of a checkpoint itself, where two that differ in nothing else would be two stories. None of these messages is
the text of a checkpoint, whose second line is a number, so one key can safely make both.
"""

from __future__ import annotations

import attrs

from tenetlang.audit.checkpoints import post_quantum
from tenetlang.audit.checkpoints.checkpoint import Checkpoint, read_checkpoint
from tenetlang.audit.checkpoints.keys import (
    COSIGNATURE,
    MAX_NAME,
    ML_DSA,
    ed25519_public,
    ed25519_sign,
    identifier_of,
    is_name,
    key_text,
    private_parts,
    private_text,
    public_parts,
)
from tenetlang.audit.checkpoints.note import Signature, verifies
from tenetlang.audit.errors import InvalidNote, UnusableKey

_LABEL = b"subtree/v1\n\0"


@attrs.frozen
class CosignerKey:
    """The public key of one who cosigns, of type 4 or 6."""

    name: str
    kind: int
    public: bytes = attrs.field(repr=False)

    @property
    def identifier(self) -> bytes:
        """The four bytes by which signatures name the key."""
        return identifier_of(self.name, self.kind, self.public)

    @property
    def short(self) -> str:
        """The key in few words, for messages."""
        return f"{self.name}+{self.identifier.hex()}"

    def __str__(self) -> str:
        """The key as it is handed to those who verify."""
        return key_text(self.name, self.kind, self.public)


@attrs.frozen
class CosigningKey:
    """The private key of one who cosigns."""

    seed: bytes = attrs.field(repr=False)
    verifier: CosignerKey

    def text(self) -> str:
        """The key as it stands in its file, for nobody else to see."""
        return private_text(self.verifier.name, self.verifier.kind, self.verifier.public, self.seed)


def cosigning_key(name: str, seed: bytes, kind: int = COSIGNATURE) -> CosigningKey:
    """The key of a name that 32 random bytes make. Raises `UnusableKey` and `NoSignatures`."""
    if not is_name(name):
        raise UnusableKey(f"{name!r} is no name for a key: it has a space or a `+`, or is empty")
    if kind == ML_DSA and len(name.encode()) > MAX_NAME:
        raise UnusableKey(f"a key for ML-DSA-44 has a name of at most {MAX_NAME} bytes")
    public = post_quantum.public_of(seed) if kind == ML_DSA else ed25519_public(seed)
    return CosigningKey(seed, CosignerKey(name, kind, public))


def read_cosigner_key(text: str) -> CosignerKey:
    """The public key of a witness that a text holds. Raises `UnusableKey`."""
    name, kind, public = public_parts(text.strip())
    return CosignerKey(name, _of_a_witness(kind), public)


def read_cosigning_key(text: str) -> CosigningKey:
    """The private key of a witness that a text holds. Raises `UnusableKey` and `NoSignatures`."""
    name, kind, seed = private_parts(text.strip())
    return cosigning_key(name, seed, _of_a_witness(kind))


def _of_a_witness(kind: int) -> int:
    if kind not in (COSIGNATURE, ML_DSA):
        raise UnusableKey("this is the key of a log, and not of a witness, which `tenet witness keygen` makes")
    return kind


def cosign(text: str, key: CosigningKey, at: int) -> Signature:
    """The cosignature of a checkpoint's text, at this many seconds since 1970. Raises `InvalidNote` and `NoSignatures`."""
    message = _message(text, key.verifier, at)
    if key.verifier.kind == ML_DSA:
        signature = post_quantum.sign(key.seed, message)
    else:
        signature = ed25519_sign(key.seed, message)
    return Signature(key.verifier.name, key.verifier.identifier, at.to_bytes(8) + signature)


def is_by(signature: Signature, key: CosignerKey) -> bool:
    """Whether a line says that it is by this key."""
    return (signature.name, signature.identifier) == (key.name, key.identifier)


def cosigned_at(text: str, signature: Signature, key: CosignerKey) -> int | None:
    """When a line that says it is by this key was signed; None if it was not. Raises `InvalidNote` and `NoSignatures`."""
    at = int.from_bytes(signature.signature[:8])
    if at >= 1 << 63:
        return None
    check = post_quantum.verifies if key.kind == ML_DSA else verifies
    return at if check(key.public, signature.signature[8:], _message(text, key, at)) else None


def _message(text: str, key: CosignerKey, at: int) -> bytes:
    checkpoint = read_checkpoint(text)
    if key.kind == ML_DSA:
        return _structure(checkpoint, key.name, at)
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _structure(checkpoint: Checkpoint, name: str, at: int) -> bytes:
    named = (name.encode(), checkpoint.origin.encode())
    if any(len(each) > MAX_NAME for each in named):
        raise InvalidNote(f"ML-DSA-44 signs for names of at most {MAX_NAME} bytes")
    first, second = (bytes([len(each)]) + each for each in named)
    sizes = (0).to_bytes(8) + checkpoint.size.to_bytes(8)
    return _LABEL + first + at.to_bytes(8) + second + sizes + checkpoint.root
