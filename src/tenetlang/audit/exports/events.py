"""The records of a log as events of other systems: OCSF, CloudEvents, OpenTelemetry. One JSON object on each line.

    ocsf           OCSF 1.6, API Activity (6003) with the profile `security_control`: one event for each decision
    cloudevents    CloudEvents 1.0: one event for each record, which is its data as it stands
    otel           OpenTelemetry logs, OTLP as JSON lines: one log record for each record

These are copies for a search engine or a SIEM, and not for proof: nothing in them can be verified, and they say of each
record where it stands and what its leaf is, so that it can be found in the log. What callers sent is in none of them; a record
holds digests of it. docs/audit-format.md has the tables of what becomes of each member.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

import msgspec

from tenetlang.audit.canonical import CanonicalError, profile_bytes
from tenetlang.audit.errors import LogUnavailable
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.shape import shape_mistake
from tenetlang.audit.show import log_entries, parsed_record
from tenetlang.audit.source import Entry

EventFormat: TypeAlias = Literal["ocsf", "cloudevents", "otel"]
EVENT_FORMATS: Final[tuple[EventFormat, ...]] = ("ocsf", "cloudevents", "otel")

Record: TypeAlias = Mapping[str, object]
Event: TypeAlias = dict[str, object]

_encode = msgspec.json.Encoder(order="sorted").encode


def export_events(
    path: str | os.PathLike[str],
    style: EventFormat,
    version: str,
    wanted: Callable[[Record], bool] = lambda _: True,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[bytes]:
    """The events of the records that are `wanted`, of a log or of an export of it, each a line with its newline. `version` is that
    of the program that exports; `progress` is told each index that was read.

    Raises `LogUnavailable` for a record that is not what its leaf says or not of the format, and what `show` raises.
    """
    make: Callable[[_Place, Record, str], Event | None] = {"ocsf": _ocsf, "cloudevents": _cloud_event, "otel": _otel}[
        style
    ]
    log = "unknown"
    with closing(log_entries(path)) as entries:
        for entry in entries:
            record = _checked(entry)
            if record.get("kind") == "log.opened":
                log = str(record.get("id"))
            event = make(_Place(log, entry), record, version) if wanted(record) else None
            progress(entry.index)
            if event is not None:
                yield _encode(event) + b"\n"


def _checked(entry: Entry) -> Record:
    """A record as JSON values; `LogUnavailable` for one that was changed or is none of the format."""
    wrong = entry.flaw
    if wrong is None and leaf_hash(entry.record) != entry.leaf:
        wrong = "it was changed"
    record = parsed_record(entry.record)
    try:
        if wrong is None and profile_bytes(record) != entry.record:
            wrong = "its text is not canonical"
    except CanonicalError as mistake:
        wrong = str(mistake)
    wrong = wrong or shape_mistake(record)
    if wrong is not None or not isinstance(record, dict):
        raise LogUnavailable(f"record {entry.index} cannot be exported: {wrong}; verify the log")
    return record


class _Place:
    """Where a record stands: the identifier of its log, its index and its leaf."""

    def __init__(self, log: str, entry: Entry) -> None:
        self.log, self.index, self.leaf = log, entry.index, entry.leaf.hex()


# --------------------------------------------------------------------------------------------------------- CloudEvents


def _cloud_event(place: _Place, record: Record, _: str) -> Event:
    """Extension attributes have lower-case letters and digits only, and integers of 32 bits: the index is a text."""
    event: Event = {
        "specversion": "1.0",
        "id": record.get("id"),
        "source": f"urn:ulid:{place.log}",
        "type": f"tenetlang.log.{record.get('kind')}",
        "time": record.get("at"),
        "datacontenttype": "application/json",
        "tenetindex": str(place.index),
        "tenetleaf": place.leaf,
        "data": record,
    }
    tool = _part(record, "what").get("tool")
    if isinstance(tool, str) and tool:
        event["subject"] = tool
    return event


# ---------------------------------------------------------------------------------------------------------------- OCSF

_OCSF: Final = "1.6.0"
_CATEGORY, _CLASS, _ACTIVITY = 6, 6003, 99
_DISPOSITIONS: Final[Mapping[str, tuple[int, str, int, str, int]]] = {
    "allow": (1, "Allowed", 1, "Allowed", 1),
    "deny": (2, "Denied", 2, "Blocked", 3),
    "escalate": (2, "Denied", 14, "Delayed", 2),
}
"""By verdict: action and its caption, disposition and its caption, severity (1 informational, 2 low, 3 medium)."""


def _ocsf(place: _Place, record: Record, version: str) -> Event | None:
    if record.get("kind") != "intent":
        return None
    who, what, policy, decided = (_part(record, name) for name in ("who", "what", "policy", "decided"))
    action, action_caption, disposition, disposition_caption, severity = _DISPOSITIONS[str(decided["verdict"])]
    nanoseconds = _nanoseconds(str(record.get("at")))
    actor: Event = {"app_uid": who.get("agent") or "unknown"}
    if who.get("user") is not None:
        actor["user"] = {"uid": who["user"]}
    if who.get("session") is not None:
        actor["session"] = {"uid": who["session"]}
    return {
        "activity_id": _ACTIVITY,
        "activity_name": "Decide",
        "category_uid": _CATEGORY,
        "class_uid": _CLASS,
        "type_uid": _CLASS * 100 + _ACTIVITY,
        "time": nanoseconds // 1_000_000,
        "severity_id": severity,
        "status_id": 1 if action == 1 else 2,
        "status_detail": ", ".join(_names(decided)),
        "action_id": action,
        "action": action_caption,
        "disposition_id": disposition,
        "disposition": disposition_caption,
        "actor": actor,
        "api": {"operation": what.get("tool") or "unknown", "request": {"uid": record.get("id")}},
        "src_endpoint": {"uid": who.get("point") or who.get("agent") or "unknown"},
        "policy": {"name": policy.get("package") or "unknown", "uid": policy.get("bundle") or "unknown"},
        "duration": _number(record.get("took_ns")) // 1_000_000,
        "metadata": {
            "version": _OCSF,
            "profiles": ["security_control"],
            "product": {"name": "tenetlang", "vendor_name": "tenetlang", "version": version},
            "uid": record.get("id"),
            "sequence": place.index,
            "log_name": place.log,
            "original_time": record.get("at"),
        },
        "unmapped": {"leaf": place.leaf, "verdict": decided.get("verdict"), "matched": decided.get("matched")},
    }


# ------------------------------------------------------------------------------------------------------- OpenTelemetry


def _otel(place: _Place, record: Record, version: str) -> Event:
    who, what, policy, decided = (_part(record, name) for name in ("who", "what", "policy", "decided"))
    verdict = decided.get("verdict")
    number, text = (13, "WARN") if verdict in ("deny", "escalate") else (9, "INFO")
    kind = str(record.get("kind"))
    said = [str(word) for word in (verdict, what.get("tool")) if isinstance(word, str)]
    attributes: dict[str, object] = {
        "tenet.log": place.log,
        "tenet.index": place.index,
        "tenet.leaf": place.leaf,
        "tenet.id": record.get("id"),
        "tenet.verdict": verdict,
        "tenet.decided_by": _names(decided) or None,
        "tenet.policy": policy.get("package"),
        "tenet.bundle": policy.get("bundle"),
        "tenet.outcome": record.get("outcome"),
        "tenet.of": record.get("of"),
        "gen_ai.operation.name": "execute_tool" if what else None,
        "gen_ai.tool.name": what.get("tool"),
        "gen_ai.agent.id": who.get("agent"),
        "user.id": who.get("user"),
        "session.id": who.get("session"),
    }
    nanoseconds = str(_nanoseconds(str(record.get("at"))))
    made: Event = {
        "timeUnixNano": nanoseconds,
        "observedTimeUnixNano": nanoseconds,
        "severityNumber": number,
        "severityText": text,
        "eventName": f"tenet.{kind}",
        "body": {"stringValue": " ".join(said) or kind},
        "attributes": [{"key": key, "value": _value(value)} for key, value in attributes.items() if value is not None],
    }
    scope = {"name": "tenetlang", "version": version}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "tenetlang"}}]}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": [made]}]}]}


def _value(value: object) -> Event:
    """OTLP's JSON: integers of 64 bits are texts."""
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    if isinstance(value, bool):
        return {"boolValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": str(value)}


# -------------------------------------------------------------------------------------------------------------- records


def _part(record: Record, name: str) -> Record:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _names(decided: Record) -> list[str]:
    listed = decided.get("decided_by")
    if isinstance(listed, Mapping):
        listed = listed.get("first")
    return [str(name) for name in listed] if isinstance(listed, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _nanoseconds(at: str) -> int:
    """Nanoseconds since 1970 of a record's time, 0 for what is none of those."""
    whole, _, fraction = at.removesuffix("Z").partition(".")
    try:
        seconds = int(datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp())
        return max(0, seconds * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0))
    except ValueError:
        return 0
