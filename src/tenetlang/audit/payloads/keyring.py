"""The keys of the people in a log, apart from the log: whoever destroys one has erased what it sealed, in every copy.

    KEYS           SQLite: the key of each subject, wrapped (RFC 3394) under the master key
    KEYS.master    the master key, for its owner alone; may lie anywhere else, best where no copy of KEYS lies

A *subject* is who can be erased: the user of a request or its session, which a keyring says once and for all. Those without one
share a key. A key is found by HMAC-SHA256 of the subject's identifier, under a key made of the master key, so that nobody
learns from KEYS who is in it; and it is named by random digits, so that nobody learns it from the log either.

A destroyed key is overwritten in the file (`secure_delete`), and the write-ahead log beside it emptied. What a disk keeps of
overwritten blocks, and what copies of KEYS hold, is beyond this: docs/privacy.md says what to do about it.

Several processes use one keyring. A new key is on the disk before anything is sealed with it, and one that another
process destroyed is not used any more: SQLite counts the changes of others, and that is asked for before each use.
"""

from __future__ import annotations

import hmac
import os
import re
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias

from tenetlang.audit.errors import LogUnavailable, NoSignatures, UnusableKey
from tenetlang.audit.payloads.sealing import KEY_BYTES, SubjectKey
from tenetlang.audit.stores.sqlite import SQLITE_MAGIC, absolute, shown

if TYPE_CHECKING:
    import apsw

Subjects: TypeAlias = Literal["user", "session"]

APPLICATION_ID: Final = 0x54_4E_4B_59
"""`TNKY`, at byte 68 of the file."""

_VERSION: Final = 1
_TABLES: Final = (
    "CREATE TABLE keyring (subjects TEXT NOT NULL, master BLOB NOT NULL) STRICT",
    "CREATE TABLE keys (kid TEXT NOT NULL PRIMARY KEY, subject BLOB NOT NULL UNIQUE, wrapped BLOB NOT NULL) STRICT",
)
_KEPT_KEYS: Final = 10_000
_master = re.compile(r"tenet-payload-master ([A-Za-z0-9+/]{43}=)\n?")


class Keyring:
    """An open keyring. May be shared between threads, not across a fork; a context manager that closes it."""

    def __init__(self, path: str, connection: apsw.Connection, master: bytes, subjects: Subjects) -> None:
        """Use `open_keyring`."""
        self.path = path
        self.subjects: Subjects = subjects
        self._connection = connection
        self._master = master
        self._by_subject: dict[str, SubjectKey] = {}
        self._by_name: dict[str, SubjectKey | None] = {}
        self._version: object = None
        self._lock = threading.Lock()

    def key_for(self, subject: str | None, randomness: Callable[[int], bytes] = os.urandom) -> SubjectKey:
        """The key of a subject, made if there is none; None is whoever has no identifier. Raises `LogUnavailable`."""
        wanted = subject or ""
        with self._lock, _failing(self.path):
            self._look_for_changes()
            key = self._by_subject.get(wanted)
            if key is None:
                key = self._by_subject[wanted] = self._found_or_made(wanted, randomness)
            return key

    def key_of(self, kid: str) -> SubjectKey | None:
        """The key of this name, None where it was destroyed or is another keyring's. Raises `LogUnavailable`."""
        with self._lock, _failing(self.path):
            self._look_for_changes()
            if kid not in self._by_name:
                found = _run(self._connection, "SELECT wrapped FROM keys WHERE kid = ?", (kid,))
                self._by_name[kid] = self._opened(kid, found)
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
            self._version = version

    def _forget(self) -> None:
        self._by_subject.clear()
        self._by_name.clear()

    def _digest(self, subject: str) -> bytes:
        return hmac.digest(_derived(self._master, "subjects"), subject.encode("utf-8", "surrogatepass"), "sha256")

    def _found_or_made(self, subject: str, randomness: Callable[[int], bytes]) -> SubjectKey:
        digest = self._digest(subject)
        made = SubjectKey(randomness(KEY_BYTES).hex(), randomness(KEY_BYTES))
        found = _run(self._connection, "SELECT kid, wrapped FROM keys WHERE subject = ?", (digest,))
        if not found:
            _run(
                self._connection,
                "INSERT INTO keys (kid, subject, wrapped) VALUES (?, ?, ?) ON CONFLICT (subject) DO NOTHING",
                (made.kid, digest, _wrap(self._master, made.secret)),
            )
            found = _run(self._connection, "SELECT kid, wrapped FROM keys WHERE subject = ?", (digest,))
        key = self._opened(str(found[0][0]), [(found[0][1],)]) if found else None
        if key is None:
            raise LogUnavailable(f"a key was destroyed in {shown(self.path)} while it was made; try again")
        return key

    def _opened(self, kid: str, rows: list[tuple[object, ...]]) -> SubjectKey | None:
        match rows:
            case []:
                return None
            case [(bytes(wrapped),)]:
                return SubjectKey(kid, _unwrap(self._master, wrapped, self.path))
            case _:
                raise UnusableKey(
                    f"{shown(self.path)} holds something else where a key should be; restore it from a copy"
                )


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
    secret = randomness(KEY_BYTES)
    _wrap(secret, secret)  # whether the package is there
    for name in (file, master_file):
        if os.path.lexists(name):
            raise UnusableKey(f"{shown(name)} is there already; keys are never written over")
    try:
        with os.fdopen(
            os.open(master_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii"
        ) as writing:
            writing.write(f"tenet-payload-master {b64encode(secret).decode()}\n")
            writing.flush()
            os.fsync(writing.fileno())
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = _connect(file)
        try:
            _run(connection, "PRAGMA journal_mode=WAL")
            _run(connection, "BEGIN IMMEDIATE")
            _run(connection, f"PRAGMA application_id={APPLICATION_ID}")
            _run(connection, f"PRAGMA user_version={_VERSION}")
            for statement in _TABLES:
                _run(connection, statement)
            _run(connection, "INSERT INTO keyring (subjects, master) VALUES (?, ?)", (subjects, _check(secret)))
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
    secret = _read_master(absolute(master or file + ".master"))
    _check_private(file)
    with Path(file).open("rb") as opened:
        if opened.read(len(SQLITE_MAGIC)) != SQLITE_MAGIC:
            raise UnusableKey(f"{shown(file)} is no keyring; `tenet audit keyring` makes one")
    with _failing(file):
        connection = _connect(file)
    try:
        with _failing(file):
            return Keyring(file, connection, secret, _subjects(connection, secret, file))
    except BaseException:
        connection.close(True)
        raise


def _subjects(connection: apsw.Connection, master: bytes, file: str) -> Subjects:
    """Whom the keys of a file are for, once it is certain that it is a keyring of this master key."""
    found = (
        _run(connection, "PRAGMA application_id"),
        _run(connection, "PRAGMA user_version"),
        _run(connection, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rootpage LIMIT 8"),
    )
    if found != ([(APPLICATION_ID,)], [(_VERSION,)], [(text,) for text in _TABLES]):
        raise UnusableKey(f"{shown(file)} is no keyring of this version, or its tables were changed")
    match _run(connection, "SELECT subjects, master FROM keyring LIMIT 2"):
        case [("user" | "session" as subjects, bytes(check))] if hmac.compare_digest(check, _check(master)):
            return "user" if subjects == "user" else "session"
        case _:
            raise UnusableKey(f"the master key is not the one of {shown(file)}")


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


def _read_master(file: str) -> bytes:
    _check_private(file)
    try:
        with Path(file).open("rb") as opened:
            text = opened.read(256).decode()
    except (OSError, UnicodeDecodeError) as mistake:
        raise UnusableKey(f"cannot read {shown(file)}: {mistake}") from mistake
    found = _master.fullmatch(text)
    if found is None:
        raise UnusableKey(f"{shown(file)} holds no master key; `tenet audit keyring` makes one")
    return b64decode(found[1])


def _check_private(file: str) -> None:
    try:
        mode = Path(file).stat().st_mode
    except OSError as mistake:
        raise UnusableKey(f"cannot read {shown(file)}: {mistake.strerror}") from mistake
    if os.name == "posix" and mode & 0o077:
        raise UnusableKey(f"{shown(file)} may be read by others, so the keys may be known: `chmod 600` or new ones")


def _derived(master: bytes, use: str) -> bytes:
    """A key for one use."""
    return hmac.digest(master, f"tenet-payloads {use}".encode(), sha256)


def _check(master: bytes) -> bytes:
    """By which a master key is recognised."""
    return _derived(master, "check")


def _wrap(master: bytes, secret: bytes) -> bytes:
    try:
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap
    except ImportError as missing:
        raise NoSignatures("keyrings need the package `cryptography`: tenetlang[audit]") from missing
    return aes_key_wrap(_derived(master, "wrap"), secret)


def _unwrap(master: bytes, wrapped: bytes, path: str) -> bytes:
    try:
        from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
    except ImportError as missing:
        raise NoSignatures("keyrings need the package `cryptography`: tenetlang[audit]") from missing
    try:
        return aes_key_unwrap(_derived(master, "wrap"), wrapped)
    except InvalidUnwrap:
        raise UnusableKey(f"a key in {shown(path)} was changed; restore the file from a copy") from None
