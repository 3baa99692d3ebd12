"""`tenet review`: what waits for people, and their answers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from tenetlang.cli import review_serve, review_tokens, statuses
from tenetlang.cli.audit_payloads import OPENED_WITH, PAYLOAD_MASTER
from tenetlang.cli.commands import Group
from tenetlang.cli.help import ending
from tenetlang.cli.options import FORMAT
from tenetlang.cli.output import complain, remark, say, say_json
from tenetlang.cli.review_open import (
    CONFIGURED_BY,
    LOG,
    TASK,
    TOKEN,
    TOKEN_FILE,
    found_task,
    opened_inbox,
    who_answers,
)
from tenetlang.cli.review_text import REFUSED, described, listed, now_it_is
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.inbox.inbox import Inbox, Kept
    from tenetlang.review.desk import Answered
    from tenetlang.review.tasks import Choice

HOW = "command"
"""The way by which an answer came, in its record."""

ID = "01KB0K4QWRD3V0Q2W0V4R0Y0ZC"

COMMENT = click.option("--comment", metavar="TEXT", help="Why; its digest is in the log, and its text beside it.")

Act: TypeAlias = "Callable[[Inbox, Kept, str], Answered]"
"""What a person does about a task."""


def _ending(example: str) -> str:
    statuses_of = [(0, "done, and recorded"), (1, "refused, and it says why"), (2, "there is no such task or token")]
    return ending([example], statuses_of)


@click.group("review", cls=Group)
def command() -> None:
    """Show the escalations that wait in a log, and answer them.

    \b
    tenet review list decisions.db
    tenet review show decisions.db 01KB0K4Q
    tenet review serve decisions.db
    """  # noqa: D301  # the backspace is what Click wants


command.add_command(review_tokens.token)
command.add_command(review_serve.serve)


@command.command(
    "list",
    short_help="List what waits.",
    epilog=ending(
        ["tenet review list decisions.db", "tenet review list decisions.db --done --format json"],
        [(0, "listed"), (5, "nothing waits")],
    ),
)
@LOG
@click.option("--done", is_flag=True, help="What is over, the latest first, instead of what waits.")
@click.option("--for", "who", metavar="NAME", help="Only what waits for this person.")
@CONFIGURED_BY
@OPENED_WITH
@PAYLOAD_MASTER
@FORMAT
def list_tasks(
    log: Path,
    *,
    done: bool,
    who: str | None,
    config: Path,
    payload_keys: Path | None,
    payload_master: Path | None,
    style: str,
) -> int:
    """List the escalations in LOG that wait for an answer, the most urgent first.

    Whoever may write LOG may read this, so it asks for no token, and nothing counts as seen by it.
    """
    if done and who is not None:
        raise click.UsageError("`--for` is about what waits, and `--done` about what is over")
    with opened_inbox(log, config, payload_keys, payload_master) as opened:
        inbox = opened.inbox
        tasks = inbox.finished() if done else inbox.waiting(who)
        if style == "json":
            from tenetlang.inbox.shown import shown

            say_json({"tasks": [shown(kept) for kept in tasks]})
        elif tasks:
            say("".join(f"{line}\n" for line in listed(tasks)))
        else:
            remark("nothing is over\n" if done else "nothing waits\n")
    return statuses.FINE if tasks else statuses.NOTHING


@command.command(
    "show",
    short_help="Show one escalation, and what led to it.",
    epilog=ending([f"tenet review show decisions.db {ID}"], [(0, "shown"), (2, "there is no such task")]),
)
@LOG
@TASK
@CONFIGURED_BY
@OPENED_WITH
@PAYLOAD_MASTER
@FORMAT
def show(log: Path, task: str, config: Path, payload_keys: Path | None, payload_master: Path | None, style: str) -> int:
    """Show the TASK in LOG: the call, why people are asked, what the agent did before, who has answered.

    TASK is its identifier, or the beginning of one that no other begins with. If TENET_REVIEW_TOKEN has a token, its owner
    has *seen* the task by this.
    """
    from tenetlang.inbox.shown import shown

    with opened_inbox(log, config, payload_keys, payload_master) as opened:
        inbox = opened.inbox
        kept = found_task(inbox, task)
        who = None
        if os.environ.get(TOKEN):
            who = who_answers(inbox, None)
            inbox.seen(kept.task.identifier, who, HOW)
            kept = inbox.look(kept.task.identifier) or kept
        if style == "json":
            say_json(shown(kept, who, inbox.desk.directory))
        else:
            say("".join(f"{line}\n" for line in described(kept)))
    return statuses.FINE


# ----------------------------------------------------------------------------------------------------------- answers


@command.command(
    "approve",
    short_help="Approve a call.",
    epilog=_ending(f'tenet review approve decisions.db {ID} --comment "spoke to her"'),
)
@LOG
@TASK
@COMMENT
@TOKEN_FILE
@CONFIGURED_BY
@OPENED_WITH
@PAYLOAD_MASTER
@FORMAT
def approve(
    log: Path,
    task: str,
    comment: str | None,
    token_file: Path | None,
    config: Path,
    payload_keys: Path | None,
    payload_master: Path | None,
    style: str,
) -> int:
    """Approve the call of TASK in LOG, as the person to whom your token belongs.

    It counts for exactly this call under this policy, and is used once. `tenet review show` shows what you approve.
    """
    with opened_inbox(log, config, payload_keys, payload_master) as opened:
        return _done(opened.inbox, task, token_file, style, _voting("approve", comment))


@command.command(
    "deny", short_help="Deny a call.", epilog=_ending(f'tenet review deny decisions.db {ID} --comment "wrong customer"')
)
@LOG
@TASK
@COMMENT
@TOKEN_FILE
@CONFIGURED_BY
@OPENED_WITH
@PAYLOAD_MASTER
@FORMAT
def deny(
    log: Path,
    task: str,
    comment: str | None,
    token_file: Path | None,
    config: Path,
    payload_keys: Path | None,
    payload_master: Path | None,
    style: str,
) -> int:
    """Deny the call of TASK in LOG, as the person to whom your token belongs. One denial is enough."""
    with opened_inbox(log, config, payload_keys, payload_master) as opened:
        return _done(opened.inbox, task, token_file, style, _voting("deny", comment))


@command.command(
    "claim", short_help="Say that you look after it.", epilog=_ending(f"tenet review claim decisions.db {ID}")
)
@LOG
@TASK
@TOKEN_FILE
@CONFIGURED_BY
@FORMAT
def claim(log: Path, task: str, token_file: Path | None, config: Path, style: str) -> int:
    """Say that you look after the TASK in LOG, for the next ten minutes."""
    with opened_inbox(log, config) as opened:
        return _done(
            opened.inbox, task, token_file, style, lambda inbox, kept, who: inbox.claim(kept.task.identifier, who, HOW)
        )


@command.command("release", short_help="Give it back.", epilog=_ending(f"tenet review release decisions.db {ID}"))
@LOG
@TASK
@TOKEN_FILE
@CONFIGURED_BY
@FORMAT
def release(log: Path, task: str, token_file: Path | None, config: Path, style: str) -> int:
    """Look after the TASK in LOG no longer, or take back what you have handed on."""
    with opened_inbox(log, config) as opened:
        return _done(
            opened.inbox,
            task,
            token_file,
            style,
            lambda inbox, kept, who: inbox.release(kept.task.identifier, who, HOW),
        )


@command.command(
    "delegate", short_help="Hand it to somebody else.", epilog=_ending(f"tenet review delegate decisions.db {ID} grace")
)
@LOG
@TASK
@click.argument("to", metavar="NAME")
@TOKEN_FILE
@CONFIGURED_BY
@FORMAT
def delegate(log: Path, task: str, to: str, token_file: Path | None, config: Path, style: str) -> int:
    """Hand the TASK in LOG to somebody else who is asked, or whom the configuration lets stand in for you."""
    with opened_inbox(log, config) as opened:
        inbox = opened.inbox
        return _done(
            inbox, task, token_file, style, lambda inbox, kept, who: inbox.delegate(kept.task.identifier, who, HOW, to)
        )


def _voting(choice: Choice, comment: str | None) -> Act:
    def vote(inbox: Inbox, kept: Kept, who: str) -> Answered:
        return inbox.vote(kept.task.identifier, who, HOW, choice, kept.task.binding, comment)

    return vote


def _done(inbox: Inbox, beginning: str, token_file: Path | None, style: str, act: Act) -> int:
    """Does it as the person whose token is given, and says what came of it."""
    from tenetlang.inbox.shown import shown

    who = who_answers(inbox, token_file)
    kept = found_task(inbox, beginning)
    answered = act(inbox, kept, who)
    after = inbox.look(kept.task.identifier) or kept
    if style == "json":
        say_json({"refused": answered.refused, **shown(after, who, inbox.desk.directory)})
    elif answered.refused is None:
        say(f"{now_it_is(after)}\n")
    if answered.refused is None:
        return statuses.FINE
    complain(f"{visible(who)}: {REFUSED[answered.refused]}")
    return statuses.FOUND
