"""Patterns that are written in the policy: read once, when it is compiled."""

from __future__ import annotations

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.unit import Unit
from tenetlang.syntax import tree
from tenetlang.values.patterns import Pattern, PatternError, compile_glob, compile_regex


def glob(unit: Unit, written: tree.String, separator: str | None) -> Pattern | None:
    """The glob, or None with a finding."""
    try:
        return compile_glob(written.value, separator)
    except PatternError as error:
        unit.notes.add("bad-pattern", written.at, "glob", problem=problem(error))
        return None


def regex(unit: Unit, written: tree.String) -> Pattern | None:
    """The regular expression, or None with a finding."""
    try:
        return compile_regex(written.value)
    except PatternError as error:
        unit.notes.add("bad-pattern", written.at, "regex", problem=problem(error))
        return None


def problem(error: PatternError) -> str:
    """What is wrong with a pattern, as a finding says it."""
    return error.reason


def constant(pattern: Pattern, written: tree.String) -> core.Expression:
    """The pattern as a constant."""
    return core.Constant(pattern, t.GLOB if pattern.kind == "glob" else t.REGEX, written.at)


def tools_like(unit: Unit, written: tree.String, tools: list[str]) -> frozenset[str] | None:
    """The tools that a glob names; None, with a finding, where it is none."""
    pattern = glob(unit, written, ".")
    if pattern is None:
        return None
    return frozenset(tool for tool in tools if pattern.matches(tool))
