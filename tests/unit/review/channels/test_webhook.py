from __future__ import annotations

import json
import time
from pathlib import Path

import attrs
import pytest

from tenetlang.review.channels.channel import Message, NotSent, UnusableChannel, is_loopback
from tenetlang.review.channels.webhook import Webhook, webhook_body, webhook_secret, webhook_signature
from tests.unit.review.receivers import certificates, closed_port, drip, listener, receiver

SECRET = webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
OTHER = webhook_secret("whsec_" + "bmV3" * 8)
MESSAGE = Message(
    "01KARZ3NDEKTSV4RRFFQ69G5FA.0",
    "asked",
    1_795_377_600,
    "",
    "Approval needed: refund",
    "a refund of 120 is above 50",
    "https://reviews.example.com/tasks/01J",
    {"task": "01J"},
)


def to(url: str, **named: object) -> Webhook:
    return Webhook("desk", url, (SECRET,), **named)  # type: ignore[arg-type]  # what a webhook takes


def test_the_signature_is_that_of_the_standard() -> None:
    """The case of the JavaScript library of github.com/standard-webhooks/standard-webhooks, `webhook.test.ts`."""
    signature = webhook_signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_read_with_and_without_its_prefix() -> None:
    assert webhook_secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n") == SECRET
    for bad in ("", "whsec_", "whsec_?", "whsec_AAAA", "A" * 100):
        with pytest.raises(UnusableChannel) as caught:
            webhook_secret(bad)
        assert "whsec_A" not in str(caught.value)


def test_a_message_is_posted_signed() -> None:
    with receiver() as server:
        to(server.url, clock=lambda: 1_795_377_605.9).send(MESSAGE)
        (request,) = server.requests
    assert request.target == "/hooks/reviews?x=1"
    assert request.headers["webhook-id"] == MESSAGE.identifier
    assert request.headers["webhook-timestamp"] == "1795377605"
    signed = webhook_signature(SECRET, MESSAGE.identifier, 1_795_377_605, request.body)
    assert request.headers["webhook-signature"] == signed
    assert json.loads(request.body) == {
        "type": "tenet.review.asked",
        "timestamp": "2026-11-22T20:00:00Z",
        "data": {
            "task": "01J",
            "title": MESSAGE.title,
            "text": MESSAGE.text,
            "link": MESSAGE.link,
        },
    }


def test_each_attempt_at_a_message_has_the_same_body_and_identifier() -> None:
    assert webhook_body(MESSAGE) == webhook_body(attrs.evolve(MESSAGE))
    with receiver(lambda before: 500 if before == 0 else 200) as server:
        webhook = to(server.url)
        with pytest.raises(NotSent, match="it answered with status 500"):
            webhook.send(MESSAGE)
        webhook.send(MESSAGE)
        first, second = server.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_while_a_secret_is_changed_a_message_has_two_signatures() -> None:
    with receiver() as server:
        Webhook("desk", server.url, (OTHER, SECRET)).send(MESSAGE)
        (request,) = server.requests
    at = int(request.headers["webhook-timestamp"])
    assert request.headers["webhook-signature"].split(" ") == [
        webhook_signature(secret, MESSAGE.identifier, at, request.body) for secret in (OTHER, SECRET)
    ]


def test_a_test_is_one_by_its_type() -> None:
    with receiver() as server:
        to(server.url).probe(attrs.evolve(MESSAGE, kind="canary", link=None))
        assert json.loads(server.requests[0].body)["type"] == "tenet.review.canary"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 429, 500, 503])
def test_any_other_answer_is_none_and_no_redirection_is_followed(status: int) -> None:
    with receiver() as elsewhere, receiver(status) as server:
        server.headers = {"Location": elsewhere.url}
        with pytest.raises(NotSent, match=f"status {status}") as caught:
            to(server.url).send(MESSAGE)
        assert not caught.value.for_good
        assert elsewhere.requests == []


def test_an_address_that_is_gone_is_gone_for_good() -> None:
    with receiver(410) as server, pytest.raises(NotSent) as caught:
        to(server.url).send(MESSAGE)
    assert caught.value.for_good


def test_a_server_that_is_not_there_is_said_to_be() -> None:
    with pytest.raises(NotSent, match="it can't be reached"):
        to(f"http://127.0.0.1:{closed_port()}/").send(MESSAGE)


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200]
)
def test_a_server_that_answers_slowly_or_nonsense_is_left_in_time(said: bytes) -> None:
    began = time.monotonic()
    with listener(drip(said)) as port, pytest.raises(NotSent):
        to(f"http://127.0.0.1:{port}/", longest=0.5, patience=5.0).send(MESSAGE)
    assert time.monotonic() - began < 4.5, "it is cut off, and does not wait for its patience to end"


def test_a_server_that_says_nothing_is_left_in_time() -> None:
    def silent(connection: object) -> None:
        time.sleep(3)

    with listener(silent) as port, pytest.raises(NotSent, match="timed out"):
        to(f"http://127.0.0.1:{port}/", patience=0.1).send(MESSAGE)


def test_over_tls_the_certificate_is_checked(tmp_path: Path) -> None:
    both = certificates(tmp_path)
    with receiver(trust=both.server) as server:
        to(server.url, trust=both.client).send(MESSAGE)
        assert len(server.requests) == 1
        with pytest.raises(NotSent, match="certificate"):
            to(server.url).send(MESSAGE)
        with pytest.raises(NotSent, match=r"certificate|mismatch"):
            to(server.url.replace("127.0.0.1", "localhost"), trust=both.client).send(MESSAGE)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://hooks.example.com/", "is `https`"),
        ("ftp://hooks.example.com/", "HOST"),
        ("https:///x", "HOST"),
        ("https://hooks.example.com/a b", "HOST"),
        ("https://hooks.example.com/\r\nX: y", "HOST"),
        ("https://user:secret@hooks.example.com/", "no user, no password"),
        ("https://hooks.example.com/#x", "no user, no password"),
        ("https://hooks.example.com:99999/", "none"),
        ("https://[::1/", "none"),
        ("http://127.0.0.1.example.com/", "is `https`"),
    ],
)
def test_an_address_that_is_none_or_could_be_read_along_is_refused(url: str, problem: str) -> None:
    with pytest.raises(UnusableChannel, match=problem) as caught:
        to(url)
    assert "secret@" not in str(caught.value)


def test_a_webhook_without_a_secret_is_none() -> None:
    with pytest.raises(UnusableChannel, match="no secret"):
        Webhook("desk", "https://hooks.example.com/", ())


def test_this_machine_is_known_by_its_names() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1")] == [True] * 4
    assert [is_loopback(host) for host in ("127.example.com", "10.0.0.1", "", "localhost.example.com")] == [False] * 4
