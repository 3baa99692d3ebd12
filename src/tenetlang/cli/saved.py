"""Keeps the requests that `tenet check` shows: each as a test that says what is decided at present.

A file for each finding, named after its check and its rules. What is there already is never written over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tenetlang.frozen import frozen

if TYPE_CHECKING:
    from tenetlang.evaluator.judge import BothEvaluators
    from tenetlang.program.program import Program
    from tenetlang.project.project import Result
    from tenetlang.report.finding import Finding

_LONGEST: Final = 100


@frozen
class Saved:
    """What became of one finding's request: it was `written`, a file of that name was `there` already, or it was `refused`,
    because of `why`."""

    file: Path
    status: str
    why: str = ""


def save_witnesses(result: Result, folder: Path) -> list[Saved]:
    """Write the requests of the findings into the folder, which is made if it is not there. Raises `ClickException`."""
    from tenetlang.evaluator.judge import BothEvaluators
    from tenetlang.testing.trial import tried

    assert result.program is not None
    judge = BothEvaluators(result.program)
    found: list[Saved] = []
    texts: list[tuple[Path, str]] = []
    for file, finding in _files(result, folder):
        if file.exists():
            found.append(Saved(file, "there"))
            continue
        text = _test(result.program, judge, finding)
        if isinstance(text, Saved):
            found.append(Saved(file, "refused", text.why))
        else:
            texts.append((file, text))
    trial = tried(result.project, result.program.entry, [text for _, text in texts])
    for number, (file, text) in enumerate(texts):
        if number in trial.refused:
            found.append(Saved(file, "refused", trial.refused[number]))
        else:
            _write(file, f"package {result.program.entry}\n\n{text}")
            found.append(Saved(file, "written"))
    return sorted(found, key=lambda saved: saved.file.as_posix())


def _files(result: Result, folder: Path) -> Iterator[tuple[Path, Finding]]:
    """The findings that have a request, each with a file of its own; in the order of findings."""
    taken: set[str] = set()
    for finding in result.findings:
        if finding.witness is None:
            continue
        about = finding.rules or (str(finding.witness.get("tool", "request")),)
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join((finding.check, *about)))[:_LONGEST]
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name)
        yield folder / f"{name}.tenet", finding


def _test(program: Program, judge: BothEvaluators, finding: Finding) -> str | Saved:
    from tenetlang.testing.written import Unwritable, expected, written, written_text

    assert finding.witness is not None
    decision = judge.decide(finding.witness, finding.documents)
    if decision is None:
        return Saved(Path(), "refused", "bad documents")
    rules = {rule.shown_name for package in program.packages for rule in package.rules}
    about = finding.rules or (str(finding.witness.get("tool", "request")),)
    name = f"{finding.check}: {', '.join(about)}"
    expect = expected(decision.verdict, [name for name in decision.decided_by if name in rules])
    try:
        text = written_text(written(program, name, finding.witness, finding.documents, expect))
    except Unwritable as unwritable:
        return Saved(Path(), "refused", f"a test can't say its `{unwritable}`")
    place = f"{finding.at.text.name}:{finding.at.line}"
    return f"# `tenet check` found {finding.check} at {place}. This is decided at present; write what is meant.\n{text}"


def _write(file: Path, content: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as opened:
            opened.write(content)
    except OSError as error:
        raise click.ClickException(f"`{file}` can't be written: {error.strerror}") from error
