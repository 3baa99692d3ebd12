"""ML-DSA-44 (FIPS 204): signatures that a quantum computer could not forge, of 2,420 bytes.

They come from `cryptography`, which has them from version 47 on. Ed25519 works with older ones, so whoever has no such key
does not need this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenetlang.audit.errors import NoSignatures

if TYPE_CHECKING:
    from types import ModuleType

SEED = 32
PUBLIC = 1312
SIGNATURE = 2420


def public_of(seed: bytes) -> bytes:
    """The public key that 32 random bytes make. Raises `NoSignatures`."""
    return bytes(_mldsa().MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw())


def sign(seed: bytes, message: bytes) -> bytes:
    """The signature of a message, with an empty context. It is another one each time. Raises `NoSignatures`."""
    return bytes(_mldsa().MLDSA44PrivateKey.from_seed_bytes(seed).sign(message))


def verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature is right. Raises `NoSignatures`."""
    mldsa = _mldsa()
    from cryptography.exceptions import InvalidSignature

    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _mldsa() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa
    except ImportError as missing:
        raise NoSignatures(
            "post-quantum signatures (ML-DSA-44) need the package `cryptography` from version 47 on; the extra `audit` "
            "brings it: pip install --upgrade 'tenetlang[audit]'"
        ) from missing
    return mldsa
