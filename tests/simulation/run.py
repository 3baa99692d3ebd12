"""Runs a world until so many calls have been escalated, lets everything end, and reads what its log says.

python -m tests.simulation.run SEED [ESCALATIONS]
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs

from tenetlang.audit.completeness.check import check_completeness
from tenetlang.audit.show import log_entries, parsed_record
from tenetlang.audit.verify import verify_log
from tenetlang.guard import building
from tenetlang.policy import load
from tenetlang.replay.items import log_items
from tenetlang.replay.run import Version, replay
from tests.simulation.world import HOUR, World

_LATEST = 40
"""So much of a story is told at its end."""

AFTER_A_KILL = frozenset({"gap"})
"""What `audit check` may say after a process was killed: a number that it had taken, and of which no record came to the log."""


class Failed(AssertionError):
    """A world in which something is not as it must be, with the story that led there."""


@attrs.frozen
class Ended:
    """What there was of everything in a world, by its word."""

    counts: Mapping[str, int]


def simulate(seed: int, escalations: int, folder: Path) -> Ended:
    """A whole world. Raises `Failed`."""
    with _without_a_thread_of_its_own():
        world = World(seed, folder)
        try:
            while world.escalations < escalations:
                world.step()
            _let_all_end(world)
            return Ended(_read(world))
        except AssertionError as problem:
            told = "\n".join(world.story[-_LATEST:])
            command = f"python -m tests.simulation.run {seed} {escalations}"
            raise Failed(f"{problem}\n\nseed {seed}, again by `{command}`; what happened last:\n{told}") from problem
        finally:
            world.guard.close()


def _let_all_end(world: World) -> None:
    """Nobody does anything any more, and time passes."""
    world.close()
    world.crash()
    for _ in range(40):
        world.now += 4 * HOUR
        world._round()
    for identifier in world.oracle.all_tasks():
        world.oracle.saw(world._task(identifier))
    assert world.oracle.open_tasks() == [], "some task never ended"
    world.guard.ask("nothing", {}, agent="a1")  # what is overdue is said when somebody calls
    world.close()


def _read(world: World) -> dict[str, int]:
    """What the log says, against what was seen."""
    assert verify_log(world.log).ok
    problems = [item for item in check_completeness(world.log, world.now).problems if item.what not in AFTER_A_KILL]
    assert problems == [], f"`audit check` finds {problems}"
    counts: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    verdicts: dict[str, str] = {}
    for entry in log_entries(str(world.log)):
        record = parsed_record(entry.record)
        assert isinstance(record, dict)
        kind = str(record["kind"])
        counts[kind] += 1
        if kind == "escalation.ended":
            ends[str(record["task"])] += 1
            counts[str(record["end"])] += 1
        if kind == "intent":
            verdicts[str(record["id"])] = str(record["decided"]["verdict"])
    assert set(ends) == set(world.oracle.tasks), "a task without an end, or an end without a task"
    assert set(ends.values()) <= {1}, "a task that ended twice"
    lost = {name: said for name, said in world.oracle.answers.items() if verdicts.get(name) != said}
    assert lost == {}, "answers that were given, and are not in the log"
    _replay(world)
    return dict(counts)


def _replay(world: World) -> None:
    """What the policy decided is decided again, and is the same."""
    evaluator = load(world.folder / "desk.tenet")._evaluator
    summary = replay(Version(evaluator.policy, {}), log_items(str(world.log)), jobs=1)
    assert summary.mismatches == []
    assert summary.problems == []


@contextmanager
def _without_a_thread_of_its_own() -> Iterator[None]:
    """The guard starts no courier: the world has one, which does its rounds when it is told to."""
    started = building._courier
    building._courier = lambda *_: None  # the background thread is the only thing here that a seed could not repeat
    try:
        yield
    finally:
        building._courier = started


if __name__ == "__main__":
    logging.disable()
    with tempfile.TemporaryDirectory() as place:
        number = int(sys.argv[1]) if len(sys.argv) > 1 else 1
        wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 500
        for name, count in sorted(simulate(number, wanted, Path(place)).counts.items()):
            print(f"{count:8,}  {name}")
