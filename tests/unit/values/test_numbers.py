from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from tenetlang.values import numbers
from tenetlang.values.faults import ValueFault


def code_of(fault: pytest.ExceptionInfo[ValueFault]) -> str:
    return fault.value.code


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-0", 0),
        ("-0.0", 0),
        ("0e999999999999", 0),
        ("1.0", 1),
        ("1e2", 100),
        ("1E+2", 100),
        ("12.50e1", 125),
        ("1000e-3", 1),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775807.000", 2**63 - 1),
        ("1e18", 10**18),
        ("1." + "0" * 5000, 1),
    ],
)
def test_a_whole_number_is_an_int_however_it_is_spelled(text: str, number: int) -> None:
    read = numbers.parse_number(text)
    assert type(read) is int
    assert read == number


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("20.50", "20.5"),
        ("0.000000000001", "0.000000000001"),
        ("1e-12", "0.000000000001"),
        ("999999999999999999.999999999999", "999999999999999999.999999999999"),
        ("-1.10", "-1.1"),
        ("1.1000000000000000000000000", "1.1"),
        ("0.0000000000000005e15", "0.5"),
    ],
)
def test_a_number_with_a_fraction_is_a_decimal_with_one_spelling(text: str, spelled: str) -> None:
    read = numbers.parse_number(text)
    assert type(read) is Decimal
    assert numbers.decimal_text(read) == spelled


@pytest.mark.parametrize(
    "text",
    [
        "9223372036854775808",
        "-9223372036854775809",
        "1e19",
        "1e999",
        "1e999999999",
        "1e99999999999999999999999999",
        "-1e999999999",
        "1e-13",
        "1e-999999999999999999",
        "1000000000000000000.5",
        "0.1234567890123",
        "1" * 400_000,
    ],
)
def test_a_number_beyond_the_limits_is_refused_without_being_computed(text: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueFault) as fault:
        numbers.parse_number(text)
    assert code_of(fault) == "bad_input"
    assert len(fault.value.detail) < 200
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "+1",
        "01",
        "-01",
        ".5",
        "5.",
        "1e",
        "1e+",
        "1_000",
        " 1",
        "1 ",
        "1\n",
        "NaN",
        "inf",
        "Infinity",
        "0x10",
        "١",
        "１",
        "1e١",
        "1.٥",
        "1e5e5",
        "1.5.5",
        "--1",
        "1e--1",
        "²",
    ],
)
def test_what_json_does_not_call_a_number_is_none(text: str) -> None:
    with pytest.raises(ValueFault):
        numbers.parse_number(text)


def test_a_float_is_read_as_its_shortest_text() -> None:
    assert numbers.number_from_float(0.1) == Decimal("0.1")
    assert numbers.number_from_float(1e15) == 10**15
    assert numbers.number_from_float(-0.0) == 0
    assert numbers.number_from_float(1e-7) == Decimal("0.0000001")
    for odd in (float("nan"), float("inf"), float("-inf"), 1e300, 5e-324):
        with pytest.raises(ValueFault):
            numbers.number_from_float(odd)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+999999", "1E-999999", "NaN123"])
def test_a_decimal_that_is_no_number_or_too_large_is_refused(text: str) -> None:
    with pytest.raises(ValueFault):
        numbers.number_from_decimal(Decimal(text))


def test_a_decimal_zero_may_have_any_exponent() -> None:
    assert numbers.number_from_decimal(Decimal("-0E+999999")) == 0


def test_an_int_of_19_digits_is_no_decimal_to_read_but_widens_in_a_sum() -> None:
    assert numbers.incoming_decimal(10**18 - 1) == Decimal(10**18 - 1)
    with pytest.raises(ValueFault):
        numbers.incoming_decimal(10**18)
    assert numbers.to_decimal(10**18) == Decimal(10**18)


@pytest.mark.parametrize(
    ("number", "spelled"),
    [
        (Decimal("120.00"), "120"),
        (Decimal("1E+2"), "100"),
        (Decimal("-0.00"), "0"),
        (Decimal("0E-12"), "0"),
        (Decimal(100), "100"),
        (Decimal("-1.50"), "-1.5"),
        (7, "7"),
    ],
)
def test_a_decimal_has_one_spelling(number: Decimal | int, spelled: str) -> None:
    assert numbers.decimal_text(number) == spelled


def test_whole_numbers_fault_beyond_64_bits() -> None:
    most, least = numbers.INT_MAX, numbers.INT_MIN
    assert numbers.int_add(most, 0) == most
    assert numbers.int_subtract(least, 0) == least
    beyond: list[Callable[[], int]] = [
        lambda: numbers.int_add(most, 1),
        lambda: numbers.int_subtract(least, 1),
        lambda: numbers.int_multiply(most, 2),
        lambda: numbers.int_negate(least),
        lambda: numbers.floor_div(least, -1),
    ]
    for compute in beyond:
        with pytest.raises(ValueFault) as fault:
            compute()
        assert code_of(fault) == "overflow"


def test_floor_div_and_modulo_round_down() -> None:
    assert [numbers.floor_div(a, b) for a, b in ((7, 2), (-7, 2), (7, -2), (-7, -2))] == [3, -4, -4, 3]
    assert [numbers.modulo(a, b) for a, b in ((7, 2), (-7, 2), (7, -2), (-7, -2))] == [1, 1, -1, -1]


def test_division_by_zero_has_its_own_fault() -> None:
    divisions: list[Callable[[], object]] = [
        lambda: numbers.floor_div(1, 0),
        lambda: numbers.modulo(1, 0),
        lambda: numbers.divide(Decimal(1), Decimal("0.00")),
        lambda: numbers.divide(0, 0),
    ]
    for compute in divisions:
        with pytest.raises(ValueFault) as fault:
            compute()
        assert code_of(fault) == "division_by_zero"


@pytest.mark.parametrize(
    ("left", "right", "quotient"),
    [
        ("1", "3", "0.333333333333"),
        ("2", "3", "0.666666666667"),
        ("-2", "3", "-0.666666666667"),
        ("2", "-3", "-0.666666666667"),
        ("0.000000000001", "2", "0"),
        ("0.000000000003", "2", "0.000000000002"),
        ("-0.000000000001", "2", "0"),
        ("-0.000000000003", "2", "-0.000000000002"),
        ("10", "4", "2.5"),
        ("0", "-7", "0"),
        ("1e40", "1e-12", "1" + "0" * 52),
    ],
)
def test_division_rounds_half_to_even_at_12_places(left: str, right: str, quotient: str) -> None:
    assert numbers.decimal_text(numbers.divide(Decimal(left), Decimal(right))) == quotient


def test_division_is_not_rounded_twice() -> None:
    # A quotient of 0.0000000000005 and something in the 70th place: above the tie, though 64 digits don't show it.
    numerator = Decimal("5" + "0" * 62 + "1")
    assert numbers.decimal_text(numbers.divide(numerator, Decimal("1e63"))) == "5"
    above = numbers.divide(Decimal("0.0000000000005") + Decimal("1e-27"), Decimal(1))
    assert numbers.decimal_text(above) == "0.000000000001"


@pytest.mark.parametrize(
    "compute",
    [
        lambda: numbers.multiply(Decimal("1e40"), Decimal("1e40")),
        lambda: numbers.multiply(Decimal("1e-40"), Decimal("1e-40")),
        lambda: numbers.add(Decimal("1e63"), Decimal("1e-12")),
        lambda: numbers.subtract(Decimal("1e63"), Decimal("1e-12")),
        lambda: numbers.add(Decimal("9e63"), Decimal("9e63")),
        lambda: numbers.divide(Decimal("1e60"), Decimal("1e-12")),
        lambda: numbers.divide(Decimal("1e63"), Decimal(7)),
        lambda: numbers.rounded(Decimal("9" * 64), -1, "up"),
    ],
)
def test_a_result_that_needs_more_than_64_digits_is_a_fault_and_never_rounded(compute: Callable[[], Decimal]) -> None:
    with pytest.raises(ValueFault) as fault:
        compute()
    assert code_of(fault) == "overflow"


def test_the_limit_of_64_digits_does_not_depend_on_how_a_number_is_held() -> None:
    assert numbers.multiply(Decimal("1e31"), Decimal("1e32")) == Decimal("1e63")
    assert numbers.multiply(Decimal("1" + "0" * 31), Decimal("1" + "0" * 32)) == Decimal("1e63")
    assert numbers.multiply(Decimal("1e-32"), Decimal("1e-32")) == Decimal("1e-64")


def test_arithmetic_leaves_the_contexts_of_python_alone() -> None:
    assert numbers.negate(Decimal("1" * 60)) == Decimal("-" + "1" * 60)
    assert numbers.absolute(Decimal("-" + "1" * 60)) == Decimal("1" * 60)
    assert str(numbers.negate(Decimal(0))) == "0"
    assert str(numbers.negate(Decimal("-0"))) == "0"


@pytest.mark.parametrize(
    ("mode", "results"),
    [
        ("half_up", ["3", "-3", "2", "-2", "3"]),
        ("half_even", ["2", "-2", "2", "-2", "3"]),
        ("up", ["3", "-3", "3", "-3", "3"]),
        ("down", ["2", "-2", "2", "-2", "2"]),
        ("floor", ["2", "-3", "2", "-3", "2"]),
        ("ceiling", ["3", "-2", "3", "-2", "3"]),
    ],
)
def test_rounding_is_by_name(mode: str, results: list[str]) -> None:
    samples = ["2.5", "-2.5", "2.1", "-2.1", "2.9"]
    assert [numbers.decimal_text(numbers.rounded(Decimal(sample), 0, mode)) for sample in samples] == results


def test_rounding_to_tens_and_to_more_places_than_there_are() -> None:
    assert numbers.decimal_text(numbers.rounded(1250, -2, "half_even")) == "1200"
    assert numbers.decimal_text(numbers.rounded(4, -1, "half_up")) == "0"
    assert numbers.decimal_text(numbers.rounded(Decimal("1.5"), 63, "down")) == "1.5"


@pytest.mark.parametrize(("places", "mode"), [(64, "up"), (-64, "up"), (2, "nearest"), (2, "ROUND_UP"), (2, "")])
def test_rounding_refuses_unknown_modes_and_absurd_places(places: int, mode: str) -> None:
    with pytest.raises(ValueFault) as fault:
        numbers.rounded(Decimal("1.5"), places, mode)
    assert code_of(fault) == "bad_input"
