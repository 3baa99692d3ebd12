from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Tenet

SOUND = """\
package shop

tool refund(amount: decimal)

default deny because "no rule allows this call"

allow small_refund if {
    tool is refund
    args.amount <= 50.00
}
"""
BROKEN = SOUND.replace("args.amount", "args.amuont")
UNUSED = SOUND.replace("tool refund", "import std.time\n\ntool refund").replace("std.time", "std.agents")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.tenet").write_text(SOUND, encoding="utf-8")
    return tmp_path


def test_a_sound_policy_has_no_findings(tenet: Tenet, shop: Path) -> None:
    for words in (["check"], ["check", "."], ["check", "shop.tenet"], ["check", str(shop / "shop.tenet")]):
        answer = tenet(*words)
        assert (answer.status, answer.out, answer.error) == (0, "no findings in 1 file\n", "")


def test_a_mistake_is_shown_where_it_is(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(BROKEN, encoding="utf-8")
    answer = tenet("check")
    assert answer.status == 1
    assert answer.error == ""
    lines = answer.out.splitlines()
    assert lines[0].startswith("error[")
    assert lines[1] == "  ┌─ shop.tenet:9:10" or " ┌─ shop.tenet:9:" in lines[1]
    assert lines[-1] == "1 error"


def test_the_mistakes_of_several_files_are_shown_in_one_go(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(BROKEN, encoding="utf-8")
    (shop / "other.tenet").write_text("package other\n\nallow {\n", encoding="utf-8")
    findings = json.loads(tenet("check", "--format", "json").out)["findings"]
    assert {finding["labels"][0]["file"] for finding in findings} == {"shop.tenet", "other.tenet"}


def test_each_format_is_one_document_of_its_kind(tenet: Tenet, shop: Path) -> None:
    assert json.loads(tenet("check", "--format", "json").out) == {"schema_version": 1, "findings": []}
    assert json.loads(tenet("check", "--format", "sarif").out)["version"] == "2.1.0"
    assert tenet("check", "--format", "github").out == ""
    (shop / "shop.tenet").write_text(BROKEN, encoding="utf-8")
    for style in ("json", "sarif", "github"):
        assert tenet("check", "--format", style).status == 1
    assert tenet("check", "--format", "github").out.startswith("::error file=shop.tenet,line=9,")


def test_nothing_to_check_is_said_with_a_status_of_its_own(tenet: Tenet, tmp_path: Path) -> None:
    answer = tenet("check")
    assert (answer.status, answer.out) == (5, "")
    assert answer.error == "error: no .tenet file in `.`\n"


def test_a_path_that_is_not_there_is_a_usage_error(tenet: Tenet) -> None:
    answer = tenet("check", "no\x1bwhere.tenet")
    assert (answer.status, answer.out) == (2, "")
    assert answer.error == "error: `no\\u{1b}where.tenet` does not exist\n"


def test_a_configuration_that_cannot_be_used_is_a_usage_error(tenet: Tenet, shop: Path) -> None:
    (shop / "tenet.toml").write_text('entrie = "shop"\n', encoding="utf-8")
    answer = tenet("check")
    assert (answer.status, answer.out) == (2, "")
    assert answer.error.startswith("error: tenet.toml: `entrie` is no setting")


def test_a_file_that_is_no_text_is_a_usage_error(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_bytes(b"package shop\n\xff\xfe")
    answer = tenet("check")
    assert (answer.status, answer.out) == (2, "")
    assert "is not UTF-8 (byte 13)" in answer.error


def test_the_same_policy_gives_the_same_bytes(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(BROKEN, encoding="utf-8")
    for style in ("pretty", "json", "sarif", "github"):
        assert tenet("check", "--format", style) == tenet("check", "--format", style)


def test_a_policy_cannot_act_on_the_terminal(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(SOUND + 'let x = "\x1b]0;owned\x07"\n', encoding="utf-8")
    for style in ("pretty", "json", "github"):
        answer = tenet("check", "--format", style)
        assert answer.status == 1
        assert "\x1b" not in answer.out + answer.error
        assert "\x07" not in answer.out + answer.error


def test_a_rule_that_has_expired_is_found_by_check_alone(tenet: Tenet, tmp_path: Path) -> None:
    policy = "package a\ntool t()\ndefault deny\n@expires({})\nallow all if {{ tool is t }}\n"
    test = 'test "t" { call t(); expect allow }\n'
    (tmp_path / "a.tenet").write_text(policy.format("2026-01-01") + test)
    answer = tenet("check")
    assert answer.status == 1
    assert "warning[expired-rule]" in answer.out
    assert tenet("test").status == 0
    (tmp_path / "a.tenet").write_text(policy.format("2261-01-01") + test)
    assert tenet("check").status == 0
