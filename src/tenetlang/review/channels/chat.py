"""Chat and pagers through `apprise`, which knows a hundred services: the extra `chat`.

The address of a service is a URL of apprise's, most of which hold a secret, so it comes from the environment or a file as secrets do.
Where it has `{to}` in it, the address of a person is put there, percent-encoded whole, so that it can't become another part of the URL.

apprise says of a message whether the service took it, and no more; there is no way to try a service but to send something. So a
channel with a place for people needs an address to which tests go, one that disturbs nobody.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final
from urllib.parse import quote

import attrs

from tenetlang.review.channels.channel import Message, NotSent, UnusableChannel

_PLACE: Final = "{to}"


@attrs.frozen
class Chat:
    """A service of apprise's. `tests_to` is the address to which tests are sent, for a channel with a place for one. Raises
    `UnusableChannel`."""

    name: str
    url: str = attrs.field(repr=False)
    tests_to: str | None = None

    def __attrs_post_init__(self) -> None:
        if find_spec("apprise") is None:
            raise UnusableChannel("messages to chat services need the package `apprise`: tenetlang[chat]")
        if self.url.count(_PLACE) > 1 or "://" not in self.url:
            raise UnusableChannel(
                f"the address of `{self.name}` is a URL of apprise's, with `{_PLACE}` once or not at all"
            )
        if self.is_personal and self.tests_to is None:
            raise UnusableChannel(f"`{self.name}` needs `tests_to`, an address to which tests are sent")

    @property
    def is_personal(self) -> bool:
        """Whether it needs an address for each person."""
        return _PLACE in self.url

    def send(self, message: Message) -> None:
        """Sends a message. Raises `NotSent`."""
        self._notify(message, message.address)

    def probe(self, message: Message) -> None:
        """Sends a test. Raises `NotSent`."""
        self._notify(message, self.tests_to or "")

    def _notify(self, message: Message, address: str) -> None:
        import apprise

        service = apprise.Apprise()
        if not service.add(self.url.replace(_PLACE, quote(address, safe=""))):
            raise NotSent("apprise does not know this service, or the address", for_good=True)
        body = message.text if message.link is None else f"{message.text}\n\n{message.link}"
        try:
            taken = service.notify(title=message.title, body=body, body_format=apprise.NotifyFormat.TEXT)
        except Exception as mistake:  # whatever a plugin does, the message was not sent
            raise NotSent(f"apprise failed: {type(mistake).__name__}") from mistake
        if not taken:
            raise NotSent("the service did not take it")
