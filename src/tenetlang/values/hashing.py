"""Values that were chosen to have one hash, on which a set or a dictionary is as slow as a list.

Python's hash of a number is known, and that of a tuple can be solved for the number that gives it any value: whoever sends
a request can send 20,000 lists of numbers that all have the hash of the first, and a set of them compares each with each
(Crosby and Wallach, Denial of Service via Algorithmic Complexity Attacks, 2003). Strings, addresses and versions hash by a
secret of the process. So wherever a set of anything else is made of what a request brings, the members are counted by hash
before. Among millions of values that nobody has chosen for it, not three have the same, so the limit meets no honest
request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from tenetlang.values.faults import ValueFault
from tenetlang.values.render import to_plain

MOST_OF_A_HASH: Final = 100
"""So many different values may have one hash."""


def are_chosen(members: Sequence[object]) -> bool:
    """Whether more different members than `MOST_OF_A_HASH` have one hash."""
    if len(members) <= MOST_OF_A_HASH:
        return False
    times = Counter(map(hash, members))
    if max(times.values()) <= MOST_OF_A_HASH:
        return False
    # Told apart by their texts, whose hashes nobody knows: one value may be there many times.
    different: dict[int, set[str]] = {}
    for member in members:
        hashed = hash(member)
        if times[hashed] > MOST_OF_A_HASH:
            texts = different.setdefault(hashed, set())
            texts.add(repr(to_plain(member)))
            if len(texts) > MOST_OF_A_HASH:
                return True
    return False


def set_of(members: Iterable[object]) -> frozenset[object]:
    """The set of these members; `too_much_work` where many were chosen to have one hash."""
    listed = tuple(members)
    if are_chosen(listed):
        raise ValueFault("too_much_work", "many members were chosen to have the same hash")
    return frozenset(listed)
