"""`tenet audit check`: whether a log tells whole stories."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_filters import Asked, filter_of, filters
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, FORMAT
from tenetlang.cli.output import Progress, painter, say, say_json
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.audit.completeness.check import Completeness


@click.command(
    "check",
    cls=Command,
    short_help="Find what was begun in LOG and never ended.",
    epilog=ending(
        [
            "tenet audit check decisions.db",
            "tenet audit check decisions.db --since 1d --tool refund",
            "tenet audit check decisions.db --within 1h --now 2026-11-26T12:00:00Z",
        ],
        [(0, "every story is whole"), (1, "one is not, and it says which")],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.option(
    "--within",
    metavar="DURATION",
    default="15m",
    show_default=True,
    help="How long after its decision an outcome may come, or the end of an escalation after its deadline.",
)
@click.option("--now", metavar="TIME", help="Look at this time, in RFC 3339, in place of the clock's.")
@filters
@FORMAT
def check(log: Path, within: str, now: str | None, *, style: str, **asked: Unpack[Asked]) -> int:
    """Find what was begun in LOG and never ended, or ended twice: allowances without an outcome, calls that were made though
    they were denied, escalations without their one end or with too few approvals, numbers of an enforcement point that are
    missing, bundles that decided and were never put into force.

    With filters the whole log is read all the same, and only that is told of which the record is asked for, or the decision that
    it followed from: `--since 1d` for a daily look, `--tool` for one of the tools.

    `tenet audit verify` finds what was changed in a log; this is for one that is sound, and finds what was left out of it.
    """
    from tenetlang.audit.completeness.check import check_completeness
    from tenetlang.audit.filters import EVERYTHING, Related

    wanted = filter_of(asked)
    patience = duration(within, "--within")
    at = time.time_ns() if now is None else _time(now)
    with Progress("checked") as progress:
        if wanted == EVERYTHING:
            found = check_completeness(log, at, patience=patience, progress=progress.step)
        else:
            related = Related(log, wanted)
            found = check_completeness(log, at, patience=patience, wanted=related, progress=progress.step)
    if style == "json":
        say_json(_document(found))
    else:
        say(
            "".join(
                f"{line}\n" for line in _lines(found, asked="" if wanted == EVERYTHING else " in what was asked for")
            )
        )
    return statuses.FINE if found.ok else statuses.FOUND


def _document(found: Completeness) -> dict[str, object]:
    return {
        "ok": found.ok,
        "intents": found.intents,
        "enforced": found.enforced,
        "points": found.points,
        "open_points": found.open_points,
        "uncounted": found.uncounted,
        "unreadable": found.unreadable,
        "problems": [
            {"index": problem.index, "what": problem.what, "detail": problem.detail} for problem in found.problems
        ],
        "further_problems": found.further,
    }


def _lines(found: Completeness, asked: str) -> Iterator[str]:
    paint = painter(sys.stdout)
    for problem in found.problems:
        where = "the log" if problem.index is None else f"record {problem.index}"
        yield f"{paint(where, 'deny')}  {problem.what}: {visible(problem.detail)}"
    if found.further:
        yield f"and {found.further:,} more problems"
    state = paint("complete", "good") if found.ok else paint("not complete", "bad")
    yield f"{state}{asked}: {_count(found.intents, 'decision')}, {found.enforced:,} of them at {_count(found.points, 'enforcement point')}"
    if found.open_points:
        yield f"not known: the last decisions of {_count(found.open_points, 'enforcement point')} that never said how many there were"
    if found.uncounted:
        yield f"not known: what is missing among {_count(found.uncounted, 'decision')} without a number"
    if found.intents > found.enforced:
        yield f"not known: what became of {_count(found.intents - found.enforced, 'decision')} that nobody enforced"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(text: str, option: str) -> int:
    """The nanoseconds that an option says. Raises `BadParameter`."""
    from tenetlang.values.faults import ValueFault
    from tenetlang.values.times import parse_duration

    try:
        length = int(parse_duration(text))
    except ValueFault as fault:
        raise click.BadParameter(fault.detail, param_hint=option) from fault
    if length < 0:
        raise click.BadParameter(f"{text} is less than nothing", param_hint=option)
    return length


def _time(text: str) -> int:
    from tenetlang.values.faults import ValueFault
    from tenetlang.values.times import parse_time_literal

    try:
        return int(parse_time_literal(text))
    except ValueFault as fault:
        raise click.BadParameter(fault.detail, param_hint="--now") from fault
