from __future__ import annotations

from tenetlang.program import expression as core
from tenetlang.program.program import Annotation, ObligationUse
from tests.unit.program.policies import TOOLS, assert_marked, checked, program, rule

REVIEWERS = """
reviewers people { who {"ann", "bob"}; quorum 2; within 30m; else escalate to others; notify "mail" }
reviewers others { who {"eve"}; within 1h }
"""


def test_a_rule_is_lowered_with_all_its_parts() -> None:
    found = program(
        TOOLS
        + REVIEWERS
        + """
@owner("pay") @ref("A", "B") @mine(1.50, true, 30m)
escalate large to people if {
    tool is refund
    args.amount >   # a comment
        5
} unless { agent.id == "a"; agent.id != "b" }
  because "of {args.amount}" then mask("note"), log(level: "full")
"""
    )
    large = rule(found, "large")
    assert large.name == "acme.large"
    assert large.reviewers == "acme.people"
    assert large.tools == frozenset({"refund"})
    assert large.owner == "pay"
    assert [step.text for step in large.body] == ["tool is refund", "args.amount > 5"]
    assert large.exception_text == 'not { agent.id == "a"; agent.id != "b" }'
    assert large.annotations[2] == Annotation("mine", ("1.5", True, "30m"))
    assert [type(use) for use in large.then] == [ObligationUse, ObligationUse]
    assert [use.obligation for use in large.then] == ["mask", "log"]
    people = found.reviewers["acme.people"]
    assert (people.quorum, people.within, people.otherwise, people.notify) == (
        2,
        1_800_000_000_000,
        "acme.others",
        ("mail",),
    )
    assert found.facts["agent"].required
    assert not found.facts["session"].required


def test_the_tools_of_a_rule_are_those_of_its_leading_conditions() -> None:
    found = program(
        TOOLS
        + """
let none = 0 + count(session.labels)
for refund | web.fetch {
    deny a if { agent.id == "x" }
}
deny b if { tool is refund or tool is web.fetch and agent.id == "x" }
deny c if { agent.id == "x"; tool is refund }
deny d if { 5 % none == 1; tool is refund }
deny e if { tool is refund; 5 % none == 1; tool is not web.fetch }
deny f if { some label in session.labels; tool is refund; label == "x" }
deny g if { agent.id == "x" }
deny h if { tool is not refund }
"""
    )
    tools = {r.shown_name: r.tools for r in found.packages[0].rules}
    assert tools == {
        "a": {"refund", "web.fetch"},
        "b": {"refund", "web.fetch"},
        "c": {"refund"},
        "d": None,  # it errs for calls of any tool, and that must be seen
        "e": {"refund"},
        "f": None,
        "g": None,
        "h": None,
    }
    first = rule(found, "a").body[0]
    assert isinstance(first, core.Condition)
    assert first.text == "tool is refund | web.fetch"


def test_overrides() -> None:
    assert_marked(
        "package acme.base\ndefault deny\n@overridable\ndeny soft if { tool is t }\ndeny hard if { tool is t }\ntool t(a: int)\n",
        """package top
extend acme.base
default deny
allow a overrides base.soft if { tool is t }
allow b overrides base.hard if { tool is t } ## error[override-not-permitted]
allow c overrides d if { tool is t; args.a == 1 } ## error[override-cycle]
deny d overrides c if { tool is t }
deny e overrides f if { tool is t } ## error[unknown-override]
deny g overrides g if { tool is t } ## error[unknown-override]
deny h overrides a, a if { tool is t } ## error[unknown-override]
deny i overrides a, d if { tool is t }
""",
    )


def test_lifted_rules_are_known_by_full_name() -> None:
    found = program("package a\ndefault deny\nallow x overrides y if { now > now }\ndeny y if { now > now }\n")
    assert rule(found, "x").overrides == ("a.y",)


def test_a_default_is_not_weaker_than_that_of_what_is_extended() -> None:
    base = "package base\ndefault deny\n"
    assert_marked(base, "package top\nextend base\ndefault allow ## error[weaker-default]\n")
    assert_marked(base, "package top\nextend base\ndefault deny\n")
    assert_marked(base.replace("deny", "allow"), "package top\nextend base\ndefault deny\n")


def test_settings_are_written_once_and_make_sense() -> None:
    assert_marked(
        """package a
resolve most_restrictive
resolve unique ## error[duplicate-setting]
default deny
default deny ## error[duplicate-setting]
on error escalate ## error[missing-setting]
"""
    )
    assert_marked(
        "package a\ndefault deny\non error allow ## error[else-allow]\nresolve somehow ## error[unknown-name]\n"
    )
    assert_marked("package a ## note[missing-default]\ndeny x if { now > now }\n")


def test_first_needs_one_file_and_priority_needs_priorities() -> None:
    one = "package a\ndefault deny\nresolve first ## error[resolve-first-files]\ndeny x if { now > now }\n"
    assert_marked(one, "package a\ndeny y if { now > now }\n")
    assert_marked(one.replace(" ## error[resolve-first-files]", ""))
    assert_marked("package a\ndefault deny\nresolve priority ## warning[missing-priority]\ndeny x if { now > now }\n")
    assert_marked("package a\ndefault deny\nresolve priority\n@priority(2)\ndeny x if { now > now }\n")
    assert_marked("package a\ndefault deny\n@priority(2)\ndeny x if { now > now } ## warning[missing-priority]\n")


def test_escalations_name_reviewers() -> None:
    assert_marked(
        TOOLS
        + REVIEWERS
        + """
escalate a if { tool is refund } ## error[escalate-without-reviewers]
allow b to people if { tool is refund } ## error[escalate-without-reviewers]
escalate c to people if { tool is refund }
reviewers d { within 1h } ## error[missing-setting]
reviewers e { who {"a"} } ## error[missing-setting]
reviewers f { who ["a"]; within 1h } ## error[reviewers-not-a-set]
reviewers g { who {"a"}; quorum 2; within 1h } ## error[reviewers-not-a-set]
reviewers h { who {"a"}; within -1h } ## error[reviewers-not-a-set]
reviewers i { who {"a"}; within 1h; else allow } ## error[else-allow]
reviewers j { who {"a"}; within 1h; else escalate to k } ## error[reviewers-cycle]
reviewers k { who {"a"}; within 1h; else escalate to j }
reviewers l { who {"a"}; within 1h; within 2h } ## error[duplicate-setting]
reviewers m { who {"a"}; within 1h; wihtin 2h } ## error[unknown-name]
"""
    )


def test_obligations() -> None:
    assert_marked(
        TOOLS
        + """
@single
obligation stamp(kind: "a" | "b", note?: string)
allow a if { tool is refund } then stamp("a"), log("full"), mask("note")
allow b if { tool is refund } then stmp("a") ## error[unknown-obligation]
allow c if { tool is refund } then stamp("c") ## error[type-mismatch]
allow d if { tool is refund } then stamp() ## error[wrong-arity]
deny e if { tool is refund } then stamp("a") ## error[obligation-on-deny]
"""
    )


def test_annotations() -> None:
    assert_marked(
        TOOLS
        + """
@owner(1) ## error[bad-annotation]
allow a if { tool is refund }
@owner("x") @mine @expires(2027-01-01)
allow b if { tool is refund }
@mine([1]) ## error[bad-annotation]
allow c if { tool is refund }
@external ## error[bad-annotation]
allow d if { tool is refund }
@observe
@observe ## error[bad-annotation]
allow e if { tool is refund }
@expires("soon") ## error[bad-annotation]
allow f if { tool is refund }
tool u(
    @min(1) @max(9) a: int,
    @min("x") b: int, ## error[bad-refinement]
    @min(1) c: string, ## error[bad-refinement]
    @min(5) @max(1) d: int, ## error[bad-refinement]
    @pattern("(") e: string, ## error[bad-pattern]
    @length(1, 80) @pattern("a+") f: string,
    @length(1) g: string, ## error[bad-annotation]
    @items(0, 10) h: list[string],
    @items(0, 10) i: string, ## error[bad-refinement]
    @min(0.5) j: decimal,
)
"""
    )


def test_rules_that_have_expired() -> None:
    source = "package a\ndefault deny\n@expires(2026-01-01)\ndeny x if { now > now }"
    assert_marked(source + " ## warning[expired-rule]\n", today="2026-06-01")
    assert_marked(source, today="2025-06-01")
    assert_marked(source)


def test_counters() -> None:
    found = program(
        TOOLS
        + """
counter spent = sum(args.amount) of refund by agent.id, args.currency within 24h if { args.amount > 1 }
counter calls = count() of refund | web.fetch
counter names = distinct(args.customer) of refund
deny a if { tool is refund; spent + args.amount > 5.00; calls > 3; names > 4 }
"""
    )
    spent = next(counter for counter in found.counters if counter.name == "spent")
    assert spent.within == 86_400_000_000_000
    assert spent.tools == frozenset({"refund"})
    assert len(spent.by) == 2
    assert_marked(
        TOOLS
        + """
counter a = sum(args.customer) of refund ## error[bad-counter]
counter b = average(args.amount) of refund ## error[bad-counter]
counter c = count() of refnd ## error[counter-unknown-tool]
counter d = count() of refund by args.note ## error[bad-counter]
counter e = count() of refund by args.note ?? ""
counter f = count() of refund within 0s ## error[bad-counter]
counter g = count() of refund if { e > 1 } ## error[bad-counter]
counter h = sum() of refund ## error[bad-counter]
"""
    )


def test_allow_rules_look_at_all_arguments_of_a_kind() -> None:
    mail = """package a
default deny
tool mail(to: list[email], cc?: list[email], bcc?: list[email], subject: string)
fn ours(x: email) -> bool = x.domain == "acme.com"
let everyone of mail = args.to + args.cc ?? [] + args.bcc ?? []
"""
    assert_marked(mail + "allow x if { tool is mail; every m in everyone { ours(m) } }")
    assert_marked(mail + 'allow x if { tool is mail; args.subject == "a" }')
    assert_marked(mail + "allow x if { tool is mail; every m in args.to { ours(m) } } ## warning[unconstrained-argument]\n"
                  "deny y if { tool is mail; args.bcc is present }")  # fmt: skip
    assert_marked(mail + "allow x if { tool is mail; every m in args.to { ours(m) } }\n"
                  "deny y if { tool is mail; args.bcc is present or args.cc is present }")  # fmt: skip
    result = checked(mail + "allow x if { tool is mail; every m in args.to { ours(m) } }")
    assert [finding.details["name"] for finding in result.findings] == ["bcc", "cc"]
    marked = "package a\ndefault deny\ntool t(@sensitive a: string, @sensitive b: string, c: string)\n"
    assert_marked(marked + 'allow x if { tool is t; args.a == "x" } ## warning[unconstrained-argument]')
    assert_marked(marked + 'allow x if { tool is t; args.a == "x"; args.b == "y" }')
    assert_marked(marked + 'allow x if { tool is t; args.c == "x" }')


def test_an_own_request_declaration_replaces_the_librarys() -> None:
    found = program(
        "package a\nimport std.agents\nrequest agent: { id: string, level: int }\ndefault deny\n"
        'tool t(a: int)\nallow x if { tool is t; agent.level > 3; session.id == "s" }\n'
    )
    assert found.uses_tools
    assert found.facts["agent"].required
    assert found.facts["session"].required
    assert not found.facts["user"].required
    plain = program('package a\nrequest method: "GET" | "PUT"\ndefault deny\nallow x if { method == "GET" }\n')
    assert not plain.uses_tools
    assert sorted(plain.facts) == ["method"]


def test_partial_sets_add_up() -> None:
    found = program(
        "package a\ndefault deny\ndata xs: list[decimal]\n"
        "set s contains x if { some x in data.xs; x > 1 }\nset s contains 3 if { now > now }\ndeny r if { 2.5 in s }\n"
    )
    value = found.definitions["a.s"].value
    assert isinstance(value, core.Operate)
    assert value.operator == "set.union"
