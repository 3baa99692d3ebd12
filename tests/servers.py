"""Servers for tests: a PostgreSQL and a Redis of the test run's own, on the loopback, with ports that were free.

    postgres        the address of a fresh database
    redis_server    the address of an empty Redis

A machine without their programs skips the tests that need them, and says what to install; with `TENET_REQUIRE_SERVERS=1`, which CI
sets, that is a failure. PostgreSQL does not run as root, so there it runs as the user `postgres`. Nothing is written to
disk in earnest (`fsync=off`): tests of durability start servers of their own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

_PATIENCE = 60.0


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a fresh database of a PostgreSQL that is there for this session."""
    with started_postgres("-c", "fsync=off") as address:
        yield address


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of an empty Redis that is there for this session."""
    with started_redis("--appendonly", "no") as address:
        yield address


@contextmanager
def started_postgres(*options: str) -> Iterator[str]:
    """A PostgreSQL with these options of its own."""
    programs = _postgres_programs()
    folder = Path(tempfile.mkdtemp(prefix="tenet-postgres-"))
    as_user: list[str] = []
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        data = folder / "data"
        _run(
            [
                *as_user,
                str(programs / "initdb"),
                "-D",
                str(data),
                "-A",
                "trust",
                "-U",
                "tenet",
                "-E",
                "UTF8",
                "--no-sync",
            ]
        )
        port = free_port()
        command = [
            *as_user,
            str(programs / "postgres"),
            "-D",
            str(data),
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-k",
            str(folder),
        ]
        with _running([*command, *options], folder):
            ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
            _wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL")
            yield f"postgresql://tenet@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def started_redis(*options: str) -> Iterator[str]:
    """A Redis with these options of its own."""
    program = shutil.which("redis-server")
    if program is None:
        missing("Redis", "redis-server")
    folder = Path(tempfile.mkdtemp(prefix="tenet-redis-"))
    try:
        port = free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", *options]
        with _running(command, folder):
            _wait_for(lambda: _answers(port), "Redis")
            yield f"redis://127.0.0.1:{port}/0"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def missing(what: str, package: str) -> NoReturn:
    """Skips the test, or fails it where servers are required."""
    said = f"needs {what}, which is not installed here: apt-get install {package}"
    if os.environ.get("TENET_REQUIRE_SERVERS") == "1":
        pytest.fail(said)
    pytest.skip(said)


def free_port() -> int:
    """A port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _postgres_programs() -> Path:
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if all((folder / program).exists() for program in ("initdb", "postgres", "pg_isready")):
            return folder
    missing("PostgreSQL", "postgresql")


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _running(command: Sequence[str], folder: Path) -> Iterator[None]:
    """The program, until the block is done; what it says goes into a file of the folder."""
    with (folder / "server.log").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd="/")
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _wait_for(ready: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not ready():
        assert time.monotonic() < until, f"{what} did not start"
        time.sleep(0.02)
