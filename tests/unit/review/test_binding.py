from __future__ import annotations

import copy
from decimal import Decimal

import pytest

from tenetlang.audit.canonical import CanonicalError
from tenetlang.review.binding import binding, named_in, requesters
from tenetlang.review.people import Directory, Person, Route
from tests.unit.review.desks import PEOPLE, REQUEST


def test_an_approval_is_about_a_call_and_not_about_when_it_is_made() -> None:
    later = {
        **REQUEST,
        "session": {"id": "s2", "labels": ["untrusted"]},
        "now": "2026-11-23T20:00:00Z",
        "counters": {"refunds": 7},
        "approvals": [{"reviewers": "finance"}],
    }
    assert binding(later) == binding(REQUEST)


@pytest.mark.parametrize(
    "change",
    [
        {"tool": "refund2"},
        {"args": {"customer": "Zoë", "amount": 121}},
        {"args": {"customer": "Zoë", "amount": 120, "note": ""}},
        {"args": {"customer": "Zoe", "amount": 120}},
        {"agent": {"id": "a2"}},
        {"agent": {"id": "a1", "team": "finance"}},
        {"user": {"id": "u8"}},
        {"origins": {"amount": "agent"}},
        {"origins": {}},
        {"context": {}},
        {"context": {"ticket": 7}},
        {"method": "GET"},
    ],
)
def test_whatever_else_is_changed_makes_it_another_call(change: dict[str, object]) -> None:
    assert binding({**REQUEST, **change}) != binding(REQUEST)


def test_members_do_not_stand_for_each_other() -> None:
    assert binding({"tool": "a", "x": 1}) != binding({"tool": "a", "context": {"x": 1}})
    assert binding({"tool": "a", "user": {"id": "1"}}) != binding({"tool": "a", "agent": {"id": "1"}})
    assert binding({}) != binding({"tool": None})
    assert binding({"args": {}}) != binding({})


def test_numbers_of_one_value_are_one_call_and_others_are_others() -> None:
    def of(amount: object) -> str:
        return binding({**REQUEST, "args": {"amount": amount}})

    assert of(20) == of(20.0) == of(Decimal("20.00"))
    assert of(9007199254740993) != of(9007199254740992)
    assert of(Decimal("0.1")) == of(0.1)
    assert of(Decimal("0.1000000000000000000001")) != of(0.1)


def test_a_request_that_is_no_json_has_no_binding() -> None:
    for value in ("\ud800", object(), float("nan")):
        with pytest.raises(CanonicalError):
            binding({**REQUEST, "args": {"a": value}})


def test_the_digest_leaves_the_request_as_it_is() -> None:
    request = copy.deepcopy(dict(REQUEST))
    binding(request)
    assert request == REQUEST


def test_requesters_are_the_agent_the_user_and_on_whose_behalf_they_act() -> None:
    assert requesters(REQUEST) == ("a1", "u7")
    acting = {
        "agent": {"id": "a1", "on_behalf_of": "u9", "delegated_by": ["u8", {"id": "u6"}, 3, {}]},
        "user": {"id": 3},
    }
    assert requesters(acting) == ("a1", "u8", "u6", "u9")
    assert requesters({"agent": "a1"}) == ()
    chain = {
        "id": "a1",
        "on_behalf_of": [{"id": "a2", "delegated_by": {"id": "a3", "delegators": ["ada", {"id": "bo"}]}}],
    }
    assert requesters({"agent": chain, "user": {"id": "u7"}}) == ("a1", "a2", "a3", "ada", "bo", "u7")
    circle: dict[str, object] = {"id": "a1"}
    circle["on_behalf_of"] = [circle]
    assert requesters({"agent": circle}) == ("a1",)
    assert named_in(acting, "user") is None


def test_people_are_told_by_the_channels_that_the_policy_names() -> None:
    directory = Directory(PEOPLE, frozenset({"desk"}), frozenset({"email", "chat"}), ("desk", "email"))
    assert directory.routes(("email", "chat:chat"), ("ada", "grace", "lin", "eve")) == (
        Route("email", "ada", "ada@example.com"),
        Route("email", "grace", "grace@example.com"),
        Route("chat", "ada", "#ada"),
    )
    assert directory.routes((), ("ada",)) == (Route("desk"), Route("email", "ada", "ada@example.com"))
    assert directory.routes((), ("ada",), shared=False) == (Route("email", "ada", "ada@example.com"),)
    assert directory.routes(("webhook:desk", "webhook:desk", "pager"), ("u1",)) == (Route("desk"),)


def test_a_person_is_found_by_any_of_their_names() -> None:
    directory = Directory((Person("ada", ("u1",), may_hand_to=("Grace",)), Person("grace", ("g1",))))
    assert directory.named("U1") == "ada"
    assert directory.named("eve") == "eve"
    assert directory.names_of(("u1", "eve")) == ("ada", "u1", "eve")
    assert directory.may_hand("u1", "g1")
    assert not directory.may_hand("g1", "u1")
    assert not directory.may_hand("eve", "ada")
