"""`frozen` makes what `attrs.frozen` makes, later: each class here is made by both, and they behave alike."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest

from tenetlang import frozen as ours


@ours.frozen
class Point:
    """A place."""

    x: int
    at: str = ours.field(eq=False)
    y: int = 2
    marks: list[str] = ours.field(factory=list)
    text: str = ours.field(default="t", repr=False)

    @property
    def sum(self) -> int:
        return self.x + self.y


@attrs.frozen
class Model:
    """A place."""

    x: int
    at: str = attrs.field(eq=False)
    y: int = 2
    marks: list[str] = attrs.field(factory=list)
    text: str = attrs.field(default="t", repr=False)


@ours.frozen
class Key:
    name: str
    place: int = ours.field(eq=False, default=0)


@pytest.mark.parametrize("made", [Point, Model])
def test_a_value_has_its_fields_and_their_defaults(made: type[Point | Model]) -> None:
    point = made(1, at="a")
    assert (point.x, point.at, point.y, point.marks, point.text) == (1, "a", 2, [], "t")
    assert made(1, "a").marks is not made(1, "a").marks
    assert made(1, "a", 3, ["m"], "u").marks == ["m"]


@pytest.mark.parametrize("wrong", [(), (1,), (1, "a", 3, [], "t", 6)])
def test_a_wrong_number_of_values_is_refused(wrong: tuple[object, ...]) -> None:
    for made in (Point, Model):
        with pytest.raises(TypeError):
            made(*wrong)  # type: ignore[arg-type]  # that is what is tested


def test_values_are_equal_by_the_fields_that_count() -> None:
    assert Point(1, "a") == Point(1, "b")
    assert Point(1, "a") != Point(2, "a")
    other: object = Model(1, "a")
    assert Point(1, "a") != other
    assert hash(Key("k", 1)) == hash(Key("k", 2))
    assert len({Key("k", 1), Key("k", 2), Key("l")}) == 2
    with pytest.raises(TypeError):
        hash(Point(1, "a"))  # a list has no hash


def test_a_value_does_not_change() -> None:
    point = Point(1, "a")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        point.x = 2  # type: ignore[misc]  # that is what is tested
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del point.x
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        point.other = 2  # type: ignore[attr-defined]  # likewise
    assert not hasattr(point, "__dict__")


def test_it_shows_copies_and_pickles_itself_and_matches_by_position() -> None:
    point = Point(1, "a", marks=["m"])
    assert repr(point).removeprefix("Point") == repr(Model(1, "a", marks=["m"])).removeprefix("Model")
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(Key("k", 5))).place == 5
    assert point.sum == 3
    match point:
        case Point(x, at):
            assert (x, at) == (1, "a")


def test_attrs_knows_it_as_its_own() -> None:
    def told(kind: type) -> list[tuple[object, ...]]:
        return [(f.name, f.default, f.eq, f.repr, f.init, f.alias) for f in attrs.fields(kind)]

    assert told(Point) == told(Model)
    assert attrs.evolve(Point(1, "a", 3), x=5) == Point(5, "b", 3)
    assert attrs.asdict(Key("k")) == {"name": "k", "place": 0}
    assert Point.__doc__ == "A place."
    assert Point.__init__.__qualname__ == "Point.__init__"
    assert attrs.has(Point)


def test_what_it_can_not_do_it_refuses() -> None:
    class Inherits(Key):
        pass

    class Compares:
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 0

    for kind in (Inherits, Compares):
        with pytest.raises(TypeError, match="does not provide for"):
            ours.frozen(kind)
