"""A reviewer that is a script: signs in to the page with a token, opens what waits, and approves it, as a person does.

    python reviewer.py http://127.0.0.1:8421/ < token

It fills in the forms that a browser would show, so it is held to what the page holds people to.
"""

from __future__ import annotations

import http.client
import sys
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit


class Forms(HTMLParser):
    """The hidden fields of the form that answers, and the links to tasks."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.tasks: list[str] = []
        self._answers = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._answers = given.get("action", "").endswith("/answer")
        elif tag == "input" and self._answers and given.get("type") == "hidden":
            self.hidden[given["name"]] = given["value"]
        elif tag == "a" and given.get("href", "").startswith("/tasks/"):
            self.tasks.append(given["href"].partition("?")[0])


class Browser:
    """Just enough of one: it keeps a cookie."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc
        self._cookie = ""

    def get(self, path: str) -> str:
        return self._asked("GET", path, None)

    def post(self, path: str, fields: dict[str, str]) -> str:
        return self._asked("POST", path, urlencode(fields))

    def _asked(self, method: str, path: str, body: str | None) -> str:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body, headers if self._cookie else {"Content-Type": headers["Content-Type"]})
        response = connection.getresponse()
        cookie = response.headers.get("Set-Cookie")
        if cookie is not None:
            self._cookie = cookie.partition(";")[0]
        page = response.read().decode()
        connection.close()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path} was answered by {response.status}")
        return page


def main() -> None:
    """Approves all that waits for whoever has the token on standard input."""
    browser = Browser(sys.argv[1])
    browser.post("/sign-in", {"token": sys.stdin.read().strip(), "then": "/"})
    for task in dict.fromkeys(Forms(browser.get("/")).tasks):
        form = Forms(browser.get(task)).hidden
        browser.post(f"{task}/answer", {**form, "choice": "approve", "comment": "seen", "confirmed": "yes"})
        print("ada:   has looked at it, and approves")


if __name__ == "__main__":
    main()
