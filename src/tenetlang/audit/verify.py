"""Finds what was done to a log: which record, and what is wrong with it.

Each record is checked by itself (its bytes are canonical, its shape is known, it says the index at which it stands, its
hash is the stored leaf, its payload is the one it names) and against its neighbour: each record names the leaf of the
one before it. The second check finds what the first cannot, a record that was rewritten together with its leaf, and
the art is to name the right one. If record 6 does not name the leaf that stands at 5, then

    record 7 names the leaf of 6     → 6 is vouched for, so 5 is not what it was
    record 7 does not name it either → 6 itself is the stranger
    there is no record 7             → nobody vouches for 6; 5 is named, and the text says that it may be either

so a break of the chain is only reported after a look at the record that follows.

Whoever can rewrite the whole file, or cut its end, leaves nothing that contradicts itself. That is found with what was
signed of it (checkpoints/signed.py), or with a size and a root from an earlier verification, which somebody else remembered.

The file is hostile: one entry is in memory at a time, problems are counted beyond a limit but not kept, and nothing
is raised but `AuditError`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import chain, islice
from typing import TYPE_CHECKING

import attrs
import msgspec

from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.checkpoints.epochs import epochs_of
from tenetlang.audit.checkpoints.note import VerifierKey
from tenetlang.audit.checkpoints.rotation import stored_rotations
from tenetlang.audit.checkpoints.signed import Demands, KeptState, SignedStates, compare, finish, keep, next_stored
from tenetlang.audit.checkpoints.signing import stored_notes
from tenetlang.audit.errors import InvalidNote, InvalidSeal, LogDamaged, UnreadableRemembered
from tenetlang.audit.merkle import Frontier, leaf_hash
from tenetlang.audit.payloads.absences import Absences
from tenetlang.audit.payloads.sealing import Seal, no_keys, open_payload
from tenetlang.audit.records.disclosure import bodies_mistake
from tenetlang.audit.records.record import FIRST_PREVIOUS
from tenetlang.audit.records.shape import shape_mistake
from tenetlang.audit.source import Damage, Entry, StrayPayload, read_entries

if TYPE_CHECKING:
    from tenetlang.audit.payloads.keyring import Keyring

PROBLEM_LIMIT = 100

_remembered = re.compile(r"(0|[1-9][0-9]{0,15}) ([0-9a-f]{64})")


@attrs.frozen
class Problem:
    """One thing that is wrong. `index` is the record's, or None where the log as a whole is meant.

    `what` is one of: `leaf` (the record is not the one that was hashed), `chain` (another record than the one that the
    next one was appended to), `missing`, `order` (twice, or out of its place), `index` (it says another place than
    where it stands), `canonical`, `shape`, `payload`, `stray-payload` (nobody named it), `line` and `storage` (the file
    itself is damaged), `cut` and `rewritten` (against what was remembered), `signature`, `unsigned`, `rotation`, `stale` and
    `witness` (what is wrong with its
    checkpoints), `kept-key` (a key that was to be destroyed).
    """

    index: int | None
    what: str
    detail: str


@attrs.frozen
class Verification:
    """What a verification found.

    `size` and `root` (64 hexadecimal digits) are of the records as they stand; remembered together, they show a later
    cut or rewrite. `problems` are the first ones in the order of the records, `further` counts those beyond. `payloads`
    counts those that are there and right; `sealed` says how many of them could not be opened for want of a key. `erased`
    counts the records whose payload is gone or its key destroyed, `unexplained` those of them of which no record says that.
    `checkpoints` counts those in the log, and `signed` is the size that the newest one of a given key vouches for, or None;
    `signed_at` says when it was signed, in seconds since 1970, and `keys` by which keys.
    """

    ok: bool
    size: int
    root: str
    problems: tuple[Problem, ...]
    further: int
    payloads: int
    erased: int
    checkpoints: int = 0
    signed: int | None = None
    signed_at: int | None = None
    keys: tuple[str, ...] = ()
    sealed: int = 0
    unexplained: int = 0

    @property
    def remembered(self) -> str:
        """Size and root in the form that `verify_log` takes."""
        return f"{self.size} {self.root}"


def verify_log(
    path: str | os.PathLike[str],
    remembered: str | None = None,
    *,
    keys: Sequence[VerifierKey] = (),
    checkpoints: Sequence[bytes] = (),
    demands: Demands = Demands(),  # noqa: B008 (it is frozen)
    keyring: Keyring | None = None,
    limit: int = PROBLEM_LIMIT,
    progress: Callable[[], None] = lambda: None,
) -> Verification:
    """Verifies a log's database or an export of it.

    `remembered` is `SIZE ROOT` as an earlier verification gave it; `keys` are those that may sign, and `checkpoints` the
    notes that somebody kept; `demands` are made on the newest checkpoint; `keyring` opens what is sealed; `progress` is
    called for each entry. Without a key no signature is checked. Raises `NotALog`,
    `LogUnavailable`, `UnreadableRemembered`, `InvalidNote` for a checkpoint that is none, or `NoSignatures`; whatever is
    wrong inside of a log is in the result.
    """
    states = _signed_states(path, _parse_remembered(remembered), keys)
    for note in checkpoints:
        keep(states, note)
    next_stored(states)
    walk = _Walk(limit, states, demands, keyring=keyring)
    for entry in read_entries(path):
        progress()
        match entry:
            case Entry():
                _take(walk, entry)
            case Damage():
                _take_damage(walk, entry)
            case StrayPayload(index=index):
                _report(walk, index, "stray-payload", "there is a payload for a record that is not there")
    return _finish(walk)


def _signed_states(path: str | os.PathLike[str], kept: list[KeptState], keys: Sequence[VerifierKey]) -> SignedStates:
    """What was signed of the log. The notes are of one state of the file, from before the first record is read: what is
    signed later is of records that are not seen here. Changes of key are looked for after that, so that none is missed."""
    notes = stored_notes(path)
    try:
        notes = chain(tuple(islice(notes, 1)), notes)
    except LogDamaged as mistake:
        notes = map(_tell, (mistake,))
    return SignedStates(epochs_of(keys, stored_rotations(path) if keys else ()), notes, kept)


def _tell(mistake: LogDamaged) -> bytes | None:
    """Tells it when the notes are read."""
    raise mistake


def kept_states(
    remembered: str | None, checkpoints: Sequence[bytes], keys: Sequence[VerifierKey]
) -> tuple[KeptState, ...]:
    """What was kept of a log: a `SIZE ROOT`, and checkpoints that one of the keys signed.

    Raises `UnreadableRemembered`, and `InvalidNote` for any other checkpoint.
    """
    states = SignedStates(epochs_of(keys, ()), iter(()), _parse_remembered(remembered))
    for note in checkpoints:
        keep(states, note)
    for _, _, detail in states.refused:
        raise InvalidNote(detail)
    return tuple(states.kept)


@attrs.frozen
class _Before:
    """The entry before the one at hand. `leaves` are those that its successor may name."""

    index: int
    leaves: tuple[bytes, ...]
    sound: bool


@attrs.define
class _Walk:
    limit: int
    states: SignedStates
    demands: Demands
    problems: list[Problem] = attrs.field(factory=list)
    further: int = 0
    frontier: Frontier = attrs.field(factory=Frontier)
    expected: int = 0
    before: _Before | None = None
    suspected: int | None = None
    keyring: Keyring | None = None
    payloads: int = 0
    absences: Absences = attrs.field(factory=Absences)


def _parse_remembered(text: str | None) -> list[KeptState]:
    if text is None:
        return []
    match = _remembered.fullmatch(text.strip())
    if match is None:
        raise UnreadableRemembered(
            "what is remembered of a log is written `SIZE ROOT`: a number, a space, and 64 hexadecimal digits"
        )
    return [KeptState(int(match[1]), bytes.fromhex(match[2]), "it was remembered")]


def _report(walk: _Walk, index: int | None, what: str, detail: str) -> None:
    if len(walk.problems) < walk.limit:
        walk.problems.append(Problem(index, what, detail))
    else:
        walk.further += 1


def _take(walk: _Walk, entry: Entry) -> None:
    compare(walk.states, walk.frontier)
    if entry.index < walk.expected:
        _report(walk, entry.index, "order", f"record {entry.index} stands after record {walk.expected - 1}")
        return
    if entry.index > walk.expected:
        _settle(walk)
        _report(walk, walk.expected, "missing", _missing(walk.expected, entry.index))
        walk.before = None
    walk.expected = entry.index + 1
    if entry.flaw is not None:
        _report(walk, entry.index, "storage", entry.flaw)
        walk.frontier.append(entry.leaf)
        _settle(walk)
        walk.before = None
        return
    computed = leaf_hash(entry.record)
    walk.frontier.append(computed)
    parsed, problems = _examine(entry, computed)
    _check_chain(walk, entry, parsed, sound=not problems)
    for what, detail in problems:
        _report(walk, entry.index, what, detail)
    if isinstance(parsed, dict):
        _check_payload(walk, entry, parsed)
        if parsed.get("kind") == "erasure" and not problems:
            walk.absences.explain(parsed, entry.payload)
    walk.before = _Before(entry.index, tuple({computed, entry.leaf}), sound=not problems)


def _missing(first: int, next_there: int) -> str:
    if first == next_there - 1:
        return f"record {first} is missing: record {next_there} follows"
    return f"records {first} to {next_there - 1} are missing: record {next_there} follows"


def _examine(entry: Entry, computed: bytes) -> tuple[object, list[tuple[str, str]]]:
    """The parsed record, or None, and what is wrong with it by itself."""
    problems: list[tuple[str, str]] = []
    if computed != entry.leaf:
        detail = f"the record's hash is {computed.hex()}, and its leaf says {entry.leaf.hex()}: it was changed"
        problems.append(("leaf", detail))
    try:
        parsed: object = msgspec.json.decode(entry.record)
        canonical = profile_bytes(parsed)
    except (ValueError, msgspec.DecodeError, RecursionError) as mistake:
        problems.append(("canonical", f"the record is no canonical JSON: {mistake}"))
        return None, problems
    if canonical != entry.record:
        problems.append(("canonical", "the record is JSON, but not in its canonical spelling"))
    mistake_of_shape = shape_mistake(parsed)
    if mistake_of_shape is not None:
        problems.append(("shape", f"the record is not of the format: {mistake_of_shape}"))
    if isinstance(parsed, dict):
        said = parsed.get("index")
        if said != entry.index:
            says = f"that it is record {said!r:.40}" if "index" in parsed else "not which it is"
            problems.append(("index", f"the record that stands at {entry.index} says {says}"))
        if entry.index == 0 and parsed.get("kind") != "log.opened":
            problems.append(("shape", "the first record of a log is `log.opened`, and this one is not"))
    return parsed, problems


def _check_chain(walk: _Walk, entry: Entry, parsed: object, *, sound: bool) -> None:
    """Compares the leaf that this record names with the entry before it; see the top of the file for who is blamed."""
    named = parsed.get("previous") if isinstance(parsed, dict) else None
    if entry.index == 0:
        if sound and named != FIRST_PREVIOUS:
            _report(walk, 0, "chain", "the first record names a record before it, so the beginning of the log was cut")
        return
    before = walk.before
    if before is None or not isinstance(named, str) or named in {leaf.hex() for leaf in before.leaves}:
        _settle(walk)
    elif sound and before.sound:
        walk.suspected = before.index  # in place of one that waits: nobody vouches for the record at `before` either
    else:
        _settle(walk)


def _settle(walk: _Walk) -> None:
    """Reports the break of the chain that was waiting for the next record."""
    if walk.suspected is not None:
        index = walk.suspected
        walk.suspected = None
        last = " (or that one was, since no record follows it)" if walk.expected == index + 2 else ""
        _report(
            walk,
            index,
            "chain",
            f"record {index + 1} was appended to another record than the one that stands at {index}: that one was "
            f"replaced, or one after it taken out{last}",
        )


def _check_payload(walk: _Walk, entry: Entry, parsed: dict[object, object]) -> None:
    named = parsed.get("payload")
    if entry.payload is None:
        if isinstance(named, str):
            walk.absences.note(walk.frontier.size - 1)  # its index, in a log in which no record is missing
    elif named is None:
        _report(walk, entry.index, "stray-payload", "the record names no payload, and there is one")
    elif sha256(entry.payload).hexdigest() != named:
        _report(walk, entry.index, "payload", "the payload is not the one that the record names: it was changed")
    else:
        walk.payloads += 1
        try:
            opened = open_payload(
                entry.payload, parsed.get("id"), no_keys if walk.keyring is None else walk.keyring.key_of
            )
        except InvalidSeal as wrong:
            _report(walk, entry.index, "payload", f"the sealed payload is damaged: {wrong}")
            return
        if isinstance(opened, Seal):
            walk.absences.closed[opened.kid] += 1
            return
        mistake = bodies_mistake(parsed, opened)
        if mistake is not None:
            _report(walk, entry.index, "payload", mistake)


def _take_damage(walk: _Walk, damage: Damage) -> None:
    compare(walk.states, walk.frontier)
    _settle(walk)
    _report(walk, walk.expected, damage.what, damage.detail)
    walk.before = None
    walk.expected += 1


def _finish(walk: _Walk) -> Verification:
    compare(walk.states, walk.frontier)
    _settle(walk)
    if walk.expected == 0:
        _report(walk, 0, "missing", "the log holds no record, not even that of its opening")
    for index, what, detail in finish(walk.states, walk.frontier.size, walk.demands):
        _report(walk, index, what, detail)
    newest = walk.states.newest
    for kid in walk.absences.destroyed:
        if walk.keyring is not None and walk.keyring.has(kid):
            _report(
                walk,
                None,
                "kept-key",
                f"the log says that the key {kid[:16]}… was destroyed, and it is there; erase anything to finish it",
            )
    return Verification(
        ok=not walk.problems and not walk.further,
        size=walk.frontier.size,
        root=walk.frontier.root().hex(),
        problems=tuple(walk.problems),
        further=walk.further,
        payloads=walk.payloads,
        erased=walk.absences.erased(),
        sealed=walk.absences.sealed(),
        unexplained=walk.absences.unexplained(),
        checkpoints=walk.states.read,
        signed=None if newest is None else newest.checkpoint.size,
        signed_at=None if newest is None else newest.at,
        keys=() if newest is None else tuple(map(str, newest.keys)),
    )
