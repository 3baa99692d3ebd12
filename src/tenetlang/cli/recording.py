"""`--log`: decisions are on the disk before anybody sees them, or there is no allowance.

Records of several requests go into one transaction (`audit/writer.py`). If it fails, the log says whether it can be tried again;
here it never is: that decision and all that follow are answered with deny, by `unavailable`, and the reason says what happened.

With a key a checkpoint is signed every so many records, every so many seconds and at the end. One that can't be signed is a
failure as well, but for what comes after it: the records before it are on the disk, and their answers are given.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from tenetlang.audit import AppendedRecord, AuditError, SigningKey, Surroundings, Unplaced, intent, open_log
from tenetlang.audit.canonical import canonical_bytes
from tenetlang.audit.writer import Writer
from tenetlang.cli.answer import Answer
from tenetlang.decision import Decision
from tenetlang.evaluator.evaluator import Evaluator

if TYPE_CHECKING:
    from tenetlang.audit.payloads.keyring import Keyring


@attrs.define
class Recorder:
    """Puts answers into a log; `failure` says why it no longer can."""

    surroundings: Surroundings
    writer: Writer | None = None
    failure: str | None = None
    keyring: Keyring | None = None

    def record(self, answers: Sequence[Answer]) -> tuple[Answer, ...]:
        """The answers as they may be given: recorded, or denied."""
        waiting = [(answer, self._submitted(answer)) for answer in answers]
        return tuple(self._given(answer, submitted) for answer, submitted in waiting)

    def _submitted(self, answer: Answer) -> tuple[str, Future[AppendedRecord]] | None:
        """The identifier of its record, and what will say that it is on the disk."""
        if self.writer is None or self.failure is not None:
            return None
        try:
            record = self._sealed(
                intent(answer.decision, answer.request, time.time_ns(), answer.took_ns, self.surroundings), answer
            )
            return record.identifier, self.writer.submit(record)
        except AuditError as error:
            self.failure = str(error)
            return None

    def _given(self, answer: Answer, submitted: tuple[str, Future[AppendedRecord]] | None) -> Answer:
        if submitted is not None:
            identifier, told = submitted
            try:
                told.result()
                return attrs.evolve(answer, identifier=identifier)
            except AuditError as error:
                self.failure = self.failure or str(error)
        return _unavailable(answer, self.failure or "the log is closed")

    def close(self) -> None:
        """Signs what is not signed yet, and closes the log."""
        if self.writer is not None:
            try:
                self.writer.close()
            except AuditError as error:
                self.failure = self.failure or str(error)
        if self.keyring is not None:
            self.keyring.close()

    def _sealed(self, record: Unplaced, answer: Answer) -> Unplaced:
        """The record with what the caller sent sealed for the person whom it is about, if there are keys."""
        if self.keyring is None:
            return record
        from tenetlang.audit.payloads.sealer import Sealer

        sealer = Sealer(self.keyring)
        return sealer(record, sealer.person_of(answer.request))


def open_recorder(
    file: Path, surroundings: Surroundings, key: SigningKey | None = None, keyring: Keyring | None = None
) -> Recorder:
    """A recorder for the log in the file, which is made if there is none; never raises for a log that can't be used.

    `surroundings` go into every record. With a `keyring` what callers sent is sealed; it is the recorder's from here on.
    With a `key` the log must still be what its newest checkpoint says. A command comes and goes, so the log does not say
    when.
    """
    try:
        log = open_log(file)
        try:
            if key is not None:
                log.check_signed(key)
            return Recorder(surroundings, Writer(log, key=key, marked=False), keyring=keyring)
        except AuditError:
            log.close()
            raise
    except AuditError as error:
        return Recorder(surroundings, failure=str(error), keyring=keyring)


def surroundings_of(evaluator: Evaluator, documents: Mapping[str, object]) -> Surroundings:
    """What a record says of the policy and the documents: the version of the decision tree, and digests of their values."""
    digests = {name: f"sha256:{sha256(canonical_bytes(document)).hexdigest()}" for name, document in documents.items()}
    return Surroundings(intermediate=evaluator.policy.version, data=digests)


def _unavailable(answer: Answer, failure: str) -> Answer:
    decided = answer.decision
    denied = Decision(
        decided.policy, decided.bundle, "deny", ("unavailable",), f"the decision can't be recorded: {failure}"
    )
    return attrs.evolve(answer, decision=denied)
