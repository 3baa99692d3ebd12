"""A log as static files that other people's programs verify: C2SP tlog-tiles.

    checkpoint                    the signed state that all else belongs to
    tile/entries/000              256 records, each after its length in two bytes, big end first
    tile/0/000                    the 256 leaves of these records, 32 bytes each
    tile/1/000                    the roots of the first 256 full tiles below, and so on upwards
    tile/0/x001/x234/067.p/112    tile 1,234,067 of its level, with only 112 hashes so far: the last one of a level

The number of a tile is written in groups of three digits, all but the last after an `x`, so that no folder holds more
than a thousand files and none is both a file and a folder. A tile that is not full is never hashed into the next level.

The files are hostile when they are read. What the checkpoint asks for must be there in full length, and every tile above
the leaves must be what the leaves say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs

from tenetlang.audit.checkpoints.checkpoint import unchecked_checkpoint
from tenetlang.audit.checkpoints.note import MAX_NOTE
from tenetlang.audit.errors import InvalidNote
from tenetlang.audit.merkle import Frontier, leaf_hash

WIDTH = 256
"""Hashes in a full tile."""

CHECKPOINT = "checkpoint"

_MAX_BUNDLE = WIDTH * (2 + 65_535)


def tile_path(level: int | str, number: int, width: int = WIDTH) -> str:
    """Where a tile lies, or for the level `entries` a bundle of records."""
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.append(f"x{number % 1000:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


@attrs.define
class TileTree:
    """The tiles of a tree that grows leaf by leaf. Each comes out when it is full, and the partial ones at the end."""

    _levels: list[tuple[int, list[bytes]]] = attrs.field(factory=list)

    def add(self, leaf: bytes) -> list[tuple[str, bytes]]:
        """Adds the next leaf; gives the tiles that are full with it, each with its path."""
        full: list[tuple[str, bytes]] = []
        level, added = 0, leaf
        while True:
            if level == len(self._levels):
                self._levels.append((0, []))
            number, hashes = self._levels[level]
            hashes.append(added)
            if len(hashes) < WIDTH:
                return full
            full.append((tile_path(level, number), b"".join(hashes)))
            self._levels[level] = (number + 1, [])
            level, added = level + 1, _root(hashes)

    def rest(self) -> list[tuple[str, bytes]]:
        """The partial tiles of the tree as it is."""
        return [
            (tile_path(level, number, len(hashes)), b"".join(hashes))
            for level, (number, hashes) in enumerate(self._levels)
            if hashes
        ]


@attrs.define
class Bundles:
    """The same for the records themselves."""

    _number: int = 0
    _count: int = 0
    _content: bytearray = attrs.field(factory=bytearray)

    def add(self, record: bytes) -> list[tuple[str, bytes]]:
        """Adds the next record, of at most 65,535 bytes; gives the bundle that is full with it, if one is."""
        self._content += len(record).to_bytes(2) + record
        self._count += 1
        if self._count < WIDTH:
            return []
        full = [(tile_path("entries", self._number), bytes(self._content))]
        self._number, self._count, self._content = self._number + 1, 0, bytearray()
        return full

    def rest(self) -> list[tuple[str, bytes]]:
        """The partial bundle, if there is one."""
        return [(tile_path("entries", self._number, self._count), bytes(self._content))] if self._count else []


def checkpoint_note(folder: str) -> bytes:
    """The note of a folder of tiles, not checked. Raises `OSError`."""
    with (Path(folder) / CHECKPOINT).open("rb") as opened:
        return opened.read(MAX_NOTE + 1)


def read_tiles(folder: str) -> Iterator[tuple[bytes, bytes] | str]:
    """The records of a folder of tiles in order, each with the leaf that its tile says; or a sentence about what is damaged,
    after which nothing more comes."""
    try:
        size = unchecked_checkpoint(checkpoint_note(folder)).size
    except (OSError, InvalidNote) as mistake:
        yield f"the checkpoint of the folder can't be read: {mistake}"
        return
    tree = TileTree()
    for number in range(-(-size // WIDTH)):
        width = min(WIDTH, size - number * WIDTH)
        records = _records(folder, number, width)
        leaves = _file(folder, tile_path(0, number, width), WIDTH * 32)
        if isinstance(records, str):
            yield records
            return
        if leaves is None or len(leaves) != width * 32:
            yield f"`{tile_path(0, number, width)}` is missing or has not {width} hashes"
            return
        for place, record in enumerate(records):
            yield record, leaves[place * 32 : place * 32 + 32]
            for path, content in tree.add(leaf_hash(record)):
                if not path.startswith("tile/0/") and _file(folder, path, WIDTH * 32) != content:
                    yield f"`{path}` is not what the tiles below it say"
                    return
    for path, content in tree.rest():
        if not path.startswith("tile/0/") and _file(folder, path, WIDTH * 32) != content:
            yield f"`{path}` is not what the tiles below it say"
            return


def _records(folder: str, number: int, width: int) -> list[bytes] | str:
    path = tile_path("entries", number, width)
    content = _file(folder, path, _MAX_BUNDLE)
    if content is None:
        return f"`{path}` is missing or too long"
    records: list[bytes] = []
    place = 0
    while place < len(content) and len(records) < width:
        end = place + 2 + int.from_bytes(content[place : place + 2])
        if end > len(content):
            break
        records.append(content[place + 2 : end])
        place = end
    if place != len(content) or len(records) != width:
        return f"`{path}` does not hold {width} records"
    return records


def _file(folder: str, path: str, limit: int) -> bytes | None:
    try:
        with (Path(folder) / path).open("rb") as opened:
            content = opened.read(limit + 1)
    except OSError:
        return None
    return content if len(content) <= limit else None


def _root(hashes: list[bytes]) -> bytes:
    frontier = Frontier()
    for each in hashes:
        frontier.append(each)
    return frontier.root()
