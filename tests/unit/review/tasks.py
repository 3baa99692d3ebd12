"""Tasks and times for the tests of reviews."""

from __future__ import annotations

import attrs

from tenetlang.review.state import step
from tenetlang.review.tasks import Event, Stage, Stepped, Task, Voted

MINUTE = 60 * 1_000_000_000
START = 1_795_377_600_000_000_000  # 2026-11-22T20:00:00Z
BINDING = "ab" * 32
BUNDLE = "sha256:" + "cd" * 32
IDENTIFIER = "01KARZ3NDEKTSV4RRFFQ69G5FA"
DECISION = "01KARZ3NDEKTSV4RRFFQ69G5FB"

FINANCE = Stage("finance", ("ada", "grace", "lin"), 2, 30 * MINUTE, ("email",))
DIRECTORS = Stage("directors", ("mary", "joan"), 1, 60 * MINUTE)


def waiting_task(
    stage: Stage = FINANCE,
    chain: tuple[Stage, ...] = (),
    *,
    requesters: tuple[str, ...] = ("a1", "u7"),
    unseen_percent: int | None = None,
    good_for: int = 60 * MINUTE,
) -> Task:
    return Task(
        identifier=IDENTIFIER,
        decision=DECISION,
        rule="large_refund",
        asked=stage.reviewers,
        stage=stage,
        chain=chain,
        deadline=START + stage.within,
        unseen_percent=unseen_percent,
        binding=BINDING,
        bundle=BUNDLE,
        requesters=requesters,
        good_for=good_for,
        opened=START,
        since=START,
        latest=START,
    )


def approve(who: str) -> Voted:
    return Voted(who, "inbox", "approve", BINDING)


def deny(who: str) -> Voted:
    return Voted(who, "inbox", "deny", BINDING)


def after(task: Task, *events: Event, at: int = START + MINUTE) -> Stepped:
    """What the last of some events, a second apart, leads to."""
    stepped = Stepped(task)
    for number, event in enumerate(events):
        stepped = step(stepped.task, event, at + number * 1_000_000_000)
    return stepped


def kinds(stepped: Stepped) -> list[str]:
    return [getattr(effect, "kind", type(effect).__name__) for effect in stepped.effects]


def with_stage(task: Task, stage: Stage) -> Task:
    return attrs.evolve(task, stage=stage)
