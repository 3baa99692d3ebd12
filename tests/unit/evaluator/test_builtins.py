"""The builtins: against their declarations, against outside vectors, and at their limits."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from tenetlang.evaluator.builtins import BUILTINS, FAULTS, MAY_BE_ABSENT
from tenetlang.syntax import tree
from tenetlang.syntax.parse import parse
from tenetlang.text import Text
from tenetlang.values.collections import JSON_TRUE, NULL, Map, to_json_value
from tenetlang.values.faults import ValueFault
from tenetlang.values.network import Cidr, Host, Ip, parse_cidr, parse_ip
from tenetlang.values.times import Duration, Time, parse_time_literal
from tenetlang.values.versions import parse_semver

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors" / "opa-builtins" / "vectors.jsonl"

LARGEST_STRING = 256 * 1024
LARGEST_COLLECTION = 50_000


def call(name: str, *arguments: object) -> object:
    return BUILTINS[name](*arguments)


def fault_of(name: str, *arguments: object) -> str:
    with pytest.raises(ValueFault) as caught:
        call(name, *arguments)
    assert caught.value.code in FAULTS[name]
    return caught.value.code


def seconds_of(name: str, *arguments: object) -> float:
    """Of this process, so that a busy machine is no slower, and without a tracer that looks at every line."""
    tracer = sys.gettrace()
    sys.settrace(None)
    started = time.process_time()
    try:
        call(name, *arguments)
    finally:
        sys.settrace(tracer)
    return time.process_time() - started


# The declarations in stdlib/


@functools.cache
def extern_functions() -> dict[str, tree.FunctionDeclaration]:
    found: dict[str, tree.FunctionDeclaration] = {}
    for file in sorted((ROOT / "stdlib").glob("*.tenet")):
        parsed, findings = parse(Text(file.name, file.read_text(encoding="utf-8")))
        assert not findings
        for declaration in parsed.declarations:
            if isinstance(declaration, tree.FunctionDeclaration) and declaration.body is None:
                found[f"std.{file.stem}.{declaration.name}"] = declaration
    return found


def test_every_extern_function_has_a_builtin_and_every_builtin_of_std_is_declared() -> None:
    assert sorted(extern_functions()) == sorted(name for name in BUILTINS if name.startswith("std."))


@pytest.mark.parametrize("name", sorted(extern_functions()))
def test_the_declared_faults_are_those_of_the_table(name: str) -> None:
    declared: set[str] = set()
    for annotation in extern_functions()[name].annotations:
        assert annotation.name == "faults"
        declared |= {argument.value for argument in annotation.arguments if isinstance(argument, tree.String)}
    assert declared == FAULTS.get(name, frozenset())


def test_the_table_of_faults_names_builtins_only() -> None:
    assert set(FAULTS) <= set(BUILTINS)
    assert set(MAY_BE_ABSENT) <= set(BUILTINS)


@pytest.mark.parametrize("file", sorted((ROOT / "stdlib").glob("*.tenet")), ids=lambda file: file.stem)
def test_every_function_of_the_library_is_tested_beside_its_declaration(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    parsed, _ = parse(Text(file.name, text))
    tests = " ".join(d.at.source for d in parsed.declarations if isinstance(d, tree.TestDeclaration))
    functions = [
        d.name for d in parsed.declarations if isinstance(d, tree.FunctionDeclaration) and not d.name.startswith("_")
    ]
    assert [name for name in functions if f"{name}(" not in tests] == []


# Outside vectors: what Open Policy Agent says


def decoded(value: object) -> object:
    """A value of a vector as a run-time value."""
    match value:
        case {"$set": [*members]}:
            return frozenset(map(decoded, members))
        case dict():
            return Map({key: decoded(member) for key, member in value.items()})
        case list():
            return tuple(map(decoded, value))
        case _:
            return value


def sorted_if_set(value: object) -> object:
    return tuple(sorted(value)) if isinstance(value, frozenset) else value


def cidr_contains(block: str, other: str) -> bool:
    outer = parse_cidr(block)
    return outer.contains_cidr(parse_cidr(other)) if "/" in other else outer.contains(parse_ip(other))


def semver_compare(left: str, right: str) -> int:
    first, second = parse_semver(left), parse_semver(right)
    return (first > second) - (first < second)


def merged(blocks: tuple[str, ...] | frozenset[str]) -> object:
    result = call("std.net.merge", frozenset(map(parse_cidr, blocks)))
    assert isinstance(result, frozenset)
    return tuple(map(str, sorted(result)))


def builtin(name: str) -> Callable[..., object]:  # type: ignore[explicit-any]  # of any arguments
    return BUILTINS[name]


COVERED: Mapping[str, Callable[..., object]] = {  # type: ignore[explicit-any]  # of any arguments
    "abs": builtin("abs"),
    "array.flatten": builtin("flatten"),
    "base64.decode": builtin("std.encoding.base64_decode"),
    "base64.encode": builtin("std.encoding.base64_encode"),
    "base64url.decode": builtin("std.encoding.base64url_decode"),
    "base64url.encode": builtin("std.encoding.base64url_encode"),
    "base64url.encode_no_pad": builtin("std.encoding.base64url_encode"),
    "ceil": lambda number: call("std.numbers.ceil", Decimal(number)),
    "concat": lambda separator, parts: call("std.text.join", parts, separator),
    "contains": builtin("contains"),
    "count": builtin("count"),
    "endswith": builtin("std.text.ends_with"),
    "floor": lambda number: call("std.numbers.floor", Decimal(number)),
    "hex.decode": builtin("std.encoding.hex_decode"),
    "hex.encode": builtin("std.encoding.hex_encode"),
    "indexof": builtin("std.text.index_of"),
    "is_null": lambda value: call("std.json.type_name", to_json_value(value)) == "null",
    "is_number": lambda value: call("std.json.type_name", to_json_value(value)) == "number",
    "is_object": lambda value: call("std.json.type_name", to_json_value(value)) == "object",
    "is_string": lambda value: call("std.json.type_name", to_json_value(value)) == "string",
    "max": builtin("max"),
    "min": builtin("min"),
    "net.cidr_contains": cidr_contains,
    "net.cidr_intersects": lambda left, right: call("std.net.overlap", parse_cidr(left), parse_cidr(right)),
    "net.cidr_is_valid": builtin("std.net.is_cidr"),
    "net.cidr_merge": merged,
    "numbers.range": builtin("std.numbers.range"),
    "numbers.range_step": builtin("std.numbers.range_by"),
    "object.keys": builtin("keys"),
    "replace": builtin("std.text.replace"),
    "semver.compare": semver_compare,
    "sort": builtin("sort"),
    "startswith": builtin("std.text.starts_with"),
    "strings.count": builtin("std.text.occurrences"),
    "substring": builtin("std.text.substring"),
    "time.add_date": lambda moment, *parts: call("std.time.add_date", Time(moment), *parts),
    "time.parse_duration_ns": builtin("std.time.parse_duration"),
    "time.weekday": lambda moment: call("std.time.weekday", Time(moment)),
    "to_number": builtin("to_decimal"),
    "trim": builtin("std.text.trim_characters"),
    "trim_left": builtin("std.text.trim_characters_start"),
    "trim_prefix": builtin("std.text.trim_prefix"),
    "trim_right": builtin("std.text.trim_characters_end"),
    "trim_space": builtin("std.text.trim"),
    "trim_suffix": builtin("std.text.trim_suffix"),
    "type_name": lambda value: call("std.json.type_name", to_json_value(value)),
    "units.parse": builtin("std.units.quantity"),
    "units.parse_bytes": builtin("std.units.bytes"),
    "urlquery.decode": builtin("std.encoding.percent_decode"),
    "urlquery.encode": builtin("std.encoding.percent_encode"),
}

OPERATOR = "an operator of the language"
IN_TENET = "written in Tenet, and tested in stdlib/"
BY_TYPE = "a question about types, which the checker answers"
PARTLY = "searches and rewrites with patterns; Tenet's patterns match whole strings"
GENERIC = "changes objects of any shape; Tenet's records have types"
HOST_BITS = "a block with bits set after the prefix is invalid in Tenet"
NOT_THERE = "there is no such function in Tenet"

SKIPPED = {
    **dict.fromkeys(["minus", "mul", "neq", "or", "plus", "rem", "array.concat", "object.get"], OPERATOR),
    **dict.fromkeys(["union", "intersection", "strings.any_prefix_match", "strings.any_suffix_match"], IN_TENET),
    **dict.fromkeys(["strings.reverse", "array.reverse"], IN_TENET),
    **dict.fromkeys(["is_array", "is_set"], BY_TYPE),
    **dict.fromkeys(["glob.match", "regex.match"], "compared in tests/unit/values/test_patterns.py"),
    **dict.fromkeys(["glob.quote_meta", "regex.find_all_string_submatch_n", "regex.find_n"], PARTLY),
    **dict.fromkeys(["regex.globs_match", "regex.is_valid", "regex.replace", "regex.split"], PARTLY),
    "regex.template_match": PARTLY,
    **dict.fromkeys(["json.filter", "json.patch", "json.remove", "object.filter", "object.remove"], GENERIC),
    **dict.fromkeys(["object.union", "object.union_n", "net.cidr_contains_matches"], GENERIC),
    **dict.fromkeys(["array.slice", "base64.is_valid", "bits.and", "bits.lsh", "bits.negate", "bits.rsh"], NOT_THERE),
    **dict.fromkeys(["bits.xor", "format_int", "indexof_n", "json.is_valid", "json.marshal"], NOT_THERE),
    **dict.fromkeys(["json.marshal_with_options", "json.match_schema", "sprintf"], NOT_THERE),
    **dict.fromkeys(["strings.render_template", "strings.replace_n", "urlquery.decode_object"], NOT_THERE),
    **dict.fromkeys(["urlquery.encode_object", "uuid.parse"], NOT_THERE),
}

SKIPPED_ROWS = {
    ("array.flatten", '[[[1, 2], "string", [3, {"a": "b"}], "4.5", [6, [7, 8]]]]'): "members of several types",
    ("base64url.encode", '["hello"]'): "Tenet leaves out the padding",
    ("base64url.encode", '["there"]'): "Tenet leaves out the padding",
    ("net.cidr_contains", '["2001:4860:4860::8888/32", "2001:4860:4860:1234:5678:1234:5678:8888/128"]'): HOST_BITS,
    ("net.cidr_intersects", '["192.168.1.0/25", "192.168.1.64/25"]'): HOST_BITS,
    ("net.cidr_intersects", '["fd1e:5bfe:8af3:9ddc::/64", "fd1e:5bfe:8af3:9ddc:1111::/72"]'): HOST_BITS,
    ("net.cidr_intersects", '["fd1e:5bfe:8af3:9ddc::/64", "2001:4860:4860::8888/32"]'): HOST_BITS,
    ("net.cidr_merge", '[["192.0.2.112", "192.0.2.116/31", "192.0.2.118/31"]]'): "an address is no block in Tenet",
    ("object.keys", '[{"$obj": [[1, 1], [2, 2]]}]'): "keys are strings",
    ("object.keys", '[{"$obj": [[{"$set": ["a"]}, 1], [{"$set": ["b"]}, 2]]}]'): "keys are strings",
    ("substring", '["abcdefgh", 2, -1]'): "a negative length is an error in Tenet",
    ("substring", '["åäö", 3, -1]'): "a negative length is an error in Tenet",
    ("substring", '["åäö", 4, -1]'): "a negative length is an error in Tenet",
    ("units.parse", '["\\"100TI\\""]'): "quotes are no part of a quantity",
}

LINES = VECTORS.read_text(encoding="utf-8").splitlines()
ROWS: list[dict[str, object]] = [json.loads(line, parse_float=Decimal) for line in LINES]


def plain_arguments(row: Mapping[str, object]) -> str:
    return json.dumps(row["args"], ensure_ascii=False, default=str)


def test_every_function_of_the_vectors_is_compared_or_skipped_with_a_reason() -> None:
    named = {str(row["fn"]) for row in ROWS}
    assert named == set(COVERED) | set(SKIPPED)
    assert not set(COVERED) & set(SKIPPED)
    present = {(str(row["fn"]), plain_arguments(row)) for row in ROWS}
    assert set(SKIPPED_ROWS) <= present


def compared() -> list[dict[str, object]]:
    return [
        row
        for row in ROWS
        if row["fn"] in COVERED
        and (row["fn"], plain_arguments(row)) not in SKIPPED_ROWS
        # What is an error of types there does not compile here; texts that are no numbers are the exception.
        and (row.get("error") != "eval_type_error" or row["fn"] == "to_number")
    ]


@pytest.mark.parametrize("row", compared(), ids=lambda row: str(row["case"]).split("/")[-1])
def test_builtins_agree_with_open_policy_agent(row: Mapping[str, object]) -> None:
    function = COVERED[str(row["fn"])]
    arguments = decoded(row["args"])
    assert isinstance(arguments, tuple)
    if "error" in row:
        with pytest.raises(ValueFault):
            function(*arguments)
    elif "want" in row:
        assert sorted_if_set(function(*arguments)) == decoded(row["want"])
    else:
        assert function(*arguments) is not False


def test_so_many_vectors_are_compared() -> None:
    assert len(compared()) == 163


# Collections and numbers


def test_sums_are_exact_and_do_not_depend_on_the_order() -> None:
    assert call("sum", ()) == 0
    assert call("sum", (1, 2, 3)) == 6
    assert call("sum", frozenset({Decimal("0.1"), Decimal("0.2")})) == Decimal("0.3")
    assert call("sum", (Decimal("1e63"), Decimal("9e63"), Decimal("-9.5e63"))) == Decimal("5e62")
    assert call("sum", (2**62, 2**62, -(2**62))) == 2**62
    assert fault_of("sum", (2**62, 2**62)) == "overflow"
    assert fault_of("sum", (Decimal("9e63"), Decimal("1e63"))) == "overflow"
    assert fault_of("sum", (Decimal("1e63"), Decimal("0.1"))) == "overflow"


def test_sums_keep_their_type() -> None:
    assert type(call("sum", (Duration(1), Duration(2)))) is Duration
    assert type(call("sum.duration", ())) is Duration
    assert type(call("sum.decimal", ())) is Decimal
    assert type(call("sum.decimal", (Decimal(1),))) is Decimal


def test_extremes_and_ends_of_nothing_are_nothing() -> None:
    for name in MAY_BE_ABSENT:
        assert name.startswith("std.") or call(name, ()) is None
    assert call("min", frozenset()) is None
    assert call("min", (Decimal("1.5"), Decimal(-2))) == Decimal(-2)
    assert call("max", frozenset({"B", "a", "Z"})) == "a"
    assert call("max", (parse_semver("1.0.0"), parse_semver("1.0.0-rc.1"))) == parse_semver("1.0.0")
    assert call("first", (3, 1, 2)) == 3
    assert call("last", (3, 1, 2)) == 2


def test_collections() -> None:
    mapping = Map({"b": 1, "a": 2})
    assert call("keys", mapping) == frozenset({"a", "b"})
    assert call("values", mapping) == (2, 1)
    assert call("count", mapping) == 2
    assert call("count", "🙂🙂") == 2
    assert call("sort", frozenset({"b", "a", "B"})) == ("B", "a", "b")
    assert call("reverse", (1, 2, 3)) == (3, 2, 1)
    assert call("distinct", (2, 1, 2, 3, 1)) == (2, 1, 3)
    assert call("flatten", ((1, 2), (), (3,))) == (1, 2, 3)
    assert call("flatten", frozenset({frozenset({1, 2}), frozenset({2, 3})})) == frozenset({1, 2, 3})
    assert call("to_set", (1, 1, 2)) == frozenset({1, 2})
    assert call("to_list", frozenset({3, 1, 2})) == (1, 2, 3)
    assert call("to_list", (3, 1, 2)) == (3, 1, 2)
    assert call("any", (False, True)) is True
    assert call("any", ()) is False
    assert call("all", (True, False)) is False
    assert call("all", frozenset()) is True
    assert call("contains", "abc", "bc") is True
    assert call("contains", (1, 2), 3) is False


def test_conversions() -> None:
    assert call("to_int", "12") == 12
    assert call("to_int", Decimal("12.00")) == 12
    assert fault_of("to_int", Decimal("12.5")) == "bad_input"
    assert fault_of("to_int", "x") == "bad_input"
    assert fault_of("to_int", Decimal("1e30")) == "overflow"
    assert call("to_decimal", "1.50") == Decimal("1.5")
    assert call("to_decimal", 3) == Decimal(3)
    assert fault_of("to_decimal", "1e999999999") == "bad_input"
    assert call("to_string", Decimal("120.00")) == "120"
    assert call("to_string", Duration(5_400_000_000_000)) == "1h30m"
    assert call("to_string", parse_time_literal("2026-11-22")) == "2026-11-22T00:00:00Z"
    assert call("to_string", True) == "true"
    assert type(call("to_string", Host("acme.com"))) is str


def test_rounding_and_powers() -> None:
    assert call("round", Decimal("2.345"), 2) == Decimal("2.34")
    assert call("round", Decimal("2.345"), 2, "half_up") == Decimal("2.35")
    assert fault_of("round", Decimal(1), 2, "sideways") == "bad_input"
    assert call("std.numbers.floor", Decimal("-9." + "9" * 63)) == -10
    assert call("std.numbers.ceil", Decimal("9" * 63 + ".9")) == Decimal("1e63")
    assert call("std.numbers.floor", Decimal("-" + "9" * 64)) == Decimal("-" + "9" * 64)
    assert call("abs", -5) == 5
    assert call("abs", Decimal("-0.5")) == Decimal("0.5")
    assert type(call("abs", Duration(-5))) is Duration
    assert fault_of("abs", -(2**63)) == "overflow"
    assert call("std.numbers.power", Decimal("0.5"), 3) == Decimal("0.125")
    assert call("std.numbers.power", Decimal(1), 1_000) == 1
    assert fault_of("std.numbers.power", Decimal(10), 64) == "overflow"
    assert fault_of("std.numbers.power", Decimal(1), 1_001) == "bad_input"
    assert fault_of("std.numbers.power", Decimal(1), -1) == "bad_input"
    assert fault_of("std.numbers.range_by", 1, 2, 0) == "bad_input"


# Text


def test_letter_case_follows_fixed_tables_code_point_by_code_point() -> None:
    assert call("std.text.lower", "ÀΣİ🙂ǅ") == "àσi🙂ǆ"
    assert call("std.text.upper", "àßŉǆᾀ") == "ÀßŉǄᾈ"
    assert call("std.text.equal_ignoring_case", "\u212a", "k") is True
    assert call("std.text.equal_ignoring_case", "ss", "ß") is False


def test_the_case_tables_agree_with_python_where_python_maps_one_code_point_to_one() -> None:
    for code_point in [*range(0xD800), *range(0xE000, 0x110000)]:
        character = chr(code_point)
        for name, theirs in (("std.text.lower", character.lower()), ("std.text.upper", character.upper())):
            if len(theirs) == 1 and theirs != character:
                assert call(name, character) == theirs, hex(code_point)


def test_white_space_is_that_of_unicode() -> None:
    assert call("std.text.trim", "\u2003\u00a0 a b \u3000\n") == "a b"
    assert call("std.text.trim", "\u200ba\x1c") == "\u200ba\x1c"
    assert call("std.text.words", "a\u2003b\vc") == ("a", "b", "c")


def test_positions_are_code_points() -> None:
    assert call("std.text.length", "🙂é") == 2
    assert call("std.text.index_of", "🙂é", "é") == 1
    assert call("std.text.substring", "🙂éx", 1, 1) == "é"
    assert fault_of("std.text.substring", "abc", -1, 1) == "bad_input"
    assert fault_of("std.text.substring", "abc", 0, -1) == "bad_input"


def test_results_are_plain_strings_whatever_came_in() -> None:
    for name in ("lower", "upper", "trim", "trim_start", "trim_end"):
        assert type(call(f"std.text.{name}", Host("acme.com"))) is str


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("std.text.repeat", ("a", LARGEST_STRING + 1)),
        ("std.text.repeat", ("ab", 2**62)),
        ("std.text.replace", ("a" * 1_000, "a", "b" * 1_000)),
        ("std.text.replace", ("a" * 1_000, "", "b" * 1_000)),
        ("std.text.join", (("a" * 1_000,) * 300, "")),
        ("std.text.join", (("",) * 1_000, "b" * 300)),
        ("std.numbers.range", (1, LARGEST_COLLECTION + 1)),
        ("std.numbers.range", (-(2**63), 2**63 - 1)),
        ("std.numbers.range_by", (0, 2 * LARGEST_COLLECTION, 2)),
        ("flatten", ((tuple(range(1_000)),) * 51,)),
        ("std.encoding.hex_encode", ("a" * (LARGEST_STRING // 2 + 1),)),
        ("std.encoding.base64_encode", ("a" * LARGEST_STRING,)),
        ("std.encoding.percent_encode", ("🙂" * (LARGEST_STRING // 12 + 1),)),
    ],
)
def test_what_would_be_too_large_is_an_overflow_and_is_never_made(name: str, arguments: tuple[object, ...]) -> None:
    started = time.process_time()
    assert fault_of(name, *arguments) == "overflow"
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("std.text.repeat", ("a", LARGEST_STRING)),
        ("std.text.repeat", ("", 2**62)),
        ("std.text.replace", ("ab" * 1_000, "ab", "b")),
        ("std.text.split", ("," * LARGEST_STRING, ",")),
        ("std.text.words", ("a " * (LARGEST_STRING // 2),)),
        ("std.text.lines", ("\r\n" * (LARGEST_STRING // 2),)),
        ("std.numbers.range", (1, LARGEST_COLLECTION)),
        ("std.text.trim_characters", ("a" * LARGEST_STRING, "b" * LARGEST_STRING)),
        ("std.text.trim_characters", ("ab" * (LARGEST_STRING // 2), "b" * LARGEST_STRING + "a")),
        ("std.text.index_of", ("a" * LARGEST_STRING, "a" * (LARGEST_STRING // 2) + "b")),
        ("std.text.index_of", ("a" * LARGEST_STRING, "b" + "a" * (LARGEST_STRING // 2))),
        ("std.text.occurrences", ("a" * LARGEST_STRING, "a" * 99 + "b" + "a" * 99)),
        ("std.text.words", (" " * LARGEST_STRING,)),
        ("std.text.lower", ("É" * LARGEST_STRING,)),
        ("std.text.equal_ignoring_case", ("É" * LARGEST_STRING, "é" * LARGEST_STRING)),
        ("std.encoding.percent_decode", ("%41" * (LARGEST_STRING // 3),)),
        ("std.json.has_at", (NULL, "/a" * (LARGEST_STRING // 2))),
        ("std.net.merge", (frozenset(Cidr(Ip(4, number * 2), 32) for number in range(LARGEST_COLLECTION)),)),
    ],
)
def test_the_largest_inputs_take_no_more_than_a_moment(name: str, arguments: tuple[object, ...]) -> None:
    assert seconds_of(name, *arguments) < 2


# Encodings


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "naïve 🙂", "\0", "a+b c/d?e=%41"])
@pytest.mark.parametrize("name", ["base64", "base64url", "hex", "percent"])
def test_decoding_undoes_encoding(name: str, text: str) -> None:
    assert call(f"std.encoding.{name}_decode", call(f"std.encoding.{name}_encode", text)) == text


@pytest.mark.parametrize(
    "name, text",
    [
        ("base64_decode", "aGVsbG8"),
        ("base64_decode", "aGVsbG9="),
        ("base64_decode", "aGVs bG8="),
        ("base64_decode", "aGVsbG8=\n"),
        ("base64_decode", "/w=="),
        ("base64_decode", "é"),
        ("base64_decode", "a===="),
        ("base64url_decode", "a+/b"),
        ("base64url_decode", "aGVsbG9"),
        ("base64url_decode", "a"),
        ("hex_decode", "0"),
        ("hex_decode", "0g"),
        ("hex_decode", "ff"),
        ("hex_decode", "0 0"),
        ("percent_decode", "%"),
        ("percent_decode", "%4"),
        ("percent_decode", "%zz"),
        ("percent_decode", "%ff"),
    ],
)
def test_what_no_encoder_writes_is_not_decoded(name: str, text: str) -> None:
    assert fault_of(f"std.encoding.{name}", text) == "bad_input"


# Times


def test_dates() -> None:
    moment = parse_time_literal("2026-11-22T20:15:30.5Z")
    assert [call(f"std.time.{part}", moment) for part in ("year", "month", "day", "hour", "minute", "second")] == [
        2026, 11, 22, 20, 15, 30,
    ]  # fmt: skip
    assert call("std.time.weekday", moment) == "Sunday"
    assert call("std.time.date_text", moment) == "2026-11-22"
    for name, expected in (("day", "2026-11-22"), ("month", "2026-11-01"), ("year", "2026-01-01")):
        assert call(f"std.time.start_of_{name}", moment) == parse_time_literal(expected)


def test_the_ends_of_time_have_parts_too() -> None:
    for text in ("1678-01-01T00:00:00Z", "2261-12-31T23:59:59.999999999Z"):
        moment = parse_time_literal(text)
        for name in ("day", "month", "year"):
            assert type(call(f"std.time.start_of_{name}", moment)) is Time
        assert call("std.time.from_unix", call("std.time.unix", moment)) == moment
    assert fault_of("std.time.add_date", parse_time_literal("2261-12-31"), 0, 0, 1) == "overflow"
    assert fault_of("std.time.add_date", parse_time_literal("1678-01-01"), 0, -1, 0) == "overflow"
    for years, months, days in ((2**62, 0, 0), (0, -(2**62), 0), (0, 0, 2**62), (-(2**63), -(2**63), -(2**63))):
        assert fault_of("std.time.add_date", parse_time_literal("2026-01-01"), years, months, days) == "overflow"


def test_seconds_are_exact() -> None:
    assert call("std.time.seconds", Duration(1)) == Decimal("0.000000001")
    assert call("std.time.seconds", Duration(-(2**63))) == Decimal("-9223372036.854775808")
    assert fault_of("std.time.from_unix", Decimal("0.0000000001")) == "bad_input"
    assert fault_of("std.time.from_unix", Decimal("1e17")) == "overflow"
    assert fault_of("std.time.from_unix", Decimal("1e60")) == "overflow"


# Networks


def test_blocks() -> None:
    address = parse_ip("2001:db8::ff")
    assert str(call("std.net.block_of", address, 120)) == "2001:db8::/120"
    assert str(call("std.net.block_of", address, 0)) == "::/0"
    assert str(call("std.net.block_of", address, 128)) == "2001:db8::ff/128"
    assert fault_of("std.net.block_of", parse_ip("10.0.0.1"), 33) == "bad_input"
    assert fault_of("std.net.block_of", parse_ip("10.0.0.1"), -1) == "bad_input"
    assert str(call("std.net.last_address", parse_cidr("0.0.0.0/0"))) == "255.255.255.255"
    assert call("std.net.ip_of", Host("acme.com")) is None
    assert call("std.net.ip_of", Host("192.0.2.1")) == parse_ip("192.0.2.1")


def test_merged_blocks_hold_the_same_addresses() -> None:
    blocks = frozenset(parse_cidr(f"10.0.0.{start}/{prefix}") for start, prefix in [(0, 31), (2, 31), (4, 32), (6, 32), (7, 32), (6, 31)])  # fmt: skip
    result = call("std.net.merge", blocks)
    assert isinstance(result, frozenset)
    assert sorted(map(str, result)) == ["10.0.0.0/30", "10.0.0.4/32", "10.0.0.6/31"]
    assert merged(("0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1")) == ("0.0.0.0/0", "::/0")


# JSON


def test_json_is_read_as_strictly_as_a_request() -> None:
    assert call("std.json.parse", '{"a": [1, true, null]}') == Map({"a": (1, JSON_TRUE, NULL)})
    for text in ('{"a": 1, "a": 2}', "NaN", "[1", "1e999", '"\\ud800"', "[" * 40 + "]" * 40, ""):
        assert fault_of("std.json.parse", text) == "bad_input"
        assert call("std.json.is_json", text) is False


def test_pointers() -> None:
    document = to_json_value({"a": [1, {"b/c~": 2}], "": 3})
    assert call("std.json.at", document, "/a/1/b~1c~0") == 2
    assert call("std.json.at", document, "/") == 3
    assert call("std.json.at", document, "") == document
    assert fault_of("std.json.at", document, "/a/2") == "bad_index"
    for pointer in ("/a/00", "/a/-", "/a/٣", "/a/+1", "/a/99999999999999999999", "/a/0/x", "/x"):
        assert call("std.json.has_at", document, pointer) is False
    for pointer in ("a", "/~", "/~2", "/~01~"):
        assert fault_of("std.json.has_at", document, pointer) == "bad_input"
