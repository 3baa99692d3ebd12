from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Tenet

POLICY = """\
package shop

tool refund(amount: decimal, customer: string)
tool note(text: string)

default deny because "no rule allows this call"

allow small if {
    tool is refund
    args.amount <= 50.00
}

allow notes if { tool is note }
"""

CLAIMS = """
never "a large refund leaves unseen" {
    verdict is allow
    tool is refund
    args.amount > 50.00
}

never "a refund passes" {
    verdict is allow
    tool is refund
}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.tenet"
    file.write_text(POLICY + CLAIMS, encoding="utf-8")
    return file


def test_each_claim_is_proved_or_broken_by_a_request_that_can_be_sent(tenet: Tenet, shop: Path) -> None:
    answer = tenet("prove", "shop.tenet")
    assert (answer.status, answer.error) == (1, "")
    assert answer.out == (
        '✓ never "a large refund leaves unseen": proved for all requests\n'
        '✗ never "a refund passes": broken\n'
        "    shop.tenet:21: this request breaks it; the verdict is allow\n"
        '      {"tool": "refund", "args": {"amount": 1, "customer": "a"}}\n'
        "1 proved, 1 broken\n"
    )
    assert shop.exists()


def test_one_claim_can_be_named_and_a_name_that_is_wrong_gets_a_suggestion(tenet: Tenet, shop: Path) -> None:
    answer = tenet("prove", str(shop), "--claim", "a large refund leaves unseen")
    assert (answer.status, answer.out.count("\n")) == (0, 2)
    answer = tenet("prove", str(shop), "--claim", "a refund pases")
    assert answer.status == 2
    assert "did you mean `a refund passes`?" in answer.error


def test_programs_get_the_request_and_its_verdict(tenet: Tenet, shop: Path) -> None:
    shape = json.loads(tenet("prove", str(shop), "--format", "json").out)
    assert [shape[name] for name in ("schema_version", "proved", "broken", "undecided")] == [1, 1, 1, 0]
    proved, broken = shape["claims"]
    assert (proved["status"], proved["counterexample"]) == ("proved", None)
    assert (broken["status"], broken["tool"], broken["verdict"]) == ("broken", "refund", "allow")
    answer = tenet("eval", str(shop), "-", given=json.dumps(broken["counterexample"]))
    assert answer.out.startswith("allow, decided by small\n")


def test_claims_on_the_command_line_stand_in_the_package_that_decides(tenet: Tenet, shop: Path) -> None:
    answer = tenet("prove", str(shop), "--never", "verdict is allow\ntool is refund\nargs.amount > 50")
    assert (answer.status, answer.out) == (
        0,
        "✓ never { verdict is allow tool is refund args.amount > 50 }: proved for all requests\n1 proved\n",
    )
    answer = tenet("prove", str(shop), "--always", "tool is note", "--then", "verdict is allow")
    assert answer.status == 0
    answer = tenet("prove", str(shop), "--always", "tool is refund", "--then", "verdict is allow")
    assert answer.status == 1
    assert "this request breaks it; the verdict is deny\n" in answer.out


def test_a_mistake_in_a_claim_of_the_command_line_is_shown_where_it_is(tenet: Tenet, shop: Path) -> None:
    answer = tenet("prove", str(shop), "--never", "verdict is allow;\ntool is refund; args.amont > 5")
    assert answer.status == 1
    assert "--never:2:17\n" in answer.error
    assert "help: write `args.amount`" in answer.error
    answer = tenet("prove", str(shop), "--always", "tool is refund", "--then", "args.amount >")
    assert "--then:1:" in answer.error


@pytest.mark.parametrize(
    "words",
    [
        ("--never", "verdict is allow }\ndeny all if { tool is refund"),
        ("--never", " "),
        ("--always", "tool is refund"),
        ("--then", "tool is refund"),
    ],
)
def test_what_is_no_claim_is_refused(tenet: Tenet, shop: Path, words: tuple[str, ...]) -> None:
    answer = tenet("prove", str(shop), *words)
    assert (answer.status, answer.out) == (2, "")


def test_without_claims_there_is_nothing_to_prove(tenet: Tenet, tmp_path: Path) -> None:
    (tmp_path / "empty.tenet").write_text(POLICY, encoding="utf-8")
    assert tenet("prove", "empty.tenet").status == 5
    (tmp_path / "folder").mkdir()
    assert tenet("prove", "folder").status == 5


def test_a_policy_with_errors_proves_nothing(tenet: Tenet, tmp_path: Path) -> None:
    (tmp_path / "bad.tenet").write_text(POLICY + CLAIMS.replace("args.amount", "args.amont"), encoding="utf-8")
    answer = tenet("prove", "bad.tenet")
    assert (answer.status, answer.out) == (1, "")
    assert "unknown-argument" in answer.error


def test_what_is_undecided_is_no_success_and_says_why(tenet: Tenet, tmp_path: Path) -> None:
    policy = POLICY + "tool order(n: int, m: int)\nallow orders if { tool is order; args.n > 1; args.m > 1 }\n"
    (tmp_path / "order.tenet").write_text(policy, encoding="utf-8")
    conditions = "verdict is allow; tool is order; args.n * args.m == 7919"
    answer = tenet("prove", "order.tenet", "--never", conditions)
    assert answer.status == 1
    assert "for the tool order, no request was found that shows it" in answer.out
    assert "because of `args.n * args.m`" in answer.out
    assert answer.out.endswith("0 proved, 1 undecided\n")
    shape = json.loads(tenet("prove", "order.tenet", "--never", conditions, "--format", "json").out)
    assert shape["claims"][0]["undecided"] == [{"tool": "order", "reason": "not-shown", "terms": ["args.n * args.m"]}]


def test_a_policy_refines_one_that_is_no_stricter_and_a_weaker_one_is_shown(
    tenet: Tenet, shop: Path, tmp_path: Path
) -> None:
    weaker = tmp_path / "weaker.tenet"
    weaker.write_text(POLICY.replace("<= 50.00", "<= 60.00"), encoding="utf-8")
    answer = tenet("prove", "shop.tenet", "--refines", "weaker.tenet")
    assert (answer.status, answer.out) == (
        0,
        """\
nothing that weaker.tenet denies or escalates becomes weaker
✓ note: proved for all requests
✓ refund: proved for all requests
2 proved
""",
    )
    answer = tenet("prove", "weaker.tenet", "--refines", "shop.tenet")
    assert answer.status == 1
    assert "✗ refund: deny → allow, weaker\n" in answer.out
    assert "      there deny by default; here allow by small\n" in answer.out
    assert shop.exists()


def test_two_policies_are_compared_for_programs(tenet: Tenet, shop: Path, tmp_path: Path) -> None:
    other = POLICY.replace("tool note(text: string)", "tool note(text: string)\ntool extra(n: int)")
    (tmp_path / "other.tenet").write_text(other, encoding="utf-8")
    shape = json.loads(tenet("prove", "other.tenet", "--equivalent", str(shop), "--format", "json").out)
    (comparison,) = shape["comparisons"]
    assert (comparison["relation"], comparison["base"]) == ("equivalent", "shop.tenet")
    assert [(tool["tool"], tool["status"]) for tool in comparison["tools"]] == [
        ("extra", "proved"),
        ("note", "proved"),
        ("refund", "proved"),
    ]
    shape = json.loads(tenet("prove", "other.tenet", "--refines", str(shop), "--format", "json").out)
    assert [tool["only_here"] for tool in shape["comparisons"][0]["tools"]] == [True, False, False]
    assert [tool["status"] for tool in shape["comparisons"][0]["tools"]] == ["skipped", "proved", "proved"]
    assert shape["proved"] == 2
    answer = tenet("prove", "other.tenet", "--refines", str(shop))
    assert "· extra: not in shop.tenet, which denies it as unknown; nothing to compare\n" in answer.out
    (tmp_path / "alone.tenet").write_text("package a\ntool alone(n: int)\ndefault deny\n", encoding="utf-8")
    answer = tenet("prove", "alone.tenet", "--refines", str(shop))
    assert (answer.status, answer.out.splitlines()[-1]) == (0, "2 proved")


def test_a_broken_policy_to_compare_with_is_reported(tenet: Tenet, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.tenet").write_text(POLICY.replace("args.amount", "args.amont"), encoding="utf-8")
    answer = tenet("prove", str(shop), "--refines", "bad.tenet")
    assert (answer.status, answer.out) == (1, "")
    assert "unknown-argument" in answer.error


def test_a_counter_that_two_policies_count_differently_is_named(tenet: Tenet, tmp_path: Path) -> None:
    counted = (
        POLICY + "counter paid = sum(args.amount) of refund within 1d\ndeny much if { tool is refund; paid > 9.00 }\n"
    )
    (tmp_path / "a.tenet").write_text(counted, encoding="utf-8")
    (tmp_path / "b.tenet").write_text(counted.replace("1d", "7d"), encoding="utf-8")
    answer = tenet("prove", "a.tenet", "--equivalent", "b.tenet")
    assert "  paid counts otherwise in b.tenet; a request has one value for both\n" in answer.out
    assert answer.status == 0


def test_the_solver_settles_what_is_undecided_and_checks_the_rest(tenet: Tenet, tmp_path: Path) -> None:
    pytest.importorskip("cvc5", reason="the extra `smt` is not installed")
    policy = POLICY + "tool order(n: int, m: int)\nallow orders if { tool is order; args.n > 17; args.m > 23 }\n"
    (tmp_path / "order.tenet").write_text(policy + CLAIMS, encoding="utf-8")
    asked = ("prove", "order.tenet", "--never", "verdict is allow; tool is order; args.n * args.m == 391")
    assert tenet(*asked).status == 1
    answer = tenet(*asked, "--smt")
    assert (answer.status, answer.out.splitlines()[-1]) == (0, "1 proved")
    assert json.loads(tenet(*asked, "--smt", "--format", "json").out)["solver"] == {
        "asked": 1,
        "settled": 1,
        "confirmed": 0,
    }
    answer = tenet("prove", "order.tenet", "--cross-check")
    assert "cross-checked: 1 question to cvc5, 1 confirmed, none contradicted\n" in answer.out


def test_without_the_solver_it_is_said_how_to_get_it(tenet: Tenet, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenetlang.analysis.proofs import solver

    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(solver, "import_module", missing)
    answer = tenet("prove", str(shop), "--smt")
    assert (answer.status, answer.out) == (2, "")
    assert "the extra `smt`: tenetlang[smt]" in answer.error
    assert tenet("prove", str(shop), "--claim", "a large refund leaves unseen").status == 0
