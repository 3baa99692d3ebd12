"""Erasing from a log on a server: the same payloads as from a file go, the same record says so, and what is left is told."""

from __future__ import annotations

from contextlib import closing
from hashlib import sha256
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tenetlang.audit import Log, LogPoisoned, unplaced, verify_log
from tenetlang.audit.payloads.erasing import (
    Before,
    Erased,
    OfSubject,
    OlderThan,
    TheseRecords,
    Which,
    erase,
    would_erase,
)
from tenetlang.audit.records.events import event_record
from tenetlang.audit.stores.opening import open_to_read
from tests.servers import postgres, postgres_log
from tests.unit.audit.payloads.test_erasing import request
from tests.unit.audit.samples import START, identifier, open_sample, rows, salts, sample

__all__ = ["postgres", "postgres_log"]

pytestmark = pytest.mark.xdist_group("postgres")

MILLISECOND = 1_000_000

WHICH: dict[str, Which] = {
    "by index and identifier": TheseRecords(("3", identifier(5))),
    "of a person": OfSubject("u1"),
    "below an index": Before(6),
    "older than a time": OlderThan(START + 7 * MILLISECOND),
    "nothing": OfSubject("nobody"),
}


def written(name: str) -> None:
    """Decisions about three people, and what followed from two of them."""
    with open_sample(name) as log:
        for number in range(1, 13):
            log.append(unplaced(*sample(number, request=request(number))))
        for number in (1, 2):
            said = {"of": identifier(number), "outcome": "ok", "result": {"said": "words of the tool"}}
            log.append(*event_record("outcome", said, "2026-11-22T20:00:00Z", identifier(90 + number), salts()))


def kept(name: str) -> list[int]:
    """The records that have a payload."""
    with closing(open_to_read(name)) as database:
        return [
            number
            for row in database.run("SELECT idx FROM payloads ORDER BY idx")
            for number in row
            if isinstance(number, int)
        ]


def erased(name: str, which: Which) -> Erased:
    numbers = count()
    return erase(
        name,
        which,
        by="privacy office",
        because="asked for",
        clock=lambda: START,
        randomness=lambda size: sha256(str(next(numbers)).encode()).digest()[:size],
    )


@pytest.mark.parametrize("what", WHICH)
def test_the_same_is_erased_in_a_file_and_on_a_server(tmp_path: Path, postgres_log: str, what: str) -> None:
    file = str(tmp_path / "log.db")
    for name in (file, postgres_log):
        written(name)
    assert would_erase(postgres_log, WHICH[what]) == would_erase(file, WHICH[what])
    in_file, on_server = erased(file, WHICH[what]), erased(postgres_log, WHICH[what])
    assert attrs_of(on_server) == attrs_of(in_file)
    assert (in_file.traces, on_server.traces) == (False, what != "nothing")
    assert kept(postgres_log) == kept(file)
    assert rows(postgres_log) == rows(file)
    assert verify_log(postgres_log) == verify_log(file)
    assert verify_log(file).ok


def attrs_of(done: Erased) -> tuple[object, ...]:
    return done.record, done.payloads, done.destroyed


def test_who_may_not_delete_erases_nothing_and_nothing_is_said_of_it(postgres_log: str, postgres: str) -> None:
    written(postgres_log)
    schema = postgres_log.partition("#")[2].partition("?")[0]
    with psycopg.connect(postgres, autocommit=True) as connection:
        for statement in (
            "DROP ROLE IF EXISTS adder",
            "CREATE ROLE adder LOGIN PASSWORD 'adder'",
            f"GRANT USAGE ON SCHEMA {schema} TO adder",
            f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO adder",
        ):
            connection.execute(statement.encode())
    before = kept(postgres_log)
    as_adder = postgres_log.partition("://")[0] + "://adder:adder@" + postgres_log.partition("@")[2]
    with pytest.raises(LogPoisoned, match="permission denied"):
        erased(as_adder, Before(6))
    assert kept(postgres_log) == before
    with Log.open(postgres_log) as log:
        assert len(list(log.records())) == 15
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(b"DROP OWNED BY adder")
        connection.execute(b"DROP ROLE adder")
