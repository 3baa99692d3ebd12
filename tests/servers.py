"""Servers for tests: a PostgreSQL and a Redis of the test run's own, on the loopback, with ports that were free.

    postgres        the address of a fresh database, and `postgres_log` that of a log in it that is not there yet
    own_postgres    a server for one test alone, which it may stop, kill and start again; its disk is in earnest
    redis_server    the address of an empty Redis

A machine without their programs skips the tests that need them, and says what to install; with `TENET_REQUIRE_SERVERS=1`, which CI
sets, that is a failure. PostgreSQL does not run as root, so there it runs as the user `postgres`. Nothing is written to
disk in earnest (`fsync=off`): tests of durability start servers of their own.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import NoReturn

import attrs
import pytest

_PATIENCE = 60.0

PASSWORD = "s3cret-of-tests"
"""In the address of each PostgreSQL, to see that no message shows it."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a fresh database of a PostgreSQL that is there for this session."""
    with started_postgres("-c", "fsync=off") as address:
        yield address


@pytest.fixture
def postgres_log(postgres: str) -> str:
    """The address of a log that is not there yet, on a server that is known not to wait for its disk."""
    return f"{postgres}#log_{secrets.token_hex(6)}?fsync=off"


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    with own_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of an empty Redis that is there for this session."""
    with started_redis("--appendonly", "no") as address:
        yield address


@contextmanager
def started_postgres(*options: str) -> Iterator[str]:
    """The address of a PostgreSQL with these options of its own."""
    with own_server(*options) as server:
        yield server.address()


@attrs.define
class Postgres:
    """A PostgreSQL of its own, which a test may stop, kill and start again. `programs` is where its programs lie."""

    programs: Path
    folder: Path
    port: int
    as_user: Sequence[str]
    options: Sequence[str]

    def address(self, database: str = "postgres") -> str:
        return f"postgresql://tenet:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.folder), *self.options]
        self.run("pg_ctl", "start", "-w", "-t", "60", "-l", str(self.folder / "output"), "-o", " ".join(options))

    def stop(self, mode: str = "fast") -> None:
        """`fast` ends all sessions in good order; `immediate` ends the server as a crash does."""
        self.run("pg_ctl", "stop", "-w", "-t", "60", "-m", mode)

    def run(self, program: str, *arguments: str) -> None:
        command = [*self.as_user, str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        streams = subprocess.DEVNULL  # a pipe would stay open in the server
        done = subprocess.run(command, stdin=streams, stdout=streams, stderr=streams, check=False, cwd=self.folder)
        if done.returncode != 0:
            output = self.folder / "output"
            pytest.fail(f"{program} {arguments[0]}: {output.read_text() if output.exists() else 'it said nothing'}")


@contextmanager
def own_server(*options: str) -> Iterator[Postgres]:
    """A PostgreSQL with these options of its own, that can be stopped and started."""
    programs = _postgres_programs()
    with _folder() as folder:
        server = Postgres(programs, folder, free_port(), _as_user(), options)
        subprocess.run(
            [*_as_user(), "cp", "-a", str(_fresh_data(programs)), str(folder / "data")], check=True, cwd=folder
        )
        server.start()
        try:
            yield server
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                server.stop("immediate")


@cache
def _fresh_data(programs: Path) -> Path:
    """The data of a new server, which is made once: each gets a copy."""
    made = ExitStack()
    folder = made.enter_context(_folder())
    atexit.register(made.close)
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    secret = f"--pwfile={folder / 'password'}"
    server = Postgres(programs, folder, 0, _as_user(), ())
    server.run("initdb", "-A", "scram-sha-256", "-U", "tenet", "-E", "UTF8", "--locale=C", "--no-sync", secret)
    return folder / "data"


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tenet-postgres-"))
    try:
        if _as_user():
            shutil.chown(folder, "postgres", "postgres")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_user() -> list[str]:
    root = os.geteuid() == 0
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []


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
        if all((folder / program).exists() for program in ("initdb", "postgres", "pg_ctl")):
            return folder
    missing("PostgreSQL", "postgresql")


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
