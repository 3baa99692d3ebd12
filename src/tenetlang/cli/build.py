"""`tenet build`. Bundles, which gates follow, are built in `build_bundle`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.bundle.naming import SUFFIX
from tenetlang.cli import build_bundle, statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.extras import NEEDS_SQL
from tenetlang.cli.help import ending
from tenetlang.cli.options import (
    ANYWHERE,
    DATA,
    ENTRY,
    FORMAT,
    NO_CACHE,
    documents_of,
    loaded,
)
from tenetlang.cli.output import remark, say, say_json, waiting
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.project.loading import Loaded

NAMES = ("ir", "javascript", "python", "sql", "bundle")
DIALECTS = ("duckdb", "spark", "bigquery", "clickhouse")
EXAMPLES = [
    "tenet build policies/ -o policy.json",
    "tenet build policies/ -o policy.bundle --key policies.key --expires 30d",
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
    help="The compiled policy as JSON, a module that decides by it and needs nothing else, a query over a table of requests, "
    "or a bundle for gates. Without it: a bundle for FILE.bundle, else `ir`.",
)
@click.option(
    "--dialect",
    type=click.Choice(DIALECTS),
    default="duckdb",
    show_default=True,
    help="With --target sql: the database.",
)
@DATA
@NO_CACHE
@click.option("-o", "output", type=ANYWHERE, metavar="FILE", help="Write to this file, not to standard output.")
@build_bundle.KEY
@build_bundle.VERSION
@build_bundle.EXPIRES
@build_bundle.HARD_EXPIRES
@build_bundle.NO_SOURCES
@FORMAT
def command(
    policy: Path,
    *,
    entry: str | None,
    target: str | None,
    dialect: str,
    given: tuple[str, ...],
    cached: bool,
    output: Path | None,
    keys: tuple[Path, ...],
    version: int | None,
    expires: int | None,
    hard_expires: int | None,
    no_sources: bool,
    style: str,
) -> int:
    """Compile the policy at POLICY, a file or a folder, into one file: for programs without tenetlang, or a bundle for gates.

    The file holds rules, not documents: a policy's data is given to it when it is loaded. (A query and a bundle have the documents
    of the policy, or those of --data, written into it.) Its digest names it, in every decision that it makes.

    A bundle is signed with --key, and has the policy's tests, which pass here and must pass where it decides.
    """
    named = output is not None and output.suffix == SUFFIX
    target = target or ("bundle" if named else "ir")
    of_bundle = build_bundle.Wanted(keys, version, expires, hard_expires, no_sources)
    if target != "bundle" and of_bundle.said:
        raise click.UsageError(
            "--key, --version, --expires, --hard-expires and --no-sources are of bundles: add `--target bundle`"
        )
    to_file = output is not None and str(output) != "-"
    if style == "json" and not to_file:
        raise click.UsageError("`--format json` says what was built, and needs `-o FILE` for the build itself")
    if target == "bundle":
        return build_bundle.build_bundle(policy, entry, given, output, style, of_bundle)
    found = loaded(policy, entry, style, cached=cached)
    if found is None:
        return statuses.FOUND
    from tenetlang.targets.building import TARGETS

    with waiting("building"):
        text = _query(found, given, dialect) if target == "sql" else TARGETS[target](found.policy)
    if output is None or not to_file:
        say(text)
        return statuses.FINE
    _write(output, text, found.files)
    if style == "json":
        say_json({"target": target, "file": output.as_posix(), "policy": found.policy.entry, "bundle": found.digest})
    else:
        remark(f"built {output} from {found.policy.entry}, {found.digest}\n")
    return statuses.FINE


def _query(found: Loaded, given: tuple[str, ...], dialect: str) -> str:
    """The policy as a query, with its documents. Raises `ClickException`."""
    from tenetlang.decision_tree.tree import program_of
    from tenetlang.replay.constants import folding

    try:
        from tenetlang.targets.sql.select import build
        from tenetlang.targets.sql.text import sql_text
    except ModuleNotFoundError as missing:
        raise click.ClickException(f"{NEEDS_SQL} ({missing})") from missing
    fold = folding(program_of(found.policy), documents_of(found.configuration, given))
    try:
        built = build(found.policy, dialect, fold, pretty=True)
    except ValueError as mistake:
        raise click.ClickException(f"the policy has no table of requests: {mistake}") from mistake
    for fallback in built.fallbacks:
        remark(f"left to the evaluator: {visible(fallback.rule)}: {visible(fallback.reason)}\n")
    return sql_text(found.policy, found.digest, built, dialect)


def _write(output: Path, text: str, files: tuple[str, ...]) -> None:
    """The text into the file, which is none of those that it was made of. Raises `ClickException`."""
    for source in files:
        if output.exists() and Path(source).exists() and output.samefile(source):
            raise click.UsageError(f"`{output}` is a file of the policy itself")
    try:
        output.write_bytes(text.encode())
    except OSError as error:
        raise click.ClickException(f"`{output}` can't be written: {error.strerror}") from error
