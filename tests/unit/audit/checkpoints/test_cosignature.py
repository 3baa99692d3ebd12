"""Cosignatures and the texts of their keys: the bytes of C2SP tlog-cosignature, and what a line must be."""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest

from tenetlang.audit import Checkpoint, InvalidNote, NoSignatures, UnusableKey
from tenetlang.audit.checkpoints.cosignature import (
    CosignerKey,
    cosign,
    cosigned_at,
    cosigning_key,
    read_cosigner_key,
    read_cosigning_key,
)
from tenetlang.audit.checkpoints.keys import COSIGNATURE, ML_DSA
from tenetlang.audit.checkpoints.note import Signature, read_signing_key, read_verifier_key, signing_key, verifies
from tenetlang.audit.checkpoints.post_quantum import verifies as post_quantum_verifies

AT = 1_679_315_147
TEXT = Checkpoint("example.com/behind-the-sofa", 20_852_163, sha256(b"root").digest()).text()
KEYS = {kind: cosigning_key("witness.example/w1", bytes([kind]) * 32, kind) for kind in (COSIGNATURE, ML_DSA)}


@pytest.mark.parametrize("kind", KEYS)
def test_a_cosignature_says_when_it_was_made(kind: int) -> None:
    key = KEYS[kind]
    line = cosign(TEXT, key, AT)
    assert (line.name, line.identifier) == (key.verifier.name, key.verifier.identifier)
    assert cosigned_at(TEXT, line, key.verifier) == AT


def test_what_ed25519_signs_is_two_lines_and_the_text() -> None:
    key = KEYS[COSIGNATURE]
    signature = cosign(TEXT, key, AT).signature
    assert signature[:8] == AT.to_bytes(8)
    assert verifies(key.verifier.public, signature[8:], f"cosignature/v1\ntime {AT}\n{TEXT}".encode())


def test_what_ml_dsa_signs_is_the_structure_of_the_standard() -> None:
    key = KEYS[ML_DSA]
    signature = cosign(TEXT, key, AT).signature
    assert len(signature) == 8 + 2420
    structure = (
        b"subtree/v1\n\x00\x12witness.example/w1\x00\x00\x00\x00\x64\x18\x50\xcb\x1bexample.com/behind-the-sofa"
        b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x3e\x2d\xc3" + sha256(b"root").digest()
    )
    assert post_quantum_verifies(key.verifier.public, signature[8:], structure)
    longer = TEXT + "an extension\n"
    assert cosigned_at(longer, cosign(TEXT, key, AT), key.verifier) == AT, "extensions are not signed by this type"


@pytest.mark.parametrize("kind", KEYS)
def test_every_byte_of_a_cosignature_counts(kind: int) -> None:
    key = KEYS[kind]
    line = cosign(TEXT, key, AT)
    for place in range(0, len(line.signature), 1 if kind == COSIGNATURE else 97):
        changed = bytearray(line.signature)
        changed[place] ^= 1
        assert cosigned_at(TEXT, Signature(line.name, line.identifier, bytes(changed)), key.verifier) is None, place
    for text in (TEXT.replace("3\n", "4\n", 1), TEXT.replace("sofa", "soda")):
        assert cosigned_at(text, line, key.verifier) is None
    for signature in (b"\x00", line.signature[:-1], b"\xff" + line.signature[1:], line.signature[:8]):
        assert cosigned_at(TEXT, Signature(line.name, line.identifier, signature), key.verifier) is None


def test_a_text_that_is_no_checkpoint_is_not_cosigned() -> None:
    for key in KEYS.values():
        with pytest.raises(InvalidNote):
            cosign("anything\n", key, AT)
    with pytest.raises(InvalidNote, match="at most 255"):
        cosign(TEXT.replace("sofa", "s" * 240), KEYS[ML_DSA], AT)


@pytest.mark.parametrize("kind", KEYS)
def test_keys_are_read_as_they_are_written(kind: int) -> None:
    key = KEYS[kind]
    assert read_cosigner_key(str(key.verifier)) == key.verifier
    assert read_cosigning_key(key.text() + "\n") == key
    assert b64decode(str(key.verifier).split("+", 2)[2])[0] == kind
    assert key.text()[-30:] not in repr(key)


def test_a_witness_of_the_public_network_has_a_key_of_this_form() -> None:
    published = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
    key = read_cosigner_key(published)
    assert (key.name, key.kind, str(key)) == ("remora.n621.de", COSIGNATURE, published)


def test_the_keys_of_logs_and_of_witnesses_are_not_taken_for_each_other() -> None:
    log = signing_key("example.com/log", b"\x01" * 32)
    for text in (str(log.verifier), log.text()):
        with pytest.raises(UnusableKey, match="key of a log" if text == str(log.verifier) else "private key"):
            read_cosigner_key(text)
    with pytest.raises(UnusableKey, match="key of a log"):
        read_cosigning_key(log.text())
    for key in KEYS.values():
        with pytest.raises(UnusableKey):
            read_verifier_key(str(key.verifier))
        with pytest.raises(UnusableKey):
            read_signing_key(key.text())


def test_what_is_no_key_is_refused() -> None:
    name, number, encoded = str(KEYS[ML_DSA].verifier).split("+", 2)
    short = b64encode(b64decode(encoded)[:-1]).decode()
    for text in (f"{name}+{number}+{short}", f"{name}+00000000+{encoded}", f"{name}+{number}+", "", "a+b+c"):
        with pytest.raises(UnusableKey):
            read_cosigner_key(text)
    five = b64encode(b"\x06short").decode()
    with pytest.raises(UnusableKey, match="32 bytes"):
        read_cosigning_key(f"PRIVATE+KEY+{name}+{number}+{five}")
    with pytest.raises(UnusableKey):
        cosigning_key("a b", b"\x01" * 32)
    with pytest.raises(UnusableKey, match="at most 255"):
        cosigning_key("a" * 256, b"\x01" * 32, ML_DSA)


def test_one_name_and_one_key_are_two_for_two_types() -> None:
    public = KEYS[COSIGNATURE].verifier.public
    assert CosignerKey("a", 1, public).identifier != CosignerKey("a", 4, public).identifier


def test_without_the_package_that_has_ml_dsa_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    line = cosign(TEXT, KEYS[ML_DSA], AT)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    import cryptography.hazmat.primitives.asymmetric as package

    monkeypatch.delattr(package, "mldsa", raising=False)
    with pytest.raises(NoSignatures, match="47"):
        cosigned_at(TEXT, line, KEYS[ML_DSA].verifier)
    with pytest.raises(NoSignatures):
        cosigning_key("a", b"\x01" * 32, ML_DSA)
    assert cosigning_key("a", b"\x01" * 32).verifier.kind == COSIGNATURE
