"""A small world around a real guard: agents, reviewers, a network, a clock and crashes, all from one seed.

Real are the guard, the policy, the ledger, the desk, the courier and the log in its file. Made up is what is outside: who calls, who
answers and how, whether a message arrives, what time it is, when the process dies. One thread does one step after the other, so a
seed is a story, and the same one each time.

A *crash* takes the process away between two transactions: the files are copied as they are, as the disk has them when a process is
killed, and a new guard opens the copy. What the old one had in memory is gone: permits in use, calls that wait. (What a crash
within a transaction leaves is for tests/faults.) `randomness` fails now and then as well, which undoes the transaction that wanted it.

What must hold is in `oracle.py`, and is looked at after every step.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import attrs

from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.guard import Denied, Escalated, Guard, Permit
from tenetlang.review.channels.channel import Message, NotSent
from tenetlang.review.courier import Courier
from tenetlang.review.desk import Answered, Desk, ReviewUnavailable, Rules
from tenetlang.review.people import Directory, Person
from tenetlang.review.tasks import Choice, Task
from tests.simulation.oracle import Call, Oracle

T = TypeVar("T")

START = 1_795_377_600_000_000_000  # 2026-11-22T20:00:00Z
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

POLICY = """
package desk

tool refund(customer: string, amount: decimal)
tool pay(to: string, amount: decimal)

reviewers finance { who {"ada", "grace", "lin"}; within 30m; quorum 2; notify "mail", "hook"; else escalate to directors }
reviewers directors { who {"mary", "joan", "ada"}; within 60m; quorum 1; notify "mail", "hook"; else deny }
reviewers legal { who {"lee", "kim"}; within 20m; quorum 1; notify "hook"; else deny }

counter refunded = sum(args.amount) of refund by agent.id within 24h

default deny because "no rule allows this call"
allow small if { tool is refund; args.amount <= 50.00 }
escalate large to finance if { tool is refund; args.amount > 50.00 } because "a refund of {args.amount} is above 50"
escalate odd to legal if { tool is refund; args.amount > 200.00 } because "a refund of {args.amount} is above 200"
escalate paying to directors if { tool is pay; args.amount <= LIMIT }
deny budget if { tool is refund; refunded + args.amount > 500.00 }
deny frozen if { tool is refund; args.customer in {"c13"} }
"""

NEEDED = {"finance": 2, "directors": 1, "legal": 1}
PEOPLE = ("ada", "grace", "lin", "mary", "joan", "lee", "kim")
NAMES = (*PEOPLE, "ADA", "gráce", "u1", "u2", "a1", "a2", "zoe", "Ada ", "deputy")
USERS = ("u1", "u2", "grace")
AGENTS = ("a1", "a2", "lee")
DIRECTORY = Directory(
    (
        Person("ada", ("u1", "ada@example.com"), {"mail": "ada@example.com"}, ("deputy",)),
        Person("grace", (), {"mail": "grace@example.com"}),
        Person("mary", (), {"mail": "mary@example.com"}),
    ),
    shared=frozenset({"hook"}),
    personal=frozenset({"mail"}),
)


class Broken(OSError):
    """Randomness that fails."""


@attrs.define
class Network:
    """A channel whose other side is as the seed wants it."""

    name: str
    chance: random.Random
    down: bool = False

    def send(self, message: Message, /) -> None:
        if self.down or self.chance.random() < 0.2:
            raise NotSent("no answer", for_good=self.chance.random() < 0.02)

    def probe(self, message: Message, /) -> None:
        self.send(message)


@attrs.define
class Waiting:
    """A call that waits for people, as the agent that asked knows it; `escalated` is gone after a crash."""

    call: Call
    escalated: Escalated[Permit] | None


@attrs.define(eq=False)
class World:
    """All of it. `step` does one thing."""

    seed: int
    folder: Path
    chance: random.Random = attrs.field(init=False)
    now: int = START
    version: int = 0
    life: int = 0
    escalations: int = 0
    oracle: Oracle = attrs.field(factory=lambda: Oracle(NEEDED))
    waiting: list[Waiting] = attrs.field(factory=list)
    used: list[tuple[Call, Permit]] = attrs.field(factory=list)
    story: list[str] = attrs.field(factory=list)
    stopped: set[str] = attrs.field(factory=set)
    channels: tuple[Network, ...] = ()
    guard: Guard = attrs.field(init=False)
    courier: Courier = attrs.field(init=False)
    desk: Desk = attrs.field(init=False)
    _unlucky: bool = False
    _bytes: random.Random = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self._bytes = random.Random(self.seed + 1_000_003)
        self.channels = tuple(Network(name, self.chance) for name in ("mail", "hook"))
        self._open()
        self._round()

    # ------------------------------------------------------------------------------------------------------ the process

    @property
    def log(self) -> Path:
        return self.folder / f"log{self.life}.db"

    def _open(self) -> None:
        self._unlucky = False
        path = self.folder / "desk.tenet"
        path.write_text(POLICY.replace("LIMIT", f"{1000 + self.version}.00"), encoding="utf-8")
        self.desk = Desk(DIRECTORY, rules=Rules(keep_for=3650 * 24 * HOUR), randomness=self._randomness)
        self.guard = Guard.open(
            path, log=self.log, reviews=self.desk, clock=self._clock, randomness=self._randomness, deadline=600.0
        )
        self.oracle.bundle = self.guard.active.digest
        gate = self.guard._gate
        self.courier = Courier(
            gate.writer,
            self.desk,
            self.channels,
            clock=self._clock,
            randomness=self._randomness,
            chance=self.chance.random,
        )

    def _clock(self) -> int:
        return self.now

    def _randomness(self, size: int) -> bytes:
        if self._unlucky and self._bytes.random() < 0.02:
            raise Broken("there is no randomness")
        return self._bytes.randbytes(size)

    def crash(self) -> None:
        """Takes the process away, and starts another one on what it left on the disk."""
        self._unlucky = False
        left = self.log
        self.life += 1
        for ending in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{left}{ending}", f"{self.log}{ending}")
        old, self.guard = self.guard, self.guard
        self.used.clear()
        for item in self.waiting:
            item.escalated = None
        old.close()
        for file in self.folder.glob(f"{left.name}*"):
            if file.is_dir():
                shutil.rmtree(file)
            else:
                file.unlink()
        self._open()

    def close(self) -> None:
        """Ends as a program does that was not killed."""
        self._unlucky = False
        while self.used:
            self._tool_ends(0)
        self.guard.close()

    # ------------------------------------------------------------------------------------------------------------ steps

    def step(self) -> None:
        """One thing happens, chosen by the seed."""
        self._unlucky = True
        steps: Sequence[tuple[int, Callable[[], None]]] = (
            (22, self._ask),
            (34, self._review),
            (14, self._go_on),
            (12, self._end),
            (10, self._pass_time),
            (7, self._round),
            (1, self._change_network),
            (1, self._switch),
        )
        weights = [weight for weight, _ in steps]
        (action,) = self.chance.choices([action for _, action in steps], weights)
        action()
        if self.chance.random() < 0.003:
            self.tell("the process is killed")
            if self.chance.random() < 0.2:
                self.version += 1
                self.tell(f"the policy changes to version {self.version}")
            self.crash()
        self.oracle.check()

    def _ask(self) -> None:
        self._call(self._any_call(), "asks")

    def _any_call(self) -> Call:
        chance = self.chance
        agent, user = chance.choice(AGENTS), chance.choice(USERS)
        if chance.random() < 0.15:
            return Call(agent, user, "pay", (("amount", Decimal(chance.choice((5, 700, 5000)))), ("to", "x")))
        amount = Decimal(chance.choice(("10.00", "49.99", "50.01", "120", "230.5", "400", "501")))
        customer = chance.choice(("c1", "c2", "c3", "c13"))
        return Call(agent, user, "refund", (("amount", amount), ("customer", customer)))

    def _call(self, call: Call, how: str) -> None:
        """An agent calls; what it gets is a permit, a no, or the word that people are asked."""
        try:
            permit = self.guard.call(
                call.tool, dict(call.arguments), agent=call.agent, user=call.user, session=call.agent
            )
        except Denied as denied:
            self._told_no(call, denied, how)
        except Escalated as escalated:
            self.escalations += 1
            self.oracle.escalated(call, escalated.review.answer, self._tasks(escalated.review.tasks), self.now)
            self.waiting.append(Waiting(call, escalated))
            self.tell(f"{call} {how}: waits as {', '.join(escalated.review.tasks)}")
        else:
            self._permitted(call, permit, how)

    def _told_no(self, call: Call, denied: Denied, how: str) -> None:
        self.oracle.denied(denied.answer)
        self.tell(f"{call} {how}: denied by {', '.join(denied.decision.decided_by)}: {denied.decision.reason}")

    def _permitted(self, call: Call, permit: Permit, how: str) -> None:
        self.oracle.permitted(call, permit.answer, self.now, stopped=bool(self.stopped & {"all", call.agent}))
        self.tell(f"{call} {how}: allowed as {permit.identifier}")
        permit.__enter__()
        self.used.append((call, permit))
        self.oracle.executed(permit.identifier)

    def _go_on(self) -> None:
        """An agent comes back for its answer; it may have forgotten that it asked, or try another call with it."""
        if not self.waiting:
            return
        item = self.chance.choice(self.waiting)
        if item.escalated is None or self.chance.random() < 0.2:
            call = item.call if self.chance.random() < 0.8 else item.call.changed()
            self._call(call, "calls again")
            return
        try:
            permit = item.escalated.resume()
        except Denied as denied:
            self._told_no(item.call, denied, "comes back")
            self.waiting.remove(item)
        except Escalated as still:
            if still.review.tasks != item.escalated.review.tasks:
                self.escalations += 1
                self.oracle.escalated(item.call, still.review.answer, self._tasks(still.review.tasks), self.now)
                self.tell(f"{item.call} comes back: waits anew as {', '.join(still.review.tasks)}")
                item.escalated = still
        except Broken:
            self.tell(f"{item.call} comes back: nothing can be said")
        else:
            self.waiting.remove(item)
            self._permitted(item.call, permit, "comes back")

    def _end(self) -> None:
        if self.used:
            self._tool_ends(self.chance.randrange(len(self.used)))

    def _tool_ends(self, place: int) -> None:
        call, permit = self.used.pop(place)
        self._unlucky = False
        if self.chance.random() < 0.2:
            problem = RuntimeError("the tool failed")
            permit.__exit__(RuntimeError, problem, None)
            outcome = "error"
        else:
            permit.result("done")
            permit.__exit__(None, None, None)
            outcome = "ok"
        self.oracle.ended(permit.identifier, outcome, self.now)
        self.tell(f"{call} as {permit.identifier}: {outcome}")

    # ------------------------------------------------------------------------------------------------------- the people

    def _review(self) -> None:
        """Somebody does something about a task: one who is asked, one who is not, one who asked for the call."""
        chance = self.chance
        tasks = self.oracle.open_tasks() if chance.random() < 0.95 else self.oracle.all_tasks()
        if not tasks:
            return
        identifier = chance.choice(tasks)
        task = self._task(identifier)
        asked = (*task.stage.people, *task.stage.people, *(item.taker for item in task.delegations))
        who = chance.choice(asked if chance.random() < 0.75 else NAMES)
        what = chance.choices(("approve", "deny", "seen", "claim", "release", "delegate"), (60, 5, 12, 5, 5, 6))[0]
        if what in {"approve", "deny"}:
            self._vote(task, who, what)
        elif what == "delegate":
            to = chance.choice(NAMES)
            answered = self._answer(lambda tables: self.desk.delegate(tables, self.now, identifier, who, "inbox", to))
            if answered is not None and answered.refused is None:
                self.oracle.delegated(identifier, who, to)
            self.tell(f"{who} hands {identifier} to {to}: {_said(answered)}")
        else:
            act = {"seen": self.desk.seen, "claim": self.desk.claim, "release": self.desk.release}[what]
            answered = self._answer(lambda tables: act(tables, self.now, identifier, who, "inbox"))
            self.tell(f"{who}: {what} {identifier}: {_said(answered)}")
        self.oracle.saw(self._task(identifier))

    def _vote(self, task: Task, who: str, choice: str) -> None:
        bound = task.binding if self.chance.random() < 0.97 else "0" * 64
        wanted: Choice = "approve" if choice == "approve" else "deny"
        answered = self._answer(
            lambda tables: self.desk.vote(tables, self.now, task.identifier, who, "inbox", wanted, bound)
        )
        if answered is not None:
            self.oracle.voted(task, self._task(task.identifier), who, wanted, bound, self.now)
        self.tell(f"{who}: {choice} {task.identifier}: {_said(answered)}")

    def _answer(self, action: Callable[[Tables], Answered]) -> Answered | None:
        def job(tables: Tables) -> tuple[Answered, Sequence[Unplaced]]:
            answered = action(tables)
            return answered, answered.records

        with suppress(Broken, ReviewUnavailable):
            return self.guard._gate.writer.do(job).result()
        return None

    # ------------------------------------------------------------------------------------------------------- all else

    def _pass_time(self) -> None:
        chance = self.chance
        kind = chance.random()
        if kind < 0.70:
            passed = chance.randrange(1, 5) * MINUTE
        elif kind < 0.9:
            passed = chance.randrange(5, 40) * MINUTE
        elif kind < 0.97:
            passed = chance.randrange(1, 30) * HOUR
        else:
            passed = -chance.randrange(1, 10) * MINUTE
        self.now += passed
        self.tell(f"{passed // MINUTE} minutes pass")

    def _round(self) -> None:
        with suppress(Broken):
            self.courier.round()

    def _change_network(self) -> None:
        network = self.chance.choice(self.channels)
        network.down = not network.down
        self.tell(f"{network.name} is {'down' if network.down else 'up'}")

    def _switch(self) -> None:
        agent = self.chance.choice((*AGENTS, None))
        name = agent or "all"
        with suppress(Broken):
            if name in self.stopped:
                self.guard.resume(agent=agent)
                self.stopped.discard(name)
            elif not self.stopped:
                self.guard.stop(agent=agent)
                self.stopped.add(name)
        self.tell(f"stopped: {', '.join(self.stopped) or 'nobody'}")

    def _tasks(self, identifiers: Sequence[str]) -> list[Task]:
        return [self._task(identifier) for identifier in identifiers]

    def _task(self, identifier: str) -> Task:
        found = self.read(lambda tables: self.desk.task(tables, identifier))
        assert found is not None
        return found

    def read(self, action: Callable[[Tables], T]) -> T:
        return self.guard._gate.writer.do(lambda tables: (action(tables), ())).result()

    def tell(self, what: str) -> None:
        self.story.append(f"{(self.now - START) / MINUTE:8.0f} min  {what}")


def _said(answered: Answered | None) -> str:
    if answered is None:
        return "failed"
    return answered.refused or ("gone" if answered.task is None else answered.task.status)
