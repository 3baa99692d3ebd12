"""What generated reading calls: the readers of single parts of a request.

Each gives what the general way gives (`values.reading`, then `readers`), or raises something, whatever it is: then the
request is read in the general way, which finds out what is wrong, or that nothing is.

What the whole may hold is divided among the parts beforehand, so that no part need know of the others: together they
stay within the limits of a request, and what needs more than its share is read in the general way.

A text of a parsed type (a URL, an address, a time) is parsed once and kept: the same few are in most requests. Only short
texts are kept, and no more than `KEPT_TEXTS` of one type; requests that bring ever new ones fill the table and empty it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from tenetlang.evaluator.readers import Reader, reader, refined
from tenetlang.evaluator.requests import RequestReader, RequestSchema
from tenetlang.evaluator.runtime import NOTHING
from tenetlang.frozen import frozen
from tenetlang.program import types as t
from tenetlang.values.collections import MAX_DEPTH
from tenetlang.values.reading import Limits, read_part

KEPT_TEXTS: Final = 1024
SHORT: Final = 128
"""Code points of a text that is kept."""

TEXT: Final = 2**17
"""Bytes in all of the strings that generated code reads itself."""
PARTS: Final = Limits(size=2**18, depth=MAX_DEPTH, values=20_000, string=2**18)
"""What the parts hold together that are read here and consist of several values."""
SINGLE: Final = Limits(size=2**17, depth=MAX_DEPTH, values=1_000, string=2**17)
"""What those hold together that are one value each."""
OTHERS: Final = Limits(size=2**17, depth=MAX_DEPTH, values=5_000, string=2**17)
"""What the parts hold together that nobody declares."""
MEMBERS: Final = 20_000
"""How many members lists of strings have together."""
LISTS: Final = Limits(size=2**16, depth=MAX_DEPTH, values=MEMBERS, string=2**16)
"""What lists of strings hold together that generated code does not read itself: tuples and sets."""
FRACTIONS: Final = 700
"""Numbers with a fraction in all parts that are read here: so few are never too many (`reading.py`)."""
KEY: Final = 64
MOST_KEYS: Final = 100


class Unusual(Exception):
    """The request is to be read in the general way."""


@frozen
class Shares:
    """How many there are to divide the limits among: parts of several values and of one, records that may have undeclared
    fields, lists of strings."""

    parts: int
    single: int
    others: int
    lists: int

    @property
    def members(self) -> int:
        return MEMBERS // max(1, self.lists)

    def part(self, type_: t.Type, depth: int) -> Limits:
        if is_single(type_):
            return _share(SINGLE, max(1, self.single), depth)
        if is_texts(type_):
            return _share(LISTS, max(1, self.lists), depth)
        return _share(PARTS, max(1, self.parts), depth)

    def other(self, depth: int) -> Limits:
        return _share(OTHERS, max(1, self.others), depth)


def is_single(type_: t.Type) -> bool:
    """Whether a value of the type is a string, a number or a bool in JSON."""
    return isinstance(type_, t.UnionType) or (isinstance(type_, t.Scalar) and type_ not in (t.JSON, t.ARGUMENTS))


def is_texts(type_: t.Type) -> bool:
    """Whether the type is a list or a set of strings."""
    return isinstance(type_, t.ListType | t.SetType) and type_.of == t.STRING


def _share(limits: Limits, of: int, depth: int) -> Limits:
    """The share of one, for what lies so deep in a request."""
    return Limits(limits.size // of, limits.depth - depth, limits.values // of, limits.string // of)


def part_reader(
    schema: RequestSchema, type_: t.Type, refinement: t.Refinement | None, depth: int, shares: Shares, *, strict: bool
) -> Reader:
    """Reads a part in the general way, for itself."""
    read = refined(reader(type_, schema.tools, strict=strict), refinement)
    limits = shares.part(type_, depth)
    fractions = 1 if is_single(type_) else FRACTIONS // max(1, shares.parts)

    def read_alone(value: object) -> object:
        return read(read_part(value, limits, fractions))

    return read_alone


def kept(read: Reader) -> Reader:
    """Reads texts, and keeps what they are read as."""
    known: dict[str, object] = {}
    find = known.get

    def read_kept(value: object) -> object:
        if type(value) is not str:
            return read(value)
        found = find(value)
        if found is None:
            found = read(value)
            if len(value) <= SHORT:
                if len(known) >= KEPT_TEXTS:
                    known.clear()
                known[value] = found
        return found

    return read_kept


def many(read: Reader, one: Reader, make: Callable[[Iterable[object]], object], most: int) -> Reader:
    """Reads short lists of short texts one by one, everything else with `read`."""

    def read_many(value: object) -> object:
        if type(value) is not list or len(value) > most:
            return read(value)
        items = (*value,)
        for item in items:
            if type(item) is not str or len(item) > SHORT or not item.isascii():
                return read(items)
        return make(map(one, items))

    return read_many


def undeclared(names: Collection[str], depth: int, shares: Shares) -> Callable[[dict[object, object]], None]:
    """Raises unless all keys are strings and the values of all but these could stand in a request."""
    limits = shares.other(depth)
    declared = frozenset(names)

    def look(record: dict[object, object]) -> None:
        if len(record) > MOST_KEYS:
            raise Unusual
        beside: dict[object, object] = {}
        for key, value in record.items():
            if type(key) is not str or len(key) > KEY or not key.isascii():
                raise Unusual
            if key not in declared:
                beside[key] = value
        read_part(beside, limits, 0)

    return look


def top_of(
    read: RequestReader, names: Collection[str], tool: str, shares: Shares
) -> Callable[[dict[object, object]], object]:
    """The origins of a request that has more than these keys; raises where the others are not standard facts."""
    limits = shares.other(0)
    declared = frozenset(names)

    def look(request: dict[object, object]) -> object:
        origins: object = NOTHING
        beside: dict[object, object] = {}
        for key, value in request.items():
            if type(key) is not str:
                raise Unusual
            if key in declared:
                continue
            if key not in read.known or (key == "approvals" and (type(value) is not list or value)):
                raise Unusual
            if key == "counters" and (type(value) is not dict or value):
                raise Unusual
            beside[key] = value
        found = read_part(beside, limits, 0)
        if isinstance(found, Mapping) and "origins" in found:
            origins = read.origins(tool, found["origins"])
        return origins

    return look
