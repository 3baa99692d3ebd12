"""Which words are names, and how tokens part from one another."""

from __future__ import annotations

import pytest

from tenetlang.syntax import tree
from tenetlang.syntax.tables import tables
from tests.unit.syntax.reading import checks, condition, declaration, expression, finding

RESERVED = [
    "if",
    "unless",
    "because",
    "then",
    "match",
    "else",
    "some",
    "every",
    "not",
    "and",
    "or",
    "in",
    "is",
    "like",
    "matches",
    "has",
    "for",
    "with",
    "let",
    "fn",
    "set",
    "tool",
    "data",
    "true",
    "false",
    "allow",
    "deny",
    "escalate",
]
FREE = [
    "to",
    "by",
    "within",
    "from",
    "who",
    "of",
    "on",
    "as",
    "type",
    "request",
    "package",
    "import",
    "extend",
    "resolve",
    "default",
    "error",
    "reviewers",
    "counter",
    "overrides",
    "test",
    "call",
    "expect",
    "never",
    "always",
    "extern",
    "contains",
    "obligation",
    "quorum",
    "verdict",
    "present",
]
ALL = sorted(set(RESERVED + FREE) | {word for word in tables().words if word.isidentifier()})


def test_the_grammar_reserves_these_words_and_null() -> None:
    spelling = tables().spelling
    assert sorted(spelling[kind] for kind in tables().classes["reserved"]) == sorted([*RESERVED, "null"])


@pytest.mark.parametrize("word", RESERVED)
def test_a_reserved_word_is_no_variable(word: str) -> None:
    assert checks(f"let {word} = 1") == [("reserved-word", word)]
    assert checks(f"allow a if {{ some {word} in xs }}") == [("reserved-word", word)]


@pytest.mark.parametrize("word", FREE)
def test_any_other_word_is_a_variable(word: str) -> None:
    declaration(f"let {word} = {word if word != 'x' else 'y'} + 1")
    declaration(f"allow {word} if {{ some {word} in {word}; {word} == 1; {word}({word}) }}")
    declaration(f"fn {word}({word}: {word}) -> {word} = {word}")


@pytest.mark.parametrize("word", ALL)
def test_any_word_names_a_field_a_parameter_an_argument_and_an_annotation(word: str) -> None:
    assert expression(f"x.{word}") == tree.Member(name=word, of=expression("x"), at=expression("x").at)
    record = expression(f"{{ {word}: 1 }}")
    assert isinstance(record, tree.RecordForm)
    assert record.fields[0][0] == word
    call = expression(f"f({word}: 1)")
    assert isinstance(call, tree.Call)
    assert call.arguments[0].name == word
    declaration(f"@{word} tool f({word}: int, @{word} {word}?: int)")
    declaration(f"type T = {{ {word}?: {{ {word}: int }} }}")
    declaration(f"request {word}: int")
    condition(f"tool has @{word}")


@pytest.mark.parametrize("glued", ["inlist", "andy", "order", "nota", "iffy", "isx", "hash", "liked", "forx", "lets"])
def test_a_word_is_read_whole(glued: str) -> None:
    assert expression(glued) == tree.Name(glued, at=expression(glued).at)
    assert checks(f"allow a if {{ x {glued} }}") == [("syntax-error", glued)]


def test_names_are_ascii() -> None:
    found = finding("let límite = 1")
    assert (found.check, found.variant, found.at.source) == ("bad-character", "name", "í")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("get.issue", "get.issue"),
        ('"get.issue"', "get.issue"),
        ('get."issue"', "get.issue"),
        ('"get-issue"', "get-issue"),
        ('"if"', "if"),
        ("web.if", "web.if"),
        ('"a b/c"', "a b/c"),
    ],
)
def test_a_tool_is_words_or_strings_with_dots(written: str, name: str) -> None:
    it = condition(f"tool is {written}")
    assert isinstance(it, tree.IsTool)
    assert [tool.name for tool in it.names] == [name]
    declared = declaration(f"tool {written}(x: int)")
    assert isinstance(declared, tree.ToolDeclaration)
    assert declared.name.name == name


@pytest.mark.parametrize("word", sorted(set(RESERVED) - {"allow", "deny", "escalate", "not", "set"}))
def test_reserved_words_are_quoted_after_is(word: str) -> None:
    (found,) = checks(f"allow a if {{ tool is {word} }}")
    assert found == ("reserved-word", word)
    condition(f'tool is "{word}"')


def test_an_empty_name_of_a_tool_is_none() -> None:
    assert checks('tool ""()') == [("bad-literal", '""')]
