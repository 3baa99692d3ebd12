"""What is not loaded: most of the time that a short command takes would be spent on that."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded(program: str) -> set[str]:
    """The modules that a program has at its end, as a process of its own."""
    shown = f"{program}\nimport sys; sys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", shown], check=True, capture_output=True, text=True)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "program",
    ["import tenetlang; tenetlang.__version__", "from tenetlang.cli.main import main; main(['version'])"],
)
def test_importing_the_package_and_telling_the_version_load_next_to_nothing(program: str) -> None:
    assert loaded(program).isdisjoint({"lark", "click", "asyncio", "attrs", "sqlite3", "tenetlang.pipeline"})


def test_the_compiler_loads_neither_the_command_line_nor_the_analysis() -> None:
    modules = loaded("import tenetlang; tenetlang.load")
    assert "tenetlang.pipeline" in modules
    assert modules.isdisjoint({"click", "asyncio", "z3", "tenetlang.analysis.findings.examine", "tenetlang.cli"})
