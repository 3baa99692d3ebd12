"""What `tenet audit verify` may demand of the newest checkpoint: that it is not old, and that witnesses have signed it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from tenetlang.cli.audit_check import duration
from tenetlang.cli.audit_signatures import read_file
from tenetlang.cli.options import ANYWHERE

if TYPE_CHECKING:
    from tenetlang.audit.checkpoints.note import VerifierKey
    from tenetlang.audit.checkpoints.signed import Demands
    from tenetlang.audit.checkpoints.trust import Trust

WITNESS = click.option(
    "--witness",
    "witnesses",
    metavar="VERIFIER",
    multiple=True,
    help="A witness that must have cosigned, by its key or a file that holds it; may be repeated.",
)
QUORUM = click.option(
    "--quorum", type=click.IntRange(min=1), metavar="K", help="So many of the witnesses are enough; else all must."
)
TRUST = click.option(
    "--trust",
    type=ANYWHERE,
    metavar="FILE",
    help="A file of keys, witnesses and a quorum (C2SP tlog-policy), in place of --key, --witness and --quorum.",
)
MAX_AGE = click.option(
    "--max-age",
    metavar="DURATION",
    help="The newest checkpoint must not be older; finds a log that nobody signs any more.",
)


@attrs.frozen
class Demanded:
    """The options as they were given."""

    witnesses: tuple[str, ...] = ()
    quorum: int | None = None
    trust: Path | None = None
    max_age: str | None = None


def read_trusted(demanded: Demanded, keys: Sequence[str]) -> tuple[list[VerifierKey], Trust | None]:
    """The keys of the log and the witnesses that were named. Raises `UsageError`, `UnusableKey`, `UnusableTrust`."""
    from tenetlang.audit import load_verifier_key
    from tenetlang.audit.checkpoints.key_files import load_cosigner_key
    from tenetlang.audit.checkpoints.trust import at_least, read_trust
    from tenetlang.audit.errors import UnusableTrust

    known = [load_verifier_key(key) for key in dict.fromkeys(keys)]
    if demanded.trust is not None:
        if keys or demanded.witnesses or demanded.quorum is not None:
            raise click.UsageError("--trust names the keys, the witnesses and the quorum, so it stands alone")
        try:
            trust = read_trust(read_file(demanded.trust))
        except UnusableTrust as mistake:
            raise click.ClickException(f"`{demanded.trust}` says not whom to trust: {mistake}") from mistake
        return list(trust.logs), trust
    if not demanded.witnesses:
        if demanded.quorum is not None:
            raise click.UsageError("--quorum is of the witnesses; name them with --witness")
        return known, None
    if not known:
        raise click.UsageError("a witness signs what the log's key signed, so --witness needs --key")
    witnesses = [load_cosigner_key(key) for key in dict.fromkeys(demanded.witnesses)]
    return known, at_least(witnesses, demanded.quorum)


def demands_of(demanded: Demanded, trust: Trust | None, keys: Sequence[VerifierKey]) -> Demands:
    """What is demanded now. Raises `UsageError`."""
    from tenetlang.audit.checkpoints.signed import Demands

    if demanded.max_age is None:
        return Demands(trust)
    if not keys:
        raise click.UsageError("who signed when is only known with the key, so --max-age needs --key or --trust")
    return Demands(trust, duration(demanded.max_age, "--max-age") // 10**9, time.time_ns() // 10**9)
