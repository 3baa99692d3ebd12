from __future__ import annotations

import pytest

from tenetlang.values.faults import ValueFault, is_visible, shown
from tenetlang.values.parsing import PARSERS, parse_literal

EXAMPLES = {
    "time": "2026-11-22T20:00:00Z",
    "duration": "1h30m",
    "ip": "192.0.2.1",
    "cidr": "10.0.0.0/8",
    "host": "example.com",
    "email": "ann@example.com",
    "url": "https://example.com/",
    "path": "/a/b",
    "semver": "1.2.0",
}


@pytest.mark.parametrize("type_name", PARSERS)
def test_each_parsed_type_reads_what_it_writes(type_name: str) -> None:
    value = PARSERS[type_name](EXAMPLES[type_name])
    assert str(value) == EXAMPLES[type_name]
    assert type(value).__name__.lower() == type_name
    assert parse_literal(type_name, EXAMPLES[type_name]) == value


def test_only_a_literal_may_be_a_date_alone() -> None:
    assert str(parse_literal("time", "2027-01-01")) == "2027-01-01T00:00:00Z"
    with pytest.raises(ValueFault):
        PARSERS["time"]("2027-01-01")


@pytest.mark.parametrize("type_name", PARSERS)
def test_a_message_repeats_only_a_little_of_what_was_refused(type_name: str) -> None:
    for text in ("\u202e" * 100_000, "x " * 100_000, "\0", "", "https://" + "x " * 9999, "a@" + "b " * 9999):
        if (type_name, text) == ("path", "x " * 100_000) or (type_name == "path" and "\0" not in text and text):
            continue
        with pytest.raises(ValueFault) as fault:
            PARSERS[type_name](text)
        assert len(fault.value.detail) < 1200
        assert all(map(is_visible, fault.value.detail))


def test_a_refused_text_is_shown_cut_and_escaped() -> None:
    assert shown('a"b\\c\u202e\n') == '"a\\"b\\\\c\\u{202e}\\n"'
    assert shown("x" * 60) == '"' + "x" * 60 + '"'
    assert shown("x" * 61) == '"' + "x" * 60 + '…"'
