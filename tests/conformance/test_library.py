"""The standard library: every file checks without findings, every test of it passes, and every exported function is
explained and tried."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from tenetlang import pipeline
from tenetlang.project.project import standard_library
from tenetlang.report.suppress import apply
from tenetlang.syntax import tree
from tenetlang.syntax.parse import parse
from tenetlang.testing.run import run_tests
from tenetlang.text import Text

LIBRARY = standard_library()


@pytest.fixture(scope="module")
def everything() -> pipeline.Compiled:
    """All packages of the library, compiled as if a policy imported each of them."""
    imports = "".join(f"import {name} as {name.replace('.', '_')}\n" for name in sorted(LIBRARY))
    return pipeline.compile_texts([Text("all.tenet", f"package all\n{imports}")], LIBRARY)


def test_there_is_a_library() -> None:
    assert {"std.agents", "std.text", "std.net", "std.time"} <= LIBRARY.keys()


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_a_file_of_the_library_checks_without_findings(name: str) -> None:
    text = LIBRARY[name]
    file, broken = parse(text)
    assert not broken
    assert file.package is not None
    assert file.package.text == name
    made = pipeline.compile_texts([Text("one.tenet", f"package one\nimport {name}\n")], LIBRARY)
    assert not [finding for finding in made.findings if finding.at.text.name == text.name]


def test_the_library_as_a_whole_checks_without_findings(everything: pipeline.Compiled) -> None:
    found = apply(everything.findings, [])
    assert not [f for f in found if f.check != "unused-import"], [f"{f.check} {f.at.place}" for f in found]


def test_every_test_of_the_library_passes(everything: pipeline.Compiled) -> None:
    assert everything.program is not None
    results = list(run_tests(everything.program, lambda _: True))
    assert {result.package for result in results} >= {name for name in LIBRARY if tests_of(name)}
    assert not [(r.name, r.at, r.status, r.error, r.failures) for r in results if r.status != "passed"]


def functions(name: str) -> Iterable[tree.FunctionDeclaration]:
    file, _ = parse(LIBRARY[name])
    declared = (item for item in file.declarations if isinstance(item, tree.FunctionDeclaration))
    return [item for item in declared if not item.name.startswith("_")]


def tests_of(name: str) -> str:
    """The source of all tests of a package."""
    file, _ = parse(LIBRARY[name])
    return "\n".join(item.at.source for item in file.declarations if isinstance(item, tree.TestDeclaration))


FUNCTIONS = [(name, function) for name in sorted(LIBRARY) for function in functions(name)]


@pytest.mark.parametrize(("name", "function"), FUNCTIONS, ids=[f"{name}.{f.name}" for name, f in FUNCTIONS])
def test_an_exported_function_is_explained_and_tried(name: str, function: tree.FunctionDeclaration) -> None:
    text = LIBRARY[name]
    above = text.line(function.at.line - 1)
    assert re.match(r"# \S", above), f"nothing is said above {function.name} ({function.at.place})"
    assert re.search(rf"\b{function.name}\(", tests_of(name)), f"no test of {name} calls {function.name}"
