"""The pieces of the pages: markup, values, sessions, and what a person can do."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenetlang.inbox.call import summary, value_text
from tenetlang.inbox.html import element, page
from tenetlang.inbox.inbox import Kept
from tenetlang.inbox.pages import duration
from tenetlang.inbox.sessions import MOST, Failures, Sessions
from tenetlang.inbox.shown import possible, shown, takers
from tenetlang.report.visible import visible
from tenetlang.review.people import Directory
from tenetlang.review.state import step
from tenetlang.review.tasks import Claimed, Delegated, Task
from tests.unit.inbox.browsing import Page
from tests.unit.review.desks import PEOPLE
from tests.unit.review.tasks import MINUTE, START, approve, deny, waiting_task


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_any_text_comes_out_of_a_page_as_it_went_in_but_for_what_acts_or_hides(text: str, value: str) -> None:
    found = Page(page(element("p", {"title": value}, text)).decode())
    assert [tag for tag, _ in found.elements] == ["p"]
    assert found.elements[0][1]["title"] == value
    assert found.text.strip("\n") == "\n".join(map(visible, text.split("\n"))).strip("\n")


def test_attributes_can_be_names_alone_or_left_out() -> None:
    shown_as = element("input", {"required": True, "disabled": False, "value": None, "maxlength": 3}).html
    assert shown_as == '<input required maxlength="3">'
    assert element("p").html == "<p></p>"
    assert element("ul", [element("li", 1), None, ["<"]]).html == "<ul><li>1</li>&lt;</ul>"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("two\nlines", "two\nlines"),
        (None, "null"),
        (True, "true"),
        (9007199254740993, "9007199254740993"),
        (Decimal("20.00"), "20"),
        (Decimal("0.1000000000000000055"), "0.1000000000000000055"),
        ([], "[]"),
        ({"id": "a1", "amount": Decimal("1.50")}, '{"id": "a1", "amount": 1.5}'),
        ({"text": "é\n"}, '{"text": "é\\n"}'),
        (["x" * 40, "y" * 40], f'[\n  "{"x" * 40}",\n  "{"y" * 40}"\n]'),
        ({"a": {"b": ["x" * 80]}}, f'{{\n  "a": {{\n    "b": [\n      "{"x" * 80}"\n    ]\n  }}\n}}'),
    ],
)
def test_values_are_shown_with_every_digit_and_on_lines_where_they_are_long(value: object, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "over"),
        (-1, "over"),
        (59, "59 s"),
        (60, "1 min 0 s"),
        (3600, "1 h 0 min"),
        (90_061, "1 d 1 h"),
        (86_400, "1 d 0 h"),
    ],
)
def test_times_have_their_two_largest_units(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def kept(task: Task, now: int = START) -> Kept:
    return Kept(task, {"tool": "refund", "args": {"amount": Decimal("20.00")}}, {"reason": "why"}, now)


def test_what_a_person_can_do_follows_from_the_task() -> None:
    task = waiting_task()
    directory = Directory(PEOPLE)
    assert possible(kept(task), None) == ()
    assert possible(kept(task), "mary", directory) == ()
    assert possible(kept(task), task.requesters[0], directory) == ()
    assert possible(kept(task), "ADA", directory) == ("approve", "deny", "claim", "delegate")
    claimed = step(task, Claimed("grace", "inbox"), START).task
    assert possible(kept(claimed), "ada", directory) == ("approve", "deny", "delegate")
    assert possible(kept(claimed), "grace", directory) == ("approve", "deny", "release", "delegate")
    assert possible(kept(claimed, START + 11 * MINUTE), "ada", directory) == ("approve", "deny", "claim", "delegate")
    voted = step(task, approve("ada"), START).task
    assert possible(kept(voted), "ada", directory) == ("deny", "claim")
    handed = step(task, Delegated("ada", "inbox", "mary", allowed=True), START).task
    assert possible(kept(handed), "ada", directory) == ("deny", "release")
    assert possible(kept(handed), "mary", directory) == ("approve", "deny", "claim", "delegate")
    over = step(task, deny("ada"), START).task
    assert possible(kept(over), "grace", directory) == ()


def test_a_task_is_handed_to_who_is_asked_or_may_stand_in_and_never_to_who_asked_for_the_call() -> None:
    task = attrs.evolve(waiting_task(), requesters=("lin",))
    assert takers(task, "ada", Directory(PEOPLE)) == ("grace", "mary")
    assert takers(task, "grace", Directory(PEOPLE)) == ("ada",)
    assert takers(task, "ada", None) == ("grace",)


def test_as_json_a_task_has_what_programs_need() -> None:
    found = shown(kept(waiting_task(), START + MINUTE), "ada", Directory(PEOPLE))
    assert found["seconds_left"] == 29 * 60
    assert found["status"] == "waiting"
    assert found["request"] == {"tool": "refund", "args": {"amount": 20.0}}
    assert found["may"] == ["approve", "deny", "claim", "delegate"]
    over = shown(kept(step(waiting_task(), deny("ada"), START).task), None)
    assert (over["status"], over["seconds_left"], over["denied_by"], over["may"]) == ("denied", None, ["ada"], [])


def test_a_call_is_on_one_line_and_not_too_long() -> None:
    assert summary(kept(waiting_task())) == "refund(amount: 20)"
    long = Kept(waiting_task(), {"tool": "t", "args": {"a": "x" * 500, "b": "y" * 500}}, None, START)
    assert len(summary(long)) <= 110
    assert summary(long).endswith("…")
    assert summary(Kept(waiting_task(), None, None, START)) == "A call that can't be shown any more"
    assert summary(Kept(waiting_task(), {"tool": 5}, None, START)) == "A call that can't be shown any more"


def test_there_is_an_end_to_how_many_sessions_there_are() -> None:
    sessions = Sessions(lambda: 0.0)
    first, _ = sessions.begin("ada", "t")
    cookies = [sessions.begin("ada", "t")[0] for _ in range(MOST - 1)]
    assert sessions.find(first) is not None
    sessions.begin("ada", "t")
    assert sessions.find(first) is not None, "it was used last"
    assert sessions.find(cookies[0]) is None
    assert sessions.find("é") is None


def test_addresses_that_failed_are_forgotten() -> None:
    failures = Failures(lambda: 0.0)
    for number in range(5000):
        failures.add(f"198.51.100.{number}")
    assert not failures.too_many("198.51.100.0")
