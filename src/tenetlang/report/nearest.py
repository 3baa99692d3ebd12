"""The declared name nearest to a mistyped one.

The distance is that of optimal string alignment (Damerau 1964, restricted): insertions, deletions, substitutions and
swaps of neighbours. A name is near if at most one character in three differs, and three at the most. Rows are cut off
as soon as they pass what is asked for, names of more than 64 characters are not looked at, and neither are more than
2,000 names, so that a hostile policy gains nothing by mistyping.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_LONGEST = 64
MOST_NAMES = 2_000


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that is nearest to `name`, or None if none is near; of equally near ones the first by code point.

    Names that differ only in case or in `-` and `_` are the nearest of all. `name` itself is never the answer.
    """
    if len(name) > _LONGEST:
        return None
    wanted = _folded(name)
    limit = min(3, len(wanted) // 3)
    best: tuple[int, str] | None = None
    for candidate in islice(names, MOST_NAMES):
        if candidate == name or len(candidate) > _LONGEST:
            continue
        away = distance(wanted, _folded(candidate), limit if best is None else min(limit, best[0]))
        if away is not None and (best is None or (away, candidate) < best):
            best = (away, candidate)
    return None if best is None else best[1]


def distance(left: str, right: str, limit: int) -> int | None:
    """How many edits part two strings, or None if more than `limit`."""
    if abs(len(left) - len(right)) > limit:
        return None
    if left == right:
        return 0
    far = limit + 1
    earlier = before = [far] * (len(right) + 1)
    row = [min(j, far) for j in range(len(right) + 1)]
    for i, a in enumerate(left, start=1):
        earlier, before, row = before, row, [far] * (len(right) + 1)
        row[0] = min(i, far)
        for j in range(max(1, i - limit), min(len(right), i + limit) + 1):
            b = right[j - 1]
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row[j] = cost
        if min(row) > limit and min(before) > limit:
            return None
    return row[-1] if row[-1] <= limit else None


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")
