from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tenetlang.review.channels.channel import Message, NotSent, UnusableChannel
from tenetlang.review.channels.mail import Mail, mail_address
from tests.unit.review.receivers import Certificates, certificates, closed_port, drip, listener

MESSAGE = Message(
    "01KARZ3NDEKTSV4RRFFQ69G5FA.0",
    "asked",
    1_795_377_600,
    "ada@example.com",
    "Approval needed: refund",
    "a refund of 120 is above 50\n\nAgent a1 wants to call refund.",
    "https://reviews.example.com/tasks/01J?link=a.b",
)


@attrs.define
class Postbox:
    """What a mail server was given."""

    port: int = 0
    refuses: str | None = None
    contents: list[bytes] = attrs.field(factory=list)
    receivers: list[list[str]] = attrs.field(factory=list)
    sessions: list[bool] = attrs.field(factory=list)

    @property
    def count(self) -> int:
        return len(self.contents)

    def headers(self) -> dict[str, str]:
        """The headers of the one mail."""
        (content,) = self.contents
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        return {name.lower(): str(value) for name, value in parsed.items()}

    def part(self, kind: str) -> str:
        """The text or the page of the one mail."""
        (content,) = self.contents
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        (found,) = [part for part in parsed.walk() if part.get_content_type() == kind]
        decoded = found.get_payload(decode=True)
        assert isinstance(decoded, bytes)
        return decoded.decode().replace("\r\n", "\n")

    async def handle_RCPT(  # noqa: N802  # as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuses is not None:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_NOOP(  # noqa: N802  # as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, said: str
    ) -> str:
        self.sessions.append(session.ssl is not None)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.contents.append(envelope.content)
        self.receivers.append(list(envelope.rcpt_tos))
        self.sessions.append(session.ssl is not None)
        return "250 OK"


def signs_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
    good = isinstance(given, LoginPassword) and (given.login, given.password) == (b"reviews", b"hunter2")
    return AuthResult(success=good, handled=good)


@contextmanager
def postbox(trust: Certificates | None = None, *, signing_in: bool = False) -> Iterator[Postbox]:
    made = Postbox()
    controller = Controller(
        made,
        hostname="127.0.0.1",
        port=0,
        tls_context=None if trust is None else trust.server,
        require_starttls=trust is not None,
        authenticator=signs_in if signing_in else None,
        auth_required=signing_in,
        auth_require_tls=trust is not None,
    )
    controller.port = closed_port()
    controller.start()
    made.port = controller.port
    try:
        yield made
    finally:
        controller.stop()


def through(port: int, **named: object) -> Mail:
    given = {"security": "none", **named}
    return Mail("email", "127.0.0.1", "reviews@example.com", port, **given)  # type: ignore[arg-type]  # what mail takes


def test_a_mail_has_a_title_a_text_a_page_and_a_link() -> None:
    with postbox() as box:
        through(box.port).send(MESSAGE)
    mail = box.headers()
    assert box.receivers == [["ada@example.com"]]
    assert (mail["from"], mail["to"], mail["subject"]) == ("reviews@example.com", "ada@example.com", MESSAGE.title)
    assert mail["message-id"] == "<01KARZ3NDEKTSV4RRFFQ69G5FA.0@example.com>"
    assert mail["auto-submitted"] == "auto-generated"
    assert "in-reply-to" not in mail
    assert box.part("text/plain") == f"{MESSAGE.text}\n\n{MESSAGE.link}\n"
    assert '<a href="https://reviews.example.com/tasks/01J?link=a.b">' in box.part("text/html")


def test_a_reminder_refers_to_the_first_mail() -> None:
    with postbox() as box:
        through(box.port).send(attrs.evolve(MESSAGE, identifier="01KARZ3NDEKTSV4RRFFQ69G5FA.2", link=None))
    mail = box.headers()
    assert mail["message-id"] == "<01KARZ3NDEKTSV4RRFFQ69G5FA.2@example.com>"
    assert mail["in-reply-to"] == mail["references"] == "<01KARZ3NDEKTSV4RRFFQ69G5FA.0@example.com>"


@pytest.mark.parametrize(
    "title", ["a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com\n\nbody", "a\rBcc: eve@example.com", "Zoë ✓ " * 40]
)
def test_nothing_in_a_title_becomes_a_header(title: str) -> None:
    with postbox() as box:
        through(box.port).send(attrs.evolve(MESSAGE, title=title))
    mail = box.headers()
    assert "bcc" not in mail
    assert box.receivers == [["ada@example.com"]]
    assert "".join(mail["subject"].split()) == "".join(title.split())


def test_nothing_in_a_text_becomes_markup_or_ends_the_mail() -> None:
    text = '<script>alert(1)</script>\n.\nQUIT\n"><img src=x onerror=y>'
    with postbox() as box:
        through(box.port).send(attrs.evolve(MESSAGE, text=text, link='https://x/"><b>'))
    page = box.part("text/html")
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>" not in page
    assert "\n.\n" in box.part("text/plain")


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@example.com\r\nBcc: eve@x.org", "a@b, c@d", "<a@b>", "ada@exämple.com"]
)
def test_a_mail_to_no_address_is_given_up_at_once(address: str) -> None:
    with pytest.raises(NotSent, match="is no address") as caught:
        through(closed_port()).send(attrs.evolve(MESSAGE, address=address))
    assert caught.value.for_good


def test_an_address_that_the_server_refuses_for_good_is_given_up() -> None:
    with postbox() as box:
        box.refuses = "550 no such user"
        with pytest.raises(NotSent, match="550") as caught:
            through(box.port).send(MESSAGE)
        assert caught.value.for_good
        box.refuses = "451 later"
        with pytest.raises(NotSent, match="451") as caught:
            through(box.port).send(MESSAGE)
        assert not caught.value.for_good


def test_over_starttls_the_certificate_is_checked_and_then_somebody_signs_in(tmp_path: Path) -> None:
    both = certificates(tmp_path)
    with postbox(both, signing_in=True) as box:
        mail = through(box.port, security="starttls", trust=both.client, user="reviews", password="hunter2")
        mail.send(MESSAGE)
        mail.probe(MESSAGE)
        assert box.sessions == [True, True]
        assert box.count == 1, "a test sends nothing"
        wrong = attrs.evolve(mail, password="guess")
        with pytest.raises(NotSent, match="535") as caught:
            wrong.probe(MESSAGE)
        assert not caught.value.for_good
        assert "guess" not in str(caught.value)
        with pytest.raises(NotSent, match="certificate"):
            attrs.evolve(mail, trust=None).send(MESSAGE)


def test_without_starttls_nothing_is_said_to_a_server_that_does_not_offer_it() -> None:
    with postbox() as box:
        with pytest.raises(NotSent, match="STARTTLS"):
            through(box.port, security="starttls").send(MESSAGE)
        assert box.count == 0


def test_from_the_beginning_with_tls(tmp_path: Path) -> None:
    both = certificates(tmp_path)
    made = Postbox()
    controller = Controller(made, hostname="127.0.0.1", port=closed_port(), ssl_context=both.server)
    controller.start()
    try:
        through(controller.port, security="tls", trust=both.client).send(MESSAGE)
    finally:
        controller.stop()
    assert made.count == 1


def test_a_server_that_is_not_there_or_slow_is_left_in_time() -> None:
    with pytest.raises(NotSent, match="it can't be reached"):
        through(closed_port()).send(MESSAGE)
    began = time.monotonic()
    with listener(drip(b"220-")) as port, pytest.raises(NotSent):
        through(port, longest=0.5, patience=5.0).send(MESSAGE)
    assert time.monotonic() - began < 4.5


def test_what_cannot_be_used_is_refused() -> None:
    assert mail_address("ada+x@example.com") == "ada+x@example.com"
    with pytest.raises(UnusableChannel, match="needs `security"):
        Mail("email", "smtp.example.com", "reviews@example.com", security="none")
    with pytest.raises(UnusableChannel, match="is no address"):
        Mail("email", "smtp.example.com", "reviews")
    with pytest.raises(UnusableChannel, match="both `user` and `password`"):
        Mail("email", "smtp.example.com", "reviews@example.com", user="reviews")
    assert "hunter2" not in repr(Mail("email", "h", "a@b.c", user="u", password="hunter2"))
