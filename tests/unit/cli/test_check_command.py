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


# ------------------------------------------------------------------------------------------------- what the analysis adds

TWO = (
    SOUND
    + """
deny above_twenty if {
    tool is refund
    args.amount > 20.00
}
"""
)
UNIQUE = TWO.replace("tool refund", "resolve unique\n\ntool refund")


def test_a_conflict_is_an_error_and_comes_with_a_request_in_every_format(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(UNIQUE, encoding="utf-8")
    assert "error[conflicting-rules]" in tenet("check").out
    answer = tenet("check", "--format", "json")
    assert answer.status == 1
    (finding,) = json.loads(answer.out)["findings"]
    assert finding["witness"] == {"tool": "refund", "args": {"amount": 21}}
    sarif = json.loads(tenet("check", "--format", "sarif").out)
    assert sarif["runs"][0]["results"][0]["properties"]["witness"] == finding["witness"]
    assert "args.amount: 21" in tenet("check", "--format", "github").out


def test_without_analysis_only_the_text_is_checked(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(UNIQUE, encoding="utf-8")
    answer = tenet("check", "--no-analysis")
    assert (answer.status, answer.out) == (0, "no findings in 1 file\n")
    for option in ("--overlaps", "--gaps", "--undecided", "--save-witnesses=x"):
        assert tenet("check", "--no-analysis", option).status == 2


def test_a_policy_with_errors_is_not_examined(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(UNIQUE.replace("args.amount > 20.00", "args.amuont > 20.00"), encoding="utf-8")
    assert "conflicting-rules" not in tenet("check").out


def test_overlaps_and_gaps_are_notes_and_only_where_they_are_asked_for(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(TWO, encoding="utf-8")
    assert tenet("check").out == "no findings in 1 file\n"
    overlaps = tenet("check", "--overlaps")
    assert overlaps.status == 0
    assert "note[overlapping-rules]" in overlaps.out
    assert tenet("check", "--gaps").out == "no findings in 1 file\n"
    (shop / "shop.tenet").write_text(SOUND, encoding="utf-8")
    assert "note[gap]" in tenet("check", "--gaps").out


def test_a_suppression_sets_aside_what_the_analysis_finds_and_is_unused_only_where_it_ran(
    tenet: Tenet, shop: Path
) -> None:
    tiny = "\nallow tiny if {  # tenet: allow[redundant-rule] because it will be wider soon\n    tool is refund\n    args.amount < 5.00\n}\n"
    (shop / "shop.tenet").write_text(SOUND + tiny, encoding="utf-8")
    assert tenet("check").out == "no findings in 1 file\n"
    assert tenet("check", "--no-analysis").out == "no findings in 1 file\n"
    (shop / "shop.tenet").write_text(SOUND + tiny.replace("< 5.00", "> 60.00"), encoding="utf-8")
    assert "warning[unused-suppression]" in tenet("check").out
    assert tenet("check", "--no-analysis").out == "no findings in 1 file\n"
    overlap = "# tenet: allow[overlapping-rules] because it is meant\n"
    (shop / "shop.tenet").write_text(SOUND.replace("allow small", overlap + "allow small"), encoding="utf-8")
    assert tenet("check").out == "no findings in 1 file\n"
    assert "unused-suppression" in tenet("check", "--overlaps").out


def test_requests_are_kept_as_tests_that_pass_and_nothing_is_written_over(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(UNIQUE, encoding="utf-8")
    answer = tenet("check", "--save-witnesses", "kept")
    file = shop / "kept" / "conflicting-rules-small_refund-above_twenty.tenet"
    assert answer.status == 1
    assert answer.error.splitlines()[0] == "written: kept/conflicting-rules-small_refund-above_twenty.tenet"
    assert (
        'test "conflicting-rules: small_refund, above_twenty" {\n    call refund(amount: 21.00)\n' in file.read_text()
    )
    assert "expect deny by above_twenty" in file.read_text()
    tested = tenet("test")
    assert (tested.status, tested.out.splitlines()[-1]) == (0, "1 passed, 0 failed")
    file.write_text("package shop\n", encoding="utf-8")
    again = tenet("check", "--save-witnesses", "kept")
    assert "left as it is: kept/conflicting-rules-small_refund-above_twenty.tenet" in again.error
    assert file.read_text() == "package shop\n"


def test_where_there_is_no_request_to_keep_it_is_said(tenet: Tenet, shop: Path) -> None:
    answer = tenet("check", "--save-witnesses", "kept")
    assert (answer.status, answer.error) == (0, "nothing was saved: no finding shows a request\n")
    assert not (shop / "kept").exists()
    (shop / "shop.tenet").write_text(BROKEN, encoding="utf-8")
    assert tenet("check", "--save-witnesses", "kept").error == "nothing was saved: there is no request to keep\n"


def test_a_folder_that_cannot_be_made_is_a_usage_error(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(UNIQUE, encoding="utf-8")
    answer = tenet("check", "--save-witnesses", "shop.tenet")
    assert answer.status == 2
    assert answer.error.startswith("error: `shop.tenet/conflicting-rules-")


def test_what_could_not_be_told_is_counted_and_said_on_demand(tenet: Tenet, shop: Path) -> None:
    hard = "\ntool order(pieces: int, price: int)\n\nallow orders if {\n    tool is order\n    args.pieces % 7 == args.price % 5\n    args.pieces * args.price == 1000003\n    args.pieces > 1\n    args.price > 1\n}\n"
    (shop / "shop.tenet").write_text(SOUND + hard, encoding="utf-8")
    unsure = tenet("check").error
    asked = tenet("check", "--undecided")
    assert ("note[undecided]" in asked.out) == ("`--undecided` says what" in unsure)
    assert "undecided" not in asked.error


REVIEWED = """package p

tool pay(amount: decimal)
data groups: map[string, set[string]]
data others: set[string]
default deny

reviewers finance { who data.groups["finance"]; quorum 2; within 30m; notify "chat"; else deny }
escalate large to finance if { tool is pay; args.amount > 50.0 }
"""


def test_reviewers_are_looked_at_by_the_documents_and_channels_of_the_configuration(tenet: Tenet) -> None:
    Path("p.tenet").write_text(REVIEWED, encoding="utf-8")
    assert tenet("check", "p.tenet").status == 0
    Path("groups.json").write_text('{"finance": ["ann"]}', encoding="utf-8")
    configured = '[data]\ngroups = "groups.json"\nothers = "none.json"\n[review.channels.email]\nkind = "mail"\n'
    Path("tenet.toml").write_text(configured, encoding="utf-8")
    answer = tenet("check", "p.tenet", "--format", "json")
    assert [finding["check"] for finding in json.loads(answer.out)["findings"]] == [
        "unknown-channel",
        "unreachable-quorum",
    ]
    assert answer.status == 1
    Path("tenet.toml").write_text(configured.replace("email", "chat"), encoding="utf-8")
    Path("groups.json").write_text('{"finance": ["ann", "bob", "cleo"]}', encoding="utf-8")
    assert tenet("check", "p.tenet").status == 0


def test_a_document_that_can_not_be_read_is_not_at_hand_and_that_is_said(tenet: Tenet) -> None:
    Path("p.tenet").write_text(REVIEWED, encoding="utf-8")
    Path("tenet.toml").write_text('[data]\n"p.groups" = "none.json"\n', encoding="utf-8")
    answer = tenet("check", "p.tenet")
    assert answer.status == 0
    assert answer.error.startswith("not looked at: the document `p.groups` in `none.json` can't be read")
