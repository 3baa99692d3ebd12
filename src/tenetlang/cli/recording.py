"""`--log`: decisions are on the disk before anybody sees them, or there is no allowance.

Records of several requests go into one transaction. If it fails, the log says whether it can be tried again; here it
never is: that decision and all that follow are answered with deny, by `unavailable`, and the reason says what happened.

With a key a checkpoint is signed every so many records and at the end. One that can't be signed is a failure as well, but
for what comes after it: the records before it are on the disk, and their answers are given.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from tenetlang.audit import (
    SIGN_EVERY,
    AuditError,
    Log,
    SigningKey,
    Surroundings,
    Unplaced,
    intent,
    open_log,
)
from tenetlang.audit.canonical import canonical_bytes
from tenetlang.audit.records.record import identity_word
from tenetlang.cli.answer import Answer
from tenetlang.decision import Decision
from tenetlang.evaluator.evaluator import Evaluator

if TYPE_CHECKING:
    from tenetlang.audit.payloads.keyring import Keyring


@attrs.define
class Recorder:
    """Puts answers into a log; `failure` says why it no longer can."""

    surroundings: Surroundings
    log: Log | None = None
    failure: str | None = None
    key: SigningKey | None = None
    keyring: Keyring | None = None
    unsigned: int = 0

    def record(self, answers: Sequence[Answer]) -> tuple[Answer, ...]:
        """The answers as they may be given: recorded, or denied."""
        if self.failure is None and self.log is not None:
            try:
                return self._recorded(self.log, answers)
            except AuditError as error:
                self.failure = str(error)
        return tuple(_unavailable(answer, self.failure or "the log is closed") for answer in answers)

    def _recorded(self, log: Log, answers: Sequence[Answer]) -> tuple[Answer, ...]:
        records = [
            self._sealed(
                intent(answer.decision, answer.request, time.time_ns(), answer.took_ns, self.surroundings), answer
            )
            for answer in answers
        ]
        log.append_all([(record, None) for record in records])
        self.unsigned += len(records)
        if self.unsigned >= SIGN_EVERY:
            self._sign(log)
        return tuple(
            attrs.evolve(answer, identifier=record.identifier) for answer, record in zip(answers, records, strict=True)
        )

    def _sealed(self, record: Unplaced, answer: Answer) -> Unplaced:
        """The record with what the caller sent sealed for the person whom it is about, if there are keys."""
        if self.keyring is None:
            return record
        from tenetlang.audit.payloads.sealing import seal_record

        return seal_record(record, self.keyring.key_for(identity_word(answer.request, self.keyring.subjects)))

    def _sign(self, log: Log) -> None:
        if self.key is not None and self.unsigned:
            try:
                log.sign(self.key)
                self.unsigned = 0
            except AuditError as error:
                self.failure = f"no checkpoint can be signed: {error}"

    def close(self) -> None:
        """Signs what is not signed yet, and closes the log."""
        if self.log is not None:
            if self.failure is None:
                self._sign(self.log)
            self.log.close()
        if self.keyring is not None:
            self.keyring.close()


def open_recorder(
    file: Path, surroundings: Surroundings, key: SigningKey | None = None, keyring: Keyring | None = None
) -> Recorder:
    """A recorder for the log in the file, which is made if there is none; never raises for a log that can't be used.

    `surroundings` go into every record. With a `keyring` what callers
    sent is sealed; it is the recorder's from here on. With a `key` the log must still be what its newest checkpoint says.
    """
    try:
        log = open_log(file)
        if key is not None:
            try:
                log.check_signed(key)
            except AuditError:
                log.close()
                raise
        return Recorder(surroundings, log, key=key, keyring=keyring)
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
