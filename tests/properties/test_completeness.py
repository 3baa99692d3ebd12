"""Of a log that is kept as it should be, nothing can be left out that is not missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang.audit import Surroundings, time_text
from tenetlang.audit.completeness.check import Completeness, check_completeness
from tenetlang.audit.points import Point
from tenetlang.audit.records.events import event_record
from tests.unit.audit.samples import DECISION, START, identifier, open_sample, salts, sample

Entry = tuple[Mapping[str, object], bytes | None]
HOUR = 3_600_000_000_000
quickly = settings(max_examples=40, deadline=None)


def event(kind: str, number: int, members: Mapping[str, object]) -> Entry:
    return event_record(kind, members, time_text(START), identifier(number), salts())


@st.composite
def stories(draw: st.DrawFn) -> list[Entry]:
    """What two enforcement points record, each story in its order and all of them mixed; then both are done."""
    points = [Point(place, identifier(0)) for place in ("one", "two")]
    entries: list[tuple[int, Entry]] = []
    for number, verdict in enumerate(draw(st.lists(st.sampled_from(["allow", "deny", "escalate"]), max_size=8)), 1):
        point = draw(st.sampled_from(points))
        around = Surroundings(point=point.name, point_count=point.take())
        told: list[Entry] = [sample(number, {**DECISION, "verdict": verdict, "escalations": []}, surroundings=around)]
        if verdict == "escalate":
            told.extend(_escalation(number, draw(st.integers(1, 3))))
        if verdict == "allow":
            said = draw(st.sampled_from(["ok", "error", "refused", "unknown"]))
            told.append(event("outcome", 100 + number, {"of": identifier(number), "outcome": said}))
        places = sorted(draw(st.lists(st.integers(0, 100), min_size=len(told), max_size=len(told))))
        entries.extend(zip(places, told, strict=True))
    entries.sort(key=lambda entry: entry[0])
    return [*(entry for _, entry in entries), *(event("point.closed", 200, point.close()) for point in points)]


def _escalation(number: int, quorum: int) -> list[Entry]:
    task = {"task": identifier(300 + number)}
    opened = {
        **task, "of": identifier(number), "rule": "r", "reviewers": "x", "quorum": quorum, "else": "deny",
        "deadline": time_text(START + HOUR), "binding": "ab" * 32,
    }  # fmt: skip
    vote = {**task, "how": "inbox", "vote": "approve", "counted": True, "binding": "ab" * 32}
    votes = [event("escalation.decided", 400, {**vote, "who": f"p{person}"}) for person in range(quorum)]
    ended = event("escalation.ended", 500, {**task, "end": "approved"})
    return [event("escalation.opened", 600, opened), *votes, ended]


def check(entries: Sequence[Entry]) -> Completeness:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        with open_sample(path) as log:
            log.append_all(entries)
        return check_completeness(path, START + 3 * HOUR)


@quickly
@given(stories())
def test_a_log_in_which_every_story_ends_is_complete(entries: list[Entry]) -> None:
    found = check(entries)
    assert found.problems == ()
    assert found.open_points == 0


@quickly
@given(stories(), st.data())
def test_a_record_that_was_left_out_is_missed(entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    left = [*entries[:place], *entries[place + 1 :]]
    found = check(left)
    nothing = entries[place][0].get("count") == 0  # the end of a point that was asked for nothing
    assert not found.ok or found.open_points or nothing


@quickly
@given(stories(), st.data())
def test_a_record_that_comes_twice_is_noticed(entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    kind = entries[place][0]["kind"]
    found = check([*entries, entries[place]])
    assert not found.ok or (kind == "escalation.decided" and entries[place][0]["counted"] is False)
