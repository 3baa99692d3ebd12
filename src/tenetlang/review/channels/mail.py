"""E-mail over SMTP, with the standard library.

A mail has a line and a text, as plain text and as plain a page, with one link. Its `Message-ID` is made of the message's
identifier, so a mail that arrives twice is recognised as one, and reminders refer to the first. Nothing of a message gets into a
header but its title, on one line; the library writes headers so that no text in one begins another.

The connection is encrypted (`tls` from the beginning, `starttls` before anything else is said), and the server's certificate is
checked; `none` is only for a server on this machine. What a server refuses for good (a 5xx to the address) is not tried again.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.review.channels.channel import (
    LONGEST_ATTEMPT,
    PATIENCE,
    Message,
    NotSent,
    UnusableChannel,
    cut_off,
    is_loopback,
)

Security: TypeAlias = Literal["tls", "starttls", "none"]

PORTS: Final = {"tls": 465, "starttls": 587, "none": 25}


def mail_address(text: str) -> str:
    """An address, `name@host`, as it is. Raises `UnusableChannel`."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, MessageError, IndexError):
        address = Address()
    if address.addr_spec != text or not address.domain or not text.isascii() or not text.isprintable():
        raise UnusableChannel(f"{text!r:.80} is no address of e-mail: `name@host`")
    return text


@attrs.frozen
class Mail:
    """A server that sends mail. Raises `UnusableChannel`."""

    name: str
    host: str
    sender: str
    port: int | None = None
    security: Security = "starttls"
    user: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    trust: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    longest: float = LONGEST_ATTEMPT
    patience: float = PATIENCE

    def __attrs_post_init__(self) -> None:
        mail_address(self.sender)
        if self.security == "none" and not is_loopback(self.host):
            raise UnusableChannel(f'mail through {self.host} needs `security = "starttls"` or `"tls"`')
        if (self.user is None) is not (self.password is None):
            raise UnusableChannel(f"the mail server `{self.name}` needs both `user` and `password`, or neither")

    def send(self, message: Message) -> None:
        """Sends a mail. Raises `NotSent`."""
        content = self.mail(message)
        with self._session() as session:
            session.sendmail(self.sender, [message.address], content)

    def probe(self, _: Message) -> None:
        """Signs in to the server, and sends nothing. Raises `NotSent`."""
        with self._session() as session:
            session.noop()

    def mail(self, message: Message) -> bytes:
        """The mail of a message, as it is sent. Raises `NotSent` for an address that is none."""
        try:
            receiver = mail_address(message.address)
        except UnusableChannel as mistake:
            raise NotSent(str(mistake), for_good=True) from None
        domain = self.sender.rpartition("@")[2]
        first = f"<{message.identifier.partition('.')[0]}.0@{domain}>"
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, receiver
        mail["Subject"] = " ".join(message.title.split())
        mail["Message-ID"] = own = f"<{message.identifier}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        if own != first:
            mail["In-Reply-To"] = mail["References"] = first
        link = "" if message.link is None else f"\n{message.link}\n"
        mail.set_content(f"{message.text}\n{link}")
        shown = "".join(f"<p>{escape(line)}</p>\n" for line in message.text.splitlines() if line)
        anchor = "" if message.link is None else f'<p><a href="{escape(message.link)}">{escape(message.link)}</a></p>\n'
        mail.add_alternative(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><body>\n{shown}{anchor}</body></html>\n',
            subtype="html",
        )
        return mail.as_bytes(policy=SMTP)

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """A session with the server, signed in; whatever goes wrong in it is `NotSent`."""
        trust = self.trust or ssl.create_default_context()
        port = self.port or PORTS[self.security]
        made: list[smtplib.SMTP] = []
        with cut_off(self.longest, lambda: made[0].sock if made else None) as is_cut:
            try:
                if self.security == "tls":
                    session: smtplib.SMTP = smtplib.SMTP_SSL(timeout=self.patience, context=trust)
                else:
                    session = smtplib.SMTP(timeout=self.patience)
                made.append(session)
                with session:
                    session._host = self.host  # type: ignore[attr-defined]  # noqa: SLF001  # the name of the certificate, which only the constructor sets otherwise
                    session.connect(self.host, port)
                    if self.security == "starttls":
                        session.starttls(context=trust)
                    if self.user is not None and self.password is not None:
                        session.login(self.user, self.password)
                    yield session
            except smtplib.SMTPRecipientsRefused as refused:
                codes = [code for code, _ in refused.recipients.values()]
                raise NotSent(
                    f"the address is refused with {codes}", for_good=all(500 <= code < 600 for code in codes)
                ) from refused
            except smtplib.SMTPResponseException as answer:
                said = answer.smtp_error.decode("ascii", "replace") if isinstance(answer.smtp_error, bytes) else ""
                raise NotSent(f"the server answered {answer.smtp_code} {said[:100]}") from answer
            except (OSError, smtplib.SMTPException, ValueError) as mistake:
                late = f"it gave no answer within {self.longest:g} seconds"
                detail = late if is_cut() else f"it can't be reached: {str(mistake) or type(mistake).__name__}"
                raise NotSent(detail) from mistake
