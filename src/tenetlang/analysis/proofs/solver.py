"""Asking cvc5, if it is installed (the extra `smt`): a script goes in, an answer and the values of some constants come out.

Barbosa and others, *cvc5: A Versatile and Industrial-Strength SMT Solver* (2022). Nothing else of tenetlang knows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from importlib import import_module
from typing import Final, Literal, TypeAlias

MILLISECONDS: Final = 2_000
"""The time that one question may take."""

Value: TypeAlias = "bool | Fraction | str"
Verdict: TypeAlias = Literal["sat", "unsat", "unknown"]

_TOKEN: Final = re.compile(r'\s*(?:([()])|"((?:[^"]|"")*)"|([^\s()"]+))')
_ESCAPE: Final = re.compile(r"\\u\{([0-9a-fA-F]+)\}|\\u([0-9a-fA-F]{4})")


class NoSolver(Exception):
    """cvc5 is not installed."""


def solver_version() -> str:
    """The version of cvc5. Raises `NoSolver`."""
    found: object = getattr(_module(), "__version__", "")
    return str(found)


def ask(script: str, names: Sequence[str], milliseconds: int = MILLISECONDS) -> tuple[Verdict, Mapping[str, Value]]:
    """Whether the assertions of the script can hold together, and if so the values of the names. Raises `NoSolver`."""
    wanted = f"(get-value ({' '.join(names)}))\n" if names else ""
    outputs = _run(f"{script}(check-sat)\n", milliseconds, wanted)
    verdict = next(outputs, "unknown").strip()
    if verdict == "unsat":
        return "unsat", {}
    if verdict != "sat":
        return "unknown", {}
    return "sat", dict(_values(next(outputs, "")))


def _module() -> object:
    try:
        return import_module("cvc5")
    except ImportError:
        raise NoSolver from None


def _run(script: str, milliseconds: int, wanted: str) -> Iterator[str]:
    """The output of each command that has one; `wanted` is only asked for where there is a model."""
    cvc5 = _module()
    terms = _made(cvc5, "TermManager")
    solver = _made(cvc5, "Solver", terms)
    for option, value in (("produce-models", "true"), ("strings-exp", "true"), ("tlimit-per", str(milliseconds))):
        _call(solver, "setOption", option, value)
    symbols = _made(cvc5, "SymbolManager", terms)
    parser = _made(cvc5, "InputParser", solver, symbols)
    language = getattr(getattr(cvc5, "InputLanguage"), "SMT_LIB_2_6")  # noqa: B009  # its type is not known
    for text in (script, wanted):
        _call(parser, "setStringInput", language, text, "tenet")
        last = ""
        while True:
            command = _call(parser, "nextCommand")
            if _call(command, "isNull"):
                break
            output = str(_call(command, "invoke", solver, symbols))
            if output.strip():
                last = output
                yield output
        if last.strip() != "sat":
            return


def _made(module: object, name: str, *given: object) -> object:
    made: object = getattr(module, name)(*given)
    return made


def _call(of: object, name: str, *given: object) -> object:
    result: object = getattr(of, name)(*given)
    return result


# ------------------------------------------------------------------------------------------------------------------- values


def _values(text: str) -> Iterator[tuple[str, Value]]:
    """`((t0 (- 13)) (t1 "AA"))` as pairs; what is no truth, number or text is left out."""
    found = _read(text)
    for pair in found if isinstance(found, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str):
            value = _value(pair[1])
            if value is not None:
                yield pair[0], value


_Tree: TypeAlias = "str | list[_Tree]"


def _read(text: str) -> _Tree:
    stack: list[list[_Tree]] = [[]]
    for bracket, quoted, word in _TOKEN.findall(text):
        if bracket == "(":
            stack.append([])
        elif bracket == ")":
            inner = stack.pop()
            stack[-1].append(inner)
        else:
            stack[-1].append(word or f'"{quoted}')
    return stack[0][0] if stack[0] else ""


def _value(tree: _Tree) -> Value | None:
    match tree:
        case "true" | "false":
            return tree == "true"
        case str() if tree.startswith('"'):
            return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), tree[1:].replace('""', '"'))
        case str():
            try:
                return Fraction(tree)
            except ValueError:
                return None
        case ["-", inner]:
            found = _value(inner)
            return -found if isinstance(found, Fraction) else None
        case ["/", over, under]:
            first, second = _value(over), _value(under)
            return first / second if isinstance(first, Fraction) and isinstance(second, Fraction) and second else None
        case _:
            return None
