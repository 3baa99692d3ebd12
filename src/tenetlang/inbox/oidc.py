"""Signing in through an OpenID provider: authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9700).

    browser: GET /sign-in/begin ── cookie, and on to the provider with state, nonce and challenge
    provider: the person signs in there, and is sent back
    browser: GET /sign-in/back?code=…&state=… ── with the cookie
        └→ state belongs to the cookie ─→ code and verifier for an ID token ─→ verified, nonce of the cookie ─→ a name ─→ is known here

All that belongs to one sign-in is made of its cookie and a key of this process by HMAC: state, nonce and verifier. Nothing is kept for those who
begin and don't come back, so nobody can push out others by beginning often. The cookie is good for ten minutes and one code. A stranger's link with
a code of theirs has no cookie to go with it (login CSRF), and a stolen code no verifier.

There is one provider. If it says in its answer who it is (RFC 9207), it has to be that one, and where it promises to say so, it has to. What it says of errors
is told to whoever runs the inbox and to nobody else.

*Who may come in*: whom the configuration names or a task concerns. All others whom the provider vouches for are told so and get no session.
"""

from __future__ import annotations

import hmac
import os
import re
import threading
import time
import unicodedata
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

import attrs

from tenetlang.inbox.inbox import Inbox
from tenetlang.inbox.oidc_provider import CodeRefused, Provider, ProviderFailed
from tenetlang.inbox.oidc_token import Expected, InvalidToken, need_library, verified_claims
from tenetlang.inbox.shown import concerns
from tenetlang.review.provider import ProviderSettings
from tenetlang.review.tasks import person
from tenetlang.review.tokens import LONGEST_NAME

GOOD_FOR: Final = 600
"""So many seconds somebody has for signing in at the provider."""

_MOST_USED: Final = 10_000
_LONGEST_CODE: Final = 4096
_cookie = re.compile(r"([0-9]{1,12})\.[A-Za-z0-9_-]{43}\.(/[A-Za-z0-9/]{0,60})")


class SignInRefused(Exception):
    """Nobody is signed in. `text` is for the person, the rest for whoever runs the inbox; `status` is that of the page.

    `guessed` says that it may have been a guess, which is counted."""

    def __init__(self, text: str, detail: str, *, status: int = 403, guessed: bool = False) -> None:
        super().__init__(detail)
        self.text = text
        self.status = status
        self.guessed = guessed


_ELSEWHERE: Final = "This sign-in was not begun in this browser, or it took too long. Nobody is signed in."
_UNAVAILABLE: Final = "Signing in through the provider does not work now. With a token it does."
_REFUSED: Final = "The provider did not confirm who you are. Nobody is signed in."


@attrs.frozen
class Arrival:
    """Somebody whom the provider vouches for, by the name that its claim holds, and where they wanted to go."""

    name: str
    then: str


@attrs.define
class SignIn:
    """Signing in through a provider. Thread-safe. `clock` gives seconds since 1970. Raises `ModuleNotFoundError`, which names the extra."""

    provider: Provider
    clock: Callable[[], float] = time.time
    randomness: Callable[[int], bytes] = os.urandom
    _key: bytes = attrs.field(init=False, repr=False)
    _used: OrderedDict[bytes, None] = attrs.field(factory=OrderedDict, init=False, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        need_library()
        self._key = self.randomness(32)

    @property
    def settings(self) -> ProviderSettings:
        """What is configured."""
        return self.provider.settings

    def begin(self, then: str) -> tuple[str, str]:
        """Where to send a browser that wants to get to `then`, and the cookie to send with it. Raises `SignInRefused`."""
        try:
            metadata = self.provider.metadata()
        except ProviderFailed as mistake:
            raise SignInRefused(_UNAVAILABLE, f"the provider: {mistake}", status=503) from None
        secret = urlsafe_b64encode(self.randomness(32)).rstrip(b"=").decode()
        cookie = f"{int(self.clock())}.{secret}.{then}"
        settings = self.settings
        question = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": settings.back,
            "scope": settings.scope,
            "state": self._made(cookie, "state"),
            "nonce": self._made(cookie, "nonce"),
            "code_challenge": _challenge(self._made(cookie, "verifier")),
            "code_challenge_method": "S256",
        }
        where = metadata.authorization_endpoint
        return f"{where}{'&' if '?' in where else '?'}{urlencode(question)}", cookie

    def finish(self, cookie: str, answer: Mapping[str, str]) -> Arrival:
        """Who came back with this cookie and this answer of the provider. Raises `SignInRefused`."""
        then = self._checked(cookie, answer.get("state", ""))
        try:
            code = self._code(answer)
            self._use(cookie)
            tokens = self.provider.tokens(code, self._made(cookie, "verifier"))
            expected = Expected(
                self.settings.issuer, self.settings.client_id, self._made(cookie, "nonce"), int(self.clock())
            )
            claims = verified_claims(tokens.id_token, lambda anew: self.provider.keys(anew=anew), expected)
            if self.settings.claim not in claims and tokens.access_token is not None:
                claims = self._further(claims, self.provider.claims_of(tokens.access_token))
        except ProviderFailed as mistake:
            raise SignInRefused(_UNAVAILABLE, f"the provider: {mistake}", status=503) from None
        except (InvalidToken, CodeRefused) as mistake:
            what = "the ID token" if isinstance(mistake, InvalidToken) else "the provider"
            raise SignInRefused(_REFUSED, f"{what}: {mistake}", guessed=True) from None
        return Arrival(_name(claims, self.settings.claim), then)

    # ------------------------------------------------------------------------------------------------------ inside

    def _checked(self, cookie: str, state: str) -> str:
        """Where a browser wanted to go whose sign-in this is."""
        found = _cookie.fullmatch(cookie)
        if found is None or not hmac.compare_digest(
            state.encode("utf-8", "replace"), self._made(cookie, "state").encode()
        ):
            raise SignInRefused(
                _ELSEWHERE, "somebody came back from the provider with no sign-in of theirs", status=400
            )
        if not 0 <= self.clock() - int(found[1]) <= GOOD_FOR:
            raise SignInRefused(_ELSEWHERE, "somebody came back from the provider too late", status=400)
        return found[2]

    def _code(self, answer: Mapping[str, str]) -> str:
        issuer = answer.get("iss")
        if issuer is None and self.provider.metadata().tells_issuer:
            raise SignInRefused(_REFUSED, "the answer does not say which provider it is of, as the provider promised")
        if issuer is not None and issuer != self.settings.issuer:
            raise SignInRefused(_REFUSED, "the answer is of another provider")
        if "error" in answer:
            raise SignInRefused(_REFUSED, f"the provider refused: {answer['error'][:60]}")
        code = answer.get("code", "")
        if not 0 < len(code) <= _LONGEST_CODE:
            raise SignInRefused(_REFUSED, "the answer has no code", status=400)
        return code

    def _use(self, cookie: str) -> None:
        key = sha256(cookie.encode()).digest()
        with self._lock:
            if key in self._used:
                raise SignInRefused(_ELSEWHERE, "somebody came back from the provider twice", status=400)
            while len(self._used) >= _MOST_USED:
                self._used.popitem(last=False)
            self._used[key] = None

    @staticmethod
    def _further(claims: Mapping[str, object], further: Mapping[str, object]) -> Mapping[str, object]:
        """What the provider says when it is asked, if it is of the same person."""
        if further and further.get("sub") != claims["sub"]:
            raise InvalidToken("what the provider says of the person is of another one")
        return further

    def _made(self, cookie: str, purpose: str) -> str:
        made = hmac.digest(self._key, f"{purpose} {cookie}".encode(), "sha256")
        return urlsafe_b64encode(made).rstrip(b"=").decode()


def is_known(inbox: Inbox, who: str) -> bool:
    """Whether somebody is configured, or was asked about a task that is still there."""
    key = person(who)
    return (
        any(key == person(name) for known in inbox.desk.directory.people for name in (known.name, *known.also))
        or bool(inbox.waiting(who))
        or any(concerns(kept.task, who) for kept in inbox.finished())
    )


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _name(claims: Mapping[str, object], claim: str) -> str:
    """The name in a claim. Names count as the same here in any case and width, so what only looks the same is refused."""
    name = claims.get(claim)
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise SignInRefused(
            "The provider does not say by which name you are known here.", f"there is no name in the claim `{claim}`"
        )
    if claim == "email" and claims.get("email_verified") is not True:
        raise SignInRefused(
            "The provider does not say that your address is yours (`email_verified`).", "`email_verified` is not true"
        )
    if unicodedata.normalize("NFKC", name) != name or name.casefold() != name.lower() or name != name.strip():
        raise SignInRefused(
            "Your name at the provider has characters that could be taken for others.",
            f"the name in the claim `{claim}` has characters that could be taken for others",
        )
    return name
