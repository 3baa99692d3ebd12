"""The core turns text and facts into values: it opens nothing, asks no clock and draws no lots.

That the same bundle and the same facts give the same bytes, today and in a replay years later, rests on this. Reading the
grammar and the standard library is `tenetlang.resources`' business, which is no part of the core.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.repository.checkout import SOURCES, modules, shown

CORE = (
    "text.py", "values", "decision.py", "report", "syntax", "program", "decision_tree", "analysis", "evaluator", "targets",
    "pipeline.py",
)  # fmt: skip

OUTSIDE = {
    "asyncio", "fcntl", "getpass", "glob", "http", "io", "locale", "logging", "multiprocessing", "os", "pathlib", "platform",
    "random", "secrets", "select", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile",
    "time", "urllib.request", "uuid", "zoneinfo", "apsw", "pickle", "marshal", "ctypes",
}  # fmt: skip

CALLS = {"open", "input", "print", "breakpoint"}


def core() -> list[Path]:
    return [path for path in modules() if path.relative_to(SOURCES).parts[0] in CORE]


def test_the_core_is_where_it_is_looked_for() -> None:
    assert {path.relative_to(SOURCES).parts[0] for path in core()} >= {"text.py", "values", "syntax", "evaluator"}


def test_the_core_imports_nothing_that_reaches_outside() -> None:
    offenders = [
        f"{shown(path)}:{line}: {name}"
        for path in core()
        for line, name in _imports(path)
        if any(name == outside or name.startswith(f"{outside}.") for outside in OUTSIDE)
    ]
    assert offenders == []


def test_the_core_asks_no_clock_and_speaks_to_nobody() -> None:
    offenders = [f"{shown(path)}:{line}: {name}()" for path in core() for line, name in _calls(path)]
    assert offenders == []


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(_parsed(path)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield node.lineno, module
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)
            case _:
                pass


def _calls(path: Path) -> Iterator[tuple[int, str]]:
    parsed = _parsed(path)
    own = {node.name for node in ast.walk(parsed) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(parsed):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in CALLS - own:
                yield node.lineno, name
            case ast.Call(
                func=ast.Attribute(attr="now" | "utcnow" | "today" as name, value=ast.Name(id="datetime" | "date"))
            ):
                yield node.lineno, name
            case _:
                pass
