"""The record of a decision, written at once: what `decision_record` makes, byte for byte, in a fifth of the time.

`decision_record` builds an envelope of dictionaries, and `unplaced` checks and writes it: that is the format, and what is
read by whoever wants to know it. This file writes the same text without the dictionaries where a request is ordinary: a
dictionary with a short tool, short names and at most 32 arguments. Whatever is not is left to the two. So there are two
ways and one text, and `tests/properties/test_intents.py` compares them on requests and decisions of all kinds.

Three things make it quick:

- What a decision says besides its reason and obligations depends on nothing but the findings, which decisions that end
  alike share. So most of `decided`, `policy` and `trace` is written once for each way to end, and found by the identity
  of its compact trace.
- The random bytes of a record, for its identifier and all of its salts, are taken at once. They are cut apart and not
  derived from each other: to know one salt says nothing of another.
- A text or a small integer is its own canonical JSON, written in C; each value is written once, for digest and payload.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from tenetlang.audit.canonical import SAFE_INTEGER, digested_and_kept, profile_bytes
from tenetlang.audit.records.bodies import MAX_PAYLOAD, PAYLOAD_VERSION
from tenetlang.audit.records.record import (
    CALLER_WORD_LIMIT,
    FORMAT_VERSION,
    LIST_LIMIT,
    MAX_RECORD,
    PLACE_ROOM,
    Surroundings,
    author_word,
    caller_word,
    decided_members,
    decision_record,
    identity_word,
    named_words,
    policy_member,
    time_text,
    ulid,
    value_word,
)
from tenetlang.audit.records.unplaced import Unplaced, encoded_around, unplaced
from tenetlang.decision import Decision, Findings, Obligation
from tenetlang.frozen import frozen

Randomness = Callable[[int], bytes]

SALT: Final = 16
"""The length of a salt, in bytes. As many are taken for an identifier."""

UNUSUAL: Final = (ValueError, TypeError, AttributeError, LookupError, RuntimeError)
"""What is raised of a request or a decision that has something unexpected in it."""

_KNOWN_ENDS: Final = 1024
_LONGEST_NAMES: Final = 2048
_NOWHERE: Final = Surroundings()
_encode = msgspec.json.encode
_begun: Final = sha256().copy
"""Gives a SHA-256 of nothing yet: a copy of one is made in less time than a new one, by a quarter."""


def intent(
    decision: Decision,
    request: Mapping[str, object] | bytes | None,
    at_ns: int,
    took_ns: int,
    surroundings: Surroundings | None = None,
    randomness: Randomness = os.urandom,
) -> Unplaced:
    """The record of a decision, ready for its place in a log.

    `request` is what was decided on: JSON values, its raw bytes if it could not be read, or None. `at_ns` counts nanoseconds
    from 1970; `randomness` gives that many random bytes.
    """
    around = surroundings or _NOWHERE
    if type(request) is dict:
        try:
            record = _written(decision, request, at_ns, took_ns, around, randomness)
        except (
            ValueError,
            TypeError,
            AttributeError,
            LookupError,
            RuntimeError,
        ):  # what is wrong with it, the other way says
            record = None
        if record is not None:
            return record
    envelope, payload = decision_record(
        decision.to_json(trace=False),
        request,
        decision.compact_trace,
        time_text(at_ns),
        ulid(at_ns, randomness(SALT)),
        took_ns,
        lambda: randomness(SALT),
        around,
    )
    return unplaced(envelope, payload)


def _written(
    decision: Decision,
    request: dict[str, object],
    at_ns: int,
    took_ns: int,
    around: Surroundings,
    randomness: Randomness,
) -> Unplaced | None:
    """The record of an ordinary request, None for any other."""
    tool, arguments, obligations = request.get("tool"), request.get("args"), decision.obligations
    if type(tool) is not str or type(arguments) is not dict or max(len(arguments), len(obligations)) > LIST_LIMIT:
        return None
    end, shown_tool, facts = _end_of(decision), _own_word(tool), _facts(request, around)
    if end is None or shown_tool is None or facts is None or not (_is_count(took_ns) and at_ns >= 0):
        return None
    rest = request.copy()
    del rest["tool"], rest["args"]
    random = randomness(SALT * (len(arguments) + len(obligations) + (4 if rest else 3)))
    salted = _Salted(random)
    named = _arguments(arguments, request.get("origins"), salted)
    if named is None:
        return None
    shown_rest = f'"{salted.digest(_REST, rest)}"' if rest else "null"
    reason = salted.digest(_REASON, decision.reason)
    obliging = _obligations(obligations, salted) if obligations else ""
    payload = salted.payload()
    identifier = ulid(at_ns, random[:SALT])
    start = (
        f'{{"at":"{time_text(at_ns)}","decided":{{{end.before},"obligations":[{obliging}],{end.between},"reason":"{reason}",'
        f'{end.after}}},{facts},"id":"{identifier}","index":'
    ).encode()
    middle = (
        f',"kind":"intent","payload":"{sha256(payload).hexdigest()}","policy":{{"bundle":{end.bundle},"intermediate":'
        f'{_count_or_null(around.intermediate)},"package":{end.package},"stale":{_stale(around)}}},"previous":"'
    ).encode()
    last = (
        f'","took_ns":{took_ns},"trace":{{"path":{end.path}}},"v":{FORMAT_VERSION},"what":{{"arguments":[{named}],"raw":null,'
        f'"rest":{shown_rest},"tool":{shown_tool}}},"who":{{"agent":{_identity(request, "agent")},"point":{_point(around)},'
        f'"point_count":{_count_or_null(around.point_count)},"session":{_identity(request, "session")},'
        f'"user":{_identity(request, "user")}}}}}'
    ).encode()
    if len(start) + len(middle) + len(last) > MAX_RECORD - PLACE_ROOM or len(payload) > MAX_PAYLOAD // 2:
        return None
    return Unplaced(identifier, start, middle, last, payload)


_OBLIGATION: Final = tuple(f'"/decided/obligations/{place}/args":{{"salt":"' for place in range(LIST_LIMIT))
_REST: Final = '"/what/rest":{"salt":"'
_SHARES: Final = tuple(
    (slice(place, place + SALT), slice(2 * place, 2 * place + 2 * SALT))
    for place in range(SALT, SALT * (2 * LIST_LIMIT + 3), SALT)
)
"""Where in the random bytes the salt of a body is, and where in their hexadecimal digits."""

_REASON: Final = '"/decided/reason":{"salt":"'


class _Salted:
    """The bodies of a payload, in the order of their salts, which follow on the identifier's share of `random`."""

    __slots__ = ("random", "shown", "texts")

    def __init__(self, random: bytes) -> None:
        self.random = random
        self.shown = random.hex()
        self.texts: list[str] = []

    def digest(self, beginning: str, value: object) -> str:
        """Keeps a value as a body, whose text begins like this; gives its salted digest."""
        kind = type(value)
        if kind is str:
            digested = _encode(value)
            kept = digested.decode()
        elif kind is int and -SAFE_INTEGER <= value <= SAFE_INTEGER:  # type: ignore[operator]  # an int
            kept = str(value)
            digested = kept.encode()
        else:
            digested, kept_bytes = digested_and_kept(value)
            kept = kept_bytes.decode()
        texts = self.texts
        share, shown = _SHARES[len(texts)]
        texts.append(f'{beginning}{self.shown[shown]}","value":{kept}}}')
        hashed = _begun()
        hashed.update(self.random[share] + digested)
        return hashed.hexdigest()

    def payload(self) -> bytes:
        """The payload of these bodies, with the salt that is left."""
        self.texts.sort()
        return (
            f'{{"bodies":{{{",".join(self.texts)}}},"salt":"{self.shown[-2 * SALT :]}","v":{PAYLOAD_VERSION}}}'.encode()
        )


def _arguments(arguments: Mapping[str, object], origins: object, salted: _Salted) -> str | None:
    """The entries of the arguments; None where a name can't stand in a record as it is."""
    if not arguments:
        return ""
    names = "\0".join(arguments)
    beginnings = _beginnings(names, len(arguments)) if len(names) <= _LONGEST_NAMES else None
    if beginnings is None:
        return None
    entries = [
        f'{{"digest":"{salted.digest(beginning, arguments[name])}","name":{shown}'
        for name, beginning, shown in beginnings
    ]
    if origins and isinstance(origins, Mapping):
        for place, (name, _, _) in enumerate(beginnings):
            if name in origins:
                entries[place] += f',"origin":{_text(value_word(origins[name]))}'
    return "},".join(entries) + "}"


@lru_cache(1024)
def _beginnings(names: str, count: int) -> tuple[tuple[str, str, str], ...] | None:
    """So many names of arguments in order, with how their bodies begin and how they are shown; None if one is not its own word.

    They are joined by U+0000. Where one has that in it, they are more than they should be.
    """
    found: list[tuple[str, str, str]] = []
    for place, name in enumerate(sorted(names.split("\0"))):
        shown = _own_word(name)
        if shown is None:
            return None
        found.append((name, f'"/what/arguments/{place}/digest":{{"salt":"', shown))
    return tuple(found) if len(found) == count else None


def _obligations(obligations: Sequence[Obligation], salted: _Salted) -> str:
    entries: list[str] = []
    for place, item in enumerate(obligations):
        digest = salted.digest(_OBLIGATION[place], list(item.args))
        entries.append(f'{{"args":"{digest}","name":{_text(author_word(item.name))}}}')
    return ",".join(entries)


def _facts(request: Mapping[str, object], around: Surroundings) -> str | None:
    """The member `facts`, with its name; None where one of its lists is too long to stand as it is."""
    now, counters = request.get("now"), request.get("counters")
    shown_now = _text(caller_word(now)) if isinstance(now, str) else "null"
    if not counters and not around.data:
        return f'"facts":{{"counters":[],"data":[],"now":{shown_now}}}'
    counted = counters if isinstance(counters, Mapping) and all(isinstance(name, str) for name in counters) else {}
    if len(counted) > LIST_LIMIT or len(around.data) > LIST_LIMIT:
        return None
    lists = profile_bytes({"counters": named_words(counted, "value"), "data": named_words(around.data, "digest")})
    return f'"facts":{lists[:-1].decode()},"now":{shown_now}}}'


def _identity(request: Mapping[str, object], member: str) -> str:
    part = request.get(member)
    if part is None:
        return "null"
    identity = part.get("id") if type(part) is dict else None
    if type(identity) is str:
        return _own_word(identity) or _text(caller_word(identity))
    word = identity_word(request, member)
    return "null" if word is None else _text(word)


def _own_word(text: str) -> str | None:
    """A text that is its own caller's word, as JSON; None for any other."""
    return _short_own_word(text) if len(text) <= CALLER_WORD_LIMIT else None


@lru_cache(2048)
def _short_own_word(text: str) -> str | None:
    return _text(text) if caller_word(text) == text else None


def _text(text: str) -> str:
    return _encode(text).decode()


def _point(around: Surroundings) -> str:
    return "null" if around.point is None else _own_word(around.point) or _text(caller_word(around.point))


def _stale(around: Surroundings) -> str:
    return "null" if around.stale is None else _text(author_word(around.stale))


def _is_count(number: object) -> bool:
    return type(number) is int and 0 <= number <= SAFE_INTEGER


def _count_or_null(number: int | None) -> str:
    if number is None:
        return "null"
    if not _is_count(number):
        raise ValueError("a count is none")
    return str(number)


# ------------------------------------------------------------------------------------------------------ the decision


@frozen
class _End:
    """What decisions that end alike have in common, as text: `decided` around its obligations and reason, the policy, the path."""

    findings: Findings
    before: str
    between: str
    after: str
    bundle: str
    package: str
    path: str


_ends: dict[int, _End] = {}


def _end_of(decision: Decision) -> _End | None:
    """The same of one decision; None where it can't stand in a record as it is."""
    findings = decision._findings  # noqa: SLF001  # what decisions share
    known = _ends.get(id(findings.compact_trace))
    if known is not None and (known.findings is findings or _ends_alike(known.findings, findings)):
        return known
    made = _end(decision)
    if made is not None:
        if len(_ends) >= _KNOWN_ENDS:
            _ends.clear()
        _ends[id(findings.compact_trace)] = made
    return made


def _ends_alike(one: Findings, other: Findings) -> bool:
    """Whether they are the same but for reason and obligations; being the same object is asked for, since it is quick."""
    return (
        one.compact_trace is other.compact_trace
        and one.policy is other.policy
        and one.bundle is other.bundle
        and one.verdict is other.verdict
        and one.decided_by is other.decided_by
        and one.matched is other.matched
        and one.overridden is other.overridden
        and one.errors is other.errors
        and one.escalations is other.escalations
        and one.observed is other.observed
        and one.observed_verdict is other.observed_verdict
    )


def _end(decision: Decision) -> _End | None:
    asked: list[str] = []

    def salt(pointer: str) -> bytes:
        asked.append(pointer)
        return bytes(SALT)

    shown = decision.to_json(trace=False)
    members = decided_members({**shown, "obligations": ()}, decision.compact_trace, salt, reduced=False)
    decided, trace = members["decided"], members["trace"]
    if asked != ["/decided/reason"] or not isinstance(decided, dict) or not isinstance(trace, dict):
        return None
    said = {name: value for name, value in decided.items() if name not in ("obligations", "reason")}
    before, between, after = encoded_around(said, ("obligations", "reason"))
    policy = policy_member(shown, _NOWHERE)
    return _End(
        decision._findings,  # noqa: SLF001  # as above
        before.decode(),
        between.decode(),
        after.decode(),
        bundle=profile_bytes(policy["bundle"]).decode(),
        package=profile_bytes(policy["package"]).decode(),
        path=profile_bytes(trace["path"]).decode(),
    )
