"""Tokens: with what a reviewer shows who they are, on the command line and where the inbox asks.

    tnr_01JD…26 letters…_k3Jx…43 letters…
        ╰ which token ╯   ╰ 256 random bits ╯

A token is shown once, when it is made. What is stored is SHA-256 of its random part: it has as many bits as the digest, so there is
nothing that a slow hash would make harder to guess. It is found by its first part, which is no secret, and the rest is compared
in constant time, also where there is no such token. A revoked one stays in the table, so that it is known for what it was.
"""

from __future__ import annotations

import hmac
import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import attrs

from tenetlang.audit.records.record import ulid
from tenetlang.audit.stores.tables import Tables
from tenetlang.review.rows import ReviewsDamaged, numbers, texts

_form: Final = re.compile(r"tnr_([0-7][0-9A-HJKMNP-TV-Z]{25})_([A-Za-z0-9_-]{43})")
_NOTHING: Final = bytes(32)
MOST_TOKENS: Final = 10_000
LONGEST_NAME: Final = 200


@attrs.frozen
class Token:
    """What is known of a token. Times are nanoseconds since 1970; `revoked_at` is None while it is good."""

    identifier: str
    who: str
    made_at: int
    revoked_at: int | None


def add_token(
    tables: Tables, who: str, now_ns: int, randomness: Callable[[int], bytes] = os.urandom
) -> tuple[Token, str]:
    """A new token for a person, and its text, which can't be shown again. Raises `ValueError` for a name that is none."""
    if not who.strip() or len(who) > LONGEST_NAME or not who.isprintable():
        raise ValueError(f"{who!r:.80} is no name: a reviewer's is what the policy and the configuration call them")
    if len(tables.run("SELECT id FROM review_tokens LIMIT ?", (MOST_TOKENS,))) >= MOST_TOKENS:
        raise ValueError(f"there are {MOST_TOKENS:,} tokens already")
    identifier = ulid(now_ns, randomness(16))
    secret = urlsafe_b64encode(randomness(32)).rstrip(b"=").decode()
    tables.run(
        "INSERT INTO review_tokens (id, who, digest, made_at, revoked_at) VALUES (?, ?, ?, ?, NULL)",
        (identifier, who, sha256(secret.encode()).digest(), now_ns),
    )
    return Token(identifier, who, now_ns, None), f"tnr_{identifier}_{secret}"


def check_token(tables: Tables, text: str) -> Token | None:
    """The token that a text is, None for anything else, and for one that was revoked."""
    found = _form.fullmatch(text)
    identifier, secret = found.groups() if found else ("", "")
    rows = tables.run("SELECT digest, who, made_at, revoked_at FROM review_tokens WHERE id = ?", (identifier,))
    stored = rows[0][0] if rows else _NOTHING
    if not isinstance(stored, bytes):
        raise ReviewsDamaged("a token is not stored as one")
    same = hmac.compare_digest(sha256(secret.encode()).digest(), stored)
    if not rows or not same or rows[0][3] is not None:
        return None
    (who,), (made_at,) = texts(rows[0], 1), numbers(rows[0], 2)
    return Token(identifier, who, made_at, None)


def is_good(tables: Tables, identifier: str) -> bool:
    """Whether a token that was checked before has not been revoked since: what a session asks at each request."""
    return tables.run("SELECT revoked_at FROM review_tokens WHERE id = ?", (identifier,)) == [(None,)]


def revoke_token(tables: Tables, identifier: str, now_ns: int) -> bool:
    """Revokes a token; whether there was one to revoke."""
    rows = tables.run("SELECT id FROM review_tokens WHERE id = ? AND revoked_at IS NULL", (identifier,))
    tables.run("UPDATE review_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (now_ns, identifier))
    return bool(rows)


def all_tokens(tables: Tables) -> tuple[Token, ...]:
    """All tokens, the oldest first."""
    found: list[Token] = []
    for row in tables.run("SELECT id, who, made_at, revoked_at FROM review_tokens ORDER BY id"):
        (identifier, who), (made_at,) = texts(row, 0, 1), numbers(row, 2)
        found.append(Token(identifier, who, made_at, row[3] if isinstance(row[3], int) else None))
    return tuple(found)
