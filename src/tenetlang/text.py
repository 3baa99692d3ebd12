"""Source files and places in them.

A `Text` is one source file as the compiler sees it: a name to show and its content. A `Span` is a half-open
range of code points in one `Text`. Lines and columns are counted from 1, columns in code points, as editors
and the JSON of findings count them. Nothing here reads a file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import attrs

from tenetlang.frozen import field, frozen

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of UTF-8 in a source file; a longer one is an error."""


def _line_starts(content: str) -> tuple[int, ...]:
    starts = [0]
    position = content.find("\n")
    while position != -1:
        starts.append(position + 1)
        position = content.find("\n", position + 1)
    return tuple(starts)


@attrs.frozen(eq=False)
class Text:
    """One source file: the name shown to people (a relative path, or `<stdin>`) and the whole content."""

    name: str
    content: str = attrs.field(repr=False)
    line_starts: Sequence[int] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "line_starts", _line_starts(self.content))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of the code point at `offset`."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The line with that number, from 1, without its line break."""
        start = self.line_starts[number - 1]
        end = self.content.find("\n", start)
        return self.content[start : len(self.content) if end == -1 else end].rstrip("\r")


@frozen
class Span:
    """The code points `start` up to, not including, `end` of one `Text`."""

    text: Text = field(repr=False)
    start: int
    end: int

    @property
    def line(self) -> int:
        """The line, from 1, on which the span begins."""
        return self.text.position(self.start)[0]

    @property
    def column(self) -> int:
        """The column, from 1, at which the span begins."""
        return self.text.position(self.start)[1]

    @property
    def source(self) -> str:
        """The text that the span covers."""
        return self.text.content[self.start : self.end]

    @property
    def place(self) -> str:
        """`file:line`, as decisions and records name a place."""
        return f"{self.text.name}:{self.line}"

    def to(self, other: Span) -> Span:
        """From the beginning of this span to the end of the other, in the same text."""
        return Span(self.text, self.start, other.end)
