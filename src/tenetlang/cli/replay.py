"""`tenet replay`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import attrs
import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_payloads import OPENED_WITH, PAYLOAD_MASTER, opened_keyring
from tenetlang.cli.bar import Bar
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
from tenetlang.cli.output import complain, painter, remark, say, say_json, waiting
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.project.loading import Loaded
    from tenetlang.replay.items import Item
    from tenetlang.replay.run import Version
    from tenetlang.replay.summary import Summary
    from tenetlang.targets.sql.conditions import Fold

EXAMPLES = [
    "tenet replay policies/ --log decisions.db",
    "tenet replay proposed/ --log decisions.db --fail-on any --format json",
    "tenet replay proposed/ --requests requests.jsonl --against policies/",
    "tenet replay new/ --engine duckdb --requests log.parquet --against old/",
]
STATUSES = [
    (0, "decided again; nothing changed that --fail-on names"),
    (1, "a change that --fail-on names, or a record that differs or is unreadable"),
    (5, "there is nothing to decide again"),
]


@click.command("replay", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("policy", type=ANYWHERE)
@click.option("--log", type=ANYWHERE, metavar="LOG", help="A log of decisions, or an export of one with payloads.")
@click.option(
    "--requests",
    type=ANYWHERE,
    metavar="FILE",
    help="JSON lines, each a request or {request, decision}; `-` for standard input.",
)
@click.option(
    "--against", type=ANYWHERE, metavar="POLICY", help="With --requests: compare with what this policy decides."
)
@click.option(
    "--engine",
    type=click.Choice(("evaluator", "duckdb")),
    default="evaluator",
    show_default=True,
    help="With duckdb, --requests is a Parquet file, and a query decides what it can.",
)
@DATA
@ENTRY
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes that decide; as many as there are cores by default.",
)
@click.option(
    "--fail-on",
    type=click.Choice(("weaker", "any", "never")),
    default="weaker",
    show_default=True,
    help="Exit with 1 if something became less restrictive, if anything changed, or never.",
)
@OPENED_WITH
@PAYLOAD_MASTER
@NO_CACHE
@click.option("--all", "everything", is_flag=True, help="Show all changes, not just the first of each kind.")
@FORMAT
def command(
    policy: Path,
    *,
    log: Path | None,
    requests: Path | None,
    against: Path | None,
    engine: str,
    given: tuple[str, ...],
    entry: str | None,
    jobs: int | None,
    fail_on: str,
    payload_keys: Path | None,
    payload_master: Path | None,
    cached: bool,
    everything: bool,
    style: str,
) -> int:
    """Decide recorded requests again by the policy at POLICY.

    What was recorded by this very policy, with the same documents, must come out exactly as recorded, trace included; a record
    that does not is named. What was decided by another policy is compared: what changes, by rule, the most dangerous first,
    each with a request.
    """
    if (log is None) == (requests is None):
        raise click.UsageError("give the requests by one of --log and --requests")
    if payload_keys is not None and log is None:
        raise click.UsageError("--payload-keys opens what is recorded, so it goes with --log")
    if against is not None and requests is None:
        raise click.UsageError("--against goes with --requests: a log has its own decisions")
    if (engine == "duckdb") != (requests is not None and requests.suffix == ".parquet"):
        raise click.UsageError("--engine duckdb goes with --requests FILE.parquet, and that with no other engine")
    result = loaded(policy, entry, style, cached=cached)
    before = None if against is None else loaded(against, entry, style, cached=cached)
    if result is None or (before is None and against is not None):
        return statuses.FOUND
    source = _Source(log, requests, payload_keys, payload_master)
    if engine == "duckdb":
        found, name = _replay_table(result, before, given, str(requests), jobs or _cores())
    else:
        found, name = _replay(result, before, given, source, jobs or _cores())
    _show(found, name, source.noun, style, everything=everything)
    return _status(found, fail_on)


def _show(found: Summary, name: tuple[str, str], noun: str, style: str, *, everything: bool) -> None:
    from tenetlang.cli import replay_text

    if style == "json":
        say_json({"policy": name[0], "bundle": name[1], **replay_text.as_json(found, noun)})
        return
    paint = painter(sys.stdout)
    say("".join(f"{line}\n" for line in replay_text.lines(found, name[0], noun, paint, everything=everything)))


def _status(found: Summary, fail_on: str) -> int:
    counts = found.counts
    if counts["mismatches"] or counts["problems"]:
        return statuses.FOUND
    if not counts["replayed"]:
        complain("there is nothing to decide again")
        return statuses.NOTHING
    fails = {"weaker": found.weaker, "any": found.changed, "never": False}[fail_on]
    return statuses.FOUND if fails else statuses.FINE


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@attrs.frozen
class _Source:
    """Where the requests come from: one of the two."""

    log: Path | None
    requests: Path | None
    payload_keys: Path | None = None
    payload_master: Path | None = None

    @property
    def noun(self) -> str:
        """What the place of an item is called."""
        if self.log is not None:
            return "record"
        return "row" if self.requests is not None and self.requests.suffix == ".parquet" else "line"


def _replay(
    result: Loaded, before: Loaded | None, given: tuple[str, ...], source: _Source, jobs: int
) -> tuple[Summary, tuple[str, str]]:
    """The summary, and the names of the policy: its package and its digest."""
    from tenetlang.replay.run import replay

    with waiting("compiling"):
        version = _version(result, given)
        against = None if before is None else _version(before, _declared(before, given))
        name = (version.policy.entry, version.digest)
    with _items(source) as (items, total, position), Bar("replaying", total) as bar:
        done = 0

        def progress(count: int) -> None:
            nonlocal done
            done += count
            bar.reached(done if position is None else position(), count)

        return replay(version, items, jobs=jobs, against=against, progress=progress), name


def _replay_table(
    result: Loaded, before: Loaded | None, given: tuple[str, ...], files: str, jobs: int
) -> tuple[Summary, tuple[str, str]]:
    """The same for a table."""
    try:
        from tenetlang.replay.tables import TableError, replay_table
    except ModuleNotFoundError as missing:
        raise click.ClickException(f"{NEEDS_SQL} ({missing})") from missing
    with waiting("compiling"):
        version, fold = _version(result, given), _folding(result, given)
        against = (
            None
            if before is None
            else (_version(before, _declared(before, given)), _folding(before, _declared(before, given)))
        )
    with Bar("replaying what the query leaves", None) as bar:
        try:
            found = replay_table(
                version, fold, files, jobs=jobs, against=against, progress=lambda count: bar.reached(0, count)
            )
        except ModuleNotFoundError as missing:
            raise click.ClickException(f"{NEEDS_SQL} ({missing})") from missing
        except TableError as mistake:
            raise click.ClickException(str(mistake)) from mistake
    total = found.summary.counts["items"]
    remark(f"{found.by_query:,} of {total:,} rows decided by the query, the others by the evaluator\n")
    for fallback in found.fallbacks:
        remark(f"left to the evaluator: {visible(fallback.rule)}: {visible(fallback.reason)}\n")
    return found.summary, (version.policy.entry, version.digest)


def _folding(result: Loaded, given: tuple[str, ...]) -> Fold:
    from tenetlang.decision_tree.tree import program_of
    from tenetlang.replay.constants import folding

    return folding(program_of(result.policy), documents_of(result.configuration, given))


def _version(result: Loaded, given: tuple[str, ...]) -> Version:
    from tenetlang.replay.run import Version

    return Version(result.policy, documents_of(result.configuration, given), result.digest)


def _declared(result: Loaded, given: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the documents that this policy declares: one that it does not is for the other policy."""
    declared = result.policy.data
    names = {data.name for data in declared} | {f"{data.package}.{data.name}" for data in declared}
    return tuple(option for option in given if option.partition("=")[0] in names)


@contextmanager
def _items(source: _Source) -> Iterator[tuple[Iterator[Item], int | None, Callable[[], int] | None]]:
    """The items, how much there is of them, and what says how far the reader is (None: the items are counted)."""
    from tenetlang.audit.payloads.sealing import no_keys
    from tenetlang.audit.source import count_records
    from tenetlang.replay.items import line_items, log_items

    if source.log is not None:
        with opened_keyring(source.payload_keys, source.payload_master) as keyring:
            keys = no_keys if keyring is None else keyring.key_of
            yield log_items(os.fspath(source.log), keys), count_records(source.log), None
        return
    assert source.requests is not None
    if str(source.requests) == "-":
        yield _readable(line_items(sys.stdin.buffer), source.requests), None, None
        return
    try:
        opened = source.requests.open("rb")
    except OSError as error:
        raise click.ClickException(f"`{source.requests}` can't be read: {error.strerror}") from error
    with opened:
        size = os.fstat(opened.fileno()).st_size
        yield _readable(line_items(opened), source.requests), size or None, _position(opened, size)


def _position(opened: BinaryIO, size: int) -> Callable[[], int] | None:
    return opened.tell if size else None


def _readable(items: Iterator[Item], file: Path) -> Iterator[Item]:
    try:
        yield from items
    except OSError as error:
        raise click.ClickException(f"`{file}` can't be read: {error.strerror}") from error
