"""Signed notes: a text, and below it who signed it. The format is C2SP signed-note, Go's `sumdb/note`.

    example.com/refunds
    812
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/refunds Az3grlgtzPICa5OS8npVmf1Myq/5IZni…

A signature line names a key, and its base64 holds the key's identifier (4 bytes) and the signature of the text with the
newline at its end (`keys`).

A signature by an unknown key is let pass, for that is how keys change and how witnesses add theirs. One by a known key
that does not verify spoils the note.

A key may have a second half for ML-DSA-44, type 6: then it is two such lines, and whoever has both signs twice
(`signatures`). What other types sign is in `cosignature`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence

import attrs

from tenetlang.audit.checkpoints import post_quantum
from tenetlang.audit.checkpoints.keys import (
    ED25519,
    MAX_NAME,
    ML_DSA,
    base64_bytes,
    ed25519_public,
    ed25519_sign,
    has_control,
    identifier_of,
    is_name,
    key_text,
    no_signatures,
    private_parts,
    private_text,
    public_parts,
)
from tenetlang.audit.errors import InvalidNote, UnusableKey

MAX_NOTE = 64 * 1024
"""The longest note that is read, in bytes."""

MAX_SIGNATURES = 100

_signature_line = re.compile("\u2014 ([^ ]+) ([A-Za-z0-9+/]+={0,2})")


@attrs.frozen
class VerifierKey:
    """A public key under a name: for Ed25519, and if `post_quantum` is not empty also for ML-DSA-44."""

    name: str
    public: bytes
    post_quantum: bytes = attrs.field(default=b"", repr=False)

    @property
    def identifier(self) -> bytes:
        """The four bytes by which signatures name the key."""
        return identifier_of(self.name, ED25519, self.public)

    @property
    def short(self) -> str:
        """The key in few words, for messages."""
        return f"{self.name}+{self.identifier.hex()}"

    def __str__(self) -> str:
        """The key as it is handed to those who verify."""
        lines = [key_text(self.name, ED25519, self.public)]
        if self.post_quantum:
            lines.append(key_text(self.name, ML_DSA, self.post_quantum))
        return "\n".join(lines)


@attrs.frozen
class SigningKey:
    """A private key under a name, with its public half."""

    seed: bytes = attrs.field(repr=False)
    verifier: VerifierKey
    post_quantum_seed: bytes = attrs.field(default=b"", repr=False)

    def text(self) -> str:
        """The key as it stands in its file, for nobody else to see."""
        lines = [private_text(self.verifier.name, ED25519, self.verifier.public, self.seed)]
        if self.post_quantum_seed:
            lines.append(private_text(self.verifier.name, ML_DSA, self.verifier.post_quantum, self.post_quantum_seed))
        return "\n".join(lines)


@attrs.frozen
class Signature:
    """One line below a note: the name and the identifier of the key, and what it signed with."""

    name: str
    identifier: bytes
    signature: bytes

    def line(self) -> str:
        """The line as it stands below a note."""
        return f"\u2014 {self.name} {b64encode(self.identifier + self.signature).decode()}\n"


@attrs.frozen
class OpenedNote:
    """A note whose signatures were checked: by which keys it is signed, and how many signatures are by unknown keys."""

    text: str
    verified: tuple[str, ...]
    unverified: int


def signing_key(name: str, seed: bytes, post_quantum_seed: bytes = b"") -> SigningKey:
    """The key of a name that 32 random bytes make, or 64 of them. Raises `UnusableKey` and `NoSignatures`."""
    if not is_name(name):
        raise UnusableKey(f"{name!r} is no name for a key: it has a space or a `+`, or is empty")
    if post_quantum_seed and len(name.encode()) > MAX_NAME:
        raise UnusableKey(f"a key for ML-DSA-44 has a name of at most {MAX_NAME} bytes")
    second = post_quantum.public_of(post_quantum_seed) if post_quantum_seed else b""
    return SigningKey(seed, VerifierKey(name, ed25519_public(seed), second), post_quantum_seed)


def read_signing_key(text: str) -> SigningKey:
    """The private key that a text holds. Raises `UnusableKey` and `NoSignatures`."""
    name, seed, second = _halves([private_parts(line) for line in text.strip().split("\n")])
    return signing_key(name, seed, second)


def read_verifier_key(text: str) -> VerifierKey:
    """The public key that a text holds. Raises `UnusableKey`."""
    return VerifierKey(*_halves([public_parts(line) for line in text.strip().split("\n")]))


def _halves(lines: Sequence[tuple[str, int, bytes]]) -> tuple[str, bytes, bytes]:
    match lines:
        case [(name, 1, first)]:
            return name, first, b""
        case [(name, 1, first), (other, 6, second)] if name == other:
            return name, first, second
        case [(_, 4, _)]:
            raise UnusableKey("this is the key of a witness, and not of a log")
        case _:
            raise UnusableKey("the key of a log is one line for Ed25519, and may have a second one for ML-DSA-44")


def sign_note(text: str, key: SigningKey) -> bytes:
    """The note of a text that ends in a newline, signed. Raises `NoSignatures`."""
    if not text.endswith("\n") or has_control(text):
        raise InvalidNote("the text of a note ends in a newline and holds no control character")
    signature = Signature(key.verifier.name, key.verifier.identifier, ed25519_sign(key.seed, text.encode()))
    return f"{text}\n{signature.line()}".encode()


def split_note(note: bytes) -> tuple[str, tuple[Signature, ...]]:
    """The text of a note and its signatures, none of them checked. Raises `InvalidNote`."""
    if len(note) > MAX_NOTE:
        raise InvalidNote(f"a note of {len(note):,} bytes is longer than any that is read")
    try:
        whole = note.decode()
    except UnicodeDecodeError as mistake:
        raise InvalidNote("the note is not UTF-8") from mistake
    if has_control(whole):
        raise InvalidNote("the note holds a control character")
    text, blank, below = whole.rpartition("\n\n")
    if not blank or not below.endswith("\n"):
        raise InvalidNote("the note has no signature, or does not end in a newline")
    return text + "\n", signatures_of(below)


def signatures_of(lines: str) -> tuple[Signature, ...]:
    """The signatures in lines that end in a newline. Raises `InvalidNote`."""
    each = lines.removesuffix("\n").split("\n")
    if len(each) > MAX_SIGNATURES:
        raise InvalidNote(f"the note has more than {MAX_SIGNATURES} signatures")
    return tuple(map(_signature, each))


def open_note(note: bytes, keys: Sequence[VerifierKey]) -> OpenedNote:
    """The note, once a signature by one of the keys was verified.

    Raises `InvalidNote` where there is none or one is wrong, and `NoSignatures`.
    """
    text, signatures = split_note(note)
    verified: list[VerifierKey] = []
    unknown: set[Signature] = set()
    for signature in signatures:
        known = [key for key in keys if (key.name, key.identifier) == (signature.name, signature.identifier)]
        if len(known) > 1:
            raise InvalidNote(f"two of the keys are called {signature.name} and have one number")
        if not known:
            unknown.add(signature)
        elif known[0] not in verified:
            if not verifies(known[0].public, signature.signature, text.encode()):
                raise InvalidNote(f"the signature by {signature.name} is wrong")
            verified.append(known[0])
    if not verified:
        names = ", ".join(dict.fromkeys(signature.name for signature in signatures))
        raise InvalidNote(f"no signature is by the key given; the note is signed by {names}")
    return OpenedNote(text, tuple(key.name for key in verified), len(unknown))


def verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is right. Raises `NoSignatures`."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as missing:
        raise no_signatures() from missing
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signature(line: str) -> Signature:
    found = _signature_line.fullmatch(line)
    decoded = None if found is None else base64_bytes(found[2])
    if found is None or decoded is None or len(decoded) < 5 or not is_name(found[1]):
        raise InvalidNote("a line below the note is no signature")
    return Signature(found[1], decoded[:4], decoded[4:])
