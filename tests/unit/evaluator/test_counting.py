"""What a call is to the counters of a policy: which total it reads, and what it adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from tenetlang.decision import Amount, Share
from tenetlang.evaluator.asking import AskError
from tenetlang.evaluator.evaluator import Evaluator
from tests.sources import both

TOOLS = """\
package acme.shop
tool refund(customer: string, amount: decimal, note?: string)
tool credit(customer: string, amount: decimal)
tool lookup(customer: int)
tool ping()
default deny
"""
REFUND: Mapping[str, object] = {
    "tool": "refund",
    "args": {"customer": "c1", "amount": Decimal("20.00")},
    "agent": {"id": "a1"},
}


def evaluator(*counters: str) -> Evaluator:
    read = " and ".join(f"{counter.split()[1]} > 0" for counter in counters)
    rule = f'deny spent if {{ {read} and agent.id != "" }}'
    return both(TOOLS + "\n".join(counters) + "\n" + rule)[0]


def total_of(**totals: Amount) -> Callable[[Share], Amount]:
    return lambda share: totals.get(share.counter, 0)


def share(counter: str, request: Mapping[str, object] = REFUND) -> Share:
    (found,) = evaluator(counter).counted(request, total_of()).shares
    return found


def test_a_call_of_a_counted_tool_adds_to_the_total_of_its_key() -> None:
    counter = "counter refunds = sum(args.amount) of refund by agent.id within 24h"
    assert share(counter) == Share("refunds", "sum", 86_400_000_000_000, '["a1"]', Decimal(20))


def test_a_call_of_another_tool_reads_the_total_and_adds_nothing() -> None:
    counter = "counter refunds = count() of refund by agent.id"
    assert share(counter) == Share("refunds", "count", None, '["a1"]', 1)
    assert share(counter, {**REFUND, "tool": "ping", "args": {}}) == Share("refunds", "count", None, '["a1"]', None)


def test_without_a_key_all_calls_have_one_total() -> None:
    assert share("counter refunds = count() of refund").key == "[]"


@pytest.mark.parametrize(
    ("tool", "arguments", "key"),
    [
        pytest.param(
            "credit", {"customer": "c1", "amount": 3}, '["c1"]', id="the argument is there, and of the same type"
        ),
        pytest.param("lookup", {"customer": 7}, None, id="an argument of another type is another argument"),
        pytest.param("ping", {}, None, id="there is none"),
    ],
)
def test_a_key_of_arguments_is_that_of_another_tool_where_both_mean_the_same(
    tool: str, arguments: Mapping[str, object], key: str | None
) -> None:
    found = share("counter refunds = count() of refund by args.customer", {**REFUND, "tool": tool, "args": arguments})
    assert (found.key, found.adds) == (key, None)


def test_a_call_without_a_key_has_the_total_zero_and_nobody_is_asked_for_it() -> None:
    def never(_: Share) -> Amount:
        raise AssertionError

    found = evaluator("counter refunds = count() of refund by args.customer").counted(
        {**REFUND, "tool": "ping", "args": {}}, never
    )
    assert found.values == {"refunds": 0}


def test_what_the_block_says_is_not_counted_still_reads_the_total() -> None:
    counter = "counter large = count() of refund by agent.id if { args.amount > 50.00 }"
    small = share(counter)
    assert (small.key, small.adds) == ('["a1"]', None)
    large = share(counter, {**REFUND, "args": {"customer": "c1", "amount": 51}})
    assert (large.key, large.adds) == ('["a1"]', 1)


def test_a_key_made_in_the_block_is_none_where_the_block_does_not_hold() -> None:
    counter = 'counter noted = count() of refund by kind if { args.note is present; let kind = args.note + "!" }'
    assert share(counter) == Share("noted", "count", None, None, None)
    noted = share(counter, {**REFUND, "args": {"customer": "c1", "amount": 1, "note": "x"}})
    assert noted == Share("noted", "count", None, '["x!"]', 1)


def test_distinct_values_are_told_apart_as_the_language_does() -> None:
    counter = "counter amounts = distinct(args.amount) of refund"
    texts = {
        share(counter, {**REFUND, "args": {"customer": "c", "amount": amount}}).adds for amount in (1, Decimal("1.0"))
    }
    assert texts == {'"1"'}


def test_the_values_are_those_that_the_keeper_of_the_totals_says() -> None:
    counters = ("counter a = count() of refund by agent.id", "counter b = sum(args.amount) of refund")
    found = evaluator(*counters).counted(REFUND, total_of(a=3, b=Decimal("0.5")))
    assert found.values == {"a": 3, "b": Decimal("0.5")}
    assert [part.counter for part in found.shares] == ["a", "b"]


def test_an_error_in_what_is_counted_is_said_with_its_place() -> None:
    policy = evaluator("counter ratios = sum(1.00 / args.amount) of refund")
    with pytest.raises(AskError, match=r"^a counter: division_by_zero at policy\.tenet:"):
        policy.counted({**REFUND, "args": {"customer": "c", "amount": 0}}, total_of())


def test_an_invalid_request_is_counted_nowhere() -> None:
    policy = evaluator("counter refunds = count() of refund by agent.id")
    with pytest.raises(AskError, match=r"^invalid request: agent: required, and missing$"):
        policy.counted({"tool": "refund", "args": REFUND["args"]}, total_of())


def test_counters_that_the_caller_says_are_nothing_to_go_by() -> None:
    policy = evaluator("counter refunds = count() of refund by agent.id")
    assert policy.counted({**REFUND, "counters": {"refunds": 99, "other": 1}}, total_of(refunds=2)).values == {
        "refunds": 2
    }


REVIEWED = """
data groups: map[string, set[string]]
reviewers money { who data.groups["money"]; within 30m }
reviewers team { who match { tool is refund and args.amount > 100.00 => {"zoe", "adam"}; else => data.groups[agent.team ?? "none"] }; within 1h }
escalate large to money if { tool is refund; args.amount > 10.00 }
escalate larger to team if { tool is refund; args.amount > 100.00 }
"""


def test_reviewers_are_people_by_name_in_order() -> None:
    policy = both(TOOLS + REVIEWED, documents={"groups": {"money": ["u2", "u1"]}})[0]
    assert policy.people("money", REFUND) == ("u1", "u2")
    other = policy.with_documents({"groups": {"money": ["u3"]}})
    assert other.people("money", REFUND) == ("u3",)


def test_who_reviews_may_depend_on_the_request() -> None:
    policy = both(TOOLS + REVIEWED, documents={"groups": {"support": ["u5"]}})[0]
    assert policy.people("team", {**REFUND, "args": {"customer": "c", "amount": 101}}) == ("adam", "zoe")
    assert policy.people("team", {**REFUND, "agent": {"id": "a1", "team": "support"}}) == ("u5",)


def test_reviewers_that_cannot_be_found_are_an_error_and_nobody() -> None:
    policy = both(TOOLS + REVIEWED, documents={"groups": {}})[0]
    with pytest.raises(AskError, match=r"^`who` of money: bad_index at policy\.tenet:"):
        policy.people("money", REFUND)
    with pytest.raises(LookupError, match="no reviewers are called 'nobody'"):
        policy.people("nobody", REFUND)
