from __future__ import annotations

import hashlib
import json
import struct
import sys
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from itertools import chain, count, islice
from pathlib import Path

import pytest
import rfc8785

from tenetlang.audit.canonical import (
    MAX_DEPTH,
    CanonicalError,
    canonical_bytes,
    digested_and_kept,
    number_text,
    profile_bytes,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "jcs"


@pytest.mark.parametrize("name", sorted(path.stem for path in (VECTORS / "input").iterdir()))
def test_the_documents_of_the_rfcs_author_come_out_byte_for_byte(name: str) -> None:
    value = json.loads((VECTORS / "input" / f"{name}.json").read_text("utf-8"), parse_float=Decimal)
    assert canonical_bytes(value, "round") == (VECTORS / "output" / f"{name}.json").read_bytes()
    assert canonical_bytes(value, "round").hex() == "".join((VECTORS / "outhex" / f"{name}.txt").read_text().split())


def published_doubles(static: list[str]) -> Iterator[int]:
    yield from (int(pattern, 16) for pattern in static)
    yield from range(0x0010000000000000, 0x0010000000000000 + 2_000)
    state = bytes(32)
    while True:
        state = hashlib.sha256(state).digest()
        for (pattern,) in struct.iter_unpack("<Q", state):
            exponent_is_full = pattern >> 52 & 0x7FF == 0x7FF
            if pattern & (1 << 63) - 1 and not exponent_is_full:
                yield pattern


def test_numbers_are_written_as_the_published_check_sums_say() -> None:
    published = json.loads((VECTORS / "es6-numbers.json").read_text())
    checksums = {entry["lines"]: entry["sha256"] for entry in published["checksums"]}
    digest, lines = hashlib.sha256(), 0
    for pattern in islice(published_doubles(published["static"]), 10_000):
        (value,) = struct.unpack("<d", struct.pack("<Q", pattern))
        digest.update(f"{pattern:x},{number_text(value)}\n".encode())
        lines += 1
        if lines in checksums:
            assert digest.hexdigest() == checksums[lines]
    assert lines in checksums


def test_the_fast_path_escapes_every_code_point_as_another_hand_does() -> None:
    for block in range(0, sys.maxunicode + 1, 0x1000):
        if not 0xD000 <= block < 0xE000:
            text = "".join(map(chr, range(block, block + 0x1000)))
            assert profile_bytes([text]) == rfc8785.dumps([text])
    for code in chain(range(0xD000, 0xD800), range(0x100)):
        assert canonical_bytes({"x": chr(code), "y": 0.5}) == rfc8785.dumps({"x": chr(code), "y": 0.5})


@pytest.mark.parametrize(
    "value, quoted, kept",
    [
        (9007199254740991, b"9007199254740991", b"9007199254740991"),
        (9007199254740992, b"9007199254740992", b"9007199254740992"),
        (9007199254740993, b'"9007199254740993"', b"9007199254740993"),
        (-9007199254740993, b'"-9007199254740993"', b"-9007199254740993"),
        (2**60, b'"1152921504606846976"', b"1152921504606846976"),
        (10**20, b"100000000000000000000", b"100000000000000000000"),
        (10**21, b"1e+21", b"1e+21"),
        (10**400, b'"1e+400"', b"1e+400"),
        (Decimal("20.00"), b"20", b"20"),
        (Decimal("0.1"), b"0.1", b"0.1"),
        (Decimal("333333333.33333329"), b'"333333333.33333329"', b"333333333.33333329"),
        (Decimal("1e999999999"), b'"1e+999999999"', b"1e+999999999"),
        (Decimal("1e-999999"), b'"1e-999999"', b"1e-999999"),
        (Decimal("0.000001"), b"0.000001", b"0.000001"),
        (Decimal("0.0000001"), b"1e-7", b"1e-7"),
        (Decimal("-0"), b"0", b"0"),
        (-0.0, b"0", b"0"),
        (0.1, b"0.1", b"0.1"),
        (1e22, b"1e+22", b"1e+22"),
    ],
)
def test_a_number_that_no_double_holds_is_digested_as_a_string_and_kept_with_its_digits(
    value: object, quoted: bytes, kept: bytes
) -> None:
    assert canonical_bytes(value, "quote") == quoted
    assert canonical_bytes(value, "keep") == kept
    assert digested_and_kept([value]) == (b"[" + quoted + b"]", b"[" + kept + b"]")


def test_two_amounts_never_share_a_digest() -> None:
    near = [9007199254740992, 9007199254740993, 9007199254740994, Decimal("9007199254740992.5")]
    assert len({canonical_bytes(amount) for amount in near}) == len(near)


def test_names_are_sorted_by_utf_16_code_units() -> None:
    assert canonical_bytes({"\ufb33": 1, "\U0001f602": 2, "a": 3}) == '{"a":3,"\U0001f602":2,"\ufb33":1}'.encode()


class Colour(Enum):
    RED = "red"


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        {"\udfff": 1},
        {"é\udfff": 1.5},
        [float("nan")],
        float("inf"),
        Decimal("NaN"),
        Decimal("Infinity"),
        {1: 2},
        {None: 0.5},
        object(),
        b"bytes",
        {1, 2},
        Colour.RED,
        2**100_000,
        nested(MAX_DEPTH + 1),
        nested(100_000),
        [0.5, nested(MAX_DEPTH)],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(CanonicalError):
        canonical_bytes(value)


def test_the_deepest_value_is_written() -> None:
    assert canonical_bytes(nested(MAX_DEPTH)) == b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH


def test_a_number_too_large_for_a_double_has_no_text_in_the_rfc() -> None:
    with pytest.raises(CanonicalError, match="too large"):
        canonical_bytes(Decimal("1e400"), "round")


@pytest.mark.parametrize("value", [0.5, Decimal(1), 2**53, -(2**53), {"é": 1}, {1: 1}, "\ud800", object(), nested(99)])
def test_the_profile_of_records_refuses_what_lies_outside_of_it(value: object) -> None:
    with pytest.raises(CanonicalError):
        profile_bytes({"member": value})


def test_tuples_are_lists_and_subclasses_of_text_are_text() -> None:
    class Name(str):
        __slots__ = ()

    assert canonical_bytes({Name("a"): (1, Name("b"))}) == b'{"a":[1,"b"]}'


def test_a_million_digits_are_written_in_good_time() -> None:
    digits = "9" * 1_000_000
    assert canonical_bytes(Decimal(digits)).startswith(b'"9.999')


def test_counting_values_up_gives_different_texts() -> None:
    assert len({canonical_bytes(value) for value in islice(count(2**53 - 50), 100)}) == 100
