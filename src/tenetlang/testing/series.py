"""The edge of an order comparison as a table: one request with a number just below the edge, on it, and just above."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from tenetlang.analysis.mutation.neighbours import neighbour
from tenetlang.frozen import frozen
from tenetlang.program import types as t
from tenetlang.program.expression import Read
from tenetlang.syntax.tables import tables
from tenetlang.testing.replays import Asked, MutantEvaluators
from tenetlang.testing.written import Form, Forms, Group, Labelled, Unwritable, Written, flat
from tenetlang.values.parsing import PARSERS, parse_literal
from tenetlang.values.render import to_plain

_TAKEN: Final = frozenset({"verdict", "expect", "call", "with"})


@frozen
class Series:
    """The values of the number at `path` of a request, with the verdict of each."""

    path: tuple[str, ...]
    type: t.Type
    values: tuple[object, ...]
    verdicts: tuple[str, ...]
    middle: object

    def limit(self, forms: Forms) -> str:
        """The number on the edge, as it is written."""
        return flat(forms.value(self.type, self.middle, ""))

    @property
    def key(self) -> list[object]:
        """What makes it the same series, as JSON."""
        return [".".join(self.path), list(self.values)]


def series_at(evaluators: MutantEvaluators, places: int, moved: Read, asked: Asked) -> Series | None:
    """The series around the number that the request has; None where it has none, or where no verdict differs."""
    type_ = moved.type.of if isinstance(moved.type, t.OptionalType) else moved.type
    given = _at(asked.request, moved.path)
    middle = None if given is None else _number(type_, given)
    if middle is None or not isinstance(type_, t.Scalar):
        return None
    written = f"0.{'0' * places}" if places else "0"
    rows: list[tuple[object, str]] = []
    for value in (neighbour(middle, type_, written, -1), middle, neighbour(middle, type_, written, 1)):
        if value is None:
            continue
        request = copy.deepcopy(dict(asked.request))
        spelled = value if isinstance(value, Decimal) or type_ == t.INT else to_plain(value)
        _put(request, moved.path, spelled)
        other = evaluators.asked(request, asked.documents)
        if other is not None:
            rows.append((spelled, other.decision.verdict))
    if len({verdict for _, verdict in rows}) < 2:
        return None
    values, verdicts = zip(*rows, strict=True)
    return Series(moved.path, type_, values, verdicts, given)


def _number(type_: t.Type, given: object) -> int | Decimal | None:
    match type_, given:
        case t.Scalar("decimal"), int() | Decimal():
            return Decimal(given)
        case t.Scalar("int"), int() | Decimal():
            return int(given)
        case t.Scalar("time" | "duration" as name), str() if name in PARSERS:
            value = parse_literal(name, given)
            return value if isinstance(value, int) else None
        case _:
            return None


def _at(request: Mapping[str, object], path: tuple[str, ...]) -> object:
    found: object = request
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _put(request: dict[str, object], path: tuple[str, ...], value: object) -> None:
    above: object = request
    for name in path[:-1]:
        above = above[name] if isinstance(above, dict) else None
    assert isinstance(above, dict)
    above[path[-1]] = value


def tabled(test: Written, series: Series, forms: Forms) -> Written:
    """The test as a table over the series. Raises `Unwritable` where the test does not say the number by itself."""
    word = series.path[-1]
    if word in _TAKEN or tables().words.get(word, "NAME") not in tables().first["free_name"]:
        word = "value"
    rows = tuple(
        (forms.value(series.type, value, word), verdict)
        for value, verdict in zip(series.values, series.verdicts, strict=True)
    )
    made = attrs.evolve(test, variables=(word, "verdict"), rows=rows, expect="verdict")
    if series.path[0] == "args":
        arguments = tuple((name, word if name == series.path[1] else form) for name, form in test.arguments)
        return attrs.evolve(made, arguments=arguments)
    target = series.path[1] if series.path[0] == "counters" else series.path[0]
    settings: list[tuple[str, Form]] = []
    found = False
    for name, form in test.settings:
        if name == ".".join(series.path[1:] if series.path[0] == "counters" else series.path):
            settings.append((name, word))
            found = True
        elif name == target and isinstance(form, Group) and len(series.path) == 2:
            items = tuple(
                Labelled(item.label, word) if isinstance(item, Labelled) and item.label == series.path[1] else item
                for item in form.items
            )
            found = found or items != form.items
            settings.append((name, Group(form.open, items, form.close)))
        else:
            settings.append((name, form))
    if not found and series.path[0] == "counters":
        settings.append((target, word))
    elif not found:
        raise Unwritable(".".join(series.path))
    return attrs.evolve(made, settings=tuple(settings))
