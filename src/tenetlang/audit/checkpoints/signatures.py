"""What the key of a log signs below a checkpoint, and what of it must be there.

    — example.com/refunds Az3grlgt…    Ed25519 over the text: who signed
    — example.com/refunds jWbPPwAA…    cosignature/v1 by the same key: and when
    — example.com/refunds opLqBQsR…    ML-DSA-44 with the time, if the key has such a half

The first line is what every verifier of signed notes understands. The second makes a checkpoint a heartbeat: a log that did
not grow is signed again and again, so a verifier can tell one that is quiet from one that was cut off from the world. A
checkpoint of an earlier version has the first line alone. A key with two halves needs both, since a note that
counts with either of them is as weak as the weaker one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from tenetlang.audit.checkpoints.checkpoint import Checkpoint, read_checkpoint
from tenetlang.audit.checkpoints.cosignature import CosignerKey, CosigningKey, cosign, cosigned_at, is_by
from tenetlang.audit.checkpoints.keys import COSIGNATURE, ML_DSA
from tenetlang.audit.checkpoints.note import (
    MAX_NOTE,
    Signature,
    SigningKey,
    VerifierKey,
    open_note,
    sign_note,
    split_note,
)
from tenetlang.audit.errors import InvalidNote


@attrs.frozen
class SignedCheckpoint:
    """A checkpoint whose signatures were checked: the keys of its log that signed it, and when the last of them did, in
    seconds since 1970, where they say."""

    checkpoint: Checkpoint
    keys: tuple[VerifierKey, ...]
    at: int | None


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey, at: int) -> bytes:
    """The note of a checkpoint, signed at this many seconds since 1970. Raises `InvalidNote` and `NoSignatures`."""
    text = checkpoint.text()
    note = sign_note(text, key)
    return with_lines(note, [cosign(text, half, at) for half in _signing_halves(key)])


def checkpoint_of(note: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The checkpoint of a note that is signed by one of the keys, whose name must be its origin.

    Raises `InvalidNote` and `NoSignatures`.
    """
    return signed_checkpoint(note, keys).checkpoint


def signed_checkpoint(note: bytes, keys: Sequence[VerifierKey]) -> SignedCheckpoint:
    """The same, and who signed it when."""
    opened = open_note(note, keys)
    checkpoint = read_checkpoint(opened.text)
    if checkpoint.origin not in opened.verified:
        raise InvalidNote(f"{opened.verified[0]} signed for the log of another, {checkpoint.origin}")
    _, signatures = split_note(note)
    given = [key for key in keys if key.name == checkpoint.origin]
    signing = [key for key in given if any(_plain(line, key) for line in signatures)]
    times = [_checked(opened.text, signatures, key) for key in signing]
    return SignedCheckpoint(checkpoint, tuple(signing), max((time for time in times if time is not None), default=None))


def with_lines(note: bytes, added: Iterable[Signature]) -> bytes:
    """The note with these lines below it, each in place of an earlier one by the same key. Raises `InvalidNote`."""
    text, signatures = split_note(note)
    lines = {(line.name, line.identifier): line for line in (*signatures, *added)}
    joined = f"{text}\n{''.join(line.line() for line in lines.values())}".encode()
    if len(joined) > MAX_NOTE:
        raise InvalidNote(f"the note would have {len(joined):,} bytes, and longer ones than {MAX_NOTE:,} are not read")
    return joined


def own_lines(note: bytes, origin: str) -> bytes:
    """The note with the lines of the log's own name alone: what is sent to a witness. Raises `InvalidNote`."""
    text, signatures = split_note(note)
    return f"{text}\n{''.join(line.line() for line in signatures if line.name == origin)}".encode()


def _plain(line: Signature, key: VerifierKey) -> bool:
    return (line.name, line.identifier) == (key.name, key.identifier)


def _checked(text: str, signatures: Iterable[Signature], key: VerifierKey) -> int | None:
    """When the key signed, by its lines with a time, none of which may be wrong."""
    times: list[int] = []
    halves = _halves(key)
    seen: set[int] = set()
    for line in signatures:
        for half in halves:
            if is_by(line, half):
                at = cosigned_at(text, line, half)
                if at is None:
                    raise InvalidNote(f"the signature with a time by {key.name} is wrong")
                times.append(at)
                seen.add(half.kind)
    if key.post_quantum and ML_DSA not in seen:
        raise InvalidNote(f"the post-quantum signature by {key.name} is missing")
    return max(times, default=None)


def _halves(key: VerifierKey) -> tuple[CosignerKey, ...]:
    halves = (CosignerKey(key.name, COSIGNATURE, key.public),)
    return (*halves, CosignerKey(key.name, ML_DSA, key.post_quantum)) if key.post_quantum else halves


def _signing_halves(key: SigningKey) -> tuple[CosigningKey, ...]:
    seeds = (key.seed, key.post_quantum_seed)
    return tuple(CosigningKey(seed, half) for seed, half in zip(seeds, _halves(key.verifier), strict=False))
