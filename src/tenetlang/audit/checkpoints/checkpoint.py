"""Checkpoints: what a log was at one moment, in three lines that can be signed (C2SP tlog-checkpoint).

    example.com/refunds                             the origin, which is the name of the log's key
    812                                             how many records it had
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    the root over them

Whoever holds one can tell whether a log still begins with these very records. They are signed and not the records
themselves, because one signature then vouches for all that came before, and an append stays cheap.
"""

from __future__ import annotations

import re
from base64 import b64encode

import attrs

from tenetlang.audit.checkpoints.keys import base64_bytes
from tenetlang.audit.checkpoints.note import split_note
from tenetlang.audit.errors import InvalidNote

_size = re.compile("0|[1-9][0-9]{0,15}")


@attrs.frozen
class Checkpoint:
    """The state of the log of this origin: its number of records, and the Merkle root over their leaves."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def unchecked_checkpoint(note: bytes) -> Checkpoint:
    """The checkpoint of a note, whoever may have signed it. Raises `InvalidNote`."""
    text, _ = split_note(note)
    return read_checkpoint(text)


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that the text of a note is. Raises `InvalidNote`."""
    match text.split("\n"):
        case [origin, size, root, *_, ""] if origin and _size.fullmatch(size):
            decoded = base64_bytes(root)
            if decoded is not None and len(decoded) == 32:
                return Checkpoint(origin, int(size), decoded)
        case _:
            pass
    raise InvalidNote("the note is no checkpoint: its first lines are not an origin, a size and a root")
