"""Time and duration: whole nanoseconds, in UTC, with no float and no calendar library in between (see `values/times.py`)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from tenetlang.targets.standalone.faults import ValueFault, bad_input, overflow, shown

NANOSECONDS_PER_SECOND = 1_000_000_000
NANOSECONDS_PER_DAY = 86_400 * NANOSECONDS_PER_SECOND

UNITS = {
    "w": 7 * NANOSECONDS_PER_DAY,
    "d": NANOSECONDS_PER_DAY,
    "h": 3_600 * NANOSECONDS_PER_SECOND,
    "m": 60 * NANOSECONDS_PER_SECOND,
    "s": NANOSECONDS_PER_SECOND,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
"""The units of durations in nanoseconds, from the largest to the smallest."""

_WRITTEN_UNITS = tuple((unit, size) for unit, size in UNITS.items() if unit != "w")


class Time(int):
    """A moment: nanoseconds since 1970-01-01T00:00:00Z. `str` gives its one spelling in RFC 3339.

    Made by the functions of this module, which hold it to the years 1678 to 2261. Sums and differences of
    plain Python come out as `int`; `time_plus` and its kin check the range.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return time_text(self)

    def __repr__(self) -> str:
        return f"Time({time_text(self)})"


class Duration(int):
    """A length of time in nanoseconds, negative ones included. `str` gives its one spelling."""

    __slots__ = ()

    def __str__(self) -> str:
        return duration_text(self)

    def __repr__(self) -> str:
        return f"Duration({duration_text(self)})"


class Calendar(NamedTuple):
    """A moment as the calendar and the clock of UTC show it."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanosecond: int
    weekday: int
    """1 for Monday to 7 for Sunday, as in ISO 8601."""


def _days_from_civil(year: int, month: int, day: int) -> int:
    shifted = year - 1 if month <= 2 else year
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def _civil_from_days(days: int) -> tuple[int, int, int]:
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return era * 400 + year_of_era + (1 if month <= 2 else 0), month, day


_TIME_MIN = _days_from_civil(1678, 1, 1) * NANOSECONDS_PER_DAY
_TIME_END = _days_from_civil(2262, 1, 1) * NANOSECONDS_PER_DAY
TIME_MIN = Time(_TIME_MIN)
TIME_MAX = Time(_TIME_END - 1)


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def make_time(nanoseconds: int) -> Time:
    """The moment that many nanoseconds after 1970 began; `overflow` outside the years 1678 to 2261."""
    if _TIME_MIN <= nanoseconds < _TIME_END:
        return Time(nanoseconds)
    raise overflow("the time lies outside the years 1678 to 2261")


def make_duration(nanoseconds: int) -> Duration:
    """The duration of that many nanoseconds; `overflow` beyond 64 bits, some 292 years."""
    if -(2**63) <= nanoseconds < 2**63:
        return Duration(nanoseconds)
    raise overflow("the duration is longer than 292 years")


# Arithmetic


def time_plus(time: Time, duration: Duration) -> Time:
    """The moment that much later."""
    return make_time(int(time) + int(duration))


def time_minus(time: Time, duration: Duration) -> Time:
    """The moment that much earlier."""
    return make_time(int(time) - int(duration))


def time_difference(later: Time, earlier: Time) -> Duration:
    """How long after `earlier` the moment `later` is; negative if it is before."""
    return make_duration(int(later) - int(earlier))


def duration_plus(left: Duration, right: Duration) -> Duration:
    """The two durations together."""
    return make_duration(int(left) + int(right))


def duration_minus(left: Duration, right: Duration) -> Duration:
    """What is left of one duration after the other."""
    return make_duration(int(left) - int(right))


def duration_times(duration: Duration, factor: int) -> Duration:
    """The duration that many times."""
    return make_duration(int(duration) * factor)


def duration_negate(duration: Duration) -> Duration:
    """The duration in the other direction."""
    return make_duration(-int(duration))


# Reading and writing times


_USUAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z").fullmatch


def parse_time(text: str) -> Time:
    """A moment in RFC 3339, in the profile on top of this file; `bad_input` if it is anything else."""
    if _USUAL(text):
        try:
            moment = datetime.fromisoformat(text[:19])
        except ValueError:
            pass  # below it is found out what is wrong
        else:
            days = moment.toordinal() - 719_163
            seconds = days * 86_400 + moment.hour * 3_600 + moment.minute * 60 + moment.second
            return _read_time(text, seconds * NANOSECONDS_PER_SECOND)
    if len(text) < 20 or not text.isascii() or text[10] != "T" or text[13] != ":" or text[16] != ":":
        raise _no_time(text)
    day = _parse_day(text, text[:10])
    clock, rest = _parse_clock(text, text[11:16]), text[19:]
    second = _two_digits(text, text[17:19], 59)
    fraction = 0
    if rest[0] == ".":
        digits = len(rest) - 1 - len(rest[1:].lstrip("0123456789"))
        if not 1 <= digits <= 9:
            raise _no_time(text)
        fraction = int(rest[1 : digits + 1]) * 10 ** (9 - digits)
        rest = rest[digits + 1 :]
    if rest == "Z":
        offset = 0
    elif len(rest) == 6 and rest[0] in "+-" and rest[3] == ":":
        offset = _parse_clock(text, rest[1:])
        offset = offset if rest[0] == "+" else -offset
    else:
        raise _no_time(text)
    seconds = day * 86_400 + clock + second - offset
    return _read_time(text, seconds * NANOSECONDS_PER_SECOND + fraction)


def parse_time_literal(text: str) -> Time:
    """A moment as a policy may write it: RFC 3339, or a date alone, which is midnight in UTC."""
    if len(text) == 10:
        return _read_time(text, _parse_day(text, text) * NANOSECONDS_PER_DAY)
    return parse_time(text)


def time_from_datetime(moment: datetime) -> Time:
    """The moment of an aware `datetime`, exactly; `bad_input` for a naive one, which names no moment."""
    offset = moment.utcoffset()
    if offset is None:
        raise bad_input("a datetime without a time zone is no time")
    days = moment.toordinal() - 719_163 - offset.days
    seconds = days * 86_400 + moment.hour * 3_600 + moment.minute * 60 + moment.second - offset.seconds
    microseconds = seconds * 1_000_000 + moment.microsecond - offset.microseconds
    return _read_time("the datetime", microseconds * 1_000)


def time_text(time: int) -> str:
    """The one spelling of a moment: `2026-11-22T20:00:00Z`, with a fraction only where there is one."""
    moment = calendar_of(time)
    fraction = f".{moment.nanosecond:09d}".rstrip("0") if moment.nanosecond else ""
    return (
        f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}"
        f"T{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}{fraction}Z"
    )


def calendar_of(time: int) -> Calendar:
    """Date, time of day and weekday of a moment, in UTC."""
    days, within = divmod(int(time), NANOSECONDS_PER_DAY)
    seconds, nanosecond = divmod(within, NANOSECONDS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    year, month, day = _civil_from_days(days)
    return Calendar(year, month, day, hour, minute, second, nanosecond, (days + 3) % 7 + 1)


def _parse_day(text: str, date: str) -> int:
    year = date[:4]
    if not text.isascii() or not year.isdigit() or date[4] != "-" or date[7] != "-":
        raise _no_time(text)
    month = _two_digits(text, date[5:7], 12)
    day = _two_digits(text, date[8:10], 31)
    if month == 0 or not 1 <= day <= days_in_month(int(year), month):
        raise _no_time(text)
    return _days_from_civil(int(year), month, day)


def _parse_clock(text: str, clock: str) -> int:
    """The seconds that `hh:mm` stands for, as a time of day or as an offset."""
    return _two_digits(text, clock[:2], 23) * 3_600 + _two_digits(text, clock[3:], 59) * 60


def _two_digits(text: str, digits: str, largest: int) -> int:
    if len(digits) == 2 and digits.isdigit() and int(digits) <= largest:
        return int(digits)
    raise _no_time(text)


def _read_time(text: str, nanoseconds: int) -> Time:
    if _TIME_MIN <= nanoseconds < _TIME_END:
        return Time(nanoseconds)
    raise bad_input(f"{shown(text)} lies outside the years 1678 to 2261")


def _no_time(text: str) -> ValueFault:
    return bad_input(f"{shown(text)} is not a time such as 2026-11-22T20:00:00Z")


# Reading and writing durations


def parse_duration(text: str) -> Duration:
    """A duration such as `1h30m` or `-250ms`; `bad_input` if it is anything else or longer than 292 years."""
    rest = text[1:] if text[:1] == "-" else text
    nanoseconds = 0
    largest = UNITS["w"] + 1
    if not rest or not text.isascii() or len(text) > 160:
        raise _no_duration(text)
    while rest:
        after_number = rest.lstrip("0123456789")
        number = rest[: len(rest) - len(after_number)]
        rest = after_number.lstrip("abcdefghijklmnopqrstuvwxyz")
        size = UNITS.get(after_number[: len(after_number) - len(rest)])
        if not number or size is None or size >= largest:
            raise _no_duration(text)
        largest = size
        nanoseconds += int(number) * size
    signed = -nanoseconds if text[0] == "-" else nanoseconds
    if -(2**63) <= signed < 2**63:
        return Duration(signed)
    raise bad_input(f"{shown(text)} is longer than 292 years")


def duration_text(duration: int) -> str:
    """The one spelling of a duration: `1h30m`, `14d`, `-250ms`, `0s`."""
    rest = abs(int(duration))
    if rest == 0:
        return "0s"
    pieces = ["-" if int(duration) < 0 else ""]
    for unit, size in _WRITTEN_UNITS:
        number, rest = divmod(rest, size)
        if number:
            pieces.append(f"{number}{unit}")
    return "".join(pieces)


def _no_duration(text: str) -> ValueFault:
    return bad_input(f"{shown(text)} is not a duration such as 30m, 1h30m or 7d")
