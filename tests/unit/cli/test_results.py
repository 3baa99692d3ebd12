from __future__ import annotations

from xml.etree import ElementTree as ET

from tenetlang.cli.junit import junit_xml
from tenetlang.cli.results import AnyResult, as_json, result_lines, summary
from tenetlang.testing.claims import ClaimResult
from tenetlang.testing.run import Failure, TestResult

PASSED = TestResult("the limit", "acme.support", "50.00, allow", "passed", "support.tenet:90")
FAILED = TestResult(
    "the limit",
    "acme.support",
    "50.01, escalate",
    "failed",
    "support.tenet:90",
    (
        Failure(
            "escalate",
            'deny by default because "no rule decides"',
            "support.tenet:93",
            ("large_refund: `args.amount > 60.00` is false, with args.amount = 50.01 (support.tenet:46)",),
        ),
    ),
)
ERROR = TestResult("no agent", "acme.support", "", "error", "support.tenet:99", error="the policy reads `agent`")
HELD = ClaimResult("a large refund leaves unseen", "acme.support", "never", "unbroken", "support.tenet:110", 500, 500)
SELDOM = ClaimResult("refunds are small", "acme.base", "always", "unbroken", "base.tenet:7", 1500, 3)
NOT_MET = ClaimResult("pigs fly", "acme.base", "never", "unbroken", "base.tenet:9", 1, 0)
NONE_MADE = ClaimResult("pigs fly", "acme.base", "always", "unbroken", "base.tenet:10", 0, 0)
BROKEN = ClaimResult(
    "nobody refunds", "acme.support", "never", "broken", "support.tenet:120", 7, 7,
    {"tool": "refund", "args": {"amount": 51}}, {"acme.support.vendors": {}}, "allow",
)  # fmt: skip
ALL: list[AnyResult] = [PASSED, FAILED, ERROR, HELD, SELDOM, NOT_MET, NONE_MADE, BROKEN]


def test_good_results_take_a_line_and_others_say_what_is_wrong() -> None:
    assert "\n".join(line for result in ALL for line in result_lines(result)) == (
        """\
✓ the limit [50.00, allow]
✗ the limit [50.01, escalate]
    support.tenet:93
      expected  escalate
      got       deny by default because "no rule decides"
      large_refund: `args.amount > 60.00` is false, with args.amount = 50.01 (support.tenet:46)
✗ no agent
    support.tenet:99: the policy reads `agent`
✓ never "a large refund leaves unseen": sampled 500 requests, all of them about this claim, no counterexample (not proved)
✓ always "refunds are small": sampled 1,500 requests, 3 of them about this claim, no counterexample (not proved)
✓ never "pigs fly": sampled 1 request, none of them about this claim (not tested, not proved)
    base.tenet:9: no request that was made up met what it says of the request; a `test` may reach it
✓ always "pigs fly": sampled 0 requests, none of them about this claim (not tested, not proved)
    base.tenet:10: no request that was made up met its `if`; a `test` may reach it
✗ never "nobody refunds": broken
    support.tenet:120: this request gets allow, which the claim rules out
      {"tool": "refund", "args": {"amount": 51}}
      with the documents {"acme.support.vendors": {}}"""
    )
    assert summary(ALL) == "5 passed, 3 failed"


def test_a_name_cannot_act_on_the_terminal() -> None:
    evil = TestResult("\x1b[2J\n", "p", "\u202e", "error", "f\r:1", error="\x07")
    assert list(result_lines(evil)) == ["✗ \\u{1b}[2J\\n [\\u{202e}]", "    f\\r:1: \\u{7}"]


def test_the_json_has_every_result_and_never_says_proved() -> None:
    shape = as_json([FAILED, BROKEN])
    assert shape == {
        "passed": 0,
        "failed": 2,
        "tests": [
            {
                "name": "the limit",
                "package": "acme.support",
                "row": "50.01, escalate",
                "status": "failed",
                "at": "support.tenet:90",
                "failures": [
                    {
                        "expected": "escalate",
                        "got": 'deny by default because "no rule decides"',
                        "at": "support.tenet:93",
                        "stopped": [
                            "large_refund: `args.amount > 60.00` is false, with args.amount = 50.01 (support.tenet:46)"
                        ],
                    }
                ],
                "error": None,
                "decision": None,
            }
        ],
        "claims": [
            {
                "name": "nobody refunds",
                "package": "acme.support",
                "kind": "never",
                "status": "broken",
                "proved": False,
                "vacuous": False,
                "undecided": [],
                "at": "support.tenet:120",
                "sampled": 7,
                "about": 7,
                "counterexample": {"tool": "refund", "args": {"amount": 51}},
                "documents": {"acme.support.vendors": {}},
                "verdict": "allow",
                "error": None,
            }
        ],
    }


def test_the_junit_file_has_a_suite_for_each_package_and_counts_that_add_up() -> None:
    root = ET.fromstring(junit_xml(ALL))
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == ("testsuites", "8", "2", "1")
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [("acme.support", "5"), ("acme.base", "3")]
    cases = root.findall(".//testcase")
    assert [case.get("name") for case in cases][:2] == ["the limit [50.00, allow]", "the limit [50.01, escalate]"]
    assert (cases[1].get("file"), cases[1].get("line")) == ("support.tenet", "90")
    failure = cases[1].find("failure")
    assert failure is not None
    assert "expected  escalate" in str(failure.text)
    assert str(failure.get("message")).startswith("support.tenet:")
    assert " expected escalate" in str(failure.get("message"))
    assert cases[2].find("error") is not None


def test_the_junit_file_is_xml_whatever_a_name_holds() -> None:
    evil = TestResult("\x00\x1b<a & \"b'>]]>\ud800", "p<", "", "error", 'f":1', error="\x08</error>")
    root = ET.fromstring(junit_xml([evil]).encode())
    case = root.find(".//testcase")
    assert case is not None
    assert case.get("name") == "\\u{0}\\u{1b}<a & \"b'>]]>\\u{d800}"
    assert "</error>" in str(case[0].text)


def test_no_result_at_all_is_a_document_too() -> None:
    assert ET.fromstring(junit_xml([])).get("tests") == "0"
