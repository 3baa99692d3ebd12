"""What policies can call that is not written in Tenet: one table, from full names to functions over run-time values.

A function whose name has no package is one that the checker knows by itself, because its type depends on that of its
argument (`count`, `sort`); the others are declared `extern` in `stdlib/`, with their types. Every function is pure: the same
arguments give the same value or the same fault on every machine and in every process, whatever the clock, the locale,
the hashes of strings and the Unicode of the Python that runs. Each takes time at most n log n in the size of its arguments
(`text` search included, which in CPython is linear), and what it makes is bounded by `builtin_limits`.

A function raises `ValueFault` or nothing. `FAULTS` says with which codes; a function that it does not name is total.
The declarations in `stdlib/` say the same in `@faults`, for those who see only them, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tenetlang.evaluator.builtin_collections import COLLECTIONS
from tenetlang.evaluator.builtin_limits import Function
from tenetlang.evaluator.builtin_network import NETWORK
from tenetlang.evaluator.builtin_text import TEXT
from tenetlang.evaluator.builtin_time import TIME

BUILTINS: Final[Mapping[str, Function]] = {**COLLECTIONS, **TEXT, **TIME, **NETWORK}

_OVERFLOW: Final = frozenset({"overflow"})
_BAD_INPUT: Final = frozenset({"bad_input"})
_BAD_INDEX: Final = frozenset({"bad_index"})

FAULTS: Final[Mapping[str, frozenset[str]]] = {
    "sum": _OVERFLOW,
    "min": _BAD_INPUT,
    "max": _BAD_INPUT,
    "first": _BAD_INDEX,
    "last": _BAD_INDEX,
    "flatten": _OVERFLOW,
    "round": _BAD_INPUT | _OVERFLOW,
    "floor_div": _OVERFLOW | {"division_by_zero"},
    "abs": _OVERFLOW,
    "to_string": _OVERFLOW,
    "to_int": _BAD_INPUT | _OVERFLOW,
    "to_decimal": _BAD_INPUT,
    "std.numbers.range": _OVERFLOW,
    "std.numbers.range_by": _BAD_INPUT | _OVERFLOW,
    "std.numbers.power": _BAD_INPUT | _OVERFLOW,
    "std.units.quantity": _BAD_INPUT,
    "std.units.bytes": _BAD_INPUT,
    "std.text.substring": _BAD_INPUT,
    "std.text.split": _OVERFLOW,
    "std.text.words": _OVERFLOW,
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
    "std.net.ip_of": _BAD_INPUT,
    "std.net.block_of": _BAD_INPUT,
    "std.paths.parse": _BAD_INPUT,
    "std.versions.parse": _BAD_INPUT,
    "std.json.parse": _BAD_INPUT,
    "std.json.to_text": _OVERFLOW,
    "std.json.at": _BAD_INPUT | _BAD_INDEX,
    "std.json.has_at": _BAD_INPUT,
}
"""The codes of the faults that a builtin may end in."""
