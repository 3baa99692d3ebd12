"""From the options of `tenet review` to an inbox: the log, who the people are, the keys of what is sealed, and who answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from tenetlang.cli.audit_payloads import opened_keyring
from tenetlang.cli.options import ANYWHERE

if TYPE_CHECKING:
    from tenetlang.audit.writer import Writer
    from tenetlang.inbox.inbox import Inbox, Kept
    from tenetlang.review.configuration import ReviewSettings

TOKEN = "TENET_REVIEW_TOKEN"  # noqa: S105  # the name of a variable

LOG = click.argument("log", type=ANYWHERE)
TASK = click.argument("task")
TOKEN_FILE = click.option(
    "--token-file",
    type=ANYWHERE,
    metavar="FILE",
    help=f"A file with your token, if it is not in {TOKEN}; on a terminal you are asked for it.",
)
CONFIGURED_BY = click.option(
    "--config",
    type=ANYWHERE,
    metavar="DIR",
    default=Path(),
    help="A folder in or under which `tenet.toml` says who the people are; the current one if nothing is said.",
)

_LONGEST_TOKEN = 1000


@attrs.frozen
class Opened:
    """The inbox of a log, who writes there, and what is configured."""

    inbox: Inbox
    writer: Writer
    settings: ReviewSettings


@contextmanager
def opened_inbox(
    log: Path, config: Path, payload_keys: Path | None = None, payload_master: Path | None = None
) -> Iterator[Opened]:
    """The inbox of a log that exists. Raises `AuditError` and `ConfigurationError`."""
    from tenetlang.audit import Log
    from tenetlang.audit.payloads.sealer import Sealer
    from tenetlang.audit.writer import Writer
    from tenetlang.inbox.inbox import Inbox
    from tenetlang.project.configuration import find_configuration
    from tenetlang.project.reviewing import review_settings
    from tenetlang.review.desk import Desk

    settings = review_settings(find_configuration(config), os.environ)
    with (
        opened_keyring(payload_keys, payload_master) as keyring,
        Writer(Log.open(log, create=False), marked=False) as writer,
    ):
        sealer = None if keyring is None else Sealer(keyring)
        inbox = Inbox(writer, Desk(settings.directory, rules=settings.rules, sealer=sealer))
        yield Opened(inbox, writer, settings)


def found_task(inbox: Inbox, beginning: str) -> Kept:
    """The task that is meant by an identifier, or by the beginning of one. Raises `click.ClickException`."""
    wanted = beginning.upper()
    known = inbox.look(wanted)
    if known is not None:
        return known
    alike = [kept for kept in (*inbox.waiting(), *inbox.finished()) if kept.task.identifier.startswith(wanted)]
    if len(alike) == 1 and wanted:
        return alike[0]
    if alike:
        raise click.ClickException(f"{len(alike)} tasks begin with `{beginning:.40}`; write more of the identifier")
    raise click.ClickException(f"there is no task `{beginning:.40}`; `tenet review list` shows what waits")


def who_answers(inbox: Inbox, file: Path | None) -> str:
    """The person whose token is given. Raises `click.ClickException`."""
    token = inbox.who_has(_token(file).strip())
    if token is None:
        raise click.ClickException("this is no token, or it was revoked; `tenet review token add` makes one")
    return token.who


def _token(file: Path | None) -> str:
    if file is not None:
        try:
            with file.open("rb") as opened:
                return opened.read(_LONGEST_TOKEN).decode("ascii", "replace")
        except OSError as error:
            raise click.ClickException(f"`{file}` can't be read: {error.strerror}") from error
    given = os.environ.get(TOKEN)
    if given:
        return given
    if not sys.stdin.isatty():
        raise click.UsageError(f"an answer needs your token: put it into {TOKEN}, or name its file with --token-file")
    answer: str = click.prompt("your token", hide_input=True, err=True)
    return answer
