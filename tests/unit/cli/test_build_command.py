"""`tenet build`: one file for programs without tenetlang."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tenetlang.decision_tree import json_form
from tests.unit.cli.conftest import Tenet

POLICY = """package pays

tool pay(amount: decimal)

allow small if { tool is pay; args.amount < 10.0 }
"""


@pytest.fixture(autouse=True)
def policy(tenet: Tenet) -> Path:
    file = Path("pays.tenet")
    file.write_text(POLICY, encoding="utf-8")
    return file


def test_the_json_form_is_what_is_built_if_nothing_else_is_said(tenet: Tenet) -> None:
    answer = tenet("build", "pays.tenet", "-o", "pays.json")
    built = Path("pays.json").read_bytes()
    digest = "sha256:" + hashlib.sha256(built).hexdigest()
    assert (answer.status, answer.out, answer.error) == (0, "", f"built pays.json from pays, {digest}\n")
    assert json_form.digest(json_form.decode(built)) == digest


@pytest.mark.parametrize(
    ("target", "begins"), [("ir", "{"), ("javascript", "// A policy of Tenet"), ("python", '"""A policy')]
)
def test_without_a_file_the_build_is_the_output(tenet: Tenet, target: str, begins: str) -> None:
    answer = tenet("build", "pays.tenet", "--target", target)
    assert (answer.status, answer.error) == (0, "")
    assert answer.out.startswith(begins)
    assert tenet("build", "pays.tenet", "--target", target, "-o", "-").out == answer.out
    assert tenet("build", "pays.tenet", "--target", target, "-o", "built").status == 0
    assert Path("built").read_text(encoding="ascii") == answer.out


def test_programs_are_told_what_was_built(tenet: Tenet) -> None:
    answer = tenet("build", "pays.tenet", "--target", "python", "-o", "pays.py", "--format", "json")
    told = json.loads(answer.out)
    assert told.pop("bundle").startswith("sha256:")
    assert told == {"schema_version": 1, "target": "python", "file": "pays.py", "policy": "pays"}


def test_what_was_built_needs_a_file_if_a_program_is_told_of_it(tenet: Tenet) -> None:
    answer = tenet("build", "pays.tenet", "--format", "json")
    assert (answer.status, answer.out) == (2, "")
    assert "needs `-o FILE`" in answer.error


def test_a_policy_with_errors_is_not_built(tenet: Tenet, policy: Path) -> None:
    policy.write_text(POLICY + "deny x if { nothing }\n", encoding="utf-8")
    answer = tenet("build", "pays.tenet", "-o", "out.json")
    assert (answer.status, answer.out) == (1, "")
    assert "error[unknown-name]" in answer.error
    assert not Path("out.json").exists()
    told = tenet("build", "pays.tenet", "-o", "out.json", "--format", "json")
    assert told.status == 1
    assert [finding["check"] for finding in json.loads(told.out)["findings"]] == ["unknown-name"]


def test_a_file_of_the_policy_is_never_written_over(tenet: Tenet, policy: Path) -> None:
    answer = tenet("build", ".", "-o", "./pays.tenet")
    assert answer.status == 2
    assert "is a file of the policy itself" in answer.error
    assert policy.read_text(encoding="utf-8") == POLICY


@pytest.mark.parametrize("output", ["nowhere/out.json", "."])
def test_an_output_that_cannot_be_written_is_said(tenet: Tenet, output: str) -> None:
    answer = tenet("build", "pays.tenet", "-o", output)
    assert (answer.status, answer.out) == (2, "")
    assert "can't be written" in answer.error


@pytest.mark.parametrize("words", [["absent.tenet"], ["pays.tenet", "--target", "cobol"], []])
def test_a_command_line_that_says_nothing_to_build_is_refused(tenet: Tenet, words: list[str]) -> None:
    answer = tenet("build", *words)
    assert (answer.status, answer.out) == (2, "")
    assert answer.error.startswith("error: ")


def test_the_entry_can_be_named(tenet: Tenet) -> None:
    Path("more.tenet").write_text("package more\n\nimport pays\n", encoding="utf-8")
    Path("other.tenet").write_text("package other\n", encoding="utf-8")
    assert tenet("build", ".").status == 1
    assert '"entry":"pays"' in tenet("build", ".", "--entry", "pays").out
