from __future__ import annotations

import pytest

from tenetlang.analysis.formulas import Among, Formulas
from tenetlang.analysis.making import space_of
from tenetlang.analysis.shape import NOWHERE, Shape
from tenetlang.program import types as t
from tenetlang.program.expression import Read
from tests.unit.analysis.programs import checked

PROGRAM = checked("package a\ntool pay(amount: int, to: string)\nallow a if { tool is pay; args.amount == 1 }\n")


@pytest.mark.parametrize(("name", "type_", "known", "other"), [("amount", t.INT, 1, 2), ("to", t.STRING, "a", "b")])
def test_a_constant_with_which_a_space_was_not_made_is_no_region_of_it(
    name: str, type_: t.Type, known: object, other: object
) -> None:
    formulas = Formulas()
    term = Read(("args", name), type_, NOWHERE)
    space = space_of(Shape(PROGRAM, "pay"), [formulas.literal(Among(term, (known,)))])
    assert space.node(formulas.literal(Among(term, (known,)))).literals
    with pytest.raises(KeyError):
        space.node(formulas.literal(Among(term, (other,))))
