"""The keys of the people in a log, apart from the log: whoever destroys one has erased what it sealed, in every copy.

    KEYS           SQLite: the key of each subject, wrapped (RFC 3394) under the master key
    KEYS.master    the master key, for its owner alone; may lie anywhere else, best where no copy of KEYS lies (`masters`)

A *subject* is who can be erased: the user of a request or its session, which a keyring says once and for all. Those without one
share a key. A key is found by HMAC-SHA256 of the subject's identifier, under a key that is wrapped as they are, so that nobody
learns from KEYS who is in it; and it is named by random digits, so that nobody learns it from the log either. (In keyrings of
version 1 that key was derived from the master key. It is kept when the master key changes, and the file is of version 2 then.)

A destroyed key is overwritten in the file (`secure_delete`), and the write-ahead log beside it emptied. What a disk keeps of
overwritten blocks, and what copies of KEYS hold, is beyond this: docs/privacy.md says what to do about it.

Several processes use one keyring. A new key is on the disk before anything is sealed with it, and one that another
process destroyed is not used any more: SQLite counts the changes of others, and that is asked for before each use. Then the
master key is looked for anew as well, if the file says that it is another one now.
"""

from __future__ import annotations

import hmac
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias

from tenetlang.audit.errors import LogUnavailable, UnusableKey
from tenetlang.audit.payloads.masters import (
    check_of,
    check_private,
    derived,
    make_waiting,
    master_of,
    take_place,
    unwrap,
    wrap,
    write_master,
)
from tenetlang.audit.payloads.sealing import KEY_BYTES, SubjectKey
from tenetlang.audit.stores.sqlite import SQLITE_MAGIC, absolute, shown
from tenetlang.frozen import field, frozen

if TYPE_CHECKING:
    import apsw

Subjects: TypeAlias = Literal["user", "session"]

APPLICATION_ID: Final = 0x54_4E_4B_59
"""`TNKY`, at byte 68 of the file."""

_VERSION: Final = 2
_KEYRING: Final = "CREATE TABLE keyring (subjects TEXT NOT NULL, master BLOB NOT NULL, lookup BLOB NOT NULL) STRICT"
_FIRST_KEYRING: Final = "CREATE TABLE keyring (subjects TEXT NOT NULL, master BLOB NOT NULL) STRICT"
_KEYS: Final = (
    "CREATE TABLE keys (kid TEXT NOT NULL PRIMARY KEY, subject BLOB NOT NULL UNIQUE, wrapped BLOB NOT NULL) STRICT"
)
_IDENTITIES: Final = {1: {_FIRST_KEYRING, _KEYS}, _VERSION: {_KEYRING, _KEYS}}
_KEPT_KEYS: Final = 10_000


@frozen
class _Opened:
    """Whom the keys are for, the master key, and the key under which subjects are found."""

    subjects: Subjects
    master: bytes = field(repr=False)
    lookup: bytes = field(repr=False)


class Keyring:
    """An open keyring. May be shared between threads, not across a fork; a context manager that closes it."""

    def __init__(self, path: str, master_file: str, connection: apsw.Connection) -> None:
        """Use `open_keyring`."""
        self.path = path
        self.master_file = master_file
        self._connection = connection
        self._version: object = _run(connection, "PRAGMA data_version")
        self._opened = _opened(connection, path, master_file)
        self.subjects: Subjects = self._opened.subjects
        self._by_subject: dict[str, SubjectKey] = {}
        self._by_name: dict[str, SubjectKey | None] = {}
        self._lock = threading.Lock()

    def key_for(self, subject: str | None, randomness: Callable[[int], bytes] = os.urandom) -> SubjectKey:
        """The key of a subject, made if there is none; None is whoever has no identifier.

        Raises `LogUnavailable`, and `UnusableKey` where the file was changed.
        """
        wanted = subject or ""
        with self._lock, _failing(self.path):
            self._look_for_changes()
            key = self._by_subject.get(wanted)
            if key is None:
                digest = self._digest(wanted)
                with self._transaction("DEFERRED"):
                    key = self._found(digest)
                if key is None:
                    with self._transaction("IMMEDIATE"):
                        key = self._found(digest) or self._made(digest, randomness)
                self._by_subject[wanted] = key
            return key

    def key_of(self, kid: str) -> SubjectKey | None:
        """The key of this name, None where it was destroyed or is another keyring's. Raises what `key_for` raises."""
        with self._lock, _failing(self.path):
            self._look_for_changes()
            if kid not in self._by_name:
                with self._transaction("DEFERRED"):
                    found = _run(self._connection, "SELECT kid, wrapped FROM keys WHERE kid = ?", (kid,))
                    self._by_name[kid] = self._unwrapped(found)
            return self._by_name[kid]

    def has(self, kid: str) -> bool:
        """Whether a key of this name is there."""
        with self._lock, _failing(self.path):
            return bool(_run(self._connection, "SELECT 1 FROM keys WHERE kid = ?", (kid,)))

    def name_of(self, subject: str) -> str | None:
        """The name of a subject's key, if it has one."""
        with self._lock, _failing(self.path):
            rows = _run(self._connection, "SELECT kid FROM keys WHERE subject = ?", (self._digest(subject),))
            return str(rows[0][0]) if rows else None

    def destroy(self, kid: str) -> bool:
        """Destroys a key, whether or not it is there. False if something that reads the file keeps traces of it beside the file
        until it ends. Raises `LogUnavailable`."""
        with self._lock, _failing(self.path):
            self._forget()
            _run(self._connection, "DELETE FROM keys WHERE kid = ?", (kid,))
            return _run(self._connection, "PRAGMA wal_checkpoint(TRUNCATE)")[0][0] == 0

    def change_master(self, randomness: Callable[[int], bytes] = os.urandom) -> tuple[int, bool]:
        """Makes a new master key, wraps all keys anew under it, and overwrites the old one. Copies of the file from before can't be
        opened any more.

        Gives how many keys there are, and whether nothing is left of the old wrappings beside the file, which can't be while
        something reads it. If it is interrupted anywhere, one of the two master keys opens all of the file, and it is the one that
        is found. Raises `UnusableKey` with nothing changed, and `LogUnavailable`.
        """
        import apsw

        with self._lock, _failing(self.path):
            secret, waiting = make_waiting(self.master_file, randomness, KEY_BYTES)
            try:
                with self._transaction("IMMEDIATE"):
                    self._forget()
                    count = self._wrap_anew(secret)
            except (UnusableKey, apsw.BusyError):  # after anything else nobody knows which of the two the file is of
                Path(waiting).unlink()
                raise
            self._opened = _Opened(self.subjects, secret, self._opened.lookup)
            try:
                take_place(waiting, self.master_file)
            except OSError as mistake:
                raise UnusableKey(
                    f"all keys are wrapped anew, under the master key in {shown(waiting)}, which can't take the place of "
                    f"{shown(self.master_file)}: {mistake.strerror}; keep both, and open the keyring where that can be done"
                ) from mistake
            return count, _run(self._connection, "PRAGMA wal_checkpoint(TRUNCATE)")[0][0] == 0

    def close(self) -> None:
        """Closes the file. May be called twice."""
        with self._lock:
            self._forget()
            self._connection.close(True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _look_for_changes(self) -> None:
        """Forgets all keys once another connection changed the file, or where they are many."""
        version = _run(self._connection, "PRAGMA data_version")
        if version != self._version or len(self._by_subject) + len(self._by_name) >= _KEPT_KEYS:
            self._forget()
            if not _is_of(self._connection, self._opened.master):
                self._opened = _opened(self._connection, self.path, self.master_file)
            self._version = version

    @contextmanager
    def _transaction(self, kind: Literal["DEFERRED", "IMMEDIATE"]) -> Iterator[None]:
        """One state of the file, and the master key that belongs to it."""
        _run(self._connection, f"BEGIN {kind}")
        try:
            self._look_for_changes()
            yield
            _run(self._connection, "COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                _run(self._connection, "ROLLBACK")
            raise

    def _forget(self) -> None:
        self._by_subject.clear()
        self._by_name.clear()

    def _digest(self, subject: str) -> bytes:
        return hmac.digest(self._opened.lookup, subject.encode("utf-8", "surrogatepass"), "sha256")

    def _found(self, digest: bytes) -> SubjectKey | None:
        return self._unwrapped(
            _run(self._connection, "SELECT kid, wrapped FROM keys WHERE subject = ?", (digest,)),
        )

    def _made(self, digest: bytes, randomness: Callable[[int], bytes]) -> SubjectKey:
        made = SubjectKey(randomness(KEY_BYTES).hex(), randomness(KEY_BYTES))
        values = (made.kid, digest, wrap(self._opened.master, made.secret))
        _run(self._connection, "INSERT INTO keys (kid, subject, wrapped) VALUES (?, ?, ?)", values)
        return made

    def _unwrapped(self, rows: list[tuple[object, ...]]) -> SubjectKey | None:
        match rows:
            case []:
                return None
            case [(str(kid), bytes(wrapped))]:
                return SubjectKey(kid, unwrap(self._opened.master, wrapped, self.path))
            case _:
                raise UnusableKey(
                    f"{shown(self.path)} holds something else where a key should be; restore it from a copy"
                )

    def _wrap_anew(self, secret: bytes) -> int:
        """All keys under another master key, in the transaction that is open; how many there are."""
        old = self._opened
        rows = _run(self._connection, "SELECT kid, wrapped FROM keys")
        for row in rows:
            key = self._unwrapped([row])
            assert key is not None
            anew = wrap(secret, key.secret)
            _run(self._connection, "UPDATE keys SET wrapped = ? WHERE kid = ?", (anew, key.kid))
        _run(self._connection, "DROP TABLE keyring")
        _run(self._connection, _KEYRING)
        values = (old.subjects, check_of(secret), wrap(secret, old.lookup))
        _run(self._connection, "INSERT INTO keyring (subjects, master, lookup) VALUES (?, ?, ?)", values)
        _run(self._connection, f"PRAGMA user_version={_VERSION}")
        return len(rows)


def create_keyring(
    path: str | os.PathLike[str],
    master: str | os.PathLike[str] | None = None,
    subjects: Subjects = "user",
    randomness: Callable[[int], bytes] = os.urandom,
) -> None:
    """Makes a keyring and its master key (`KEYS.master` if not said otherwise), both for their owner alone.

    Raises `UnusableKey` where one of the files is there already or can't be made, and `NoSignatures`.
    """
    import apsw

    file = absolute(path)
    master_file = absolute(master or file + ".master")
    secret, lookup = randomness(KEY_BYTES), randomness(KEY_BYTES)
    row = (subjects, check_of(secret), wrap(secret, lookup))  # first, for this needs the package
    for name in (file, master_file):
        if os.path.lexists(name):
            raise UnusableKey(f"{shown(name)} is there already; keys are never written over")
    try:
        write_master(master_file, secret)
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = _connect(file)
        try:
            _run(connection, "PRAGMA journal_mode=WAL")
            _run(connection, "BEGIN IMMEDIATE")
            _run(connection, f"PRAGMA application_id={APPLICATION_ID}")
            _run(connection, f"PRAGMA user_version={_VERSION}")
            for statement in (_KEYRING, _KEYS):
                _run(connection, statement)
            _run(connection, "INSERT INTO keyring (subjects, master, lookup) VALUES (?, ?, ?)", row)
            _run(connection, "COMMIT")
        finally:
            connection.close(True)
    except OSError as mistake:
        raise UnusableKey(f"cannot make {shown(file)}: {mistake.strerror}") from mistake
    except apsw.Error as mistake:
        raise UnusableKey(f"cannot make {shown(file)}: {mistake}") from mistake


def open_keyring(path: str | os.PathLike[str], master: str | os.PathLike[str] | None = None) -> Keyring:
    """Opens a keyring with its master key.

    Raises `UnusableKey` where one of the files is none, belongs to another, or may be read by others; `LogUnavailable`, and
    `NoSignatures`.
    """
    file = absolute(path)
    check_private(file)
    with Path(file).open("rb") as opened:
        if opened.read(len(SQLITE_MAGIC)) != SQLITE_MAGIC:
            raise UnusableKey(f"{shown(file)} is no keyring; `tenet audit keyring` makes one")
    with _failing(file):
        connection = _connect(file)
    try:
        with _failing(file):
            return Keyring(file, os.path.realpath(absolute(master or file + ".master")), connection)
    except BaseException:
        connection.close(True)
        raise


def _opened(connection: apsw.Connection, file: str, master_file: str) -> _Opened:
    """What a file says of itself, once it is certain that it is a keyring of this master key."""
    version = _run(connection, "PRAGMA user_version")[0][0]
    identity = (
        _run(connection, "PRAGMA application_id"),
        {text for (text,) in _run(connection, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL LIMIT 8")},
    )
    if not isinstance(version, int) or identity != ([(APPLICATION_ID,)], _IDENTITIES.get(version)):
        raise UnusableKey(f"{shown(file)} is no keyring of this version, or its tables were changed")
    columns = "subjects, master, lookup" if version == _VERSION else "subjects, master, NULL"
    statement = f"SELECT {columns} FROM keyring LIMIT 2"  # noqa: S608  # one of two that are written here
    found = _run(connection, statement)
    match found:
        case [("user" | "session" as subjects, bytes(check), bytes() | None as wrapped)]:
            try:
                master = master_of(master_file, check, file)
            except UnusableKey:
                if connection.in_transaction or _run(connection, statement) == found:
                    raise
                return _opened(connection, file, master_file)  # another master key took its place meanwhile
            lookup = derived(master, "subjects") if wrapped is None else unwrap(master, wrapped, file)
            return _Opened("user" if subjects == "user" else "session", master, lookup)
        case _:
            raise UnusableKey(f"{shown(file)} holds no master key's digest, or several; restore it from a copy")


def _is_of(connection: apsw.Connection, master: bytes) -> bool:
    """Whether the file still is of this master key."""
    match _run(connection, "SELECT master FROM keyring LIMIT 2"):
        case [(bytes(check),)]:
            return hmac.compare_digest(check, check_of(master))
        case _:
            return False


def _connect(file: str) -> apsw.Connection:
    """A connection whose deletions overwrite what was there."""
    import apsw

    connection = apsw.Connection(file, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOFOLLOW)
    connection.set_busy_timeout(10_000)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0)
    for statement in (
        "PRAGMA synchronous=FULL",
        "PRAGMA fullfsync=ON",
        "PRAGMA secure_delete=ON",
        "PRAGMA mmap_size=0",
    ):
        _run(connection, statement)
    return connection


@contextmanager
def _failing(path: str) -> Iterator[None]:
    """What goes wrong with the file of a keyring, as a `LogUnavailable`."""
    import apsw

    try:
        yield
    except apsw.Error as mistake:
        raise LogUnavailable(f"cannot use the keys in {shown(path)}: {mistake}") from mistake


def _run(connection: apsw.Connection, statement: str, values: tuple[str | bytes, ...] = ()) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(statement, values)]
