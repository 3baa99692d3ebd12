"""Text to syntax tree.

A file is read declaration by declaration, each by its own run of the LALR parser. The first mistake of a declaration is
reported and the declaration is left out; reading goes on at the next declaration word or `@` in column 1. So two
mistakes give two findings, and whatever is right is in the tree, which the language server needs.

What is bounded, because a policy may come from anybody: the size of the file, the depth of brackets (while reading),
the depth of a declaration's syntax tree (so that those who walk it may recurse), and the number of findings.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Sequence

import attrs

from tenetlang.collector import without_collector
from tenetlang.report.finding import Finding
from tenetlang.syntax import mistakes
from tenetlang.syntax.build import Package
from tenetlang.syntax.depth import too_deep
from tenetlang.syntax.literals import INVISIBLE, Mistake, plain, unescape, unseen
from tenetlang.syntax.machine import DEEPEST, Machine, Read, Refused, Stop, machine, run
from tenetlang.syntax.tables import END, tables
from tenetlang.syntax.tokens import STRAY_BRACKET, Brackets, Token, lexicon, tokens
from tenetlang.syntax.tree import Comment, Declaration, Expression, File, Template
from tenetlang.text import LARGEST, Span, Text

MOST_FINDINGS = 100


_PIECE = re.compile(r"\\u\{[^}]*\}|\\.|\{\{|\}\}|[{}]|[^\\{}]+")
_RAW_PIECE = re.compile(r"\{\{|\}\}|[{}]|[^{}]+")


def parse(text: Text) -> tuple[File, tuple[Finding, ...]]:
    """The syntax tree of a file, and what is wrong with it, in the order of the text.

    Never raises, whatever the text. A declaration with a mistake is not in the tree; the names that such declarations
    would have given are in `File.broken`.
    """
    content = text.content
    if len(content) > LARGEST // 4 and len(content.encode("utf-8", "surrogatepass")) > LARGEST:
        place = Span(text, len(content), len(content))
        details = {"found": "more than 16 MiB", "limit": "16 MiB"}
        return File(text, (), None, (), ()), (Finding("file-too-large", place, details),)
    with without_collector():
        return _Reading(text).file()


def parse_expression(text: Text) -> tuple[Expression | None, tuple[Finding, ...]]:
    """One expression and nothing else, such as a document to ask for; None where it is not one. Never raises."""
    brackets = Brackets()
    end = len(text.content.rstrip())
    source = (token for token in tokens(text, 0, end, brackets, []) if token[1] != "\n")
    result = run(_parser(), "expression", source, brackets, text)
    try:
        return _expression(result, brackets, text, 0), ()
    except Mistake as mistake:
        return None, (mistake.finding,)


@functools.cache
def _parser() -> Machine:
    return machine(_template)


@functools.cache
def _next_declaration() -> re.Pattern[str]:
    """Where a declaration begins in column 1."""
    spelling = tables().spelling
    texts = sorted(spelling[kind] for kind in lexicon().begins_declaration)
    words = "|".join(text for text in texts if text.isidentifier())
    return re.compile(rf"^(?:@|(?:{words})(?![A-Za-z0-9_]))", re.MULTILINE)


@functools.cache
def _declared_name() -> re.Pattern[str]:
    """What a line may declare: the dotted name after its declaration word, or the one after `as`."""
    spelling = tables().spelling
    words = "|".join(spelling[kind] for kind in lexicon().begins_declaration if spelling[kind].isidentifier())
    return re.compile(
        rf"^[ \t]*(?:@[^\n]*[ \t])?(?:{words})[ \t]+(?:fn[ \t]+)?[\"`]?([A-Za-z_][A-Za-z0-9_.-]*)"
        r"(?:[ \t]+as[ \t]+([A-Za-z_][A-Za-z0-9_]*))?",
        re.MULTILINE,
    )


@attrs.define
class _Reading:
    """A file while it is read."""

    text: Text
    package: Package | None = None
    declarations: list[Declaration] = attrs.field(factory=list)
    comments: list[Comment] = attrs.field(factory=list)
    findings: list[Finding] = attrs.field(factory=list)
    broken: list[str] = attrs.field(factory=list)
    begun: bool = False  # something stood where the package line belongs

    def file(self) -> tuple[File, tuple[Finding, ...]]:
        """Reads all of it."""
        position: int | None = 1 if self.text.content.startswith("\ufeff") else 0
        while position is not None:
            position = self._read_from(position)
        if not self.begun:
            end = len(self.text.content)
            self.findings.append(mistakes.missing_package(Span(self.text, end, end)))
        self._look_into_comments()
        package = self.package
        file = File(
            text=self.text,
            annotations=package.annotations if package else (),
            package=package.name if package else None,
            declarations=tuple(self.declarations),
            comments=tuple(self.comments),
            broken=tuple(self.broken),
        )
        return file, _without_echoes(sorted(self.findings, key=lambda finding: finding.at.start))

    def _read_from(self, position: int) -> int | None:
        """Reads declarations up to the end, then None, or up to a mistake, then the place at which to go on."""
        text, parser = self.text, _parser()
        brackets = Brackets()
        source = tokens(text, position, len(text.content), brackets, self.comments)
        for first in source:
            if first[0] == END:
                continue
            result = run(parser, "declaration", itertools.chain((first,), source), brackets, text)
            if isinstance(result, Read):
                finding = self._keep(result)
                noticed = result.end
            else:
                finding = mistakes.explain(result, first[2], brackets, text)
                noticed = max(result.token[2], first[2] + 1)
            self.begun = True
            if finding is not None:
                return self._after(finding, first[2], noticed)
        return None

    def _keep(self, result: Read) -> Finding | None:
        """Adds a declaration to the file; what is wrong with it as a whole, if anything."""
        declaration = result.value
        if result.tokens > DEEPEST:
            place = too_deep(declaration, DEEPEST)
            if place is not None:
                return Finding("file-too-large", place, {"limit": str(DEEPEST)}, "depth")
        if isinstance(declaration, Package):
            if self.begun:
                return mistakes.late_package(declaration.name.at, self.package.name.at if self.package else None)
            self.package = declaration
            return None
        assert isinstance(declaration, Declaration)
        if not self.begun:
            self.findings.append(mistakes.missing_package(declaration.at))
        self.declarations.append(declaration)
        return None

    def _after(self, finding: Finding, began: int, noticed: int) -> int | None:
        """Notes a broken declaration and finds the next one."""
        self.findings.append(finding)
        content = self.text.content
        following = _next_declaration().search(content, noticed)
        end = following.start() if following else len(content)
        for found in _declared_name().finditer(content, began, end):
            self.broken.append(found[1])
            if found[2] or "." in found[1]:
                self.broken.append(found[2] or found[1].rpartition(".")[2])
        if following and len(self.findings) >= MOST_FINDINGS:
            details = {"limit": str(MOST_FINDINGS), "what": "mistakes"}
            self.findings.append(Finding("file-too-large", Span(self.text, end, following.end()), details, "count"))
            return None
        return end if following else None

    def _look_into_comments(self) -> None:
        if not INVISIBLE.search(self.text.content):
            return
        for comment in self.comments:
            found = INVISIBLE.search(comment.at.source)
            if found is not None and len(self.findings) <= MOST_FINDINGS:
                start = comment.at.start + found.start()
                self.findings.append(unseen(Span(self.text, start, start + 1)))


def _without_echoes(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, but for a bracket that closes nothing where it closes what was said to be never closed."""
    kept: list[Finding] = []
    open_brackets: list[str] = []
    for finding in findings:
        if finding.check == "unclosed-bracket" and finding.variant == "unopened":
            if finding.details["bracket"] in open_brackets:
                open_brackets.remove(finding.details["bracket"])
                continue
        elif finding.check == "unclosed-bracket" and "closing" in finding.details:
            open_brackets.append(finding.details["closing"])
        kept.append(finding)
    return tuple(kept)


def _template(at: Span, raw: str) -> Template:
    """A text for people: its holes are expressions, read where they stand."""
    escapes = raw[0] == '"'
    pattern = _PIECE if escapes else _RAW_PIECE
    parts: list[str | Expression] = []
    words = ""
    position, end = at.start + 1, at.end - 1
    while position < end:
        found = pattern.match(at.text.content, position, end)
        assert found is not None
        piece, position = found[0], found.end()
        if piece == "{":
            if words:
                parts.append(words)
            words = ""
            hole, position = _hole(at.text, position, end)
            parts.append(hole)
        elif piece == "}":
            place = Span(at.text, position - 1, position)
            raise Mistake(Finding("bad-escape", place, {"escape": "}"}, "template"))
        elif piece in {"{{", "}}"}:
            words += piece[0]
        elif escapes:
            words += unescape(piece, found.start(), at)
        else:
            words += plain(piece, found.start(), at)
    if words:
        parts.append(words)
    return Template(tuple(parts), at)


def _hole(text: Text, start: int, end: int) -> tuple[Expression, int]:
    """The expression of the hole that begins at `start`, and where the text goes on."""
    brackets = Brackets()
    source = _up_to_brace(tokens(text, start, end, brackets, []), brackets)
    result = run(_parser(), "expression", source, brackets, text)
    last = result.end if isinstance(result, Read) else result.token[3]
    if isinstance(result, Stop) and result.token[1] == "\\":
        place = Span(text, last - 1, min(last + 1, end))
        raise Mistake(Finding("bad-escape", place, {"escape": place.source}, "hole"))
    expression = _expression(result, brackets, text, start)
    if text.content[last - 1 : last] != "}" or last > end:
        raise Mistake(mistakes.open_hole(Span(text, start - 1, start)))
    return expression, last


def _up_to_brace(source: Iterator[Token], brackets: Brackets) -> Iterator[Token]:
    for token in source:
        if token[0] == STRAY_BRACKET and token[1] == "}" and not brackets.open:
            yield END, "}", token[2], token[3]
            return
        yield token


def _expression(result: Read | Stop | Refused, brackets: Brackets, text: Text, start: int) -> Expression:
    """The expression that was read; raises Mistake where it was none."""
    if not isinstance(result, Read):
        raise Mistake(mistakes.explain(result, start, brackets, text))
    place = too_deep(result.value, DEEPEST) if result.tokens > DEEPEST else None
    if place is not None:
        raise Mistake(Finding("file-too-large", place, {"limit": str(DEEPEST)}, "depth"))
    value: object = result.value
    assert isinstance(value, Expression)
    return value
