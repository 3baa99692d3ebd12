"""A log of more records than two levels of full tiles hold: 65,536 leaves are 256 tiles, whose roots fill one tile of the next level,
whose root begins a third. It is exported, verified by its tiles alone, and proven across each of these borders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from tenetlang.audit import (
    SigningKey,
    check_growth_proof,
    check_record_proof,
    export_tiles,
    prove_growth,
    prove_record,
    read_proof,
    time_text,
    verify_log,
)
from tenetlang.audit.checkpoints.checkpoint import Checkpoint
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.checkpoints.proofs import GrowthProof, RecordProof
from tenetlang.audit.checkpoints.signatures import sign_checkpoint
from tenetlang.audit.checkpoints.signed import KeptState
from tenetlang.audit.merkle import Frontier
from tests.unit.audit.samples import START, identifier, open_sample, rows

pytestmark = [pytest.mark.deep, pytest.mark.xdist_group("long logs")]

KEY: SigningKey = signing_key("example.com/log", bytes(range(32)))
TILE = 256
SIZE = TILE * TILE + TILE + 3
BORDERS = (1, TILE - 1, TILE, TILE + 1, 2 * TILE, TILE * TILE - 1, TILE * TILE, TILE * TILE + 1, SIZE - 1, SIZE)


@attrs.frozen
class Long:
    log: Path
    tiles: Path
    root_of: Callable[[int], bytes]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Long:
    folder = tmp_path_factory.mktemp("long")
    with open_sample(folder / "log.db") as log:
        for first in range(1, SIZE, 4096):
            log.append_all([number(each) for each in range(first, min(first + 4096, SIZE))])
        log.sign(KEY)
    export_tiles(folder / "log.db", folder / "tiles")
    frontier, roots = Frontier(), {}
    for index, _, leaf in rows(folder / "log.db"):
        frontier.append(leaf)
        if index + 1 in BORDERS:
            roots[index + 1] = frontier.root()
    return Long(folder / "log.db", folder / "tiles", roots.__getitem__)


def number(each: int) -> tuple[dict[str, object], None]:
    return {"v": 1, "kind": "test.number", "at": time_text(START), "id": identifier(each), "payload": None}, None


def test_it_has_the_tiles_of_three_levels(long: Long) -> None:
    def names(level: int) -> list[str]:
        folder = long.tiles / "tile" / str(level)
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

    assert len(names(0)) == TILE + 1 + 1
    assert names(0)[-2:] == ["256", "257.p/3"]
    assert names(1) == ["000", "001.p/1"]
    assert names(2) == ["000.p/1"]
    assert not (long.tiles / "tile" / "3").exists()


def test_its_tiles_say_the_same_as_the_log(long: Long) -> None:
    found = verify_log(long.tiles, keys=[KEY.verifier])
    assert found.ok
    assert (found.size, found.root) == (SIZE, long.root_of(SIZE).hex())
    assert found == verify_log(long.log, keys=[KEY.verifier])


@pytest.mark.parametrize("tile", ["tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1", "tile/0/255", "tile/0/257.p/3"])
def test_a_changed_hash_in_any_level_is_found(long: Long, tile: str) -> None:
    path = long.tiles / tile
    content = path.read_bytes()
    try:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        found = verify_log(long.tiles, keys=[KEY.verifier])
        assert not found.ok
        leaf = SIZE - 1 if tile.endswith("/3") else TILE * TILE - 1  # one that is not its record's is named as that
        assert any(tile in problem.detail or problem.index == leaf for problem in found.problems)
        path.unlink()
        assert not verify_log(long.tiles, keys=[KEY.verifier]).ok
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize("size", BORDERS)
def test_the_last_record_of_each_size_is_proven_and_none_beside_it(long: Long, size: int) -> None:
    proof = read_proof(prove_record(long.log, size - 1))
    assert isinstance(proof, RecordProof)
    assert check_record_proof(proof, [KEY.verifier]).problem is None
    for other in (size - 2, size):
        assert check_record_proof(attrs.evolve(proof, index=other), [KEY.verifier]).problem is not None


@pytest.mark.parametrize("size", BORDERS)
def test_it_is_proven_to_have_grown_from_each_size(long: Long, size: int) -> None:
    kept = KeptState(size, long.root_of(size), "somebody kept it")
    proof = read_proof(prove_growth(long.tiles, size))
    assert isinstance(proof, GrowthProof)
    assert check_growth_proof(proof, [KEY.verifier], kept).problem is None
    changed = attrs.evolve(kept, root=long.root_of(BORDERS[BORDERS.index(size) - 1]))
    assert check_growth_proof(proof, [KEY.verifier], changed).problem is not None


def test_it_is_compared_with_a_checkpoint_of_each_size(long: Long) -> None:
    notes = [sign_checkpoint(Checkpoint("example.com/log", size, long.root_of(size)), KEY, 1) for size in BORDERS]
    assert verify_log(long.log, keys=[KEY.verifier], checkpoints=notes).ok
    wrong = sign_checkpoint(Checkpoint("example.com/log", TILE * TILE, long.root_of(TILE)), KEY, 1)
    assert not verify_log(long.log, keys=[KEY.verifier], checkpoints=[*notes, wrong]).ok
