"""`tenet audit keygen` and `checkpoint`: keys, and what they sign of a log."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE
from tenetlang.cli.output import remark, say, waiting

KEY = click.option(
    "--key",
    "keys",
    metavar="VERIFIER",
    multiple=True,
    help="The key by which the log is signed, or a file that holds it; may be repeated.",
)
KEPT = click.option(
    "--checkpoint",
    "kept",
    type=ANYWHERE,
    metavar="NOTE",
    multiple=True,
    help="A file with a checkpoint that was kept elsewhere; may be repeated.",
)
_MAX_FILE = 1024 * 1024


def read_file(file: Path) -> bytes:
    """The content of a file with a note or a proof; of one that is too long, as much as shows that."""
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(_MAX_FILE)
        with file.open("rb") as opened:
            return opened.read(_MAX_FILE)
    except OSError as error:
        raise click.ClickException(f"`{file}` can't be read: {error.strerror}") from error


@click.command(
    "keygen",
    cls=Command,
    short_help="Make a key that signs a log.",
    epilog=ending(
        ["tenet audit keygen log.key --name example.com/refunds"], [(0, "made, and its public half printed")]
    ),
)
@click.argument("file", type=ANYWHERE)
@click.option(
    "--name", metavar="NAME", help="What the log is called in its checkpoints; best an address of yours that is unique."
)
@click.option("--post-quantum", is_flag=True, help="Sign by ML-DSA-44 as well; whoever verifies demands both.")
def keygen(file: Path, name: str | None, post_quantum: bool) -> int:
    """Make a key that signs a log: FILE, for its owner alone, and FILE.pub, which verifies and is printed.

    Use a key for one log only, and give FILE.pub to whoever shall verify, before there is anything to hide.
    """
    from tenetlang.audit import create_key

    say(f"{create_key(file, name or f'{file.stem}-{secrets.token_hex(4)}', post_quantum=post_quantum)}\n")
    remark(f"`{file}` signs and is secret; `{file}.pub` verifies\n")
    return statuses.FINE


@click.command(
    "checkpoint",
    cls=Command,
    short_help="Print the newest signed checkpoint of LOG.",
    epilog=ending(
        [
            "tenet audit checkpoint decisions.db > kept.note",
            "tenet audit checkpoint decisions.db --log-key log.key > kept.note",
        ],
        [(0, "printed"), (1, "the log is not what its last checkpoint says"), (5, "the log was never signed")],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.option(
    "--log-key",
    type=ANYWHERE,
    metavar="FILE",
    envvar="TENET_LOG_KEY",
    help="Sign the log as it is now, even if it did not grow; or TENET_LOG_KEY.",
)
def checkpoint(log: Path, log_key: Path | None) -> int:
    """Print the newest signed checkpoint of LOG, to be kept where whoever writes the log can't reach it.

    `tenet audit verify --checkpoint` then finds whatever was done to the records before it, even by one who has the key. With
    --log-key a log that did not grow is signed again, with the time, and `tenet audit verify --max-age` finds one that is not.
    """
    from tenetlang.audit import Log, load_signing_key, newest_checkpoint

    with waiting("signing"):
        if log_key is None:
            note = newest_checkpoint(log)
        else:
            key = load_signing_key(log_key)
            with Log.open(log, create=False) as opened:
                note = opened.sign(key, renew=True)
    say(note.decode())
    return statuses.FINE
