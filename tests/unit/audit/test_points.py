"""The numbers of an enforcement point: none twice, none left out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tenetlang.audit.errors import InvalidRecord, InvalidStatement, LogPoisoned, LogUnavailable, PointClosed
from tenetlang.audit.points import Point
from tests.unit.audit.samples import identifier

STARTED = identifier(1)


def test_a_point_is_named_for_its_place_and_the_start_of_its_run() -> None:
    assert Point("gate-eu", STARTED).name == f"gate-eu/{STARTED}"


@pytest.mark.parametrize("place", ["", "a b", "a/b", "Zoë", "x" * 101, "sha256:ab", "a\n"])
def test_a_name_that_could_not_stand_in_a_record_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="is no point"):
        Point(place, STARTED)


def test_a_start_that_is_no_ulid_is_refused() -> None:
    with pytest.raises(ValueError, match="is no point"):
        Point("gate", "yesterday")


def test_numbers_go_from_one_up_and_the_end_says_how_far() -> None:
    point = Point("gate", STARTED)
    assert [point.take() for _ in range(3)] == [1, 2, 3]
    assert point.close() == {"point": point.name, "count": 3, "unused": []} == point.close()


def test_a_number_whose_record_was_not_written_is_taken_again() -> None:
    point = Point("gate", STARTED)
    taken = [point.take() for _ in range(4)]
    point.give_back(3)
    point.give_back(1)
    assert [point.take() for _ in range(3)] == [1, 3, 5]
    assert taken == [1, 2, 3, 4]


def test_numbers_that_nobody_took_again_are_told_at_the_end_or_were_never_there() -> None:
    point = Point("gate", STARTED)
    for _ in range(5):
        point.take()
    for number in (5, 2, 4):
        point.give_back(number)
    assert point.close() == {"point": point.name, "count": 3, "unused": [2]}


@pytest.mark.parametrize("number", [0, 2, -1])
def test_only_what_was_taken_can_be_given_back(number: int) -> None:
    point = Point("gate", STARTED)
    point.take()
    with pytest.raises(ValueError, match="was not taken"):
        point.give_back(number)


def test_a_number_can_be_given_back_once() -> None:
    point = Point("gate", STARTED)
    point.give_back(point.take())
    with pytest.raises(ValueError, match="was not taken"):
        point.give_back(1)


def test_a_closed_point_has_no_more_numbers() -> None:
    point = Point("gate", STARTED)
    point.close()
    with pytest.raises(PointClosed, match="is closed"):
        point.take()


@pytest.mark.parametrize("mistake", [InvalidRecord, InvalidStatement, LogUnavailable])
def test_where_nothing_was_written_the_number_is_free(mistake: type[Exception]) -> None:
    point = Point("gate", STARTED)
    with pytest.raises(mistake), point.numbered():
        raise mistake
    assert point.take() == 1


@pytest.mark.parametrize("mistake", [LogPoisoned, KeyboardInterrupt])
def test_where_it_is_not_known_what_was_written_the_number_stays_taken(mistake: type[BaseException]) -> None:
    point = Point("gate", STARTED)
    with pytest.raises(mistake), point.numbered():
        raise mistake
    assert point.take() == 2


def test_threads_never_get_the_same_number() -> None:
    point = Point("gate", STARTED)

    def work(_: int) -> list[int]:
        numbers = [point.take() for _ in range(500)]
        point.give_back(numbers.pop())
        return numbers

    with ThreadPoolExecutor(8) as threads:
        taken = [number for numbers in threads.map(work, range(8)) for number in numbers]
    closed = point.close()
    assert len(taken) == len(set(taken)) == 8 * 499
    unused = closed["unused"]
    assert isinstance(unused, list)
    assert {*taken, *unused} == set(range(1, int(str(closed["count"])) + 1))
