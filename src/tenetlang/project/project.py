"""From paths to a compiled policy: the one place where policy files and documents are read from disk.

A path is a `.tenet` file or a folder; of a folder, all `.tenet` files below it take part, hidden folders left out, in
the order of their names. What is found on the way (a file that is no UTF-8, a missing document) is a `ProjectError`
with a sentence that says where and what to do; what is wrong with the policy is in the findings.

The compiler is imported when something is compiled: most commands that decide find the compiled policy in the cache.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from tenetlang.frozen import frozen
from tenetlang.project.configuration import (
    Configuration,
    ConfigurationError,
    find_configuration,
    shown_path,
    with_environment,
)
from tenetlang.resources import stdlib_files
from tenetlang.text import LARGEST, Text
from tenetlang.values.reading import DATA_LIMITS, InvalidRequest, read_json

if TYPE_CHECKING:
    from tenetlang.analysis.findings.desk import Unsure, Wanted
    from tenetlang.evaluator.evaluator import Evaluator
    from tenetlang.pipeline import Parsed
    from tenetlang.program.program import Program
    from tenetlang.report.finding import Finding
    from tenetlang.session import Session
    from tenetlang.syntax.tree import File

SUFFIX = ".tenet"


class ProjectError(ValueError):
    """Something on disk that can't be used, or nothing where something was expected."""


class NothingFound(ProjectError):
    """No policy file where one was looked for."""


@frozen
class Project:
    """The policy files under some paths, as texts, and the configuration nearest to the first path."""

    texts: tuple[Text, ...]
    configuration: Configuration

    def compile(self, entry: str | None = None, today: str | None = None, session: Session | None = None) -> Result:
        """Check all texts; suppressions are applied to what was found. `Result.examined` goes on from there.

        `entry` goes before that of the configuration; `today` (`2027-01-01`) lets rules that have expired be noted. A
        `session` that has checked most of it before makes it quick.
        """
        session = session or new_session()
        project = attrs.evolve(self, texts=session.same(self.texts))
        return _checked(project, session, session.parse(project.texts), entry, today)

    def compile_tested(self, entry: str | None = None, session: Session | None = None) -> tuple[Result, ...]:
        """One result for each package that has tests or claims, by name: checked as the package that decides.

        With `entry` just the result for that one. Where no package has any, or the configuration names an entry that is
        not there, it is the result of `compile`.
        """
        session = session or new_session()
        project = attrs.evolve(self, texts=session.same(self.texts))
        parsed = session.parse(project.texts)
        packages = {file.package.text for file in parsed.files if file.package is not None}
        configured = self.configuration.entry
        tested = sorted(_tested_packages(parsed.files))
        if entry is not None or not tested or (configured is not None and configured not in packages):
            return (_checked(project, session, parsed, entry),)
        return tuple(_checked(project, session, parsed, name) for name in tested)


def _checked(
    project: Project, session: Session, parsed: Parsed, entry: str | None = None, today: str | None = None
) -> Result:
    from tenetlang.report.catalogue import ANALYSIS, CATALOGUE
    from tenetlang.report.suppress import apply

    compiled = session.check(parsed, entry or project.configuration.entry, today)
    shown = apply(compiled.findings, project.texts, CATALOGUE.keys() - ANALYSIS)
    return Result(project, compiled.program, shown, compiled.findings)


def new_session() -> Session:
    """A session that knows nothing but the standard library."""
    from tenetlang.session import Session

    return Session(standard_library())


def all_findings(results: Iterable[Result]) -> tuple[Finding, ...]:
    """What was found in any of several results of one project, each finding once."""
    found: dict[tuple[object, ...], Finding] = {}
    for result in results:
        for finding in result.findings:
            details = tuple(sorted(finding.details.items()))
            place = (finding.at.text.name, finding.at.start, finding.at.end)
            found.setdefault((*place, finding.check, finding.variant, details), finding)
    return tuple(found.values())


def _tested_packages(files: Iterable[File]) -> set[str]:
    from tenetlang.syntax.tree import ClaimDeclaration, TestDeclaration

    return {
        file.package.text
        for file in files
        if file.package is not None
        and any(isinstance(item, TestDeclaration | ClaimDeclaration) for item in file.declarations)
    }


@frozen
class Result:
    """A compiled project: the program as far as one could be made, and the findings: those that count, and `found`, all of
    them, also those that suppressions set aside. `unsure` is what the analysis could not tell."""

    project: Project
    program: Program | None
    findings: tuple[Finding, ...]
    found: tuple[Finding, ...] = ()
    unsure: tuple[Unsure, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether any finding is an error, so that nothing may be decided by this program."""
        from tenetlang.report.words import severity_of

        return self.program is None or any(severity_of(finding) == "error" for finding in self.findings)

    def examined(self, wanted: Wanted, step: Callable[[], None] = lambda: None) -> Result:
        """The same with what the analysis finds out of a sound program; as it is where the program is not.

        `step` is called as the work goes on.
        """
        if self.broken or self.program is None:
            return self
        from tenetlang import pipeline
        from tenetlang.report.catalogue import CATALOGUE
        from tenetlang.report.suppress import apply

        examined = pipeline.examined(self.program, self.project.texts, wanted, step)
        found = (*self.found, *examined.findings)
        optional = {"overlapping-rules": wanted.overlaps, "gap": wanted.gaps, "undecided": wanted.undecided}
        ran = CATALOGUE.keys() - {name for name, looked_for in optional.items() if not looked_for}
        return attrs.evolve(self, findings=apply(found, self.project.texts, ran), found=found, unsure=examined.unsure)

    def evaluator(self, documents: Mapping[str, object] | None = None) -> Evaluator:
        """The evaluator of a sound project, with the documents given, else those of the configuration."""
        from tenetlang import pipeline

        assert self.program is not None
        assert not self.broken
        found = read_documents(self.project.configuration.data) if documents is None else documents
        return pipeline.evaluator(pipeline.decision_tree(self.program), found)


def read_project(paths: Sequence[Path], variables: Mapping[str, str] | None = None) -> Project:
    """The project under these paths. Raises `ProjectError`, and `NothingFound` where there is no policy file."""
    files = list(dict.fromkeys(found for path in paths for found in policy_files(path)))
    if not files:
        names = ", ".join(f"`{shown_path(path)}`" for path in paths)
        raise NothingFound(f"no {SUFFIX} file in {names}")
    try:
        configuration = find_configuration(paths[0])
    except (ConfigurationError, OSError, RuntimeError) as error:  # `resolve` says RuntimeError of links in a circle
        raise ProjectError(str(error)) from error
    if variables is not None:
        configuration = with_environment(configuration, variables)
    return Project(tuple(read_text(file) for file in files), configuration)


def policy_files(path: Path) -> list[Path]:
    """The policy files that the path means: itself, or all below it, sorted by path."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        why = "does not exist" if missing else f"can't be read: {problem}"
        raise ProjectError(f"`{shown_path(path)}` {why}") from error
    if not stat.S_ISDIR(mode):
        return [path]
    found: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        found += [_a_file(Path(folder, name)) for name in names if name.endswith(SUFFIX)]
    return sorted(found, key=lambda file: file.as_posix())


def _a_file(file: Path) -> Path:
    """The file that lies in a folder. Nobody named it, so it is not read if reading it may have no end."""
    if file.exists() and not file.is_file():
        raise ProjectError(f"`{shown_path(file)}` is a pipe or a device, which can't be part of a policy's folder")
    return file


def _unreadable(error: OSError) -> None:
    """A folder that can't be read may hold a rule that denies: going on without it would not be safe."""
    raise ProjectError(f"`{shown_path(Path(str(error.filename)))}` can't be read: {error.strerror}") from error


def read_text(file: Path) -> Text:
    """One policy file; of one that is too long as much as shows that."""
    most = LARGEST + len(codecs.BOM_UTF8) + 1
    try:
        with file.open("rb") as opened:
            raw = opened.read(most)
        content = codecs.getincrementaldecoder("utf-8-sig")().decode(raw, final=len(raw) < most)
    except UnicodeDecodeError as error:
        raise ProjectError(f"`{shown_path(file)}` is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise ProjectError(f"`{shown_path(file)}` can't be read: {error.strerror}") from error
    return Text(shown_path(file), content)


def standard_library() -> Mapping[str, Text]:
    """The standard library's texts by package name: `std.agents`, `std.text`, …"""
    return {name.removesuffix(SUFFIX).replace("/", "."): Text(name, content) for name, content in stdlib_files()}


def read_documents(files: Mapping[str, Path]) -> dict[str, object]:
    """The documents, as JSON values. Raises `ProjectError` for what can't be read or is no strict JSON."""
    return {name: read_document(name, file) for name, file in files.items()}


def read_document(name: str, file: Path) -> object:
    """One document."""
    try:
        with file.open("rb") as opened:
            return read_json(opened.read(DATA_LIMITS.size + 1), DATA_LIMITS)
    except OSError as error:
        raise ProjectError(f"the document `{name}` in `{shown_path(file)}` can't be read: {error.strerror}") from error
    except InvalidRequest as invalid:
        where = f"{invalid.path}: " if invalid.path else ""
        raise ProjectError(f"the document `{name}` in `{shown_path(file)}`: {where}{invalid.reason}") from invalid


def given_documents(options: Iterable[str]) -> dict[str, Path]:
    """`NAME=FILE` options as a mapping. Raises `ProjectError`."""
    found: dict[str, Path] = {}
    for option in options:
        name, equals, file = option.partition("=")
        if not equals or not name or not file:
            raise ProjectError(f"`{option}` is not of the form NAME=FILE")
        if name in found:
            raise ProjectError(f"the document `{name}` is given twice")
        found[name] = Path(file)
    return found
