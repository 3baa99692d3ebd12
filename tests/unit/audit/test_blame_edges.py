"""Who answers for a decision, by whole stories: all that is said of each one, and what a story that differs in one thing has instead.

A fact is written `PARTY.WHAT@RECORD`, with a `!` where the party has to answer for it. What is said of every decision is left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tenetlang.audit import RecordNotFound, Surroundings
from tenetlang.audit.blame import blame
from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.merkle import leaf_hash
from tests.unit.audit.samples import REQUEST, identifier, open_sample, rows, sample, tamper
from tests.unit.audit.test_blame import (
    MINUTE,
    Entry,
    activation,
    blamed,
    decided,
    event,
    opened,
    outcome,
    step,
    vote,
)

GATE = Surroundings(point="gate-1", point_count=1)
SECOND = Surroundings(point="gate-1", point_count=2)
ALLOW, DENY, ESC = (decided(verdict, "default") for verdict in ("allow", "deny", "escalate"))
OTHER = "sha256:" + "cd" * 32


def at(minutes: float) -> Entry:
    """Something else that is recorded so many minutes after the start."""
    return event("log.closed", at=int(minutes * MINUTE), number=99)


def stopped(what: str, number: int) -> Entry:
    return event("guard.stopped", {"what": what, "by": "x"}, number=number)


STORIES = [
    pytest.param(
        [sample(1, ALLOW, surroundings=GATE), outcome(1, "ok"), event("point.closed", {"point": "gate-1", "count": 1})],
        "platform.all_there@3 organization.default@1! developer.guarded@1 developer.outcome@2",
        "activation",
        id="allowed at a gate, ended, closed",
    ),
    pytest.param(
        [sample(1, ALLOW, surroundings=GATE), at(16)],
        "organization.default@1! developer.guarded@1 developer.no_outcome@1!",
        "end_of_point outcome activation",
        id="allowed, late",
    ),
    pytest.param(
        [sample(1, ALLOW, surroundings=GATE), at(15)],
        "organization.default@1! developer.guarded@1 developer.no_outcome@1",
        "end_of_point outcome activation",
        id="allowed, not late",
    ),
    pytest.param(
        [sample(1, ALLOW), at(16)],
        "organization.default@1! developer.unguarded@1 developer.no_outcome@1",
        "enforcement outcome activation",
        id="allowed, no gate, late",
    ),
    pytest.param(
        [sample(1, DENY, surroundings=GATE), at(16)],
        "organization.default@1! developer.guarded@1",
        "end_of_point outcome activation",
        id="denied, late",
    ),
    pytest.param(
        [sample(1, DENY, surroundings=GATE), outcome(1, "ok")],
        "platform.not_enforced@2! organization.default@1! developer.guarded@1 developer.outcome@2",
        "end_of_point activation",
        id="denied, made",
    ),
    pytest.param(
        [sample(1, DENY), outcome(1, "error")],
        "organization.default@1! developer.unguarded@1 developer.not_respected@2!",
        "enforcement activation",
        id="denied, made, no gate",
    ),
    pytest.param(
        [sample(1, DENY), outcome(1, "refused")],
        "organization.default@1! developer.unguarded@1 developer.outcome@2",
        "enforcement activation",
        id="denied, refused, no gate",
    ),
    pytest.param(
        [sample(1, ALLOW), outcome(1, "ok")],
        "organization.default@1! developer.unguarded@1 developer.outcome@2",
        "enforcement activation",
        id="allowed, made, no gate",
    ),
    pytest.param(
        [
            sample(1, ALLOW, surroundings=SECOND),
            outcome(1, "ok"),
            event("point.closed", {"point": "gate-1", "count": 2}),
        ],
        "platform.numbers@1! organization.default@1! developer.guarded@1 developer.outcome@2",
        "activation",
        id="gap",
    ),
    pytest.param(
        [sample(2, ESC, surroundings=GATE), opened(2), sample(1, ESC, surroundings=SECOND), at(16)],
        "platform.not_opened@3! organization.default@3! developer.guarded@3",
        "end_of_point outcome activation",
        id="escalated, none opened",
    ),
    pytest.param(
        [sample(2, ESC, surroundings=GATE), opened(2), sample(1, ESC, surroundings=SECOND), at(14)],
        "platform.not_opened@3 organization.default@3! developer.guarded@3",
        "end_of_point outcome activation",
        id="escalated, none opened, soon",
    ),
    pytest.param(
        [sample(1, ESC, surroundings=GATE), at(16)],
        "organization.default@1! developer.guarded@1",
        "end_of_point outcome activation",
        id="escalated, no log of openings",
    ),
    pytest.param(
        [sample(2, ESC, surroundings=GATE), opened(2), sample(1, ESC), at(16)],
        "organization.default@3! developer.unguarded@3 developer.no_outcome@3",
        "enforcement outcome activation",
        id="escalated without gate",
    ),
    pytest.param(
        [sample(2, ESC, surroundings=GATE), opened(2), sample(1, DENY, surroundings=SECOND), at(16)],
        "organization.default@3! developer.guarded@3",
        "end_of_point outcome activation",
        id="denied, others opened",
    ),
    pytest.param(
        [sample(1, ESC, surroundings=GATE), opened(1), at(46)],
        "platform.not_ended@2! organization.default@1! organization.asked@2 developer.guarded@1",
        "end_of_point outcome activation",
        id="not ended",
    ),
    pytest.param(
        [sample(1, ESC, surroundings=GATE), opened(1), at(45)],
        "organization.default@1! organization.asked@2 developer.guarded@1",
        "end_of_point outcome activation",
        id="not ended, soon",
    ),
    pytest.param(
        [sample(1, ESC, surroundings=GATE), opened(1), vote("a"), vote("b"), step("ended", end="approved"), at(60)],
        "organization.default@1! organization.asked@2 organization.vote@3 organization.vote@4 organization.ended@5 developer.guarded@1",
        "end_of_point outcome activation",
        id="ended in time",
    ),
    pytest.param(
        [
            sample(1, ESC, surroundings=GATE),
            opened(1),
            step("notified", channel="m", attempt=1, result="failed"),
            step("notified", channel="m", attempt=2, result="given_up"),
        ],
        "platform.not_reached@4! organization.default@1! organization.asked@2 developer.guarded@1",
        "end_of_point outcome activation",
        id="not reached",
    ),
    pytest.param(
        [
            sample(1, ESC, surroundings=GATE),
            opened(1),
            step("notified", channel="m", attempt=1, result="failed"),
            step("notified", channel="m", attempt=2, result="sent"),
        ],
        "organization.default@1! organization.asked@2 developer.guarded@1",
        "end_of_point outcome activation",
        id="reached once",
    ),
    pytest.param(
        [
            sample(1, ESC, surroundings=GATE),
            opened(1),
            step("notified", channel="m", attempt=1, result="failed"),
            step("seen", who="a", how="inbox"),
        ],
        "organization.default@1! organization.asked@2 organization.seen@4 developer.guarded@1",
        "end_of_point outcome activation",
        id="seen though failed",
    ),
    pytest.param(
        [
            sample(1, ESC, surroundings=GATE),
            opened(1),
            vote("a"),
            vote("b", "deny"),
            vote("c", counted=False),
            vote("d", "deny", counted=False),
            step("ended", end="expired"),
        ],
        "organization.default@1! organization.asked@2 organization.vote@3 organization.vote@4! organization.late_vote@5 organization.late_vote@6 organization.ended@7! developer.guarded@1",
        "end_of_point outcome activation",
        id="votes",
    ),
    pytest.param(
        [
            sample(1, ALLOW, surroundings=GATE),
            event(
                "outcome",
                {
                    "of": identifier(1),
                    "outcome": "ok",
                    "obligations": [{"name": "mask", "met": False}, {"name": "log", "met": True}],
                },
                number=51,
            ),
        ],
        "organization.default@1! developer.guarded@1 developer.outcome@2 developer.unmet@2!",
        "end_of_point activation",
        id="obligations",
    ),
    pytest.param(
        [
            sample(1, ALLOW, surroundings=GATE),
            event(
                "outcome",
                {"of": identifier(1), "outcome": "refused", "obligations": [{"name": "mask", "met": False}]},
                number=51,
            ),
        ],
        "organization.default@1! developer.guarded@1 developer.outcome@2",
        "end_of_point activation",
        id="obligations of what was not made",
    ),
    pytest.param(
        [sample(1, ALLOW, surroundings=GATE), outcome(1, "ok"), outcome(1, "error", 51)],
        "organization.default@1! developer.guarded@1 developer.outcome@2 developer.outcome@3 developer.outcomes@3!",
        "end_of_point activation",
        id="two outcomes",
    ),
    pytest.param(
        [sample(1, DENY), outcome(1, "unknown")],
        "organization.default@1! developer.unguarded@1 developer.unknown_outcome@2",
        "enforcement outcome activation",
        id="unknown outcome",
    ),
    pytest.param(
        [
            sample(
                1,
                decided(
                    "deny",
                    "error",
                    errors=[
                        {"rule": "", "error": "internal", "at": "K"},
                        {"rule": "r", "error": "overflow", "at": "a:3"},
                    ],
                ),
            )
        ],
        "platform.internal@1! organization.error@1! developer.unguarded@1 developer.no_outcome@1",
        "enforcement outcome activation",
        id="errors",
    ),
    pytest.param(
        [sample(1, decided("deny", "default", errors=[{"rule": "r", "error": "overflow", "at": "a:3"}]))],
        "organization.default@1! organization.error@1 developer.unguarded@1 developer.no_outcome@1",
        "enforcement outcome activation",
        id="errors beside",
    ),
    pytest.param(
        [activation(), sample(1, DENY, surroundings=GATE)],
        "organization.default@2! organization.activated@1 developer.guarded@2",
        "end_of_point outcome",
        id="activated",
    ),
    pytest.param(
        [activation(OTHER), sample(1, DENY, surroundings=GATE)],
        "organization.default@2! organization.never_activated@2! developer.guarded@2",
        "end_of_point outcome",
        id="never activated",
    ),
    pytest.param(
        [activation(OTHER), sample(1, DENY)],
        "organization.default@2! organization.never_activated@2 developer.unguarded@2 developer.no_outcome@2",
        "enforcement outcome",
        id="never activated without gate",
    ),
    pytest.param(
        [
            stopped("agent:a1", 71),
            stopped("tool:refund", 72),
            stopped("agent:refund", 73),
            stopped("tool:a1", 74),
            stopped("other:a1", 76),
            stopped("all", 75),
            sample(1, ALLOW, surroundings=GATE),
        ],
        "platform.not_stopped@1! platform.not_stopped@2! platform.not_stopped@6! organization.default@7! organization.stopped@1 organization.stopped@2 organization.stopped@6 developer.guarded@7 developer.no_outcome@7",
        "end_of_point outcome activation",
        id="switches",
    ),
    pytest.param(
        [stopped("agent:a1", 71), stopped("agent:zz", 72), sample(1, DENY, surroundings=GATE)],
        "organization.default@3! organization.stopped@1 developer.guarded@3",
        "end_of_point outcome activation",
        id="switches, denied",
    ),
    pytest.param(
        [stopped("agent:a1", 71), sample(1, decided("allow", "stopped"), surroundings=GATE)],
        "organization.stopped@1! developer.guarded@2 developer.no_outcome@2",
        "end_of_point outcome activation",
        id="switches, stopped",
    ),
    pytest.param(
        [sample(1, DENY, {**REQUEST, "agent": {}}, surroundings=GATE)],
        "organization.default@1! developer.guarded@1 developer.nameless@1",
        "end_of_point outcome activation",
        id="nameless",
    ),
]


@pytest.mark.parametrize(("entries", "facts", "untold"), STORIES)
def test_all_that_is_said_of_a_decision(tmp_path: Path, entries: Sequence[Entry], facts: str, untold: str) -> None:
    found = blamed(tmp_path, entries)
    said = [
        f"{fact.party}.{fact.what}@{fact.record}{'!' if fact.against else ''}"
        for fact in found.facts
        if fact.what not in {"intact", "decided"}
    ]
    assert " ".join(said) == facts
    assert " ".join(found.untold) == f"{untold} identity other_calls whole_log".strip()


def test_a_party_stands_by_the_records_that_are_against_it(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1, DENY), outcome(1, "ok"), outcome(1, "ok", 51)])
    assert found.standing("organization") == ("decided", (1,))
    assert found.standing("developer") == ("to_answer", (2, 3))
    assert found.standing("platform") == ("nothing", ())
    (tmp_path / "other").mkdir()
    by_nobody = blamed(tmp_path / "other", [sample(1, decided("deny"))])
    assert by_nobody.standing("organization") == ("decided", (1,))


def test_a_record_that_was_changed_is_blamed_as_what_it_says_now(tmp_path: Path) -> None:
    blamed(tmp_path, [sample(1, DENY)])
    tamper(tmp_path / "log.db", [("UPDATE records SET leaf = zeroblob(32) WHERE idx = 1", ())])
    assert next(fact.what for fact in blame(tmp_path / "log.db", "1").facts) == "changed"


@pytest.mark.parametrize("of", ["x", "0" * 25, "0" * 27, "\x1b[31m"])
def test_only_an_identifier_is_named_as_the_decision_to_ask_for(tmp_path: Path, of: str) -> None:
    log = tmp_path / "log.db"
    with open_sample(log) as opened_log:
        envelope, payload = event("log.closed")
        opened_log.append({**envelope, "kind": "test.other", "of": of}, payload)
        opened_log.append({**event("log.closed", number=71)[0], "kind": "test.other", "of": identifier(1)})
    with pytest.raises(RecordNotFound, match="name an intent"):
        blame(log, "1")
    with pytest.raises(RecordNotFound, match=f"belongs to, {identifier(1)}"):
        blame(log, "2")


@pytest.mark.parametrize(
    "wanted", ["2", "9" * 16, "9" * 17, "\u0661", "-1", " 1", "1 ", "x", "", "\ud800", identifier(2)]
)
def test_what_no_record_is_called_is_not_found(tmp_path: Path, wanted: str) -> None:
    blamed(tmp_path, [sample(1, DENY)])
    with pytest.raises(RecordNotFound):
        blame(tmp_path / "log.db", wanted)


def test_a_record_is_found_by_its_index_and_by_its_identifier_and_not_by_one_that_it_names(tmp_path: Path) -> None:
    found = blamed(tmp_path, [outcome(1, "ok", 40), sample(1, DENY), outcome(1, "ok")])
    assert found.index == 2
    assert blame(tmp_path / "log.db", "2").index == 2
    with pytest.raises(RecordNotFound, match="of no decision but `outcome`"):
        blame(tmp_path / "log.db", "1")


def test_an_approval_that_nobody_opened_is_told_as_what_it_is(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1, ALLOW, surroundings=GATE), step("used", of=identifier(1)), at(60)])
    assert ("organization", "used") in [(fact.party, fact.what) for fact in found.facts]
    assert "not_ended" not in [fact.what for fact in found.facts]


def test_a_reason_that_is_no_text_is_none(tmp_path: Path) -> None:
    found = blamed(tmp_path, [sample(1, {**DENY, "reason": 7})])
    assert found.reason is None


def test_a_record_without_a_payload_misses_none(tmp_path: Path) -> None:
    envelope, _ = sample(1, DENY)
    found = blamed(tmp_path, [({**envelope, "payload": None}, None)])
    assert (found.reason, "payload" in found.untold) == (None, False)


def test_a_decision_without_a_time_is_blamed_all_the_same(tmp_path: Path) -> None:
    blamed(tmp_path, [sample(1, ALLOW, surroundings=GATE), at(60)])
    log = tmp_path / "log.db"
    record = profile_bytes({**json.loads(rows(log)[1][1]), "at": 7})
    tamper(log, [("UPDATE records SET record = ?, leaf = ? WHERE idx = 1", (record, leaf_hash(record)))])
    found = blame(log, "1")
    assert ("no_outcome", False) in [(fact.what, fact.against) for fact in found.facts]


def test_without_a_gate_all_that_was_stopped_is_told(tmp_path: Path) -> None:
    found = blamed(tmp_path, [stopped("agent:zz", 71), sample(1, DENY)])
    assert [(fact.record, fact.against) for fact in found.facts if fact.what == "stopped"] == [(1, False)]


def test_only_what_was_not_met_is_named(tmp_path: Path) -> None:
    obligations = [{"name": "mask", "met": False}, {"name": "log", "met": True}, {"name": "tell", "met": False}]
    said = event("outcome", {"of": identifier(1), "outcome": "ok", "obligations": obligations}, number=51)
    found = blamed(tmp_path, [sample(1, ALLOW, surroundings=GATE), said])
    assert [fact.details for fact in found.facts if fact.what == "unmet"] == [{"names": "mask, tell"}]
