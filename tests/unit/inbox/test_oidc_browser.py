"""Signing in through a provider in a real browser: the page's own policy lets it go there and come back, with cookies of the right kind."""

from __future__ import annotations

import time

import pytest

from tenetlang.inbox.oidc import SignIn
from tenetlang.inbox.oidc_provider import Provider
from tenetlang.review.provider import ProviderSettings
from tenetlang.serving import Limits
from tests.unit.inbox.browsing import Site
from tests.unit.inbox.chromium import chromium
from tests.unit.inbox.providers import CLIENT, SECRET, open_id_provider
from tests.unit.inbox.test_browser import wait_until
from tests.unit.serving import serving


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_comes_by_a_link_signs_in_at_the_provider_and_approves(here: Site, scripts: bool) -> None:
    (task,) = here.office.ask()
    where = f"/tasks/{task.identifier}"
    with (
        open_id_provider(time.time) as provider,
        serving(here.web.respond, Limits()) as port,
        chromium(scripts=scripts) as browser,
    ):
        settings = ProviderSettings(
            provider.issuer.replace("127.0.0.1", "localhost"), CLIENT, f"http://127.0.0.1:{port}", SECRET
        )
        provider.issuer = settings.issuer  # another site than the inbox, as it is in life
        here.web.provider = SignIn(Provider(settings))
        browser.open(f"http://127.0.0.1:{port}{where}")
        browser.click("main .card a")
        wait_until(lambda: browser.url.startswith(provider.issuer))
        wait_until(lambda: bool(browser.find("button")))
        browser.click("button")
        wait_until(lambda: browser.url.endswith(where) and "ada" in browser.text("header"))
        assert here.office.task(task).seen == ("ada",)
        kept = browser.call("GET", "/cookie")
        assert isinstance(kept, list)
        assert [(cookie["name"], cookie["httpOnly"], cookie["sameSite"]) for cookie in kept] == [
            ("tenet-reviews", True, "Lax")
        ]
        browser.click("button.approve")
        wait_until(lambda: "Approve this call?" in browser.text("h1"))
        browser.click("button.approve")
        wait_until(lambda: bool(browser.find("[role=status]")))
        assert [vote.who for vote in here.office.task(task).votes] == ["ada"]
        assert browser.complaints() == []
