"""Where a newline ends something, and where a declaration begins."""

from __future__ import annotations

import pytest

from tenetlang.syntax import tree
from tests.unit.syntax.reading import body, checks, declaration, declarations, expression, findings


def test_a_newline_ends_a_condition_as_a_semicolon_does() -> None:
    assert body("\n  a\n  b\n") == body(" a; b ") == body("\n  a;\n  b;\n\n")


def test_a_newline_ends_a_setting() -> None:
    lines = declaration("reviewers r {\n  quorum 2\n  within 30m\n}")
    assert isinstance(lines, tree.ReviewersDeclaration)
    assert [setting.name for setting in lines.settings] == ["quorum", "within"]
    assert declaration("reviewers r { quorum 2; within 30m }") == lines


def test_a_newline_ends_an_arm_as_a_semicolon_and_a_comma_do() -> None:
    arms = expression("match {\n  a => 1\n  else => 2\n}")
    assert arms == expression("match { a => 1; else => 2 }") == expression("match { a => 1, else => 2, }")
    assert isinstance(arms, tree.Match)
    assert len(arms.arms) == 1


def test_a_newline_ends_a_declaration() -> None:
    assert len(declarations("let a = 1\nlet b = 2")) == 2
    assert checks("let a = 1 let b = 2") == [("syntax-error", "let")]


def test_a_semicolon_does_not_end_a_declaration() -> None:
    assert checks("let a = 1; let b = 2") == [("syntax-error", ";")]


@pytest.mark.parametrize("source", ["f(\n1\n,\n2\n)", "[\n1\n,\n2\n]", "xs[\n1\n]", "(\n1\n+ 1\n)"])
def test_a_newline_counts_for_nothing_inside_round_and_square_brackets(source: str) -> None:
    assert expression(source) == expression(source.replace("\n", " "))


def test_the_innermost_bracket_decides() -> None:
    assert expression("[every x in xs {\n a\n b\n}]") == expression("[every x in xs { a; b }]")
    assert checks("allow it if {\n  f(a\n    b)\n}") == [("unclosed-bracket", "(")]


@pytest.mark.parametrize(
    "source",
    [
        "{\na}",
        "{a,\nb}",
        "a or\nb",
        "a and\nb",
        "not\na",
        "a ==\nb",
        "a !=\nb",
        "a <\nb",
        "a <=\nb",
        "a >\nb",
        "a >=\nb",
        "a in\nb",
        "a not in\nb",
        "a like\nb",
        "a matches\nb",
        "a is\nb",
        "a is not\nb",
        "a has\n @b",
        "a ??\nb",
        "a *\nb",
        "a /\nb",
        "a %\nb",
        "a +\nb",
        "a -\nb",
        "a &\nb",
        "a |\nb",
        "-\na",
        "match { a =>\nb }",
        "[a for x in xs if\nb]",
    ],
)
def test_nothing_ends_after_what_has_to_go_on(source: str) -> None:
    assert expression(source) == expression(source.replace("\n", " "))


def test_nothing_ends_after_an_equals_sign_and_if() -> None:
    assert declaration("let a =\n  1") == declaration("let a = 1")
    assert declaration("allow a if\n{ b }") == declaration("allow a if { b }")


@pytest.mark.parametrize("source", ["{a\n}", "{a\n, b}", "a\n| b", "a\nor b", "a\nand b"])
def test_nothing_ends_before_what_goes_on(source: str) -> None:
    assert expression(source) == expression(source.replace("\n", " "))


def test_nothing_ends_before_the_clauses_of_a_rule() -> None:
    spread = 'allow a if { b }\n  unless { c }\n  because "d"\n  then e()'
    assert declaration(spread) == declaration(spread.replace("\n", " "))


def test_a_union_type_goes_over_several_lines() -> None:
    assert declaration('type U =\n  "a"\n  | "b" |\n  "c"') == declaration('type U = "a" | "b" | "c"')
    assert declaration('type U =\n  | "a"\n  | "b"') == declaration('type U = "a" | "b"')


def test_a_newline_counts_before_a_plus_and_a_minus() -> None:
    assert body("\n  a\n  -b\n") == body(" a; -b ")
    assert checks("let a = 1\n  + 2") == [("syntax-error", "+")]


def test_a_field_that_is_called_like_a_word_ends_its_line() -> None:
    assert body("\n  v.in\n  v.not\n  v.if\n  b\n") == body(" v.in; v.not; v.if; b ")
    assert body("\n  tool has @not\n  b\n") == body(" tool has @not; b ")


def test_literals_of_several_lines_need_their_commas() -> None:
    assert expression("{\n  a: 1,\n  b: 2,\n}") == expression("{ a: 1, b: 2 }")
    (found,) = findings("let it = {\n  a: 1\n  b: 2\n}")
    assert found.check == "syntax-error"
    assert found.at.line == 3
    assert "comma" in found.details["suggestion"]


def test_annotations_stand_on_lines_of_their_own_or_not() -> None:
    assert declaration('@a\n@b("c") @d\n\nlet x = 1') == declaration('@a @b("c") @d let x = 1')


def test_bracket_depth_starts_anew_at_a_declaration_word_in_column_1() -> None:
    source = "allow a if {\n  f(x\n\nallow b if { y }\nlet c = [1\n@owner\nlet d = 2"
    assert checks(source) == [("unclosed-bracket", "("), ("unclosed-bracket", "[")]


def test_a_declaration_word_further_right_begins_nothing() -> None:
    assert body("\n  data.x\n  tool is a\n") == body(" data.x; tool is a ")


def test_a_declaration_word_in_column_1_ends_even_what_would_go_on() -> None:
    assert checks("let a =\nlet b = 2") == [("syntax-error", "")]


def test_lines_may_end_as_on_windows() -> None:
    assert declarations("let a = 1\r\nallow b if {\r\n  c\r\n  d # e\r\n}\r\n") == declarations(
        "let a = 1\nallow b if {\n  c\n  d\n}\n"
    )


def test_comments_and_blank_lines_go_anywhere() -> None:
    assert body("\n\n  # one\n  a # two\n\n  # three\n  b\n  # four\n") == body(" a; b ")
