"""Values that are made when they are wanted: once, only those, and as a tuple or `dict` would have them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest

from tenetlang.late import LateMapping, LateSequence


def counted() -> tuple[list[int], Callable[[int], str]]:
    made: list[int] = []

    def make(position: int) -> str:
        made.append(position)
        return f"value {position}"

    return made, make


def test_a_sequence_makes_what_is_looked_at_and_makes_it_once() -> None:
    made, make = counted()
    values = LateSequence(1_000_000, make)
    assert (len(values), bool(values), made) == (1_000_000, True, [])
    assert values[7] is values[7]
    assert values[-1] == "value 999999"
    assert values[5:9:2] == ("value 5", "value 7")
    assert made == [7, 999_999, 5]
    assert repr(values) == "<1000000 values, 3 of them made>"


@pytest.mark.parametrize("place", [3, -4])
def test_a_sequence_ends_where_a_tuple_would(place: int) -> None:
    with pytest.raises(IndexError):
        LateSequence(3, str)[place]


def test_a_sequence_is_equal_to_the_tuple_of_its_values() -> None:
    values = LateSequence(3, str)
    assert values == ("0", "1", "2")
    assert values == ("0", "1", "2")
    assert values == LateSequence(3, str)
    assert values != ("0", "1")
    assert values != ("0", "1", "x")
    assert values != ["0", "1", "2"]
    assert hash(values) == hash(("0", "1", "2"))
    assert list(reversed(values)) == ["2", "1", "0"]
    assert ("1" in values, "9" in values) == (True, False)


def test_a_mapping_makes_what_is_looked_up_and_knows_the_names_of_all() -> None:
    made: list[str] = []

    def make(name: str) -> int:
        made.append(name)
        return len(name)

    values = LateMapping(["one", "three"], make)
    assert (len(values), list(values), "three" in values, "two" in values, made) == (
        2,
        ["one", "three"],
        True,
        False,
        [],
    )
    assert (values["three"], values["three"], values.get("two")) == (5, 5, None)
    assert made == ["three"]
    with pytest.raises(KeyError):
        values["two"]
    assert repr(values) == "<2 values, 1 of them made>"
    assert values == {"one": 3, "three": 5}


def test_what_can_not_be_made_is_tried_again() -> None:
    tries: list[int] = []

    def make(position: int) -> int:
        tries.append(position)
        if len(tries) == 1:
            raise ValueError("not yet")
        return position

    values = LateSequence(1, make)
    with pytest.raises(ValueError, match="not yet"):
        values[0]
    assert values[0] == 0


def test_two_threads_that_make_one_value_get_one_object() -> None:
    both = Barrier(2)
    found: list[object] = []

    def make(_: object) -> object:
        both.wait()
        return object()

    for values in (LateSequence(1, make), LateMapping(["0"], make)):
        key = 0 if isinstance(values, LateSequence) else "0"
        threads = [Thread(target=lambda: found.append(values[key])) for _ in range(2)]  # type: ignore[index]  # noqa: B023
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found.pop() is found.pop()
