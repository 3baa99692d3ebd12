"""A ledger in Redis, for programs that have one already. Needs the extra `redis`.

A transaction takes a lock, reads the ledger's *turn* and then the rows that it needs, and hands all its changes to a script, which Redis
runs as one step: only if the turn is still the one that was read, everything is changed, the turn goes on, and the lock is given back. So no
two pass under one limit, whatever becomes of the lock. That is there for courtesy alone: it makes others wait instead of
beginning again, so an action is done once. It ends by itself after a few seconds, for the case that its holder died; an action that took
longer than that, while others went on, is refused.

*What Redis promises is less than what a log does.* It answers before anything is on the disk: with `appendfsync everysec` a crash loses
up to a second, without an append-only file more, a failover what the replica had not seen. What is lost is counted nowhere. Two things
are found out: this object remembers the newest turn, so a Redis that went back behind it is refused (a program that starts afterwards has
nothing to remember); and a Redis that may drop keys when it is full is refused at the start.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from tenetlang.facts.errors import LedgerDamaged, LedgerUnavailable
from tenetlang.facts.limits import Limits
from tenetlang.facts.moment import DEFAULT_LIMITS, Moment, set_clock, state_of
from tenetlang.facts.overlay import Overlay
from tenetlang.facts.rows import Rows

if TYPE_CHECKING:
    import redis

_T = TypeVar("_T")

_COMMIT: Final = """
local turn = redis.call('GET', KEYS[1]) or ''
if turn ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
if redis.call('GET', KEYS[3]) == ARGV[3] then redis.call('DEL', KEYS[3]) end
local place = 5
for _ = 1, tonumber(ARGV[4]) do
    local name, kind, value = ARGV[place], ARGV[place + 1], ARGV[place + 2]
    if kind == 'put' then redis.call('SET', KEYS[4] .. name, value)
    elseif kind == 'remove' then redis.call('DEL', KEYS[4] .. name)
    elseif kind == 'schedule' then redis.call('ZADD', KEYS[2], value, name)
    else redis.call('ZREM', KEYS[2], name) end
    place = place + 3
end
return 1
"""
_RELEASE: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"
_LONGEST_PAUSE: Final = 0.05
_TO_SCORE: Final = 1_000_000
"""A score is a double, and holds milliseconds exactly; the member has the nanoseconds."""


class RedisLedger:
    """Keys that begin with `prefix`, all in one slot of a cluster. `address` is a URL: `redis://`, `rediss://` or `unix://`.

    `patience` is for how many seconds a transaction waits for others, `lease` for how many at most one keeps them waiting.
    """

    def __init__(
        self,
        address: str,
        limits: Limits = DEFAULT_LIMITS,
        space: str = "",
        *,
        prefix: str = "tenet-facts",
        patience: float = 10.0,
        lease: float = 5.0,
    ) -> None:
        self._limits = limits
        self._space = space
        self._patience = patience
        self._lease = max(1, int(lease * 1000))
        self._held = f"{{{prefix}}}:lock"
        self._turn = f"{{{prefix}}}:turn"
        self._schedule = f"{{{prefix}}}:schedule"
        self._rows = f"{{{prefix}}}:rows:"
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._closed = False
        self._newest: tuple[str, int] | None = None
        self._client = _connected(address, patience)
        try:
            self._guarded(self._check_keeps)
            self.change(state_of)
        except BaseException:
            self._client.close()
            raise

    def transact(self, now_ns: int, action: Callable[[Moment], _T]) -> _T:
        """As `Ledger.transact`; the action is done once."""
        return self.change(lambda rows: action(Moment.at(rows, now_ns, self._limits, self._space)))

    def set_clock(self, now_ns: int) -> None:
        """Sets the time of the ledger, also back."""
        self.change(lambda rows: set_clock(rows, now_ns))

    def close(self) -> None:
        """Closes the connections."""
        with self._lock:
            self._closed = True
            self._client.close()

    def change(self, action: Callable[[Rows], _T]) -> _T:
        """As `Ledger.change`."""
        if self._process != os.getpid():
            raise LedgerUnavailable("the ledger was opened before a fork; open it again in this process")
        with self._lock:
            if self._closed:
                raise LedgerUnavailable("the ledger is closed; open it again")
            return self._guarded(lambda: self._locked(action))

    def _locked(self, action: Callable[[Rows], _T]) -> _T:
        token = secrets.token_hex(16)
        until = time.monotonic() + self._patience
        pause = 0.001
        while not self._client.set(self._held, token, nx=True, px=self._lease):
            if time.monotonic() >= until:
                raise LedgerUnavailable(f"others kept the ledger busy for {self._patience:g} seconds")
            time.sleep(pause * secrets.randbelow(1000) / 1000)
            pause = min(2 * pause, _LONGEST_PAUSE)
        overlay = Overlay(self._fetch, self._first)
        try:
            turn = self._read_turn()
            done = action(overlay)
        except BaseException:
            self._release(token)
            raise
        finally:
            overlay.open = False
        self._commit(turn, token, overlay)
        return done

    def _release(self, token: str) -> None:
        """Gives the lock back, if that is possible; else it ends by itself."""
        import redis

        with suppress(redis.exceptions.RedisError):
            self._client.eval(_RELEASE, 1, self._held, token)

    def _read_turn(self) -> str:
        turn = _text(self._client.get(self._turn)) or ""
        birth, _, number = turn.partition(":")
        if turn and not number.isdecimal():
            raise LedgerDamaged(
                "the ledger's turn is not one; give the ledger another prefix, or restore Redis from a copy"
            )
        if self._newest is not None and (birth != self._newest[0] or int(number) < self._newest[1]):
            raise LedgerDamaged(
                "Redis has lost what the ledger had noted (it went back, or was emptied), so what was counted is not known; "
                "restore it from a copy, or begin anew by opening the ledger again"
            )
        if turn:
            self._newest = (birth, int(number))
        return turn

    def _commit(self, turn: str, token: str, overlay: Overlay) -> None:
        birth, _, number = turn.partition(":")
        following = (birth or secrets.token_hex(8), int(number or 0) + 1)
        changes: list[str | int] = []
        for name, value in overlay.changed.items():
            changes += (name, "remove", "") if value is None else (name, "put", value)
        for (at, name), there in overlay.scheduled.items():
            changes += (f"{at}|{name}", "schedule" if there else "unschedule", at // _TO_SCORE)
        keys = (self._turn, self._schedule, self._held, self._rows)
        values = (turn, f"{following[0]}:{following[1]}", token, len(changes) // 3, *changes)
        if self._client.eval(_COMMIT, len(keys), *keys, *values) != 1:
            raise LedgerUnavailable(
                "what was to be noted took so long that others went on meanwhile; nothing was noted"
            )
        self._newest = following

    def _fetch(self, names: Sequence[str]) -> list[str | None]:
        found = self._client.mget([self._rows + name for name in names])
        assert isinstance(found, list)
        return [_text(value) for value in found]

    def _first(self, until: int, most: int) -> list[tuple[int, str]]:
        found = self._client.zrange(self._schedule, "-inf", str(until // _TO_SCORE), byscore=True, offset=0, num=most)
        assert isinstance(found, list)
        first: list[tuple[int, str]] = []
        for member in found:
            at, _, name = (_text(member) or "").partition("|")
            if not at.isdecimal():
                raise LedgerDamaged("the ledger's schedule holds what it never does; restore Redis from a copy")
            if int(at) <= until:
                first.append((int(at), name))
        return first

    def _check_keeps(self) -> None:
        """Refuses a Redis that drops keys when it is full: a reservation that is dropped is counted nowhere."""
        memory = self._client.info("memory")
        assert isinstance(memory, dict)
        policy = memory.get("maxmemory_policy", "noeviction")
        if memory.get("maxmemory") and str(policy).startswith("allkeys"):
            raise LedgerUnavailable(
                f"this Redis drops keys when it is full (`maxmemory-policy {policy}`), and with them what was counted; "
                "set it to `noeviction`"
            )

    def _guarded(self, action: Callable[[], _T]) -> _T:
        import redis

        try:
            return action()
        except UnicodeDecodeError:
            raise LedgerDamaged(
                "a row of the ledger is no text; give the ledger another prefix, or restore Redis from a copy"
            ) from None
        except redis.exceptions.ResponseError as mistake:
            raise LedgerUnavailable(f"Redis refuses to be used as a ledger: {mistake}") from None
        except (redis.exceptions.RedisError, OSError) as mistake:
            raise LedgerUnavailable(
                f"Redis can't be reached, or the connection was lost ({type(mistake).__name__}); check the server and the address"
            ) from None


def _connected(address: str, patience: float) -> redis.Redis:
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ModuleNotFoundError:
        raise ModuleNotFoundError("a ledger in Redis needs the extra `redis`: pip install 'tenetlang[redis]'") from None
    try:
        # Nothing is sent twice by itself: a lost answer is told, and the turn would refuse the second time anyway.
        return redis.Redis.from_url(
            address,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=max(1.0, patience),
            socket_connect_timeout=max(1.0, patience),
        )
    except ValueError:
        raise LedgerUnavailable("the address of the ledger is none that Redis knows") from None


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise LedgerDamaged(
            "a row of the ledger is no text; give the ledger another prefix, or restore Redis from a copy"
        )
    return value
