"""What both evaluators tell the analysis of a request."""

from __future__ import annotations

from tenetlang import pipeline
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.project.project import standard_library
from tenetlang.text import Text

POLICY = """\
package example
obligation note(number: int)
tool pay(amount: int, parts: int)
default deny
allow even if { tool is pay; args.amount % args.parts == 0 }
allow noted if { tool is pay } then note(args.amount + args.amount)
"""


def judge() -> BothEvaluators:
    made = pipeline.compile_texts([Text("a.tenet", POLICY)], standard_library())
    assert made.program is not None
    return BothEvaluators(made.program)


def request(amount: int, parts: int) -> dict[str, object]:
    return {"tool": "pay", "args": {"amount": amount, "parts": parts}}


def test_an_error_is_told_with_the_expression_that_errs() -> None:
    faults = judge().faults(request(4, 0), {})
    assert {rule: (code, at.source) for rule, (code, at) in faults.items()} == {
        "example.even": ("division_by_zero", "args.amount % args.parts")
    }


def test_an_error_of_an_obligation_counts_as_one_of_its_rule() -> None:
    largest = 2**63 - 1
    judged = judge().judge(request(largest, 1), {})
    assert judged is not None
    assert judged.held == {"example.even", "example.noted"}
    assert judged.erred == {"example.noted"}
    faults = judge().faults(request(largest, 1), {})
    assert faults["example.noted"][1].source == "args.amount + args.amount"


def test_a_request_that_is_none_has_no_errors() -> None:
    assert judge().faults({"tool": "pay"}, {}) == {}


def test_documents_that_are_not_given_are_empty_for_every_request() -> None:
    text = "package example\ndata words: set[string]\ntool say(word: string)\ndefault deny\nallow known if { tool is say; args.word in data.words }\n"
    made = pipeline.compile_texts([Text("a.tenet", text)], standard_library())
    assert made.program is not None
    both = BothEvaluators(made.program)
    said: dict[str, object] = {"tool": "say", "args": {"word": "a"}}
    verdicts = []
    for documents in ({}, {"example.words": ["a"]}, {}):
        judged = both.judge(said, documents)
        verdicts.append(None if judged is None else judged.verdict)
    assert verdicts == ["deny", "allow", "deny"]
