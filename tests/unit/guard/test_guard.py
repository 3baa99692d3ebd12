"""A guard from end to end: what is allowed runs and is recorded, what is denied does not run, and the log says all of it."""

from __future__ import annotations

import asyncio
import inspect
import json
import pickle
from decimal import Decimal
from pathlib import Path

import pytest

from tenetlang.audit.checkpoints.key_files import create_key
from tenetlang.audit.checkpoints.signatures import checkpoint_of
from tenetlang.audit.checkpoints.signing import newest_checkpoint
from tenetlang.guard import Denied, Escalated, Guard, GuardError, Permit, Withheld, acting
from tenetlang.guard.answers import Answer
from tenetlang.guard.deadlines import Deadlines
from tenetlang.guard.errors import NoTool, Unusable
from tests.unit.guard.guards import (
    WHO,
    Clock,
    open_guard,
    outcomes,
    problems,
    records,
    verdicts,
    vote,
    write_policy,
)


def test_a_tool_is_asked_for_run_and_recorded(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:

        @guard.tool
        def refund(customer: str, amount: Decimal, note: str | None = None) -> str:
            """Pays money back."""
            return f"paid {amount} to {customer}"

        with acting(**WHO):
            assert refund("c1", Decimal("20.50")) == "paid 20.50 to c1"
        assert (refund.__name__, refund.__doc__) == ("refund", "Pays money back.")
        assert list(inspect.signature(refund).parameters) == ["customer", "amount", "note"]
    (intent,) = records(tmp_path, "intent")
    who, what = intent["who"], intent["what"]
    assert isinstance(who, dict)
    assert isinstance(what, dict)
    assert (who["agent"], who["user"], who["session"], who["point_count"]) == ("a1", "u1", "s1", 1)
    assert [item["name"] for item in what["arguments"]] == ["amount", "customer"]
    (outcome,) = records(tmp_path, "outcome")
    assert (outcome["of"], outcome["outcome"], outcome["point"]) == (intent["id"], "ok", who["point"])
    assert [record["kind"] for record in records(tmp_path)] == [
        "log.opened",
        "policy.activated",
        "intent",
        "outcome",
        "point.closed",
        "log.closed",
    ]
    assert problems(tmp_path) == []


def test_what_is_denied_does_not_run(tmp_path: Path) -> None:
    ran: list[str] = []
    with open_guard(tmp_path) as guard:

        @guard.tool
        def wipe() -> None:
            ran.append("wipe")

        with acting(**WHO), pytest.raises(Denied) as denied:
            wipe()
    assert ran == []
    assert str(denied.value) == "`wipe` was denied: no rule allows this call"
    (intent,) = records(tmp_path, "intent")
    assert denied.value.identifier == intent["id"]
    assert (verdicts(tmp_path), outcomes(tmp_path), problems(tmp_path)) == (["deny by default"], [], [])


def test_a_coroutine_is_a_tool_as_well(tmp_path: Path) -> None:
    ran: list[str] = []

    async def main() -> None:
        async with open_guard(tmp_path) as guard:

            @guard.tool
            async def refund(customer: str, amount: Decimal) -> str:
                await asyncio.sleep(0)
                ran.append(customer)
                return "paid"

            async with acting(**WHO):
                found = await asyncio.gather(*(refund(f"c{n}", Decimal(10)) for n in range(5)))
                with pytest.raises(Denied):
                    await refund("c9", Decimal(490))
            assert found == ["paid"] * 5

    asyncio.run(main())
    assert sorted(ran) == ["c0", "c1", "c2", "c3", "c4"]
    assert outcomes(tmp_path) == ["ok"] * 5
    assert problems(tmp_path) == []


def test_a_permit_is_used_once_and_says_what_became_of_the_call(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        with guard.call("refund", {"customer": "c1", "amount": 20}, **WHO) as permit:
            assert permit.arguments == {"customer": "c1", "amount": 20}
            assert permit.tool == "refund"
            assert permit.decision.decided_by == ("small",)
            assert permit.result({"paid": 20}) == {"paid": 20}
        with pytest.raises(GuardError, match="was used already"), permit:
            pass
        failing = guard.call("refund", {"customer": "c1", "amount": 20}, **WHO)
        with pytest.raises(OSError, match="network"), failing:
            raise OSError("network")
        guard.call("refund", {"customer": "c1", "amount": 20}, **WHO).refuse()
    assert outcomes(tmp_path) == ["ok", "error", "refused"]
    assert problems(tmp_path) == []


def test_asking_gives_a_permit_or_the_answer(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        allowed = guard.ask("refund", {"customer": "c1", "amount": 20}, **WHO)
        assert isinstance(allowed, Permit)
        allowed.refuse()
        escalated = guard.ask("refund", {"customer": "c1", "amount": 80}, **WHO)
        assert isinstance(escalated, Answer)
        assert guard.review(escalated).standing() == "waiting"
        denied = guard.ask("wipe", {}, **WHO)
        assert isinstance(denied, Answer)
        with pytest.raises(GuardError, match="the call was decided: deny"):
            guard.review(denied)
        assert denied.to_json()["verdict"] == "deny"
        assert denied.to_json()["id"] == denied.identifier

        async def later() -> Answer | Permit:
            return await guard.ask_async("nothing", {}, **WHO)

        unknown = asyncio.run(later())
        assert isinstance(unknown, Answer)
        assert unknown.decision.decided_by == ("unknown_tool",)


def test_what_counts_is_counted_across_calls_and_what_failed_is_not(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        failing = iter([False] * 9 + [True] + [False] * 9)

        @guard.tool
        def refund(customer: str, amount: Decimal) -> str:
            if next(failing):
                raise OSError("the bank")
            return "paid"

        with acting(**WHO):
            for _ in range(9):
                refund("c1", Decimal(50))
            with pytest.raises(OSError, match="the bank"):
                refund("c1", Decimal(50))
            refund("c1", Decimal(50))
            with pytest.raises(Denied, match="more than 500 a day"):
                refund("c1", Decimal("0.01"))
        with acting(agent="a2", user="u1", session="s1"):
            assert refund("c1", Decimal(50)) == "paid"


def test_labels_of_results_flow_into_the_session(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:

        @guard.tool
        def fetch(page: str) -> str:
            return page

        @guard.tool(name="refund")
        def pay(customer: str, amount: Decimal) -> str:
            return "paid"

        with acting(**WHO):
            pay("c1", Decimal(1))
            fetch("x")
            with pytest.raises(Denied, match="untrusted pages"):
                pay("c1", Decimal(1))
        with acting(agent="a1", user="u1", session="s2"):
            assert pay("c1", Decimal(1)) == "paid"


def test_a_tool_may_say_labels_of_its_own(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        with guard.call("refund", {"customer": "c1", "amount": 1}, **WHO, labels=lambda found: [str(found)]) as permit:
            permit.result("untrusted")
        with pytest.raises(Denied, match="untrusted pages"):
            guard.call("refund", {"customer": "c1", "amount": 1}, **WHO)


@pytest.mark.parametrize("labels", [lambda _: 1 / 0, lambda _: "text", lambda _: [3], lambda _: None])
def test_a_result_whose_labels_are_not_known_is_withheld(tmp_path: Path, labels: object) -> None:
    with (
        open_guard(tmp_path) as guard,
        pytest.raises(Withheld, match="its labels are not known"),
        guard.call("refund", {"customer": "c1", "amount": 1}, **WHO, labels=labels) as permit,  # type: ignore[arg-type]  # wrong ones
    ):
        permit.result("x")
    assert outcomes(tmp_path) == ["ok"]


def test_an_escalated_call_waits_for_people_and_goes_on_once_they_approved(tmp_path: Path) -> None:
    ran: list[Decimal] = []
    with open_guard(tmp_path) as guard:

        @guard.tool
        def refund(customer: str, amount: Decimal) -> str:
            ran.append(amount)
            return "paid"

        with acting(**WHO), pytest.raises(Escalated) as caught:
            refund("c1", Decimal(80))
        escalated = caught.value
        assert str(escalated) == "`refund` waits for finance: a refund of 80 is above 50"
        assert escalated.for_agent()["tasks"] == list(escalated.review.tasks)
        assert escalated.review.standing() == escalated.review.wait(0.05) == "waiting"
        with pytest.raises(Escalated):
            escalated.resume()
        assert ran == []
        vote(guard, escalated)
        assert escalated.review.wait() == "approved"
        assert escalated.resume() == "paid"
        with pytest.raises(Escalated):
            escalated.resume()
    assert ran == [Decimal(80)]
    assert verdicts(tmp_path) == ["escalate by large", "allow by large", "escalate by large"]
    kinds = [record["kind"] for record in records(tmp_path)]
    assert kinds.count("escalation.used") == 1
    assert kinds.index("escalation.used") == kinds.index("escalation.ended") + 2
    assert problems(tmp_path) == []


def test_an_approval_holds_for_exactly_the_call_that_was_shown(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        with pytest.raises(Escalated) as caught:
            guard.call("refund", {"customer": "c1", "amount": 80}, **WHO)
        vote(guard, caught.value)
        with pytest.raises(Escalated):
            guard.call("refund", {"customer": "c1", "amount": 81}, **WHO)
        with pytest.raises(Escalated):
            guard.call("refund", {"customer": "c1", "amount": 80}, agent="a2", user="u1", session="s1")
        with guard.call("refund", {"customer": "c1", "amount": 80}, **WHO) as permit:
            permit.result(None)


def test_what_people_refuse_is_denied_and_they_are_not_asked_again_at_once(tmp_path: Path) -> None:
    clock = Clock()
    with open_guard(tmp_path, clock=clock) as guard:
        with pytest.raises(Escalated) as caught:
            guard.call("refund", {"customer": "c1", "amount": 80}, **WHO)
        vote(guard, caught.value, "deny")
        with pytest.raises(Denied, match="people said no"):
            caught.value.resume()
        with pytest.raises(Denied) as denied:
            guard.call("refund", {"customer": "c1", "amount": 80}, **WHO)
        assert denied.value.decision.decided_by == ("review_denied",)
        clock.forward(3_601)
        with pytest.raises(Escalated):
            guard.call("refund", {"customer": "c1", "amount": 80}, **WHO)


def test_an_escalation_that_nobody_answers_ends_and_a_cancelled_one_as_well(tmp_path: Path) -> None:
    clock = Clock()
    with open_guard(tmp_path, clock=clock) as guard:
        with pytest.raises(Escalated) as first:
            guard.call("refund", {"customer": "c1", "amount": 80}, **WHO)
        with pytest.raises(Escalated) as second:
            guard.call("refund", {"customer": "c2", "amount": 80}, **WHO)
        second.value.review.cancel()
        with pytest.raises(Denied, match="nobody was waiting"):
            second.value.resume()
        clock.forward(1_801)
        assert first.value.review.wait() == "expired"
        with pytest.raises(Denied, match="nobody approved it in time"):
            first.value.resume()


def test_a_guard_may_wait_for_people_by_itself(tmp_path: Path) -> None:
    with open_guard(tmp_path, wait=0.05) as guard:
        with pytest.raises(Escalated) as caught:
            guard.call("refund", {"customer": "c1", "amount": 80}, **WHO)
        vote(guard, caught.value)

        async def main() -> None:
            with pytest.raises(Escalated) as waited:
                await guard.call_async("refund", {"customer": "c2", "amount": 80}, **WHO, wait=0.1)
            answering = asyncio.create_task(
                guard.call_async("refund", {"customer": "c3", "amount": 80}, **WHO, wait=30)
            )
            await asyncio.sleep(0.1)
            await asyncio.to_thread(approve_all, guard)
            async with await answering as permit:
                await permit.result_async("paid")
            async with await asyncio.to_thread(waited.value.resume) as permit:
                await permit.result_async("paid")

        asyncio.run(main())
    assert outcomes(tmp_path) == ["ok", "ok"]


def approve_all(guard: Guard) -> None:
    import time

    gate = guard._gate
    assert gate.reviews is not None
    desk = gate.reviews.desk

    def job(tables: object) -> tuple[int, list[object]]:
        given: list[object] = []
        for task in desk.waiting(tables):  # type: ignore[arg-type]  # the tables of a job
            answered = desk.vote(tables, time.time_ns(), task.identifier, "ada", "command", "approve", task.binding)  # type: ignore[arg-type]
            given += answered.records
        return len(given), given

    assert gate.writer.do(job).result()  # type: ignore[arg-type]  # as above


def test_a_coroutine_is_resumed_by_a_coroutine(tmp_path: Path) -> None:
    async def main() -> str:
        async with open_guard(tmp_path) as guard:

            @guard.tool
            async def refund(customer: str, amount: Decimal) -> str:
                return "paid"

            with acting(**WHO), pytest.raises(Escalated) as caught:
                await refund("c1", Decimal(80))
            await asyncio.to_thread(approve_all, guard)
            again: object = caught.value.resume()
            assert asyncio.iscoroutine(again)
            found: str = await again
            return found

    assert asyncio.run(main()) == "paid"


def test_arguments_that_are_not_there_are_not_sent(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:

        @guard.tool
        def refund(customer: str, amount: Decimal, note: str | None = None) -> None: ...

        with acting(**WHO):
            refund("c1", Decimal(1))
            refund("c1", Decimal(1), note="late")
            with pytest.raises(Denied, match=r"args.customer: expected a string, got null"):
                refund(None, Decimal(1))  # type: ignore[arg-type]  # what an agent may get wrong
    named = [[item["name"] for item in record["what"]["arguments"]] for record in records(tmp_path, "intent")]  # type: ignore[index]
    assert named == [["amount", "customer"], ["amount", "customer", "note"], ["amount", "customer"]]


def test_a_call_runs_with_the_arguments_that_were_decided_on(tmp_path: Path) -> None:
    policy = """
package lists
tool pay(customers: list[string])
allow few if { tool is pay; count(args.customers) <= 1 }
"""
    with open_guard(tmp_path, policy) as guard:
        mine = ["c1"]

        @guard.tool
        def pay(customers: list[str]) -> list[str]:
            mine.append("c2")
            return customers

        with acting(agent="a1"):
            assert pay(mine) == ["c1"]


@pytest.mark.parametrize("results", ["digest", "whole", "none"])
def test_a_record_keeps_of_a_result_what_is_wanted(tmp_path: Path, results: str) -> None:
    with (
        open_guard(tmp_path, results=results) as guard,
        guard.call("refund", {"customer": "c1", "amount": 1}, **WHO) as permit,
    ):
        permit.result({"paid": Decimal("1.00")})
    kept = payloads(tmp_path)
    if results == "none":
        assert records(tmp_path, "outcome")[0]["result"] is None
        assert kept == [{}]
    else:
        (bodies,) = kept
        value = bodies["/result"]["value"]
        assert isinstance(value, dict)
        assert value == ({"paid": 1.00} if results == "whole" else {"sha256": value["sha256"]})


def payloads(folder: Path) -> list[dict[str, dict[str, object]]]:
    """The bodies of the payloads of all outcomes."""
    from tenetlang.audit.source import export_jsonl

    lines = [json.loads(line) for line in export_jsonl(folder / "log.db", payloads=True)]
    ended = [line for line in lines if json.loads(line["record"])["kind"] == "outcome"]
    return [json.loads(line["payload"])["bodies"] if "payload" in line else {} for line in ended]


def test_a_function_that_is_not_what_the_policy_declares_is_refused_when_it_is_decorated(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        with pytest.raises(NoTool, match=r"the policy declares no tool `send` \(declared: `card`, `fetch`"):

            @guard.tool
            def send() -> None: ...

        with pytest.raises(NoTool, match="`wipe` takes `all`, which the policy does not declare"):

            @guard.tool
            def wipe(all: bool) -> None: ...

        with pytest.raises(NoTool, match="the policy requires `amount` of `refund`"):

            @guard.tool
            def refund(customer: str) -> None: ...


def test_a_signed_log_and_receipts(tmp_path: Path) -> None:
    from tenetlang.audit.checkpoints.key_files import load_signing_key
    from tenetlang.audit.receipts import SeenReceipts, check_receipt

    create_key(tmp_path / "log.key", "example.com/log")
    key = load_signing_key(tmp_path / "log.key")
    clock = Clock()
    with open_guard(tmp_path, key=tmp_path / "log.key", receipts=True, clock=clock) as guard:
        permit = guard.call("refund", {"customer": "c1", "amount": 1}, **WHO)
        assert permit.receipt is not None
        seconds = clock.now // 10**9
        found = check_receipt(permit.receipt, [key.verifier], "refund", permit.arguments, seconds, SeenReceipts())
        assert found.decision == permit.identifier
        assert records(tmp_path, "intent")[0]["index"] == found.index
        permit.refuse()

        async def later() -> str | None:
            async with await guard.call_async("fetch", {"page": "x"}, **WHO) as second:
                return second.receipt

        receipt = asyncio.run(later())
        assert receipt is not None
        assert check_receipt(receipt, [key.verifier], "fetch", {"page": "x"}, seconds, SeenReceipts()).tool == "fetch"
    checkpoint = checkpoint_of(newest_checkpoint(tmp_path / "log.db"), [key.verifier])
    assert checkpoint.size == len(records(tmp_path))
    with pytest.raises(GuardError, match="receipts are signed with the log's key"):
        open_guard(tmp_path, receipts=True)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("package shop\nallow a if { b }", "the policy has 1 error: "),
        ('package shop\nrequest method: "GET" | "PUT"\nallow a if { method == "GET" }', "not about tool calls"),
        ("package shop\ndata limits: list[int]\ntool t()\nallow a if { 1 in data.limits }", "the document `limits`"),
    ],
)
def test_a_policy_that_can_not_decide_calls_is_refused_when_the_guard_is_opened(
    tmp_path: Path, policy: str, reason: str
) -> None:
    with pytest.raises(Unusable, match=reason):
        open_guard(tmp_path, policy)


def test_what_a_guard_is_opened_with_is_checked(tmp_path: Path) -> None:
    for options, reason in (
        ({"deadline": 0}, "the deadline of calls is between"),
        ({"results": "some"}, "records keep the `digest`"),
        ({"place": "a b"}, "the place 'a b' is none"),
        ({"scopes": {"a1": ["\\"]}}, "no name and no glob"),
    ):
        with pytest.raises(GuardError, match=reason):
            open_guard(tmp_path, **options)
    write_policy(tmp_path).rename(tmp_path / "shop.bundle")
    with pytest.raises(Unusable, match="is a bundle: say whose signatures count"):
        Guard.open(tmp_path / "shop.bundle", log=tmp_path / "log.db")


class Paying:
    """A tool that is an object."""

    async def __call__(self, customer: str, amount: Decimal) -> str:
        await asyncio.sleep(0)
        return f"paid {amount}"


def test_what_does_its_work_after_the_call_is_no_result(tmp_path: Path) -> None:
    async def later(page: str) -> str:
        return page

    def hiding(page: str) -> object:
        return later(page)

    with open_guard(tmp_path) as guard:
        hidden = guard.tool(hiding, name="fetch")
        steps = guard.tool(lambda page: (step for step in page), name="fetch")
        with acting(**WHO):
            for tool in (hidden, steps):
                with pytest.raises(Withheld, match="whose work would be done after the call"):
                    tool("x")
        pay = guard.tool(Paying(), name="refund")

        async def main() -> str:
            with acting(agent="a1", user="u1", session="s2"):
                return await pay("c1", Decimal(1))

        assert asyncio.run(main()) == "paid 1"


def test_a_denial_leaves_its_process_as_what_an_agent_may_know_and_an_escalation_does_not(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        with pytest.raises(Denied) as denied:
            guard.call("wipe", {}, **WHO)
        elsewhere = pickle.loads(pickle.dumps(denied.value))
        assert isinstance(elsewhere, Denied)
        assert (str(elsewhere), elsewhere.for_agent()) == (str(denied.value), denied.value.for_agent())
        with pytest.raises(Escalated) as escalated:
            guard.call("refund", {"customer": "c1", "amount": 80}, **WHO)
        with pytest.raises(TypeError, match="is resumed by the process that asked"):
            pickle.dumps(escalated.value)


def test_calls_past_their_deadline_end_though_nobody_calls(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with open_guard(tmp_path, clock=clock, deadline=60) as guard:
        permits = [guard.call("fetch", {"page": "x"}, **WHO) for _ in range(3)]
        looking = Deadlines(guard._gate)
        assert looking.look() == 0
        clock.forward(61)
        assert looking.look() == 3
        assert looking.look() == 0
    looking._look_quietly()
    assert "can't be looked after" in caplog.text
    assert outcomes(tmp_path) == ["unknown"] * len(permits)
    assert problems(tmp_path, clock.now) == []
