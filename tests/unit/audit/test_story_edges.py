"""What `test_story` leaves open: the edges of each condition that decides what belongs to a story, found by bending them.

Most are about a log that somebody wrote to mislead: records that look like others, and members that are none of their type.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tenetlang.audit import RecordNotFound, Surroundings, Unplaced, time_text, unplaced
from tenetlang.audit.canonical import SAFE_INTEGER
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.payloads.sealing import SubjectKey, seal_record
from tenetlang.audit.records.events import event_record
from tenetlang.audit.story import read_story
from tests.unit.audit.samples import DECISION, START, identifier, open_sample, rows, salts, sample, tamper

TASK = identifier(900)
OURS = str(DECISION["bundle"])
OTHERS = "sha256:" + "cd" * 32
KEY = SubjectKey("ab" * 32, b"k" * 32)


def event(number: int, kind: str, **members: object) -> Unplaced:
    return unplaced(
        *event_record(kind, members, time_text(START + number), identifier(number), salts(str(number).encode()))
    )


def decision(number: int, point: str | None = "gate") -> Unplaced:
    around = Surroundings(point=point, point_count=None if point is None else number)
    return unplaced(*sample(number, surroundings=around))


def opened(number: int, of: int, task: str = TASK) -> Unplaced:
    return event(
        number, "escalation.opened", task=task, of=identifier(of), rule="r", reviewers="f", quorum=1,
        deadline=time_text(START), binding="ab" * 32, **{"else": "deny"},
    )  # fmt: skip


def used(number: int, of: int, task: str = TASK) -> Unplaced:
    return event(number, "escalation.used", task=task, of=identifier(of))


def stop(number: int, what: str = "all") -> Unplaced:
    return event(number, "guard.stopped", what=what, by="ops", because="x")


def activated(number: int, bundle: str) -> Unplaced:
    return event(number, "policy.activated", bundle=bundle, by="deploy")


def rejected(number: int) -> Unplaced:
    return event(number, "policy.rejected", bundle=OTHERS, because="its signature is not good")


def logged(path: Path, *records: Unplaced) -> Path:
    with open_sample(path / "log.db") as log:
        log.append_all([(record, None) for record in records])
    return path / "log.db"


def replace(log: Path, index: int, written: bytes) -> None:
    """Puts other bytes in the place of a record, with the hash that fits them."""
    statement = "UPDATE records SET record = ?, leaf = ? WHERE idx = ?"
    tamper(log, [(statement, (written, leaf_hash(written), index))])


def rewrite(log: Path, index: int, change: Callable[[dict[str, object]], None]) -> None:
    record = json.loads(rows(log)[index][1])
    change(record)
    replace(log, index, json.dumps(record, separators=(",", ":")).encode())


# ---------------------------------------------------------------------------------------------------- which record is meant


def test_a_number_of_thousands_of_digits_names_no_record(tmp_path: Path) -> None:
    with pytest.raises(RecordNotFound):
        read_story(logged(tmp_path, decision(1)), "9" * 5000)


def test_a_record_whose_identifier_is_the_index_of_another_is_not_taken_for_it(tmp_path: Path) -> None:
    log = logged(tmp_path, decision(1), decision(2))
    rewrite(log, 1, lambda record: record.update(id="2"))
    found = read_story(log, "2")
    assert (found.entry.index, found.record["id"]) == (2, identifier(2))


@pytest.mark.parametrize("written", [b"[]", b"7", b"null", b"nonsense"])
def test_of_a_record_that_is_no_object_there_is_a_story_without_words(tmp_path: Path, written: bytes) -> None:
    log = logged(tmp_path, decision(1), decision(2))
    replace(log, 1, written)
    found = read_story(log, "1")
    assert (found.entry.index, found.record, found.damaged) == (1, {}, 1)


# ---------------------------------------------------------------------------------------------------------- damaged records


def test_only_of_decisions_the_shape_is_not_looked_at(tmp_path: Path) -> None:
    log = logged(tmp_path, decision(1), decision(2), decision(3))
    at = time_text(START + 7).encode()
    replace(log, 2, b'{"kind":"intent","at":"' + at + b'"}')
    replace(log, 3, b'{"kind":"outcome","at":"' + at + b'","of":"' + identifier(1).encode() + b'"}')
    found = read_story(log, "1")
    assert (found.damaged, found.outcomes, found.last_at) == (1, [], at.decode())


@pytest.mark.parametrize("task", [["x"], {}, 7, None, True])
def test_a_decision_that_names_a_task_which_is_no_text_has_no_part_in_a_review(tmp_path: Path, task: object) -> None:
    log = logged(tmp_path, decision(1), opened(10, 1), decision(2), decision(3), used(14, 3))
    rewrite(log, 3, lambda record: record.update(task=task))
    assert [place for place, _ in read_story(log, "4").tasks[TASK]] == [2, 5]


def test_a_record_of_another_kind_that_names_a_task_is_no_step_of_it(tmp_path: Path) -> None:
    log = logged(tmp_path, decision(1), opened(10, 1), stop(11), decision(2))
    for index in (3, 4):
        rewrite(log, index, lambda record: record.update(task=TASK))
    assert [place for place, _ in read_story(log, "1").tasks[TASK]] == [2]


# --------------------------------------------------------------------------------------------------------- before and after


def test_the_bundle_in_force_is_the_newest_activation_of_it_before_the_decision(tmp_path: Path) -> None:
    log = logged(
        tmp_path, activated(1, OURS), activated(2, OTHERS), activated(3, OURS), decision(9), activated(5, OURS)
    )
    found = read_story(log, "4")
    assert found.activated is not None
    assert (found.activated[0], found.activations, found.rejected) == (3, 3, None)


def test_the_activation_of_another_bundle_is_not_that_of_the_one_that_decided(tmp_path: Path) -> None:
    found = read_story(logged(tmp_path, activated(1, OTHERS), decision(9)), "2")
    assert (found.activated, found.activations) == (None, 1)


def test_a_bundle_that_was_refused_is_told_of_until_the_one_that_decided_is_activated_again(tmp_path: Path) -> None:
    log = logged(
        tmp_path, activated(1, OURS), rejected(2), decision(8), activated(3, OTHERS), activated(4, OURS), decision(9),
        rejected(5),
    )  # fmt: skip
    early, late = read_story(log, "3"), read_story(log, "6")
    assert early.rejected is not None
    assert (early.rejected[0], late.rejected) == (2, None)


def test_what_was_stopped_was_stopped_before_and_by_the_first_who_did(tmp_path: Path) -> None:
    log = logged(tmp_path, stop(1), stop(2), decision(8), stop(3, "tool:refund"))
    found = read_story(log, "3")
    assert {what: place for what, (place, _) in found.stopped.items()} == {"all": 1}
    assert set(found.payloads) == {1}


def test_what_was_resumed_before_the_decision_was_not_stopped_then(tmp_path: Path) -> None:
    resume = event(2, "guard.resumed", what="all", by="ops")
    log = logged(
        tmp_path, stop(1), stop(3, "tool:a"), resume, decision(8), event(4, "guard.resumed", what="tool:a", by="x")
    )
    assert set(read_story(log, "4").stopped) == {"tool:a"}


def test_a_switch_was_not_thrown_before_it_was_thrown(tmp_path: Path) -> None:
    assert read_story(logged(tmp_path, stop(1)), "1").stopped == {}


# --------------------------------------------------------------------------------------------------------- sealed payloads


@pytest.mark.parametrize(("subject", "covered"), [(KEY.kid, True), ("cd" * 32, False), (None, False)])
def test_the_erasure_of_a_person_covers_what_was_sealed_with_their_key(
    tmp_path: Path, subject: str | None, *, covered: bool
) -> None:
    erasure = event(70, "erasure", count=0, by="dpo", because="x", records=[], subject=subject)
    log = logged(tmp_path, seal_record(decision(1), KEY), erasure)
    assert (read_story(log, "1").erased is not None) == covered


@pytest.mark.parametrize("payload", [b"", b"no seal", b"a.b.c.d.e"])
def test_a_payload_that_is_neither_plain_nor_sealed_was_not_erased(tmp_path: Path, payload: bytes) -> None:
    erasure = event(70, "erasure", count=0, by="dpo", because="x", records=[], subject=None)
    log = logged(tmp_path, decision(1), erasure)
    tamper(log, [("UPDATE payloads SET payload = ? WHERE idx = 1", (payload,))])
    assert read_story(log, "1").erased is None


# ----------------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("point", [None, 7])
def test_numbers_of_what_is_no_point_are_not_followed(tmp_path: Path, point: object) -> None:
    log = logged(tmp_path, decision(1, None), decision(2, None))
    for index in (1, 2):
        rewrite(log, index, lambda record: record.update(who={"point": point, "point_count": 9}))
    assert read_story(log, "1").numbers == ()


def test_the_greatest_number_that_there_is_is_followed(tmp_path: Path) -> None:
    log = logged(tmp_path, decision(1), decision(2))
    rewrite(log, 2, lambda record: record.update(who={"point": "gate", "point_count": SAFE_INTEGER}))
    (problem,) = read_story(log, "1").numbers
    assert f"2 to {SAFE_INTEGER - 1:,}" in problem.detail
