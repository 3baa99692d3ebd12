"""Makes a request that shows something small and readable, as long as it still shows it.

A witness of the analysis is small, but it was made for a solver's reasons: a session that is called `a`, a counter at 1, a
subject that is `a`. What is tried here, in this order, is to leave out what may be left out, to set the rest to what a new
session has, and to name strings after where they stand (`customer: "c1"`). Each attempt is judged again by whoever asks; what
does not hold up is taken back. One pass is enough to be readable, and so the effort is bounded by the size of the request.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, TypeAlias

from tenetlang.evaluator.requests import empty_document
from tenetlang.program import types as t
from tenetlang.program.program import Program
from tenetlang.testing.requests import beginning
from tenetlang.values.parsing import parse_literal
from tenetlang.values.times import Duration, Time

Keeps: TypeAlias = Callable[[Mapping[str, object], Mapping[str, object]], bool]
"""Whether the request with these documents still shows what it is there for."""
Json: TypeAlias = dict[str, object]
_Edit: TypeAlias = Callable[[Json, Json], None]

_MOST_EDITS: Final = 60
_SECOND: Final = 1_000_000_000
_LONGEST: Final = 3
"""Strings up to this length are names that the analysis made up."""


def tidied(
    program: Program, request: Mapping[str, object], documents: Mapping[str, object], keeps: Keeps
) -> tuple[Json, Json]:
    """The request and documents with all simplifications that keep what they show."""
    now, papers = copy.deepcopy(dict(request)), copy.deepcopy(dict(documents))
    for number, edit in enumerate(_edits(program, now, papers)):
        if number >= _MOST_EDITS:
            break
        tried, tried_papers = copy.deepcopy(now), copy.deepcopy(papers)
        edit(tried, tried_papers)
        if (tried, tried_papers) != (now, papers) and keeps(tried, tried_papers):
            now.clear()
            now.update(tried)
            papers.clear()
            papers.update(tried_papers)
    return now, papers


def _edits(program: Program, request: Json, documents: Json) -> Iterator[_Edit]:
    for data in program.data:
        full, empty = f"{data.package}.{data.name}", empty_document(data.type)
        if empty is not None and documents.get(full) != empty:
            yield _setting(("", full), empty)
    if "origins" in request:
        yield _without(("origins",))
        yield from (_without(("origins", name)) for name in _record(request.get("origins")))
    for counter in program.counters:
        yield _setting(("counters", counter.name), 0)
    for name, fact in program.facts.items():
        if name not in request:
            continue
        begun = beginning(fact.type) if name == "session" else None
        if begun is not None:
            yield _setting((name,), begun)
            yield from (_setting((name, field), item) for field, item in _record(begun).items())
            continue
        if not fact.required:
            yield _without((name,))
        yield from _parts(fact.type, (name,), request.get(name), program)
    tool = request.get("tool")
    if isinstance(tool, str) and tool in program.tools:
        yield from _parts(program.tools[tool].parameters, ("args",), request.get("args"), program)


def _parts(type_: t.Type, path: tuple[str, ...], given: object, program: Program) -> Iterator[_Edit]:
    """Simplifications of the value at the path, which is `given` before any was made."""
    match type_, given:
        case t.OptionalType(of), _:
            yield from _parts(of, path, given, program)
        case t.RecordType(fields), dict():
            for field in fields:
                if field.name in given:
                    if field.optional:
                        yield _without((*path, field.name))
                    yield from _parts(field.type, (*path, field.name), given[field.name], program)
        case ((t.ListType() | t.SetType()), list()) if given:
            yield _setting(path, [])
        case t.MapType(), dict() if given:
            yield _setting(path, {})
        case t.UnionType(literals), str() if given != literals[0]:
            yield _setting(path, literals[0])
        case t.Scalar("bool"), True:
            yield _setting(path, False)
        case t.Scalar("int" | "decimal"), int() | Decimal() if given != 1:
            yield _setting(path, 1)
            if isinstance(given, Decimal):
                yield from (_setting(path, rounded) for rounded in _rounded(given))
        case t.Scalar("time" | "duration" as name), str():
            yield from (_setting(path, round_) for round_ in _whole_seconds(name, given))
        case t.Scalar("string"), str() if len(given) <= _LONGEST:
            owner = path[-2] if path[-1] == "id" and len(path) > 1 else path[-1]
            yield _setting(path, f"{owner[0].lower()}1")
        case _:
            pass


def _rounded(given: Decimal) -> Iterator[int | Decimal]:
    """Nearby numbers with fewer places, those with the fewest first."""
    for step in (Decimal(1), Decimal("0.1"), Decimal("0.01")):
        if given % step:
            for mode in (ROUND_CEILING, ROUND_FLOOR):
                rounded = given.quantize(step, mode)
                yield int(rounded) if rounded == rounded.to_integral_value() else rounded


def _whole_seconds(name: str, given: str) -> Iterator[str]:
    """The second before and the one after, where the moment is not on one."""
    value = parse_literal(name, given)
    assert isinstance(value, Time | Duration)
    over = value % _SECOND
    if over:
        for whole in (value - over, value - over + _SECOND):
            yield str(type(value)(whole))


def _setting(path: tuple[str, ...], value: object) -> _Edit:
    """Puts a value at a path of the request; the path `("", name)` is a document."""

    def edit(request: Json, documents: Json) -> None:
        if path[0] == "":
            documents[path[1]] = copy.deepcopy(value)
            return
        above = _above(request, path)
        if above is not None and path[-1] in above:
            above[path[-1]] = copy.deepcopy(value)

    return edit


def _without(path: tuple[str, ...]) -> _Edit:
    def edit(request: Json, _: Json) -> None:
        above = _above(request, path)
        if above is not None:
            above.pop(path[-1], None)

    return edit


def _above(request: Json, path: tuple[str, ...]) -> Json | None:
    found: object = request
    for name in path[:-1]:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _record(value: object) -> Json:
    return dict(value) if isinstance(value, dict) else {}
