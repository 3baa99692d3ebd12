"""The golden vectors, and how they are kept.

`policies.jsonl` has a line for each policy: `{"id": …, "document": its JSON form}`. `vectors.jsonl` has a line for each decision:

    {"policy": id, "documents": {…}, "request": text, "decision": {…}}

`documents` is left out where there are none. The request is JSON text, or a list of pieces where it is not text or very long:
a string, `{"repeat": "[", "times": 40}`, `{"hex": "ff"}`. The decision is that of `Decision.to_json()`, with the trace; its keys
stand in the order in which every evaluator writes them, so it is compared byte for byte. Whoever writes an evaluator of the
JSON form of policies can hold it to these files with nothing else of tenetlang.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import attrs

from tenetlang.decision_tree import json_form
from tenetlang.decision_tree.tree import Policy

FOLDER = Path(__file__).parent
POLICIES = FOLDER / "policies.jsonl"
VECTORS = FOLDER / "vectors.jsonl"

Pieces: TypeAlias = list[object]


@attrs.frozen
class Vector:
    """One decision that every evaluator has to give."""

    policy: str
    documents: Mapping[str, object]
    request: str | Pieces
    decision: str

    @property
    def pieces(self) -> Pieces:
        return [self.request] if isinstance(self.request, str) else self.request

    @property
    def data(self) -> bytes:
        """The request's bytes."""
        return b"".join(map(piece_bytes, self.pieces))


def piece_bytes(piece: object) -> bytes:
    match piece:
        case {"repeat": str(text), "times": int(times)}:
            return text.encode() * times
        case {"hex": str(digits)}:
            return bytes.fromhex(digits)
        case _:
            assert isinstance(piece, str)
            return piece.encode()


def compact(value: object) -> str:
    """JSON without spaces, as decisions are compared."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def policies() -> dict[str, Policy]:
    """The policies by their names."""
    found: dict[str, Policy] = {}
    for line in lines(POLICIES):
        name = line["id"]
        assert isinstance(name, str)
        found[name] = json_form.from_json(line["document"])
    return found


def vectors() -> list[Vector]:
    """All vectors, those of one policy and the same documents next to each other."""
    return [read_vector(line) for line in lines(VECTORS)]


def read_vector(line: Mapping[str, object]) -> Vector:
    policy, documents, request = line["policy"], line.get("documents", {}), line["request"]
    assert isinstance(policy, str)
    assert isinstance(documents, dict)
    assert isinstance(request, str | list)
    return Vector(policy, documents, request, compact(line["decision"]))


def lines(file: Path) -> Iterator[dict[str, object]]:
    for line in file.read_text(encoding="utf-8").split("\n"):
        if line:
            read: object = json.loads(line)
            assert isinstance(read, dict)
            yield read


def jobs(found: Sequence[Vector], modules: Mapping[str, Path]) -> str:
    """What `run.mjs` and `run_standalone.py` read: the vectors as requests to these modules."""
    shown = [
        compact(
            {"module": str(modules[vector.policy]), "documents": compact(vector.documents), "pieces": vector.pieces}
        )
        for vector in found
    ]
    return "\n".join(shown) + "\n"
