"""What is particular to one store: files that are none, servers that go away, a Redis that forgets, addresses that say nothing."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import psycopg
import pytest
import redis

from tenetlang.facts.errors import LedgerDamaged, LedgerError, LedgerUnavailable
from tenetlang.facts.ledger import open_ledger
from tenetlang.facts.memory import MemoryLedger
from tenetlang.facts.moment import Begun, Moment, Overdue
from tenetlang.facts.postgresql import PostgresLedger
from tenetlang.facts.redis import RedisLedger
from tenetlang.facts.sqlite import SqliteLedger
from tenetlang.facts.tables import Cell, TableRows
from tests.ledgers import BUDGET, NOON, SECOND, spend
from tests.servers import started_postgres, started_redis

# ------------------------------------------------------------------------------------------------------------ addresses


def test_an_address_says_where_a_ledger_is(tmp_path: Path) -> None:
    assert isinstance(open_ledger("memory:"), MemoryLedger)
    ledger = open_ledger(tmp_path / "facts.db")
    assert isinstance(ledger, SqliteLedger)
    ledger.close()


@pytest.mark.parametrize(
    ("module", "address", "extra"), [("psycopg", "postgresql://x", "postgres"), ("redis", "redis://x", "redis")]
)
def test_a_package_that_is_missing_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, module: str, address: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf"pip install 'tenetlang\[{extra}\]'"):
        open_ledger(address)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:secret@127.0.0.1:1/x",
        "postgresql://u:secret@127.0.0.1:port/x",
        "postgres://u:secret@h?nothing=1",
        "redis://u:secret@127.0.0.1:1/0",
        "redis://u:secret@127.0.0.1:port/0",
    ],
)
def test_a_server_that_is_not_there_is_said_without_the_password(address: str) -> None:
    with pytest.raises(LedgerUnavailable) as said:
        open_ledger(address)
    assert "secret" not in str(said.value)
    assert said.value.__cause__ is None


# ---------------------------------------------------------------------------------------------------------------- SQLite


def test_a_ledger_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    first = SqliteLedger(tmp_path / "facts.db")
    first.transact(NOON, spend("c1", 5))
    first.close()
    second = SqliteLedger(tmp_path / "facts.db")
    assert second.transact(NOON, lambda moment: moment.total(BUDGET)) == 1
    second.close()


def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LedgerDamaged, match="a database of another program"):
        SqliteLedger(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(LedgerDamaged, match="is no ledger, or is damaged"):
        SqliteLedger(path)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="check its folder, permissions and space"):
        SqliteLedger(tmp_path / "nowhere" / "facts.db")


def test_whoever_waits_too_long_for_the_file_is_told(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "facts.db", patience=0.05)
    other = apsw.Connection(str(tmp_path / "facts.db"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailable, match=r"locked by another process for 0\.05 seconds"):
        ledger.transact(NOON, lambda moment: None)
    other.execute("ROLLBACK")
    ledger.transact(NOON, lambda moment: None)
    ledger.close()


def test_a_table_that_is_gone_is_said_and_nothing_is_made_up(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "facts.db")
    apsw.Connection(str(tmp_path / "facts.db")).execute("DROP TABLE facts_rows")
    with pytest.raises(LedgerUnavailable, match="no such table"):
        ledger.transact(NOON, lambda moment: None)
    ledger.close()


@pytest.mark.parametrize("statement", ["UPDATE facts_rows SET value = x'00'", "UPDATE facts_schedule SET at = 'never'"])
def test_a_cell_of_another_type_is_damage(statement: str) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE facts_rows (name TEXT PRIMARY KEY, value)")
    connection.execute("CREATE TABLE facts_schedule (at, name)")
    connection.execute("INSERT INTO facts_rows VALUES ('state', '[1]'); INSERT INTO facts_schedule VALUES (1, 'c:1')")
    connection.execute(statement)

    class Shown:
        def run(self, statement: str, values: tuple[Cell, ...] = ()) -> list[tuple[Cell, ...]]:
            return [tuple(row) for row in connection.execute(statement.replace("at <= ?", "at = at OR at = ?"), values)]

        def create(self, table: str, columns: object) -> None:
            raise AssertionError

    rows = TableRows(Shown())
    with pytest.raises(LedgerDamaged, match="restore the ledger from a copy"):
        _ = (rows.get(["state"]), rows.due(NOON, 5))


# ------------------------------------------------------------------------------------------------------------ PostgreSQL


@pytest.fixture
def own_postgresql() -> Iterator[str]:
    with started_postgres(
        "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "default_transaction_isolation=serializable"
    ) as address:
        yield address


def test_a_ledger_in_postgresql_sets_what_it_needs_and_outlives_a_lost_connection(own_postgresql: str) -> None:
    ledger = PostgresLedger(own_postgresql, patience=5)
    ledger.transact(NOON, spend("c1", 5))
    assert ledger._connection is not None
    assert ledger._connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    assert ledger._connection.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
    ledger._connection.commit()
    with psycopg.connect(own_postgresql, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
        )
    with pytest.raises(LedgerUnavailable, match="check the server and the address"):
        ledger.transact(NOON, spend("c2", 5))
    assert ledger.transact(NOON, lambda moment: (moment.total(BUDGET), moment.finish("c2", "ok"))) == (1, "absent")
    ledger.close()


def test_whoever_waits_too_long_for_others_is_told(own_postgresql: str) -> None:
    one, other = PostgresLedger(own_postgresql), PostgresLedger(own_postgresql, patience=0.2)

    def waits(moment: object) -> None:
        with pytest.raises(LedgerUnavailable, match=r"kept the ledger busy for 0\.2 seconds"):
            other.transact(NOON, lambda moment: None)

    one.transact(NOON, waits)
    other.transact(NOON, lambda moment: None)
    one.close()
    other.close()


# ----------------------------------------------------------------------------------------------------------------- Redis


@pytest.fixture
def own_redis() -> Iterator[str]:
    with started_redis("--appendonly", "no") as address:
        yield address


def test_an_action_is_done_once_and_others_wait(own_redis: str) -> None:
    one, other = RedisLedger(own_redis), RedisLedger(own_redis)
    seen: list[str] = []

    def action(moment: Moment) -> None:
        seen.append("begins")
        waiting.start()
        time.sleep(0.2)
        spend("c1", 5)(moment)
        seen.append("ends")

    waiting = threading.Thread(
        target=lambda: other.transact(NOON, lambda moment: seen.append(str(moment.total(BUDGET))))
    )
    one.transact(NOON, action)
    waiting.join()
    assert seen == ["begins", "ends", "1"]


def test_an_action_that_raises_keeps_nobody_waiting(own_redis: str) -> None:
    one, other = RedisLedger(own_redis), RedisLedger(own_redis, patience=0)
    with pytest.raises(LedgerError, match="on purpose"):
        one.transact(NOON, _raise)
    other.transact(NOON, spend("c1", 5))


def _raise(moment: object) -> None:
    raise LedgerError("on purpose")


def test_who_waits_too_long_is_told(own_redis: str) -> None:
    one, other = RedisLedger(own_redis, lease=60), RedisLedger(own_redis, patience=0.05)

    def action(moment: Moment) -> bool:
        with pytest.raises(LedgerUnavailable, match=r"busy for 0\.05 seconds"):
            other.transact(NOON, lambda moment: None)
        return spend("c1", 5)(moment)

    assert one.transact(NOON, action)


def test_whoever_holds_the_lock_for_too_long_loses_it_and_never_passes_a_limit_for_that(own_redis: str) -> None:
    one, other = RedisLedger(own_redis, lease=0.01), RedisLedger(own_redis)

    def action(moment: Moment) -> bool:
        allowed = spend("c1", 1)(moment)
        other.transact(NOON, spend("c2", 1))
        return allowed

    with pytest.raises(LedgerUnavailable, match="others went on meanwhile"):
        one.transact(NOON, action)
    assert other.transact(NOON, lambda moment: (moment.total(BUDGET), moment.finish("c1", "ok"))) == (1, "absent")
    one.transact(NOON, lambda moment: moment.finish("c2", "error"))
    assert one.transact(NOON, spend("c3", 1))


def test_the_lock_of_one_that_died_ends_by_itself(own_redis: str) -> None:
    ledger = RedisLedger(own_redis)
    redis.Redis.from_url(own_redis).set(ledger._held, "of nobody", px=100)
    assert ledger.transact(NOON, spend("c1", 5))


@pytest.mark.parametrize("how", ["emptied", "set back"])
def test_a_redis_that_lost_what_was_noted_is_refused_until_it_is_opened_again(own_redis: str, how: str) -> None:
    ledger = RedisLedger(own_redis)
    connection = redis.Redis.from_url(own_redis)
    earlier = connection.get(ledger._turn)
    ledger.transact(NOON, spend("c1", 5))
    if how == "emptied":
        connection.flushall()
    else:
        connection.set(ledger._turn, earlier)  # type: ignore[arg-type]  # bytes
    for _ in "12":
        with pytest.raises(LedgerDamaged, match="has lost what the ledger had noted"):
            ledger.transact(NOON, spend("c2", 5))
    RedisLedger(own_redis).transact(NOON, spend("c2", 5))


def test_a_redis_that_drops_keys_when_it_is_full_is_refused() -> None:
    with (
        started_redis("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru") as address,
        pytest.raises(LedgerUnavailable, match="drops keys when it is full"),
    ):
        RedisLedger(address)


def test_a_redis_that_is_full_refuses_and_nothing_is_noted(own_redis: str) -> None:
    ledger = RedisLedger(own_redis)
    connection = redis.Redis.from_url(own_redis)
    connection.config_set("maxmemory", 1)
    with pytest.raises(LedgerUnavailable, match="Redis refuses"):
        ledger.transact(NOON, spend("c1", 5))
    connection.config_set("maxmemory", 0)
    assert ledger.transact(NOON, lambda moment: moment.total(BUDGET)) == 0


def test_keys_of_others_are_damage(own_redis: str) -> None:
    ledger = RedisLedger(own_redis)
    connection = redis.Redis.from_url(own_redis)
    connection.set(f"{ledger._rows}state", b"\xff")
    with pytest.raises(LedgerDamaged, match="no text"):
        ledger.transact(NOON, lambda moment: None)
    connection.delete(f"{ledger._rows}state")
    connection.zadd(ledger._schedule, {"never": 1})
    with pytest.raises(LedgerDamaged, match="schedule"):
        ledger.transact(NOON, lambda moment: None)
    connection.set(ledger._turn, "x:y")
    with pytest.raises(LedgerDamaged, match="the ledger's turn is not one"):
        ledger.transact(NOON, lambda moment: None)


def test_two_deadlines_in_one_millisecond_come_at_their_nanosecond(own_redis: str) -> None:
    ledger = RedisLedger(own_redis)

    def begins(moment: Moment) -> None:
        moment.begin(Begun("early", "refund", "allow", None, None, NOON + 5))
        moment.begin(Begun("late", "refund", "allow", None, None, NOON + 7))

    ledger.transact(NOON, begins)
    assert [call.identifier for call in ledger.transact(NOON + 6, lambda moment: moment.overdue)] == ["early"]


def test_a_redis_that_goes_away_meanwhile_is_said(own_redis: str) -> None:
    ledger = RedisLedger(own_redis)
    connection = redis.Redis.from_url(own_redis)

    def action(moment: Moment) -> bool:
        connection.shutdown(nosave=True)
        return spend("c1", 5)(moment)

    with pytest.raises(LedgerUnavailable, match="can't be reached, or the connection was lost"):
        ledger.transact(NOON, action)


# ------------------------------------------------------------------------------------------ an answer that does not come


class Cutting:
    """Passes on what a client and a server send, until the client says a word: that still gets through, and no answer to it."""

    def __init__(self, port: int, word: bytes) -> None:
        self._server = port
        self._word = word
        self.armed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server))
            cut = threading.Event()
            threading.Thread(target=self._to_server, args=(client, server, cut), daemon=True).start()
            threading.Thread(target=self._to_client, args=(client, server, cut), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while sent := client.recv(65536):
                if self.armed and self._word in sent:
                    cut.set()
                server.sendall(sent)
            server.close()

    def _to_client(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while sent := server.recv(65536):
                if cut.is_set():
                    break
                client.sendall(sent)
            client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


@pytest.mark.parametrize(("kind", "word"), [("redis", b"EVAL"), ("postgresql", b"COMMIT\0")])
def test_what_may_have_been_committed_is_not_done_again(kind: str, word: bytes, request: pytest.FixtureRequest) -> None:
    address: str = request.getfixturevalue(f"own_{kind}")
    port = int(address.rpartition("/")[0].rpartition(":")[2])
    cutting = Cutting(port, word)
    through = open_ledger(address.replace(f":{port}/", f":{cutting.port}/"))
    cutting.armed = True
    with pytest.raises(LedgerUnavailable):
        through.transact(NOON, spend("c1", 5))
    cutting.close()
    through.close()
    ledger = open_ledger(address)
    assert ledger.transact(NOON, lambda moment: moment.total(BUDGET)) == 1
    assert ledger.transact(NOON + 60 * SECOND, lambda moment: moment.overdue) == (Overdue("c1", NOON + 60 * SECOND),)
    assert ledger.transact(NOON + 61 * SECOND, lambda moment: moment.total(BUDGET)) == 1
    ledger.close()
