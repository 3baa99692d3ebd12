"""What people see at a terminal, each case with the whole output."""

from __future__ import annotations

import unicodedata
from textwrap import dedent

import attrs

from tenetlang.report import pretty
from tenetlang.report.diagnostic import Diagnostic, Label
from tenetlang.report.finding import Finding
from tenetlang.report.words import describe
from tenetlang.text import Span, Text
from tests.unit.report.places import place

PAYMENTS = Text(
    "policies/payments.tenet",
    "package acme.payments\n" + "\n" * 11 + "allow finance_may_refund if {\n    tool is refund\n}\n",
)
FROZEN = Text("policies/frozen.tenet", "package acme.payments\n\n\ndeny frozen_accounts if {\n}\n")
CONFLICT = Finding(
    "conflicting-rules",
    place(PAYMENTS, "allow finance_may_refund if {"),
    {"package": "acme.payments", "resolve": "unique"},
    variant="allow",
    also=(("deny", place(FROZEN, "deny frozen_accounts")),),
    rules=("finance_may_refund", "frozen_accounts"),
    witness={"agent": {"team": "finance"}, "args": {"customer": "c1"}, "tool": "refund"},
)


def shown(*findings: Finding, colour: bool = False) -> str:
    return pretty.render(map(describe, findings), colour=colour)


def marked(source: str, part: str, says: str = "here") -> str:
    """The source line and the row below it, without gutters, of a diagnostic about `part`."""
    text = Text("a.tenet", source)
    lines = pretty.render([Diagnostic("unknown-name", "error", "headline", (Label(place(text, part), says),))])
    return "\n".join(line[4:] for line in lines.splitlines()[3:5])


def test_a_conflict_across_two_files_is_laid_out_with_its_witness_and_help() -> None:
    assert shown(CONFLICT) == dedent("""\
        error[conflicting-rules]: two rules decide the same request differently
           ┌─ policies/payments.tenet:13:1
           │
        13 │ allow finance_may_refund if {
           │ ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ allows it
           ├─ policies/frozen.tenet:4:1
           │
         4 │ deny frozen_accounts if {
           │ -------------------- denies it

        This request satisfies both rules, and `acme.payments` says `resolve unique`:

            tool           refund
            args.customer  "c1"
            agent.team     "finance"

        help: choose one:
                - let the stricter one win:  write `resolve most_restrictive` below `package`
                - let one of them win:       write `overrides` and the other's name in its head
              `tenet check --save-witnesses tests/` keeps the request as a test.

        1 error
        """)


def test_labels_of_one_file_stand_in_the_order_of_its_lines_and_what_lies_between_is_left_out() -> None:
    text = Text("a.tenet", 'tool refund(amount: decimal)\n\n\ntest "x" {\n    call refund(amount: "20")\n}\n')
    finding = Finding(
        "type-mismatch",
        place(text, '"20"'),
        {"name": "amount", "expected": "decimal", "found": "string", "suggestion": "20"},
        variant="argument",
        also=(("declared", place(text, "amount: decimal")),),
    )
    assert shown(finding) == dedent("""\
        error[type-mismatch]: the argument `amount` takes `decimal`, and this is `string`
          ┌─ a.tenet:5:25
          │
        1 │ tool refund(amount: decimal)
          │             --------------- declared here
        · │
        5 │     call refund(amount: "20")
          │                         ^^^^ this is `string`

        help: write `20`

        1 error
        """)


def test_two_labels_on_one_line_have_a_row_each() -> None:
    text = Text("a.tenet", "args.amount - name\n")
    finding = Finding(
        "bad-operand",
        place(text, "-"),
        {"operator": "-", "left": "decimal", "right": "string"},
        variant="pair",
        also=(("left", place(text, "args.amount")), ("right", place(text, "name"))),
    )
    assert shown(finding) == dedent("""\
        error[bad-operand]: `-` does not join `decimal` with `string`
          ┌─ a.tenet:1:13
          │
        1 │ args.amount - name
          │ ----------- this is `decimal`
          │             ^ no such operation
          │               ---- this is `string`

        1 error
        """)


def test_facts_stand_in_a_column_before_why_and_help() -> None:
    text = Text("a.tenet", "let a = match {\n    x => 1\n    y => 2\n    z => 3\n}\n")
    finding = Finding("uncovered-match", place(text, text.content[8:-1]), {"missing": "`w`"})
    assert shown(finding) == dedent("""\
        error[uncovered-match]: a `match` has no arm for some requests
          ┌─ a.tenet:1:9
          │
        1 │ let a = match {
          │         ^^^^^^^
        · │
        5 │ }
          │ ^ not every case is handled

            left over  `w`

        Every request gets a value; none is undefined.

        help: end it with an arm `else => ...`

        1 error
        """)


def test_a_place_of_two_lines_is_marked_on_both() -> None:
    text = Text("a.tenet", "let a = {\n    1, 2}   \n\n")
    diagnostic = Diagnostic("cannot-infer", "error", "headline", (Label(Span(text, 8, len(text.content)), "here"),))
    assert pretty.render([diagnostic]) == dedent("""\
        error[cannot-infer]: headline
          ┌─ a.tenet:1:9
          │
        1 │ let a = {
          │         ^
        2 │     1, 2}
          │     ^^^^^ here

        1 error
        """)


def test_the_end_of_an_empty_file_is_marked() -> None:
    finding = Finding("syntax-error", Span(Text("a.tenet", ""), 0, 0), {"expected": "a declaration"}, variant="end")
    assert shown(finding) == dedent("""\
        error[syntax-error]: the file ends where a declaration belongs
          ┌─ a.tenet:1:1
          │
        1 │
          │ ^ expected a declaration

        1 error
        """)


def test_gutters_are_as_wide_as_the_greatest_line_number_shown() -> None:
    text = Text("a.tenet", "x\n" * 1000)
    finding = Finding("unknown-name", Span(text, 1998, 1999), {"name": "x"}, variant="variable")
    assert shown(finding) == dedent("""\
        error[unknown-name]: no variable is called `x`
             ┌─ a.tenet:1000:1
             │
        1000 │ x
             │ ^ not declared

        1 error
        """)


def test_tabs_are_shown_as_spaces_up_to_the_next_stop() -> None:
    assert marked("\ta\tbcde\tx", "x") == "    a   bcde    x\n                ^ here"


def test_wide_characters_take_two_cells() -> None:
    assert marked('"金額" + x', "x") == '"金額" + x\n         ^ here'
    assert marked('"金額" + x', "金額") == '"金額" + x\n ^^^^ here'


def test_combining_marks_take_no_cell() -> None:
    assert marked('"e\u0301a" + x', "x") == '"e\u0301a" + x\n       ^ here'
    assert marked('"e\u0301a" + x', "e\u0301a") == '"e\u0301a" + x\n ^^ here'


def test_a_pile_of_marks_is_spelled_out_beyond_the_fourth() -> None:
    assert marked("e" + "\u0301" * 6 + " x", "x") == "e" + "\u0301" * 4 + "\\u{301}\u0301 x\n         ^ here"


def test_a_line_break_of_two_characters_is_not_shown() -> None:
    assert marked("ab x\r\nnext", "x") == "ab x\n   ^ here"


def test_a_long_line_is_cut_at_its_end_if_the_place_is_near_its_beginning() -> None:
    assert marked("ab x " + "c" * 500, "x") == "ab x " + "c" * 93 + "…\n   ^ here"


def test_a_long_line_is_cut_at_both_ends_around_the_place() -> None:
    assert marked("b" * 300 + "x" + "c" * 300, "x") == "…" + "b" * 30 + "x" + "c" * 67 + "…\n" + " " * 31 + "^ here"


def test_a_long_line_is_cut_at_its_beginning_if_the_place_is_near_its_end() -> None:
    assert marked("b" * 300 + "x", "x") == "…" + "b" * 97 + "x\n" + " " * 98 + "^ here"


def test_a_place_that_is_itself_long_is_marked_as_far_as_it_is_shown() -> None:
    assert marked("a = " + "x" * 5000, "x" * 5000) == "a = " + "x" * 94 + "…\n    " + "^" * 94 + " here"


def test_a_line_of_a_million_characters_is_shown_in_part() -> None:
    source, row = marked("b" * 500_000 + "x" + "c" * 500_000, "x").split("\n")
    assert source == "…" + "b" * 30 + "x" + "c" * 67 + "…"
    assert row == " " * 31 + "^ here"


def test_escape_sequences_in_a_policy_are_spelled_out_and_the_place_stays_marked() -> None:
    assert marked('"\x1b[2J\x9b1m" x', "x") == '"\\u{1b}[2J\\u{9b}1m" x\n                    ^ here'


def test_direction_controls_and_invisible_characters_are_spelled_out() -> None:
    assert (
        marked('"\u202e\u200b\u2028\u00ad" x', "x") == '"\\u{202e}\\u{200b}\\u{2028}\\u{ad}" x\n' + " " * 33 + "^ here"
    )


def test_nothing_that_a_finding_brings_in_can_write_on_the_terminal() -> None:
    hostile = "\x1b]0;title\x07\r\n\u202e\x9b\x00\ud800"
    text = Text(hostile, hostile)
    diagnostic = Diagnostic(
        hostile,
        "error",
        hostile,
        (Label(Span(text, 0, len(hostile)), hostile), Label(Span(Text(hostile, hostile), 0, 1), hostile)),
        shows=hostile,
        facts=((hostile, hostile),),
        why=(hostile,),
        help=(hostile, hostile),
    )
    allowed = {"\n"}
    output = pretty.render([diagnostic])
    assert {c for c in output if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} == allowed


def test_what_a_policy_says_never_begins_a_line() -> None:
    finding = Finding("unknown-name", place(PAYMENTS, "refund"), {"name": "x\n::error::gotcha"}, variant="tool")
    assert not any(line.startswith("::") for line in shown(finding).splitlines())


def test_there_is_colour_only_if_asked_for() -> None:
    assert "\x1b" not in shown(CONFLICT)
    text = Text("a.tenet", "import std.time\n")
    assert shown(Finding("unused-import", place(text, "std.time"), {"name": "std.time"}), colour=True) == (
        "\x1b[1;33mwarning[unused-import]\x1b[0m\x1b[1m: `std.time` is imported and not used\x1b[0m\n"
        "\x1b[34m  ┌─\x1b[0m a.tenet:1:8\n"
        "\x1b[34m  │\x1b[0m\n"
        "\x1b[34m1 │\x1b[0m import std.time\n"
        "\x1b[34m  │\x1b[0m        \x1b[1;33m^^^^^^^^ nothing here uses it\x1b[0m\n"
        "\n"
        "\x1b[1mhelp\x1b[0m: take the line out\n"
        "\n"
        "1 warning\n"
    )


def test_the_order_is_by_file_line_column_and_check_whatever_order_the_findings_came_in() -> None:
    first, second = Text("a.tenet", "x y\nx"), Text("b.tenet", "x")
    spans = [Span(second, 0, 1), Span(first, 4, 5), Span(first, 2, 3), Span(first, 0, 1)]
    findings = [Finding("unknown-name", span, {"name": "x"}, variant="variable") for span in spans]
    findings.append(Finding("unknown-tool", Span(first, 0, 1), {"name": "x"}))
    output = shown(*findings)
    assert output == shown(*reversed(findings))
    assert [line.strip() for line in output.splitlines() if line.startswith(("error", "  ┌─"))] == [
        "error[unknown-name]: no variable is called `x`",
        "┌─ a.tenet:1:1",
        "error[unknown-tool]: no tool is called `x`",
        "┌─ a.tenet:1:1",
        "error[unknown-name]: no variable is called `x`",
        "┌─ a.tenet:1:3",
        "error[unknown-name]: no variable is called `x`",
        "┌─ a.tenet:2:1",
        "error[unknown-name]: no variable is called `x`",
        "┌─ b.tenet:1:1",
    ]


def test_the_summary_counts_each_severity() -> None:
    error = describe(CONFLICT)
    warning, note = attrs.evolve(error, severity="warning"), attrs.evolve(error, severity="note")
    assert pretty.summary([]) == "no findings"
    assert pretty.summary([warning, error, error]) == "2 errors, 1 warning"
    assert pretty.summary([note, note]) == "2 notes"


def test_without_diagnostics_there_is_nothing_to_show() -> None:
    assert pretty.render([]) == ""
