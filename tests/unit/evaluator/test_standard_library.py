"""The standard library compiles without a finding, and its own tests pass."""

from __future__ import annotations

import attrs
import pytest

from tenetlang import resources
from tenetlang.pipeline import Compiled, compile_texts
from tenetlang.testing.run import run_tests
from tenetlang.text import Text

LIBRARY = {
    name.removesuffix(".tenet").replace("/", "."): Text(name, content) for name, content in resources.stdlib_files()
}
PACKAGES = [name for name in LIBRARY if name != "std.agents"]


def compiled(package: str, content: str) -> Compiled:
    others = {name: text for name, text in LIBRARY.items() if name != package}
    return compile_texts([Text(f"{package}.tenet", content)], others, entry=package)


@pytest.mark.parametrize("package", list(LIBRARY))
def test_a_package_of_the_library_has_no_findings(package: str) -> None:
    assert compiled(package, LIBRARY[package].content).findings == ()


@pytest.mark.parametrize("package", PACKAGES)
def test_the_tests_of_a_package_of_the_library_pass(package: str) -> None:
    program = compiled(package, LIBRARY[package].content).program
    assert program is not None
    results = list(run_tests(program, lambda case: case.package == package))
    assert results
    assert [attrs.asdict(result) for result in results if result.status != "passed"] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_tests_of_a_package_of_the_library_can_fail(package: str) -> None:
    content = LIBRARY[package].content
    flipped = content.replace("    expect not ", "    expect ").replace(" == ", " != ")
    program = compiled(package, flipped).program
    assert program is not None
    assert any(result.status == "failed" for result in run_tests(program, lambda case: case.package == package))
