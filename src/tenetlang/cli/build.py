"""`tenet build`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.extras import NEEDS_SQL
from tenetlang.cli.help import ending
from tenetlang.cli.options import (
    ANYWHERE,
    DATA,
    ENTRY,
    FORMAT,
    compiled,
    documents_of,
    report_broken,
)
from tenetlang.cli.output import remark, say, say_json, waiting
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.decision_tree.tree import Policy
    from tenetlang.project.project import Project, Result

NAMES = ("ir", "javascript", "python", "sql")
DIALECTS = ("duckdb", "spark", "bigquery", "clickhouse")
EXAMPLES = [
    "tenet build policies/ -o policy.json",
    "tenet build policies/ --target javascript -o policy.mjs",
    "tenet build policies/ --target python -o policy.py",
    "tenet build policies/ --target sql --dialect spark -o policy.sql",
]
STATUSES = [(0, "built"), (1, "the policy has errors")]


@click.command("build", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("policy", type=ANYWHERE)
@ENTRY
@click.option(
    "--target",
    type=click.Choice(NAMES),
    default="ir",
    show_default=True,
    help="The compiled policy as JSON, a module that decides by it and needs nothing else, or a query over a table of requests.",
)
@click.option(
    "--dialect",
    type=click.Choice(DIALECTS),
    default="duckdb",
    show_default=True,
    help="With --target sql: the database.",
)
@DATA
@click.option("-o", "output", type=ANYWHERE, metavar="FILE", help="Write to this file, not to standard output.")
@FORMAT
def command(
    policy: Path,
    *,
    entry: str | None,
    target: str,
    dialect: str,
    given: tuple[str, ...],
    output: Path | None,
    style: str,
) -> int:
    """Compile the policy at POLICY, a file or a folder, into one file for programs without tenetlang.

    The file holds rules, not documents: a policy's data is given to it when it is loaded. (Only a query has the documents
    of the policy, or those of --data, written into it.) It is not signed; its digest names it, in every decision that it makes.
    """
    to_file = output is not None and str(output) != "-"
    if style == "json" and not to_file:
        raise click.UsageError("`--format json` says what was built, and needs `-o FILE` for the build itself")
    result = compiled([policy], entry)
    if result.broken or result.program is None:
        report_broken(result.findings, style)
        return statuses.FOUND
    from tenetlang import pipeline
    from tenetlang.decision_tree.json_form import digest
    from tenetlang.targets.building import TARGETS

    with waiting("building"):
        tree = pipeline.decision_tree(result.program)
        name = digest(tree)
        text = _query(result, tree, given, dialect) if target == "sql" else TARGETS[target](tree)
    if output is None or not to_file:
        say(text)
        return statuses.FINE
    _write(output, text, result.project)
    if style == "json":
        say_json({"target": target, "file": output.as_posix(), "policy": tree.entry, "bundle": name})
    else:
        remark(f"built {output} from {tree.entry}, {name}\n")
    return statuses.FINE


def _query(result: Result, tree: Policy, given: tuple[str, ...], dialect: str) -> str:
    """The policy as a query, with its documents. Raises `ClickException`."""
    from tenetlang.decision_tree.json_form import digest
    from tenetlang.replay.constants import folding

    assert result.program is not None
    try:
        from tenetlang.targets.sql.select import build
        from tenetlang.targets.sql.text import sql_text
    except ModuleNotFoundError as missing:
        raise click.ClickException(f"{NEEDS_SQL} ({missing})") from missing
    try:
        built = build(tree, dialect, folding(result.program, documents_of(result, given)), pretty=True)
    except ValueError as mistake:
        raise click.ClickException(f"the policy has no table of requests: {mistake}") from mistake
    for fallback in built.fallbacks:
        remark(f"left to the evaluator: {visible(fallback.rule)}: {visible(fallback.reason)}\n")
    return sql_text(tree, digest(tree), built, dialect)


def _write(output: Path, text: str, project: Project) -> None:
    """The text into the file, which is none of those that it was made of. Raises `ClickException`."""
    for source in project.texts:
        if output.exists() and Path(source.name).exists() and output.samefile(source.name):
            raise click.UsageError(f"`{output}` is a file of the policy itself")
    try:
        output.write_bytes(text.encode())
    except OSError as error:
        raise click.ClickException(f"`{output}` can't be written: {error.strerror}") from error
