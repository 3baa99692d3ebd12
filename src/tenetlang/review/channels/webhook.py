"""Webhooks, signed as Standard Webhooks 1.0.0 says (https://www.standardwebhooks.com), so that its libraries verify them.

    POST /hooks/reviews
    webhook-id: 01JD….0
    webhook-timestamp: 1795377600
    webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=

    {"data":{…},"timestamp":"2026-11-22T20:00:00Z","type":"tenet.review.asked"}

Signed is `id.timestamp.body` by HMAC-SHA256 with the secret, which is written `whsec_` and base64. There may be two secrets while one takes the
place of the other; then there are two signatures. The timestamp is that of the attempt, the body the same for each.

Only `https`, but to this machine itself. No redirection is followed: whoever can answer could otherwise send the question elsewhere. Of the answer
the status is read and nothing else. 2xx is taken as sent, 410 as gone for good, as the standard has it; all else is tried again.
"""

from __future__ import annotations

import re
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from hmac import digest
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs
import msgspec

from tenetlang.audit.records.record import time_text
from tenetlang.review.channels.channel import (
    LONGEST_ATTEMPT,
    PATIENCE,
    Message,
    NotSent,
    UnusableChannel,
    cut_off,
    is_loopback,
)

if TYPE_CHECKING:
    import ssl

_SHORTEST: Final = 24
_LONGEST: Final = 64
_plain = re.compile(r"[!-~]+")


def webhook_secret(text: str) -> bytes:
    """The bytes of a secret, `whsec_` and base64. Raises `UnusableChannel`, without the secret in its sentence."""
    encoded = text.strip().removeprefix("whsec_")
    try:
        secret = b64decode(encoded, validate=True)
    except ValueError:
        raise UnusableChannel("a secret of a webhook is `whsec_` and base64") from None
    if not _SHORTEST <= len(secret) <= _LONGEST:
        raise UnusableChannel(f"a secret of a webhook has {_SHORTEST} to {_LONGEST} bytes, and not {len(secret)}")
    return secret


def webhook_signature(secret: bytes, identifier: str, timestamp: int, body: bytes) -> str:
    """The signature of a message, `v1,` and base64."""
    return "v1," + b64encode(digest(secret, f"{identifier}.{timestamp}.".encode() + body, "sha256")).decode()


@attrs.frozen
class Webhook:
    """A webhook. `secrets` are the bytes of one or more secrets. Raises `UnusableChannel`."""

    name: str
    url: str
    secrets: Sequence[bytes] = attrs.field(repr=False)
    clock: Callable[[], float] = attrs.field(default=time.time, repr=False)
    trust: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    longest: float = LONGEST_ATTEMPT
    patience: float = PATIENCE

    def __attrs_post_init__(self) -> None:
        if not self.secrets:
            raise UnusableChannel(f"the webhook `{self.name}` has no secret")
        _address(self.url)

    def send(self, message: Message) -> None:
        """Posts a message. Raises `NotSent`."""
        status = self._post(message.identifier, webhook_body(message))
        if not 200 <= status < 300:
            raise NotSent(f"it answered with status {status}", for_good=status == 410)

    def probe(self, message: Message) -> None:
        """Posts a message that says that it is only a test. Raises `NotSent`."""
        self.send(message)

    def _post(self, identifier: str, body: bytes) -> int:
        from http.client import HTTPConnection, HTTPException, HTTPSConnection

        scheme, host, port, target = _address(self.url)
        timestamp = int(self.clock())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "tenetlang",
            "Connection": "close",
            "webhook-id": identifier,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(
                webhook_signature(secret, identifier, timestamp, body) for secret in self.secrets
            ),
        }
        connection = (
            HTTPSConnection(host, port, timeout=self.patience, context=self.trust)
            if scheme == "https"
            else HTTPConnection(host, port, timeout=self.patience)
        )
        late = f"it gave no answer within {self.longest:g} seconds"
        with cut_off(self.longest, lambda: connection.sock) as is_cut:
            try:
                connection.request("POST", target, body, headers)
                status = connection.getresponse().status
            except (OSError, HTTPException, ValueError) as mistake:
                detail = late if is_cut() else f"it can't be reached: {str(mistake) or type(mistake).__name__}"
                raise NotSent(detail) from mistake
            finally:
                connection.close()
        if is_cut():
            raise NotSent(late)
        return status


def webhook_body(message: Message) -> bytes:
    """The body of a message: the same bytes for each attempt."""
    link = {} if message.link is None else {"link": message.link}
    content = {
        "type": f"tenet.review.{message.kind}",
        "timestamp": time_text(message.at * 1_000_000_000).replace(".000000000Z", "Z"),
        "data": {**message.data, **link, "title": message.title, "text": message.text},
    }
    return msgspec.json.encode(content, order="sorted")


def _address(url: str) -> tuple[str, str, int | None, str]:
    """Scheme, host, port and target of an address. Raises `UnusableChannel`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as mistake:
        raise UnusableChannel(f"the address of a webhook is none: {mistake}") from None
    if parts.scheme not in {"http", "https"} or not host or not _plain.fullmatch(url):
        raise UnusableChannel("the address of a webhook is `https://HOST[:PORT]/PATH`")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise UnusableChannel("the address of a webhook has no user, no password and no `#`; its secret is `secret`")
    if parts.scheme == "http" and not is_loopback(host):
        raise UnusableChannel(f"a webhook to {host} is `https`: only this machine itself is told without")
    query = f"?{parts.query}" if parts.query else ""
    return parts.scheme, host, port, (parts.path or "/") + query
