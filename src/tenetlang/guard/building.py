"""Puts a guard together from what it was opened with, and takes it apart again.

Everything that can be wrong is found here, before a call is asked about: the log and its key, the policy, the keys of people, the
ledger, who may be asked, scopes. What was opened before something failed is closed again.

The order matters in the end as well. When a guard closes, what is left of outcomes is recorded first, then that its enforcement
point is done and how many decisions it numbered, and the log is signed and closed last.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from tenetlang.audit.checkpoints.note import SigningKey
from tenetlang.audit.errors import LogUnavailable
from tenetlang.audit.log import Log
from tenetlang.audit.payloads.keyring import Keyring, open_keyring
from tenetlang.audit.payloads.sealer import Sealer
from tenetlang.audit.points import Point
from tenetlang.audit.records.record import ulid
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.audit.writer import Writer
from tenetlang.bundle.clock import SteadyClock
from tenetlang.guard.deadlines import Deadlines
from tenetlang.guard.errors import GuardError, Unusable
from tenetlang.guard.facts import Facts
from tenetlang.guard.front import Front
from tenetlang.guard.gate import Gate
from tenetlang.guard.open_calls import create_open_calls
from tenetlang.guard.opening import Source, is_bundle, source_of_bundle, source_of_files
from tenetlang.guard.outcomes import Outcomes, Results
from tenetlang.guard.reviews import Reviews
from tenetlang.guard.scopes import Scopes, narrowed
from tenetlang.guard.switches import create_switches

if TYPE_CHECKING:
    from tenetlang.facts.ledger import Ledger
    from tenetlang.review.configuration import ReviewSettings
    from tenetlang.review.desk import Desk

LONGEST_DEADLINE = 7 * 86_400.0
"""Seconds; a ledger keeps no reservation for longer."""


@attrs.frozen
class Wanted:
    """What a guard is opened with (`Guard.open` says what each is)."""

    policy: Path
    log: Log | str | os.PathLike[str]
    key: SigningKey | str | os.PathLike[str] | None
    trust: tuple[str, ...]
    threshold: int
    keyring: Keyring | str | os.PathLike[str] | None
    ledger: Ledger | str | None
    reviews: Desk | bool
    scopes: Mapping[str, tuple[str, ...]]
    place: str
    entry: str | None
    wait: float
    deadline: float
    results: Results
    receipts: bool
    heartbeat: float | None
    patience: float
    clock: Callable[[], int]
    randomness: Callable[[int], bytes]
    again: bool = False
    """Whether it was open before: then a log that is not there any more is not made anew."""


@attrs.frozen(eq=False)
class Built:
    """A guard's inside, and how to close it; it is of the process that built it."""

    front: Front
    wanted: Wanted
    ending: ExitStack
    process: int

    def close(self) -> None:
        """Records what is left, and closes all. Raises `AuditError` where something could not be recorded or signed."""
        if self.process != os.getpid():
            return
        self.ending.close()


def build(wanted: Wanted) -> Built:
    """All of it. Raises what `Guard.open` raises."""
    _check(wanted)
    with ExitStack() as opened:
        key = _key(wanted.key)
        if wanted.receipts and key is None:
            raise GuardError("receipts are signed with the log's key; open the guard with a `key`")
        writer = _writer(wanted, key)
        opened.callback(writer.close)
        source = _source(wanted, writer)
        opened.callback(source.close)
        if not source.active().evaluator.policy.uses_tools:
            raise Unusable("the policy is not about tool calls: it declares a `request` of its own, and no tools")
        sealer = _sealer(wanted.keyring, opened)
        reviews = _reviews(wanted, source, sealer)
        gate = Gate(
            active=source.active,
            writer=writer,
            facts=_facts(wanted.ledger, opened),
            reviews=None if reviews is None else reviews[0],
            sealer=sealer,
            point=_point(wanted),
            within_ns=round(wanted.deadline * 1e9),
            clock=wanted.clock,
            steady=SteadyClock(wanted.clock),
            randomness=wanted.randomness,
            scopes=_scopes(wanted, source),
        )
        writer.do(_tables(gate)).result()
        if reviews is not None:
            _courier(gate, reviews[1], opened)
        outcomes = Outcomes(gate)
        opened.enter_context(Deadlines(gate))
        opened.callback(_depart, gate, outcomes)
        front = Front(
            gate,
            outcomes,
            wanted.wait,
            wanted.results,
            key if wanted.receipts else None,
            source.known,
        )
        return Built(front, wanted, opened.pop_all(), os.getpid())


def _check(wanted: Wanted) -> None:
    if not 0 < wanted.deadline <= LONGEST_DEADLINE:
        raise GuardError(
            f"the deadline of calls is between 0 and {LONGEST_DEADLINE:,.0f} seconds, not {wanted.deadline}"
        )
    if wanted.results not in {"digest", "whole", "none"}:
        raise GuardError(f"records keep the `digest` of results, the `whole` or `none`, not `{wanted.results}`")


def _key(key: SigningKey | str | os.PathLike[str] | None) -> SigningKey | None:
    if key is None or isinstance(key, SigningKey):
        return key
    from tenetlang.audit.checkpoints.key_files import load_signing_key

    return load_signing_key(key)


def _writer(wanted: Wanted, key: SigningKey | None) -> Writer:
    log = wanted.log if isinstance(wanted.log, Log) else Log.open(wanted.log, create=not wanted.again)
    try:
        if key is not None:
            log.check_signed(key)
        return Writer(
            log,
            key=key,
            heartbeat=wanted.heartbeat,
            patience=wanted.patience,
            clock=wanted.clock,
            randomness=wanted.randomness,
        )
    except BaseException:
        log.close()
        raise


def _source(wanted: Wanted, writer: Writer) -> Source:
    if is_bundle(wanted.policy):
        return source_of_bundle(wanted.policy, wanted.trust, wanted.threshold, writer, wanted.place, wanted.clock)
    return source_of_files(wanted.policy, wanted.entry, writer, wanted.place)


def _sealer(keyring: Keyring | str | os.PathLike[str] | None, opened: ExitStack) -> Sealer | None:
    if keyring is None:
        return None
    if isinstance(keyring, Keyring):
        return Sealer(keyring)
    keys = open_keyring(keyring)
    opened.callback(keys.close)
    return Sealer(keys)


def _facts(ledger: Ledger | str | None, opened: ExitStack) -> Facts:
    if not isinstance(ledger, str):
        return Facts(ledger)
    from tenetlang.facts.ledger import open_ledger

    found = open_ledger(ledger)
    opened.callback(found.close)
    return Facts(found)


def _reviews(wanted: Wanted, source: Source, sealer: Sealer | None) -> tuple[Reviews, ReviewSettings] | None:
    """How people are asked, and what the courier needs, who is started once the tables are there."""
    if wanted.reviews is False:
        return None
    from tenetlang.project.configuration import ConfigurationError
    from tenetlang.project.reviewing import review_settings
    from tenetlang.review.configuration import ReviewSettings
    from tenetlang.review.desk import Desk

    if isinstance(wanted.reviews, Desk):
        return Reviews(wanted.reviews), ReviewSettings()
    try:
        settings = review_settings(source.configuration, os.environ)
    except ConfigurationError as mistake:
        raise Unusable(str(mistake)) from mistake
    desk = Desk(settings.directory, rules=settings.rules, sealer=sealer, randomness=wanted.randomness)
    return Reviews(desk), settings


def _courier(gate: Gate, settings: ReviewSettings, opened: ExitStack) -> None:
    from tenetlang.review.courier import Courier

    assert gate.reviews is not None
    courier = Courier(
        gate.writer,
        gate.reviews.desk,
        settings.channels,
        wording=settings.wording,
        clock=gate.clock,
        randomness=gate.randomness,
    )
    opened.enter_context(courier)


def _point(wanted: Wanted) -> Point:
    try:
        return Point(wanted.place, ulid(wanted.clock(), wanted.randomness(16)))
    except ValueError as mistake:
        raise GuardError(f"the place {wanted.place!r} is none: printable ASCII without spaces and `/`") from mistake


def _scopes(wanted: Wanted, source: Source) -> Scopes:
    scopes = Scopes()
    for declared in (source.configuration.scopes, wanted.scopes):
        for agent, tools in declared.items():
            scopes = narrowed(scopes, agent, tools)
    return scopes


def _tables(gate: Gate) -> Callable[[Tables], tuple[None, Sequence[Unplaced]]]:
    def job(tables: Tables) -> tuple[None, Sequence[Unplaced]]:
        create_switches(tables)
        create_open_calls(tables)
        gate.facts.create(tables)
        if gate.reviews is not None:
            gate.reviews.desk.prepare(tables)
        return None, ()

    return job


def _depart(gate: Gate, outcomes: Outcomes) -> None:
    """Records what is left, and that this enforcement point is done. Raises `AuditError` where that can't be."""
    left = outcomes.close()
    gate.writer.do(lambda _: (None, [gate.event("point.closed", gate.point.close(), gate.clock())])).result()
    if left is not None:
        raise LogUnavailable(f"{left}; it becomes `unknown` by its deadline")
