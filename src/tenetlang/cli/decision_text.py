"""A decision for people, as `tenet eval` prints it: the verdict and the reason, then what else there is to say.

    escalate, decided by large_refund
      a refund of 120 USD is above 50

      matched     large_refund  escalate  support.tenet:44  owner payments
      asks        finance_oncall: 2 within 30m, else deny

Whatever comes from the policy or the request passes through `visible`.
"""

from __future__ import annotations

from collections.abc import Iterator

from tenetlang.cli.output import Paint, plain
from tenetlang.cli.shown import cut, value_text
from tenetlang.decision import Decision, Escalation, Matched, Obligation
from tenetlang.report.visible import visible, width

LONGEST_REASON = 500


def decision_lines(decision: Decision, paint: Paint = plain) -> list[str]:
    """All lines, without the trace."""
    lines = heading(decision, paint)
    sections = [(caption, rows) for caption, rows in _sections(decision) if rows]
    column = max((len(caption) for caption, _ in sections), default=0)
    if sections:
        lines.append("")
    for caption, rows in sections:
        shown = paint(caption, "quiet") + " " * (column - len(caption))
        for row in _aligned(rows):
            lines.append(f"  {shown}  {row}".rstrip())
            shown = " " * column
    return lines


def heading(decision: Decision, paint: Paint = plain) -> list[str]:
    """The verdict with who decided, and the reason below it."""
    by = ", ".join(visible(name) for name in decision.decided_by)
    return [f"{paint(decision.verdict, decision.verdict)}, decided by {by}", f"  {reason_text(decision)}"]


def reason_text(decision: Decision) -> str:
    """The reason on one line."""
    return cut(visible(decision.reason), LONGEST_REASON)


def one_line(number: int, decision: Decision, paint: Paint = plain) -> str:
    """The decision on one line of a list."""
    by = ", ".join(visible(name) for name in decision.decided_by)
    verdict = paint(decision.verdict, decision.verdict) + " " * (8 - len(decision.verdict))
    return f"{number:>6}  {verdict}  {by}: {reason_text(decision)}"


def obligation_text(obligation: Obligation) -> str:
    """`mask("body")`."""
    return f"{visible(obligation.name)}({', '.join(value_text(argument) for argument in obligation.args)})"


def escalation_text(escalation: Escalation) -> str:
    """`finance_oncall: 2 within 30m, else deny`."""
    otherwise = "deny" if escalation.otherwise == "deny" else f"escalate to {visible(escalation.otherwise)}"
    return f"{visible(escalation.reviewers)}: {escalation.quorum} within {escalation.within}, else {otherwise}"


def _sections(decision: Decision) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    yield "matched", [_matched(item) for item in decision.matched]
    yield "overridden", [(visible(item.rule), f"by {visible(item.by)}") for item in decision.overridden]
    yield "errors", [(visible(item.rule), visible(item.error), visible(item.at)) for item in decision.errors]
    yield "obligations", [(obligation_text(item),) for item in decision.obligations]
    yield "asks", [(escalation_text(item),) for item in decision.escalations]
    yield "observed", [_matched(item) for item in decision.observed]


def _matched(item: Matched) -> tuple[str, ...]:
    owner = f"owner {visible(item.owner)}" if item.owner is not None else ""
    return (visible(item.rule), item.verdict, visible(item.at), owner)


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """The rows with their cells in columns; all rows have as many."""
    widths = [max(width(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell + " " * (taken - width(cell)) for cell, taken in zip(row, widths, strict=True))
