"""The kinds of records besides intents: made, appended, verified, and held to the table in the docs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tenetlang.audit import InvalidRecord, show, time_text, verify_log
from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.kinds import KINDS
from tests.unit.audit.samples import START, identifier, open_sample, salts

TASK, DECISION = identifier(7), identifier(1)
BUNDLE = "sha256:" + "ab" * 32
TIME = time_text(START)
PERSON = {"task": TASK, "who": "maria@acme.com", "how": "inbox"}

SAMPLES: Mapping[str, Mapping[str, object]] = {
    "outcome": {
        "of": DECISION,
        "outcome": "ok",
        "began": TIME,
        "took_ns": 1200,
        "point": "gate",
        "result": {"text": "Zoë"},
        "obligations": [{"name": "mask", "met": True}],
    },
    "policy.activated": {
        "bundle": BUNDLE,
        "package": "acme",
        "version": 4,
        "by": "ci",
        "from": BUNDLE,
        "expires": TIME,
    },
    "policy.rejected": {"bundle": None, "because": "signature"},
    "escalation.opened": {
        "task": TASK,
        "of": DECISION,
        "rule": "large_refund",
        "reviewers": "finance",
        "quorum": 2,
        "deadline": TIME,
        "else": "deny",
        "binding": "cd" * 32,
        "requesters": ["a1", "u7"],
    },
    "escalation.notified": {"task": TASK, "channel": "email", "to": "maria@acme.com", "attempt": 1, "result": "sent"},
    "escalation.seen": PERSON,
    "escalation.claimed": PERSON,
    "escalation.released": PERSON,
    "escalation.delegated": {**PERSON, "to": "jo@acme.com"},
    "escalation.climbed": {"task": TASK, "reviewers": "cfo", "quorum": 1, "deadline": TIME, "because": "unseen"},
    "escalation.decided": {
        **PERSON,
        "vote": "approve",
        "counted": True,
        "binding": "cd" * 32,
        "comment": "I know her",
    },
    "escalation.ended": {"task": TASK, "end": "approved", "expires": TIME},
    "escalation.used": {"task": TASK, "of": DECISION},
    "guard.stopped": {"what": "all", "by": "ops", "because": "it writes to everybody"},
    "guard.resumed": {"what": "all", "by": "ops"},
    "point.closed": {"point": "gate", "count": 12, "unused": [3]},
    "erasure": {"count": 2, "records": [4, 5], "by": "dpo", "because": "art. 17"},
    "key.rotated": {"old": "a+1+b", "new": "a+2+c", "epoch": 2, "size": 812},
    "log.closed": {},
    "log.recovered": {},
}


def made(kind: str, members: Mapping[str, object]) -> tuple[dict[str, object], bytes | None]:
    return event_record(kind, members, TIME, identifier(50), salts())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "key.rotated"])  # which `Log.rotate` alone makes
def test_a_record_of_each_kind_is_appended_and_verified(tmp_path: Path, kind: str) -> None:
    with open_sample(tmp_path / "log.db") as log:
        log.append(*made(kind, SAMPLES[kind]))
    assert verify_log(tmp_path / "log.db").ok
    record = show(tmp_path / "log.db", 1)["record"]
    assert isinstance(record, dict)
    assert record.keys() == {"v", "kind", "index", "previous", "at", "id", "payload", *KINDS[kind]}


@pytest.mark.parametrize(("kind", "member"), [(kind, member) for kind, shape in KINDS.items() for member in shape])
def test_a_record_without_a_member_or_with_a_wrong_one_is_refused(tmp_path: Path, kind: str, member: str) -> None:
    envelope, payload = made(kind, SAMPLES[kind])
    missing = {name: value for name, value in envelope.items() if name != member}
    with open_sample(tmp_path / "log.db") as log:
        with pytest.raises(InvalidRecord, match=f"`{member}` is missing"):
            log.append(missing, payload)
        with pytest.raises(InvalidRecord, match=f"`{member}` is not "):
            log.append({**envelope, member: 1.5}, payload)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("outcome", {"outcome": "fine"}),
        ("outcome", {"took_ns": -1}),
        ("outcome", {"took_ns": True}),
        ("outcome", {"began": "yesterday"}),
        ("policy.activated", {"bundle": "sha256:ab"}),
        ("policy.activated", {"bundle": None}),
        ("escalation.opened", {"quorum": 0}),
        ("escalation.opened", {"of": "x"}),
        ("escalation.decided", {"counted": 1}),
        ("escalation.decided", {"vote": ["approve"]}),
        ("escalation.ended", {"end": "forgotten"}),
    ],
)
def test_what_a_member_can_not_be_is_refused(tmp_path: Path, kind: str, changes: Mapping[str, object]) -> None:
    with (
        open_sample(tmp_path / "log.db") as log,
        pytest.raises(InvalidRecord, match=f"`{next(iter(changes))}` is not "),
    ):
        log.append(*made(kind, {**SAMPLES[kind], **changes}))


@pytest.mark.parametrize(
    ("kind", "member"), [("outcome", "result"), ("escalation.decided", "comment"), ("guard.stopped", "because")]
)
def test_what_people_and_calls_wrote_is_in_the_payload_alone(kind: str, member: str) -> None:
    envelope, payload = made(kind, {**SAMPLES[kind], member: "Zoë lives in Åkersberga"})
    assert payload is not None
    assert "Åkersberga" not in str(envelope)
    assert "Åkersberga".encode() in payload
    assert made(kind, {**SAMPLES[kind], member: None})[0][member] is None


def test_a_long_list_is_recorded_by_its_digest_and_its_first_entries(tmp_path: Path) -> None:
    envelope, payload = made("point.closed", {"point": "gate", "count": 99, "unused": list(range(1, 40))})
    unused = envelope["unused"]
    assert isinstance(unused, dict)
    assert (unused["count"], unused["first"]) == (39, [1, 2, 3, 4, 5, 6, 7, 8])
    with open_sample(tmp_path / "log.db") as log:
        log.append(envelope, payload)
    assert verify_log(tmp_path / "log.db").ok


def test_words_that_are_too_long_to_stand_in_a_record_stand_there_by_their_digest() -> None:
    envelope, _ = made("escalation.seen", {"task": TASK, "who": "m" * 129, "how": "x" * 257})
    assert str(envelope["who"]).startswith("sha256:")
    assert str(envelope["how"]).startswith("sha256:")


@pytest.mark.parametrize(
    ("kind", "members", "message"),
    [
        ("escalation.forgotten", {}, "none of the kinds of records"),
        ("log.closed", {"by": "me"}, "has no `by`; it has nothing"),
        ("outcome", {"off": DECISION}, "has no `off`; it has of, outcome"),
        ("outcome", {"obligations": [{"name": "mask"}]}, "a list of obligations"),
        ("erasure", {"records": ["4"]}, "a list of numbers"),
        ("erasure", {"records": [True]}, "a list of numbers"),
        ("escalation.opened", {"requesters": [4]}, "a list of callers"),
    ],
)
def test_a_record_of_an_unknown_kind_or_member_is_not_made(
    kind: str, members: Mapping[str, object], message: str
) -> None:
    with pytest.raises(InvalidRecord, match=message):
        made(kind, members)


def test_the_table_in_the_docs_is_the_one_in_the_code() -> None:
    page = (Path(__file__).parents[4] / "docs/audit-format.md").read_text()
    section = page.partition("### Other kinds")[2].partition("\n| member |")[0]
    told: dict[str, dict[str, bool]] = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[0].startswith("`"):
            told[cells[0].strip("`")] = {name: mark == "?" for name, mark in re.findall(r"`([a-z_]+)`(\??)", cells[1])}
    assert told == {kind: {name: form.holds(None) for name, form in shape.items()} for kind, shape in KINDS.items()}
