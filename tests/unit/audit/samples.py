"""Decisions, requests and small logs for the tests of the audit log; everything is the same at each run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TypeVar

import apsw

from tenetlang.audit import Log, Surroundings, decision_record, time_text, ulid
from tenetlang.audit.stores.addresses import is_address
from tenetlang.audit.stores.opening import open_to_read
from tenetlang.audit.stores.sqlite_database import SqliteDatabase

_Name = TypeVar("_Name", Path, str)

START = 1_795_377_600_000_000_000  # 2026-11-22T20:00:00Z

DECISION: dict[str, object] = {
    "schema_version": 1,
    "policy": "acme.support",
    "bundle": "sha256:" + "ab" * 32,
    "verdict": "escalate",
    "decided_by": ["large_refund"],
    "reason": "a refund of 120 USD is above 50",
    "matched": [{"rule": "large_refund", "verdict": "escalate", "owner": "payments", "at": "support.tenet:44"}],
    "overridden": [],
    "errors": [],
    "obligations": [{"name": "mask", "args": ["body"]}],
    "escalations": [
        {"rule": "large_refund", "reviewers": "finance_oncall", "quorum": 2, "within": "30m", "else": "deny"}
    ],
}

REQUEST: dict[str, object] = {
    "agent": {"id": "a1", "team": "support", "roles": ["support"]},
    "user": {"id": "u7"},
    "tool": "refund",
    "args": {"customer": "Zoë Ångström", "amount": 120, "currency": "USD"},
    "origins": {"amount": "user", "customer": "tool:crm.find"},
    "session": {"id": "s1", "labels": [], "calls": []},
    "counters": {"refunds_today": 4980.5},
    "context": {},
    "now": "2026-11-22T20:00:00Z",
}

TRACE: dict[str, object] = {"bucket": 3, "rules": {"large_refund": "holds"}, "values": {"args.amount": "120"}}


def salts(seed: bytes = b"") -> Callable[[], bytes]:
    """Salts that differ from each other and are the same at each run."""
    numbers = count()
    return lambda: sha256(seed + str(next(numbers)).encode()).digest()[:16]


def identifier(number: int) -> str:
    return ulid(START + number * 1_000_000, sha256(str(number).encode()).digest()[:16])


def sample(
    number: int = 1,
    decision: Mapping[str, object] = DECISION,
    request: Mapping[str, object] | bytes | None = REQUEST,
    trace: Mapping[str, object] = TRACE,
    surroundings: Surroundings | None = None,
) -> tuple[dict[str, object], bytes]:
    return decision_record(
        decision,
        request,
        trace,
        time_text(START + number * 1_000_000),
        identifier(number),
        4_200,
        salts(str(number).encode()),
        surroundings,
    )


def open_sample(path: Path | str) -> Log:
    return Log.open(path, clock=lambda: START, randomness=lambda size: b"\x07" * size)


def connection_of(log: Log) -> apsw.Connection:
    """The connection of a log that is a file."""
    assert isinstance(log._database, SqliteDatabase)
    return log._database.connection


def small_log(path: _Name, decisions: int) -> _Name:
    """A log of the record of its opening and that many decisions."""
    with open_sample(path) as log:
        log.append_all([sample(number) for number in range(1, decisions + 1)])
    return path


def tamper(path: Path | str, statements: Iterable[tuple[str, tuple[bytes | int | str, ...]]]) -> None:
    """Changes the database behind the log's back.

    With apsw as well: two copies of SQLite in one process do not see each other's locks.
    """
    if is_address(path):
        with closing(open_to_read(str(path))) as database:
            for statement, values in statements:
                database.run(statement, values)
        return
    with closing(apsw.Connection(str(path))) as connection, connection:
        for statement, values in statements:
            connection.execute(statement, values).fetchall()


def rows(path: Path | str) -> list[tuple[int, bytes, bytes]]:
    """The records of a log as they are stored, in a file or on a server."""
    found: list[tuple[int, bytes, bytes]] = []
    for row in _all_rows(path):
        match row:
            case (int(index), bytes(record), bytes(leaf)):
                found.append((index, record, leaf))
            case _:
                raise AssertionError(row)
    return found


def _all_rows(path: Path | str) -> list[tuple[object, ...]]:
    statement = "SELECT idx, record, leaf FROM records ORDER BY idx"
    if is_address(path):
        with closing(open_to_read(str(path))) as database:
            return database.run(statement)
    with closing(apsw.Connection(str(path))) as connection:
        return [tuple(row) for row in connection.execute(statement)]
