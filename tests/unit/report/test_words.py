"""Findings into words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenetlang.report.diagnostic import Diagnostic, Label
from tenetlang.report.finding import Finding
from tenetlang.report.words import LONGEST, LONGEST_BELOW, IncompleteFindingError, describe, shortened
from tenetlang.text import Span, Text

TEXT = Text("a.tenet", "let a = b\n")
AT = Span(TEXT, 8, 9)


def test_a_finding_becomes_a_diagnostic_by_its_wording() -> None:
    finding = Finding(
        "unknown-name", AT, {"name": "b", "nearest": "a"}, variant="variable", also=(("declared", Span(TEXT, 4, 5)),)
    )
    assert describe(finding) == Diagnostic(
        check="unknown-name",
        severity="error",
        headline="no variable is called `b`",
        labels=(Label(AT, "not declared"), Label(Span(TEXT, 4, 5), "declared here")),
        help=("write `a`, the nearest declared name",),
    )
    assert (describe(finding).file, describe(finding).line, describe(finding).column) == ("a.tenet", 1, 9)


def test_an_optional_line_is_left_out_where_its_detail_is_absent() -> None:
    assert describe(Finding("unknown-name", AT, {"name": "b"}, variant="variable")).help == ()


@pytest.mark.parametrize(
    ("finding", "headline"),
    [
        (Finding("unknown-name", AT, {"name": "x"}, variant="reviewers"), "no reviewers are called `x`"),
        (
            Finding("wrong-arity", AT, {"name": "f", "expected": "1", "found": "0"}, variant="count"),
            "`f` takes another number of arguments: 1, not 0",
        ),
    ],
)
def test_headlines_are_right_for_one_and_for_many(finding: Finding, headline: str) -> None:
    assert describe(finding).headline == headline


def test_a_list_of_nothing_says_so() -> None:
    details = {"tool": "t", "name": "a", "known": ""}
    assert describe(Finding("unknown-argument", AT, details)).facts == (("arguments", "none"),)


def test_what_a_detail_brings_in_is_not_read_as_a_template() -> None:
    finding = Finding("unknown-name", AT, {"name": "{kind} {{x}} {nearest}"}, variant="variable")
    assert describe(finding).headline == "no variable is called `{kind} {{x}} {nearest}`"


def test_a_long_name_is_cut_in_the_middle() -> None:
    name = "a" * 5000 + "z"
    found = describe(Finding("unknown-name", AT, {"name": name, "nearest": name}, variant="variable"))
    assert found.headline == f"no variable is called `{'a' * 40}…{'a' * 38}z`"
    assert len(found.headline) == LONGEST + len("no variable is called ``")
    assert all(len(line) < LONGEST_BELOW + 100 and "…" in line for line in found.help)


def test_what_fits_is_not_cut() -> None:
    assert shortened("a" * 80, 80) == "a" * 80
    assert shortened("abcdefgh", 7) == "abc…fgh"
    assert shortened("abcdefgh", 6) == "abc…gh"


def test_doubled_braces_of_a_template_are_braces() -> None:
    finding = Finding("escalate-without-reviewers", AT, {"rule": "r"})
    assert describe(finding).help == ("name reviewers: `escalate r to REVIEWERS if {`",)


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        (Finding("no-such-check", AT), "the catalogue has no check `no-such-check`"),
        (Finding("unknown-name", AT, variant="x"), "the check `unknown-name` has no variant `x`"),
        (
            Finding("unknown-name", AT, variant="variable"),
            "a finding of `unknown-name` (variant `variable`) lacks `name`",
        ),
        (
            Finding("unknown-name", AT, {"name": "x"}, variant="variable", also=(("x", AT),)),
            "the check `unknown-name` (variant `variable`) has no role `x`",
        ),
    ],
)
def test_a_finding_without_words_is_a_mistake_of_the_compiler(finding: Finding, message: str) -> None:
    with pytest.raises(IncompleteFindingError) as raised:
        describe(finding)
    assert str(raised.value) == message


def test_at_most_three_further_places_are_shown() -> None:
    finding = Finding("unknown-name", AT, {"name": "x"}, variant="variable", also=(("declared", AT),) * 5)
    assert len(describe(finding).labels) == 4


def test_a_wording_can_be_milder_than_its_check() -> None:
    details = {"package": "p", "resolve": "unique"}
    assert describe(Finding("conflicting-rules", AT, details)).severity == "error"
    assert describe(Finding("conflicting-rules", AT, details, variant="observed")).severity == "warning"


def facts(witness: dict[str, object]) -> tuple[tuple[str, str], ...]:
    details = {"package": "p", "resolve": "unique"}
    return describe(Finding("conflicting-rules", AT, details, witness=witness)).facts


def test_a_witness_becomes_facts_with_the_tool_and_its_arguments_first() -> None:
    witness: dict[str, object] = {
        "now": "2026-11-22T20:00:00Z",
        "zone": None,
        "agent": {"id": "a1", "roles": ["x", "y"], "extra": {}},
        "args": {"amount": Decimal("20.00"), "deep": {"a": {"b": 1}}, "urgent": True},
        "tool": "email.send",
    }
    assert facts(witness) == (
        ("tool", "email.send"),
        ("args.amount", "20.00"),
        ("args.deep.a.b", "1"),
        ("args.urgent", "true"),
        ("agent.id", '"a1"'),
        ("agent.roles", '["x", "y"]'),
        ("agent.extra", "{}"),
        ("now", '"2026-11-22T20:00:00Z"'),
        ("zone", "null"),
    )


def test_a_witness_that_nests_without_end_is_shown_in_part() -> None:
    nested: list[object] = []
    nested.append(nested)
    looped: dict[str, object] = {}
    looped["x"] = looped
    assert facts({"list": nested, "map": looped}) == (
        ("list", "[[[[[[[…]]]]]]]"),
        ("map.x.x.x.x.x.x.x", "…"),
    )


def test_a_witness_with_many_values_or_long_ones_is_cut() -> None:
    many = facts({"args": {f"a{index}": index for index in range(100)}})
    assert len(many) == 25
    assert many[-1] == ("…", "and 76 more")
    assert facts({"args": {"text": "x" * 1000}}) == (("args.text", '"' + "x" * 118 + "…"),)


def test_a_finding_without_a_witness_introduces_none() -> None:
    assert describe(Finding("conflicting-rules", AT, {"package": "p", "resolve": "unique"})).shows == ""


def test_documents_stand_behind_the_request() -> None:
    details = {"package": "p", "resolve": "unique"}
    documents = {"p.groups": {"desk": ["a"]}, "p.limit": 5}
    finding = Finding("conflicting-rules", AT, details, witness={"tool": "x"}, documents=documents)
    assert describe(finding).facts == (("tool", "x"), ("data.groups.desk", '["a"]'), ("data.limit", "5"))
    twice = Finding("conflicting-rules", AT, details, witness={"tool": "x"}, documents={"p.a": 1, "q.a": 2})
    assert [caption for caption, _ in describe(twice).facts] == ["tool", "data.p.a", "data.q.a"]
