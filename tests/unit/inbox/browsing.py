"""A browser without a screen: keeps its cookies, follows redirects, reads pages and sends their forms; all to `Web.respond`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import attrs

from tenetlang.inbox.inbox import Inbox
from tenetlang.inbox.sessions import Failures, Sessions
from tenetlang.inbox.web import Settings, Web
from tenetlang.review.people import Directory
from tenetlang.serving import Request, Response
from tests.unit.review.desks import PEOPLE, Office, office

HOST = "127.0.0.1:8421"
LINK_KEY = b"k" * 32


class Page(HTMLParser):
    """What is on a page: elements with their attributes, texts, and forms with their fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.forms: dict[str, dict[str, str]] = {}
        self._form: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag == "form":
            self._form = self.forms.setdefault(given["action"] or "", {})
        if tag == "input" and given.get("type") == "hidden":
            self._form[given["name"] or ""] = given["value"] or ""

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


@attrs.define
class Browser:
    """One person's browser."""

    web: Web
    cookies: dict[str, str] = attrs.field(factory=dict)
    peer: str = "127.0.0.1"
    host: str = HOST

    def ask(self, method: str, target: str, body: bytes = b"", **fields: str) -> Response:
        head = {"host": self.host, **{name.replace("_", "-"): value for name, value in fields.items()}}
        if self.cookies:
            head["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = self.web.respond(Request(method, target, head, body, self.peer))
        for name, value in response.fields:
            if name == "Set-Cookie":
                for key, morsel in SimpleCookie(value).items():
                    self.cookies[key] = morsel.value
        return response

    def get(self, target: str, **fields: str) -> tuple[int, Page]:
        """The page that is reached in the end."""
        return self._followed(self.ask("GET", target, b"", **fields))

    def post(self, target: str, form: Mapping[str, str], **fields: str) -> tuple[int, Page]:
        head = {"content_type": "application/x-www-form-urlencoded", "origin": f"http://{self.host}", **fields}
        return self._followed(self.ask("POST", target, urlencode(form).encode(), **head))

    def sign_in(self, token: str) -> tuple[int, Page]:
        return self.post("/sign-in", {"token": token, "then": "/"})

    def submit(self, page: Page, target: str, **more: str) -> tuple[int, Page]:
        """Sends a form of a page."""
        return self.post(target, {**page.forms[target], **more})

    def _followed(self, response: Response) -> tuple[int, Page]:
        for _ in range(5):
            where = dict(response.fields).get("Location")
            if where is None:
                return response.status, Page(response.body.decode())
            assert where.startswith("/")
            assert not where.startswith("//")
            response = self.ask("GET", where)
        raise AssertionError("it is sent around in circles")


@attrs.define
class Site:
    """An inbox as a site, with its office and a clock for sessions."""

    office: Office
    web: Web
    said: list[str]
    seconds: list[float]

    def browser(self, who: str | None = None) -> Browser:
        """A browser, signed in as somebody."""
        browser = Browser(self.web)
        if who is not None:
            assert browser.sign_in(self.token(who))[0] == 200
        return browser

    def token(self, who: str) -> str:
        return self.web.inbox.add_token(who)[1]


@contextmanager
def site(folder: Path, settings: Settings | None = None, directory: Directory | None = None) -> Iterator[Site]:
    """A site over a new log."""
    with office(folder / "log.db", directory or Directory(PEOPLE)) as here:
        said: list[str] = []
        seconds = [0.0]
        inbox = Inbox(here.writer, here.desk, clock=lambda: here.now)
        web = Web(
            inbox,
            settings or Settings(link_key=LINK_KEY),
            Sessions(lambda: seconds[0]),
            Failures(lambda: seconds[0]),
            said.append,
        )
        yield Site(here, web, said, seconds)
