"""What is cut off a call that is too large changes nothing of how it is read: what was taken is taken, what was refused is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenetlang.guard.arguments import bounded
from tenetlang.values.reading import InvalidRequest, Limits, read_python

SMALL = Limits(size=60, depth=5, values=12, string=20)

numbers = (
    st.integers(-(2**70), 2**70)
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.floats()
    | st.builds(lambda power, sign: sign * 2**power, st.integers(1000, 1100), st.sampled_from([1, -1]))
    | st.builds(
        lambda digit, count, last, exponent: Decimal(f"{digit * count}{last}e{exponent}"),
        st.sampled_from("0159"),
        st.integers(390, 410),
        st.sampled_from("0159"),
        st.integers(-820, 5),
    )
)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=25),
    lambda inner: st.lists(inner, max_size=14) | st.dictionaries(st.text(max_size=22), inner, max_size=14),
    max_leaves=40,
)


def read(value: object) -> object:
    """The value as it is read, or None in a tuple where it is refused."""
    try:
        return read_python(value, SMALL)
    except InvalidRequest:
        return (None,)


@given(values)
@example(Decimal(f"1.{'0' * 900}1"))
@example(Decimal(f"0.{'9' * 900}"))
@example(Decimal(f"1.{'0' * 900}"))
@example(["x" * 10] * 6)
@example(["x" * 10] * 7)
@example([1] * 11)
@example([1] * 12)
@example({"x" * 20: 1})
@example({"x" * 21: 1, "x" * 22: 2})
@example([[[[[1]]]]])
@example([[[[[[1]]]]]])
def test_a_bounded_value_is_read_as_the_whole_one(value: object) -> None:
    assert read(bounded(value, SMALL)) == read(value)


@pytest.mark.parametrize("way", ["list", "object", "text", "number", "depth"])
def test_what_is_too_much_is_not_held(way: str) -> None:
    large: object
    match way:
        case "list":
            large = [[0] * 1000] * 1000
        case "object":
            large = {str(number): {"x" * 1000: number} for number in range(10_000)}
        case "text":
            large = ["x" * 1_000_000] * 100
        case "number":
            large = [10**100_000, -(10**100_000), Decimal("7" * 100_000)]
        case _:
            large = 1
            for _level in range(60):
                large = [large]
    assert len(repr(bounded(large, SMALL))) < 2_000
