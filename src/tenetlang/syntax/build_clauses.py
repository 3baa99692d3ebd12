"""The clauses that follow the head of a counter, the body of a rule or the value of an `expect`.

They may stand in any order, each once. So the grammar takes a list of them, each clause is a value of its own while it is
read, and `once` refuses the second of a kind; what holds them (`build.py`) then puts them where they belong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs

from tenetlang.report.finding import Finding
from tenetlang.syntax import tree
from tenetlang.syntax.literals import Mistake
from tenetlang.syntax.tree import Expression, Path, Template
from tenetlang.text import Span


@attrs.define(eq=False)
class IfClause:
    body: list[tree.Statement]
    at: Span


@attrs.define(eq=False)
class ByClause:
    values: list[Expression]
    at: Span


@attrs.define(eq=False)
class WithinClause:
    value: Expression
    at: Span


@attrs.define(eq=False)
class UnlessClause:
    body: list[tree.Statement]
    at: Span


@attrs.define(eq=False)
class BecauseClause:
    template: Template
    at: Span


@attrs.define(eq=False)
class ThenClause:
    uses: list[tree.ObligationUse]
    at: Span


@attrs.define(eq=False)
class ExpectTo:
    reviewers: Path
    at: Span


@attrs.define(eq=False)
class ExpectBy:
    rules: list[Path]
    at: Span


@attrs.define(eq=False)
class ExpectBecause:
    text: tree.String
    at: Span


CounterClause: TypeAlias = IfClause | ByClause | WithinClause
RuleClause: TypeAlias = UnlessClause | BecauseClause | ThenClause
ExpectClause: TypeAlias = ExpectTo | ExpectBy | ExpectBecause


def once(clauses: Sequence[CounterClause | RuleClause | ExpectClause]) -> None:
    """Raises Mistake where a clause stands twice."""
    found: dict[str, Span] = {}
    for clause in clauses:
        word = clause.at.source.split(None, 1)[0].split("{", 1)[0]
        place = Span(clause.at.text, clause.at.start, clause.at.start + len(word))
        if word in found:
            raise Mistake(Finding("syntax-error", place, {"found": f"`{word}`"}, "twice", (("first", found[word]),)))
        found[word] = place


def _obligation_use(at: Span, name: Path, arguments: list[tree.Argument]) -> tree.ObligationUse:
    return tree.ObligationUse(name, tuple(arguments), at)


def _by_clause(at: Span, values: list[Expression]) -> ByClause:
    return ByClause(values, at)


def _within_clause(at: Span, value: Expression) -> WithinClause:
    return WithinClause(value, at)


def _if_clause(at: Span, body: list[tree.Statement]) -> IfClause:
    return IfClause(body, at)


def _unless_clause(at: Span, body: list[tree.Statement]) -> UnlessClause:
    return UnlessClause(body, at)


def _because_clause(at: Span, template: Template) -> BecauseClause:
    return BecauseClause(template, at)


def _then_clause(at: Span, uses: list[tree.ObligationUse]) -> ThenClause:
    return ThenClause(uses, at)


def _expect_to(at: Span, reviewers: Path) -> ExpectTo:
    return ExpectTo(reviewers, at)


def _expect_by(at: Span, rules: list[Path]) -> ExpectBy:
    return ExpectBy(rules, at)


def _expect_because(at: Span, text: tree.String) -> ExpectBecause:
    return ExpectBecause(text, at)


PLACED: Mapping[str, object] = {
    "obligation_use": _obligation_use,
    "by_clause": _by_clause,
    "within_clause": _within_clause,
    "if_clause": _if_clause,
    "unless_clause": _unless_clause,
    "because_clause": _because_clause,
    "then_clause": _then_clause,
    "expect_to": _expect_to,
    "expect_by": _expect_by,
    "expect_because": _expect_because,
}
"""The functions by the names of the alternatives, as in `build.py`."""
