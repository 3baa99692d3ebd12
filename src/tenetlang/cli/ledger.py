"""`tenet ledger`: what a person does with a ledger, when a clock was wrong, or somebody wants to be forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Group
from tenetlang.cli.help import ending
from tenetlang.cli.options import FORMAT
from tenetlang.cli.output import remark, say, say_json
from tenetlang.facts.rows import Rows, State

_T = TypeVar("_T")

_LEDGER = click.argument("ledger", metavar="LOG")
_APART = click.option(
    "--apart",
    is_flag=True,
    help="LOG is the address of a ledger of its own: a file, postgresql://…, redis://….",
)
_TOO_FAR: Final = 300 * 10**9


@click.group("ledger", cls=Group)
def command() -> None:
    """Look at the ledger that a guard keeps in its log, set its clock right, forget what people wrote.

    \b
    tenet ledger show decisions.db
    tenet ledger set-clock --apart postgresql://db.example.com/facts
    """  # noqa: D301  # the backspace is what Click wants


@command.command(
    "show",
    short_help="Show the time of a ledger, and how much it holds.",
    epilog=ending(
        ["tenet ledger show decisions.db", "tenet ledger show --apart redis://localhost --format json"],
        [(0, "it is used, or could be"), (1, "its time is so far ahead of this machine's clock that calls are denied")],
    ),
)
@_LEDGER
@_APART
@FORMAT
def show(ledger: str, apart: bool, style: str) -> int:
    """Show the newest time that the ledger has seen, and how many sessions and keys of counters it holds."""
    from tenetlang.facts.moment import state_of
    from tenetlang.values.times import duration_text, time_text

    state = _done(ledger, apart, state_of)
    ahead = state.clock - time.time_ns()
    refusing = ahead > _TOO_FAR
    if style == "json":
        shown = {"time": time_text(state.clock), "sessions": state.sessions, "keys": state.accounts}
        say_json({**shown, "refusing": refusing})
    else:
        say(
            f"sessions: {state.sessions:,}; keys of counters: {state.accounts:,}; newest time: {time_text(state.clock)}\n"
        )
        if refusing:
            say(
                f"that is {duration_text(ahead)} ahead of this machine's clock, so calls are denied; "
                "if the clock is right, `tenet ledger set-clock` sets the ledger's time back\n"
            )
    return statuses.FOUND if refusing else statuses.FINE


@command.command(
    "set-clock",
    short_help="Set the time of a ledger to that of this machine, also back.",
    epilog=ending(["tenet ledger set-clock decisions.db"], [(0, "its time is that of this machine")]),
)
@_LEDGER
@_APART
def set_clock(ledger: str, apart: bool) -> int:
    """Set the time of the ledger to that of this machine, also back, after a clock was wrong.

    Look at the machine's clock first. What was counted at a later time stays counted for the longer.
    """
    from tenetlang.facts.moment import set_clock as set_time
    from tenetlang.facts.moment import state_of
    from tenetlang.values.times import time_text

    def change(rows: Rows) -> State:
        before = state_of(rows)
        set_time(rows, now)
        return before

    now = time.time_ns()
    before = _done(ledger, apart, change)
    remark(f"the ledger's time was {time_text(before.clock)} and is {time_text(now)}\n")
    return statuses.FINE


@command.command(
    "forget",
    short_help="Forget what people wrote in a session.",
    epilog=ending(
        ["tenet ledger forget decisions.db s1"],
        [(0, "forgotten"), (5, "the ledger has no arguments of calls of that session")],
    ),
)
@_LEDGER
@click.argument("session")
@_APART
def forget(ledger: str, session: str, apart: bool) -> int:
    """Forget the arguments of all calls of SESSION so far. Their tools and how they ended, labels and counters stay.

    The log has them as well: `tenet audit erase` is for that.
    """
    from tenetlang.facts.sessions import forget_arguments, session_of

    forgotten = _done(ledger, apart, lambda rows: forget_arguments(rows, session_of(session)))
    if not forgotten:
        remark("the ledger has no arguments of calls of that session\n")
        return statuses.NOTHING
    remark(f"forgot the arguments of {forgotten:,} call{'' if forgotten == 1 else 's'}\n")
    return statuses.FINE


def _done(name: str, apart: bool, action: Callable[[Rows], _T]) -> _T:
    """What an action gives that is done with a ledger."""
    if apart:
        from pathlib import Path

        from tenetlang.facts.ledger import open_ledger

        if ":" not in name and not Path(name).exists():
            raise click.ClickException(f"there is no ledger at {name}")
        try:
            opened = open_ledger(name)
        except ModuleNotFoundError as missing:
            raise click.ClickException(str(missing)) from None
        try:
            return opened.change(action)
        finally:
            opened.close()
    from tenetlang.audit import Log
    from tenetlang.audit.records.unplaced import Unplaced
    from tenetlang.audit.stores.tables import Tables
    from tenetlang.audit.writer import Writer
    from tenetlang.facts.tables import TableRows, prepare

    with Writer(Log.open(name, create=False), marked=False) as writer:

        def job(tables: Tables) -> tuple[_T, tuple[Unplaced, ...]]:
            prepare(tables)
            return action(TableRows(tables)), ()

        return writer.do(job).result()
