from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TypedDict

import pytest

from tenetlang.audit.checkpoints.paths import (
    consistency_holds,
    consistency_ranges,
    inclusion_holds,
    inclusion_ranges,
    roots_of,
)
from tenetlang.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash

VECTORS = Path(__file__).parents[2] / "vectors"


class ProofCase(TypedDict):
    case: str
    leafIdx: int
    treeSize: int
    size1: int
    size2: int
    root: str
    root1: str
    root2: str
    leafHash: str
    proof: list[str] | None
    wantErr: bool


def root_by_definition(leaves: list[bytes]) -> bytes:
    """The recursive definition of RFC 6962, section 2.1."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(root_by_definition(leaves[:split]), root_by_definition(leaves[split:]))


def test_the_root_is_that_of_the_definition_at_every_size() -> None:
    leaves: list[bytes] = []
    frontier = Frontier()
    for number in range(130):
        assert frontier.size == number
        assert frontier.root() == root_by_definition(leaves)
        leaf = leaf_hash(str(number).encode())
        leaves.append(leaf)
        frontier.append(leaf)


def test_the_roots_are_those_of_another_programs_log() -> None:
    log = VECTORS / "tile-log" / "log"
    bundle = (log / "tile" / "entries" / "000.p" / "15").read_bytes()
    frontier = Frontier()
    for size in range(16):
        published = (log / f"checkpoint.{size}").read_text("utf-8").splitlines()
        assert published[1] == str(size)
        assert base64.b64decode(published[2]) == frontier.root()
        if size < 15:
            length = int.from_bytes(bundle[:2])
            frontier.append(leaf_hash(bundle[2 : 2 + length]))
            bundle = bundle[2 + length :]
    assert bundle == b""


def published(name: str) -> list[ProofCase]:
    return [json.loads(line) for line in (VECTORS / "merkle" / name).read_text().splitlines()]


@pytest.mark.parametrize("case", published("inclusion.jsonl"), ids=lambda case: case["case"])
def test_published_inclusion_proofs_hold_or_do_not(case: ProofCase) -> None:
    proof = [base64.b64decode(step) for step in case["proof"] or []]
    leaf, root = base64.b64decode(case["leafHash"]), base64.b64decode(case["root"])
    assert inclusion_holds(case["leafIdx"], case["treeSize"], leaf, root, proof) != case["wantErr"]


@pytest.mark.parametrize("case", published("consistency.jsonl"), ids=lambda case: case["case"])
def test_published_consistency_proofs_hold_or_do_not(case: ProofCase) -> None:
    proof = [base64.b64decode(step) for step in case["proof"] or []]
    roots = base64.b64decode(case["root1"]), base64.b64decode(case["root2"])
    assert consistency_holds(case["size1"], case["size2"], *roots, proof) != case["wantErr"]


LEAVES = [leaf_hash(str(number).encode()) for number in range(40)]
ROOTS = [root_by_definition(LEAVES[:size]) for size in range(41)]


def test_every_leaf_of_every_tree_has_a_proof_that_holds_there_alone() -> None:
    for size in range(1, 34):
        for index in range(size):
            path = roots_of(LEAVES[:size], inclusion_ranges(index, size))
            for other in range(size):
                assert inclusion_holds(other, size, LEAVES[index], ROOTS[size], path) == (other == index)
            assert not inclusion_holds(index, size, LEAVES[index], ROOTS[size], (*path, LEAVES[0]))
            assert not inclusion_holds(index, size, LEAVES[index - 1], ROOTS[size], path) or size == 1


def test_every_tree_is_proven_to_be_the_beginning_of_every_later_one() -> None:
    for size in range(1, 34):
        for old in range(1, size + 1):
            path = roots_of(LEAVES[:size], consistency_ranges(old, size))
            assert consistency_holds(old, size, ROOTS[old], ROOTS[size], path)
            assert not consistency_holds(old, size, ROOTS[old - 1], ROOTS[size], path)
            assert not consistency_holds(old, size, ROOTS[old], ROOTS[size + 1], path)
            assert not consistency_holds(old, size, ROOTS[old], ROOTS[size], (*path, LEAVES[0]))
            assert not path or not consistency_holds(old, size, ROOTS[old], ROOTS[size], path[:-1])


def test_a_leaf_is_never_taken_for_an_inner_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
    assert leaf_hash(b"") != EMPTY_ROOT
