from __future__ import annotations

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tests.unit.program.policies import TOOLS, assert_marked, checked, program

RULES = """
reviewers people { who {"ann"}; within 1h }
data groups: map[string, set[string]]
fn big(x: decimal) -> bool = x > 5.00
counter spent = sum(args.amount) of refund within 24h
let double of refund = args.amount * 2
allow small if { tool is refund; not big(args.amount); spent < 100.00 }
escalate large to people if { tool is refund; big(args.amount); agent.id != "x" }
deny always_no if { tool is web.fetch }
"""
CALL = 'call refund(customer: "c", amount: 1.00, currency: "USD", count: 1)'


def test_a_test_is_lowered_with_all_its_parts() -> None:
    found = program(
        TOOLS
        + RULES
        + f"""
with now = 2026-01-01
test "one" {{
    {CALL}
    with agent = {{ id: "a" }}
    with agent.team = "x"
    with data.groups = {{ "a": {{"b"}} }}
    with spent = 4980.00
    with big(y) = y > 7.00
    with approvals = [people]
    with origins.amount = {{ kind: "user" }}
    with origins.customer = {{ kind: "agent" }}
    with context = {{ "a": 1, "b": [true, null] }}
    let three = 3
    expect allow by small
    expect allow by large
    expect escalate to people by large because "x"
    expect double == 2.00
    expect "small" in decided_by
    expect verdict is allow
    expect three == 3
    expect deny by default
}}
"""
    )
    case = found.tests[0]
    assert case.tool == "refund"
    assert [replacement.target for replacement in case.replacements] == [
        ("now",),
        ("agent",),
        ("agent", "team"),
        ("data", "acme", "groups"),
        ("counters", "spent"),
        ("function", "acme.big"),
        ("approvals",),
        ("origins", "amount"),
        ("origins", "customer"),
        ("context",),
    ]
    assert [expectation.by for expectation in case.expectations][:3] == [("small",), ("large",), ("large",)]
    assert case.expectations[2].to == "people"
    assert case.expectations[3].verdict is None
    assert case.expectations[0].verdict == core.Constant("allow", t.VERDICT, case.at)
    assert case.rows == ((),)


def test_tables() -> None:
    found = program(
        TOOLS
        + RULES
        + """
test "table" for amount, when, name, verdict in [(50, 2026-01-01, "a", allow), (50.01, 2026-01-02, "b", escalate)] {
    call refund(customer: name, amount: amount, currency: "USD", count: 1)
    with now = when
    with agent = { id: "a" }
    expect verdict
}
test "one column" for to in ["a@b.com", "c@d.com"] {
    call email.send(to: [to], subject: "a", body: "b")
    with agent = { id: "a" }
    expect deny
}
""".replace("to: [to]", 'to: ["e@f.com"]')
        .replace("for to in", "for subject in")
        .replace('subject: "a"', "subject: subject")
    )
    case = found.tests[0]
    assert [variable.type for variable in case.variables] == [t.DECIMAL, t.TIME, t.STRING, t.VERDICT]
    assert len(case.rows) == 2
    assert [item.type for item in case.rows[0]] == [t.DECIMAL, t.TIME, t.STRING, t.VERDICT]


def test_what_is_wrong_in_tests() -> None:
    assert_marked(
        TOOLS
        + RULES
        + """
with agent = { id: "a" }
test "no expect" { ## error[bad-test]
    call web.fetch(url: "https://a.com/", note: "x")
}
test "no call" { expect allow } ## error[bad-test]
test "computes" { expect big(6.00) }
test "missing" {
    call web.fetch(url: "https://a.com/") ## error[missing-required]
    expect deny
}
test "twice" {
    call web.fetch(url: "https://a.com/", note: "x")
    call web.fetch(url: "https://a.com/", note: "x") ## error[bad-test]
    expect deny
}
test "unknown" {
    call web.fetsh(url: "https://a.com/", note: "x") ## error[unknown-tool]
    expect deny
}
test "argument" {
    call web.fetch(url: "https://a.com/", nte: "x", note: "x") ## error[unknown-argument]
    expect deny
}
test "one mistake" {
    call web.fetch(url: "https://a.com/", noet: "x") ## error[unknown-argument]
    expect deny
}
test "two mistakes" {
    call web.fetch(url: "https://a.com/", body: "x") ## error[missing-required] ## error[unknown-argument]
    expect deny
}
test "literal" {
    call web.fetch(url: "not a url", note: "x") ## error[bad-literal-value]
    expect deny
}
test "positional" {
    call web.fetch("https://a.com/") ## error[wrong-arity]
    expect deny
}
test "rules" {
    call web.fetch(url: "https://a.com/", note: "x")
    expect deny by small ## error[bad-test]
    expect deny by always_no
    expect deny by alwys_no ## error[bad-test]
    expect escalate to nobody ## error[unknown-name]
    expect allow to people ## error[escalate-without-reviewers]
}
test "with" {
    call web.fetch(url: "https://a.com/", note: "x")
    with agent = { id: "a" }
    with agent = { id: "b" } ## error[bad-test]
    with double = 1 ## error[bad-test]
    with agent.nme = "x" ## error[unknown-field]
    with spent = "x" ## error[type-mismatch]
    with nothing = 1 ## error[unknown-name]
    with args.url = "https://b.com/" ## error[bad-test]
    expect deny
}
test "rows" for a, b in [(1, 2), (1, 2, 3)] { ## error[bad-test]
    expect a < b
}
test "column" for a in [1, "x"] { ## error[type-mismatch]
    expect a == 1
}
test "column" for a in [1, 2] { ## error[duplicate-name]
    expect a
}
""".replace("    expect a\n}\n", "    expect a > 0\n}\n")
        + """
allow outcome if { verdict is allow } ## error[bad-test]
deny word if { count([allow]) == 1 } ## error[bad-test]
"""
    )


def test_facts_that_a_test_leaves_unsaid_are_named() -> None:
    source = (
        TOOLS
        + """
allow r if { tool is web.fetch; agent.id == "a"; "x" in session.labels }
test "t" {%s
    call web.fetch(url: "https://a.com/", note: "x")%s
    expect deny
}
"""
    )
    assert_marked(source % (" ## error[bad-test]", ""))
    assert_marked(source % ("", '\n    with agent = { id: "x" }'))
    assert_marked(source % (" ## error[bad-test]", '\n    with agent.team = "x"'))


def test_claims() -> None:
    found = program(
        TOOLS
        + RULES
        + """
never "unseen" { verdict is allow; tool is refund; args.amount > 1000.00 }
always "asked" if { tool is refund; args.amount > 5.00 } {
    with agent = { id: "a" }
    verdict is escalate | deny
    args.amount > 1.00
}
"""
    )
    unseen, asked = found.claims
    assert (unseen.kind, len(unseen.body), unseen.condition) == ("never", 3, ())
    assert (asked.kind, len(asked.body), len(asked.condition)) == ("always", 2, 2)
    assert asked.replacements[0].target == ("agent",)
    assert_marked(TOOLS + 'never "nothing" { } ## warning[vacuous-claim]\n')
    assert_marked(TOOLS + 'never "x" { args.amount > 1.00 } ## error[outside-tool]\n')


def test_a_mistyped_verdict_gets_the_nearest_one() -> None:
    source = 'package a\ntool t()\ndefault deny\ntest "x" { call t(); expect alow }\n'
    (only,) = (finding for finding in checked(source).findings if finding.check == "unknown-name")
    assert only.details["nearest"] == "allow"


def test_all_facts_that_a_test_leaves_out_are_told_at_once() -> None:
    policy = 'package a\ntool t()\ndefault deny\nallow x if { tool is t; agent.id == "a"; user.id == "b"; now > 2020-01-01 }\n'
    (only,) = checked(policy + 'test "x" { call t(); expect allow }\n').findings
    assert (only.check, only.variant) == ("bad-test", "")
    assert (only.details["name"], only.details["others"]) == ("agent", "`now`, `user`")


def test_a_field_of_a_fact_alone_does_not_make_the_fact() -> None:
    policy = 'package a\ntool t()\ndefault deny\nallow x if { tool is t; agent.id == "a" }\n'
    (only,) = checked(policy + 'test "x" { call t(); with agent.id = "a"; expect allow }\n').findings
    assert (only.check, only.variant, only.details["name"]) == ("bad-test", "part", "agent")
    whole = 'test "x" { call t(); with agent = { id: "b" }; with agent.id = "a"; expect allow }\n'
    assert checked(policy + whole).findings == ()
