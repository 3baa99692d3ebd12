"""What holds for every text and every syntax tree."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tenetlang.report.words import describe
from tenetlang.syntax import tree
from tenetlang.syntax.machine import Read, Stop, machine, run
from tenetlang.syntax.parse import parse, parse_expression
from tenetlang.syntax.print import print_expression, print_file
from tenetlang.syntax.tables import grammar_text, tables
from tenetlang.syntax.tokens import Brackets, tokens
from tenetlang.text import Text
from tests.properties import syntax_trees

PROGRAM = (Path(__file__).parents[2] / "examples" / "refunds" / "support.tenet").read_text(encoding="utf-8")
quick = settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))


@quick
@given(syntax_trees.files)
def test_parsing_what_is_printed_gives_an_equal_tree(file: tree.File) -> None:
    printed = print_file(file)
    again, findings = parse(Text("printed.tenet", printed))
    assert not findings, printed
    assert again.annotations == file.annotations
    assert again.package == file.package
    assert again.declarations == file.declarations
    assert print_file(again) == printed


@quick
@given(syntax_trees.expressions)
def test_parsing_a_printed_expression_gives_an_equal_one(expression: tree.Expression) -> None:
    printed = print_expression(expression)
    again, findings = parse_expression(Text("printed", printed))
    assert not findings, printed
    assert again == expression


def well_behaved(source: str) -> None:
    """Parsing says something, in words, in bounded time, and says it of places in the text."""
    text = Text("any.tenet", source)
    began = time.perf_counter()
    file, findings = parse(text)
    assert time.perf_counter() - began < 5
    for finding in findings:
        describe(finding)
        assert 0 <= finding.at.start <= finding.at.end <= len(source)
    repr(file.declarations)
    hash(file.declarations)
    parse_expression(text)


PIECES = [*sorted(tables().words), " ", "\n", "\n", "x", "f", '"a"', '"', "`", "1", "30m", "2027-01-01", "'", "\\", "é", "\u202e", "#", "\r\n", "\t", "1e5", "{x}"]  # fmt: skip


@quick
@given(st.text())
@example("\r")
@example("package a\nlet x = \x00")
@example('package a\nallow a if {} because "{"')
def test_no_text_breaks_the_parser(source: str) -> None:
    well_behaved(source)


@settings(quick, max_examples=250)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_no_heap_of_tokens_breaks_the_parser(pieces: list[str]) -> None:
    well_behaved("".join(pieces))
    well_behaved("package a\n" + " ".join(pieces))


@quick
@given(st.data())
def test_no_program_that_was_tampered_with_breaks_the_parser(data: st.DataObject) -> None:
    source = PROGRAM
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(source)))
        end = min(len(source), start + data.draw(st.integers(0, 12)))
        source = source[:start] + data.draw(st.sampled_from(["", *PIECES])) + source[end:]
    well_behaved(source)


@pytest.mark.parametrize("piece", ["(", "[", "{", "not ", "-", "a.", "a+", "a or ", "{{", '"', "`", "@a\n", "a\n", "#\n", "allow\n", "[a,", "{a: ", "match {", "some x in ", "1_", "\\u{"])  # fmt: skip
def test_repetition_takes_time_in_proportion_and_no_stack(piece: str) -> None:
    for before in ("", "package a\nlet x = ", "package a\nallow a if {\n", 'package a\nallow a if {} because "'):
        well_behaved(before + piece * 5_000)


@functools.cache
def _rules() -> dict[str, list[list[tuple[str, bool]]]]:
    """The alternatives of each rule of the grammar, the shortest first."""
    from lark.load_grammar import load_grammar

    loaded, _ = load_grammar(grammar_text(), "tenet.lark", [], global_keep_all_tokens=False)  # type: ignore[no-untyped-call]
    _, rules, _ = loaded.compile(["declaration"], "*")
    found: dict[str, list[list[tuple[str, bool]]]] = {}
    for rule in rules:
        symbols = [(str(symbol.name), symbol.is_term) for symbol in rule.expansion]
        found.setdefault(str(rule.origin.name), []).append(symbols)
    return found


@functools.cache
def _least(name: str, above: frozenset[str] = frozenset()) -> int:
    """How deep a sentence of a rule has to go."""
    if name in above:
        return 1_000
    return 1 + min(
        max((0 if terminal else _least(symbol, above | {name}) for symbol, terminal in alternative), default=0)
        for alternative in _rules()[name]
    )


def _sentence(name: str, depth: int, choose: random.Random) -> Iterator[str]:
    """The terminals of one sentence."""

    def needs(alternative: list[tuple[str, bool]]) -> int:
        return max((0 if terminal else _least(symbol) for symbol, terminal in alternative), default=0)

    alternatives = _rules()[name]
    fitting = [alternative for alternative in alternatives if needs(alternative) < depth]
    for symbol, terminal in choose.choice(fitting or [min(alternatives, key=needs)]):
        if terminal:
            yield symbol
        else:
            yield from _sentence(symbol, depth - 1, choose)


SAMPLES = {"NAME": "x", "STRING": '"s"', "NUMBER": "1", "DURATION": "30m", "TIME": "2027-01-01", "NEWLINE": "\n  "}


@settings(quick, max_examples=100)
@given(st.integers(0, 2**32))
def test_text_made_from_the_grammar_is_read_to_its_end(seed: int) -> None:
    choose = random.Random(seed)
    terminals = list(_sentence("declaration", choose.randint(8, 34), choose))
    text = Text("made.tenet", " ".join(SAMPLES.get(kind, tables().spelling.get(kind, "?")) for kind in terminals))
    brackets = Brackets()
    result = run(
        machine(lambda _at, raw: raw), "declaration", tokens(text, 0, len(text.content), brackets, []), brackets, text
    )
    # What the grammar allows, a function may still refuse, such as a clause that stands twice: that is no `Stop`.
    if len(brackets.open) < 64:
        assert not isinstance(result, Stop), text.content
    assert isinstance(result, Read) or result.token
