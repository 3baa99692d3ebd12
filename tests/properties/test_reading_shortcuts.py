"""Numbers and times in their usual spelling are read by a shorter way, which gives what the general way gives."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenetlang.values.faults import ValueFault
from tenetlang.values.numbers import number_from_float, parse_number
from tenetlang.values.times import parse_time

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,20})\.[0-9]{1,14}", fullmatch=True)
TIMES = st.from_regex(r"([0-9]{4}|2026)-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z", fullmatch=True)


def outcome(read: Callable[[str], object], text: str) -> tuple[object, str]:
    """The value with its type, or the code of the fault."""
    try:
        value = read(text)
    except ValueFault as fault:
        return fault.code, ""
    return value, f"{type(value).__name__} {value}"


@given(NUMBERS)
@example("-0.5")
@example("0.123456789012")
@example("999999999999999999.999999999999")
@example("1000000000000000000.5")
@example("0.1234567890123")
@settings(deadline=None, max_examples=300)
def test_a_number_without_exponent_is_the_number_with_an_exponent_of_zero(text: str) -> None:
    assert outcome(parse_number, text) == outcome(parse_number, f"{text}e0")


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**55), 2**55).map(float))
@example(-0.0)
@example(2.0**53)
@example(1e16)
@settings(deadline=None, max_examples=300)
def test_a_float_is_the_number_that_its_text_spells(number: float) -> None:
    assert outcome(lambda _: number_from_float(number), "") == outcome(parse_number, repr(number))


@given(TIMES)
@example("2024-02-29T23:59:59Z")
@example("2023-02-29T00:00:00Z")
@example("2026-12-31T23:59:60Z")
@example("1677-12-31T23:59:59Z")
@example("2262-01-01T00:00:00Z")
@example("0000-01-01T00:00:00Z")
@settings(deadline=None, max_examples=300)
def test_a_time_without_fraction_is_the_time_with_a_fraction_of_zero(text: str) -> None:
    assert outcome(parse_time, text) == outcome(parse_time, f"{text[:-1]}.0Z")
