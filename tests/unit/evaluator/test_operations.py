"""What operators make is bounded, so that no policy grows a value without end."""

from __future__ import annotations

import pytest

from tenetlang.evaluator.operations import MAXIMUM_ITEMS, MAXIMUM_STRING, OPERATIONS
from tenetlang.values.faults import ValueFault


@pytest.mark.parametrize(
    ("operator", "piece", "largest"),
    [("string.concatenate", "a", MAXIMUM_STRING), ("list.concatenate", (1,), MAXIMUM_ITEMS)],
)
def test_what_is_joined_is_at_most_so_long(operator: str, piece: str | tuple[int, ...], largest: int) -> None:
    join = OPERATIONS[operator]
    assert join(piece * (largest - 1), piece) == piece * largest
    with pytest.raises(ValueFault) as raised:
        join(piece * largest, piece)
    assert raised.value.code == "overflow"
