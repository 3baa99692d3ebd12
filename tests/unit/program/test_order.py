from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenetlang.program.graph import order, reachable
from tests.unit.program.policies import TOOLS, checked

BROKEN = """
let a = b + 1
let b = a + 1
deny x if { tool is refnd; args.amount > limit }
deny y if { tool is refund; args.amount > "x" }
"""


def test_findings_come_in_the_order_of_the_files() -> None:
    one, two = (
        TOOLS + BROKEN,
        BROKEN.replace("deny x", "deny z").replace("let a = b", "let c = b").join(("package acme\n", "")),
    )
    forward = [(f.check, f.at.place) for f in checked(one, two).findings]
    assert forward == sorted(forward, key=lambda item: (item[1].split(":")[0], int(item[1].split(":")[1])))


def test_a_broken_policy_gives_a_program_still() -> None:
    result = checked(TOOLS + BROKEN)
    assert len(result.findings) == 4
    assert result.program is not None
    assert [rule.shown_name for rule in result.program.packages[0].rules] == ["x", "y"]


names = st.integers(0, 8).map(lambda n: f"n{n}")
graphs = st.dictionaries(names, st.lists(names, max_size=4), max_size=9)


@given(graphs)
def test_what_a_name_depends_on_comes_before_it(edges: dict[str, list[str]]) -> None:
    found = order(edges)
    place = {name: position for position, name in enumerate(found.names)}
    assert sorted(found.names) == sorted(edges)
    for name, below in edges.items():
        circular = name in reachable(below, edges)
        assert (name in found.circular) == circular
        for other in below:
            if other in place and not (name in found.circular and other in found.circular):
                assert place[other] < place[name]


@given(graphs)
def test_circles_are_closed_walks(edges: dict[str, list[str]]) -> None:
    for circle in order(edges).circles:
        assert circle[0] == min(circle)
        assert len(set(circle)) == len(circle)
        for name, following in zip(circle, (*circle[1:], circle[0]), strict=True):
            assert following in edges[name]


def test_long_chains_need_no_recursion() -> None:
    edges = {str(n): [str(n + 1)] for n in range(50_000)}
    assert order(edges).names[-1] == "0"
