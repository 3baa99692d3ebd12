from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.unit.cli.conftest import Tenet

POLICY = """\
package shop

tool refund(amount: decimal, roles: set[string])

default deny because "no rule allows this call"

allow small_refund if {
    tool is refund
    args.amount <= 50.00
    "ops" in args.roles
}

test "the limit" for amount, verdict in [(50.00, allow), (50.01, deny)] {
    call refund(amount: amount, roles: {"ops"})
    expect verdict
}

test "roles" {
    call refund(amount: 20.00, roles: {"dev"})
    expect allow by small_refund
}

never "large refunds pass" {
    verdict is allow
    args.amount > 50.00
    tool is refund
}

never "refunds pass" {
    tool is refund
    verdict is allow
}
"""
POLICY = POLICY.replace(
    "    args.amount > 50.00\n    tool is refund\n", "    tool is refund\n    args.amount > 50.00\n"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.tenet").write_text(POLICY, encoding="utf-8")
    return tmp_path


def test_each_test_and_claim_takes_a_line_and_failures_say_what_stopped_the_rule(tenet: Tenet, shop: Path) -> None:
    answer = tenet("test")
    assert (answer.status, answer.error) == (1, "")
    assert answer.out.startswith(
        """\
✓ the limit [50, allow]
✓ the limit [50.01, deny]
✗ roles
    shop.tenet:20
      expected  allow by small_refund
      got       deny by default because "no rule allows this call"
      small_refund: `"ops" in args.roles` is false, with args.roles = ["dev"] (shop.tenet:10)
✓ never "large refunds pass": proved for all requests
"""
    )
    assert answer.out.endswith("\n3 passed, 2 failed\n")


def test_the_counterexample_of_a_broken_claim_is_a_request_that_can_be_run(tenet: Tenet, shop: Path) -> None:
    shape = json.loads(tenet("test", "--format", "json").out)
    (broken,) = [claim for claim in shape["claims"] if claim["status"] == "broken"]
    assert broken["name"] == "refunds pass"
    answer = tenet("eval", ".", "-", given=json.dumps(broken["counterexample"]))
    assert answer.out.startswith("allow, decided by small_refund\n")


def test_claims_are_proved_for_all_requests(tenet: Tenet, shop: Path) -> None:
    answer = tenet("test", "-k", "large")
    assert answer.status == 0
    assert answer.out == '✓ never "large refunds pass": proved for all requests\n1 passed, 0 failed\n'
    claims = json.loads(tenet("test", "--format", "json").out)["claims"]
    assert [(claim["status"], claim["proved"]) for claim in claims] == [("unbroken", True), ("broken", False)]


UNDECIDED = """\
package shop
tool order(n: int, m: int)
default deny
allow orders if { tool is order; args.n > 1; args.m > 1 }
never "a prime passes" { verdict is allow; tool is order; args.n * args.m == 7919 }
never "a square passes" { tool is order; args.n * args.m == 0; args.n * args.n != 0; verdict is allow }
never "1 passes" { tool is order; args.n * args.m == args.n; args.n > 0; verdict is deny }
"""


def test_what_the_analysis_leaves_is_sampled_and_never_called_proved(tenet: Tenet, tmp_path: Path) -> None:
    (tmp_path / "order.tenet").write_text(UNDECIDED, encoding="utf-8")
    answer = tenet("test", "-k", "prime")
    assert answer.status == 0
    first, second, *_ = answer.out.splitlines()
    assert first.startswith('✓ never "a prime passes": sampled 500 requests, ')
    assert first.endswith("not proved)")
    assert second.endswith(
        "for the tool order, no request was found that shows it, and no proof that there is none, "
        "because of `args.n * args.m`"
    )
    (claim,) = json.loads(tenet("test", "-k", "prime", "--format", "json").out)["claims"]
    assert (claim["status"], claim["proved"], claim["sampled"]) == ("unbroken", False, 500)
    assert claim["undecided"] == [{"tool": "order", "reason": "not-shown", "terms": ["args.n * args.m"]}]


def test_a_sample_that_breaks_what_the_analysis_left_is_a_counterexample(tenet: Tenet, tmp_path: Path) -> None:
    (tmp_path / "order.tenet").write_text(UNDECIDED, encoding="utf-8")
    for command in ("test", "prove"):
        shape = json.loads(tenet(command, ".", "--format", "json").out)
        claim = shape["claims"][2]
        assert claim["status"] == "broken"
        assert claim["counterexample"].keys() == {"tool", "args"}


@pytest.mark.parametrize(
    ("expression", "names"),
    [("limit", ["the limit", "the limit"]), ("roles or LARGE", ["roles", "large refunds pass"]), ("not pass and not limit", ["roles"])],
)  # fmt: skip
def test_only_those_that_are_wanted_run(tenet: Tenet, shop: Path, expression: str, names: list[str]) -> None:
    shape = json.loads(tenet("test", "-k", expression, "--format", "json").out)
    assert [result["name"] for result in (*shape["tests"], *shape["claims"])] == names


def test_nothing_to_run_is_said_with_a_status_of_its_own(tenet: Tenet, shop: Path) -> None:
    answer = tenet("test", "-k", "zebra")
    assert (answer.status, answer.out, answer.error) == (5, "", "error: no test and no claim has such a name\n")
    (shop / "shop.tenet").write_text(POLICY[: POLICY.index('test "the')], encoding="utf-8")
    answer = tenet("test")
    assert (answer.status, answer.out, answer.error) == (5, "", "error: there is no test and no claim\n")
    (shop / "shop.tenet").unlink()
    assert tenet("test").status == 5


def test_an_expression_that_cannot_be_read_is_a_usage_error(tenet: Tenet, shop: Path) -> None:
    answer = tenet("test", "-k", "a and")
    assert (answer.status, answer.out) == (2, "")
    assert "a word is missing at the end" in answer.error


def test_the_junit_file_is_written_beside_the_output(tenet: Tenet, shop: Path) -> None:
    assert tenet("test", "--junit", "results.xml").status == 1
    root = ET.parse(shop / "results.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "2", "0")
    answer = tenet("test", "--junit", "no/where.xml")
    assert answer.status == 2
    assert "can't be written" in answer.error


def test_the_same_policy_gives_the_same_bytes(tenet: Tenet, shop: Path) -> None:
    assert tenet("test", "--format", "json") == tenet("test", "--format", "json")


BASE = """\
package base
tool refund(amount: decimal)
default deny
allow small if { tool is refund; args.amount < 5.00 }
test "small" { call refund(amount: 1.00); expect allow by small }
"""
TOP = """\
package top
extend base
deny all if { tool is refund }
test "none" { call refund(amount: 1.00); expect deny by all }
always "denied" if { tool is refund } { verdict is deny }
"""


@pytest.fixture
def two(tmp_path: Path) -> Path:
    (tmp_path / "top.tenet").write_text(TOP, encoding="utf-8")
    (tmp_path / "base.tenet").write_text(BASE, encoding="utf-8")
    return tmp_path


def test_each_package_is_tested_as_the_one_that_decides(tenet: Tenet, two: Path) -> None:
    answer = tenet("test")
    lines = answer.out.splitlines()
    assert (answer.status, answer.error) == (0, "")
    assert lines[:4] == ["package base", "✓ small", "package top", "✓ none"]
    assert lines[4] == '✓ always "denied": proved for all requests'
    shape = json.loads(tenet("test", "--format", "json").out)
    assert [(result["package"], result["name"]) for result in shape["tests"]] == [("base", "small"), ("top", "none")]
    assert [claim["package"] for claim in shape["claims"]] == ["top"]
    assert shape["tests"][0]["decision"]["policy"] == "base"
    assert tenet("test", "--junit", "r.xml").status == 0
    root = ET.parse(two / "r.xml").getroot()
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [("base", "1"), ("top", "2")]


def test_a_failing_test_of_a_base_is_not_passed_over(tenet: Tenet, two: Path) -> None:
    (two / "base.tenet").write_text(BASE.replace("expect allow by small", "expect deny"), encoding="utf-8")
    answer = tenet("test")
    assert answer.status == 1
    assert "✗ small\n" in answer.out
    assert answer.out.endswith("\n2 passed, 1 failed\n")


def test_with_an_entry_just_that_package_is_tested(tenet: Tenet, two: Path) -> None:
    assert tenet("test", "--entry", "base").out == "✓ small\n1 passed, 0 failed\n"
    answer = tenet("test", "--entry", "gone")
    assert (answer.status, answer.out) == (1, "")
    assert "error[no-entry]" in answer.error


def test_packages_are_named_only_where_tests_of_several_run(tenet: Tenet, two: Path) -> None:
    assert tenet("test", "-k", "small").out == "✓ small\n1 passed, 0 failed\n"


def test_what_is_wrong_with_the_policy_is_shown_once_and_nothing_runs(tenet: Tenet, two: Path) -> None:
    (two / "base.tenet").write_text(BASE + "deny x if { y }\n", encoding="utf-8")
    answer = tenet("test")
    assert (answer.status, answer.out) == (1, "")
    assert answer.error.count("error[") == 1
    shape = json.loads(tenet("test", "--format", "json").out)
    assert "tests" not in shape
    (two / "base.tenet").write_text(BASE.replace("package base", "packages base"), encoding="utf-8")
    assert tenet("test").status == 1


def test_a_claim_that_is_about_no_request_says_so(tenet: Tenet, two: Path) -> None:
    claim = 'never "both" { verdict is allow; tool is refund; args.amount > 2.00; args.amount < 1.00 }\n'
    (two / "base.tenet").write_text(BASE + claim, encoding="utf-8")
    answer = tenet("test", "-k", "both")
    assert answer.status == 0
    assert answer.out.splitlines() == [
        '✓ never "both": proved, but only because it is about no request at all',
        "1 passed, 0 failed",
    ]
    (shape,) = json.loads(tenet("test", "-k", "both", "--format", "json").out)["claims"]
    assert (shape["status"], shape["proved"], shape["vacuous"], shape["sampled"]) == ("unbroken", True, True, 0)
    (shape,) = json.loads(tenet("prove", ".", "--claim", "both", "--format", "json").out)["claims"]
    assert (shape["status"], shape["vacuous"]) == ("proved", True)
