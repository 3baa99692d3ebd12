"""Findings that a person has set aside."""

from __future__ import annotations

import time

import pytest

from tenetlang.report.finding import Finding
from tenetlang.report.suppress import apply
from tenetlang.text import Text
from tests.unit.report.places import place

UNUSED = "unused-definition"


def about(
    source: str, *places: str, ran: set[str] | None = None, check: str = UNUSED
) -> list[tuple[str, str, str, int]]:
    """What is left of findings of one check at the places, as (check, variant, name, line)."""
    text = Text("a.tenet", source)
    findings = [Finding(check, place(text, part), {"name": part}) for part in places]
    left = apply(findings, [text], ran)
    return [(entry.check, entry.variant, entry.details.get("name", ""), entry.at.line) for entry in left]


def test_a_comment_at_the_end_of_the_line_sets_a_warning_aside() -> None:
    assert about("let _a = 1  # tenet: allow[unused-definition] because later\nlet _b = 2\n", "_a", "_b") == [
        (UNUSED, "", "_b", 2)
    ]


def test_a_comment_on_the_line_above_sets_a_warning_aside() -> None:
    assert about("# tenet: allow[unused-definition] because later\nlet _a = 1\nlet _b = 2\n", "_a", "_b") == [
        (UNUSED, "", "_b", 3)
    ]


def test_comments_and_annotations_may_stand_between() -> None:
    source = '# tenet: allow[unused-definition] because later\n# and more\n@owner("x")\n  @ref("y")\nlet _a = 1\n'
    assert about(source, "_a") == []
    assert about(source, "@owner") == []


def test_an_empty_line_ends_what_a_comment_covers() -> None:
    assert about("# tenet: allow[unused-definition] because later\n\nlet _a = 1\n", "_a") == [
        (UNUSED, "", "_a", 3),
        ("unused-suppression", "", UNUSED, 1),
    ]


def test_a_comment_at_the_end_of_a_line_does_not_cover_the_next() -> None:
    assert about("let b = 1 # tenet: allow[unused-definition] because later\nlet _a = 1\n", "_a") == [
        (UNUSED, "", "_a", 2),
        ("unused-suppression", "", UNUSED, 1),
    ]


def test_one_comment_can_name_several_checks() -> None:
    source = "# tenet: allow[ unused-import , unused-definition ] because later\nlet _a = 1\n"
    assert about(source, "_a") == [("unused-suppression", "", "unused-import", 1)]


def test_a_suppression_that_nothing_needs_is_a_finding() -> None:
    source = "let a = 1 # tenet: allow[unused-definition] because later\n"
    assert about(source) == [("unused-suppression", "", UNUSED, 1)]


def test_nothing_is_unused_that_was_not_looked_for() -> None:
    source = "let a = 1 # tenet: allow[unused-definition] because later\n"
    assert about(source, ran={"unused-import"}) == []
    assert about(source, ran={UNUSED}) == [("unused-suppression", "", UNUSED, 1)]


def test_nothing_is_called_unused_where_there_are_errors() -> None:
    source = "let a = b # tenet: allow[unused-definition] because later\n"
    assert about(source, "b", check="unknown-tool") == [("unknown-tool", "", "b", 1)]


def test_an_error_cannot_be_set_aside() -> None:
    source = "let a = b # tenet: allow[unknown-tool] because later\n"
    assert about(source, "b", check="unknown-tool") == [
        ("unknown-tool", "", "b", 1),
        ("bad-suppression", "error", "unknown-tool", 1),
    ]


def test_a_check_that_is_an_error_or_a_warning_is_set_aside_only_as_a_warning() -> None:
    text = Text("a.tenet", "# tenet: allow[conflicting-rules] because it is on trial\ndeny a if {}\n")
    grave = Finding("conflicting-rules", place(text, "deny a"), {"package": "p", "resolve": "unique"})
    mild = Finding("conflicting-rules", place(text, "deny a"), {"package": "p", "resolve": "unique"}, "observed")
    assert apply([grave, mild], [text]) == (grave,)


def test_a_suppression_without_a_reason_is_the_only_thing_reported() -> None:
    for reason in ("", " because", " because   ", " later", " becauselater"):
        assert about(f"# tenet: allow[unused-definition]{reason}\nlet _a = 1\n", "_a") == [
            ("bad-suppression", "", UNUSED, 1)
        ]


@pytest.mark.parametrize(
    "comment",
    ["# tenet: allow", "# tenet: ignore[unused-import] because x", "# tenet:", "# tenet: allow[] because x",
     "# tenet: allow[a,,b] because x", "# tenet : allow[unused-import] because x"],
)  # fmt: skip
def test_a_comment_that_begins_with_tenet_and_cannot_be_read_is_a_finding(comment: str) -> None:
    assert about(f"let a = 1 {comment}\n") == [("bad-suppression", "form", "", 1)]


def test_a_suppression_of_no_check_names_the_nearest() -> None:
    text = Text("a.tenet", "# tenet: allow[unused-imports] because x\n")
    (finding,) = apply([], [text])
    assert (finding.variant, finding.details) == (
        "unknown",
        {"name": "unused-imports", "nearest": "unused-import"},
    )
    assert finding.at.source == "# tenet: allow[unused-imports] because x"


def test_a_string_that_looks_like_a_comment_is_none() -> None:
    source = 'let a = "# tenet: allow[unused-definition] because x"\n'
    assert about(source) == []
    assert about('let a = "\\"# tenet: allow[x]"\n') == []
    assert about("let a = `# tenet: allow[x]`\n") == []


def test_a_comment_behind_a_string_is_one() -> None:
    assert about('let _a = `\\"` # tenet: allow[unused-definition] because x\n', "_a") == []
    assert about('let _a = "#\\"" # tenet: allow[unused-definition] because x\n', "_a") == []


def test_other_comments_are_nobodys_business() -> None:
    assert about("# tenet is a language: allow[x]\n# see tenet: allow\n") == []


def test_suppressions_of_one_file_do_not_touch_another() -> None:
    first = Text("a.tenet", "let _a = 1 # tenet: allow[unused-definition] because x\n")
    second = Text("b.tenet", "let _a = 1\n")
    there = Finding(UNUSED, place(second, "_a"), {"name": "_a"})
    here = Finding(UNUSED, place(first, "_a"), {"name": "_a"})
    assert apply([here, there], [first, second]) == (there,)


def test_many_comments_and_findings_cost_little() -> None:
    text = Text("a.tenet", "# tenet: allow[unused-definition] because x\n" * 20_000 + "let _a = 1\n")
    finding = Finding(UNUSED, place(text, "_a"), {"name": "_a"})
    start = time.process_time()
    assert apply([finding] * 1000, [text]) == ()
    assert time.process_time() - start < 10
