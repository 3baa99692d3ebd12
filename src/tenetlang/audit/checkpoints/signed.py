"""Compares a log with what was signed of it: the checkpoints that lie in it, and those that somebody kept.

A checkpoint says how many records there were and what their root was. While the verifier hashes its way through the log
it passes each of these sizes, and there the roots are equal or they are not. The first that differs says between which
two sizes the log was changed, and those behind it differ for the same reason, so it alone is reported.

With a key, every checkpoint in the log must be signed by it, and there must be one, there or kept elsewhere: whoever rewrites a log without the
key can only leave them out. Whoever has the key, or cuts the log at an older checkpoint, is found by one that was kept
elsewhere, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from tenetlang.audit.checkpoints.checkpoint import Checkpoint, checkpoint_of, unchecked_checkpoint
from tenetlang.audit.checkpoints.note import VerifierKey
from tenetlang.audit.errors import InvalidNote, LogDamaged
from tenetlang.audit.merkle import Frontier

Found = tuple[int | None, str, str]
"""What is wrong: the record, if one is meant, the word for it, and a sentence."""


@attrs.frozen
class KeptState:
    """A size and a root that somebody kept. `what` says in a sentence where they are from."""

    size: int
    root: bytes
    what: str


@attrs.define
class SignedStates:
    """The checkpoints of a log while it is read; `newest` is the one of most records whose signature was
    checked, in the log or kept."""

    keys: Sequence[VerifierKey]
    notes: Iterator[bytes | None]
    kept: list[KeptState] = attrs.field(factory=list)
    refused: list[Found] = attrs.field(factory=list)
    waiting: Checkpoint | None = None
    read: int = 0
    size_before: int = 0
    agreed: int = 0
    newest: Checkpoint | None = None
    rewritten: str | None = None
    invalid: list[str] = attrs.field(factory=list)
    further_invalid: int = 0
    rewritten_kept: list[KeptState] = attrs.field(factory=list)


def keep(states: SignedStates, note: bytes) -> None:
    """Adds a checkpoint that somebody kept; one that no key signed is a finding. Raises `InvalidNote` for what is none."""
    checkpoint = unchecked_checkpoint(note)
    try:
        if states.keys:
            checkpoint_of(note, states.keys)
    except InvalidNote as mistake:
        states.refused.append((None, "signature", f"the checkpoint that was kept proves nothing: {mistake}"))
    else:
        if states.keys:
            _vouched(states, checkpoint)
        states.kept.append(KeptState(checkpoint.size, checkpoint.root, "the checkpoint that was kept was signed"))


def next_stored(states: SignedStates) -> None:
    """Reads on to the next checkpoint that can be compared."""
    states.waiting = None
    while states.waiting is None:
        try:
            note = next(states.notes)
        except StopIteration:
            return
        except LogDamaged as mistake:
            _invalid(states, str(mistake))
            return
        states.read += 1
        try:
            checkpoint = _stored(states, note)
        except InvalidNote as mistake:
            _invalid(states, f"checkpoint {states.read} of the log proves nothing: {mistake}")
            continue
        if states.keys:
            _vouched(states, checkpoint)
        states.waiting = checkpoint


def compare(states: SignedStates, frontier: Frontier) -> None:
    """Compares all states of this size with the log."""
    while states.waiting is not None and states.waiting.size <= frontier.size:
        if states.waiting.root == frontier.root():
            states.agreed = frontier.size
        elif states.rewritten is None:
            after = f", and the first {states.agreed} are" if states.agreed else ""
            states.rewritten = (
                f"the first {states.waiting.size} records are not those of checkpoint {states.read}{after}: one of them "
                "or all were rewritten"
            )
        next_stored(states)
    for state in states.kept:
        if state.size == frontier.size and state.root != frontier.root() and state not in states.rewritten_kept:
            states.rewritten_kept.append(state)


def finish(states: SignedStates, size: int) -> Iterator[Found]:
    """What is wrong, once all records were read."""
    if states.waiting is not None:
        said = f"checkpoint {states.read} is of {states.waiting.size} records, and the log has {size}: it was cut"
        yield size, "cut", said
        while states.waiting is not None:
            next_stored(states)
    elif states.rewritten is not None:
        yield None, "rewritten", states.rewritten
    for state in states.kept:
        if size < state.size:
            yield size, "cut", f"the log had {state.size} records when {state.what} and now has {size}: it was cut"
        elif state in states.rewritten_kept:
            said = f"the first {state.size} records are not those for which {state.what}"
            yield None, "rewritten", f"{said}: one of them or all were rewritten"
    yield from states.refused
    for detail in states.invalid:
        more = f" (and {states.further_invalid} more)" if states.further_invalid else ""
        yield None, "signature", detail + more
    if states.keys and states.read == 0 and states.newest is None:
        yield None, "unsigned", "the log holds no checkpoint: it was never signed, or they were taken out"


def _vouched(states: SignedStates, checkpoint: Checkpoint) -> None:
    if states.newest is None or states.newest.size <= checkpoint.size:
        states.newest = checkpoint


def _stored(states: SignedStates, note: bytes | None) -> Checkpoint:
    if note is None:
        raise InvalidNote("it is no text")
    checkpoint = checkpoint_of(note, states.keys) if states.keys else unchecked_checkpoint(note)
    if checkpoint.size < states.size_before:
        raise InvalidNote(f"it is of {checkpoint.size} records, and the one before it of {states.size_before}")
    states.size_before = checkpoint.size
    return checkpoint


def _invalid(states: SignedStates, detail: str) -> None:
    if states.invalid:
        states.further_invalid += 1
    else:
        states.invalid.append(detail)
