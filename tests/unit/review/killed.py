"""A process that asks people, tells them and takes their answers, and kills itself at its n-th step: see `test_killed.py`.

    python -m tests.unit.review.killed LOG URL STEP NOW

Whatever it finds half done it goes on with. Without a step at which to end it comes to the end, and prints what it did on the way.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

import attrs

from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.review.channels.channel import Message
from tenetlang.review.channels.webhook import Webhook
from tenetlang.review.courier import Courier
from tenetlang.review.desk import Answered
from tenetlang.review.people import Directory
from tests.unit.review.channels.test_webhook import SECRET
from tests.unit.review.desks import Office, office
from tests.unit.review.tasks import BINDING, FINANCE

DIRECTORY = Directory((), frozenset({"desk"}), frozenset(), ("desk",))


@attrs.define
class Steps:
    """Counts steps, and ends the process at one of them, as a power cut would."""

    last: int
    taken: int = 0

    def __call__(self) -> None:
        self.taken += 1
        if self.taken == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


@attrs.define
class Stepping:
    """A channel with a step before and after what it does."""

    webhook: Webhook
    step: Steps
    name: str = "desk"

    def send(self, message: Message) -> None:
        self.step()
        self.webhook.send(message)
        self.step()

    def probe(self, message: Message) -> None:
        self.webhook.probe(message)


def main(place: str, url: str, last: int, now: int) -> None:
    step = Steps(last)
    with office(place, DIRECTORY) as here:
        here.now = now
        here.random = os.urandom
        here.desk._randomness = os.urandom
        here.decisions = len(here.records("intent"))
        courier = Courier(
            here.writer, here.desk, (Stepping(Webhook("desk", url, (SECRET,)), step),), clock=lambda: here.now
        )
        step()
        courier.round()
        step()
        if not here.read(lambda tables: tables.run("SELECT id FROM review_tasks")):
            here.ask(attrs.evolve(FINANCE, notify=()))
            print("asked", flush=True)
        step()
        courier.round()
        step()
        for who in ("ada", "grace"):
            for task in here.read(here.desk.waiting):
                answer(here, step, task.identifier, who, task.binding)
        for task in here.read(here.desk.finished):
            for approval in here.approvals(task.binding):
                here.use(approval)
                print("used", flush=True)
                step()
    print("done", step.taken, flush=True)


def answer(here: Office, step: Steps, task: str, who: str, binding: str) -> None:
    def job(tables: Tables) -> tuple[Answered, Sequence[Unplaced]]:
        answered = here.desk.vote(tables, here.now, task, who, "inbox", "approve", binding)
        step()  # within the transaction
        return answered, answered.records

    here.do(job)
    print("voted", who, flush=True)
    step()


if __name__ == "__main__":
    assert len(BINDING) == 64
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
