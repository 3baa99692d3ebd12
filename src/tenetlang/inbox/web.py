"""From a request of a browser to an answer: who it is, what they may see, what they did.

    GET  /                 what waits for whoever is signed in     POST /tasks/ID/answer     approve or deny, asked twice
    GET  /done             what they were asked about before       POST /tasks/ID/claim, release, delegate
    GET  /tasks/ID         one task; with ?link=… from a message   POST /tasks/ID/seen       by a link from a message
    GET, POST /sign-in     with a token                            POST /sign-out
    GET  /sign-in/begin    to a provider, and                      GET  /sign-in/back       back from there (oidc.py)
    GET  /inbox.css, /inbox.js

A GET changes nothing, but that a person who is signed in and opens a task has *seen* it; what browsers fetch beforehand does not
count, and what other sites include comes without a session (`SameSite`). A POST must come from a form of the same session, and
from this site if the browser says from where. Whoever is not asked about a task gets the answer of one that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from http.cookies import CookieError, SimpleCookie
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

import attrs

from tenetlang.audit.errors import AuditError
from tenetlang.inbox import pages
from tenetlang.inbox.inbox import Inbox, Kept
from tenetlang.inbox.oidc import GOOD_FOR, SignIn, SignInRefused, is_known
from tenetlang.inbox.pages import Notice
from tenetlang.inbox.sessions import Failures, Session, Sessions
from tenetlang.inbox.shown import concerns
from tenetlang.review.desk import Answered
from tenetlang.review.links import Link, read_link
from tenetlang.review.rows import ReviewsDamaged
from tenetlang.review.state import LONGEST_COMMENT
from tenetlang.review.tasks import Choice
from tenetlang.serving import Request, Response

HTML: Final = "text/html; charset=utf-8"
MOST_FIELDS: Final = 20
CHOICES: Final[Mapping[str, Choice]] = {"approve": "approve", "deny": "deny"}

_SECOND: Final = 10**9
_task: Final = re.compile(r"/tasks/([0-7][0-9A-HJKMNP-TV-Z]{25})(?:/(answer|claim|release|delegate|seen))?")
_name: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")

_POLICY: Final = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Cache-Control", "no-store"),
)

NOTICES: Final[Mapping[str, Notice]] = {
    "approve-waiting": Notice("Your approval counts. Others are still asked.", good=True),
    "approve-approved": Notice("Approved. The agent can go on, with this call and no other.", good=True),
    "deny-denied": Notice("Denied.", good=True),
    "claim": Notice("You look after it for the next ten minutes."),
    "release": Notice("You gave it back."),
    "delegate": Notice("You handed it on."),
    "gone": Notice("There is no such task any more.", good=False),
    **{refusal: Notice(text, good=False) for refusal, text in pages.REFUSALS.items()},
}
"""What a page says after something was done, by the word in its address: an address can't make it say anything else."""


@attrs.frozen
class Settings:
    """By which host names the inbox may be reached, whether browsers reach it by HTTPS, and the key of links in messages."""

    names: frozenset[str] = frozenset({"127.0.0.1", "localhost", "[::1]"})
    secure: bool = False
    link_key: bytes | None = None

    @property
    def cookie(self) -> str:
        """The cookie's name."""
        return "__Host-tenet-reviews" if self.secure else "tenet-reviews"

    @property
    def sign_in_cookie(self) -> str:
        """The name of the cookie that a browser has while its person signs in at a provider."""
        return "__Host-tenet-sign-in" if self.secure else "tenet-sign-in"


@attrs.define
class Web:
    """The inbox as pages. `say` gets a line about what went wrong inside; `provider` is where people can sign in beside tokens.
    Thread-safe."""

    inbox: Inbox
    settings: Settings = attrs.field(factory=Settings)
    sessions: Sessions = attrs.field(factory=Sessions)
    failures: Failures = attrs.field(factory=Failures)
    say: Callable[[str], None] = lambda _: None
    provider: SignIn | None = None

    def respond(self, request: Request) -> Response:
        """The answer to a request. Never raises: what fails inside is said, and the browser is told that nothing was done."""
        try:
            return self._respond(request)
        except (AuditError, ReviewsDamaged) as mistake:
            self.say(f"{request.method} failed: {mistake}")
            return _page(503, pages.message_page("Not available", "The log can't be used now. Nothing was done."))
        except Exception as mistake:  # noqa: BLE001  # the edge: the next request is answered
            self.say(f"{request.method} failed: {type(mistake).__name__}: {mistake}")
            return _page(
                500, pages.message_page("That failed", "Nothing was done. Whoever runs this inbox can see why.")
            )

    def _respond(self, request: Request) -> Response:
        found = _name.fullmatch(request.fields.get("host", "").lower())
        if found is None or found[1] not in self.settings.names:
            return _page(421, pages.message_page("Another address", "This inbox is not reached by this name."))
        path, _, query = request.target.partition("?")
        if request.method in {"GET", "HEAD"}:
            return self._get(request, path, query)
        if request.method != "POST":
            return _page(405, pages.message_page("Not possible", "Nothing was done."), ("Allow", "GET, HEAD, POST"))
        if not self._is_ours(request):
            return _page(403, pages.message_page("From elsewhere", "A form of another site can't be used here."))
        return self._post(request, path)

    # ------------------------------------------------------------------------------------------------------- looking

    def _get(self, request: Request, path: str, query: str) -> Response:
        if path in {"/inbox.css", "/inbox.js"}:
            return _file(path)
        if path == "/sign-in":
            return _page(200, self._sign_in_page(then=_local(_single(query).get("then", "/"))))
        if path in {"/sign-in/begin", "/sign-in/back"} and self.provider is not None and request.method == "GET":
            return self._through_provider(request, self.provider, query, is_back=path == "/sign-in/back")
        task = _task.fullmatch(path)
        session = self._session(request)
        link = _single(query).get("link", "")
        if session is None and task is not None and link:
            return self._shown_link(task[1], link, seen=False)
        if session is None:
            return _see_other(f"/sign-in?then={quote(_local(path), safe='')}")
        if path == "/":
            return _page(200, pages.waiting_list(self.inbox.waiting(session.who), session, _notice_in(query)))
        if path == "/done":
            over = [kept for kept in self.inbox.finished() if concerns(kept.task, session.who)]
            return _page(200, pages.finished_list(over, session))
        if task is None or task[2] is not None:
            return _not_found(session)
        if request.method == "GET" and _is_looked_at(request):
            self.inbox.seen(task[1], session.who, session.how)
        kept = self._concerning(task[1], session)
        if kept is None:
            return _not_found(session)
        return _page(200, pages.task_page(kept, session, self.inbox.desk.directory, _notice_in(query)))

    def _shown_link(self, task: str, text: str, *, seen: bool) -> Response:
        """What a link to a task shows, after whoever opened it has said that they have seen it, if they have."""
        link = self._link(text)
        kept = None if link is None or link.task != task else self.inbox.look(task)
        if link is None or kept is None or not concerns(kept.task, link.who):
            return _page(
                404, pages.message_page("No such link", "It is over, or was never one. Sign in to see what waits.")
            )
        if seen:
            self.inbox.seen(task, link.who, "link")
        return _page(200, pages.link_page(kept, link.who, text, seen=seen))

    def _concerning(self, task: str, session: Session) -> Kept | None:
        kept = self.inbox.look(task)
        return kept if kept is not None and concerns(kept.task, session.who) else None

    # --------------------------------------------------------------------------------------------------------- doing

    def _post(self, request: Request, path: str) -> Response:
        form = _form(request)
        if form is None:
            return _page(400, pages.message_page("No form", "What was sent is no form of this site. Nothing was done."))
        if path == "/sign-in":
            return self._sign_in(request, form)
        task = _task.fullmatch(path)
        if task is not None and task[2] == "seen":
            return self._shown_link(task[1], form.get("link", ""), seen=True)
        session = self._session(request)
        if session is None:
            return _see_other("/sign-in")
        if not session.owns(form.get("form", "")):
            return _page(
                403, pages.message_page("An old form", "Open the page anew and try again. Nothing was done.", session)
            )
        if path == "/sign-out":
            self.sessions.end(self._cookie(request, self.settings.cookie))
            return _see_other("/sign-in", self._set_cookie(self.settings.cookie, "", 0))
        kept = None if task is None or task[2] is None else self._concerning(task[1], session)
        if task is None or kept is None:
            return _not_found(session)
        return self._done(task[2], kept, session, form)

    def _done(self, action: str, kept: Kept, session: Session, form: Mapping[str, str]) -> Response:
        task, who, how = kept.task.identifier, session.who, session.how
        match action:
            case "answer":
                return self._answer(kept, session, form)
            case "claim":
                answered = self.inbox.claim(task, who, how)
            case "release":
                answered = self.inbox.release(task, who, how)
            case _:
                answered = self.inbox.delegate(task, who, how, form.get("to", ""))
        return _after(answered, task, action)

    def _answer(self, kept: Kept, session: Session, form: Mapping[str, str]) -> Response:
        choice, binding = CHOICES.get(form.get("choice", "")), form.get("binding", "")
        comment = form.get("comment", "").replace("\r\n", "\n").strip()
        if choice is None or len(comment) > LONGEST_COMMENT:
            return _page(400, pages.message_page("No answer", "Approve or deny, in at most 4,000 characters.", session))
        if form.get("confirmed") != "yes":
            return _page(200, pages.confirm_page(kept, session, choice, binding, comment))
        task = kept.task.identifier
        answered = self.inbox.vote(task, session.who, session.how, choice, binding, comment or None)
        return _after(answered, task, pages.outcome_of(answered.task, choice))

    def _sign_in(self, request: Request, form: Mapping[str, str]) -> Response:
        if self.failures.too_many(request.peer):
            page = self._sign_in_page("Too many tokens that are none. Wait a minute.")
            return _page(429, page, ("Retry-After", "60"))
        token = self.inbox.who_has(form.get("token", "").strip())
        if token is None:
            self.failures.add(request.peer)
            problem = "This is no token, or it was revoked."
            return _page(403, self._sign_in_page(problem, _local(form.get("then", "/"))))
        cookie, _ = self.sessions.begin(token.who, token.identifier)
        return _see_other(_local(form.get("then", "/")), self._set_cookie(self.settings.cookie, cookie))

    def _sign_in_page(self, problem: str | None = None, then: str = "/") -> bytes:
        return pages.sign_in(problem, then, None if self.provider is None else self.provider.settings.title)

    def _through_provider(self, request: Request, provider: SignIn, query: str, *, is_back: bool) -> Response:
        name = self.settings.sign_in_cookie
        try:
            if not is_back:
                if request.fields.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
                    return _see_other("/sign-in")
                where, cookie = provider.begin(_local(_single(query).get("then", "/")))
                return _see_other(where, self._set_cookie(name, cookie, GOOD_FOR))
            if self.failures.too_many(request.peer):
                raise SignInRefused("Too many sign-ins that were none. Wait a minute.", "too many sign-ins", status=429)
            return self._arrived(request, provider, query)
        except SignInRefused as refusal:
            if refusal.guessed:
                self.failures.add(request.peer)
            self.say(f"sign-in refused: {refusal}")
            content = self._sign_in_page(refusal.text)
            return _page(refusal.status, content, *([self._set_cookie(name, "", 0)] if is_back else []))

    def _arrived(self, request: Request, provider: SignIn, query: str) -> Response:
        """What somebody gets who comes back from the provider."""
        try:
            answer = _single(query, strict=True)
        except ValueError:
            answer = {}  # belongs to no sign-in
        name = self.settings.sign_in_cookie
        arrival = provider.finish(self._cookie(request, name), answer)
        who = self.inbox.desk.directory.named(arrival.name)
        if not is_known(self.inbox, who):
            text = f"Nobody here is asked under your name at the provider, which is {arrival.name}."
            raise SignInRefused(text, "somebody is neither configured nor asked")
        self.sessions.end(self._cookie(request, self.settings.cookie))
        cookie, _ = self.sessions.begin(who, None, provider.settings.session)
        return _see_other(arrival.then, self._set_cookie(self.settings.cookie, cookie), self._set_cookie(name, "", 0))

    # -------------------------------------------------------------------------------------------------------- who

    def _session(self, request: Request) -> Session | None:
        cookie = self._cookie(request, self.settings.cookie)
        session = self.sessions.find(cookie) if cookie else None
        if session is not None and session.token is not None and not self.inbox.is_good(session.token):
            self.sessions.end(cookie)
            return None
        return session

    @staticmethod
    def _cookie(request: Request, name: str) -> str:
        try:
            found = SimpleCookie(request.fields.get("cookie", "")).get(name)
        except CookieError:
            return ""
        return "" if found is None else found.value

    def _set_cookie(self, name: str, value: str, age: int | None = None) -> tuple[str, str]:
        secure = "; Secure" if self.settings.secure else ""
        lasting = "" if age is None else f"; Max-Age={age}"
        return "Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{lasting}"

    def _link(self, text: str) -> Link | None:
        key = self.settings.link_key
        return None if key is None else read_link(text, key, self.inbox.clock() // _SECOND)

    def _is_ours(self, request: Request) -> bool:
        """Whether a POST comes from a page of this site, as far as the browser says so."""
        origin, site = request.fields.get("origin"), request.fields.get("sec-fetch-site", "same-origin")
        host = request.fields["host"].lower()
        return site in {"same-origin", "none"} and (origin is None or urlsplit(origin.lower()).netloc == host)


def _is_looked_at(request: Request) -> bool:
    """Whether a person has the page before them, as far as the browser says so."""
    fields = request.fields
    purposes = (fields.get("sec-purpose", ""), fields.get("purpose", ""))
    return (
        not any("prefetch" in purpose for purpose in purposes)
        and fields.get("sec-fetch-dest", "document") == "document"
    )


def _form(request: Request) -> dict[str, str] | None:
    """The fields of a form, each once."""
    kind = request.fields.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    try:
        return _single(request.body.decode("ascii"), strict=True)
    except ValueError:
        return None


def _single(query: str, *, strict: bool = False) -> dict[str, str]:
    errors = "strict" if strict else "replace"
    try:
        found = parse_qs(query, keep_blank_values=True, errors=errors, max_num_fields=MOST_FIELDS)
    except ValueError:
        if strict:
            raise
        return {}
    if strict and any(len(values) > 1 for values in found.values()):
        raise ValueError("a field comes twice")
    return {name: values[0] for name, values in found.items()}


def _local(path: str) -> str:
    """A place of this site, and no other."""
    known = path == "/done" or _task.fullmatch(path)
    return path if known else "/"


def _notice_in(query: str) -> Notice | None:
    return NOTICES.get(_single(query).get("did", ""))


def _after(answered: Answered, task: str, did: str) -> Response:
    word = answered.refused or ("gone" if answered.task is None else did)
    return _see_other(f"/tasks/{task}?did={word}")


def _not_found(session: Session) -> Response:
    return _page(404, pages.message_page("Nothing here", "There is no such page, or it is not for you.", session))


def _page(status: int, content: bytes, *fields: tuple[str, str]) -> Response:
    return Response(status, content, HTML, (*HEADERS, *fields))


def _see_other(where: str, *fields: tuple[str, str]) -> Response:
    return Response(303, b"", HTML, (*HEADERS, ("Location", where), *fields))


@cache
def _file(path: str) -> Response:
    kind = "text/css; charset=utf-8" if path.endswith(".css") else "text/javascript; charset=utf-8"
    name = "page.css" if path.endswith(".css") else "page.js"
    return Response(200, files("tenetlang.inbox").joinpath(name).read_bytes(), kind, HEADERS)
