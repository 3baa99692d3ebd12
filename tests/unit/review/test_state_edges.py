"""What `test_state` leaves open: the edges of each condition of the state machine, found by bending them one at a time."""

from __future__ import annotations

import attrs

from tenetlang.review.state import CLAIM_FOR, approvers, asked_people, open_task, step
from tenetlang.review.tasks import Claimed, Delegated, Noted, Released, Seen, Stage, Stepped, Tick, Unreached, Used
from tests.unit.review.tasks import (
    DECISION,
    DIRECTORS,
    MINUTE,
    START,
    after,
    approve,
    deny,
    kinds,
    waiting_task,
)


def noted(stepped: Stepped, kind: str) -> Noted:
    (found,) = (effect for effect in stepped.effects if isinstance(effect, Noted) and effect.kind == kind)
    return found


def handed(giver: str, taker: str, *, allowed: bool = True) -> Delegated:
    return Delegated(giver, "inbox", taker, allowed)


def test_who_vetoed_is_none_of_those_who_approved() -> None:
    denied = after(waiting_task(), approve("ada"), deny("grace")).task
    assert approvers(denied) == ("ada",)


def test_time_and_the_post_are_not_refused_after_the_end() -> None:
    ended = after(waiting_task(), deny("ada")).task
    for event in (Tick(), Unreached()):
        assert after(ended, event) == Stepped(ended)


def test_an_approval_that_says_no_time_of_its_end_is_not_used() -> None:
    approved = after(waiting_task(), approve("ada"), approve("grace")).task
    stepped = step(attrs.evolve(approved, expires=None), Used(DECISION), approved.latest)
    assert (stepped.refused, stepped.effects, stepped.task.used) == ("outdated", (), None)


def test_at_the_deadline_it_climbs_because_nobody_decided_also_where_nobody_saw_it() -> None:
    task = waiting_task(chain=(DIRECTORS,), unseen_percent=50)
    for late in (0, 1, MINUTE):
        climbed = step(task, Tick(), task.deadline + late)
        assert noted(climbed, "escalation.climbed").members["because"] == "nobody decided in time"
    before = step(task, Tick(), task.deadline - 1)
    assert noted(before, "escalation.climbed").members["because"] == "nobody saw it"


def test_the_next_reviewers_who_can_decide_are_asked_and_not_those_after_them() -> None:
    board = Stage("board", ("edith",), 1, 60 * MINUTE)
    climbed = step(waiting_task(chain=(DIRECTORS, board)), Tick(), START + 30 * MINUTE).task
    assert (climbed.stage, climbed.chain) == (DIRECTORS, (board,))


def test_a_task_that_nobody_can_decide_expires_as_it_is_opened() -> None:
    opened = open_task(waiting_task(Stage("pair", ("ada", "u7"), 2, MINUTE)))
    assert kinds(opened) == ["escalation.opened", "escalation.ended", "Ended"]
    assert opened.task.status == "expired"


def test_the_record_of_an_approval_says_until_when_it_is_good_and_that_of_another_end_does_not() -> None:
    ended = noted(after(waiting_task(), approve("ada"), approve("grace")), "escalation.ended")
    assert ended.members["expires"] == "2026-11-22T21:01:01.000000000Z"
    assert "expires" not in noted(after(waiting_task(), deny("ada")), "escalation.ended").members


def test_who_claimed_a_task_may_claim_it_for_longer() -> None:
    again = after(waiting_task(), Claimed("ada", "inbox"), Claimed("Ada", "inbox"))
    assert (again.refused, kinds(again)) == (None, ["escalation.claimed"])
    assert again.task.claimed_until == START + MINUTE + 1_000_000_000 + CLAIM_FOR


def test_taking_back_what_was_handed_on_leaves_the_claim_of_another() -> None:
    claimed = after(waiting_task(), handed("ada", "grace"), Claimed("lin", "inbox")).task
    back = after(claimed, Released("ada", "inbox")).task
    assert back.delegations == ()
    assert (back.claimed, back.claimed_until) == ("lin", claimed.claimed_until)


def test_a_claim_that_is_given_back_is_gone_whole() -> None:
    back = after(waiting_task(), Claimed("ada", "inbox"), Released("ada", "inbox")).task
    assert (back.claimed, back.claimed_until) == (None, None)
    given = after(waiting_task(), Claimed("ada", "inbox"), handed("ada", "grace")).task
    assert (given.claimed, given.claimed_until) == (None, None)


def test_handing_on_leaves_the_claim_of_another() -> None:
    claimed = after(waiting_task(), Claimed("lin", "inbox")).task
    given = after(claimed, handed("ada", "grace")).task
    assert (given.claimed, given.claimed_until) == ("lin", claimed.claimed_until)


def test_who_was_handed_a_seat_is_known_to_the_others_who_are_asked() -> None:
    given = after(waiting_task(), handed("ada", "mary"), handed("grace", "mary", allowed=False))
    assert given.refused is None
    assert asked_people(given.task) == ("lin", "mary")
    assert after(given.task, approve("mary")).task.status == "waiting", "mary is one person"


def test_who_asked_for_the_call_is_told_that_this_is_why() -> None:
    for event in (Seen("u7", "inbox"), Claimed("U7", "inbox"), handed("a1", "ada")):
        assert after(waiting_task(), event).refused == "requester"


def test_nobody_takes_back_a_seat_through_which_somebody_further_on_has_voted() -> None:
    given = after(waiting_task(), handed("ada", "mary"), handed("mary", "joan")).task
    voted = after(given, approve("joan"))
    assert after(voted.task, Released("mary", "inbox")).refused == "not-claimed"
    assert after(voted.task, Released("ada", "inbox")).refused == "not-claimed"


def test_the_vote_of_another_seat_is_no_reason_to_keep_what_was_handed_on() -> None:
    given = after(waiting_task(), handed("ada", "mary"), approve("lin")).task
    back = after(given, Released("ada", "inbox"))
    assert (back.refused, asked_people(back.task)) == (None, ("ada", "grace", "lin"))
