"""The courier: lets time pass for tasks, and sends messages until somebody has seen what they are about.

    one round:   job   time passes; canaries and messages that are due are leased      ─┐ in the log's transaction
                 send  all of them at once, each for at most half a minute               │ outside
                 job   what came of each is noted: records, next attempts, health        ┘ in the log's transaction

A crash between the two jobs leaves leases, which end, and the messages are sent again: at least once, with the identifier they had.
Any number of couriers may run, in any number of processes. They share the leases, and what one has sent another does not send. One has to
run, or time passes for no task; the guard runs one, and so does `tenet review serve`.

When a message was tried so often that it is given up, and so were all others about the task, nobody can be told of it. Then it
climbs to the next reviewers at once, if there are any; waiting for its deadline would be waiting for nobody.
"""

from __future__ import annotations

import os
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

import attrs

from tenetlang.audit.errors import LogPoisoned
from tenetlang.audit.records.record import time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.audit.writer import Writer
from tenetlang.report.review_message import (
    AskedOf,
    canary_text,
    canary_title,
    review_text,
    review_title,
)
from tenetlang.review import health, outbox
from tenetlang.review.binding import named_in
from tenetlang.review.channels.channel import LONGEST_ATTEMPT, Channel, Message, MessageKind, NotSent
from tenetlang.review.desk import Desk
from tenetlang.review.links import Link, link_token
from tenetlang.review.tasks import Task

MOST_AT_ONCE: Final = 32
"""So many messages are sent at once."""

POLL: Final = 5.0
"""After so many seconds a courier looks again, whatever it knew: others put messages there too."""

FIRST_ROUND: Final = 5.0
"""For so many seconds whoever starts a courier waits for its first round: until a channel was tried, nobody can be asked."""

_SECOND: Final = 1_000_000_000


@attrs.frozen
class Wording:
    """What messages say beyond the task. `inbox` is the address of the inbox, to which `/tasks/ID` is added; with a `link_key`
    links say for whom they are. Without `reasons` a message says only that something waits."""

    inbox: str | None = None
    link_key: bytes | None = attrs.field(default=None, repr=False)
    reasons: bool = True


@attrs.frozen
class _Errand:
    """One attempt: a message on a channel; `waiting` is None for a canary."""

    channel: Channel
    message: Message
    waiting: outbox.Waiting | None


@attrs.frozen
class _Came:
    """What came of an errand."""

    errand: _Errand
    worked: bool
    for_good: bool = False
    said: str = ""


class Courier:
    """Sends what is in the outbox. A context manager that runs a thread; `round` does one round by itself. Its desk wakes it.

    `channels` are those that this process can use; messages on others are left for those who can. `clock` gives nanoseconds since
    1970, `chance` a number from 0 up to 1.
    """

    def __init__(
        self,
        writer: Writer,
        desk: Desk,
        channels: Sequence[Channel] = (),
        *,
        wording: Wording | None = None,
        clock: Callable[[], int] = time.time_ns,
        randomness: Callable[[int], bytes] = os.urandom,
        chance: Callable[[], float] = random.random,
        longest: float = LONGEST_ATTEMPT,
        poll: float = POLL,
    ) -> None:
        self._writer = writer
        self._desk = desk
        self._channels: Mapping[str, Channel] = {channel.name: channel for channel in channels}
        self._wording = wording or Wording()
        self._clock = clock
        self._randomness = randomness
        self._chance = chance
        self._longest = longest
        self._poll = poll
        self._woken = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._tried = threading.Event()
        desk.when_asked(self.wake)
        self.problem: str | None = None
        """What the last round failed at, None where it did not."""

    # ------------------------------------------------------------------------------------------------------ one round

    def round(self) -> int | None:
        """Lets time pass, sends what is due, and notes what came of it. Gives when something is due next, if it is known.

        Raises the `AuditError` of a log that can't be written, and `ReviewsDamaged`.
        """
        errands = self._writer.do(self._collect).result()
        came = self._all_at_once(errands)
        if came:
            self._writer.do(lambda tables: self._settle(tables, came)).result()
        return self._writer.do(self._next_due).result()

    def _collect(self, tables: Tables) -> tuple[tuple[_Errand, ...], Sequence[Unplaced]]:
        now = self._clock()
        records = self._desk.tick(tables, now)
        errands = [
            _Errand(self._channels[name], self._canary(name, now), None)
            for name in health.due_canaries(tables, now, frozenset(self._channels), outbox.LEASE)
        ]
        for waiting in outbox.take(tables, now, MOST_AT_ONCE, tuple(self._channels)):
            task = self._desk.task(tables, waiting.task)
            due = outbox.wanted(task, waiting, now)
            if task is None or due is None:
                outbox.drop(tables, waiting.identifier)
            elif due > now:
                outbox.put_off(tables, waiting, due)
            else:
                shown = self._desk.request(tables, task.decision) or {}
                errands.append(_Errand(self._channels[waiting.channel], self._message(task, waiting, shown), waiting))
        return tuple(errands), records

    def _settle(self, tables: Tables, came: Sequence[_Came]) -> tuple[None, Sequence[Unplaced]]:
        now = self._clock()
        records: list[Unplaced] = []
        for each in came:
            channel, waiting = each.errand.channel.name, each.errand.waiting
            health.note(tables, channel, now, worked=each.worked, said=each.said)
            task = None if waiting is None else self._desk.task(tables, waiting.task)
            if waiting is None or task is None:
                continue
            result = outbox.settle(
                tables,
                waiting,
                now,
                worked=each.worked,
                for_good=each.for_good,
                chance=self._chance,
                remind_at=outbox.remind_at(task, waiting, now),
            )
            if result is None:
                continue
            members: dict[str, object] = {
                "task": task.identifier,
                "channel": channel,
                "attempt": waiting.attempts,
                "result": result,
            }
            if waiting.who:
                members["to"] = waiting.who
            records.append(self._desk.record("escalation.notified", members, now, None))
            if result == "given_up" and outbox.all_given_up(tables, task.identifier):
                records += self._desk.unreached(tables, now, task.identifier).records
        return None, records

    def _next_due(self, tables: Tables) -> tuple[int | None, Sequence[Unplaced]]:
        times = (self._desk.next_due(tables), outbox.next_time(tables, tuple(self._channels)))
        return min((time for time in times if time is not None), default=None), ()

    def _all_at_once(self, errands: Sequence[_Errand]) -> tuple[_Came, ...]:
        """Does all errands, each in a thread that nobody waits for longer than an attempt may last."""
        answers: queue.Queue[tuple[int, _Came]] = queue.Queue()

        def do(number: int, errand: _Errand) -> None:
            answers.put((number, _done(errand)))

        for number, errand in enumerate(errands):
            threading.Thread(target=do, args=(number, errand), name="tenet courier errand", daemon=True).start()
        found: dict[int, _Came] = {}
        end = time.monotonic() + self._longest + 1.0
        while len(found) < len(errands):
            try:
                number, came = answers.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            found[number] = came
        late = f"it gave no answer within {self._longest:g} seconds"
        return tuple(found.get(number, _Came(errand, False, said=late)) for number, errand in enumerate(errands))

    # ------------------------------------------------------------------------------------------------------- messages

    def _message(self, task: Task, waiting: outbox.Waiting, shown: Mapping[str, object]) -> Message:
        kind: MessageKind = "asked" if waiting.sent == 0 else "reminder"
        asked = self._asked(task, shown)
        data: dict[str, object] = {
            "task": task.identifier,
            "decision": task.decision,
            "deadline": asked.deadline,
            "quorum": asked.quorum,
            "reviewers": asked.reviewers,
            "rule": asked.rule,
            "tool": asked.tool,
            "agent": asked.agent,
            "user": asked.user,
            "reason": asked.reason,
        }
        return Message(
            identifier=waiting.message,
            kind=kind,
            at=task.since // _SECOND,
            address=waiting.address,
            title=review_title(kind if kind == "asked" else "reminder", asked),
            text=review_text(asked),
            link=self._link(task, waiting.who),
            data={name: value for name, value in data.items() if value is not None},
        )

    def _asked(self, task: Task, shown: Mapping[str, object]) -> AskedOf:
        request, decision = shown.get("request"), shown.get("decision")
        request = request if isinstance(request, Mapping) else {}
        reason = decision.get("reason") if isinstance(decision, Mapping) else None
        tool = request.get("tool")
        return AskedOf(
            tool=tool if isinstance(tool, str) else "a tool",
            rule=task.rule,
            reviewers=task.stage.reviewers,
            quorum=task.stage.quorum,
            deadline=time_text(task.deadline),
            afterwards=task.next_reviewers,
            reason=reason if self._wording.reasons and isinstance(reason, str) else None,
            agent=named_in(request, "agent"),
            user=named_in(request, "user"),
        )

    def _canary(self, channel: str, now: int) -> Message:
        identifier = f"{ulid(now, self._randomness(16))}.0"
        data = {"channel": channel}
        return Message(identifier, "canary", now // _SECOND, "", canary_title(), canary_text(), data=data)

    def _link(self, task: Task, who: str) -> str | None:
        wording = self._wording
        if wording.inbox is None:
            return None
        place = f"{wording.inbox.rstrip('/')}/tasks/{task.identifier}"
        if wording.link_key is None or not who:
            return place
        link = Link(task.identifier, who, "see", task.deadline // _SECOND)
        return f"{place}?link={link_token(link, wording.link_key)}"

    # ----------------------------------------------------------------------------------------------------- the thread

    def start(self) -> Self:
        """Begins to do rounds, in a thread. Returns once each channel was tried, and in any case after some seconds."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="tenet courier", daemon=True)
            self._thread.start()
            if self._channels:
                self._tried.wait(FIRST_ROUND)
        return self

    def wake(self) -> None:
        """Says that there is something to send: the next round begins now."""
        self._woken.set()

    def close(self) -> None:
        """Ends after the round that is under way. May be called twice. What is left in the outbox stays there."""
        self._closing = True
        self._woken.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        while not self._closing:
            self._woken.clear()
            try:
                due = self.round()
                self.problem = None
            except LogPoisoned as mistake:  # nothing can be noted any more, so nothing is sent
                self.problem = str(mistake)
                self._tried.set()
                return
            except Exception as mistake:  # noqa: BLE001  # whatever it is, it may be over next time
                self.problem = f"{type(mistake).__name__}: {mistake}"
                due = None
            self._tried.set()
            self._woken.wait(self._pause(due))

    def _pause(self, due: int | None) -> float:
        if due is None:
            return self._poll
        return min(self._poll, max(0.05, (due - self._clock()) / _SECOND))


def _done(errand: _Errand) -> _Came:
    try:
        if errand.waiting is None:
            errand.channel.probe(errand.message)
        else:
            errand.channel.send(errand.message)
    except NotSent as mistake:
        return _Came(errand, False, mistake.for_good, str(mistake))
    except Exception as mistake:  # noqa: BLE001  # a channel that does what it must not is one that failed
        return _Came(errand, False, said=f"{type(mistake).__name__}: {mistake}")
    return _Came(errand, True)
