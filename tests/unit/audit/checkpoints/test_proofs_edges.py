"""What is wrong with a proof is said as what it is, and not as something else that is wrong with it as well."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import attrs
import pytest

from tenetlang.audit import Checkpoint, LogDamaged, prove_growth, prove_record, read_proof
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.checkpoints.paths import MAX_STEPS
from tenetlang.audit.checkpoints.proofs import GrowthProof, RecordProof, check_growth_proof, check_record_proof
from tenetlang.audit.checkpoints.signatures import checkpoint_of
from tenetlang.audit.checkpoints.signed import KeptState
from tenetlang.audit.checkpoints.signing import stored_notes
from tenetlang.audit.errors import InvalidProof
from tests.unit.audit.samples import open_sample, sample, small_log, tamper

KEY = signing_key("example.com/log", b"\x01" * 32)
OTHER = signing_key("example.com/log", b"\x02" * 32)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = small_log(tmp_path / "log.db", 3)
    with open_sample(path) as opened:
        opened.sign(KEY)
        opened.append_all([sample(number) for number in (4, 5)])
        opened.sign(KEY)
    return path


def test_growth_is_proven_to_the_checkpoint_that_is_given(log: Path) -> None:
    older, newer = (note for note in stored_notes(log) if note is not None)
    for note, size in ((older, 4), (newer, 6)):
        proof = read_proof(prove_growth(log, 2, note))
        assert isinstance(proof, GrowthProof)
        assert checkpoint_of(proof.note, [KEY.verifier]).size == size
    assert prove_growth(log, 2) == prove_growth(log, 2, newer)


def test_a_record_that_is_missing_is_named(log: Path) -> None:
    tamper(log, [("DELETE FROM records WHERE idx = ?", (2,))])
    with pytest.raises(LogDamaged, match="record 2 is damaged or missing"):
        prove_record(log, 1)


def test_an_export_that_can_not_be_read_is_said_to_be_that(log: Path, tmp_path: Path) -> None:
    from tenetlang.audit import export_tiles

    tiles = tmp_path / "tiles"
    export_tiles(log, tiles)
    next((tiles / "tile" / "entries").rglob("*.p/6")).write_bytes(b"\xff")
    with pytest.raises(LogDamaged, match="cannot be read"):
        prove_record(tiles, 1)


def test_a_wrong_signature_is_said_before_a_wrong_place(log: Path) -> None:
    proof = read_proof(prove_record(log, 1))
    assert isinstance(proof, RecordProof)
    wrong = attrs.evolve(proof, index=2)
    assert "does not stand at 2" in str(check_record_proof(wrong, [KEY.verifier]).problem)
    assert "no signature is by the key" in str(check_record_proof(wrong, [OTHER.verifier]).problem)

    growth = read_proof(prove_growth(log, 2))
    assert isinstance(growth, GrowthProof)
    kept = KeptState(3, bytes(32), "somebody kept it")
    assert "begins at 2 records" in str(check_growth_proof(growth, [KEY.verifier], kept).problem)
    assert "no signature is by the key" in str(check_growth_proof(growth, [OTHER.verifier], kept).problem)


HEADER = "c2sp.org/tlog-proof@v1"
RECORD = f"extra {b64encode(b'{}').decode()}"
NOTE = f"\n\n{Checkpoint('a', 1, bytes(32)).text()}"
STEP = b64encode(bytes(32)).decode()


def read(*lines: str) -> RecordProof | GrowthProof:
    return read_proof(("\n".join(lines) + NOTE).encode())


def test_proofs_are_read_as_what_they_begin_as() -> None:
    assert isinstance(read(HEADER, RECORD, "index 3", STEP), RecordProof)
    assert isinstance(read("old 3", STEP), GrowthProof)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((HEADER, "index 3", STEP), "does not hold its record"),
        ((HEADER,), "does not hold its record"),
        ((HEADER, b64encode(b"{}").decode(), "index 3"), "does not hold its record"),
        ((HEADER, "extra {}", "index 3"), "no base64"),
        ((HEADER, RECORD, "3"), "no line `index`"),
        ((HEADER, RECORD, "index  3"), "no line `index`"),
        ((HEADER, RECORD, "index 03"), "no line `index`"),
        ((HEADER, RECORD, f"index {10**16}"), "no line `index`"),
        (("old", STEP), "begins with neither"),
        (("3", STEP), "begins with neither"),
        (("old x", STEP), "no line `old`"),
        (("c2sp.org/tlog-proof@v2", RECORD, "index 3"), "begins with neither"),
        (("old 3", STEP[:-2]), "no hash"),
        (("old 3", b64encode(bytes(31)).decode()), "no hash"),
        (("old 3", b64encode(bytes(33)).decode()), "no hash"),
    ],
)
def test_what_is_wrong_with_a_proof_is_named(lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(InvalidProof, match=said):
        read(*lines)


def test_a_path_has_as_many_steps_as_a_tree_can_need() -> None:
    assert len(read("old 3", *[STEP] * MAX_STEPS).path) == MAX_STEPS == 64
    with pytest.raises(InvalidProof, match="more than a tree can need"):
        read("old 3", *[STEP] * (MAX_STEPS + 1))
