"""`tenet check`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, ENTRY, compiled, rendered
from tenetlang.cli.output import coloured, complain, painter, say

if TYPE_CHECKING:
    from tenetlang.project.project import Result

EXAMPLES = ["tenet check", "tenet check policies/ --format sarif > findings.sarif"]
STATUSES = [(0, "nothing found but notes"), (1, "errors or warnings found"), (5, "no policy file there")]


@click.command("check", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=ANYWHERE)
@ENTRY
@click.option(
    "--format",
    "style",
    type=click.Choice(("pretty", "json", "sarif", "github")),
    default="pretty",
    show_default=True,
    help="For people, programs, code scanning, or GitHub annotations.",
)
def command(paths: tuple[Path, ...], entry: str | None, style: str) -> int:
    """Find mistakes in the policies at each PATH, a file or a folder (`.` if none is named).

    All that is found is shown in one go, by file and line.
    """
    from tenetlang.project.project import NothingFound

    try:
        result = compiled(paths or (Path(),), entry, datetime.now(UTC).date().isoformat())
    except NothingFound as nothing:
        complain(str(nothing))
        return statuses.NOTHING
    say(rendered(result.findings, style, colour=coloured(sys.stdout)))
    if style == "pretty" and not result.findings:
        count = len(result.project.texts)
        say(painter(sys.stdout)("no findings", "good") + f" in {count} file{'' if count == 1 else 's'}\n")
    return _status(result)


def _status(result: Result) -> int:
    from tenetlang.report.words import severity_of

    grave = result.program is None or any(severity_of(finding) != "note" for finding in result.findings)
    return statuses.FOUND if grave else statuses.FINE
