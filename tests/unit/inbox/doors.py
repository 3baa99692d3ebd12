"""A site at which people sign in through a provider of the tests."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import attrs

from tenetlang.inbox.oidc import SignIn
from tenetlang.inbox.oidc_provider import Provider
from tenetlang.review.provider import ProviderSettings
from tests.unit.inbox.browsing import Browser, Page, Site
from tests.unit.inbox.providers import OpenIdProvider

SECOND = 10**9


@attrs.frozen
class Door:
    """A site at which people sign in through a provider."""

    site: Site
    provider: OpenIdProvider

    @property
    def settings(self) -> ProviderSettings:
        assert self.site.web.provider is not None
        return self.site.web.provider.settings

    def configure(self, settings: ProviderSettings) -> None:
        self.site.web.provider = sign_in(self.site, settings)

    def begin(self, browser: Browser, then: str = "/") -> str:
        """Where the provider is, for a browser that begins."""
        response = browser.ask("GET", f"/sign-in/begin?then={quote(then, safe='')}")
        assert response.status == 303
        return dict(response.fields)["Location"]

    def answer(self, browser: Browser, then: str = "/") -> dict[str, str]:
        return self.provider.sign_in(self.begin(browser, then))

    def through(self, browser: Browser, then: str = "/") -> tuple[int, Page]:
        """All of it: to the provider, and back."""
        return browser.get(f"/sign-in/back?{urlencode(self.answer(browser, then))}")


def sign_in(here: Site, settings: ProviderSettings) -> SignIn:
    return SignIn(Provider(settings, lambda: here.seconds[0]), lambda: here.office.now / SECOND)


def back(browser: Browser, **answer: str) -> tuple[int, Page]:
    return browser.get(f"/sign-in/back?{urlencode(answer)}")


def is_in(browser: Browser) -> bool:
    return "/sign-out" in browser.get("/")[1].forms


def said(door: Door) -> str:
    return "\n".join(door.site.said)
