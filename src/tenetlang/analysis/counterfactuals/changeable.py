"""The parts of a request that could have been different, and what it costs to change them.

A part is what people name by a path: `args.amount`, `agent.team`, `counters.refunds_today`, `origins.to`, and whether an
optional record is there at all. What an agent chooses itself is cheap, what its caller says of it dear:

    an argument        1
    an origin          2
    any other fact     3    (agent, user, session, context, now, counters)

Two changes cost the sum. The tool, the approvals and the documents never change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tenetlang.analysis.counterfactuals.specialise import ABSENT
from tenetlang.analysis.formulas import Among, Below, Equal, Fits, Formula, Linear, Some, There
from tenetlang.analysis.shape import Path, Shape, plain
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.values.collections import Map, Record

MOST_VALUES: Final = 2_000
MOST_RECORDS: Final = 200
"""A part or document of at most so many values, and of so many that have parts themselves, is known by heart."""


@frozen
class Part:
    """The part at a path. `presence`: not what is in that record, only whether it is there."""

    path: Path
    weight: int
    presence: bool = False


def parts_of(shape: Shape, inputs: Mapping[str, object], *, only_arguments: bool) -> tuple[Part, ...]:
    """The parts of this request that can change."""
    program = shape.program
    found: list[Part] = []
    if shape.tool is not None:
        names = [field.name for field in program.tools[shape.tool].parameters.fields]
        found += [part for name in names for part in _parts(shape, inputs, ("args", name), 1)]
        if not only_arguments:
            found += [Part(("origins", name), 2) for name in names]
            found += [Part(("counters", counter.name), 3) for counter in program.counters]
    if not only_arguments or shape.tool is None:
        found += [part for name in sorted(program.facts) for part in _parts(shape, inputs, (name,), 3)]
    return tuple(found)


def _parts(shape: Shape, inputs: Mapping[str, object], path: Path, weight: int) -> Iterator[Part]:
    declared = shape.field(path)
    assert declared is not None
    type_ = plain(declared.type)
    if not isinstance(type_, t.RecordType) or at(inputs, path) is ABSENT:
        yield Part(path, weight)
        return
    if declared.optional:
        yield Part(path, weight, presence=True)
    for field in type_.fields:
        yield from _parts(shape, inputs, (*path, field.name), weight)


def at(inputs: Mapping[str, object], path: Path) -> object:
    """What the typed request has at the path; `ABSENT` where it has nothing."""
    found: object = inputs
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return ABSENT
        found = found[name]
    return found


def known_documents(data: Mapping[tuple[str, str], object]) -> dict[Path, object]:
    """The documents that are small enough to be known by heart."""
    return {("data", *name): value for name, value in data.items() if _is_small(value)}


def all_but(inputs: Mapping[str, object], shape: Shape, changing: Sequence[Part]) -> dict[Path, object]:
    """All of the request but these parts, as far as it is small enough."""
    known: dict[Path, object] = {}
    moving = {part.path for part in changing}

    def take(path: Path) -> None:
        value = at(inputs, path)
        if not any(path == other[: len(path)] or other == path[: len(other)] for other in moving):
            if _is_small(value):
                known[path] = value
        elif path not in moving and isinstance(value, Record):
            for name in value:
                take((*path, name))
            declared = shape.field(path)
            of = None if declared is None else plain(declared.type)
            for field in of.fields if isinstance(of, t.RecordType) else ():
                if field.name not in value:
                    take((*path, field.name))

    for name in sorted(shape.program.facts):
        take((name,))
    if shape.tool is not None:
        names = [field.name for field in shape.program.tools[shape.tool].parameters.fields]
        for path in [("args", name) for name in names] + [("origins", name) for name in names]:
            take(path)
        for counter in shape.program.counters:
            take(("counters", counter.name))
    return known


def known_facts(shape: Shape, inputs: Mapping[str, object]) -> dict[Path, object]:
    """What a request says beside its arguments, as far as that is small enough."""
    known: dict[Path, object] = {}
    if shape.tool is None:
        return known
    paths: list[Path] = [(name,) for name in sorted(shape.program.facts)]
    paths += [("counters", counter.name) for counter in shape.program.counters]
    paths += [("origins", field.name) for field in shape.program.tools[shape.tool].parameters.fields]
    for path in paths:
        value = at(inputs, path)
        if _is_small(value):
            known[path] = value
        elif isinstance(value, Record):
            known.update(((*path, name), inner) for name, inner in value.items() if _is_small(inner))
    return known


def _is_small(value: object) -> bool:
    values = records = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        values += 1
        if isinstance(item, Mapping):
            records += 1
            waiting += item.values()
        elif isinstance(item, tuple | frozenset):
            records += 1
            waiting += item
        if values > MOST_VALUES or records > MOST_RECORDS:
            return False
        if isinstance(item, Map) and len(item) > MOST_RECORDS:
            return False
    return True


def paths_of(item: object) -> Iterator[Path]:
    """The paths of the request and of documents that a term, an atom or a formula reads."""
    match item:
        case core.Read(path):
            yield path
        case tuple():
            for each in item:
                yield from paths_of(each)
        case Formula("literal", atom):
            yield from paths_of(atom)
        case Formula(items=items):
            yield from paths_of(items)
        case Some(collection, _, _, body):
            yield from paths_of(collection)
            yield from paths_of(body)
        case Among(term) | Below(term) | Fits(term) | There(term):
            yield from paths_of(term)
        case Equal(left, right):
            yield from paths_of((left, right))
        case Linear(terms):
            yield from paths_of(tuple(term for term, _ in terms))
        case core.Constant() | None:
            pass
        case _ if isinstance(item, core.Expression):
            yield from paths_of(tuple(getattr(item, name) for name in type(item).__match_args__ if name != "type"))
        case _:
            pass


def depends(key: object, part: Part) -> bool:
    """Whether what is said of a key may change with the part."""
    if part.presence:
        return part.path in paths_of(key)
    for path in paths_of(key):
        above = path[: len(part.path)] == part.path
        below = part.path[: len(path)] == path
        if above or (below and not isinstance(key, There)):
            return True
    return False
