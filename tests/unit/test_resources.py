"""Resources in a checkout; tests/packaging asks the same of a wheel and of a zip."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tenetlang.resources import check_page, grammar_text, stdlib_files


def test_the_grammar_is_read_by_the_name_of_its_file() -> None:
    assert "start" in grammar_text("tenet.lark")


@pytest.mark.parametrize("name", ["", ".", "..", "nowhere.lark", "../pyproject.toml", "/etc/passwd", "tenet.lark\0"])
def test_only_files_of_the_grammar_are_read(name: str) -> None:
    with pytest.raises(FileNotFoundError):
        grammar_text(name)


def test_the_standard_library_is_named_as_it_is_imported() -> None:
    names = [name for name, _ in stdlib_files()]
    assert "std/agents.tenet" in names
    assert names == sorted(names)
    assert all(name.startswith("std/") and name.endswith(".tenet") for name in names)


def test_a_check_has_its_page() -> None:
    page = check_page("syntax-error")
    assert page is not None
    assert "syntax-error" in page


@pytest.mark.parametrize(
    "name", ["", "no-such-check", "Syntax-Error", "../language", "syntax-error.md", "syntax-error\n"]
)
def test_what_names_no_check_has_no_page(name: str) -> None:
    assert check_page(name) is None


def test_importing_the_module_reads_nothing_and_imports_no_resources() -> None:
    program = "import sys, tenetlang.resources; sys.exit('importlib.resources' in sys.modules)"
    assert subprocess.run([sys.executable, "-S", "-c", program], cwd=_source_folder(), check=False).returncode == 0


def _source_folder() -> str:
    from tests.repository.checkout import SOURCES

    return str(SOURCES.parent)
