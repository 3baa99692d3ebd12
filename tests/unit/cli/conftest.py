"""Runs `tenet` as a shell would, but in this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

import attrs
import pytest
from click.testing import CliRunner

from tenetlang.cli.main import main


@attrs.frozen
class Answer:
    """What a command said, and its exit status."""

    status: int
    out: str
    error: str


class Tenet(Protocol):
    """`tenet` with these words, and `given` on standard input."""

    def __call__(self, *words: str, given: str | bytes = "") -> Answer: ...


@pytest.fixture
def tenet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tenet:
    """Runs a command in an empty folder, with `given` on standard input."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "TENET_ENTRY"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, given: str | bytes = "") -> Answer:
        with CliRunner().isolation(given) as streams:
            status = main(words)
            sys.stderr.flush()
            return Answer(status, streams[0].getvalue().decode(), streams[1].getvalue().decode())

    return run
