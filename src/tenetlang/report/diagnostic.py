"""A finding in words, before it is laid out for anyone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tenetlang.frozen import field, frozen
from tenetlang.report.catalogue.check import SEVERITIES, Severity
from tenetlang.text import Span


@frozen
class Label:
    """A place in the source, and what is to be said of it (which may be nothing)."""

    span: Span
    says: str = ""


@frozen
class Diagnostic:
    """What is shown of one finding, whichever the format.

    `labels` begins with the main place and holds at most three others. `facts` are pairs of a caption and a value;
    `shows` is the line that introduces them. `why` and `help` are lines. `rules` are the author's rules concerned, and
    `witness` a request, as JSON values, that shows the matter, with the `documents` that it needs by `package.name`.
    """

    check: str
    severity: Severity
    headline: str
    labels: tuple[Label, ...]
    shows: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    why: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    witness: Mapping[str, object] | None = None
    documents: Mapping[str, object] = field(factory=dict)

    @property
    def file(self) -> str:
        """The name of the file of the main label."""
        return self.labels[0].span.text.name

    @property
    def line(self) -> int:
        """The line, from 1, at which the main label begins."""
        return self.labels[0].span.line

    @property
    def column(self) -> int:
        """The column, from 1, in code points, at which the main label begins."""
        return self.labels[0].span.column


def ordered(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By file, line, column and check: the order in which every format lists them, whatever order they came in."""
    return tuple(sorted(diagnostics, key=_rank))


def _rank(diagnostic: Diagnostic) -> tuple[str, int, int, str, str, int, tuple[tuple[str, int, str], ...]]:
    others = tuple((label.span.text.name, label.span.start, label.says) for label in diagnostic.labels)
    end = diagnostic.labels[0].span.end
    return (diagnostic.file, diagnostic.line, diagnostic.column, diagnostic.check, diagnostic.headline, end, others)


def count(diagnostics: Iterable[Diagnostic]) -> Mapping[Severity, int]:
    """How many there are of each severity; all severities are there, the gravest first."""
    totals: dict[Severity, int] = dict.fromkeys(SEVERITIES, 0)
    for diagnostic in diagnostics:
        totals[diagnostic.severity] += 1
    return totals
