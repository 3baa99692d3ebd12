from __future__ import annotations

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.testing.walk import nodes, with_values
from tests.unit import programs as p


def test_nodes_are_the_expression_and_all_below_it() -> None:
    amount, limit = p.read("args.amount", t.DECIMAL), p.local("limit", t.DECIMAL)
    compared = p.compare(amount, ">", limit)
    block = p.steps(p.some("x", p.read("args.to", t.ListType(t.STRING)), key="i"), compared)
    found = list(nodes(block))
    assert amount in found
    assert limit in found
    assert sum(isinstance(node, core.Bound) for node in found) == 1
    assert list(nodes("a text")) == []


def test_values_stand_for_variables_wherever_these_are() -> None:
    x, y = p.local("x", t.INT), p.local("y", t.INT)
    list_ = core.MakeList((x, core.MakeRecord((("a", x), ("b", y)), p.record(a=t.INT, b=t.INT), p.at())), t.ListType(t.INT), p.at())  # fmt: skip
    put = with_values(list_, {"x": (3, t.INT)})
    constant = core.Constant(3, t.INT, x.at)
    assert put == core.MakeList((constant, core.MakeRecord((("a", constant), ("b", y)), p.record(a=t.INT, b=t.INT), p.at())), t.ListType(t.INT), p.at())  # fmt: skip


def test_a_name_that_the_expression_binds_is_left_alone() -> None:
    numbers = p.local("numbers", t.ListType(t.INT))
    block = (
        p.some("x", numbers, key="k"),
        p.some("z", numbers),
        p.let("y", p.local("x", t.INT)),
        p.condition(p.compare(p.local("y", t.INT), ">", p.local("least", t.INT))),
    )
    exists = core.Exists(block, t.BOOL, p.at())
    put = with_values(exists, dict.fromkeys(("k", "x", "y", "z", "least"), (1, t.INT)))
    left = {node.name for node in nodes(put) if isinstance(node, core.Local)}
    assert left == {"numbers", "k", "x", "y", "z"}
