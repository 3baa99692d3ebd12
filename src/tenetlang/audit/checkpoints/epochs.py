"""Epochs: which key signs a log from which record on, as the records of kind `key.rotated` say.

    size      0 ────────────── 813 ─────────────────────── 2040 ─────────→
    key 1     signs up to here │
    record                     812: from key 1 to key 2
    key 2                      │ from here on, up to here  │
    record                                                 2039: from key 2 to key 3

The record of a change is the last one that the old key signs: the checkpoint of the 813 records with it is signed by the old
key, and that of the same records by the new one follows. The first of the two is what makes the change one: who does not
have the old key can write the record and can't write that checkpoint. Whoever has the first key so follows to the
newest, and whoever has the newest one follows back. The name of the key, the log's origin, is always the same.

An old key that signs records after its last one was stolen. It can also sign another log, which begins like this one and
never changed its key, and such a log is right for all that its key can tell. So whoever verifies should go on to the new key:
what it was given and never signed is missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs
import msgspec

from tenetlang.audit.checkpoints.note import VerifierKey, read_verifier_key
from tenetlang.audit.errors import UnusableKey

ROTATED = "key.rotated"
_MARK = b'"kind":"key.rotated"'


@attrs.frozen
class Rotation:
    """That another key signs from here on: which record says so, and which key it is, counted from 1."""

    index: int
    old: VerifierKey
    new: VerifierKey
    epoch: int


@attrs.frozen
class Span:
    """From which size on and up to which one a key signs; None where there is no end."""

    first: int = 0
    last: int | None = None

    def holds(self, size: int) -> bool:
        """Whether the key signs a log of this size."""
        return self.first <= size and (self.last is None or size <= self.last)


@attrs.frozen
class Epochs:
    """The keys of a log and their spans; the changes that must be covered by a checkpoint of their old key; and what is
    wrong with records that say of themselves that they are changes."""

    spans: Mapping[VerifierKey, Span]
    to_cover: tuple[Rotation, ...] = ()
    mistakes: tuple[tuple[int, str], ...] = ()

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """All keys that signed the log at one time or another."""
        return tuple(self.spans)


def may_be_rotation(record: bytes) -> bool:
    """Whether a record may be a change of key; that of another kind seldom looks so, and one that is always does."""
    return _MARK in record


def rotation_of(index: int, record: bytes) -> Rotation | str | None:
    """The change of key that a record is; what is wrong with it; or None for a record of another kind."""
    if not may_be_rotation(record):
        return None
    try:
        parsed: object = msgspec.json.decode(record)
    except (ValueError, msgspec.DecodeError, RecursionError):
        return None
    match parsed:
        case {"kind": "key.rotated", "old": str(old), "new": str(new), "epoch": int(epoch), "size": int(size)}:
            pass
        case {"kind": "key.rotated"}:
            return "it does not say which key comes after which"
        case _:
            return None
    try:
        before, after = read_verifier_key(old), read_verifier_key(new)
    except UnusableKey as mistake:
        return str(mistake)
    if size != index:
        return f"it says that {size} records are before it, and there are {index}"
    if before.name != after.name:
        return f"it goes over from {before.name} to {after.name}, and the name of a log's key never changes"
    if before == after:
        return "it goes over from a key to the same key"
    return Rotation(index, before, after, epoch)


def epochs_of(given: Sequence[VerifierKey], found: Iterable[tuple[int, Rotation | str]]) -> Epochs:
    """The epochs of a log, as those know it who have these keys and have seen these records."""
    spans = {key: Span() for key in given}
    rotations: list[Rotation] = []
    mistakes: list[tuple[int, str]] = []
    for index, each in found:
        if isinstance(each, str):
            mistakes.append((index, each))
        else:
            rotations.append(each)
    for rotation in reversed(rotations):  # back from a newer key: it vouches for the records that say who came before
        if rotation.new in spans and rotation.old not in spans:
            spans[rotation.old] = Span()
    to_cover: list[Rotation] = []
    epoch = 1
    for rotation in rotations:
        mistake = _mistake(rotation, spans, epoch)
        if mistake is not None:
            mistakes.append((rotation.index, mistake))
            continue
        if rotation.new not in spans:
            to_cover.append(rotation)
        epoch = rotation.epoch
        spans[rotation.old] = attrs.evolve(spans[rotation.old], last=rotation.index + 1)
        spans[rotation.new] = Span(rotation.index + 1)
    return Epochs(spans, tuple(to_cover), tuple(mistakes))


def _mistake(rotation: Rotation, spans: Mapping[VerifierKey, Span], epoch: int) -> str | None:
    span = spans.get(rotation.old)
    if span is None:
        return f"it goes over from {rotation.old.short}, which is no key of this log"
    if span.last is not None:
        return f"it goes over from {rotation.old.short}, which had been replaced at record {span.last - 1} already"
    if rotation.epoch != epoch + 1:
        return f"it says that key {rotation.epoch} begins, and the one before it is key {epoch}"
    return None
