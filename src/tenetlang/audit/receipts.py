"""Receipts: a signed token that says of one call that it was decided, recorded and allowed.

A log can't show a call that was never brought to it. A tool can: it acts only on a receipt, and who has none did not ask.

    agent ──request──→ gate ──record──→ log
      ↑                 │
      └────receipt──────┘        agent ──call + receipt──→ tool: check_receipt, then act

A receipt is a JSON Web Token (`jws`), so a tool that is not written in Python checks it with the library it has. It names the
decision and its record, the tool, and a digest that binds it to who asks and to the arguments: a receipt for one refund is none
for another. It is good for a minute, and once: its `jti` is the decision's own identifier, so that however many receipts are
made of a decision, it is used once. The digest is not salted; a receipt is for the tool that gets the arguments anyway, and
should be kept as secret as they are.

What a receipt doesn't say is that the record is still in the log: it has the record's index and leaf, with which that is
proven later (`tenet audit prove`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from heapq import heappop, heappush
from typing import Final, TypeAlias

from tenetlang.audit.canonical import CanonicalError, canonical_bytes, profile_bytes
from tenetlang.audit.checkpoints.note import SigningKey, VerifierKey
from tenetlang.audit.errors import InvalidReceipt, NoReceipt
from tenetlang.audit.jws import json_object, open_compact, sign_compact
from tenetlang.audit.records.forms import COUNT, DIGEST, TEXT, ULID, Form, Shape, optional
from tenetlang.audit.records.record import Surroundings, caller_word, identity_word
from tenetlang.audit.stores.rows import AppendedRecord
from tenetlang.decision import Decision
from tenetlang.frozen import frozen

TYPE: Final = "tenet-receipt+jwt"
LIFETIME: Final = 60
"""For how many seconds a receipt is good if nothing else is said."""

LONGEST_LIFETIME: Final = 3600
LEEWAY: Final = 5
"""By how many seconds the clocks of gate and tool may differ."""

Seen: TypeAlias = Callable[[str, int, int], bool]
"""Takes an identifier, until when (seconds since 1970) it must be remembered, and the time; gives whether it is new."""


@frozen
class Receipt:
    """What a receipt says. `origin` is the name of the log's key, `decision` the identifier of the record that stands at
    `index` with the hash `leaf`; times are seconds since 1970."""

    origin: str
    decision: str
    index: int
    leaf: str
    tool: str
    agent: str | None
    user: str | None
    session: str | None
    binding: str
    bundle: str
    point: str | None
    count: int | None
    issued: int
    expires: int


def make_receipt(
    decision: Decision,
    identifier: str,
    place: AppendedRecord,
    request: Mapping[str, object],
    key: SigningKey,
    now: int,
    *,
    lifetime: int = LIFETIME,
    surroundings: Surroundings | None = None,
) -> str:
    """The receipt of a decision that was recorded: `identifier` is the record's `id`, `place` where the log says it is.

    `now` is seconds since 1970. Raises `NoReceipt` for anything but an allowance, and `NoSignatures`.
    """
    tool, arguments = request.get("tool"), request.get("args")
    if decision.verdict != "allow":
        raise NoReceipt(f"the decision is {decision.verdict}; only what is allowed has a receipt")
    if not isinstance(tool, str) or not isinstance(arguments, Mapping):
        raise NoReceipt("the request names no tool, or has no arguments to bind the receipt to")
    if not 1 <= lifetime <= LONGEST_LIFETIME:
        raise NoReceipt(f"a receipt is good for 1 to {LONGEST_LIFETIME} seconds, not for {lifetime}")
    around = surroundings or Surroundings()
    subject = {name: identity_word(request, name) for name in ("agent", "user", "session")}
    try:
        bound = binding(tool, arguments, **subject)
    except CanonicalError as mistake:
        raise NoReceipt(f"the arguments have no canonical form: {mistake}") from mistake
    claims = {
        "iss": key.verifier.name,
        "iat": now,
        "exp": now + lifetime,
        "jti": identifier,
        "verdict": "allow",
        "tool": caller_word(tool),
        **subject,
        "binding": bound,
        "bundle": decision.bundle,
        "index": place.index,
        "leaf": place.leaf.hex(),
        "point": None if around.point is None else caller_word(around.point),
        "count": around.point_count,
    }
    return sign_compact(TYPE, profile_bytes(claims), key)


def check_receipt(
    token: str,
    keys: Sequence[VerifierKey],
    tool: str,
    arguments: Mapping[str, object],
    now: int,
    seen: Seen,
    *,
    leeway: int = LEEWAY,
) -> Receipt:
    """What a receipt says, if a tool may act on it: it is for this call, by one of the keys, good now, and new.

    `keys` are those of the logs that the tool trusts, `now` seconds since 1970, `seen` remembers which receipts were used
    (`SeenReceipts`, or `UsedReceipts` in a file that several processes share). It is asked last, so that nothing but a good receipt is used up.
    Raises `InvalidReceipt`, upon which the tool must not act, and `NoSignatures`.
    """
    payload, key = open_compact(token, TYPE, keys)
    receipt = _receipt(json_object(payload))
    if receipt.origin != key.name:
        raise InvalidReceipt("key", "the receipt is of another log than its key")
    if not 0 < receipt.expires - receipt.issued <= LONGEST_LIFETIME:
        raise InvalidReceipt("time", f"the receipt is good for longer than {LONGEST_LIFETIME} seconds, or never")
    if now + leeway < receipt.issued:
        raise InvalidReceipt("time", f"the receipt is of a time to come: {receipt.issued}, and it is {now}")
    if now >= receipt.expires + leeway:
        raise InvalidReceipt("time", f"the receipt was good until {receipt.expires}, and it is {now}; ask again")
    try:
        bound = binding(tool, arguments, receipt.agent, receipt.user, receipt.session)
    except CanonicalError as mistake:
        raise InvalidReceipt("call", f"the arguments have no canonical form: {mistake}") from mistake
    if receipt.tool != caller_word(tool) or receipt.binding != bound:
        raise InvalidReceipt(
            "call", "the receipt is for another call: the tool or an argument is not what was decided on"
        )
    if not seen(receipt.decision, receipt.expires + leeway, now):
        raise InvalidReceipt("used", "the receipt was used already; each call is decided anew")
    return receipt


def binding(
    tool: str,
    arguments: Mapping[str, object],
    agent: str | None = None,
    user: str | None = None,
    session: str | None = None,
) -> str:
    """The digest of a call, in hexadecimal: who asks, for which tool, with which arguments. Raises `CanonicalError`.

    Numbers keep all their digits: two amounts that one double stands for have two digests.
    """
    subject = {"agent": agent, "user": user, "session": session}
    return sha256(canonical_bytes({"subject": subject, "tool": tool, "arguments": arguments})).hexdigest()


class SeenReceipts:
    """Remembers the receipts that were used until they are outdated. May be shared between threads.

    It is of one process and ends with it: where several serve a tool, or it may start again within the minute, use
    `used_receipts.open_used_receipts`. If more are in use at once than it remembers, the next is refused; and so is one that would
    have been forgotten already, were it not for a clock that was set back.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._until: list[tuple[int, str]] = []
        self._forgotten = 0

    def __call__(self, identifier: str, until: int, now: int) -> bool:
        """Whether the receipt is new; from now on it is not. `until` is the first second at which it may be forgotten."""
        with self._lock:
            while self._until and self._until[0][0] <= now:
                self._forgotten, outdated = heappop(self._until)
                self._known.discard(outdated)
            if until <= self._forgotten:
                raise InvalidReceipt(
                    "time", "the receipt is good no longer than some that are forgotten already: the clock was set back"
                )
            if identifier in self._known:
                return False
            if len(self._known) >= self._most:
                raise InvalidReceipt(
                    "busy", f"{self._most:,} receipts are in use at once; try again when they are outdated"
                )
            self._known.add(identifier)
            heappush(self._until, (until, identifier))
            return True


_CLAIMS: Final[Shape] = {
    "iss": TEXT,
    "iat": COUNT,
    "exp": COUNT,
    "jti": ULID,
    "verdict": Form("`allow`", lambda value: value == "allow"),
    "tool": TEXT,
    "agent": optional(TEXT),
    "user": optional(TEXT),
    "session": optional(TEXT),
    "binding": DIGEST,
    "bundle": TEXT,
    "index": COUNT,
    "leaf": DIGEST,
    "point": optional(TEXT),
    "count": optional(COUNT),
}


def _receipt(claims: Mapping[str, object]) -> Receipt:
    """The claims, all of which must be there and no other: one that is not known here may ask for something."""
    wrong = [name for name, form in _CLAIMS.items() if name not in claims or not form.holds(claims[name])]
    if wrong or len(claims) != len(_CLAIMS):
        raise InvalidReceipt(
            "form", f"this is no receipt: {'it has more claims' if not wrong else f'`{wrong[0]}` is wrong'}"
        )
    renamed = {"iss": "origin", "iat": "issued", "exp": "expires", "jti": "decision"}
    fields = {renamed.get(name, name): claim for name, claim in claims.items() if name != "verdict"}
    return Receipt(**fields)  # type: ignore[arg-type]  # their forms were checked
