"""The tamper-evident log of decisions.

    from tenetlang.audit import decision_record, open_log, verify_log

    with open_log("decisions.db") as log:
        envelope, payload = decision_record(decision.to_json(trace=False), request, decision.compact_trace, ...)
        appended = log.append(envelope, payload)

    verify_log("decisions.db").ok

docs/audit-format.md describes the file well enough to write another reader. Nothing here knows the compiler, so a log
can be verified on a machine that has none.
"""

from tenetlang.audit.errors import (
    AuditError,
    InvalidRecord,
    LogAltered,
    LogDamaged,
    LogPoisoned,
    LogUnavailable,
    NotALog,
    RecordNotFound,
    UnreadableRemembered,
)
from tenetlang.audit.log import AppendedRecord, Log, StoredRecord, open_log
from tenetlang.audit.record import Surroundings, decision_record, time_text, ulid
from tenetlang.audit.requests import LostRequest, RecordedRequest, read_record, recorded_request
from tenetlang.audit.show import show, show_last
from tenetlang.audit.source import export_jsonl
from tenetlang.audit.verify import Problem, Verification, verify_log

__all__ = [
    "AppendedRecord",
    "AuditError",
    "InvalidRecord",
    "Log",
    "LogAltered",
    "LogDamaged",
    "LogPoisoned",
    "LogUnavailable",
    "LostRequest",
    "NotALog",
    "Problem",
    "RecordNotFound",
    "RecordedRequest",
    "StoredRecord",
    "Surroundings",
    "UnreadableRemembered",
    "Verification",
    "decision_record",
    "export_jsonl",
    "open_log",
    "read_record",
    "recorded_request",
    "show",
    "show_last",
    "time_text",
    "ulid",
    "verify_log",
]
