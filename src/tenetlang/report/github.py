"""Findings as GitHub workflow commands, which appear beside the lines of a pull request.

    ::error file=a.tenet,line=3,endLine=3,col=5,endColumn=9,title=type-mismatch::headline%0Alabel%0Ahelp: …

The command is one line, so `%`, CR and LF are written `%25`, `%0D` and `%0A`, and in a property `:` and `,` as well
(`%3A`, `%2C`): what a policy says can end neither the line nor the property, and starts no command of its own. Other
control characters are spelled out by `visible`. Where a place has several lines GitHub wants no columns. Its words for
severities are `error`, `warning` and `notice`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tenetlang.report.catalogue import Severity
from tenetlang.report.diagnostic import Diagnostic, ordered
from tenetlang.report.visible import visible

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """One command for each diagnostic, in order, each with its line break."""
    return "".join(f"{_command(diagnostic)}\n" for diagnostic in ordered(diagnostics))


def _command(diagnostic: Diagnostic) -> str:
    span = diagnostic.labels[0].span
    end_line, end_column = span.text.position(span.end)
    properties = {"file": span.text.name, "line": str(span.line), "endLine": str(end_line)}
    if end_line == span.line:
        properties |= {"col": str(span.column), "endColumn": str(end_column)}
    properties["title"] = diagnostic.check
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_LEVELS[diagnostic.severity]} {listed}::{'%0A'.join(map(_data, _message(diagnostic)))}"


def _message(diagnostic: Diagnostic) -> Iterator[str]:
    yield diagnostic.headline
    for index, label in enumerate(diagnostic.labels):
        if label.says:
            yield label.says if index == 0 else f"{label.span.place}: {label.says}"
    if diagnostic.shows:
        yield diagnostic.shows
    yield from (f"  {caption}: {value}" for caption, value in diagnostic.facts)
    yield from diagnostic.why
    yield from (f"help: {line}" if index == 0 else f"      {line}" for index, line in enumerate(diagnostic.help))


def _data(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
