"""`tenet why`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
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
    NO_CACHE,
    documents_of,
    evaluator_of,
    loaded,
    read_input,
)
from tenetlang.cli.output import painter, remark, say, say_json, waiting
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.analysis.counterfactuals.counterfactual import Way
    from tenetlang.cli.why_text import Known
    from tenetlang.decision import Decision, Verdict
    from tenetlang.decision_tree.tree import Policy
    from tenetlang.evaluator.evaluator import Evaluator

EXAMPLES = [
    "tenet why policies/ request.json",
    "tenet why policies/ request.json --fill --all",
    "tenet why policies/ request.json --counterfactual --towards allow --only args",
]
STATUSES = [(0, "explained, whatever the verdict"), (1, "the policy has errors")]


@click.command("why", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("policy", type=ANYWHERE)
@click.argument("request", type=ANYWHERE)
@DATA
@click.option("--fill", is_flag=True, help="Assume an empty session, counters at 0 and the time now, and say so.")
@click.option("--all", "everything", is_flag=True, help="Leave no rule out and cut no value.")
@click.option("--counterfactual", is_flag=True, help="Say what would have to be different for another verdict.")
@click.option("--towards", type=click.Choice(("allow", "deny", "escalate")), help="Only for this verdict.")
@click.option("--only", type=click.Choice(("args",)), help="Change nothing but the arguments.")
@ENTRY
@NO_CACHE
@FORMAT
def command(
    policy: Path,
    request: Path,
    *,
    given: tuple[str, ...],
    fill: bool,
    everything: bool,
    counterfactual: bool,
    towards: Verdict | None,
    only: str | None,
    entry: str | None,
    cached: bool,
    style: str,
) -> int:
    """Say why REQUEST, a JSON file or `-`, is decided as it is by the policy at POLICY: a file, a folder,
    or what `tenet build` made of them.

    Told are the rules that decide, with the value of each condition, then those that matched as well, were overridden
    or erred, and the first condition that stopped each of the others, the nearest first.

    --counterfactual tells instead the smallest changes of the request that lead to another verdict; --towards and --only
    narrow that down. The documents, the tool and approvals stay as they are.
    """
    found = loaded(policy, entry, style, cached=cached)
    if found is None:
        return statuses.FOUND
    from tenetlang.cli.why_text import explain, why_lines

    documents = documents_of(found.configuration, given)
    evaluator = evaluator_of(found, documents)
    decision, asked = _decision(found.policy, evaluator, request, fill=fill)
    explanation = explain(decision, known_rules(found.policy))
    ways: tuple[Way, ...] | None = None
    if counterfactual or towards is not None or only is not None:
        ways = _ways(found.policy, documents, decision, asked, towards, only_arguments=only is not None)
    if style == "json":
        shape: dict[str, object] = {"decision": decision.to_json(), **explanation.to_json()}
        if ways is not None:
            shape["counterfactuals"] = [way.to_json() for way in ways]
        say_json(shape)
    elif ways is not None:
        from tenetlang.cli.change_text import change_lines
        from tenetlang.cli.decision_text import heading

        paint = painter(sys.stdout)
        lines = change_lines(decision, ways, towards, paint, everything=everything)
        say("\n".join([*heading(decision, paint), "", *lines]) + "\n")
    else:
        from tenetlang.program.request_paths import unquoted_paths

        bare = unquoted_paths(found.policy)
        say("\n".join(why_lines(explanation, painter(sys.stdout), everything=everything, bare=bare)) + "\n")
    return statuses.FINE


def _decision(
    policy: Policy, evaluator: Evaluator, file: Path, *, fill: bool
) -> tuple[Decision, Mapping[str, object] | None]:
    """The decision, and the request where it can be read at all."""
    from tenetlang.values.reading import REQUEST_LIMITS, InvalidRequest, read_json

    raw = read_input(file, REQUEST_LIMITS.size)
    try:
        request = read_json(raw)
    except InvalidRequest:
        return evaluator.decide_json(raw), None
    if not isinstance(request, dict):
        return evaluator.decide_json(raw), None
    if not fill:
        return evaluator.decide_json(raw), request
    from tenetlang.audit import time_text
    from tenetlang.cli.assumptions import filled

    complete, assumed = filled(policy, request, time_text(_clock()))
    for sentence in assumed:
        remark(f"assumed: {visible(sentence)}\n")
    return evaluator.decide(complete), complete


def _ways(
    policy: Policy,
    documents: Mapping[str, object],
    decision: Decision,
    request: Mapping[str, object] | None,
    towards: Verdict | None,
    *,
    only_arguments: bool,
) -> tuple[Way, ...]:
    """What would lead to other verdicts; nothing for a request that no rule was tried on."""
    from tenetlang.analysis.counterfactuals.counterfactual import explain_change
    from tenetlang.decision_tree.tree import program_of
    from tenetlang.evaluator.surroundings import surroundings

    if request is None:
        return ()
    with waiting("looking for changes"):
        world = surroundings(program_of(policy), documents)
        return explain_change(world, request, decision, towards=towards, only_arguments=only_arguments)


def _clock() -> int:
    import time

    return time.time_ns()


def known_rules(policy: Policy) -> Mapping[str, Known]:
    """What the policy says of each rule, by the name that decisions use; only rules that are looked up are read."""
    from tenetlang.cli.why_text import Known
    from tenetlang.late import LateMapping

    rules = policy.rules
    positions = {heading.shown_name: position for position, heading in enumerate(policy.headings)}

    def known(name: str) -> Known:
        rule = rules[positions[name]]
        return Known(rule.verdict, rule.owner, rule.at.place)

    return LateMapping(positions, known)
