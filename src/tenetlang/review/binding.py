"""The digest of exactly one call: what an approval is about, so that nothing of the call can be changed afterwards.

It is SHA-256 over the canonical text of the request in the form of OpenID AuthZEN 1.0:

    {"subject":  {"type": "agent", "id": "a1", "properties": {"agent": {…}, "user": {…}}},
     "action":   {"name": "call", "properties": {"arguments": {…}, "origins": {…}}},
     "resource": {"type": "tool", "id": "refund"},
     "context":  {…}}

What is in it is all that the caller says of the call, and what is left out changes by itself between asking and doing:
`session` (an agent that was started anew may come back for its answer), `counters` and `now`, which are facts and are
looked at anew when the call is decided again, and `approvals`. *Origins are in it*: a reviewer may have approved because the
recipient came from the user, and a policy may have asked for that reason. Whatever else a request has is part of the context.

Numbers that no double holds are digested as texts of their exact digits (`audit/canonical.py`), so that no two amounts have one
digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from tenetlang.audit.canonical import MAX_DEPTH, canonical_bytes
from tenetlang.audit.records.record import identity_word

LEFT_OUT: Final = frozenset({"session", "counters", "now", "approvals"})
"""Members of a request that an approval is not bound to."""

_PLACED: Final = frozenset({"agent", "user", "tool", "args", "origins", "context"})
_BEHALF: Final = ("delegated_by", "on_behalf_of", "delegators")


def binding(request: Mapping[str, object]) -> str:
    """The digest in hexadecimal. Raises `CanonicalError` for a request that is no JSON."""
    agent = request.get("agent")
    subject: dict[str, object] = {
        "type": "agent",
        "properties": {name: request[name] for name in ("agent", "user") if name in request},
    }
    if isinstance(agent, Mapping) and "id" in agent:
        subject["id"] = agent["id"]
    named = {"arguments": "args", "origins": "origins"}
    call = {
        "subject": subject,
        "action": {"name": "call", "properties": {to: request[name] for to, name in named.items() if name in request}},
        "resource": {"type": "tool", **({"id": request["tool"]} if "tool" in request else {})},
        "context": {
            "given": {"context": request["context"]} if "context" in request else {},
            "further": {name: value for name, value in request.items() if name not in LEFT_OUT and name not in _PLACED},
        },
    }
    return sha256(canonical_bytes(call)).hexdigest()


def requesters(request: Mapping[str, object]) -> tuple[str, ...]:
    """Who asks for the call, by all names that the request has for them: the agent, the user, and on whose behalf they act, and on whose
    behalf these do."""
    found: dict[str, None] = {}
    left = [(request.get(member), 0) for member in ("user", "agent")]
    while left:
        part, depth = left.pop()
        if isinstance(part, str) and part and depth:
            found[part] = None
        elif isinstance(part, list | tuple) and 0 < depth <= MAX_DEPTH:
            left += [(item, depth + 1) for item in reversed(part)]
        elif isinstance(part, Mapping) and depth <= MAX_DEPTH:
            left += [(part.get(name), depth + 1) for name in reversed(("id", *_BEHALF))]
    return tuple(found)


def asker_of(request: Mapping[str, object]) -> str:
    """By whom tasks are counted: the agent, else the user; those who have no name are counted together. A *caller's word*."""
    return identity_word(request, "agent") or identity_word(request, "user") or ""


def named_in(request: Mapping[str, object], member: str) -> str | None:
    """The identifier of the agent or the user of a request, if it has one."""
    part = request.get(member)
    identifier = part.get("id") if isinstance(part, Mapping) else None
    return identifier if isinstance(identifier, str) else None
