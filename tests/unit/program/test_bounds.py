"""How far a policy may go: the bounds that docs/language.md names, on both sides of each."""

from __future__ import annotations

import pytest

from tenetlang import pipeline
from tenetlang.project.project import standard_library
from tenetlang.text import Text

HEAD = 'package example\ntool pay(a: int)\ndefault deny because "x"\n'


def errors(policy: str) -> set[str]:
    """The checks of what is found, without warnings and notes."""
    found = pipeline.compile_texts([Text("p.tenet", HEAD + policy)], standard_library()).findings
    return {finding.check for finding in found} & {"file-too-large", "recursion"}


def definitions(count: int) -> str:
    """A chain of so many definitions."""
    lines = ["let l0 = 1", *(f"let l{n} = l{n - 1}" for n in range(1, count))]
    return "\n".join([*lines, f"allow a if {{ tool is pay; args.a > l{count - 1} }}"])


def functions(count: int) -> str:
    """Functions of which each calls the one before it twice: calls double with each."""
    lines = [
        "fn f0(x: int) -> int = x",
        *(f"fn f{n}(x: int) -> int = f{n - 1}(x) + f{n - 1}(x)" for n in range(1, count)),
    ]
    return "\n".join([*lines, f"allow a if {{ tool is pay; f{count - 1}(args.a) > 3 }}"])


def types(count: int) -> str:
    """Types of which each has two of the one before it: parts double with each."""
    lines = ["type T0 = { a: int }", *(f"type T{n} = {{ a: T{n - 1}, b: T{n - 1} }}" for n in range(1, count))]
    return "\n".join([*lines, f"data d: T{count - 1}"])


def brackets(count: int) -> str:
    return f"let x = {'(' * count}1{')' * count}"


def operators(count: int) -> str:
    return f"let x = {'not ' * count}true"


@pytest.mark.parametrize(
    ("far", "too_far", "check"),
    [
        (definitions(100), definitions(101), "recursion"),
        (functions(16), functions(17), "recursion"),
        (types(12), types(16), "recursion"),
        (brackets(64), brackets(65), "file-too-large"),
        (operators(190), operators(201), "file-too-large"),
    ],
    ids=["chains of definitions", "calls of functions", "parts of types", "open brackets", "nested operators"],
)
def test_a_policy_goes_so_far_and_no_further(far: str, too_far: str, check: str) -> None:
    assert errors(far) == set()
    assert errors(too_far) == {check}
