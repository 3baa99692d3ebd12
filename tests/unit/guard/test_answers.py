"""What an agent is told when it is denied, what it may try instead, and what it is never told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenetlang import guard as exported
from tenetlang.guard import Denied, Guard
from tests.unit.guard.guards import WHO, open_guard, write_policy

PRIVATE = """
package clinic
data patients: set[string]
tool call(patient: string, minutes: int)
tool page(ward: string, minutes: int)
default deny because "not on the list"
allow known if { tool is call; args.patient in data.patients; args.minutes <= 30 }
allow paging if { tool is page; args.minutes <= 10 }
"""


def denied(guard: Guard, tool: str, **arguments: object) -> Denied:
    with pytest.raises(Denied) as caught:
        guard.call(tool, arguments, **WHO)
    return caught.value


def test_a_denied_agent_is_told_which_arguments_would_be_allowed(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        for _ in range(9):
            with guard.call("refund", {"customer": "c1", "amount": 50}, **WHO) as permit:
                permit.result(None)
        told = denied(guard, "refund", customer="c1", amount=60).for_agent(suggestions=True)
    assert told["retry"] == "changed"
    assert told["suggestions"] == [
        {"arguments": [{"path": "args.amount", "from": "60", "to": "50", "at_most": "50"}], "needs_approval": False}
    ]
    assert set(told) == {"verdict", "id", "decided_by", "reason", "retry", "suggestions"}


def test_where_nothing_is_allowed_it_is_told_what_people_would_be_asked(tmp_path: Path) -> None:
    policy = """
package shop
tool pay(amount: int)
reviewers finance { who {"ada"}; within 30m; quorum 1; else deny }
deny much if { tool is pay; args.amount > 100 }
escalate rest to finance if { tool is pay; args.amount > 0; args.amount <= 100 }
"""
    with open_guard(tmp_path, policy) as guard:
        (suggestion,) = denied(guard, "pay", amount=500).suggestions()
    assert suggestion.needs_approval
    assert suggestion.arguments[0]["at_most"] == 100


def test_values_of_documents_are_never_told(tmp_path: Path) -> None:
    write_policy(tmp_path, PRIVATE)
    (tmp_path / "tenet.toml").write_text('[data]\npatients = "patients.json"\n')
    (tmp_path / "patients.json").write_text('["Ada Lovelace", "Alan Turing"]')
    with Guard.open(tmp_path, log=tmp_path / "log.db") as guard:
        private = denied(guard, "call", patient="Grace Hopper", minutes=60)
        shown = json.dumps(private.for_agent(suggestions=True))
        assert "Ada" not in shown
        assert "Alan" not in shown
        assert [dict(item) for item in private.suggestions()[0].arguments] == [
            {"path": "args.minutes"},
            {"path": "args.patient"},
        ]
        public = denied(guard, "page", ward="w1", minutes=60)
        assert public.suggestions()[0].arguments[0]["at_most"] == 10
        assert public.suggestions() is public.suggestions()


def test_there_are_no_suggestions_where_no_change_helps(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        assert denied(guard, "wipe").suggestions() == ()
        assert denied(guard, "nothing").suggestions() == ()
        assert denied(guard, "refund", customer="c1").suggestions() == ()
        assert Denied(denied(guard, "wipe").answer).suggestions() == ()


def test_a_decision_of_another_policy_brings_no_suggestions(tmp_path: Path) -> None:
    from tenetlang.guard.suggesting import suggestions

    with open_guard(tmp_path) as guard:
        answer = denied(guard, "wipe").answer
        assert suggestions(None, answer) == ()


def test_the_package_exports_what_is_caught_and_used() -> None:
    assert {name for name in exported.__all__ if getattr(exported, name)} == {
        "Denied",
        "Escalated",
        "Guard",
        "GuardError",
        "Permit",
        "Withheld",
        "acting",
    }
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        exported.nothing  # noqa: B018  # reading it is the test
