"""Links in messages: they bring one person to one task, for one purpose, until a time, and nothing else.

    BASE64URL({"expires": …, "purpose": "see", "task": "01JD…", "who": "ada"}) . BASE64URL(HMAC-SHA256)

A link is a secret that passes through mail servers and chat services, whose scanners open what they pass on. Two things follow:

- *Opening a link changes nothing.* That a person has seen the task is said by a form on the page, a POST, which scanners
  don't send. So `seen` keeps its meaning: a person, not a machine on the way to one.
- *A link shows, and does not decide.* To vote one signs in with a token. A mailbox that others read gives them the question, and
  not the answer.

Links are computed, not stored: a message that is sent again after a crash is the same message, letter for letter. The key is from
the configuration (`[review] link_key`); without one, links lead to the task and ask for a token.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, Literal, TypeAlias

import attrs
import msgspec

Purpose: TypeAlias = Literal["see"]

SHORTEST_KEY: Final = 32
_LONGEST: Final = 2048
_form: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")


@attrs.frozen
class Link:
    """What a link says. `expires` is in seconds since 1970."""

    task: str
    who: str
    purpose: Purpose
    expires: int


def link_token(link: Link, key: bytes) -> str:
    """The text of a link. Raises `ValueError` for a key that is too short."""
    content = urlsafe_b64encode(msgspec.json.encode(link, order="sorted")).rstrip(b"=")
    return f"{content.decode()}.{_signature(content, key)}"


def read_link(text: str, key: bytes, now: int) -> Link | None:
    """What a link says; None where it was not made with this key, or is over. `now` is in seconds since 1970."""
    found = _form.fullmatch(text) if len(text) <= _LONGEST else None
    content, signature = found.groups() if found else ("", "")
    if not hmac.compare_digest(_signature(content.encode(), key), signature):
        return None
    try:
        link = msgspec.json.decode(urlsafe_b64decode(content + "=" * (-len(content) % 4)), type=Link)
    except (ValueError, msgspec.MsgspecError):
        return None
    return link if now < link.expires else None


def _signature(content: bytes, key: bytes) -> str:
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"a key for links has {len(key)} bytes; at least {SHORTEST_KEY} are needed")
    digest = hmac.digest(key, b"tenet review link\n" + content, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
