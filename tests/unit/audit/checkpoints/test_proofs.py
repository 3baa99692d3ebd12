from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tenetlang.audit import (
    InvalidNote,
    InvalidProof,
    LogDamaged,
    NoCheckpoint,
    check_growth_proof,
    check_record_proof,
    newest_checkpoint,
    prove_growth,
    prove_record,
    read_proof,
)
from tenetlang.audit.checkpoints.checkpoint import unchecked_checkpoint
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.checkpoints.proofs import GrowthProof, ProofVerdict, RecordProof
from tenetlang.audit.checkpoints.signed import KeptState
from tenetlang.audit.verify import kept_states
from tests.unit.audit.samples import open_sample, rows, sample, tamper

KEY = signing_key("example.com/log", b"\x01" * 32)
OTHER = signing_key("example.com/log", b"\x02" * 32)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with open_sample(tmp_path / "log.db") as log:
        log.append_all([sample(number) for number in range(1, 11)])
        log.sign(KEY)
        log.append(*sample(11))
    return tmp_path / "log.db"


def record_verdict(content: bytes) -> tuple[RecordProof, ProofVerdict]:
    proof = read_proof(content)
    assert isinstance(proof, RecordProof)
    return proof, check_record_proof(proof, [KEY.verifier])


def growth_verdict(content: bytes, kept: KeptState) -> ProofVerdict:
    proof = read_proof(content)
    assert isinstance(proof, GrowthProof)
    return check_growth_proof(proof, [KEY.verifier], kept)


def kept_at(tmp_path: Path, size: int) -> KeptState:
    with open_sample(tmp_path / f"{size}.db") as log:
        log.append_all([sample(number) for number in range(1, size)])
        return KeptState(*log.size_and_root(), "it was kept")


def test_every_record_that_was_signed_is_proven(log: Path) -> None:
    for index, record, _ in rows(log)[:11]:
        proof, verdict = record_verdict(prove_record(log, index))
        assert (proof.index, proof.record, verdict.problem, verdict.checkpoint.size) == (index, record, None, 11)


def test_a_proof_looks_as_the_standard_has_it(log: Path) -> None:
    head, note = prove_record(log, 9).split(b"\n\n", 1)
    first, extra, index, *path = head.decode().split("\n")
    assert (first, index) == ("c2sp.org/tlog-proof@v1", "index 9")
    assert base64.b64decode(extra.removeprefix("extra ")) == rows(log)[9][1]
    assert [len(base64.b64decode(step)) for step in path] == [32] * 3
    assert note == newest_checkpoint(log)


def without_its_time(content: bytes) -> bytes:
    """All but the last line, which says when the checkpoint was signed and may be left out."""
    return content[: content[:-1].rindex(b"\n") + 1]


def test_no_byte_of_a_proof_may_change(log: Path) -> None:
    content = without_its_time(prove_record(log, 9))
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        try:
            _, verdict = record_verdict(bytes(changed))
        except (InvalidProof, InvalidNote):
            continue
        assert verdict.problem is not None, place


def test_a_log_that_grew_is_proven_from_every_size(log: Path, tmp_path: Path) -> None:
    for size in range(1, 12):
        content = prove_growth(log, size)
        kept = kept_at(tmp_path, size)
        assert growth_verdict(content, kept).problem is None
        assert growth_verdict(content, KeptState(size, b"\x00" * 32, "")).problem is not None
        assert growth_verdict(content, KeptState(size + 1, kept.root, "")).problem is not None


def test_no_byte_of_a_proof_of_growth_may_change(log: Path, tmp_path: Path) -> None:
    content = without_its_time(prove_growth(log, 6))
    kept = kept_at(tmp_path, 6)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        try:
            verdict = growth_verdict(bytes(changed), kept)
        except (InvalidProof, InvalidNote):
            continue
        assert verdict.problem is not None, place


def test_a_proof_that_another_key_signed_proves_nothing(log: Path) -> None:
    proof = read_proof(prove_record(log, 3))
    assert isinstance(proof, RecordProof)
    assert check_record_proof(proof, [OTHER.verifier]).problem is not None
    assert check_record_proof(proof, []).problem is not None


def test_what_no_checkpoint_covers_is_not_proven(log: Path, tmp_path: Path) -> None:
    for index in (11, 12):
        with pytest.raises(NoCheckpoint, match="of 11 records"):
            prove_record(log, index)
    for size in (0, 12):
        with pytest.raises(NoCheckpoint, match="1 to 11"):
            prove_growth(log, size)
    open_sample(tmp_path / "plain.db").close()
    with pytest.raises(NoCheckpoint, match="no signed checkpoint"):
        prove_record(tmp_path / "plain.db", 0)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET record = x'7b7d' WHERE idx = 4",
        "DELETE FROM records WHERE idx = 4",
        "DELETE FROM records WHERE idx > 4",
        "UPDATE records SET record = zeroblob(70000) WHERE idx = 4",
        "UPDATE checkpoints SET note = x'00'",
    ],
)
def test_nothing_is_proven_of_a_log_that_was_changed(log: Path, statement: str) -> None:
    tamper(log, [(statement, ())])
    for action in (prove_record, prove_growth):
        with pytest.raises(LogDamaged):
            action(log, 3)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\n\n",
        b"old\n\n",
        b"old 01\n\n",
        b"old 1\nQUJD\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 3\n\n",
        b"c2sp.org/tlog-proof@v1\nextra %\nindex 3\n\n",
        b"c2sp.org/tlog-proof@v1\nextra QUJD\nplace 3\n\n",
        b"c2sp.org/tlog-proof@v2\nextra QUJD\nindex 3\n\n",
        b"old 1" + b"\n" + b"\n".join([base64.b64encode(b"\x00" * 32)] * 65) + b"\n\n",
    ],
)
def test_what_is_no_proof_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidProof):
        read_proof(content)


def test_a_kept_checkpoint_must_be_signed_to_begin_a_proof(log: Path) -> None:
    note = newest_checkpoint(log)
    (state,) = kept_states(None, [note], [KEY.verifier])
    assert (state.size, state.root) == (11, unchecked_checkpoint(note).root)
    with pytest.raises(InvalidNote, match="kept proves nothing"):
        kept_states(None, [note], [OTHER.verifier])
