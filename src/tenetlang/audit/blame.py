"""Who answers for a decision: the platform, the organization, or the developer of the agent.

    platform       that what was decided is what the policy says, that it was enforced, that the record is whole
    organization   what the policy says: its rules and their owners, its default, who put it into force, who reviews
    developer      that the call came through a gate, fit the policy's types, and that the answer was respected

Everything that is said stands in the log: each fact names the record that shows it. Facts are data; the words are made where
they are shown. What the log can't tell is among the facts too, for a party that nothing speaks against has not been cleared by
it. Whether the log itself is whole is another question, and `verify_log` answers it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from hashlib import sha256
from typing import Literal, TypeAlias

import attrs

from tenetlang.audit.errors import RecordNotFound
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.requests import read_payload_bodies
from tenetlang.audit.show import log_entries, parsed_record
from tenetlang.audit.source import Entry

Party: TypeAlias = Literal["platform", "organization", "developer"]
PARTIES: tuple[Party, ...] = ("platform", "organization", "developer")


@attrs.frozen
class BlameFact:
    """Something that the log says for or against a party: a word for it, what belongs to it, and the record that says so.

    `against` is true for what the party has to answer for.
    """

    party: Party
    what: str
    details: Mapping[str, object]
    record: int
    against: bool = False


@attrs.frozen
class Blame:
    """Who answers for a decision. `answers` is the party whose doing the verdict is; `facts` say why, and what else there is."""

    index: int
    record: Mapping[str, object]
    reason: str | None
    answers: Party
    facts: tuple[BlameFact, ...]


def blame(path: str | os.PathLike[str], index_or_identifier: str) -> Blame:
    """Who answers for the decision of an index or an identifier, in a log or an export of it.

    Reads the whole log, for what followed stands behind it. Raises `RecordNotFound` where there is no such record or it is of
    no decision, and what `show` raises.
    """
    story = _story(path, index_or_identifier)
    kind = story.record.get("kind")
    if kind != "intent":
        said = f"of no decision but `{kind}`" if isinstance(kind, str) else "no record any more: it was changed"
        raise RecordNotFound(f"record {story.entry.index} of {os.fspath(path)} is {said}; name an intent")
    reason = _reason(story)
    facts = (*_platform(story), *_organization(story), *_developer(story, reason))
    return Blame(story.entry.index, story.record, reason, _answers(story), facts)


# ------------------------------------------------------------------------------------------------------------ reading


@attrs.define
class _Story:
    """The record of the decision and what has to do with it."""

    entry: Entry
    record: Mapping[str, object]
    outcomes: list[tuple[int, Mapping[str, object]]] = attrs.field(factory=list)
    activated: tuple[int, Mapping[str, object]] | None = None
    activations: int = 0
    last: int = 0


def _story(path: str | os.PathLike[str], wanted: str) -> _Story:
    """Reads the log up to the record, and then once more for what has to do with it."""
    story = _found(path, wanted)
    bundle = _part(story.record, "policy").get("bundle")
    with closing(log_entries(path)) as entries:
        for entry in entries:
            story.last = entry.index
            record = parsed_record(entry.record)
            if not isinstance(record, dict):
                continue
            if record.get("kind") == "policy.activated" and entry.index < story.entry.index:
                story.activations += 1
                if record.get("bundle") == bundle:
                    story.activated = entry.index, record
            elif record.get("kind") == "outcome" and record.get("of") == story.record.get("id"):
                story.outcomes.append((entry.index, record))
    return story


def _found(path: str | os.PathLike[str], wanted: str) -> _Story:
    index = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) <= 16 else None
    with closing(log_entries(path)) as entries:
        for entry in entries:
            if index is None and wanted.encode() not in entry.record:
                continue
            record = parsed_record(entry.record) if index in {None, entry.index} else None
            if entry.index == index or (isinstance(record, Mapping) and record.get("id") == wanted):
                return _Story(entry, record if isinstance(record, Mapping) else {})
    raise RecordNotFound(f"{os.fspath(path)} holds no record {wanted}")


def _reason(story: _Story) -> str | None:
    """The reason of the decision, where its payload was not erased or changed."""
    payload = story.entry.payload
    if payload is None or _payload_changed(story):
        return None
    reason = read_payload_bodies(payload).get("/decided/reason", {}).get("value")
    return reason if isinstance(reason, str) else None


def _payload_changed(story: _Story) -> bool:
    payload = story.entry.payload
    return payload is not None and sha256(payload).hexdigest() != story.record.get("payload")


def _part(record: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _entries_of(part: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    """A list of a record, or the first of a long one."""
    listed = part.get(name)
    if isinstance(listed, Mapping):
        listed = listed.get("first")
    return [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []


def _names(story: _Story) -> tuple[str, ...]:
    listed = _part(story.record, "decided").get("decided_by")
    if isinstance(listed, Mapping):
        listed = listed.get("first")
    return tuple(str(name) for name in listed) if isinstance(listed, list) else ()


def _internal(story: _Story) -> bool:
    return any(error.get("error") == "internal" for error in _entries_of(_part(story.record, "decided"), "errors"))


# ------------------------------------------------------------------------------------------------------------- parties


_CALLS = frozenset({("invalid_request",), ("unknown_tool",)})
_RUNTIME = frozenset({("unavailable",), ("review_unavailable",), ("unmet_obligation",)})


def _answers(story: _Story) -> Party:
    """Whose doing the verdict is: of whoever wrote the rules, unless the call never came to them or the engine failed."""
    names = _names(story)
    if names in _CALLS:
        return "developer"
    return "platform" if names in _RUNTIME or _internal(story) else "organization"


def _platform(story: _Story) -> Iterator[BlameFact]:
    index, policy = story.entry.index, _part(story.record, "policy")
    intact = story.entry.flaw is None and leaf_hash(story.entry.record) == story.entry.leaf
    yield BlameFact("platform", "intact" if intact else "changed", {}, index, against=not intact)
    if _payload_changed(story):
        yield BlameFact("platform", "payload_changed", {}, index, against=True)
    yield BlameFact(
        "platform", "decided", {"bundle": policy.get("bundle"), "took_ns": story.record.get("took_ns")}, index
    )
    if _internal(story):
        yield BlameFact("platform", "internal", {}, index, against=True)
    if _names(story) in _RUNTIME:
        yield BlameFact("platform", "not_ready", {"why": _names(story)[0]}, index, against=True)
    if policy.get("stale") is not None:
        yield BlameFact("platform", "stale", {"why": policy["stale"]}, index, against=True)
    point = _part(story.record, "who").get("point")
    verdict = _part(story.record, "decided").get("verdict")
    for place, outcome in story.outcomes:
        if point is not None and verdict != "allow" and outcome.get("outcome") in {"ok", "error"}:
            yield BlameFact(
                "platform", "not_enforced", {"point": point, "outcome": outcome.get("outcome")}, place, against=True
            )


def _organization(story: _Story) -> Iterator[BlameFact]:
    index, decided, names = story.entry.index, _part(story.record, "decided"), _names(story)
    matched = {str(item.get("rule")): item for item in _entries_of(decided, "matched")}
    for name in names:
        rule = matched.get(name)
        if rule is not None:
            details = {key: rule.get(key) for key in ("rule", "verdict", "owner", "at")}
            yield BlameFact("organization", "rule", details, index, against=True)
    if names == ("default",):
        yield BlameFact("organization", "default", {"verdict": decided.get("verdict")}, index, against=True)
    if names == ("observe",):
        yield BlameFact("organization", "observe", {"would": decided.get("observed_verdict")}, index, against=True)
    for item in _entries_of(decided, "overridden"):
        yield BlameFact("organization", "overridden", {"rule": item.get("rule"), "by": item.get("by")}, index)
    for error in _entries_of(decided, "errors"):
        if error.get("error") != "internal":
            details = {key: error.get(key) for key in ("rule", "error", "at")}
            yield BlameFact("organization", "error", details, index, against=names == ("error",))
    for item in _entries_of(decided, "escalations"):
        details = {key: item.get(key) for key in ("reviewers", "quorum", "within", "else")}
        yield BlameFact("organization", "reviewers", details, index)
    if story.activated is not None:
        place, record = story.activated
        details = {"by": record.get("by"), "version": record.get("version"), "at": record.get("at")}
        yield BlameFact("organization", "activated", details, place)
    elif story.activations:
        yield BlameFact("organization", "never_activated", {}, index, against=True)
    else:
        yield BlameFact("organization", "activation_untold", {}, index)


def _developer(story: _Story, reason: str | None) -> Iterator[BlameFact]:
    index, who, names = story.entry.index, _part(story.record, "who"), _names(story)
    verdict = _part(story.record, "decided").get("verdict")
    if names in _CALLS:
        yield BlameFact("developer", names[0], {"reason": reason}, index, against=True)
    point = who.get("point")
    if point is None:
        yield BlameFact("developer", "unguarded", {}, index)
    else:
        yield BlameFact("developer", "guarded", {"point": point, "count": who.get("point_count")}, index)
    if who.get("agent") is None:
        yield BlameFact("developer", "nameless", {}, index)
    for place, outcome in story.outcomes:
        made = outcome.get("outcome") in {"ok", "error"}
        wrong = made and verdict != "allow" and point is None
        yield BlameFact("developer", "outcome", {"outcome": outcome.get("outcome")}, place, against=wrong)
    if not story.outcomes:
        missing = point is not None and verdict == "allow"
        yield BlameFact("developer", "no_outcome", {"verdict": verdict, "size": story.last + 1}, index, against=missing)
    if len(story.outcomes) > 1:
        yield BlameFact("developer", "outcomes", {"count": len(story.outcomes)}, story.outcomes[-1][0], against=True)
