"""The PostgreSQL schema behind a log: its identity, how it is opened, and how it is read without trusting it.

    tenet_log     format TEXT, version BIGINT               one row: what this is
    tenet_writers number BIGINT PRIMARY KEY                 those that write, each with an advisory lock of its session
    records       idx BIGINT PRIMARY KEY, record BYTEA, leaf BYTEA
    payloads      idx BIGINT PRIMARY KEY, payload BYTEA      absent for a record whose payload was erased
    checkpoints   number BIGINT PRIMARY KEY, note BYTEA      in the order in which they were signed
    frontiers     size BIGINT PRIMARY KEY, hashes BYTEA      of the newest checkpoint alone

A table that is in truth a view, has a trigger, a rule, a policy for its rows, a default, another index or a table that inherits from it
would let the database decide what is read from it and written to it; one that is not logged is emptied by a crash. So the
definitions must be these and nothing else.

A server that does not wait for its disk loses what it acknowledged. `synchronous_commit` is switched on for the session; where `fsync` or
`full_page_writes` is off the log is not opened to write, unless its address says that this is known:
`postgresql://…/audit#tenet?full_page_writes=off` (which some file systems make safe).

psycopg is imported when an address is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from tenetlang.audit.errors import AuditError, LogAltered, LogUnavailable, NotALog
from tenetlang.audit.stores.addresses import shown_address, split_address
from tenetlang.audit.stores.creation import Row, insert_rows
from tenetlang.audit.stores.database import DatabaseFailed, NotBegun

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from tenetlang.audit.stores.postgres_database import PostgresDatabase

Connection: TypeAlias = "psycopg.Connection[TupleRow]"

FORMAT: Final = "tenet audit log"
STORAGE_VERSION: Final = 1
OLDEST_SERVER: Final = 130_000

COLUMNS: Final = {
    "checkpoints": ("number", "note bytea NOT NULL"),
    "frontiers": ("size", "hashes bytea NOT NULL"),
    "payloads": ("idx", "payload bytea NOT NULL"),
    "records": ("idx", "record bytea NOT NULL, leaf bytea NOT NULL"),
    "tenet_log": ("version", "format text NOT NULL"),
    "tenet_writers": ("number", ""),
}
"""Each table by its key, which is of 64 bits, and its other columns."""

_DEFINITIONS: Final = """
SELECT c.relname::text,
       c.relkind = 'r' AND c.relpersistence = 'p' AND coalesce(m.amname = 'heap', false)
       AND NOT (c.relrowsecurity OR c.relforcerowsecurity OR c.relhasrules OR c.relhassubclass OR c.relispartition)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid),
       (SELECT string_agg(concat_ws(' ', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attnotnull THEN 'NOT NULL' END,
               CASE WHEN a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '' THEN 'DEFAULT' END), ', ' ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT string_agg(pg_catalog.pg_get_constraintdef(o.oid), ', ' ORDER BY o.conname)
        FROM pg_catalog.pg_constraint o WHERE o.conrelid = c.oid AND o.contype <> 'n'),
       (SELECT count(*) = 1 AND bool_and(i.indisprimary AND i.indisvalid AND i.indisunique AND i.indisready)
        FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid)
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE c.relnamespace = $1 AND c.relname = ANY ($2) AND c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S', 't', 'c')
ORDER BY c.relname COLLATE "C"
"""

_DEFAULTS: Final = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "tenet",
}


def open_server_to_write(address: str, busy_seconds: float, first: Callable[[], Row] | None) -> PostgresDatabase:
    """The database of a log on a server to append to, made with its `first` record where there is none and that is given.

    Raises `NotALog`, `LogAltered` or `LogUnavailable`.
    """
    connection = _connected(address, writes=True)
    try:
        schema = _found(connection, address)
        if schema is None:
            if first is None:
                raise _nothing_at(address)
            schema = _created(connection, address, first())
    except BaseException:
        connection.close()
        raise
    return _database(connection, lambda: _again(address, schema), schema, busy_seconds)


def open_server_to_read(address: str) -> PostgresDatabase:
    """The database of a log on a server to read. Raises `NotALog`, `LogAltered` or `LogUnavailable`."""
    connection = _connected(address, writes=False)
    try:
        schema = _found(connection, address)
        if schema is None:
            raise _nothing_at(address)
    except BaseException:
        connection.close()
        raise
    return _database(connection, lambda: _connected(address, writes=False), schema, 10.0)


def _database(
    connection: Connection, again: Callable[[], Connection], schema: int, busy_seconds: float
) -> PostgresDatabase:
    from tenetlang.audit.stores.postgres_database import PostgresDatabase

    return PostgresDatabase(connection, again, schema, busy_seconds)


def _again(address: str, schema: int) -> Connection:
    """The connection of an open log, made once more. Raises `NotBegun` where the server is not there, or another one is."""
    try:
        connection = _connected(address, writes=True)
        try:
            found = _found(connection, address)
        except BaseException:
            connection.close()
            raise
    except LogAltered:
        raise
    except AuditError as mistake:
        raise NotBegun(str(mistake)) from mistake
    if found != schema:
        connection.close()
        raise DatabaseFailed("the log of that name is another one than it was")
    return connection


def _nothing_at(address: str) -> NotALog:
    return NotALog(f"there is no log at {shown_address(address)}")


def _connected(address: str, *, writes: bool) -> Connection:
    """A connection with the settings that a log needs. Nothing of what the address holds gets into an exception but its host."""
    uri, schema, known = split_address(address)
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as mistake:
        raise LogUnavailable(
            "a log in PostgreSQL needs the package psycopg: pip install 'tenetlang[postgres]'"
        ) from mistake
    from tenetlang.audit.stores.postgres_database import said

    try:
        parameters = {**_DEFAULTS, **{name: str(value) for name, value in conninfo_to_dict(uri).items()}}
    except psycopg.Error:
        raise NotALog(f"{shown_address(address)} is no connection URI of PostgreSQL") from None
    password = parameters.get("password") or ""
    try:
        connection = psycopg.connect(
            psycopg.conninfo.make_conninfo("", **parameters), autocommit=True, cursor_factory=psycopg.RawCursor
        )
    except psycopg.Error as mistake:
        text = said(mistake).replace(password, "…") if password else said(mistake)
        raise LogUnavailable(f"cannot open {shown_address(address)}: {text}") from None
    try:
        _settle(connection, address, schema, known, writes=writes)
    except psycopg.Error as mistake:
        connection.close()
        raise LogUnavailable(f"cannot open {shown_address(address)}: {said(mistake)}") from mistake
    except BaseException:
        connection.close()
        raise
    return connection


def _settle(connection: Connection, address: str, schema: str, known: frozenset[str], *, writes: bool) -> None:
    """Sets what a session of a log needs, and refuses a server on which an acknowledged record could be lost."""
    from psycopg.types.numeric import Int8Dumper
    from psycopg.types.string import StrDumper

    connection.adapters.register_dumper(int, Int8Dumper)
    connection.adapters.register_dumper(str, StrDumper)
    version = connection.info.server_version
    if version < OLDEST_SERVER:
        raise LogUnavailable(
            f"{shown_address(address)} is PostgreSQL {version // 10_000}; a log needs {OLDEST_SERVER // 10_000} or later"
        )
    settings = {
        "search_path": f'"{schema}"',
        "client_encoding": "'UTF8'",
        "row_security": "off",
        "standard_conforming_strings": "on",
        "lock_timeout": "0",
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
    }
    if version >= 140_000:
        settings["idle_session_timeout"] = "0"
    if version >= 170_000:
        settings["transaction_timeout"] = "0"
    names = ("server_encoding", "fsync", "full_page_writes", "synchronous_commit")
    asked = ", ".join(f"current_setting('{name}')" for name in names)
    row = connection.execute(f"SELECT {asked}, pg_is_in_recovery()").fetchone()  # names of ours
    found = dict(zip((*names, "standby"), row or (), strict=True))
    if found["synchronous_commit"] != "remote_apply":
        settings["synchronous_commit"] = "on"
    connection.execute("; ".join(f"SET {name} TO {value}" for name, value in settings.items()), prepare=False)
    if found["server_encoding"] != "UTF8":
        raise LogUnavailable(f"the database at {shown_address(address)} is not one of UTF-8; make one that is")
    if writes and found["standby"]:
        raise LogUnavailable(
            f"{shown_address(address)} is a standby, which can only be read; name the server that writes"
        )
    for name in ("fsync", "full_page_writes"):
        if writes and found[name] != "on" and name not in known:
            raise LogUnavailable(
                f"the server at {shown_address(address)} has {name} off, so a crash can lose records that it acknowledged; "
                f"switch it on, or end the address with `?{name}=off` after the log's name"
            )


def _found(connection: Connection, address: str) -> int | None:
    """The number of a log's schema, None where there is no log. Raises `NotALog` and `LogAltered` where it is not a log's."""
    import psycopg

    from tenetlang.audit.stores.postgres_database import said

    _, schema, _ = split_address(address)
    try:
        namespace = connection.execute("SELECT oid::bigint FROM pg_catalog.pg_namespace WHERE nspname = $1", (schema,))
        match namespace.fetchone():
            case (int(number),):
                pass
            case _:
                return None
        found = _defined(connection, number)
        if not found:
            return None
        if found != _expected():
            raise LogAltered(
                f"{shown_address(address)} is no decision log any more: its tables are not those of a log, so somebody changed "
                "their definition; restore it from a copy"
            )
        said_to_be = connection.execute(f'SELECT format, version FROM "{schema}".tenet_log LIMIT 2').fetchall()  # noqa: S608  # a plain word
    except psycopg.Error as mistake:
        raise LogUnavailable(f"cannot read {shown_address(address)}: {said(mistake)}") from mistake
    if said_to_be != [(FORMAT, STORAGE_VERSION)]:
        raise NotALog(
            f"{shown_address(address)} is not a decision log that this program reads: it says that it is {said_to_be!r:.80}"
        )
    return number


def _defined(connection: Connection, schema: int) -> list[tuple[object, ...]]:
    text = _DEFINITIONS.replace("$1", f"{schema:d}").replace("$2", "$1")
    return [tuple(row) for row in connection.execute(text, (list(COLUMNS),)).fetchall()]


def _expected() -> list[tuple[object, ...]]:
    return [
        (table, True, ", ".join(filter(None, (f"{key} bigint NOT NULL", rest))), f"PRIMARY KEY ({key})", True)
        for table, (key, rest) in sorted(COLUMNS.items())
    ]


def _created(connection: Connection, address: str, first: Row) -> int:
    """Makes a log with its first record in one transaction, unless another process was quicker."""
    import psycopg

    from tenetlang.audit.stores.postgres_database import said

    _, schema, _ = split_address(address)
    try:
        connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('tenet ' || $1::text, 0))", (schema,))
        there = _found(connection, address)
        if there is None:
            exists = connection.execute("SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1", (schema,)).fetchone()
            if exists is None:
                connection.execute(f'CREATE SCHEMA "{schema}"')
            for table, (key, rest) in COLUMNS.items():
                columns = ", ".join(filter(None, (f"{key} bigint PRIMARY KEY", rest)))
                connection.execute(f"CREATE TABLE {table} ({columns})")
            connection.execute("INSERT INTO tenet_log (format, version) VALUES ($1, $2)", (FORMAT, STORAGE_VERSION))
            insert_rows(_database(connection, lambda: connection, 0, 10.0), [first])
        if connection.execute("COMMIT", prepare=False).statusmessage != "COMMIT":
            raise LogUnavailable(f"cannot create {shown_address(address)}: the server rolled it back")
        made = _found(connection, address)
    except (psycopg.Error, DatabaseFailed) as mistake:
        text = said(mistake) if isinstance(mistake, psycopg.Error) else str(mistake)
        raise LogUnavailable(f"cannot create {shown_address(address)}: {text}") from mistake
    if made is None:
        raise LogUnavailable(f"cannot create {shown_address(address)}: it is not there after it was made")
    return made
