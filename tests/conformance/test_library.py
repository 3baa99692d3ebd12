"""The standard library: every file checks without findings, every test of it passes, and every exported function is
explained and tried."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from tenetlang import pipeline
from tenetlang.project.project import standard_library
from tenetlang.syntax import tree
from tenetlang.syntax.parse import parse
from tenetlang.testing.run import run_tests
from tenetlang.text import Text

LIBRARY = standard_library()


def compiled(name: str) -> pipeline.Compiled:
    """A package of the library, compiled as the one that decides."""
    others = {other: text for other, text in LIBRARY.items() if other != name}
    return pipeline.compile_texts([LIBRARY[name]], others, name)


def test_there_is_a_library() -> None:
    assert {"std.agents", "std.text", "std.net", "std.time"} <= LIBRARY.keys()


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_a_file_of_the_library_checks_without_findings(name: str) -> None:
    assert [f"{finding.check} {finding.at.place}" for finding in compiled(name).findings] == []


def test_the_library_as_a_whole_checks_without_findings() -> None:
    imports = "".join(f"import {name} as {name.replace('.', '_')}\n" for name in sorted(LIBRARY))
    made = pipeline.compile_texts([Text("all.tenet", f"package all\n{imports}")], LIBRARY)
    assert not [f"{f.check} {f.at.place}" for f in made.findings if f.check != "unused-import"]


@pytest.mark.parametrize("name", [name for name in sorted(LIBRARY) if "\ntest " in LIBRARY[name].content])
def test_every_test_of_the_library_passes(name: str) -> None:
    made = compiled(name).program
    assert made is not None
    results = list(run_tests(made, lambda _: True))
    assert len(results) >= LIBRARY[name].content.count("\ntest ")
    assert not [(r.name, r.at, r.status, r.error, r.failures) for r in results if r.status != "passed"]


def functions(name: str) -> Iterable[tree.FunctionDeclaration]:
    file, _ = parse(LIBRARY[name])
    declared = (item for item in file.declarations if isinstance(item, tree.FunctionDeclaration))
    return [item for item in declared if not item.name.startswith("_")]


def source_of_tests(name: str) -> str:
    """The source of all tests of a package."""
    file, _ = parse(LIBRARY[name])
    return "\n".join(item.at.source for item in file.declarations if isinstance(item, tree.TestDeclaration))


FUNCTIONS = [(name, function) for name in sorted(LIBRARY) for function in functions(name)]


@pytest.mark.parametrize(("name", "function"), FUNCTIONS, ids=[f"{name}.{f.name}" for name, f in FUNCTIONS])
def test_an_exported_function_is_explained_and_tried(name: str, function: tree.FunctionDeclaration) -> None:
    lines = LIBRARY[name].content.split("\n")[: function.at.line - 1]
    while re.match(r"@|(extern )?fn ", lines[-1]):  # one sentence may speak of several functions below it
        lines.pop()
    assert re.match(r"# \S", lines[-1]), f"nothing is said above {function.name} ({function.at.place})"
    assert re.search(rf"\b{function.name}\(", source_of_tests(name)), f"no test of {name} calls {function.name}"
