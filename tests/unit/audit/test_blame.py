"""Who answers for a decision: each fact, from a log that shows it, and the record that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tenetlang.audit import RecordNotFound, Surroundings, export_jsonl, time_text, verify_log
from tenetlang.audit.blame import PARTIES, Blame, blame
from tenetlang.audit.records.events import event_record
from tests.unit.audit.samples import DECISION, START, identifier, open_sample, salts, sample, tamper

Entry = tuple[Mapping[str, object], bytes | None]
MINUTE = 60_000_000_000
TASK = identifier(900)
AT_GATE = Surroundings(point="gate-1", point_count=7)
BUNDLE = str(DECISION["bundle"])


def decided(verdict: str, *by: str, **changes: object) -> dict[str, object]:
    return {**DECISION, "verdict": verdict, "decided_by": list(by), "matched": [], "escalations": [], **changes}


def event(kind: str, members: Mapping[str, object] | None = None, at: int = 0, number: int = 70) -> Entry:
    return event_record(kind, members or {}, time_text(START + at), identifier(number), salts())


def step(kind: str, **members: object) -> Entry:
    return event(f"escalation.{kind}", {"task": TASK, **members})


def opened(of: int = 1) -> Entry:
    return step(
        "opened", of=identifier(of), rule="large_refund", reviewers="finance", quorum=2,
        deadline=time_text(START + 30 * MINUTE), binding="ab" * 32, **{"else": "deny"},
    )  # fmt: skip


def vote(who: str, said: str = "approve", *, counted: bool = True) -> Entry:
    return step("decided", who=who, how="inbox", vote=said, counted=counted, binding="ab" * 32)


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
    assert developer["outcome"] == ({"outcome": "ok", "verdict": "allow"}, 4, False)
    assert "no_outcome" not in developer


@pytest.mark.parametrize(("minutes", "missing"), [(14, False), (16, True)])
def test_an_allowance_at_a_gate_without_an_outcome_is_the_developers_after_a_while(
    tmp_path: Path, minutes: int, *, missing: bool
) -> None:
    allowed = sample(1, decided("allow", "small"), surroundings=AT_GATE)
    found = blamed(tmp_path, [allowed, event("log.closed", at=minutes * MINUTE)])
    assert facts(found, "developer")["no_outcome"] == ({"size": 3}, 1, missing)


def test_where_nobody_enforces_nothing_is_missing(tmp_path: Path) -> None:
    developer = facts(blamed(tmp_path, [sample(1, decided("allow", "small"))]), "developer")
    assert developer["unguarded"] == ({}, 1, False)
    assert not developer["no_outcome"][2]


def test_a_denied_call_that_was_made_at_a_gate_is_the_platforms(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1, decided("deny", "x"), surroundings=AT_GATE), outcome(1, "ok")])
    assert facts(found, "platform")["not_enforced"] == (
        {"point": "gate-1", "outcome": "ok", "verdict": "deny"}, 2, True,
    )  # fmt: skip


def test_a_denied_call_that_was_made_without_a_gate_is_the_developers(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1, decided("deny", "x")), outcome(1, "ok")])
    assert "not_enforced" not in facts(found, "platform")
    assert facts(found, "developer")["not_respected"] == ({"outcome": "ok", "verdict": "deny"}, 2, True)


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
    found = blamed(tmp_path, [activation("sha256:" + "cd" * 32), sample(1, surroundings=AT_GATE), sample(2)])
    assert facts(found, "organization")["never_activated"][2]
    assert not facts(blame(tmp_path / "log.db", "3"), "organization")["never_activated"][2]


def test_a_log_without_activations_says_nothing_of_them(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1)])
    assert "activation" in found.untold
    assert not {"activated", "never_activated"} & facts(found, "organization").keys()


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
    [
        ("7", "holds no record 7"),
        ("2", f"name the decision that it belongs to, {identifier(1)}"),
        ("0", "is of no decision but `log.opened`"),
        (identifier(9), "holds no record"),
    ],
)
def test_only_decisions_can_be_blamed(tmp_path: Path, wanted: str, message: str) -> None:
    with pytest.raises(RecordNotFound, match=message):
        blamed(tmp_path, [sample(1), outcome(1, "ok")], wanted)


def test_what_is_no_record_any_more_is_said_to_be_changed(tmp_path: Path) -> None:
    blamed(tmp_path, [sample(1)])
    tamper(tmp_path / "log.db", [("UPDATE records SET record = ? WHERE idx = 1", (b"[1]",))])
    with pytest.raises(RecordNotFound, match="it was changed; name an intent"):
        blame(tmp_path / "log.db", "1")


def test_long_lists_are_blamed_by_their_first_entries(tmp_path: Path) -> None:
    rules = [{"rule": f"r{n}", "verdict": "deny", "owner": None, "at": f"a.tenet:{n}"} for n in range(40)]
    found = blamed(tmp_path, [sample(1, decided("deny", *(f"r{n}" for n in range(40)), matched=rules))])
    assert len([fact for fact in found.facts if fact.what == "rule"]) == 8


# --------------------------------------------------------------------------------------------------------- escalations


def test_who_was_asked_and_what_they_said_is_the_organizations(tmp_path: Path) -> None:
    story = [
        sample(1, surroundings=AT_GATE), opened(),
        step("notified", channel="email", to="maria", attempt=1, result="sent"),
        step("seen", who="maria", how="link"), step("delegated", who="maria", how="link", to="jo"),
        vote("jo"), vote("li", "deny"), step("ended", end="denied"), vote("ann", counted=False),
    ]  # fmt: skip
    found = blamed(tmp_path, story)
    said = [(fact.what, fact.record, fact.against) for fact in found.facts if fact.party == "organization"]
    assert said == [
        ("rule", 1, True), ("reviewers", 1, False), ("asked", 2, False), ("seen", 4, False), ("delegated", 5, False),
        ("vote", 6, False), ("vote", 7, True), ("ended", 8, False), ("late_vote", 9, False),
    ]  # fmt: skip
    assert found.standing("organization") == ("decided", (1, 7))
    assert not {"not_reached", "not_ended", "not_opened"} & facts(found, "platform").keys()


def test_an_allowance_rests_on_the_approval_that_it_used(tmp_path: Path) -> None:
    story = [
        sample(1), opened(), vote("maria"), vote("jo"), step("ended", end="approved"),
        sample(2, decided("allow", "approved_refund")), step("used", of=identifier(2)),
    ]  # fmt: skip
    found = blamed(tmp_path, story, identifier(2))
    said = [(fact.what, fact.record, fact.against) for fact in found.facts if fact.party == "organization"]
    assert said == [
        ("asked", 2, False), ("vote", 3, True), ("vote", 4, True), ("ended", 5, False), ("used", 7, False),
    ]  # fmt: skip
    asked = facts(blame(tmp_path / "log.db", "1"), "organization")
    assert "used" not in asked
    assert asked["used_by"] == ({"decision": identifier(2)}, 7, False)


def test_a_review_in_which_nobody_answered_is_the_organizations(tmp_path: Path) -> None:
    climbed = step("climbed", reviewers="cfo", quorum=1, deadline=time_text(START + 60 * MINUTE), because="unseen")
    found = blamed(tmp_path, [sample(1), opened(), climbed, step("ended", end="expired")])
    organization = facts(found, "organization")
    assert organization["climbed"][0]["reviewers"] == "cfo"
    assert organization["ended"] == ({"end": "expired"}, 4, True)


def test_a_review_of_which_nobody_heard_or_that_never_ended_is_the_platforms(tmp_path: Path) -> None:
    failed = [step("notified", channel="email", attempt=n, result=said) for n, said in ((1, "failed"), (2, "given_up"))]
    found = blamed(tmp_path, [sample(1), opened(), *failed, event("log.closed", at=46 * MINUTE)])
    platform = facts(found, "platform")
    assert platform["not_reached"] == ({"attempts": 2}, 4, True)
    assert platform["not_ended"] == ({"deadline": time_text(START + 30 * MINUTE)}, 2, True)
    assert found.standing("platform") == ("to_answer", (4, 2))


@pytest.mark.parametrize(("minutes", "against"), [(1, False), (20, True)])
def test_a_decision_to_ask_people_whom_nobody_asked_is_the_platforms(
    tmp_path: Path, minutes: int, *, against: bool
) -> None:
    story = [sample(1, surroundings=AT_GATE), sample(2), opened(2), event("log.closed", at=minutes * MINUTE)]
    assert facts(blamed(tmp_path, story), "platform")["not_opened"] == ({}, 1, against)


def test_many_notices_do_not_hide_the_end(tmp_path: Path) -> None:
    notices = [step("notified", channel="email", attempt=n, result="failed") for n in range(1, 130)]
    found = blamed(tmp_path, [sample(1), opened(), *notices, step("ended", end="expired")])
    assert facts(found, "platform")["not_reached"][0] == {"attempts": 100}
    assert "ended" in facts(found, "organization")


# --------------------------------------------------------------------------------------------------------- the others


def test_calls_of_the_gate_that_are_missing_are_the_platforms(tmp_path: Path) -> None:
    around = [Surroundings(point="gate-1", point_count=number) for number in (1, 3)]
    entries = [sample(n, decided("deny", "x"), surroundings=where) for n, where in enumerate(around, 1)]
    other = sample(3, surroundings=Surroundings(point="gate-2", point_count=9))
    closed = event("point.closed", {"point": "gate-1", "count": 3})
    found = blamed(tmp_path, [*entries, other, closed])
    details, record, against = facts(found, "platform")["numbers"]
    assert (details["detail"], record, against) == ("gate-1 has numbered intents that are not in the log: 2", 2, True)


def test_where_the_gate_said_that_it_was_done_all_its_calls_are_known(tmp_path: Path) -> None:
    allowed = sample(1, decided("allow", "x"), surroundings=Surroundings(point="gate-1", point_count=1))
    found = blamed(tmp_path, [allowed, outcome(1, "ok"), event("point.closed", {"point": "gate-1", "count": 1})])
    assert facts(found, "platform")["all_there"] == ({"point": "gate-1", "count": 1}, 3, False)
    assert found.untold == ("activation", "identity", "other_calls", "whole_log")
    assert [found.standing(party)[0] for party in PARTIES] == ["nothing", "decided", "nothing"]


def test_what_was_stopped_and_not_resumed_is_said(tmp_path: Path) -> None:
    stop = event("guard.stopped", {"what": "all", "by": "ops", "because": "it went wild"})
    resumed = event("guard.resumed", {"what": "all", "by": "ops"})
    found = blamed(tmp_path, [stop, resumed, sample(1), stop, sample(2), stop])
    assert "stopped" not in facts(found, "organization")
    later = facts(blame(tmp_path / "log.db", identifier(2)), "organization")
    assert later["stopped"] == ({"what": "all", "by": "ops", "because": "it went wild"}, 4, False)


def test_who_erased_what_the_caller_sent_is_said(tmp_path: Path) -> None:
    erasures = [
        event("erasure", {"count": 1, "records": [9], "by": "other", "because": "x"}),
        event("erasure", {"count": 1, "records": [1], "by": "dpo", "because": "art. 17"}),
        event("erasure", {"count": 2, "before": 3, "by": "retention", "because": "90 days"}),
    ]
    blamed(tmp_path, [sample(1), sample(2), *erasures])
    assert "erased" not in facts(blame(tmp_path / "log.db", "1"), "platform")
    tamper(tmp_path / "log.db", [("DELETE FROM payloads WHERE idx <= ?", (2,))])
    assert facts(blame(tmp_path / "log.db", "2"), "platform")["erased"] == (
        {"by": "retention", "because": "90 days"}, 5, False,
    )  # fmt: skip
    found = blame(tmp_path / "log.db", "1")
    assert (found.reason, "payload" in found.untold) == (None, True)


def test_what_the_decision_obliged_to_and_was_not_done_is_the_developers(tmp_path: Path) -> None:
    members = {"of": identifier(1), "outcome": "ok", "obligations": [{"name": "mask", "met": False}]}
    found = blamed(tmp_path, [sample(1, decided("allow", "x"), surroundings=AT_GATE), event("outcome", members)])
    assert facts(found, "developer")["unmet"] == ({"names": "mask"}, 2, True)


def test_damaged_records_tell_nothing_and_are_counted(tmp_path: Path) -> None:
    blamed(tmp_path, [sample(1, decided("deny", "x")), outcome(1, "ok")])
    tamper(tmp_path / "log.db", [("UPDATE records SET leaf = ? WHERE idx = 2", (b"x" * 32,))])
    found = blame(tmp_path / "log.db", "1")
    assert "not_respected" not in facts(found, "developer")
    assert {"damaged", "outcome"} <= set(found.untold)


def test_kinds_that_come_later_cannot_break_it(tmp_path: Path) -> None:
    envelope, _ = event("log.closed")
    tasks: list[object] = [[], TASK, None]
    strange: list[Entry] = [({**envelope, "kind": "escalation.pondered", "task": task}, None) for task in tasks]
    assert blamed(tmp_path, [sample(1), opened(), *strange]).index == 1


def test_of_very_many_outcomes_the_number_is_said(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1), *(outcome(1, "ok", 100 + n) for n in range(120))])
    assert facts(found, "developer")["outcomes"][0] == {"count": 120}


def test_a_request_that_names_no_agent_is_the_developers(tmp_path: Path) -> None:
    assert facts(blamed(tmp_path, [sample(1, request={"tool": "refund", "args": {}})]), "developer")["nameless"] == (
        {},
        1,
        False,
    )
