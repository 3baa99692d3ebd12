"""`tenet guard`: the kill switch of a log's gates."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.cli import statuses
from tenetlang.cli.commands import Group
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, FORMAT
from tenetlang.cli.output import remark, say, say_json
from tenetlang.report.visible import visible

_T = TypeVar("_T")

LOOKED_AT = 1000
"""So many records are looked at for the name of what is stopped."""

_AGENT = click.option("--agent", metavar="ID", help="Just the calls of this agent.")
_TOOL = click.option("--tool", metavar="NAME", help="Just the calls of this tool.")
_BECAUSE = click.option(
    "--because", metavar="TEXT", help="Why; it is recorded, and can be erased as what callers sent."
)
_BY = click.option("--by", metavar="NAME", help="Who does this; the user of the system if nothing is said.")


@click.group("guard", cls=Group)
def command() -> None:
    """Stop the calls that a guard would decide, and let them go on.

    \b
    tenet guard stop decisions.db --because "something is wrong"
    tenet guard status decisions.db
    """  # noqa: D301  # the backspace is what Click wants


@command.command(
    "stop",
    short_help="Deny all calls, or those of an agent or a tool, from now on.",
    epilog=ending(
        [
            'tenet guard stop decisions.db --because "something is wrong"',
            'tenet guard stop decisions.db --agent a1 --because "sends too much"',
            "tenet guard stop decisions.db --tool email.send",
        ],
        [(0, "stopped, or it was before; recorded either way")],
    ),
)
@click.argument("log", type=ANYWHERE)
@_AGENT
@_TOOL
@_BECAUSE
@_BY
def stop_calls(log: Path, agent: str | None, tool: str | None, because: str | None, by: str | None) -> int:
    """Deny all calls that are recorded in LOG, or those of an agent or a tool, from now on.

    It takes effect with the next call, in every process that records there, and stays in effect until `resume`. A tool that
    runs already is not interrupted. What people approved meanwhile is decided again when it is resumed, and so denied.
    """
    from tenetlang.guard.switches import stop

    what = _what(agent, tool)
    new = _changed(log, lambda tables: stop(tables, what, by or _user(), because, time.time_ns()))
    remark(f"{_shown(what)} {'is' if new else 'was'} stopped\n")
    if not _is_known(log, agent, tool):
        remark(
            f"none of the newest {LOOKED_AT:,} records is of {_shown(what)}; if you misspelled it, its calls go on\n"
        )
    return statuses.FINE


@command.command(
    "resume",
    short_help="Let calls go on that were stopped.",
    epilog=ending(
        ["tenet guard resume decisions.db", 'tenet guard resume decisions.db --agent a1 --because "mended"'],
        [(0, "they go on, and it is recorded"), (5, "just that was not stopped, so nothing was recorded")],
    ),
)
@click.argument("log", type=ANYWHERE)
@_AGENT
@_TOOL
@_BECAUSE
@_BY
def resume_calls(log: Path, agent: str | None, tool: str | None, because: str | None, by: str | None) -> int:
    """Let calls go on that were stopped: all of them, or those of an agent or a tool, as it was said when they were stopped."""
    from tenetlang.guard.switches import resume

    what = _what(agent, tool)
    if not _changed(log, lambda tables: resume(tables, what, by or _user(), because, time.time_ns())):
        remark(f"{_shown(what)} was not stopped; `tenet guard status` shows what is\n")
        return statuses.NOTHING
    remark(f"{_shown(what)} goes on\n")
    return statuses.FINE


@command.command(
    "status",
    short_help="Show what is stopped.",
    epilog=ending(["tenet guard status decisions.db --format json"], [(0, "nothing is stopped"), (1, "something is")]),
)
@click.argument("log", type=ANYWHERE)
@FORMAT
def status(log: Path, style: str) -> int:
    """Show what is stopped for the calls that are recorded in LOG, since when, by whom and why."""
    from tenetlang.audit.records.record import time_text
    from tenetlang.guard.switches import Switch, create_switches, switches

    def look(tables: Tables) -> tuple[tuple[Switch, ...], Sequence[Unplaced]]:
        create_switches(tables)
        return switches(tables), ()

    found = _changed(log, look)
    if style == "json":
        shown = [
            {"what": item.what, "since": time_text(item.since), "by": item.by, "because": item.because}
            for item in found
        ]
        say_json({"stopped": shown})
    elif not found:
        say("nothing is stopped\n")
    else:
        for item in found:
            because = "" if item.because is None else f": {visible(item.because)}"
            say(f"{_shown(item.what)} is stopped since {time_text(item.since)} by {visible(item.by)}{because}\n")
    return statuses.FOUND if found else statuses.FINE


def _what(agent: str | None, tool: str | None) -> str:
    from tenetlang.guard.switches import switch_name

    if agent is not None and tool is not None:
        raise click.UsageError("a switch is for an agent or for a tool; throw two for both")
    if "" in {agent, tool}:
        raise click.UsageError("an empty text names no agent and no tool")
    if agent is not None:
        return switch_name("agent", agent)
    return switch_name("all") if tool is None else switch_name("tool", tool)


def _is_known(log: Path, agent: str | None, tool: str | None) -> bool:
    """Whether a call of this agent or tool was decided lately. Looked up once it is stopped: what is in doubt is stopped first."""
    if agent is None and tool is None:
        return True
    from tenetlang.audit.errors import AuditError
    from tenetlang.audit.following import newest
    from tenetlang.audit.records.record import caller_word

    part, name, word = ("who", "agent", agent) if tool is None else ("what", "tool", tool)
    try:
        shown = [item.get("record") for item in newest(log, LOOKED_AT)]
    except AuditError:
        return True  # it is stopped; what is wrong with the log is for other commands
    parts = [record.get(part) for record in shown if isinstance(record, dict)]
    return any(isinstance(found, dict) and found.get(name) == caller_word(str(word)) for found in parts)


def _shown(what: str) -> str:
    reach, _, name = what.partition(":")
    return "every call" if not name else f"{reach} {visible(name)}"


def _changed(log: Path, job: Callable[[Tables], tuple[_T, Sequence[Unplaced]]]) -> _T:
    """What a job gives that is done in the log."""
    from tenetlang.audit import Log
    from tenetlang.audit.writer import Writer

    with Writer(Log.open(log, create=False), marked=False) as writer:
        return writer.do(job).result()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return "unknown"
