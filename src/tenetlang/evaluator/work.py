"""How much a rule may go through: what bounds the time of a decision by the size of its request.

A quantifier counts each member that it tries. That alone bounds nothing where the body goes through a collection without a
quantifier, as `sum(xs)` and `x in xs` do: 25,000 members, each against 25,000. So within a quantifier, what an expression
goes through counts as well, `MEMBERS_FOR_ONE` members of it as one that is tried, since Python is that much quicker there.

Only a quantifier faults, at its next member: an expression outside of one can't err for its size, and costs nothing more.
`lengthy.py` says which expressions count.
"""

from __future__ import annotations

from typing import Final

from tenetlang.values.collections import Map, Record

WORK_LIMIT: Final = 200_000
"""Members that the quantifiers of one rule, or of one definition, may try; one more is the fault `too_much_work`."""

MEMBERS_FOR_ONE: Final = 16
CHARACTERS_FOR_A_MEMBER: Final = 16

_WITH_MEMBERS: Final = (str, tuple, frozenset, Record, Map)


def size(value: object) -> int:
    """How many members a value has, those of its members and the characters of its strings included."""
    if isinstance(value, str):
        return len(value) // CHARACTERS_FOR_A_MEMBER
    if isinstance(value, tuple | frozenset):
        return len(value) + sum([size(member) for member in value if isinstance(member, _WITH_MEMBERS)])
    if isinstance(value, Record | Map):
        return len(value) + sum([size(member) for member in value.values() if isinstance(member, _WITH_MEMBERS)])
    return 0


def work(*values: object) -> int:
    """How many members of a quantifier it counts for that an expression goes through these values."""
    return sum(map(size, values)) // MEMBERS_FOR_ONE
