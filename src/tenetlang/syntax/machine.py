"""The LALR parser: one loop over the tables, which makes the nodes as it goes.

Textbook: a stack of states, and beside it the values and places of the symbols read. What is particular:

- An alternative that only passes the value of one symbol on, as the levels of precedence do a dozen times for each
  operand, changes the top state and nothing else, and whole chains of them are taken in one step.
- A declaration begins at its word: the annotations before it are no part of its place.
- A newline outside all brackets is the end of the input, unless an annotation goes on behind it.
- The stack before each token is kept until the token is shifted. LALR tables may still reduce before they notice that
  a token is wrong; a message about what belongs there has to start from the stack before that.
- The stack has a bound, since it is copied for each token: a million times `not` would take hours. It is far above what
  an expression needs that nests no deeper than it may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenetlang.frozen import frozen
from tenetlang.report.finding import Finding
from tenetlang.syntax import tables as grammar
from tenetlang.syntax.build import PLACED, PLAIN
from tenetlang.syntax.literals import Mistake
from tenetlang.syntax.tables import END, Production
from tenetlang.syntax.tokens import NEWLINE, Brackets, Token
from tenetlang.text import Span, Text

DEEPEST = 200
"""So many nodes of a declaration's syntax tree may lie one within the other."""

_TALLEST = 8_192


@frozen
class Machine:
    """The tables in the form that the loop wants.

    A production is: the rule, how many symbols it has, the function that makes its value (None where one value is
    passed on), the symbol with which its place begins (0 where the function wants no place), and those whose values the
    function gets (None for all of them); symbols are counted from the end, so they are negative. `passed_on` remembers where a chain of alternatives of one symbol ends,
    for the state below, the state, and the next token: there are some thousand such triples.
    """

    rows: tuple[Mapping[str, int], ...]
    productions: tuple[tuple[str, int, object, int, tuple[int, ...] | None], ...]
    start: Mapping[str, int]
    end: frozenset[int]
    passed_on: dict[tuple[int, int, str], int]


@frozen
class Read:
    """What was read, and how many tokens it took."""

    value: object
    tokens: int
    end: int


@frozen
class Stop:
    """A token that can't stand here: the states of the parser before it, and the token."""

    states: tuple[int, ...]
    token: Token


@frozen
class Refused:
    """What the grammar allows and a function of `build.py` refused, noticed at a token."""

    finding: Finding
    token: Token


def machine(template: object) -> Machine:
    """The parser; `template` is the function that reads the holes of a text for people.

    Raises LookupError where an alternative of the grammar needs a function and has none.
    """
    tables = grammar.tables()
    placed = {**PLACED, "template": template}
    return Machine(
        rows=tables.rows,
        productions=tuple(_bound(production, placed) for production in tables.productions),
        start=tables.start,
        end=tables.end,
        passed_on={},
    )


def _bound(
    production: Production, placed: Mapping[str, object]
) -> tuple[str, int, object, int, tuple[int, ...] | None]:
    length, keep, action = production.length, production.keep, production.action
    build = placed.get(action, PLAIN.get(action))
    if build is None and len(keep) != 1 and not production.rule.startswith("_"):
        raise LookupError(f"nothing makes a node of {action}")
    begins = 1 - length if production.annotated and length > 1 else -length
    return (
        production.rule,
        length,
        build,
        begins if action in placed else 0,
        None if len(keep) == length else tuple(symbol - length for symbol in keep),
    )


def run(machine: Machine, start: str, source: Iterator[Token], brackets: Brackets, text: Text) -> Read | Stop | Refused:
    """Reads one `start` from the tokens, up to the `END` behind it."""
    rows, productions, passed_on = machine.rows, machine.productions, machine.passed_on
    states = [machine.start[start]]
    values: list[object] = []
    starts: list[int] = []
    end = count = 0  # of the last token that was shifted, which is the last of whatever is reduced
    token: Token = (END, "", 0, 0)
    try:
        for token in source:
            kind, word, begin, stop = token
            count += 1
            before = states.copy()
            if len(before) > _TALLEST:
                raise Mistake(Finding("file-too-large", Span(text, begin, stop), {"limit": str(DEEPEST)}, "depth"))
            while True:
                action = rows[states[-1]].get(kind)
                if action is None:
                    if kind == END and states[-1] in machine.end:
                        return Read(values[-1], count, stop)
                    if kind == END and word == "\n" and not brackets.open and NEWLINE in rows[states[-1]]:
                        kind = NEWLINE
                        continue
                    return Stop(tuple(before), token)
                if action >= 0:
                    states.append(action)
                    values.append(word)
                    starts.append(begin)
                    end = stop
                    break
                rule, length, build, begins, keep = productions[~action]
                if length == 1:
                    if build is None:
                        key = states[-2], states[-1], kind
                        state = passed_on.get(key)
                        states[-1] = _pass_on(machine, key) if state is None else state
                        continue
                    if callable(build):
                        value = values[-1]
                        values[-1] = build(Span(text, starts[-1], end), value) if begins else build(value)
                    states[-1] = rows[states[-2]][rule]
                    continue
                if length == 0:
                    values.append(build() if callable(build) else None)
                    starts.append(begin)
                    states.append(rows[states[-1]][rule])
                    continue
                kept = values[-length:] if keep is None else [values[symbol] for symbol in keep]
                if not callable(build):
                    value = kept[0] if kept else None
                elif begins:
                    value = build(Span(text, starts[begins], end), *kept)
                else:
                    value = build(*kept)
                del states[1 - length :], values[1 - length :], starts[1 - length :]
                values[-1] = value
                states[-1] = rows[states[-2]][rule]
    except Mistake as mistake:
        return Refused(mistake.finding, token)
    raise AssertionError("the tokens of a text always have an END")


def _pass_on(machine: Machine, key: tuple[int, int, str]) -> int:
    """The state that a chain of alternatives of one symbol leads to."""
    below, state, kind = key
    while True:
        action = machine.rows[state].get(kind, 0)
        if action >= 0:
            break
        rule, length, build, _, _ = machine.productions[~action]
        if length != 1 or build is not None:
            break
        state = machine.rows[below][rule]
    machine.passed_on[key] = state
    return state
