"""A decision explained to a person: what decided, what else matched, what was lifted, what erred, and what nearly matched.

`explain` sorts the trace into these groups, as data; `why_lines` lays them out. Both are functions of the decision and
of what the policy says of its rules, so a recorded decision is explained as well as a fresh one.

Rules that did not match are many, and most are beside the point. Those that came nearest (the fewest conditions left
when they stopped) are told first, and after a few only their number is told.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

import attrs

from tenetlang.cli.decision_text import escalation_text, heading, obligation_text
from tenetlang.cli.output import Paint, plain
from tenetlang.cli.shown import LONGEST, cut, source_text, value_text
from tenetlang.decision import Decision, TracedCondition, TracedRule
from tenetlang.report.visible import visible, width

MOST = 5
"""Rules that did not match are shown up to this number, unless all are asked for."""

_WORD = re.compile(r"\w+")
_COLUMN = 44
"""Conditions longer than this have their values on the next line."""


@attrs.frozen
class Known:
    """What the policy says of a rule that the trace does not."""

    verdict: str
    owner: str | None
    at: str


@attrs.frozen
class Story:
    """One rule in the explanation. `stopped` is the condition that was not met, None where the rule matched."""

    rule: str
    verdict: str | None
    owner: str | None
    at: str | None
    traced: TracedRule
    stopped: TracedCondition | None = None
    left: int = 0

    def to_json(self) -> dict[str, object]:
        shape: dict[str, object] = {"rule": self.rule, "verdict": self.verdict, "owner": self.owner, "at": self.at}
        if self.stopped is not None:
            shape["stopped_by"] = self.stopped.to_json()
            shape["conditions_left"] = self.left
        return shape


@attrs.frozen
class Explanation:
    """The rules of a decision in groups. `lifters` says by whom an overridden rule was lifted."""

    decision: Decision
    decided: tuple[Story, ...]
    also_matched: tuple[Story, ...]
    overridden: tuple[Story, ...]
    erred: tuple[Story, ...]
    observed: tuple[Story, ...]
    not_matched: tuple[Story, ...]
    lifters: Mapping[str, str]

    def to_json(self) -> dict[str, object]:
        """The groups with the names of their rules; what a rule read is in the decision's trace."""
        return {
            "decided": [story.to_json() for story in self.decided],
            "also_matched": [story.to_json() for story in self.also_matched],
            "overridden": [{**story.to_json(), "by": self.lifters[story.rule]} for story in self.overridden],
            "erred": [story.to_json() for story in self.erred],
            "observed": [story.to_json() for story in self.observed],
            "not_matched": [story.to_json() for story in self.not_matched],
        }


def explain(decision: Decision, known: Mapping[str, Known]) -> Explanation:
    """The rules of the decision's trace in groups. A rule is in the first of them that it belongs to."""
    lifters = {item.rule: item.by for item in decision.overridden}
    matched = {item.rule for item in decision.matched}
    observed = {item.rule for item in decision.observed}
    errors = {item.rule for item in decision.errors}
    groups: dict[str, list[Story]] = {
        name: [] for name in ("decided", "also", "overridden", "erred", "observed", "not")
    }
    for traced in decision.trace:
        story = _story(traced, known.get(traced.rule))
        if traced.rule in lifters:
            group = "overridden"
        elif traced.rule in decision.decided_by and traced.rule in matched:
            group = "decided"
        elif traced.rule in errors:
            group = "erred"
        elif traced.rule in matched:
            group = "also"
        elif traced.rule in observed:
            group = "observed"
        else:
            group = "not"
        groups[group].append(story)
    groups["not"].sort(key=lambda story: (story.left, story.rule))
    return Explanation(
        decision,
        tuple(groups["decided"]),
        tuple(groups["also"]),
        tuple(groups["overridden"]),
        tuple(groups["erred"]),
        tuple(groups["observed"]),
        tuple(groups["not"]),
        lifters,
    )


def _story(traced: TracedRule, known: Known | None) -> Story:
    stopped: TracedCondition | None = None
    left = 0
    if traced.holds is not True:
        for place, condition in enumerate(traced.conditions):
            if condition.value is not True:
                stopped, left = condition, len(traced.conditions) - place
                break
    if known is None:
        return Story(traced.rule, None, None, None, traced, stopped, left)
    return Story(traced.rule, known.verdict, known.owner, known.at, traced, stopped, left)


# ---------------------------------------------------------------------------------------------------------- words


def why_lines(
    explanation: Explanation, paint: Paint = plain, *, everything: bool = False, bare: Collection[str] = ()
) -> list[str]:
    """The explanation in lines. `bare` names the paths whose values are numbers, times or durations, which the trace
    carries as strings: they are shown without quotes. With `everything` nothing is left out or cut."""
    page = _Page(paint, None if everything else LONGEST, frozenset(bare))
    decision = explanation.decision
    lines = heading(decision, paint)
    for story in explanation.decided:
        lines += ["", *page.told(story, _verb(story)), *_consequences(explanation, story.rule)]
    if not explanation.decided:
        lines += _undecided(explanation)
    for story in explanation.also_matched:
        lines += ["", *page.told(story, f"{_verb(story)} as well, which counts for less")]
    for story in explanation.overridden:
        lifter = visible(explanation.lifters[story.rule])
        lines += ["", *page.told(story, f"{_conditional(story)}, but {lifter} overrides it")]
    for story in explanation.erred:
        lines += ["", *page.told(story, _error(decision, story))]
    for story in explanation.observed:
        lines += ["", *page.told(story, f"{_conditional(story)}, but is only observed")]
    return [*lines, *_not_matched(explanation, page, everything=everything)]


@attrs.frozen
class _Page:
    paint: Paint
    longest: int | None
    bare: frozenset[str]

    def told(self, story: Story, what: str) -> Iterator[str]:
        """The rule's headline, and its conditions with what they read."""
        yield f"{self.paint(visible(story.rule), 'heading')} {what}{_where(story)}"
        for condition in story.traced.conditions:
            yield from self.condition(condition)

    def condition(self, condition: TracedCondition) -> Iterator[str]:
        mark = {True: self.paint("✓", "good"), False: self.paint("✗", "bad"), None: "·"}[condition.value]
        text = cut(source_text(condition.text), self.longest)
        said = [*self.values(condition)]
        if condition.error is not None:
            said = [f"error: {visible(condition.error)}", *said]
        elif not condition.reached:
            said = ["not reached"]
        if not said:
            yield f"  {mark} {text}"
        elif width(text) <= _COLUMN and len(said) == 1:
            yield f"  {mark} {text}{' ' * (_COLUMN - width(text))}  {said[0]}"
        else:
            yield f"  {mark} {text}"
            yield from (f"      {value}" for value in said)

    def values(self, condition: TracedCondition) -> Iterator[str]:
        """What the condition bound, then what it read."""
        for name, value in condition.bindings.items():
            yield f"{visible(name)} = {value_text(value, self.longest)}"
        for path, value in condition.read.items():
            bare = path in self.bare and isinstance(value, str)
            shown = cut(visible(str(value)), self.longest) if bare else value_text(value, self.longest)
            yield f"{visible(path)} = {shown}"


def _verb(story: Story) -> str:
    return {"allow": "allows it", "deny": "denies it", "escalate": "escalates it"}.get(story.verdict or "", "matches")


def _conditional(story: Story) -> str:
    word = {"allow": "would allow it", "deny": "would deny it", "escalate": "would escalate it"}
    return word.get(story.verdict or "", "matches")


def _where(story: Story) -> str:
    facts = [visible(story.at)] if story.at is not None else []
    if story.owner is not None:
        facts.append(f"owner {visible(story.owner)}")
    return f" ({', '.join(facts)})" if facts else ""


def _consequences(explanation: Explanation, rule: str) -> Iterator[str]:
    for escalation in explanation.decision.escalations:
        if escalation.rule == rule:
            yield f"  asks {escalation_text(escalation)}"
    if explanation.decided and rule == explanation.decided[-1].rule:
        for obligation in explanation.decision.obligations:
            yield f"  only with {obligation_text(obligation)}"


def _undecided(explanation: Explanation) -> Iterator[str]:
    match explanation.decision.decided_by:
        case ("default",):
            yield "  no rule matched, so the default decides"
        case ("error",):
            yield "  a rule erred, and an error restricts"
        case ("invalid_request",) | ("unknown_tool",):
            yield "  no rule was tried"
        case ("observe",):
            verdict = explanation.decision.observed_verdict
            yield f"  the package only observes; it would have said {verdict}"
        case _:
            pass
    for escalation in explanation.decision.escalations:
        yield f"  asks {escalation_text(escalation)}"


def _error(decision: Decision, story: Story) -> str:
    found = next(error for error in decision.errors if error.rule == story.rule)
    also = f"{_verb(story)}, and erred" if story.traced.holds else "erred"
    return f"{also} with {visible(found.error)} at {visible(found.at)}, which restricts the decision"


def _with_bindings(story: Story, stopped: TracedCondition) -> TracedCondition:
    """The condition with the variables in it that conditions before it bound, which the reader does not get to see."""
    words = set(_WORD.findall(stopped.text))
    before = story.traced.conditions[: len(story.traced.conditions) - story.left]
    bound = {name: value for condition in before for name, value in condition.bindings.items() if name in words}
    return attrs.evolve(stopped, bindings={**bound, **stopped.bindings})


def _not_matched(explanation: Explanation, page: _Page, *, everything: bool) -> Iterator[str]:
    stories = explanation.not_matched
    if not stories:
        return
    shown = stories if everything else stories[:MOST]
    yield ""
    yield page.paint("Did not match", "heading")
    for story in shown:
        verdict = f"{story.verdict} " if story.verdict else ""
        yield f"  {verdict}{visible(story.rule)}{_where(story)}"
        if story.stopped is not None:
            yield from (f"  {line}" for line in page.condition(_with_bindings(story, story.stopped)))
    if len(shown) < len(stories):
        more = len(stories) - len(shown)
        yield (
            f"  and {more} more that stopped earlier; --all shows them" if more > 1 else "  and 1 more; --all shows it"
        )
