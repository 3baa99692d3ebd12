from __future__ import annotations

import json

import attrs
import pytest

from tenetlang.review.channels import chat
from tenetlang.review.channels.channel import NotSent, UnusableChannel
from tenetlang.review.channels.chat import Chat
from tests.unit.review.channels.test_webhook import MESSAGE
from tests.unit.review.receivers import closed_port, receiver

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise asks for it


def place(url: str) -> str:
    """apprise's address of a server that takes JSON."""
    return url.replace("http://", "json://").partition("/hooks")[0]


def test_a_message_reaches_a_service() -> None:
    with receiver(200) as server:
        Chat("chat", place(server.url) + "/desk").send(MESSAGE)
        (request,) = server.requests
    body = json.loads(request.body)
    assert body["title"] == MESSAGE.title
    assert body["message"] == f"{MESSAGE.text}\n\n{MESSAGE.link}"


def test_an_address_is_put_in_its_place_and_becomes_nothing_else() -> None:
    with receiver(200) as server:
        personal = Chat("chat", place(server.url) + "/people/{to}", "tests")
        assert personal.is_personal
        personal.send(attrs.evolve(MESSAGE, address="../?method=get&-x=y", link=None))
        personal.probe(MESSAGE)
        first, second = server.requests
    assert "method" not in first.target.partition("?")[2]
    assert first.target.startswith("/people/")
    assert second.target == "/people/tests"


def test_what_a_service_does_not_take_was_not_sent() -> None:
    with receiver(500) as server, pytest.raises(NotSent, match="did not take it"):
        Chat("chat", place(server.url)).send(MESSAGE)
    with pytest.raises(NotSent, match="did not take it"):
        Chat("chat", f"json://127.0.0.1:{closed_port()}").send(MESSAGE)


def test_a_service_that_nobody_knows_is_given_up_and_its_address_not_shown() -> None:
    service = Chat("chat", "nosuch://secret")
    with pytest.raises(NotSent, match="does not know") as caught:
        service.probe(MESSAGE)
    assert caught.value.for_good
    assert "secret" not in str(caught.value) + repr(service)


def test_what_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("nothing", "json://{to}/{to}"):
        with pytest.raises(UnusableChannel, match="is a URL of apprise's"):
            Chat("chat", url)
    with pytest.raises(UnusableChannel, match="needs `tests_to`"):
        Chat("chat", "json://localhost/{to}")
    monkeypatch.setattr(chat, "find_spec", lambda name: None)
    with pytest.raises(UnusableChannel, match=r"tenetlang\[chat\]"):
        Chat("chat", "json://localhost/")
