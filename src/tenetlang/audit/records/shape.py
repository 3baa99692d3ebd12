"""The shape of a record, checked in one place: by the log before it writes, and by the verifier after it read.

Members are only ever added to a version, so members that are not named here are allowed. So are kinds that are not
named here or in `kinds`; of those the members that all records share are checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tenetlang.audit.records.forms import (
    COUNT,
    DIGEST,
    LIST,
    OBJECT,
    TEXT,
    TIME,
    ULID,
    Form,
    Shape,
    matching,
    one_of,
    optional,
)
from tenetlang.audit.records.kinds import KINDS
from tenetlang.audit.records.record import FORMAT_VERSION

_kind = re.compile(r"[a-z][a-z_]{0,31}(\.[a-z][a-z_]{0,31}){0,3}")


def shape_mistake(record: object) -> str | None:
    """What is wrong with the shape of a record, or None. The record is the parsed JSON, `index` and `previous` included."""
    if not isinstance(record, Mapping):
        return "it is no JSON object"
    mistake = _members(record, _ENVELOPE, "")
    if mistake is not None:
        return mistake
    kind = record["kind"]
    if kind != "intent":
        return _members(record, KINDS.get(kind, {}), "")
    mistake = _members(record, _INTENT, "")
    for member, shape in _INTENT_PARTS.items():
        if mistake is None:
            part = record[member]
            assert isinstance(part, Mapping)
            mistake = _members(part, shape, f"{member}.")
    return mistake


def _members(part: Mapping[object, object], shape: Shape, prefix: str) -> str | None:
    for name, form in shape.items():
        if name not in part:
            return f"`{prefix}{name}` is missing"
        if not form.holds(part[name]):
            return f"`{prefix}{name}` is not {form.expected}"
    return None


_ENVELOPE: Shape = {
    "v": Form(
        f"{FORMAT_VERSION}, the version known here", lambda value: type(value) is int and value == FORMAT_VERSION
    ),
    "kind": matching(_kind, "the name of a kind of record"),
    "index": COUNT,
    "previous": DIGEST,
    "at": TIME,
    "id": ULID,
    "payload": optional(DIGEST),
}

_INTENT_PARTS: Mapping[str, Shape] = {
    "who": {
        **dict.fromkeys(("agent", "user", "session", "point"), optional(TEXT)),
        "point_count": optional(COUNT),
    },
    "what": {"tool": optional(TEXT), "arguments": LIST, "rest": optional(DIGEST), "raw": optional(DIGEST)},
    "policy": {
        "package": optional(TEXT),
        "bundle": optional(TEXT),
        "intermediate": optional(COUNT),
        "stale": optional(TEXT),
    },
    "facts": {"now": optional(TEXT), "counters": LIST, "data": LIST},
    "decided": {
        "verdict": one_of("allow", "deny", "escalate"),
        "decided_by": LIST,
        "reason": DIGEST,
        "obligations": LIST,
    },
    "trace": {},
}

_INTENT: Shape = {**dict.fromkeys(_INTENT_PARTS, OBJECT), "took_ns": COUNT}
