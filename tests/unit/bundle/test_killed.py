"""A gate that is killed while bundles come into force, again and again: what it said to be in force is never behind it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tenetlang.audit import open_log, verify_log
from tenetlang.audit.writer import Writer
from tenetlang.bundle.activator import Settings, start
from tenetlang.bundle.memory import LogMemory, Memory
from tests.unit.bundle.bundles import KEY, MADE, TRUST, Clock, bundle, settings

GATE = """
import sys
from pathlib import Path
from tenetlang.audit import open_log
from tenetlang.audit.writer import Writer
from tenetlang.bundle.activator import Settings, start
from tenetlang.bundle.memory import FolderMemory, LogMemory
from tenetlang.bundle.trust import load_trust

folder, key, place = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
if place == "log":
    memory = LogMemory(Writer(open_log(folder / "log.db")).do)
else:
    memory = FolderMemory(folder / "state")
held = Settings(load_trust([key]), memory, folder / "state" / "good.bundle", clock=lambda: 0, prepare=False)
gate = start(held, folder / "policy.bundle")
print(gate.current.version, flush=True)
for version in range(gate.current.version + 1, 60):
    gate.activate((folder / f"{version}.bundle").read_bytes())
    print(version, flush=True)
"""


@pytest.mark.parametrize("place", ["folder", "log"])
def test_what_was_in_force_when_it_was_killed_is_in_force_again(tmp_path: Path, place: str) -> None:
    random = Random(place)
    for version in range(1, 60):
        (tmp_path / f"{version}.bundle").write_bytes(bundle(version))
    (tmp_path / "policy.bundle").write_bytes(bundle(1))
    acknowledged = 0
    for _ in range(4):
        words = [sys.executable, "-c", GATE, str(tmp_path), str(KEY.verifier), place]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as gate:
            assert gate.stdout is not None
            for _ in range(random.randrange(1, 8)):
                acknowledged = int(gate.stdout.readline())
            time.sleep(random.random() / 50)
            gate.kill()
            acknowledged = max([acknowledged, *map(int, gate.stdout.read().split("\n")[:-1])])
        (tmp_path / "policy.bundle").write_bytes(b"rubbish")
        assert acknowledged <= decides(tmp_path, place) <= acknowledged + 1
    if place == "log":
        assert not verify_log(tmp_path / "log.db").problems


def decides(folder: Path, place: str) -> int:
    """The version that decides after the next start."""
    if place == "folder":
        return version_of(settings(folder).memory, folder)
    with Writer(open_log(folder / "log.db")) as writer:
        return version_of(LogMemory(writer.do), folder)


def version_of(memory: Memory, folder: Path) -> int:
    held = Settings(TRUST, memory, folder / "state" / "good.bundle", clock=Clock(MADE), prepare=False)
    gate = start(held, folder / "policy.bundle")
    assert gate.current.version is not None
    return gate.current.version
