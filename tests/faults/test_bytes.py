"""Every byte of a log and of its exports: changed, it is found, or it holds nothing that anybody reads.

Of a database most bytes are read. The rest are free places within pages and parts of headers, of which SQLite keeps more
than it needs. A change there must leave the whole verification as it was: the same size, root and checkpoints, and the same payloads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tenetlang.audit import AuditError, Log, LogDamaged, Verification, export_jsonl, export_tiles, verify_log
from tenetlang.audit.checkpoints.note import signing_key
from tests.unit.audit.samples import open_sample, sample

KEY = signing_key("example.com/log", bytes(range(32)))
PAGE = 4096


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bytes") / "log.db"
    with open_sample(path) as opened:
        opened.append_all([sample(number) for number in range(1, 5)])
        opened.sign(KEY)
    return path


def verified(path: Path) -> Verification | None:
    """What a verification says, or None where the file is refused. Anything but `AuditError` fails the test."""
    try:
        return verify_log(path, keys=[KEY.verifier])
    except AuditError:
        return None


def silent(path: Path, contents: Iterator[tuple[str, bytes]], intact: Verification) -> list[str]:
    """The changes that were not found. Each must be of nothing that is read."""
    unnoticed: list[str] = []
    for what, content in contents:
        path.write_bytes(content)
        found = verified(path)
        if found is not None and found.ok:
            assert found == intact, what
            unnoticed.append(what)
    return unnoticed


def flipped(content: bytes, bits: tuple[int, ...], step: int) -> Iterator[tuple[str, bytes]]:
    for place in range(0, len(content), step):
        for bit in bits:
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            yield f"bit {bit} of byte {place}", bytes(changed)


def cut(content: bytes, step: int) -> Iterator[tuple[str, bytes]]:
    return ((f"cut at {length}", content[:length]) for length in range(0, len(content), step))


def pages_moved(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Each page in the place of each other, and each two of them swapped."""
    pages = [content[place : place + PAGE] for place in range(0, len(content), PAGE)]
    for one in range(len(pages)):
        for other in range(len(pages)):
            if pages[one] != pages[other]:
                yield f"page {one} over {other}", b"".join([*pages[:other], pages[one], *pages[other + 1 :]])
                if one < other:
                    swapped = [*pages]
                    swapped[one], swapped[other] = pages[other], pages[one]
                    yield f"pages {one} and {other} swapped", b"".join(swapped)


def free_places(content: bytes) -> set[int]:
    """The bytes between the places of the cells of a page and the cells themselves, which hold nothing."""
    free: set[int] = set()
    for page in range(0, len(content), PAGE):
        head = page + (100 if page == 0 else 0)
        kind, cells, start = content[head], *(int.from_bytes(content[head + at : head + at + 2]) for at in (3, 5))
        assert kind in {5, 13}, "a small log has no pages but those of tables"
        free |= set(range(head + (8 if kind == 13 else 12) + 2 * cells, page + start))
    return free


@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.deep)])
def test_a_changed_byte_of_a_database_is_found_or_of_nothing_that_is_read(log: Path, tmp_path: Path, step: int) -> None:
    content, intact = log.read_bytes(), verify_log(log, keys=[KEY.verifier])
    assert intact.ok
    unnoticed = silent(tmp_path / "log.db", flipped(content, (0, 7), step), intact)
    places = {int(what.split()[-1]) for what in unnoticed}
    free = free_places(content)
    assert {place for place in range(0, len(content), step) if place in free} <= places
    used = places - free  # counters of the header, and what SQLite keeps to find free places sooner
    assert len(used) * 50 < len(content) // step, sorted(used)


@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.deep)])
def test_a_changed_byte_keeps_a_log_from_being_opened_or_does_not_matter(log: Path, tmp_path: Path, step: int) -> None:
    path = tmp_path / "log.db"
    for _, content in flipped(log.read_bytes(), (0, 7), step):
        path.write_bytes(content)
        with suppress(AuditError):
            Log.open(path).close()


@pytest.mark.parametrize("column", [b"leaf BLOB", b"payload BLOB"])
def test_a_definition_that_is_no_text_is_damage(log: Path, tmp_path: Path, column: bytes) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(log.read_bytes().replace(column, b"\xee" + column[1:]))
    with pytest.raises(LogDamaged, match="UTF-8"):
        Log.open(path)
    (problem,) = verify_log(path).problems
    assert "UTF-8" in problem.detail


@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.deep)])
def test_a_database_that_was_cut_anywhere_is_found(log: Path, tmp_path: Path, step: int) -> None:
    assert silent(tmp_path / "log.db", cut(log.read_bytes(), step), verify_log(log, keys=[KEY.verifier])) == []


def test_pages_in_the_place_of_others_are_found(log: Path, tmp_path: Path) -> None:
    content = log.read_bytes()
    moved = list(pages_moved(content))
    assert len(moved) > 20
    row = len(content) // PAGE - 1  # its last table: the row beside the checkpoint, which is believed only if it fits
    unnoticed = silent(tmp_path / "log.db", iter(moved), verify_log(log, keys=[KEY.verifier]))
    assert unnoticed == [f"page {page} over {row}" for page in range(row)]


@pytest.mark.parametrize("step", [31, pytest.param(1, marks=pytest.mark.deep)])
def test_a_changed_byte_of_a_file_of_lines_is_found_and_so_is_a_cut(log: Path, tmp_path: Path, step: int) -> None:
    content = b"".join(export_jsonl(log, payloads=True))
    export, remembered = tmp_path / "log.jsonl", verify_log(log).remembered
    export.write_bytes(content)
    assert verify_log(export, remembered).ok
    for what, changed in [*flipped(content, (0, 7), step), *cut(content, step)]:
        export.write_bytes(changed)
        with suppress(AuditError):
            assert not verify_log(export, remembered).ok, what


@pytest.mark.parametrize("step", [31, pytest.param(1, marks=pytest.mark.deep)])
def test_a_changed_byte_of_a_tile_is_found_and_so_is_a_cut(log: Path, tmp_path: Path, step: int) -> None:
    export_tiles(log, tmp_path / "tiles")
    intact = verify_log(tmp_path / "tiles", keys=[KEY.verifier])
    assert intact.ok
    for path in sorted(file for file in (tmp_path / "tiles").rglob("*") if file.is_file()):
        content = path.read_bytes()
        counted = content
        if path.name == "checkpoint":  # whose last line says when it was signed, and is nobody's if it is changed
            counted = content[: content[:-1].rindex(b"\n") + 1]
        for what, changed in [*flipped(counted, (0, 7), step), *cut(counted, step)]:
            path.write_bytes(changed)
            found = verified(tmp_path / "tiles")
            assert found is None or not found.ok, (path, what)
        path.write_bytes(content)
