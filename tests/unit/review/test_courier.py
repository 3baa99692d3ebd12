from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from tenetlang.audit import LogPoisoned
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.review.channels.channel import Message, NotSent
from tenetlang.review.channels.webhook import Webhook
from tenetlang.review.courier import Courier, Wording, _Errand
from tenetlang.review.desk import ReviewUnavailable, Rules
from tenetlang.review.health import CANARY_AGAIN, CANARY_EVERY, FAILURES, channel_states
from tenetlang.review.links import read_link
from tenetlang.review.outbox import LEASE, LONGEST_WAIT, MOST_FAILURES, REMIND, Waiting, backoff, settle, wanted
from tenetlang.review.people import Directory, Person
from tenetlang.review.tasks import Stage, Task
from tests.unit.review.channels.test_webhook import SECRET
from tests.unit.review.desks import REQUEST, Office, office
from tests.unit.review.receivers import closed_port, receiver
from tests.unit.review.tasks import DIRECTORS, FINANCE, MINUTE, START, after, approve, waiting_task

PEOPLE = (
    Person("ada", (), {"email": "ada@example.com"}),
    Person("grace", (), {"email": "grace@example.com"}),
    Person("mary", (), {"email": "mary@example.com"}),
)
DIRECTORY = Directory(PEOPLE, frozenset({"desk"}), frozenset({"email"}), ("desk", "email"))
BOTH = Stage("finance", ("ada", "grace", "lin"), 2, 30 * MINUTE)


@attrs.define
class Pigeons:
    """A channel that keeps what it is given, unless it is to fail."""

    name: str
    fails: Callable[[Message], None] = lambda _: None
    sent: list[Message] = attrs.field(factory=list)
    tests: int = 0

    def send(self, message: Message) -> None:
        self.fails(message)
        self.sent.append(message)

    def probe(self, message: Message) -> None:
        self.fails(message)
        self.tests += 1

    def ids(self) -> list[str]:
        return [message.identifier for message in self.sent]


def failing(message: Message) -> None:
    raise NotSent("it can't be reached")


@attrs.define
class Round:
    """An office with two channels, and a courier that does one round at a time."""

    here: Office
    desk: Pigeons
    email: Pigeons
    courier: Courier

    def go(self, minutes: float = 0) -> int | None:
        self.here.now += int(minutes * MINUTE)
        return self.courier.round()

    def again(self) -> Courier:
        """Another courier at the same tables, as in another process."""
        return courier(self.here, (self.desk, self.email))


def courier(here: Office, channels: Sequence[Pigeons], wording: Wording | None = None) -> Courier:
    return Courier(
        here.writer,
        here.desk,
        channels,
        wording=wording,
        clock=lambda: here.now,
        randomness=here.random,
        chance=lambda: 0.5,
        longest=2.0,
    )


@contextmanager
def rounds(place: Path | str, wording: Wording | None = None) -> Iterator[Round]:
    with office(place, DIRECTORY) as here:
        desk, email = Pigeons("desk"), Pigeons("email")
        made = Round(here, desk, email, courier(here, (desk, email), wording))
        made.go()
        yield made


@pytest.fixture
def round_(log_name: str) -> Iterator[Round]:
    with rounds(log_name) as made:
        yield made


def notified(here: Office) -> list[tuple[object, ...]]:
    return [
        (record["channel"], record["to"], record["attempt"], record["result"])
        for record in here.records("escalation.notified")
    ]


def test_everybody_is_told_on_every_way_to_them(round_: Round) -> None:
    (task,) = round_.here.ask(BOTH)
    round_.go()
    assert [message.address for message in round_.email.sent] == ["ada@example.com", "grace@example.com"]
    assert [message.address for message in round_.desk.sent] == [""]
    assert sorted(notified(round_.here), key=str) == [
        ("desk", None, 1, "sent"),
        ("email", "ada", 1, "sent"),
        ("email", "grace", 1, "sent"),
    ]
    (message,) = round_.desk.sent
    assert message.title == "Approval needed: refund (finance, until 2026-11-22 20:30 UTC)"
    assert message.text == (
        "a refund of 120 is above 50\n"
        "\n"
        "Agent a1, for u7, wants to call refund.\n"
        "The rule large_refund asks finance for the approval of 2 people. Anybody asked can deny it.\n"
        "At 2026-11-22 20:30 UTC the time is over, and it is denied."
    )
    assert message.data["task"] == task.identifier
    assert round_.here.problems() == []


def test_a_message_says_no_more_than_it_may_and_nothing_acts_in_it(tmp_path: Path) -> None:
    with rounds(tmp_path / "log.db", Wording("https://r.example.com/", b"k" * 32, reasons=False)) as made:
        request = {**REQUEST, "tool": "re\u202efund\x1b[31m\n" + "x" * 200, "agent": {"id": "a\r\n1"}}
        made.here.ask(attrs.evolve(BOTH, quorum=1), DIRECTORS, request=request)
        made.go()
    (message,) = made.desk.sent
    assert "a refund" not in message.text
    assert not any(character in message.title + message.text for character in "\x1b\u202e\r")
    assert "Agent a\\r\\n1, for u7, wants to call re\\u{202e}fund\\u{1b}[31m" in message.text
    assert "for one person's approval" in message.text
    assert message.text.endswith("the time is over, and directors are asked.")
    assert len(message.title) < 200


def test_links_lead_to_the_task_and_say_for_whom_they_are(tmp_path: Path) -> None:
    key = b"k" * 32
    with rounds(tmp_path / "log.db", Wording("https://r.example.com/", key)) as made:
        (task,) = made.here.ask(BOTH)
        made.go()
    (shared,), (to_ada, _) = made.desk.sent, made.email.sent
    assert shared.link == f"https://r.example.com/tasks/{task.identifier}"
    assert to_ada.link is not None
    link = read_link(to_ada.link.partition("?link=")[2], key, START // 10**9)
    assert link is not None
    assert (link.task, link.who, link.purpose) == (task.identifier, "ada", "see")


def test_a_server_that_took_it_is_no_person_who_saw_it_so_it_is_sent_again(round_: Round) -> None:
    (task,) = round_.here.ask(BOTH)
    round_.go()
    round_.go(4)
    assert len(round_.email.sent) == 2
    round_.go(1)
    assert len(round_.email.sent) == 4, "nobody has seen it after five minutes"
    assert round_.email.sent[2].kind == "reminder"
    assert round_.email.sent[2].title.startswith("Still waiting for approval: refund")
    assert round_.email.sent[2].identifier == round_.email.sent[0].identifier.replace(".0", ".1")
    round_.here.answer(lambda tables: round_.here.desk.seen(tables, round_.here.now, task.identifier, "ada", "inbox"))
    round_.go(10)
    assert len(round_.email.sent) == 6, "what was to be sent is sent"
    round_.go(6)
    assert len(round_.email.sent) == 6, "and then there is some peace"


def test_who_has_voted_or_leaves_it_to_another_is_not_reminded(round_: Round) -> None:
    (task,) = round_.here.ask(BOTH)
    round_.go()
    round_.here.vote(task, "ada")
    round_.here.answer(lambda tables: round_.here.desk.claim(tables, round_.here.now, task.identifier, "lin", "inbox"))
    round_.go(5)
    assert [message.address for message in round_.email.sent[2:]] == [], "lin looks after it"
    round_.go(6)
    assert [message.address for message in round_.email.sent[2:]] == ["grace@example.com"], "but not for ever"


def test_once_a_task_is_over_nothing_is_sent_about_it(round_: Round) -> None:
    (task,) = round_.here.ask(BOTH)
    round_.here.vote(task, "ada", "deny")
    round_.go()
    assert round_.email.sent == []


def test_time_passes_where_a_courier_runs(round_: Round) -> None:
    round_.here.ask(BOTH, DIRECTORS)
    round_.go()
    assert round_.go(30) == START + 35 * MINUTE
    assert round_.here.kinds()[-2:] != ["climbed"]
    assert "climbed" in round_.here.kinds()
    assert round_.email.sent[-1].address == "mary@example.com"
    round_.go(60)
    assert round_.here.kinds()[-1] == "ended"
    assert round_.here.problems() == []


def test_what_fails_is_tried_again_later_and_later_as_the_same_message(round_: Round) -> None:
    round_.here.ask(FINANCE)  # by e-mail, says the policy
    tried: list[str] = []

    def fails(message: Message) -> None:
        if message.kind != "canary":
            tried.append(f"{message.identifier} {message.address}")
        raise NotSent("it can't be reached")

    round_.email.fails = fails
    round_.go()
    assert len(tried) == 2
    due = round_.go()
    assert len(tried) == 2, "not at once"
    assert due == round_.here.now + 10**9
    for _ in range(3):
        round_.go(1)
    assert len(tried) == 8
    assert len(set(tried)) == 2
    round_.email.fails = lambda _: None
    round_.go(1)
    assert len(round_.email.sent) == 2
    assert {(attempt, result) for _, _, attempt, result in notified(round_.here)} == {
        *((attempt, "failed") for attempt in range(1, 5)),
        (5, "sent"),
    }
    assert round_.here.problems() == []


def test_what_was_given_up_is_said_to_be_and_the_next_are_asked(round_: Round) -> None:
    (task,) = round_.here.ask(attrs.evolve(FINANCE, within=24 * 60 * MINUTE), DIRECTORS)
    round_.email.fails = failing
    for _ in range(MOST_FAILURES):
        assert round_.here.task(task).stage.reviewers == "finance"
        round_.go(11)
    assert round_.here.task(task).stage.reviewers == "directors"
    climbed = round_.here.records("escalation.climbed")[0]
    assert climbed["because"] == "nobody could be reached"
    assert [result for *_, result in notified(round_.here)].count("given_up") == 2
    assert round_.here.problems() == []


def test_what_can_never_be_sent_is_given_up_at_once(round_: Round) -> None:
    (task,) = round_.here.ask(FINANCE)

    def refuses(message: Message) -> None:
        raise NotSent("no such address", for_good=True)

    round_.email.fails = refuses
    round_.go()
    assert [result for *_, result in notified(round_.here)] == ["given_up", "given_up"]
    assert round_.here.task(task).status == "waiting", "there is the inbox, and nobody else to ask"
    round_.go(5)
    assert len(notified(round_.here)) == 2


def test_a_channel_that_does_what_it_must_not_has_failed(round_: Round) -> None:
    round_.here.ask(BOTH)

    def breaks(message: Message) -> None:
        raise KeyError("oh")

    round_.desk.fails = breaks
    round_.go()
    assert ("desk", None, 1, "failed") in notified(round_.here)


def test_a_channel_that_never_comes_back_is_not_waited_for(round_: Round) -> None:
    round_.here.ask(BOTH)
    hanging = threading.Event()

    def hangs(message: Message) -> None:
        hanging.wait(30)

    round_.desk.fails = hangs
    began = time.monotonic()
    round_.go()
    assert time.monotonic() - began < 10
    hanging.set()
    assert ("desk", None, 1, "failed") in notified(round_.here)
    assert len(round_.email.sent) == 2, "the others were sent"


# ------------------------------------------------------------------------------------------------------- channels' health


def test_each_channel_is_tried_at_first_and_each_hour_and_sooner_if_it_failed(round_: Round) -> None:
    assert (round_.desk.tests, round_.email.tests) == (1, 1)
    round_.go(CANARY_EVERY / MINUTE - 1)
    assert round_.desk.tests == 1
    round_.desk.fails = failing
    round_.go(1)
    assert (round_.desk.tests, round_.email.tests) == (1, 2)
    round_.desk.fails = lambda _: None
    round_.go(CANARY_AGAIN / MINUTE)
    assert (round_.desk.tests, round_.email.tests) == (2, 2)


def test_where_no_channel_works_nobody_is_asked_and_once_one_does_they_are(round_: Round) -> None:
    round_.desk.fails = round_.email.fails = failing
    round_.here.now += CANARY_EVERY
    for _ in range(FAILURES):
        round_.go(1)
    states = round_.here.read(lambda tables: channel_states(tables, round_.here.now))
    assert [(state.healthy, state.said) for state in states] == [(False, "it can't be reached")] * 2
    with pytest.raises(ReviewUnavailable, match="no channel to finance works"):
        round_.here.ask(BOTH)
    round_.desk.fails = lambda _: None
    round_.go(1)
    round_.here.ask(BOTH)


def test_where_no_courier_runs_nobody_is_asked_for_long(round_: Round) -> None:
    round_.here.now += 3 * CANARY_EVERY
    with pytest.raises(ReviewUnavailable):
        round_.here.ask(BOTH)


def test_a_time_that_a_wrong_clock_set_is_not_waited_for(round_: Round) -> None:
    round_.here.now += 365 * 24 * 60 * MINUTE
    round_.go()
    round_.here.now -= 365 * 24 * 60 * MINUTE
    tests = round_.desk.tests
    round_.go()
    assert round_.desk.tests == tests + 1
    round_.here.ask(BOTH)


# ------------------------------------------------------------------------------------------------------------- several


def collected(round_: Round) -> tuple[_Errand, ...]:
    """What the first half of a round takes."""
    errands, _ = round_.here.do(lambda tables: round_.courier._collect(tables, ("desk", "email"), passes=True))
    return errands


def test_two_couriers_send_a_message_once(round_: Round) -> None:
    round_.here.ask(BOTH)
    started = threading.Barrier(2)
    couriers = (round_.courier, round_.again())

    def run(courier: Courier) -> None:
        started.wait()
        courier.round()

    threads = [threading.Thread(target=run, args=(each,)) for each in couriers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(round_.email.sent) == 2
    assert len(round_.desk.sent) == 1


def test_what_a_courier_took_and_did_not_send_another_sends_later_as_the_same_message(round_: Round) -> None:
    round_.here.ask(BOTH)
    taken = collected(round_)  # and here it is killed
    other = round_.again()
    other.round()
    assert round_.email.sent == []
    round_.here.now += LEASE
    other.round()
    assert sorted(round_.email.ids() + round_.desk.ids()) == sorted(errand.message.identifier for errand in taken)
    assert {attempt for _, _, attempt, _ in notified(round_.here)} == {2}


def test_what_a_courier_sent_and_did_not_note_arrives_twice_as_the_same_message(round_: Round) -> None:
    round_.here.ask(BOTH)
    errands = collected(round_)
    round_.courier._all_at_once(errands)  # and here it is killed
    round_.here.now += LEASE
    round_.again().round()
    assert len(round_.email.ids()) == 4
    assert len(set(round_.email.ids())) == 2


def test_what_is_noted_late_after_another_took_over_counts_once(round_: Round) -> None:
    round_.here.ask(BOTH)
    errands = collected(round_)
    came = round_.courier._all_at_once(errands)
    round_.here.now += LEASE
    round_.again().round()
    before = len(notified(round_.here))
    round_.here.do(lambda tables: round_.courier._settle(tables, came, (), passes=True))
    assert len(notified(round_.here)) == before


def test_a_task_that_ended_while_it_was_sent_is_told_of_no_more(round_: Round) -> None:
    (task,) = round_.here.ask(BOTH)
    errands = collected(round_)
    came = round_.courier._all_at_once(errands)
    round_.here.vote(task, "ada", "deny")
    round_.here.do(lambda tables: round_.courier._settle(tables, came, (), passes=True))
    assert notified(round_.here) == []
    assert round_.here.problems() == []


def test_messages_of_channels_that_a_process_does_not_have_are_left_to_others(round_: Round) -> None:
    round_.here.ask(BOTH)
    courier(round_.here, (round_.desk,)).round()
    assert (len(round_.desk.sent), len(round_.email.sent)) == (1, 0)
    assert courier(round_.here, ()).round() == START + 30 * MINUTE
    round_.go()
    assert (len(round_.desk.sent), len(round_.email.sent)) == (1, 2)


# ----------------------------------------------------------------------------------------------------------- the thread


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


def healthy(here: Office) -> int:
    return sum(state.healthy for state in here.read(lambda tables: channel_states(tables, here.now)))


def test_a_courier_that_runs_sends_when_it_is_woken(tmp_path: Path) -> None:
    with office(tmp_path / "log.db", DIRECTORY) as here, receiver() as server:
        email = Pigeons("email")
        webhook = Webhook("desk", server.url, (SECRET,))
        with Courier(here.writer, here.desk, (webhook, email), clock=lambda: here.now, poll=30.0) as running:
            assert running.start() is running
            wait_for(lambda: email.tests == 1 and len(server.requests) == 1)
            wait_for(lambda: healthy(here) == 2)
            here.ask(BOTH)
            wait_for(lambda: len(email.sent) == 2 and len(server.requests) == 2)
            wait_for(lambda: len(here.kinds()) == 4)
            assert running.problem is None
        running.close()


def test_a_channel_that_hangs_keeps_no_other_waiting(tmp_path: Path) -> None:
    with office(tmp_path / "log.db", DIRECTORY) as here:
        hanging, reached = threading.Event(), threading.Event()

        def hangs(message: Message) -> None:
            if message.kind == "asked":
                reached.set()
                hanging.wait(30)

        desk, email = Pigeons("desk"), Pigeons("email", hangs)
        with Courier(here.writer, here.desk, (desk, email), clock=lambda: here.now, poll=30.0):
            here.ask(BOTH)
            assert reached.wait(20)
            here.ask(BOTH)
            wait_for(lambda: len(desk.sent) == 2)
            assert email.sent == []
            hanging.set()
            wait_for(lambda: len(email.sent) == 4)


def test_a_courier_whose_log_is_beyond_use_says_so_and_ends(tmp_path: Path) -> None:
    with office(tmp_path / "log.db", DIRECTORY) as here:
        running = Courier(here.writer, here.desk, (), poll=0.01)
    with running:
        wait_for(lambda: running.problem is not None)
        assert "closed" in str(running.problem)
    with pytest.raises(LogPoisoned):
        running.round()


def test_a_courier_goes_on_after_a_round_that_failed(tmp_path: Path) -> None:
    with office(tmp_path / "log.db", DIRECTORY) as here:
        (task,) = here_asks(here)
        here.read(lambda tables: tables.run("UPDATE review_tasks SET content = ?, due = 0", (b"{",)))
        with Courier(here.writer, here.desk, (), clock=lambda: here.now, poll=0.01) as running:
            wait_for(lambda: running.problem is not None)
            assert str(running.problem).startswith("ReviewsDamaged: a task can't be read")
            here.read(lambda tables: tables.run("DELETE FROM review_tasks WHERE id = ?", (task.identifier,)))
            wait_for(lambda: running.problem is None)


def here_asks(here: Office) -> tuple[Task, ...]:
    here.read(
        lambda tables: [
            tables.run(
                "INSERT INTO review_channels (channel, worked_at, failures, next_at, said) VALUES ('desk', ?, 0, 0, '')",
                (here.now,),
            )
        ]
    )
    return here.ask(BOTH)


def test_an_address_where_nobody_is_makes_a_channel_that_does_not_work(tmp_path: Path) -> None:
    with office(tmp_path / "log.db", DIRECTORY, Rules()) as here:
        webhook = Webhook("desk", f"http://127.0.0.1:{closed_port()}/", (SECRET,))
        Courier(here.writer, here.desk, (webhook,), clock=lambda: here.now).round()
        (state,) = here.read(lambda tables: channel_states(tables, here.now))
        assert not state.healthy
        assert "can't be reached" in state.said


# ------------------------------------------------------------------------------------------------------------- by parts


def test_waits_grow_with_chance_in_them_up_to_a_bound() -> None:
    assert [backoff(failures, 1.0) // 10**9 for failures in (1, 2, 3, 9, 10, 60)] == [2, 4, 8, 512, 600, 600]
    assert backoff(5, 0.0) == 10**8
    assert backoff(0, 1.0) == backoff(1, 1.0)
    assert backoff(10_000, 0.999) <= LONGEST_WAIT


WAITING = Waiting("01J", "01T", "email", "ada", "ada@example.com", 1, 0, 0)


def test_what_nobody_needs_to_be_told_is_not_sent() -> None:
    assert wanted(waiting_task(), WAITING, START) == START
    assert wanted(None, WAITING, START) is None
    assert wanted(waiting_task(), attrs.evolve(WAITING, who="eve"), START) is None
    assert wanted(waiting_task(), attrs.evolve(WAITING, who=""), START) == START
    assert wanted(after(waiting_task(), approve("ada")).task, WAITING, START) is None


def test_a_message_that_is_not_to_come_again_is_taken_away(round_: Round) -> None:
    round_.here.ask(FINANCE)
    (errand, _) = collected(round_)
    waiting = errand.waiting
    assert waiting is not None

    def job(tables: Tables) -> tuple[object, Sequence[Unplaced]]:
        return settle(tables, waiting, round_.here.now, worked=True), ()

    assert round_.here.do(job) == "sent"
    assert round_.here.do(job) is None
    assert REMIND > 0


def test_couriers_with_writers_of_their_own_send_each_message_once(log_name: str) -> None:
    """As two processes do, which share nothing but the log."""
    with office(log_name, DIRECTORY) as here, office(log_name, DIRECTORY) as there:
        desk, email = Pigeons("desk"), Pigeons("email")
        courier(here, (desk, email)).round()
        for amount in range(8):
            here.ask(BOTH, request={**REQUEST, "args": {"amount": amount}})
        both = [courier(office_, (desk, email)) for office_ in (here, there)]
        started = threading.Barrier(len(both))

        def run(each: Courier) -> None:
            started.wait()
            each.round()
            each.round()

        threads = [threading.Thread(target=run, args=(each,)) for each in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        identifiers = [*email.ids(), *desk.ids()]
        assert len(identifiers) == len(set(identifiers)) == 24
        assert here.problems() == []


def test_two_people_who_answer_at_once_end_a_task_once(log_name: str) -> None:
    with office(log_name) as here, office(log_name) as there:
        tasks = [here.ask(BOTH, request={**REQUEST, "args": {"amount": amount}})[0] for amount in range(6)]
        started = threading.Barrier(2)

        def run(office_: Office, who: str) -> None:
            started.wait()
            for task in tasks:
                office_.vote(task, who, "approve" if who == "ada" else "deny")

        threads = [threading.Thread(target=run, args=each) for each in ((here, "ada"), (there, "grace"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert here.kinds().count("ended") == 6
        assert {here.task(task).status for task in tasks} == {"denied"}
        assert here.problems() == []
