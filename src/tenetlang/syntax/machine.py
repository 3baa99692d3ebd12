"""The LALR parser: one loop over the tables, which makes the nodes as it goes.

Textbook: a stack of states, and beside it the values and places of the symbols read. What is particular:

- An alternative that only passes the value of one symbol on, as the levels of precedence do a dozen times for each
  operand, changes the top state and nothing else.
- A declaration begins at its word: the annotations before it are no part of its place.
- A newline outside all brackets is the end of the input, unless an annotation goes on behind it.
- The stack before each token is kept until the token is shifted. LALR tables may still reduce before they notice that
  a token is wrong; a message about what belongs there has to start from the stack before that.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from operator import itemgetter

import attrs

from tenetlang.report.finding import Finding
from tenetlang.syntax import tables as grammar
from tenetlang.syntax.build import PLACED, PLAIN
from tenetlang.syntax.literals import Mistake
from tenetlang.syntax.tables import END, Production
from tenetlang.syntax.tokens import NEWLINE, Brackets, Token
from tenetlang.text import Span, Text


@attrs.frozen
class Bound:
    """A production with its function, None where one value is passed on."""

    rule: str
    length: int
    keep: tuple[int, ...]
    build: object
    placed: bool
    annotated: bool


@attrs.frozen
class Read:
    """What was read, and how many tokens it took."""

    value: object
    tokens: int
    end: int


@attrs.frozen
class Stop:
    """A token that can't stand here: the states of the parser before it, and the token."""

    states: tuple[int, ...]
    token: Token


@attrs.frozen
class Refused:
    """What the grammar allows and a function of `build.py` refused, noticed at a token."""

    finding: Finding
    token: Token
