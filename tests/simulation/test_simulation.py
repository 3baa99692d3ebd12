"""Worlds, each from a seed, in which everything goes wrong that can: what must hold holds at every step, and at the end in the log.

`make deep` runs 100,000 escalations, `make test` a few thousand. A world that fails tells its last steps and how to run it again.
And since a simulator that never finds anything proves nothing, it is shown wrong runtimes as well, and finds out each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from tenetlang.facts import moment
from tenetlang.guard import deciding, reviews
from tenetlang.review import state
from tenetlang.review.desk import Desk
from tenetlang.review.tasks import Event, Refusal, Stepped, Task, Voted
from tests.simulation.run import Failed, simulate


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The guard says of each failure that it failed, and there are thousands."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


SEEDS = range(3)
MANY_SEEDS = range(100, 140)
EACH = 300
EACH_OF_MANY = 2500


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_in_which_all_goes_wrong_ends_as_it_must(seed: int, tmp_path: Path) -> None:
    counts = simulate(seed, EACH, tmp_path).counts
    for kind in (
        "approved",
        "denied",
        "expired",
        "escalation.used",
        "escalation.climbed",
        "escalation.seen",
        "outcome",
    ):
        assert counts.get(kind, 0) > 0, f"a world without {kind} shows too little"


@pytest.mark.deep
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_a_hundred_thousand_escalations_end_as_they_must(seed: int, tmp_path: Path) -> None:
    simulate(seed, EACH_OF_MANY, tmp_path)


def test_a_seed_is_one_story(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    one, two = (simulate(77, 40, folder) for folder in folders)
    assert one == two


# --------------------------------------------------------------------------------------------------- wrong runtimes

Wrong = Callable[[pytest.MonkeyPatch], None]


def one_is_enough(patch: pytest.MonkeyPatch) -> None:
    right = state.approvers
    patch.setattr(state, "approvers", lambda task: (*right(task), "nobody in particular"))


def who_asks_approves(patch: pytest.MonkeyPatch) -> None:
    right = state._vote_refused

    def wrong(task: Task, event: Voted) -> Refusal | None:
        refused = right(task, event)
        return None if refused == "requester" else refused

    patch.setattr(state, "_vote_refused", wrong)


def deadlines_mean_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(state, "_time_passes", lambda task, _: Stepped(task))


def a_veto_is_one_voice(patch: pytest.MonkeyPatch) -> None:
    right = state._happens

    def wrong(task: Task, event: Event, now: int) -> Stepped:
        if isinstance(event, Voted) and event.choice == "deny":
            return Stepped(task)
        return right(task, event, now)

    patch.setattr(state, "_happens", wrong)


def nothing_is_reserved(patch: pytest.MonkeyPatch) -> None:
    right = moment.Moment.begin
    patch.setattr(moment.Moment, "begin", lambda self, begun: right(self, attrs.evolve(begun, shares=())))


def approvals_last(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "use", lambda *_: ())


def an_approval_is_for_any_call(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reviews, "binding", lambda _: "0" * 64)
    right = Desk.approvals

    def wrong(self: Desk, tables: object, now: int, _: str, bundle: str) -> object:
        found: list[object] = []
        for (bound,) in tables.run("SELECT DISTINCT binding FROM review_tasks"):  # type: ignore[attr-defined]  # tables
            found += right(self, tables, now, str(bound), bundle)  # type: ignore[arg-type]  # as above
        return tuple(found)

    patch.setattr(Desk, "approvals", wrong)


def nobody_is_stopped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deciding, "stopped", lambda *_: None)


def tasks_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "tick", lambda *_: ())


@pytest.mark.parametrize(
    "wrong",
    [
        one_is_enough,
        who_asks_approves,
        deadlines_mean_nothing,
        a_veto_is_one_voice,
        nothing_is_reserved,
        approvals_last,
        an_approval_is_for_any_call,
        nobody_is_stopped,
        tasks_are_forgotten,
    ],
    ids=lambda wrong: wrong.__name__,
)
def test_a_wrong_runtime_is_found_out(wrong: Wrong, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong(monkeypatch)
    with pytest.raises(Failed, match="again by `python -m tests"):
        _some_worlds(tmp_path)


def _some_worlds(place: Path) -> None:
    for seed in range(3):
        folder = place / str(seed)
        folder.mkdir()
        simulate(seed, 120, folder)
