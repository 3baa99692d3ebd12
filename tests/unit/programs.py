"""Small programs made by hand, for the tests of the stages after the checker.

The words follow the language: `read("args.amount", DECIMAL)`, `is_(read(…), "x")`, `condition(…)`, `rule("r", "deny", …)`.
Every expression gets the next line of `policy.tenet`, so that a test can tell places apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import count

import attrs

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import (
    Annotation,
    Data,
    Definition,
    Fact,
    Fallback,
    Function,
    Obligation,
    ObligationUse,
    Package,
    Program,
    Reviewers,
    Rule,
    Template,
    Tool,
    Verdict,
)
from tenetlang.text import Span, Text

SOURCE = Text("policy.tenet", "\n" * 100_000)
_LINES = count(1)


def at(line: int | None = None) -> Span:
    """A place on a line of the policy, the next one if none is given."""
    number = next(_LINES) % 99_999 + 1 if line is None else line
    return Span(SOURCE, number - 1, number - 1)


def read(path: str, type_: t.Type = t.STRING, *, optional: bool = False) -> core.Read:
    return core.Read(tuple(path.split(".")), type_, at(), optional)


def document(name: str, type_: t.Type) -> core.Read:
    return core.Read(("data", "acme", name), type_, at())


def constant(value: object, type_: t.Type | None = None) -> core.Constant:
    kinds = {bool: t.BOOL, int: t.INT, str: t.STRING, Decimal: t.DECIMAL}
    return core.Constant(value, kinds[type(value)] if type_ is None else type_, at())


def compare(left: core.Expression, operator: core.ComparisonOperator, right: core.Expression) -> core.Compare:
    return core.Compare(operator, left, right, t.BOOL, at())


def equals(left: core.Expression, value: object) -> core.Compare:
    return compare(left, "==", constant(value, left.type))


def tool_is(*tools: str) -> core.ToolIs:
    return core.ToolIs(read("tool", t.TOOL), frozenset(tools), t.BOOL, at())


def not_(of: core.Expression) -> core.Not:
    return core.Not(of, t.BOOL, at())


def and_(*items: core.Expression) -> core.And:
    return core.And(items, t.BOOL, at())


def or_(*items: core.Expression) -> core.Or:
    return core.Or(items, t.BOOL, at())


def contains(item: core.Expression, collection: core.Expression) -> core.Contains:
    return core.Contains(item, collection, t.BOOL, at())


def divide(left: core.Expression, right: core.Expression) -> core.Operate:
    return core.Operate("decimal.divide", (left, right), t.DECIMAL, at())


def local(name: str, type_: t.Type = t.STRING) -> core.Local:
    return core.Local(name, type_, at())


def bound(name: str, source: core.Expression, *, key: str | None = None) -> core.Bound:
    of = getattr(source.type, "of", t.STRING)
    key_type = t.INT if isinstance(source.type, t.ListType) else t.STRING
    return core.Bound(None if key is None else local(key, key_type), local(name, of), source)


def condition(expression: core.Expression, text: str = "condition") -> core.Condition:
    return core.Condition(expression, text, expression.at)


def some(name: str, source: core.Expression, *, key: str | None = None) -> core.Choose:
    return core.Choose(bound(name, source, key=key), f"some {name} in …", at())


def let(name: str, value: core.Expression) -> core.Assign:
    return core.Assign(local(name, value.type), value, f"let {name} = …", at())


def steps(*items: core.Expression | core.Step) -> core.Block:
    """Steps in order; an expression is a condition."""
    return tuple(
        item if isinstance(item, core.Condition | core.Choose | core.Assign) else condition(item) for item in items
    )


def rule(
    name: str,
    verdict: Verdict,
    *body: core.Expression | core.Step,
    tools: Iterable[str] | None = None,
    unless: core.Block | None = None,
    because: Template | None = None,
    then: tuple[ObligationUse, ...] = (),
    to: str | None = None,
    overrides: tuple[str, ...] = (),
    priority: int = 0,
    observe: bool = False,
    owner: str | None = None,
    package: str = "acme",
) -> Rule:
    """A rule. `tools` are those that its leading conditions name, found where they are plain."""
    block = steps(*body)
    if tools is None and block and isinstance(block[0], core.Condition):
        first = block[0].expression
        tools = first.tools if isinstance(first, core.ToolIs) else None
    return Rule(
        name=f"{package}.{name}",
        shown_name=name if package == "acme" else f"{package}.{name}",
        package=package,
        verdict=verdict,
        body=block,
        exception=unless,
        exception_text="not { … }" if unless is not None else "",
        because=because,
        then=then,
        reviewers=to,
        overrides=overrides,
        priority=priority,
        observe=observe,
        tools=None if tools is None else frozenset(tools),
        annotations=() if owner is None else (Annotation("owner", (owner,)),),
        order=0,
        at=at(),
    )


def package(*rules: Rule, name: str = "acme", **changes: object) -> Package:
    ordered = tuple(attrs.evolve(item, order=order) for order, item in enumerate(rules))
    plain = Package(name, "most_restrictive", None, Fallback("deny"), False, ordered)
    return attrs.evolve(plain, **changes)  # type: ignore[arg-type]  # fields of a package


def record(**fields: t.Type) -> t.RecordType:
    """A record type; a field whose name ends in `_` is optional."""
    made = (t.Field(name.rstrip("_"), type_, name.endswith("_")) for name, type_ in fields.items())
    return t.RecordType(tuple(sorted(made, key=lambda field: field.name)))


AGENT = record(id=t.STRING, team=t.STRING, roles=t.SetType(t.STRING))

REFUND = Tool(
    "refund",
    record(customer=t.STRING, amount=t.DECIMAL, note_=t.STRING, parts_=t.ListType(t.DECIMAL)),
    (),
    at(),
)
EMAIL = Tool("email.send", record(to=t.ListType(t.EMAIL), cc_=t.ListType(t.EMAIL), subject=t.STRING), (), at())
FETCH = Tool("web.fetch", record(url=t.URL), (), at())


def program(*packages: Package, **changes: object) -> Program:
    plain = Program(
        entry=packages[0].name,
        packages=packages,
        uses_tools=True,
        facts={"agent": Fact("agent", AGENT, True)},
        tools={tool.name: tool for tool in (REFUND, EMAIL, FETCH)},
        data=(),
        definitions={},
        functions={},
        counters=(),
        reviewers={
            name: Reviewers(
                name,
                name.removeprefix("acme."),
                constant(frozenset({"ann"}), t.SetType(t.STRING)),
                1,
                1_800_000_000_000,
                "deny",
                (),
                at(),
            )
            for name in ("acme.oncall", "acme.lead")
        },
        obligations={name: Obligation(name, (), False, at()) for name in ("mask", "log")},
        tests=(),
        claims=(),
    )
    return attrs.evolve(plain, **changes)  # type: ignore[arg-type]  # fields of a program


def definition(name: str, value: core.Expression, tools: Iterable[str] | None = None) -> Definition:
    return Definition(name, value.type, value, None if tools is None else frozenset(tools), True, at())


def function(name: str, parameters: tuple[core.Local, ...], body: core.Expression) -> Function:
    return Function(name, parameters, body.type, body, at())


def data(name: str, type_: t.Type) -> Data:
    return Data("acme", name, type_, at())


def derived(name: str, type_: t.Type) -> core.Derived:
    return core.Derived(name, type_, at())


def request(tool: str = "refund", /, **changes: object) -> dict[str, object]:
    """A request for a tool; `amount=…`, `to=…` change its arguments, `team=…`, `roles=…` its agent."""
    arguments: dict[str, dict[str, object]] = {
        "refund": {"customer": "c1", "amount": 20},
        "email.send": {"to": ["ann@acme.com"], "subject": "hello"},
        "web.fetch": {"url": "https://acme.com/a"},
    }
    agent: dict[str, object] = {"id": "a1", "team": "support", "roles": ["support"]}
    given: Mapping[str, object] = {name: changes.pop(name) for name in ("approvals",) if name in changes}
    for name, value in changes.items():
        (agent if name in agent else arguments[tool])[name] = value
    return {"tool": tool, "args": arguments[tool], "agent": agent, **given}
