"""What several commands have in common: their options, and the way from paths to a compiled policy."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli.bundled import loaded_bundle, project_of_bundle
from tenetlang.cli.output import coloured, remark, say, waiting

if TYPE_CHECKING:
    from tenetlang.cli.watch import Watch
    from tenetlang.evaluator.evaluator import Evaluator
    from tenetlang.project.configuration import Configuration
    from tenetlang.project.loading import Loaded
    from tenetlang.project.project import Project, Result
    from tenetlang.report.finding import Finding
    from tenetlang.session import Session


class _Named(click.Path):
    """A path that somebody wrote: an empty one is a variable of a script that was never set, and not this folder."""

    def convert(
        self, value: str | os.PathLike[str], parameter: click.Parameter | None, context: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        if value == "":
            self.fail("an empty text is no path; `.` is the current folder", parameter, context)
        if isinstance(value, str) and "://" in value:
            from tenetlang.audit.stores.addresses import AddressPath, is_address

            if is_address(value):
                return AddressPath(value)
        return super().convert(value, parameter, context)


ANYWHERE = _Named(path_type=Path)
WATCH = click.option("--watch", is_flag=True, help="Do it again whenever a file changes, until Ctrl-C.")
FORMAT = click.option(
    "--format",
    "style",
    type=click.Choice(("pretty", "json")),
    default="pretty",
    show_default=True,
    help="For people, or for programs.",
)
ENTRY = click.option("--entry", metavar="PACKAGE", help="The package that decides, where several could.")
DATA = click.option(
    "--data",
    "given",
    metavar="NAME=FILE",
    multiple=True,
    help="A document for the policy's data, as JSON; may be repeated.",
)

NO_CACHE = click.option(
    "--no-cache", "cached", flag_value=False, default=True, help="Neither look for the compiled policy nor keep it."
)


def loaded(path: Path, entry: str | None, style: str, *, cached: bool) -> Loaded | None:
    """The policy at a path, or in the compiled file that it is; None where it has errors, which have been told then.

    Raises `ProjectError`. What was compiled before is found in the cache, unless it is not `cached`.
    """
    from tenetlang.project.loading import Broken

    try:
        return loaded_or_broken(path, entry, cached=cached)
    except Broken as broken:
        report_broken(broken.findings, style)
        return None


def loaded_or_broken(path: Path, entry: str | None, *, cached: bool) -> Loaded:
    """As `loaded`; raises `Broken` for a policy with errors."""
    from tenetlang.project.cache import open_cache
    from tenetlang.project.loading import load_policy

    cache = open_cache(os.environ) if cached else None
    bundled = loaded_bundle(path, entry, cache)
    if bundled is not None:
        return bundled
    with waiting("compiling"):
        return load_policy([path], entry, os.environ, cache)


def compiled(
    paths: Iterable[Path], entry: str | None, today: str | None = None, session: Session | None = None
) -> Result:
    """The project under the paths, compiled; `today` lets rules that have expired be noted. Raises `ProjectError`."""
    with waiting("compiling"):
        return project_of(paths).compile(entry, today, session)


def each(watch: Watch | None) -> Callable[[], None]:
    """What is to be called at each step of a round that may be watched."""
    return (lambda: None) if watch is None else watch.step


def evaluator_of(policy: Loaded, documents: Mapping[str, object]) -> Evaluator:
    """The evaluator of a policy, with these documents. Raises `DataError`."""
    from tenetlang.evaluator.evaluator import Evaluator

    with waiting("compiling"):
        return Evaluator(policy.policy, documents, digest=policy.digest)


def project_of(paths: Iterable[Path]) -> Project:
    """The project under the paths, or of the sources of the bundle that is the only one. Raises `ProjectError`."""
    from tenetlang.project.project import read_project

    listed = list(paths)
    bundled = project_of_bundle(listed[0]) if len(listed) == 1 else None
    return bundled or read_project(listed, os.environ)


def documents_of(configuration: Configuration, given: Iterable[str]) -> dict[str, object]:
    """The configured documents or those of the bundle, and those given instead of them, as JSON values. Raises `ProjectError`."""
    from tenetlang.project.project import given_documents, read_documents

    return {**configuration.documents, **read_documents({**configuration.data, **given_documents(given)})}


def report_broken(findings: Iterable[Finding], style: str) -> None:
    """Why a policy decides nothing: for people on standard error, for programs as the document that they get instead."""
    errors = [finding for finding in findings if _is_error(finding)]
    if style == "json":
        say(rendered(errors, "json"))
    else:
        remark(rendered(errors, "pretty", colour=coloured(sys.stderr)))


def _is_error(finding: Finding) -> bool:
    from tenetlang.report.words import severity_of

    return severity_of(finding) == "error"


def rendered(findings: Iterable[Finding], style: str, *, colour: bool = False) -> str:
    """The findings in one of the formats of `check`."""
    from tenetlang.report import github, json, pretty, sarif
    from tenetlang.report.words import describe

    diagnostics = [describe(finding) for finding in findings]
    match style:
        case "json":
            return json.render(diagnostics)
        case "sarif":
            from tenetlang import __version__

            return sarif.render(diagnostics, version=__version__)
        case "github":
            return github.render(diagnostics)
        case _:
            return pretty.render(diagnostics, colour=colour)


def read_input(file: Path, most: int) -> bytes:
    """The content of a file, or of standard input for `-`, at most so many bytes and one. Raises `ClickException`."""
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(most + 1)
        with file.open("rb") as opened:
            return opened.read(most + 1)
    except OSError as error:
        raise click.ClickException(f"`{file}` can't be read: {error.strerror}") from error
