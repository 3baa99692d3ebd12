"""The next number by the smallest step of what is written: 50.01 beside 50.00, and 51 beside 50."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tenetlang.program import types as t
from tenetlang.values.numbers import INT_MAX, INT_MIN
from tenetlang.values.render import literal
from tenetlang.values.times import Duration

_NANOSECONDS: Final = 1_000_000_000


def neighbour(number: int | Decimal, type_: t.Scalar, written: str, sign: int) -> int | Decimal | None:
    """The next number by the smallest step of what is written; None where there is none."""
    if type_.name in {"time", "duration"}:
        moved = int(number) + sign * _NANOSECONDS
        return type(number)(moved) if INT_MIN <= moved <= INT_MAX else None
    if isinstance(number, Decimal):
        return number + sign * Decimal(1).scaleb(-places(written))
    moved = number + sign
    return moved if INT_MIN <= moved <= INT_MAX else None


def places(written: str) -> int:
    """The places after the point of a number as it is written."""
    return (
        len(written.partition(".")[2].replace("_", "")) if written.replace(".", "").replace("_", "").isdecimal() else 0
    )


def shown_like(value: int | Decimal, written: str) -> str:
    """The number as the author would write it beside the one that is written."""
    if isinstance(value, Decimal):
        return f"{value:.{places(written)}f}"
    return str(value) if isinstance(value, Duration) else literal(value)
