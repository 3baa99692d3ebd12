"""A request written as a test says the same request, and reads as a person would write it."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.program.program import Program
from tenetlang.testing.run import run_tests
from tenetlang.testing.sample import sampler
from tenetlang.testing.written import Unwritable, Written, expected, places_of, written, written_text
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked
from tests.sources import program_of

HEAD = """\
package shop
data vendors: map[string, { id: string, limit?: decimal }]
tool refund(customer: string, amount: decimal, day?: time, tags?: set[string], note?: json)
tool "get-issue"(to: list[email])
reviewers desk { who {"lead"}; quorum 1; within 30m; else deny }
counter refunds_today = sum(args.amount) of refund by agent.id within 24h
request agent: { id: string, roles?: set[string] }
default deny
deny budget if { tool is refund; refunds_today + args.amount > 100.00; agent.id != ""; "seen" in session.labels }
escalate large to desk if { tool is refund; args.amount > 50.00; agent.id in keys(data.vendors) }
"""
SESSION = {"id": "test", "labels": [], "calls": []}


def refund(**parts: object) -> dict[str, object]:
    return {
        "tool": "refund",
        "args": {"amount": 20, "customer": "c1"},
        "agent": {"id": "a1"},
        "session": SESSION,
        "counters": {"refunds_today": 0},
        **parts,
    }


def text_of(request: dict[str, object], documents: dict[str, object] | None = None, expect: str = "deny") -> str:
    return written_text(written(program_of(HEAD), "one", request, documents or {}, expect))


def test_what_a_new_session_has_is_left_unsaid() -> None:
    assert text_of(refund(), {"shop.vendors": {}}) == (
        'test "one" {\n'
        '    call refund(customer: "c1", amount: 20.00)\n'
        '    with agent = { id: "a1" }\n'
        "    expect deny\n"
        "}\n"
    )


def test_all_else_is_said_by_its_type() -> None:
    args = {"amount": Decimal("0.125"), "customer": 'a"\u202e', "day": "2026-01-01T10:00:00Z", "tags": ["b"]}
    request = refund(
        args={**args, "note": [None, {"k": Decimal("1.5")}]},
        session={**SESSION, "labels": ["seen"]},
        counters={"refunds_today": 99},
        origins={"amount": "tool:get-issue"},
        approvals=[{"reviewers": "desk"}],
    )
    found = text_of(request, {"shop.vendors": {"v": {"id": "v", "limit": 1}}}, expected("allow", ("large",)))
    assert found.splitlines() == [
        'test "one" {',
        "    call refund(",
        '        customer: "a\\"\\u{202e}",',
        "        amount: 0.125,",
        "        day: 2026-01-01T10:00:00Z,",
        '        tags: {"b"},',
        '        note: [null, {"k": 1.5}],',
        "    )",
        '    with agent = { id: "a1" }',
        '    with session.labels = {"seen"}',
        '    with origins.amount = "tool:get-issue"',
        "    with refunds_today = 99.00",
        "    with approvals = [desk]",
        '    with data.vendors = {"v": { id: "v", limit: 1.00 }}',
        "    expect allow by large",
        "}",
    ]


def test_a_name_that_is_no_word_is_written_in_quotes() -> None:
    assert '    call "get-issue"(to: ["a@b.c"])\n' in text_of({"tool": "get-issue", "args": {"to": ["a@b.c"]}})


def test_what_no_test_can_say_is_told_by_its_path() -> None:
    with pytest.raises(Unwritable, match="tool"):
        text_of({"tool": "no.such", "args": {}})
    with pytest.raises(Unwritable, match="agent"):
        text_of(refund(agent=3))


def test_an_expectation_names_reviewers_and_rules() -> None:
    assert expected("deny") == "deny"
    assert expected("escalate", ["b", "a"], ["y", "x"]) == "escalate to x by b, a"


def test_a_table_has_a_row_on_each_line_where_they_are_long() -> None:
    rows = (("50.00", "allow"), ("50.01", "deny"))
    test = Written("t", "refund", (("amount", "amount"),), (), "verdict", ("amount", "verdict"), rows)
    assert written_text(test).splitlines()[0] == 'test "t" for amount, verdict in [(50.00, allow), (50.01, deny)] {'
    long = Written("t", None, (), (), "x", ("x",), tuple((f'"{letter * 40}"',) for letter in "abc"))
    lines = written_text(long).splitlines()
    assert (lines[0], lines[1], lines[4]) == ('test "t" for x in [', f'    "{"a" * 40}",', "] {")


def test_decimals_have_the_places_of_the_policy() -> None:
    assert places_of(program_of(HEAD)) == 2
    assert places_of(program_of(HEAD.replace("100.00", "100.5").replace("50.00", "50.5"))) == 1
    assert places_of(program_of(HEAD.replace("100.00", "100").replace("50.00", "50"))) == 2


def round_trip(made: Program, files: list[tuple[str, str]], seed: int) -> int:
    """How many sampled requests were written, read and decided as before."""
    judge, making = BothEvaluators(made), sampler(made, seed)
    texts: list[str] = []
    for number in range(8):
        request, documents = making.request(), making.documents()
        judged = judge.judge(request, documents)
        if judged is None:
            continue
        try:
            test = written(made, f"t{number}", request, documents, expected(judged.verdict, judged.decided_by))
        except Unwritable:
            continue
        texts.append(written_text(test))
    again = checked([*files, ("written.tenet", "package p\n\n" + "\n".join(texts))])
    assert again is not None
    results = list(run_tests(again, lambda case: case.at.text.name == "written.tenet"))
    assert [result for result in results if result.status != "passed"] == [], "\n".join(texts)
    return len(results)


def test_sampled_requests_pass_as_tests() -> None:
    count = 0
    for number in range(15):
        random = Random(f"written/{number}")
        files = list(program(random.choice))
        made = checked(files)
        if made is not None:
            count += round_trip(made, files, number)
    assert count > 40
