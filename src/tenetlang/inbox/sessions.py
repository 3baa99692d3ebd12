"""Who is signed in, for as long as the server runs: a cookie for the browser, and a second secret for the forms.

A session is known by the digest of its cookie. It ends when nobody used it for half an hour, after eight hours in any case, and at
once when its token is revoked (the page asks at each request). One without a token, of somebody whom an OpenID provider vouches for, is told
when it ends: what the provider takes back later we don't hear of. There is an end to how many there are; the one that was used longest
ago makes room.
"""

from __future__ import annotations

import hmac
import os
import threading
import time
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import attrs

IDLE: Final = 30 * 60.0
LONGEST: Final = 8 * 3600.0
MOST: Final = 1000

FAILURES: Final = 20
"""So many tokens that are none one address may show within a `WINDOW` of seconds."""

WINDOW: Final = 60.0
_ADDRESSES: Final = 4096


@attrs.frozen
class Session:
    """Somebody who is signed in. `token` is the identifier of the token they showed, None if a provider vouches for them; `form` the
    secret in their forms; `longest` how many seconds it lasts."""

    who: str
    token: str | None
    form: str
    began: float
    longest: float = LONGEST

    @property
    def how(self) -> str:
        """By which way their answers come, as records say it."""
        return "inbox" if self.token is not None else "inbox-oidc"

    def owns(self, form: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.form.encode(), form.encode("utf-8", "replace"))


@attrs.define
class Sessions:
    """All sessions. Thread-safe. `seconds` is a clock that only goes forward."""

    seconds: Callable[[], float] = time.monotonic
    randomness: Callable[[int], bytes] = os.urandom
    _open: OrderedDict[bytes, tuple[Session, float]] = attrs.field(factory=OrderedDict)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def begin(self, who: str, token: str | None, longest: float = LONGEST) -> tuple[str, Session]:
        """A new session, and its cookie."""
        cookie, form = self._secret(), self._secret()
        now = self.seconds()
        session = Session(who, token, form, now, min(longest, LONGEST))
        with self._lock:
            while len(self._open) >= MOST:
                self._open.popitem(last=False)
            self._open[_digest(cookie)] = session, now
        return cookie, session

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie, if there is one."""
        key, now = _digest(cookie), self.seconds()
        with self._lock:
            session, used = self._open.get(key, (None, 0.0))
            if session is None:
                return None
            if now - used > IDLE or now - session.began > session.longest:
                del self._open[key]
                return None
            self._open[key] = session, now
            self._open.move_to_end(key)
            return session

    def end(self, cookie: str) -> None:
        """Ends a session."""
        with self._lock:
            self._open.pop(_digest(cookie), None)

    def _secret(self) -> str:
        return urlsafe_b64encode(self.randomness(32)).rstrip(b"=").decode()


@attrs.define
class Failures:
    """How often an address showed a token that is none. Thread-safe."""

    seconds: Callable[[], float] = time.monotonic
    _times: OrderedDict[str, list[float]] = attrs.field(factory=OrderedDict)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def too_many(self, address: str) -> bool:
        """Whether it is to wait."""
        with self._lock:
            return len(self._recent(address)) >= FAILURES

    def add(self, address: str) -> None:
        """Counts one."""
        with self._lock:
            times = self._recent(address)
            while len(self._times) >= _ADDRESSES:
                self._times.popitem(last=False)
            self._times[address] = [*times, self.seconds()]
            self._times.move_to_end(address)

    def _recent(self, address: str) -> list[float]:
        now = self.seconds()
        return [at for at in self._times.get(address, ()) if now - at < WINDOW]


def _digest(cookie: str) -> bytes:
    return sha256(cookie.encode("utf-8", "replace")).digest()
