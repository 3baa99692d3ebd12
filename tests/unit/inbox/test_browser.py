"""The page in a real browser, served over a real connection: with scripts and without."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

import attrs
import pytest

from tenetlang.inbox.web import NOTICES
from tenetlang.serving import Limits
from tests.unit.inbox.browsing import Site
from tests.unit.inbox.chromium import Chromium, chromium
from tests.unit.review.desks import REQUEST
from tests.unit.serving import serving

HOSTILE = "<script>document.title = 'taken'</script>"

WIDER = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


def sign_in(browser: Chromium, place: str, token: str) -> None:
    browser.open(place)
    browser.type("#token", token)
    browser.click("main form button")
    wait_until(lambda: "/sign-in" not in browser.url)


def wait_until(holds: Callable[[], bool]) -> None:
    """Waits for what comes once a page is there; while it is on its way, what it will have can't be asked for."""

    def held() -> bool:
        try:
            return holds()
        except (ValueError, HTTPError):  # an element that is not there yet, or is not there any more
            return False

    end = time.monotonic() + 30
    while time.monotonic() < end:
        if held():
            return
        time.sleep(0.1)
    assert holds()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_signs_in_reads_and_approves(here: Site, scripts: bool) -> None:
    (task,) = here.office.ask(request={**REQUEST, "args": {"customer": HOSTILE, "amount": 120}})
    where = f"/tasks/{task.identifier}"
    with serving(here.web.respond, Limits()) as port, chromium(scripts=scripts) as browser:
        sign_in(browser, f"http://127.0.0.1:{port}{where}", here.token("ada"))
        wait_until(lambda: "a refund of 120 is above 50" in browser.text())
        assert browser.url.endswith(where)
        assert browser.call("GET", "/title") != "taken"
        assert HOSTILE in browser.text()
        assert here.office.task(task).seen == ("ada",)
        browser.type("#comment", "spoke to her")
        browser.click("button.approve")
        wait_until(lambda: "Approve this call?" in browser.text("h1"))
        assert here.office.task(task).votes == ()
        browser.click("button.approve")
        wait_until(lambda: bool(browser.find("[role=status]")))
        assert NOTICES["approve-waiting"].text in browser.text("[role=status]")
        assert [vote.who for vote in here.office.task(task).votes] == ["ada"]
        assert browser.complaints() == []


def test_the_time_that_is_left_runs_down(here: Site) -> None:
    here.office.ask()
    with serving(here.web.respond, Limits()) as port, chromium() as browser:
        sign_in(browser, f"http://127.0.0.1:{port}/", here.token("ada"))
        first = browser.text(".left")
        wait_until(lambda: browser.text(".left") != first)


def test_pages_fit_on_a_phone_and_every_control_has_a_name(here: Site) -> None:
    (task,) = here.office.ask(request={**REQUEST, "args": {"text": "x" * 5000, "more": ["y" * 300] * 20}})
    with serving(here.web.respond, Limits()) as port, chromium() as browser:
        browser.call("POST", "/window/rect", {"width": 400, "height": 800})
        sign_in(browser, f"http://127.0.0.1:{port}/tasks/{task.identifier}", here.token("ada"))
        for path in ("/", "/done", f"/tasks/{task.identifier}"):
            browser.open(f"http://127.0.0.1:{port}{path}")
            wait_until(lambda: browser.run("return document.styleSheets[0]?.cssRules.length > 0") is True)
            wait_until(lambda: browser.run(WIDER) == 0)
            browser.run("for (const each of document.querySelectorAll('details')) each.open = true")
            for control in browser.find("button, input:not([type=hidden]), textarea, select, a"):
                label = browser.call("GET", f"/element/{control}/computedlabel")
                assert label, path


def test_no_other_page_can_hold_it_in_a_frame(here: Site, tmp_path: Path) -> None:
    with serving(here.web.respond, Limits()) as port, chromium() as browser:
        around = tmp_path / "around.html"
        around.write_text(f'<iframe src="http://127.0.0.1:{port}/sign-in"></iframe>', encoding="utf-8")
        browser.open(around.as_uri())
        wait_until(lambda: re.search("frame-ancestors|X-Frame-Options", str(browser.complaints())) is not None)


def test_by_another_name_nothing_is_shown(here: Site) -> None:
    here.web.settings = attrs.evolve(here.web.settings, names=frozenset({"reviews.example.com"}))
    with serving(here.web.respond, Limits()) as port, chromium() as browser:
        browser.open(f"http://127.0.0.1:{port}/sign-in")
        assert "Another address" in browser.text("h1")
        assert browser.find("#token") == []
