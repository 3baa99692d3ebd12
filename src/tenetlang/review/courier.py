"""The courier: lets time pass for tasks, and sends messages until somebody has seen what they are about.

    one round:   job   time passes; canaries and messages that are due are leased      ─┐ in the log's transaction
                 send  all of them at once, each for at most half a minute               │ outside
                 job   what came of each is noted: records, next attempts, health        ┘ in the log's transaction

A crash between the two jobs leaves leases, which end, and the messages are sent again: at least once, with the identifier they had.
While it runs, a courier does the rounds of each channel in a thread of its own, and in one more those in which time passes: a
channel that hangs keeps nothing else waiting. Any number of couriers may run, in any number of processes. They share the leases, and
what one has sent another does not send. One has to run, or time passes for no task; the guard runs one, and so does `tenet
review serve`.

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
    """Sends what is in the outbox. A context manager that runs threads; `round` does one round by itself. Its desk wakes it.

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
        self._changed = threading.Condition()
        self._wakes = 0
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._tried: set[tuple[str, ...]] = set()
        self._problems: dict[tuple[str, ...], str] = {}
        desk.when_asked(self.wake)

    @property
    def problem(self) -> str | None:
        """What the last rounds failed at, None where they did not."""
        return next(iter(tuple(self._problems.values())), None)

    # ------------------------------------------------------------------------------------------------------ one round

    def round(self, channels: Sequence[str] | None = None, *, passes: bool = True) -> int | None:
        """Lets time pass, sends what is due on these channels (all of them, if nothing is said), and notes what came of it. Gives
        when something is due next, if it is known.

        Unless `passes`, time is left to somebody else. Raises the `AuditError` of a log that can't be written, and `ReviewsDamaged`.
        """
        names = tuple(self._channels) if channels is None else tuple(channels)
        errands, due = self._writer.do(lambda tables: self._collect(tables, names, passes=passes)).result()
        if not errands:
            return due
        came = self._all_at_once(errands)
        return self._writer.do(lambda tables: self._settle(tables, came, names, passes=passes)).result()

    def _collect(
        self, tables: Tables, names: Sequence[str], *, passes: bool
    ) -> tuple[tuple[tuple[_Errand, ...], int | None], Sequence[Unplaced]]:
        now = self._clock()
        records = self._desk.tick(tables, now) if passes else ()
        errands = [
            _Errand(self._channels[name], self._canary(name, now), None)
            for name in health.due_canaries(tables, now, frozenset(names), outbox.LEASE)
        ]
        for waiting in outbox.take(tables, now, MOST_AT_ONCE, names):
            task = self._desk.task(tables, waiting.task)
            due = outbox.wanted(task, waiting, now)
            if task is None or due is None:
                outbox.drop(tables, waiting.identifier)
            elif due > now:
                outbox.put_off(tables, waiting, due)
            else:
                shown = self._desk.request(tables, task.decision) or {}
                errands.append(_Errand(self._channels[waiting.channel], self._message(task, waiting, shown), waiting))
        return (tuple(errands), self._next_due(tables, names, passes=passes)), records

    def _settle(
        self, tables: Tables, came: Sequence[_Came], names: Sequence[str], *, passes: bool
    ) -> tuple[int | None, Sequence[Unplaced]]:
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
        return self._next_due(tables, names, passes=passes), records

    def _next_due(self, tables: Tables, names: Sequence[str], *, passes: bool) -> int | None:
        times = (self._desk.next_due(tables) if passes else None, outbox.next_time(tables, names))
        return min((time for time in times if time is not None), default=None)

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

    # ---------------------------------------------------------------------------------------------------- the threads

    def start(self) -> Self:
        """Begins to do rounds, in threads. Returns once each channel was tried, and in any case after some seconds."""
        if not self._threads:
            for names in ((), *((name,) for name in self._channels)):
                thread = threading.Thread(target=self._work, args=(names,), name="tenet courier", daemon=True)
                self._threads.append(thread)
            for thread in self._threads:
                thread.start()
            with self._changed:
                self._changed.wait_for(lambda: len(self._tried) == len(self._threads), FIRST_ROUND)
        return self

    def wake(self) -> None:
        """Says that there is something to send: the next rounds begin now."""
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Ends after the rounds that are under way. May be called twice. What is left in the outbox stays there."""
        self._closing = True
        self.wake()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _work(self, names: tuple[str, ...]) -> None:
        """Does the rounds of a channel; those without one let time pass."""
        while not self._closing:
            wakes = self._wakes
            due, ends = None, False
            try:
                due = self.round(names, passes=not names)
                self._problems.pop(names, None)
            except LogPoisoned as mistake:  # nothing can be noted any more, so nothing is sent
                self._problems[names] = str(mistake)
                ends = True
            except Exception as mistake:  # noqa: BLE001  # whatever it is, it may be over next time
                self._problems[names] = f"{type(mistake).__name__}: {mistake}"
            pause = self._pause(due)
            with self._changed:
                self._tried.add(names)
                self._changed.notify_all()
                if ends:
                    return
                self._changed.wait_for(lambda wakes=wakes: self._wakes != wakes, pause)  # type: ignore[misc]  # an argument with its value

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
