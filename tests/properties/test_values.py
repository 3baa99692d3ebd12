"""What holds of all values, tried on values that Hypothesis invents."""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import itertools
import json
import random
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from ipaddress import ip_address, ip_network
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tenetlang.values import numbers, times
from tenetlang.values.collections import Record, from_json_value, to_json_value
from tenetlang.values.faults import ValueFault
from tenetlang.values.network import Cidr, Ip, parse_cidr, parse_email, parse_host, parse_ip
from tenetlang.values.order import sort_key, sorted_values
from tenetlang.values.parsing import PARSERS
from tenetlang.values.paths import Path, parse_path
from tenetlang.values.reading import REQUEST_LIMITS, InvalidRequest, _decode, _read_carefully, read_json, read_python
from tenetlang.values.render import text, to_plain
from tenetlang.values.times import Duration, Time
from tenetlang.values.urls import Url, parse_url
from tenetlang.values.versions import Semver

some = settings(max_examples=150, deadline=None)
many = settings(max_examples=400, deadline=None)

INTS = st.integers(numbers.INT_MIN, numbers.INT_MAX)
DECIMALS = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places, decimal.Context(prec=64)),
    st.integers(-(10**30) + 1, 10**30 - 1),
    st.integers(0, 12),
).filter(lambda number: abs(number) < 10**18)
TIMES = st.integers(int(times.TIME_MIN), int(times.TIME_MAX)).map(Time)
DURATIONS = st.integers(-(2**63), 2**63 - 1).map(Duration)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
IPS = st.integers(0, 2**32 - 1).map(lambda number: Ip(4, number)) | st.one_of(
    st.integers(0, 2**128 - 1), st.integers(0, 2**48 - 1), st.integers(0, 2**16 - 1).map(lambda n: n << 112)
).filter(lambda number: number >> 32 != 0xFFFF).map(lambda number: Ip(6, number))
CIDRS = st.builds(
    lambda ip, prefix: Cidr(
        Ip(ip.version, ip.number >> (ip.bits - prefix % (ip.bits + 1)) << (ip.bits - prefix % (ip.bits + 1))),
        prefix % (ip.bits + 1),
    ),
    IPS,
    st.integers(0, 128),
).filter(lambda block: block.network.version == 4 or block.network.number >> 32 != 0xFFFF)
LABELS = st.from_regex(r"[a-zA-Z]([a-zA-Z0-9]{0,5}[a-zA-Z0-9])?", fullmatch=True)
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(lambda labels: parse_host(".".join(labels)))
EMAILS = st.builds(
    lambda local, host: parse_email(f"{local}@{host}"),
    st.from_regex(r"[a-zA-Z!#$%&'*+/=?^_`{|}~-]{1,8}(\.[a-zA-Z0-9]{1,8})?", fullmatch=True),
    HOSTS,
)
SEGMENTS = st.lists(st.text(st.sampled_from("ab.%;é /~\U0001f600"), max_size=4), max_size=5)
IDENTIFIERS = st.one_of(st.integers(0, 99), st.from_regex(r"[0-9A-Za-z-]{0,3}[A-Za-z-]", fullmatch=True))
SEMVERS = st.builds(Semver, *[st.integers(0, 20)] * 3, st.lists(IDENTIFIERS, max_size=3).map(tuple))
JSON = st.recursive(
    st.none() | st.booleans() | INTS | DECIMALS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
JSON_VALUES = JSON.map(to_json_value)
VALUES = st.one_of(
    INTS,
    DECIMALS,
    TEXTS,
    st.booleans(),
    IPS,
    CIDRS,
    SEMVERS,
    st.lists(INTS | TEXTS, max_size=3).map(tuple),
    st.dictionaries(TEXTS, INTS, max_size=3).map(Record),
    st.frozensets(INTS, max_size=3),
)


# Texts and back


@many
@given(st.one_of(TIMES, DURATIONS, IPS, CIDRS, HOSTS, EMAILS, SEMVERS))
def test_reading_what_was_written_gives_the_same_value(value: object) -> None:
    again = PARSERS[type(value).__name__.lower()](str(value))
    assert again == value
    assert hash(again) == hash(value)
    assert str(again) == str(value)


@many
@given(DECIMALS | INTS)
def test_a_number_is_read_back_from_its_text(number: Decimal | int) -> None:
    spelled = numbers.decimal_text(number)
    assert numbers.parse_number(spelled) == number
    assert "e" not in spelled.lower()
    assert spelled == "0" or not spelled.startswith("-0") or spelled.startswith("-0.")
    assert "." not in spelled or spelled[-1] not in "0."


@many
@given(st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1e6, 1e6).map(lambda f: round(f, 3)))
def test_a_float_is_the_number_that_its_shortest_text_spells_or_refused(number: float) -> None:
    exact = Fraction(repr(number))
    try:
        read = numbers.number_from_float(number)
    except ValueFault:
        whole, _, places = f"{abs(Decimal(repr(number))):f}".partition(".")
        assert len(whole) > 18 or len(places.rstrip("0")) > 12
    else:
        assert Fraction(read) == exact
        assert isinstance(read, int) == (exact.denominator == 1)


@many
@given(st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_a_number_in_json_is_read_exactly_or_refused_by_its_digits(spelled: str) -> None:
    exact = Fraction(spelled)
    fits = (abs(exact) < 10**18 and (exact * 10**12).denominator == 1) or (
        exact.denominator == 1 and numbers.INT_MIN <= exact <= numbers.INT_MAX
    )
    if fits:
        assert Fraction(numbers.parse_number(spelled)) == exact
    else:
        with pytest.raises(ValueFault):
            numbers.parse_number(spelled)


@many
@given(st.text(st.sampled_from("0123456789+-.eE _n"), max_size=12))
def test_what_is_read_as_a_number_is_what_json_reads(spelled: str) -> None:
    try:
        expected = json.loads(spelled, parse_float=Decimal)
    except ValueError:
        expected = None
    assume(spelled == spelled.strip())
    try:
        read = numbers.parse_number(spelled)
    except ValueFault:
        return
    assert expected is not None
    assert read == expected


@some
@given(st.text(st.sampled_from("0123456789.:/%abcdefFx@-_~ TZ+wmsh\u0660é"), max_size=24))
def test_any_text_is_a_value_with_a_text_of_its_own_or_bad_input(written: str) -> None:
    codes = {"bad_input"}
    for name, parse in PARSERS.items():
        try:
            value = parse(written)
        except ValueFault as fault:
            codes.add(fault.code)
            continue
        assert parse(str(value)) == value, name
        assert str(parse(str(value))) == str(value), name
    assert codes == {"bad_input"}


# Numbers


def as_fraction(number: Decimal | int) -> Fraction:
    return Fraction(number)


@many
@given(DECIMALS, DECIMALS)
def test_sums_differences_and_products_are_exact(left: Decimal, right: Decimal) -> None:
    for compute, exact in (
        (numbers.add, as_fraction(left) + as_fraction(right)),
        (numbers.subtract, as_fraction(left) - as_fraction(right)),
        (numbers.multiply, as_fraction(left) * as_fraction(right)),
    ):
        assert as_fraction(compute(left, right)) == exact


@some
@given(st.lists(DECIMALS, max_size=60))
def test_products_are_exact_or_a_fault(factors: list[Decimal]) -> None:
    product, exact = Decimal(1), Fraction(1)
    for factor in factors:
        exact *= as_fraction(factor)
        try:
            product = numbers.multiply(product, factor)
        except ValueFault:
            significant = str(exact.numerator * 10**1500 // exact.denominator).strip("-").strip("0")
            assert len(significant) > 64 or abs(exact) >= 10**64 or (exact * 10**64).denominator != 1
            return
        assert as_fraction(product) == exact


@many
@given(DECIMALS, DECIMALS.filter(bool))
def test_a_quotient_is_the_nearest_number_of_12_places(left: Decimal, right: Decimal) -> None:
    exact = as_fraction(left) / as_fraction(right)
    assert as_fraction(numbers.divide(left, right)) == Fraction(round(exact * 10**12), 10**12)


@many
@given(DECIMALS, st.integers(-20, 14), st.sampled_from(sorted(numbers.ROUNDING_MODES)))
def test_rounding_is_what_its_name_says(number: Decimal, places: int, mode: str) -> None:
    unit = Fraction(10) ** -places
    scaled = as_fraction(number) / unit
    below = scaled.numerator // scaled.denominator
    above = below if scaled.denominator == 1 else below + 1
    nearer = below if scaled - below < above - scaled else above
    tie = scaled - below == above - scaled
    outward, inward = (above, below) if scaled > 0 else (below, above)
    expected = {
        "floor": below,
        "ceiling": above,
        "up": outward,
        "down": inward,
        "half_up": outward if tie else nearer,
        "half_even": (below if below % 2 == 0 else above) if tie else nearer,
    }[mode]
    assert as_fraction(numbers.rounded(number, places, mode)) == expected * unit


@some
@given(INTS, INTS.filter(bool))
def test_floor_div_and_modulo_belong_together(left: int, right: int) -> None:
    assume((left, right) != (numbers.INT_MIN, -1))
    assert numbers.floor_div(left, right) * right + numbers.modulo(left, right) == left
    assert abs(numbers.modulo(left, right)) < abs(right)


# Times


@some
@given(TIMES, DURATIONS)
def test_adding_a_duration_and_taking_it_away_leaves_the_time(time: Time, duration: Duration) -> None:
    try:
        later = times.time_plus(time, duration)
    except ValueFault:
        assert not times.TIME_MIN <= int(time) + int(duration) <= times.TIME_MAX
        return
    assert times.time_minus(later, duration) == time
    assert times.time_difference(later, time) == duration


@some
@given(
    st.datetimes(
        min_value=dt.datetime(1700, 1, 1),  # noqa: DTZ001
        max_value=dt.datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.timezones(),
    )
)
def test_a_datetime_is_the_same_moment_as_its_iso_text(moment: dt.datetime) -> None:
    offset = moment.utcoffset()
    assume(offset is not None and offset % dt.timedelta(minutes=1) == dt.timedelta())
    assert times.time_from_datetime(moment) == times.parse_time(moment.isoformat())


# Networks and paths


@some
@given(IPS)
def test_addresses_agree_with_the_standard_library(ip: Ip) -> None:
    assert str(ip) == str(ip_address(str(ip)))
    assert ip.number == int(ip_address(str(ip)))


@some
@given(st.text(st.sampled_from("0123456789abf:.%/"), max_size=20))
def test_no_address_is_read_that_the_standard_library_reads_otherwise(written: str) -> None:
    try:
        ip = parse_ip(written)
    except ValueFault:
        return
    assert int(ip_address(written)) == ip.number
    assert ip_address(written).version == ip.version


@some
@given(CIDRS, CIDRS, IPS)
def test_blocks_agree_with_the_standard_library(block: Cidr, other: Cidr, ip: Ip) -> None:
    network, second, address = ip_network(str(block)), ip_network(str(other)), ip_address(str(ip))
    assert parse_cidr(str(block)) == block
    assert block.contains(ip) == (address in network)
    if block.network.version == other.network.version:
        assert block.overlaps(other) == network.overlaps(second)
        assert block.contains_cidr(other) == (
            {second[0], second[-1]} <= {a for a in (second[0], second[-1]) if a in network}
        )


@many
@given(SEGMENTS, st.booleans())
def test_a_path_says_the_same_after_another_reading(segments: list[str], absolute: bool) -> None:
    written = ("/" if absolute else "") + "/".join(segments)
    try:
        path = parse_path(written)
    except ValueFault:
        pass
    else:
        assert parse_path(path) == path
        assert parse_path(path).segments == path.segments
        assert Path("/" + "/".join(path.segments)).segments == path.segments
        assert not {"", ".", ".."} & set(path.segments)


@many
@given(SEGMENTS, st.sampled_from(["", "?a=%41", "?", "#x", "?%2f#%7e", ":443", ":80"]))
def test_a_url_says_the_same_after_another_reading(segments: list[str], end: str) -> None:
    path = "/".join(segments)
    written = f"HTTPS://Host.example{end}/{path}" if end.startswith(":") else f"HTTPS://Host.example/{path}{end}"
    try:
        url = parse_url(written)
    except ValueFault:
        return
    again = parse_url(url)
    assert again == url
    assert url.isascii()
    for name in Url.__slots__:
        assert getattr(again, name) == getattr(url, name)
    assert not {".", ".."} & set(url.segments)
    assert all("/" not in segment and "\\" not in segment for segment in url.segments)


@many
@given(SEGMENTS.map(lambda segments: [segment.replace("/", "") for segment in segments]))
def test_a_segment_of_a_url_is_what_was_escaped(segments: list[str]) -> None:
    assume(all("." not in segment for segment in segments))
    url = parse_url("https://host.example/" + "/".join(quote(segment, safe="") for segment in segments))
    assert url.segments == (() if segments in ([], [""]) else tuple(segments))


# Order


def less(left: object, right: object) -> bool:
    return sort_key(left) < sort_key(right)


@many
@given(VALUES, VALUES, VALUES)
def test_the_order_is_total_and_agrees_with_equality(a: object, b: object, c: object) -> None:
    if type(a) is type(b) or {type(a), type(b)} <= {int, Decimal}:
        assert [less(a, b), a == b, less(b, a)].count(True) == 1
    else:
        assert less(a, b) != less(b, a)
    if less(a, b) and less(b, c):
        assert less(a, c)


@some
@given(JSON_VALUES, JSON_VALUES)
def test_the_order_of_json_agrees_with_equality(a: object, b: object) -> None:
    assert [less(a, b), a == b, less(b, a)].count(True) == 1
    if a == b:
        assert hash(a) == hash(b)
        assert text(a) == text(b)


@some
@given(st.lists(JSON_VALUES, max_size=6), st.randoms())
def test_a_set_iterates_in_one_order(values: list[object], chance: random.Random) -> None:
    shuffled = values.copy()
    chance.shuffle(shuffled)
    assert sorted_values(frozenset(shuffled)) == sorted_values(frozenset(values))
    assert text(frozenset(shuffled)) == text(frozenset(values))
    in_order = sorted_values(values)
    assert all(not less(after, before) for before, after in itertools.pairwise(in_order))


@some
@given(st.one_of([st.lists(kind, max_size=6) for kind in (TIMES, DURATIONS, HOSTS, EMAILS, SEMVERS, IPS, TEXTS)]))
def test_sorting_by_key_and_sorting_by_type_agree(values: list[object]) -> None:
    assert sorted_values(values) == sorted(values, key=sort_key)


# Reading


def refused(read: Callable[[], object]) -> bool:
    try:
        read()
    except InvalidRequest:
        return True
    return False


def dumped(document: object) -> str:
    def number(value: object) -> object:
        if isinstance(value, Decimal):
            return {"DECIMAL": numbers.decimal_text(value)}
        raise TypeError

    marked = json.dumps(document, default=number)
    return re.sub(r'\{"DECIMAL": "([-0-9.]+)"\}', r"\1", marked)


@many
@given(JSON)
def test_a_document_is_read_as_the_standard_library_reads_it(document: object) -> None:
    written = dumped(document)
    read = read_json(written)
    assert read == document
    assert read == read_json(written.encode()) == read_python(document)
    assert to_plain(to_json_value(read)) == to_plain(to_json_value(document))
    assert from_json_value(to_json_value(read)) == read


PIECES = st.sampled_from(
    [
        *'{}[]:,"\\ ',
        '"a"',
        '"b"',
        '"a":',
        '"a":1',
        '"a:":',
        '"\\u0061":',
        '"\\u003a":',
        "1",
        "-0",
        "1.50",
        "1e2",
        "1e99",
        "9223372036854775808",
        "18446744073709551615",
        '"9999999999999999999"',
        "NaN",
        "null",
        "true",
        '"\\ud800"',
        '"\\ud83d\\ude00"',
        "é",
        "\x00",
        "[[[",
        "]]]",
        "{}",
        "[]",
    ]
)


@settings(max_examples=800, deadline=None)
@given(
    st.lists(PIECES, max_size=9).map("".join)
    | st.lists(PIECES, max_size=6).map(lambda parts: "{" + ",".join(parts) + "}")
)
def test_the_fast_way_and_the_careful_way_agree(written: str) -> None:
    document = written.encode()
    if refused(lambda: _read_carefully(document, REQUEST_LIMITS)):
        assert refused(lambda: read_json(document))
    else:
        careful = _read_carefully(document, REQUEST_LIMITS)
        assert read_json(document) == careful == _decode(document)
        assert repr(read_json(document)) == repr(careful)


@some
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "a:", "é"]), st.text(st.sampled_from(':\\"ua3'), max_size=4)), max_size=4
    )
)
def test_keys_are_refused_exactly_if_one_is_there_twice(pairs: list[tuple[str, str]]) -> None:
    keys = [key for key, _ in pairs]
    for escape in (True, False):
        members = ",".join(f"{json.dumps(key, ensure_ascii=escape)}:{json.dumps(value)}" for key, value in pairs)
        written = '{"outer":[{' + members + "}]}"
        assert refused(functools.partial(read_json, written)) == (len(set(keys)) < len(keys))


@some
@given(st.binary(max_size=40))
def test_random_bytes_raise_nothing_but_invalid_request(document: bytes) -> None:
    if not refused(lambda: read_json(document)):
        assert read_json(document) == json.loads(document, parse_float=Decimal)


ODD = st.recursive(
    st.one_of(
        st.none(),
        st.floats(),
        st.decimals(),
        st.integers(),
        st.text(),
        st.binary(),
        st.complex_numbers(),
        st.datetimes(),
    ),
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(), st.integers(), st.none()), inner),
    ),
    max_leaves=8,
)


@some
@given(ODD)
def test_any_python_object_is_read_or_refused(value: object) -> None:
    try:
        read = read_python(value)
    except InvalidRequest:
        return
    assert read_python(read) == read
    assert to_plain(to_json_value(read)) == to_plain(to_json_value(read_python(read)))
