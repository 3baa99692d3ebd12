"""`tenet test --mutants` and `--generate`: what they print, write and exit with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Tenet

POLICY = """\
package shop
tool refund(customer: string, amount: decimal)
reviewers desk { who {"a", "b"}; quorum 2; within 30m; else deny }
default deny
allow small if { tool is refund; args.amount <= 50.00 }
escalate large to desk if { tool is refund; args.amount > 50.00 }
"""
ONE = 'test "twenty" { call refund(customer: "c", amount: 20.00); expect allow by small }\n'
WHOLE = """\
test "the edge" for amount, verdict in [(50.00, allow), (50.01, escalate)] {
    call refund(customer: "c", amount: amount)
    expect verdict
}
test "asked" { call refund(customer: "c", amount: 51.00); expect escalate to desk by large }
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "shop.tenet"
    file.write_text(POLICY + ONE, encoding="utf-8")
    return file


def test_survivors_are_shown_with_the_test_that_is_missing(policy: Path, tenet: Tenet) -> None:
    result = tenet("test", "shop.tenet", "--mutants")
    assert result.status == 1
    assert "✗ shop.tenet:5  small: `<=` became `<` in `args.amount <= 50.00`\n" in result.out
    assert '    no test notices these; this one would:\n    test "' in result.out
    assert "        expect escalate to desk by large\n" in result.out
    assert result.out.splitlines()[-1].startswith("killed ")
    policy.write_text(POLICY + ONE + WHOLE, encoding="utf-8")
    result = tenet("test", "shop.tenet", "--mutants")
    assert (result.status, "✗" in result.out) == (0, False)
    assert ", 100 % (equivalent " in result.out


def test_for_programs_each_mutant_is_listed(policy: Path, tenet: Tenet) -> None:
    result = tenet("test", "shop.tenet", "--mutants", "--format", "json")
    found = json.loads(result.out)
    assert result.status == 1
    assert found["schema_version"] == 1
    assert set(found) == {"schema_version", "killed", "survived", "equivalent", "undecided", "percent", "mutants"}
    counted = [item["status"] for item in found["mutants"]]
    assert [counted.count(name) for name in ("killed", "survived", "equivalent", "undecided")] == [
        found["killed"], found["survived"], found["equivalent"], found["undecided"],
    ]  # fmt: skip
    quorum = next(item for item in found["mutants"] if item["kind"] == "quorum")
    assert (quorum["in"], quorum["at"], quorum["before"], quorum["after"]) == ("shop.desk", "shop.tenet:3", "2", "1")
    assert quorum["request"]["tool"] == "refund"
    assert quorum["test"].startswith('test "')
    killed = next(item for item in found["mutants"] if item["status"] == "killed")
    assert (killed["killed_by"], killed["test"]) == ("twenty", None)
    assert tenet("test", "shop.tenet", "--mutants", "--format", "json").out == result.out


@pytest.mark.parametrize(("percent", "code"), [("0", 0), ("5", 0), ("100", 1)])
def test_a_threshold_can_be_given(policy: Path, tenet: Tenet, percent: str, code: int) -> None:
    assert tenet("test", "shop.tenet", "--mutants", "--fail-under", percent).status == code


def test_only_the_tests_that_are_wanted_count(policy: Path, tenet: Tenet) -> None:
    result = tenet("test", "shop.tenet", "--mutants", "-k", "nothing")
    assert result.out.splitlines()[-1].startswith("killed 0 of ")


def test_tests_have_to_pass_first(policy: Path, tenet: Tenet) -> None:
    policy.write_text(POLICY + ONE.replace("allow by small", "deny"), encoding="utf-8")
    result = tenet("test", "shop.tenet", "--mutants")
    assert result.status == 1
    assert result.error == 'error: mutants tell something about tests that pass, and these do not: "twenty"\n'


def test_a_base_is_tested_by_all_that_extend_it(policy: Path, tenet: Tenet, tmp_path: Path) -> None:
    base = "package base\ntool refund(amount: decimal)\ndeny much if { tool is refund; args.amount > 9.00 }\n"
    own = 'test "t" { call refund(amount: 9.01); expect deny by much }\n'
    shop = "package shop\nextend base\nallow any if { tool is refund }\n"
    theirs = (
        'test "u" { call refund(amount: 9.00); expect allow }\ntest "v" { call refund(amount: 9.01); expect deny }\n'
    )
    policy.unlink()
    (tmp_path / "base.tenet").write_text(base + own, encoding="utf-8")
    (tmp_path / "shop.tenet").write_text(shop + theirs, encoding="utf-8")
    result = tenet("test", "--mutants", "--format", "json")
    found = json.loads(result.out)["mutants"]
    places = [(item["kind"], item["at"], item["before"], item["after"]) for item in found]
    assert len(places) == len(set(places)), "each once"
    assert [item["status"] for item in found if item["kind"] == "comparison"] == ["killed"]


def test_a_suite_is_shown_or_written_and_then_passes(policy: Path, tenet: Tenet) -> None:
    shown = tenet("test", "shop.tenet", "--generate")
    assert (shown.status, shown.error) == (0, "")
    assert 'test "small: at the limit of 50.00" for amount, verdict in [' in shown.out
    written = tenet("test", "--generate", "-o", "suite.tenet")
    assert (written.status, written.out) == (0, "")
    assert written.error.endswith(" tests in suite.tenet\n")
    assert Path("suite.tenet").read_text(encoding="utf-8") == shown.out
    assert tenet("test").status == 0
    assert tenet("test", "--mutants").status == 0


def test_an_author_s_file_is_not_written_over(policy: Path, tenet: Tenet) -> None:
    before = policy.read_text(encoding="utf-8")
    result = tenet("test", "--generate", "-o", "shop.tenet")
    assert (result.status, result.error) == (2, "error: `shop.tenet` exists; --force writes over it\n")
    assert policy.read_text(encoding="utf-8") == before
    tenet("test", "--generate", "-o", "suite.tenet")
    first = Path("suite.tenet").read_text(encoding="utf-8")
    assert tenet("test", "--generate", "-o", "suite.tenet", "--force").status == 0
    assert Path("suite.tenet").read_text(encoding="utf-8") == first, "what it replaces takes no part"


@pytest.mark.parametrize(
    "options",
    [
        ["--fail-under", "3"],
        ["-o", "x.tenet"],
        ["--force"],
        ["--generate", "--force"],
        ["--generate", "--mutants"],
        ["--generate", "-k", "x"],
        ["--generate", "--format", "json"],
        ["--mutants", "--junit", "x.xml"],
        ["--mutants", "--fail-under", "101"],
    ],
)
def test_options_that_do_not_go_together_are_refused(policy: Path, tenet: Tenet, options: list[str]) -> None:
    assert tenet("test", "shop.tenet", *options).status == 2
    assert not Path("x.tenet").exists()


@pytest.mark.parametrize("option", ["--mutants", "--generate"])
def test_what_is_no_sound_policy_is_said_as_ever(policy: Path, tenet: Tenet, option: str) -> None:
    policy.write_text("package shop\nallow r if { nothing }\n", encoding="utf-8")
    assert tenet("test", "shop.tenet", option).status == 1
    policy.write_text("@observe package shop\ntool t()\nallow r if { tool is t }\n", encoding="utf-8")
    assert tenet("test", "shop.tenet", option).status == 5
    policy.write_text("package shop\n", encoding="utf-8")
    assert tenet("test", "shop.tenet", option).status == 5
    policy.unlink()
    assert tenet("test", option).status == 5
