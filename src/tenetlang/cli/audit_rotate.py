"""`tenet audit rotate`: another key signs a log from here on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE
from tenetlang.cli.output import remark, say, waiting

if TYPE_CHECKING:
    from tenetlang.audit import SigningKey


@click.command(
    "rotate",
    cls=Command,
    short_help="Have another key sign LOG from here on.",
    epilog=ending(
        ["tenet audit rotate decisions.db --log-key log.key --new-key log-2.key"],
        [(0, "changed, or it had been; the new public key is printed"), (1, "the log is not what its key signed")],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.option("--log-key", "old", type=ANYWHERE, metavar="FILE", required=True, help="The key that signs so far.")
@click.option(
    "--new-key",
    "new",
    type=ANYWHERE,
    metavar="FILE",
    required=True,
    help="The one that shall; made if it is not there.",
)
@click.option("--post-quantum", is_flag=True, help="A key that is made signs by ML-DSA-44 as well.")
def rotate(log: Path, old: Path, new: Path, post_quantum: bool) -> int:
    """Have another key sign LOG from here on, and destroy the old one.

    The log says so in a record that the old key signs last and the new key signs first; both keys have the name of the log. Whoever
    verifies with the first key follows to the newest, but do hand out the new one: a thief of the old key can't forge what
    must be signed by the new.

    If it was interrupted, do it again: it goes on where it was. Stop programs that sign with the old key before; one that
    goes on with it can append records, and gets an error when it signs.
    """
    from tenetlang.audit import Log, create_key, load_signing_key
    from tenetlang.audit.checkpoints.key_files import destroy_key

    if os.path.realpath(old) == os.path.realpath(new):
        raise click.UsageError("--log-key and --new-key are one file")
    if not os.path.lexists(old) and os.path.lexists(new):
        return _done_before(log, old, load_signing_key(new))
    before = load_signing_key(old)
    if not os.path.lexists(new):
        create_key(new, before.verifier.name, post_quantum=post_quantum)
    after = load_signing_key(new)
    with waiting("signing"), Log.open(log, create=False) as opened:
        record = opened.rotate(before, after)
    if record is None and not _has_changed(log, before, after):
        raise click.UsageError(f"`{new}` signs the log already, and `{old}` is not the key before it; nothing was done")
    destroy_key(old)
    say(f"{after.verifier}\n")
    remark(
        f"`{new}` signs from here on; `{old}` was overwritten and removed, of which file systems, SSDs and backups may have "
        "copies\n"
    )
    return statuses.FINE


def _done_before(log: Path, old: Path, after: SigningKey) -> int:
    """The rest, where the old key is gone already."""
    from tenetlang.audit import InvalidNote, UnusableKey, checkpoint_of, newest_checkpoint

    try:
        checkpoint_of(newest_checkpoint(log), [after.verifier])
    except InvalidNote as mistake:
        raise UnusableKey(f"`{old}` is not there, and the new key does not sign the log yet") from mistake
    say(f"{after.verifier}\n")
    remark("it was done before\n")
    return statuses.FINE


def _has_changed(log: Path, before: SigningKey, after: SigningKey) -> bool:
    from tenetlang.audit.checkpoints.epochs import Rotation
    from tenetlang.audit.checkpoints.rotation import stored_rotations

    changes = [each for _, each in stored_rotations(log) if isinstance(each, Rotation)]
    return any((change.old, change.new) == (before.verifier, after.verifier) for change in changes)
