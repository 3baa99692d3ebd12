"""Which payloads of a log can't be read any more, and for which of them a record says that they were erased.

An erasure comes after what it erased, so while a log is read, absent payloads are noted and a later record explains them: one bit
for each record, and a number for each key. What nobody explained is no contradiction, since a payload may be taken away
without a trace; but it is not what `tenet audit erase` does, and so it is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import attrs

from tenetlang.audit.records.requests import read_payload_bodies


@attrs.define
class Absences:
    """What is absent so far: `missing` payloads that are not there, `closed` ones by the name of the key that is not there."""

    closed: Counter[str] = attrs.field(factory=Counter)
    destroyed: set[str] = attrs.field(factory=set)
    missing: int = 0
    _bits: bytearray = attrs.field(factory=bytearray)

    def note(self, index: int) -> None:
        """The payload of this record is not there."""
        self.missing += 1
        byte = index >> 3
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits)))
        self._bits[byte] |= 1 << (index & 7)

    def explain(self, record: Mapping[object, object], payload: bytes | None) -> None:
        """Takes away what a record of kind `erasure` says was erased. Its payload holds the indexes where they are many."""
        before, listed, subject = record.get("before"), record.get("records"), record.get("subject")
        if isinstance(listed, Mapping) and payload is not None:
            listed = read_payload_bodies(payload).get("/records/digest", {}).get("value")
        if isinstance(before, int) and before > 0:
            whole = min(before >> 3, len(self._bits))
            self._bits[:whole] = bytes(whole)
            for index in range(whole << 3, min(before, len(self._bits) << 3)):
                self._clear(index)
        for index in listed if isinstance(listed, list) else ():
            if isinstance(index, int) and 0 <= index < len(self._bits) << 3:
                self._clear(index)
        if isinstance(subject, str):
            self.destroyed.add(subject)

    def unexplained(self) -> int:
        """How many payloads are not there, and no record says why."""
        return int.from_bytes(self._bits).bit_count()

    def erased(self) -> int:
        """How many payloads nobody can read any more: those that are not there, and those whose key was destroyed."""
        return self.missing + sum(count for kid, count in self.closed.items() if kid in self.destroyed)

    def sealed(self) -> int:
        """How many payloads were not opened, and may be by whoever has the key."""
        return sum(count for kid, count in self.closed.items() if kid not in self.destroyed)

    def _clear(self, index: int) -> None:
        self._bits[index >> 3] &= ~(1 << (index & 7))
