"""Signed notes: a text, and below it who signed it. The format is C2SP signed-note, Go's `sumdb/note`.

    example.com/refunds
    812
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/refunds Az3grlgtzPICa5OS8npVmf1Myq/5IZni…

A signature line names a key, and its base64 holds the key's identifier (4 bytes) and the signature of the text with the
newline at its end. The identifier is the beginning of SHA-256(name ‖ newline ‖ type ‖ public key); the type is 1,
Ed25519 (RFC 8032). Keys are written in the same spirit:

    example.com/refunds+33d7b496+AeHTu4Q3…                  to verify: name, identifier, base64(type ‖ public key)
    PRIVATE+KEY+example.com/refunds+33d7b496+AYEKFALV…      to sign: the same with the 32 bytes that the key is made of

A signature by an unknown key is let pass, for that is how keys change and how witnesses add theirs. One by a known key
that does not verify spoils the note.

Ed25519 itself is that of the package `cryptography`, the extra `audit`, which is imported when a signature is made or
checked. A log without signatures needs none of it.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256

import attrs

from tenetlang.audit.errors import InvalidNote, NoSignatures, UnusableKey

MAX_NOTE = 64 * 1024
"""The longest note that is read, in bytes."""

MAX_SIGNATURES = 100

_ED25519 = b"\x01"
_signature_line = re.compile("\u2014 ([^ ]+) ([A-Za-z0-9+/]+={0,2})")


@attrs.frozen
class VerifierKey:
    """A public key under a name."""

    name: str
    public: bytes

    @property
    def identifier(self) -> bytes:
        """The four bytes by which signatures name the key."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The key as it is handed to those who verify."""
        return f"{self.name}+{self.identifier.hex()}+{b64encode(_ED25519 + self.public).decode()}"


@attrs.frozen
class SigningKey:
    """A private key under a name, with its public half."""

    seed: bytes = attrs.field(repr=False)
    verifier: VerifierKey

    def text(self) -> str:
        """The key as it stands in its file, for nobody else to see."""
        named = f"{self.verifier.name}+{self.verifier.identifier.hex()}"
        return f"PRIVATE+KEY+{named}+{b64encode(_ED25519 + self.seed).decode()}"


@attrs.frozen
class Signature:
    """One line below a note: the name and the identifier of the key, and what it signed with."""

    name: str
    identifier: bytes
    signature: bytes


@attrs.frozen
class OpenedNote:
    """A note whose signatures were checked: by which keys it is signed, and how many signatures are by unknown keys."""

    text: str
    verified: tuple[str, ...]
    unverified: int


def signing_key(name: str, seed: bytes) -> SigningKey:
    """The key of a name that 32 random bytes make. Raises `UnusableKey` and `NoSignatures`."""
    if not _is_name(name):
        raise UnusableKey(f"{name!r} is no name for a key: it has a space or a `+`, or is empty")
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as missing:
        raise _no_signatures() from missing
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return SigningKey(seed, VerifierKey(name, public))


def read_signing_key(text: str) -> SigningKey:
    """The private key that a text holds. Raises `UnusableKey` and `NoSignatures`."""
    beginning, _, rest = text.strip().partition("PRIVATE+KEY+")
    if beginning or not rest:
        raise UnusableKey("this is no private key: it does not begin with `PRIVATE+KEY+`")
    name, identifier, seed = _key_parts(rest)
    key = signing_key(name, seed)
    if key.verifier.identifier.hex() != identifier:
        raise UnusableKey("the private key does not belong to its own name and number, so it was changed")
    return key


def read_verifier_key(text: str) -> VerifierKey:
    """The public key that a text holds. Raises `UnusableKey`."""
    if text.strip().startswith("PRIVATE+KEY+"):
        raise UnusableKey("this is a private key, which only the one who signs may have; verify with the other half")
    name, identifier, public = _key_parts(text.strip())
    key = VerifierKey(name, public)
    if key.identifier.hex() != identifier:
        raise UnusableKey("the key does not belong to its own name and number, so it was changed")
    return key


def sign_note(text: str, key: SigningKey) -> bytes:
    """The note of a text that ends in a newline, signed. Raises `NoSignatures`."""
    if not text.endswith("\n") or _has_control(text):
        raise InvalidNote("the text of a note ends in a newline and holds no control character")
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as missing:
        raise _no_signatures() from missing
    signature = Ed25519PrivateKey.from_private_bytes(key.seed).sign(text.encode())
    encoded = b64encode(key.verifier.identifier + signature).decode()
    return f"{text}\n\u2014 {key.verifier.name} {encoded}\n".encode()


def split_note(note: bytes) -> tuple[str, tuple[Signature, ...]]:
    """The text of a note and its signatures, none of them checked. Raises `InvalidNote`."""
    if len(note) > MAX_NOTE:
        raise InvalidNote(f"a note of {len(note):,} bytes is longer than any that is read")
    try:
        whole = note.decode()
    except UnicodeDecodeError as mistake:
        raise InvalidNote("the note is not UTF-8") from mistake
    if _has_control(whole):
        raise InvalidNote("the note holds a control character")
    text, blank, below = whole.rpartition("\n\n")
    if not blank or not below.endswith("\n"):
        raise InvalidNote("the note has no signature, or does not end in a newline")
    lines = below[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise InvalidNote(f"the note has more than {MAX_SIGNATURES} signatures")
    return text + "\n", tuple(map(_signature, lines))


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
        raise _no_signatures() from missing
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def base64_bytes(text: str) -> bytes | None:
    """What a base64 text of RFC 4648 stands for, if it is the one way to write that."""
    try:
        decoded = b64decode(text, validate=True)
    except ValueError:
        return None
    return decoded if b64encode(decoded).decode() == text else None


def _signature(line: str) -> Signature:
    found = _signature_line.fullmatch(line)
    decoded = None if found is None else base64_bytes(found[2])
    if found is None or decoded is None or len(decoded) < 5 or not _is_name(found[1]):
        raise InvalidNote("a line below the note is no signature")
    return Signature(found[1], decoded[:4], decoded[4:])


def _key_parts(text: str) -> tuple[str, str, bytes]:
    match text.split("+", 2):
        case [name, identifier, encoded] if _is_name(name) and re.fullmatch("[0-9a-f]{8}", identifier):
            decoded = base64_bytes(encoded)
            if decoded is not None and len(decoded) == 33 and decoded[:1] == _ED25519:
                return name, identifier, decoded[1:]
        case _:
            pass
    raise UnusableKey("this is no key of the form `NAME+NUMBER+BASE64` for Ed25519")


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(map(str.isspace, name)) and not _has_control(name)


def _has_control(text: str) -> bool:
    return any(character < " " and character != "\n" for character in text)


def _no_signatures() -> NoSignatures:
    return NoSignatures("signatures need the package `cryptography`; it comes with the extra `audit`: tenetlang[audit]")
