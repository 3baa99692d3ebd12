"""The desk: tasks in the tables beside a log, each change in the transaction of the records that tell of it.

    desk = Desk(directory)
    writer.do(desk.prepare)                                                                once, when a process begins

    def job(tables):                                                                       in the guard, for a decision to ask
        opened = desk.open(tables, now, opening_of(evaluator, decision, identifier, request))
        return opened.tasks, (intent, *opened.records)

    def job(tables):                                                                       in the inbox
        answered = desk.vote(tables, now, task, "ada", "inbox", "approve", binding)
        return answered, answered.records

Every method takes the `Tables` of a transaction, is called inside a job of the log's writer, and gives the records that the job has
to append. Nothing here waits, sends or flushes. Since a log has one writer at a time, over all processes, two
people who vote at once are one after the other here, and a task ends once.

An approval is *used* in the transaction of the decision that relies on it: `approvals` says what there is for exactly this call and
bundle, the policy decides with it, `use` strikes it off. Under another bundle it does not hold, and people are asked again.

What reviewers see of the request lies in the tables until the task is over and `keep_for` has passed, sealed with the person's key
where the log's payloads are (docs/reviews.md, docs/privacy.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs

from tenetlang.audit.canonical import canonical_bytes
from tenetlang.audit.payloads.sealer import Sealer
from tenetlang.audit.payloads.sealing import Seal, open_payload, seal
from tenetlang.audit.records.disclosure import read_payload
from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.record import identity_word, time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.review import outbox
from tenetlang.review.binding import asker_of
from tenetlang.review.binding import binding as binding_of
from tenetlang.review.binding import requesters as requesters_of
from tenetlang.review.health import healthy_channels
from tenetlang.review.openings import Asked, Opening
from tenetlang.review.people import Directory
from tenetlang.review.rows import StoredTask, count, create_tables, insert, load, load_all, load_waiting, update
from tenetlang.review.state import asked_people, can_decide, open_task, step
from tenetlang.review.tasks import (
    Cancelled,
    Choice,
    Claimed,
    Delegated,
    Effect,
    Ended,
    Event,
    Noted,
    Refusal,
    Released,
    Seen,
    Stage,
    Task,
    Tell,
    Tick,
    Unreached,
    Used,
    Voted,
    person,
)

_MINUTE: Final = 60 * 1_000_000_000
_DAY: Final = 24 * 60 * _MINUTE

MOST_AT_ONCE: Final = 256
"""So many tasks are looked at in one transaction when time has passed."""


class ReviewUnavailable(Exception):
    """People would have to be asked and can't be: the sentence says why. The answer is a denial."""


@attrs.frozen
class Rules:
    """What a deployment says about its reviews; times in nanoseconds.

    `good_for` is how long an approval can be used, `unseen_percent` see `Task`, `keep_for` how long what is over is kept,
    `most_waiting` how many tasks may wait, `most_of_one` how many of them of one agent, `most_alike` how many about the same call.
    """

    good_for: int = 60 * _MINUTE
    unseen_percent: int | None = None
    keep_for: int = 30 * _DAY
    most_waiting: int = 10_000
    most_of_one: int = 100
    most_alike: int = 3


@attrs.frozen
class Opened:
    """The tasks that were opened, and the records of it."""

    tasks: tuple[Task, ...]
    records: tuple[Unplaced, ...]


@attrs.frozen
class Approval:
    """An approval that can be used now: as `approvals` of a request, `{"reviewers": …}`; `people` are those who approved."""

    task: str
    reviewers: str
    rule: str
    people: tuple[str, ...]
    expires: int

    def fact(self) -> dict[str, object]:
        """The approval as a request has it."""
        return {"reviewers": self.reviewers}


@attrs.frozen
class Answered:
    """What came of something that a person did: the task as it is then (None where there is no such task), the reason if it was
    refused, and the records to append, which there may be either way."""

    task: Task | None
    refused: Refusal | None
    records: tuple[Unplaced, ...]


class Desk:
    """Opens tasks, takes what people say, and lets time pass. Keeps nothing but in the tables; may be shared between threads.

    `sealer` seals comments, and what is kept of requests; `randomness` gives so many random bytes.
    """

    def __init__(
        self,
        directory: Directory | None = None,
        *,
        rules: Rules | None = None,
        sealer: Sealer | None = None,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.directory: Final = directory or Directory()
        self.rules: Final = rules or Rules()
        self._sealer = sealer
        self._randomness = randomness
        self._listeners: list[Callable[[], None]] = []

    def when_asked(self, listener: Callable[[], None]) -> None:
        """Calls this, within the job, when there are new messages to send: a courier of this process is woken so."""
        self._listeners.append(listener)

    def prepare(self, tables: Tables) -> tuple[None, tuple[Unplaced, ...]]:
        """Creates the tables unless they are there: itself a job."""
        create_tables(tables)
        return None, ()

    # ------------------------------------------------------------------------------------------------ for the guard

    def obstacle(self, tables: Tables, now_ns: int, opening: Opening) -> str | None:
        """Why these people can't be asked, in a sentence; None if they can."""
        if not opening.asked:
            return "the decision names nobody to ask"
        healthy = healthy_channels(tables, now_ns, self.directory.channels)
        excluded = self._requesters(opening)
        for asked in opening.asked:
            able = [stage for stage in self._stages(asked) if can_decide(stage, excluded)]
            if not able:
                names = ", ".join(stage.reviewers for stage in asked.stages)
                return f"without those who ask for the call, too few people are left of {names}"
            if self.directory.channels and not any(self._reaches(stage, healthy) for stage in able[:1]):
                return f"no channel to {able[0].reviewers} works"
        if count(tables, "SELECT COUNT(*) FROM review_tasks WHERE status = 'waiting'") >= self.rules.most_waiting:
            return f"{self.rules.most_waiting:,} escalations wait already"
        theirs = "SELECT COUNT(*) FROM review_tasks WHERE asker = ? AND status = 'waiting'"
        if count(tables, theirs, (asker_of(opening.request),)) >= self.rules.most_of_one:
            return f"{self.rules.most_of_one:,} escalations of this agent wait already"
        same = load_all(
            tables,
            "SELECT content, subject FROM review_tasks WHERE binding = ? AND status = 'waiting' ORDER BY id DESC LIMIT ?",
            (binding_of(opening.request), MOST_AT_ONCE),
        )
        alike = len({item.task.decision for item in same if item.task.bundle == opening.bundle})
        if alike >= self.rules.most_alike:
            return f"people are asked about this very call already, {alike} times"
        return None

    def open(self, tables: Tables, now_ns: int, opening: Opening) -> Opened:
        """Asks the people of a decision: a task for each of its reviewers, and a message on every way to them.

        Raises `ReviewUnavailable` where there is an `obstacle`, and `CanonicalError` for a request that is no JSON.
        """
        problem = self.obstacle(tables, now_ns, opening)
        if problem is not None:
            raise ReviewUnavailable(problem)
        whole = opening.request
        subject = identity_word(whole, "user") if self._sealer is None else self._sealer.person_of(whole)
        bound = binding_of(opening.request)
        tasks: list[Task] = []
        records: list[Unplaced] = []
        for asked in opening.asked:
            first, *chain = self._stages(asked)
            task = Task(
                identifier=ulid(now_ns, self._randomness(16)),
                decision=opening.decision,
                rule=asked.rule,
                asked=first.reviewers,
                stage=first,
                chain=tuple(chain),
                deadline=now_ns + first.within,
                unseen_percent=self.rules.unseen_percent,
                binding=bound,
                bundle=opening.bundle,
                requesters=self._requesters(opening),
                good_for=self.rules.good_for,
                opened=now_ns,
                since=now_ns,
                latest=now_ns,
            )
            opened = open_task(task)
            insert(tables, opened.task, asker_of(opening.request), subject)
            records += self._take_effect(tables, opened.task, subject, opened.effects, now_ns)
            tasks.append(opened.task)
        self._keep_request(tables, opening, subject)
        return Opened(tuple(tasks), tuple(records))

    def approvals(self, tables: Tables, now_ns: int, binding: str, bundle: str) -> tuple[Approval, ...]:
        """What was approved for exactly this call under this bundle, and can still be used: of each reviewers the approval
        that is over first."""
        found: dict[str, Approval] = {}
        stored = load_all(
            tables,
            "SELECT content, subject FROM review_tasks WHERE binding = ? AND status = 'approved' ORDER BY id",
            (binding,),
        )
        for task in (item.task for item in stored):
            expires = task.expires
            if task.bundle != bundle or task.used is not None or expires is None or max(now_ns, task.latest) > expires:
                continue
            known = found.get(task.asked)
            if known is None or expires < known.expires:
                people = tuple(vote.who for vote in task.votes if vote.choice == "approve")
                found[task.asked] = Approval(task.identifier, task.asked, task.rule, people, expires)
        return tuple(found.values())

    def use(self, tables: Tables, now_ns: int, task: str, decision: str) -> tuple[Unplaced, ...]:
        """Uses an approval up, for a decision of this identifier. Raises `ReviewUnavailable` where there is none to use."""
        answered = self._happen(tables, now_ns, task, Used(decision))
        if answered.task is None or answered.refused is not None:
            raise ReviewUnavailable(f"the approval of {task} can't be used: {answered.refused or 'there is none'}")
        return answered.records

    def cancel(self, tables: Tables, now_ns: int, decision: str) -> tuple[Unplaced, ...]:
        """Ends the tasks of a decision that are still waiting: nobody needs the answer."""
        records: list[Unplaced] = []
        for task in self.tasks_of(tables, decision):
            records += self._happen(tables, now_ns, task.identifier, Cancelled()).records
        return tuple(records)

    def tasks_of(self, tables: Tables, decision: str) -> tuple[Task, ...]:
        """The tasks of a decision, in the order of their identifiers."""
        stored = load_all(
            tables, "SELECT content, subject FROM review_tasks WHERE decision = ? ORDER BY id", (decision,)
        )
        return tuple(item.task for item in stored)

    def tick(self, tables: Tables, now_ns: int) -> tuple[Unplaced, ...]:
        """Lets time pass: what is due climbs or ends, and what has been over for long is taken away."""
        records: list[Unplaced] = []
        due = load_all(
            tables,
            "SELECT content, subject FROM review_tasks WHERE status = 'waiting' AND due <= ? ORDER BY due LIMIT ?",
            (now_ns, MOST_AT_ONCE),
        )
        for stored in due:
            records += self._step(tables, stored, Tick(), now_ns).records
        self._forget(tables, now_ns)
        return tuple(records)

    def next_due(self, tables: Tables) -> int | None:
        """When time alone changes something next."""
        rows = tables.run("SELECT due FROM review_tasks WHERE status = 'waiting' ORDER BY due LIMIT 1")
        return rows[0][0] if rows and isinstance(rows[0][0], int) else None

    # ------------------------------------------------------------------------------------------------- what people do

    def vote(
        self,
        tables: Tables,
        now_ns: int,
        task: str,
        who: str,
        how: str,
        choice: Choice,
        binding: str,
        comment: str | None = None,
    ) -> Answered:
        """A person votes. `binding` is that of the call as it was shown to them."""
        return self._happen(
            tables, now_ns, task, Voted(self.directory.named(who), how, choice, binding, comment or None)
        )

    def seen(self, tables: Tables, now_ns: int, task: str, who: str, how: str) -> Answered:
        """A person has opened the task."""
        return self._happen(tables, now_ns, task, Seen(self.directory.named(who), how))

    def claim(self, tables: Tables, now_ns: int, task: str, who: str, how: str) -> Answered:
        """A person says to look after it."""
        return self._happen(tables, now_ns, task, Claimed(self.directory.named(who), how))

    def release(self, tables: Tables, now_ns: int, task: str, who: str, how: str) -> Answered:
        """A person no longer does, or takes back what they handed on."""
        return self._happen(tables, now_ns, task, Released(self.directory.named(who), how))

    def delegate(self, tables: Tables, now_ns: int, task: str, who: str, how: str, to: str) -> Answered:
        """A person hands it to another, who is asked already or may stand in (`Person.may_hand_to`)."""
        giver, taker = self.directory.named(who), self.directory.named(to)
        allowed = self.directory.may_hand(giver, taker)
        return self._happen(tables, now_ns, task, Delegated(giver, how, taker, allowed))

    def unreached(self, tables: Tables, now_ns: int, task: str) -> Answered:
        """Every way to those who are asked was given up."""
        return self._happen(tables, now_ns, task, Unreached())

    # ---------------------------------------------------------------------------------------------------- to look at

    def task(self, tables: Tables, task: str) -> Task | None:
        """The task of an identifier."""
        stored = load(tables, task)
        return None if stored is None else stored.task

    def waiting(self, tables: Tables, *, who: str | None = None, most: int = 1000) -> tuple[Task, ...]:
        """The tasks that wait, the most urgent first; with `who` those about which this person can say something."""
        if who is None:
            return tuple(item.task for item in load_waiting(tables, None, most))
        key, found = person(self.directory.named(who)), list[Task]()
        page = load_waiting(tables, None, MOST_AT_ONCE)
        while page and len(found) < most:
            found += [item.task for item in page if key in map(person, asked_people(item.task))]
            page = load_waiting(tables, page[-1].task, MOST_AT_ONCE)
        return tuple(found[:most])

    def finished(self, tables: Tables, *, most: int = 100) -> tuple[Task, ...]:
        """The tasks that are over, the latest first."""
        stored = load_all(
            tables,
            "SELECT content, subject FROM review_tasks WHERE status <> 'waiting' ORDER BY keep_until DESC, id DESC LIMIT ?",
            (most,),
        )
        return tuple(item.task for item in stored)

    def request(self, tables: Tables, decision: str) -> Mapping[str, object] | None:
        """What reviewers see of a decision: `{"request": …, "decision": …}`. None where it is not kept any more, or is sealed
        with a key that is gone. Numbers have all their digits. Raises `AuditError` for one that was changed, or a keyring that can't be used."""
        rows = tables.run("SELECT content FROM review_requests WHERE decision = ?", (decision,))
        if not rows or not isinstance(rows[0][0], bytes):
            return None
        sealer = self._sealer
        opened = open_payload(rows[0][0], decision, (lambda _: None) if sealer is None else sealer.keyring.key_of)
        if isinstance(opened, Seal):
            return None
        shown = read_payload(opened)
        return shown if isinstance(shown, dict) else None

    def erase(self, tables: Tables, subject: str) -> int:
        """Erases what is kept of the requests of a person, by the *caller's word* of their identifier; the user's, or what the
        keyring goes by. Tasks stay, and reviewers see them without their call. Gives how many requests that were."""
        rows = tables.run(
            "SELECT decision FROM review_requests WHERE decision IN (SELECT decision FROM review_tasks WHERE subject = ?)",
            (subject,),
        )
        for (decision,) in rows:
            tables.run("DELETE FROM review_requests WHERE decision = ?", (decision,))
        return len(rows)

    # -------------------------------------------------------------------------------------------------------- inside

    def _happen(self, tables: Tables, now_ns: int, identifier: str, event: Event) -> Answered:
        stored = load(tables, identifier)
        return Answered(None, None, ()) if stored is None else self._step(tables, stored, event, now_ns)

    def _step(self, tables: Tables, stored: StoredTask, event: Event, now_ns: int) -> Answered:
        stepped = step(stored.task, event, now_ns)
        if stepped.task != stored.task:
            task = stepped.task
            over = task.status != "waiting"
            update(tables, task, max(task.latest, task.expires or 0) + self.rules.keep_for if over else 0)
        records = self._take_effect(tables, stepped.task, stored.subject, stepped.effects, now_ns)
        return Answered(stepped.task, stepped.refused, tuple(records))

    def _take_effect(
        self, tables: Tables, task: Task, subject: str | None, effects: Sequence[Effect], now_ns: int
    ) -> list[Unplaced]:
        records: list[Unplaced] = []
        for effect in effects:
            match effect:
                case Noted(kind, members):
                    records.append(self.record(kind, members, now_ns, subject))
                    if kind == "escalation.climbed":
                        outbox.drop_all(tables, task.identifier)
                case Tell(people):
                    shared = set(people) == set(asked_people(task))
                    routes = self.directory.routes(task.stage.notify, people, shared=shared)
                    outbox.put(tables, task.identifier, routes, now_ns, self._randomness)
                    for listener in self._listeners:
                        listener()
                case Ended():
                    outbox.drop_all(tables, task.identifier)
        return records

    def record(self, kind: str, members: Mapping[str, object], now_ns: int, subject: str | None) -> Unplaced:
        """A record of this kind; its payload, if it has one, sealed for the person whom the decision is about."""
        envelope, payload = event_record(
            kind,
            members,
            time_text(now_ns),
            ulid(now_ns, self._randomness(16)),
            lambda: self._randomness(16),
        )
        made = unplaced(envelope, payload)
        return made if self._sealer is None else self._sealer(made, subject)

    def _keep_request(self, tables: Tables, opening: Opening, subject: str | None) -> None:
        content = canonical_bytes({"request": opening.request, "decision": opening.shown}, "keep")
        sealed = self._sealer is not None
        if self._sealer is not None:
            key = self._sealer.keyring.key_for(subject, self._randomness)
            content = seal(content, key, opening.decision, self._randomness)
        tables.run(
            "INSERT INTO review_requests (decision, sealed, content) VALUES (?, ?, ?)",
            (opening.decision, int(sealed), content),
        )

    def _forget(self, tables: Tables, now_ns: int) -> None:
        rows = tables.run(
            "SELECT id FROM review_tasks WHERE status <> 'waiting' AND keep_until <= ? LIMIT ?", (now_ns, MOST_AT_ONCE)
        )
        for (identifier,) in rows:
            tables.run("DELETE FROM review_tasks WHERE id = ?", (identifier,))
        if rows:
            tables.run("DELETE FROM review_requests WHERE decision NOT IN (SELECT decision FROM review_tasks)")

    def _stages(self, asked: Asked) -> tuple[Stage, ...]:
        """The stages with everybody under the one name that the configuration has for them, and once."""
        found: list[Stage] = []
        for stage in asked.stages:
            people = {person(name): name for name in map(self.directory.named, reversed(stage.people))}
            found.append(attrs.evolve(stage, people=tuple(sorted(people.values()))))
        return tuple(found)

    def _requesters(self, opening: Opening) -> tuple[str, ...]:
        return self.directory.names_of((*requesters_of(opening.request), *opening.requesters))

    def _reaches(self, stage: Stage, healthy: frozenset[str]) -> bool:
        return any(route.channel in healthy for route in self.directory.routes(stage.notify, stage.people))
