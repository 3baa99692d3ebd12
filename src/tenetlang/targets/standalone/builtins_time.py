"""The functions of `std.time`: arithmetic on nanoseconds and on the proleptic Gregorian calendar, in UTC. Nothing asks a clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from tenetlang.targets.standalone.faults import bad_input, overflow
from tenetlang.targets.standalone.numbers import decimal_divide, decimal_multiply
from tenetlang.targets.standalone.times import (
    NANOSECONDS_PER_DAY,
    NANOSECONDS_PER_SECOND,
    Duration,
    Time,
    calendar_of,
    make_time,
    parse_duration,
    parse_time_literal,
    time_text,
)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_NANOSECONDS_DECIMAL = Decimal(NANOSECONDS_PER_SECOND)


def time_year(moment: Time) -> int:
    """1678 to 2261."""
    return calendar_of(moment).year


def time_month(moment: Time) -> int:
    """1 to 12."""
    return calendar_of(moment).month


def time_day(moment: Time) -> int:
    """1 to 31."""
    return calendar_of(moment).day


def time_hour(moment: Time) -> int:
    """0 to 23."""
    return calendar_of(moment).hour


def time_minute(moment: Time) -> int:
    """0 to 59."""
    return calendar_of(moment).minute


def time_second(moment: Time) -> int:
    """0 to 59."""
    return calendar_of(moment).second


def time_weekday(moment: Time) -> str:
    """`Monday` to `Sunday`."""
    return WEEKDAYS[calendar_of(moment).weekday - 1]


def time_date_text(moment: Time) -> str:
    """The date alone, as in `2026-11-22`."""
    return time_text(moment)[:10]


def time_start_of_day(moment: Time) -> Time:
    """Midnight before the moment, or the moment itself."""
    return make_time(int(moment) // NANOSECONDS_PER_DAY * NANOSECONDS_PER_DAY)


def time_start_of_month(moment: Time) -> Time:
    """The first midnight of the moment's month."""
    shown = calendar_of(moment)
    return _midnight(shown.year, shown.month, 1)


def time_start_of_year(moment: Time) -> Time:
    """The first midnight of the moment's year."""
    return _midnight(calendar_of(moment).year, 1, 1)


def time_days_between(earlier: Time, later: Time) -> int:
    """How many midnights lie after `earlier` and not after `later`; negative if `later` is the earlier one."""
    return int(later) // NANOSECONDS_PER_DAY - int(earlier) // NANOSECONDS_PER_DAY


def time_age(born: Time, moment: Time) -> int:
    """The full years at the moment of someone born then; who is born on 29 February has birthdays on 1 March otherwise."""
    begin, end = calendar_of(born), calendar_of(moment)
    return end.year - begin.year - ((end.month, end.day) < (begin.month, begin.day))


def time_add_date(moment: Time, years: int, months: int, days: int) -> Time:
    """The same time of day so many years, then months, then days later; negative numbers go back.

    A day that the month reached does not have runs over into the next, as in Go: 31 January and one month is 2 or 3 March.
    `overflow` outside the years 1678 to 2261.
    """
    begin = calendar_of(moment)
    years_on, month_index = divmod(begin.month - 1 + months, 12)
    first = _midnight_number(begin.year + years + years_on, month_index + 1, 1)
    within = int(moment) % NANOSECONDS_PER_DAY
    return make_time(first + (begin.day - 1 + days) * NANOSECONDS_PER_DAY + within)


def _midnight(year_number: int, month_number: int, day_number: int) -> Time:
    return make_time(_midnight_number(year_number, month_number, day_number))


def _midnight_number(year_number: int, month_number: int, day_number: int) -> int:
    if not 1 <= year_number <= 9999:
        raise overflow("the time lies outside the years 1678 to 2261")
    return (date(year_number, month_number, day_number).toordinal() - _EPOCH_DAY) * NANOSECONDS_PER_DAY


def time_seconds(duration: Duration) -> Decimal:
    """The duration in seconds, exactly."""
    return _in_seconds(int(duration))


def time_unix(moment: Time) -> Decimal:
    """The seconds since 1970-01-01T00:00:00Z, exactly."""
    return _in_seconds(int(moment))


def _in_seconds(nanoseconds: int) -> Decimal:
    return decimal_divide(Decimal(nanoseconds), _NANOSECONDS_DECIMAL)


def time_from_unix(number: Decimal) -> Time:
    """The moment so many seconds after 1970-01-01T00:00:00Z; `bad_input` for what is finer than a nanosecond."""
    nanoseconds = decimal_multiply(number, _NANOSECONDS_DECIMAL)
    whole = int(nanoseconds)
    if whole != nanoseconds:
        raise bad_input("a time is a whole number of nanoseconds")
    return make_time(whole)


TIME: dict[str, Callable] = {
    "std.time.year": time_year,
    "std.time.month": time_month,
    "std.time.day": time_day,
    "std.time.hour": time_hour,
    "std.time.minute": time_minute,
    "std.time.second": time_second,
    "std.time.weekday": time_weekday,
    "std.time.date_text": time_date_text,
    "std.time.start_of_day": time_start_of_day,
    "std.time.start_of_month": time_start_of_month,
    "std.time.start_of_year": time_start_of_year,
    "std.time.days_between": time_days_between,
    "std.time.age": time_age,
    "std.time.add_date": time_add_date,
    "std.time.seconds": time_seconds,
    "std.time.unix": time_unix,
    "std.time.from_unix": time_from_unix,
    "std.time.parse": parse_time_literal,
    "std.time.parse_duration": parse_duration,
}
