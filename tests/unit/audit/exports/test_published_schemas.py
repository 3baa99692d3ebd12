"""Exported events against what their formats' own authors publish: OCSF's and CloudEvents' JSON Schemas, OTLP's protocol buffers.

The log has a record of every kind, decisions of every verdict, and texts of callers that are as long and odd as a record lets stand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

from tenetlang.audit import Surroundings, time_text, unplaced
from tenetlang.audit.exports.events import EventFormat, export_events
from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.kinds import KINDS
from tests.unit.audit.samples import DECISION, REQUEST, START, identifier, open_sample, salts, sample

VECTORS = Path(__file__).parents[3] / "vectors"
AT_GATE = Surroundings(point=f"gate-1/{identifier(800)}", point_count=7, stale="expired")
VALUES: Mapping[str, object] = {
    "task": identifier(900), "of": identifier(1), "quorum": 2, "attempt": 1, "epoch": 2, "size": 4, "count": 3, "version": 4,
    "deadline": time_text(START), "expires": time_text(START), "began": time_text(START), "counted": True, "took_ns": 5,
    "bundle": "sha256:" + "ab" * 32, "from": "sha256:" + "cd" * 32, "binding": "ab" * 32, "subject": "ab" * 32,
    "outcome": "ok", "vote": "approve", "end": "approved", "records": [1], "unused": [2], "requesters": ["a1"],
    "obligations": [{"name": "mask", "met": True}], "before": 1, "result": "sent",
}  # fmt: skip


def validator(name: str) -> Validator:
    document = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    kind = Draft7Validator if "draft-07" in document["$schema"] else Draft202012Validator
    kind.check_schema(document)
    return kind(document, format_checker=FormatChecker())


OCSF = validator("ocsf/api_activity.json")
CLOUD_EVENT = validator("cloudevents/cloudevents.json")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.db"
    with open_sample(path) as opened:
        for number, verdict in enumerate(("allow", "deny", "escalate"), 1):
            decision = {**DECISION, "verdict": verdict, "decided_by": [f"r{n}" for n in range(40 * (number - 1))]}
            opened.append(*sample(number, decision, surroundings=AT_GATE if number == 1 else None))
        opened.append(*sample(4, {**DECISION, "verdict": "deny"}, b"no JSON"))
        opened.append(*sample(5, DECISION, None))
        for number, (kind, shape) in enumerate(KINDS.items(), 50):
            if kind == "key.rotated":  # only the log itself makes one
                continue
            members = {name: VALUES.get(name, "Zoë") for name in shape}
            made = event_record(kind, members, time_text(START + number), identifier(number), salts(kind.encode()))
            opened.append(unplaced(*made))
    return path


def events(log: Path, style: EventFormat) -> list[dict[str, object]]:
    return [json.loads(line) for line in export_events(log, style, "1.2.3")]


def test_decisions_are_api_activities_of_ocsf(log: Path) -> None:
    found = events(log, "ocsf")
    assert len(found) == 5
    for event in found:
        assert [error.message for error in OCSF.iter_errors(event)] == []


def test_the_schema_of_ocsf_finds_what_is_wrong(log: Path) -> None:
    event = events(log, "ocsf")[0]
    for wrong in ({**event, "tenet": 1}, {**event, "action_id": 7}, {k: v for k, v in event.items() if k != "actor"}):
        assert not OCSF.is_valid(wrong)


def test_all_records_are_cloud_events(log: Path) -> None:
    found = events(log, "cloudevents")
    assert len(found) == 5 + len(KINDS)
    for event in found:
        assert [error.message for error in CLOUD_EVENT.iter_errors(event)] == []
    assert not CLOUD_EVENT.is_valid({**found[0], "source": ""})
    assert not CLOUD_EVENT.is_valid({name: value for name, value in found[0].items() if name != "id"})


def test_all_records_are_log_records_of_otlp(log: Path) -> None:
    lines = list(export_events(log, "otel", "1.2.3"))
    assert len(lines) == 5 + len(KINDS)
    for line in lines:
        request = json_format.Parse(line, ExportLogsServiceRequest())  # a member that is not known is an error
        (record,) = request.resource_logs[0].scope_logs[0].log_records
        assert record.time_unix_nano >= START
        assert SeverityNumber.Name(record.severity_number) in {"SEVERITY_NUMBER_INFO", "SEVERITY_NUMBER_WARN"}
        assert record.event_name.startswith("tenet.")
        again = json_format.MessageToDict(request, use_integers_for_enums=True)
        assert again == json.loads(line)
    with pytest.raises(json_format.ParseError):
        json_format.Parse(lines[0].replace(b'"body"', b'"bodies"'), ExportLogsServiceRequest())


_words = st.text(max_size=200)


@settings(max_examples=25, deadline=None)
@given(agent=_words, user=_words, tool=_words, rules=st.lists(_words, max_size=40))
def test_whatever_callers_send_the_events_are_of_their_formats(
    tmp_path_factory: pytest.TempPathFactory, agent: str, user: str, tool: str, rules: list[str]
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.db"
    request = {**REQUEST, "agent": {"id": agent}, "user": {"id": user}, "tool": tool}
    with open_sample(path) as opened:
        opened.append(*sample(1, {**DECISION, "decided_by": rules}, request))
    assert all(OCSF.is_valid(event) for event in events(path, "ocsf"))
    assert all(CLOUD_EVENT.is_valid(event) for event in events(path, "cloudevents"))
    for line in export_events(path, "otel", "1.2.3"):
        json_format.Parse(line, ExportLogsServiceRequest())
