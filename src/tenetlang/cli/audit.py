"""`tenet audit`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from tenetlang.cli import (
    audit_blame,
    audit_check,
    audit_demands,
    audit_payloads,
    audit_proofs,
    audit_rotate,
    audit_signatures,
    audit_tail,
    audit_witness,
    statuses,
)
from tenetlang.cli.audit_payloads import OPENED_WITH, PAYLOAD_MASTER, opened_keyring
from tenetlang.cli.audit_proofs import PROOF
from tenetlang.cli.audit_signatures import KEPT, KEY
from tenetlang.cli.audit_text import one_line, signing_lines, time_of
from tenetlang.cli.commands import Group
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, FORMAT
from tenetlang.cli.output import Progress, painter, remark, say, say_json, waiting
from tenetlang.cli.shown import value_text
from tenetlang.report.visible import visible


@click.group("audit", cls=Group)
def command() -> None:
    """Verify, show and export a log of decisions: a database that `eval --log` wrote, or an export of one.

    \b
    tenet audit verify decisions.db
    tenet audit show decisions.db 3
    """  # noqa: D301  # the backspace is what Click wants


# --------------------------------------------------------------------------------------------------------- verify


@command.command(
    "verify",
    short_help="Find what was changed in LOG, or check a proof.",
    epilog=ending(
        [
            "tenet audit verify decisions.db",
            'tenet audit verify decisions.db --remembered "812 4f0c…"',
            "tenet audit verify decisions.db --key log.key.pub --checkpoint kept.note",
            "tenet audit verify decisions.db --key log.key.pub --max-age 1h --witness witness.pub",
        ],
        [(0, "nothing was changed"), (1, "something was, and it says what")],
    ),
)
@click.argument("log", type=ANYWHERE, required=False)
@click.option(
    "--remembered",
    metavar='"SIZE ROOT"',
    help="What an earlier verification printed; finds a log that was cut or wholly rewritten.",
)
@KEY
@KEPT
@audit_demands.WITNESS
@audit_demands.QUORUM
@audit_demands.TRUST
@audit_demands.MAX_AGE
@PROOF
@OPENED_WITH
@PAYLOAD_MASTER
@FORMAT
def verify(
    log: Path | None,
    remembered: str | None,
    keys: tuple[str, ...],
    kept: tuple[Path, ...],
    witnesses: tuple[str, ...],
    quorum: int | None,
    trust: Path | None,
    max_age: str | None,
    proof: Path | None,
    payload_keys: Path | None,
    payload_master: Path | None,
    style: str,
) -> int:
    """Find what was changed in LOG, by record; or say what a --proof about a log proves.

    It ends with the log's size and root. Keep that line where whoever could change the log can't reach it, and hand it
    to the next verification: alone, a log whose end was cut off, or all of which was rewritten, looks sound. A checkpoint
    that `tenet audit checkpoint` printed is such a line with a signature.
    """
    from tenetlang.audit import verify_log
    from tenetlang.audit.source import count_records

    demanded = audit_demands.Demanded(witnesses, quorum, trust, max_age)
    if (log is None) == (proof is None):
        raise click.UsageError("verify either a LOG or a --proof")
    if log is None:
        assert proof is not None
        return audit_proofs.verify_proof(proof, keys, remembered, kept, demanded, style)

    known, trusted = audit_demands.read_trusted(demanded, keys)
    demands = audit_demands.demands_of(demanded, trusted, known)
    notes = [audit_signatures.read_file(file) for file in kept]
    with opened_keyring(payload_keys, payload_master) as keyring, Progress("verified") as progress:
        found = verify_log(
            log,
            remembered,
            keys=known,
            checkpoints=notes,
            demands=demands,
            keyring=keyring,
            progress=progress.step,
        )
    if style == "json":
        say_json(
            {
                "ok": found.ok,
                "size": found.size,
                "root": found.root,
                "payloads": found.payloads,
                "erased": found.erased,
                "sealed": found.sealed,
                "unexplained": found.unexplained,
                "checkpoints": found.checkpoints,
                "signed": found.signed,
                "signed_at": None if found.signed_at is None else time_of(found.signed_at),
                "keys": list(found.keys),
                "problems": [
                    {"index": problem.index, "what": problem.what, "detail": problem.detail}
                    for problem in found.problems
                ],
                "further_problems": found.further,
            }
        )
        return statuses.FINE if found.ok else statuses.FOUND
    paint = painter(sys.stdout)
    for problem in found.problems:
        where = "the log" if problem.index is None else f"record {problem.index}"
        say(f"{paint(where, 'deny')}  {visible(problem.what)}: {visible(problem.detail)}\n")
    if found.further:
        say(f"and {found.further:,} more problems\n")
    unproven = all(problem.what in {"stale", "witness"} for problem in found.problems)
    state = paint("sound", "good") if found.ok else paint("not proven" if unproven else "changed", "bad")
    erased = f", {found.erased:,} without what the callers sent" if found.erased else ""
    say(f"{state}: {found.size:,} record{'' if found.size == 1 else 's'}{erased}\n")
    if found.unexplained and (found.payloads or count_records(log) is not None):  # an export may leave all of them out
        say(f"not recorded: why {found.unexplained:,} of them are missing; `tenet audit erase` records it\n")
    if found.sealed:
        say(f"not opened: {found.sealed:,} sealed payload{'s'[: found.sealed != 1]}; --payload-keys opens\n")
    if known and found.signed is not None:
        after = found.size - found.signed
        rest = f"; {after:,} came after it" if after > 0 else ""
        say(f"signed: {found.signed:,} by the newest checkpoint{rest}\n")
        say("".join(f"{line}\n" for line in signing_lines(found, list(map(str, known)))))
    elif found.checkpoints and not known:
        say(
            f"not checked: who signed its {found.checkpoints:,} checkpoint{'s'[: found.checkpoints != 1]}; --key tells\n"
        )
    say(f"remember: {found.remembered}\n")
    return statuses.FINE if found.ok else statuses.FOUND


command.add_command(audit_signatures.keygen)
command.add_command(audit_signatures.checkpoint)
command.add_command(audit_rotate.rotate)
command.add_command(audit_witness.witness)
command.add_command(audit_proofs.prove)
command.add_command(audit_blame.blame)
command.add_command(audit_check.check)
command.add_command(audit_tail.tail)
command.add_command(audit_payloads.keyring)
command.add_command(audit_payloads.erase)


# ----------------------------------------------------------------------------------------------------------- show


@command.command(
    "show",
    short_help="Show a record of LOG, or list the last ones.",
    epilog=ending(
        ["tenet audit show decisions.db", "tenet audit show decisions.db 3 --format json"],
        [(0, "shown"), (1, "the record was changed"), (5, "there is no such record")],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.argument("record", metavar="[INDEX|ID]", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many are listed at most.")
@OPENED_WITH
@PAYLOAD_MASTER
@FORMAT
def show(
    log: Path, record: str | None, limit: int, payload_keys: Path | None, payload_master: Path | None, style: str
) -> int:
    """Show a record of LOG by its index or identifier, or list the last ones."""
    from tenetlang.audit import show as show_record

    if record is None:
        return _list_last(log, limit, style)
    with opened_keyring(payload_keys, payload_master) as keyring, waiting("reading"):
        found = show_record(log, record) if keyring is None else show_record(log, record, keyring.key_of)
    if style == "json":
        say_json(found)
    else:
        say("".join(f"{line}\n" for line in _record_lines(found)))
    return statuses.FINE if found["intact"] else statuses.FOUND


def _list_last(log: Path, limit: int, style: str) -> int:
    from tenetlang.audit import show_last

    with waiting("reading"):
        records = show_last(log, limit)
    if style == "json":
        say_json({"records": list(records)})
    else:
        for found in records:
            say(one_line(found) + "\n")
    return statuses.FINE if all(found["intact"] for found in records) else statuses.FOUND


def _record_lines(found: Mapping[str, object]) -> Iterator[str]:
    """The record with its parts indented, so that it can be read without another tool."""
    paint = painter(sys.stdout)
    state = paint("intact", "good") if found["intact"] else paint("changed: its hash is not its leaf", "bad")
    yield f"record {found['index']}, {state}"
    yield f"leaf {visible(str(found['leaf']))}"
    yield from _indented(found["record"], 0)
    if "payload" in found:
        yield "payload"
        yield from _indented(found["payload"], 2)


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


# --------------------------------------------------------------------------------------------------------- export


@command.command(
    "export",
    short_help="Write the records of LOG for other programs.",
    epilog=ending(
        [
            "tenet audit export decisions.db > decisions.jsonl",
            "tenet audit export decisions.db --format tiles -o public/log",
            "tenet audit export decisions.db --format ocsf -o decisions.ocsf.jsonl",
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
    type=click.Choice(("jsonl", "tiles", "ocsf", "cloudevents", "otel")),
    default="jsonl",
    show_default=True,
    help="JSON lines or the files of a transparency log (C2SP tlog-tiles), to be verified; or events for another system.",
)
@click.option("--payloads", is_flag=True, help="With what the callers sent, which the records only digest.")
@click.option("-o", "output", type=ANYWHERE, metavar="FILE", help="Write to this file; of tiles, to this new folder.")
def export(log: Path, style: str, payloads: bool, output: Path | None) -> int:
    """Write the records of LOG in a form that can be verified like the log itself, by `tenet audit verify` and by others.

    Each JSON line holds a record as the text that was hashed, so that any language can check the chain. Tiles are what
    public transparency logs serve: the records up to the newest signed checkpoint, their tree, and the checkpoint.

    OCSF, CloudEvents and OpenTelemetry (OTLP) are copies for a SIEM or a search engine, one JSON object on each line. They
    can't be verified; each says where its record stands in the log.
    """
    if style == "tiles":
        return _export_tiles(log, output, payloads=payloads)
    lines = _lines_of(log, style, payloads=payloads)
    if output is None or str(output) == "-":
        for line in lines:
            say(line.decode())
        return statuses.FINE
    if output.exists() and log.exists() and output.samefile(log):
        raise click.UsageError("-o names the log itself, which is never written over; name another file")
    try:
        with output.open("wb") as opened, waiting("exporting"):
            opened.writelines(lines)
    except OSError as error:
        raise click.ClickException(f"`{output}` can't be written: {error.strerror}") from error
    return statuses.FINE


def _lines_of(log: Path, style: str, *, payloads: bool) -> Iterator[bytes]:
    from tenetlang.audit import export_jsonl

    if style == "jsonl":
        return export_jsonl(log, payloads=payloads)
    from tenetlang import __version__
    from tenetlang.audit.exports.events import EVENT_FORMATS, export_events

    if payloads:
        raise click.UsageError("events are copies of records; --payloads goes with JSON lines")
    return export_events(log, next(known for known in EVENT_FORMATS if known == style), __version__)


def _export_tiles(log: Path, folder: Path | None, *, payloads: bool) -> int:
    from tenetlang.audit import export_tiles
    from tenetlang.audit.source import count_records

    if folder is None or str(folder) == "-":
        raise click.UsageError("tiles are many files: name their folder with -o")
    if payloads:
        raise click.UsageError("tiles are for the public and hold records only; --payloads goes with JSON lines")
    with waiting("exporting"):
        checkpoint = export_tiles(log, folder)
        later = (count_records(log) or 0) - checkpoint.size
    if later > 0:
        remark(f"left out: {later:,} record{'' if later == 1 else 's'} after the newest checkpoint\n")
    return statuses.FINE
