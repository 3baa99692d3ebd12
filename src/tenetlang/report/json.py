"""Findings for programs: `--format json`, schema version 1.

    {"schema_version": 1, "findings": [
      {"check": "…", "severity": "error", "headline": "…",
       "labels": [{"file": "a.tenet", "start": [13, 1], "end": [13, 25], "says": "…"}],
       "facts": [["tool", "refund"]], "why": ["…"], "help": ["…"], "rules": ["…"], "witness": {…}}]}

The first label is the main one. Lines and columns count from 1, columns in code points; `end` is the place behind the
last one. `witness` is a request that can be sent, or null; where documents belong to it there is a key `documents` as well, by
`package.name`. The text is ASCII, all else is escaped, so it is safe to
print; decimals are JSON numbers with the digits that they have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenetlang.report.diagnostic import Diagnostic, Label

SCHEMA_VERSION = 1


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """The document, one line for each finding, in order; ends with a line break."""
    from tenetlang.report.diagnostic import ordered

    findings = [write(as_json(diagnostic)) for diagnostic in ordered(diagnostics)]
    inside = "".join(
        f"\n  {finding}{',' if index < len(findings) else ''}" for index, finding in enumerate(findings, 1)
    )
    return f'{{"schema_version": {SCHEMA_VERSION}, "findings": [{inside}]}}\n'


def as_json(diagnostic: Diagnostic) -> Mapping[str, object]:
    """One finding as JSON values (`witness` may hold `Decimal`, which `write` knows)."""
    return {
        "check": diagnostic.check,
        "severity": diagnostic.severity,
        "headline": diagnostic.headline,
        "labels": [_label(label) for label in diagnostic.labels],
        "shows": diagnostic.shows,
        "facts": [list(fact) for fact in diagnostic.facts],
        "why": list(diagnostic.why),
        "help": list(diagnostic.help),
        "rules": list(diagnostic.rules),
        "witness": diagnostic.witness,
        **({"documents": diagnostic.documents} if diagnostic.documents else {}),
    }


def _label(label: Label) -> Mapping[str, object]:
    text = label.span.text
    return {
        "file": text.name,
        "start": list(text.position(label.span.start)),
        "end": list(text.position(label.span.end)),
        "says": label.says,
    }


def write(value: object) -> str:
    """JSON in ASCII on one line. Knows `Decimal` and any mapping, list or tuple; other values raise `TypeError`."""
    return "".join(_pieces(value))


def _pieces(value: object) -> Iterator[str]:
    match value:
        case Decimal() if value.is_finite():
            yield f"{value:f}"
        case Mapping():
            yield "{"
            for index, (key, inner) in enumerate(value.items()):
                yield f"{', ' if index else ''}{json.dumps(str(key))}: "
                yield from _pieces(inner)
            yield "}"
        case list() | tuple():
            yield "["
            for index, inner in enumerate(value):
                if index:
                    yield ", "
                yield from _pieces(inner)
            yield "]"
        case None | bool() | int() | str():
            yield json.dumps(value)
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")
