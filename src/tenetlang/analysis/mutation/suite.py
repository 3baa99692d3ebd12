"""What a suite that covers a policy has to show, apart from what its mutants ask for.

Three kinds of requests make a suite that a reader can follow: for each rule one that it decides, for each tool one that
nothing but the default decides, and for each order comparison those at its edge, on either side and on it. All else
(one request for each condition that alone makes the rule fail, as modified condition/decision coverage wants it; Chilenski and
Miller 1994) are the requests that tell a mutant in which that condition was left out, so they come from `mutants.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from tenetlang.analysis.formulas import FALSE
from tenetlang.analysis.mutation.mutations import Change, nodes_of
from tenetlang.analysis.questions import Analysis, Answer, Judged, Undecided, Witness
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Program

_NUMBERS = (t.INT, t.DECIMAL, t.TIME, t.DURATION)
_ORDERS = frozenset({"<", "<=", ">", ">="})


@frozen
class Aim:
    """Something that a suite should show: a request that `rule` decides, or for `tool` one that only the default decides."""

    kind: Literal["rule", "default"]
    rule: str
    tool: str | None
    answer: Answer


def rule_aims(analysis: Analysis) -> Iterator[Aim]:
    """For each rule that decides something a request that it decides, for the first tool for which there is one."""
    for package in analysis.program.packages:
        for rule in package.rules:
            if not (rule.observe or package.observe):
                yield _decided_by(analysis, rule.name, rule.shown_name)


def _decided_by(analysis: Analysis, name: str, shown: str) -> Aim:
    def shows(judged: Judged) -> bool:
        return shown in judged.decided_by

    undecided: Aim | None = None
    for tool in analysis.tools:
        if not any(rule.name == name for rule in analysis.rules.get(tool, ())):
            continue
        scene = analysis.scene(tool)
        if isinstance(scene, Undecided):
            undecided = Aim("rule", name, tool, scene)
            continue
        answer = analysis.find(scene, scene.decided.deciding.get(shown, FALSE), shows)
        if isinstance(answer, Witness):
            return Aim("rule", name, tool, answer)
        if answer is not None:
            undecided = Aim("rule", name, tool, answer)
    return undecided or Aim("rule", name, None, None)


def default_aims(analysis: Analysis) -> Iterator[Aim]:
    """For each tool a request that no rule decides."""
    for tool in analysis.tools:
        scene = analysis.scene(tool)
        if isinstance(scene, Undecided):
            yield Aim("default", "", tool, scene)
        else:
            found = analysis.find(scene, scene.decided.by_default, lambda judged: judged.decided_by == ("default",))
            yield Aim("default", "", tool, found)


@frozen
class Moved:
    """A number of the request that an order comparison is about: moving it crosses the edge. `alone`: one side of the comparison
    is just this number, and the other reads nothing."""

    read: core.Read
    alone: bool


def moved_by(program: Program, change: Change) -> Moved | None:
    """The number to move, None where the comparison is about none that a request says; arguments come first, then counters."""
    if change.kind != "comparison" or change.before not in _ORDERS:
        return None
    everything = (
        tuple((rule.body, rule.exception or ()) for package in program.packages for rule in package.rules),
        tuple(definition.value for definition in program.definitions.values()),
        tuple(function.body for function in program.functions.values()),
    )
    for node in nodes_of(everything):
        if isinstance(node, core.Compare) and node.at is change.at:
            reads = [
                item
                for item in nodes_of((node.left, node.right))
                if isinstance(item, core.Read)
                and not item.optional
                and item.path[0] != "data"
                and _is_number(item.type)
            ]
            chosen = min(reads, key=_wish, default=None)
            return (
                None if chosen is None else Moved(chosen, _plain(node.left) == chosen or _plain(node.right) == chosen)
            )
    return None


def _plain(side: core.Expression) -> core.Expression:
    return side.of if isinstance(side, core.Widen) else side


def _is_number(type_: t.Type) -> bool:
    return (type_.of if isinstance(type_, t.OptionalType) else type_) in _NUMBERS


def _wish(read: core.Read) -> int:
    order = ("args", "counters")
    return order.index(read.path[0]) if read.path[0] in order else len(order)


__all__ = ["Aim", "Moved", "default_aims", "moved_by", "rule_aims"]
