"""`tenet audit keyring` and `erase`: what callers sent, under keys that can be destroyed."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_beside import Beside, erase_beside
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
            "tenet audit keyring payload.keys --new-master",
        ],
        [(0, "made, or changed"), (1, "changed, but somebody reads the file, so traces are left beside it")],
    ),
)
@click.argument("keys", type=ANYWHERE)
@click.option(
    "--subjects",
    type=click.Choice(("user", "session")),
    help="Whose each key is, and so who can be erased: a request's user, by default, or its session.",
)
@click.option("--new-master", is_flag=True, help="Put a new master key in place of the one of these KEYS.")
@PAYLOAD_MASTER
def keyring(keys: Path, subjects: str | None, *, new_master: bool, payload_master: Path | None) -> int:
    """Make a file of KEYS, empty as yet, and the master key that opens it, both for their owner alone.

    `tenet eval --log LOG --payload-keys KEYS` seals what callers sent with a key for each person. To destroy such a key
    (`tenet audit erase --subject`) erases the person in all copies of the log. So keep no copies of KEYS for longer than
    you may know the people in it, and keep the master key where no copy of KEYS is.

    --new-master wraps all keys of KEYS anew under another master key and overwrites the old one, with which all copies of KEYS
    from before are worth nothing. Programs that have KEYS open go on, and an interruption loses nothing.
    """
    from tenetlang.audit.payloads.keyring import create_keyring

    if new_master:
        if subjects is not None:
            raise click.UsageError("whose each key is was said when KEYS were made, and --subjects can't change it")
        return _change_master(keys, payload_master)
    create_keyring(keys, payload_master, "session" if subjects == "session" else "user")
    remark(f"`{keys}` takes the keys; `{payload_master or f'{keys}.master'}` opens them and is secret\n")
    return statuses.FINE


def _change_master(keys: Path, payload_master: Path | None) -> int:
    with opened_keyring(keys, payload_master) as opened, waiting("wrapping"):
        assert opened is not None
        count, emptied = opened.change_master()
        file = opened.master_file
    remark(
        f"`{file}` is a new master key, and opens {count:,} key{'s'[: count != 1]}; copies of `{keys}` open no more\n"
    )
    if not emptied:
        remark("somebody reads the file, so what the old master key opened is still beside it until they are done\n")
    return statuses.FINE if emptied else statuses.FOUND


@click.command(
    "erase",
    cls=Command,
    short_help="Erase what callers sent, with a record of it.",
    epilog=ending(
        [
            'tenet audit erase decisions.db 17 01KAPJ4ZM0ZZZZZZZZZZZZZZZZ --because "a card number"',
            'tenet audit erase decisions.db --subject u7 --payload-keys payload.keys --because "request 812"',
            'tenet audit erase decisions.db --older-than 90d --because "the audit is over" --dry-run',
            "tenet audit erase decisions.db --retention",
        ],
        [
            (0, "erased, and recorded"),
            (1, "erased, but traces are left: somebody reads the file, or it is on a server"),
            (5, "there was nothing to erase, so nothing was recorded; 0 with --retention"),
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
@click.option(
    "--retention", is_flag=True, help="Everything older than `retention` in the table `[audit]` of tenet.toml."
)
@click.option(
    "--policy",
    type=ANYWHERE,
    metavar="PATH",
    help="With --retention: look for tenet.toml upward from here, not from LOG (or from the current folder for a server).",
)
@click.option("--because", metavar="TEXT", help="Why; it is recorded as it is. Not needed with --retention.")
@click.option("--by", metavar="NAME", help="Who did it; else the name of the one who is logged in.")
@click.option(
    "--payload-keys", type=ANYWHERE, metavar="KEYS", help="The keys it was sealed with; the subject's is destroyed."
)
@PAYLOAD_MASTER
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and change nothing.")
@FORMAT
def erase(
    log: Path,
    records: tuple[str, ...],
    *,
    subject: str | None,
    before: int | None,
    older_than: str | None,
    retention: bool,
    policy: Path | None,
    because: str | None,
    by: str | None,
    payload_keys: Path | None,
    payload_master: Path | None,
    dry_run: bool,
    style: str,
) -> int:
    """Erase payloads of LOG: of some records, of a person, or all that are older. Records are never erased, and LOG still
    verifies: `tenet audit verify` tells what was erased with a record of it from what is missing without one.

    --subject takes what followed from that person's decisions with it: what calls gave, what reviewers wrote. --retention is for
    a schedule, such as a daily line of cron: it erases what is due by the configuration, and is content if nothing is.

    What is in the records themselves stays, short identifiers of people among it; what is in copies of LOG stays as well,
    unless it was sealed and the key is destroyed. docs/privacy.md says what is left where.
    """
    from tenetlang.audit.payloads.erasing import erase as erase_payloads
    from tenetlang.audit.payloads.erasing import would_erase
    from tenetlang.audit.stores.addresses import is_address

    if policy is not None and not retention:
        raise click.UsageError("--policy says where the configuration is, so it goes with --retention")
    kept = _configured_retention(policy or (Path() if is_address(log) else log)) if retention else None
    which = _which(records, subject, before, older_than, kept)
    because = because or (None if kept is None else f"retention of {kept}")
    if because is None and not dry_run:
        raise click.UsageError("say why with --because; it is recorded")
    beside = Beside()
    with opened_keyring(payload_keys, payload_master) as keys, waiting("erasing"):
        if dry_run:
            done = would_erase(log, which, keys)
        else:
            if subject is not None:
                would_erase(log, which, keys)  # where that is refused nothing is erased
                beside = erase_beside(log, subject, keys)
            done = erase_payloads(log, which, by=by or _own_name(), because=str(because), keyring=keys)
    nothing = not (done.payloads or done.destroyed or beside.requests or beside.calls)
    if style == "json":
        say_json(
            {
                "index": None if done.record is None else done.record.index,
                "payloads": done.payloads,
                "keys": done.destroyed,
                "traces": done.traces,
                "dry_run": dry_run,
                "beside": {"requests": beside.requests, "calls": beside.calls, "unreached": beside.unreached},
            }
        )
    else:
        say(f"{_sentence(done, dry_run=dry_run)}\n")
        say(_beside_sentence(beside))
    if beside.unreached:
        have = "session of this person has a name" if beside.unreached == 1 else "sessions of this person have names"
        remark(
            f"{beside.unreached:,} {have} too long for a record, so what a ledger keeps there was not found; erase it by the "
            "name, with `tenet ledger forget`\n"
        )
    if done.traces:
        remark(_TRACES_ON_A_SERVER if is_address(log) else _TRACES_IN_A_FILE)
        return statuses.FOUND
    return statuses.NOTHING if nothing and not retention else statuses.FINE


_TRACES_IN_A_FILE = (
    "somebody reads the file, so traces of what was erased are still beside it; run this again once they are done\n"
)
_TRACES_ON_A_SERVER = (
    "the server keeps what was erased in its files until `VACUUM FULL` rewrites them, and in its journal, standbys and backups "
    "for as long as it keeps these\n"
)


def _sentence(done: Erased, *, dry_run: bool) -> str:
    if not done.payloads and not done.destroyed:
        return "there is nothing to erase" if dry_run else "there was nothing to erase"
    keys = f" and {done.destroyed:,} key{'s'[: done.destroyed != 1]}" if done.destroyed else ""
    recorded = "" if done.record is None else f"; recorded as {done.record.index}"
    verb = "would erase" if dry_run else "erased"
    return f"{verb} {done.payloads:,} payload{'s'[: done.payloads != 1]}{keys}{recorded}"


def _beside_sentence(beside: Beside) -> str:
    parts = []
    if beside.requests:
        parts.append(f"{beside.requests:,} request{'s'[: beside.requests != 1]} that reviewers were to see")
    if beside.calls:
        parts.append(f"the arguments of {beside.calls:,} earlier call{'s'[: beside.calls != 1]}")
    return f"erased beside the records: {' and '.join(parts)}\n" if parts else ""


def _configured_retention(path: Path) -> str:
    """What the configuration nearest to a path says. Raises `ConfigurationError`, and a usage error where it says nothing."""
    from tenetlang.project.configuration import find_configuration, shown_path, with_environment

    found = with_environment(find_configuration(path), os.environ)
    if found.retention is None:
        where = "there is no tenet.toml" if found.file is None else f"{shown_path(found.file)} says none"
        raise click.UsageError(
            f'for how long payloads are kept is not configured: {where}; write `retention = "90d"` below `[audit]`'
        )
    return found.retention


def _which(
    records: tuple[str, ...], subject: str | None, before: int | None, older_than: str | None, retention: str | None
) -> Which:
    from tenetlang.audit.payloads.erasing import Before, OfSubject, OlderThan, TheseRecords

    given = [bool(records), *(option is not None for option in (subject, before, older_than, retention))]
    if given.count(True) != 1:
        raise click.UsageError(
            "say what is erased: records by INDEX or ID, --subject, --before, --older-than or --retention, one of them"
        )
    if subject is not None:
        return OfSubject(subject)
    if before is not None:
        return Before(before)
    age = older_than or retention
    if age is not None:
        return OlderThan(time.time_ns() - _duration(age))
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
