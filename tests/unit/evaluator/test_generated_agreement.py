"""The generated evaluator and the reference, on programs made of every node of the core language.

The programs are made directly, not from source, so they hold what no author would write: faults in the middle of bodies,
conditions on the same attribute that contradict each other, definitions that err, rules that lift each other.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.json_form import decode, encode
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Fallback, ObligationUse, Package, Program, Rule, Template, Verdict
from tests.unit import programs as p

AMOUNT = p.read("args.amount", t.DECIMAL)
ROLES = p.read("agent.roles", t.SetType(t.STRING))
PARTS = t.ListType(t.DECIMAL)
TEAMS = ["support", "finance", "ops"]
AMOUNTS = [Decimal(0), Decimal(1), Decimal("2.5"), Decimal(4)]


def number(random: Random, scope: tuple[core.Local, ...], depth: int = 0) -> core.Expression:
    options: list[Callable[[], core.Expression]] = [
        lambda: AMOUNT,
        lambda: p.constant(random.choice(AMOUNTS)),
        lambda: p.derived("acme.half", t.DECIMAL),
    ]
    numbers = [local for local in scope if local.type == t.DECIMAL]
    if numbers:
        options += [lambda: random.choice(numbers)] * 3
    if depth < 2:
        options += [
            lambda: p.divide(number(random, scope, depth + 1), number(random, scope, depth + 1)),
            lambda: core.Operate(
                random.choice(["decimal.add", "decimal.multiply"]),
                (number(random, scope, depth + 1), number(random, scope, depth + 1)),
                t.DECIMAL,
                p.at(),
            ),
            lambda: core.Index(numbers_list(random, scope), p.constant(random.choice([0, 1])), t.DECIMAL, p.at()),
            lambda: core.Match(
                tuple((boolean(random, scope, 2), number(random, scope, 2)) for _ in range(random.choice([1, 5]))),
                number(random, scope, 2),
                t.DECIMAL,
                p.at(),
            ),
            lambda: core.CallFunction(
                "acme.ratio", (number(random, scope, 2), number(random, scope, 2)), t.DECIMAL, p.at()
            ),
        ]
    return random.choice(options)()


def numbers_list(random: Random, scope: tuple[core.Local, ...]) -> core.Expression:
    optional = p.read("args.parts", PARTS, optional=True)
    default = core.Default(optional, core.MakeList((p.constant(Decimal(1)),), PARTS, p.at()), PARTS, p.at())
    options: list[Callable[[], core.Expression]] = [
        lambda: default,
        lambda: core.MakeList((number(random, scope, 2), AMOUNT), PARTS, p.at()),
        lambda: core.Build("list", None, number(random, (*scope, p.local("b", t.DECIMAL)), 2),
                           p.steps(p.some("b", default), boolean(random, (*scope, p.local("b", t.DECIMAL)), 2)), PARTS, p.at()),
    ]  # fmt: skip
    return random.choice(options)()


def boolean(random: Random, scope: tuple[core.Local, ...], depth: int = 0) -> core.Expression:
    inner = (*scope, p.local("q", t.DECIMAL))
    options: list[Callable[[], core.Expression]] = [
        lambda: p.equals(p.read("agent.team"), random.choice(TEAMS)),
        lambda: p.compare(
            AMOUNT, random.choice(["<", "<=", ">", ">=", "==", "!="]), p.constant(random.choice(AMOUNTS))
        ),
        lambda: p.compare(p.constant(random.choice(AMOUNTS)), random.choice(["<", "<=", ">", ">="]), AMOUNT),
        lambda: p.contains(p.constant(random.choice(TEAMS)), ROLES),
        lambda: p.contains(p.read("agent.team"), p.constant(frozenset(random.sample(TEAMS, 2)), t.SetType(t.STRING))),
        lambda: core.Present(p.read("args.note", optional=True), t.BOOL, p.at()),
        lambda: p.derived("acme.is_rich", t.BOOL),
        lambda: p.tool_is("refund", "web.fetch"),
        lambda: p.compare(number(random, scope), random.choice(["<", ">="]), number(random, scope, 1)),
    ]
    if depth < 2:
        options += [
            lambda: p.not_(boolean(random, scope, depth + 1)),
            lambda: p.and_(*(boolean(random, scope, depth + 1) for _ in range(2))),
            lambda: p.or_(*(boolean(random, scope, depth + 1) for _ in range(2))),
            lambda: core.Every(
                p.bound("q", numbers_list(random, scope)), p.steps(boolean(random, inner, 2)), t.BOOL, p.at()
            ),
            lambda: core.Exists(
                p.steps(p.some("q", numbers_list(random, scope)), boolean(random, inner, 2)), t.BOOL, p.at()
            ),
        ]
    return random.choice(options)()


def body(random: Random) -> tuple[core.Block, tuple[core.Local, ...]]:
    scope: tuple[core.Local, ...] = ()
    made: list[core.Expression | core.Step] = [p.tool_is("refund")] if random.random() < 0.8 else []
    if not made:
        made = [p.tool_is("refund", "web.fetch"), p.tool_is("refund")]
    for place in range(random.randint(0, 5)):
        match random.randint(0, 7):
            case 0:
                made.append(p.some(f"x{place}", numbers_list(random, scope), key=f"i{place}" if place % 2 else None))
                scope = (*scope, p.local(f"x{place}", t.DECIMAL))
            case 1:
                made.append(p.let(f"y{place}", number(random, scope)))
                scope = (*scope, p.local(f"y{place}", t.DECIMAL))
            case _:
                made.append(boolean(random, scope))
    return p.steps(*made), scope


def rule(random: Random, name: str, package: str, names: list[str]) -> Rule:
    block, scope = body(random)
    verdicts: list[Verdict] = ["allow", "deny", "escalate"]
    verdict = random.choice(verdicts)
    unless = p.steps(boolean(random, scope), boolean(random, scope)) if random.random() < 0.3 else None
    because = Template(("because ", number(random, scope), "!")) if random.random() < 0.5 else None
    then = (
        (ObligationUse("mask", (number(random, scope),), p.at()),)
        if verdict != "deny" and random.random() < 0.3
        else ()
    )
    return p.rule(
        name,
        verdict,
        *block,
        unless=unless,
        because=because,
        then=then,
        to="acme.oncall" if verdict == "escalate" else None,
        overrides=tuple(random.sample(names, min(len(names), random.choice([0, 0, 1, 2])))),
        priority=random.randint(0, 2),
        observe=random.random() < 0.1,
        owner=random.choice([None, "payments"]),
        package=package,
    )


def made(seed: int) -> Program:
    random = Random(seed)
    names: list[str] = []
    packages: list[Package] = []
    defaults = [None, Fallback("allow"), Fallback("escalate", "acme.lead")]
    for package in ["acme", "base"][: random.choice([1, 1, 2])]:
        rules = []
        for _ in range(random.choice([1, 3, 6, 12])):
            name = f"r{len(names):02d}"
            rules.append(rule(random, name, package, names))
            names.append(f"{package}.{name}")
        packages.append(
            p.package(
                *rules,
                name=package,
                resolve=random.choice(["most_restrictive", "first", "priority", "unique"]),
                default=random.choice(defaults),
                on_error=random.choice([Fallback("deny"), Fallback("escalate", "acme.lead")]),
            )
        )
        written = packages[0].default
        if written is not None:  # the checker refuses a `default` that is weaker than that of the base
            defaults = defaults[: defaults.index(written) + 1]
    left, right = p.local("left", t.DECIMAL), p.local("right", t.DECIMAL)
    return p.program(
        *packages,
        definitions={
            "acme.half": p.definition("acme.half", p.divide(p.constant(Decimal(1)), AMOUNT)),
            "acme.is_rich": p.definition("acme.is_rich", p.compare(AMOUNT, ">", p.constant(Decimal(2)))),
        },
        functions={"acme.ratio": p.function("acme.ratio", (left, right), p.divide(left, right))},
    )


def requests(seed: int) -> list[dict[str, object]]:
    random = Random(seed)
    found: list[dict[str, object]] = []
    for amount in AMOUNTS:
        changes: dict[str, object] = {"amount": amount, "team": random.choice(TEAMS), "roles": random.sample(TEAMS, 2)}
        if random.random() < 0.5:
            changes["parts"] = random.choices(AMOUNTS, k=random.randint(0, 3))
        if random.random() < 0.5:
            changes["note"] = "n"
        if random.random() < 0.3:
            changes["approvals"] = [{"reviewers": random.choice(["oncall", "lead"])}]
        found.append(p.request(**changes))
    return [*found, p.request("web.fetch"), {"tool": "refund"}]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_both_evaluators_agree_on_decision_and_trace(seed: int) -> None:
    program = made(seed)
    policy = build(program)
    evaluators = [Evaluator(policy), Evaluator(decode(encode(policy)))]
    reference = Reference(program, {}, evaluators[0].digest)
    for request in requests(seed):
        expected = reference.decide(request).to_json()
        for evaluator in evaluators:
            assert evaluator.decide(request).to_json() == expected
            assert evaluator.decide(request).to_json() == expected, "an outcome that was kept"


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32))
def test_how_a_bucket_is_factored_changes_nothing(seed: int) -> None:
    """Rules of many buckets and shared ones: the same program beside hundreds of rules that never match."""
    program = made(seed)
    idle = [p.rule(f"idle{n}", "deny", p.equals(p.read("agent.id"), f"nobody{n}")) for n in range(100)]
    first = program.packages[0]
    rules = tuple(attrs.evolve(item, order=order) for order, item in enumerate((*first.rules, *idle)))
    crowded = attrs.evolve(program, packages=(attrs.evolve(first, rules=rules), *program.packages[1:]))
    alone, beside = Evaluator(build(program)), Evaluator(build(crowded))
    for request in requests(seed):
        expected, found = alone.decide(request).to_json(trace=False), beside.decide(request).to_json(trace=False)
        del expected["bundle"], found["bundle"]
        assert found == expected


def test_the_programs_hold_what_they_are_meant_to_test() -> None:
    decisions = [Evaluator(build(made(seed))).decide(request) for seed in range(25) for request in requests(seed)]
    assert {decision.verdict for decision in decisions} == {"allow", "deny", "escalate"}
    assert any(decision.errors for decision in decisions)
    assert any(decision.overridden for decision in decisions)
    assert any(decision.obligations for decision in decisions)
