"""The generated Python as text, for people to read. Nothing runs this text: what decides is compiled from the nodes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator.generate import Generated, generate
from tenetlang.evaluator.generate_expressions import Module

LONGEST_CONSTANT = 100


def python_source(policy: Policy) -> str:
    """The functions of all buckets, each under a comment that names its rules, and what their constants are."""
    generated = generate(policy)
    known = set(generated.deciding.namespace)
    blocks = [block for number in range(len(policy.buckets)) for block in _bucket(generated, number)]
    constants = list(_constants(generated.deciding, known))
    return "\n\n\n".join((*(["\n".join(constants)] if constants else []), *blocks)) + "\n"


def _bucket(generated: Generated, number: int) -> Iterator[str]:
    written: list[ast.stmt] = []
    generated.deciding.written = written
    generated.bucket(number)
    rules = [generated.rules[candidate.rule].shown_name for candidate in generated.policy.buckets[number].candidates]
    head = f"# bucket {number}: {', '.join(rules) or 'no rules'}"
    yield "\n\n\n".join((head + "\n" + ast.unparse(written[0]), *map(ast.unparse, written[1:]))) if written else head


def _constants(module: Module, known: set[str]) -> Iterator[str]:
    """`# c4 = Decimal('50')`, for each global name that is no function of ours and no name of the runtime."""
    for name, value in module.namespace.items():
        if name not in known and name[:1] == "c" and name[1:].isdigit():
            text = _constant(value)
            yield f"# {name} = {text if len(text) <= LONGEST_CONSTANT else text[:LONGEST_CONSTANT] + ' …'}"


def _constant(value: object) -> str:
    """What Python would write, but the same in every process: no addresses, and sets in order."""
    match value:
        case dict():
            return "{" + ", ".join(f"{_constant(key)}: {_constant(inner)}" for key, inner in value.items()) + "}"
        case tuple():
            return "(" + ", ".join(map(_constant, value)) + ")"
        case frozenset():
            return "{" + ", ".join(sorted(map(_constant, value))) + "}"
        case _:
            text = repr(value)
            name: object = getattr(value, "__name__", type(value).__name__)
            return str(name) if " at 0x" in text else text
