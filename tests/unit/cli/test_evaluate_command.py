from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenetlang.audit import show, verify_log
from tests.unit.cli.conftest import Tenet

POLICY = """\
package shop

type Vendor = { status: "active" | "blocked" }
data vendors: map[string, Vendor]

tool refund(amount: decimal, vendor: string)
tool lookup(id: string)

default deny because "no rule allows this call"

reviewers bosses {
    who     { "ann", "bob" }
    quorum  2
    within  30m
}

counter refunded = sum(args.amount) of refund within 24h

allow small_refund if {
    tool is refund
    args.amount <= 50.00
}

@owner("payments")
escalate large_refund to bosses if {
    tool is refund
    args.amount > 50.00
} because "{args.amount} is more than 50"

deny blocked if {
    tool is refund
    some id, vendor in data.vendors
    id == args.vendor
    vendor.status == "blocked"
} because "{args.vendor} is blocked"

deny budget if {
    tool is refund
    refunded + args.amount > 1000.00
}

let risk = match {
    tool is refund and args.amount > 500.00 => "high"
    else => "low"
}
"""
SMALL = '{"tool": "refund", "args": {"amount": 20.00, "vendor": "v1"}, "counters": {"refunded": 0}}'
LARGE = SMALL.replace("20.00", "120.00")
BLOCKED = SMALL.replace("v1", "v2")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.tenet").write_text(POLICY, encoding="utf-8")
    (tmp_path / "vendors.json").write_text(
        '{"v1": {"status": "active"}, "v2": {"status": "blocked"}}', encoding="utf-8"
    )
    (tmp_path / "tenet.toml").write_text('[data]\nvendors = "vendors.json"\n', encoding="utf-8")
    (tmp_path / "request.json").write_text(SMALL, encoding="utf-8")
    return tmp_path


def test_a_decision_is_shown_with_who_made_it_and_why(tenet: Tenet, shop: Path) -> None:
    answer = tenet("eval", "shop.tenet", "-", given=LARGE)
    assert (answer.status, answer.error) == (0, "")
    assert answer.out == (
        """\
escalate, decided by large_refund
  120 is more than 50

  matched  large_refund  escalate  shop.tenet:25  owner payments
  asks     bosses: 2 within 30m, else deny
"""
    )


def test_a_decision_as_json_has_the_published_shape(tenet: Tenet, shop: Path) -> None:
    answer = tenet("eval", ".", "request.json", "--format", "json")
    assert (answer.status, answer.error) == (0, "")
    decision = json.loads(answer.out)
    assert decision["schema_version"] == 1
    assert (decision["policy"], decision["verdict"], decision["decided_by"]) == ("shop", "allow", ["small_refund"])
    assert [rule["rule"] for rule in decision["trace"]] == ["blocked", "budget", "large_refund", "small_refund"]
    assert "trace" not in json.loads(tenet("eval", ".", "request.json", "--format", "json", "--no-trace").out)


@pytest.mark.parametrize(
    ("request_text", "status"), [(SMALL, 0), (BLOCKED, 3), (LARGE, 4), ("not JSON", 3), ("", 3), ("{}", 3)]
)
def test_the_exit_status_tells_the_verdict_only_where_it_is_asked_to(
    tenet: Tenet, shop: Path, request_text: str, status: int
) -> None:
    assert tenet("eval", ".", "-", "--exit-code", given=request_text).status == status
    assert tenet("eval", ".", "-", given=request_text).status == 0


def test_a_request_that_is_none_is_denied_with_the_place(tenet: Tenet, shop: Path) -> None:
    out = tenet("eval", ".", "-", given=SMALL.replace('"v1"', "7")).out
    assert out.startswith("deny, decided by invalid_request\n  invalid request: args.vendor: ")


def test_a_request_that_is_too_long_is_denied_and_not_cut(tenet: Tenet, shop: Path) -> None:
    for extra in ((), ("--fill",), ("--lines",)):
        answer = tenet("eval", ".", "-", "--format", "json", *extra, given=SMALL + " " * 2**20)
        decision = json.loads(answer.out)
        assert (decision["verdict"], decision["decided_by"]) == ("deny", ["invalid_request"])


def test_bytes_that_are_no_text_are_denied(tenet: Tenet, shop: Path) -> None:
    answer = tenet("eval", ".", "-", "--exit-code", given=b"\xff\xfe{}")
    assert answer.status == 3
    assert answer.out.startswith("deny, decided by invalid_request\n")


def test_a_request_that_cannot_be_read_is_a_usage_error(tenet: Tenet, shop: Path) -> None:
    for words in (
        ["eval", ".", "nothing.json"],
        ["eval", ".", "nothing.json", "--lines", "--exit-code"],
        ["eval", ".", "."],
    ):
        answer = tenet(*words)
        assert (answer.status, answer.out) == (2, "")
        assert "can't be read" in answer.error


def test_lines_get_a_decision_each_whatever_they_hold(tenet: Tenet, shop: Path) -> None:
    given = "\n".join([SMALL, "not JSON", "", LARGE, SMALL.replace("refund", "burn", 1)])
    answer = tenet("eval", ".", "-", "--lines", given=given)
    assert (answer.status, answer.error) == (0, "")
    lines = answer.out.splitlines()
    assert [line.split()[1] for line in lines] == ["allow", "deny", "deny", "escalate", "deny"]
    assert lines[0] == "     1  allow     small_refund: rule small_refund"
    assert lines[4] == '     5  deny      unknown_tool: unknown tool "burn"'


def test_no_line_at_all_is_no_allowance(tenet: Tenet, shop: Path) -> None:
    assert tenet("eval", ".", "-", "--lines").status == 0
    answer = tenet("eval", ".", "-", "--lines", "--exit-code")
    assert (answer.status, answer.out) == (5, "")
    assert answer.error == "error: there is no request, so nothing was decided\n"


def test_a_log_that_cannot_be_opened_is_said_once_for_all_lines(tenet: Tenet, shop: Path) -> None:
    (shop / "log.db").write_text("no log")
    answer = tenet("eval", ".", "-", "--lines", "--log", "log.db", given=f"{SMALL}\n{SMALL}\n")
    assert answer.status == 1
    assert answer.out.count("deny      unavailable: the decision can't be recorded") == 2
    assert answer.error.startswith("error: `log.db` is not a decision log")
    assert answer.error.count("\n") == 1


@pytest.mark.parametrize("words", [["", "-"], [".", ""], [".", "-", "--log", ""]])
def test_an_empty_path_is_not_the_current_folder(tenet: Tenet, shop: Path, words: list[str]) -> None:
    answer = tenet("eval", *words, given=SMALL)
    assert (answer.status, answer.out) == (2, "")
    assert "an empty text is no path; `.` is the current folder" in answer.error


def test_lines_as_json_are_json_lines(tenet: Tenet, shop: Path) -> None:
    (shop / "requests.jsonl").write_text(f"{SMALL}\r\n{LARGE}\n", encoding="utf-8")
    answer = tenet("eval", ".", "requests.jsonl", "--lines", "--format", "json", "--exit-code")
    assert answer.status == 4
    decisions = [json.loads(line) for line in answer.out.splitlines()]
    assert [decision["verdict"] for decision in decisions] == ["allow", "escalate"]
    assert all(decision["schema_version"] == 1 for decision in decisions)


def test_documents_come_from_the_option_before_the_variable_before_the_file(
    tenet: Tenet, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "all.json").write_text('{"v1": {"status": "blocked"}}', encoding="utf-8")
    (shop / "none.json").write_text("{}", encoding="utf-8")
    assert tenet("eval", ".", "request.json").out.startswith("allow")
    monkeypatch.setenv("TENET_DATA_VENDORS", "all.json")
    assert tenet("eval", ".", "request.json").out.startswith("deny, decided by blocked")
    assert tenet("eval", ".", "request.json", "--data", "vendors=none.json").out.startswith("allow")


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("vendors", "`vendors` is not of the form NAME=FILE"),
        ("vendors=no.json", "the document `vendors` in `no.json` can't be read: No such file or directory"),
        ("others=vendors.json", "no document `others` is declared (declared: `vendors`)"),
    ],
)
def test_a_document_that_does_not_fit_is_a_usage_error(tenet: Tenet, shop: Path, option: str, problem: str) -> None:
    answer = tenet("eval", ".", "request.json", "--data", option)
    assert (answer.status, answer.out, answer.error) == (2, "", f"error: {problem}\n")


def test_a_document_of_another_type_is_a_usage_error(tenet: Tenet, shop: Path) -> None:
    (shop / "vendors.json").write_text('{"v1": {"status": "dead"}}', encoding="utf-8")
    answer = tenet("eval", ".", "request.json")
    assert (answer.status, answer.out) == (2, "")
    assert "vendors" in answer.error


def test_what_is_filled_in_is_said(tenet: Tenet, shop: Path) -> None:
    request = '{"tool": "refund", "args": {"amount": 20, "vendor": "v1"}}'
    assert tenet("eval", ".", "-", given=request).out.startswith("deny, decided by invalid_request")
    answer = tenet("eval", ".", "-", "--fill", given=request)
    assert answer.out.startswith("allow, decided by small_refund\n")
    assert answer.error == "assumed: counters.refunded = 0\n"
    lines = tenet("eval", ".", "-", "--fill", "--lines", given=f"{request}\n{request}\n{SMALL}\n")
    assert lines.error == "assumed on 2 lines: counters.refunded = 0\n"


def test_fill_assumes_a_session_and_the_time_now_where_the_policy_reads_them(tenet: Tenet, tmp_path: Path) -> None:
    policy = """\
package p
tool f(x: int)
allow early if { tool is f; now > 2001-01-01; "bad" not in session.labels; every call in session.calls { call.tool is f } }
"""
    (tmp_path / "p.tenet").write_text(policy, encoding="utf-8")
    answer = tenet("eval", "p.tenet", "-", "--fill", given='{"tool": "f", "args": {"x": 1}, "session": {"id": "s"}}')
    assert answer.out.startswith("allow, decided by early\n")
    assert answer.error.startswith('assumed: session.calls = []\nassumed: session.labels = []\nassumed: now = "2')


def test_a_document_can_be_asked_for(tenet: Tenet, shop: Path) -> None:
    assert tenet("eval", ".", "request.json", "--ask", "risk").out == '"low"\n'
    answer = tenet("eval", ".", "request.json", "--ask", "shop.risk", "--format", "json")
    assert json.loads(answer.out) == {"schema_version": 1, "document": "shop.risk", "value": "low"}
    lines = tenet("eval", ".", "-", "--lines", "--ask", "risk", "--format", "json", given=f"{SMALL}\nx\n")
    assert lines.status == 1
    values = [json.loads(line) for line in lines.out.splitlines()]
    assert values[0]["value"] == "low"
    assert "error" in values[1]


def test_a_document_that_is_not_there_gets_the_nearest(tenet: Tenet, shop: Path) -> None:
    answer = tenet("eval", ".", "request.json", "--ask", "rsik")
    assert (answer.status, answer.out) == (2, "")
    assert "no exported `let` is called `shop.rsik`; did you mean `shop.risk`?" in answer.error
    assert tenet("eval", ".", "request.json", "--ask", "risk", "--exit-code").status == 2


def test_decisions_are_in_the_log_before_they_are_shown(tenet: Tenet, shop: Path) -> None:
    answer = tenet("eval", ".", "request.json", "--log", "log.db", "--format", "json")
    identifier = json.loads(answer.out)["id"]
    record = show(shop / "log.db", identifier)["record"]
    assert isinstance(record, dict)
    assert record["decided"]["decided_by"] == ["small_refund"]
    (shop / "requests.jsonl").write_text(f"{SMALL}\nnot JSON\n{LARGE}\n" * 200, encoding="utf-8")
    lines = tenet("eval", ".", "requests.jsonl", "--lines", "--log", "log.db")
    assert len(lines.out.splitlines()) == 600
    assert verify_log(shop / "log.db").ok
    assert verify_log(shop / "log.db").size == 602


def test_what_cannot_be_recorded_is_denied(tenet: Tenet, shop: Path) -> None:
    (shop / "log.db").write_text("no log", encoding="utf-8")
    for words in ([], ["--format", "json"], ["--lines"]):
        answer = tenet("eval", ".", "request.json", "--log", "log.db", *words)
        assert answer.status == 1
        assert "deny" in answer.out
        assert "unavailable" in answer.out
        assert "allow" not in answer.out
    assert tenet("eval", ".", "request.json", "--log", "log.db", "--exit-code").status == 3


def test_a_broken_policy_decides_nothing(tenet: Tenet, shop: Path) -> None:
    (shop / "shop.tenet").write_text(POLICY.replace("args.vendor", "args.vendro"), encoding="utf-8")
    answer = tenet("eval", ".", "request.json", "--exit-code")
    assert (answer.status, answer.out) == (1, "")
    assert answer.error.startswith("error[")
    as_json = tenet("eval", ".", "request.json", "--format", "json")
    assert as_json.status == 1
    assert json.loads(as_json.out)["findings"]
    for words in (["why", ".", "request.json"], ["test", "."], ["show", "program", "."]):
        answer = tenet(*words)
        assert (answer.status, answer.out) == (1, "")


def test_text_from_a_request_cannot_act_on_the_terminal(tenet: Tenet, shop: Path) -> None:
    evil = "\\u001b]0;owned\\u0007\\u202e"
    for request in (BLOCKED.replace("v2", evil), SMALL.replace("refund", evil, 1), SMALL.replace("vendor", evil)):
        for words in (
            ["eval"],
            ["eval", "--lines"],
            ["eval", "--format", "json"],
            ["why"],
            ["why", "--format", "json"],
        ):
            answer = tenet(words[0], ".", "-", *words[1:], given=request)
            assert answer.status == 0
            for character in "\x1b\x07\u202e":
                assert character not in answer.out + answer.error


def test_why_tells_the_rule_that_decides_and_what_stopped_the_others(tenet: Tenet, shop: Path) -> None:
    answer = tenet("why", ".", "-", given=LARGE)
    assert (answer.status, answer.error) == (0, "")
    assert answer.out.startswith(
        """\
escalate, decided by large_refund
  120 is more than 50

large_refund escalates it (shop.tenet:25, owner payments)
  ✓ tool is refund                                tool = "refund"
  ✓ args.amount > 50.00                           args.amount = 120
  asks bosses: 2 within 30m, else deny

Did not match
"""
    )
    assert "  allow small_refund (shop.tenet:19)\n    ✗ args.amount <= 50.00" in answer.out


def test_why_as_json_has_the_decision_and_the_groups(tenet: Tenet, shop: Path) -> None:
    shape = json.loads(tenet("why", ".", "-", "--format", "json", given=LARGE).out)
    assert shape["schema_version"] == 1
    assert shape["decision"]["verdict"] == "escalate"
    assert [story["rule"] for story in shape["decided"]] == ["large_refund"]
    assert {story["rule"] for story in shape["not_matched"]} == {"small_refund", "blocked", "budget"}
