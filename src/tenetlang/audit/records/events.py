"""Makes the records of what happens besides decisions: what became of one, who was asked, which policy is in force.

    event_record("outcome", {"of": decision, "outcome": "ok", "result": answer}, at, identifier, salts)

`kinds` says which kinds there are and what belongs to each. An intent is on the disk before its decision leaves, and what
follows comes after it; so a decision to allow without an outcome is one of which nobody said what became. What a call
gave, and what people wrote, is in no record: its salted digest is, as with what callers send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from tenetlang.audit.errors import InvalidRecord
from tenetlang.audit.records.bodies import Bodies
from tenetlang.audit.records.forms import Form
from tenetlang.audit.records.kinds import KINDS
from tenetlang.audit.records.record import (
    FIRST_ENTRIES,
    FORMAT_VERSION,
    LIST_LIMIT,
    author_word,
    caller_word,
)


def event_record(
    kind: str, members: Mapping[str, object], at: str, identifier: str, salts: Callable[[], bytes]
) -> tuple[dict[str, object], bytes | None]:
    """The envelope of a record of one of the `KINDS`, and its payload if it has one.

    `members` are texts and values as they are known: words are made of them here, and digests. A member that may be null
    and a list can be left out. `at` is RFC 3339 (`time_text`), `identifier` a ULID (`ulid`); each call of `salts` gives
    at least 16 random bytes. Raises `InvalidRecord` for a kind or a member that is not there; the log refuses wrong values.
    """
    shape = KINDS.get(kind)
    if shape is None:
        raise InvalidRecord(f"`{kind:.40}` is none of the kinds of records; there are {', '.join(KINDS)}")
    unknown = [name for name in members if name not in shape]
    if unknown:
        raise InvalidRecord(
            f"a record of kind `{kind}` has no `{unknown[0]:.40}`; it has {', '.join(shape) or 'nothing'}"
        )
    bodies = Bodies(lambda _: salts())
    envelope: dict[str, object] = {"v": FORMAT_VERSION, "kind": kind, "at": at, "id": identifier}
    for name, form in shape.items():
        envelope[name] = _made(name, form, members.get(name), bodies)
    payload = bodies.payload() if bodies.texts else None
    envelope["payload"] = None if payload is None else sha256(payload).hexdigest()
    return envelope, payload


def _made(name: str, form: Form, value: object, bodies: Bodies) -> object:
    match form.making, value:
        case "salted", value if value is not None:
            return bodies.digest(f"/{name}", value)
        case "author", str(text):
            return author_word(text)
        case "caller", str(text):
            return caller_word(text)
        case (("callers" | "numbers" | "obligations"), None):
            return []
        case (("callers" | "numbers" | "obligations"), list() | tuple()):
            return _list(name, [_entry(form, item) for item in value], value, bodies)
        case _:
            return value


def _entry(form: Form, item: object) -> object:
    match form.making, item:
        case "callers", str(text):
            return caller_word(text)
        case "numbers", int() if not isinstance(item, bool):
            return item
        case "obligations", {"name": str(name), "met": bool(met)}:
            return {"name": author_word(name), "met": met}
        case _:
            raise InvalidRecord(f"an entry of a list of {form.making} is {item!r:.60}")


def _list(name: str, entries: list[object], whole: Sequence[object], bodies: Bodies) -> object:
    if len(entries) <= LIST_LIMIT:
        return entries
    digest = bodies.digest(f"/{name}/digest", list(whole))
    return {"count": len(entries), "digest": digest, "first": entries[:FIRST_ENTRIES]}
