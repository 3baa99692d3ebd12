"""Every case of the files that other projects publish, where the tests of a part look at some of them only, and a count that
says when a file has cases that nobody looks at."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TypedDict

import pytest

from tenetlang.audit import verify_log
from tenetlang.audit.canonical import number_text
from tenetlang.audit.checkpoints.key_files import load_verifier_key
from tenetlang.audit.checkpoints.paths import consistency_holds, consistency_ranges, inclusion_holds, roots_of
from tenetlang.audit.checkpoints.proofs import GrowthProof, check_growth_proof, prove_growth, read_proof
from tenetlang.audit.checkpoints.signatures import checkpoint_of
from tenetlang.audit.checkpoints.signed import KeptState
from tenetlang.audit.merkle import leaf_hash
from tests.unit.audit.test_canonical import published_doubles

VECTORS = Path(__file__).parents[2] / "vectors"
LOG = VECTORS / "tile-log" / "log"


class Subtree(TypedDict):
    case: str
    leafIdx: int
    start: int
    end: int
    size: int
    root: str
    root1: str
    root2: str
    leafHash: str
    proof: list[str] | None
    wantErr: bool


def published(name: str) -> list[Subtree]:
    return [json.loads(line) for line in (VECTORS / "merkle" / name).read_text().splitlines()]


def is_subtree(start: int, end: int) -> bool:
    """Whether these leaves are a subtree of a larger tree: it begins at a multiple of its size as a power of two."""
    return 0 <= start < end and start % (1 << (end - start - 1).bit_length()) == 0


def steps(case: Subtree) -> list[bytes]:
    return [base64.b64decode(step) for step in case["proof"] or []]


@pytest.mark.parametrize("case", published("subtreeinclusion.jsonl"), ids=lambda case: case["case"])
def test_a_published_leaf_of_a_subtree_is_proven_as_one_of_a_tree_is(case: Subtree) -> None:
    leaf, root = base64.b64decode(case["leafHash"]), base64.b64decode(case["root"])
    place, size = case["leafIdx"] - case["start"], case["end"] - case["start"]
    holds = is_subtree(case["start"], case["end"]) and inclusion_holds(place, size, leaf, root, steps(case))
    assert holds != case["wantErr"]


FROM_THE_FIRST = [case for case in published("subtreeconsistency.jsonl") if case["start"] == 0]
OTHERS = [case for case in published("subtreeconsistency.jsonl") if case["start"] != 0]


@pytest.mark.parametrize("case", FROM_THE_FIRST, ids=lambda case: case["case"])
def test_a_published_subtree_from_the_first_leaf_is_the_beginning_of_a_tree(case: Subtree) -> None:
    roots = base64.b64decode(case["root1"]), base64.b64decode(case["root2"])
    holds = consistency_holds(case["end"], case["size"], *roots, steps(case))
    if case["end"] == 0:  # an empty log is the beginning of any other, which says nothing: refused on purpose
        assert not holds
    else:
        assert holds != case["wantErr"]


def test_subtrees_that_begin_later_are_nowhere_compared_so_these_cases_are_left_out() -> None:
    assert len(OTHERS) == 16
    assert all(case["wantErr"] or case["start"] == case["end"] for case in OTHERS)


def test_so_many_cases_are_published() -> None:
    counts = {path.name: len(path.read_text().splitlines()) for path in (VECTORS / "merkle").glob("*.jsonl")}
    expected = {"consistency": 98, "inclusion": 98, "subtreeconsistency": 118, "subtreeinclusion": 204}
    assert counts == {f"{name}.jsonl": count for name, count in expected.items()}
    assert len(json.loads((VECTORS / "signed-note" / "note.json").read_text("utf-8"))["open"]) == 15
    signatures = json.loads((VECTORS / "ed25519" / "ed25519_test.json").read_text("utf-8"))
    assert sum(len(group["tests"]) for group in signatures["testGroups"]) == signatures["numberOfTests"] == 151
    assert {path.stem for path in (VECTORS / "jcs" / "input").iterdir()} == {
        path.stem for folder in ("output", "outhex") for path in (VECTORS / "jcs" / folder).iterdir()
    }


@pytest.mark.deep
@pytest.mark.parametrize("lines", [100_000, 1_000_000])
def test_numbers_are_written_as_the_published_check_sums_of_long_sequences_say(lines: int) -> None:
    numbers = json.loads((VECTORS / "jcs" / "es6-numbers.json").read_text())
    digest = hashlib.sha256()
    for pattern in islice(published_doubles(numbers["static"]), lines):
        (value,) = struct.unpack("<d", struct.pack("<Q", pattern))
        digest.update(f"{pattern:x},{number_text(value)}\n".encode())
    assert [digest.hexdigest()] == [entry["sha256"] for entry in numbers["checksums"] if entry["lines"] == lines]


def entries() -> Iterator[bytes]:
    bundle = (LOG / "tile" / "entries" / "000.p" / "15").read_bytes()
    while bundle:
        length = int.from_bytes(bundle[:2])
        yield bundle[2 : 2 + length]
        bundle = bundle[2 + length :]


def test_each_published_checkpoint_is_consistent_with_each_later_one() -> None:
    key = load_verifier_key(str(VECTORS / "tile-log" / "log.vkey"))
    leaves = [leaf_hash(entry) for entry in entries()]
    roots = [checkpoint_of((LOG / f"checkpoint.{size}").read_bytes(), [key]).root for size in range(16)]
    for size in range(1, 16):
        for old in range(1, size + 1):
            path = roots_of(leaves[:size], consistency_ranges(old, size))
            assert consistency_holds(old, size, roots[old], roots[size], path)
            assert not consistency_holds(old, size, roots[old - 1], roots[size], path)


@pytest.mark.parametrize("size", range(1, 16))
def test_the_tiles_of_each_published_size_lead_to_its_checkpoint(tmp_path: Path, size: int) -> None:
    """The entries are no records of a decision log, and nothing else is wrong with them: neither tiles nor checkpoint."""
    key = load_verifier_key(str(VECTORS / "tile-log" / "log.vkey"))
    log = tmp_path / "log"
    shutil.copytree(LOG, log)
    shutil.copy(LOG / f"checkpoint.{size}", log / "checkpoint")
    found = verify_log(log, keys=[key])
    assert found.signed == found.size == size
    assert {problem.what for problem in found.problems} == {"canonical"}
    old = checkpoint_of((LOG / f"checkpoint.{(size + 1) // 2}").read_bytes(), [key])
    proof = read_proof(prove_growth(log, old.size))
    assert isinstance(proof, GrowthProof)
    assert check_growth_proof(proof, [key], KeptState(old.size, old.root, "it is published")).problem is None
    assert check_growth_proof(proof, [key], KeptState(old.size, bytes(32), "it is another")).problem is not None
