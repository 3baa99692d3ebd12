"""Whether the arms of a `match` leave a value over."""

from __future__ import annotations

import pytest

from tests.unit.program.policies import TOOLS, assert_marked

ARMS = TOOLS + 'request mood: "good" | "bad"\nrequest calm: bool\nlet made = match {{ {} }}{}\n'


@pytest.mark.parametrize(
    "arms",
    [
        'mood == "good" => 1, "bad" == mood => 2',
        'mood == "good" => 1, mood != "good" => 2',
        'not (mood == "good") => 1, mood == "good" => 2',
        'mood in {"good", "bad"} => 1',
        'mood == "good" or mood == "bad" => 1',
        "calm => 1, not calm => 2",
        "calm == true => 1, calm == false => 2",
        "calm => 1, else => 2",
    ],
)
def test_arms_that_take_every_value_need_no_else(arms: str) -> None:
    assert_marked(ARMS.format(arms, ""))


@pytest.mark.parametrize(
    "arms",
    [
        'mood == "good" => 1',
        'mood in {"good"} => 1',
        "calm => 1",
        "not calm => 1",
        'mood == "good" => 1, not calm => 2',
        'agent.id == "a" => 1, agent.id != "a" => 2',
        "count(agent.id) > 5 => 1",
    ],
)
def test_arms_that_leave_a_value_over_need_one(arms: str) -> None:
    assert_marked(ARMS.format(arms, " ## error[uncovered-match]"))
