"""The Merkle tree of RFC 6962 (and RFC 9162) over the records of a log, kept while it grows.

    leaf  = SHA-256(0x00 ‖ record)
    inner = SHA-256(0x01 ‖ left ‖ right)

A tree of n leaves splits at the largest power of two below n. Read from the left, a growing log therefore is a row of
complete subtrees, one for each bit that is set in n, the largest first:

    n = 7 = 111₂      [0 1 2 3] [4 5] [6]

A new leaf is a subtree of one; while the last two have the same size they become one. The root is what remains when
the row is folded from the right. The row is all that must be kept: at most 64 hashes, whatever the size of the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Self

HASH_SIZE = 32

EMPTY_ROOT = sha256().digest()
"""The root of a tree without leaves."""


def leaf_hash(record: bytes) -> bytes:
    """The hash of one record as a leaf."""
    return sha256(b"\x00" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The row of complete subtrees of a tree that grows leaf by leaf."""

    __slots__ = ("_row", "size")

    def __init__(self) -> None:
        self.size = 0
        self._row: list[bytes] = []

    @classmethod
    def of(cls, size: int, row: Sequence[bytes]) -> Self:
        """The row of a tree with so many leaves, as `row` gave it. Raises `ValueError` where it can't be one."""
        if len(row) != size.bit_count() or any(len(subtree) != HASH_SIZE for subtree in row):
            raise ValueError(f"a tree of {size} leaves has a row of {size.bit_count()} hashes")
        frontier = cls()
        frontier.size, frontier._row = size, list(row)
        return frontier

    def row(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, the largest first."""
        return tuple(self._row)

    def append(self, leaf: bytes) -> None:
        """Adds the hash of the next leaf."""
        size = self.size
        while size & 1:
            leaf = node_hash(self._row.pop(), leaf)
            size >>= 1
        self._row.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The RFC 6962 root over the leaves so far."""
        if not self._row:
            return EMPTY_ROOT
        folded = self._row[-1]
        for subtree in reversed(self._row[:-1]):
            folded = node_hash(subtree, folded)
        return folded
