"""`tenet test`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, ENTRY, FORMAT, WATCH, each, project_of, report_broken
from tenetlang.cli.output import Progress, complain, painter, say, say_json, waiting
from tenetlang.cli.selection import Selection, SelectionError, selection

if TYPE_CHECKING:
    from tenetlang.cli.results import AnyResult
    from tenetlang.cli.watch import Watch
    from tenetlang.program.program import Program

EXAMPLES = [
    "tenet test policies/",
    "tenet test policies/ --mutants --fail-under 90",
    "tenet test policies/ --generate -o policies/suite.tenet",
    'tenet test policies/ -k "refund and not large" --junit results.xml',
    "tenet test policies/ --watch",
]
STATUSES = [
    (0, "all passed"),
    (1, "a failed test, broken claim, surviving mutant, or errors in the policy"),
    (5, "no test and no claim there, or none that -k wants"),
]


@click.command("test", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=ANYWHERE)
@click.option(
    "-k", "expression", metavar="EXPR", help="Only those whose names fit: words, `and`, `or`, `not`, brackets."
)
@click.option("--junit", type=ANYWHERE, metavar="FILE", help="Write the results as JUnit XML as well.")
@click.option(
    "--mutants",
    "mutating",
    is_flag=True,
    help="Run the tests against the policy with one mistake in it, for each mistake.",
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="With --mutants: exit with 1 only where fewer of them are noticed.",
)
@click.option(
    "--generate", "generating", is_flag=True, help="Write a suite of tests that covers the policy, and run none."
)
@click.option(
    "-o", "--output", type=ANYWHERE, metavar="FILE", help="With --generate: write it there instead of showing it."
)
@click.option("--force", is_flag=True, help="With --generate and -o: write over the file if it exists.")
@WATCH
@ENTRY
@FORMAT
def command(
    paths: tuple[Path, ...],
    expression: str | None,
    junit: Path | None,
    mutating: bool,
    fail_under: float | None,
    generating: bool,
    output: Path | None,
    force: bool,
    watch: bool,
    entry: str | None,
    style: str,
) -> int:
    """Run the `test`s, `never`s and `always`s of the policies at each PATH, a file or a folder (`.` if none is named).

    Each package is tested as the one that decides; with --entry just that one is. Tests are decided by both evaluators.
    Claims are proved for all requests, or broken by one that is shown. What can't be told so is sampled: requests close
    to where the rules decide are tried, and a claim that none of them breaks is not thereby proved.

    --mutants makes small mistakes in the policy, one at a time, and asks which of them no test notices. For each of
    these it shows a test that would; of a mistake that changes no decision it proves so.

    --generate writes tests: what each rule decides, the edges of each comparison, each condition that alone makes
    a rule fail. They say what the policy does; whether it should is for you to know.
    """
    try:
        wanted = selection(expression) if expression is not None else None
    except SelectionError as error:
        raise click.BadParameter(str(error), param_hint="-k") from error
    _check_together(
        {"--fail-under": (fail_under is not None, mutating, "--mutants"),
         "-o": (output is not None, generating, "--generate"),
         "--force": (force, output is not None, "-o")}
    )  # fmt: skip
    if generating and (mutating or expression is not None or junit is not None or style != "pretty"):
        raise click.UsageError("--generate writes tests and runs none; only -o, --force and --entry go with it")
    if mutating and junit is not None:
        raise click.UsageError("--junit reports tests, and --mutants what they notice; use one at a time")
    if watch and (mutating or generating):
        raise click.UsageError("--watch runs tests again, and goes with neither --mutants nor --generate")
    paths = paths or (Path(),)
    if generating:
        return _generate(paths, entry, output, force=force)
    asked = _Asked(paths, entry, wanted, junit, fail_under, style)
    if not watch:
        return _test(asked, mutating=mutating)
    from tenetlang.cli.watch import watching

    return watching(paths, lambda watch: _test(asked, watch))


@attrs.frozen
class _Asked:
    """What is to be tested, and how."""

    paths: tuple[Path, ...]
    entry: str | None
    wanted: Selection | None
    junit: Path | None
    fail_under: float | None
    style: str


def _generate(paths: tuple[Path, ...], entry: str | None, output: Path | None, *, force: bool) -> int:
    from tenetlang.cli.generate import run_generate
    from tenetlang.project.project import NothingFound

    try:
        project = project_of(paths)
    except NothingFound as nothing:
        complain(str(nothing))
        return statuses.NOTHING
    return run_generate(project, entry, output, force=force)


def _test(asked: _Asked, watch: Watch | None = None, *, mutating: bool = False) -> int:
    """Test once, and say what came of it. Raises `Overtaken` where a watched file changes meanwhile."""
    from tenetlang.project.project import NothingFound, all_findings

    try:
        with waiting("compiling"):
            project = project_of(asked.paths)
            results = project.compile_tested(asked.entry, None if watch is None else watch.session)
    except NothingFound as nothing:
        complain(str(nothing))
        return statuses.NOTHING
    if any(result.broken for result in results):
        report_broken(all_findings(results), asked.style)
        return statuses.FOUND
    programs = [result.program for result in results if result.program is not None]
    if mutating:
        from tenetlang.cli.mutants import run_mutants

        return run_mutants(project, programs, asked.wanted, asked.style, asked.fail_under)
    return _run(programs, asked, watch)


def _check_together(options: dict[str, tuple[bool, bool, str]]) -> None:
    """An option that says something about another goes only with it."""
    for name, (given, other, needed) in options.items():
        if given and not other:
            raise click.UsageError(f"{name} goes with {needed}")


def _run(programs: list[Program], asked: _Asked, watch: Watch | None) -> int:
    from tenetlang.cli.results import as_json, outcome, result_lines, summary

    wanted, style = asked.wanted, asked.style
    paint = painter(sys.stdout)
    results: list[AnyResult] = []
    quiet = style == "json" or not sys.stdout.isatty()
    chosen = wanted or (lambda _: True)
    counts = [_count(program, chosen) for program in programs]
    several = sum(count > 0 for count in counts) > 1
    with Progress("tested", sum(counts), wanted=quiet, each=each(watch)) as progress:
        for program in programs:
            begun = False
            for result in _results(program, chosen, progress):
                results.append(result)
                if style == "pretty":
                    head = [] if begun or not several else [paint(f"package {program.entry}", "heading")]
                    say("".join(f"{line}\n" for line in (*head, *result_lines(result, paint))))
                begun = True
    if asked.junit is not None:
        _write(asked.junit, results)
    if style == "json":
        say_json(as_json(results))
    if not results:
        complain("no test and no claim has such a name" if wanted else "there is no test and no claim")
        return statuses.NOTHING
    failed = any(outcome(result) == "failed" for result in results)
    if style == "pretty":
        say(paint(summary(results), "bad" if failed else "good") + "\n")
    return statuses.FOUND if failed else statuses.FINE


def _count(program: Program, chosen: Selection) -> int:
    rows = sum(len(case.rows) for case in program.tests if chosen(case.name))
    return rows + sum(chosen(claim.name) for claim in program.claims)


def _results(program: Program, chosen: Selection, progress: Progress) -> Iterator[AnyResult]:
    from tenetlang.testing.claims import decide_claims
    from tenetlang.testing.run import run_tests

    yield from run_tests(program, lambda case: chosen(case.name), progress.step)
    yield from decide_claims(program, lambda claim: chosen(claim.name), progress=progress.step)


def _write(file: Path, results: list[AnyResult]) -> None:
    from tenetlang.cli.junit import junit_xml

    try:
        file.write_text(junit_xml(results), encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.ClickException(f"`{file}` can't be written: {error.strerror}") from error
