"""Findings for people at a terminal.

    error[type-mismatch]: the argument `amount` takes `decimal`, and this is `string`
      ┌─ refunds.tenet:7:25
      │
    3 │ tool refund(amount: decimal)
      │             ------ declared here
    · │
    7 │     call refund(amount: "20")
      │                         ^^^^ this is `string`

    help: write `20`

    1 error

A diagnostic is its headline, the source of each file that has a label (the main one's first), then the facts in a
column, why it matters, and help, each part set off by an empty line. `^` marks the main place and `-` the others; each
label has a row of its own, so that words never collide. Lines that no label touches are left out, and ` · ` in the
gutter says so. A place of several lines is underlined on its first and its last line. Long lines are cut around what
is marked. All that comes from a policy or a request passes through `visible`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import groupby

import attrs

from tenetlang.report.catalogue import Severity
from tenetlang.report.diagnostic import Diagnostic, Label, count, ordered
from tenetlang.report.visible import cells, visible, width
from tenetlang.text import Text

SOURCE_WIDTH = 100
"""A source line is cut to this many terminal cells."""

_BEFORE = 30
_AROUND = 1000
_COLOURS: dict[str, str] = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "headline": "1",
    "gutter": "34",
    "other": "34",
}


def render(diagnostics: Iterable[Diagnostic], *, colour: bool = False) -> str:
    """All diagnostics in order, an empty line between them, and the summary; "" if there are none.

    With `colour` the text holds ANSI SGR sequences; without, no control character but line breaks.
    """
    listed = ordered(diagnostics)
    if not listed:
        return ""
    shown = [_one(diagnostic, _Paint(colour, diagnostic.severity)) for diagnostic in listed]
    return "\n".join([*shown, summary(listed)]) + "\n"


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """How many there are of each severity, such as `2 errors, 1 warning`; `no findings` if there are none."""
    totals = count(diagnostics)
    parts = [f"{total} {severity}{'' if total == 1 else 's'}" for severity, total in totals.items() if total]
    return ", ".join(parts) or "no findings"


@attrs.frozen
class _Paint:
    on: bool
    severity: Severity

    def __call__(self, text: str, part: str) -> str:
        code = _COLOURS[self.severity if part == "main" else part]
        return f"\x1b[{code}m{text}\x1b[0m" if self.on and text else text


@attrs.frozen
class _Mark:
    """The part of one label that lies on one line: code points `start` up to `end`, from 0."""

    line: int
    start: int
    end: int
    main: bool
    says: str


def _one(diagnostic: Diagnostic, paint: _Paint) -> str:
    head = paint(f"{diagnostic.severity}[{visible(diagnostic.check)}]", "main")
    lines = [head + paint(f": {visible(diagnostic.headline)}", "headline"), *_source(diagnostic, paint), ""]
    if diagnostic.shows:
        lines += [visible(diagnostic.shows), ""]
    if diagnostic.facts:
        lines += [*_facts(diagnostic.facts), ""]
    if diagnostic.why:
        lines += [*map(visible, diagnostic.why), ""]
    if diagnostic.help:
        first, *rest = map(visible, diagnostic.help)
        lines += [paint("help", "headline") + f": {first}", *(f"      {line}" for line in rest), ""]
    return "\n".join(lines)


def _facts(facts: tuple[tuple[str, str], ...]) -> Iterator[str]:
    shown = [(visible(caption), visible(value)) for caption, value in facts]
    column = max(width(caption) for caption, _ in shown)
    for caption, value in shown:
        yield f"    {caption}{' ' * (column - width(caption))}  {value}".rstrip()


def _source(diagnostic: Diagnostic, paint: _Paint) -> Iterator[str]:
    by_text: dict[int, list[Label]] = {}
    for label in diagnostic.labels:
        by_text.setdefault(id(label.span.text), []).append(label)
    main = diagnostic.labels[0]
    files = [
        (labels[0], [mark for label in labels for mark in _marks(label, label is main)]) for labels in by_text.values()
    ]
    gutter = max(len(str(mark.line)) for _, marks in files for mark in marks)
    for index, (label, marks) in enumerate(files):
        place = f"{visible(label.span.text.name)}:{label.span.line}:{label.span.column}"
        yield paint(f"{' ' * gutter} {'├─' if index else '┌─'}", "gutter") + f" {place}"
        yield paint(f"{' ' * gutter} │", "gutter")
        yield from _lines(label.span.text, marks, gutter, paint)


def _lines(text: Text, marks: list[_Mark], gutter: int, paint: _Paint) -> Iterator[str]:
    marks.sort(key=lambda mark: (mark.line, mark.start, not mark.main))
    before = None
    for number, on_line in groupby(marks, key=lambda mark: mark.line):
        if before is not None and number > before + 1:
            yield paint(f"{'·':>{gutter}} │", "gutter")
        before = number
        source, rows = _line(text.line(number), list(on_line), paint)
        yield (paint(f"{number:>{gutter}} │", "gutter") + f" {source}").rstrip()
        for row in rows:
            yield paint(f"{' ' * gutter} │", "gutter") + f" {row}"


def _marks(label: Label, main: bool) -> Iterator[_Mark]:
    """The label's first line and, if it has several, its last, each without the white space around it."""
    span, text = label.span, label.span.text
    end = max(span.start, min(span.end, len(text.content)))
    while end > span.start and text.content[end - 1] in "\r\n\t ":
        end -= 1
    says = visible(label.says)
    (first, column), (last, end_column) = text.position(span.start), text.position(end)
    if first == last:
        yield _Mark(first, column - 1, max(end_column - 1, column), main, says)
        return
    opening, closing = text.line(first), text.line(last)
    yield _Mark(first, column - 1, max(len(opening.rstrip()), column), main, "")
    yield _Mark(last, len(closing) - len(closing.lstrip()), end_column - 1, main, says)


def _line(source: str, marks: list[_Mark], paint: _Paint) -> tuple[str, list[str]]:
    """A source line, cut if it is long, and below it a row for each mark."""
    focus = next((mark for mark in marks if mark.main), marks[0])
    skipped = max(0, focus.start - _AROUND)
    piece = source[skipped : skipped + 2 * _AROUND]
    drawn = cells(piece)
    edges = [0]
    for _, taken in drawn:
        edges.append(edges[-1] + taken)
    first, last = _window(edges, focus.start - skipped, focus.end - skipped)
    left = "…" if skipped + first else ""
    right = "…" if skipped + last < len(source) else ""
    rows = []
    for mark in marks:
        start = min(max(mark.start - skipped, first), last)
        end = min(max(mark.end - skipped, start), last)
        indent = len(left) + edges[start] - edges[first]
        line = ("^" if mark.main else "-") * max(edges[end] - edges[start], 1) + (f" {mark.says}" if mark.says else "")
        rows.append(" " * indent + paint(line, "main" if mark.main else "other"))
    return left + "".join(text for text, _ in drawn[first:last]) + right, rows


def _window(edges: list[int], start: int, end: int) -> tuple[int, int]:
    """Which code points of a line are shown: all, or as many as fit around what is marked."""
    total = len(edges) - 1
    if edges[-1] <= SOURCE_WIDTH:
        return 0, total
    room = SOURCE_WIDTH - 2
    first = 0
    if edges[min(end, total)] > room:
        begin = max(0, edges[min(start, total)] - _BEFORE)
        first = bisect_left(edges, min(begin, edges[-1] - room))
    return first, max(first, bisect_right(edges, edges[first] + room) - 1)
