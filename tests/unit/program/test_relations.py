"""How types go together."""

from __future__ import annotations

import pytest

from tenetlang.program import types as t
from tenetlang.program.relations import element_of, fits, has_equality, join

COINS = t.UnionType(("EUR", "USD"), "Coin")
EURO = t.UnionType(("EUR",), "Euro")
WORDS = t.UnionType(("a", "b"), "Word")


def record(*fields: tuple[str, t.Type, bool]) -> t.RecordType:
    return t.RecordType(tuple(t.Field(name, type_, optional) for name, type_, optional in fields))


FULL = record(("a", t.INT, False), ("b", t.STRING, False))
LOOSE = record(("a", t.INT, False), ("b", t.STRING, True))
SHORT = record(("a", t.INT, False))


@pytest.mark.parametrize(
    ("given", "wanted", "does"),
    [
        (t.INT, t.INT, True),
        (t.INT, t.DECIMAL, False),
        (t.INT, t.OptionalType(t.INT), True),
        (t.OptionalType(t.INT), t.OptionalType(t.INT), True),
        (t.OptionalType(EURO), t.OptionalType(COINS), True),
        (t.OptionalType(t.INT), t.INT, False),
        (EURO, COINS, True),
        (COINS, EURO, False),
        (COINS, t.STRING, True),
        (t.STRING, COINS, False),
        (t.ListType(EURO), t.ListType(COINS), True),
        (t.SetType(COINS), t.SetType(EURO), False),
        (t.ListType(t.INT), t.SetType(t.INT), False),
        (t.MapType(EURO, t.INT), t.MapType(t.STRING, t.INT), True),
        (t.MapType(t.STRING, t.INT), t.MapType(t.STRING, t.STRING), False),
        (FULL, LOOSE, True),
        (SHORT, LOOSE, True),
        (LOOSE, FULL, False),
        (SHORT, FULL, False),
        (FULL, SHORT, False),
        (t.Unknown(), t.INT, True),
        (t.ListType(t.Never()), t.ListType(t.INT), True),
    ],
)
def test_a_type_fits_where_each_of_its_values_is_a_value_of_the_other(
    given: t.Type, wanted: t.Type, does: bool
) -> None:
    assert fits(given, wanted) is does


@pytest.mark.parametrize(
    ("left", "right", "joined"),
    [
        (t.INT, t.DECIMAL, t.DECIMAL),
        (t.ListType(t.INT), t.ListType(t.DECIMAL), t.ListType(t.DECIMAL)),
        (t.SetType(t.Never()), t.SetType(t.STRING), t.SetType(t.STRING)),
        (t.OptionalType(t.INT), t.DECIMAL, t.OptionalType(t.DECIMAL)),
        (t.OptionalType(t.INT), t.STRING, None),
        (t.INT, t.STRING, None),
        (EURO, t.STRING, t.STRING),
        (t.ListType(t.INT), t.ListType(t.STRING), None),
        (t.ListType(t.INT), t.SetType(t.INT), None),
        (t.MapType(t.STRING, t.INT), t.MapType(t.STRING, t.DECIMAL), t.MapType(t.STRING, t.DECIMAL)),
        (t.MapType(t.STRING, t.INT), t.MapType(t.STRING, t.BOOL), None),
        (FULL, record(("a", t.STRING, False)), None),
        (t.Unknown(), t.INT, t.INT),
        (t.INT, t.Unknown(), t.INT),
    ],
)
def test_several_values_have_the_least_type_that_takes_all(left: t.Type, right: t.Type, joined: t.Type | None) -> None:
    assert join(left, right) == joined
    assert join(right, left) == joined


def test_unions_without_a_common_literal_join_to_what_takes_both() -> None:
    found = join(EURO, WORDS)
    assert found is not None
    assert fits(EURO, found)
    assert fits(WORDS, found)


@pytest.mark.parametrize(
    ("type_", "has"),
    [
        (t.GLOB, False),
        (t.JSON, True),
        (t.ListType(t.REGEX), False),
        (t.MapType(t.STRING, t.SetType(t.INT)), True),
        (record(("a", t.REGEX, False)), False),
        (FULL, True),
        (COINS, True),
    ],
)
def test_all_but_patterns_and_what_holds_them_can_be_compared(type_: t.Type, has: bool) -> None:
    assert has_equality(type_) is has


def test_what_a_collection_holds() -> None:
    assert element_of(t.OptionalType(t.ListType(t.INT))) == t.INT
    assert element_of(t.MapType(t.STRING, t.BOOL)) == t.BOOL
    assert element_of(t.INT) is None
    assert element_of(None) is None
