"""`tenet audit tail`: the newest records, and those that come."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_text import one_line
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, FORMAT
from tenetlang.cli.output import flush, say, say_json, waiting

_PAUSE = 0.25
"""Seconds between two looks at a log in which nothing came."""


@click.command(
    "tail",
    cls=Command,
    short_help="Show the newest records of LOG, and follow it.",
    epilog=ending(
        ["tenet audit tail decisions.db", "tenet audit tail decisions.db -f --verdict deny --format json"],
        [(0, "shown"), (1, "a record was changed, or the log was cut or replaced meanwhile")],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.option(
    "-n", "--limit", type=click.IntRange(min=0), default=10, show_default=True, help="How many there are at most."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is appended, until Ctrl-C.")
@click.option("--verdict", type=click.Choice(("allow", "deny", "escalate")), help="Only decisions with this verdict.")
@click.option("--tool", metavar="NAME", help="Only decisions about this tool.")
@click.option("--agent", metavar="ID", help="Only decisions about this agent.")
@click.option("--kind", metavar="KIND", help="Only records of this kind, such as `outcome`.")
@FORMAT
def tail(
    log: Path,
    *,
    limit: int,
    follow: bool,
    verdict: str | None,
    tool: str | None,
    agent: str | None,
    kind: str | None,
    style: str,
) -> int:
    """Show the newest records of LOG, oldest first, one on each line; with -f also those that are appended from now on.

    Nothing is verified but that each record is the one of its hash: that is what `tenet audit verify` is for.
    """
    from tenetlang.audit.following import following, last_entry, newest

    wanted = _wanted(verdict=verdict, tool=tool, agent=agent, kind=kind)
    with waiting("reading"):
        last = last_entry(log)  # before the newest, so that none falls between them
        records = newest(log, limit, wanted)
    intact = True
    for found in records:
        intact &= _show(found, style)
    flush()
    if follow:
        shown = max((int(str(found["index"])) for found in records), default=-1)
        for found in following(log, last, lambda: time.sleep(_PAUSE), wanted):
            if int(str(found["index"])) > shown:
                intact &= _show(found, style)
                flush()
    return statuses.FINE if intact else statuses.FOUND


def _show(found: Mapping[str, object], style: str) -> bool:
    say_json(found) if style == "json" else say(one_line(found) + "\n")
    return found["intact"] is True


def _wanted(
    *, verdict: str | None, tool: str | None, agent: str | None, kind: str | None
) -> Callable[[Mapping[str, object]], bool]:
    asked = [
        (path, value)
        for path, value in (
            (("decided", "verdict"), verdict),
            (("what", "tool"), tool),
            (("who", "agent"), agent),
            (("kind",), kind),
        )
        if value is not None
    ]

    def wanted(record: Mapping[str, object]) -> bool:
        return all(_at(record, path) == value for path, value in asked)

    return wanted


def _at(record: object, path: tuple[str, ...]) -> object:
    for name in path:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record
