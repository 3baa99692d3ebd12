"""`with origins`: where an argument came from, as a request spells it or as the record that `origin` gives."""

from __future__ import annotations

import pytest

from tests.unit.program.policies import assert_marked, program

HEAD = """
package acme
default deny
tool refund(customer: string, amount: decimal)
"""


def case(line: str, table: str = "") -> str:
    return f'{HEAD}test "t" {table}{{\n    call refund(customer: "c", amount: 1.00)\n    {line}\n    expect deny\n}}\n'


@pytest.mark.parametrize(
    "line",
    [
        'with origins.amount = "user"',
        'with origins.amount = "agent"',
        'with origins.amount = "tool:crm.find"',
        'with origins.amount = ["user", "tool:crm.find"]',
        'with origins.amount = { kind: "tool", tool: "crm.find" }',
        'with origins = { amount: "user", customer: { kind: "agent" } }',
        "with origins = {}",
        'let from = "user"; with origins.amount = from',
        'let from = ["user"]; with origins.amount = from',
    ],
)
def test_an_origin_may_be_said_in_these_ways(line: str) -> None:
    (test,) = program(case(line)).tests
    assert test.replacements[0].target[0] == "origins"


@pytest.mark.parametrize(
    ("line", "check"),
    [
        ('with origins.amount = "users"', "type-mismatch"),
        ('with origins.amount = "tool:"', "type-mismatch"),
        ('with origins.amount = ["user", "x"]', "type-mismatch"),
        ("with origins.amount = []", "type-mismatch"),
        ("with origins.amount = 3", "type-mismatch"),
        ('with origins.amount = [{ kind: "user" }]', "type-mismatch"),
        ('with origins.amount = { kind: "users" }', "type-mismatch"),
        ('with origins.amont = "user"', "unknown-argument"),
        ('with origins = { amont: "user" }', "unknown-argument"),
        ('with origins = { amount: "users" }', "type-mismatch"),
        ('with origins = "user"', "type-mismatch"),
    ],
)
def test_what_is_no_origin_is_found(line: str, check: str) -> None:
    assert_marked(case(f"{line} ## error[{check}]"))


def test_a_table_may_have_origins_of_either_spelling() -> None:
    for cells in (
        '"user", "tool:crm"',
        '{ kind: "user" }, { kind: "tool", tool: "crm" }',
        '["user"], ["agent", "user"]',
    ):
        (test,) = program(case("with origins.amount = from", f"for from in [{cells}] ")).tests
        assert len(test.rows) == 2
    assert_marked(case("with origins.amount = from ## error[type-mismatch]", 'for from in ["user", "users"] '))
