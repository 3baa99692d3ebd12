"""What can go wrong with a ledger. Whoever asks it on the way to a decision denies where one of these is raised.

Each message says what is wrong and what to do. None of them names a password, or quotes what a caller sent.
"""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger gives no answer, and nothing of what was to be noted is noted, unless a kind of it says otherwise."""


class LedgerUnavailable(LedgerError):
    """It can't be reached, or others kept it busy for too long. Where a connection broke while something was committed, it
    may be noted: a reservation of it counts until its deadline makes it `unknown`, and counts then as well."""


class LedgerDamaged(LedgerError):
    """What is stored is not what a ledger of this version stores."""


class LedgerFull(LedgerError):
    """A bound is reached: on sessions, on keys of counters, on the labels of a session, or on what one call may hold."""


class LedgerConflict(LedgerError):
    """A call is said to be what it was not: begun twice with different contents, or ended though it was never allowed."""


class ClockWentBack(LedgerError):
    """The clock is further behind the time that the ledger has seen than can be waited for."""
