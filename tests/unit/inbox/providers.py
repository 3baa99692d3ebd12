"""An OpenID provider on this machine, as the outside world it is: it signs with PyJWT, checks what it is asked, and lies where a test wants it to."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import attrs
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

CLIENT = "reviews"
SECRET = "s:e/c r%t+"
BACK = "http://127.0.0.1:8421/sign-in/back"

RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: PrivateKey, identifier: str | None, **more: object) -> dict[str, object]:
    """The JSON Web Key of a key's public half."""
    found: dict[str, object] = (
        RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        if isinstance(key, rsa.RSAPrivateKey)
        else ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    )
    named = {} if identifier is None else {"kid": identifier}
    return {**found, **named, **more}


@attrs.define
class OpenIdProvider:
    """What it knows, what it was asked, and how it lies. `claims` replace those of ID tokens; one that is None is left out."""

    issuer: str
    clock: Callable[[], float]
    person: dict[str, object] = attrs.field(
        factory=lambda: {"sub": "s-1", "email": "ada@example.com", "email_verified": True}
    )
    keys: list[dict[str, object]] = attrs.field(factory=lambda: [public_jwk(RSA_KEY, "k1", use="sig")])
    signs: PrivateKey = RSA_KEY
    head: dict[str, object] = attrs.field(factory=lambda: {"kid": "k1"})
    algorithm: str = "RS256"
    claims: dict[str, object] = attrs.field(factory=dict)
    document: dict[str, object] = attrs.field(factory=dict)
    token_answer: dict[str, object] = attrs.field(factory=dict)
    userinfo: dict[str, object] | None = None
    statuses: dict[str, int] = attrs.field(factory=dict)
    bodies: dict[str, bytes] = attrs.field(factory=dict)
    secret: str | None = SECRET
    asked: list[str] = attrs.field(factory=list)
    heads: list[Mapping[str, str]] = attrs.field(factory=list)
    codes: dict[str, dict[str, str]] = attrs.field(factory=dict)

    def configuration(self) -> dict[str, object]:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "code_challenge_methods_supported": ["plain", "S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.document,
        }
        return {name: value for name, value in said.items() if value is not None}

    def sign_in(self, where: str) -> dict[str, str]:
        """What it answers by the browser of a person who has signed in, after it was sent there."""
        question = {name: value for name, (value,) in parse_qs(urlsplit(where).query, strict_parsing=True).items()}
        assert where.startswith(f"{self.issuer}/authorize?tenant=1&")
        assert question["response_type"] == "code"
        assert question["client_id"] == CLIENT
        assert question["code_challenge_method"] == "S256"
        assert "openid" in question["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = question
        return {"code": code, "state": question["state"], "iss": self.issuer}

    def id_token(self, nonce: str) -> str:
        now = int(self.clock())
        said: dict[str, object] = {
            "iss": self.issuer, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300, **self.person, **self.claims,
        }  # fmt: skip
        payload = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(payload, self.signs, self.algorithm, self.head)

    def tokens(self, form: Mapping[str, str], authorization: str) -> tuple[int, dict[str, object]]:
        if self.secret is not None:
            name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            in_head, in_form = (
                (unquote_plus(name), unquote_plus(secret)),
                (form.get("client_id"), form.get("client_secret")),
            )
            if (in_head if authorization else in_form) != (CLIENT, self.secret):
                return 401, {"error": "invalid_client"}
        elif form.get("client_id") != CLIENT:
            return 400, {"error": "invalid_client"}
        question = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            question is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != question["redirect_uri"]
            or challenge.rstrip(b"=").decode() != question["code_challenge"]
        ):
            return 400, {"error": "invalid_grant", "error_description": "<b>\x1b[31mno</b>"}
        answer = {
            "access_token": "at-1", "token_type": "Bearer", "id_token": self.id_token(question["nonce"]), **self.token_answer,
        }  # fmt: skip
        return 200, {name: value for name, value in answer.items() if value is not None}


def _handler(provider: OpenIdProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self._noted()
            if path == "/authorize":
                form = (
                    f'<form method="post" action="{self.path.replace("&", "&amp;")}"><button>I am Ada</button></form>'
                )
                self._answer(200, f"<!doctype html><title>Provider</title>{form}".encode(), "text/html")
            elif path == "/favicon.ico":
                self._answer(200, b"", "image/png")
            elif path == "/userinfo" and self.headers["Authorization"] == "Bearer at-1":
                self._json(path, 200, provider.person if provider.userinfo is None else provider.userinfo)
            elif path == "/jwks":
                self._json(path, 200, {"keys": provider.keys})
            elif path == "/.well-known/openid-configuration":
                self._json(path, 200, provider.configuration())
            else:
                self._json(path, 404, {})

        def do_POST(self) -> None:
            path = self._noted()
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if path == "/authorize":
                where = f"{provider.issuer}{self.path}"
                answer = provider.sign_in(where)
                (back,) = parse_qs(urlsplit(where).query)["redirect_uri"]
                self.send_response(303)
                self.send_header("Location", f"{back}?{urlencode(answer)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            form = {name: value for name, (value,) in parse_qs(body, strict_parsing=True).items()}
            self._json(path, *provider.tokens(form, self.headers.get("Authorization", "")))

        def _noted(self) -> str:
            path = urlsplit(self.path).path
            provider.asked.append(path)
            provider.heads.append({name.lower(): value for name, value in self.headers.items()})
            return path

        def _json(self, path: str, status: int, content: object) -> None:
            body = provider.bodies.get(path, json.dumps(content).encode())
            self._answer(provider.statuses.get(path, status), body, "application/json")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{provider.issuer}/jwks")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *values: object) -> None:
            pass

    return Handler


@contextmanager
def open_id_provider(clock: Callable[[], float], trust: ssl.SSLContext | None = None) -> Iterator[OpenIdProvider]:
    """A provider that answers on this machine, at a free port."""
    provider = OpenIdProvider("", clock)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    if trust is not None:
        server.socket = trust.wrap_socket(server.socket, server_side=True)
    provider.issuer = f"http{'' if trust is None else 's'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
