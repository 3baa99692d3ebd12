from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.unit.cli.conftest import Tenet

POLICY = """\
package shop

tool refund(amount: decimal)

default deny because "no rule allows this call"

allow small_refund if {
    tool is refund
    args.amount <= 50.00
}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.tenet").write_text(POLICY, encoding="utf-8")
    return tmp_path


def test_the_syntax_tree_is_shown_with_places(tenet: Tenet, shop: Path) -> None:
    answer = tenet("show", "syntax", "shop.tenet")
    assert (answer.status, answer.error) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == "# shop.tenet"
    assert "shop.tenet:7:1" in next(line for line in lines if "RuleDeclaration" in line)


def test_the_syntax_tree_of_a_broken_file_is_shown_as_far_as_it_goes(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(POLICY + "\nallow {\n", encoding="utf-8")
    answer = tenet("show", "syntax", ".")
    assert answer.status == 1
    assert "small_refund" in answer.out
    assert answer.error.startswith("error[")


@pytest.mark.parametrize("stage", ["syntax", "program", "decision-tree", "python"])
def test_every_stage_has_a_json_form(tenet: Tenet, shop: Path, stage: str) -> None:
    answer = tenet("show", stage, ".", "--format", "json")
    assert (answer.status, answer.error) == (0, "")
    shape = json.loads(answer.out)
    assert (shape["schema_version"], shape["stage"]) == (1, stage)


def test_the_program_is_shown_with_its_rules(tenet: Tenet, shop: Path) -> None:
    out = tenet("show", "program", ".").out
    assert out.startswith("Program\n")
    assert '    shown_name: "small_refund"\n' in out


def test_the_decision_tree_is_shown_as_text_and_drawn(tenet: Tenet, shop: Path) -> None:
    assert "small_refund" in tenet("show", "decision-tree", ".").out
    assert tenet("show", "decision-tree", ".", "--format", "mermaid").out.startswith("flowchart ")
    answer = tenet("show", "decision-tree", ".", "--format", "svg", "-o", "tree.svg")
    assert (answer.status, answer.out) == (0, "")
    assert ET.parse(shop / "tree.svg").getroot().tag.endswith("svg")


def test_the_python_is_shown_with_its_constants(tenet: Tenet, shop: Path) -> None:
    out = tenet("show", "python", ".").out
    assert "Decimal('50')" in out
    assert "# bucket 0: small_refund\ndef b" in out
    compile(out, "shown", "exec")


def test_the_python_is_the_same_in_every_process(shop: Path) -> None:
    (shop / "shop.tenet").write_text(
        POLICY
        + 'deny some_way if { tool is refund; some x in {"a", "b", "c"} { x != "d" }; 10.00 / args.amount > 3.00 }\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "tenetlang", "show", "python", "shop.tenet"]
    outs = [
        subprocess.run(
            command, cwd=shop, capture_output=True, check=True, env={"PYTHONHASHSEED": seed}, timeout=60
        ).stdout
        for seed in ("1", "2")
    ]
    assert outs[0] == outs[1]
    assert b" at 0x" not in outs[0]


@pytest.mark.parametrize(("stage", "style"), [("syntax", "svg"), ("program", "mermaid"), ("python", "svg")])
def test_only_the_decision_tree_is_drawn(tenet: Tenet, shop: Path, stage: str, style: str) -> None:
    answer = tenet("show", stage, ".", "--format", style)
    assert (answer.status, answer.out) == (2, "")
    assert f"`{stage}` is shown as pretty or json" in answer.error


def test_a_file_that_cannot_be_written_is_a_usage_error(tenet: Tenet, shop: Path) -> None:
    answer = tenet("show", "syntax", ".", "-o", "no/where")
    assert (answer.status, answer.out) == (2, "")
    assert "can't be written" in answer.error


@pytest.mark.parametrize("stage", ["syntax", "program", "decision-tree", "python"])
def test_a_policy_cannot_act_on_the_terminal(tenet: Tenet, shop: Path, stage: str) -> None:
    evil = 'deny evil if { tool is refund; "\\u{1b}]0;owned\\u{7}\\u{202e}" == "x" } because "\\u{1b}[2J"\n'
    (shop / "shop.tenet").write_text(POLICY + evil, encoding="utf-8")
    for style in ("pretty", "json"):
        answer = tenet("show", stage, ".", "--format", style)
        assert not {"\x1b", "\x07", "\u202e"} & set(answer.out + answer.error)
