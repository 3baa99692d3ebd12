"""Asks witnesses to cosign the newest checkpoint of a log, and keeps what they signed below it.

All are asked at once, and each has the same time for all of its answers together, however slowly they come. What one does or
does not say changes nothing for the others, and nothing for the log: it goes on without them, and whoever verifies it says who is
missing. Whatever comes back is hostile: it is short, or is not read to its end; only a line that the witness's key signed counts.

The client needs no key of the log: the checkpoint is signed already. It does need to know what the witness saw last. That
stands below an older checkpoint of the log; and where it doesn't, or is wrong, the witness says so.
"""

from __future__ import annotations

import os
import queue
import re
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import attrs

from tenetlang.audit.checkpoints.checkpoint import Checkpoint, unchecked_checkpoint
from tenetlang.audit.checkpoints.cosignature import CosignerKey, cosigned_at, is_by
from tenetlang.audit.checkpoints.note import Signature, signatures_of, split_note
from tenetlang.audit.checkpoints.proofs import prove_growth
from tenetlang.audit.checkpoints.signatures import own_lines
from tenetlang.audit.checkpoints.signing import newest_checkpoint, stored_notes
from tenetlang.audit.errors import AuditError, InvalidNote, NoWitness
from tenetlang.audit.log import Log

TIMEOUT = 15.0
"""So many seconds a witness has, for all its answers together."""

MAX_ANSWER = 64 * 1024
_ATTEMPTS = 3
_size = re.compile(rb"(0|[1-9][0-9]{0,15})\n")

Outcome: TypeAlias = Literal["cosigned", "contradicts", "refused", "silent"]
"""What came of asking: it signed; it has seen a log that this one can't be; it did not want to; it gave no answer that is one."""


@attrs.frozen
class Asked:
    """What came of asking a witness, the line that it signed and when, and a sentence where there is none."""

    url: str
    key: CosignerKey
    outcome: Outcome
    line: Signature | None = None
    at: int | None = None
    said: str = ""


@attrs.frozen
class _Question:
    """What a witness is asked, and how it is proven that the log grew since a size."""

    note: bytes
    checkpoint: Checkpoint
    proven: Callable[[int], bytes]


def ask_witnesses(
    path: str | os.PathLike[str], witnesses: Sequence[tuple[str, CosignerKey]], timeout: float = TIMEOUT
) -> tuple[bytes, tuple[Asked, ...]]:
    """Asks witnesses, by their addresses and keys, to cosign the newest checkpoint of a log, and stores what they signed; gives
    its note with that.

    Raises `NoCheckpoint`, `NoWitness` for an address that is none, and otherwise what opening a log raises.
    """
    for url, _ in witnesses:
        _address(url)
    note = newest_checkpoint(path)
    checkpoint = unchecked_checkpoint(note)
    text, _ = split_note(note)
    sent = own_lines(note, checkpoint.origin)
    question = _Question(sent, checkpoint, cache(lambda old: prove_growth(path, old, sent)))
    known = _seen_before(path, [key for _, key in witnesses])
    asked = _all_at_once(question, witnesses, known, timeout)
    lines = [each.line for each in asked if each.line is not None]
    if lines:
        with Log.open(path, create=False) as log:
            note = log.add_lines(text, lines)
    return note, asked


def _seen_before(path: str | os.PathLike[str], keys: Sequence[CosignerKey]) -> dict[CosignerKey, int]:
    """Up to which size each of the keys signed, by what stands in the log."""
    seen: dict[CosignerKey, int] = {}
    for note in stored_notes(path):
        try:
            _, lines = split_note(note or b"")
            size = unchecked_checkpoint(note or b"").size
        except InvalidNote:
            continue
        seen.update((key, size) for key in keys if any(is_by(line, key) for line in lines))
    return seen


def _all_at_once(
    question: _Question, witnesses: Sequence[tuple[str, CosignerKey]], known: dict[CosignerKey, int], timeout: float
) -> tuple[Asked, ...]:
    answers: queue.Queue[tuple[int, Asked]] = queue.Queue()

    def ask(number: int, url: str, key: CosignerKey) -> None:
        answers.put((number, _asked(question, url, key, known.get(key, 0), timeout)))

    for number, (url, key) in enumerate(witnesses):
        threading.Thread(target=ask, args=(number, url, key), daemon=True).start()
    found: dict[int, Asked] = {}
    end = time.monotonic() + timeout
    while len(found) < len(witnesses):
        try:
            number, asked = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        found[number] = asked
    late = f"it gave no answer within {timeout:g} seconds"
    return tuple(found.get(number, Asked(url, key, "silent", said=late)) for number, (url, key) in enumerate(witnesses))


def _asked(question: _Question, url: str, key: CosignerKey, known: int, timeout: float) -> Asked:
    try:
        return _conversation(question, url, key, known, timeout)
    except AuditError as mistake:
        return Asked(url, key, "silent", said=str(mistake))
    except Exception as mistake:  # noqa: BLE001  # whatever a server does to the client, the others are asked
        return Asked(url, key, "silent", said=f"it can't be asked: {type(mistake).__name__}: {mistake}")


def _conversation(question: _Question, url: str, key: CosignerKey, old: int, timeout: float) -> Asked:
    size = question.checkpoint.size
    for _ in range(_ATTEMPTS):
        request = b"old 0\n\n" + question.note if old == 0 else question.proven(old)
        status, kind, body = _post(url, request, timeout)
        if status == 200:
            return _cosigned(question, url, key, body)
        if status != 409 or kind.partition(";")[0].strip().lower() != "text/x.tlog.size":
            outcome, said = _refusal(status, body)
            return Asked(url, key, outcome, said=said)
        match = _size.fullmatch(body)
        if match is None:
            return Asked(url, key, "silent", said="it answered with a size that is none")
        seen = int(match[1])
        if seen > size:
            said = f"it has seen {seen:,} records of this log, which has {size:,}: the log was cut"
            return Asked(url, key, "contradicts", said=said)
        if seen == old:
            return Asked(url, key, "contradicts", said=f"it has seen another log of {seen:,} records under this name")
        old = seen
    return Asked(url, key, "silent", said="it says of each size that it has seen another")


def _refusal(status: int, body: bytes) -> tuple[Outcome, str]:
    detail = body[:200].decode("utf-8", "replace").strip()
    told = f" ({detail})" if detail else ""
    match status:
        case 409 | 422:
            return "contradicts", f"it has seen records that this log does not begin with{told}"
        case 404:
            return "refused", f"it does not know this log, or there is no witness at this address{told}"
        case 403:
            return "refused", f"it does not take the log's key: tell its owner the new one{told}"
        case _:
            return "refused", f"it answered with status {status}{told}"


def _cosigned(question: _Question, url: str, key: CosignerKey, body: bytes) -> Asked:
    text, _ = split_note(question.note)
    try:
        lines = [line for line in signatures_of(body.decode()) if is_by(line, key)]
    except (UnicodeDecodeError, InvalidNote):
        return Asked(url, key, "silent", said="it answered with what are no lines of signatures")
    for line in lines:
        at = cosigned_at(text, line, key)
        if at is not None:
            return Asked(url, key, "cosigned", line, at)
    wrong = "whose signature is wrong" if lines else f"of which none is by {key.short}"
    return Asked(url, key, "silent", said=f"it answered with lines {wrong}")


def _address(url: str) -> tuple[str, str, int | None, str]:
    """The parts of an address: scheme, host, port, path. Raises `NoWitness`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as mistake:
        raise NoWitness(f"{url!r} is no address: {mistake}") from mistake
    plain = url.isascii() and not any(character <= " " or character == "\x7f" for character in url)
    further = parts.query or parts.fragment or parts.username
    if parts.scheme not in {"http", "https"} or not host or not plain or further:
        raise NoWitness(f"{url!r} is no address of a witness: `https://HOST[:PORT][/PATH]`")
    return parts.scheme, host, port, parts.path.rstrip("/") + "/add-checkpoint"


def _post(url: str, body: bytes, timeout: float) -> tuple[int, str, bytes]:
    """The status, the type and the beginning of the body. Redirections are not followed. Raises `NoWitness`."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    scheme, host, port, path = _address(url)
    connection = (HTTPSConnection if scheme == "https" else HTTPConnection)(host, port, timeout=timeout)
    try:
        connection.request("POST", path, body, {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"})
        response = connection.getresponse()
        content = response.read(MAX_ANSWER + 1)
        kind = response.getheader("Content-Type") or ""
    except (OSError, HTTPException) as mistake:
        detail = str(mistake) or type(mistake).__name__
        raise NoWitness(f"it can't be reached: {detail}") from mistake
    finally:
        connection.close()
    if len(content) > MAX_ANSWER:
        raise NoWitness("its answer has no end, or a later one than is read")
    return response.status, kind, content
