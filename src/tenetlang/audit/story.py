"""What a log says of one decision: the record itself, and all records that have to do with it.

    before   which bundle was put into force, by whom, and whether a newer one was refused; what somebody had stopped; the approval
             that it used
    beside   the numbers of its enforcement point
    after    its outcomes, the escalation that it opened and who voted, the erasure of its payload

Most of that is found in one reading. Only what an approval rests on stands before the decision and is known by its end, and
needs another. What people wrote in any of these is kept as it is stored, sealed or not. Damaged records are left out and counted: what they say nobody vouches for. The log may be hostile, so of
everything that can be repeated only so much is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final, TypeAlias

import attrs

from tenetlang.audit.canonical import SAFE_INTEGER
from tenetlang.audit.completeness.counts import Counts, finish_counts, take_close, take_number
from tenetlang.audit.completeness.reports import Report, words
from tenetlang.audit.errors import InvalidSeal, RecordNotFound
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.payloads.sealing import is_sealed, read_seal
from tenetlang.audit.records.shape import shape_mistake
from tenetlang.audit.show import log_entries, parsed_record
from tenetlang.audit.source import Entry
from tenetlang.audit.stores.addresses import told
from tenetlang.audit.verify import Problem

Placed: TypeAlias = tuple[int, Mapping[str, object]]
"""A record, and the index at which it stands."""

MOST_KEPT: Final = 100
LONGEST_WORDS: Final = 65_536
"""A longer payload of a record that belongs to the story is not kept, in bytes. That of the decision itself always is."""


@attrs.define
class Story:
    """The record of the decision and what has to do with it. Of each list the first hundred are kept; `further` says how many
    more there are."""

    entry: Entry
    record: Mapping[str, object]
    outcomes: list[Placed] = attrs.field(factory=list)
    activated: Placed | None = None
    activations: int = 0
    rejected: Placed | None = None
    stopped: dict[str, Placed] = attrs.field(factory=dict)
    erased: Placed | None = None
    tasks: dict[str, list[Placed]] = attrs.field(factory=dict)
    some_opened: bool = False
    used: set[str] = attrs.field(factory=set)
    payloads: dict[int, bytes] = attrs.field(factory=dict)
    numbers: tuple[Problem, ...] = ()
    closed: Placed | None = None
    damaged: int = 0
    further: int = 0
    size: int = 0
    last_at: str = ""


def read_story(path: str | os.PathLike[str], wanted: str) -> Story:
    """The story of the record of an index or an identifier. Raises `RecordNotFound` and what `show` raises."""
    story = _found(path, wanted)
    counts, report = Counts(), Report(0, 0, MOST_KEPT)
    for entry, record in _entries(path):
        story.size = entry.index + 1
        if record is None:
            story.damaged += 1
            continue
        story.last_at = str(record["at"])
        _take(story, entry, record)
        _count(story, counts, entry.index, record, report)
    finish_counts(counts, report)
    story.numbers = tuple(report.problems)
    if story.used:
        for entry, record in _entries(path):
            if record is not None and _task(record) in story.used:
                _keep_step(story, entry, record)
    for steps in story.tasks.values():
        steps.sort(key=lambda placed: placed[0])
    return story


def part(record: Mapping[str, object], name: str) -> Mapping[str, object]:
    """An object of a record, or an empty one."""
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def listed(found: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    """The objects in a list of a record, or the first of a long one."""
    return [item for item in words(found.get(name)) if isinstance(item, Mapping)]


def _found(path: str | os.PathLike[str], wanted: str) -> Story:
    index = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) <= 16 else None
    with closing(log_entries(path)) as entries:
        for entry in entries:
            if index is None and wanted.encode("utf-8", "replace") not in entry.record:
                continue
            record = parsed_record(entry.record) if index in {None, entry.index} else None
            if entry.index == index or (isinstance(record, Mapping) and record.get("id") == wanted):
                return Story(entry, record if isinstance(record, Mapping) else {})
    raise RecordNotFound(f"{told(path)} holds no record {wanted}")


def _entries(path: str | os.PathLike[str]) -> Iterator[tuple[Entry, Mapping[str, object] | None]]:
    """The entries of the log with their records; None for one that is damaged. Of decisions, which are most of a log and of which
    only time and number are read here, the hash is checked and not the shape."""
    with closing(log_entries(path)) as entries:
        for entry in entries:
            record = parsed_record(entry.record) if leaf_hash(entry.record) == entry.leaf else None
            yield entry, record if isinstance(record, dict) and _is_usable(record) else None


def _is_usable(record: Mapping[str, object]) -> bool:
    return (record.get("kind") == "intent" and type(record.get("at")) is str) or shape_mistake(record) is None


def _take(story: Story, entry: Entry, record: Mapping[str, object]) -> None:
    index, identifier = entry.index, story.record.get("id")
    if index < story.entry.index:
        _take_before(story, entry, record)
    match record["kind"]:
        case "outcome" if record["of"] == identifier:
            _keep(story, story.outcomes, (index, record))
        case "erasure" if _covers(record, story.entry):
            story.erased = index, record
        case "escalation.opened":
            story.some_opened = True
            if record["of"] == identifier and len(story.tasks) < MOST_KEPT:
                story.tasks[str(record["task"])] = [(index, record)]
        case "escalation.used" if record["of"] == identifier and len(story.used) < MOST_KEPT:
            story.used.add(str(record["task"]))
        case str(kind) if kind.startswith("escalation.") and _task(record) in story.tasks:
            _keep_step(story, entry, record)
        case _:
            pass


def _take_before(story: Story, entry: Entry, record: Mapping[str, object]) -> None:
    """What was so when it was decided: the bundle in force, and what was stopped."""
    index = entry.index
    match record["kind"]:
        case "policy.activated":
            story.activations += 1
            if record["bundle"] == part(story.record, "policy").get("bundle"):
                story.activated, story.rejected = (index, record), None
        case "policy.rejected":
            story.rejected = index, record
        case "guard.stopped" if record["what"] not in story.stopped and len(story.stopped) < MOST_KEPT:
            story.stopped[str(record["what"])] = index, record
            _keep_payload(story, entry)
        case "guard.resumed":
            story.stopped.pop(str(record["what"]), None)
        case _:
            pass


def _keep(story: Story, kept: list[Placed], placed: Placed) -> None:
    if len(kept) < MOST_KEPT:
        kept.append(placed)
    else:
        story.further += 1


def _keep_payload(story: Story, entry: Entry) -> None:
    if entry.payload is not None and len(entry.payload) <= LONGEST_WORDS:
        story.payloads[entry.index] = entry.payload


def _task(record: Mapping[str, object]) -> str:
    task = record.get("task")
    return task if isinstance(task, str) else ""


def _keep_step(story: Story, entry: Entry, record: Mapping[str, object]) -> None:
    """Keeps a step, unless there are many of its kind: a task that was notified often has still ended."""
    steps = story.tasks.setdefault(_task(record), [])
    alike = sum(other["kind"] == record["kind"] for _, other in steps)
    if alike < MOST_KEPT and all(place != entry.index for place, _ in steps):
        steps.append((entry.index, record))
        _keep_payload(story, entry)


def _covers(record: Mapping[str, object], entry: Entry) -> bool:
    """Whether an erasure is why a payload can't be read: it is not there, or was sealed with the key that was destroyed."""
    if entry.payload is not None:
        return _key_of(entry.payload) == record["subject"] is not None
    before = record["before"]
    return entry.index in words(record["records"]) or (isinstance(before, int) and entry.index < before)


def _key_of(payload: bytes) -> str | None:
    try:
        return read_seal(payload).kid if is_sealed(payload) else None
    except InvalidSeal:
        return None


def _count(story: Story, counts: Counts, index: int, record: Mapping[str, object], report: Report) -> None:
    """Follows the numbers of the decision's own enforcement point."""
    point = part(story.record, "who").get("point")
    if not isinstance(point, str):
        return
    who = part(record, "who")
    number = who.get("point_count")
    if record["kind"] == "intent":
        if who.get("point") == point and type(number) is int and 0 < number <= SAFE_INTEGER:
            take_number(counts, index, point, number, report)
    elif record["kind"] == "point.closed" and record["point"] == point:
        take_close(counts, index, record, report)
        story.closed = index, record
