"""What remembers the versions of bundles, in each of its places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenetlang.audit import open_log
from tenetlang.audit.writer import Writer
from tenetlang.bundle.memory import FolderMemory, LogMemory, Memory
from tests.servers import postgres, postgres_log

__all__ = ["memory", "postgres", "postgres_log"]


@pytest.fixture(params=["folder", "file", pytest.param("server", marks=pytest.mark.xdist_group("postgres"))])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Memory]:
    """An empty one: in a folder, in a log that is a file, in one on a server."""
    if request.param == "folder":
        yield FolderMemory(tmp_path / "state")
        return
    address: str = str(tmp_path / "log.db") if request.param == "file" else request.getfixturevalue("postgres_log")
    with Writer(open_log(address)) as writer:
        yield LogMemory(writer.do)
