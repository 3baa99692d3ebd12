"""`tenet audit export`: the records of a log, or those that are asked for, for other programs and for people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_filters import Asked, filter_of, filters
from tenetlang.cli.audit_payloads import OPENED_WITH, PAYLOAD_MASTER, opened_keyring
from tenetlang.cli.bar import Bar
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE
from tenetlang.cli.output import remark, say

if TYPE_CHECKING:
    from tenetlang.audit.exports.selecting import Wanted
    from tenetlang.audit.filters import Filter
    from tenetlang.audit.payloads.sealing import Keys


@click.command(
    "export",
    cls=Command,
    short_help="Write the records of LOG for other programs.",
    epilog=ending(
        [
            "tenet audit export decisions.db > decisions.jsonl",
            "tenet audit export decisions.db --format tiles -o public/log",
            "tenet audit export decisions.db --format ocsf --since 1h -o last.ocsf.jsonl",
            "tenet audit export decisions.db --format readable --user u7 --related --payload-keys K",
        ],
        [
            (0, "exported"),
            (1, "tiles: the log is not what its newest checkpoint says"),
            (2, "a record can't be exported"),
            (5, "tiles: the log was never signed"),
        ],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.option(
    "--format",
    "style",
    type=click.Choice(("jsonl", "tiles", "ocsf", "cloudevents", "otel", "readable")),
    default="jsonl",
    show_default=True,
    help="JSON lines or the files of a transparency log (C2SP tlog-tiles), to be verified; events for another system; or to read.",
)
@click.option("--payloads", is_flag=True, help="With what the callers sent, which the records only digest.")
@filters
@click.option("--related", is_flag=True, help="With what followed from these decisions: their outcomes and reviews.")
@OPENED_WITH
@PAYLOAD_MASTER
@click.option("-o", "output", type=ANYWHERE, metavar="FILE", help="Write to this file; of tiles, to this new folder.")
def export(
    log: Path,
    *,
    style: str,
    payloads: bool,
    related: bool,
    payload_keys: Path | None,
    payload_master: Path | None,
    output: Path | None,
    **asked: Unpack[Asked],
) -> int:
    """Write the records of LOG in a form that can be verified like the log itself, by `tenet audit verify` and by others.

    Each JSON line holds a record as the text that was hashed, so that any language can check the chain. Tiles are what
    public transparency logs serve: the records up to the newest signed checkpoint, their tree, and the checkpoint. With filters
    JSON lines are a part of the log, which verifies by the record and not as a whole.

    OCSF, CloudEvents and OpenTelemetry (OTLP) are copies for a SIEM or a search engine, one JSON object on each line. They
    can't be verified; each says where its record stands in the log.

    `readable` is for people who ask what is known of them, and for auditors: records and payloads as `tenet audit show` has them,
    one on each line, sealed ones opened with --payload-keys.
    """
    from tenetlang.audit.filters import EVERYTHING

    wanted = filter_of(asked)
    if payload_keys is not None and style != "readable":
        raise click.UsageError("only --format readable opens what is sealed; all else is a copy of what is stored")
    if style == "tiles":
        if wanted != EVERYTHING:
            raise click.UsageError("tiles are the whole log, which filters would tear; they go with the other formats")
        return _export_tiles(log, output, payloads=payloads)
    with opened_keyring(payload_keys, payload_master) as keyring, _bar(log) as bar:
        keys = None if keyring is None else keyring.key_of
        on_terminal = (output is None or str(output) == "-") and sys.stdout.isatty()  # which shows the lines themselves
        progress = (lambda _: None) if on_terminal else _progress(bar)
        some = None if wanted == EVERYTHING else _wanted(log, wanted, related=related)
        return _write(_lines(log, style, some, keys, progress, payloads=payloads), log, output)


def _wanted(log: Path, wanted: Filter, *, related: bool) -> Wanted:
    """Whether a record is asked for, or followed from one that is."""
    if not related:
        return wanted
    from tenetlang.audit.filters import Related

    by_index = Related(log, wanted)

    def follows(record: Mapping[str, object]) -> bool:
        index = record.get("index")
        return by_index(index if isinstance(index, int) else None)

    return follows


def _write(lines: Iterator[bytes], log: Path, output: Path | None) -> int:
    if output is None or str(output) == "-":
        for line in lines:
            say(line.decode())
        return statuses.FINE
    if output.exists() and log.exists() and output.samefile(log):
        raise click.UsageError("-o names the log itself, which is never written over; name another file")
    try:
        with output.open("wb") as opened:
            opened.writelines(lines)
    except OSError as error:
        raise click.ClickException(f"`{output}` can't be written: {error.strerror}") from error
    return statuses.FINE


def _lines(
    log: Path,
    style: str,
    wanted: Wanted | None,
    keys: Keys | None,
    progress: Callable[[int], None],
    *,
    payloads: bool,
) -> Iterator[bytes]:
    from tenetlang.audit import export_jsonl
    from tenetlang.audit.exports.selecting import readable, selected
    from tenetlang.audit.payloads.sealing import no_keys

    if style == "jsonl":
        return selected(export_jsonl(log, payloads=payloads), wanted, progress)
    if style == "readable":
        return _readable_lines(readable(log, keys or no_keys, wanted, progress), with_keys=keys is not None)
    from tenetlang import __version__
    from tenetlang.audit.exports.events import EVENT_FORMATS, export_events

    if payloads:
        raise click.UsageError("events are copies of records; --payloads goes with JSON lines")
    event_format = next(known for known in EVENT_FORMATS if known == style)
    return export_events(log, event_format, __version__, wanted or (lambda _: True), progress)


def _readable_lines(records: Iterator[Mapping[str, object]], *, with_keys: bool) -> Iterator[bytes]:
    """Each record on a line; in the end it is told what could not be opened."""
    from tenetlang.report.json import write

    sealed = 0
    for found in records:
        match found.get("payload"):
            case {"sealed": _}:
                sealed += 1
            case _:
                pass
        yield f"{write(found)}\n".encode()
    if sealed:
        why = (
            "their keys are none of these: they were destroyed, or are elsewhere"
            if with_keys
            else "--payload-keys opens"
        )
        remark(f"not opened: {sealed:,} sealed payload{'s'[: sealed != 1]}; {why}\n")


def _bar(log: Path) -> Bar:
    """How far the export is, by records where it is known how many there are."""
    from tenetlang.audit.source import count_records

    return Bar("exporting", count_records(log))


def _progress(bar: Bar) -> Callable[[int], None]:
    return lambda index: bar.reached(index + 1, 1)


def _export_tiles(log: Path, folder: Path | None, *, payloads: bool) -> int:
    from tenetlang.audit import export_tiles
    from tenetlang.audit.source import count_records

    if folder is None or str(folder) == "-":
        raise click.UsageError("tiles are many files: name their folder with -o")
    if payloads:
        raise click.UsageError("tiles are for the public and hold records only; --payloads goes with JSON lines")
    with _bar(log) as bar:
        checkpoint = export_tiles(log, folder, _progress(bar))
        later = (count_records(log) or 0) - checkpoint.size
    if later > 0:
        remark(f"left out: {later:,} record{'' if later == 1 else 's'} after the newest checkpoint\n")
    return statuses.FINE
