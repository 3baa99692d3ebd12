"""`tenet review token`: with what reviewers show who they are."""

from __future__ import annotations

from pathlib import Path

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Group
from tenetlang.cli.help import ending
from tenetlang.cli.options import FORMAT
from tenetlang.cli.output import remark, say, say_json
from tenetlang.cli.review_open import CONFIGURED_BY, LOG, opened_inbox
from tenetlang.report.visible import visible

ID = "01KB0K4QWRD3V0Q2W0V4R0Y0ZC"


@click.group("token", cls=Group, short_help="Give people the tokens with which they answer.")
def token() -> None:
    """Give people the tokens with which they answer, and take them back."""


@token.command(
    "add",
    short_help="Make a token for a person.",
    epilog=ending(["tenet review token add decisions.db ada"], [(0, "made; it is shown this once")]),
)
@LOG
@click.argument("name")
@CONFIGURED_BY
@FORMAT
def add(log: Path, name: str, config: Path, style: str) -> int:
    """Make a token with which NAME answers escalations in LOG, on the page and on the command line.

    NAME is what the policy calls this person. The token is shown this once; the log keeps a digest of it. Whoever has it
    answers as NAME, so hand it over as you would a password.
    """
    from tenetlang.audit.records.record import time_text

    with opened_inbox(log, config) as opened:
        inbox = opened.inbox
        try:
            made, text = inbox.add_token(name)
        except ValueError as mistake:
            raise click.ClickException(str(mistake)) from mistake
    if style == "json":
        say_json({"id": made.identifier, "who": made.who, "made": time_text(made.made_at), "token": text})
    else:
        say(f"{text}\n")
        remark(
            f"for {visible(made.who)}; it is not shown again. To revoke it: tenet review token revoke … {made.identifier}\n"
        )
    return statuses.FINE


@token.command(
    "list",
    short_help="List the tokens.",
    epilog=ending(["tenet review token list decisions.db"], [(0, "listed"), (5, "there are none")]),
)
@LOG
@CONFIGURED_BY
@FORMAT
def list_tokens(log: Path, config: Path, style: str) -> int:
    """List the tokens of LOG: whose they are, since when, and whether they were revoked. The tokens themselves nobody has."""
    from tenetlang.audit.records.record import time_text

    with opened_inbox(log, config) as opened:
        inbox = opened.inbox
        known = inbox.tokens()
    if style == "json":
        rows = [
            {
                "id": item.identifier,
                "who": item.who,
                "made": time_text(item.made_at),
                "revoked": None if item.revoked_at is None else time_text(item.revoked_at),
            }
            for item in known
        ]
        say_json({"tokens": rows})
    elif not known:
        remark("there are no tokens; `tenet review token add` makes one\n")
    for item in known if style != "json" else ():
        revoked = "" if item.revoked_at is None else f"  revoked {time_text(item.revoked_at)[:19]}Z"
        say(f"{item.identifier}  {time_text(item.made_at)[:19]}Z  {visible(item.who)}{revoked}\n")
    return statuses.FINE if known else statuses.NOTHING


@token.command(
    "revoke",
    short_help="Take a token back.",
    epilog=ending(
        [f"tenet review token revoke decisions.db {ID}"], [(0, "revoked"), (5, "there is no such good token")]
    ),
)
@LOG
@click.argument("identifier", metavar="ID")
@CONFIGURED_BY
def revoke(log: Path, identifier: str, config: Path) -> int:
    """Take back the token ID, which `tenet review token list` shows. Who is signed in with it is so no longer, at once."""
    with opened_inbox(log, config) as opened:
        inbox = opened.inbox
        revoked = inbox.revoke_token(identifier.upper())
    remark("revoked\n" if revoked else "there is no such token, or it was revoked already\n")
    return statuses.FINE if revoked else statuses.NOTHING
