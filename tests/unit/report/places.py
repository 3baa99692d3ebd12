"""Places in small sources, for the tests of this folder."""

from __future__ import annotations

from tenetlang.text import Span, Text


def place(text: Text, source: str, nth: int = 1) -> Span:
    """The `nth` place in `text` where `source` stands."""
    start = -1
    for _ in range(nth):
        start = text.content.index(source, start + 1)
    return Span(text, start, start + len(source))
