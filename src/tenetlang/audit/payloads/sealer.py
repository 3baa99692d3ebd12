"""Seals the payload of any record for the person whom it is about: one call between making a record and appending it.

    sealer = Sealer(keyring)
    record = sealer(intent(decision, request, …), sealer.person_of(request))     what was asked
    record = sealer(outcome, person)                                             what the call gave
    record = sealer(vote, person)                                                what a reviewer wrote about it
    record = sealer(stopped, None)                                               what is about nobody in particular

The person is always the one of the decision: the `user` of its request, or its `session`, as the keyring has it. What a call gave
back and what reviewers wrote is about them too, and goes with their key. It is known by its *caller's word*, which stands in the
intent's `who`; so whoever has the record and not the request any more asks `person_in`. What has no payload is given back as it is.

A keyring that can't be used raises, and then nothing is recorded and so nothing allowed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from tenetlang.audit.payloads.keyring import Keyring
from tenetlang.audit.payloads.sealing import seal_record
from tenetlang.audit.records.record import identity_word
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.frozen import field, frozen


@frozen
class Sealer:
    """Seals with the keys of a keyring, which stays the caller's to close. May be shared between threads, as that may."""

    keyring: Keyring
    randomness: Callable[[int], bytes] = field(default=os.urandom, repr=False)

    def __call__(self, record: Unplaced, person: str | None) -> Unplaced:
        """The record with its payload sealed for a person; None stands for those who have no identifier, who share a key.

        Raises `LogUnavailable` and `UnusableKey` for a keyring that can't be used, `InvalidRecord` for a payload that is too
        long when it is sealed, and `NoSignatures`.
        """
        if record.payload is None:
            return record
        return seal_record(record, self.keyring.key_for(person, self.randomness), self.randomness)

    def person_of(self, request: Mapping[str, object] | bytes | None) -> str | None:
        """Whom the decision on a request is about."""
        return identity_word(request, self.keyring.subjects)

    def person_in(self, intent: Mapping[str, object]) -> str | None:
        """The same from the intent's record, as JSON values."""
        who = intent.get("who")
        person = who.get(self.keyring.subjects) if isinstance(who, Mapping) else None
        return person if isinstance(person, str) else None
