"""What can go wrong with a log, as exceptions. Each message says what happened, where, and what to do about it."""

from __future__ import annotations


class AuditError(Exception):
    """Anything that a log refuses or cannot do. Opening, appending, verifying and showing raise nothing else."""


class NotALog(AuditError):
    """The file is no decision log: missing, empty, another program's, or of a format this version cannot read."""


class LogAltered(NotALog):
    """The file is marked as a log, and its tables are not a log's: somebody changed the database's own definition."""


class LogUnavailable(AuditError):
    """The file could not be opened, read or locked: permissions, a busy writer, a full or failing disk."""


class LogDamaged(AuditError):
    """The log contradicts itself, can't be read, or is shorter than it was; nothing is appended to such a log."""


class LogPoisoned(AuditError):
    """An earlier write of this object failed, so what is on disk is unknown: verify the log, then open it again."""


class InvalidRecord(AuditError):
    """The record handed in has a shape that the format does not allow; nothing was written."""


class InvalidStatement(AuditError):
    """A statement of a job was refused by the database, by a constraint or for a mistake in it; the job was undone alone."""


class RecordNotFound(AuditError):
    """The log holds no record of that index or identifier."""


class UnreadableRemembered(AuditError):
    """The remembered state of a log is not written as `SIZE ROOT`."""


class UnusableKey(AuditError):
    """What was given as a key is none, or may be read by others."""


class InvalidNote(AuditError):
    """What was given as a signed note is none, or is not signed by the key that it should be signed by."""


class SignedByReplaced(AuditError):
    """A checkpoint is signed by a key of the log, for a size at which another one had taken its place."""


class UnusableTrust(AuditError):
    """What was given as the witnesses to trust is no such policy, or can never hold."""


class NoWitness(AuditError):
    """A witness can't be asked, or gave no cosignature that is one."""


class WitnessUnavailable(AuditError):
    """The state of a witness can't be opened, read or written."""


class InvalidProof(AuditError):
    """What was given as a proof is none, or does not lead to the root that was signed."""


class NoCheckpoint(AuditError):
    """The log holds no signed checkpoint that covers what was asked for."""


class NoSignatures(AuditError):
    """The package that signs and verifies is not installed."""


class PointClosed(AuditError):
    """The enforcement point said how many intents it had, so there can be no more of it."""


class NoReceipt(AuditError):
    """The decision is none that a receipt can be given for."""


class InvalidReceipt(AuditError):
    """A receipt on which a tool must not act.

    `what` says why in a word: `form` (it is none), `key`, `signature`, `time` (not yet or no longer good), `call` (it is for
    another one), `used`, `busy` (too many to remember), or `unavailable` (what was used can't be looked up).
    """

    def __init__(self, what: str, detail: str) -> None:
        super().__init__(detail)
        self.what = what


class InvalidSeal(AuditError):
    """A sealed payload is none, was changed, or is not opened by the key that it names."""
