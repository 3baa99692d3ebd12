from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tenetlang.audit import (
    LogDamaged,
    LogUnavailable,
    NoCheckpoint,
    NotALog,
    checkpoint_of,
    export_jsonl,
    export_tiles,
    load_verifier_key,
    newest_checkpoint,
    prove_record,
    verify_log,
)
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.errors import AuditError
from tenetlang.audit.exports.tiles import Bundles, TileTree, read_tiles, tile_path
from tenetlang.audit.merkle import Frontier, leaf_hash
from tests.unit.audit.samples import open_sample, sample, tamper

PUBLISHED = Path(__file__).parents[3] / "vectors" / "tile-log"
KEY = signing_key("example.com/log", b"\x01" * 32)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with a full tile, a partial one, and one record that is not signed."""
    path = tmp_path_factory.mktemp("signed") / "log.db"
    with open_sample(path) as log:
        log.append_all([sample(number) for number in range(1, 260)])
        log.sign(KEY)
        log.append(*sample(260))
    return path


@pytest.fixture(scope="module")
def exported(signed: Path) -> Path:
    export_tiles(signed, signed.parent / "tiles")
    return signed.parent / "tiles"


@pytest.fixture
def tiles(exported: Path, tmp_path: Path) -> Path:
    shutil.copytree(exported, tmp_path / "tiles")
    return tmp_path / "tiles"


@pytest.mark.parametrize(
    ("level", "number", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 273, 112, "tile/0/273.p/112"),
        (63, 999, 256, "tile/63/999"),
        (1, 1000, 1, "tile/1/x001/000.p/1"),
        ("entries", 1234067, 256, "tile/entries/x001/x234/067"),
    ],
)
def test_a_tile_lies_where_the_specification_has_it(level: int | str, number: int, width: int, path: str) -> None:
    assert tile_path(level, number, width) == path


def test_the_published_log_has_our_tiles_at_every_size() -> None:
    published = files(PUBLISHED / "log")
    records = [found[0] for found in read_tiles(str(PUBLISHED / "log")) if not isinstance(found, str)]
    assert len(records) == 15
    tree, bundles = TileTree(), Bundles()
    ours: dict[str, bytes] = {}
    for record in records:
        assert tree.add(leaf_hash(record)) == bundles.add(record) == []
        ours.update([*tree.rest(), *bundles.rest()])
    assert ours == {path: content for path, content in published.items() if path.startswith("tile/")}


def test_the_published_checkpoints_are_signed_and_of_the_published_records() -> None:
    key = load_verifier_key(str(PUBLISHED / "log.vkey"))
    frontier = Frontier()
    found = [each for each in read_tiles(str(PUBLISHED / "log")) if not isinstance(each, str)]
    for size in range(16):
        checkpoint = checkpoint_of((PUBLISHED / "log" / f"checkpoint.{size}").read_bytes(), [key])
        assert (checkpoint.size, checkpoint.root) == (frontier.size, frontier.root())
        if size < 15:
            record, leaf = found[size]
            assert leaf_hash(record) == leaf
            frontier.append(leaf)


def test_the_example_of_the_specification_has_the_tiles_that_it_says() -> None:
    tree = TileTree()
    full = [path for number in range(70_000) for path, _ in tree.add(number.to_bytes(32))]
    assert sum(path.startswith("tile/0/") for path in full) == 273
    assert [path for path in full if path.startswith("tile/1/")] == ["tile/1/000"]
    assert [path for path, _ in tree.rest()] == ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]


def test_an_export_holds_what_was_signed_and_verifies_like_the_log(signed: Path, exported: Path) -> None:
    assert sorted(files(exported)) == [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/4",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/4",
    ]
    verification = verify_log(exported, keys=[KEY.verifier])
    assert (verification.ok, verification.size, verification.signed, verification.problems) == (True, 260, 260, ())
    assert verify_log(signed, verification.remembered).ok
    assert list(export_jsonl(exported)) == list(export_jsonl(signed))[:260]
    assert prove_record(exported, 7) == prove_record(signed, 7)


def test_every_file_of_an_export_is_covered(tiles: Path) -> None:
    for path, content in files(tiles).items():
        for changed in (
            content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :],
            content[:-1],
            content + b"\x00",
            b"",
        ):
            (tiles / path).write_bytes(changed)
            assert not verify_log(tiles, keys=[KEY.verifier]).ok, path
        (tiles / path).unlink()
        try:
            assert not verify_log(tiles, keys=[KEY.verifier]).ok, path
        except AuditError:
            assert path == "checkpoint"
        (tiles / path).write_bytes(content)
    assert verify_log(tiles, keys=[KEY.verifier]).ok


def test_a_changed_record_of_an_export_is_named(tiles: Path) -> None:
    bundle = tiles / "tile" / "entries" / "001.p" / "4"
    bundle.write_bytes(bundle.read_bytes().replace(b"large_refund", b"large_refunt", 1))
    assert (verify_log(tiles).problems[0].index, verify_log(tiles).problems[0].what) == (256, "leaf")


def test_a_checkpoint_of_more_records_than_there_are_is_found_at_once(tiles: Path) -> None:
    note = newest_checkpoint(tiles)
    (tiles / "checkpoint").write_bytes(note.replace(b"\n260\n", b"\n9000000000000000\n"))
    assert verify_log(tiles).problems[0].what == "storage"


def test_only_a_signed_log_becomes_tiles_and_only_in_a_new_folder(signed: Path, tmp_path: Path) -> None:
    open_sample(tmp_path / "plain.db").close()
    with pytest.raises(NoCheckpoint):
        export_tiles(tmp_path / "plain.db", tmp_path / "one")
    (tmp_path / "file").touch()
    with pytest.raises(LogUnavailable, match="not empty"):
        export_tiles(signed, tmp_path)
    with pytest.raises(LogUnavailable, match="cannot write"):
        export_tiles(signed, tmp_path / "file")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET record = x'7b7d' WHERE idx = 4",
        "DELETE FROM records WHERE idx = 4",
        "DELETE FROM records WHERE idx > 4",
        "UPDATE checkpoints SET note = x'00'",
    ],
)
def test_a_log_that_was_changed_leaves_no_folder_that_looks_like_a_log(
    signed: Path, tmp_path: Path, statement: str
) -> None:
    shutil.copy(signed, tmp_path / "log.db")
    tamper(tmp_path / "log.db", [(statement, ())])
    with pytest.raises(LogDamaged):
        export_tiles(tmp_path / "log.db", tmp_path / "tiles")
    with pytest.raises((NotALog, LogUnavailable)):
        verify_log(tmp_path / "tiles")
