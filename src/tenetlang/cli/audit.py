"""`tenet audit`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tenetlang.cli import (
    audit_blame,
    audit_check,
    audit_demands,
    audit_export,
    audit_payloads,
    audit_proofs,
    audit_rotate,
    audit_show,
    audit_signatures,
    audit_tail,
    audit_witness,
    statuses,
)
from tenetlang.cli.audit_payloads import OPENED_WITH, PAYLOAD_MASTER, opened_keyring
from tenetlang.cli.audit_proofs import PROOF
from tenetlang.cli.audit_signatures import KEPT, KEY
from tenetlang.cli.audit_text import signing_lines, time_of
from tenetlang.cli.commands import Group
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, FORMAT
from tenetlang.cli.output import Progress, painter, say, say_json
from tenetlang.report.visible import visible


@click.group("audit", cls=Group)
def command() -> None:
    """Verify, show and export a log of decisions: a database that `eval --log` wrote, or an export of one.

    \b
    tenet audit verify decisions.db
    tenet audit show decisions.db 3
    """  # noqa: D301  # the backspace is what Click wants


# --------------------------------------------------------------------------------------------------------- verify


@command.command(
    "verify",
    short_help="Find what was changed in LOG, or check a proof.",
    epilog=ending(
        [
            "tenet audit verify decisions.db",
            'tenet audit verify decisions.db --remembered "812 4f0c…"',
            "tenet audit verify decisions.db --key log.key.pub --checkpoint kept.note",
            "tenet audit verify decisions.db --key log.key.pub --max-age 1h --witness witness.pub",
        ],
        [(0, "nothing was changed"), (1, "something was, and it says what")],
    ),
)
@click.argument("log", type=ANYWHERE, required=False)
@click.option(
    "--remembered",
    metavar='"SIZE ROOT"',
    help="What an earlier verification printed; finds a log that was cut or wholly rewritten.",
)
@KEY
@KEPT
@audit_demands.WITNESS
@audit_demands.QUORUM
@audit_demands.TRUST
@audit_demands.MAX_AGE
@PROOF
@OPENED_WITH
@PAYLOAD_MASTER
@FORMAT
def verify(
    log: Path | None,
    remembered: str | None,
    keys: tuple[str, ...],
    kept: tuple[Path, ...],
    witnesses: tuple[str, ...],
    quorum: int | None,
    trust: Path | None,
    max_age: str | None,
    proof: Path | None,
    payload_keys: Path | None,
    payload_master: Path | None,
    style: str,
) -> int:
    """Find what was changed in LOG, by record; or say what a --proof about a log proves.

    It ends with the log's size and root. Keep that line where whoever could change the log can't reach it, and hand it
    to the next verification: alone, a log whose end was cut off, or all of which was rewritten, looks sound. A checkpoint
    that `tenet audit checkpoint` printed is such a line with a signature.
    """
    from tenetlang.audit import verify_log
    from tenetlang.audit.source import count_records

    demanded = audit_demands.Demanded(witnesses, quorum, trust, max_age)
    if (log is None) == (proof is None):
        raise click.UsageError("verify either a LOG or a --proof")
    if log is None:
        assert proof is not None
        return audit_proofs.verify_proof(proof, keys, remembered, kept, demanded, style)

    known, trusted = audit_demands.read_trusted(demanded, keys)
    demands = audit_demands.demands_of(demanded, trusted, known)
    notes = [audit_signatures.read_file(file) for file in kept]
    with opened_keyring(payload_keys, payload_master) as keyring, Progress("verified") as progress:
        found = verify_log(
            log,
            remembered,
            keys=known,
            checkpoints=notes,
            demands=demands,
            keyring=keyring,
            progress=progress.step,
        )
    if style == "json":
        say_json(
            {
                "ok": found.ok,
                "size": found.size,
                "root": found.root,
                "payloads": found.payloads,
                "erased": found.erased,
                "sealed": found.sealed,
                "unexplained": found.unexplained,
                "checkpoints": found.checkpoints,
                "signed": found.signed,
                "signed_at": None if found.signed_at is None else time_of(found.signed_at),
                "keys": list(found.keys),
                "problems": [
                    {"index": problem.index, "what": problem.what, "detail": problem.detail}
                    for problem in found.problems
                ],
                "further_problems": found.further,
            }
        )
        return statuses.FINE if found.ok else statuses.FOUND
    paint = painter(sys.stdout)
    for problem in found.problems:
        where = "the log" if problem.index is None else f"record {problem.index}"
        say(f"{paint(where, 'deny')}  {visible(problem.what)}: {visible(problem.detail)}\n")
    if found.further:
        say(f"and {found.further:,} more problems\n")
    unproven = all(problem.what in {"stale", "witness"} for problem in found.problems)
    state = paint("sound", "good") if found.ok else paint("not proven" if unproven else "changed", "bad")
    erased = f", {found.erased:,} without what the callers sent" if found.erased else ""
    say(f"{state}: {found.size:,} record{'' if found.size == 1 else 's'}{erased}\n")
    if found.unexplained and (found.payloads or count_records(log) is not None):  # an export may leave all of them out
        say(f"not recorded: why {found.unexplained:,} of them are missing; `tenet audit erase` records it\n")
    if found.sealed:
        say(f"not opened: {found.sealed:,} sealed payload{'s'[: found.sealed != 1]}; --payload-keys opens\n")
    if known and found.signed is not None:
        after = found.size - found.signed
        rest = f"; {after:,} came after it" if after > 0 else ""
        say(f"signed: {found.signed:,} by the newest checkpoint{rest}\n")
        say("".join(f"{line}\n" for line in signing_lines(found, list(map(str, known)))))
    elif found.checkpoints and not known:
        say(
            f"not checked: who signed its {found.checkpoints:,} checkpoint{'s'[: found.checkpoints != 1]}; --key tells\n"
        )
    say(f"remember: {found.remembered}\n")
    return statuses.FINE if found.ok else statuses.FOUND


command.add_command(audit_signatures.keygen)
command.add_command(audit_signatures.checkpoint)
command.add_command(audit_rotate.rotate)
command.add_command(audit_witness.witness)
command.add_command(audit_proofs.prove)
command.add_command(audit_show.show)
command.add_command(audit_export.export)
command.add_command(audit_blame.blame)
command.add_command(audit_check.check)
command.add_command(audit_tail.tail)
command.add_command(audit_payloads.keyring)
command.add_command(audit_payloads.erase)
