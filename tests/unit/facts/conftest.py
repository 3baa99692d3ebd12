"""Every kind of ledger, empty, for tests that are about what all of them promise."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from tenetlang.facts.ledger import Ledger, open_ledger
from tests.ledgers import LogLedger
from tests.servers import postgres, postgres_log, redis_server

__all__ = ["postgres", "postgres_log", "redis_server"]

STORES = ("memory", "log", "server_log", "sqlite", "postgresql", "redis")
"""`server_log` is a log in PostgreSQL, with the ledger in its database."""


@attrs.frozen
class Store:
    """One kind: `client` gives a ledger over the same store each time, `address` is for other processes."""

    kind: str
    address: str
    client: Callable[[], Ledger]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind."""
    yield from _opened(request, tmp_path)


@pytest.fixture(params=STORES[1:])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind that several processes can use."""
    yield from _opened(request, tmp_path)


@pytest.fixture(params=("memory", "sqlite", "postgresql", "redis"))
def apart(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind that is not in a log."""
    yield from _opened(request, tmp_path)


@pytest.fixture(params=("sqlite", "postgresql", "redis"))
def connected(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind with a connection of its own."""
    yield from _opened(request, tmp_path)


def _opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: list[Ledger] = []
    kind: str = request.param
    address = _address(kind, request, tmp_path)

    def client() -> Ledger:
        if kind == "memory" and opened:
            return opened[0]
        opened.append(LogLedger(address) if kind in {"log", "server_log"} else open_ledger(address))
        return opened[-1]

    yield Store(kind, address, client)
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.client()


def _address(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    match kind:
        case "memory":
            return "memory:"
        case "postgresql":
            import psycopg

            server: str = request.getfixturevalue("postgres")
            name = f"facts_{uuid.uuid4().hex}"
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"CREATE SCHEMA {name}".encode())
            return f"{server}?options=-csearch_path%3D{name}"
        case "server_log":
            log: str = request.getfixturevalue("postgres_log")
            return log
        case "redis":
            import redis

            address: str = request.getfixturevalue("redis_server")
            with redis.Redis.from_url(address) as connection:
                connection.flushall()
            return address
        case _:
            return str(tmp_path / f"{kind}.db")
