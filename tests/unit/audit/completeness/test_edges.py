"""The edges of completeness: to the nanosecond, to the last that is followed, lists that somebody filled with nonsense, and logs that
are read no more often than it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tenetlang.audit import time_text
from tenetlang.audit.completeness import check as checking
from tenetlang.audit.completeness import counts, escalations, outcomes
from tenetlang.audit.completeness.check import PATIENCE, check_completeness
from tenetlang.audit.completeness.reports import Report
from tenetlang.audit.completeness.reports import words as entries
from tests.unit.audit.completeness.test_check import (
    MINUTE,
    POINT,
    TASK,
    checked,
    ended,
    event,
    found_in,
    intent,
    opened,
    outcome,
    vote,
)
from tests.unit.audit.samples import START, identifier, open_sample

SAMPLE = 1_000_000  # the time of the first sample, in nanoseconds after the start


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that a log is read."""
    seen: list[str] = []
    records = checking._records

    def counted(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
        seen.append(str(path))
        return records(path)

    monkeypatch.setattr(checking, "_records", counted)
    return seen


# --------------------------------------------------------------------------------------------------------------- times


@pytest.mark.parametrize(("late", "expected"), [(0, []), (1, [(1, "no-outcome")])])
def test_an_outcome_is_missing_a_nanosecond_after_patience_is_over(
    tmp_path: Path, late: int, expected: list[tuple[int | None, str]]
) -> None:
    assert found_in(tmp_path, [intent(1)], SAMPLE + PATIENCE + late) == expected


@pytest.mark.parametrize(("late", "expected"), [(0, []), (1, [(2, "no-end")])])
def test_an_end_is_missing_a_nanosecond_after_its_deadline_and_patience(
    tmp_path: Path, late: int, expected: list[tuple[int | None, str]]
) -> None:
    story = [intent(1, "escalate"), opened()]
    assert found_in(tmp_path, story, 30 * MINUTE + PATIENCE + late) == expected


@pytest.mark.parametrize(("late", "expected"), [(0, []), (1, [(5, "too-late")])])
def test_an_approval_is_too_late_a_nanosecond_after_its_deadline(
    tmp_path: Path, late: int, expected: list[tuple[int | None, str]]
) -> None:
    story = [intent(1, "escalate"), opened(), vote("maria"), vote("jo"), ended(at=30 * MINUTE + late)]
    assert found_in(tmp_path, story) == expected


@pytest.mark.parametrize(("late", "expected"), [(0, []), (1, [(6, "outdated-approval")])])
def test_an_approval_is_outdated_a_nanosecond_after_it_expired(
    tmp_path: Path, late: int, expected: list[tuple[int | None, str]]
) -> None:
    until = time_text(START + 5 * MINUTE)
    story = [intent(1, "escalate"), opened(), vote("maria"), vote("jo"), ended(expires=until)]
    used = event("escalation.used", at=5 * MINUTE + late, task=TASK, of=identifier(1))
    assert found_in(tmp_path, [*story, used]) == expected


@pytest.mark.parametrize("verdicts", [("allow", "allow"), ("deny", "allow"), ("allow", "deny"), ("deny", "deny")])
def test_a_second_decision_of_one_identifier_does_not_hide_behind_the_outcome_of_the_first(
    tmp_path: Path, verdicts: tuple[str, str]
) -> None:
    first, second = (intent(1, verdict) for verdict in verdicts)
    found = found_in(tmp_path, [first, second, outcome(1, "ok" if verdicts[0] == "allow" else "refused")])
    assert found == [(2, "second-intent")]


def test_a_second_decision_is_one_after_the_outcome_of_the_first_as_well(tmp_path: Path) -> None:
    assert found_in(tmp_path, [intent(1), outcome(1), intent(1), outcome(1)]) == [
        (3, "second-intent"),
        (4, "second-outcome"),
    ]


# ------------------------------------------------------------------------------------------------------------ readings


def test_a_log_is_read_once_where_every_outcome_comes_soon(tmp_path: Path, readings: list[str]) -> None:
    story = [
        intent(1),
        outcome(1),
        intent(2, "deny"),
        outcome(2, "refused"),
        intent(3, "escalate"),
        outcome(3, "refused"),
    ]
    assert found_in(tmp_path, story) == []
    assert readings == [str(tmp_path / "log.db"), str(tmp_path / "log.jsonl")]


def test_what_is_remembered_is_the_latest_and_the_rest_is_looked_up(
    tmp_path: Path, readings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "_LATEST", 2)
    denials = [intent(number, "deny") for number in (1, 2, 3)]
    for name, of, times in (("near", 2, 1), ("far", 1, 2)):
        folder = tmp_path / name
        folder.mkdir()
        readings.clear()
        assert found_in(folder, [*denials, outcome(of, "ok")]) == [(4, "not-respected")]
        assert readings.count(str(folder / "log.db")) == times


def test_every_further_outcome_names_the_first(tmp_path: Path) -> None:
    story = [intent(1), outcome(1), outcome(1), outcome(1)]
    details = [problem.detail for problem in checked(tmp_path, story).problems]
    assert [detail[-8:] for detail in details] == ["record 2", "record 2"]


# -------------------------------------------------------------------------------------------------------------- bounds


def test_so_many_bundles_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_FOLLOWED", 2)
    bundles = [f"sha256:{number:064x}" for number in range(4)]
    activated = [event("policy.activated", bundle=bundle, by="ci") for bundle in bundles[:3]]
    story = [*activated, *(intent(number, "deny", bundle=bundle) for number, bundle in enumerate(bundles, 1))]
    assert found_in(tmp_path, story) == [(6, "never-activated"), (7, "never-activated")]


def test_so_many_bundles_that_were_never_activated_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "MOST_FOLLOWED", 2)
    bundles = [f"sha256:{number:064x}" for number in (1, 2, 3, 3, 1)]
    story = [event("policy.activated", bundle=f"sha256:{0:064x}", by="ci")]
    story += [intent(number, "deny", bundle=bundle) for number, bundle in enumerate(bundles, 1)]
    assert found_in(tmp_path, story) == [(place, "never-activated") for place in (2, 3, 4, 5)]


def test_problems_that_are_only_counted_are_problems(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    with open_sample(log) as opened_log:
        opened_log.append(*intent(1))
    found = check_completeness(log, START + 60 * MINUTE, limit=0)
    assert (found.ok, found.problems, found.further) == (False, (), 1)


def test_so_many_approvals_of_one_escalation_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalations, "_MOST_VOTES", 2)
    story = [intent(1, "escalate"), opened(quorum=3), vote("maria"), vote("jo"), vote("kim"), ended()]
    (problem,) = checked(tmp_path, story).problems
    assert problem.detail.startswith("approved by 2, ")


# ------------------------------------------------------------------------------------------------------------ nonsense


NONSENSE: list[list[object] | dict[str, object]] = [
    ["x", None, {}, [], 2],
    {"count": 9, "digest": "0" * 64, "first": ["x", {}, [2]]},
    [[[]]],
    [],
]


@pytest.mark.parametrize("unused", NONSENSE)
def test_a_list_of_unused_numbers_may_hold_anything(tmp_path: Path, unused: list[object] | dict[str, object]) -> None:
    entries = [intent(1, "deny", count=1), intent(2, "deny", count=3)]
    log = tmp_path / "log.db"
    with open_sample(log) as opened_log:
        opened_log.append_all(entries)
        envelope, payload = event("point.closed", point=POINT, count=3)
        opened_log.append({**envelope, "unused": unused}, payload)
    kinds = {problem.what for problem in check_completeness(log, START).problems}
    assert kinds <= {"gap"}
    assert (kinds == set()) == (isinstance(unused, dict) or 2 in unused)


@pytest.mark.parametrize("requesters", NONSENSE)
def test_a_list_of_requesters_may_hold_anything(tmp_path: Path, requesters: list[object] | dict[str, object]) -> None:
    log = tmp_path / "log.db"
    with open_sample(log) as opened_log:
        opened_log.append(*intent(1, "escalate"))
        envelope, payload = opened()
        opened_log.append({**envelope, "requesters": requesters}, payload)
        opened_log.append_all([vote("x"), vote("jo"), ended()])
    kinds = [problem.what for problem in check_completeness(log, START).problems]
    said = requesters["first"] if isinstance(requesters, dict) else requesters
    assert kinds == (["own-approval", "too-few"] if isinstance(said, list) and "x" in said else [])


@pytest.mark.parametrize("value", [None, "ab", 7, {"first": "ab"}, {}, {"first": None}])
def test_what_is_no_list_has_no_entries(value: object) -> None:
    assert entries(value) == []
    assert entries([1, value]) == [1, value]
    assert entries({"first": [value]}) == [value]


@pytest.mark.parametrize(("seconds", "words"), [(0, "0s later"), (61, "1m1s later"), (-61, "1m1s earlier")])
def test_a_time_is_told_from_now(seconds: int, words: str) -> None:
    assert Report(START + seconds * 1_000_000_000, 0, 1).waited(time_text(START)) == words


def test_only_problems_that_are_wanted_are_reported_and_counted() -> None:
    report = Report(0, 0, 1, wanted=lambda index: index == 2)
    for number in (1, 2, 3, 2):
        report(number, "gap", "")
    assert ([problem.index for problem in report.problems], report.further) == ([2], 1)


def test_problems_beyond_the_limit_are_counted() -> None:
    report = Report(0, 0, 2)
    for number in range(5):
        report(number, "gap", "")
    assert (len(report.problems), report.further) == (2, 3)


def test_a_point_with_more_ranges_than_are_kept_reports_the_first_of_them_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "_MOST_RANGES", 2)
    story = [intent(number, "deny", count=number * 2) for number in (1, 2, 3)]
    late = intent(4, "deny", count=1)
    assert found_in(tmp_path, [*story, late]) == [(1, "gap"), (2, "gap"), (3, "gap"), (4, "repeated")]
