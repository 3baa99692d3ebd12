"""`tenet why`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import (
    ANYWHERE,
    DATA,
    ENTRY,
    FORMAT,
    compiled,
    documents_of,
    evaluator_of,
    read_input,
    report_broken,
)
from tenetlang.cli.output import painter, remark, say, say_json
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.cli.why_text import Known
    from tenetlang.decision import Decision
    from tenetlang.evaluator.evaluator import Evaluator
    from tenetlang.program.program import Program

EXAMPLES = ["tenet why policies/ request.json", "tenet why policies/ request.json --fill --all"]
STATUSES = [(0, "explained, whatever the verdict"), (1, "the policy has errors")]


@click.command("why", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("policy", type=ANYWHERE)
@click.argument("request", type=ANYWHERE)
@DATA
@click.option("--fill", is_flag=True, help="Assume an empty session, counters at 0 and the time now, and say so.")
@click.option("--all", "everything", is_flag=True, help="Leave no rule out and cut no value.")
@ENTRY
@FORMAT
def command(
    policy: Path, request: Path, *, given: tuple[str, ...], fill: bool, everything: bool, entry: str | None, style: str
) -> int:
    """Say why REQUEST, a JSON file or `-`, is decided as it is by the policy at POLICY, a file or a folder.

    Told are the rules that decide, with the value of each condition, then those that matched as well, were overridden
    or erred, and the first condition that stopped each of the others, the nearest first.
    """
    result = compiled([policy], entry)
    if result.broken or result.program is None:
        report_broken(result.findings, style)
        return statuses.FOUND
    from tenetlang.cli.why_text import explain, why_lines

    decision = _decision(result.program, evaluator_of(result, documents_of(result, given)), request, fill=fill)
    explanation = explain(decision, known_rules(result.program))
    if style == "json":
        say_json({"decision": decision.to_json(), **explanation.to_json()})
    else:
        from tenetlang.program.request_paths import unquoted_paths

        bare = unquoted_paths(result.program)
        say("\n".join(why_lines(explanation, painter(sys.stdout), everything=everything, bare=bare)) + "\n")
    return statuses.FINE


def _decision(program: Program, evaluator: Evaluator, file: Path, *, fill: bool) -> Decision:
    from tenetlang.values.reading import REQUEST_LIMITS, InvalidRequest, read_json

    raw = read_input(file, REQUEST_LIMITS.size)
    if not fill:
        return evaluator.decide_json(raw)
    from tenetlang.cli.assumptions import filled

    try:
        request = read_json(raw)
    except InvalidRequest:
        return evaluator.decide_json(raw)
    if not isinstance(request, dict):
        return evaluator.decide_json(raw)
    from tenetlang.audit import time_text

    complete, assumed = filled(program, request, time_text(_clock()))
    for sentence in assumed:
        remark(f"assumed: {visible(sentence)}\n")
    return evaluator.decide(complete)


def _clock() -> int:
    import time

    return time.time_ns()


def known_rules(program: Program) -> dict[str, Known]:
    """What the program says of each rule, by the name that decisions use."""
    from tenetlang.cli.why_text import Known

    rules = (rule for package in program.packages for rule in package.rules)
    return {rule.shown_name: Known(rule.verdict, rule.owner, rule.at.place) for rule in rules}
