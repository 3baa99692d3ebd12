"""Whatever people do with a task, in whatever order and by whatever clock, it keeps to its rules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenetlang.review.state import approvers, asked_people, open_task, step
from tenetlang.review.tasks import (
    Cancelled,
    Claimed,
    Delegated,
    Ended,
    Event,
    Noted,
    Released,
    Seen,
    Stage,
    Task,
    Tick,
    Unreached,
    Used,
    Voted,
    person,
)
from tests.unit.review.tasks import BINDING, DECISION, MINUTE, START, waiting_task

NAMES = ("ada", "Ada", "grace", "lin", "mary", "eve", "u7", "U7", "a1")
names = st.sampled_from(NAMES)
ways = st.just("inbox")
bindings = st.sampled_from([BINDING] * 5 + ["ef" * 32, "?"])

events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Voted, names, ways, st.sampled_from(["approve", "approve", "approve", "deny"]), bindings, st.none()),
    st.builds(Delegated, names, ways, names, st.booleans()),
    st.builds(Released, names, ways),
    st.builds(Seen, names, ways),
    st.builds(Claimed, names, ways),
    st.just(Tick()),
    st.just(Unreached()),
    st.builds(Used, st.just(DECISION)),
    st.just(Cancelled()),
)
stages = st.builds(
    Stage,
    st.sampled_from(["finance", "directors"]),
    st.lists(names, min_size=1, max_size=6, unique=True).map(tuple),
    st.integers(1, 3),
    st.integers(1, 60).map(lambda minutes: minutes * MINUTE),
)
tasks = st.builds(
    lambda stage, chain, requesters, percent: waiting_task(
        stage, tuple(chain), requesters=tuple(requesters), unseen_percent=percent
    ),
    stages,
    st.lists(stages, max_size=2),
    st.lists(names, max_size=3),
    st.none() | st.integers(1, 99),
)
moments = st.integers(-10, 200).map(lambda minutes: START + minutes * MINUTE)
stories = st.lists(st.tuples(events, moments), max_size=25)


def told(task: Task, story: list[tuple[Event, int]]) -> list[tuple[Task, list[Noted]]]:
    """The task after each step, with the records of it."""
    stepped = open_task(task)
    found = [(stepped.task, [effect for effect in stepped.effects if isinstance(effect, Noted)])]
    for event, at in story:
        stepped = step(stepped.task, event, at)
        found.append((stepped.task, [effect for effect in stepped.effects if isinstance(effect, Noted)]))
        ends = [effect for effect in stepped.effects if isinstance(effect, Ended)]
        assert len(ends) == sum(noted.kind == "escalation.ended" for noted in found[-1][1])
    return found


@given(tasks, stories)
def test_a_task_ends_at_most_once_and_once_time_is_over_exactly_once(
    task: Task, story: list[tuple[Event, int]]
) -> None:
    latest = max([START, *(at for _, at in story)])
    far = [(Tick(), latest + number * 61 * MINUTE) for number in range(1, 6)]
    steps = told(task, [*story, *far])
    assert sum(noted.kind == "escalation.ended" for _, records in steps for noted in records) == 1
    assert steps[-1][0].status != "waiting"


@given(tasks, stories)
def test_approved_is_what_enough_different_people_approved_who_did_not_ask_for_it(
    task: Task, story: list[tuple[Event, int]]
) -> None:
    for before, (after, records) in zip(told(task, story), told(task, story)[1:], strict=False):
        if after.status != "approved" or before[0].status == "approved":
            continue
        people = {person(name) for name in approvers(after)}
        assert len(people) >= after.stage.quorum
        assert people.isdisjoint(map(person, after.requesters))
        assert people <= {person(name) for name in asked_people(after)}
        assert not any(vote.choice == "deny" for vote in after.votes)
        assert after.latest < after.deadline
        assert records[-1].kind == "escalation.ended"


@given(tasks, stories)
def test_once_somebody_vetoes_it_is_never_approved(task: Task, story: list[tuple[Event, int]]) -> None:
    for after, records in told(task, story):
        if any(noted.members.get("vote") == "deny" and noted.members["counted"] for noted in records):
            assert after.status == "denied"


@given(tasks, stories)
def test_after_its_end_a_task_changes_only_by_being_used_once(task: Task, story: list[tuple[Event, int]]) -> None:
    steps = told(task, story)
    used = [noted for _, records in steps for noted in records if noted.kind == "escalation.used"]
    assert len(used) <= 1
    ended = [index for index, (_, records) in enumerate(steps) if any(n.kind == "escalation.ended" for n in records)]
    for after, records in steps[ended[0] + 1 :] if ended else ():
        assert after.votes == steps[ended[0]][0].votes
        assert after.status == steps[ended[0]][0].status
        for noted in records:
            assert noted.kind == "escalation.used" or noted.members["counted"] is False


@given(tasks, stories)
def test_there_are_never_more_seats_than_people_who_may_decide(task: Task, story: list[tuple[Event, int]]) -> None:
    for after, _ in told(task, story):
        able = {person(name) for name in after.stage.people} - set(map(person, after.requesters))
        assert len(asked_people(after)) <= len(able)
        assert {person(name) for name in asked_people(after)}.isdisjoint(map(person, after.requesters))
        assert len({person(name) for name in approvers(after)}) == len(approvers(after))


@given(tasks, stories)
def test_time_never_goes_back(task: Task, story: list[tuple[Event, int]]) -> None:
    times = [after.latest for after, _ in told(task, story)]
    assert times == sorted(times)
