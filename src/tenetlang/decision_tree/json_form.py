"""The JSON form of a policy, its digest, and reading it back from whoever sent it.

`docs/ir.md` describes the form for people. It follows from the classes: what is written in `writing.py` and `reading.py` is how
each *kind* of field is written, and the coders of a class are made once from its annotations. So a field that is added to a
node is in the form, and is checked on reading, without a line there.

    a node              {"is": "Compare", "operator": "==", "left": …}    fields that have their default are left out
    a type              its number in the table `types`
    a place             [number of the file in `files`, line, column]
    a mask              lower-case hexadecimal
    a value             see values_form.py
    tuple, frozenset    a list (a set's is sorted)
    Mapping             an object

Canonical bytes are ASCII without spaces, keys sorted, no floats; the digest is SHA-256 over them.

Reading takes nothing on trust. Every field is there or has a default, is of its kind, and no other is there; names and
numbers refer to something; definitions and functions do not call each other in a circle; nesting is bounded. What it makes
is only ever data: no text becomes an identifier, an attribute or code (`evaluator/generate.py` keeps to that too).

Whoever has reason to trust the bytes need not wait for all that: `opening.py`.
"""

from __future__ import annotations

import json

from tenetlang.collector import without_collector
from tenetlang.decision_tree.reading import MAX_COLUMN, MAX_DEPTH, MAX_LINE, Reading, files_of, read_node
from tenetlang.decision_tree.tree import FORMAT_VERSION, Policy
from tenetlang.decision_tree.verify import PolicyFormatError, verify
from tenetlang.decision_tree.writing import Writing, string, written
from tenetlang.program.recursion import deep_recursion

__all__ = [
    "MAX_COLUMN", "MAX_DEPTH", "MAX_LINE", "PolicyFormatError", "canonical", "decode", "digest", "digest_of_bytes", "encode",
    "from_json", "to_json",
]  # fmt: skip


def encode(policy: Policy) -> bytes:
    """The canonical bytes of the policy's JSON form."""
    writing = Writing()
    with deep_recursion(), without_collector():
        body = written(writing, policy)
    files = ",".join(map(string, writing.files))
    types = ",".join(writing.types)
    return f'{{"files":[{files}],"format":"tenet-policy","policy":{body},"types":[{types}]}}'.encode("ascii")


def decode(data: bytes | str) -> Policy:
    """The policy whose JSON form this is; raises `PolicyFormatError` for anything else. Never executes what it reads."""
    try:
        with without_collector():
            return from_json(_document(data))
    except RecursionError:
        raise PolicyFormatError("nested too deeply") from None


def _document(data: bytes | str) -> object:
    try:
        return json.loads(
            data, object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float, parse_int=_int
        )
    except PolicyFormatError:
        raise
    except ValueError as problem:
        raise PolicyFormatError(f"not JSON: {problem}") from None


def digest(policy: Policy) -> str:
    """`sha256:…` over the canonical bytes: two policies with one digest decide alike, and say the same about it."""
    return digest_of_bytes(encode(policy))


def digest_of_bytes(data: bytes) -> str:
    """The digest of the policy whose canonical bytes these are."""
    import hashlib

    return "sha256:" + hashlib.sha256(data).hexdigest()


def canonical(document: object) -> bytes:
    """JSON as ASCII without spaces, keys sorted."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def to_json(policy: Policy) -> dict[str, object]:
    """The JSON form as Python values; what a node is stands first in it, for those who look at it."""
    with deep_recursion():
        document = json.loads(encode(policy), object_pairs_hook=_kind_first)
    return {name: document[name] for name in ("format", "files", "types", "policy")}


def _kind_first(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    return {"is": found.pop("is"), **found} if "is" in found else found


def from_json(document: object) -> Policy:
    """The policy of a JSON form given as Python values; raises `PolicyFormatError`."""
    match document:
        case {
            "format": "tenet-policy",
            "files": list() as files,
            "types": list() as listed,
            "policy": dict() as body,
            **others,
        } if not others:
            pass
        case _:
            raise PolicyFormatError(
                "not a policy: `format`, `files`, `types` and `policy`, and nothing else, are wanted"
            )
    if body.get("version") != FORMAT_VERSION:
        raise PolicyFormatError(f"version {body.get('version')!r} of the form; this program reads {FORMAT_VERSION}")
    try:
        reading = Reading(files_of(files), ())
        with deep_recursion():
            reading.types = tuple(reading.type(form) for form in listed)
            policy = read_node(Policy, reading, body)
    except RecursionError:
        raise PolicyFormatError("nested too deeply") from None
    verify(policy)
    return policy


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise PolicyFormatError("a key is there twice")
    return found


def _no_float(text: str) -> object:
    raise PolicyFormatError(f"no such number is in a policy: {text[:40]}")


def _int(text: str) -> int:
    if len(text) > 20:
        raise PolicyFormatError(f"no such number is in a policy: {text[:40]}")
    return int(text)
