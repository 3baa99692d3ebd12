"""Logs are verified by a program that shares nothing with this project: Go's `sumdb/note` and `sumdb/tlog` packages.

Needs Go and golang.org/x/mod, as Debian's packages golang-go and golang-golang-x-mod-dev have them; skipped without.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import pytest

from tenetlang.audit import export_tiles, prove_growth
from tenetlang.audit.checkpoints.note import signing_key
from tests.unit.audit.samples import open_sample, sample

pytestmark = pytest.mark.deep

PROGRAM = Path(__file__).parent / "verify_tiles" / "main.go"
SOURCES = Path("/usr/share/gocode")
KEY = signing_key("example.com/log", bytes(range(32)))


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, compiled."""
    go = shutil.which("go")
    if go is None or not (SOURCES / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("Go, or its package golang.org/x/mod, is not installed")
    made = tmp_path_factory.mktemp("go")
    surroundings = {**os.environ, "GO111MODULE": "off", "GOPATH": str(SOURCES), "GOCACHE": str(made / "cache")}
    subprocess.run([go, "build", "-o", str(made / "verify"), str(PROGRAM)], check=True, env=surroundings, timeout=280)
    return made / "verify"


def run(verifier: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = [str(verifier), str(folder), str(KEY.verifier), *more]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 700])
def test_go_verifies_every_record_of_our_tiles(verifier: Path, tmp_path: Path, size: int) -> None:
    with open_sample(tmp_path / "log.db") as log:
        log.append_all([sample(number) for number in range(1, size)])
        log.sign(KEY)
    export_tiles(tmp_path / "log.db", tmp_path / "tiles")
    done = run(verifier, tmp_path / "tiles")
    assert (done.returncode, done.stdout) == (0, f"{size} records\n"), done.stderr


@pytest.mark.parametrize("older", [1, 7, 256, 300])
def test_go_checks_our_proofs_that_a_log_has_grown(verifier: Path, tmp_path: Path, older: int) -> None:
    with open_sample(tmp_path / "log.db") as log:
        log.append_all([sample(number) for number in range(1, older)])
        _, root = log.size_and_root()
        log.append_all([sample(number) for number in range(older, 301)])
        log.sign(KEY)
    export_tiles(tmp_path / "log.db", tmp_path / "tiles")
    (tmp_path / "proof").write_bytes(prove_growth(tmp_path / "log.db", older))
    old = (str(tmp_path / "proof"), str(older))
    done = run(verifier, tmp_path / "tiles", *old, b64encode(root).decode())
    assert done.returncode == 0, done.stderr
    assert run(verifier, tmp_path / "tiles", *old, b64encode(bytes(32)).decode()).returncode != 0


def test_go_refuses_what_was_changed(verifier: Path, tmp_path: Path) -> None:
    with open_sample(tmp_path / "log.db") as log:
        log.append_all([sample(number) for number in range(1, 300)])
        log.sign(KEY)
    export_tiles(tmp_path / "log.db", tmp_path / "tiles")
    for file in sorted(path for path in (tmp_path / "tiles").rglob("*") if path.is_file()):
        content = file.read_bytes()
        file.write_bytes(content[:20] + bytes([content[20] ^ 1]) + content[21:])
        assert run(verifier, tmp_path / "tiles").returncode != 0, file
        file.write_bytes(content)
    assert run(verifier, tmp_path / "tiles").returncode == 0
