"""The conversation with a provider that answers wrongly, slowly, endlessly or not at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs
import pytest

from tenetlang.inbox import oidc_provider
from tenetlang.inbox.oidc_provider import (
    AGAIN,
    DISCOVERY,
    KEPT,
    LARGEST,
    LEFT_ALONE,
    CodeRefused,
    Provider,
    ProviderFailed,
)
from tenetlang.review.provider import ProviderSettings
from tests.unit.inbox.providers import CLIENT, SECRET, OpenIdProvider, open_id_provider
from tests.unit.review.receivers import certificates, listener

INBOX = "http://127.0.0.1:8421"


@attrs.define
class Talk:
    """A provider, and what we know of it; `seconds` is the time."""

    outside: OpenIdProvider
    ours: Provider
    seconds: list[float]


@pytest.fixture
def talk() -> Iterator[Talk]:
    seconds = [0.0]
    with open_id_provider(lambda: 0.0) as outside:
        settings = ProviderSettings(outside.issuer, CLIENT, INBOX, SECRET)
        yield Talk(outside, Provider(settings, lambda: seconds[0]), seconds)


def test_what_it_is_is_asked_once_in_ten_minutes(talk: Talk) -> None:
    for _ in range(3):
        assert talk.ours.metadata().token_endpoint == f"{talk.outside.issuer}/token"
    assert talk.outside.asked == [DISCOVERY]
    talk.seconds[0] = KEPT
    talk.ours.metadata()
    assert talk.outside.asked == [DISCOVERY] * 2


def test_its_keys_are_asked_once_in_ten_minutes_and_at_most_once_in_ten_seconds(talk: Talk) -> None:
    for anew in (False, True, False, True):
        talk.ours.keys(anew=anew)
    assert talk.outside.asked.count("/jwks") == 1
    talk.seconds[0] = AGAIN
    talk.ours.keys()
    assert talk.outside.asked.count("/jwks") == 1
    talk.ours.keys(anew=True)
    assert talk.outside.asked.count("/jwks") == 2
    talk.seconds[0] += KEPT
    talk.ours.keys()
    assert talk.outside.asked.count("/jwks") == 3


def test_one_that_failed_is_left_alone_for_some_seconds(talk: Talk) -> None:
    talk.outside.statuses[DISCOVERY] = 500
    for _ in range(3):
        with pytest.raises(ProviderFailed, match="status 500"):
            talk.ours.metadata()
    assert talk.outside.asked == [DISCOVERY]
    talk.outside.statuses.clear()
    talk.seconds[0] = LEFT_ALONE
    assert talk.ours.metadata().jwks_uri


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"issuer": "http://127.0.0.1:1"}, "another name"),
        ({"issuer": None}, "another name"),
        ({"token_endpoint": "http://login.example.com/token"}, "token_endpoint"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
        ({"authorization_endpoint": "https://login.example.com/\r\nSet-Cookie: a=b"}, "authorization_endpoint"),
        ({"authorization_endpoint": "https://login.example.com/#here"}, "authorization_endpoint"),
        ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri"),
        ({"jwks_uri": "https://[bad/"}, "jwks_uri"),
        ({"jwks_uri": "https://u:p@login.example.com/"}, "jwks_uri"),
        ({"userinfo_endpoint": 7}, "userinfo_endpoint"),
        ({"code_challenge_methods_supported": ["plain"]}, "S256"),
        ({"code_challenge_methods_supported": "S256"}, "S256"),
    ],
)
def test_what_it_says_of_itself_has_to_be_right(talk: Talk, said: dict[str, object], because: str) -> None:
    talk.outside.document = said
    with pytest.raises(ProviderFailed, match=because):
        talk.ours.metadata()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"issuer":1,"issuer":2}', b"\xff", b"<html>"])
def test_what_is_no_json_object_is_no_answer(talk: Talk, body: bytes) -> None:
    talk.outside.bodies[DISCOVERY] = body
    with pytest.raises(ProviderFailed, match="its configuration"):
        talk.ours.metadata()


def test_an_endless_answer_is_not_read_to_its_end(talk: Talk) -> None:
    talk.outside.bodies[DISCOVERY] = b" " * (LARGEST + 1)
    with pytest.raises(ProviderFailed, match="too long"):
        talk.ours.metadata()
    with listener(_flood) as port:
        ours = Provider(ProviderSettings(f"http://127.0.0.1:{port}", CLIENT, INBOX))
        with pytest.raises(ProviderFailed, match="too long"):
            ours.metadata()


@pytest.mark.parametrize("status", [204, 302, 307, 404, 500])
def test_only_a_status_of_200_is_an_answer_and_no_redirection_is_followed(talk: Talk, status: int) -> None:
    talk.outside.statuses[DISCOVERY] = status
    with pytest.raises(ProviderFailed, match=f"status {status}"):
        talk.ours.metadata()
    assert talk.outside.asked == [DISCOVERY]


@pytest.mark.parametrize("body", [b"{}", b'{"keys":{}}', b'{"keys":null}'])
def test_keys_that_are_none_are_none(talk: Talk, body: bytes) -> None:
    talk.outside.bodies["/jwks"] = body
    with pytest.raises(ProviderFailed, match="Key Set"):
        talk.ours.keys()


def test_what_is_no_key_among_keys_is_passed_over(talk: Talk) -> None:
    talk.outside.bodies["/jwks"] = b'{"keys":[1,null,{"kty":"RSA"}]}'
    assert talk.ours.keys() == ({"kty": "RSA"},)


def test_a_code_gets_no_token_where_the_provider_says_no_or_nothing(talk: Talk) -> None:
    with pytest.raises(CodeRefused, match="invalid_grant"):
        talk.ours.tokens("none", "v" * 43)
    talk.outside.bodies["/token"] = b'{"error":' + b'"' + b"e" * 500 + b'"}'
    with pytest.raises(CodeRefused) as refused:
        talk.ours.tokens("none", "v" * 43)
    assert len(str(refused.value)) < 100
    good = b'{"id_token":"a.b.c"}'
    for status, body in ((200, b"{}"), (200, b'{"id_token":7}'), (403, good), (500, good), (302, good)):
        talk.outside.statuses["/token"], talk.outside.bodies["/token"] = status, body
        with pytest.raises(ProviderFailed):
            talk.ours.tokens("none", "v" * 43)


@pytest.mark.parametrize("access_token", ["a\r\nX: y", "\u00e9"])
def test_an_access_token_that_is_none_asks_nothing(talk: Talk, access_token: str) -> None:
    assert talk.ours.claims_of(access_token) == {}
    assert "/userinfo" not in talk.outside.asked


def test_nobody_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours = Provider(ProviderSettings(f"http://127.0.0.1:{port}", CLIENT, INBOX))
    with pytest.raises(ProviderFailed, match="can't be reached"):
        ours.metadata()


def _flood(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"]
)
def test_one_that_answers_for_ever_is_cut_off(head: bytes) -> None:
    sent_all: list[bool] = []

    def drip(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            for _ in range(199):
                connection.sendall(b" ")
                threading.Event().wait(0.05)
            sent_all.append(True)
            connection.sendall(b" ")

    with listener(drip) as port:
        ours = Provider(ProviderSettings(f"http://127.0.0.1:{port}", CLIENT, INBOX), longest=0.3)
        with pytest.raises(ProviderFailed, match="gave no answer within"):
            ours.metadata()
    assert sent_all == []


def test_one_that_hangs_takes_two_threads_and_not_more(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc_provider, "_WAIT", 0.0)
    with talk.ours._turn(), talk.ours._turn(), pytest.raises(ProviderFailed, match="others are signing in"):
        talk.ours.metadata()
    talk.seconds[0] = LEFT_ALONE
    assert talk.ours.metadata().jwks_uri


def test_its_certificate_has_to_be_one_that_is_trusted(tmp_path: Path) -> None:
    known = certificates(tmp_path)
    with open_id_provider(lambda: 0.0, known.server) as outside:
        settings = ProviderSettings(outside.issuer, CLIENT, INBOX)
        assert Provider(settings, trust=known.client).metadata().jwks_uri.startswith("https://")
        with pytest.raises(ProviderFailed, match="CERTIFICATE_VERIFY_FAILED"):
            Provider(settings).metadata()
