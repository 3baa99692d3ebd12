from __future__ import annotations

import attrs

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tests.unit.program.policies import TOOLS, assert_marked, program, rule


def test_arguments_are_typed_where_the_tool_is_known() -> None:
    assert_marked(
        TOOLS
        + """
deny a if { args.amount > 1.00 } ## error[outside-tool]
deny b if { tool is refund; args.amount > 1.00 }
deny c if { tool is refund and args.amount > 1.00 }
deny d if { tool is not refund or args.amount > 1.00 }
deny e if { not (tool is refund); args.amount > 1.00 } ## error[unknown-argument]
deny f if { tool is refund | email.send; args.note is present; args.note == "a" }
deny g if { tool is refund | email.send; args.amount > 1.00 } ## error[unknown-argument]
deny h if { tool is email.send | web.fetch; args.note ?? "" == "a" }
deny i if { tool has @external; args.note ?? "" == "a" }
deny j if { tool has @returns("mail"); args.subject == "a" }
deny k if { tool like "email.*"; args.subject == "a" }
deny l if { tool is refnd; args.amount > 1.00 } ## error[unknown-tool]
deny m if { tool like "mail.*" } ## error[unknown-tool]
deny n if { tool is refund; tool is web.fetch } ## error[impossible-narrowing]
deny o if { tool is refund; tool is not refund } ## error[impossible-narrowing]
deny p if { tool is not email.send; tool is not web.fetch; args.amount > 1.00 }
deny q if { tool is refund } unless { args.amount > 1.00 } because "{args.amount}"
for web.fetch {
    deny x if { args.url.host == "a.com" }
    let host = args.url.host
}
deny y if { tool is web.fetch; host == "a.com" }
deny z if { host == "a.com" } ## error[outside-tool]
let risk = match { tool is refund and args.amount > 1.00 => 1, else => 0 }
let sums of refund = args.amount + 1
deny v if { tool is refund | web.fetch; sums > 1.00 } ## error[outside-tool]
deny w if { tool is refund; sums > 1.00 }
deny u if { tool is refund; args.amout > 1.00 } ## error[unknown-argument]
"""
    )


def test_earlier_calls_are_narrowed_by_their_tool() -> None:
    assert_marked(
        TOOLS
        + """
deny a if { some e in session.calls; e.args.url is present } ## error[outside-tool]
deny b if { some e in session.calls; e.tool is web.fetch; e.args is present; e.args.url.host == "a.com" }
deny c if { some e in session.calls; e.tool is web.fetch; e.args.url.host == "a.com" } ## error[unguarded-optional]
deny d if { some e in session.calls; e.tool is web.fetch; e.args.url is present; e.args.note == "a" }
deny e if { some x in session.calls; x.tool has @external; x.args.note ?? "" == "a" }
deny f if { some x in session.calls; x.tool is refund; x.tool is web.fetch } ## error[impossible-narrowing]
deny g if { some x in session.calls; x.verdict == deny; x.verdict == "allow" }
deny h if { tool is refund; some x in session.calls; x.tool == tool }
"""
    )


def test_origins_are_optional_like_any_field() -> None:
    assert_marked(
        TOOLS
        + """
deny a if { tool is refund; origin(args.amount).kind == "user" } ## error[unguarded-optional]
deny b if { tool is refund; origin(args.amount) is present; origin(args.amount).kind == "user" }
deny c if { tool is refund; origin(args.amount).kind ?? "agent" == "agent" }
deny d if { tool is refund; origin(args.amount).kind ?? "agent" == "agnt" } ## error[disjoint-equality]
deny e if { tool is refund; origin(args.amout) is present } ## error[unknown-argument]
deny f if { tool is refund; origin(1) is present } ## error[wrong-arity]
"""
    )


def test_what_a_map_holds_is_certain_after_a_guard() -> None:
    found = program(
        TOOLS
        + "data limits: map[string, decimal]\n"
        + "deny r if { tool is refund; data.limits[agent.id] is present; args.amount > data.limits[agent.id] }\n"
        + "deny s if { tool is refund; args.amount > data.limits[agent.id] }\n"
        + "deny u if { tool is refund; args.amount > data.limits[agent.id] ?? 5 }"
    )
    guarded, bare, fallen = (_right(found, name, 2 if name == "r" else 1) for name in ("r", "s", "u"))
    assert isinstance(guarded, core.Index)
    assert guarded.certain
    assert isinstance(bare, core.Index)
    assert not bare.certain
    assert not bare.optional
    assert isinstance(fallen, core.Default)
    assert isinstance(fallen.of, core.Index)
    assert fallen.of.optional


def _right(found: object, name: str, position: int) -> core.Expression:
    from tenetlang.program.program import Program

    assert isinstance(found, Program)
    step = rule(found, name).body[position]
    assert isinstance(step, core.Condition)
    assert isinstance(step.expression, core.Compare)
    return step.expression.right


def test_optional_reads_are_marked_only_under_a_guard() -> None:
    found = program(TOOLS + 'deny r if { tool is refund; args.note is present; args.note == "a" }')
    present, equal = rule(found, "r").body[1:]
    assert isinstance(present, core.Condition)
    assert isinstance(equal, core.Condition)
    assert present.expression == core.Present(
        core.Read(("args", "note"), t.STRING, present.at, optional=True), t.BOOL, present.at
    )
    assert isinstance(equal.expression, core.Compare)
    assert equal.expression.left == core.Read(("args", "note"), t.STRING, equal.at)
    assert attrs.evolve(equal.expression, operator="!=") != equal.expression


def test_locals_that_are_bound_again_get_names_of_their_own() -> None:
    found = program(
        TOOLS + 'deny r if { every x in session.labels { x == "a" }; some x in session.labels { x == "b" } }'
    )
    first, second = rule(found, "r").body
    assert isinstance(first, core.Condition)
    assert isinstance(second, core.Condition)
    assert isinstance(first.expression, core.Every)
    assert isinstance(second.expression, core.Exists)
    assert first.expression.bound.value.name == "x"
    choose = second.expression.body[0]
    assert isinstance(choose, core.Choose)
    assert choose.bound.value.name == "x#2"
    assert choose.text == "some x in session.labels"


def test_a_baseline_may_speak_of_tools_that_nobody_declares() -> None:
    found = program('package a\ndefault deny\ndeny r if { tool has @external; args.to == 1 } because "no {tool}"\n')
    assert rule(found, "r").tools == frozenset()
