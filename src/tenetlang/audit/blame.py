"""Who answers for a decision: the platform, the organization, or the developer of the agent.

    platform       that what was decided is what the policy says, that it was enforced, that the record is whole
    organization   what the policy says: its rules and their owners, its default, who put it into force, who was asked
    developer      that the call came through a gate, fit the policy's types, and that the answer was respected

Everything that is said stands in the log (`story`): each fact names the record that shows it. Facts are data; the words are made
where they are shown. What the log can't tell is told as well, for a party that nothing speaks against has not been cleared by
it. Whether the log itself is whole is another question, and `verify_log` answers it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.audit.completeness.check import PATIENCE
from tenetlang.audit.completeness.reports import moment, words
from tenetlang.audit.errors import InvalidSeal, RecordNotFound
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.payloads.sealing import Keys, Seal, no_keys, open_payload
from tenetlang.audit.records.requests import read_payload_bodies
from tenetlang.audit.source import Entry
from tenetlang.audit.stores.addresses import told
from tenetlang.audit.story import Placed, Story, listed, part, read_story

Party: TypeAlias = Literal["platform", "organization", "developer"]
PARTIES: tuple[Party, ...] = ("platform", "organization", "developer")

Standing: TypeAlias = Literal["decided", "to_answer", "nothing"]
"""How a party stands: the verdict is its doing, it has something to answer for, or nothing in the log speaks against it."""


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
    """Who answers for a decision. `answers` is the party whose doing the verdict is; `facts` say why, and what else there is;
    `untold` names what the log can't tell. `entry` is the record as it is stored, `keys` what opened its payload."""

    index: int
    record: Mapping[str, object]
    reason: str | None
    answers: Party
    facts: tuple[BlameFact, ...]
    untold: tuple[str, ...]
    entry: Entry = attrs.field(repr=False)
    keys: Keys = attrs.field(repr=False, default=no_keys)

    def standing(self, party: Party) -> tuple[Standing, tuple[int, ...]]:
        """How a party stands, and the records that show it."""
        against = tuple(dict.fromkeys(fact.record for fact in self.facts if fact.party == party and fact.against))
        if party == self.answers:
            return "decided", against or (self.index,)
        return ("to_answer", against) if against else ("nothing", ())


def blame(path: str | os.PathLike[str], index_or_identifier: str, keys: Keys = no_keys) -> Blame:
    """Who answers for the decision of an index or an identifier, in a log or an export of it. `keys` open what was sealed.

    Reads the whole log, for what followed stands behind it. Raises `RecordNotFound` where there is no such record or it is of
    no decision, and what `show` raises.
    """
    story = read_story(path, index_or_identifier)
    kind = story.record.get("kind")
    if kind != "intent":
        said = f"of no decision but `{kind}`" if isinstance(kind, str) else "no record any more: it was changed"
        of = story.record.get("of")
        named = (
            f"the decision that it belongs to, {of}" if isinstance(of, str) and len(of) == ULID_LENGTH else "an intent"
        )
        raise RecordNotFound(f"record {story.entry.index} of {told(path)} is {said}; name {named}")
    written = _Said(story, keys)
    reason = written.text((story.entry.index, story.record), "/decided/reason")
    facts = (*_platform(story), *_organization(story, written), *_developer(story, reason))
    untold = tuple(_untold(story, written.of_decision()))
    return Blame(story.entry.index, story.record, reason, _answers(story), facts, untold, story.entry, keys)


class _Said:
    """What people wrote, from the payloads that are there, fit their records and can be opened."""

    def __init__(self, story: Story, keys: Keys) -> None:
        self._story = story
        self._keys = keys

    def text(self, placed: Placed, pointer: str) -> str | None:
        """The text of a body of a record's payload."""
        opened = self._opened(placed)
        value = read_payload_bodies(opened).get(pointer, {}).get("value") if isinstance(opened, bytes) else None
        return value if isinstance(value, str) else None

    def of_decision(self) -> str | None:
        """Why the payload of the decision tells nothing, as a word of `untold`; None where it tells all."""
        placed = self._story.entry.index, self._story.record
        opened = self._opened(placed)
        if isinstance(opened, Seal):
            return "sealed" if self._keys is no_keys else "other_keys"
        told = self.text(placed, "/decided/reason") is not None or self._story.record.get("payload") is None
        return None if told else "payload"

    def _opened(self, placed: Placed) -> bytes | Seal | None:
        index, record = placed
        payload = self._story.entry.payload if index == self._story.entry.index else self._story.payloads.get(index)
        if payload is None or sha256(payload).hexdigest() != record.get("payload"):
            return None
        try:
            return open_payload(payload, record.get("id"), self._keys)
        except InvalidSeal:
            return None


def _payload_changed(story: Story) -> bool:
    payload = story.entry.payload
    return payload is not None and sha256(payload).hexdigest() != story.record.get("payload")


def _names(story: Story) -> tuple[str, ...]:
    return tuple(str(name) for name in words(part(story.record, "decided").get("decided_by")))


def _verdict(story: Story) -> object:
    return part(story.record, "decided").get("verdict")


def _point(story: Story) -> object:
    return part(story.record, "who").get("point")


def _internal(story: Story) -> bool:
    return any(error.get("error") == "internal" for error in listed(part(story.record, "decided"), "errors"))


def _late(story: Story, since: object) -> bool:
    """Whether the log goes on for so long after a time that what was to follow would be there."""
    return isinstance(since, str) and moment(story.last_at) - moment(since) > PATIENCE


ULID_LENGTH: Final = 26

_CALLS: Final = frozenset({("invalid_request",), ("unknown_tool",)})
_BEFORE: Final = frozenset({*_CALLS, ("out_of_scope",)})
_RUNTIME: Final = frozenset({("unavailable",), ("review_unavailable",), ("unmet_obligation",)})
_MADE: Final = frozenset({"ok", "error"})


def _answers(story: Story) -> Party:
    """Whose doing the verdict is: of whoever wrote the rules, stopped the gate or reviewed, unless the call never came to them or
    the engine failed."""
    names = _names(story)
    if names in _BEFORE:
        return "developer"
    return "platform" if names in _RUNTIME or _internal(story) else "organization"


# ------------------------------------------------------------------------------------------------------------ platform


def _platform(story: Story) -> Iterator[BlameFact]:
    index, policy = story.entry.index, part(story.record, "policy")
    intact = story.entry.flaw is None and leaf_hash(story.entry.record) == story.entry.leaf
    yield BlameFact("platform", "intact" if intact else "changed", {}, index, against=not intact)
    if _payload_changed(story):
        yield BlameFact("platform", "payload_changed", {}, index, against=True)
    if story.erased is not None:
        place, record = story.erased
        yield BlameFact("platform", "erased", {key: record[key] for key in ("by", "because")}, place)
    yield BlameFact(
        "platform", "decided", {"bundle": policy.get("bundle"), "took_ns": story.record.get("took_ns")}, index
    )
    if _internal(story):
        yield BlameFact("platform", "internal", {}, index, against=True)
    if _names(story) in _RUNTIME:
        yield BlameFact("platform", "not_ready", {"why": _names(story)[0]}, index, against=True)
    if policy.get("stale") is not None:
        yield BlameFact("platform", "stale", {"why": policy["stale"]}, index, against=True)
    yield from _enforcement(story)
    yield from _delivery(story)


def _enforcement(story: Story) -> Iterator[BlameFact]:
    """Whether what was decided was done, and whether all that the enforcement point asked is there."""
    point = _point(story)
    if point is None:
        return
    for place, outcome in story.outcomes:
        if _verdict(story) != "allow" and outcome["outcome"] in _MADE:
            details = {"point": point, "outcome": outcome["outcome"], "verdict": _verdict(story)}
            yield BlameFact("platform", "not_enforced", details, place, against=True)
    for problem in story.numbers:
        place = story.entry.index if problem.index is None else problem.index
        yield BlameFact("platform", "numbers", {"detail": problem.detail}, place, against=True)
    if _names(story) != ("stopped",) and _verdict(story) == "allow":
        for place, record in _switches(story):
            yield BlameFact(
                "platform", "not_stopped", {key: record[key] for key in ("what", "by")}, place, against=True
            )
    if story.closed is not None and not story.numbers:
        place, record = story.closed
        yield BlameFact("platform", "all_there", {"point": point, "count": record["count"]}, place)


def _switches(story: Story) -> Iterator[Placed]:
    """What was stopped and stops a call like this one."""
    agent, tool = part(story.record, "who").get("agent"), part(story.record, "what").get("tool")
    for what, placed in story.stopped.items():
        reach, _, name = what.partition(":")
        if what == "all" or (reach == "agent" and name == agent) or (reach == "tool" and name == tool):
            yield placed


def _delivery(story: Story) -> Iterator[BlameFact]:
    """Whether people were asked whom the decision wants to be asked, and whether it came to an end."""
    index = story.entry.index
    if _verdict(story) == "escalate" and _point(story) is not None and not story.tasks and story.some_opened:
        yield BlameFact("platform", "not_opened", {}, index, against=_late(story, story.record.get("at")))
    for steps in story.tasks.values():
        kinds = {record["kind"] for _, record in steps}
        sent = [(place, record) for place, record in steps if record["kind"] == "escalation.notified"]
        if sent and all(record["result"] != "sent" for _, record in sent) and "escalation.seen" not in kinds:
            yield BlameFact("platform", "not_reached", {"attempts": len(sent)}, sent[-1][0], against=True)
        deadlines = [(place, record["deadline"]) for place, record in steps if "deadline" in record]
        if deadlines and "escalation.ended" not in kinds and _late(story, deadlines[-1][1]):
            yield BlameFact("platform", "not_ended", {"deadline": deadlines[-1][1]}, deadlines[-1][0], against=True)


# -------------------------------------------------------------------------------------------------------- organization


def _organization(story: Story, said: _Said) -> Iterator[BlameFact]:
    index, decided, names = story.entry.index, part(story.record, "decided"), _names(story)
    matched = {str(item.get("rule")): item for item in listed(decided, "matched")}
    for name in names:
        rule = matched.get(name)
        if rule is not None:
            details = {key: rule.get(key) for key in ("rule", "verdict", "owner", "at")}
            yield BlameFact("organization", "rule", details, index, against=True)
    if names == ("default",):
        yield BlameFact("organization", "default", {"verdict": decided.get("verdict")}, index, against=True)
    if names == ("observe",):
        yield BlameFact("organization", "observe", {"would": decided.get("observed_verdict")}, index, against=True)
    for item in listed(decided, "overridden"):
        yield BlameFact("organization", "overridden", {"rule": item.get("rule"), "by": item.get("by")}, index)
    for error in listed(decided, "errors"):
        if error.get("error") != "internal":
            details = {key: error.get(key) for key in ("rule", "error", "at")}
            yield BlameFact("organization", "error", details, index, against=names == ("error",))
    for item in listed(decided, "escalations"):
        details = {key: item.get(key) for key in ("reviewers", "quorum", "within", "else")}
        yield BlameFact("organization", "reviewers", details, index)
    if names == ("review_denied",):
        yield BlameFact("organization", "review_denied", {}, index, against=True)
    yield from _stopped(story, said)
    yield from _activation(story)
    for task, steps in story.tasks.items():
        for placed in steps:
            yield from _step(placed, said, used=task in story.used)


def _stopped(story: Story, said: _Said) -> Iterator[BlameFact]:
    """What somebody had stopped. It is to be answered for by whoever did where that was what denied the call."""
    covering = dict(_switches(story))
    denied = _names(story) == ("stopped",)
    for place, record in story.stopped.values():
        if place in covering or part(story.record, "who").get("point") is None:
            because = said.text((place, record), "/because")
            details = {"what": record["what"], "by": record["by"], "because": because}
            yield BlameFact("organization", "stopped", details, place, against=denied)
    if denied and not covering:
        yield BlameFact("organization", "stopped_unseen", {}, story.entry.index, against=True)


def _activation(story: Story) -> Iterator[BlameFact]:
    index = story.entry.index
    if story.activated is not None:
        place, record = story.activated
        details = {"by": record["by"], "version": record["version"], "at": record["at"], "expires": record["expires"]}
        yield BlameFact("organization", "activated", details, place)
    elif story.activations:
        enforced = _point(story) is not None
        yield BlameFact("organization", "never_activated", {}, index, against=enforced)
    if story.rejected is not None:
        place, record = story.rejected
        yield BlameFact("organization", "rejected", {"version": record["version"], "because": record["because"]}, place)


def _step(placed: Placed, said: _Said, *, used: bool) -> Iterator[BlameFact]:
    """What a step of an escalation says of the reviewers. Somebody's approval is to be answered for by who relied on it."""
    place, record = placed
    match record["kind"]:
        case "escalation.opened":
            details = {key: record[key] for key in ("reviewers", "quorum", "deadline")}
            yield BlameFact("organization", "asked", details, place)
        case "escalation.climbed":
            details = {key: record[key] for key in ("reviewers", "because", "deadline")}
            yield BlameFact("organization", "climbed", details, place)
        case "escalation.seen" | "escalation.claimed" | "escalation.released" | "escalation.delegated":
            word = str(record["kind"]).rpartition(".")[2]
            details = {"who": record["who"], "how": record["how"], "to": record.get("to")}
            yield BlameFact("organization", word, details, place)
        case "escalation.decided":
            details = {key: record[key] for key in ("who", "vote", "how")}
            details["comment"] = said.text(placed, "/comment")
            what = "vote" if record["counted"] else "late_vote"
            against = bool(record["counted"]) and (used or record["vote"] == "deny")
            yield BlameFact("organization", what, details, place, against=against)
        case "escalation.ended":
            yield BlameFact("organization", "ended", {"end": record["end"]}, place, against=record["end"] == "expired")
        case "escalation.used" if used:
            yield BlameFact("organization", "used", {}, place)
        case "escalation.used":
            yield BlameFact("organization", "used_by", {"decision": record["of"]}, place)
        case _:
            pass


# ----------------------------------------------------------------------------------------------------------- developer


def _developer(story: Story, reason: str | None) -> Iterator[BlameFact]:
    index, who, names = story.entry.index, part(story.record, "who"), _names(story)
    verdict, point = _verdict(story), who.get("point")
    if names in _BEFORE:
        yield BlameFact("developer", names[0], {"reason": reason}, index, against=True)
    if point is None:
        yield BlameFact("developer", "unguarded", {}, index)
    else:
        yield BlameFact("developer", "guarded", {"point": point, "count": who.get("point_count")}, index)
    if who.get("agent") is None:
        yield BlameFact("developer", "nameless", {}, index)
    for place, outcome in story.outcomes:
        made = outcome["outcome"] in _MADE
        details = {"outcome": outcome["outcome"], "verdict": verdict}
        what = "not_respected" if made and verdict != "allow" and point is None else "outcome"
        what = "unknown_outcome" if outcome["outcome"] == "unknown" else what
        yield BlameFact("developer", what, details, place, against=what == "not_respected")
        unmet = [item.get("name") for item in listed(outcome, "obligations") if item.get("met") is False]
        if made and unmet:
            yield BlameFact("developer", "unmet", {"names": ", ".join(map(str, unmet))}, place, against=True)
    if not story.outcomes and (point is None or verdict == "allow"):
        missing = point is not None and verdict == "allow" and _late(story, story.record.get("at"))
        yield BlameFact("developer", "no_outcome", {"size": story.size}, index, against=missing)
    if len(story.outcomes) > 1:
        details = {"count": len(story.outcomes) + story.further}
        yield BlameFact("developer", "outcomes", details, story.outcomes[-1][0], against=True)


# -------------------------------------------------------------------------------------------------------------- untold


def _untold(story: Story, payload: str | None) -> Iterator[str]:
    """What the log can't tell, as words. `payload` is the one for why that of the decision tells nothing."""
    if _point(story) is None:
        yield "enforcement"
    elif story.closed is None:
        yield "end_of_point"
    if all(outcome["outcome"] == "unknown" for _, outcome in story.outcomes):
        yield "outcome"
    if payload is not None:
        yield payload
    if not story.activations:
        yield "activation"
    if story.damaged:
        yield "damaged"
    yield from ("identity", "other_calls", "whole_log")
