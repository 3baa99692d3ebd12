"""How much a ledger holds. Everything that callers can make grow has a bound, and what happens at the bound is said here."""

from __future__ import annotations

from tenetlang.frozen import frozen

_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND


@frozen
class Limits:
    """Bounds of one ledger. Times are in nanoseconds.

    What a request may hold (1 MiB, 50,000 values) bounds the history that is sent with it, and the defaults leave more than half of that
    to the request.
    """

    calls: int = 1000
    """Earlier calls of a session; the oldest falls out. The language says 1,000, and no more are taken."""
    size: int = 256 * 1024
    """Bytes of the arguments of a session's earlier calls together, as JSON; those of the oldest calls fall out, the calls stay."""
    values: int = 16_384
    """Values in these arguments, counted as docs/language.md counts those of a request; as `size`."""
    call_size: int = 64 * 1024
    """Bytes of the arguments of one call that are kept; a call with more is refused, or it could push out all others."""
    call_depth: int = 28
    """How deep the arguments of one call are nested; they come three levels deeper in the requests after it. As `call_size`."""
    labels: int = 256
    """Labels of a session. With one more the session is full, and from there on gets no answer."""
    label_length: int = 256
    """Characters of one label; a longer one makes the session full as well."""
    sessions: int = 1_000_000
    """Sessions that are remembered; a new one more is refused."""
    session_idle: int = 30 * _DAY
    """After so long without a call a session is forgotten, with its labels."""
    accounts: int = 1_000_000
    """Keys of all counters together; a call that would need a new one more is refused."""
    remembered: int = _DAY
    """For how long it is known of a call that it has ended, to say so to whoever ends it again."""
    longest: int = 7 * _DAY
    """The longest time to a call's deadline that is taken."""
    clock_steps_back: int = 300 * _SECOND
    """So far a clock may be behind the newest time that the ledger has seen: its time stands still meanwhile. Further is an error."""
