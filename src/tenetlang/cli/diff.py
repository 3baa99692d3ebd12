"""`tenet diff`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ENTRY, report_broken
from tenetlang.cli.output import Progress, complain, painter, say, say_json, waiting

if TYPE_CHECKING:
    from tenetlang.analysis.comparison.diff import Diff
    from tenetlang.cli.versions import Version
    from tenetlang.program.program import Program

EXAMPLES = [
    "tenet diff old/ new/",
    "tenet diff --git main policies/ --fail-on weaker",
    "tenet diff --git main...HEAD policies/ --format markdown",
]
STATUSES = [
    (0, "compared; whatever changed, unless --fail-on says otherwise"),
    (1, "something changed that --fail-on names, or a policy has errors"),
    (5, "no policy file there"),
]


@click.command("diff", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("paths", metavar="OLD NEW", nargs=-1)
@click.option(
    "--git",
    metavar="REVISION",
    help="Compare the one PATH that is then given with itself in a git revision; with A..B in two, with A...B since they parted.",
)
@ENTRY
@click.option(
    "--format",
    "style",
    type=click.Choice(("pretty", "json", "github", "markdown")),
    default="pretty",
    show_default=True,
    help="For people, programs, GitHub annotations, or as a comment on a pull request.",
)
@click.option(
    "--fail-on",
    type=click.Choice(("weaker", "any", "never")),
    default="never",
    show_default=True,
    help="Exit with 1 if something became less restrictive (or can't be told), if anything changed, or never.",
)
def command(paths: tuple[str, ...], git: str | None, entry: str | None, style: str, fail_on: str) -> int:
    """Say what changes from policy OLD to NEW: which requests are decided differently, each with one that shows it.

    OLD and NEW are files or folders, or REVISION:PATH of a git repository. If no request is named for a tool, it is proved that there
    is none, unless it is said that it could not be told. No document of the policies is read: what is
    found is found for any documents.
    """
    from tenetlang.cli.versions import versions
    from tenetlang.project.project import NothingFound

    try:
        old, new = versions(paths, git)
    except NothingFound as nothing:
        complain(str(nothing))
        return statuses.NOTHING
    programs: list[Program] = []
    for version in (old, new):
        program = _compiled(version, entry, style)
        if program is None:
            return statuses.FOUND
        programs.append(program)
    found = _diff(programs[0], programs[1])
    _show(found, old, new, programs[1], style)
    return statuses.FOUND if _fails(found, fail_on) else statuses.FINE


def _compiled(version: Version, entry: str | None, style: str) -> Program | None:
    with waiting("compiling"):
        result = version.project.compile(entry)
    if result.broken or result.program is None:
        complain(f"`{version.name}` has errors, so it decides nothing that could be compared")
        report_broken(result.findings, style)
        return None
    return result.program


def _diff(old: Program, new: Program) -> Diff:
    from tenetlang.analysis.comparison.compare import compared_programs
    from tenetlang.analysis.comparison.diff import diff
    from tenetlang.evaluator.judge import BothEvaluators

    with Progress("tools compared") as progress:
        return diff(compared_programs(old, BothEvaluators(old), new, BothEvaluators(new)), progress.step)


def _show(found: Diff, old: Version, new: Version, program: Program, style: str) -> None:
    from tenetlang.cli import diff_marks, diff_text

    match style:
        case "json":
            say_json({"old": old.name, "new": new.name, **diff_marks.as_json(found)})
        case "github":
            say(diff_marks.github(found, program, new.prefix))
        case "markdown":
            say(diff_marks.markdown(found, old.name, new.name))
        case _:
            say("".join(f"{line}\n" for line in diff_text.lines(found, painter(sys.stdout))))


def _fails(found: Diff, fail_on: str) -> bool:
    from tenetlang.cli.diff_text import is_weaker

    match fail_on:
        case "any":
            return bool(found.changes or found.regions or found.untold)
        case "weaker":
            return is_weaker(found)
        case _:
            return False
