"""Claims that are written on the command line, as if they stood in the package that decides.

Each becomes a file of its own: the package line, the imports of the package's files, and the claim with the given text between
its braces. What is found in that file is told of the given text, which knows nothing of what stands around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

import attrs

from tenetlang import pipeline
from tenetlang.project.project import Project, Result, standard_library
from tenetlang.report.finding import Finding
from tenetlang.report.words import severity_of
from tenetlang.syntax.tree import ClaimDeclaration, File, Import
from tenetlang.text import Span, Text

_INDENT: Final = "    "


class NotOneClaim(ValueError):
    """A text that closes its brace and says more."""


@attrs.frozen
class AdHoc:
    """A claim by the texts of its blocks: of `never` one, of `always` two. The texts are named as they are to be shown."""

    kind: Literal["never", "always"]
    texts: tuple[Text, ...]

    @property
    def shown(self) -> str:
        """The claim on one line."""
        blocks = [f"{{ {' '.join(text.content.split())} }}" for text in self.texts]
        return f"{self.kind} {blocks[0]}" if self.kind == "never" else f"always if {blocks[0]} {blocks[1]}"


@attrs.frozen
class _Written:
    """A claim in a file of its own, with the places at which the given texts stand."""

    claim: AdHoc
    name: str
    text: Text
    starts: tuple[int, ...]

    def span(self, span: Span) -> Span:
        """The place in the given texts; what lies around them is the end of the last one."""
        for start, text in zip(self.starts, self.claim.texts, strict=True):
            if start <= span.start <= start + len(_indented(text.content)):
                return Span(text, self.offset(start, span.start), min(self.offset(start, span.end), len(text.content)))
        last = self.claim.texts[-1]
        return Span(last, len(last.content), len(last.content))

    def offset(self, start: int, place: int) -> int:
        """The place in the given text that begins at `start`."""
        before = self.text.content[start:place]
        return len(before) - len(_INDENT) * before.count("\n" + _INDENT)


def with_claims(project: Project, entry: str, claims: Sequence[AdHoc]) -> tuple[Result, tuple[str, ...]]:
    """The project with the claims in the package `entry`, and the names under which they are the program's.

    What is found in the claims points into their texts. Raises `NotOneClaim`.
    """
    parsed = pipeline.parse_texts(project.texts, standard_library())
    head = f"package {entry}\n{''.join(_imports(parsed.files, entry))}"
    written = [_written(head, claim, f"claim {number} of the command line") for number, claim in enumerate(claims, 1)]
    for item in written:
        _check(item)
    whole = attrs.evolve(project, texts=(*project.texts, *(item.text for item in written)))
    result = whole.compile(entry)
    found = tuple(_moved(result.findings, {item.text.name: item for item in written}))
    return attrs.evolve(result, findings=found), tuple(item.name for item in written)


def packages_of(project: Project) -> frozenset[str]:
    """The names of the packages whose files there are."""
    parsed = pipeline.parse_texts(project.texts, {})
    return frozenset(file.package.text for file in parsed.files if file.package is not None)


def _written(head: str, claim: AdHoc, name: str) -> _Written:
    content = head
    starts: list[int] = []
    words = {
        "never": [f'never "{name}" {{\n{_INDENT}'],
        "always": [f'always "{name}" if {{\n{_INDENT}', f"\n}} {{\n{_INDENT}"],
    }
    for word, text in zip(words[claim.kind], claim.texts, strict=True):
        content += word
        starts.append(len(content))
        content += _indented(text.content)
    return _Written(claim, name, Text(f"<{name}>", f"{content}\n}}\n"), tuple(starts))


def _indented(content: str) -> str:
    """A word in the first column begins a declaration."""
    return content.replace("\n", "\n" + _INDENT)


def _check(item: _Written) -> None:
    """Nothing but the claim may be said: a text that adds a rule would prove something of another policy."""
    (file,) = pipeline.parse_texts([item.text], {}).files
    others = [declaration for declaration in file.declarations if not isinstance(declaration, Import)]
    if len(others) > 1 or not all(isinstance(declaration, ClaimDeclaration) for declaration in others):
        raise NotOneClaim(f"`{item.claim.texts[0].name}` takes the conditions of one claim")


def _imports(files: Iterable[File], entry: str) -> Iterator[str]:
    """The imports of the package's files; of two under one name the first."""
    known: set[str] = set()
    for file in files:
        if file.package is None or file.package.text != entry:
            continue
        for declaration in file.declarations:
            if isinstance(declaration, Import):
                alias = declaration.alias or declaration.package.parts[-1]
                if alias not in known:
                    known.add(alias)
                    yield f"{declaration.at.source}\n"


def _moved(findings: Iterable[Finding], written: dict[str, _Written]) -> Iterator[Finding]:
    for finding in findings:
        item = written.get(finding.at.text.name)
        if item is None:
            yield finding
        elif severity_of(finding) != "note":
            # Of places in the file around the claim there is nothing to be seen.
            also = tuple((role, item.span(at) if at.text.name in written else at) for role, at in finding.also)
            yield attrs.evolve(finding, at=item.span(finding.at), also=also)
