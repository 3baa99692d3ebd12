from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from tenetlang import pipeline
from tenetlang.audit.payloads.keyring import create_keyring, open_keyring
from tenetlang.audit.payloads.sealer import Sealer
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.project.project import standard_library
from tenetlang.review import desk as desk_module
from tenetlang.review.binding import binding
from tenetlang.review.desk import ReviewUnavailable, Rules
from tenetlang.review.health import note
from tenetlang.review.openings import Asked, Opening, opening_of, stages_of
from tenetlang.review.people import Directory, Person
from tenetlang.review.rows import ReviewsDamaged
from tenetlang.review.tasks import Stage
from tenetlang.text import Text
from tests.unit.review.desks import PEOPLE, REQUEST, Office, office
from tests.unit.review.tasks import BUNDLE, DIRECTORS, FINANCE, MINUTE, START

DAY = 24 * 60 * MINUTE


@pytest.fixture
def here(log_name: str) -> Iterator[Office]:
    with office(log_name) as made:
        yield made


def test_a_task_is_opened_with_its_decision_and_ends_as_people_decide(here: Office) -> None:
    (task,) = here.ask()
    here.now += MINUTE
    assert here.vote(task, "ada").refused is None
    answered = here.vote(task, "grace", comment="as agreed on the phone")
    assert answered.task is not None
    assert answered.task.status == "approved"
    assert here.kinds() == ["opened", "decided", "decided", "ended"]
    assert here.problems() == []


def test_an_approval_is_there_for_exactly_this_call_and_is_used_once(here: Office) -> None:
    (task,) = here.ask()
    here.vote(task, "ada")
    assert here.approvals(task.binding) == ()
    here.vote(task, "grace")
    (approval,) = here.approvals(task.binding)
    assert (approval.fact(), approval.people) == ({"reviewers": "finance"}, ("ada", "grace"))
    assert here.approvals(binding({**REQUEST, "args": {"customer": "Zoë", "amount": 121}})) == ()
    here.use(approval)
    assert here.approvals(task.binding) == ()
    with pytest.raises(ReviewUnavailable, match="used"):
        here.use(approval)
    assert here.kinds()[-1] == "used"
    assert here.problems() == []


def test_under_another_bundle_an_approval_does_not_hold(here: Office) -> None:
    (task,) = here.ask()
    here.vote(task, "ada")
    here.vote(task, "grace")
    assert here.approvals(task.binding, "sha256:" + "ee" * 32) == ()
    assert len(here.approvals(task.binding)) == 1


def test_an_approval_is_over_after_a_while(here: Office) -> None:
    (task,) = here.ask()
    here.vote(task, "ada")
    here.vote(task, "grace")
    (approval,) = here.approvals(task.binding)
    here.now = approval.expires + 1
    assert here.approvals(task.binding) == ()
    with pytest.raises(ReviewUnavailable, match="outdated"):
        here.use(approval)
    assert here.problems() == []


def test_of_two_approvals_of_one_call_the_one_that_is_over_first_is_used(here: Office) -> None:
    (first,), (second,) = here.ask(), here.ask()
    for task in (second, first):
        for who in ("ada", "grace"):
            here.now += MINUTE
            here.vote(task, who)
    (approval,) = here.approvals(first.binding)
    assert approval.task == second.identifier
    here.use(approval)
    (approval,) = here.approvals(first.binding)
    assert approval.task == first.identifier


def test_an_approval_by_those_who_are_asked_next_is_one_of_those_whom_the_policy_asks(here: Office) -> None:
    (task,) = here.ask(FINANCE, DIRECTORS)
    here.now += 31 * MINUTE
    assert here.tick() == 1
    here.vote(task, "joan")
    (approval,) = here.approvals(task.binding)
    assert approval.reviewers == "finance"
    assert here.kinds() == ["opened", "climbed", "decided", "ended"]
    assert here.problems() == []


def test_time_ends_what_nobody_decided(here: Office) -> None:
    (task,) = here.ask()
    assert here.read(here.desk.next_due) == task.deadline
    here.now = task.deadline
    assert here.tick() == 1
    assert here.task(task).status == "expired"
    assert here.tick() == 0
    assert here.read(here.desk.next_due) is None
    late = here.vote(task, "ada")
    assert late.refused == "over"
    assert here.problems() == []


def test_a_decision_that_nobody_needs_any_more_is_cancelled(here: Office) -> None:
    (task,) = here.ask()
    here.do(lambda tables: (None, here.desk.cancel(tables, here.now, task.decision)))
    (cancelled,) = here.read(lambda tables: here.desk.tasks_of(tables, task.decision))
    assert cancelled.status == "cancelled"
    assert here.kinds() == ["opened", "ended"]


def test_what_people_do_besides_voting_is_recorded(here: Office) -> None:
    (task,) = here.ask()
    desk, identifier = here.desk, task.identifier
    here.answer(lambda tables: desk.seen(tables, here.now, identifier, "ada", "link"))
    here.answer(lambda tables: desk.claim(tables, here.now, identifier, "ada", "inbox"))
    here.answer(lambda tables: desk.delegate(tables, here.now, identifier, "ada", "inbox", "grace"))
    here.answer(lambda tables: desk.release(tables, here.now, identifier, "ada", "inbox"))
    refused = here.answer(lambda tables: desk.delegate(tables, here.now, identifier, "ada", "inbox", "mary"))
    assert refused.refused == "not-allowed"
    assert here.kinds() == ["opened", "seen", "claimed", "delegated", "released"]
    assert here.answer(lambda tables: desk.unreached(tables, here.now, identifier)).records == ()
    assert here.answer(lambda tables: desk.seen(tables, here.now, "01J", "ada", "link")).task is None
    assert here.problems() == []


def test_lists_show_what_waits_for_whom_and_what_is_over(here: Office) -> None:
    (urgent,), (later,) = here.ask(DIRECTORS), here.ask(FINANCE)
    here.now += MINUTE
    desk = here.desk
    assert [task.identifier for task in here.read(desk.waiting)] == [later.identifier, urgent.identifier]
    assert [task.rule for task in here.read(lambda tables: desk.waiting(tables, who="ada"))] == ["large_refund"]
    assert here.read(lambda tables: desk.waiting(tables, who="eve")) == ()
    here.vote(urgent, "joan", "deny")
    assert [task.status for task in here.read(desk.finished)] == ["denied"]


# ------------------------------------------------------------------------------------------------ who can't be asked


def test_who_asks_under_another_name_of_theirs_does_not_approve(log_name: str) -> None:
    directory = Directory((Person("ada", ("u7",)), Person("grace"), Person("lin")))
    with office(log_name, directory) as here:
        (task,) = here.ask()
        assert set(task.requesters) == {"a1", "ada", "u7"}
        assert here.vote(task, "ada").refused == "requester"
        assert here.vote(task, "U7").refused == "requester"
        assert here.problems() == []


def test_one_person_under_two_names_is_asked_and_counted_once(log_name: str) -> None:
    directory = Directory((Person("ada", ("ada@example.com",)),))
    with office(log_name, directory) as here:
        (task,) = here.ask(Stage("finance", ("Ada", "ada@example.com", "grace"), 2, MINUTE))
        assert task.stage.people == ("ada", "grace")
        here.vote(task, "ada@example.com")
        assert here.vote(task, "ada").refused == "voted"
        assert here.problems() == []
        with pytest.raises(ReviewUnavailable, match="too few people"):
            here.ask(Stage("finance", ("Ada", "ada@example.com"), 2, MINUTE))


def test_people_who_cannot_decide_are_not_asked(here: Office) -> None:
    with pytest.raises(ReviewUnavailable, match="too few people are left of pair"):
        here.ask(Stage("pair", ("ada", "u7"), 2, MINUTE))
    assert here.kinds() == []
    (task,) = here.ask(Stage("pair", ("ada", "u7"), 2, MINUTE), DIRECTORS)
    assert (task.stage.reviewers, here.kinds()) == ("directors", ["opened", "climbed"])
    assert here.problems() == []


def test_a_decision_that_asks_nobody_can_ask_nobody(here: Office) -> None:
    opening = Opening("01J", BUNDLE, REQUEST, ())
    assert here.read(lambda tables: here.desk.obstacle(tables, here.now, opening)) is not None


def test_an_agent_that_asks_again_and_again_is_told_that_people_are_asked_already(here: Office) -> None:
    for _ in range(here.desk.rules.most_alike):
        here.ask()
    with pytest.raises(ReviewUnavailable, match="asked about this very call already, 3 times"):
        here.ask()
    here.ask(request={**REQUEST, "args": {"amount": 2}})
    here.ask(bundle="sha256:" + "ee" * 32)


def test_there_is_an_end_to_how_much_people_are_asked(log_name: str) -> None:
    with office(log_name, rules=Rules(most_waiting=1)) as here:
        here.ask()
        with pytest.raises(ReviewUnavailable, match="1 escalations wait already"):
            here.ask(request={**REQUEST, "args": {"amount": 2}})


def test_one_agent_cannot_use_up_the_patience_of_people_for_all_others(tmp_path: Path) -> None:
    with office(tmp_path / "log.db", rules=Rules(most_of_one=2)) as here:
        for amount in (1, 2):
            here.ask(request={**REQUEST, "args": {"amount": amount}})
        with pytest.raises(ReviewUnavailable, match="2 escalations of this agent wait already"):
            here.ask()
        here.ask(request={**REQUEST, "agent": {"id": "a2"}})
        for amount in (1, 2):
            here.ask(request={"tool": "refund", "user": {"id": "u7"}, "args": {"amount": amount}})
        with pytest.raises(ReviewUnavailable, match="2 escalations of this agent"):
            here.ask(request={"tool": "refund", "user": {"id": "u7"}, "args": {}})
        here.ask(request={"tool": "refund", "args": {}})


def test_what_waits_for_a_person_is_found_behind_what_waits_for_others(
    here: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "MOST_AT_ONCE", 2)
    for amount in range(5):
        here.ask(Stage("others", ("eve",), 1, MINUTE), request={**REQUEST, "args": {"amount": amount}})
    mine = [here.ask(request={**REQUEST, "args": {"amount": amount}})[0].identifier for amount in range(5, 8)]
    found = here.read(lambda tables: here.desk.waiting(tables, who="ada"))
    assert sorted(task.identifier for task in found) == sorted(mine)
    assert len(here.read(lambda tables: here.desk.waiting(tables, who="ada", most=2))) == 2
    assert len(here.read(lambda tables: here.desk.waiting(tables, most=7))) == 7


def test_where_channels_are_configured_and_none_works_nobody_is_asked(log_name: str) -> None:
    directory = Directory(PEOPLE, shared=frozenset({"desk"}), personal=frozenset({"email"}), usual=("desk",))
    with office(log_name, directory) as here:
        with pytest.raises(ReviewUnavailable, match="no channel to finance works"):
            here.ask()
        here.read(lambda tables: note(tables, "desk", here.now, worked=True))
        with pytest.raises(ReviewUnavailable):
            here.ask()  # finance is told by e-mail, says the policy
        here.read(lambda tables: note(tables, "email", here.now, worked=True))
        (task,) = here.ask()
        assert here.rows("SELECT channel, who, address, status FROM review_outbox ORDER BY who") == [
            ("email", "ada", "ada@example.com", "waiting"),
            ("email", "grace", "grace@example.com", "waiting"),
        ]
        here.now += MINUTE
        here.vote(task, "ada", "deny")
        assert here.rows("SELECT id FROM review_outbox") == []


def test_messages_follow_a_task_as_it_climbs_and_is_handed_on(log_name: str) -> None:
    people = (*PEOPLE, Person("mary", (), {"email": "mary@example.com"}))
    directory = Directory(people, shared=frozenset({"desk"}), personal=frozenset({"email"}), usual=("desk", "email"))
    with office(log_name, directory) as here:
        here.read(lambda tables: note(tables, "desk", here.now, worked=True))
        here.read(lambda tables: note(tables, "email", here.now, worked=True))
        (task,) = here.ask(FINANCE, DIRECTORS)
        here.answer(
            lambda tables: here.desk.delegate(tables, here.now, task.identifier, "ada", "inbox", "mary"),
        )
        told = "SELECT channel, who FROM review_outbox ORDER BY channel, who"
        assert here.rows(told) == [("email", "ada"), ("email", "grace"), ("email", "mary")]
        here.now += 31 * MINUTE
        here.tick()
        assert here.rows(told) == [("desk", ""), ("email", "mary")]


# --------------------------------------------------------------------------------------- what is kept of the request


def test_reviewers_see_the_request_until_it_has_been_over_for_long(here: Office) -> None:
    (task,) = here.ask(request={**REQUEST, "args": {"amount": 9007199254740993}})
    shown = here.read(lambda tables: here.desk.request(tables, task.decision))
    assert shown is not None
    assert shown["request"] == {**REQUEST, "args": {"amount": 9007199254740993}}
    assert isinstance(shown["decision"], dict)
    assert shown["decision"]["reason"] == "a refund of 120 is above 50"
    here.vote(task, "ada", "deny")
    here.now += 29 * DAY
    here.tick()
    assert here.rows("SELECT decision FROM review_requests") == [(task.decision,)]
    here.now += DAY
    here.tick()
    assert here.rows("SELECT decision FROM review_requests") == []
    assert here.rows("SELECT id FROM review_tasks") == []
    assert here.read(lambda tables: here.desk.request(tables, task.decision)) is None
    assert here.vote(task, "ada").task is None


def test_reviewers_see_every_digit_of_an_amount(here: Office) -> None:
    amounts = {"small": Decimal("0.1000000000000000055"), "large": 9007199254740993, "plain": Decimal("20.00")}
    (task,) = here.ask(request={**REQUEST, "args": amounts})
    shown = here.read(lambda tables: here.desk.request(tables, task.decision))
    assert shown is not None
    request = shown["request"]
    assert isinstance(request, dict)
    assert request["args"] == amounts


def test_what_is_kept_is_sealed_where_payloads_are(tmp_path: Path) -> None:
    create_keyring(tmp_path / "payload.keys")
    with (
        open_keyring(tmp_path / "payload.keys") as keyring,
        office(tmp_path / "log.db", sealer=Sealer(keyring)) as here,
    ):
        (task,) = here.ask()
        here.vote(task, "ada", comment="Zoë is a friend of mine")
        ((content,),) = here.rows("SELECT content FROM review_requests")
        assert isinstance(content, bytes)
        assert b"amount" not in content
        shown = here.read(lambda tables: here.desk.request(tables, task.decision))
        assert shown is not None
        assert shown["request"] == dict(REQUEST)
        name = keyring.name_of("u7")
        assert name is not None
        keyring.destroy(name)
        assert here.read(lambda tables: here.desk.request(tables, task.decision)) is None
        assert here.problems() == []


def test_what_is_kept_of_a_person_can_be_erased(here: Office) -> None:
    (mine,) = here.ask()
    (other,) = here.ask(request={**REQUEST, "user": {"id": "u8"}})
    assert here.read(lambda tables: here.desk.erase(tables, "u7")) == 1
    assert here.read(lambda tables: here.desk.request(tables, mine.decision)) is None
    assert here.read(lambda tables: here.desk.request(tables, other.decision)) is not None
    assert here.read(lambda tables: here.desk.erase(tables, "u7")) == 0
    assert here.vote(mine, "ada").refused is None


def test_a_table_that_somebody_wrote_into_is_an_error(here: Office) -> None:
    (task,) = here.ask()
    for broken in (b"{", b"[]", b"\xff"):
        here.read(lambda tables, broken=broken: tables.run("UPDATE review_tasks SET content = ?", (broken,)))  # type: ignore[misc]  # an argument with its value
        with pytest.raises(ReviewsDamaged, match="can't be read"):
            here.task(task)
    assert here.ask(request={**REQUEST, "tool": "other"})


# -------------------------------------------------------------------------------------------- from a policy's answer

POLICY = """
package shop
tool refund(customer: string, amount: decimal)
data groups: map[string, set[string]]
reviewers directors { who {"mary"}; within 1h }
reviewers finance { who data.groups["finance"]; within 30m; quorum 2; else escalate to directors; notify "email" }
default deny
escalate large to finance if { tool is refund; args.amount > 50.00 }
escalate huge to directors if { tool is refund; args.amount > 500.00 }
escalate odd to finance if { tool is refund; args.customer == "c13" }
"""


def evaluator() -> Evaluator:
    made = pipeline.compile_texts((Text("shop.tenet", POLICY),), standard_library(), today="2027-01-01")
    assert made.program is not None
    policy = pipeline.decision_tree(made.program)
    return pipeline.evaluator(policy, {"groups": {"finance": ["grace", "ada", "lin"]}})


def test_the_reviewers_of_a_decision_are_asked_as_the_policy_names_them() -> None:
    policy = evaluator()
    request = {"tool": "refund", "args": {"customer": "c13", "amount": 501}}
    opening = opening_of(policy, policy.decide(request), "01J", request)
    directors = Stage("directors", ("mary",), 1, 60 * MINUTE)
    finance = Stage("finance", ("ada", "grace", "lin"), 2, 30 * MINUTE, ("email",))
    assert {item.rule: item.stages for item in opening.asked} == {
        "huge": (directors,),
        "large, odd": (finance, directors),
    }
    assert opening.shown["verdict"] == "escalate"
    with pytest.raises(LookupError, match="no reviewers are called"):
        stages_of(policy, "nobody", request)


def test_all_reviewers_of_a_decision_get_a_task(here: Office) -> None:
    policy = evaluator()
    request = {"tool": "refund", "args": {"customer": "c13", "amount": 501}}
    opening = opening_of(policy, policy.decide(request), "01KARZ3NDEKTSV4RRFFQ69G5FB", request)
    tasks = here.do(lambda tables: (here.desk.open(tables, START, opening).tasks, ()))
    assert sorted(task.asked for task in tasks) == ["directors", "finance"]
    assert all(task.binding == binding(request) for task in tasks)
    for task in tasks:
        for who in task.stage.people:
            here.vote(task, who)
    facts = [approval.fact() for approval in here.approvals(binding(request), policy.digest)]
    assert policy.decide({**request, "approvals": facts}).verdict == "allow"


def test_a_directory_takes_one_name_for_one_person() -> None:
    with pytest.raises(ValueError, match=r"`Ada` is a name of `ada` and of `grace`"):
        Directory((Person("ada"), Person("grace", ("Ada",))))


def test_an_opening_is_a_value() -> None:
    asked = Asked("r", (FINANCE,))
    assert attrs.evolve(asked, rule="r") == asked
