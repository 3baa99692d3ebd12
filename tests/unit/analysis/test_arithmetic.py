"""Numbers at the ends of their types: constants are kept exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from tenetlang.analysis.arithmetic import in_type
from tenetlang.program import types as t
from tests.unit.analysis.held import policy, wrongly_ruled_out


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (Fraction(123456789012345678123456789012, 10**12), Decimal("123456789012345678.123456789012")),
        (Fraction(-1, 10**48), Decimal("-1e-48")),
        (Fraction(1, 8), Decimal("0.125")),
        (Fraction(10) ** 60, Decimal(10**60)),
        (Fraction(1, 3), None),
    ],
)
def test_a_number_is_the_same_as_a_decimal_or_is_none(number: Fraction, expected: Decimal | None) -> None:
    found = in_type(t.DECIMAL, number)
    assert found == expected
    assert found is None or (isinstance(found, Decimal) and Fraction(found) == number)


def test_what_is_no_value_of_its_type_is_none() -> None:
    assert in_type(t.INT, Fraction(1, 2)) is None
    assert in_type(t.INT, Fraction(2**63)) is None
    assert in_type(t.TIME, Fraction(2**63 - 1)) is None
    assert in_type(t.INT, Fraction(-(2**63))) == -(2**63)


@pytest.mark.parametrize("operator", ["==", "<=", ">="])
def test_decimals_of_all_their_digits_are_told_apart(operator: str) -> None:
    body = f"args.d > 123456789012345678.123456789011; args.d {operator} 123456789012345678.123456789012"
    arguments = {"d": Decimal("123456789012345678.123456789012")}
    assert not wrongly_ruled_out(policy("d: decimal", body), arguments)
