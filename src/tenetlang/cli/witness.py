"""`tenet witness`: to be a witness of other people's logs."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Group
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE
from tenetlang.cli.output import remark, say
from tenetlang.cli.stopping import until_stopped
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.audit.witness.answers import Answer


@click.group("witness", cls=Group)
def command() -> None:
    """Be a witness: cosign logs of others as long as they only grow (C2SP tlog-witness).

    \b
    tenet witness keygen witness.key --name witness.example/w1
    tenet witness serve --key witness.key --state witness.db --create --log refunds.pub
    """  # noqa: D301  # the backspace is what Click wants


@command.command(
    "keygen",
    short_help="Make a key that cosigns.",
    epilog=ending(
        ["tenet witness keygen witness.key --name witness.example/w1"], [(0, "made, and its public half printed")]
    ),
)
@click.argument("file", type=ANYWHERE)
@click.option("--name", metavar="NAME", help="What the witness is called; best an address of yours that is unique.")
@click.option("--post-quantum", is_flag=True, help="Cosign by ML-DSA-44 in place of Ed25519.")
def keygen(file: Path, name: str | None, post_quantum: bool) -> int:
    """Make a key that cosigns: FILE, for its owner alone, and FILE.pub, which verifies and is printed."""
    from tenetlang.audit.checkpoints.key_files import create_witness_key

    named = name or f"{file.stem}-{secrets.token_hex(4)}"
    say(f"{create_witness_key(file, named, post_quantum=post_quantum)}\n")
    remark(f"`{file}` cosigns and is secret; `{file}.pub` verifies\n")
    return statuses.FINE


@command.command(
    "serve",
    short_help="Answer logs that ask to be cosigned.",
    epilog=ending(
        [
            "tenet witness serve --key witness.key --state witness.db --create --log refunds.pub",
            "tenet witness serve --key witness.key --state witness.db --log refunds.pub --log orders.pub",
        ],
        [(0, "it was stopped")],
    ),
)
@click.option("--key", "key_file", type=ANYWHERE, metavar="FILE", required=True, help="The key that cosigns.")
@click.option(
    "--state",
    "state_file",
    type=ANYWHERE,
    metavar="FILE",
    required=True,
    help="What was cosigned so far. Never lose it.",
)
@click.option(
    "--log",
    "logs",
    metavar="VERIFIER",
    multiple=True,
    required=True,
    help="A log that is cosigned, by its key or a file that holds it; may be repeated.",
)
@click.option("--create", is_flag=True, help="Make the state; only for a key that has cosigned nothing.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8420, show_default=True, help="The port; 0 takes a free one."
)
def serve(key_file: Path, state_file: Path, logs: Sequence[str], create: bool, host: str, port: int) -> int:
    """Answer logs that ask to be cosigned, until it is interrupted.

    A checkpoint is cosigned if a key of its log signed it and the log was proven to have only grown since the last one. Each answer
    is a line on standard error; a line with CONTRADICTS is worth a call to the one who has the log. There is no TLS here: put
    a server in front that has it.
    """
    from tenetlang.audit import load_verifier_key
    from tenetlang.audit.checkpoints.key_files import load_witness_key
    from tenetlang.audit.witness.answers import add_checkpoint, logs_of
    from tenetlang.audit.witness.state import close_state, open_state

    key = load_witness_key(key_file)
    known = logs_of([load_verifier_key(log) for log in dict.fromkeys(logs)])
    state = open_state(state_file, create=create)
    try:
        asyncio.run(_until_stopped(lambda request: add_checkpoint(request, known, key, state, time.time), host, port))
    except OSError as error:
        raise click.ClickException(f"can't listen at {host}, port {port}: {error.strerror or error}") from error
    finally:
        close_state(state)
    return statuses.FINE


async def _until_stopped(judge: Callable[[bytes], Answer], host: str, port: int) -> None:
    from tenetlang.audit.witness.serving import LIMITS, responding
    from tenetlang.serving import serve as answer

    def ready(taken: int) -> None:
        remark(f"witness at http://{f'[{host}]' if ':' in host else host}:{taken}/\n")

    await until_stopped(
        answer(responding(judge, lambda line: remark(visible(line) + "\n")), host, port, ready=ready, limits=LIMITS)
    )
