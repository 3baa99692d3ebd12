"""From a decision to the questions that it asks: who the reviewers are, and who comes after them.

A decision names the reviewers; the policy says how many, how long and who is next; and who they *are* depends on its documents. All
of it is looked up once, when the task is opened, so that a task keeps the people whom it was opened for, whatever becomes of
the policy. Several rules that ask the same reviewers make one task: the people would be asked the same question twice, and one
approval answers both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import attrs

from tenetlang.decision import Decision
from tenetlang.program.program import Reviewers
from tenetlang.review.tasks import DENY, Stage

MOST_STAGES = 100


@attrs.frozen
class Asked:
    """One question: the rule that asks (several, with commas, where they ask the same people), and who is asked, in order."""

    rule: str
    stages: tuple[Stage, ...]


@attrs.frozen
class Opening:
    """What is to be asked about a decision.

    `decision` is the identifier of its intent, `bundle` the digest of what decided, `request` what was decided on; `shown` is what
    reviewers see beside it, as JSON: the decision. `requesters` are those who asked beyond whom the request names.
    """

    decision: str
    bundle: str
    request: Mapping[str, object]
    asked: tuple[Asked, ...]
    shown: Mapping[str, object] = attrs.field(factory=dict)
    requesters: tuple[str, ...] = ()


class _Policy(Protocol):
    @property
    def reviewers(self) -> Mapping[str, Reviewers]: ...


class Deciding(Protocol):
    """What is needed of an `Evaluator`."""

    @property
    def policy(self) -> _Policy: ...

    def people(self, reviewers: str, request: object) -> tuple[str, ...]:
        """Who the reviewers are."""
        ...


def opening_of(
    evaluator: Deciding,
    decision: Decision,
    identifier: str,
    request: Mapping[str, object],
    requesters: tuple[str, ...] = (),
) -> Opening:
    """The questions of a decision to escalate; `identifier` is that of its intent.

    Raises `AskError` where the policy can't say who the reviewers are, and `LookupError` for reviewers that it does not have.
    """
    by_reviewers: dict[str, list[str]] = {}
    for item in decision.escalations:
        by_reviewers.setdefault(item.reviewers, []).append(item.rule)
    asked = tuple(
        Asked(", ".join(dict.fromkeys(rules)), stages_of(evaluator, reviewers, request))
        for reviewers, rules in by_reviewers.items()
    )
    return Opening(identifier, decision.bundle, request, asked, decision.to_json(), requesters)


def stages_of(evaluator: Deciding, reviewers: str, request: Mapping[str, object]) -> tuple[Stage, ...]:
    """The reviewers of this name and those who are asked after them. Raises what `opening_of` raises."""
    declared = evaluator.policy.reviewers
    found = next((item for item in declared.values() if item.shown_name == reviewers), None)
    if found is None:
        raise LookupError(f"no reviewers are called {reviewers!r}")
    stages: list[Stage] = []
    while found is not None and len(stages) < MOST_STAGES:
        people = evaluator.people(found.shown_name, request)
        stages.append(Stage(found.shown_name, people, found.quorum, found.within, found.notify))
        found = None if found.otherwise == DENY else declared[found.otherwise]
    return tuple(stages)
