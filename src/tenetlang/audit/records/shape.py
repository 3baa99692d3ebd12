"""The shape of a record, checked in one place: by the log before it writes, and by the verifier after it read.

Members are only ever added to a version, so members that are not named here are allowed. So are kinds that are not
named here; of those the members that all records share are checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tenetlang.audit.canonical import SAFE_INTEGER
from tenetlang.audit.records.record import FORMAT_VERSION

_kind = re.compile(r"[a-z][a-z_]{0,31}(\.[a-z][a-z_]{0,31}){0,3}")
_time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_identifier = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_digest = re.compile(r"[0-9a-f]{64}")


def shape_mistake(record: object) -> str | None:
    """What is wrong with the shape of a record, or None. The record is the parsed JSON, `index` and `previous` included."""
    if not isinstance(record, Mapping):
        return "it is no JSON object"
    mistake = _members(record, _ENVELOPE, "")
    if mistake is None and record["kind"] == "intent":
        mistake = _members(record, _INTENT, "")
        for member, shape in _INTENT_PARTS:
            if mistake is None:
                part = record[member]
                assert isinstance(part, Mapping)
                mistake = _members(part, shape, f"{member}.")
    kind = record["kind"] if mistake is None else None
    if isinstance(kind, str) and kind in _EVENTS:
        mistake = _members(record, _EVENTS[kind], "")
    return mistake


def is_digest(value: object) -> bool:
    """Whether a value is 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and _digest.fullmatch(value) is not None


Shape = tuple[tuple[str, Callable[[object], bool], str], ...]


def _members(part: Mapping[object, object], shape: Shape, prefix: str) -> str | None:
    for name, holds, expected in shape:
        if name not in part:
            return f"`{prefix}{name}` is missing"
        if not holds(part[name]):
            return f"`{prefix}{name}` is not {expected}"
    return None


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= SAFE_INTEGER


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_null(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_count_or_null(value: object) -> bool:
    return value is None or _is_count(value)


def _is_digest_or_null(value: object) -> bool:
    return value is None or is_digest(value)


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: object) -> bool:
    """A list as it is, or `{"count", "digest", "first"}` for a long one."""
    if isinstance(value, Mapping):
        return _is_count(value.get("count")) and is_digest(value.get("digest")) and isinstance(value.get("first"), list)
    return isinstance(value, list)


_TEXT_OR_NULL = "a string or null"
_COUNT_OR_NULL = "a whole number from 0, or null"
_DIGEST = "64 hexadecimal digits"
_LIST = "a list, nor the short form of one"

_ENVELOPE: Shape = (
    ("v", lambda value: type(value) is int and value == FORMAT_VERSION, f"{FORMAT_VERSION}, the version known here"),
    ("kind", _matches(_kind), "the name of a kind of record"),
    ("index", _is_count, "a whole number from 0"),
    ("previous", is_digest, _DIGEST),
    ("at", _matches(_time), "a time in RFC 3339, in UTC"),
    ("id", _matches(_identifier), "a ULID"),
    ("payload", _is_digest_or_null, f"{_DIGEST} or null"),
)

_INTENT: Shape = (
    *((member, _is_object, "an object") for member in ("who", "what", "policy", "facts", "decided", "trace")),
    ("took_ns", _is_count, "a whole number from 0"),
)

_INTENT_PARTS: tuple[tuple[str, Shape], ...] = (
    (
        "who",
        (
            *((member, _is_text_or_null, _TEXT_OR_NULL) for member in ("agent", "user", "session", "point")),
            ("point_count", _is_count_or_null, _COUNT_OR_NULL),
        ),
    ),
    (
        "what",
        (
            ("tool", _is_text_or_null, _TEXT_OR_NULL),
            ("arguments", _is_list, _LIST),
            ("rest", _is_digest_or_null, f"{_DIGEST} or null"),
            ("raw", _is_digest_or_null, f"{_DIGEST} or null"),
        ),
    ),
    (
        "policy",
        (
            ("package", _is_text_or_null, _TEXT_OR_NULL),
            ("bundle", _is_text_or_null, _TEXT_OR_NULL),
            ("intermediate", _is_count_or_null, _COUNT_OR_NULL),
            ("stale", _is_text_or_null, _TEXT_OR_NULL),
        ),
    ),
    ("facts", (("now", _is_text_or_null, _TEXT_OR_NULL), ("counters", _is_list, _LIST), ("data", _is_list, _LIST))),
    (
        "decided",
        (
            ("verdict", lambda value: value in ("allow", "deny", "escalate"), "allow, deny or escalate"),
            ("decided_by", _is_list, _LIST),
            ("reason", is_digest, _DIGEST),
            ("obligations", _is_list, _LIST),
        ),
    ),
    ("trace", ()),
)

_EVENTS: Mapping[str, Shape] = {
    "outcome": (
        ("of", _matches(_identifier), "a ULID"),
        ("outcome", lambda value: value in ("ok", "error", "refused", "unknown"), "ok, error, refused or unknown"),
        ("took_ns", _is_count_or_null, _COUNT_OR_NULL),
        ("point", _is_text_or_null, _TEXT_OR_NULL),
        ("result", _is_digest_or_null, f"{_DIGEST} or null"),
    ),
    "policy.activated": (
        ("bundle", _is_text, "a string"),
        ("package", _is_text_or_null, _TEXT_OR_NULL),
        ("version", _is_count_or_null, _COUNT_OR_NULL),
        ("by", _is_text, "a string"),
    ),
}
"""The members of kinds other than intents."""
