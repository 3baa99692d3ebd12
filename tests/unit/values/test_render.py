from __future__ import annotations

from decimal import Decimal

import pytest

from tenetlang.values.collections import JSON_FALSE, JSON_TRUE, NULL, Map, Record
from tenetlang.values.network import parse_cidr, parse_email, parse_ip
from tenetlang.values.paths import parse_path
from tenetlang.values.patterns import compile_glob, compile_regex
from tenetlang.values.render import literal, string_literal, text, to_plain
from tenetlang.values.times import parse_duration, parse_time
from tenetlang.values.urls import parse_url
from tenetlang.values.versions import parse_semver

NEW_YEAR = parse_time("2027-01-01T00:00:00Z")
ROWS: list[tuple[object, object, str, str]] = [
    (True, True, "true", "true"),
    (JSON_FALSE, False, "false", "false"),
    (JSON_TRUE, True, "true", "true"),
    (NULL, None, "null", "null"),
    (120, 120, "120", "120"),
    (-1, -1, "-1", "-1"),
    (Decimal("120.00"), "120", "120", "120"),
    (Decimal("-0.50"), "-0.5", "-0.5", "-0.5"),
    ("c1", "c1", "c1", '"c1"'),
    ('a"b\\', 'a"b\\', 'a"b\\', '"a\\"b\\\\"'),
    (NEW_YEAR, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    (parse_duration("90m"), "1h30m", "1h30m", "1h30m"),
    (parse_ip("::1"), "::1", "::1", '"::1"'),
    (parse_cidr("10.0.0.0/8"), "10.0.0.0/8", "10.0.0.0/8", '"10.0.0.0/8"'),
    (parse_email("a@B.c"), "a@b.c", "a@b.c", '"a@b.c"'),
    (parse_url("https://a.b"), "https://a.b/", "https://a.b/", '"https://a.b/"'),
    (parse_path("/a//b"), "/a/b", "/a/b", '"/a/b"'),
    (parse_semver("1.2.0"), "1.2.0", "1.2.0", '"1.2.0"'),
    (compile_glob("a*", None), "a*", "a*", '"a*"'),
    (compile_regex("a+"), "a+", "a+", '"a+"'),
    ((), [], "[]", "[]"),
    ((1, Decimal("1.5")), [1, "1.5"], '[1,"1.5"]', "[1, 1.5]"),
    (frozenset({"b", "a"}), ["a", "b"], '["a","b"]', '{"a", "b"}'),
    (frozenset(), [], "[]", "{}"),
    (Record({"b": 1, "a": "x"}), {"a": "x", "b": 1}, '{"a":"x","b":1}', '{a: "x", b: 1}'),
    (Record({"x-y": 1}), {"x-y": 1}, '{"x-y":1}', '{"x-y": 1}'),
    (
        Map({"b": NULL, "a": (JSON_TRUE,)}),
        {"a": [True], "b": None},
        '{"a":[true],"b":null}',
        '{"a": [true], "b": null}',
    ),
]


@pytest.mark.parametrize(("value", "plain", "shown", "source"), ROWS, ids=[row[3] for row in ROWS])
def test_a_value_is_written_as_json_as_text_and_as_source(
    value: object, plain: object, shown: str, source: str
) -> None:
    assert to_plain(value) == plain
    assert type(to_plain(value)) is type(plain)
    assert text(value) == shown
    assert literal(value) == source


def test_keys_come_out_sorted() -> None:
    plain = to_plain(Map({"b": 1, "a": Map({"d": 1, "c": 2})}))
    assert isinstance(plain, dict)
    assert list(plain) == ["a", "b"]
    assert list(plain["a"]) == ["c", "d"] if isinstance(plain["a"], dict) else False


def test_invisible_characters_are_escaped_in_source() -> None:
    assert string_literal("a\n\t\r\0\u202e\u200b\u00a0ü漢\U000e0001") == (
        '"a\\n\\t\\r\\u{0}\\u{202e}\\u{200b}\\u{a0}ü漢\\u{e0001}"'
    )


def test_what_is_no_value_is_not_written() -> None:
    for foreign in (object(), 1.5, None, [1], {"a": 1}):
        for write in (to_plain, literal, text):
            with pytest.raises(TypeError):
                write(foreign)
