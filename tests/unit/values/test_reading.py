from __future__ import annotations

import collections
import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from tenetlang.values.collections import JSON_TRUE, NULL, Map, Record
from tenetlang.values.network import Cidr, Ip, parse_email, parse_ip
from tenetlang.values.reading import (
    DATA_LIMITS,
    REQUEST_LIMITS,
    InvalidRequest,
    path_text,
    read_json,
    read_python,
)
from tenetlang.values.times import parse_duration, parse_time
from tenetlang.values.versions import parse_semver

# One row for each thing that JSON parsers read silently and differently: the document, where it is refused, and a
# part of the reason. The nesting, the sizes and the encodings have tests of their own below.
HOSTILE: list[tuple[bytes | str, str, str]] = [
    (b'{"a": 1, "a": 1}', "", 'the key "a" is there twice'),
    (b'{"x": [{"a": 1, "b": 2, "a": 3}]}', "x[0]", 'the key "a" is there twice'),
    (b'{"a": 1, "\\u0061": 2}', "", 'the key "a" is there twice'),
    (b'{"a:": 1, "a\\u003a": ":"}', "", 'the key "a:" is there twice'),
    (b'{"a": ":::", "a": "\\u003a\\u003a"}', "", 'the key "a" is there twice'),
    (b'{"a": {"b": 1}, "a": "::"}', "", 'the key "a" is there twice'),
    (b'{"": 1, "": 2}', "", 'the key "" is there twice'),
    ('{"é": 1, "\\u00e9": 2}', "", 'the key "é" is there twice'),
    (b'{"a": NaN}', "a", "NaN is not JSON"),
    (b'{"a": [Infinity]}', "a[0]", "Infinity is not JSON"),
    (b'{"a": -Infinity}', "a", "-Infinity is not JSON"),
    (b'{"a": nan}', "", "not JSON"),
    (b'{"a": 1e999}', "a", "digits"),
    (b'{"a": -1E+999}', "a", "digits"),
    (b'{"a": 1e999999999}', "a", "digits"),
    (b'{"a": 1e-999999999}', "a", "digits"),
    (b'{"a": 1e99999999999999999999}', "a", "digits"),
    (b'{"a": 0.1234567890123}', "a", "digits"),
    (b'{"a": 1000000000000000000.5}', "a", "digits"),
    (b'{"a": 9223372036854775808}', "a", "64 bits"),
    (b'{"a": -9223372036854775809}', "a", "64 bits"),
    (b'{"a": 18446744073709551615}', "a", "64 bits"),
    (b'{"a": [0, ' + b"9" * 100_000 + b"]}", "a[1]", "64 bits"),
    (b'{"a": 9223372036854775808.0}', "a", "digits"),
    (b'{"a": 01}', "", "not JSON"),
    (b'{"a": +1}', "", "not JSON"),
    (b'{"a": .5}', "", "not JSON"),
    (b'{"a": 5.}', "", "not JSON"),
    (b'{"a": 0x10}', "", "not JSON"),
    (b'{"a": 1_000}', "", "not JSON"),
    (b'{"a": "\\ud800"}', "a", "half of a surrogate pair"),
    (b'{"a": "\\udc00\\ud800"}', "a", "half of a surrogate pair"),
    (b'{"a": "\\ud800\\ud800\\udc00"}', "a", "half of a surrogate pair"),
    (b'{"\\udfff": 1}', "", "half of a surrogate pair"),
    ('{"a": "\ud800"}', "", "half of a surrogate pair"),
    (b'{"a": "\xed\xa0\x80"}', "", "not UTF-8"),
    (b'{"a": "\xff"}', "", "not UTF-8"),
    (b'{"a": "\xc0\xaf"}', "", "not UTF-8"),
    (b'{"a": "\xf4\x90\x80\x80"}', "", "not UTF-8"),
    ('{"a": "é"}'.encode("latin-1"), "", "not UTF-8"),
    ('{"a": 1}'.encode("utf-16"), "", "not"),
    (b"\xef\xbb\xbf{}", "", "byte order mark"),
    ("\ufeff{}", "", "byte order mark"),
    (b"", "", "not JSON"),
    (b" ", "", "not JSON"),
    (b"{} {}", "", "not JSON"),
    (b"{}\0", "", "not JSON"),
    (b"{}x", "", "not JSON"),
    (b"{'a': 1}", "", "not JSON"),
    (b'{"a": 1,}', "", "not JSON"),
    (b"[1,]", "", "not JSON"),
    (b"{a: 1}", "", "not JSON"),
    (b'{"a" 1}', "", "not JSON"),
    (b'{"a": 1} // x', "", "not JSON"),
    (b'/* x */ {"a": 1}', "", "not JSON"),
    (b'{"a": "\n"}', "", "not JSON"),
    (b'{"a": "\\x41"}', "", "not JSON"),
    (b'{"a": "\\u00g0"}', "", "not JSON"),
    (b'{"a": True}', "", "not JSON"),
    (b'{"a": "x', "", "not JSON"),
    (b"{1: 2}", "", "not JSON"),
    (b"{}\x0c", "", "not JSON"),
    ("{}\u00a0", "", "not JSON"),
    (b"\x1f\x8b\x08", "", "not"),
]


@pytest.mark.parametrize(("document", "path", "reason"), HOSTILE, ids=[repr(row[0])[:60] for row in HOSTILE])
def test_what_parsers_read_differently_is_refused_with_its_place(document: bytes | str, path: str, reason: str) -> None:
    began = time.process_time()
    with pytest.raises(InvalidRequest) as refusal:
        read_json(document)
    assert refusal.value.path == path
    assert reason in refusal.value.reason
    assert len(str(refusal.value)) < 400
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (b"{}", {}),
        (b' \t\r\n{"a" : [ 1 , true , null ] } \n', {"a": [1, True, None]}),
        (b'{"a": 1.0, "b": 1e2, "c": -0, "d": -0.0}', {"a": 1, "b": 100, "c": 0, "d": 0}),
        (b'{"a": 20.50}', {"a": Decimal("20.5")}),
        (b'{"a": 9223372036854775807}', {"a": 2**63 - 1}),
        (b'{"a": -9223372036854775808}', {"a": -(2**63)}),
        (b'{"card": "4000123412341234123412341234"}', {"card": "4000123412341234123412341234"}),
        (b'{"at": "10:00:00", "a:b": ":"}', {"at": "10:00:00", "a:b": ":"}),
        (b'{"a\\u003a": "\\u003a"}', {"a:": ":"}),
        (b'{"a": "\\ud83d\\ude00\\u0000"}', {"a": "\U0001f600\0"}),
        ('{"ключ": "значение"}', {"ключ": "значение"}),
        (b'{"a": {"b": 1}, "c": {"b": 1}}', {"a": {"b": 1}, "c": {"b": 1}}),
        (b'"x"', "x"),
        (b"null", None),
    ],
)
def test_the_rest_of_json_is_read(document: bytes | str, value: object) -> None:
    read = read_json(document)
    assert read == value
    assert json.dumps(read, default=str) == json.dumps(value, default=str)
    assert read_python(read) == value


def test_bytes_may_come_in_any_kind_of_buffer() -> None:
    assert read_json(bytearray(b'{"a": 1}')) == read_json(memoryview(b'{"a": 1}')) == {"a": 1}


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_nesting_has_a_limit(brackets: str) -> None:
    def nested(depth: int) -> str:
        opening, closing = ("[", "]") if brackets == "[]" else ('{"a":', "}")
        return opening * (depth - 1) + brackets + closing * (depth - 1)

    read_json(nested(32))
    read_python(json.loads(nested(32)))
    read_json("[" + nested(31) + "," + nested(31) + "]")
    for depth in (33, 900, 100_000):
        with pytest.raises(InvalidRequest, match="nested deeper than 32"):
            read_json(nested(depth))
    for depth in (33, 200):
        with pytest.raises(InvalidRequest, match="nested deeper than 32"):
            read_python(json.loads(nested(depth)))


def test_the_number_of_values_has_a_limit() -> None:
    within = [0] * 49_999
    assert read_json(json.dumps(within)) == within
    assert read_python(within) == within
    too_many: list[object] = [[0] * 50_000, {str(i): 0 for i in range(50_000)}, [[]] * 50_000, [[0] * 25_000] * 2]
    for document in too_many:
        with pytest.raises(InvalidRequest, match="more than 50000 values"):
            read_json(json.dumps(document))
        with pytest.raises(InvalidRequest, match="more than 50000 values"):
            read_python(document)


def test_strings_and_keys_have_a_limit_in_bytes() -> None:
    longest = "x" * 2**18
    assert read_json(json.dumps({"a": longest})) == {"a": longest}
    for string in (longest + "x", "é" * (2**17 + 1)):
        for document in ({"a": string}, {string: 1}):
            with pytest.raises(InvalidRequest, match="more than 262144 bytes"):
                read_json(json.dumps(document, ensure_ascii=False))
            with pytest.raises(InvalidRequest, match="more than 262144 bytes"):
                read_python(document)


def test_the_whole_document_has_a_limit_in_bytes() -> None:
    document = {str(i): "x" * 200_000 for i in range(5)}
    assert read_json(json.dumps(document)) == document
    read_json(json.dumps(document).ljust(2**20))
    with pytest.raises(InvalidRequest, match="more than 1048576 bytes"):
        read_json(json.dumps(document).ljust(2**20 + 1))
    with pytest.raises(InvalidRequest, match="more than 1048576 bytes"):
        read_python({str(i): "x" * 200_000 for i in range(6)})
    assert read_json(json.dumps([[0] * 10] * 10_000), DATA_LIMITS) == [[0] * 10] * 10_000


def test_a_document_with_a_hundred_thousand_keys_is_refused_quickly() -> None:
    keys = ",".join(f'"{i}":0' for i in range(90_000))
    began = time.process_time()
    with pytest.raises(InvalidRequest):
        read_json("{" + keys + ',"89999":0}')
    assert time.process_time() - began < 3


def test_python_objects_become_what_json_would_have_given() -> None:
    moment = dt.datetime(2026, 11, 22, 21, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    read = read_python(
        {
            "float": 0.1,
            "whole": 2.0,
            "decimal": Decimal("1.50"),
            "tuple": (1, 2),
            "set": {"b", "a"},
            "moment": moment,
            "time": parse_time("2026-11-22T20:00:00Z"),
            "duration": parse_duration("90m"),
            "ip": parse_ip("::1"),
            "email": parse_email("a@B.c"),
            "json": Map({"a": (NULL, JSON_TRUE)}),
            "record": Record({"a": 1}),
        }
    )
    assert read == {
        "float": Decimal("0.1"),
        "whole": 2,
        "decimal": Decimal("1.5"),
        "tuple": [1, 2],
        "set": ["a", "b"],
        "moment": "2026-11-22T20:00:00Z",
        "time": "2026-11-22T20:00:00Z",
        "duration": "1h30m",
        "ip": "::1",
        "email": "a@b.c",
        "json": {"a": [None, True]},
        "record": {"a": 1},
    }
    assert isinstance(read, dict)
    assert {type(value) for value in read.values()} == {Decimal, int, list, str, dict}


def test_the_result_is_a_copy() -> None:
    request = {"a": [1]}
    read = read_python(request)
    request["a"].append(2)
    assert read == {"a": [1]}


class Loud:
    """Whatever is asked of it, it raises; so nothing must be asked of it."""

    def __getattribute__(self, name: str) -> object:
        raise SystemExit(name)

    def __eq__(self, other: object) -> bool:
        raise SystemExit

    def __hash__(self) -> int:
        return 1

    def __repr__(self) -> str:
        raise SystemExit

    def __iter__(self) -> Iterator[object]:
        raise SystemExit

    def __len__(self) -> int:
        raise SystemExit

    def __bool__(self) -> bool:
        raise SystemExit


class LoudText(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise SystemExit

    __hash__ = str.__hash__

    def isascii(self) -> bool:
        raise SystemExit

    def __str__(self) -> str:
        raise SystemExit


class LoudDict(dict[str, object]):
    def items(self) -> object:  # type: ignore[override]
        raise SystemExit

    def __iter__(self) -> Iterator[str]:
        raise SystemExit

    def __len__(self) -> int:
        raise SystemExit


class LoudInt(int):
    def __ge__(self, other: object) -> bool:
        raise SystemExit

    __le__ = __gt__ = __lt__ = __ge__


class LoudFloat(float):
    def __sub__(self, other: object) -> float:
        raise SystemExit


class LoudZone(dt.tzinfo):
    def utcoffset(self, moment: dt.datetime | None, /) -> dt.timedelta | None:
        raise ZeroDivisionError

    def dst(self, moment: dt.datetime | None, /) -> dt.timedelta | None:
        raise ZeroDivisionError

    def tzname(self, moment: dt.datetime | None, /) -> str | None:
        raise ZeroDivisionError


HOSTILE_OBJECTS: list[object] = [
    Loud(),
    {Loud(): 1},
    {Loud()},
    LoudText("x"),
    {LoudText("x"): 1},
    LoudDict(a=1),
    LoudInt(1),
    LoudFloat(1),
    collections.OrderedDict(a=1),
    collections.UserDict(a=1),
    type,
    b"x",
    bytearray(b"x"),
    1j,
    ...,
    range(3),
    iter([1]),
    dt.date(2026, 1, 1),
    dt.datetime(2026, 1, 1),  # noqa: DTZ001
    dt.datetime(2026, 1, 1, tzinfo=LoudZone()),
    dt.datetime(1, 1, 1, tzinfo=dt.UTC),
    float("nan"),
    float("inf"),
    1e300,
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("1e999999"),
    2**63,
    -(10**5000),
    "\ud800",
    {"\ud800": 1},
    {1: 1},
    {None: 1},
    {(1, 2): 1},
    {"a"} | {1, "\udfff"},
]


@pytest.mark.parametrize("hostile", range(len(HOSTILE_OBJECTS)))
def test_hostile_objects_raise_nothing_but_invalid_request(hostile: int) -> None:
    for request in (HOSTILE_OBJECTS[hostile], {"args": {"a": [HOSTILE_OBJECTS[hostile]]}}):
        with pytest.raises(InvalidRequest) as refusal:
            read_python(request)
        assert len(str(refusal.value)) < 400


def test_cycles_and_shared_objects_come_to_an_end() -> None:
    cycle: list[object] = []
    cycle.extend([cycle] * 10)
    ring: dict[str, object] = {}
    ring["a"] = ring
    shared: object = []
    for _ in range(30):
        shared = [shared] * 2
    for request in (cycle, ring, shared):
        began = time.process_time()
        with pytest.raises(InvalidRequest):
            read_python(request)
        assert time.process_time() - began < 2


def test_the_place_is_named() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read_python({"args": {"to": ["a", "b", 1.5, {"two words": 2**64}]}})
    assert refusal.value.path == 'args.to[3]["two words"]'
    assert str(refusal.value) == 'args.to[3]["two words"]: the number does not fit in 64 bits'
    assert path_text(("args", "to", 2)) == "args.to[2]"
    assert path_text(("\u202e", "x" * 100)) == '["\\u{202e}"]["' + "x" * 60 + '…"]'
    assert path_text(()) == ""


def test_the_limits_are_those_of_the_interface() -> None:
    assert (REQUEST_LIMITS.size, REQUEST_LIMITS.depth) == (1_048_576, 32)
    assert (REQUEST_LIMITS.values, REQUEST_LIMITS.string) == (50_000, 262_144)


# Numbers with one hash

PRIME = sys.hash_info.modulus
COLLIDING = [Decimal(number * PRIME).scaleb(-12) for number in range(1, 1_500)]


def spelled_plainly(number: Decimal) -> str:
    return f"{number:f}"


def spelled_with_an_exponent(number: Decimal) -> str:
    return f"{number.scaleb(12):f}e-12"


@pytest.mark.parametrize("spelled", [spelled_plainly, spelled_with_an_exponent])
def test_many_numbers_with_the_same_hash_are_refused(spelled: Callable[[Decimal], str]) -> None:
    with pytest.raises(InvalidRequest, match="chosen to have the same hash"):
        read_json(f'{{"a": [{", ".join(map(spelled, COLLIDING))}]}}')
    with pytest.raises(InvalidRequest, match="chosen to have the same hash"):
        read_python({"a": [{"b": number} for number in COLLIDING]})


@pytest.mark.parametrize(
    "values",
    [
        [Ip(6, number * PRIME) for number in range(1_000)],
        [Cidr(Ip(6, number * PRIME), 128) for number in range(1_000)],
        [parse_semver(f"1.0.{number * PRIME}") for number in range(1_000)],
    ],
)
def test_nobody_can_choose_addresses_or_versions_with_the_same_hash(values: list[object]) -> None:
    assert len(set(map(hash, values))) == 1_000


def test_many_numbers_that_are_equal_or_differ_by_chance_are_taken() -> None:
    numbers = [Decimal(number).scaleb(-3) for number in range(1, 4_000, 2)] + [Decimal("1.5")] * 2_000
    assert read_json(f"[{', '.join(map(str, numbers))}]") == read_python(numbers) == numbers
