"""Who signed a checkpoint and when, where several keys are given and not all of them did; and the edges of cosignatures."""

from __future__ import annotations

import pytest

from tenetlang.audit import Checkpoint
from tenetlang.audit.checkpoints.cosignature import CosignerKey, cosign, cosigned_at, cosigning_key
from tenetlang.audit.checkpoints.keys import COSIGNATURE, MAX_NAME, ML_DSA, ed25519_sign
from tenetlang.audit.checkpoints.note import MAX_NOTE, Signature, sign_note, signing_key, split_note
from tenetlang.audit.checkpoints.signatures import checkpoint_of, sign_checkpoint, signed_checkpoint, with_lines
from tenetlang.audit.errors import InvalidNote, UnusableKey

KEY = signing_key("example.com/log", b"\x01" * 32)
NEWER = signing_key("example.com/log", b"\x02" * 32)
OTHER = signing_key("example.com/other", b"\x03" * 32)
CHECKPOINT = Checkpoint("example.com/log", 3, bytes(32))


def test_only_keys_of_the_logs_name_that_signed_are_said_to_have_signed() -> None:
    note = with_lines(sign_checkpoint(CHECKPOINT, KEY, 5), split_note(sign_note(CHECKPOINT.text(), OTHER))[1])
    signed = signed_checkpoint(note, [NEWER.verifier, OTHER.verifier, KEY.verifier])
    assert signed.keys == (KEY.verifier,)
    assert signed.at == 5


def test_a_checkpoint_that_only_the_key_of_another_log_signed_is_none_of_this_one() -> None:
    note = sign_note(CHECKPOINT.text(), OTHER)
    with pytest.raises(InvalidNote, match="log of another"):
        checkpoint_of(note, [OTHER.verifier, KEY.verifier])


def test_a_checkpoint_that_two_keys_signed_is_of_the_time_that_one_of_them_says() -> None:
    for with_time, without in ((KEY, NEWER), (NEWER, KEY)):
        note = with_lines(
            sign_checkpoint(CHECKPOINT, with_time, 7), split_note(sign_note(CHECKPOINT.text(), without))[1]
        )
        signed = signed_checkpoint(note, [KEY.verifier, NEWER.verifier])
        assert (signed.keys, signed.at) == ((KEY.verifier, NEWER.verifier), 7)


def test_a_note_grows_to_the_longest_that_is_read() -> None:
    note = sign_checkpoint(CHECKPOINT, KEY, 5)
    room = MAX_NOTE - len(note) - len(Signature("w", bytes(4), b"").line().encode())
    fitting = Signature("w" * (room - room // 4 * 4 + 1), bytes(4), bytes(room // 4 * 3))
    rest = MAX_NOTE - len(with_lines(note, [fitting]))
    longest = Signature(fitting.name + "w" * rest, fitting.identifier, fitting.signature)
    assert len(with_lines(note, [longest])) == MAX_NOTE
    with pytest.raises(InvalidNote, match="would have 65,537 bytes"):
        with_lines(note, [Signature(longest.name + "w", longest.identifier, longest.signature)])


@pytest.mark.parametrize(("at", "right"), [(0, True), ((1 << 63) - 1, True), (1 << 63, False), ((1 << 64) - 1, False)])
def test_a_time_has_63_bits_though_it_was_signed(at: int, right: bool) -> None:
    key = CosignerKey("w", COSIGNATURE, KEY.verifier.public)
    message = f"cosignature/v1\ntime {at}\n{CHECKPOINT.text()}".encode()
    line = Signature("w", key.identifier, at.to_bytes(8) + ed25519_sign(KEY.seed, message))
    assert cosigned_at(CHECKPOINT.text(), line, key) == (at if right else None)


@pytest.mark.parametrize("kind", [COSIGNATURE, ML_DSA])
@pytest.mark.parametrize("length", range(10))
def test_a_line_too_short_for_a_time_and_a_signature_is_wrong(kind: int, length: int) -> None:
    key = cosigning_key("w", b"\x07" * 32, kind).verifier
    assert cosigned_at(CHECKPOINT.text(), Signature("w", key.identifier, bytes(length)), key) is None


def test_ml_dsa_signs_for_names_of_255_bytes_and_ed25519_for_longer_ones() -> None:
    longest = "w" * MAX_NAME
    key = cosigning_key(longest, b"\x07" * 32, ML_DSA)
    text = Checkpoint(longest, 3, bytes(32)).text()
    assert cosigned_at(text, cosign(text, key, 9), key.verifier) == 9
    with pytest.raises(InvalidNote, match="at most 255 bytes"):
        cosign(Checkpoint(longest + "w", 3, bytes(32)).text(), key, 9)
    with pytest.raises(UnusableKey, match="at most 255 bytes"):
        cosigning_key(longest + "w", b"\x07" * 32, ML_DSA)
    assert cosigning_key(longest + "w", b"\x07" * 32).verifier.name == longest + "w"
