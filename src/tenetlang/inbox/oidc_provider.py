"""What we ask an OpenID provider: what it is (Discovery 1.0), its keys, and who somebody is (Core 1.0, sections 3.1.3 and 5.3).

Every answer is bounded in time and size, no redirection is followed, and each address that the provider names is `https`, or this machine.
What it is and its keys are kept for ten minutes, so a key that it withdraws is soon worth nothing; for a key that is not among them
they are fetched again, at most once in ten seconds. At most two conversations go on at once and a provider that failed is left alone for some seconds,
so one that hangs doesn't take the threads of the inbox with it.
"""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import attrs

from tenetlang.review.channels.channel import cut_off
from tenetlang.review.provider import ProviderSettings, is_safe_address
from tenetlang.values.reading import InvalidRequest, read_json

if TYPE_CHECKING:
    import ssl

DISCOVERY: Final = "/.well-known/openid-configuration"
KEPT: Final = 600.0
AGAIN: Final = 10.0
LEFT_ALONE: Final = 5.0
LARGEST: Final = 512 * 1024
PATIENCE: Final = 5.0
LONGEST: Final = 10.0
_TURNS: Final = 2
_WAIT: Final = 0.5
_LONGEST_ERROR: Final = 60


class ProviderFailed(Exception):
    """The provider gave no answer that can be used; the sentence is for whoever runs the inbox."""


class CodeRefused(Exception):
    """The provider did not take the code that the browser brought; the sentence is for whoever runs the inbox."""


@attrs.frozen
class Metadata:
    """What the provider says that it is. `posts_secret` says that it takes the secret in the form and not in the head."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    posts_secret: bool
    tells_issuer: bool


@attrs.frozen
class Tokens:
    """What it gave for a code."""

    id_token: str
    access_token: str | None


@attrs.define
class Provider:
    """An OpenID provider. Thread-safe. `seconds` is a clock that only goes forward, `trust` by whose certificates it is known."""

    settings: ProviderSettings
    seconds: Callable[[], float] = time.monotonic
    trust: ssl.SSLContext | None = None
    longest: float = LONGEST
    _turns: threading.Semaphore = attrs.field(factory=lambda: threading.BoundedSemaphore(_TURNS))
    _metadata: tuple[float, Metadata] | None = None
    _keys: tuple[float, Sequence[Mapping[str, object]]] | None = None
    _failed: tuple[float, str] | None = None

    def metadata(self) -> Metadata:
        """What it is. Raises `ProviderFailed`."""
        kept, failed, now = self._metadata, self._failed, self.seconds()
        if kept is not None and now - kept[0] < KEPT:
            return kept[1]
        if failed is not None and now - failed[0] < LEFT_ALONE:
            raise ProviderFailed(failed[1])
        try:
            found = self._discovered()
        except ProviderFailed as mistake:
            self._failed = self.seconds(), str(mistake)
            raise
        self._metadata = self.seconds(), found
        return found

    def keys(self, *, anew: bool = False) -> Sequence[Mapping[str, object]]:
        """Its keys, as JSON Web Keys; with `anew` those of now, if they are older than ten seconds. Raises `ProviderFailed`."""
        kept, now = self._keys, self.seconds()
        if kept is not None and now - kept[0] < (AGAIN if anew else KEPT):
            return kept[1]
        document = self._document("its keys", self.metadata().jwks_uri)
        found = document.get("keys")
        if not isinstance(found, list):
            raise ProviderFailed("its keys are no JSON Web Key Set")
        keys = tuple(key for key in found if isinstance(key, dict))
        self._keys = self.seconds(), keys
        return keys

    def tokens(self, code: str, verifier: str) -> Tokens:
        """What it gives for a code. Raises `ProviderFailed` and `CodeRefused`."""
        metadata, settings = self.metadata(), self.settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.back,
            "code_verifier": verifier,
        }
        head = {"Content-Type": "application/x-www-form-urlencoded"}
        if settings.secret is not None and not metadata.posts_secret:
            both = f"{quote_plus(settings.client_id)}:{quote_plus(settings.secret)}"
            head["Authorization"] = f"Basic {b64encode(both.encode()).decode()}"
        else:
            form["client_id"] = settings.client_id
            if settings.secret is not None:
                form["client_secret"] = settings.secret
        status, body = self._fetch(metadata.token_endpoint, head, urlencode(form).encode())
        document = _read("its answer to the code", body)
        if status in {400, 401}:
            raise CodeRefused(
                f"it did not take the code: {str(document.get('error', 'it does not say why'))[:_LONGEST_ERROR]}"
            )
        _expect_fine("its answer to the code", status)
        id_token, access_token = document.get("id_token"), document.get("access_token")
        if not isinstance(id_token, str):
            raise ProviderFailed("it gave no ID token")
        return Tokens(id_token, access_token if isinstance(access_token, str) else None)

    def claims_of(self, access_token: str) -> Mapping[str, object]:
        """What it says of whom the access token is for; nothing, if it has no place to ask. Raises `ProviderFailed`."""
        where = self.metadata().userinfo_endpoint
        if where is None or not access_token.isascii() or not access_token.isprintable():
            return {}
        return self._document("what it knows of the person", where, {"Authorization": f"Bearer {access_token}"})

    # ------------------------------------------------------------------------------------------------------ inside

    def _discovered(self) -> Metadata:
        issuer = self.settings.issuer
        document = self._document("its configuration", issuer.rstrip("/") + DISCOVERY)
        if document.get("issuer") != issuer:
            raise ProviderFailed("it calls itself by another name than `issuer` of `[review.oidc]`")
        methods = document.get("code_challenge_methods_supported", ["S256"])
        if not isinstance(methods, list) or "S256" not in methods:
            raise ProviderFailed("it does not support PKCE with S256")
        ways = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        posts = isinstance(ways, list) and "client_secret_basic" not in ways and "client_secret_post" in ways
        return Metadata(
            _endpoint(document, "authorization_endpoint"),
            _endpoint(document, "token_endpoint"),
            _endpoint(document, "jwks_uri"),
            _endpoint(document, "userinfo_endpoint") if "userinfo_endpoint" in document else None,
            posts,
            document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _document(self, what: str, url: str, head: Mapping[str, str] | None = None) -> Mapping[str, object]:
        status, body = self._fetch(url, head or {})
        _expect_fine(what, status)
        return _read(what, body)

    def _fetch(self, url: str, head: Mapping[str, str], body: bytes | None = None) -> tuple[int, bytes]:
        """The status and body that it answers."""
        from http.client import HTTPConnection, HTTPException, HTTPSConnection

        parts = urlsplit(url)
        host = parts.hostname or ""
        connection = (
            HTTPSConnection(host, parts.port, timeout=PATIENCE, context=self.trust)
            if parts.scheme == "https"
            else HTTPConnection(host, parts.port, timeout=PATIENCE)
        )
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields = {"User-Agent": "tenetlang", "Accept": "application/json", "Connection": "close", **head}
        late = False
        with self._turn():
            try:
                connection.connect()
                connected = connection.sock  # the connection forgets it once the head of the answer was read
                with cut_off(self.longest, lambda: connected) as is_cut:
                    try:
                        connection.request("GET" if body is None else "POST", target, body, fields)
                        answer = connection.getresponse()
                        content = answer.read(LARGEST + 1)
                    finally:
                        late = is_cut()
            except (OSError, HTTPException, ValueError) as mistake:
                raise ProviderFailed(self._late if late else f"it can't be reached: {_cause(mistake)}") from mistake
            finally:
                connection.close()
        if late:
            raise ProviderFailed(self._late)
        if len(content) > LARGEST:
            raise ProviderFailed("its answer is too long")
        return answer.status, content

    @property
    def _late(self) -> str:
        return f"it gave no answer within {self.longest:g} seconds"

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=_WAIT):
            raise ProviderFailed("others are signing in, and it is slow")
        try:
            yield
        finally:
            self._turns.release()


def _cause(mistake: Exception) -> str:
    return str(mistake) or type(mistake).__name__


def _expect_fine(what: str, status: int) -> None:
    if status != 200:
        raise ProviderFailed(f"{what} came with status {status}")


def _read(what: str, body: bytes) -> Mapping[str, object]:
    try:
        document = read_json(body)
    except InvalidRequest as mistake:
        raise ProviderFailed(f"{what} can't be read: {mistake}") from None
    if not isinstance(document, dict):
        raise ProviderFailed(f"{what} is no JSON object")
    return document


def _endpoint(document: Mapping[str, object], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not is_safe_address(url):
        raise ProviderFailed(f"its `{name}` is no address that begins with `https`")
    return url
