"""Each attack in docs/threat-model.md names tests that show what is said of it, and these exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threat-model.md"
_definition = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)


def rows() -> list[list[str]]:
    """The cells of each attack."""
    found: list[list[str]] = []
    within = False
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("| attack |"):
            within = True
            assert line.endswith("| shown by |"), "each table of attacks has a column for its tests"
        elif not line.startswith("|"):
            within = False
        elif within and not line.startswith("|---"):
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


@pytest.fixture(scope="module")
def tests() -> frozenset[str]:
    return frozenset(
        name for path in (ROOT / "tests").rglob("test_*.py") for name in _definition.findall(path.read_text("utf-8"))
    )


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: cells[0])
def test_each_attack_names_a_test_that_exists(cells: list[str], tests: frozenset[str]) -> None:
    assert len(cells) == 4, "an attack, what stands in the way or finds it, what does not, and what shows it"
    named = re.findall("`([^`]+)`", cells[3])
    assert named, f"no test is named that shows: {cells[0]}"
    for name in named:
        assert name in tests or (ROOT / "tests" / name).is_file(), f"there is no test {name}"


def test_there_are_attacks() -> None:
    assert len(rows()) > 50
