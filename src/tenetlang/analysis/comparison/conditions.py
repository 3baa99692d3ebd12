"""Under what conditions a program allows or escalates: the obligations that come with an allowance, the reviewers who are asked.

Each condition has a key that is the same in two programs where it is the same condition: reviewers their name, an
obligation its name and what becomes of its arguments. An argument that reads what the rule bound (`some x in …`) is known
together with the rule's body only, so the body is then part of the key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import attrs

from tenetlang.analysis.formulas import Formula
from tenetlang.analysis.questions import Scene
from tenetlang.decision import Verdict
from tenetlang.program import expression as core
from tenetlang.program.expression import Expression
from tenetlang.program.program import ObligationUse, Program, Rule

Key = object


def conditions(program: Program, scene: Scene, kind: Literal["reviewers", "obligations"]) -> Mapping[Key, Formula]:
    """When each condition is made, whatever the verdict then is."""
    found: dict[Key, list[Formula]] = {}
    for key, when in _reviewers(program, scene) if kind == "reviewers" else _obligations(scene):
        found.setdefault(key, []).append(when)
    return {key: scene.formulas.any_of(whens) for key, whens in found.items()}


def _reviewers(program: Program, scene: Scene) -> Iterator[tuple[Key, Formula]]:
    decided, verdict = scene.decided, "escalate"
    for item in decided.rules:
        when = decided.deciding.get(item.rule.shown_name)
        if item.rule.reviewers is not None and item.rule.verdict == verdict and when is not None:
            yield program.reviewers[item.rule.reviewers].shown_name, when
    for package in program.packages:
        if package.on_error.reviewers is not None:
            fails = scene.formulas.any_of(item.fails for item in decided.rules if item.rule.package == package.name)
            yield program.reviewers[package.on_error.reviewers].shown_name, fails
    for reviewers in _by_default(program):
        yield program.reviewers[reviewers].shown_name, decided.by_default


def _by_default(program: Program) -> Iterator[str]:
    """The reviewers whom the default asks: those of the first of the packages that are as strict as the strictest."""
    from tenetlang.analysis.decisions import default_verdict

    strictest: Verdict = default_verdict(program)
    for package in (program.packages[0], *(item for item in program.packages[1:] if not item.observe)):
        if package.default is not None and package.default.verdict == strictest:
            if package.default.reviewers is not None:
                yield package.default.reviewers
            return


def _obligations(scene: Scene) -> Iterator[tuple[Key, Formula]]:
    for item in scene.decided.rules:
        when = scene.decided.deciding.get(item.rule.shown_name)
        if item.rule.verdict != "allow" or when is None:
            continue
        for use in item.rule.then:
            yield _key(scene, item.rule, use), when


def _key(scene: Scene, rule: Rule, use: ObligationUse) -> Key:
    name = use.obligation.rpartition(".")[2]
    values: list[object] = []
    for argument in use.arguments:
        found = scene.lowering.value(argument, {})
        for when, case in found.cases:
            plain = isinstance(case, Expression) and not _has_local(case)
            values.append((id(when), case) if plain else (rule.body, argument))
    return name, tuple(values)


def _has_local(item: object) -> bool:
    waiting = [item]
    while waiting:
        part = waiting.pop()
        if isinstance(part, core.Local):
            return True
        if isinstance(part, tuple):
            waiting += part
        elif attrs.has(type(part)) and not isinstance(part, core.Constant):
            waiting += [getattr(part, name) for name in _parts(type(part))]
    return False


def _parts(type_: type) -> list[str]:
    return [field.name for field in attrs.fields(type_) if field.name not in {"at", "type"}]
