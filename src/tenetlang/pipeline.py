"""The whole pipeline on one page.

text → syntax tree → checked program → decision tree → evaluator → decision + trace → audit record
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from tenetlang.collector import without_collector
from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.frozen import field, frozen
from tenetlang.program.check import check
from tenetlang.program.program import Program
from tenetlang.program.recall import NOTHING, Memories
from tenetlang.report.finding import Finding
from tenetlang.report.words import severity_of
from tenetlang.syntax.parse import parse
from tenetlang.syntax.tree import File, Import
from tenetlang.text import Text

if TYPE_CHECKING:
    from tenetlang.analysis.findings.desk import Wanted
    from tenetlang.analysis.findings.examine import Examined


Read: TypeAlias = Callable[[Text], tuple[File, tuple[Finding, ...]]]
"""Parses a file: its syntax tree, and what is wrong with it."""


@frozen
class Parsed:
    """Some texts as syntax trees, the standard packages that they take in, and what is wrong with their syntax.

    `library` names all standard packages that there are.
    """

    files: tuple[File, ...]
    standard: tuple[File, ...]
    findings: tuple[Finding, ...]
    library: tuple[str, ...]


@frozen
class Compiled:
    """What became of some texts: as far as each stage came, and all that was found on the way."""

    files: tuple[File, ...]
    program: Program | None
    findings: tuple[Finding, ...]
    memories: Memories = field(default=NOTHING, eq=False, repr=False)


def compile_texts(
    texts: Sequence[Text], library: Mapping[str, Text], entry: str | None = None, today: str | None = None
) -> Compiled:
    """Text → syntax tree → checked program. `library` has the standard packages.

    `entry` names the package that decides; `today` (`2027-01-01`) lets rules that have expired be noted.
    """
    return check_parsed(parse_texts(texts, library), entry, today)


def parse_texts(texts: Sequence[Text], library: Mapping[str, Text], read: Read = parse) -> Parsed:
    """Text → syntax tree. The order in which files are given means nothing, so they are put in that of their names.

    `read` is how one file is parsed: a session (`session.py`) does so once.
    """
    with without_collector():
        parsed = [read(text) for text in sorted(texts, key=lambda text: (text.name, text.content))]
        files = tuple(file for file, _ in parsed)
        findings = tuple(finding for _, found in parsed for finding in found)
        return Parsed(files, _imported(files, library, read), findings, tuple(sorted(library)))


def check_parsed(
    parsed: Parsed, entry: str | None = None, today: str | None = None, before: Memories = NOTHING
) -> Compiled:
    """Syntax tree → checked program. `before` is what an earlier check remembers; it makes this one quicker and no different.

    Where the syntax is broken, a declaration may be missing that is there for its author to see: then no note is made of
    what is not declared.
    """
    with without_collector():
        checked = check((*parsed.files, *parsed.standard), entry, today, parsed.library, before)
    found = checked.findings
    if parsed.findings:
        found = tuple(finding for finding in found if severity_of(finding) != "note")
    program = checked.program if any(file.package is not None for file in parsed.files) else None
    return Compiled(parsed.files, program, parsed.findings + found, checked.memories)


def _imported(files: Sequence[File], library: Mapping[str, Text], read: Read) -> tuple[File, ...]:
    """The standard packages that the files import, directly or not, and `std.agents`, which is imported unasked."""
    found: dict[str, File] = {}
    wanted = ["std.agents", *_standard_imports(files)]
    while wanted:
        name = wanted.pop()
        if name in library and name not in found:
            found[name] = read(library[name])[0]
            wanted += _standard_imports([found[name]])
    return tuple(found[name] for name in sorted(found))


def _standard_imports(files: Sequence[File]) -> list[str]:
    imports = (item for file in files for item in file.declarations if isinstance(item, Import))
    return [item.package.text for item in imports if item.package.parts[0] == "std"]


def examined(
    program: Program, texts: Iterable[Text], wanted: Wanted | None = None, step: Callable[[], None] = lambda: None
) -> Examined:
    """Checked program without errors → what there is to say of all requests, as far as it concerns these texts."""
    from tenetlang.analysis.findings.examine import examine
    from tenetlang.evaluator.judge import BothEvaluators

    with without_collector():
        return examine(program, BothEvaluators, texts, wanted, step)


def decision_tree(program: Program) -> Policy:
    """Checked program → decision tree."""
    with without_collector():
        return build(program)


def evaluator(policy: Policy, documents: Mapping[str, object]) -> Evaluator:
    """Decision tree → evaluator, with the documents for the policy's data. Raises `DataError`."""
    with without_collector():
        return Evaluator(policy, documents)
