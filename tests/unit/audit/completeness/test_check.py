"""Stories that are not whole: each is found at the record that shows it, and those that are whole are let pass."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tenetlang.audit import Surroundings, export_jsonl, time_text, verify_log
from tenetlang.audit.completeness import check as checking
from tenetlang.audit.completeness import counts, escalations, outcomes
from tenetlang.audit.completeness.check import Completeness, check_completeness
from tenetlang.audit.points import Point
from tenetlang.audit.records.events import event_record
from tests.unit.audit.samples import DECISION, START, identifier, open_sample, salts, sample, tamper

Entry = tuple[Mapping[str, object], bytes | None]
MINUTE = 60_000_000_000
POINT = f"gate/{identifier(0)}"
TASK = identifier(900)
OTHER = "sha256:" + "cd" * 32


def intent(
    number: int, verdict: str = "allow", count: int | None = None, point: str | None = POINT, **more: object
) -> Entry:
    decision = {**DECISION, "verdict": verdict, "escalations": [], **more}
    return sample(number, decision, surroundings=Surroundings(point=point, point_count=count))


def event(kind: str, members: Mapping[str, object] | None = None, at: int = 0, **more: object) -> Entry:
    return event_record(kind, {**(members or {}), **more}, time_text(START + at), identifier(500), salts())


def outcome(of: int, said: str = "ok") -> Entry:
    return event("outcome", of=identifier(of), outcome=said)


def opened(of: int = 1, **changes: object) -> Entry:
    members: dict[str, object] = {
        "task": TASK, "of": identifier(of), "rule": "r", "reviewers": "finance", "quorum": 2,
        "deadline": time_text(START + 30 * MINUTE), "else": "deny", "binding": "ab" * 32, "requesters": ["a1"],
    }  # fmt: skip
    return event("escalation.opened", {**members, **changes})


def vote(who: str, said: str = "approve", *, counted: bool = True, binding: str = "ab" * 32) -> Entry:
    members: dict[str, object] = {
        "task": TASK,
        "who": who,
        "how": "inbox",
        "vote": said,
        "counted": counted,
        "binding": binding,
    }
    return event("escalation.decided", members)


def ended(end: str = "approved", at: int = 0, expires: str | None = None) -> Entry:
    return event("escalation.ended", at=at, task=TASK, end=end, expires=expires)


def checked(path: Path, entries: Sequence[Entry], after: int = 60 * MINUTE) -> Completeness:
    log = path / "log.db"
    with open_sample(log) as opened_log:
        opened_log.append_all(entries)
    assert verify_log(log).ok
    found = check_completeness(log, START + after)
    (path / "log.jsonl").write_bytes(b"".join(export_jsonl(log)))
    assert check_completeness(path / "log.jsonl", START + after) == found
    return found


def found_in(path: Path, entries: Sequence[Entry], after: int = 60 * MINUTE) -> list[tuple[int | None, str]]:
    found = checked(path, entries, after)
    assert found.ok == (not found.problems)
    return [(problem.index, problem.what) for problem in found.problems]


def test_a_log_of_whole_stories_is_complete_and_says_what_it_knows(tmp_path: Path) -> None:
    story = [
        event("policy.activated", bundle=DECISION["bundle"], by="ci"),
        intent(1, count=1), outcome(1),
        intent(2, "deny", count=2), outcome(2, "refused"),
        intent(3, "escalate", count=3), opened(3), vote("maria"), vote("jo"), ended(expires=time_text(START + MINUTE)),
        intent(4, count=4), event("escalation.used", task=TASK, of=identifier(4)), outcome(4, "error"),
        intent(5, point=None),
        event("point.closed", point=POINT, count=4),
    ]  # fmt: skip
    found = checked(tmp_path, story)
    assert found == Completeness(
        ok=True, intents=5, enforced=4, points=1, open_points=0, uncounted=0, unreadable=0, problems=(), further=0
    )


# ------------------------------------------------------------------------------------------------------------ outcomes


def test_an_allowance_without_an_outcome_is_found_once_patience_is_over(tmp_path: Path) -> None:
    assert found_in(tmp_path, [intent(1), intent(2), outcome(2)]) == [(1, "no-outcome")]


def test_an_outcome_that_may_still_come_is_not_missing(tmp_path: Path) -> None:
    assert found_in(tmp_path, [intent(1)], 14 * MINUTE) == []


def test_nothing_is_due_of_a_denial_or_where_nobody_enforces(tmp_path: Path) -> None:
    assert found_in(tmp_path, [intent(1, "deny"), intent(2, "escalate"), intent(3, point=None)]) == []


def test_a_second_outcome_is_one_too_many(tmp_path: Path) -> None:
    assert found_in(tmp_path, [intent(1), outcome(1), outcome(1, "error")]) == [(3, "second-outcome")]


@pytest.mark.parametrize("verdict", ["deny", "escalate"])
@pytest.mark.parametrize("said", ["ok", "error"])
def test_a_call_that_was_made_against_the_decision_is_found(tmp_path: Path, verdict: str, said: str) -> None:
    assert found_in(tmp_path, [intent(1, verdict), outcome(1, said)]) == [(2, "not-respected")]


def test_an_outcome_of_no_decision_and_one_before_its_decision_are_found(tmp_path: Path) -> None:
    entries = [outcome(8), outcome(1), intent(1), intent(2), outcome(2)]
    assert found_in(tmp_path, entries) == [(1, "outcome-of-none"), (2, "outcome-early")]


def test_outcomes_whose_decision_is_long_gone_are_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "_LATEST", 1)
    entries = [
        intent(1), intent(2, "deny"), intent(3, "deny"), outcome(1), intent(4, point=None),
        outcome(1), outcome(2, "refused"), outcome(3), intent(5, point=None), outcome(3, "refused"),
    ]  # fmt: skip
    expected = [(6, "second-outcome"), (8, "not-respected"), (10, "second-outcome")]
    assert found_in(tmp_path, entries) == expected


def test_what_is_too_much_to_follow_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "MOST_FOLLOWED", 1)
    entries = [outcome(7), outcome(8), intent(1), intent(2), outcome(2)]
    assert found_in(tmp_path, entries) == [(1, "outcome-of-none"), (None, "unfollowed")]


# --------------------------------------------------------------------------------------------------------- escalations


def test_an_escalation_past_its_deadline_without_an_end_is_found(tmp_path: Path) -> None:
    story = [intent(1, "escalate"), opened()]
    assert found_in(tmp_path, story, 46 * MINUTE) == [(2, "no-end")]


def test_an_escalation_may_end_a_little_after_its_deadline(tmp_path: Path) -> None:
    assert found_in(tmp_path, [intent(1, "escalate"), opened()], 44 * MINUTE) == []


def test_an_escalation_that_climbed_has_the_deadline_and_the_quorum_of_the_next(tmp_path: Path) -> None:
    climbed = event(
        "escalation.climbed",
        task=TASK, reviewers="cfo", quorum=1, deadline=time_text(START + 90 * MINUTE), because="unseen",
    )  # fmt: skip
    assert found_in(tmp_path, [opened(), vote("maria"), climbed]) == []
    (tmp_path / "b").mkdir()
    assert found_in(tmp_path / "b", [opened(), vote("maria"), climbed, ended()]) == [(4, "too-few")]
    (tmp_path / "c").mkdir()
    assert found_in(tmp_path / "c", [opened(), climbed, vote("cfo"), ended(at=80 * MINUTE)]) == []


@pytest.mark.parametrize(
    ("steps", "problems"),
    [
        pytest.param([vote("maria"), ended()], [(3, "too-few")], id="fewer people than asked for"),
        pytest.param([vote("maria"), vote("maria"), ended()], [(4, "too-few")], id="one person twice"),
        pytest.param([vote("maria"), vote("jo", counted=False), ended()], [(4, "too-few")], id="a vote that is not counted"),
        pytest.param(
            [vote("maria"), vote("jo"), vote("a1"), ended()], [(5, "own-approval")], id="somebody who asked for the call"
        ),
        pytest.param([vote("a1"), vote("jo"), ended()], [(4, "own-approval"), (4, "too-few")], id="only with the requester"),
        pytest.param([vote("maria"), vote("jo"), vote("li", "deny"), ended()], [(5, "over-veto")], id="over a veto"),
        pytest.param([vote("maria"), vote("jo"), ended(at=31 * MINUTE)], [(4, "too-late")], id="after the deadline"),
        pytest.param(
            [vote("maria"), vote("jo", binding="cd" * 32), ended()], [(3, "other-call"), (4, "too-few")], id="another call"
        ),
        pytest.param([vote("li", "deny"), ended("denied")], [], id="denied"),
        pytest.param([ended("expired", 40 * MINUTE)], [], id="expired"),
    ],
)  # fmt: skip
def test_an_approval_takes_enough_people_in_time(
    tmp_path: Path, steps: Sequence[Entry], problems: list[tuple[int, str]]
) -> None:
    assert found_in(tmp_path, [opened(), *steps]) == problems


def test_an_escalation_ends_once_and_nothing_follows(tmp_path: Path) -> None:
    story = [opened(), ended("denied"), ended("expired"), vote("maria"), vote("jo", counted=False), opened()]
    assert found_in(tmp_path, story) == [(3, "second-end"), (4, "after-end"), (6, "second-opening")]


def test_an_escalation_that_is_open_is_not_opened_again(tmp_path: Path) -> None:
    assert found_in(tmp_path, [opened(), opened(), ended("denied")]) == [(2, "second-opening")]


def test_an_escalation_may_be_opened_a_little_later(tmp_path: Path) -> None:
    assert found_in(tmp_path, [opened(8), ended("denied"), intent(1, "escalate")], 14 * MINUTE) == []


def test_steps_of_no_escalation_are_found(tmp_path: Path) -> None:
    person = {"task": TASK, "who": "maria", "how": "inbox"}
    assert found_in(tmp_path, [event("escalation.seen", person), ended()]) == [
        (1, "no-escalation"), (2, "no-escalation"),
    ]  # fmt: skip


def test_steps_that_decide_nothing_are_let_pass(tmp_path: Path) -> None:
    person = {"task": TASK, "who": "maria", "how": "inbox"}
    steps = [event("escalation.seen", person), event("escalation.claimed", person)]
    assert found_in(tmp_path, [opened(), *steps, ended("cancelled"), *steps]) == []


def test_a_decision_to_ask_people_opens_an_escalation_where_any_does(tmp_path: Path) -> None:
    story = [intent(1, "escalate"), intent(2, "escalate"), opened(1), ended("denied")]
    assert found_in(tmp_path, story) == [(2, "not-opened")]


@pytest.mark.parametrize(
    ("steps", "problems"),
    [
        ([ended("denied"), event("escalation.used", task=TASK, of=identifier(4))], [(3, "not-approved")]),
        ([event("escalation.used", task=TASK, of=identifier(4)), ended("denied")], [(2, "not-approved")]),
        (
            [vote("maria"), vote("jo"), ended(expires=time_text(START + MINUTE)),
             event("escalation.used", at=2 * MINUTE, task=TASK, of=identifier(4))],
            [(5, "outdated-approval")],
        ),
        (
            [vote("maria"), vote("jo"), ended(), *(event("escalation.used", task=TASK, of=identifier(n)) for n in (4, 5))],
            [(6, "used-twice")],
        ),
    ],
)  # fmt: skip
def test_an_approval_is_used_once_and_in_time(
    tmp_path: Path, steps: Sequence[Entry], problems: list[tuple[int, str]]
) -> None:
    assert found_in(tmp_path, [opened(), *steps]) == problems


def test_escalations_that_are_too_many_to_follow_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalations, "MOST_FOLLOWED", 1)
    another = identifier(901)
    story = [
        intent(1, "escalate"), intent(2, "escalate"), opened(1), opened(2, task=another), ended("denied"),
        opened(3, task=another), event("escalation.ended", task=another, end="denied"), ended("expired"),
    ]  # fmt: skip
    found = checked(tmp_path, story)
    assert [(problem.index, problem.what) for problem in found.problems] == [(8, "no-escalation"), (None, "unfollowed")]
    assert found.problems[1].detail.startswith("2 escalations are not followed")


# -------------------------------------------------------------------------------------------------------------- counts


def numbered(*numbers: int, point: str = POINT) -> list[Entry]:
    return [intent(place, "deny", number, point) for place, number in enumerate(numbers, 1)]


def closed(count: int, *unused: int) -> Entry:
    return event("point.closed", point=POINT, count=count, unused=list(unused))


@pytest.mark.parametrize(
    ("entries", "problems"),
    [
        pytest.param(numbered(1, 2, 3), [], id="none is missing"),
        pytest.param(numbered(2, 1, 4, 3), [], id="another order"),
        pytest.param(numbered(2, 3), [(1, "gap")], id="the first is missing"),
        pytest.param(numbered(1, 5, 3), [(2, "gap"), (2, "gap")], id="two are missing, of which one came late"),
        pytest.param(numbered(1, 2, 2), [(3, "repeated")], id="a number twice"),
        pytest.param(numbered(1, 3, 2, 2), [(4, "repeated")], id="a late number twice"),
        pytest.param([*numbered(1, 2), closed(2)], [], id="closed"),
        pytest.param([*numbered(1, 2), closed(4)], [(3, "gap")], id="the end is missing"),
        pytest.param([*numbered(1, 2), closed(1)], [(3, "after-close")], id="more than it says"),
        pytest.param(
            [*numbered(1), closed(1), intent(2, "deny", 2)], [(3, "after-close")], id="one more after the end"
        ),
        pytest.param([*numbered(1), closed(2), intent(2, "deny", 2)], [], id="the last comes after the end"),
        pytest.param([closed(0), closed(0)], [(2, "second-close")], id="closed twice"),
        pytest.param([*numbered(1, 3), closed(3, 2)], [], id="a number that was not used"),
        pytest.param([*numbered(1, 4), closed(4, 2)], [(2, "gap")], id="one that was not used and one that is missing"),
        pytest.param([*numbered(100), closed(100, *range(1, 100))], [], id="many that were not used"),
        pytest.param([*numbered(100), closed(100, *range(2, 99))], [(1, "gap")], id="many, and some that are missing"),
    ],
)
def test_numbers_of_an_enforcement_point(
    tmp_path: Path, entries: Sequence[Entry], problems: list[tuple[int, str]]
) -> None:
    assert found_in(tmp_path, entries) == problems


def test_each_point_counts_for_itself(tmp_path: Path) -> None:
    one, two = Point("gate", identifier(1)), Point("gate", identifier(2))
    entries = [intent(n, "deny", point.take(), point.name) for n, point in enumerate((one, two, one, two, one), 1)]
    found = checked(tmp_path, [*entries, event("point.closed", one.close())])
    assert (found.ok, found.points, found.open_points, found.uncounted) == (True, 2, 1, 0)


def test_intents_without_a_number_are_counted(tmp_path: Path) -> None:
    found = checked(tmp_path, [intent(1, "deny")])
    assert (found.ok, found.points, found.uncounted) == (True, 0, 1)


def test_points_and_gaps_that_are_too_many_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "MOST_FOLLOWED", 1)
    monkeypatch.setattr(counts, "_MOST_RANGES", 1)
    entries = [*numbered(1, 3, 5, 2), intent(9, "deny", 1, "other"), event("point.closed", point="other", count=1)]
    problems = [(2, "gap"), (3, "gap"), (4, "repeated"), (None, "unfollowed")]
    assert found_in(tmp_path, entries) == problems


# -------------------------------------------------------------------------------------------------------- the others


def test_a_bundle_that_was_never_put_into_force_is_found_once_where_others_were(tmp_path: Path) -> None:
    story = [
        intent(1, "deny"),
        event("policy.activated", bundle=OTHER, by="ci"),
        intent(2, "deny"), intent(3, "deny"), intent(4, "deny", point=None), intent(5, "deny", bundle=OTHER),
    ]  # fmt: skip
    assert found_in(tmp_path, story) == [(3, "never-activated")]


def test_a_bundle_put_into_force_earlier_may_still_decide(tmp_path: Path) -> None:
    both = [event("policy.activated", bundle=bundle, by="ci") for bundle in (DECISION["bundle"], OTHER)]
    assert found_in(tmp_path, [*both, intent(1, "deny")]) == []


def test_damaged_records_are_left_out_and_counted(tmp_path: Path) -> None:
    checked(tmp_path, [intent(1), outcome(1), intent(2, "deny")])
    changes = [
        ("UPDATE records SET record = ? WHERE idx = ?", (text, place)) for place, text in ((1, b"[]"), (3, b"{}"))
    ]
    tamper(tmp_path / "log.db", changes)
    found = check_completeness(tmp_path / "log.db", START)
    assert [(problem.index, problem.what) for problem in found.problems] == [
        (2, "outcome-of-none"),
        (None, "unreadable"),
    ]
    assert found.unreadable == 2


def test_records_of_kinds_that_come_later_are_let_pass(tmp_path: Path) -> None:
    envelope, _ = event("log.closed")
    assert (
        found_in(tmp_path, [({**envelope, "kind": "escalation.pondered"}, None), ({**envelope, "kind": "x"}, None)])
        == []
    )


def test_a_time_that_no_calendar_has_is_long_ago(tmp_path: Path) -> None:
    envelope, payload = intent(1)
    assert found_in(tmp_path, [({**envelope, "at": "2026-02-30T00:00:00Z"}, payload)], 0) == [(1, "no-outcome")]


def test_problems_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    checked(tmp_path, [intent(number) for number in range(1, 6)])
    found = check_completeness(tmp_path / "log.db", START + 60 * MINUTE, limit=2)
    assert (len(found.problems), found.further, found.ok) == (2, 3, False)


def test_activations_beyond_what_is_followed_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_FOLLOWED", 1)
    both = [event("policy.activated", bundle=bundle, by="ci") for bundle in (OTHER, DECISION["bundle"])]
    strange = [intent(n, "deny", bundle=f"sha256:{n:064x}") for n in (1, 2)]
    assert found_in(tmp_path, [*both, *strange]) == [(3, "never-activated"), (4, "never-activated")]


def test_every_word_stands_in_the_docs_and_no_other() -> None:
    root = Path(__file__).parents[4]
    section = (root / "docs/audit-format.md").read_text().partition("## Completeness")[2]
    told = {word for line in section.splitlines() for word in re.findall(r"`([a-z-]+)`", str(line.split("|")[1:2]))}
    sources = [file.read_text() for file in (root / "src/tenetlang/audit/completeness").glob("*.py")]
    said = {word for source in sources for word in re.findall(r'report\(\s*[a-z_.\[\]0N]+,\s*"([a-z-]+)"', source)}
    assert told - {"word"} == said


def test_a_record_that_was_changed_but_has_its_form_is_left_out(tmp_path: Path) -> None:
    checked(tmp_path, [intent(1, "deny"), outcome(1, "refused")])
    change = "UPDATE records SET record = CAST(replace(CAST(record AS TEXT), 'refused', 'ok') AS BLOB) WHERE idx = 2"
    tamper(tmp_path / "log.db", [(change, ())])
    assert [problem.what for problem in check_completeness(tmp_path / "log.db", START).problems] == ["unreadable"]


def test_problems_stand_in_the_order_of_their_records_and_those_of_the_whole_log_behind_them(tmp_path: Path) -> None:
    story = [intent(1), intent(2), outcome(2), outcome(2)]
    checked(tmp_path, [*story, intent(3, "deny")])
    tamper(tmp_path / "log.db", [("UPDATE records SET leaf = ? WHERE idx = 5", (b"x" * 32,))])
    found = check_completeness(tmp_path / "log.db", START + 60 * MINUTE)
    assert [problem.index for problem in found.problems] == [1, 4, None]


def test_what_is_missing_is_told_by_its_numbers(tmp_path: Path) -> None:
    details = [problem.detail for problem in checked(tmp_path, numbered(1, 3, 1000)).problems]
    assert details == [f"{POINT} has numbered intents that are not in the log: {which}" for which in ("2", "4 to 999")]
