"""What a witness answers to `add-checkpoint`, byte for byte as C2SP tlog-witness says.

old 812                                         the size of the last checkpoint that the witness cosigned
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=    the path that proves the newer one is of the same log
                                                an empty line, and the checkpoint
example.com/refunds
…

200    lines of cosignatures
400    no such request, or an old size above that of the checkpoint
404    a log that is not known here
403    no signature by a key of that log
409    another old size, and the body says which; or another log of the same size
422    the path proves nothing
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from tenetlang.audit.checkpoints.checkpoint import Checkpoint, unchecked_checkpoint
from tenetlang.audit.checkpoints.cosignature import CosigningKey, cosign
from tenetlang.audit.checkpoints.note import MAX_NOTE, VerifierKey, split_note
from tenetlang.audit.checkpoints.proofs import GrowthProof, read_proof
from tenetlang.audit.checkpoints.signatures import checkpoint_of
from tenetlang.audit.errors import InvalidNote, InvalidProof
from tenetlang.audit.witness.state import State, advance

MAX_REQUEST = MAX_NOTE + 4096
"""The longest request that is read, in bytes: a note, and 63 lines of 45 before it."""

MOST_LINES = 63
SIZE_TYPE = "text/x.tlog.size"

Logs = Mapping[str, Sequence[VerifierKey]]
"""The keys of each log that a witness knows, by the log's origin."""


@attrs.frozen
class Answer:
    """A status of HTTP and the body; `said` is a line for the one who runs the witness."""

    status: int
    body: bytes
    said: str
    kind: str = "text/plain; charset=utf-8"


def logs_of(keys: Sequence[VerifierKey]) -> dict[str, list[VerifierKey]]:
    """The keys by the origins of their logs."""
    logs: dict[str, list[VerifierKey]] = {}
    for key in keys:
        logs.setdefault(key.name, []).append(key)
    return logs


def add_checkpoint(request: bytes, logs: Logs, key: CosigningKey, state: State, now: Callable[[], float]) -> Answer:
    """Answers a request. Raises `WitnessUnavailable` and `NoSignatures`, with nothing signed."""
    try:
        proof = read_proof(request)
        if not isinstance(proof, GrowthProof) or len(proof.path) > MOST_LINES:
            return _refused(400, "the request does not begin with a line `old`, or has too many lines")
        unchecked = unchecked_checkpoint(proof.note)
        text, _ = split_note(proof.note)
    except (InvalidProof, InvalidNote) as mistake:
        return _refused(400, str(mistake))
    known = logs.get(unchecked.origin)
    if known is None:
        return _refused(404, "this log is not known here")
    try:
        checkpoint = checkpoint_of(proof.note, known)
    except InvalidNote as mistake:
        return _refused(403, str(mistake), unchecked)
    if proof.old > checkpoint.size:
        return _refused(400, "the old size is above that of the checkpoint", checkpoint)
    verdict, size = advance(state, proof.old, proof.path, checkpoint, request)
    match verdict:
        case "size":
            return Answer(409, b"%d\n" % size, _line(checkpoint, f"the last one was of {size}"), SIZE_TYPE)
        case "root":
            return Answer(409, b"%d\n" % size, _line(checkpoint, "CONTRADICTS the one of the same size"), SIZE_TYPE)
        case "proof":
            return _refused(422, f"the path does not prove that the log of {size} records grew into this", checkpoint)
        case "cosigned":
            line = cosign(text, key, int(now()))
            return Answer(200, line.line().encode(), _line(checkpoint, "cosigned"))


def _refused(status: int, why: str, checkpoint: Checkpoint | None = None) -> Answer:
    return Answer(status, f"{why}\n".encode(), why if checkpoint is None else _line(checkpoint, why))


def _line(checkpoint: Checkpoint, said: str) -> str:
    return f"{checkpoint.origin} {checkpoint.size}: {said}"
