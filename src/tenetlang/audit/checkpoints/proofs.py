"""Proofs as files: about one record, or about a log that grew. They are checked without the log.

A record's proof is C2SP tlog-proof. The standard leaves room for what is needed to know the leaf; here it is the record:

    c2sp.org/tlog-proof@v1
    extra eyJhdCI6IjIwMjYtMTEtMjJU…               the record's bytes, in base64
    index 3
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=  the path, from the leaf's side up
                                                  an empty line, and a checkpoint of the log
    example.com/refunds
    …

That a log grew from an older checkpoint and nothing else was done to it is shown in the form in which C2SP tlog-witness
asks a witness to sign a new checkpoint: `old SIZE`, the path, an empty line, the newer checkpoint. Whoever checks it has
kept the older one.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence

import attrs

from tenetlang.audit.checkpoints.checkpoint import Checkpoint, unchecked_checkpoint
from tenetlang.audit.checkpoints.keys import base64_bytes
from tenetlang.audit.checkpoints.note import VerifierKey
from tenetlang.audit.checkpoints.paths import (
    MAX_STEPS,
    Range,
    consistency_holds,
    consistency_ranges,
    inclusion_holds,
    inclusion_ranges,
    roots_of,
)
from tenetlang.audit.checkpoints.signatures import checkpoint_of
from tenetlang.audit.checkpoints.signed import KeptState
from tenetlang.audit.checkpoints.signing import newest_checkpoint
from tenetlang.audit.errors import InvalidNote, InvalidProof, LogDamaged, NoCheckpoint
from tenetlang.audit.merkle import Frontier, leaf_hash
from tenetlang.audit.source import Damage, Entry, read_entries

_HEADER = "c2sp.org/tlog-proof@v1"
_number = re.compile("0|[1-9][0-9]{0,15}")


@attrs.frozen
class RecordProof:
    """That a record stands at an index of the log of a checkpoint, as it was read."""

    index: int
    record: bytes
    path: tuple[bytes, ...]
    note: bytes


@attrs.frozen
class GrowthProof:
    """That the log of a checkpoint begins with the log of `old` records, as it was read."""

    old: int
    path: tuple[bytes, ...]
    note: bytes


@attrs.frozen
class ProofVerdict:
    """What a proof is worth: `problem` says why it proves nothing, or is None. `checkpoint` is the one it leads to."""

    checkpoint: Checkpoint
    problem: str | None = None


# Making them.


def prove_record(path: str | os.PathLike[str], index: int) -> bytes:
    """The proof that a record is in the log of the newest checkpoint.

    Raises `NoCheckpoint` where none covers it, and `LogDamaged` for a log that is not what its checkpoint says.
    """
    note = newest_checkpoint(path)
    checkpoint = _readable(note)
    if index >= checkpoint.size:
        raise NoCheckpoint(
            f"the newest checkpoint is of {checkpoint.size} records, and record {index} came after it or does not exist; "
            "`tenet audit checkpoint --log-key` signs a newer one"
        )
    kept: list[bytes] = []
    steps = _parts(path, checkpoint, inclusion_ranges(index, checkpoint.size), index, kept)
    head = [_HEADER, f"extra {b64encode(kept[0]).decode()}", f"index {index}", *steps]
    return "\n".join(head).encode() + b"\n\n" + note


def prove_growth(path: str | os.PathLike[str], old: int, note: bytes | None = None) -> bytes:
    """The proof that the log of a checkpoint in it begins with the log as it was with `old` records; raises the same.

    It is the newest checkpoint where none is given.
    """
    note = newest_checkpoint(path) if note is None else note
    checkpoint = _readable(note)
    if not 0 < old <= checkpoint.size:
        raise NoCheckpoint(
            f"the newest checkpoint is of {checkpoint.size} records, so it can be compared with one of 1 to "
            f"{checkpoint.size}, and not of {old}"
        )
    head = [f"old {old}", *_parts(path, checkpoint, consistency_ranges(old, checkpoint.size), None, [])]
    return "\n".join(head).encode() + b"\n\n" + note


def _parts(
    path: str | os.PathLike[str],
    checkpoint: Checkpoint,
    ranges: Sequence[Range],
    index: int | None,
    kept: list[bytes],
) -> list[str]:
    """The roots of the ranges in base64, in one pass that also compares the log with the checkpoint; the record at the
    index is kept."""
    frontier = Frontier()

    def leaves() -> Iterator[bytes]:
        for entry in read_entries(path):
            if frontier.size == checkpoint.size:
                return
            match entry:
                case Entry(index=place, record=record, flaw=None) if place == frontier.size:
                    if place == index:
                        kept.append(record)
                    leaf = leaf_hash(record)
                    frontier.append(leaf)
                    yield leaf
                case Damage(detail=detail):
                    raise LogDamaged(f"the log cannot be read: {detail}; run `tenet audit verify` on it")
                case _:
                    raise LogDamaged(
                        f"record {frontier.size} is damaged or missing; run `tenet audit verify` on the log"
                    )

    roots = roots_of(leaves(), ranges)
    if (frontier.size, frontier.root()) != (checkpoint.size, checkpoint.root):
        raise LogDamaged("the log is not what its newest checkpoint says, so nothing about it can be proven; verify it")
    return [b64encode(root).decode() for root in roots]


def _readable(note: bytes) -> Checkpoint:
    try:
        return unchecked_checkpoint(note)
    except InvalidNote as mistake:
        raise LogDamaged(
            f"the newest checkpoint of the log is none: {mistake}; run `tenet audit verify` on it"
        ) from mistake


# Checking them.


def read_proof(content: bytes) -> RecordProof | GrowthProof:
    """A proof of either kind, none of it checked. Raises `InvalidProof`."""
    head, _, note = content.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as mistake:
        raise InvalidProof("this is no proof: its first lines are no plain text") from mistake
    match lines:
        case [first, extra, place, *path] if first == _HEADER and extra.startswith("extra "):
            record = base64_bytes(extra.removeprefix("extra "))
            if record is None:
                raise InvalidProof("the record in the proof is no base64")
            return RecordProof(_count("index", place), record, _path(path), note)
        case [first, *_] if first == _HEADER:
            raise InvalidProof("the proof does not hold its record: a line `extra` with it belongs below the first")
        case [place, *path] if place.startswith("old "):
            return GrowthProof(_count("old", place), _path(path), note)
        case _:
            raise InvalidProof(f"this is no proof: it begins with neither `{_HEADER}` nor `old`")


def check_record_proof(proof: RecordProof, keys: Sequence[VerifierKey]) -> ProofVerdict:
    """Whether one of the keys signed a log with this record at this index. Raises `InvalidNote` and `NoSignatures`."""
    verdict = _signed(proof.note, keys)
    if verdict.problem is not None:
        return verdict
    signed = verdict.checkpoint
    if inclusion_holds(proof.index, signed.size, leaf_hash(proof.record), signed.root, proof.path):
        return verdict
    return ProofVerdict(signed, f"the record does not stand at {proof.index} in the log that was signed")


def check_growth_proof(proof: GrowthProof, keys: Sequence[VerifierKey], kept: KeptState) -> ProofVerdict:
    """Whether one of the keys signed a log that begins with what was kept. Raises `InvalidNote` and `NoSignatures`."""
    verdict = _signed(proof.note, keys)
    if verdict.problem is not None:
        return verdict
    signed = verdict.checkpoint
    if kept.size != proof.old:
        return ProofVerdict(signed, f"the proof begins at {proof.old} records, and what was kept is of {kept.size}")
    if consistency_holds(kept.size, signed.size, kept.root, signed.root, proof.path):
        return verdict
    return ProofVerdict(signed, f"the log that was signed does not begin with the {kept.size} records that were kept")


def _signed(note: bytes, keys: Sequence[VerifierKey]) -> ProofVerdict:
    unchecked = unchecked_checkpoint(note)
    try:
        return ProofVerdict(checkpoint_of(note, keys))
    except InvalidNote as mistake:
        return ProofVerdict(unchecked, str(mistake))


def _count(word: str, line: str) -> int:
    number = line.removeprefix(f"{word} ")
    if not line.startswith(f"{word} ") or not _number.fullmatch(number):
        raise InvalidProof(f"the proof has no line `{word}` with a number where it belongs")
    return int(number)


def _path(lines: Sequence[str]) -> tuple[bytes, ...]:
    steps = [base64_bytes(line) for line in lines]
    found = tuple(step for step in steps if step is not None and len(step) == 32)
    if len(found) != len(steps) or len(found) > MAX_STEPS:
        raise InvalidProof("a line of the proof's path is no hash, or there are more than a tree can need")
    return found
