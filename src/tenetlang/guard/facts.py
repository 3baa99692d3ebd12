"""Where a guard has its facts from: a ledger in the log's own database, or one that several logs share.

In the log's database the facts of a call, its decision and its record are one transaction. With a ledger of its own (PostgreSQL, Redis,
where several machines enforce one budget) they are two: what the ledger notes is committed before the record. If the record then
fails, the call is denied, and what the ledger reserved counts until the call's deadline and after it, as `unknown`: too strict,
never too lax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import attrs

from tenetlang.audit.stores.tables import Tables
from tenetlang.facts.ledger import Ledger
from tenetlang.facts.limits import Limits
from tenetlang.facts.moment import Finished, Moment
from tenetlang.facts.rows import Outcome
from tenetlang.facts.tables import moment_in, prepare

_T = TypeVar("_T")


@attrs.frozen
class Facts:
    """The ledger; None for the one in the log's database."""

    ledger: Ledger | None = None
    limits: Limits = attrs.field(factory=Limits)

    def create(self, tables: Tables) -> None:
        """Makes the tables in the log's database, if they are to be there."""
        if self.ledger is None:
            prepare(tables)

    def within(self, tables: Tables, now_ns: int, action: Callable[[Moment], _T], package: str = "") -> _T:
        """Does something with the facts of a moment, once. What it changes elsewhere is not undone where a ledger of its own then fails.

        In the log's database counters of the same name are kept apart by `package`, the one that decides.
        """
        if self.ledger is None:
            return action(moment_in(tables, now_ns, self.limits, package))
        return self.ledger.transact(now_ns, action)

    def finish(
        self, tables: Tables, now_ns: int, identifier: str, outcome: Outcome, labels: Iterable[str] = ()
    ) -> Finished:
        """Settles a call, and says whether that was done before. Doing so again changes nothing."""
        return self.within(tables, now_ns, lambda moment: moment.finish(identifier, outcome, labels))
