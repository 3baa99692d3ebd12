from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TypedDict

import pytest

from tenetlang.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash

VECTORS = Path(__file__).parents[2] / "vectors"


class InclusionCase(TypedDict):
    case: str
    leafIdx: int
    treeSize: int
    root: str
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


def path_root(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2), or None."""
    if index >= size:
        return None
    place, last = index, size - 1
    for step in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            leaf = node_hash(step, leaf)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            leaf = node_hash(leaf, step)
        place, last = place >> 1, last >> 1
    return leaf if last == 0 else None


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


INCLUSION = [json.loads(line) for line in (VECTORS / "merkle" / "inclusion.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("case", INCLUSION, ids=lambda case: case["case"])
def test_published_inclusion_proofs_hold_with_our_hashes(case: InclusionCase) -> None:
    proof = [base64.b64decode(step) for step in case["proof"] or []]
    leaf, root = base64.b64decode(case["leafHash"]), base64.b64decode(case["root"])
    index, size = case["leafIdx"], case["treeSize"]
    right = len(leaf) == 32 and path_root(index, size, leaf, proof) == root
    assert right != case["wantErr"]


def test_a_leaf_is_never_taken_for_an_inner_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
    assert leaf_hash(b"") != EMPTY_ROOT
