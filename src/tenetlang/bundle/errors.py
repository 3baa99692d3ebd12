"""What can be wrong with a bundle, as exceptions. Each message says what happened and what to do about it."""

from __future__ import annotations

from typing import ClassVar


class BundleError(Exception):
    """Anything for which a bundle is not put into force. Whoever has another one goes on deciding by that."""

    word: ClassVar[str] = "refused"
    """What it is in a few words, for the record of each decision that an older bundle makes because of it."""


class BundleUnavailable(BundleError):
    """The file could not be read."""

    word = "not readable"


class NotABundle(BundleError):
    """The bytes are no bundle, or larger than any: nothing in them was believed."""

    word = "no bundle"


class NotTrusted(BundleError):
    """Too few of the trusted keys signed it: nothing in it was looked at."""

    word = "not signed by those trusted"


class BrokenBundle(BundleError):
    """It is signed, and what was signed can't be used: of another format, contradicting itself, or refused by the evaluator."""

    word = "broken"


class BundleExpired(BundleError):
    """It may no longer decide anything: its `hard_expires` has passed."""

    word = "expired"


class RolledBack(BundleError):
    """It is older than one that was in force here, or another one of the same version."""

    word = "older than what was in force"


class OtherPackage(BundleError):
    """It is the policy of another package than the one that decides here."""

    word = "of another package"


class TestsFailed(BundleError):
    """Its own tests have another result here than where it was built."""

    word = "its tests fail"

    __test__ = False


class UnusableTrust(BundleError):
    """What was given as the keys to trust can never be satisfied."""

    word = "nobody is trusted"


class UnusableMemory(BundleError):
    """The folder or the table that remembers the newest version can't be read or written."""

    word = "its version can't be remembered"
