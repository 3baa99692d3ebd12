from __future__ import annotations

import datetime as dt

import pytest

from tenetlang.values import times
from tenetlang.values.faults import ValueFault
from tenetlang.values.times import Duration, Time


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("2026-11-22T20:00:00Z", "2026-11-22T20:00:00Z"),
        ("2026-11-22T20:00:00.000Z", "2026-11-22T20:00:00Z"),
        ("2026-11-22T20:00:00.120000000Z", "2026-11-22T20:00:00.12Z"),
        ("2026-11-22T20:00:00.123456789Z", "2026-11-22T20:00:00.123456789Z"),
        ("2026-11-22T21:30:00+01:30", "2026-11-22T20:00:00Z"),
        ("2026-11-22T20:00:00-00:00", "2026-11-22T20:00:00Z"),
        ("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"),
        ("1678-01-01T00:00:00Z", "1678-01-01T00:00:00Z"),
        ("2261-12-31T23:59:59.999999999Z", "2261-12-31T23:59:59.999999999Z"),
        ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_a_time_is_written_in_utc_in_one_spelling(text: str, spelled: str) -> None:
    assert str(times.parse_time(text)) == spelled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T20:00Z",
        "2026-11-22T20:00:00",
        "2026-11-22t20:00:00Z",
        "2026-11-22T20:00:00z",
        "2026-11-22 20:00:00Z",
        "2026-11-22T20:00:60Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T20:60:00Z",
        "2026-13-22T20:00:00Z",
        "2026-00-22T20:00:00Z",
        "2026-11-00T20:00:00Z",
        "2026-11-31T20:00:00Z",
        "2025-02-29T20:00:00Z",
        "2100-02-29T20:00:00Z",
        "2026-11-22T20:00:00.Z",
        "2026-11-22T20:00:00.1234567890Z",
        "2026-11-22T20:00:00,5Z",
        "2026-11-22T20:00:00+0100",
        "2026-11-22T20:00:00+01",
        "2026-11-22T20:00:00+24:00",
        "2026-11-22T20:00:00+01:60",
        "2026-11-22T20:00:00Zulu",
        "2026-11-22T20:00:00Z ",
        " 2026-11-22T20:00:00Z",
        "+026-11-22T20:00:00Z",
        "2026-11-22T20:00:+0Z",
        "٢٠٢٦-11-22T20:00:00Z",
        "2026-W47-7T20:00:00Z",
        "1677-12-31T23:59:59Z",
        "2262-01-01T00:00:00Z",
        "2261-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
    ],
)
def test_what_is_no_time_in_the_profile_is_refused(text: str) -> None:
    with pytest.raises(ValueFault) as fault:
        times.parse_time(text)
    assert fault.value.code == "bad_input"


def test_a_literal_may_be_a_date_alone() -> None:
    assert times.parse_time_literal("2027-01-01") == times.parse_time("2027-01-01T00:00:00Z")
    assert times.parse_time_literal("2027-01-01T00:00:00Z") == times.parse_time("2027-01-01T00:00:00Z")
    for text in ("2027-1-1", "2027-01-32", "2027/01/01", "2262-01-01", "20270101T0"):
        with pytest.raises(ValueFault):
            times.parse_time_literal(text)


def test_a_datetime_is_read_exactly_and_a_naive_one_not_at_all() -> None:
    zone = dt.timezone(dt.timedelta(hours=-3, minutes=-30, microseconds=-7))
    moment = dt.datetime(2026, 11, 22, 23, 59, 59, 999_999, tzinfo=zone)
    expected = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    assert times.time_from_datetime(moment) == expected * 1000
    with pytest.raises(ValueFault):
        times.time_from_datetime(dt.datetime(2026, 11, 22))  # noqa: DTZ001
    with pytest.raises(ValueFault):
        times.time_from_datetime(dt.datetime(1, 1, 1, tzinfo=dt.UTC))


def test_the_calendar_agrees_with_the_standard_library_through_four_centuries() -> None:
    for ordinal in range(dt.date(1678, 1, 1).toordinal(), dt.date(2262, 1, 1).toordinal(), 13):
        date = dt.date.fromordinal(ordinal)
        moment = times.parse_time(f"{date.isoformat()}T12:34:56.789Z")
        shown = times.calendar_of(moment)
        assert (shown.year, shown.month, shown.day) == (date.year, date.month, date.day)
        assert (shown.hour, shown.minute, shown.second, shown.nanosecond) == (12, 34, 56, 789_000_000)
        assert shown.weekday == date.isoweekday()


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("30m", "30m"),
        ("24h", "1d"),
        ("1h30m", "1h30m"),
        ("90s", "1m30s"),
        ("250ms", "250ms"),
        ("7d", "7d"),
        ("2w", "14d"),
        ("1w1d1h1m1s1ms1us1ns", "8d1h1m1s1ms1us1ns"),
        ("0s", "0s"),
        ("-0s", "0s"),
        ("-1h30m", "-1h30m"),
        ("0h5m", "5m"),
        ("9223372036854775807ns", "106751d23h47m16s854ms775us807ns"),
        ("-9223372036854775808ns", "-106751d23h47m16s854ms775us808ns"),
    ],
)
def test_a_duration_has_one_spelling(text: str, spelled: str) -> None:
    duration = times.parse_duration(text)
    assert str(duration) == spelled
    assert times.parse_duration(spelled) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "5",
        "m",
        "5x",
        "1.5h",
        "1h 30m",
        "30m1h",
        "1h1h",
        "1H",
        "+5m",
        "--5m",
        "5m-",
        "5µs",
        "５m",
        "1y",
        "1mo",
        "9223372036854775808ns",
        "-9223372036854775809ns",
        "999999999999w",
        "9" * 150 + "s",
        "1h" * 100,
        "9" * 9999 + "s",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueFault) as fault:
        times.parse_duration(text)
    assert fault.value.code == "bad_input"


def test_arithmetic_is_exact_and_faults_outside_the_range() -> None:
    noon = times.parse_time("2026-11-22T12:00:00Z")
    hour = times.parse_duration("1h")
    assert str(times.time_plus(noon, hour)) == "2026-11-22T13:00:00Z"
    assert str(times.time_minus(noon, hour)) == "2026-11-22T11:00:00Z"
    assert str(times.time_difference(times.time_plus(noon, hour), noon)) == "1h"
    assert str(times.duration_times(hour, -25)) == "-1d1h"
    assert str(times.duration_minus(hour, times.parse_duration("90m"))) == "-30m"
    assert str(times.duration_plus(hour, hour)) == "2h"
    assert type(times.time_plus(noon, hour)) is Time
    assert type(times.duration_negate(hour)) is Duration
    longest, shortest = Duration(2**63 - 1), Duration(-(2**63))
    for compute in (
        lambda: times.time_plus(times.TIME_MAX, Duration(1)),
        lambda: times.time_minus(times.TIME_MIN, Duration(1)),
        lambda: times.time_difference(times.TIME_MAX, times.TIME_MIN),
        lambda: times.duration_plus(longest, Duration(1)),
        lambda: times.duration_minus(shortest, Duration(1)),
        lambda: times.duration_times(longest, 2),
        lambda: times.duration_negate(shortest),
    ):
        with pytest.raises(ValueFault) as fault:
            compute()
        assert fault.value.code == "overflow"
