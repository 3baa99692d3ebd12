"""Whose signatures count, and how many of them it takes.

A trusted key is one of those that `tenet audit keygen` makes, by its public half. The threshold is k of n: with two of three keys nobody who
stole one of them can ship a policy, and nobody who lost one is stuck. A key changes by being trusted beside the old one for a
while; it is revoked by being taken out, which the last good file of a restart is held to as well.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from tenetlang.audit.checkpoints.key_files import load_verifier_key
from tenetlang.audit.checkpoints.note import VerifierKey
from tenetlang.bundle.errors import UnusableTrust

MAX_KEYS = 16
"""More keys than this are trusted by nobody; each signature without a name is tried with all of them."""


@attrs.frozen
class Trust:
    """The keys that are trusted, and how many different ones must have signed. Raises `UnusableTrust` for what can't hold."""

    keys: tuple[VerifierKey, ...]
    threshold: int = 1

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.keys) <= MAX_KEYS:
            raise UnusableTrust(f"between 1 and {MAX_KEYS} keys can be trusted, not {len(self.keys)}")
        if len({key.public for key in self.keys}) != len(self.keys):
            raise UnusableTrust("a key is given twice, perhaps under another name; it would count as two people")
        if not 1 <= self.threshold <= len(self.keys):
            raise UnusableTrust(
                f"{self.threshold} signatures are demanded, and there are {len(self.keys)} keys: give more keys, or demand fewer"
            )


def load_trust(keys: Iterable[str], threshold: int = 1) -> Trust:
    """Trust in public keys, each given as its text or the name of its file. Raises `UnusableTrust`, and `UnusableKey`."""
    return Trust(tuple(load_verifier_key(key) for key in keys), threshold)
