"""The tables of the grammar: stored, complete, and the only place that knows words."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tenetlang import resources
from tenetlang.syntax import tables as grammar
from tenetlang.syntax.machine import machine
from tenetlang.syntax.tables import compute, grammar_text, store, tables


def test_the_stored_tables_are_those_of_the_grammar() -> None:
    made = compute(grammar_text())
    assert store(made, grammar_text()).decode() == resources.grammar_text(grammar.STORED), (
        "run `python -m tenetlang.syntax.tables > grammar/tables.json`"
    )
    assert made == tables()


def test_tables_of_another_grammar_are_computed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    text = resources.grammar_text

    def another(name: str) -> str:
        return text(name) + ("\n// changed\n" if name == "tenet.lark" else "")

    monkeypatch.setattr(resources, "grammar_text", another)
    assert tables.__wrapped__() == tables()


def test_a_grammar_with_a_conflict_is_refused() -> None:
    from lark.exceptions import GrammarError

    with pytest.raises(GrammarError, match="conflict"):
        compute(
            grammar_text().replace("conjunction: negation\n", "conjunction: negation\n    | conjunction or negation\n")
        )


def test_every_alternative_makes_something() -> None:
    machine(None)  # raises where one has no function
    from tenetlang.syntax.build import PLACED, PLAIN

    names = {production.action for production in tables().productions}
    assert set(PLACED) | set(PLAIN) <= names
    assert not set(PLACED) & set(PLAIN)


def test_no_list_of_keywords_stands_in_the_code() -> None:
    words = {word for word in tables().words if word.isidentifier()}
    for path in Path(grammar.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Tuple | ast.List | ast.Set):
                strings = {item.value for item in node.elts if isinstance(item, ast.Constant)}
                assert len(words & strings) < 8, f"{path.name}:{node.lineno}"
