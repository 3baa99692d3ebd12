"""Reviewers of whom too few can approve: by their number, by who asks, by the documents at hand; and how they are told."""

from __future__ import annotations

import pytest

from tenetlang.analysis.findings.desk import Wanted
from tests.unit.analysis.findings import found, told

GROUP = "reviewers g {{ who {}; quorum {}; within 30m; else deny }}\n"
ASKS = "escalate large to g if { tool is refund; args.amount > 50.0 }\n"
DATA = "data groups: map[string, set[string]]\ndata team: set[string]\n"


def group(who: str, quorum: int = 1, asks: str = ASKS) -> str:
    return DATA + GROUP.format(who, quorum) + asks


@pytest.mark.parametrize(
    ("who", "quorum", "variant"),
    [
        ('{"ann"} & {"bob"}', 1, "nobody"),
        ('{"ann"} | {"ann"}', 2, "few"),
        ('{"ann", "ann"}', 2, "few"),
        ("{user.id}", 1, "asking"),
        ("{agent.id, user.id}", 1, "asking"),
        ('{user.id, "ann"}', 2, "asking"),
    ],
)
def test_of_some_reviewers_too_few_can_ever_approve(who: str, quorum: int, variant: str) -> None:
    (finding,) = [item for item in found(group(who, quorum)) if item.check == "unreachable-quorum"]
    assert (finding.variant, finding.rules) == (variant, ("large",))
    assert finding.witness is not None
    assert finding.witness["tool"] == "refund"


@pytest.mark.parametrize(
    ("who", "quorum"),
    [
        ('{"ann", "bob"}', 1),
        ('{"ann", "bob", "cleo"}', 2),
        ('{user.id, "ann"}', 1),
        ("{user.team}", 1),
        ("data.team", 2),
        ('data.groups["x"]', 2),
        ('data.groups["x"] | {user.id}', 1),
    ],
)
def test_of_others_enough_can_or_there_is_no_telling(who: str, quorum: int) -> None:
    head = "request user: { id: string, team: string }\n" if "user.team" in who else ""
    assert told(head + group(who, quorum)) == []


def test_a_member_of_a_group_of_whom_all_are_needed_may_have_asked() -> None:
    (finding,) = found(group('{"ann", "bob"}', 2))
    assert (finding.check, finding.details["person"], finding.details["next"]) == ("requester-needed", "ann", "denied")
    assert finding.witness is not None
    assert finding.witness["user"] == {"id": "ann"}


def test_a_member_who_is_never_escalated_is_not_shown() -> None:
    never = 'escalate large to g if { tool is refund; user.id not in {"ann", "bob"} }\n'
    assert told(group('{"ann", "bob"}', 2, never)) == []
    one = 'escalate large to g if { tool is refund; user.id not in {"ann"} }\n'
    (finding,) = found(group('{"ann", "bob"}', 2, one))
    assert finding.details["person"] == "bob"


def test_a_chain_says_that_others_are_asked_next() -> None:
    chain = GROUP.format('{"ann", "bob"}', 2).replace("else deny", "else escalate to h")
    others = GROUP.format('{"cleo", "dan"}', 1).replace("reviewers g", "reviewers h")
    (finding,) = found(chain + others + ASKS)
    assert finding.details["next"] == "passed on to `h`"


def test_a_group_that_no_rule_asks_is_told_without_a_request() -> None:
    (finding,) = found(group('{"ann"} & {"bob"}', 1, ""))
    assert (finding.check, finding.witness, finding.rules) == ("unreachable-quorum", None, ())


def test_without_a_rule_nobody_asks() -> None:
    assert told(group('{"ann", "bob"}', 2, "")) == []


@pytest.mark.parametrize(
    ("who", "documents", "variant"),
    [
        ("data.team", {"example.team": []}, "nobody"),
        ("data.team", {"example.team": ["ann"]}, "few"),
        ('data.groups["x"]', {"example.groups": {"y": ["ann", "bob"]}}, "errs"),
        ('data.groups["x"]', {"example.groups": {"x": ["ann"]}}, "few"),
        ('data.team | {"ann"}', {"example.team": ["ann"]}, "few"),
    ],
)
def test_documents_at_hand_tell_who_is_there(who: str, documents: dict[str, object], variant: str) -> None:
    (finding,) = found(group(who, 2), Wanted(documents=documents))
    assert (finding.check, finding.variant) == ("unreachable-quorum", variant)
    assert finding.details["where"] == " by the documents at hand"
    assert finding.witness is not None


@pytest.mark.parametrize(
    ("who", "documents"),
    [
        ("data.team", {"example.team": ["ann", "bob", "cleo"]}),
        ("data.team", {"example.groups": {}}),
        ('data.team | data.groups["x"]', {"example.team": []}),
        ("data.team", {"example.team": [1]}),
        ("data.team", {"example.team": ["ann"], "example.other": []}),
    ],
)
def test_documents_that_are_not_there_or_fit_nothing_tell_nothing(who: str, documents: dict[str, object]) -> None:
    assert told(group(who, 2), Wanted(documents=documents)) == []


def test_a_member_by_the_documents_at_hand_may_have_asked() -> None:
    (finding,) = found(group("data.team", 2), Wanted(documents={"example.team": ["ann", "bob"]}))
    assert (finding.check, finding.details["person"]) == ("requester-needed", "ann")
    assert finding.documents == {"example.team": ["ann", "bob"]}


def test_a_request_that_these_documents_decide_otherwise_is_not_shown() -> None:
    asks = 'escalate large to g if { tool is refund; "ann" not in data.team }\n'
    (finding,) = found(group("data.team", 2, asks), Wanted(documents={"example.team": ["ann"]}))
    assert finding.witness is None
    assert told(group("data.team", 2, asks), Wanted(documents={"example.team": ["ann", "bob"]})) == []


def test_channels_are_compared_where_a_deployment_names_some() -> None:
    rules = group('{"ann", "bob"}').replace("else deny", 'notify "mail:desk", "chat", "chat"; else deny')
    assert told(rules) == []
    assert told(rules, Wanted(channels=frozenset({"desk", "chat"}))) == []
    (finding,) = found(rules, Wanted(channels=frozenset({"desk"})))
    assert (finding.check, finding.details) == ("unknown-channel", {"reviewers": "g", "name": "chat"})
    (finding,) = found(rules, Wanted(channels=frozenset({"chats", "desk"})))
    assert finding.details["nearest"] == "chats"
