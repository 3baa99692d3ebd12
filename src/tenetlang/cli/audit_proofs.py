"""`tenet audit prove`, and the part of `tenet audit verify` that needs no log: proofs about it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_demands import Demanded, read_trusted
from tenetlang.cli.audit_signatures import read_file
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE
from tenetlang.cli.output import painter, say, say_json, waiting
from tenetlang.report.visible import visible

PROOF = click.option(
    "--proof", type=ANYWHERE, metavar="FILE", help="Verify what `tenet audit prove` printed, in place of a log."
)


@click.command(
    "prove",
    cls=Command,
    short_help="Prove that a record is in LOG, or that LOG only grew.",
    epilog=ending(
        [
            "tenet audit prove decisions.db 3 > record.tlog-proof",
            "tenet audit verify --proof record.tlog-proof --key log.key.pub",
            "tenet audit prove decisions.db --consistency 812 > grown.proof",
            "tenet audit verify --proof grown.proof --key log.key.pub --checkpoint kept.note",
        ],
        [
            (0, "printed"),
            (1, "the log is not what its newest checkpoint says"),
            (5, "there is no such record, or no checkpoint that covers it"),
        ],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.argument("record", metavar="[INDEX|ID]", required=False)
@click.option(
    "--consistency",
    "old",
    type=click.IntRange(min=1),
    metavar="SIZE",
    help="Prove that the log of this many records is the beginning of the log now.",
)
def prove(log: Path, record: str | None, old: int | None) -> int:
    """Prove to somebody who does not have LOG that a record is in it, or that nothing but appending was done to it.

    The proof is about the newest signed checkpoint. A record's proof holds the record, and of all others only hashes.
    """
    from tenetlang.audit import prove_growth, prove_record
    from tenetlang.audit import show as show_record

    if (record is None) == (old is None):
        raise click.UsageError("prove either a record, by its index or identifier, or --consistency with a size")
    with waiting("proving"):
        if old is not None:
            proof = prove_growth(log, old)
        else:
            index = show_record(log, str(record))["index"]
            assert isinstance(index, int)
            proof = prove_record(log, index)
    say(proof.decode())
    return statuses.FINE


def verify_proof(
    file: Path, keys: Sequence[str], remembered: str | None, kept: Sequence[Path], demanded: Demanded, style: str
) -> int:
    """Says what a proof in a file proves, given the keys and what was kept."""
    from tenetlang.audit import check_growth_proof, check_record_proof, read_proof
    from tenetlang.audit.checkpoints.proofs import ProofVerdict, RecordProof
    from tenetlang.audit.checkpoints.trust import witnessed
    from tenetlang.audit.verify import kept_states

    known, trust = read_trusted(demanded, keys)
    if not known:
        raise click.UsageError("a proof leads to what a key signed, so --proof needs --key")
    if demanded.max_age is not None:
        raise click.UsageError("a proof does not get old, so --max-age is for a LOG")
    proof = read_proof(read_file(file))
    states = kept_states(remembered, [read_file(note) for note in kept], known)
    if isinstance(proof, RecordProof):
        if states:
            raise click.UsageError("the proof of a record is compared with nothing that was kept")
        verdict = check_record_proof(proof, known)
        said: dict[str, object] = {"proof": "record", "index": proof.index, "record": _shown(proof.record)}
        proven = f"record {proof.index:,} is in the log of {verdict.checkpoint.size:,}"
    else:
        if len(states) != 1:
            raise click.UsageError(
                "the proof is about a log that grew; say from what: one --checkpoint or --remembered"
            )
        verdict = check_growth_proof(proof, known, states[0])
        said = {"proof": "consistency", "old_size": proof.old}
        proven = f"the log of {proof.old:,} records is the beginning of the one of {verdict.checkpoint.size:,}"
    if trust is not None and verdict.problem is None and not witnessed([proof.note], trust).enough:
        verdict = ProofVerdict(verdict.checkpoint, "too few of the witnesses cosigned the checkpoint that it leads to")
    if style == "json":
        checkpoint = verdict.checkpoint
        signed = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
        say_json({"ok": verdict.problem is None, "problem": verdict.problem, **said, **signed})
    elif verdict.problem is None:
        paint = painter(sys.stdout)
        say(f"{paint('proven', 'good')}: {proven}, signed by {visible(verdict.checkpoint.origin)}\n")
        if isinstance(proof, RecordProof):
            say(visible(proof.record.decode("utf-8", "replace")) + "\n")
    else:
        say(f"{painter(sys.stdout)('not proven', 'bad')}: {visible(verdict.problem)}\n")
    return statuses.FINE if verdict.problem is None else statuses.FOUND


def _shown(record: bytes) -> object:
    import msgspec

    try:
        parsed: object = msgspec.json.decode(record)
    except (ValueError, msgspec.DecodeError, RecursionError):
        return record.decode("utf-8", "replace")
    return parsed
