"""`tenet check`."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, ENTRY, compiled, rendered
from tenetlang.cli.output import Progress, coloured, complain, painter, remark, say

if TYPE_CHECKING:
    from tenetlang.analysis.desk import Unsure, Wanted
    from tenetlang.project.project import Result

EXAMPLES = [
    "tenet check",
    "tenet check policies/ --format sarif > findings.sarif",
    "tenet check policies/ --save-witnesses policies/tests",
]
STATUSES = [(0, "nothing found but notes"), (1, "errors or warnings found"), (5, "no policy file there")]


@click.command("check", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=ANYWHERE)
@ENTRY
@click.option("--overlaps", is_flag=True, help="List where an allow rule meets a deny or escalate rule as well.")
@click.option("--gaps", is_flag=True, help="Show for each tool a call that only the default decides.")
@click.option("--undecided", is_flag=True, help="Say of which rules something could not be told, and why.")
@click.option("--no-analysis", is_flag=True, help="Check each file and declaration only, not all requests: quicker.")
@click.option(
    "--save-witnesses",
    "folder",
    metavar="DIR",
    type=ANYWHERE,
    help="Write the requests that are shown into DIR, each as a test of what is decided now.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(("pretty", "json", "sarif", "github")),
    default="pretty",
    show_default=True,
    help="For people, programs, code scanning, or GitHub annotations.",
)
def command(
    paths: tuple[Path, ...],
    entry: str | None,
    overlaps: bool,
    gaps: bool,
    undecided: bool,
    no_analysis: bool,
    folder: Path | None,
    style: str,
) -> int:
    """Find mistakes in the policies at each PATH, a file or a folder (`.` if none is named).

    Where there are no errors, all requests are looked at: rules that never match or never decide, that contradict each other,
    that may err; each with a proof or with a request that shows it. All that is found is shown in one go, by file and line.
    """
    from tenetlang.analysis.desk import Wanted
    from tenetlang.project.project import NothingFound

    if no_analysis and (overlaps or gaps or undecided or folder is not None):
        raise click.UsageError("with --no-analysis there are no overlaps, gaps, undecided questions and witnesses")
    try:
        result = compiled(paths or (Path(),), entry, datetime.now(UTC).date().isoformat())
    except NothingFound as nothing:
        complain(str(nothing))
        return statuses.NOTHING
    if not no_analysis:
        result = _examined(result, Wanted(overlaps, gaps, undecided))
    say(rendered(result.findings, style, colour=coloured(sys.stdout)))
    if style == "pretty" and not result.findings:
        count = len(result.project.texts)
        say(painter(sys.stdout)("no findings", "good") + f" in {count} file{'' if count == 1 else 's'}\n")
    if result.unsure and not undecided:
        _tell_unsure(result.unsure)
    if folder is not None:
        _save(result, folder)
    return _status(result)


def _examined(result: Result, wanted: Wanted) -> Result:
    if result.broken or result.program is None:
        return result
    from tenetlang.analysis.examine import STEPS

    tools = len(result.program.tools) if result.program.uses_tools else 1
    with Progress("examined", tools + STEPS) as progress:
        return result.examined(wanted, progress.step)


def _tell_unsure(unsure: tuple[Unsure, ...]) -> None:
    """That some questions have no answer, for people and in programs' logs."""
    count = len({item.about for item in unsure})
    things = "one rule or tool" if count == 1 else f"{count} rules and tools"
    remark(f"of {things} something could not be told: `--undecided` says what\n")


def _save(result: Result, folder: Path) -> None:
    if result.program is None or (result.broken and not any(finding.witness for finding in result.findings)):
        remark("nothing was saved: there is no request to keep\n")
        return
    from tenetlang.cli.saved import save_witnesses

    saved = save_witnesses(result, folder)
    for item in saved:
        if item.status == "written":
            remark(f"written: {item.file.as_posix()}\n")
        elif item.status == "there":
            remark(f"left as it is: {item.file.as_posix()}, which is there already\n")
        else:
            remark(f"not written: {item.file.as_posix()} ({item.why})\n")
    counts = Counter(item.status for item in saved)
    if not saved:
        remark("nothing was saved: no finding shows a request\n")
    elif counts["written"]:
        remark(f"`tenet test` of the policy and `{folder.as_posix()}` together runs what was written\n")


def _status(result: Result) -> int:
    from tenetlang.report.words import severity_of

    grave = result.program is None or any(severity_of(finding) != "note" for finding in result.findings)
    return statuses.FOUND if grave else statuses.FINE
