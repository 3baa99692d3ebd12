"""What must be remembered of bundles across restarts: the newest version that was ever in force, and to which one it may go back.

A signature proves who made a bundle, and not that it is the one to use: an old one that allowed too much is signed just as
well. So a version may only rise, and of one version there is one bundle, by the SHA-256 of what was signed. Who has a reason
to go back says so beforehand (`go_back`), for exactly one older bundle; that is remembered beside the newest version, which stays,
so that what was left behind can't come in again by itself.

Whoever steals a key could sign a version so high that nothing ever comes after it (TUF calls it fast-forward). So who signed is
remembered too, and what is remembered counts as long as that bundle would be trusted still: take the stolen key out of those that
are trusted, and the next honest version comes in.

    LogMemory       a row in the database of the log: the version and the record that says so are one transaction
    FolderMemory    a file that only its owner may read, where there is no log; records go to whoever is told

Whoever can delete the memory can roll back; the file is as precious as the log, and the log keeps every activation.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import attrs
import msgspec

from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.record import time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.bundle.errors import BundleError, RolledBack, UnusableMemory
from tenetlang.bundle.files import locked, read_small, write_whole
from tenetlang.bundle.trust import Trust

Event: TypeAlias = tuple[str, Mapping[str, object]]
"""The kind of a record (`audit/records/kinds.py`) and its members."""


class Return(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Leave to go back to one older bundle: its version and identity, who gave it, and why."""

    version: int
    identity: str
    by: str
    because: str


class Remembered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The newest version of a package that was in force, the identity of its bundle, the keys that signed it (none where
    nobody was asked for any), and to which one it may go back."""

    package: str
    version: int
    identity: str
    signed_by: tuple[str, ...]
    back: Return | None = None


Change: TypeAlias = Callable[[Remembered | None], Remembered | None]
"""What is to be remembered instead of what is remembered now; may raise `BundleError`."""


class Memory(Protocol):
    """Where it is remembered."""

    def recall(self, package: str) -> Remembered | None:
        """What is remembered of a package. Raises `UnusableMemory`."""
        ...

    def packages(self) -> frozenset[str]:
        """The packages of which something is remembered. Raises `UnusableMemory`."""
        ...

    def change(self, package: str, change: Change, events: Sequence[Event]) -> None:
        """Remembers what `change` gives and has the events recorded: on the disk when this returns, or else it raises."""
        ...


def counted(remembered: Remembered | None, trust: Trust | None) -> Remembered | None:
    """What is remembered, as far as it counts: not if its keys are no longer trusted."""
    if remembered is None or trust is None or not remembered.signed_by:
        return remembered
    trusted = {key.short for key in trust.keys}.intersection(remembered.signed_by)
    return remembered if len(trusted) >= trust.threshold else None


def admit(remembered: Remembered | None, version: int, identity: str) -> Return | None:
    """Whether a bundle may come into force after what is remembered and counts; by whose leave, if it is an older one.

    Raises `RolledBack`.
    """
    if remembered is None or version > remembered.version:
        return None
    if (version, identity) == (remembered.version, remembered.identity):
        return None
    back = remembered.back
    if back is not None and (version, identity) == (back.version, back.identity):
        return back
    if version == remembered.version:
        raise RolledBack(
            f"another bundle of version {version} was in force here already; build it with a higher version"
        )
    raise RolledBack(
        f"it is version {version}, and version {remembered.version} was in force here already; build it again with a higher "
        "version, or give leave to go back: `tenet bundle back`"
    )


def risen(remembered: Remembered | None, new: Remembered) -> Remembered:
    """What is to be remembered once a bundle is in force that was admitted. Leave to go back ends with a newer version."""
    return new if remembered is None or new.version > remembered.version else remembered


def go_back(memory: Memory, package: str, leave: Return) -> None:
    """Gives leave to go back to an older bundle. Raises `RolledBack` where there is nothing newer, and `UnusableMemory`."""

    def change(remembered: Remembered | None) -> Remembered:
        if remembered is None or leave.version >= remembered.version:
            raise RolledBack(
                f"no version of {package} newer than {leave.version} was in force here, so this is no way back"
            )
        return msgspec.structs.replace(remembered, back=leave)

    memory.change(package, change, ())


# ------------------------------------------------------------------------------------------------------------ in a file

_FILE: Final = "versions.json"
_LOCK: Final = "versions.lock"
_MAX_FILE: Final = 1024 * 1024


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: for each package what is remembered."""

    packages: dict[str, Remembered] = {}


_decoder: Final = msgspec.json.Decoder(_Kept)


def _untold(_: str, __: Mapping[str, object]) -> None:
    """Where nobody wants to know."""


@attrs.frozen
class FolderMemory:
    """In `versions.json` of a folder, which is made for its owner alone. `tell` gets each event, once what it says is on the disk."""

    folder: Path
    tell: Callable[[str, Mapping[str, object]], None] = _untold

    def recall(self, package: str) -> Remembered | None:
        """What is remembered of a package. Raises `UnusableMemory` for a file that is none, rather than to forget."""
        return self._read().packages.get(package)

    def packages(self) -> frozenset[str]:
        """The packages of which something is remembered. Raises `UnusableMemory`."""
        return frozenset(self._read().packages)

    def change(self, package: str, change: Change, events: Sequence[Event]) -> None:
        """Remembers, then tells. One process after the other, where files can be locked."""
        with locked(self.folder / _LOCK):
            kept = self._read()
            before = kept.packages.get(package)
            after = change(before)
            if after is not None and after != before:
                packages = {**kept.packages, package: after}
                write_whole(self.folder / _FILE, msgspec.json.encode(_Kept(dict(sorted(packages.items())))) + b"\n")
        for kind, members in events:
            self.tell(kind, members)

    def _read(self) -> _Kept:
        file = self.folder / _FILE
        data = read_small(file, _MAX_FILE)
        if data is None:
            return _Kept()
        try:
            return _decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as mistake:
            raise UnusableMemory(
                f"`{file}` is damaged ({mistake}), and without it an older bundle could come back; restore it from a copy. "
                "Whoever deletes it lets any version in"
            ) from mistake


# ------------------------------------------------------------------------------------------------------------- in a log

_TABLE: Final = "bundle_versions"
_COLUMNS: Final = ("package TEXT PRIMARY KEY", "remembered BLOB NOT NULL")
_remembered: Final = msgspec.json.Decoder(Remembered)


class Do(Protocol):
    """What a log's writer does with a job: `Writer.do`."""

    def __call__(
        self, job: Callable[[Tables], tuple[Remembered | None, Sequence[Unplaced]]]
    ) -> Future[Remembered | None]:
        """The value of the job, once its transaction is on the disk."""
        ...


@attrs.frozen
class LogMemory:
    """In the database of a log. What is remembered, and the record of it, are there together or not at all.

    Raises `UnusableMemory` where the log can't hold it.
    """

    do: Do
    now: Callable[[], int] = time.time_ns
    randomness: Callable[[int], bytes] = os.urandom

    def __attrs_post_init__(self) -> None:
        self._done(_created)

    def recall(self, package: str) -> Remembered | None:
        """What is remembered of a package. Raises `UnusableMemory`."""
        return self._done(lambda tables: (_recalled(tables, package), ()))

    def packages(self) -> frozenset[str]:
        """The packages of which something is remembered. Raises `UnusableMemory`."""
        found: list[str] = []

        def job(tables: Tables) -> tuple[None, Sequence[Unplaced]]:
            found.extend(str(name) for (name,) in tables.run(f"SELECT package FROM {_TABLE}"))  # noqa: S608  # a constant
            return None, ()

        self._done(job)
        return frozenset(found)

    def change(self, package: str, change: Change, events: Sequence[Event]) -> None:
        """Remembers and records in one transaction."""

        def job(tables: Tables) -> tuple[Remembered | None, Sequence[Unplaced]]:
            before = _recalled(tables, package)
            after = change(before)
            if after is not None and after != before:
                tables.run(
                    f"INSERT INTO {_TABLE} (package, remembered) VALUES (?, ?) "  # noqa: S608  # a constant
                    "ON CONFLICT (package) DO UPDATE SET remembered = excluded.remembered",
                    (package, msgspec.json.encode(after)),
                )
            return after, [self._record(kind, members) for kind, members in events]

        self._done(job)

    def _record(self, kind: str, members: Mapping[str, object]) -> Unplaced:
        now = self.now()
        envelope, payload = event_record(
            kind, members, time_text(now), ulid(now, self.randomness(16)), lambda: self.randomness(16)
        )
        return unplaced(envelope, payload)

    def _done(self, job: Callable[[Tables], tuple[Remembered | None, Sequence[Unplaced]]]) -> Remembered | None:
        try:
            return self.do(job).result()
        except BundleError:
            raise
        except Exception as failure:
            raise UnusableMemory(f"the log can't be asked or told about versions of bundles: {failure}") from failure


def _created(tables: Tables) -> tuple[None, Sequence[Unplaced]]:
    tables.create(_TABLE, _COLUMNS)
    return None, ()


def _recalled(tables: Tables, package: str) -> Remembered | None:
    rows = tables.run(f"SELECT remembered FROM {_TABLE} WHERE package = ?", (package,))  # noqa: S608  # a constant
    if not rows:
        return None
    ((stored,),) = rows
    try:
        if not isinstance(stored, bytes):
            raise TypeError("it is no blob")
        return _remembered.decode(stored)
    except (msgspec.MsgspecError, TypeError, UnicodeDecodeError) as mistake:
        raise UnusableMemory(f"what the log remembers of versions of {package} is damaged: {mistake}") from mistake
