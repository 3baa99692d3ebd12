"""`-k`: which tests and claims to run, by their names.

    refund and not large          names with `refund` in them, without `large`
    "twenty dollars" or (a and b)

Words are looked for anywhere in a name, whatever their case; a word in quotes may hold spaces. `not` binds before
`and`, and that before `or`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import attrs

Selection: TypeAlias = Callable[[str], bool]

_TOKEN = re.compile(r"""\s*(?:(?P<bracket>[()])|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s()"']+))""")
_OPERATORS = ("and", "or", "not", "(", ")")
_DEEPEST = 50


class SelectionError(ValueError):
    """An expression that can't be read."""


@attrs.frozen
class _Token:
    text: str
    quoted: bool = False

    def is_operator(self, text: str) -> bool:
        return not self.quoted and self.text == text


def selection(expression: str) -> Selection:
    """Whether a name is wanted. Raises `SelectionError`."""
    reader = _Reader(_tokens(expression))
    wanted = reader.alternatives(0)
    if reader.place < len(reader.tokens):
        raise SelectionError(f"`{reader.tokens[reader.place].text}` was not expected there")
    return wanted


def _tokens(expression: str) -> list[_Token]:
    tokens: list[_Token] = []
    place = 0
    end = len(expression.rstrip())
    while place < end:
        match = _TOKEN.match(expression, place)
        if match is None:
            raise SelectionError("a quote is not closed")
        quoted = match["double"] if match["double"] is not None else match["single"]
        tokens.append(_Token(match["bracket"] or match["word"]) if quoted is None else _Token(quoted, quoted=True))
        place = match.end()
    return tokens


@attrs.define
class _Reader:
    tokens: list[_Token]
    place: int = 0

    def take(self, operator: str) -> bool:
        if self.place < len(self.tokens) and self.tokens[self.place].is_operator(operator):
            self.place += 1
            return True
        return False

    def alternatives(self, depth: int) -> Selection:
        wanted = [self.conjunction(depth)]
        while self.take("or"):
            wanted.append(self.conjunction(depth))
        return lambda name: any(one(name) for one in wanted)

    def conjunction(self, depth: int) -> Selection:
        wanted = [self.term(depth)]
        while self.take("and"):
            wanted.append(self.term(depth))
        return lambda name: all(one(name) for one in wanted)

    def term(self, depth: int) -> Selection:
        if depth > _DEEPEST:
            raise SelectionError("it is nested too deeply")
        if self.take("not"):
            refused = self.term(depth + 1)
            return lambda name: not refused(name)
        if self.take("("):
            inner = self.alternatives(depth + 1)
            if not self.take(")"):
                raise SelectionError("a `)` is missing")
            return inner
        if self.place == len(self.tokens):
            raise SelectionError("a word is missing at the end")
        token = self.tokens[self.place]
        if any(token.is_operator(operator) for operator in _OPERATORS):
            raise SelectionError(f"a word is missing before `{token.text}`")
        self.place += 1
        word = token.text.casefold()
        return lambda name: word in name.casefold()
