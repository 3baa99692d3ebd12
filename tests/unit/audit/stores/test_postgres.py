"""A log on a PostgreSQL server: what happens when it goes away, what it must promise, and what its owner can't slip in."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tenetlang.audit import (
    AuditError,
    Log,
    LogAltered,
    LogDamaged,
    LogPoisoned,
    LogUnavailable,
    NotALog,
    Unplaced,
    open_log,
    verify_log,
)
from tenetlang.audit.errors import InvalidStatement
from tenetlang.audit.jobs import Job
from tenetlang.audit.source import read_entries
from tenetlang.audit.stores.addresses import shown_address
from tenetlang.audit.stores.database import DatabaseFailed
from tenetlang.audit.stores.postgres_database import PostgresDatabase
from tenetlang.audit.stores.rows import AppendedRecord
from tenetlang.audit.stores.tables import Tables
from tenetlang.audit.writer import Writer
from tests.servers import PASSWORD, Postgres, own_postgres, postgres, postgres_log
from tests.unit.audit.samples import rows, sample, small_log, tamper

__all__ = ["own_postgres", "postgres", "postgres_log"]

pytestmark = pytest.mark.xdist_group("postgres")

PATIENCE = 60.0


def database_of(log: Log) -> PostgresDatabase:
    assert isinstance(log._database, PostgresDatabase)
    return log._database


def administer(address: str, *statements: str) -> list[tuple[object, ...]]:
    """Runs statements as somebody who has the database; gives the rows of the last one."""
    with psycopg.connect(address.partition("#")[0], autocommit=True) as connection:
        found: list[tuple[object, ...]] = []
        for statement in statements:
            cursor = connection.execute(statement.encode())
            found = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        return found


def wait_until(found: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < until
        time.sleep(0.01)


# ------------------------------------------------------------------------------------------------- servers that go away


def test_nothing_acknowledged_is_lost_when_the_server_is_killed_while_many_write(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    acknowledged: dict[int, bytes] = {}
    number = 0
    for _ in range(3):
        with suppress(AuditError), Writer(open_log(address)) as writer:
            told: list[Future[AppendedRecord]] = []
            killed = threading.Thread(target=own_postgres.stop, args=("immediate",))
            with suppress(AuditError):
                while True:
                    number += 1
                    told.append(writer.submit(*sample(number)))
                    if len(told) == 100:
                        told[0].result()
                        killed.start()
                    if len(told) > 100:
                        told[-100].result()
            killed.join()
            acknowledged |= {
                each.result().index: each.result().leaf for each in told if each.exception(PATIENCE) is None
            }
        own_postgres.start()
        found = verify_log(address)
        assert found.ok, found.problems
        stored = {index: leaf for index, _, leaf in rows(address)}
        assert acknowledged.items() <= stored.items()
    assert len(acknowledged) >= 3


def test_a_server_that_is_away_for_a_while_is_found_again_and_nothing_was_begun(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    with Writer(open_log(address)) as writer:
        writer.append(*sample(1))
        own_postgres.stop()
        ran: list[int] = []

        def job(_: Tables) -> tuple[None, Sequence[Unplaced]]:
            ran.append(1)
            return None, ()

        with pytest.raises(LogUnavailable, match="nothing was written, try again"):
            writer.append(*sample(2))
        with pytest.raises(LogUnavailable, match="nothing was written, try again"):
            writer.do(job).result()
        assert ran == []
        own_postgres.start()
        assert writer.append(*sample(3)).index == 2
    assert [kind for kind in kinds(address) if kind != "intent"] == ["log.opened", "log.closed"]


def kinds(address: str) -> list[str]:
    return [record.partition(b'"kind":"')[2].partition(b'"')[0].decode() for _, record, _ in rows(address)]


def cut(address: str) -> None:
    """Ends all other sessions that use the log's database."""
    administer(
        address,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tenet'",
    )


def test_a_connection_that_is_cut_while_nothing_is_written_is_made_again(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    with open_log(address) as log:
        log.append(*sample(1))
        cut(address)
        assert log.append(*sample(2)).index == 2
    assert verify_log(address).size == 3


def test_a_connection_that_is_cut_within_a_transaction_poisons_the_log(own_postgres: Postgres) -> None:
    address = own_postgres.address()

    def job(tables: Tables) -> tuple[None, Sequence[Unplaced]]:
        tables.create("tasks", ("name TEXT PRIMARY KEY",))
        cut(address)
        return None, ()

    with Writer(open_log(address)) as writer:
        with pytest.raises(LogPoisoned, match="what is on the disk is unknown"):
            writer.do(job).result()
        with pytest.raises(LogPoisoned):
            writer.append(*sample(1))
    with open_log(address) as log:
        assert log.append(*sample(2)).index == 1


def test_a_reader_whose_connection_is_cut_says_so_and_one_that_left_is_not_bothered(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    small_log(address, 40)
    reading, left = read_entries(address), read_entries(address)
    next(reading)
    next(left)
    cut(address)
    with pytest.raises(LogUnavailable, match=r"cannot read .*; try again"):
        list(reading)
    assert isinstance(left, Generator)
    left.close()


@contextmanager
def between(port: int, word: bytes) -> Iterator[tuple[int, threading.Event]]:
    """A port that leads to the server's. Once the event is set, whoever sends it the word gets no answer, and the line is cut."""
    armed = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    lines: list[socket.socket] = []

    def copy(one: socket.socket, other: socket.socket, *, watched: bool) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                if watched and armed.is_set() and word in data:
                    one.shutdown(socket.SHUT_RDWR)  # no answer comes through any more
                    other.sendall(data)
                    return
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection(("127.0.0.1", port))
                lines.extend((client, server))
                for one, other, watched in ((client, server, True), (server, client, False)):
                    threading.Thread(target=copy, args=(one, other), kwargs={"watched": watched}, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1], armed
    finally:
        listening.close()
        for line in lines:
            line.close()


def test_a_commit_whose_answer_is_lost_poisons_the_log_whatever_became_of_it(own_postgres: Postgres) -> None:
    straight = own_postgres.address()
    with between(own_postgres.port, b"COMMIT\x00") as (port, armed):
        around = straight.replace(f":{own_postgres.port}/", f":{port}/")
        with open_log(around) as log:
            log.append(*sample(1))
            armed.set()
            with pytest.raises(LogPoisoned, match="what is on the disk is unknown"):
                log.append(*sample(2))
            with pytest.raises(LogPoisoned):
                log.append(*sample(3))
    wait_until(lambda: len(rows(straight)) == 3)  # the server did it, and nobody was told
    assert verify_log(straight).ok


def test_a_commit_that_a_server_ends_by_undoing_it_is_none(postgres_log: str) -> None:
    def fail() -> None:
        with suppress(DatabaseFailed):
            log._database.run("SELECT 1 / ?", (0,))

    with open_log(postgres_log) as log, pytest.raises(LogPoisoned, match="ended the transaction by ROLLBACK"):
        log._in_transaction(fail)
    assert verify_log(postgres_log).size == 1


def test_a_commit_that_did_not_wait_for_its_standby_is_not_acknowledged(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    with Writer(open_log(address), marked=False) as writer:
        writer.append(*sample(1))
        administer(address, "ALTER SYSTEM SET synchronous_standby_names TO 'nobody'", "SELECT pg_reload_conf()")
        waits = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

        def told() -> Future[AppendedRecord]:
            """Until the server has read what it was told to."""
            while True:
                waiting = writer.submit(*sample(2))
                until = time.monotonic() + 2
                while not waiting.done() and time.monotonic() < until:
                    if administer(address, waits):
                        return waiting

        waiting = told()
        administer(address, f"SELECT pg_cancel_backend(pid) FROM ({waits}) AS those")
        with pytest.raises(LogPoisoned, match="with a warning"):
            waiting.result(PATIENCE)
        administer(address, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")


def test_a_session_that_becomes_another_one_is_noticed(postgres_log: str) -> None:
    with open_log(postgres_log) as log:
        log.append(*sample(1))
        database_of(log).session = 1  # as behind a pool
        with pytest.raises(LogPoisoned, match="connect to the server itself"):
            log.append(*sample(2))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_that_closes_the_log_of_its_parent_leaves_it_open(postgres_log: str) -> None:
    with open_log(postgres_log) as log:
        child = os.fork()
        if child == 0:
            log.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert log.append(*sample(1)).index == 1
        assert database_of(log).connection.closed is False


# ------------------------------------------------------------------------------------------------- what servers promise


def test_limits_of_time_that_a_role_has_do_not_end_a_transaction(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    administer(
        address,
        "ALTER ROLE tenet SET statement_timeout TO '50ms'",
        "ALTER ROLE tenet SET idle_in_transaction_session_timeout TO '50ms'",
        "ALTER ROLE tenet SET idle_session_timeout TO '50ms'",
    )

    def slow(tables: Tables) -> tuple[str, Sequence[Unplaced]]:
        time.sleep(0.2)
        tables.create("tasks", ("name TEXT PRIMARY KEY",))
        return "done", ()

    with Writer(open_log(address)) as writer:
        assert writer.do(slow).result() == "done"
        time.sleep(0.2)
        assert writer.append(*sample(1)).index == 1


def test_a_commit_waits_for_the_disk_whatever_the_role_was_told(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    for told, so in (("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")):
        administer(address, f"ALTER ROLE tenet SET synchronous_commit TO {told}")
        with open_log(address) as log:
            assert database_of(log).run("SELECT current_setting('synchronous_commit')") == [(so,)]
            log.append(*sample(1))
    with open_log(address) as log:
        database_of(log).run("SET synchronous_commit TO off")
        with pytest.raises(LogPoisoned, match="would not wait for its disk"):
            log.append(*sample(2))


def test_a_server_that_does_not_wait_for_its_disk_is_refused_unless_the_address_says_that_it_is_known(
    own_postgres: Postgres,
) -> None:
    address = own_postgres.address()
    small_log(address, 1)
    administer(address, "ALTER SYSTEM SET fsync TO off", "ALTER SYSTEM SET full_page_writes TO off")
    own_postgres.stop()
    own_postgres.start()
    for known in ("", "#tenet?fsync=off", "#tenet?full_page_writes=off"):
        with pytest.raises(LogUnavailable, match="off, so a crash can lose records"):
            open_log(address + known)
    with open_log(address + "#tenet?fsync=off&full_page_writes=off") as log:
        assert log.append(*sample(2)).index == 2
    assert verify_log(address).size == 3  # to read it nothing needs to be durable


def test_a_standby_is_read_and_not_written(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    small_log(address, 2)
    own_postgres.stop()
    (own_postgres.folder / "data" / "standby.signal").touch()
    own_postgres.start()
    assert verify_log(address).size == 3
    with pytest.raises(LogUnavailable, match="is a standby"):
        open_log(address)


def test_a_database_of_another_encoding_is_refused(own_postgres: Postgres) -> None:
    administer(own_postgres.address(), "CREATE DATABASE other ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(LogUnavailable, match="is not one of UTF-8"):
        open_log(own_postgres.address("other"))


def test_who_holds_the_lock_for_long_keeps_others_out_and_they_can_try_again(postgres_log: str) -> None:
    with Log.open(postgres_log) as one, Log.open(postgres_log, busy_seconds=0.05) as other:
        database_of(one).begin()
        with pytest.raises(LogUnavailable, match="locked by another process; nothing was written, try again"):
            other.append(*sample(1))
        database_of(one).roll_back()
        assert other.append(*sample(1)).index == 1
        assert one.append(*sample(2)).index == 2


def test_a_role_that_may_only_read_verifies_and_one_that_may_only_add_appends(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    small_log(address, 2)
    administer(
        address,
        f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'",
        "GRANT USAGE ON SCHEMA tenet TO reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA tenet TO reader",
        f"CREATE ROLE adder LOGIN PASSWORD '{PASSWORD}'",
        "GRANT USAGE ON SCHEMA tenet TO adder",
        "GRANT SELECT ON ALL TABLES IN SCHEMA tenet TO adder",
        "GRANT INSERT ON tenet.records, tenet.payloads, tenet.checkpoints, tenet.frontiers, tenet.tenet_writers TO adder",
        "GRANT DELETE ON tenet.tenet_writers TO adder",
    )
    reader, adder = (address.replace("tenet:", f"{role}:") for role in ("reader", "adder"))
    assert verify_log(reader).size == 3
    with open_log(reader) as log, pytest.raises(LogPoisoned, match="permission denied"):
        log.append(*sample(3))
    with Writer(open_log(adder)) as writer:
        assert writer.append(*sample(3)).index == 3
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        administer(adder, "DELETE FROM tenet.records")


def test_who_may_not_create_or_read_is_told_so(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    administer(address, f"CREATE ROLE nobody LOGIN PASSWORD '{PASSWORD}'")
    stranger = address.replace("tenet:", "nobody:")
    with pytest.raises(LogUnavailable, match=r"cannot create .*permission denied"):
        open_log(stranger)
    small_log(address, 1)
    for attempt in (open_log, verify_log):
        with pytest.raises(LogUnavailable, match=r"cannot read .*permission denied"):
            attempt(stranger)


def test_a_server_that_is_too_old_is_refused(postgres_log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenetlang.audit.stores.postgres.OLDEST_SERVER", 990_000)
    with pytest.raises(LogUnavailable, match="a log needs 99 or later"):
        open_log(postgres_log)


def test_a_log_that_was_made_anew_while_nobody_was_connected_is_not_the_one_that_was_open(postgres_log: str) -> None:
    schema = postgres_log.partition("#")[2].partition("?")[0]
    with open_log(postgres_log) as log:
        log.append(*sample(1))
        administer(postgres_log, f'DROP SCHEMA "{schema}" CASCADE')
        small_log(postgres_log, 1)
        database_of(log).close()
        with pytest.raises(LogPoisoned, match="is another one than it was"):
            log.append(*sample(2))


def running(statement: str) -> Job[object]:
    return lambda tables: (tables.run(statement), ())


def test_a_statement_that_gives_what_no_column_holds_is_refused_and_one_that_errs_as_well(postgres_log: str) -> None:
    with Writer(open_log(postgres_log)) as writer:
        for statement in ("SELECT 1.5", "SELECT 1 / 0", "SELECT ARRAY[1]"):
            with pytest.raises(InvalidStatement):
                writer.do(running(statement)).result()
        assert writer.append(*sample(1)).index == 1


# ----------------------------------------------------------------------------------------------------- hostile databases


@pytest.mark.parametrize(
    "change",
    [
        ("ALTER TABLE records RENAME TO kept", "CREATE VIEW records AS SELECT * FROM kept"),
        (
            "CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER t BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION bend()",
        ),
        ("CREATE RULE r AS ON INSERT TO records DO INSTEAD NOTHING",),
        ("ALTER TABLE records ENABLE ROW LEVEL SECURITY",),
        ("ALTER TABLE records SET UNLOGGED",),
        ("ALTER TABLE payloads ALTER payload SET DEFAULT ''",),
        ("ALTER TABLE payloads ALTER payload DROP NOT NULL",),
        ("ALTER TABLE records ADD note TEXT",),
        ("ALTER TABLE records ALTER idx TYPE INTEGER",),
        ("ALTER TABLE records DROP CONSTRAINT records_pkey",),
        ("ALTER TABLE records ADD CHECK (idx < 5)",),
        ("CREATE INDEX ON records (length(record))",),
        ("CREATE TABLE heir () INHERITS (records)",),
        ("DROP TABLE frontiers",),
        ("DROP TABLE tenet_log", "CREATE TABLE tenet_log (version BIGINT PRIMARY KEY, format VARCHAR NOT NULL)"),
    ],
)
def test_a_log_whose_tables_are_others_is_neither_read_nor_written(postgres_log: str, change: tuple[str, ...]) -> None:
    small_log(postgres_log, 2)
    with open_log(postgres_log) as log:
        schema = postgres_log.partition("#")[2].partition("?")[0]
        administer(postgres_log, f'SET search_path TO "{schema}"', *change)
        for attempt in (open_log, verify_log):
            with pytest.raises(LogAltered, match="its tables are not those of a log"):
                attempt(postgres_log)
        database_of(log).close()  # so that it has to connect again
        with pytest.raises(AuditError):
            log.append(*sample(3))


@pytest.mark.parametrize(
    "change", ["UPDATE tenet_log SET version = 2", "UPDATE tenet_log SET format = 'x'", "DELETE FROM tenet_log"]
)
def test_a_log_that_says_that_it_is_something_else_is_not_read(postgres_log: str, change: str) -> None:
    small_log(postgres_log, 1)
    tamper(postgres_log, [(change, ())])
    for attempt in (open_log, verify_log):
        with pytest.raises(NotALog, match="is not a decision log that this program reads"):
            attempt(postgres_log)


def test_where_there_is_no_log_none_is_made_unless_one_is_wanted(postgres_log: str, postgres: str) -> None:
    for attempt in (verify_log, lambda name: Log.open(name, create=False)):
        with pytest.raises(NotALog, match="there is no log at"):
            attempt(postgres_log)
    schema = postgres_log.partition("#")[2].partition("?")[0]
    administer(postgres, f'CREATE SCHEMA "{schema}"')
    small_log(postgres_log, 1)
    assert verify_log(postgres_log).size == 2


STRANGE: dict[str, tuple[str, tuple[bytes | int, ...]]] = {
    "a record that is longer than one can be": ("UPDATE records SET record = ? WHERE idx = 1", (b"x" * 70_000,)),
    "a leaf of another length": ("UPDATE records SET leaf = ? WHERE idx = 1", (b"x" * 33,)),
    "a payload that is longer than one can be": ("UPDATE payloads SET payload = ? WHERE idx = 1", (b"x" * 8_400_000,)),
    "a payload without a record": ("INSERT INTO payloads (idx, payload) VALUES (?, ?)", (99, b"x")),
    "a record before the first": ("UPDATE records SET idx = -1 WHERE idx = 1", ()),
    "a record that is missing": ("DELETE FROM records WHERE idx = 1", ()),
    "a record that was changed": ("UPDATE records SET record = ? WHERE idx = 1", (b"{}",)),
    "bytes that are no text": ("UPDATE records SET record = ? WHERE idx = 1", (b"\xff\x00",)),
    "a payload that was changed": ("UPDATE payloads SET payload = ? WHERE idx = 1", (b"",)),
}


@pytest.mark.parametrize("what", STRANGE)
def test_what_is_found_in_a_log_is_the_same_in_a_file_and_on_a_server(
    what: str, postgres_log: str, tmp_path: Path
) -> None:
    file = tmp_path / "log.db"
    for name in (postgres_log, str(file)):
        small_log(name, 2)
        tamper(name, [STRANGE[what]])
    on_server, in_file = verify_log(postgres_log), verify_log(file)
    assert on_server == in_file
    assert not on_server.ok


def test_a_log_that_lost_its_end_while_the_server_was_away_is_damaged(own_postgres: Postgres) -> None:
    address = own_postgres.address()
    with open_log(address) as log:
        log.append(*sample(1))
        log.append(*sample(2))
        tamper(address, [("DELETE FROM records WHERE idx = 2", ())])  # as on a standby that was behind
        own_postgres.stop()
        own_postgres.start()
        with pytest.raises(LogDamaged, match="no longer holds the record 2"):
            log.append(*sample(3))


# ------------------------------------------------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    "bend",
    [
        lambda address: address.replace(PASSWORD, f"{PASSWORD}x"),
        lambda address: address.replace("/postgres", "/missing"),
        lambda address: address.replace("127.0.0.1:", "127.0.0.1:1"),
        lambda address: address + "?nonsense=" + PASSWORD,
        lambda address: address + "?sslmode=" + PASSWORD,
        lambda address: address.replace("://", f"://{PASSWORD}@"),
        lambda address: address + "#NO",
        lambda address: address + f"#{PASSWORD}",
        lambda address: address + "#tenet?fsync=on",
        lambda address: address.replace("//", "/"),
        lambda address: address + "\x00",
        lambda address: f"postgresql://[{PASSWORD}",
    ],
)
def test_no_message_holds_a_password(postgres: str, bend: Callable[[str], str]) -> None:
    for attempt in (open_log, verify_log):
        with pytest.raises((LogUnavailable, NotALog)) as raised:
            attempt(bend(postgres))
        assert PASSWORD not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://db.example.com/audit", "`postgresql://db.example.com/audit#tenet`"),
        ("postgres://u:p@db:5433/audit?sslmode=require#one?fsync=off", "`postgresql://db:5433/audit#one`"),
        ("postgresql:///audit", "`postgresql:///audit#tenet`"),
        ("postgresql://u:p@ss@db/audit", "`postgresql://db/audit#tenet`"),
        ("postgresql://[::1", "`postgresql://…#tenet`"),
        ("postgresql://x\x1b[2J/y#é", "`postgresql://…#tenet`"),
    ],
)
def test_messages_name_the_host_the_database_and_the_log(address: str, shown: str) -> None:
    assert shown_address(address) == shown


def test_without_psycopg_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LogUnavailable, match=r"tenetlang\[postgres\]"):
        open_log("postgresql://127.0.0.1/audit")


def test_several_logs_are_in_one_database_and_know_nothing_of_each_other(postgres_log: str) -> None:
    other = postgres_log.replace("#log_", "#also_")
    with open_log(postgres_log) as one, open_log(other) as two:
        assert [one.append(*sample(1)).index, two.append(*sample(2)).index, two.append(*sample(3)).index] == [1, 1, 2]
    assert (verify_log(postgres_log).size, verify_log(other).size) == (2, 3)
