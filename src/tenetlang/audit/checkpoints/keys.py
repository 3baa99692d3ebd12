"""The texts of keys, and Ed25519.

    example.com/refunds+33d7b496+AeHTu4Q3…                  to verify: name, identifier, base64(type ‖ public key)
    PRIVATE+KEY+example.com/refunds+33d7b496+AYEKFALV…      to sign: the same with the 32 bytes that the key is made of

The identifier is the beginning of SHA-256(name ‖ newline ‖ type ‖ public key). So the same bytes under another name, or for
another type of signature, are another key: whoever follows one of them ignores what is signed for the other.

Ed25519 is that of the package `cryptography`, the extra `audit`, which is imported when a signature is made or checked. A log
without signatures needs none of it.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256

from tenetlang.audit.checkpoints import post_quantum
from tenetlang.audit.errors import NoSignatures, UnusableKey

ED25519 = 1
"""The type of a signature of the text itself."""

COSIGNATURE = 4
"""The type of an Ed25519 signature of the text and a time."""

ML_DSA = 6
"""The type of an ML-DSA-44 signature of a checkpoint and a time."""

MAX_NAME = 255
"""The longest name, in bytes, for which ML-DSA-44 signs."""

_PUBLIC = {ED25519: 32, COSIGNATURE: 32, ML_DSA: post_quantum.PUBLIC}


def identifier_of(name: str, kind: int, public: bytes) -> bytes:
    """The four bytes by which signatures of this type name a key."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def key_text(name: str, kind: int, public: bytes) -> str:
    """A public key as C2SP writes it, the "vkey"."""
    return f"{name}+{identifier_of(name, kind, public).hex()}+{b64encode(bytes([kind]) + public).decode()}"


def private_text(name: str, kind: int, public: bytes, seed: bytes) -> str:
    """A private key in the same spirit."""
    return f"PRIVATE+KEY+{name}+{identifier_of(name, kind, public).hex()}+{b64encode(bytes([kind]) + seed).decode()}"


def public_parts(line: str) -> tuple[str, int, bytes]:
    """The name, the type and the bytes of a public key. Raises `UnusableKey`."""
    if line.startswith("PRIVATE+KEY+"):
        raise UnusableKey("this is a private key, which only the one who signs may have; verify with the other half")
    name, identifier, kind, public = _key_parts(line)
    if len(public) != _PUBLIC[kind]:
        raise UnusableKey(f"a public key of this type has {_PUBLIC[kind]:,} bytes, and this one {len(public):,}")
    if identifier_of(name, kind, public).hex() != identifier:
        raise UnusableKey("the key does not belong to its own name and number, so it was changed")
    return name, kind, public


def private_parts(line: str) -> tuple[str, int, bytes]:
    """The name, the type and the bytes of a private key. Raises `UnusableKey` and `NoSignatures`."""
    beginning, _, rest = line.partition("PRIVATE+KEY+")
    if beginning or not rest:
        raise UnusableKey("this is no private key: it does not begin with `PRIVATE+KEY+`")
    name, identifier, kind, seed = _key_parts(rest)
    if len(seed) != 32:
        raise UnusableKey(f"a private key has 32 bytes, and this one {len(seed):,}")
    public = post_quantum.public_of(seed) if kind == ML_DSA else ed25519_public(seed)
    if identifier_of(name, kind, public).hex() != identifier:
        raise UnusableKey("the private key does not belong to its own name and number, so it was changed")
    return name, kind, seed


def _key_parts(text: str) -> tuple[str, str, int, bytes]:
    match text.split("+", 2):
        case [name, identifier, encoded] if is_name(name) and re.fullmatch("[0-9a-f]{8}", identifier):
            decoded = base64_bytes(encoded)
            if decoded and decoded[0] in _PUBLIC:
                return name, identifier, decoded[0], decoded[1:]
        case _:
            pass
    raise UnusableKey("this is no key of the form `NAME+NUMBER+BASE64` for Ed25519 or ML-DSA-44")


def base64_bytes(text: str) -> bytes | None:
    """What a base64 text of RFC 4648 stands for, if it is the one way to write that."""
    try:
        decoded = b64decode(text, validate=True)
    except ValueError:
        return None
    return decoded if b64encode(decoded).decode() == text else None


# Ed25519.


def ed25519_public(seed: bytes) -> bytes:
    """The public key that 32 random bytes make. Raises `NoSignatures`."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as missing:
        raise no_signatures() from missing
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def ed25519_sign(seed: bytes, message: bytes) -> bytes:
    """The signature of a message. Raises `NoSignatures`."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as missing:
        raise no_signatures() from missing
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def is_name(name: str) -> bool:
    """Whether this may be the name of a key."""
    return bool(name) and "+" not in name and not any(map(str.isspace, name)) and not has_control(name)


def has_control(text: str) -> bool:
    """Whether a text holds a control character other than newlines."""
    return any(character < " " and character != "\n" for character in text)


def no_signatures() -> NoSignatures:
    """What is said where the package is missing."""
    return NoSignatures("signatures need the package `cryptography`; it comes with the extra `audit`: tenetlang[audit]")
