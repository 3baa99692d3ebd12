"""`tenet test --generate`: a covering suite, to standard output or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from tenetlang.cli import statuses
from tenetlang.cli.options import report_broken
from tenetlang.cli.output import Progress, complain, remark, say

if TYPE_CHECKING:
    from tenetlang.project.project import Project


def run_generate(project: Project, entry: str | None, output: Path | None, *, force: bool) -> int:
    """Write a suite for the project's entry. An existing file is only written over with `force`, and then takes no part."""
    from tenetlang.testing.generate import generate

    if output is not None and output.exists():
        if not force:
            raise click.ClickException(f"`{output}` exists; --force writes over it")
        project = _without(project, output)
    result = project.compile(entry)
    if result.broken or result.program is None:
        report_broken(result.findings, "pretty")
        return statuses.FOUND
    if result.program.packages[0].observe:
        complain(
            f"package {result.program.entry} only observes, so every request is allowed and there is nothing to test"
        )
        return statuses.NOTHING
    with Progress("tests") as progress:
        suite = generate(project, result.program, progress.step)
    if not suite.tests:
        complain("there is no rule and no tool to write a test for")
        return statuses.NOTHING
    if output is None:
        say(suite.text)
        return statuses.FINE
    try:
        output.write_text(suite.text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.ClickException(f"`{output}` can't be written: {error.strerror}") from error
    left = f", {len(suite.uncovered)} not covered (see its end)" if suite.uncovered else ""
    remark(f"{suite.tests} test{'' if suite.tests == 1 else 's'} in {output}{left}\n")
    return statuses.FINE


def _without(project: Project, output: Path) -> Project:
    """The project as it is without the file that is about to be written."""
    texts = tuple(text for text in project.texts if not _is_same(Path(text.name), output))
    return attrs.evolve(project, texts=texts)


def _is_same(file: Path, output: Path) -> bool:
    try:
        return file.samefile(output)
    except OSError:
        return False
