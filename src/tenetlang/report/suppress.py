"""Findings that a person has set aside, with a reason.

    # tenet: allow[unused-import] because the generated rules below will use it
    import std.time

    allow lookup if { tool is lookup }   # tenet: allow[unconstrained-argument] because ids are public

The comment stands at the end of the finding's line, or on lines of its own directly above it; annotations of a
declaration may stand between. It names one or more checks and a reason, and covers the findings whose main place
begins on that line. Warnings and notes can be set aside; an error can't, because a policy with an error decides
nothing. A comment that begins with `tenet:` and is anything else is an error (`bad-suppression`), so that a slip of
the hand does not pass for a decision; one that nothing needed is a warning (`unused-suppression`). One that lacks
only its reason still covers its findings: one slip, one finding. Where there are errors, later stages may not have
run, and nothing is called unused.

Comments are found without the parser, because a file that does not parse may hold some as well: a `#` begins one
unless it stands in a string, and a string ends with its line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

import attrs

from tenetlang.report.catalogue import CATALOGUE
from tenetlang.report.finding import Finding
from tenetlang.report.nearest import nearest
from tenetlang.report.words import severity_of
from tenetlang.text import Span, Text

_COMMENT = re.compile(r"#[ \t]*tenet[ \t]*:")
_FORM = re.compile(r"#[ \t]*tenet:[ \t]*allow[ \t]*\[([^\[\]]*)\][ \t]*(.*)", re.DOTALL)
_REASON = re.compile(r"because[ \t]+\S")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?|`[^`]*`?')


@attrs.frozen
class Suppression:
    """One check named by one comment, at `at`; `last` is the line, from 1, that the comment is about."""

    check: str
    at: Span
    last: int
    alone: bool


def apply(
    findings: Iterable[Finding], texts: Iterable[Text], ran: Collection[str] | None = None
) -> tuple[Finding, ...]:
    """The findings without those set aside in `texts`, followed by those about the suppressions themselves.

    `ran` names the checks that were looked for; nothing is called unused that was not. Without it, all were.
    """
    covered: dict[tuple[str, Text, int, bool], list[Suppression]] = {}
    about: list[Finding] = []
    blocks: dict[Text, tuple[int, ...]] = {}
    for text in texts:
        if _COMMENT.search(text.content):
            blocks[text] = _blocks(text)
            for found in _read(text, blocks[text]):
                if isinstance(found, Finding):
                    about.append(found)
                else:
                    covered.setdefault((found.check, text, found.last, found.alone), []).append(found)
    kept: list[Finding] = []
    used: set[tuple[str, Text, int, bool]] = set()
    for finding in findings:
        keys = [key for key in _keys(finding, blocks) if key in covered]
        used.update(keys)
        if not keys:
            kept.append(finding)
    if not any(severity_of(finding) == "error" for finding in (*kept, *about)):
        about += [
            Finding("unused-suppression", entry.at, {"name": entry.check})
            for key, entries in covered.items()
            for entry in entries
            if key not in used and (ran is None or entry.check in ran)
        ]
    return (*kept, *about)


def _keys(finding: Finding, blocks: Mapping[Text, tuple[int, ...]]) -> Iterator[tuple[str, Text, int, bool]]:
    text = finding.at.text
    if text in blocks and severity_of(finding) != "error":
        line = finding.at.line
        yield finding.check, text, line, False
        yield finding.check, text, blocks[text][line - 1], True


def _blocks(text: Text) -> tuple[int, ...]:
    """For each line the one that its block ends on: comments and annotations lead up to the first line that is neither."""
    last = list(range(1, len(text.line_starts) + 1))
    for number in range(len(last) - 1, 0, -1):
        if text.line(number).lstrip().startswith(("#", "@")):
            last[number - 1] = last[number]
    return tuple(last)


def _read(text: Text, blocks: tuple[int, ...]) -> Iterator[Suppression | Finding]:
    for number in range(1, len(text.line_starts) + 1):
        line = text.line(number)
        if "tenet" not in line:
            continue
        column = _comment_column(line)
        if column is not None and _COMMENT.match(line, column):
            start = text.line_starts[number - 1]
            alone = not line[:column].strip()
            at = Span(text, start + column, start + len(line.rstrip()))
            yield from _comment(at, blocks[number - 1] if alone else number, alone=alone)


def _comment_column(line: str) -> int | None:
    """Where the comment of a line begins, from 0."""
    position = 0
    while position < len(line):
        if line[position] == "#":
            return position
        string = _STRING.match(line, position)
        position = string.end() if string else position + 1
    return None


def _comment(at: Span, last: int, *, alone: bool) -> Iterator[Suppression | Finding]:
    form = _FORM.match(at.source)
    names = [name.strip() for name in form[1].split(",")] if form else []
    if form is None or not all(names):
        yield Finding("bad-suppression", at, variant="form")
        return
    if not _REASON.match(form[2]):
        yield Finding("bad-suppression", at, {"name": form[1].strip()})
    for name in dict.fromkeys(names):
        check = CATALOGUE.get(name)
        if check is None:
            suggestion = nearest(name, CATALOGUE)
            details = {"name": name} if suggestion is None else {"name": name, "nearest": suggestion}
            yield Finding("bad-suppression", at, details, "unknown")
        elif check.severity == "error" and not any(wording.severity for wording in check.wordings.values()):
            yield Finding("bad-suppression", at, {"name": name}, "error")
        else:
            yield Suppression(name, at, last, alone)
