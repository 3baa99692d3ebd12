"""Compares a log with what was signed of it: the checkpoints that lie in it, and those that somebody kept.

A checkpoint says how many records there were and what their root was. While the verifier hashes its way through the log
it passes each of these sizes, and there the roots are equal or they are not. The first that differs says between which
two sizes the log was changed, and those behind it differ for the same reason, so it alone is reported.

With a key, every checkpoint in the log must be signed by it, or by the one that came after it (`epochs`), and there must be one,
there or kept elsewhere: whoever rewrites a log without the
key can only leave them out. Whoever has the key, or cuts the log at an older checkpoint, is found by one that was kept
elsewhere, by a newest one that is too old, and by witnesses (`trust`), and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from tenetlang.audit.checkpoints.checkpoint import Checkpoint, unchecked_checkpoint
from tenetlang.audit.checkpoints.epochs import Epochs
from tenetlang.audit.checkpoints.note import VerifierKey
from tenetlang.audit.checkpoints.signatures import SignedCheckpoint, signed_checkpoint
from tenetlang.audit.checkpoints.trust import Trust, Witnessed, witnessed
from tenetlang.audit.errors import InvalidNote, LogDamaged, SignedByReplaced
from tenetlang.audit.merkle import Frontier

Found = tuple[int | None, str, str]
"""What is wrong: the record, if one is meant, the word for it, and a sentence."""

CLOCKS_DIFFER = 300
"""By so many seconds the clock of who signs may be ahead of that of who verifies."""

_MOST_NOTES = 15


@attrs.frozen
class KeptState:
    """A size and a root that somebody kept. `what` says in a sentence where they are from."""

    size: int
    root: bytes
    what: str


@attrs.frozen
class Demands:
    """What the newest checkpoint must be besides signed: witnessed by these, and at `now` at most so old, in seconds."""

    trust: Trust | None = None
    max_age: int | None = None
    now: int = 0


@attrs.define
class SignedStates:
    """The checkpoints of a log while it is read; `newest` is the one of most records whose signature was
    checked, in the log or kept, and `newest_notes` are those of that checkpoint."""

    epochs: Epochs
    notes: Iterator[bytes | None]
    kept: list[KeptState] = attrs.field(factory=list)
    refused: list[Found] = attrs.field(factory=list)
    waiting: Checkpoint | None = None
    read: int = 0
    size_before: int = 0
    agreed: int = 0
    newest: SignedCheckpoint | None = None
    newest_notes: list[bytes] = attrs.field(factory=list)
    signing: set[VerifierKey] = attrs.field(factory=set)
    covering: set[VerifierKey] = attrs.field(factory=set)
    rewritten: str | None = None
    invalid: dict[str, tuple[str, int]] = attrs.field(factory=dict)
    rewritten_kept: list[KeptState] = attrs.field(factory=list)


def keep(states: SignedStates, note: bytes) -> None:
    """Adds a checkpoint that somebody kept; one that no key signed is a finding. Raises `InvalidNote` for what is none."""
    checkpoint = unchecked_checkpoint(note)
    try:
        if states.epochs.keys:
            _vouch(states, note)
    except (InvalidNote, SignedByReplaced) as mistake:
        states.refused.append((None, _word(mistake), f"the checkpoint that was kept proves nothing: {mistake}"))
    else:
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
            _invalid(states, "signature", str(mistake))
            return
        states.read += 1
        try:
            states.waiting = _stored(states, note)
        except (InvalidNote, SignedByReplaced) as mistake:
            _invalid(states, _word(mistake), f"checkpoint {states.read} of the log proves nothing: {mistake}")


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


def finish(states: SignedStates, size: int, demands: Demands) -> Iterator[Found]:
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
    for word, (detail, further) in states.invalid.items():
        yield None, word, detail + (f" (and {further} more)" if further else "")
    yield from _unsigned(states)
    if states.newest is not None:
        yield from _too_old(states.newest, demands)
        if demands.trust is not None:
            yield from _unwitnessed(states.newest, witnessed(states.newest_notes, demands.trust))


def _too_old(newest: SignedCheckpoint, demands: Demands) -> Iterator[Found]:
    if demands.max_age is None:
        return
    of = f"the newest checkpoint, of {newest.checkpoint.size} records,"
    if newest.at is None:
        yield None, "stale", f"{of} does not say when it was signed"
    elif newest.at > demands.now + CLOCKS_DIFFER:
        yield None, "stale", f"{of} was signed {_span(newest.at - demands.now)} from now, which nobody can"
    elif demands.now - newest.at > demands.max_age:
        said = f"{of} was signed {_span(demands.now - newest.at)} ago"
        yield None, "stale", f"{said}: nobody signs any more, or newer ones were taken out"


def _unwitnessed(newest: SignedCheckpoint, found: Witnessed) -> Iterator[Found]:
    of = f"the newest checkpoint, of {newest.checkpoint.size} records,"
    for witness in found.wrong:
        yield None, "witness", f"the line by {witness.key.short} below {of} is not by it"
    if not found.enough:
        missing = ", ".join(witness.key.short for witness in (*found.missing, *found.wrong))
        yield None, "witness", f"{of} has {len(found.signed)} cosignatures, and too few: there is none by {missing}"


def _span(seconds: int) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:,} {unit}"
    return f"{seconds} seconds"


def _unsigned(states: SignedStates) -> Iterator[Found]:
    """What the keys should have signed and did not."""
    if states.epochs.keys and states.read == 0 and states.newest is None:
        yield None, "unsigned", "the log holds no checkpoint: it was never signed, or they were taken out"
    for index, mistake in states.epochs.mistakes:
        yield index, "rotation", f"the record is no change of the log's key: {mistake}"
    for rotation in states.epochs.to_cover:
        if rotation.old not in states.covering:
            said = f"no checkpoint by {rotation.old.short} is of the records up to this change to {rotation.new.short}"
            yield (
                rotation.index,
                "rotation",
                f"{said}: who wrote it did not have the old key, or only the newer is here",
            )
    origins = {key.name for key in states.signing}
    for key, span in states.epochs.spans.items():
        if span.last is None and key.name in origins and key not in states.signing:
            said = f"no checkpoint is signed by {key.short}"
            yield None, "unsigned", f"{said}: the log is another one of that name, or was cut before its key changed"


def _vouch(states: SignedStates, note: bytes) -> Checkpoint:
    """The checkpoint of a note that is signed by a key of the log, in the time of that key."""
    signed = signed_checkpoint(note, states.epochs.keys)
    size = signed.checkpoint.size
    in_time = [key for key in signed.keys if states.epochs.spans[key].holds(size)]
    if not in_time:
        key = signed.keys[0]
        span = states.epochs.spans[key]
        when = f"had been replaced at record {span.last - 1}" if span.last is not None and span.last < size else ""
        raise SignedByReplaced(
            f"it is of {size} records and signed by {key.short}, which {when or f'signs from {span.first} records on'}: "
            f"{'that old key was stolen, or a program still signs with it' if when else 'it was signed afterwards'}"
        )
    states.signing.update(in_time)
    states.covering.update(key for key in in_time if states.epochs.spans[key].last == size)
    newest = states.newest
    if newest is None or newest.checkpoint.size < size:
        states.newest, states.newest_notes = signed, [note]
    elif newest.checkpoint == signed.checkpoint:
        times = [at for at in (newest.at, signed.at) if at is not None]
        states.newest = attrs.evolve(signed, at=max(times, default=None))
        states.newest_notes = [*states.newest_notes[-_MOST_NOTES:], note]
    return signed.checkpoint


def _stored(states: SignedStates, note: bytes | None) -> Checkpoint:
    if note is None:
        raise InvalidNote("it is no text")
    checkpoint = _vouch(states, note) if states.epochs.keys else unchecked_checkpoint(note)
    if checkpoint.size < states.size_before:
        raise InvalidNote(f"it is of {checkpoint.size} records, and the one before it of {states.size_before}")
    states.size_before = checkpoint.size
    return checkpoint


def _word(mistake: InvalidNote | SignedByReplaced) -> str:
    return "rotation" if isinstance(mistake, SignedByReplaced) else "signature"


def _invalid(states: SignedStates, word: str, detail: str) -> None:
    first, further = states.invalid.get(word, (detail, -1))
    states.invalid[word] = (first, further + 1)
