"""The record of one decision: who asked what, which policy answered, on which facts, and how.

A record is the RFC 8785 text of a JSON object of at most 65,535 bytes. This file builds the *envelope* of an intent,
which is the record without its place in a log (`index` and `previous`, which the log adds), and the payload that
holds what the envelope only names by digest. docs/audit-format.md is the reference of the shape.

Nothing that a caller writes may make a record unwritable, since a request that cannot be recorded cannot be answered.
So every part is bounded:

- A word of the caller (a tool, an identifier, an argument's name) stands in the record if it is printable ASCII of at
  most 128 characters; else `sha256:` and the SHA-256 of its UTF-8 text stand for it. A word of the policy's author
  may be any printable text of at most 256 bytes.
- A list of at most 32 entries stands as it is. A longer one becomes `{"count", "digest", "first"}`: its length, the
  salted digest of the whole, and its first eight entries.
- If the record still is too long, it is built again with every list in that form and `first` empty, and says so with
  `"reduced": true`. What is left has a fixed largest size, well below the limit.

The kind of a decision's record is `intent`: it is durable before the decision leaves, and what then happened is a
later record. An intent whose `who.point` is null was asked for by nobody who enforces (`tenet eval`, a test run), and
no outcome is due.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256

import attrs

from tenetlang.audit.canonical import CanonicalError, canonical_bytes, number_text, profile_bytes
from tenetlang.audit.records.bodies import Bodies

FORMAT_VERSION = 1
MAX_RECORD = 65_535
"""The longest record, in bytes: the length of an entry in C2SP tlog-tiles has two bytes."""

FIRST_PREVIOUS = "0" * 64
"""What the first record of a log names as the leaf before it."""

LIST_LIMIT = 32
FIRST_ENTRIES = 8
CALLER_WORD_LIMIT = 128
AUTHOR_WORD_LIMIT = 256
PATH_LIMIT = 16_384

_DIGEST_PREFIX = "sha256:"
_caller_word = re.compile(rf"[ -~]{{0,{CALLER_WORD_LIMIT}}}")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS = _CROCKFORD.encode() * 8


@attrs.frozen
class Surroundings:
    """What the place that decides knows beyond the request, all of it optional.

    `point` names the enforcement point and `point_count` is its gap-free count of intents, from 1. `intermediate` is
    the version of the compiled policy's form. `stale` says why an outdated bundle was still served. `data` are the
    digests of the loaded data by name.
    """

    point: str | None = None
    point_count: int | None = None
    intermediate: int | None = None
    stale: str | None = None
    data: Mapping[str, str] = attrs.field(factory=dict)


def decision_record(
    decision: Mapping[str, object],
    request: Mapping[str, object] | bytes | None,
    compact_trace: Mapping[str, object],
    at: str,
    identifier: str,
    took_ns: int,
    salts: Callable[[], bytes],
    surroundings: Surroundings | None = None,
) -> tuple[dict[str, object], bytes]:
    """The envelope of an intent, and its payload.

    `decision` has the shape of `Decision.to_json()`; its `trace` is not recorded, because `compact_trace` and the
    bundle give it back. `request` is the request as JSON values, its raw bytes if it could not be read, or None. The
    member `values` of the compact trace, if there is one, holds what was read from the request and is recorded by
    digest; the rest must not quote the caller. `at` is RFC 3339 (`time_text`), `identifier` a ULID (`ulid`),
    `took_ns` nanoseconds; each call of `salts` gives at least 16 random bytes.
    """

    def build(*, reduced: bool) -> tuple[dict[str, object], bytes]:
        bodies = Bodies(lambda _: salts())
        envelope: dict[str, object] = {
            "v": FORMAT_VERSION,
            "kind": "intent",
            "at": at,
            "id": identifier,
            "who": _who(request, around),
            "what": _what(request, bodies, reduced=reduced),
            "policy": policy_member(decision, around),
            "facts": _facts(request, around, bodies, reduced=reduced),
            "decided": _decided(decision, bodies, reduced=reduced),
            "trace": _trace(compact_trace, bodies, reduced=reduced),
            "took_ns": took_ns,
        }
        if reduced:
            envelope["reduced"] = True
        payload = bodies.payload()
        envelope["payload"] = sha256(payload).hexdigest()
        return envelope, payload

    around = surroundings or Surroundings()
    envelope, payload = build(reduced=False)
    if len(profile_bytes(envelope)) > MAX_RECORD - PLACE_ROOM:
        return build(reduced=True)
    return envelope, payload


def decided_members(
    decision: Mapping[str, object],
    compact_trace: Mapping[str, object],
    salts: Callable[[str], bytes],
    *,
    reduced: bool,
) -> dict[str, object]:
    """The members `decided` and `trace` of an intent's envelope, as `decision_record` makes them.

    With the salts of a recorded payload (by pointer) and `reduced` as recorded, they are equal to the recorded ones exactly
    if the decision is the recorded one.
    """
    bodies = Bodies(salts)
    decided = _decided(decision, bodies, reduced=reduced)
    return {"decided": decided, "trace": _trace(compact_trace, bodies, reduced=reduced)}


PLACE_ROOM = 128
"""What the log adds: `"index":9007199254740991,` and `"previous":"<64 digits>",`."""


def opened_record(at: str, identifier: str) -> dict[str, object]:
    """The envelope of the first record of a log; its identifier is the log's."""
    return {"v": FORMAT_VERSION, "kind": "log.opened", "at": at, "id": identifier, "payload": None}


def caller_word(text: str) -> str:
    """A caller's text as it stands in a record: itself if it is short printable ASCII, else its digest."""
    return _short_word(text) if len(text) <= CALLER_WORD_LIMIT else _digest_word(text)


@lru_cache(2048)
def _short_word(text: str) -> str:
    if _caller_word.fullmatch(text) and not text.startswith(_DIGEST_PREFIX):
        return text
    return _digest_word(text)


def author_word(text: str) -> str:
    """A policy author's text as it stands in a record: itself if it is short and printable, else its digest."""
    return _author_word(text) if len(text) <= AUTHOR_WORD_LIMIT else _digest_word(text)


@lru_cache(2048)
def _author_word(text: str) -> str:
    if text.isprintable() and not text.startswith(_DIGEST_PREFIX) and len(text.encode()) <= AUTHOR_WORD_LIMIT:
        return text
    return _digest_word(text)


def time_text(nanoseconds: int) -> str:
    """RFC 3339 in UTC with nanoseconds, for a clock that counts them from 1970."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    return f"{_second(seconds)}.{fraction:09d}Z"


@lru_cache(64)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def ulid(nanoseconds: int, randomness: bytes) -> str:
    """A ULID: the milliseconds since 1970 and 80 random bits, as 26 letters and digits that sort by time.

    Of each of 16 random bytes five bits are taken, one letter.
    """
    if len(randomness) != 16:
        raise ValueError(f"a ULID takes 16 random bytes, not {len(randomness)}")
    return _clock_letters(nanoseconds // 1_000_000) + randomness.translate(_LETTERS).decode()


@lru_cache(64)
def _clock_letters(milliseconds: int) -> str:
    return "".join([_CROCKFORD[milliseconds >> shift & 31] for shift in range(45, -1, -5)])


def _digest_word(text: str) -> str:
    return _DIGEST_PREFIX + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _who(request: Mapping[str, object] | bytes | None, surroundings: Surroundings) -> dict[str, object]:
    return {
        "agent": identity_word(request, "agent"),
        "user": identity_word(request, "user"),
        "session": identity_word(request, "session"),
        "point": None if surroundings.point is None else caller_word(surroundings.point),
        "point_count": surroundings.point_count,
    }


def identity_word(request: Mapping[str, object] | bytes | None, member: str) -> str | None:
    """The caller's word for the `id` of a member of the request, if it has one."""
    match request.get(member) if isinstance(request, Mapping) else None:
        case {"id": str(identity)}:
            return caller_word(identity)
        case _:
            return None


def _what(request: Mapping[str, object] | bytes | None, bodies: Bodies, *, reduced: bool) -> dict[str, object]:
    raw = bodies.raw_digest("/what/raw", request) if isinstance(request, bytes) else None
    members = request if isinstance(request, Mapping) else {}
    tool, arguments, origins = members.get("tool"), members.get("args"), members.get("origins")
    others = dict(members)
    if isinstance(tool, str) and caller_word(tool) == tool:
        del others["tool"]
    shown: Compact
    if isinstance(arguments, Mapping) and all(isinstance(name, str) for name in arguments):
        del others["args"]
        shown = _arguments(arguments, origins if isinstance(origins, Mapping) else {}, bodies, reduced=reduced)
    else:
        shown = []
    return {
        "tool": caller_word(tool) if isinstance(tool, str) else None,
        "arguments": shown,
        "rest": bodies.digest("/what/rest", others) if others else None,
        "raw": raw,
    }


Compact = list[dict[str, object]] | dict[str, object]
"""A list in a record: as it is, or as `{"count", "digest", "first"}`."""


def _arguments(
    arguments: Mapping[str, object], origins: Mapping[str, object], bodies: Bodies, *, reduced: bool
) -> Compact:
    names = sorted(arguments)
    if reduced or len(names) > LIST_LIMIT:
        return _compacted("/what/arguments", arguments, len(names), bodies, [])
    entries: list[dict[str, object]] = []
    for place, name in enumerate(names):
        entry: dict[str, object] = {
            "name": caller_word(name),
            "digest": bodies.digest(f"/what/arguments/{place}/digest", arguments[name]),
        }
        if caller_word(name) != name:
            entry["name_digest"] = bodies.digest(f"/what/arguments/{place}/name_digest", name)
        if name in origins:
            entry["origin"] = value_word(origins[name])
        entries.append(entry)
    return entries


def _compacted(pointer: str, whole: object, count: int, bodies: Bodies, first: Sequence[object]) -> dict[str, object]:
    return {"count": count, "digest": bodies.digest(f"{pointer}/digest", whole), "first": list(first)}


def policy_member(decision: Mapping[str, object], surroundings: Surroundings) -> dict[str, str | int | None]:
    """The member `policy` of an intent."""
    return {
        "package": _text(decision.get("policy")),
        "bundle": _bundle(decision.get("bundle")),
        "intermediate": surroundings.intermediate,
        "stale": None if surroundings.stale is None else author_word(surroundings.stale),
    }


def _bundle(digest: object) -> str | None:
    """A bundle's digest is written `sha256:…` already, and must not be digested a second time."""
    if isinstance(digest, str) and re.fullmatch("sha256:[0-9a-f]{64}", digest):
        return digest
    return _text(digest)


def _facts(
    request: Mapping[str, object] | bytes | None, surroundings: Surroundings, bodies: Bodies, *, reduced: bool
) -> dict[str, object]:
    members = request if isinstance(request, Mapping) else {}
    now, counters = members.get("now"), members.get("counters")
    counted = counters if isinstance(counters, Mapping) and all(isinstance(name, str) for name in counters) else {}
    return {
        "now": caller_word(now) if isinstance(now, str) else None,
        "counters": _named_words("/facts/counters", counted, "value", bodies, reduced=reduced),
        "data": _named_words("/facts/data", surroundings.data, "digest", bodies, reduced=reduced),
    }


def _named_words(pointer: str, words: Mapping[str, object], called: str, bodies: Bodies, *, reduced: bool) -> Compact:
    if words and (reduced or len(words) > LIST_LIMIT):
        return _compacted(pointer, words, len(words), bodies, [])
    return named_words(words, called)


def named_words(words: Mapping[str, object], called: str) -> list[dict[str, object]]:
    """Counters (`called` is "value") or data ("digest") as the entries of a list."""
    return [
        {"name": caller_word(name), called: _bundle(word) if called == "digest" else value_word(word)}
        for name, word in sorted(words.items())
    ]


_LISTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("matched", ("rule", "verdict", "owner", "at")),
    ("overridden", ("rule", "by")),
    ("errors", ("rule", "error", "at")),
    ("escalations", ("rule", "reviewers", "quorum", "within", "else")),
    ("observed", ("rule", "verdict", "owner", "at")),
)


def _decided(decision: Mapping[str, object], bodies: Bodies, *, reduced: bool) -> dict[str, object]:
    shown: dict[str, object] = {
        "verdict": decision["verdict"],
        "decided_by": _names("/decided/decided_by", _sequence(decision.get("decided_by")), bodies, reduced=reduced),
        "reason": bodies.digest("/decided/reason", decision.get("reason")),
        "obligations": _obligations(_sequence(decision.get("obligations")), bodies, reduced=reduced),
    }
    if "reason_data" in decision:
        shown["reason_data"] = bodies.digest("/decided/reason_data", decision["reason_data"])
    if "observed_verdict" in decision:
        shown["observed_verdict"] = decision["observed_verdict"]
    for member, keys in _LISTS:
        if member in decision:
            entries = _sequence(decision[member])
            shown[member] = _entries(f"/decided/{member}", entries, keys, bodies, reduced=reduced)
    return shown


def _names(
    pointer: str, names: Sequence[object], bodies: Bodies, *, reduced: bool
) -> list[str | None] | dict[str, object]:
    shown = [_text(name) for name in names[:LIST_LIMIT]]
    if reduced or len(names) > LIST_LIMIT:
        return _compacted(pointer, list(names), len(names), bodies, [] if reduced else shown[:FIRST_ENTRIES])
    return shown


def _entries(
    pointer: str, entries: Sequence[object], keys: tuple[str, ...], bodies: Bodies, *, reduced: bool
) -> Compact:
    shown: list[dict[str, object]] = []
    for entry in entries[:LIST_LIMIT]:
        members = entry if isinstance(entry, Mapping) else {}
        shown.append({key: _author_value(members.get(key)) for key in keys})
    if entries and (reduced or len(entries) > LIST_LIMIT):
        return _compacted(pointer, list(entries), len(entries), bodies, [] if reduced else shown[:FIRST_ENTRIES])
    return shown


def _obligations(obligations: Sequence[object], bodies: Bodies, *, reduced: bool) -> Compact:
    if obligations and (reduced or len(obligations) > LIST_LIMIT):
        return _compacted("/decided/obligations", list(obligations), len(obligations), bodies, [])
    shown: list[dict[str, object]] = []
    for place, entry in enumerate(obligations):
        members = entry if isinstance(entry, Mapping) else {}
        digest = bodies.digest(f"/decided/obligations/{place}/args", members.get("args"))
        shown.append({"name": _author_value(members.get("name")), "args": digest})
    return shown


def _trace(compact_trace: Mapping[str, object], bodies: Bodies, *, reduced: bool) -> dict[str, object]:
    shown: dict[str, object] = {}
    path = {name: part for name, part in compact_trace.items() if name != "values"}
    try:
        fits = not reduced and len(profile_bytes(path)) <= PATH_LIMIT
    except CanonicalError:
        fits = False
    if fits:
        shown["path"] = path
    else:
        shown["path_digest"] = bodies.digest("/trace/path_digest", path)
    if "values" in compact_trace:
        shown["values"] = bodies.digest("/trace/values", compact_trace["values"])
    return shown


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _text(value: object) -> str | None:
    return author_word(value) if isinstance(value, str) else None


def _author_value(value: object) -> str | int | None:
    """What the policy says of a rule: a text or a small number."""
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    return _text(value)


def value_word(value: object) -> str:
    """A caller's value as a word: a text as it is, a number by its digits, anything else by its canonical text."""
    if isinstance(value, str):
        return caller_word(value)
    try:
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return caller_word(number_text(value))
        return caller_word(canonical_bytes(value).decode())
    except CanonicalError as mistake:
        return caller_word(f"unreadable: {mistake}")
