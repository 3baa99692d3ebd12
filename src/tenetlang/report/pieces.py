"""What requests of a region have in common, piece by piece: terms and values as texts of the language, before they become words.

`analysis/comparison/describe.py` makes them, `regions.py` puts them into words.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from tenetlang.frozen import frozen


@frozen
class Interval:
    """From `low` to `high`, as texts; None where there is no such end."""

    low: str | None
    low_included: bool
    high: str | None
    high_included: bool


@frozen
class Within:
    """The term lies in one of the intervals."""

    term: str
    intervals: tuple[Interval, ...]


@frozen
class OneOf:
    """The term is one of the values, or where `other` any but these."""

    term: str
    values: tuple[str, ...]
    other: bool


@frozen
class Holds:
    """A condition, as its author could write it, and whether it holds."""

    text: str
    holds: bool


@frozen
class Presence:
    term: str
    there: bool


@frozen
class Fitting:
    """The text of the term, or some member of its part `segment`, matches the pattern."""

    term: str
    kind: Literal["like", "matches"]
    pattern: str
    segment: str
    fits: bool


@frozen
class Relation:
    """Two sums or terms compared."""

    left: str
    operator: str
    right: str


@frozen
class HasMember:
    """The collection has a `member` for which all of `such` holds; or, where not `has`, it has none."""

    collection: str
    member: str
    such: tuple[Piece, ...]
    has: bool


@frozen
class Several:
    """All of the items hold, or any of them."""

    kind: Literal["all", "any"]
    items: tuple[Piece, ...]


Piece: TypeAlias = Within | OneOf | Holds | Presence | Fitting | Relation | HasMember | Several
