"""What a channel is: something that takes a message, or says that it did not.

A channel is handed one message at a time, may be called from several threads, and returns when the other side has taken the message.
It raises `NotSent` for everything else, within `LONGEST_ATTEMPT` seconds, whatever the other side does. It retries
nothing: that is the courier's. A message that comes again has the same identifier and the same content.

*What stands in messages is hostile.* The tool and the reason may hold text of an attacker; it goes through `report/review_message.py`, which
spells out what acts or hides, and a channel adds only what its own format needs (no header in a mail, no markup in a page).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final, Literal, Protocol, TypeAlias

import attrs

MessageKind: TypeAlias = Literal["asked", "reminder", "canary"]

LONGEST_ATTEMPT: Final = 30.0
"""So many seconds an attempt has, for all of it together."""

PATIENCE: Final = 10.0
"""So many seconds the other side may be silent."""


@attrs.frozen
class Message:
    """What is sent. `identifier` is the same for each attempt; `at` is when it was first due, in seconds since 1970.

    `address` is whom it is for, as the channel names people, empty where it is for nobody in particular. `title` is one line, `text` lines for people to read,
    `link` where they answer, and `data` the same for programs.
    """

    identifier: str
    kind: MessageKind
    at: int
    address: str
    title: str
    text: str
    link: str | None = None
    data: Mapping[str, object] = attrs.field(factory=dict)


class NotSent(Exception):
    """The message was not taken, or it is not known that it was. `for_good` says that it won't be next time either."""

    def __init__(self, said: str, *, for_good: bool = False) -> None:
        super().__init__(said)
        self.for_good = for_good


class UnusableChannel(ValueError):
    """What is configured of a channel can't be used: the sentence says what it should be."""


class Channel(Protocol):
    """One way to tell people. `name` is how the configuration calls it."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""
        ...

    def send(self, message: Message, /) -> None:
        """Sends a message. Raises `NotSent`."""
        ...

    def probe(self, message: Message, /) -> None:
        """Tries whether the channel works, with this message, which says that it is a test, if there is no other way. Raises
        `NotSent`."""
        ...


@contextmanager
def cut_off(seconds: float, connected: Callable[[], socket.socket | None]) -> Iterator[Callable[[], bool]]:
    """Cuts a connection after so many seconds, however slowly the other side goes on. Gives whether it came to that."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        connection = connected()
        if connection is not None:
            with suppress(OSError):  # it may have ended by itself
                connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield over.is_set
    finally:
        timer.cancel()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name, so that nothing on the way could read along."""
    return host in {"localhost", "::1"} or (host.startswith("127.") and host.replace(".", "").isdigit())
