"""The tamper-evident log of decisions.

    from tenetlang.audit import intent, open_log, verify_log

    with open_log("decisions.db") as log:
        record = intent(decision, request, time.time_ns(), took_ns)
        appended = log.append(record)

    verify_log("decisions.db").ok

Where many threads or coroutines record, `tenetlang.audit.writer` has a `Writer` that appends for all of them together.

docs/audit-format.md describes the file well enough to write another reader. Nothing here knows the compiler, so a log
can be verified on a machine that has none.
"""

from tenetlang.audit.checkpoints.checkpoint import Checkpoint
from tenetlang.audit.checkpoints.key_files import create_key, load_signing_key, load_verifier_key
from tenetlang.audit.checkpoints.note import SigningKey, VerifierKey
from tenetlang.audit.checkpoints.proofs import (
    check_growth_proof,
    check_record_proof,
    prove_growth,
    prove_record,
    read_proof,
)
from tenetlang.audit.checkpoints.signatures import checkpoint_of
from tenetlang.audit.checkpoints.signing import SIGN_EVERY, newest_checkpoint
from tenetlang.audit.errors import (
    AuditError,
    InvalidNote,
    InvalidProof,
    InvalidRecord,
    LogAltered,
    LogDamaged,
    LogPoisoned,
    LogUnavailable,
    NoCheckpoint,
    NoSignatures,
    NotALog,
    RecordNotFound,
    UnreadableRemembered,
    UnusableKey,
)
from tenetlang.audit.exports.publishing import export_tiles
from tenetlang.audit.log import Log, open_log
from tenetlang.audit.records.intents import intent
from tenetlang.audit.records.record import Surroundings, decision_record, time_text, ulid
from tenetlang.audit.records.requests import LostRequest, RecordedRequest, read_record, recorded_request
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.show import show, show_last
from tenetlang.audit.source import export_jsonl
from tenetlang.audit.stores.rows import AppendedRecord, StoredRecord
from tenetlang.audit.stores.tables import Tables
from tenetlang.audit.verify import Problem, Verification, verify_log

__all__ = [
    "SIGN_EVERY",
    "AppendedRecord",
    "AuditError",
    "Checkpoint",
    "InvalidNote",
    "InvalidProof",
    "InvalidRecord",
    "Log",
    "LogAltered",
    "LogDamaged",
    "LogPoisoned",
    "LogUnavailable",
    "LostRequest",
    "NoCheckpoint",
    "NoSignatures",
    "NotALog",
    "Problem",
    "RecordNotFound",
    "RecordedRequest",
    "SigningKey",
    "StoredRecord",
    "Surroundings",
    "Tables",
    "Unplaced",
    "UnreadableRemembered",
    "UnusableKey",
    "Verification",
    "VerifierKey",
    "check_growth_proof",
    "check_record_proof",
    "checkpoint_of",
    "create_key",
    "decision_record",
    "export_jsonl",
    "export_tiles",
    "intent",
    "load_signing_key",
    "load_verifier_key",
    "newest_checkpoint",
    "open_log",
    "prove_growth",
    "prove_record",
    "read_proof",
    "read_record",
    "recorded_request",
    "show",
    "show_last",
    "time_text",
    "ulid",
    "unplaced",
    "verify_log",
]
