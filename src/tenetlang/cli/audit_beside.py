"""What a gate keeps of a person beside the records of its log, and how `tenet audit erase --subject` erases it.

    review_requests   calls that reviewers were to look at, until a while after their end
    facts_rows        arguments of earlier calls, in sessions whose policy reads them

Both lie in the log's own database. That there were calls stays, and so do labels, counters and votes. A ledger elsewhere (a server
that several gates share) is for its own commands.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.frozen import frozen

if TYPE_CHECKING:
    from tenetlang.audit import Tables, Unplaced
    from tenetlang.audit.payloads.keyring import Keyring

_LONG = "sha256:"


@frozen
class Beside:
    """How many calls for reviewers were erased, and of how many earlier calls the arguments; and how many of the person's sessions
    have names so long that a record does not hold them, so that they can't be found."""

    requests: int = 0
    calls: int = 0
    unreached: int = 0


def erase_beside(log: Path, subject: str, keyring: Keyring | None) -> Beside:
    """Erases it. Raises `AuditError`, and `ClickException` where a ledger or the reviews can't be used; then nothing is erased."""
    from tenetlang.audit import Log
    from tenetlang.audit.records.record import caller_word
    from tenetlang.audit.stores.opening import located, open_to_read
    from tenetlang.audit.writer import Writer
    from tenetlang.facts.errors import LedgerError
    from tenetlang.facts.tables import moment_in
    from tenetlang.review.desk import Desk
    from tenetlang.review.rows import ReviewsDamaged

    with closing(open_to_read(located(log))) as database:
        reviews, ledger = database.has("review_requests"), database.has("facts_rows")
    if not (reviews or ledger):
        return Beside()
    word = caller_word(subject)
    by_session = keyring is not None and keyring.subjects == "session"
    sessions = ({subject} if by_session else _sessions_of(log, word)) if ledger else set()
    reached = sorted(name for name in sessions if by_session or not name.startswith(_LONG))

    def job(tables: Tables) -> tuple[Beside, Sequence[Unplaced]]:
        requests = Desk().erase(tables, word) if reviews else 0
        calls = 0
        if reached:
            moment = moment_in(tables, time.time_ns())
            calls = sum(moment.forget_arguments(name) for name in reached)
        return Beside(requests, calls, len(sessions) - len(reached)), ()

    try:
        with Writer(Log.open(log, create=False), marked=False) as writer:
            return writer.do(job).result()
    except (LedgerError, ReviewsDamaged) as mistake:
        raise click.ClickException(
            f"what is kept beside the log can't be erased, so nothing was: {mistake}"
        ) from mistake


def _sessions_of(log: Path, word: str) -> set[str]:
    """The sessions of a user's decisions, by their caller's words."""
    from tenetlang.audit.show import log_entries, parsed_record

    found: set[str] = set()
    with closing(log_entries(log)) as entries:
        for entry in entries:
            match parsed_record(entry.record):
                case {"kind": "intent", "who": {"user": str(user), "session": str(session)}} if user == word:
                    found.add(session)
                case _:
                    pass
    return found
