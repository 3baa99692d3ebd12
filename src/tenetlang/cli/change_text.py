"""What would alter a verdict, in sentences: `tenet why --counterfactual`.

    It would be allowed by small if args.amount were 50 or less (now 120).

"50 or less" is said only where it is proved that each such value does; else the one value is named that was tried.
Whatever comes from the policy or the request passes through `visible`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tenetlang.analysis.counterfactuals.counterfactual import Change, Way
from tenetlang.analysis.counterfactuals.differences import Difference
from tenetlang.cli.output import Paint, plain
from tenetlang.cli.shown import LONGEST, cut, value_text
from tenetlang.decision import Decision, Verdict
from tenetlang.report.visible import visible

_DONE: dict[Verdict, str] = {"allow": "allowed", "deny": "denied", "escalate": "escalated"}
_MOST_MEMBERS = 5
"""Members of a collection that are named, unless everything is asked for."""
_BARE = frozenset({"decimal", "time", "duration"})


def change_lines(
    decision: Decision, ways: Sequence[Way], towards: Verdict | None, paint: Paint = plain, *, everything: bool = False
) -> list[str]:
    """A sentence for each change that was found, and one for what was not."""
    longest = None if everything else LONGEST
    if towards is not None and towards == decision.verdict:
        return [f"It is {paint(_DONE[towards], towards)} as it is."]
    if not ways:
        return [_nothing_to_say(decision)]
    lines: list[str] = []
    for way in ways:
        told = [_sentence(change, paint, longest) for change in way.changes]
        if way.given or towards is not None or way.anything != "impossible":
            told += _not_found(way, paint)
        if told and lines:
            lines.append("")
        lines += told
    return lines or ["No change of the request alters the verdict: proved."]


def _nothing_to_say(decision: Decision) -> str:
    match decision.decided_by:
        case ("invalid_request",):
            return "No rule was tried, because the request is invalid: there is no other verdict until it is mended."
        case ("unknown_tool",):
            return "No rule was tried, because the policy declares no such tool: there is no other verdict for it."
        case _:
            return "The package only observes: every request is allowed, whatever is in it."


def _sentence(change: Change, paint: Paint, longest: int | None) -> str:
    conditions = [_condition(item, longest) for item in change.differences]
    joined = conditions[0] if len(conditions) == 1 else f"{', '.join(conditions[:-1])} and {conditions[-1]}"
    verdict = paint(_DONE[change.verdict], change.verdict)
    doubt = "" if change.minimal else " Fewer changes may do; that is not decided."
    return f"It would be {verdict} {_by(change.decided_by)} if {joined}.{doubt}"


def _by(decided_by: Sequence[str]) -> str:
    match decided_by:
        case ["error"]:
            return "because of an error"
        case _:
            names = [visible(name) for name in decided_by]
            return "by " + (names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}")


def _condition(item: Difference, longest: int | None) -> str:
    path = visible(item.path)
    if not item.after:
        return f"{path} were left out (now {_value(item, item.before[0], longest)})"
    if not item.before:
        return f"{path} were {_value(item, item.after[0], longest)} (now left out)"
    if item.is_collection:
        return f"{path} {_members(item, longest)}"
    return f"{path} were {_region(item, longest)} (now {_value(item, item.before[0], longest)})"


def _members(item: Difference, longest: int | None) -> str:
    added, removed = (_several(members, longest) for members in (item.added, item.removed))
    if not item.after[0]:
        return f"were empty (now {value_text(item.before[0], longest)})"
    if not item.removed:
        return f"had {added} as well" if item.added else f"were {value_text(item.after[0], longest)}"
    return f"were without {removed}" if not item.added else f"had {added} instead of {removed}"


def _several(members: Sequence[object], longest: int | None) -> str:
    most = len(members) if longest is None or len(members) <= _MOST_MEMBERS + 1 else _MOST_MEMBERS
    shown = [value_text(member, longest) for member in members[:most]]
    if most < len(members):
        shown.append(f"{len(members) - most:,} more")
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def _region(item: Difference, longest: int | None) -> str:
    """The region of which it is proved, else the value."""
    low, high = item.low, item.high
    if not item.whole or low == high:
        return _value(item, item.after[0], longest)
    less, more, below, above = (
        ("or earlier", "or later", "before", "after")
        if item.type == "time"
        else ("or less", "or more", "below", "above")
    )
    if low is None and high is not None:
        shown = _value(item, high.value, longest)
        return f"{shown} {less}" if high.included else f"{below} {shown}"
    if high is None and low is not None:
        shown = _value(item, low.value, longest)
        return f"{shown} {more}" if low.included else f"{above} {shown}"
    assert low is not None
    assert high is not None
    if low.value == high.value:
        return _value(item, low.value, longest)
    start = f"{'at least' if low.included else above} {_value(item, low.value, longest)}"
    return f"{start} and {'at most' if high.included else below} {_value(item, high.value, longest)}"


def _value(item: Difference, value: object, longest: int | None) -> str:
    if item.type in _BARE and isinstance(value, str):
        return cut(visible(value), longest)
    return value_text(value, longest)


def _not_found(way: Way, paint: Paint) -> Iterator[str]:
    """What was ruled out, and what is not known."""
    verdict = paint(_DONE[way.verdict], way.verdict)
    if way.anything == "impossible":
        yield f"No change of the request makes it {verdict}: proved."
    elif way.arguments == "impossible":
        yield f"No change of the arguments alone makes it {verdict}: proved."
    elif way.arguments == "undecided" and way.anything in {None, "found"} and way.more_than is None:
        yield f"Whether some change of the arguments alone makes it {verdict} is undecided."
    if way.more_than is not None:
        yield f"Whatever makes it {verdict} changes more than {way.more_than} parts of the request: proved."
    elif way.anything == "undecided":
        yield f"Whether some change of the request makes it {verdict} is undecided."
