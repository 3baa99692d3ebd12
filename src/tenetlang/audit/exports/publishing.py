"""Writes a log as a folder of tiles (tiles.py), which any program for C2SP tlog-tiles can verify.

It is the log of its newest checkpoint; records that came after it are left out, for nobody signed them yet. The checkpoint
is written last, and only if the records led to its root. So a folder that was left half-way is no log.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tenetlang.audit.checkpoints.checkpoint import Checkpoint, unchecked_checkpoint
from tenetlang.audit.checkpoints.signing import newest_checkpoint
from tenetlang.audit.errors import InvalidNote, LogDamaged, LogUnavailable
from tenetlang.audit.exports.tiles import CHECKPOINT, Bundles, TileTree
from tenetlang.audit.merkle import Frontier, leaf_hash
from tenetlang.audit.source import Damage, Entry, read_entries
from tenetlang.audit.stores.sqlite import absolute, shown


def export_tiles(
    path: str | os.PathLike[str], folder: str | os.PathLike[str], progress: Callable[[int], None] = lambda _: None
) -> Checkpoint:
    """Writes the log's tiles into a folder that is new or empty, and gives the checkpoint that they belong to. `progress` is told
    each index that was read.

    Raises `NoCheckpoint` for a log that was never signed, `LogDamaged` for one that is not what its newest checkpoint
    says, and `LogUnavailable` where the folder can't be written.
    """
    note = newest_checkpoint(path)
    try:
        checkpoint = unchecked_checkpoint(note)
    except InvalidNote as mistake:
        raise LogDamaged(f"the newest checkpoint of the log is none: {mistake}; verify the log") from mistake
    target = Path(absolute(folder))
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise LogUnavailable(f"{shown(str(target))} is not empty; tiles are written into a new folder")
        root = _write(path, target, checkpoint.size, progress)
        if root != checkpoint.root:
            raise LogDamaged("the log is not what its newest checkpoint says, so it was not exported; verify it")
        (target / CHECKPOINT).write_bytes(note)
    except OSError as mistake:
        raise LogUnavailable(f"cannot write {shown(str(target))}: {mistake.strerror}") from mistake
    return checkpoint


def _write(path: str | os.PathLike[str], target: Path, size: int, progress: Callable[[int], None]) -> bytes | None:
    """Writes the first records, and gives their root; None where there are fewer."""
    frontier, tree, bundles = Frontier(), TileTree(), Bundles()
    for entry in read_entries(path):
        if frontier.size == size:
            break
        match entry:
            case Entry(index=index, record=record, flaw=None) if index == frontier.size:
                leaf = leaf_hash(record)
                frontier.append(leaf)
                progress(index)
                for place, content in (*bundles.add(record), *tree.add(leaf)):
                    _write_file(target / place, content)
            case Damage(detail=detail):
                raise LogDamaged(f"the log cannot be exported: {detail}; verify it")
            case _:
                raise LogDamaged(
                    f"record {frontier.size} is damaged or missing, so the log can't be exported; verify it"
                )
    for place, content in (*bundles.rest(), *tree.rest()):
        _write_file(target / place, content)
    return frontier.root() if frontier.size == size else None


def _write_file(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
