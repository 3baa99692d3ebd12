"""The README shows one policy, two commands and what they print: here they are run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.repository.checkout import ROOT
from tests.unit.cli.conftest import Tenet, tenet

__all__ = ["tenet"]

README = (ROOT / "README.md").read_text(encoding="utf-8")
POLICY = re.findall(r"```tenet\n(.*?)```", README, re.DOTALL)[0]
SHOWN = re.findall(r"```text\n(.*?)```", README, re.DOTALL)[0]
REQUEST = re.findall(r"echo '(.*?)' \| tenet why", README)[0]


@pytest.fixture
def policy(tmp_path: Path) -> str:
    (tmp_path / "shop.tenet").write_text(POLICY, encoding="utf-8")
    return "shop.tenet"


def test_the_policy_of_the_readme_checks_and_its_tests_pass(tenet: Tenet, policy: str) -> None:
    assert tenet("check", policy).out == "no findings in 1 file\n"
    assert tenet("test", policy).status == 0


def test_the_decision_of_the_readme_is_explained_as_shown(tenet: Tenet, policy: str) -> None:
    assert tenet("why", policy, "-", given=REQUEST).out == SHOWN


def test_the_ten_lines_of_the_readme_are_about_ten() -> None:
    statements = [line for line in POLICY.split("test ")[0].splitlines() if line and not line.startswith(" ")]
    assert len(statements) <= 10
