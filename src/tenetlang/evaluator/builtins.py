"""What policies can call that is not written in Tenet: one table, from full names to functions over run-time values.

A function whose name has no package is one that the checker knows by itself, because its type depends on that of its
argument (`count`, `sort`); the others are declared `extern` in `stdlib/`, with their types. Every function is pure: the same
arguments give the same value or the same fault on every machine and in every process, whatever the clock, the locale,
the hashes of strings and the Unicode of the Python that runs. Each takes time at most n log n in the size of its arguments, and what it makes is bounded by `builtin_limits`.

A function raises `ValueFault` or nothing. `FAULTS` says with which codes; a function that it does not name is total.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tenetlang.evaluator.builtin_collections import COLLECTIONS
from tenetlang.evaluator.builtin_limits import Function
from tenetlang.evaluator.builtin_network import NETWORK
from tenetlang.evaluator.builtin_text import TEXT
from tenetlang.evaluator.builtin_time import TIME
from tenetlang.values.builtin_faults import FAULTS

__all__ = ["BUILTINS", "FAULTS", "MAY_BE_ABSENT"]

BUILTINS: Final[Mapping[str, Function]] = {**COLLECTIONS, **TEXT, **TIME, **NETWORK}

MAY_BE_ABSENT: Final = frozenset({"min", "max", "first", "last", "std.net.ip_of"})
"""Builtins whose type is optional. They return `None` where there is no value, which is a value of no type."""
