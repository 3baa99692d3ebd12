"""Short proofs about a Merkle tree: that a leaf is in it, and that one tree is the beginning of another.

Both are lists of roots of parts of the tree, chosen so that whoever holds them and little else can compute the root. To
show that leaf 2 is in a tree of 7 it takes the leaf beside it, the part beside those two, and the part beside those
four: log₂ of the size, whatever the log holds.

    [0 1 2 3 4 5 6]  =  [0 1 2 3] + [4 5 6]          proof of leaf 2:  3,  [0 1],  [4 5 6]
           [0 1 2 3]  =  [0 1] + [2 3]

Which parts they are is RFC 6962, sections 2.1.1 and 2.1.2, here as ranges of leaves that do not overlap. So a proof is
made in one pass over the leaves, with one frontier for each part, and no tree is ever in memory. Checking them is RFC
9162, sections 2.1.3.2 and 2.1.4.2. That the empty tree is the beginning of any other says nothing, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenetlang.audit.merkle import Frontier, node_hash

MAX_STEPS = 64
Range = tuple[int, int]
"""The leaves from the first number up to, and without, the second."""


def inclusion_ranges(index: int, size: int) -> tuple[Range, ...]:
    """The parts that prove that a leaf is in a tree, from the leaf's side up."""
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _left_size(end - start)
        if index < split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((start, split))
            start = split
    return tuple(reversed(ranges))


def consistency_ranges(old: int, size: int) -> tuple[Range, ...]:
    """The parts that prove that the tree of `old` leaves, at least one, is the beginning of the tree of `size`."""
    ranges: list[Range] = []
    start, end = 0, size
    while old != end:
        split = start + _left_size(end - start)
        if old <= split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((start, split))
            start = split
    if start > 0:  # else it is the old tree itself, whose root the verifier has
        ranges.append((start, end))
    return tuple(reversed(ranges))


def roots_of(leaves: Iterable[bytes], ranges: Sequence[Range]) -> tuple[bytes, ...]:
    """The roots of these parts, in one pass over all leaves."""
    parts = [(start, end, Frontier()) for start, end in ranges]
    for index, leaf in enumerate(leaves):
        for start, end, frontier in parts:
            if start <= index < end:
                frontier.append(leaf)
    return tuple(frontier.root() for _, _, frontier in parts)


def inclusion_holds(index: int, size: int, leaf: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path proves that the leaf is at this index in the tree of this size and root."""
    if not 0 <= index < size or any(len(step) != 32 for step in (leaf, *path)):
        return False
    place, last, hashed = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            hashed = node_hash(step, hashed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            hashed = node_hash(hashed, step)
        place, last = place >> 1, last >> 1
    return last == 0 and hashed == root


def consistency_holds(old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path proves that the tree of `old` leaves is the beginning of the tree of `size` leaves."""
    if not 0 < old <= size or any(len(step) != 32 for step in path):
        return False
    if old == size:
        return not path and old_root == root
    whole = old & (old - 1) == 0  # the old tree is a part of the new one, so its root begins the path
    steps = [old_root, *path] if whole else list(path)
    if not steps:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    return last == 0 and (before, after) == (old_root, root)


def _left_size(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1
