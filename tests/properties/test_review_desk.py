"""Whatever people, clocks and agents do with a desk, its log tells a whole story: `tenet audit check` finds nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang.review.desk import ReviewUnavailable, Rules
from tenetlang.review.people import Directory, Person
from tenetlang.review.tasks import Stage, Task
from tests.unit.review.desks import REQUEST, Office, office
from tests.unit.review.tasks import DIRECTORS, MINUTE

DIRECTORY = Directory(
    (Person("ada", ("u7", "ada@example.com"), {}, ("mary",)), Person("grace"), Person("lin", ("l1",)))
)
names = st.sampled_from(["ada", "u7", "grace", "Grace", "lin", "l1", "mary", "joan", "a1", "eve"])
stages = st.builds(
    Stage,
    st.just("finance"),
    st.lists(names, min_size=1, max_size=5, unique=True).map(tuple),
    st.integers(1, 2),
    st.integers(1, 40).map(lambda minutes: minutes * MINUTE),
)
Move = Callable[[Office, Task], object]


def voting(who: str, choice: bool, other_call: bool) -> Move:
    return lambda here, task: here.vote(
        task, who, "approve" if choice else "deny", binding="ef" * 32 if other_call else None, comment="because"
    )


def doing(what: str, who: str) -> Move:
    def move(here: Office, task: Task) -> object:
        desk = here.desk
        act = {"seen": desk.seen, "claim": desk.claim, "release": desk.release}[what]
        return here.answer(lambda tables: act(tables, here.now, task.identifier, who, "inbox"))

    return move


def handing(who: str, to: str) -> Move:
    return lambda here, task: here.answer(
        lambda tables: here.desk.delegate(tables, here.now, task.identifier, who, "inbox", to)
    )


def waiting(minutes: int) -> Move:
    def move(here: Office, task: Task) -> object:
        here.now += minutes * MINUTE
        return here.tick()

    return move


def cancelling(here: Office, task: Task) -> object:
    return here.do(lambda tables: (None, here.desk.cancel(tables, here.now, task.decision)))


def unreached(here: Office, task: Task) -> object:
    return here.answer(lambda tables: here.desk.unreached(tables, here.now, task.identifier))


def using(here: Office, task: Task) -> object:
    for approval in here.approvals(task.binding):
        here.use(approval)
    return None


moves: st.SearchStrategy[Move] = st.one_of(
    st.builds(voting, names, st.sampled_from([True, True, True, False]), st.sampled_from([False] * 7 + [True])),
    st.builds(doing, st.sampled_from(["seen", "claim", "release"]), names),
    st.builds(handing, names, names),
    st.builds(waiting, st.integers(-3, 45)),
    st.just(using),
    st.just(unreached),
    st.sampled_from([using, using, using, cancelling]),
)


@settings(max_examples=30)
@given(
    st.lists(stages, min_size=1, max_size=2),
    st.booleans(),
    st.none() | st.integers(20, 80),
    st.lists(st.tuples(st.integers(0, 1), moves), max_size=20),
)
def test_the_log_of_a_desk_tells_a_whole_story(
    asked: list[Stage], directors: bool, percent: int | None, story: list[tuple[int, Move]]
) -> None:
    with TemporaryDirectory() as folder:
        rules = Rules(unseen_percent=percent, good_for=20 * MINUTE)
        with office(Path(folder) / "log.db", DIRECTORY, rules) as here:
            tasks: list[Task] = []
            for stage in asked:
                try:
                    tasks += here.ask(stage, *((DIRECTORS,) if directors else ()), request=REQUEST)
                except ReviewUnavailable:
                    continue
            for number, move in story if tasks else ():
                move(here, tasks[number % len(tasks)])
            for _ in range(4):
                here.now += 61 * MINUTE
                here.tick()
            assert here.problems() == []
            for task in tasks:
                kinds = [str(r["kind"]) for r in here.records() if r["task"] == task.identifier]
                assert kinds.count("escalation.opened") == kinds.count("escalation.ended") == 1
                assert kinds.count("escalation.used") <= 1
                assert here.task(task).status != "waiting"
