"""What is not loaded: most of the time that a short command takes would be spent on that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tenetlang.decision_tree.json_form import encode
from tenetlang.pipeline import decision_tree
from tests.sources import program_of


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


COMPILER = {
    "tenetlang.pipeline",
    "tenetlang.program.check",
    "tenetlang.report.catalogue",
    "tenetlang.session",
    "tenetlang.syntax.parse",
}
POLICY = """package p
tool t(n: int)
default deny because "no"
allow small if { tool is t; args.n < 5 }
"""


def test_the_compiler_loads_neither_the_command_line_nor_the_analysis(tmp_path: Path) -> None:
    file = tmp_path / "p.tenet"
    file.write_text(POLICY)
    modules = loaded(f"import tenetlang; tenetlang.load({str(file)!r})")
    assert modules >= COMPILER
    assert modules.isdisjoint({"click", "asyncio", "z3", "tenetlang.analysis.findings.examine", "tenetlang.cli"})


def test_whoever_only_decides_loads_no_compiler(tmp_path: Path) -> None:
    assert loaded("import tenetlang; tenetlang.load").isdisjoint(COMPILER | {"lark", "click", "asyncio"})
    assert loaded("import tenetlang.evaluator.evaluator").isdisjoint(COMPILER | {"lark", "click", "asyncio"})
    file, compiled = tmp_path / "p.tenet", tmp_path / "p.json"
    file.write_text(POLICY)
    compiled.write_bytes(encode(decision_tree(program_of(POLICY))))
    asking = "print(policy.decide({'tool': 't', 'args': {'n': 1}}).trace)"
    assert loaded(f"import tenetlang; policy = tenetlang.load({str(compiled)!r}); {asking}").isdisjoint(COMPILER)
    from_cache = f"import tenetlang; policy = tenetlang.load({str(file)!r}, cache=True); {asking}"
    assert loaded(from_cache) >= COMPILER
    assert loaded(from_cache).isdisjoint(COMPILER)
