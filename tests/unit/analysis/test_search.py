"""What the search remembers of one question and takes for another, and what it finds out of members of collections."""

from __future__ import annotations

import pytest

from tests.unit.analysis.held import asked, policy, wrongly_ruled_out


@pytest.mark.parametrize(
    ("parameters", "body", "arguments", "documents"),
    [
        (
            "ds: list[int], x: int, lvs: set[int]",
            "data.dn == 9223372036854775807; (some d in args.ds { args.x in (match { args.x > data.dn => args.lvs, else => args.lvs }) })",
            {"ds": [1], "x": 2, "lvs": [2]},
            {"p.dn": 2**63 - 1},
        ),
        (
            "x: int, xs: list[int], y: int",
            "args.y <= 0; match { args.x > args.y => 1 in args.xs, else => 1 in args.xs }; args.x in args.xs",
            {"x": -1, "y": 0, "xs": [1, -1]},
            {"p.dn": 0},
        ),
    ],
)
def test_whether_there_can_be_a_member_is_asked_again_where_anything_near_it_is_different(
    parameters: str, body: str, arguments: dict[str, object], documents: dict[str, object]
) -> None:
    assert not wrongly_ruled_out(policy(parameters, body, "data dn: int\n"), arguments, documents)


def test_a_member_that_the_sums_around_it_leave_no_room_for_is_ruled_out() -> None:
    body = "args.x < args.y; args.y < 0; some x in args.xs { x == args.x; x > -2 }"
    assert asked(policy("x: int, y: int, xs: list[int]", body)).answers()["holds", "r"] is None
