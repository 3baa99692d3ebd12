"""`tenet audit show`: one record of a log with all that is in it, or a list of records."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import attrs
import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_filters import Asked, filter_of, filters, index_range, is_range
from tenetlang.cli.audit_payloads import OPENED_WITH, PAYLOAD_MASTER, opened_keyring
from tenetlang.cli.audit_text import one_line
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, FORMAT
from tenetlang.cli.output import painter, say, say_json, waiting
from tenetlang.cli.shown import value_text
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.audit.filters import Filter

_LISTED = 20
"""How many records are listed if nothing else is said."""


@click.command(
    "show",
    cls=Command,
    short_help="Show a record of LOG, or list records.",
    epilog=ending(
        [
            "tenet audit show decisions.db 3 --format json",
            "tenet audit show decisions.db",
            "tenet audit show decisions.db 100..199",
            "tenet audit show decisions.db --verdict deny --since 2026-11-26T00:00:00Z",
        ],
        [(0, "shown"), (1, "a record was changed"), (5, "there is no such record")],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.argument("record", metavar="[INDEX|ID|FIRST..LAST]", required=False)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"How many are listed at most, the last ones; {_LISTED}, but all of a range.",
)
@filters
@OPENED_WITH
@PAYLOAD_MASTER
@FORMAT
def show(
    log: Path,
    record: str | None,
    *,
    limit: int | None,
    payload_keys: Path | None,
    payload_master: Path | None,
    style: str,
    **asked: Unpack[Asked],
) -> int:
    """Show a record of LOG by its index or identifier, or list the last records that are asked for, one on each line."""
    from tenetlang.audit import show as show_record
    from tenetlang.audit.filters import EVERYTHING

    wanted = filter_of(asked)
    if record is None or is_range(record):
        if record is not None:
            if asked["indexes"] is not None:
                raise click.UsageError(f"{record} is a range of indexes already; leave --range out")
            first, last = index_range(record)
            wanted = attrs.evolve(wanted, first=first, last=last)
        ranged = wanted.first is not None or wanted.last is not None
        return _list(log, limit or (None if ranged else _LISTED), wanted, style)
    if wanted != EVERYTHING or limit is not None:
        raise click.UsageError("one record is shown whatever it is; filters and --limit are for lists")
    with opened_keyring(payload_keys, payload_master) as keyring, waiting("reading"):
        found = show_record(log, record) if keyring is None else show_record(log, record, keyring.key_of)
    if style == "json":
        say_json(found)
    else:
        say("".join(f"{line}\n" for line in _record_lines(found, with_keys=payload_keys is not None)))
    return statuses.FINE if found["intact"] else statuses.FOUND


def _list(log: Path, limit: int | None, wanted: Filter, style: str) -> int:
    from tenetlang.audit import show_last

    with waiting("reading"):
        records = show_last(log, limit, wanted)
    if style == "json":
        say_json({"records": list(records)})
    else:
        for found in records:
            say(one_line(found) + "\n")
    return statuses.FINE if all(found["intact"] for found in records) else statuses.FOUND


def _record_lines(found: Mapping[str, object], *, with_keys: bool) -> Iterator[str]:
    """The record with its parts indented, so that it can be read without another tool."""
    paint = painter(sys.stdout)
    state = paint("intact", "good") if found["intact"] else paint("changed: its hash is not its leaf", "bad")
    yield f"record {found['index']}, {state}"
    yield f"leaf {visible(str(found['leaf']))}"
    yield from _indented(found["record"], 0)
    match found.get("payload"):
        case None:
            pass
        case {"sealed": str(key)}:
            why = (
                "its key is none of these: it was destroyed, or is elsewhere"
                if with_keys
                else "--payload-keys opens it"
            )
            yield f"payload is sealed with the key {visible(key)}; {why}"
        case payload:
            yield "payload"
            yield from _indented(payload, 2)


def _indented(value: object, indent: int) -> Iterator[str]:
    space = " " * indent
    match value:
        case dict() if value and indent < 40:
            column = max(len(visible(str(key))) for key in value)
            for key, inner in value.items():
                name = visible(str(key))
                if isinstance(inner, dict | list) and inner:
                    yield f"{space}{name}"
                    yield from _indented(inner, indent + 2)
                else:
                    yield f"{space}{name}{' ' * (column - len(name))}  {value_text(inner, 400)}"
        case list() if value and indent < 40:
            for inner in value:
                first = True
                for line in (
                    _indented(inner, 0) if isinstance(inner, dict | list) and inner else [value_text(inner, 400)]
                ):
                    yield f"{space}{'- ' if first else '  '}{line}"
                    first = False
        case _:
            yield f"{space}{value_text(value, 400)}"
