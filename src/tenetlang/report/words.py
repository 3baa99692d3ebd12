"""Findings into words, by the catalogue.

A template is filled in one pass from left to right, and what a detail brings in is never read again: a policy that
names a field `{headline}` gets exactly that text shown, braces and all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from tenetlang.report.catalogue import CATALOGUE, Severity, Wording
from tenetlang.report.diagnostic import Diagnostic, Label
from tenetlang.report.finding import Finding

_MARK = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}")
_OTHER_LABELS = 3
_FACTS = 24
_FACT_WIDTH = 120
_DEPTH = 8
LONGEST = 80
"""So many code points of a name or a literal are repeated in a headline or a label; of more, both ends are."""
LONGEST_BELOW = 400
"""And so many in the lines below, which have room for lists of names and for what may be written instead."""
_FIRST_KEYS = ("tool", "args", "origins", "agent", "user", "session", "counters", "approvals", "context", "now")


class IncompleteFindingError(LookupError):
    """A stage made a finding that the catalogue has no words for: a mistake in the compiler, never in a policy."""


def describe(finding: Finding) -> Diagnostic:
    """The finding in words. Raises `IncompleteFindingError` if the check, variant, a role or a detail is unknown."""
    wording = wording_of(finding)
    witness = () if finding.witness is None else tuple(_facts_of(finding.witness, finding.documents))
    return Diagnostic(
        check=finding.check,
        severity=severity_of(finding),
        headline=_fill(wording.headline, finding, LONGEST) or "",
        labels=(Label(finding.at, _fill(wording.label, finding, LONGEST) or ""), *_others(finding, wording)),
        shows=(_fill(wording.shows, finding) or "") if witness else "",
        facts=(*_wording_facts(wording, finding), *witness),
        why=tuple(_filled(wording.why, finding)),
        help=tuple(_filled(wording.help, finding)),
        rules=finding.rules,
        witness=finding.witness,
        documents=finding.documents,
    )


def severity_of(finding: Finding) -> Severity:
    """How grave the finding is: the catalogue says so, for the check or for this variant of it."""
    return wording_of(finding).severity or CATALOGUE[finding.check].severity


def wording_of(finding: Finding) -> Wording:
    """The wording that the finding's check and variant name. Raises `IncompleteFindingError` if there is none."""
    check = CATALOGUE.get(finding.check)
    if check is None:
        raise IncompleteFindingError(f"the catalogue has no check `{finding.check}`")
    wording = check.wordings.get(finding.variant)
    if wording is None:
        raise IncompleteFindingError(f"the check `{finding.check}` has no variant `{finding.variant}`")
    return wording


def holes(wording: Wording) -> frozenset[str]:
    """The details that a finding with this wording must have; those of optional templates and of roles are not in it."""
    templates = (wording.headline, wording.label, *(text for _, text in wording.facts), *wording.why, *wording.help)
    return frozenset(name for template in templates if template[:1] != "?" for name in _names(template))


def _names(template: str) -> Iterator[str]:
    return (match[1] for match in _MARK.finditer(template) if match[1])


def _fill(template: str, finding: Finding, longest: int = LONGEST_BELOW) -> str | None:
    """The template with its holes filled; None if it is optional and a detail is absent."""
    details = finding.details
    if template[:1] == "?":
        template = template[1:]
        if any(name not in details for name in _names(template)):
            return None

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        if name not in details:
            raise IncompleteFindingError(f"a finding of `{finding.check}` (variant `{finding.variant}`) lacks `{name}`")
        return shortened(details[name], longest)

    return _MARK.sub(value, template)


def shortened(text: str, longest: int) -> str:
    """The text; where it is longer, as much of its beginning and its end as fits, with `…` in the middle."""
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[-end:]}"


def _filled(templates: Iterable[str], finding: Finding) -> Iterator[str]:
    for template in templates:
        line = _fill(template, finding)
        if line is not None:
            yield line


def _others(finding: Finding, wording: Wording) -> Iterator[Label]:
    for role, span in finding.also[:_OTHER_LABELS]:
        template = wording.also.get(role)
        if template is None:
            raise IncompleteFindingError(
                f"the check `{finding.check}` (variant `{finding.variant}`) has no role `{role}`"
            )
        yield Label(span, _fill(template, finding, LONGEST) or "")


def _wording_facts(wording: Wording, finding: Finding) -> Iterator[tuple[str, str]]:
    for caption, template in wording.facts:
        value = _fill(template, finding)
        if value is not None:
            yield caption, value or "none"


def _facts_of(witness: Mapping[str, object], documents: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """A request as facts, the tool and its arguments first, each value at its path and cut to one short line; documents
    that hold something after it."""
    ranks = {key: rank for rank, key in enumerate(_FIRST_KEYS)}
    keys = sorted(witness, key=lambda key: (ranks.get(key, len(ranks)), key))
    leaves = [leaf for key in keys for leaf in _leaves(key, witness[key], 1)]
    names = {full: full.rpartition(".")[2] for full in sorted(documents)}
    for full, name in names.items():
        shown = name if list(names.values()).count(name) == 1 else full
        leaves += _leaves(f"data.{shown}", documents[full], 1)
    yield from leaves[:_FACTS]
    if len(leaves) > _FACTS:
        yield "…", f"and {len(leaves) - _FACTS} more"


def _leaves(path: str, value: object, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value and depth < _DEPTH:
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner, depth + 1)
    elif path == "tool" and isinstance(value, str):
        yield path, value
    else:
        shown = _shown(value, depth)
        yield path, shown if len(shown) <= _FACT_WIDTH else shown[: _FACT_WIDTH - 1] + "…"


def _shown(value: object, depth: int) -> str:
    """A JSON value as it is written; what nests too deeply is `…`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Decimal():
            return f"{value:f}"
        case Mapping() | list() | tuple() if depth >= _DEPTH:
            return "…"
        case Mapping():
            inside = (f"{json.dumps(str(key), ensure_ascii=False)}: {_shown(v, depth + 1)}" for key, v in value.items())
            return "{" + ", ".join(inside) + "}"
        case list() | tuple():
            return "[" + ", ".join(_shown(inner, depth + 1) for inner in value) + "]"
        case _:
            return str(value)
