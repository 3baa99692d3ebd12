"""Logs in both kinds of database, for what reviews promise on either."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers import postgres, postgres_log

__all__ = ["postgres", "postgres_log"]


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.xdist_group("postgres"))])
def log_name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The name of a log that is not there yet: of a file, and of one on a server."""
    if request.param == "file":
        return str(tmp_path / "log.db")
    address: str = request.getfixturevalue("postgres_log")
    return address
