"""What is said of a mistake: where it is, what was expected, and that the rest of the file is read."""

from __future__ import annotations

import time

import pytest

from tenetlang.report.words import describe
from tenetlang.syntax.parse import MOST_FINDINGS, parse, parse_expression
from tenetlang.text import Text
from tests.unit.syntax.reading import checks, finding, findings

SLIPS = [
    ("allow a if { x = 1 }", "=", "`=`", "an operator", "`==`"),
    ("allow a if { x && y }", "&&", "`&&`", "an operator", "`and`"),
    ("allow a if { x || y }", "||", "`||`", "an operator", "`or`"),
    ("allow a if { !x }", "!", "`!`", "an expression", "`not`"),
    ("allow a if { x === y }", "===", "`===`", "an operator", "`==`"),
    ("allow a if { x <> y }", "<>", "`<>`", "an operator", "`!=`"),
    ("allow a if { y := 1 }", ":=", "`:=`", "`=`", "`let NAME = …`"),
    ("let a = 1 // why", "//", "`//`", "an operator", "`#`"),
    ("allow a if { x == 1 y == 2 }", "y", "`y`", "the end of the line", "`;`"),
    ("allow a if { x\n  y z\n}", "z", "`z`", "the end of the line", "`;`"),
    ("allow a { x }", "{", "`{`", "`if`", "`if`"),
    ("allow if { x }", "if", "`if`", "the name of the rule", "`allow NAME if"),
    ("deny { x }", "{", "`{`", "the name of the rule", "`deny NAME if"),
    ("allow a if x", "x", "`x`", "`{` to begin the block", "`{ … }`"),
    ("default allow = false", "=", "`=`", "the end of the line", "`default deny`"),
    ("default allow := false", ":=", "`:=`", "the end of the line", "`default deny`"),
    ("allow a if { tool is get-issue }", "-", "`-`", "a name in quotes", '`"get-issue"`'),
    ("tool get-issue(x: int)", "-", "`-`", "a name in quotes", '`"get-issue"`'),
    ("allow a if { x == 'y' }", "'y'", "`'y'`", "a string in double quotes", '`"y"`'),
    ("allow a if { some i }", "}", "`}`", "`in` and what to look through", "`some i in …`"),
    ("allow a if { some i, j; x }", ";", "`;`", "`in` and what to look through", "`some i, j in …`"),
    ("alow a if { x }", "alow", "`alow`", "a declaration", "`allow`"),
    ("let a = {\n  x: 1\n  y: 2\n}", "", "the end of the line", "`,` or `}`", "a comma"),
]


@pytest.mark.parametrize(("source", "at", "found", "expected", "suggestion"), SLIPS)
def test_a_slip_that_many_make_gets_a_suggestion(
    source: str, at: str, found: str, expected: str, suggestion: str
) -> None:
    it = finding(source)
    assert (it.check, it.at.source) == ("syntax-error", at)
    assert (it.details["found"], it.details["expected"]) == (found, expected)
    assert suggestion in it.details["suggestion"]


@pytest.mark.parametrize(
    ("source", "at", "expected"),
    [
        ("let a =", "", "an expression"),
        ("type T =", "", "a type"),
        ("tool f(x int)", "int", "`:`"),
        ("tool f(x: )", ")", "a type"),
        ("type T = { a: int b: int }", "b", "`,` or `}`"),
        ("counter c = sum(x)", "", "`of`"),
        ("fn f(x: int) = 3", "=", "`->`"),
        ("set s if { x }", "if", "`contains`"),
        ("allow a if { x } because y", "y", "a text in quotes"),
        ("allow a if { not }", "}", "an expression"),
        ("allow a if { x == }", "}", "a value"),
        ("allow a if { x is }", "}", "a tool, a type or `present`"),
        ("allow a if { then }", "then", "a condition or `}`"),
        ("@a\nimport b", "import", "a declaration"),
        ("for a { import b }", "import", "a rule, a `let`, a `counter` or `}`"),
        ('test "t" { x }', "x", "`call`, `with`, `let`, `expect` or `}`"),
        ("default x", "x", "`allow`, `deny` or `escalate`"),
        ("import a.", "", "a name"),
        ("nonsense", "nonsense", "a declaration"),
        ("let a = b c", "c", "an operator or the end of the line"),
    ],
)
def test_other_mistakes_say_what_belongs_there(source: str, at: str, expected: str) -> None:
    it = finding(source)
    assert (it.check, it.at.source, it.details["expected"]) == ("syntax-error", at, expected)


def test_no_message_names_a_token_of_the_grammar() -> None:
    from tenetlang.syntax.tables import tables

    names = {name for name in tables().spelling if name.isupper()} | {"NEWLINE", "NAME", "STRING", "$END"}
    for source, *_ in SLIPS:
        for word in str(describe(finding(source))).split():
            assert word.strip("`'\",.()") not in names - {"NAME"}


@pytest.mark.parametrize(
    ("source", "opening", "here"),
    [
        ("allow a if {\n  f(x\n  y\n}", "(", (3, 6)),
        ("allow a if {\n  x", "{", (3, 4)),
        ("allow a if {\n  x\n\nallow b if { y }", "{", (3, 4)),
        ("let a = [1,\n\nlet b = 1", "[", (2, 12)),
    ],
)
def test_a_bracket_that_is_not_closed_is_shown_with_where_it_was_missed(
    source: str, opening: str, here: tuple[int, int]
) -> None:
    it = finding(source)
    assert (it.check, it.at.source) == ("unclosed-bracket", opening)
    ((role, place),) = it.also
    assert (role, (place.line, place.column)) == ("here", here)


def test_a_bracket_of_the_wrong_kind_is_shown_with_its_opening() -> None:
    it = finding("let a = (1]")
    assert (it.check, it.variant, it.at.source) == ("unclosed-bracket", "mismatch", "]")
    assert [(role, place.source) for role, place in it.also] == [("opened", "(")]


def test_a_bracket_that_closes_nothing_is_shown() -> None:
    it = finding("allow a if { x } }")
    assert (it.check, it.variant, it.at.source, it.at.column) == ("unclosed-bracket", "unopened", "}", 18)


def test_at_the_end_the_place_is_the_end() -> None:
    it = finding("let a = b +  # and\n\n")
    assert it.variant == "end"
    assert (it.at.start, it.at.end) == (len("package test\nlet a = b +  # and"),) * 2


def test_two_mistakes_are_two_findings_and_what_is_right_is_read() -> None:
    source = (
        "package a\n\nlet x = 1\n\nallow one if {\n  x = 1\n  y && z )\n  'w'\n}\n\nlet y = 2\n\n"
        "@owner\ndeny two if {\n  f(\n}\n\nlet z = 3\n"
    )
    file, found = parse(Text("a.tenet", source))
    assert [(it.check, it.at.source, it.at.line) for it in found] == [
        ("syntax-error", "=", 6),
        ("unclosed-bracket", "}", 16),
    ]
    assert [getattr(it, "name", "") for it in file.declarations] == ["x", "y", "z"]
    assert file.broken == ("one", "two")


def test_only_the_first_mistake_of_a_declaration_is_reported() -> None:
    assert checks("allow a if {\n  x = 1\n  y = 2\n  z && w\n}") == [("syntax-error", "=")]


@pytest.mark.parametrize(
    "broken", ["let a = \n", "let a = (\n", "let a = ]\n", "let a = 'x'\n", 'let a = "\n', "@a @\n"]
)
@pytest.mark.parametrize("word", ["@b\nlet x = 1", "let x = 1", "allow x if { y }", 'test "x" { }', "with x = 1"])
def test_reading_goes_on_at_a_declaration_in_column_1(broken: str, word: str) -> None:
    file, found = parse(Text("a.tenet", f"package a\n{broken}{word}\n"))
    assert len(found) == 1
    assert len(file.declarations) == 1


def test_a_file_begins_with_its_package() -> None:
    for source, at in (("let a = 1\n", "let"), ("", ""), ("# nothing\n", "")):
        file, (found,) = parse(Text("a.tenet", source))
        assert file.package is None
        assert (found.check, found.at.source) == ("syntax-error", at)
        assert "`package`" in found.details["expected"]


def test_a_broken_package_line_is_one_finding() -> None:
    file, found = parse(Text("a.tenet", "pakage a\n\nlet b = 1\n"))
    assert file.package is None
    assert len(file.declarations) == 1
    assert [(it.variant, it.details["suggestion"]) for it in found] == [("word", "`package`")]


def test_a_package_line_stands_once_and_first() -> None:
    assert checks("package other") == [("syntax-error", "other")]
    assert finding("package other").variant == "twice"


def test_depth_is_bounded_by_the_brackets_and_by_the_tree() -> None:
    deep = {"let a = " + "(" * 65 + "x" + ")" * 65, "let a = " + "[" * 1000, "let a = " + "+".join("x" * 10_000)}
    deep |= {
        "let a = " + "not " * 5_000 + "x",
        "let a = x" + ".y" * 5_000,
        'allow a if { } because "{' + "-" * 999 + 'x}"',
    }
    for source in deep:
        it = finding(source)
        assert (it.check, it.variant) == ("file-too-large", "depth"), source[:30]
    assert not findings("let a = " + "(" * 64 + "x" + ")" * 64)
    assert not findings("let a = " + "+".join("x" * 150))
    assert not findings("let a = [" + ",".join("x" * 10_000) + "]")


def test_a_hostile_depth_costs_no_more_than_its_length() -> None:
    for word in ("not ", "- "):
        start = time.process_time()
        it = finding("let a = " + word * 1_000_000 + "x")
        assert (it.check, it.variant) == ("file-too-large", "depth")
        assert time.process_time() - start < 10


def test_a_file_of_more_than_16_mib_is_not_read() -> None:
    file, (found,) = parse(Text("a.tenet", "#é" * (6 * 1024 * 1024)))
    assert (found.check, found.variant) == ("file-too-large", "")
    assert not file.declarations


def test_the_number_of_findings_is_bounded() -> None:
    found = findings("let\n" * 500)
    assert len(found) == MOST_FINDINGS + 1
    assert (found[-1].check, found[-1].variant) == ("file-too-large", "count")


def test_comments_are_kept_with_their_places() -> None:
    file, _ = parse(Text("a.tenet", "# one\npackage a # two\n\nlet x = [ # three\n  # four\n  1]\n# five"))
    assert [(it.own_line, it.at.source) for it in file.comments] == [
        (True, "# one"),
        (False, "# two"),
        (False, "# three"),
        (True, "# four"),
        (True, "# five"),
    ]


def test_one_expression_is_read_alone() -> None:
    it, found = parse_expression(Text("ask", "acme.support.risk "))
    assert not found
    assert it is not None
    assert it.at.source == "acme.support.risk"
    for source in ("", "a b", "a\nb", "(a", "a)", "let a = 1", "a }", "'"):
        it, found = parse_expression(Text("ask", source))
        assert it is None
        assert len(found) == 1, source
        describe(found[0])


def test_the_garbage_collector_is_left_as_it_was() -> None:
    import gc

    parse(Text("a.tenet", "package a\n"))
    assert gc.isenabled()
    gc.disable()
    try:
        parse(Text("a.tenet", "package a\n"))
        assert not gc.isenabled()
    finally:
        gc.enable()
