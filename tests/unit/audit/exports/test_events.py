"""Records as events of other systems: what becomes of each member, and what is never exported."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tenetlang.audit import LogUnavailable, Surroundings, time_text
from tenetlang.audit.exports.events import EVENT_FORMATS, EventFormat, export_events
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.record import opened_record
from tests.unit.audit.samples import DECISION, START, identifier, open_sample, rows, sample, tamper

AT_GATE = Surroundings(point="gate-1", point_count=7)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with open_sample(tmp_path / "log.db") as opened:
        opened.append(*sample(1, surroundings=AT_GATE))
        opened.append(*sample(2, {**DECISION, "verdict": "allow", "decided_by": ["small"]}))
        opened.append(*sample(3, {**DECISION, "verdict": "deny", "decided_by": ["default"]}, None))
        opened.append({**opened_record(time_text(START), identifier(4)), "kind": "later.kind"})
    return tmp_path / "log.db"


def events(log: Path, style: EventFormat) -> list[dict[str, object]]:
    lines = list(export_events(log, style, "1.2.3"))
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    return [json.loads(line) for line in lines]


def at(value: object, *path: str | int) -> object:
    for step in path:
        assert isinstance(value, dict | list)
        value = value[step]  # type: ignore[index]  # a name for an object, a number for a list
    return value


def test_each_decision_is_an_api_activity_with_its_disposition(log: Path) -> None:
    found = events(log, "ocsf")
    dispositions = [
        (event["action_id"], event["disposition_id"], event["status_id"], event["severity_id"]) for event in found
    ]
    assert dispositions == [(2, 14, 2, 2), (1, 1, 1, 1), (2, 2, 2, 3)]
    escalated = found[0]
    assert (escalated["class_uid"], escalated["category_uid"], escalated["type_uid"]) == (6003, 6, 600399)
    assert escalated["time"] == (START + 1_000_000) // 1_000_000
    assert escalated["actor"] == {"app_uid": "a1", "user": {"uid": "u7"}, "session": {"uid": "s1"}}
    assert escalated["api"] == {"operation": "refund", "request": {"uid": identifier(1)}}
    assert escalated["src_endpoint"] == {"uid": "gate-1"}
    assert escalated["policy"] == {"name": "acme.support", "uid": DECISION["bundle"]}
    assert escalated["status_detail"] == "large_refund"
    assert at(escalated, "metadata", "profiles") == ["security_control"]
    assert at(escalated, "metadata", "sequence") == 1
    assert at(escalated, "unmapped", "leaf") == rows(log)[1][2].hex()
    nobody = found[2]
    assert (nobody["actor"], at(nobody, "api", "operation")) == ({"app_uid": "unknown"}, "unknown")


def test_what_the_class_requires_is_in_every_event(log: Path) -> None:
    required = {
        "activity_id",
        "actor",
        "api",
        "category_uid",
        "class_uid",
        "metadata",
        "severity_id",
        "src_endpoint",
        "time",
        "type_uid",
    }
    assert all(required <= event.keys() for event in events(log, "ocsf"))


def test_each_record_is_a_cloud_event_with_the_record_as_its_data(log: Path) -> None:
    found = events(log, "cloudevents")
    stored = rows(log)
    assert [event["data"] for event in found] == [json.loads(record) for _, record, _ in stored]
    assert [event["tenetindex"] for event in found] == ["0", "1", "2", "3", "4"]
    first, second = found[:2]
    assert (first["type"], second["type"]) == ("tenetlang.log.log.opened", "tenetlang.log.intent")
    assert first["source"] == second["source"] == f"urn:ulid:{first['id']}"
    assert (second["subject"], "subject" in first) == ("refund", False)
    assert all(event["specversion"] == "1.0" for event in found)
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for event in found for name in event)


def test_each_record_is_a_log_record_of_opentelemetry(log: Path) -> None:
    found = [at(event, "resourceLogs", 0, "scopeLogs", 0, "logRecords", 0) for event in events(log, "otel")]
    assert [at(record, "severityText") for record in found] == ["INFO", "WARN", "INFO", "WARN", "INFO"]
    assert [at(record, "body", "stringValue") for record in found][:3] == [
        "log.opened",
        "escalate refund",
        "allow refund",
    ]
    escalated = found[1]
    assert at(escalated, "timeUnixNano") == str(START + 1_000_000)
    assert at(escalated, "eventName") == "tenet.intent"
    listed = at(escalated, "attributes")
    assert isinstance(listed, list)
    attributes: Mapping[str, object] = {item["key"]: item["value"] for item in listed}
    assert attributes["gen_ai.tool.name"] == {"stringValue": "refund"}
    assert attributes["gen_ai.agent.id"] == {"stringValue": "a1"}
    assert attributes["tenet.index"] == {"intValue": "1"}
    assert attributes["tenet.decided_by"] == {"arrayValue": {"values": [{"stringValue": "large_refund"}]}}


@pytest.mark.parametrize("style", EVENT_FORMATS)
def test_what_callers_sent_is_in_no_event(log: Path, style: EventFormat) -> None:
    text = b"".join(export_events(log, style, "1.2.3")).decode()
    assert "Ångström" not in text
    assert "a refund of 120 USD" not in text


@pytest.mark.parametrize("style", EVENT_FORMATS)
def test_a_changed_record_is_not_exported(log: Path, style: EventFormat) -> None:
    tamper(log, [("UPDATE records SET leaf = zeroblob(32) WHERE idx = 2", ())])
    with pytest.raises(LogUnavailable, match="record 2 cannot be exported: it was changed"):
        list(export_events(log, style, "1.2.3"))


@pytest.mark.parametrize(
    ("record", "wrong"),
    [
        (b'{"kind":"intent"}', "`v` is missing"),
        (b'{"kind": "intent"}', "its text is not canonical"),
        (b'{"kind":"intent","took_ns":0.5}', "a value of type float is not allowed"),
        (b'{"kind":"intent","of":' + b"[" * 900 + b"]" * 900 + b"}", "it is nested deeper than 64 levels"),
        (b"no JSON", "its text is not canonical"),
    ],
)
@pytest.mark.parametrize("style", EVENT_FORMATS)
def test_what_is_no_record_of_the_format_is_not_exported(
    tmp_path: Path, style: EventFormat, record: bytes, wrong: str
) -> None:
    open_sample(tmp_path / "log.db").close()
    statement = "UPDATE records SET record = ?, leaf = ? WHERE idx = 0"
    tamper(tmp_path / "log.db", [(statement, (record, leaf_hash(record)))])
    with pytest.raises(LogUnavailable, match=f"record 0 cannot be exported: {wrong}; verify the log"):
        list(export_events(tmp_path / "log.db", style, "1.2.3"))


def test_long_lists_of_names_are_exported_by_their_first(tmp_path: Path) -> None:
    with open_sample(tmp_path / "log.db") as opened:
        opened.append(*sample(1, {**DECISION, "decided_by": [f"r{number}" for number in range(40)]}))
    assert events(tmp_path / "log.db", "ocsf")[0]["status_detail"] == "r0, r1, r2, r3, r4, r5, r6, r7"


def test_a_truth_value_is_one_in_opentelemetry(tmp_path: Path) -> None:
    with open_sample(tmp_path / "log.db") as opened:
        opened.append({**opened_record(time_text(START), identifier(4)), "kind": "later.kind", "outcome": True})
    attributes = at(
        events(tmp_path / "log.db", "otel")[1], "resourceLogs", 0, "scopeLogs", 0, "logRecords", 0, "attributes"
    )
    assert isinstance(attributes, list)
    assert {"key": "tenet.outcome", "value": {"boolValue": True}} in attributes
