"""`tenet audit check`, from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenetlang.audit import Surroundings
from tenetlang.audit.records.events import event_record
from tests.unit.audit.samples import DECISION, identifier, open_sample, salts, sample
from tests.unit.cli.conftest import Tenet

LATER = "2026-11-22T21:00:00Z"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """One allowance with its outcome, one without, and one that nobody enforces."""
    allowed = {**DECISION, "verdict": "allow"}
    said = {"of": identifier(1), "outcome": "ok"}
    with open_sample(tmp_path / "log.db") as opened:
        for number, point in ((1, "gate"), (2, "gate"), (3, None)):
            opened.append(*sample(number, allowed, surroundings=Surroundings(point=point, point_count=number)))
        opened.append(*event_record("outcome", said, "2026-11-22T20:00:00Z", identifier(9), salts()))
    return tmp_path / "log.db"


def test_what_is_missing_is_named_by_its_record(tenet: Tenet, log: Path) -> None:
    answer = tenet("audit", "check", "log.db", "--now", LATER)
    assert (answer.status, answer.error) == (1, "")
    assert answer.out.splitlines() == [
        "record 2  no-outcome: the call was allowed, and 59m59s later nobody has said what became of it",
        "not complete: 3 decisions, 2 of them at 1 enforcement point",
        "not known: the last decisions of 1 enforcement point that never said how many there were",
        "not known: what became of 1 decision that nobody enforced",
    ]


def test_patience_is_for_the_one_who_asks_to_say(tenet: Tenet, log: Path) -> None:
    answer = tenet("audit", "check", "log.db", "--now", LATER, "--within", "2h")
    assert answer.status == 0
    assert answer.out.startswith("complete: 3 decisions, ")


def test_programs_get_the_same_as_json(tenet: Tenet, log: Path) -> None:
    answer = tenet("audit", "check", "log.db", "--now", LATER, "--format", "json")
    shape = json.loads(answer.out)
    assert answer.status == 1
    assert shape["problems"][0]["what"] == "no-outcome"
    assert {name: value for name, value in shape.items() if name != "problems"} == {
        "schema_version": 1, "ok": False, "intents": 3, "enforced": 2, "points": 1, "open_points": 1, "uncounted": 0,
        "unreadable": 0, "further_problems": 0,
    }  # fmt: skip


def test_without_a_time_it_looks_at_the_clock(tenet: Tenet, log: Path) -> None:
    assert tenet("audit", "check", "log.db", "--within", "292y").status == 2
    assert tenet("audit", "check", "log.db").status in {0, 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--within", "soon"), "is not a duration such as 30m"),
        (("--within", "-5m"), "is less than nothing"),
        (("--now", "tomorrow"), '"tomorrow" is not'),
    ],
)
def test_what_is_no_time_is_a_usage_error(tenet: Tenet, log: Path, words: tuple[str, str], said: str) -> None:
    answer = tenet("audit", "check", "log.db", *words)
    assert answer.status == 2
    assert said in answer.error


def test_problems_beyond_the_first_hundred_and_missing_numbers_are_counted(tenet: Tenet, tmp_path: Path) -> None:
    with open_sample(tmp_path / "log.db") as opened:
        allowed = {**DECISION, "verdict": "allow"}
        opened.append_all([sample(n, allowed, surroundings=Surroundings(point="gate")) for n in range(1, 104)])
    lines = tenet("audit", "check", "log.db", "--now", LATER).out.splitlines()
    assert lines[100] == "and 3 more problems"
    assert lines[-1] == "not known: what is missing among 103 decisions without a number"
