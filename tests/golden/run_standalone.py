"""Decides jobs by modules that `tenet build --target python` has made, as `run.mjs` does; needs Python 3.9 and nothing else."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from types import ModuleType


def bytes_of(pieces: list[object]) -> bytes:
    found = b""
    for piece in pieces:
        if isinstance(piece, str):
            found += piece.encode()
        elif isinstance(piece, dict):
            found += bytes.fromhex(piece["hex"]) if "hex" in piece else piece["repeat"].encode() * piece["times"]
    return found


def loaded(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("policy", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def decider(module: ModuleType, documents: str) -> Callable[[bytes], str]:
    policy = module.Policy.from_json(documents)
    return lambda data: str(policy.decide_json(data).to_text())


def main() -> None:
    current, module = "", ModuleType("none")
    deciders: dict[str, Callable[[bytes], str]] = {}
    for line in sys.stdin.buffer.read().decode().split("\n"):
        if not line:
            continue
        job = json.loads(line)
        if job["module"] != current:
            current, module, deciders = job["module"], loaded(job["module"]), {}
        documents = job["documents"]
        if documents not in deciders:
            deciders[documents] = decider(module, documents)
        sys.stdout.buffer.write(deciders[documents](bytes_of(job["pieces"])).encode() + b"\n")


if __name__ == "__main__":
    main()
