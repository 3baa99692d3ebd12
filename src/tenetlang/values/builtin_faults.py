"""Which errors the functions outside Tenet can end in, by full name: for those who call them and those who reason about them.

A function that is not named here is total. The declarations in `stdlib/` say the same in `@faults`, for people, and a test
holds the two together; another test calls every function with all kinds of arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_OVERFLOW: Final = frozenset({"overflow"})
_BAD_INPUT: Final = frozenset({"bad_input"})
_BAD_INDEX: Final = frozenset({"bad_index"})
_TOO_MUCH_WORK: Final = frozenset({"too_much_work"})

FAULTS: Final[Mapping[str, frozenset[str]]] = {
    "sum": _OVERFLOW,
    "sum.decimal": _OVERFLOW,
    "sum.duration": _OVERFLOW,
    "flatten": _OVERFLOW | _TOO_MUCH_WORK,
    "to_set": _TOO_MUCH_WORK,
    "distinct": _TOO_MUCH_WORK,
    "round": _BAD_INPUT | _OVERFLOW,
    "floor_div": _OVERFLOW | {"division_by_zero"},
    "abs": _OVERFLOW,
    "to_int": _BAD_INPUT | _OVERFLOW,
    "to_decimal": _BAD_INPUT,
    "std.numbers.range": _OVERFLOW,
    "std.numbers.range_by": _BAD_INPUT | _OVERFLOW,
    "std.numbers.power": _BAD_INPUT | _OVERFLOW,
    "std.units.quantity": _BAD_INPUT,
    "std.units.bytes": _BAD_INPUT,
    "std.text.substring": _BAD_INPUT,
    "std.text.join": _OVERFLOW,
    "std.text.replace": _OVERFLOW,
    "std.text.repeat": _BAD_INPUT | _OVERFLOW,
    "std.encoding.base64_encode": _OVERFLOW,
    "std.encoding.base64_decode": _BAD_INPUT,
    "std.encoding.base64url_encode": _OVERFLOW,
    "std.encoding.base64url_decode": _BAD_INPUT,
    "std.encoding.hex_encode": _OVERFLOW,
    "std.encoding.hex_decode": _BAD_INPUT,
    "std.encoding.percent_encode": _OVERFLOW,
    "std.encoding.percent_decode": _BAD_INPUT,
    "std.time.add_date": _OVERFLOW,
    "std.time.from_unix": _BAD_INPUT | _OVERFLOW,
    "std.time.parse": _BAD_INPUT,
    "std.time.parse_duration": _BAD_INPUT,
    "std.net.parse_ip": _BAD_INPUT,
    "std.net.parse_cidr": _BAD_INPUT,
    "std.net.parse_host": _BAD_INPUT,
    "std.net.parse_email": _BAD_INPUT,
    "std.net.parse_url": _BAD_INPUT,
    "std.net.block_of": _BAD_INPUT,
    "std.paths.parse": _BAD_INPUT,
    "std.versions.parse": _BAD_INPUT,
    "std.json.parse": _BAD_INPUT,
    "std.json.to_text": _OVERFLOW,
    "std.json.at": _BAD_INPUT | _BAD_INDEX,
    "std.json.has_at": _BAD_INPUT,
}
"""The codes of the faults that a builtin may end in."""
