"""The stage: a checked program, and a judge for its witnesses → what is to be said of all its requests, as findings.

It goes tool by tool, then rule by rule; a rule that may be used with many tools is done with at the first one that shows it
to be sound. The worse is said first and keeps the milder from being said: of a rule that no request satisfies nobody wants to
hear that it is shadowed, redundant and full of conditions without effect.

What is said without a witness is a proof (unreachable, shadowed, redundant, without effect, vacuous, always denied), what
is said with one has been decided by both evaluators. What could be neither is in `unsure`, and is no finding.

Claims are proved as `tenet prove` does it (`prove.py`).

An entry that only observes is examined as if it decided: what it would do is what its author tries out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import attrs

from tenetlang.analysis.findings.conflict import (
    conflicting,
    conflicting_obligations,
    overlapping,
    overlapping_reviewers,
)
from tenetlang.analysis.findings.cover import redundant, shadowed
from tenetlang.analysis.findings.desk import Desk, Examiner, Unsure, Wanted
from tenetlang.analysis.findings.effect import ineffective
from tenetlang.analysis.findings.omission import erring, gaps, omissions
from tenetlang.analysis.findings.people import unapprovable
from tenetlang.analysis.findings.reach import always_denied, unreachable
from tenetlang.analysis.findings.vacuity import vacuous
from tenetlang.analysis.proofs.prove import claim_findings
from tenetlang.analysis.questions import Analysis
from tenetlang.frozen import frozen
from tenetlang.program.program import Program, Rule
from tenetlang.report.finding import Finding
from tenetlang.text import Text

STEPS = 11
"""Steps that are counted beside one for each tool."""


@frozen
class Examined:
    """What was found, by file and place, and what could not be told."""

    findings: tuple[Finding, ...]
    unsure: tuple[Unsure, ...]


def examine(
    program: Program,
    judge: Callable[[Program], Examiner],
    texts: Iterable[Text],
    wanted: Wanted | None = None,
    step: Callable[[], None] = lambda: None,
) -> Examined:
    """What there is to say of the rules, tools and claims that lie in these texts.

    The program has no errors. `judge` makes the evaluators of a program; `step` is called as the work goes on, once for each
    tool and `STEPS` times more.
    """
    deciding = _deciding(program)
    desk = Desk(deciding, judge(deciding), wanted or Wanted(), frozenset(texts), program)
    for tool in desk.analysis.tools:
        desk.open(tool)
        step()
    findings: list[Finding] = []
    as_written = desk.analysis if deciding is program else Analysis(program, judge(program))
    for found in _kinds(desk, as_written):
        findings += found
        step()
    unsure = sorted(desk.unsure.values(), key=lambda item: (item.at.text.name, item.at.start, item.question))
    if desk.wanted.undecided:
        findings += _undecided(unsure)
    return Examined(tuple(sorted(findings, key=_place)), tuple(unsure))


def _undecided(unsure: Iterable[Unsure]) -> Iterator[Finding]:
    """What could not be told as notes, one for each rule or tool."""
    said: set[str] = set()
    for item in unsure:
        if item.about not in said:
            said.add(item.about)
            variant = item.reason if item.reason in {"too-large", "too-many-cases"} else ""
            details = {"what": _QUESTIONS[item.question].format(item.about)}
            yield Finding("undecided", item.at, details, variant)


_QUESTIONS = {
    "tool": "the rules for `{}` are sound",
    "unreachable-rule": "a request satisfies `{}`",
    "shadowed-rule": "`{}` ever decides",
    "redundant-rule": "`{}` changes any decision",
    "ineffective-condition": "each condition of `{}` has an effect",
    "conflicting-rules": "`{}` conflicts with another rule",
    "always-denied-tool": "a call of `{}` is ever allowed",
    "gap": "rules match each call of `{}`",
    "omission-weakens": "leaving something out weakens what is decided about `{}`",
    "may-error": "`{}` ever errs",
}
"""What was asked, as an idea that the wording of `undecided` completes."""


def _kinds(desk: Desk, as_written: Analysis) -> Iterator[list[Finding]]:
    """The findings of each kind, those first that make others needless. Claims are about the program as it is written."""
    useless: dict[str, Finding] = {}

    def settled(found: Iterator[tuple[Rule, Finding]]) -> list[Finding]:
        pairs = list(found)
        useless.update({rule.name: finding for rule, finding in pairs})
        return [finding for _, finding in pairs]

    yield settled(unreachable(desk))
    yield settled(shadowed(desk, useless))
    explained = frozenset(useless)
    yield settled(redundant(desk, useless))
    yield [finding for _, finding in ineffective(desk, useless)]
    yield [*conflicting(desk), *conflicting_obligations(desk)]
    yield list(overlapping(desk)) if desk.wanted.overlaps else []
    denied = list(always_denied(desk, explained))
    yield denied
    yield [*gaps(desk, frozenset(finding.details["tool"] for finding in denied)), *omissions(desk)]
    yield list(erring(desk, {name: useless[name] for name in explained}))
    yield [*overlapping_reviewers(desk), *unapprovable(desk), *vacuous(desk)]
    yield [finding for finding in claim_findings(as_written) if finding.at.text in desk.texts]


def _deciding(program: Program) -> Program:
    """The program with an entry that decides."""
    entry, *bases = program.packages
    if not entry.observe:
        return program
    return attrs.evolve(program, packages=(attrs.evolve(entry, observe=False), *bases))


def _place(finding: Finding) -> tuple[str, int, int, str, str, tuple[tuple[str, str], ...]]:
    details = tuple(sorted(finding.details.items()))
    return finding.at.text.name, finding.at.start, finding.at.end, finding.check, finding.variant, details
