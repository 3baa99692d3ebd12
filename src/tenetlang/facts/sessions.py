"""Sessions: which calls were made before, and what their results brought along.

A session has a history, which is bounded, and labels, which are not forgotten: a set that only grows. What must hold for as long
as the session does is a label or a counter; what falls out of the history is the oldest, as docs/language.md says:

- of more than 1,000 calls, the oldest;
- where the arguments of earlier calls are too many bytes or values for the requests after them, those of the oldest calls (`args` are there
  "where they are known"); a single call that would push out all others is refused instead.

A label that can't be kept is not dropped either. The session is *full* from then on: nobody gets its facts, so every further call of it
is denied.

A call that is allowed comes with the labels that its result may bring. They are added when it ends, whichever way; where nobody said by its deadline how
it ended, they are there from then on, without anybody having to write it down first. Only a call that was not made brings none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from tenetlang.facts.errors import LedgerConflict, LedgerDamaged, LedgerFull
from tenetlang.facts.limits import Limits
from tenetlang.facts.rows import EARLIER, SESSIONS, Earlier, Outcome, Rows, Session, Waiting, digest, read, written
from tenetlang.frozen import frozen
from tenetlang.values.faults import ValueFault
from tenetlang.values.numbers import parse_number
from tenetlang.values.reading import REQUEST_LIMITS, InvalidRequest, read_python
from tenetlang.values.reading import Limits as DocumentLimits
from tenetlang.values.times import time_text

MOST_CALLS: Final = 1000
_BATCH: Final = 128
_MOST_WAITING: Final = 256
_decode: Final = msgspec.json.Decoder(float_hook=parse_number).decode
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


@frozen
class Arguments:
    """The arguments of a call as they are kept: JSON, and a bound on the number of its values."""

    text: str
    values: int


def session_of(identifier: str) -> str:
    """The name of a session's row. Raises `LedgerConflict` for what is no text."""
    try:
        return f"s:{digest(identifier)}"
    except ValueError:
        raise LedgerConflict("the name of a session is not a text that can be stored") from None


def arguments_of(arguments: Mapping[str, object], limits: Limits) -> Arguments:
    """The arguments as they are kept. Raises `LedgerFull` for too many, `LedgerConflict` for what is not JSON."""
    within = DocumentLimits(limits.call_size, limits.call_depth, limits.values, REQUEST_LIMITS.string)
    try:
        text = _encode(read_python(dict(arguments), within)).decode()
    except InvalidRequest as invalid:
        try:
            read_python(dict(arguments))
        except InvalidRequest:
            raise LedgerConflict(
                "the arguments of a call are not JSON, so they can't be kept; begin it without them"
            ) from None
        raise LedgerFull(f"the arguments of a call are too much to be kept in its session: {invalid.reason}") from None
    values = text.count(",") + text.count("[") + text.count("{") + 1
    if len(text) > limits.call_size or values > limits.values:
        raise LedgerFull(
            f"the arguments of a call are too much to be kept in its session: {len(text):,} characters of JSON; "
            f"send less, or raise `call_size` in the ledger's limits"
        )
    return Arguments(text, values)


def facts(rows: Rows, now: int, identifier: str, *, calls: bool, arguments: bool) -> dict[str, object]:
    """The session as a request says it. Raises `LedgerFull` for one with a label that could not be kept."""
    name = session_of(identifier)
    session = _session(rows, name)
    if session is None:
        return {"id": identifier, "labels": [], "calls": []}
    if session.full:
        raise LedgerFull("the session has more labels than are kept, or a longer one; begin another session")
    labels = set(session.labels)
    for waiting in session.waiting:
        if waiting.due <= now:
            labels.update(waiting.labels)
    history = _history(rows, name, session, now, arguments=arguments) if calls else []
    return {"id": identifier, "labels": sorted(labels), "calls": history}


def note(
    rows: Rows,
    now: int,
    name: str,
    limits: Limits,
    call: str,
    tool: str,
    verdict: Literal["allow", "deny", "escalate"],
    due: int | None,
    arguments: Arguments | None,
) -> tuple[int, bool]:
    """Notes a call; gives its number in the session, and whether the session is new."""
    session = _session(rows, name)
    new = session is None
    if session is None:
        session = Session(now)
    number = session.next
    held = Arguments("", 0) if arguments is None else arguments
    earlier = Earlier(
        call, tool, verdict, time_text(now), None, due, None if arguments is None else held.text, held.values
    )
    rows.put(_call(name, number), written(earlier))
    session.seen = now
    session.next = number + 1
    session.size += len(held.text)
    session.values += held.values
    _shorten(rows, name, session, limits)
    rows.put(name, written(session))
    return number, new


def await_labels(rows: Rows, name: str, limits: Limits, waiting: Waiting) -> None:
    """Notes which labels the result of a call may bring."""
    session = _session(rows, name)
    if session is None:
        return
    if len(session.waiting) < _MOST_WAITING:
        session.waiting = (*session.waiting, waiting)
    else:
        _label(session, waiting.labels, limits)
    rows.put(name, written(session))


def end(
    rows: Rows, name: str, number: int | None, call: str, outcome: Outcome, labels: Iterable[str], limits: Limits
) -> None:
    """Notes how a call ended, and the labels that its result brought beside those that it was begun with."""
    session = _session(rows, name)
    if session is None:
        return
    before = written(session)
    for waiting in session.waiting:
        if waiting.call == call and outcome != "refused":
            _label(session, waiting.labels, limits)
    session.waiting = tuple(waiting for waiting in session.waiting if waiting.call != call)
    _label(session, labels, limits)
    if written(session) != before:
        rows.put(name, written(session))
    if number is not None and number >= session.first:
        (text,) = rows.get([_call(name, number)])
        if text is not None:
            earlier = read("h", text, EARLIER)
            if earlier.call == call:  # else the session was forgotten, and begun anew
                earlier.outcome, earlier.due = outcome, None
                rows.put(_call(name, number), written(earlier))


def forget_arguments(rows: Rows, name: str) -> int:
    """Forgets the arguments of all calls so far, which are what people wrote; gives how many had any. The calls and labels stay."""
    session = _session(rows, name)
    if session is None:
        return 0
    forgotten = 0
    while session.bare < session.next:
        (text,) = rows.get([_call(name, session.bare)])
        forgotten += text is not None and read("h", text, EARLIER).arguments is not None
        _forget_arguments(rows, name, session, keep=True)
    rows.put(name, written(session))
    return forgotten


def expire(rows: Rows, name: str, now: int, idle: int) -> int | None:
    """Forgets a session without a call for so long; else says when to look again."""
    session = _session(rows, name)
    if session is None:
        return None
    if session.seen + idle > now:
        return session.seen + idle
    rows.remove([*(_call(name, number) for number in range(session.first, session.next)), name])
    return None


def _history(rows: Rows, name: str, session: Session, now: int, *, arguments: bool) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for start in range(session.first, session.next, _BATCH):
        numbers = range(start, min(start + _BATCH, session.next))
        for text in rows.get([_call(name, number) for number in numbers]):
            if text is None:
                raise LedgerDamaged("an earlier call of a session is missing; restore the ledger from a copy")
            earlier = read("h", text, EARLIER)
            call: dict[str, object] = {
                "tool": earlier.tool,
                "verdict": earlier.verdict,
                "at": earlier.at,
            }
            outcome = earlier.outcome
            if outcome is None and earlier.due is not None and earlier.due <= now:
                outcome = "unknown"
            if outcome is not None:
                call["outcome"] = "error" if outcome == "refused" else outcome
            if arguments and earlier.arguments is not None:
                call["args"] = _read_arguments(earlier.arguments)
            found.append(call)
    return found


def _shorten(rows: Rows, name: str, session: Session, limits: Limits) -> None:
    """Lets fall out of the history what it has no room for; the oldest first."""
    most = max(1, min(limits.calls, MOST_CALLS))
    while session.next - session.first > most:
        if session.bare <= session.first:
            _forget_arguments(rows, name, session, keep=False)
        else:
            rows.remove([_call(name, session.first)])
        session.first += 1
    while session.bare < session.next - 1 and (session.size > limits.size or session.values > limits.values):
        _forget_arguments(rows, name, session, keep=True)


def _forget_arguments(rows: Rows, name: str, session: Session, *, keep: bool) -> None:
    """Forgets the oldest arguments, or the oldest call that has them."""
    row = _call(name, session.bare)
    (text,) = rows.get([row])
    if text is not None:
        earlier = read("h", text, EARLIER)
        session.size -= len(earlier.arguments or "")
        session.values -= earlier.values
        earlier.arguments, earlier.values = None, 0
        if keep:
            rows.put(row, written(earlier))
        else:
            rows.remove([row])
    session.bare += 1


def _label(session: Session, labels: Iterable[str], limits: Limits) -> None:
    for label in labels:
        if label in session.labels:
            continue
        if len(label) > limits.label_length or len(session.labels) >= limits.labels or not _is_text(label):
            session.full = True
        else:
            session.labels = (*session.labels, label)


def _is_text(label: str) -> bool:
    try:
        label.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_arguments(text: str) -> object:
    try:
        return _decode(text)
    except (msgspec.MsgspecError, ValueError, ValueFault):
        raise LedgerDamaged("the arguments of an earlier call are not JSON; restore the ledger from a copy") from None


def _session(rows: Rows, name: str) -> Session | None:
    (text,) = rows.get([name])
    return None if text is None else read(name, text, SESSIONS)


def _call(session: str, number: int) -> str:
    return f"h{session[1:]}:{number}"
