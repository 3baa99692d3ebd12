"""Numbers, dates, durations, strings, texts for people, and characters nobody sees."""

from __future__ import annotations

import pytest

from tenetlang.syntax import tree
from tenetlang.syntax.literals import quote
from tests.unit.syntax.reading import checks, declaration, expression, finding, findings


@pytest.mark.parametrize("text", ["0", "2", "50.00", "1_000", "1_000.000_1", "0.5", "123456789012345678901234567890"])
def test_numbers_keep_their_text(text: str) -> None:
    assert expression(text) == tree.Number(text, at=expression(text).at)


@pytest.mark.parametrize("text", ["007", "1_", "1__0", "1e5", "1.5.2", "0x10", "1.5x", "0b1", "1_000_"])
def test_other_spellings_of_numbers_are_none(text: str) -> None:
    assert checks(f"let a = {text}") == [("bad-literal", text)]


@pytest.mark.parametrize("text", ["30m", "24h", "1h30m", "500ms", "7d", "2w", "10ns", "10us"])
def test_durations_keep_their_text(text: str) -> None:
    assert expression(text) == tree.DurationLiteral(text, at=expression(text).at)


@pytest.mark.parametrize("text", ["30x", "1h30", "1h30mm", "5min"])
def test_other_units_are_none(text: str) -> None:
    assert checks(f"let a = {text}") == [("bad-literal", text)]


@pytest.mark.parametrize(
    "text",
    ["2027-01-01", "2027-01-01T10:00:00Z", "2027-01-01T10:00:00.123456789Z", "2027-01-01T10:00:00+01:00", "2028-02-29"],
)
def test_a_date_is_one_token(text: str) -> None:
    assert expression(text) == tree.TimeLiteral(text, at=expression(text).at)
    assert expression(f"{text} - 1d") != expression(text)


@pytest.mark.parametrize(
    "text",
    ["2027-13-01", "2027-02-29", "2027-01-01T10", "2027-01-01T25:00:00Z", "2027-01-01T10:00:60Z", "2027-01-011"],
)
def test_a_day_that_no_calendar_has_is_none(text: str) -> None:
    (found,) = findings(f"let a = {text}")
    assert (found.check, found.variant, found.at.source) == ("bad-literal", "time", text)


def test_one_digit_less_is_a_subtraction() -> None:
    assert isinstance(expression("2027-1-1"), tree.Binary)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"a\n\r\t\"\\b"', 'a\n\r\t"\\b'),
        (r'"\u{e9}\u{1F600}\u{0}"', "é\U0001f600\0"),
        (r"`[a-z]+\.\d`", r"[a-z]+\.\d"),
        ('`say "x"`', 'say "x"'),
        ('"größe 漢字 🙂 # {x}"', "größe 漢字 🙂 # {x}"),
        ('""', ""),
    ],
)
def test_strings_mean_what_their_escapes_say(written: str, value: str) -> None:
    it = expression(written)
    assert it == tree.String(value, at=it.at)
    assert expression(quote(value)) == it


@pytest.mark.parametrize(
    ("written", "escape", "variant"),
    [
        (r'"a\q"', r"\q", ""),
        (r'"a\u00e9"', r"\u", ""),
        (r'"a\u{}"', r"\u{}", ""),
        (r'"\u{110000}"', r"\u{110000}", "codepoint"),
        (r'"\u{D800}"', r"\u{D800}", "codepoint"),
        (r'"\{"', r"\{", ""),
    ],
)
def test_other_escapes_are_refused_where_they_stand(written: str, escape: str, variant: str) -> None:
    found = finding(f"let a = {written}")
    assert (found.check, found.variant, found.at.source) == ("bad-escape", variant, escape)


@pytest.mark.parametrize("written", ['"abc', '"abc\\"', "`abc", '"'])
def test_a_string_ends_on_its_line(written: str) -> None:
    assert checks(f"let a = {written}\nlet b = 1") == [("unterminated-string", written)]


@pytest.mark.parametrize(
    ("character", "variant"),
    [
        ("\u202e", "bidi"),
        ("\u2066", "bidi"),
        ("\u200f", "bidi"),
        ("\u061c", "bidi"),
        ("\u200b", "invisible"),
        ("\u200d", "invisible"),
        ("\u00ad", "invisible"),
        ("\u2028", "invisible"),
        ("\ufeff", "invisible"),
        ("\ufe0f", "invisible"),
        ("\u3164", "invisible"),
        ("\U000e0041", "invisible"),
        ("\ud800", "invisible"),
        ("\x00", "control"),
        ("\x1b", "control"),
        ("\x7f", "control"),
        ("\x9b", "control"),
    ],
)
def test_what_nobody_sees_stands_nowhere_unescaped(character: str, variant: str) -> None:
    for source in (f'let a = "x{character}y"', f"let a = `x{character}y`", f"let a = 1 # x{character}y", character):
        found = finding(source)
        assert (found.check, found.variant, found.at.source) == ("bad-character", variant, character), source
    if character != "\ud800":
        assert expression(quote(character)) == tree.String(character, at=expression('""').at)


def test_a_tab_indents_and_is_escaped_in_strings() -> None:
    declaration("let a =\t1\t# a\tb")
    found = finding('let a = "x\ty"')
    assert (found.check, found.variant, found.details["escape"]) == ("bad-character", "control", r"\t")


def test_a_byte_order_mark_may_begin_a_file() -> None:
    from tenetlang.syntax.parse import parse
    from tenetlang.text import Text

    file, found = parse(Text("a.tenet", "\ufeffpackage a\nlet b = 1\n"))
    assert not found
    assert len(file.declarations) == 1


def template(written: str) -> tree.Template:
    it = declaration(f"allow a if {{ b }} because {written}")
    assert isinstance(it, tree.RuleDeclaration)
    assert it.because is not None
    return it.because


def test_because_is_text_and_holes_in_turn() -> None:
    it = template('"a {x.y} of {f(1)}"')
    assert it.parts == ("a ", expression("x.y"), " of ", expression("f(1)"))


def test_a_hole_has_its_place_in_the_file() -> None:
    hole = template('"a {x.y}"').parts[1]
    assert not isinstance(hole, str)
    assert hole.at.source == "x.y"


def test_two_braces_are_one() -> None:
    assert template('"{{a}} {x}"').parts == ("{a} ", expression("x"))
    assert template('"{{{x}}}"').parts == ("{", expression("x"), "}")
    assert template('"{ {a: 1}.a }"').parts == (expression("{a: 1}.a"),)


def test_a_text_has_escapes_and_in_backticks_none() -> None:
    assert template(r'"\u{e9}\n{x}"').parts == ("é\n", expression("x"))
    assert template(r'`\d {x ?? "none"}`').parts == (r"\d ", expression('x ?? "none"'))
    assert template('"{x ?? `none`}"').parts == (expression('x ?? "none"'),)


@pytest.mark.parametrize(
    ("written", "check", "variant", "at"),
    [
        ('"a {x"', "unclosed-bracket", "", "{"),
        ('"a } b"', "bad-escape", "template", "}"),
        ('"a {x +} b"', "syntax-error", "", "}"),
        ('"a {} b"', "syntax-error", "", "}"),
        ('"a {x y} b"', "syntax-error", "", "y"),
        (r'"a {x ?? \"n\"} b"', "bad-escape", "hole", r"\""),
        ('"a {[x} b"', "unclosed-bracket", "mismatch", "}"),
    ],
)
def test_a_broken_hole_is_shown_where_it_is(written: str, check: str, variant: str, at: str) -> None:
    found = finding(f"allow a if {{ b }} because {written}")
    assert (found.check, found.variant, found.at.source) == (check, variant, at)
