"""Python's values on the way to the policy and to the record."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import ip_address, ip_network
from pathlib import PurePosixPath
from typing import NamedTuple
from uuid import UUID

import attrs
import msgspec
import pytest

from tenetlang.guard.arguments import DEEPEST, held, plain


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "a lie"


class Price(Decimal):
    pass


class Weight(float):
    pass


class Point(NamedTuple):
    x: int
    y: int | None = None


@dataclasses.dataclass
class Address:
    street: str
    zip: str | None = None


@attrs.frozen
class Order:
    to: Address
    items: tuple[int, ...] = ()


class Item(msgspec.Struct):
    name: str
    note: str | None = None


class Model:
    """What a class of pydantic shows."""

    model_fields: Mapping[str, object] = {"a": 1, "b": 2}

    def __init__(self) -> None:
        self.a, self.b = 1, None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        ("x", "x"),
        (1.5, 1.5),
        (Decimal("20.00"), Decimal("20.00")),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Text("truth"), "truth"),
        (Price("1.10"), Decimal("1.10")),
        (Weight(2.5), 2.5),
        (datetime(2026, 11, 22, 21, tzinfo=timezone(timedelta(hours=1))), "2026-11-22T20:00:00Z"),
        (date(2026, 11, 22), "2026-11-22"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(microseconds=1), "1us"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/a/b"), "/a/b"),
        (ip_address("10.0.0.1"), "10.0.0.1"),
        (ip_network("10.0.0.0/8"), "10.0.0.0/8"),
        ([1, (2, 3), deque([4])], [1, [2, 3], [4]]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({"a": {Text("b"): 1}, Colour.RED: 2}, {"a": {"b": 1}, "red": 2}),
        (OrderedDict(x=1), {"x": 1}),
        (Point(1), {"x": 1}),
        (Order(Address("a")), {"to": {"street": "a"}, "items": []}),
        (Item("a"), {"name": "a"}),
        (Model(), {"a": 1}),
    ],
)
def test_a_value_of_python_has_one_json_form(value: object, expected: object) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


class Hostile(Mapping[str, object]):
    def __getitem__(self, name: str) -> object:
        raise OSError(name)

    def __iter__(self) -> Iterator[str]:
        raise OSError

    def __len__(self) -> int:
        return 1


NAIVE = datetime.fromisoformat("2026-11-22T20:00:00")


@pytest.mark.parametrize("value", [b"x", object(), NAIVE, {1: 2}, Hostile(), print, {object()}, (i for i in range(3))])
def test_what_has_no_json_form_stays_what_it_is_for_the_reader_to_refuse(value: object) -> None:
    assert plain(value) is value


def test_what_contains_itself_is_not_followed_for_ever() -> None:
    loop: list[object] = []
    loop.append(loop)
    found = plain(held(loop))
    depth = 0
    while isinstance(found, list) and depth <= DEEPEST + 2:
        found, depth = found[0], depth + 1
    assert depth > DEEPEST


def test_lists_dictionaries_and_sets_are_held_as_they_were() -> None:
    inner = [1]
    value = {"a": inner, "b": (inner, {2})}
    kept = held(value)
    inner.append(2)
    value["c"] = []
    assert kept == {"a": [1], "b": ([1], {2})}


def test_objects_are_held_as_they_are() -> None:
    address = Address("a")
    assert held([address]) == [address]
    kept = held([address])
    assert isinstance(kept, list)
    assert kept[0] is address
