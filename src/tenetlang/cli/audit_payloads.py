"""`tenet audit keyring` and `erase`: what callers sent, under keys that can be destroyed."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, FORMAT
from tenetlang.cli.output import remark, say, say_json, waiting

if TYPE_CHECKING:
    from tenetlang.audit.payloads.erasing import Erased, Which
    from tenetlang.audit.payloads.keyring import Keyring

SEALED_WITH = click.option(
    "--payload-keys",
    type=ANYWHERE,
    metavar="KEYS",
    help="Seal what callers sent with these keys, which `tenet audit keyring` made.",
)
OPENED_WITH = click.option(
    "--payload-keys", type=ANYWHERE, metavar="KEYS", help="Open what was sealed, with the keys it was sealed with."
)
PAYLOAD_MASTER = click.option(
    "--payload-master",
    type=ANYWHERE,
    metavar="FILE",
    envvar="TENET_PAYLOAD_MASTER",
    help="The master key of KEYS, if it is not in KEYS.master; or TENET_PAYLOAD_MASTER.",
)


@contextmanager
def opened_keyring(keys: Path | None, master: Path | None) -> Iterator[Keyring | None]:
    """The keyring that the options name; None without them."""
    if keys is None:
        yield None
        return
    from tenetlang.audit.payloads.keyring import open_keyring

    with open_keyring(keys, master) as opened:
        yield opened


@click.command(
    "keyring",
    cls=Command,
    short_help="Make the keys that seal what callers sent.",
    epilog=ending(
        [
            "tenet audit keyring payload.keys",
            "tenet audit keyring payload.keys --payload-master /safe/master --subjects session",
        ],
        [(0, "made")],
    ),
)
@click.argument("keys", type=ANYWHERE)
@click.option(
    "--subjects",
    type=click.Choice(("user", "session")),
    default="user",
    show_default=True,
    help="Whose each key is, and so who can be erased: a request's user or its session.",
)
@PAYLOAD_MASTER
def keyring(keys: Path, subjects: str, payload_master: Path | None) -> int:
    """Make a file of KEYS, empty as yet, and the master key that opens it, both for their owner alone.

    `tenet eval --log LOG --payload-keys KEYS` seals what callers sent with a key for each person. To destroy such a key
    (`tenet audit erase --subject`) erases the person in all copies of the log. So keep no copies of KEYS for longer than
    you may know the people in it, and keep the master key where no copy of KEYS is.
    """
    from tenetlang.audit.payloads.keyring import create_keyring

    create_keyring(keys, payload_master, "user" if subjects == "user" else "session")
    remark(f"`{keys}` takes the keys; `{payload_master or f'{keys}.master'}` opens them and is secret\n")
    return statuses.FINE


@click.command(
    "erase",
    cls=Command,
    short_help="Erase what callers sent, with a record of it.",
    epilog=ending(
        [
            'tenet audit erase decisions.db 17 01KAPJ4ZM0ZZZZZZZZZZZZZZZZ --because "a card number"',
            'tenet audit erase decisions.db --subject u7 --payload-keys payload.keys --because "request 812"',
            'tenet audit erase decisions.db --older-than 90d --because "retention"',
        ],
        [
            (0, "erased, and recorded"),
            (1, "erased, but somebody reads the file, so traces are left in it; run it again later"),
            (5, "there was nothing to erase, so nothing was recorded"),
        ],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.argument("records", metavar="[INDEX|ID]...", nargs=-1)
@click.option("--subject", metavar="ID", help="Everything of this user (or session, if the keys are of sessions).")
@click.option("--before", metavar="INDEX", type=click.IntRange(min=0), help="Everything below this index.")
@click.option(
    "--older-than", metavar="DURATION", help="Everything before the first record that is not older, as in 90d."
)
@click.option("--because", metavar="TEXT", required=True, help="Why; it is recorded as it is.")
@click.option("--by", metavar="NAME", help="Who did it; else the name of the one who is logged in.")
@click.option(
    "--payload-keys", type=ANYWHERE, metavar="KEYS", help="The keys it was sealed with; the subject's is destroyed."
)
@PAYLOAD_MASTER
@FORMAT
def erase(
    log: Path,
    records: tuple[str, ...],
    *,
    subject: str | None,
    before: int | None,
    older_than: str | None,
    because: str,
    by: str | None,
    payload_keys: Path | None,
    payload_master: Path | None,
    style: str,
) -> int:
    """Erase payloads of LOG: of some records, of a person, or all that are older. Records are never erased, and LOG still
    verifies: `tenet audit verify` tells what was erased with a record of it from what is missing without one.

    What is in the records themselves stays, short identifiers of people among it; what is in copies of LOG stays as well,
    unless it was sealed and the key is destroyed. docs/privacy.md says what is left where.
    """
    from tenetlang.audit.payloads.erasing import erase as erase_payloads

    which = _which(records, subject, before, older_than)
    with opened_keyring(payload_keys, payload_master) as keys, waiting("erasing"):
        done = erase_payloads(log, which, by=by or _own_name(), because=because, keyring=keys)
    if style == "json":
        say_json(
            {
                "index": None if done.record is None else done.record.index,
                "payloads": done.payloads,
                "keys": done.destroyed,
                "traces": done.traces,
            }
        )
    else:
        say(f"{_sentence(done)}\n")
    if done.traces:
        remark(
            "somebody reads the file, so traces of what was erased are still beside it; run this again once they are done\n"
        )
        return statuses.FOUND
    return statuses.NOTHING if done.record is None and not done.destroyed else statuses.FINE


def _sentence(done: Erased) -> str:
    if done.record is None and not done.destroyed:
        return "there was nothing to erase"
    keys = f" and {done.destroyed:,} key{'s'[: done.destroyed != 1]}" if done.destroyed else ""
    recorded = "" if done.record is None else f"; recorded as {done.record.index}"
    return f"erased {done.payloads:,} payload{'s'[: done.payloads != 1]}{keys}{recorded}"


def _which(records: tuple[str, ...], subject: str | None, before: int | None, older_than: str | None) -> Which:
    from tenetlang.audit.payloads.erasing import Before, OfSubject, OlderThan, TheseRecords

    if [bool(records), subject is not None, before is not None, older_than is not None].count(True) != 1:
        raise click.UsageError(
            "say what is erased: records by INDEX or ID, --subject, --before or --older-than, one of them"
        )
    if subject is not None:
        return OfSubject(subject)
    if before is not None:
        return Before(before)
    if older_than is not None:
        return OlderThan(time.time_ns() - _duration(older_than))
    return TheseRecords(records)


def _duration(text: str) -> int:
    from tenetlang.values.faults import ValueFault
    from tenetlang.values.times import parse_duration

    try:
        duration = int(parse_duration(text))
    except ValueFault as fault:
        raise click.BadParameter(fault.detail, param_hint="--older-than") from fault
    if duration < 0:
        raise click.BadParameter(f"{text} is in the future", param_hint="--older-than")
    return duration


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user: a container's process, for one
        return "unknown"
