"""`tenet build --target bundle`: the file that gates follow, signed, with the tests that it has to pass where it decides."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from tenetlang.cli import statuses
from tenetlang.cli.options import ANYWHERE, compiled, documents_of, report_broken
from tenetlang.cli.output import complain, remark, say, say_json, waiting
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.bundle.contents import Contents
    from tenetlang.bundle.errors import BundleError
    from tenetlang.evaluator.evaluator import Evaluator
    from tenetlang.project.project import Result


def _nanoseconds(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """The nanoseconds of `30d` or `1w`, as policies write durations."""
    from tenetlang.values.faults import ValueFault
    from tenetlang.values.times import parse_duration

    try:
        return None if text is None else int(parse_duration(text))
    except ValueFault as fault:
        raise click.BadParameter(str(fault)) from fault


KEY = click.option(
    "--key",
    "keys",
    type=ANYWHERE,
    metavar="FILE",
    multiple=True,
    help="Sign a bundle with this key, which `tenet audit keygen` made; may be repeated.",
)
VERSION = click.option(
    "--version",
    "version",
    type=int,
    metavar="N",
    help="The version of a bundle, which may only rise; the seconds since 1970 if it is not said.",
)
EXPIRES = click.option(
    "--expires",
    callback=_nanoseconds,
    metavar="DURATION",
    help="From then on a bundle is stale: it decides, and records say so.",
)
HARD_EXPIRES = click.option(
    "--hard-expires", callback=_nanoseconds, metavar="DURATION", help="From then on nothing is allowed by a bundle."
)
NO_SOURCES = click.option("--no-sources", is_flag=True, help="Leave the texts of the policy files out of a bundle.")


@attrs.frozen
class Wanted:
    """What the options say of a bundle. Durations are in nanoseconds, from now."""

    keys: tuple[Path, ...]
    version: int | None
    expires: int | None
    hard_expires: int | None
    no_sources: bool

    @property
    def said(self) -> bool:
        """Whether there is any, so that a bundle must be meant."""
        return self != Wanted((), None, None, None, no_sources=False)


def build_bundle(
    policy: Path, entry: str | None, given: Iterable[str], output: Path | None, style: str, wanted: Wanted
) -> int:
    """Builds, signs, and writes it."""
    from tenetlang.audit import load_signing_key
    from tenetlang.bundle.building import signed_bundle
    from tenetlang.bundle.errors import BundleError

    result = compiled([policy], entry)
    if result.broken or result.program is None:
        report_broken(result.findings, style)
        return statuses.FOUND
    keys = [load_signing_key(key) for key in wanted.keys]
    try:
        contents = _contents(result, given, wanted)
        if contents is None:
            return statuses.FOUND
        with waiting("signing"):
            data = signed_bundle(contents, keys)
    except BundleError as problem:
        raise failed(problem) from problem
    if output is None or str(output) == "-":
        say(data.decode())
        return statuses.FINE
    write_bundle(output, data, [text.name for text in result.project.texts])
    _tell(output, contents, [key.verifier.short for key in keys], style)
    return statuses.FINE


def failed(problem: BundleError) -> click.ClickException:
    """What is wrong, as the sentence with which a command ends."""
    return click.ClickException(" ".join([str(problem), *getattr(problem, "__notes__", ())]))


def write_bundle(output: Path, data: bytes, sources: Iterable[str] = ()) -> None:
    """Puts the file there, whole, for whoever watches it; over none of these. Raises `ClickException`."""
    for source in sources:
        if output.exists() and Path(source).exists() and output.samefile(source):
            raise click.UsageError(f"`{output}` is a file of the policy itself")
    unfinished = output.with_name(f".{output.name}.{os.getpid()}.new")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(output)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise click.ClickException(f"`{output}` can't be written: {error.strerror}") from error


def _contents(result: Result, given: Iterable[str], wanted: Wanted) -> Contents | None:
    """What is to be signed; None where a test fails, which was told then."""
    from tenetlang import pipeline
    from tenetlang.bundle.building import Term, contents_of
    from tenetlang.testing.carried import carried

    assert result.program is not None
    now = _now()
    term = Term(
        now // 10**9 if wanted.version is None else wanted.version,
        now,
        None if wanted.expires is None else now + wanted.expires,
        None if wanted.hard_expires is None else now + wanted.hard_expires,
    )
    documents = documents_of(result.project.configuration, given)
    with waiting("building"):
        evaluator: Evaluator = pipeline.evaluator(pipeline.decision_tree(result.program), documents)
    if not _passed(result):
        return None
    tests = carried(result.program, evaluator)
    texts = result.project.texts
    return contents_of(evaluator.policy, documents, tests, texts, term, with_sources=not wanted.no_sources)


def _passed(result: Result) -> bool:
    """Whether the tests of the package that decides pass, on both evaluators."""
    from tenetlang.testing.run import run_tests

    program = result.program
    assert program is not None
    with waiting("testing"):
        failed = [
            test for test in run_tests(program, lambda case: case.package == program.entry) if test.status != "passed"
        ]
    for test in failed[:5]:
        row = f" ({test.row})" if test.row else ""
        complain(f"the test `{visible(test.name)}`{visible(row)} at {test.at} fails")
    if failed:
        count = f"{len(failed)} test{'' if len(failed) == 1 else 's'}"
        complain(f"nothing was built: {count} would fail where the bundle decides; `tenet test` says more")
    return not failed


def _now() -> int:
    """The time now, or the one that a reproducible build is told; whole seconds, in nanoseconds."""
    told = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not told:
        return time.time_ns() // 10**9 * 10**9
    if not told.isascii() or not told.isdigit() or len(told) > 10:
        raise click.UsageError("SOURCE_DATE_EPOCH is not the seconds since 1970")
    return int(told) * 10**9


def _tell(output: Path, contents: Contents, signers: list[str], style: str) -> None:
    if style == "json":
        shape = {
            "target": "bundle",
            "file": output.as_posix(),
            "policy": contents.package,
            "bundle": contents.bundle,
            "version": contents.version,
            "expires": contents.expires,
            "hard_expires": contents.hard_expires,
            "signed_by": signers,
            "tests": len(contents.tests),
            "left_out": contents.left_out,
        }
        say_json(shape)
        return
    left_out = f" (left out: {contents.left_out})" if contents.left_out else ""
    signed = f"signed by {', '.join(signers)}" if signers else "signed by nobody: `tenet bundle sign` does"
    remark(
        f"built {output} from {contents.package}, version {contents.version}, {contents.bundle}\n"
        f"  {len(contents.tests)} {'test goes' if len(contents.tests) == 1 else 'tests go'} along{left_out}; {signed}\n"
    )
