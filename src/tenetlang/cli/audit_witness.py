"""`tenet audit witness`: has witnesses cosign a log."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_signatures import read_file
from tenetlang.cli.audit_text import time_of
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, FORMAT
from tenetlang.cli.output import painter, say, say_json, waiting
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.audit import Checkpoint
    from tenetlang.audit.checkpoints.cosignature import CosignerKey
    from tenetlang.audit.checkpoints.trust import Trust
    from tenetlang.audit.witness.client import Asked


@click.command(
    "witness",
    cls=Command,
    short_help="Have witnesses cosign the newest checkpoint of LOG.",
    epilog=ending(
        [
            "tenet audit witness decisions.db --to https://witness.example/ witness.pub",
            "tenet audit witness decisions.db --trust trust.policy --log-key log.key",
        ],
        [
            (0, "enough of them cosigned"),
            (1, "one has seen a log that contradicts this one, or too few cosigned"),
            (5, "the log was never signed"),
        ],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.option(
    "--to",
    "named",
    nargs=2,
    metavar="URL VERIFIER",
    multiple=True,
    help="A witness: its address, and its key or a file that holds it; may be repeated.",
)
@click.option("--trust", type=ANYWHERE, metavar="FILE", help="A file that names them (C2SP tlog-policy).")
@click.option(
    "--quorum", type=click.IntRange(min=1), metavar="K", help="So many are enough; else all must, or as --trust says."
)
@click.option(
    "--timeout", type=click.FloatRange(min=0.1, max=600), default=15, show_default=True, help="Seconds for each."
)
@click.option(
    "--log-key", type=ANYWHERE, metavar="FILE", envvar="TENET_LOG_KEY", help="Sign the log first; or TENET_LOG_KEY."
)
@FORMAT
def witness(
    log: Path,
    named: Sequence[tuple[str, str]],
    trust: Path | None,
    quorum: int | None,
    timeout: float,
    log_key: Path | None,
    style: str,
) -> int:
    """Have witnesses cosign the newest checkpoint of LOG, and store what they signed in it.

    A witness signs that it has seen the log grow and nothing else. `tenet audit verify --witness` then finds a log that was
    cut or rewritten by one who has all its keys. A witness that does not answer stops nothing.
    """
    from tenetlang.audit import Log, load_signing_key
    from tenetlang.audit.checkpoints.checkpoint import unchecked_checkpoint
    from tenetlang.audit.checkpoints.trust import witnessed
    from tenetlang.audit.witness.client import ask_witnesses

    witnesses, enough = _named(named, trust, quorum)
    with waiting("asking witnesses"):
        if log_key is not None:
            key = load_signing_key(log_key)
            with Log.open(log, create=False) as opened:
                opened.sign(key, renew=True)
        note, asked = ask_witnesses(log, witnesses, timeout)
    checkpoint = unchecked_checkpoint(note)
    fine = witnessed([note], enough).enough and all(each.outcome != "contradicts" for each in asked)
    if style == "json":
        say_json(_document(checkpoint, asked, fine=fine))
    else:
        say("".join(f"{line}\n" for line in _lines(checkpoint, asked)))
    return statuses.FINE if fine else statuses.FOUND


def _named(
    named: Sequence[tuple[str, str]], file: Path | None, quorum: int | None
) -> tuple[list[tuple[str, CosignerKey]], Trust]:
    """The witnesses with their addresses, and how many of them are enough."""
    from tenetlang.audit.checkpoints.key_files import load_cosigner_key
    from tenetlang.audit.checkpoints.trust import at_least, read_trust
    from tenetlang.audit.errors import UnusableTrust

    if (file is None) == (not named):
        raise click.UsageError("name the witnesses, by --to or in a file with --trust")
    if file is None:
        witnesses = [(url, load_cosigner_key(key)) for url, key in dict.fromkeys(named)]
        return witnesses, at_least([key for _, key in witnesses], quorum)
    if quorum is not None:
        raise click.UsageError("the file says how many are enough, so --quorum goes with --to")
    try:
        trust = read_trust(read_file(file))
    except UnusableTrust as mistake:
        raise click.ClickException(f"`{file}` says not whom to trust: {mistake}") from mistake
    witnesses = [(each.url, each.key) for each in trust.witnesses if each.url is not None]
    if not witnesses:
        raise click.ClickException(f"`{file}` names no witness with its address")
    return witnesses, trust


def _document(checkpoint: Checkpoint, asked: Sequence[Asked], *, fine: bool) -> dict[str, object]:
    return {
        "ok": fine,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "witnesses": [
            {
                "url": each.url,
                "key": each.key.short,
                "outcome": each.outcome,
                "at": None if each.at is None else time_of(each.at),
                "detail": each.said or None,
            }
            for each in asked
        ],
    }


def _lines(checkpoint: Checkpoint, asked: Sequence[Asked]) -> Iterator[str]:
    paint = painter(sys.stdout)
    for each in asked:
        name = visible(each.key.short)
        if each.at is not None:
            yield f"{paint('cosigned', 'good')}: {name} at {time_of(each.at)}"
        else:
            yield f"{paint(each.outcome, 'bad')}: {name} at {visible(each.url)}: {visible(each.said)}"
    cosigned = sum(each.outcome == "cosigned" for each in asked)
    yield f"{cosigned} of {len(asked)} cosigned the {checkpoint.size:,} records of {visible(checkpoint.origin)}"
