"""Policies as test cases: what is wrong stands as `## error[name]` at the end of the line where it is found."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from tenetlang.program.check import Checked, check
from tenetlang.program.program import Program, Rule
from tenetlang.report.words import describe
from tenetlang.syntax.parse import parse
from tenetlang.syntax.tree import File
from tenetlang.text import Text

STDLIB = Path(__file__).parents[3] / "stdlib"
_MARK = re.compile(r"## ((?:error|warning|note)\[[a-z-]+\])")

TOOLS = """
package acme
default deny
type Currency = "USD" | "EUR"
@writes @external
tool refund(customer: string, amount: decimal, currency: Currency, note?: string, count: int)
@writes @external @returns("mail")
tool email.send(to: list[email], cc?: list[email], subject: string, body: string, note?: string)
@reads
tool web.fetch(url: url, note: string)
"""


@functools.cache
def library(name: str) -> File:
    """A file of the standard library, parsed."""
    return parse(Text(f"stdlib/{name}.tenet", (STDLIB / f"{name}.tenet").read_text()))[0]


def checked(
    *sources: str, entry: str | None = None, imports: tuple[str, ...] = (), today: str | None = None
) -> Checked:
    """What becomes of the files; none of them may have a mistake of syntax."""
    files: list[File] = []
    for number, source in enumerate(sources):
        file, broken = parse(Text(f"{number}.tenet", source))
        assert not broken, [describe(finding).headline + " " + finding.at.place for finding in broken]
        files.append(file)
    result = check([*files, library("agents"), *map(library, imports)], entry, today)
    for finding in result.findings:
        describe(finding)  # has words for it
    return result


def assert_marked(
    *sources: str, entry: str | None = None, imports: tuple[str, ...] = (), today: str | None = None
) -> None:
    """The findings are exactly those that the files mark, each on its line."""
    expected = sorted(
        f"{number}.tenet:{line} {mark}"
        for number, source in enumerate(sources)
        for line, text in enumerate(source.split("\n"), 1)
        for mark in _MARK.findall(text)
    )
    result = checked(*sources, entry=entry, imports=imports, today=today)
    found = []
    for finding in result.findings:
        diagnostic = describe(finding)
        found.append(f"{finding.at.place} {diagnostic.severity}[{diagnostic.check}]")
    assert sorted(found) == expected, [describe(finding).headline for finding in result.findings]


def program(*sources: str, entry: str | None = None) -> Program:
    """The program of sound files."""
    result = checked(*sources, entry=entry)
    assert result.findings == ()
    assert result.program is not None
    return result.program


def rule(checked_program: Program, name: str) -> Rule:
    """The rule that decisions call so."""
    return next(r for package in checked_program.packages for r in package.rules if r.shown_name == name)
