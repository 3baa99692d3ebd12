"""Asking people: what a guard wants of the desk (`tenetlang.review`), within the transaction of a decision.

A veto holds for a while. Whoever is told no and asks again, with exactly the same call, would ask people who have just answered, as
often as an agent can loop; so for as long as an approval would have been good, such a call is denied (`review_denied`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.decision import Decision
from tenetlang.evaluator.asking import AskError
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.review.binding import binding
from tenetlang.review.desk import Approval, Desk, ReviewUnavailable
from tenetlang.review.openings import Opening, opening_of
from tenetlang.review.rows import load_all
from tenetlang.review.tasks import Task

Standing: TypeAlias = Literal["waiting", "approved", "denied", "expired", "cancelled"]

_VETOED: Final = "SELECT content, subject FROM review_tasks WHERE binding = ? AND status = 'denied' ORDER BY keep_until DESC, id DESC LIMIT 8"


@attrs.frozen
class Reviews:
    """Asks people through a desk."""

    desk: Desk

    def approvals(self, tables: Tables, now_ns: int, request: Mapping[str, object], bundle: str) -> Sequence[Approval]:
        """What people approved for exactly this call."""
        return self.desk.approvals(tables, now_ns, binding(request), bundle)

    def vetoed(self, tables: Tables, now_ns: int, request: Mapping[str, object], bundle: str) -> bool:
        """Whether people said no to exactly this call lately."""
        found = (item.task for item in load_all(tables, _VETOED, (binding(request),)))
        return any(task.bundle == bundle and now_ns - task.latest <= task.good_for for task in found)

    def use(self, tables: Tables, now_ns: int, identifier: str, approvals: Sequence[Approval]) -> list[Unplaced]:
        """Uses these approvals up, for the decision of this identifier; gives the records. Raises `ReviewUnavailable`."""
        return [record for item in approvals for record in self.desk.use(tables, now_ns, item.task, identifier)]

    def obstacle(
        self, tables: Tables, now_ns: int, decision: Decision, request: Mapping[str, object], evaluator: Evaluator
    ) -> str | None:
        """Why people can't be asked; None if they can."""
        try:
            return self.desk.obstacle(tables, now_ns, _opening(evaluator, decision, "", request))
        except (AskError, LookupError) as mistake:
            return f"the policy can't say who is asked: {mistake}"

    def open(
        self,
        tables: Tables,
        now_ns: int,
        identifier: str,
        decision: Decision,
        request: Mapping[str, object],
        evaluator: Evaluator,
    ) -> tuple[tuple[str, ...], tuple[Unplaced, ...]]:
        """Asks people about the decision of this identifier: the tasks, and the records. Raises `ReviewUnavailable`."""
        opened = self.desk.open(tables, now_ns, _opening(evaluator, decision, identifier, request))
        return tuple(task.identifier for task in opened.tasks), opened.records

    def standing(self, tables: Tables, now_ns: int, tasks: Sequence[str]) -> tuple[Standing, list[Unplaced]]:
        """How all of these tasks together stand, once time has passed: the worst of them; and the records of time's passing."""
        records = list(self.desk.tick(tables, now_ns))
        found = [self.desk.task(tables, task) for task in tasks]
        return _worst(found), records


def _opening(evaluator: Evaluator, decision: Decision, identifier: str, request: Mapping[str, object]) -> Opening:
    return opening_of(evaluator, decision, identifier, request)


def _worst(tasks: Sequence[Task | None]) -> Standing:
    found: set[str] = {"expired" if task is None else task.status for task in tasks}
    order: tuple[Standing, ...] = ("denied", "expired", "cancelled", "waiting")
    return next((status for status in order if status in found), "approved")


__all__ = ["Approval", "ReviewUnavailable", "Reviews", "Standing"]
