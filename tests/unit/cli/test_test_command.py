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
✓ never "large refunds pass": sampled """
    )
    assert answer.out.endswith("\n3 passed, 2 failed\n")


def test_the_counterexample_of_a_broken_claim_is_a_request_that_can_be_run(tenet: Tenet, shop: Path) -> None:
    shape = json.loads(tenet("test", "--format", "json").out)
    (broken,) = [claim for claim in shape["claims"] if claim["status"] == "broken"]
    assert broken["name"] == "refunds pass"
    answer = tenet("eval", ".", "-", given=json.dumps(broken["counterexample"]))
    assert answer.out.startswith("allow, decided by small_refund\n")


def test_nothing_sampled_is_called_proved(tenet: Tenet, shop: Path) -> None:
    answer = tenet("test", "-k", "large")
    assert answer.status == 0
    assert "no counterexample (not proved)\n1 passed, 0 failed\n" in answer.out
    assert [claim["proved"] for claim in json.loads(tenet("test", "--format", "json").out)["claims"]] == [False, False]


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
