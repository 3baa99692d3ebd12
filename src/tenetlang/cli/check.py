"""`tenet check`."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, ENTRY, WATCH, compiled, each, rendered
from tenetlang.cli.output import Progress, coloured, complain, painter, remark, say
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.analysis.findings.desk import Unsure, Wanted
    from tenetlang.cli.watch import Watch
    from tenetlang.project.project import Result

EXAMPLES = [
    "tenet check",
    "tenet check policies/ --format sarif > findings.sarif",
    "tenet check policies/ --save-witnesses policies/tests",
    "tenet check policies/ --watch",
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
@WATCH
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
    watch: bool,
    style: str,
) -> int:
    """Find mistakes in the policies at each PATH, a file or a folder (`.` if none is named).

    Where there are no errors, all requests are looked at: rules that never match or never decide, that contradict each other,
    that may err; each with a proof or with a request that shows it. All that is found is shown in one go, by file and line.
    """
    from tenetlang.analysis.findings.desk import Wanted

    if no_analysis and (overlaps or gaps or undecided or folder is not None):
        raise click.UsageError("with --no-analysis there are no overlaps, gaps, undecided questions and witnesses")
    if watch and folder is not None:
        raise click.UsageError("--save-witnesses writes files that --watch would see as changes; use one at a time")
    asked = _Asked(paths or (Path(),), entry, None if no_analysis else Wanted(overlaps, gaps, undecided), folder, style)
    if not watch:
        return _check(asked)
    from tenetlang.cli.watch import watching

    return watching(asked.paths, lambda watch: _check(asked, watch))


@attrs.frozen
class _Asked:
    """What is to be checked, and how; `wanted` is None without the analysis."""

    paths: tuple[Path, ...]
    entry: str | None
    wanted: Wanted | None
    folder: Path | None
    style: str


def _check(asked: _Asked, watch: Watch | None = None) -> int:
    """Check once, and say what was found. Raises `Overtaken` where a watched file changes meanwhile."""
    from tenetlang.project.project import NothingFound

    today = datetime.now(UTC).date().isoformat()
    try:
        result = compiled(asked.paths, asked.entry, today, None if watch is None else watch.session)
    except NothingFound as nothing:
        complain(str(nothing))
        return statuses.NOTHING
    if asked.wanted is not None:
        result = _examined(result, asked.wanted, watch)
    style = asked.style
    say(rendered(result.findings, style, colour=coloured(sys.stdout)))
    if style == "pretty" and not result.findings:
        count = len(result.project.texts)
        say(painter(sys.stdout)("no findings", "good") + f" in {count} file{'' if count == 1 else 's'}\n")
    if result.unsure and asked.wanted is not None and not asked.wanted.undecided:
        _tell_unsure(result.unsure)
    if asked.folder is not None:
        _save(result, asked.folder)
    return _status(result)


def _examined(result: Result, wanted: Wanted, watch: Watch | None) -> Result:
    if result.broken or result.program is None:
        return result
    from tenetlang.analysis.findings.examine import STEPS

    tools = len(result.program.tools) if result.program.uses_tools else 1
    known = attrs.evolve(wanted, documents=_at_hand(result), channels=_channels(result.project.configuration.review))
    with Progress("examined", tools + STEPS, each=each(watch)) as progress:
        return result.examined(known, progress.step)


def _at_hand(result: Result) -> dict[str, object]:
    """The configured documents that say who reviewers are, by `package.name`. One that can't be read is not at hand."""
    from tenetlang.analysis.findings.people import documents_of_reviewers
    from tenetlang.project.project import ProjectError, read_document

    assert result.program is not None
    files = result.project.configuration.data
    found: dict[str, object] = {}
    for full in sorted(documents_of_reviewers(result.program)):
        name = full if full in files else full.rpartition(".")[2]
        if name in files:
            try:
                found[full] = read_document(name, files[name])
            except ProjectError as problem:
                remark(f"not looked at: {visible(str(problem))}\n")
    return found


def _channels(review: object) -> frozenset[str] | None:
    """The names of the channels that `[review]` configures; None where there is no such table."""
    if not isinstance(review, dict) or not review:
        return None
    channels = review.get("channels", {})
    return frozenset(channels) if isinstance(channels, dict) else None


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
