"""`tenet audit tail`: the newest records, and those that come."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_filters import Asked, filter_of, filters
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
        [
            "tenet audit tail decisions.db",
            "tenet audit tail decisions.db -f --verdict deny --verdict escalate --format json",
            "tenet audit tail decisions.db -n 100 --tool refund --since 2h",
        ],
        [(0, "shown"), (1, "a record was changed, or the log was cut or replaced meanwhile")],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.option(
    "-n", "--limit", type=click.IntRange(min=0), default=10, show_default=True, help="How many there are at most."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is appended, until Ctrl-C.")
@filters
@FORMAT
def tail(log: Path, *, limit: int, follow: bool, style: str, **asked: Unpack[Asked]) -> int:
    """Show the newest records of LOG, oldest first, one on each line; with -f also those that are appended from now on.

    Nothing is verified but that each record is the one of its hash: that is what `tenet audit verify` is for.
    """
    from tenetlang.audit.following import following, last_entry, newest

    wanted = filter_of(asked)
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
