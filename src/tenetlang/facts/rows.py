"""How a ledger is stored: rows that are found by name, and a schedule of names by time. Nothing else.

    state                     the version, the time, how many sessions and accounts there are
    c:CALL                    one call: what it reserved, and how it ended
    s:SESSION                 one session: its labels, and where its history begins and ends
    h:SESSION:NUMBER          one earlier call of it
    a:ACCOUNT                 one counter for one key: its total, and where its entries begin and end
    e:ACCOUNT:NUMBER          one counted call: when, and what it added
    v:ACCOUNT:VALUE           how often a value of `distinct` is among them

Every list is kept as rows with numbers, from a first to a next one, so a list is shortened and lengthened by names that are known, and no store
has to search. That is why one and the same logic runs over a dictionary, over tables, and over Redis, and why what
one call costs does not depend on how much is stored.

A session, an account and a value of `distinct` go by a digest of what identifies them: names have one length then, whatever callers
send, and no table of keys lists customers in clear. (A digest of something short can be guessed. It is not a secret.)

What is read back is checked against the shapes below. A row that does not have its shape is damage, and whoever needs it
gets no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, Literal, Protocol, TypeAlias, TypeVar

import msgspec

from tenetlang.facts.errors import LedgerDamaged

VERSION: Final = 1
"""The version of these rows. A ledger of a newer one is refused."""

STATE: Final = "state"

Aggregate: TypeAlias = Literal["count", "sum", "distinct"]
Outcome: TypeAlias = Literal["ok", "error", "refused", "unknown"]
"""How an allowed call ended: `ok` (it was made), `error` (it failed), `refused` (it was not made), `unknown`."""


class Rows(Protocol):
    """A store of rows, within one transaction: what it gives nobody else changes until that ends."""

    def get(self, names: Sequence[str]) -> list[str | None]:
        """The rows of these names, in their order; None where there is none."""

    def put(self, name: str, value: str) -> None:
        """Stores a row, in the place of the one of this name."""

    def remove(self, names: Iterable[str]) -> None:
        """Removes the rows of these names; one that is not there is none the less gone."""

    def schedule(self, at: int, name: str) -> None:
        """Notes that something is to be done with a name at a time, in nanoseconds since 1970."""

    def unschedule(self, at: int, name: str) -> None:
        """Takes that back, if it is there."""

    def due(self, until: int, most: int) -> list[tuple[int, str]]:
        """What is to be done up to that time, the earliest first, `most` of it at most. Asked before anything is scheduled."""


class State(msgspec.Struct, array_like=True):
    """The whole ledger: the newest time that it has seen, and how much it holds."""

    version: int = VERSION
    clock: int = 0
    sessions: int = 0
    accounts: int = 0


class Held(msgspec.Struct, array_like=True, frozen=True):
    """What a call added to one account; `number` is that of its entry, None where the account has no window."""

    account: str
    number: int | None
    adds: str


class Call(msgspec.Struct, array_like=True):
    """One call. `due` is its deadline, None for one that was not allowed; `scheduled` when it is looked at next."""

    digest: str
    session: str | None
    number: int | None
    due: int | None
    scheduled: int
    held: tuple[Held, ...] = ()
    outcome: Outcome | None = None
    late: bool = False


class Waiting(msgspec.Struct, array_like=True, frozen=True):
    """A call that is under way and whose result will bring labels."""

    call: str
    due: int
    labels: tuple[str, ...]


class Session(msgspec.Struct, array_like=True):
    """One session. Its earlier calls are those from `first` to below `next`; below `bare` they have no arguments any more.

    `size` and `values` are those of all arguments together. `full` says that a label could not be kept.
    """

    seen: int
    first: int = 0
    next: int = 0
    bare: int = 0
    size: int = 0
    values: int = 0
    labels: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    full: bool = False


class Earlier(msgspec.Struct, array_like=True):
    """One earlier call; `arguments` are JSON, None where they are not kept. `due` is the deadline of one that is under way.

    `at` is a text, since that is what it is needed as, a thousand times for one decision.
    """

    call: str
    tool: str
    verdict: Literal["allow", "deny", "escalate"]
    at: str
    outcome: Outcome | None = None
    due: int | None = None
    arguments: str | None = None
    values: int = 0


class Account(msgspec.Struct, array_like=True):
    """One counter for one key. Its entries are those from `first` to below `next`, which may have gaps; none where it has no window.

    `kept` is the window that entries are kept for, `kept_at` when somebody last asked with that one, `seen` the time of the newest entry.
    """

    aggregate: Aggregate
    total: str
    kept: int | None
    kept_at: int
    seen: int
    first: int = 0
    next: int = 0


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """One counted call of an account with a window. An account that expired begins to number anew, so an entry says whose it is."""

    at: int
    adds: str
    call: str


_encode = msgspec.json.Encoder().encode
_Shape = TypeVar("_Shape")


def written(row: msgspec.Struct | int) -> str:
    """A row as it is stored."""
    return _encode(row).decode()


def read(name: str, text: str, decoder: msgspec.json.Decoder[_Shape]) -> _Shape:
    """The row of this name. Raises `LedgerDamaged` where it does not have its shape."""
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, ValueError) as mistake:
        kind = name.partition(":")[0]
        raise LedgerDamaged(
            f"a row of the ledger, of the kind `{kind}`, is not what one looks like: {mistake}; restore the ledger from a copy"
        ) from None


def digest(*parts: object) -> str:
    """A name for what these texts and numbers identify, of 64 characters whatever they are. Raises `ValueError` for what is no text."""
    return sha256(_encode(parts)).hexdigest()


STATES: Final = msgspec.json.Decoder(State)
CALLS: Final = msgspec.json.Decoder(Call)
SESSIONS: Final = msgspec.json.Decoder(Session)
EARLIER: Final = msgspec.json.Decoder(Earlier)
ACCOUNTS: Final = msgspec.json.Decoder(Account)
ENTRIES: Final = msgspec.json.Decoder(Entry)
COUNTS: Final = msgspec.json.Decoder(int)
