"""Signing in through a provider: who gets in, under which name, and for how long."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import attrs
import pytest

from tenetlang.inbox.sessions import IDLE, LONGEST
from tenetlang.review.people import Directory
from tenetlang.review.provider import ProviderSettings
from tenetlang.serving import Response
from tests.unit.inbox.browsing import Browser, Site, site
from tests.unit.inbox.doors import SECOND, Door, back, is_in, said, sign_in
from tests.unit.inbox.providers import (
    CLIENT,
    SECRET,
    open_id_provider,
)

# --------------------------------------------------------------------------------------------------------- who gets in


def test_a_person_signs_in_at_the_provider_and_gets_where_they_wanted(door: Door) -> None:
    (task,) = door.site.office.ask()
    browser = door.site.browser()
    _, page = browser.get(f"/tasks/{task.identifier}")
    (link,) = [given["href"] for name, given in page.elements if name == "a" and "begin" in (given["href"] or "")]
    assert "Sign in with Example & Co" in page.text
    response = browser.ask("GET", link or "")
    answer = door.provider.sign_in(dict(response.fields)["Location"])
    status, page = back(browser, **answer)
    assert status == 200
    assert "refund(" in page.text
    assert "ada" in page.text
    assert door.site.office.task(task).seen == ("ada",)
    assert door.site.said == []


def test_the_answers_of_who_came_from_the_provider_are_recorded_as_such(door: Door) -> None:
    (task,) = door.site.office.ask()
    browser = door.site.browser()
    _, page = door.through(browser, f"/tasks/{task.identifier}")
    _, page = browser.submit(page, f"/tasks/{task.identifier}/answer", choice="approve")
    browser.submit(page, f"/tasks/{task.identifier}/answer")
    assert [vote.who for vote in door.site.office.task(task).votes] == ["ada"]
    records = door.site.office.records()
    assert {record["how"] for record in records if "how" in record} == {"inbox-oidc"}


def test_who_has_no_other_way_in_is_a_name_that_the_provider_gives(door: Door) -> None:
    door.provider.person |= {"preferred_username": "Grace", "groups": ["lin"]}
    door.configure(attrs.evolve(door.settings, claim="preferred_username"))
    browser = door.site.browser()
    assert door.through(browser)[0] == 200
    assert "grace" in browser.get("/")[1].text


def test_where_the_token_lacks_the_claim_the_provider_is_asked(door: Door) -> None:
    door.provider.claims = {"email": None, "email_verified": None}
    browser = door.site.browser()
    assert door.through(browser)[0] == 200
    assert is_in(browser)
    assert door.provider.asked[-1] == "/userinfo"


def test_what_the_provider_says_of_another_person_counts_for_nobody(door: Door) -> None:
    door.provider.claims = {"email": None, "email_verified": None}
    door.provider.userinfo = {"sub": "s-2", "email": "ada@example.com", "email_verified": True}
    browser = door.site.browser()
    assert door.through(browser)[0] == 403
    assert not is_in(browser)
    assert "another one" in said(door)


@pytest.mark.parametrize("missing", ["userinfo_endpoint", "access_token"])
def test_where_nobody_can_be_asked_for_the_claim_nobody_gets_in(door: Door, missing: str) -> None:
    door.provider.claims = {"email": None, "email_verified": None}
    door.provider.document = {missing: None}
    door.provider.token_answer = {missing: None}
    assert door.through(door.site.browser())[0] == 403
    assert "no name in the claim `email`" in said(door)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_the_provider_has_not_verified_is_nobodys(door: Door, verified: object) -> None:
    door.provider.claims = {"email_verified": verified}
    browser = door.site.browser()
    status, page = door.through(browser)
    assert status == 403
    assert "email_verified" in page.text
    assert not is_in(browser)


@pytest.mark.parametrize(
    "name",
    [
        "\uff41\uff44\uff41",
        "ada\u200b",
        "ADA\u017f",
        "gra\u212ae",
        "gro\u00df",
        " ada",
        "ada ",
        "",
        "x" * 201,
        "a\nb",
        7,
        None,
        ["ada"],
    ],
)
def test_a_name_that_only_looks_like_another_gets_nobody_in(door: Door, name: object) -> None:
    door.configure(attrs.evolve(door.settings, claim="nickname"))
    door.provider.person |= {"nickname": name}
    browser = door.site.browser()
    assert door.through(browser)[0] == 403
    assert not is_in(browser)
    assert "neither configured nor asked" not in said(door)


def test_whom_nobody_asks_is_told_so_and_has_no_session(door: Door) -> None:
    door.provider.person |= {"email": "eve@example.com"}
    browser = door.site.browser()
    status, page = door.through(browser)
    assert status == 403
    assert "Nobody here is asked under your name" in page.text
    assert "eve@example.com" in page.text
    assert "eve@example.com" not in said(door)
    assert "tenet-reviews" not in browser.cookies
    assert not is_in(browser)


def test_whom_a_task_asks_gets_in_though_the_configuration_does_not_know_them(tmp_path: Path) -> None:
    with site(tmp_path, directory=Directory()) as here, open_id_provider(lambda: here.office.now / SECOND) as provider:
        here.web.provider = sign_in(
            here, ProviderSettings(provider.issuer, CLIENT, "http://127.0.0.1:8421", SECRET, "name")
        )
        door = Door(here, provider)
        provider.person |= {"name": "grace"}
        assert door.through(here.browser())[0] == 403
        (task,) = here.office.ask()
        browser = here.browser()
        assert door.through(browser)[0] == 200
        here.office.now = task.deadline + 1
        here.web.inbox.waiting()
        assert here.office.task(task).status == "expired"
        assert door.through(here.browser())[0] == 200


def test_a_hostile_name_is_shown_as_text(door: Door) -> None:
    door.configure(attrs.evolve(door.settings, claim="name"))
    door.provider.person |= {"name": "<script>alert(1)</script>"}
    browser = door.site.browser()
    answer = door.answer(browser)
    response = browser.ask("GET", f"/sign-in/back?{urlencode(answer)}")
    assert response.status == 403
    assert b"<script>alert" not in response.body
    assert b"&lt;script&gt;alert" in response.body


# ------------------------------------------------------------------------------------------------------------ sessions


def test_a_session_from_the_provider_ends_when_the_configuration_says_though_it_is_used(door: Door) -> None:
    door.configure(attrs.evolve(door.settings, session=1800))
    browser = door.site.browser()
    door.through(browser)
    assert IDLE == 1800
    for _ in range(3):
        door.site.seconds[0] += 600
        assert is_in(browser)
    door.site.seconds[0] += 1
    assert not is_in(browser)


def test_no_session_is_longer_than_any(door: Door) -> None:
    cookie, session = door.site.web.sessions.begin("ada", None, LONGEST * 2)
    assert session.longest == LONGEST
    assert door.site.web.sessions.find(cookie) == session


def test_signing_in_anew_ends_the_session_before_and_signing_out_ends_it_for_good(door: Door) -> None:
    browser = door.site.browser("grace")
    first = dict(browser.cookies)
    door.through(browser)
    assert "ada" in browser.get("/")[1].text
    assert not is_in(Browser(door.site.web, first))
    kept = dict(browser.cookies)
    browser.submit(browser.get("/")[1], "/sign-out")
    assert not is_in(Browser(door.site.web, kept))


def test_who_has_signed_in_keeps_nothing_of_the_sign_in(door: Door) -> None:
    browser = door.site.browser()
    response: Response = browser.ask("GET", f"/sign-in/back?{urlencode(door.answer(browser))}")
    assert response.status == 303
    assert browser.cookies["tenet-sign-in"] == ""
    assert browser.cookies["tenet-reviews"] != ""


def test_without_a_provider_there_is_no_such_page(here: Site) -> None:
    assert "begin" not in str(here.browser().get("/sign-in")[1].elements)
    browser = here.browser("ada")
    for path in ("/sign-in/begin", "/sign-in/back"):
        assert browser.get(path)[0] == 404
