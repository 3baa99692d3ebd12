"""Text to tokens: which words, signs and newlines the parser gets to see.

A token is a tuple (kind, text, start, end). Blanks and comments are none; the comments are handed to the caller.

A word is read whole and then looked up, so that `inlist` is never `in list`. After `.` and `@` it is not looked up:
there any word is a name.

**Newlines.** Whether a newline ends something is decided here, by the innermost open bracket and by its neighbours.
Inside `( )` and `[ ]` it never does. Elsewhere it does, unless the token before is one after which something has to
follow, or the one behind is one that carries on what stands before; the two sets are classes of the grammar. Inside
braces such a newline is a `NEWLINE`; outside of all brackets it ends a declaration, and is the parser's end of input.

**Column 1.** A declaration word or `@` at the beginning of a line begins a declaration, whatever is still open. So a
bracket that was forgotten spoils one declaration and not the rest of the file.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import attrs

from tenetlang.frozen import frozen
from tenetlang.syntax import tables as grammar
from tenetlang.syntax.tables import END, SIGN, Tables
from tenetlang.syntax.tree import Comment
from tenetlang.text import Span, Text

NEWLINE = "NEWLINE"
STRAY_BRACKET = "STRAY_BRACKET"  # a closing bracket that closes nothing
TOO_DEEP = "TOO_DEEP"  # one opening bracket too many
DEEPEST = 64

Token = tuple[str, str, int, int]

CLOSING = {"(": ")", "[": "]", "{": "}"}


@attrs.define
class Brackets:
    """The brackets that are open, outermost first, each with its place in the text."""

    open: list[tuple[str, int]] = attrs.field(factory=list)


@frozen
class Lexicon:
    """The tables in the form that the loop below wants."""

    pattern: re.Pattern[str]
    words: dict[str, str]
    names_the_next_word: frozenset[str]
    no_newline_after: frozenset[str]
    no_newline_before: frozenset[str]
    begins_declaration: frozenset[str]
    brackets: dict[str, str]


@functools.cache
def lexicon() -> Lexicon:
    """The lexer's view of the grammar."""
    tables: Tables = grammar.tables()
    return Lexicon(
        pattern=re.compile(tables.pattern),
        words=dict(tables.words),
        names_the_next_word=tables.classes["names_the_next_word"],
        no_newline_after=tables.classes["no_newline_after"] | {NEWLINE, ""},
        no_newline_before=tables.classes["no_newline_before"],
        begins_declaration=tables.classes["begins_declaration"],
        brackets={tables.words[sign]: sign for sign in "()[]{}"},
    )


def tokens(text: Text, start: int, end: int, brackets: Brackets, comments: list[Comment]) -> Iterator[Token]:
    """The tokens of `text` from `start` to `end`; the last is an `END` with empty text.

    `brackets` and `comments` are kept up to date while the tokens are drawn. An `END` with a newline as its text ends a
    declaration; where brackets are still open then, the next token begins a declaration in column 1.
    """
    known = lexicon()
    words, before, roles, opened = known.words, known.no_newline_before, known.brackets, brackets.open
    content = text.content
    previous = ""
    newline = -1  # where the line ended after the last token, -1 on the same line
    waiting = False  # it ends something, unless the next token carries on
    for found in known.pattern.finditer(content, start, end):
        kind = found.lastgroup or ""
        begin, stop = found.span(found.lastindex or 0)
        word = content[begin:stop]
        if kind == "NAME":
            if previous not in known.names_the_next_word:
                kind = words.get(word, kind)
        elif kind == SIGN:
            kind = words[word]
        elif kind == NEWLINE:
            if newline < 0:
                newline = begin
                waiting = previous not in known.no_newline_after and not (opened and opened[-1][0] != "{")
            continue
        elif kind == "COMMENT":
            comments.append(Comment(own_line=newline >= 0 or not previous, at=Span(text, begin, stop)))
            continue
        if newline >= 0:
            if kind in known.begins_declaration and previous and content[begin - 1] == "\n":
                yield END, "\n", newline, newline + 1
            elif waiting and kind not in before:
                yield NEWLINE if opened else END, "\n", newline, newline + 1
            newline, waiting = -1, False
        if kind in roles:
            kind = _bracket(opened, kind, word, begin)
        yield kind, word, begin, stop
        previous = kind
    yield END, "", end, end


def _bracket(opened: list[tuple[str, int]], kind: str, sign: str, begin: int) -> str:
    """Opens or closes the bracket; the kind of the token, which is one of ours where that can't be."""
    if sign in CLOSING:
        opened.append((sign, begin))
        return kind if len(opened) <= DEEPEST else TOO_DEEP
    if opened and CLOSING[opened[-1][0]] == sign:
        opened.pop()
        return kind
    return STRAY_BRACKET
