"""What every module of the package keeps to. Each test lists the offenders, so that one run tells of all of them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import tenetlang
from tests.repository.checkout import SOURCES, modules, shown

LONGEST_FILE = 500
LONGEST_FUNCTION = 80  # 60 is the aim; what is flat may be longer, but not without end

LONG_FILES: dict[str, str] = {
    "src/tenetlang/syntax/tree.py": "one class for each form of the language; to split it is to scatter the language",
}
LONG_FUNCTIONS: dict[str, str] = {}

NO_MODULE = {"utils", "util", "helper", "helpers", "common", "base", "misc", "ctx", "env", "mgr", "manager"}
NO_PART_OF_A_NAME = {"utils", "util", "helper", "helpers", "ctx", "mgr", "tmp", "foo"}

UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|NotImplementedError")


def syntax_trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in modules():
        yield path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def test_there_are_modules_to_look_at() -> None:
    assert len(modules()) > 10


def test_every_folder_of_the_package_is_a_package() -> None:
    folders = {path.parent for path in modules()}
    assert [shown(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_every_module_says_what_it_is() -> None:
    silent = [shown(path) for path, module in syntax_trees() if module.body and not ast.get_docstring(module)]
    assert silent == []


def test_everything_that_a_user_imports_says_what_it_gives() -> None:
    silent: list[str] = []
    for name in tenetlang.__all__:
        exported: object = getattr(tenetlang, name)
        if (inspect.isclass(exported) or inspect.isroutine(exported)) and not inspect.getdoc(exported):
            silent.append(name)
    assert silent == []


def test_a_file_holds_one_idea_and_at_most_500_lines() -> None:
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE and name not in LONG_FILES} == {}


def test_a_function_fits_on_a_screen() -> None:
    assert {name: length for name, length in _long_functions().items() if name not in LONG_FUNCTIONS} == {}


def test_no_exception_to_the_lengths_outlives_its_reason() -> None:
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert [name for name in LONG_FILES if lengths.get(name, 0) <= LONGEST_FILE] == []
    assert [name for name in LONG_FUNCTIONS if name not in _long_functions()] == []


def test_names_are_words() -> None:
    offenders = [shown(path) for path in modules() if path.stem in NO_MODULE]
    offenders += [shown(path) for path in SOURCES.rglob("*") if path.is_dir() and path.name in NO_MODULE]
    for path, module in syntax_trees():
        for line, name in _given_names(module):
            if NO_PART_OF_A_NAME & set(re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().split("_")):
                offenders.append(f"{shown(path)}:{line}: {name}")
    assert offenders == []


def test_nothing_is_left_for_later() -> None:
    offenders: list[str] = []
    for path in modules():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if UNFINISHED.search(line):
                offenders.append(f"{shown(path)}:{number}: {line.strip()}")
    assert offenders == []


def _long_functions() -> dict[str, int]:
    """Every function longer than allowed, with its lines; its docstring counts for nothing."""
    found: dict[str, int] = {}
    for path, module in syntax_trees():
        for node in ast.walk(module):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            length = node.body[-1].end_lineno or 0
            length -= first.lineno - 1
            if length > LONGEST_FUNCTION:
                found[f"{shown(path)}:{node.name}"] = length
    return found


def _given_names(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that the module itself gives to something. What Python or a library calls something is not ours."""
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.alias(asname=str(name)):
                yield node.lineno, name
            case _:
                pass
