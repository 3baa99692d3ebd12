"""What belongs to the story of a decision, what belongs to others, and how much of what a hostile log repeats is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tenetlang.audit import RecordNotFound, Surroundings, Unplaced, time_text, unplaced
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.shape import shape_mistake
from tenetlang.audit.story import LONGEST_WORDS, MOST_KEPT, Story, listed, read_story
from tests.unit.audit.samples import START, identifier, open_sample, rows, salts, sample, tamper

TASK, OTHER = identifier(900), identifier(901)
BINDING = "ab" * 32


def event(number: int, kind: str, **members: object) -> Unplaced:
    return unplaced(
        *event_record(kind, members, time_text(START + number), identifier(number), salts(str(number).encode()))
    )


def decision(number: int, point: str | None = "gate") -> Unplaced:
    return unplaced(
        *sample(number, surroundings=Surroundings(point=point, point_count=None if point is None else number))
    )


def opened(number: int, of: int, task: str = TASK) -> Unplaced:
    rest = {
        "rule": "r",
        "reviewers": "f",
        "quorum": 1,
        "deadline": time_text(START),
        "else": "deny",
        "binding": BINDING,
    }
    return event(number, "escalation.opened", task=task, of=identifier(of), **rest)


def seen(number: int, task: str = TASK) -> Unplaced:
    return event(number, "escalation.seen", task=task, who="ada", how="link")


def used(number: int, of: int, task: str = TASK) -> Unplaced:
    return event(number, "escalation.used", task=task, of=identifier(of))


def outcome(number: int, of: int) -> Unplaced:
    return event(number, "outcome", of=identifier(of), outcome="ok")


def logged(path: Path, records: Sequence[Unplaced]) -> Path:
    path.mkdir(exist_ok=True)
    with open_sample(path / "log.db") as log:
        log.append_all([(record, None) for record in records])
    return path / "log.db"


def story(path: Path, records: Sequence[Unplaced], wanted: str = "1") -> Story:
    return read_story(logged(path, records), wanted)


def places(found: Story) -> dict[str, list[int]]:
    return {task: [place for place, _ in steps] for task, steps in found.tasks.items()}


def test_what_is_of_other_decisions_is_of_other_stories(tmp_path: Path) -> None:
    records = [
        decision(1),
        decision(2),
        opened(10, 2, OTHER),
        seen(11, OTHER),
        outcome(12, 2),
        used(13, 2),
        opened(14, 1),
        seen(15),
    ]
    found = story(tmp_path, records)
    assert (found.outcomes, found.used, found.some_opened) == ([], set(), True)
    assert places(found) == {TASK: [7, 8]}
    assert found.size == 9


def test_the_steps_before_are_those_of_the_approvals_that_were_used_and_no_others(tmp_path: Path) -> None:
    records = [decision(1), opened(10, 1), seen(11), opened(12, 1, OTHER), seen(13, OTHER), decision(2), used(14, 2)]
    found = story(tmp_path, records, identifier(2))
    assert found.used == {TASK}
    assert places(found) == {TASK: [2, 3, 7]}
    nothing_used = read_story(tmp_path / "log.db", "1")
    assert (nothing_used.used, places(nothing_used)) == (set(), {TASK: [2, 3, 7], OTHER: [4, 5]})


@pytest.mark.parametrize("wanted", ["9" * 17, "١", "-1", "", identifier(1)[:25], "log.opened", "intent"])
def test_only_an_index_or_a_whole_identifier_names_a_record(tmp_path: Path, wanted: str) -> None:
    logged(tmp_path, [decision(1)])
    with pytest.raises(RecordNotFound):
        read_story(tmp_path / "log.db", wanted)


def test_a_record_is_found_by_its_identifier_and_not_by_one_that_stands_in_it(tmp_path: Path) -> None:
    found = story(tmp_path, [decision(1), outcome(10, 1), decision(2)], identifier(2))
    assert found.entry.index == 3
    assert read_story(tmp_path / "log.db", identifier(1)).entry.index == 1
    assert read_story(tmp_path / "log.db", identifier(10)).record["kind"] == "outcome"
    assert read_story(tmp_path / "log.db", "0000000000000002").entry.index == 2


def test_of_what_is_repeated_only_so_much_is_kept(tmp_path: Path) -> None:
    many = MOST_KEPT + 3
    stops = [event(1000 + n, "guard.stopped", what=f"tool:{n}", by="ops", because="x") for n in range(many)]
    records = [
        *stops, decision(1), *(outcome(2000 + n, 1) for n in range(many)), opened(5000, 1),
        *(seen(3000 + n) for n in range(many)),
        *(opened(6000 + n, 1, identifier(7000 + n)) for n in range(many)),
        *(used(8000 + n, 1, identifier(7000 + n)) for n in range(many)),
    ]  # fmt: skip
    found = story(tmp_path, records, identifier(1))
    assert len(found.stopped) == len(found.outcomes) == len(found.used) == MOST_KEPT
    assert found.further == many - MOST_KEPT
    assert len(found.tasks) == MOST_KEPT + 1  # the first, and all whose approval was used
    assert len(found.tasks[TASK]) == 1 + MOST_KEPT


def test_a_step_is_kept_once_also_where_the_log_is_read_again(tmp_path: Path) -> None:
    records = [decision(1), opened(10, 1), seen(11), used(12, 1)]
    assert places(story(tmp_path, records)) == {TASK: [2, 3, 4]}


@pytest.mark.parametrize(("length", "kept"), [(100, True), (LONGEST_WORDS, False)])
def test_what_people_wrote_is_kept_if_it_is_no_book(tmp_path: Path, length: int, *, kept: bool) -> None:
    stop = event(70, "guard.stopped", what="all", by="ops", because="x" * length)
    silent = event(71, "guard.stopped", what="tool:a", by="ops")
    assert set(story(tmp_path, [stop, silent, decision(1)], "3").payloads) == ({1} if kept else set())


def test_a_payload_of_just_the_longest_length_is_kept(tmp_path: Path) -> None:
    stop = event(70, "guard.stopped", what="all", by="ops", because="")
    assert stop.payload is not None
    fitting = event(70, "guard.stopped", what="all", by="ops", because="x" * (LONGEST_WORDS - len(stop.payload)))
    assert fitting.payload is not None
    assert len(fitting.payload) == LONGEST_WORDS
    assert set(story(tmp_path, [fitting, decision(1)], "2").payloads) == {1}


@pytest.mark.parametrize(
    ("erasure", "covered"),
    [
        ({"records": [1]}, True),
        ({"records": [2]}, False),
        ({"before": 2}, True),
        ({"before": 1}, False),
        ({"records": []}, False),
    ],
)
def test_an_erasure_covers_the_records_that_it_names(
    tmp_path: Path, erasure: dict[str, object], *, covered: bool
) -> None:
    record = event(70, "erasure", count=1, by="dpo", because="x", **erasure)
    log = logged(tmp_path, [decision(1), record])
    tamper(log, [("DELETE FROM payloads WHERE idx = 1", ())])
    assert (read_story(log, "1").erased is not None) == covered


def test_an_erasure_does_not_cover_a_payload_that_is_there(tmp_path: Path) -> None:
    record = event(70, "erasure", count=1, by="dpo", because="x", records=[1], subject="cd" * 32)
    assert story(tmp_path, [decision(1), record]).erased is None


def test_records_that_are_none_of_the_format_are_counted_and_tell_nothing(tmp_path: Path) -> None:
    log = logged(tmp_path, [decision(1), outcome(10, 1), decision(2), decision(3)])
    broken = [
        (2, b'{"kind":"outcome","of":"' + identifier(1).encode() + b'","outcome":"ok"}'),
        (3, b'{"kind":"intent","at":7}'),
        (4, b"[]"),
    ]
    statement = "UPDATE records SET record = ?, leaf = ? WHERE idx = ?"
    tamper(log, [(statement, (record, leaf_hash(record), index)) for index, record in broken])
    assert all(shape_mistake({}) for _ in broken)
    found = read_story(log, "1")
    assert (found.damaged, found.outcomes, found.last_at) == (3, [], time_text(START + 1_000_000))


def test_of_the_tasks_of_one_decision_only_so_many_are_kept(tmp_path: Path) -> None:
    records = [decision(1), *(opened(6000 + n, 1, identifier(7000 + n)) for n in range(MOST_KEPT + 2))]
    assert len(story(tmp_path, records).tasks) == MOST_KEPT


def test_damage_does_not_hide_the_approval_that_was_used(tmp_path: Path) -> None:
    log = logged(tmp_path, [decision(1), opened(10, 1), outcome(11, 1), decision(2), used(14, 2)])
    tamper(log, [("UPDATE records SET leaf = zeroblob(32) WHERE idx = 3", ())])
    found = read_story(log, "4")
    assert (found.damaged, places(found)) == (1, {TASK: [2, 5]})


@pytest.mark.parametrize("number", [0, -1, True, False, 2**53, "3", None])
def test_a_number_that_no_intent_can_have_is_not_followed(tmp_path: Path, number: object) -> None:
    log = logged(tmp_path, [decision(1), decision(2), decision(3)])
    record = json.loads(rows(log)[2][1])
    record["who"]["point_count"] = number
    written = json.dumps(record, separators=(",", ":")).encode()
    tamper(log, [("UPDATE records SET record = ?, leaf = ? WHERE idx = 2", (written, leaf_hash(written)))])
    found = read_story(log, "1")
    assert [problem.detail for problem in found.numbers] == ["gate has numbered intents that are not in the log: 2"]


def test_the_numbers_of_other_points_are_not_those_of_this_one(tmp_path: Path) -> None:
    found = story(tmp_path, [decision(1), decision(5, "other"), event(70, "point.closed", point="other", count=9)])
    assert (found.numbers, found.closed) == ((), None)
    closed = story(tmp_path / "x", [decision(1), event(70, "point.closed", point="gate", count=1)])
    assert closed.closed is not None


def test_where_nobody_enforced_there_are_no_numbers(tmp_path: Path) -> None:
    records = [decision(1, None), event(70, "point.closed", point="gate", count=9)]
    found = story(tmp_path, records)
    assert (found.numbers, found.closed) == ((), None)


def test_the_objects_of_a_list_are_listed_and_nothing_else() -> None:
    assert listed({"matched": [{"rule": "r"}, 7, None, "x", {"rule": "s"}]}, "matched") == [
        {"rule": "r"},
        {"rule": "s"},
    ]
    assert listed({"matched": {"count": 40, "first": [{"rule": "r"}]}}, "matched") == [{"rule": "r"}]
    assert listed({"matched": 7}, "matched") == []
