"""Who answers for a decision: each fact, from a log that shows it, and the record that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tenetlang.audit import RecordNotFound, Surroundings, export_jsonl, time_text, verify_log
from tenetlang.audit.blame import Blame, blame
from tenetlang.audit.records.events import event_record
from tests.unit.audit.samples import DECISION, START, identifier, open_sample, salts, sample, tamper

Entry = tuple[Mapping[str, object], bytes | None]
AT_GATE = Surroundings(point="gate-1", point_count=7)
BUNDLE = str(DECISION["bundle"])


def decided(verdict: str, *by: str, **changes: object) -> dict[str, object]:
    return {**DECISION, "verdict": verdict, "decided_by": list(by), "matched": [], "escalations": [], **changes}


def outcome(of: int, said: str, number: int = 50, result: object = None) -> Entry:
    members = {"of": identifier(of), "outcome": said, "point": "gate-1", "result": result}
    return event_record("outcome", members, time_text(START), identifier(number), salts())


def activation(bundle: str = BUNDLE, by: str = "ci@acme.com", number: int = 60) -> Entry:
    members = {"bundle": bundle, "by": by, "package": "acme.support", "version": 4}
    return event_record("policy.activated", members, time_text(START), identifier(number), salts())


def blamed(path: Path, entries: Sequence[Entry], wanted: str | None = None) -> Blame:
    with open_sample(path / "log.db") as log:
        log.append_all(entries)
    assert verify_log(path / "log.db").ok
    return blame(path / "log.db", identifier(1) if wanted is None else wanted)


def facts(found: Blame, party: str) -> dict[str, tuple[Mapping[str, object], int, bool]]:
    return {fact.what: (fact.details, fact.record, fact.against) for fact in found.facts if fact.party == party}


def test_a_rule_that_decided_is_the_organizations_with_its_owner_and_place(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1)])
    assert (found.answers, found.index, found.reason) == ("organization", 1, DECISION["reason"])
    rule = {"rule": "large_refund", "verdict": "escalate", "owner": "payments", "at": "support.tenet:44"}
    organization = facts(found, "organization")
    assert organization["rule"] == (rule, 1, True)
    reviewers = {"reviewers": "finance_oncall", "quorum": 2, "within": "30m", "else": "deny"}
    assert organization["reviewers"] == (reviewers, 1, False)


@pytest.mark.parametrize(
    ("decision", "answers", "party", "what", "against"),
    [
        pytest.param(decided("deny", "default"), "organization", "organization", "default", True, id="the default"),
        pytest.param(
            decided("allow", "observe", observed_verdict="deny"), "organization", "organization", "observe", True, id="observe"
        ),
        pytest.param(
            decided("deny", "error", errors=[{"rule": "r", "error": "overflow", "at": "a.tenet:3"}]),
            "organization", "organization", "error", True, id="a rule that errs",
        ),
        pytest.param(
            decided("deny", "error", errors=[{"rule": "", "error": "internal", "at": "KeyError"}]),
            "platform", "platform", "internal", True, id="the engine errs",
        ),
        pytest.param(
            decided("allow", "x", overridden=[{"rule": "y", "by": "x"}]), "organization", "organization", "overridden", False,
            id="what was lifted",
        ),
        pytest.param(decided("deny", "invalid_request"), "developer", "developer", "invalid_request", True, id="invalid"),
        pytest.param(decided("deny", "unknown_tool"), "developer", "developer", "unknown_tool", True, id="unknown tool"),
        pytest.param(decided("deny", "unavailable"), "platform", "platform", "not_ready", True, id="unavailable"),
    ],
)  # fmt: skip
def test_whose_doing_a_verdict_is(
    tmp_path: Path,
    decision: Mapping[str, object],
    answers: str,
    party: str,
    what: str,
    against: bool,
) -> None:
    found = blamed(tmp_path, [sample(1, decision)])
    assert facts(found, party)[what][2] == against
    assert found.answers == answers


def test_what_the_caller_did_afterwards_is_found_behind_the_decision(tmp_path: Path) -> None:
    allowed = sample(1, decided("allow", "small"), surroundings=AT_GATE)
    found = blamed(tmp_path, [allowed, sample(2), outcome(2, "error", 51), outcome(1, "ok")])
    developer = facts(found, "developer")
    assert developer["guarded"] == ({"point": "gate-1", "count": 7}, 1, False)
    assert developer["outcome"] == ({"outcome": "ok"}, 4, False)
    assert "no_outcome" not in developer


def test_an_allowance_at_a_gate_without_an_outcome_is_the_developers(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1, decided("allow", "small"), surroundings=AT_GATE), sample(2)])
    assert facts(found, "developer")["no_outcome"] == ({"verdict": "allow", "size": 3}, 1, True)


def test_where_nobody_enforces_nothing_is_missing(tmp_path: Path) -> None:
    developer = facts(blamed(tmp_path, [sample(1, decided("allow", "small"))]), "developer")
    assert developer["unguarded"] == ({}, 1, False)
    assert not developer["no_outcome"][2]


def test_a_denied_call_that_was_made_at_a_gate_is_the_platforms(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1, decided("deny", "x"), surroundings=AT_GATE), outcome(1, "ok")])
    assert facts(found, "platform")["not_enforced"] == ({"point": "gate-1", "outcome": "ok"}, 2, True)


def test_a_denied_call_that_was_made_without_a_gate_is_the_developers(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1, decided("deny", "x")), outcome(1, "ok")])
    assert "not_enforced" not in facts(found, "platform")
    assert facts(found, "developer")["outcome"] == ({"outcome": "ok"}, 2, True)


def test_a_denial_that_was_respected_is_nobodys(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1, decided("deny", "x"), surroundings=AT_GATE), outcome(1, "refused")])
    assert "not_enforced" not in facts(found, "platform")
    assert not facts(found, "developer")["outcome"][2]


def test_two_outcomes_of_one_decision_are_one_too_many(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1), outcome(1, "ok"), outcome(1, "error", 51)])
    assert facts(found, "developer")["outcomes"] == ({"count": 2}, 3, True)


def test_the_newest_activation_of_the_bundle_before_the_decision_counts(tmp_path: Path) -> None:
    other = activation("sha256:" + "cd" * 32, "somebody", 61)
    later = activation(by="too late", number=63)
    found = blamed(tmp_path, [activation(by="first"), other, activation(by="second", number=62), sample(1), later])
    details, record, against = facts(found, "organization")["activated"]
    assert (details["by"], details["version"], record, against) == ("second", 4, 3, False)


def test_a_bundle_that_nobody_put_into_force_is_noticed_where_others_were(tmp_path: Path) -> None:
    found = blamed(tmp_path, [activation("sha256:" + "cd" * 32), sample(1)])
    assert facts(found, "organization")["never_activated"][2]


def test_a_log_without_activations_says_nothing_of_them(tmp_path: Path) -> None:
    assert "activation_untold" in facts(blamed(tmp_path, [sample(1)]), "organization")


def test_an_outdated_bundle_is_the_platforms(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1, surroundings=Surroundings(stale="expired on Monday"))])
    assert facts(found, "platform")["stale"] == ({"why": "expired on Monday"}, 1, True)


def test_a_changed_record_and_a_changed_payload_are_said(tmp_path: Path) -> None:
    blamed(tmp_path, [sample(1), sample(2)])
    log = tmp_path / "log.db"
    payload = (
        b'{"bodies":{"/decided/reason":{"salt":"' + b"00" * 16 + b'","value":"another reason"}},"salt":"00","v":1}'
    )
    tamper(
        log,
        [
            ("UPDATE payloads SET payload = ? WHERE idx = 1", (payload,)),
            ("UPDATE records SET leaf = ? WHERE idx = 2", (b"x" * 32,)),
        ],
    )
    first = blame(log, "1")
    assert facts(first, "platform")["payload_changed"][2]
    assert first.reason is None
    assert facts(blame(log, "2"), "platform")["changed"][2]


def test_without_its_payload_a_decision_is_blamed_without_its_reason(tmp_path: Path) -> None:
    blamed(tmp_path, [sample(1)])
    (tmp_path / "export.jsonl").write_bytes(b"".join(export_jsonl(tmp_path / "log.db")))
    found = blame(tmp_path / "export.jsonl", "1")
    assert (found.reason, found.answers) == (None, "organization")
    assert "intact" in facts(found, "platform")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [("7", "holds no record 7"), ("0", "is of no decision but `log.opened`"), (identifier(9), "holds no record")],
)
def test_only_decisions_can_be_blamed(tmp_path: Path, wanted: str, message: str) -> None:
    with pytest.raises(RecordNotFound, match=message):
        blamed(tmp_path, [sample(1)], wanted)


def test_what_is_no_record_any_more_is_said_to_be_changed(tmp_path: Path) -> None:
    blamed(tmp_path, [sample(1)])
    tamper(tmp_path / "log.db", [("UPDATE records SET record = ? WHERE idx = 1", (b"[1]",))])
    with pytest.raises(RecordNotFound, match="it was changed; name an intent"):
        blame(tmp_path / "log.db", "1")


def test_long_lists_are_blamed_by_their_first_entries(tmp_path: Path) -> None:
    rules = [{"rule": f"r{n}", "verdict": "deny", "owner": None, "at": f"a.tenet:{n}"} for n in range(40)]
    found = blamed(tmp_path, [sample(1, decided("deny", *(f"r{n}" for n in range(40)), matched=rules))])
    assert len([fact for fact in found.facts if fact.what == "rule"]) == 8
