"""Who answers for what a gate decided by itself, and for what people wrote, sealed or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from tenetlang.audit import Surroundings, Unplaced, time_text, unplaced
from tenetlang.audit.blame import Blame, blame
from tenetlang.audit.payloads.erasing import OfSubject, erase
from tenetlang.audit.payloads.keyring import Keyring, create_keyring, open_keyring
from tenetlang.audit.payloads.sealer import Sealer
from tenetlang.audit.records.events import event_record
from tenetlang.audit.source import Entry, read_entries
from tests.unit.audit.samples import DECISION, START, identifier, open_sample, salts, sample, tamper

TASK = identifier(900)
BUNDLE = str(DECISION["bundle"])
AT_GATE = Surroundings(point="gate-1", point_count=1)


def event(kind: str, number: int = 70, **members: object) -> Unplaced:
    made = event_record(kind, members, time_text(START), identifier(number), salts(str(number).encode()))
    return unplaced(*made)


def decision(number: int, verdict: str, by: str, surroundings: Surroundings | None = AT_GATE) -> Unplaced:
    decided = {**DECISION, "verdict": verdict, "decided_by": [by], "matched": [], "escalations": []}
    return unplaced(*sample(number, decided, surroundings=surroundings))


def stopped(what: str, number: int = 70, because: str | None = "it went wild") -> Unplaced:
    return event("guard.stopped", number, what=what, by="ops", because=because)


def resumed(what: str, number: int = 71) -> Unplaced:
    return event("guard.resumed", number, what=what, by="ops")


def vote(comment: str | None) -> Unplaced:
    members = {"task": TASK, "who": "ada", "how": "inbox", "vote": "deny", "counted": True, "binding": "ab" * 32}
    return event("escalation.decided", 82, comment=comment, **members)


def opened() -> Unplaced:
    members = {"task": TASK, "of": identifier(1), "rule": "large", "reviewers": "finance", "quorum": 1, "else": "deny"}
    return event("escalation.opened", 81, deadline=time_text(START), binding="ab" * 32, **members)


def logged(path: Path, records: Sequence[Unplaced]) -> Path:
    path.mkdir(exist_ok=True)
    with open_sample(path / "log.db") as log:
        log.append_all([(record, None) for record in records])
    return path / "log.db"


def facts(found: Blame, what: str) -> list[tuple[str, Mapping[str, object], int, bool]]:
    return [(fact.party, fact.details, fact.record, fact.against) for fact in found.facts if fact.what == what]


@pytest.mark.parametrize("what", ["all", "agent:a1", "tool:refund"])
def test_a_call_that_was_stopped_is_the_doing_of_whoever_stopped_it(tmp_path: Path, what: str) -> None:
    log = logged(tmp_path, [stopped("tool:mail"), stopped(what, 72), decision(1, "deny", "stopped")])
    found = blame(log, "3")
    assert found.answers == "organization"
    assert facts(found, "stopped") == [
        ("organization", {"what": what, "by": "ops", "because": "it went wild"}, 2, True),
    ]
    assert found.standing("organization") == ("decided", (2,))


def test_to_resume_one_of_two_switches_leaves_the_other(tmp_path: Path) -> None:
    records = [stopped("all"), stopped("agent:a1", 72), resumed("all"), decision(1, "deny", "stopped")]
    assert [details["what"] for _, details, *_ in facts(blame(logged(tmp_path, records), "4"), "stopped")] == [
        "agent:a1"
    ]


def test_of_two_who_stopped_the_same_the_first_is_named(tmp_path: Path) -> None:
    records = [stopped("all"), stopped("all", 72, because=None), decision(1, "deny", "stopped")]
    assert facts(blame(logged(tmp_path, records), "3"), "stopped")[0][2] == 1


def test_a_stop_that_the_log_does_not_show_is_said_to_be_missing(tmp_path: Path) -> None:
    found = blame(logged(tmp_path, [stopped("tool:mail"), decision(1, "deny", "stopped")]), "2")
    assert facts(found, "stopped") == []
    assert facts(found, "stopped_unseen") == [("organization", {}, 2, True)]


def test_an_allowance_in_spite_of_a_stop_is_the_platforms(tmp_path: Path) -> None:
    found = blame(logged(tmp_path, [stopped("tool:refund"), decision(1, "allow", "small")]), "2")
    assert facts(found, "not_stopped") == [("platform", {"what": "tool:refund", "by": "ops"}, 1, True)]
    elsewhere = blame(logged(tmp_path / "other", [stopped("all"), decision(1, "allow", "small", None)]), "2")
    assert facts(elsewhere, "not_stopped") == []


@pytest.mark.parametrize(
    ("by", "answers"),
    [
        ("out_of_scope", "developer"),
        ("review_denied", "organization"),
        ("review_unavailable", "platform"),
        ("unmet_obligation", "platform"),
        ("unavailable", "platform"),
    ],
)
def test_what_a_gate_decides_by_itself_is_somebodys_doing(tmp_path: Path, by: str, answers: str) -> None:
    found = blame(logged(tmp_path, [decision(1, "deny", by)]), "1")
    assert found.answers == answers
    assert found.standing(found.answers) == ("decided", (1,))
    assert [fact.what for fact in found.facts if fact.against] == ["not_ready" if answers == "platform" else by]


def test_an_outcome_that_nobody_knows_is_no_outcome_that_was_said(tmp_path: Path) -> None:
    unknown = event("outcome", of=identifier(1), outcome="unknown", point="gate-1")
    found = blame(logged(tmp_path, [decision(1, "allow", "small"), unknown]), "1")
    assert facts(found, "unknown_outcome") == [("developer", {"outcome": "unknown", "verdict": "allow"}, 2, False)]
    assert facts(found, "no_outcome") == facts(found, "outcome") == []
    assert "outcome" in found.untold


def test_a_newer_bundle_that_was_refused_is_said_beside_the_one_that_decided(tmp_path: Path) -> None:
    active = event("policy.activated", 60, bundle=BUNDLE, by="ci", version=4, expires=time_text(START))
    refused = event("policy.rejected", 61, version=5, because="a test failed")
    stale = Surroundings(point="gate-1", point_count=1, stale="expired yesterday")
    found = blame(logged(tmp_path, [refused, active, decision(1, "allow", "small", stale)]), "3")
    assert facts(found, "rejected") == []
    assert facts(found, "activated")[0][1]["expires"] == time_text(START)
    again = blame(logged(tmp_path / "other", [active, refused, decision(1, "allow", "small", stale)]), "3")
    assert facts(again, "rejected") == [("organization", {"version": 5, "because": "a test failed"}, 2, False)]
    assert facts(again, "stale") == [("platform", {"why": "expired yesterday"}, 3, True)]


# ----------------------------------------------------------------------------------------------------------- what people wrote


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[Keyring]:
    create_keyring(tmp_path / "keys")
    with open_keyring(tmp_path / "keys") as found:
        yield found


def sealed_story(path: Path, keyring: Keyring) -> Path:
    sealer = Sealer(keyring)
    records = [decision(1, "escalate", "large"), opened(), vote("she is my neighbour")]
    return logged(path, [*(sealer(record, "u7") for record in records)])


def test_what_a_reviewer_wrote_stands_beside_the_vote(tmp_path: Path) -> None:
    found = blame(logged(tmp_path, [decision(1, "escalate", "large"), opened(), vote("too much")]), "1")
    assert facts(found, "vote")[0][1] == {"who": "ada", "vote": "deny", "how": "inbox", "comment": "too much"}
    silent = blame(logged(tmp_path / "other", [decision(1, "escalate", "large"), opened(), vote(None)]), "1")
    assert facts(silent, "vote")[0][1]["comment"] is None


def test_what_is_sealed_is_told_with_the_keys_and_said_to_be_sealed_without(tmp_path: Path, keyring: Keyring) -> None:
    log = sealed_story(tmp_path, keyring)
    without = blame(log, "1")
    assert (without.reason, "sealed" in without.untold) == (None, True)
    assert facts(without, "payload_changed") == []
    assert facts(without, "vote")[0][1]["comment"] is None
    opened_with = blame(log, "1", keyring.key_of)
    assert opened_with.reason == DECISION["reason"]
    assert facts(opened_with, "vote")[0][1]["comment"] == "she is my neighbour"
    assert not {"sealed", "other_keys", "payload"} & set(opened_with.untold)
    create_keyring(tmp_path / "others")
    with open_keyring(tmp_path / "others") as others:
        assert "other_keys" in blame(log, "1", others.key_of).untold


def test_who_erased_the_person_is_said(tmp_path: Path, keyring: Keyring) -> None:
    log = sealed_story(tmp_path, keyring)
    erase(log, OfSubject("u7"), by="dpo", because="art. 17", keyring=keyring)
    found = blame(log, "1", keyring.key_of)
    assert facts(found, "erased") == [("platform", {"by": "dpo", "because": "art. 17"}, 4, False)]
    assert "payload" in found.untold


def test_a_payload_of_the_destroyed_key_that_came_back_is_covered_by_the_erasure(
    tmp_path: Path, keyring: Keyring
) -> None:
    log = sealed_story(tmp_path, keyring)
    kept = next(entry.payload for entry in read_entries(log) if isinstance(entry, Entry) and entry.index == 1)
    assert kept is not None
    erase(log, OfSubject("u7"), by="dpo", because="art. 17", keyring=keyring)
    tamper(log, [("INSERT INTO payloads VALUES (1, ?)", (kept,))])
    found = blame(log, "1", keyring.key_of)
    assert facts(found, "erased")[0][2] == 4
    assert "other_keys" in found.untold


@pytest.mark.parametrize("payload", [b"no seal", b"a.b.c.d.e"])
def test_a_payload_that_is_neither_plain_nor_sealed_tells_nothing(
    tmp_path: Path, keyring: Keyring, payload: bytes
) -> None:
    log = sealed_story(tmp_path, keyring)
    tamper(log, [("UPDATE payloads SET payload = ? WHERE idx = 1", (payload,))])
    found = blame(log, "1", keyring.key_of)
    assert (found.reason, "payload" in found.untold) == (None, True)
    assert len(facts(found, "payload_changed")) == 1


def test_a_seal_that_fits_its_record_and_is_none_tells_nothing(tmp_path: Path, keyring: Keyring) -> None:
    record = decision(1, "deny", "x")
    assert record.payload is not None
    before, after = (sha256(each).hexdigest().encode() for each in (record.payload, b"no seal"))
    middle = record.middle.replace(before, after)
    log = logged(tmp_path, [Unplaced(record.identifier, record.start, middle, record.end, b"no seal")])
    found = blame(log, "1", keyring.key_of)
    assert facts(found, "payload_changed") == []
    assert "payload" in found.untold
    erased = event("erasure", 90, count=1, records=[9], subject="ab" * 32, by="dpo", because="x")
    with open_sample(log) as opened_log:
        opened_log.append(erased)
    assert facts(blame(log, "1"), "erased") == []
