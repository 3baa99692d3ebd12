from __future__ import annotations

import attrs
import pytest

from tenetlang.review.state import CLAIM_FOR, MOST_DELEGATIONS, asked_people, can_decide, open_task, step
from tenetlang.review.tasks import (
    Cancelled,
    Claimed,
    Delegated,
    Noted,
    Refusal,
    Released,
    Seen,
    Stage,
    Tell,
    Tick,
    Unreached,
    Used,
    Voted,
)
from tests.unit.review.tasks import (
    BINDING,
    DECISION,
    DIRECTORS,
    FINANCE,
    IDENTIFIER,
    MINUTE,
    START,
    after,
    approve,
    deny,
    kinds,
    waiting_task,
)


def test_opening_says_who_is_asked_until_when_and_who_is_next() -> None:
    opened = open_task(waiting_task(chain=(DIRECTORS,)))
    assert opened.effects == (
        Noted(
            "escalation.opened",
            {
                "task": IDENTIFIER,
                "of": DECISION,
                "rule": "large_refund",
                "reviewers": "finance",
                "quorum": 2,
                "deadline": "2026-11-22T20:30:00.000000000Z",
                "else": "directors",
                "binding": BINDING,
                "requesters": ["a1", "u7"],
            },
        ),
        Tell(("ada", "grace", "lin")),
    )


def test_opening_climbs_past_reviewers_who_cannot_decide_without_the_requester() -> None:
    opened = open_task(waiting_task(Stage("pair", ("ada", "u7"), 2, MINUTE), (DIRECTORS,)))
    assert kinds(opened) == ["escalation.opened", "escalation.climbed", "Tell"]
    assert opened.task.stage == DIRECTORS


def test_climbing_passes_over_reviewers_who_cannot_decide_and_ends_with_the_last() -> None:
    unable = Stage("pair", ("ada", "u7"), 2, MINUTE)
    stepped = step(waiting_task(chain=(unable, DIRECTORS)), Tick(), START + 30 * MINUTE)
    assert stepped.task.stage == DIRECTORS
    stepped = step(waiting_task(chain=(unable, unable)), Tick(), START + 30 * MINUTE)
    assert (stepped.task.stage, stepped.task.chain) == (unable, ())


def test_as_many_different_people_as_the_quorum_says_approve() -> None:
    one = after(waiting_task(), approve("ada"))
    assert (one.task.status, kinds(one)) == ("waiting", ["escalation.decided"])
    two = after(waiting_task(), approve("ada"), approve("grace"))
    assert (two.task.status, kinds(two)) == ("approved", ["escalation.decided", "escalation.ended", "Ended"])
    assert two.task.expires == START + MINUTE + 1_000_000_000 + 60 * MINUTE


@pytest.mark.parametrize(
    "again", ["ada", "Ada", "ADA ", "\uff41\uff44\uff41", "a\u200bda", "ad\u00ada", "\u2066ada\u2069", "ada\ufe0f"]
)
def test_the_same_person_counts_once_however_the_name_is_spelled(again: str) -> None:
    stepped = after(waiting_task(), approve("ada"), approve(again))
    assert (stepped.task.status, stepped.refused, stepped.effects) == ("waiting", "voted", ())


def test_any_veto_denies_at_once() -> None:
    stepped = after(waiting_task(), approve("ada"), deny("grace"))
    assert (stepped.task.status, stepped.task.expires) == ("denied", None)


def test_who_approved_may_think_again_and_veto() -> None:
    assert after(waiting_task(), approve("ada"), deny("ada")).task.status == "denied"


@pytest.mark.parametrize("who", ["u7", "U7", "a1"])
def test_who_asked_for_the_call_does_not_vote(who: str) -> None:
    task = waiting_task(Stage("finance", ("ada", "u7", "a1"), 1, MINUTE))
    for event in (approve(who), deny(who)):
        stepped = after(task, event, at=START)
        assert (stepped.task.votes, stepped.refused) == ((), "requester")
        assert [effect.members["counted"] for effect in stepped.effects if isinstance(effect, Noted)] == [False]


def test_nobody_else_votes_and_that_they_tried_is_recorded() -> None:
    for event in (approve("eve"), deny("eve")):
        stepped = after(waiting_task(), event)
        assert (stepped.task.votes, stepped.refused, kinds(stepped)) == ((), "not-asked", ["escalation.decided"])


def test_a_vote_about_another_call_does_not_count() -> None:
    stepped = after(waiting_task(), Voted("ada", "link", "approve", "ef" * 32, "fine"))
    (noted,) = stepped.effects
    assert isinstance(noted, Noted)
    assert (stepped.refused, noted.members["binding"], noted.members["counted"]) == ("other-call", "ef" * 32, False)
    assert noted.members["comment"] == "fine"
    (noted,) = after(waiting_task(), Voted("ada", "link", "approve", "no digest")).effects
    assert isinstance(noted, Noted)
    assert noted.members["binding"] == BINDING


def test_a_long_comment_is_cut() -> None:
    (noted,) = after(waiting_task(), Voted("ada", "inbox", "approve", BINDING, "x" * 10_000)).effects
    assert isinstance(noted, Noted)
    assert noted.members["comment"] == "x" * 4000


def test_without_others_to_ask_the_deadline_ends_it() -> None:
    stepped = step(waiting_task(), Tick(), START + 30 * MINUTE)
    assert (stepped.task.status, kinds(stepped)) == ("expired", ["escalation.ended", "Ended"])
    assert step(waiting_task(), Tick(), START + 30 * MINUTE - 1).effects == ()


def test_at_the_deadline_the_next_are_asked_and_votes_count_no_longer() -> None:
    before = after(waiting_task(chain=(DIRECTORS,)), approve("ada"), Seen("grace", "inbox"), Claimed("lin", "inbox"))
    climbed = step(before.task, Tick(), START + 31 * MINUTE)
    assert kinds(climbed) == ["escalation.climbed", "Tell"]
    task = climbed.task
    assert (task.stage, task.chain, task.votes, task.seen, task.claimed) == (DIRECTORS, (), (), (), None)
    assert (task.deadline, task.asked, task.climbs) == (START + 91 * MINUTE, "finance", 1)
    assert step(task, approve("ada"), START + 32 * MINUTE).refused == "not-asked"
    assert step(task, approve("joan"), START + 32 * MINUTE).task.status == "approved"


def test_what_was_handed_on_before_it_climbed_was_handed_on_no_longer() -> None:
    again = Stage("directors", ("ada", "mary"), 1, 60 * MINUTE)
    given = after(waiting_task(chain=(again,)), Delegated("ada", "inbox", "grace")).task
    climbed = step(given, Tick(), START + 31 * MINUTE).task
    assert climbed.delegations == ()
    assert asked_people(climbed) == ("ada", "mary")
    assert step(climbed, approve("ada"), START + 32 * MINUTE).task.status == "approved"


def test_a_vote_that_comes_as_the_time_is_over_climbs_first() -> None:
    stepped = step(waiting_task(chain=(DIRECTORS,)), deny("ada"), START + 30 * MINUTE)
    assert (stepped.task.status, stepped.refused) == ("waiting", "not-asked")
    assert kinds(stepped) == ["escalation.climbed", "Tell", "escalation.decided"]
    stepped = step(waiting_task(), approve("ada"), START + 30 * MINUTE)
    assert kinds(stepped) == ["escalation.ended", "Ended", "escalation.decided"]
    assert (stepped.task.status, stepped.refused) == ("expired", "over")


def test_what_nobody_has_seen_climbs_early_where_that_is_wanted() -> None:
    task = waiting_task(chain=(DIRECTORS,), unseen_percent=50)
    assert step(task, Tick(), START + 15 * MINUTE - 1).effects == ()
    climbed = step(task, Tick(), START + 15 * MINUTE)
    assert isinstance(climbed.effects[0], Noted)
    assert climbed.effects[0].members["because"] == "nobody saw it"
    assert climbed.task.due == climbed.task.deadline, "nobody comes after the directors"
    seen = after(task, Seen("ada", "inbox"))
    assert seen.task.due == seen.task.deadline


def test_what_nobody_can_be_told_of_climbs_and_waits_where_nobody_is_next() -> None:
    assert after(waiting_task(chain=(DIRECTORS,)), Unreached()).task.stage == DIRECTORS
    assert after(waiting_task(), Unreached()).task == attrs.evolve(waiting_task(), latest=START + MINUTE)
    assert after(waiting_task(chain=(DIRECTORS,)), Seen("ada", "link"), Unreached()).task.stage == FINANCE


def test_a_clock_that_is_set_back_gives_nobody_more_time() -> None:
    late = step(waiting_task(), Seen("ada", "inbox"), START + 29 * MINUTE).task
    assert step(late, Tick(), START - 60 * MINUTE).task.latest == START + 29 * MINUTE
    approved = after(waiting_task(), approve("ada"), approve("grace")).task
    used = step(approved, Used(DECISION), START)
    assert used.task.used == DECISION


def test_after_the_end_nothing_changes_and_late_votes_are_recorded() -> None:
    ended = after(waiting_task(), deny("ada")).task
    late = after(ended, approve("grace"))
    assert (late.task, late.refused, kinds(late)) == (ended, "over", ["escalation.decided"])
    for event in (Seen("ada", "inbox"), Claimed("ada", "inbox"), Released("ada", "inbox"), Cancelled()):
        assert after(ended, event) == attrs.evolve(after(ended, Tick()), refused="over")
    assert after(ended, Unreached()).task == ended
    assert after(ended, Used(DECISION)).refused == "not-approved"


def test_a_task_that_nobody_needs_is_cancelled() -> None:
    stepped = after(waiting_task(), Cancelled())
    assert (stepped.task.status, kinds(stepped)) == ("cancelled", ["escalation.ended", "Ended"])


def test_an_approval_is_used_once_and_in_time() -> None:
    assert after(waiting_task(), Used(DECISION)).refused == "not-approved"
    approved = after(waiting_task(), approve("ada"), approve("grace")).task
    assert approved.expires is not None
    used = step(approved, Used(DECISION), approved.expires)
    assert used.effects == (Noted("escalation.used", {"task": IDENTIFIER, "of": DECISION}),)
    assert step(used.task, Used(DECISION), approved.expires).refused == "used"
    assert step(approved, Used(DECISION), approved.expires + 1).refused == "outdated"


def test_seeing_is_recorded_once_for_each_person_who_is_asked() -> None:
    assert kinds(after(waiting_task(), Seen("ada", "inbox"))) == ["escalation.seen"]
    assert after(waiting_task(), Seen("ada", "inbox"), Seen("Ada", "link")).refused == "seen"
    assert after(waiting_task(), Seen("eve", "inbox")).refused == "not-asked"


def test_a_claim_lasts_for_a_while_and_can_be_given_back() -> None:
    claimed = after(waiting_task(), Claimed("ada", "inbox"))
    assert kinds(claimed) == ["escalation.claimed"]
    assert after(claimed.task, Claimed("grace", "inbox")).refused == "claimed"
    assert after(claimed.task, Claimed("eve", "inbox")).refused == "not-asked"
    assert step(claimed.task, Claimed("grace", "inbox"), START + MINUTE + CLAIM_FOR).task.claimed == "grace"
    released = after(claimed.task, Released("ada", "inbox"))
    assert (released.task.claimed, kinds(released)) == (None, ["escalation.released"])
    assert after(claimed.task, Released("grace", "inbox")).refused == "not-claimed"


def test_a_claim_does_not_keep_others_from_voting() -> None:
    assert after(waiting_task(), Claimed("ada", "inbox"), deny("grace")).task.status == "denied"


def handed(giver: str, taker: str, *, allowed: bool = False) -> Delegated:
    return Delegated(giver, "inbox", taker, allowed)


def test_a_colleague_who_is_handed_a_task_still_counts_once() -> None:
    task = after(waiting_task(), handed("ada", "grace")).task
    assert asked_people(task) == ("grace", "lin")
    stepped = after(task, approve("grace"))
    assert stepped.task.status == "waiting", "one person approved, and two are needed"
    assert after(stepped.task, approve("ada")).refused == "delegated"
    assert after(stepped.task, approve("lin")).task.status == "approved"


def test_somebody_else_is_handed_a_task_only_where_that_is_allowed() -> None:
    assert after(waiting_task(), handed("ada", "mary")).refused == "not-allowed"
    stepped = after(waiting_task(), handed("ada", "mary", allowed=True))
    assert kinds(stepped) == ["escalation.delegated", "Tell"]
    assert asked_people(stepped.task) == ("grace", "lin", "mary")
    assert after(stepped.task, approve("mary"), approve("lin")).task.status == "approved"
    assert after(stepped.task, deny("mary")).task.status == "denied"


@pytest.mark.parametrize(
    ("events", "refused"),
    [
        ((handed("ada", "u7", allowed=True),), "requester"),
        ((handed("ada", "Ada"),), "loop"),
        ((handed("ada", "grace"), handed("grace", "ada")), "loop"),
        ((handed("ada", "grace"), handed("grace", "lin"), handed("lin", "ada")), "loop"),
        ((handed("ada", "grace"), handed("ada", "lin")), "delegated"),
        ((approve("ada"), handed("ada", "grace")), "voted"),
        ((handed("eve", "grace"),), "not-asked"),
    ],
)
def test_a_task_is_not_handed_round(events: tuple[Delegated, ...], refused: Refusal) -> None:
    assert after(waiting_task(), *events).refused == refused


def test_who_handed_a_task_on_may_take_it_back_until_it_is_answered() -> None:
    given = after(waiting_task(), handed("ada", "mary", allowed=True)).task
    back = after(given, Released("ada", "inbox"))
    assert (kinds(back), asked_people(back.task)) == (["escalation.released"], ("ada", "grace", "lin"))
    assert after(given, approve("mary"), Released("ada", "inbox")).refused == "not-claimed"


def test_who_was_handed_what_is_taken_back_is_asked_no_longer() -> None:
    given = after(waiting_task(), handed("ada", "mary", allowed=True), handed("mary", "joan", allowed=True)).task
    assert asked_people(given) == ("grace", "joan", "lin")
    back = after(given, Released("ada", "inbox")).task
    assert after(back, approve("joan")).refused == "not-asked"
    assert after(back, approve("mary")).refused == "delegated"
    assert after(given, approve("joan"), Released("ada", "inbox")).refused == "not-claimed"


def test_who_handed_a_task_on_may_still_veto_it() -> None:
    assert after(waiting_task(), handed("ada", "grace"), deny("ada")).task.status == "denied"


def test_handing_on_gives_a_claim_back() -> None:
    assert after(waiting_task(), Claimed("ada", "inbox"), handed("ada", "grace")).task.claimed is None


def test_a_task_is_handed_on_so_often_and_no_more() -> None:
    task = waiting_task()
    for number in range(MOST_DELEGATIONS):
        taker, giver = f"p{number}", f"p{number - 1}" if number else "ada"
        task = after(task, handed(giver, taker, allowed=True)).task
    assert after(task, handed(f"p{MOST_DELEGATIONS - 1}", "more", allowed=True)).refused == "not-allowed"


def test_a_requester_among_the_reviewers_leaves_fewer() -> None:
    assert can_decide(FINANCE, ("u7",))
    assert can_decide(FINANCE, ("Ada",))
    assert not can_decide(FINANCE, ("Ada", "lin"))
