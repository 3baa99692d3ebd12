"""`tenet why --counterfactual`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Tenet

POLICY = """package acme
tool refund(customer: string, @min(0) amount: decimal, cc?: list[email])
default deny
allow small if { tool is refund; args.amount <= 50.00 }
deny outside if { tool is refund; some address in args.cc ?? []; address.domain != "acme.com" }
deny tainted if { tool is refund; "untrusted" in session.labels }
"""


@pytest.fixture(autouse=True)
def policy(tenet: Tenet, tmp_path: Path) -> None:
    """The policy, in the folder in which commands run."""
    del tenet
    (tmp_path / "p.tenet").write_text(POLICY)


def request(*labels: str, **arguments: object) -> str:
    session = {"id": "s", "labels": list(labels), "calls": []}
    return json.dumps({"tool": "refund", "args": {"customer": "c", "amount": 20, **arguments}, "session": session})


def sentences(tenet: Tenet, asked: str, *words: str) -> list[str]:
    answer = tenet("why", "p.tenet", "-", "--counterfactual", *words, given=asked)
    assert answer.status == 0
    assert answer.error == ""
    return answer.out.split("\n\n", 1)[1].splitlines()


def test_a_change_is_a_short_sentence(tenet: Tenet) -> None:
    assert sentences(tenet, request(amount=120)) == [
        "It would be allowed by small if args.amount were 50 or less (now 120)."
    ]
    assert sentences(tenet, request(cc=["a@acme.com", "b@evil.com"]), "--towards", "allow") == [
        'It would be allowed by small if args.cc were without "b@evil.com".',
    ]


def test_of_many_members_some_are_named(tenet: Tenet) -> None:
    (sentence,) = sentences(tenet, request(cc=[f"a{number}@evil.com" for number in range(40)] + ["a@acme.com"]))
    assert sentence.endswith('"a4@evil.com" and 35 more.')


def test_what_is_ruled_out_is_called_proved(tenet: Tenet) -> None:
    assert sentences(tenet, request("untrusted"), "--towards", "allow", "--only", "args") == [
        "No change of the arguments alone makes it allowed: proved."
    ]
    assert sentences(tenet, request(), "--towards", "escalate") == [
        "No change of the request makes it escalated: proved."
    ]


def test_a_verdict_that_is_given_already_is_said_to_be(tenet: Tenet) -> None:
    assert sentences(tenet, request(), "--towards", "allow") == ["It is allowed as it is."]


def test_invalid_requests_and_unknown_tools_get_a_plain_sentence(tenet: Tenet) -> None:
    assert sentences(tenet, request(amount="x"))[0].startswith("No rule was tried, because the request is invalid")
    assert sentences(tenet, "no json")[0].startswith("No rule was tried, because the request is invalid")
    assert "declares no such tool" in sentences(tenet, '{"tool": "other", "args": {}}')[0]


def test_json_has_the_shape_of_the_interface(tenet: Tenet) -> None:
    answer = tenet("why", "p.tenet", "-", "--towards", "allow", "--format", "json", given=request(amount=120))
    shape = json.loads(answer.out)
    assert shape["schema_version"] == 1
    (way,) = shape["counterfactuals"]
    (change,) = way["changes"]
    assert change.pop("cost") >= 100
    assert way == {"verdict": "allow", "changes": [change], "arguments": "found", "anything": "found"}
    assert change == {
        "changes": [{"path": "args.amount", "from": "120", "to": "50", "at_most": "50"}],
        "verdict": "allow",
        "decided_by": ["small"],
        "minimal": True,
    }
    assert "counterfactuals" not in json.loads(
        tenet("why", "p.tenet", "-", "--format", "json", given=request(amount=120)).out
    )


def test_hostile_texts_are_made_visible(tenet: Tenet) -> None:
    said = "\n".join(sentences(tenet, request(amount=120, cc=["a\u202e@evil.com"])))
    assert "\u202e" not in said
    said = "\n".join(sentences(tenet, request("untrusted", "\u202e\x1b[31m")))
    assert "\u202e" not in said
    assert "\x1b" not in said
