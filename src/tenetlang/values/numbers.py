"""Numbers: `int` is a whole number of 64 bits, `decimal` is exact in base 10. There are no binary floats.

How large a decimal may be is said twice, because reading and computing have different limits:

- *Read*: at most 18 digits before the point and 12 after it. Zeros that change nothing do not count.
- *Computed*: at most 64 digits that count, below 10**64, and no finer than 64 places. What `+`, `-` and `*`
  give within that is exact; beyond it they fault with `overflow` and never round.

The distance between the two is what lets a policy add up any number of arguments without a fault: a sum of
all the numbers that fit in a request needs 35 digits.

All exact arithmetic goes through one `decimal.Context` that traps every signal of a lost digit. Python's
operators on `Decimal` must not be used: they take the thread's own context, and with it 28 digits and silent
rounding. That includes unary minus and `abs`. Comparison and `hash` are exact and are used as they are.

Division rounds half to even at 12 places. It is done on integers: a quotient that a context rounds to 64
digits and someone else then to 12 places would be rounded twice.

JSON does not tell 1, 1.0 and 1e0 apart, and neither does this module: a number that is whole and fits in 64
bits is read as an `int`, and `incoming_decimal` widens it where the type of the place is `decimal`. An exponent is
judged by its size before anything is computed from it, so `1e999999999` costs as much to refuse as `1e99`.
"""

from __future__ import annotations

import decimal
import re
from decimal import Decimal
from typing import Final

from tenetlang.values.faults import ValueFault, bad_input, overflow, shown

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
READ_WHOLE_DIGITS: Final = 18
READ_PLACES: Final = 12
DIGITS: Final = 64
QUOTIENT_PLACES: Final = 12

ROUNDING_MODES: Final = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
    "floor": decimal.ROUND_FLOOR,
    "ceiling": decimal.ROUND_CEILING,
}
"""How `rounded` rounds: ties away from zero, ties to the even digit, away from zero, towards zero, down, up."""

# With 64 digits of precision, Emin of -1 puts the last place that exists at 10**-64.
EXACT: Final = decimal.Context(
    prec=DIGITS,
    Emax=DIGITS - 1,
    Emin=-1,
    traps=[
        decimal.Inexact,
        decimal.Overflow,
        decimal.Underflow,
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.FloatOperation,
    ],
)
_ROUNDING: Final = decimal.Context(prec=DIGITS, Emax=DIGITS - 1, Emin=-1, traps=[decimal.InvalidOperation])

_EXACT_FLOAT: Final = 2.0**53
_WITH_FRACTION: Final = re.compile(
    rf"-?(?:0|[1-9][0-9]{{0,{READ_WHOLE_DIGITS - 1}}})\.[0-9]{{0,{READ_PLACES - 1}}}[1-9]"
).fullmatch
"""The usual spelling of a number that is not whole: no exponent, within the limits, no zeros at the end."""
_READ_BOUND: Final = 10**READ_WHOLE_DIGITS
_QUOTIENT_UNIT: Final = 10**QUOTIENT_PLACES
_TOO_MANY_DIGITS: Final = f"the result needs more than {DIGITS} digits"


# Whole numbers


def int_result(number: int) -> int:
    """The number itself, if it fits in 64 bits with a sign; else the fault `overflow`."""
    if INT_MIN <= number <= INT_MAX:
        return number
    raise overflow("the result does not fit in 64 bits")


def int_add(left: int, right: int) -> int:
    """`left + right` on `int`."""
    return int_result(left + right)


def int_subtract(left: int, right: int) -> int:
    """`left - right` on `int`."""
    return int_result(left - right)


def int_multiply(left: int, right: int) -> int:
    """`left * right` on `int`."""
    return int_result(left * right)


def int_negate(number: int) -> int:
    """`-number` on `int`; the least number has no negative."""
    return int_result(-number)


def floor_div(left: int, right: int) -> int:
    """The quotient of two whole numbers, rounded down: `floor_div(-7, 2)` is -4."""
    if right == 0:
        raise ValueFault("division_by_zero", "division by zero")
    return int_result(left // right)


def modulo(left: int, right: int) -> int:
    """`left % right`: what `floor_div` leaves, with the sign of `right`."""
    if right == 0:
        raise ValueFault("division_by_zero", "division by zero")
    return left % right


# Decimals


def add(left: Decimal | int, right: Decimal | int) -> Decimal:
    """The exact sum."""
    try:
        return EXACT.add(left, right)
    except decimal.DecimalException:
        raise overflow(_TOO_MANY_DIGITS) from None


def subtract(left: Decimal | int, right: Decimal | int) -> Decimal:
    """The exact difference."""
    try:
        return EXACT.subtract(left, right)
    except decimal.DecimalException:
        raise overflow(_TOO_MANY_DIGITS) from None


def multiply(left: Decimal | int, right: Decimal | int) -> Decimal:
    """The exact product."""
    try:
        return EXACT.multiply(left, right)
    except decimal.DecimalException:
        raise overflow(_TOO_MANY_DIGITS) from None


def divide(left: Decimal | int, right: Decimal | int) -> Decimal:
    """The quotient, rounded half to even at 12 places, of two decimals or whole numbers."""
    over, under = left.as_integer_ratio()
    divisor_over, divisor_under = right.as_integer_ratio()
    if divisor_over == 0:
        raise ValueFault("division_by_zero", "division by zero")
    numerator = over * divisor_under * _QUOTIENT_UNIT
    denominator = under * divisor_over
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1):
        quotient += 1
    try:
        return EXACT.create_decimal(f"{quotient}e-{QUOTIENT_PLACES}")
    except decimal.DecimalException:
        raise overflow(_TOO_MANY_DIGITS) from None


def negate(number: Decimal) -> Decimal:
    """The number with the other sign; zero has none."""
    return number.copy_negate() if number else number.copy_abs()


def absolute(number: Decimal) -> Decimal:
    """The number without its sign."""
    return number.copy_abs()


def rounded(number: Decimal | int, places: int, mode: str) -> Decimal:
    """The number rounded to that many places after the point, in one of the `ROUNDING_MODES`.

    Negative places round to tens, hundreds and so on. Faults with `bad_input` on a mode that is none and on
    places outside -63 to 63, with `overflow` where rounding away from zero passes 64 digits.
    """
    rounding = ROUNDING_MODES.get(mode)
    if rounding is None:
        raise bad_input(f"{shown(mode)} is no way to round; write one of {', '.join(ROUNDING_MODES)}")
    if not -DIGITS < places < DIGITS:
        raise bad_input(f"places must lie between -{DIGITS - 1} and {DIGITS - 1}")
    exact = number if isinstance(number, Decimal) else Decimal(number)
    exponent = exact.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -places:
        return exact
    try:
        return exact.quantize(Decimal((0, (1,), -places)), rounding=rounding, context=_ROUNDING)
    except decimal.DecimalException:
        raise overflow(_TOO_MANY_DIGITS) from None


def to_decimal(number: Decimal | int) -> Decimal:
    """A whole number widened to a decimal, which every `int` can be."""
    return number if isinstance(number, Decimal) else Decimal(number)


def incoming_decimal(number: Decimal | int) -> Decimal:
    """A number that was read, where a `decimal` is wanted; `bad_input` if it has more than 18 whole digits."""
    if isinstance(number, Decimal) or -_READ_BOUND < number < _READ_BOUND:
        return to_decimal(number)
    raise bad_input(f"a decimal has at most {READ_WHOLE_DIGITS} digits before the point")


# Reading and writing


def whole(number: Decimal | int) -> Decimal | int:
    """The same number as an `int` if it is whole: two ints are compared ten times as fast."""
    numerator, denominator = number.as_integer_ratio()
    return numerator if denominator == 1 else number


def parse_number(text: str) -> int | Decimal:
    """A number in the spelling of JSON (RFC 8259): an `int` if it is whole and fits in 64 bits, else a decimal."""
    if _WITH_FRACTION(text):
        return Decimal(text)
    sign, whole, fraction, exponent = _number_parts(text)
    if not exponent and len(whole) <= READ_WHOLE_DIGITS and len(fraction) <= READ_PLACES:
        significant = fraction.rstrip("0")
        return Decimal(f"{sign}{whole}.{significant}") if significant else int(sign + whole)
    return _scaled(text, sign, whole + fraction, len(whole) + _power(exponent, whole + fraction))


def parse_decimal(text: str) -> Decimal:
    """A number in the spelling of JSON, as a decimal whether it is whole or not."""
    return incoming_decimal(parse_number(text))


def parse_int(text: str) -> int:
    """A number in the spelling of JSON that must be whole: `1`, `1.0` and `1e2`, but not `1.5`."""
    number = parse_number(text)
    if isinstance(number, int):
        return number
    raise bad_input(f"{shown(text)} is not a whole number")


def number_from_float(number: float) -> int | Decimal:
    """The number whose shortest decimal text is that of the float, as Python's `repr` writes it."""
    if number - number != 0.0:
        raise bad_input("infinities and NaN are not numbers")
    if -_EXACT_FLOAT < number < _EXACT_FLOAT and number.is_integer():
        return int(number)
    return parse_number(repr(number))


def number_from_decimal(number: Decimal) -> int | Decimal:
    """A `Decimal` from outside, held to the limits of numbers that are read."""
    return parse_number(str(number))


def decimal_text(number: Decimal | int) -> str:
    """The one spelling of a number: no exponent, no zeros that change nothing, `0` for every zero."""
    if not number:
        return "0"
    spelled = format(number, "f") if isinstance(number, Decimal) else str(int(number))
    return spelled.rstrip("0").rstrip(".") if "." in spelled else spelled


def _number_parts(text: str) -> tuple[str, str, str, str]:
    """Sign, digits before the point, digits after it, and exponent, all as they are written."""
    mantissa, mark, exponent = text.partition("e")
    if not mark:
        mantissa, mark, exponent = text.partition("E")
    sign = "-" if mantissa[:1] == "-" else ""
    whole, point, fraction = mantissa[len(sign) :].partition(".")
    bare_exponent = exponent[1:] if exponent[:1] in ("+", "-") else exponent
    if (
        not text.isascii()
        or not whole.isdigit()
        or (whole[0] == "0" and len(whole) > 1)
        or (bool(point) and not fraction.isdigit())
        or (bool(mark) and not bare_exponent.isdigit())
    ):
        raise bad_input(f"{shown(text)} is not a number")
    return sign, whole, fraction, exponent


def _power(exponent: str, digits: str) -> int:
    """The exponent as a number, cut to where it can no longer matter, without computing what it says."""
    magnitude = exponent.lstrip("+-").lstrip("0")
    if len(magnitude) > 7:
        power = len(digits) + READ_WHOLE_DIGITS + READ_PLACES + 10_000_000
    else:
        power = int(magnitude or "0")
    return -power if exponent[:1] == "-" else power


def _scaled(text: str, sign: str, digits: str, point: int) -> int | Decimal:
    """The number whose digits have their point after the first `point` of them, if it is within the limits."""
    significant = digits.lstrip("0")
    point -= len(digits) - len(significant)
    significant = significant.rstrip("0")
    if not significant:
        return 0
    places = len(significant) - point
    if places <= 0 and point <= READ_WHOLE_DIGITS + 1:
        number = int(sign + significant + "0" * -places)
        if INT_MIN <= number <= INT_MAX:
            return number
    if point > READ_WHOLE_DIGITS or places > READ_PLACES:
        raise bad_input(
            f"{shown(text)} has more than {READ_WHOLE_DIGITS} digits before the point or {READ_PLACES} after it"
        )
    return Decimal(f"{sign}{significant}e{-places}")
