"""`[review.oidc]`: what it says, and what it can't."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tenetlang.review.configuration import ReviewConfigurationError, read_review_settings
from tenetlang.review.provider import ProviderSettings

START = 'inbox = "https://reviews.example.com/"\n[oidc]\n'
LEAST = 'issuer = "https://login.example.com"\nclient_id = "reviews"\n'
VARIABLES = {"SECRET": "s3cret"}


def read(content: str) -> ProviderSettings | None:
    return read_review_settings(tomllib.loads(content), Path(), VARIABLES).provider


def test_without_the_table_there_is_no_provider() -> None:
    assert read('inbox = "https://reviews.example.com"') is None


def test_little_has_to_be_said() -> None:
    found = read(START + LEAST)
    assert found == ProviderSettings("https://login.example.com", "reviews", "https://reviews.example.com/")
    assert found is not None
    assert found.back == "https://reviews.example.com/sign-in/back"
    assert (found.claim, found.scope, found.title, found.session) == (
        "email",
        "openid email",
        "login.example.com",
        3600,
    )


def test_all_of_it_is_read_and_the_secret_is_not_shown() -> None:
    found = read(
        START
        + LEAST
        + 'client_secret = { env = "SECRET" }\nclaim = "preferred_username"\nscopes = ["profile", "openid", "groups"]\n'
        + 'name = "Example"\nsession = "8h"\n'
    )
    assert found is not None
    assert found.secret == "s3cret"
    assert "s3cret" not in repr(found)
    assert found.claim == "preferred_username"
    assert found.scope == "openid profile groups"
    assert found.title == "Example"
    assert found.session == 8 * 3600


@pytest.mark.parametrize(("claim", "scope"), [("sub", "openid"), ("email", "openid email"), ("upn", "openid profile")])
def test_what_a_claim_needs_is_asked_for(claim: str, scope: str) -> None:
    found = read(f'{START}{LEAST}claim = "{claim}"')
    assert found is not None
    assert found.scope == scope


@pytest.mark.parametrize(
    ("content", "because"),
    [
        ("[oidc]\n" + LEAST, "needs `inbox`"),
        (START, "`issuer`"),
        (START + 'issuer = "https://login.example.com"', "`client_id`"),
        (START + LEAST + 'client_secret = "s3cret"', "a secret does not stand in the configuration"),
        (START + LEAST + 'client_secret = { env = "NONE" }', "`client_secret` of `.review.oidc.`"),
        (START + LEAST + 'audience = "x"', "`audience` is no setting"),
        (START + LEAST + 'claim = ""', "`claim`"),
        (START + LEAST + 'claim = "e mail"', "`claim`"),
        (START + LEAST + 'scopes = "email"', "`scopes`"),
        (START + LEAST + 'scopes = ["e mail"]', "`scopes`"),
        (START + LEAST + "name = 7", "`name`"),
        (START + LEAST + 'session = "9h"', "`session`"),
        (START + LEAST + 'session = "30s"', "`session`"),
        (START + LEAST + "session = 3600", "`session` of `.review.oidc.`"),
        (START + LEAST + 'session = "soon"', "`session` of `.review.oidc.` is a duration"),
        ('inbox = "https://reviews.example.com"\noidc = 7', "is a table"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(content: str, because: str) -> None:
    with pytest.raises(ReviewConfigurationError, match=because):
        read(content)


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example.com", "login.example.com", "https://", "https://u:p@login.example.com", "https://login.example.com/?a=b",
        "https://login.example.com/#a", "https://login.example.com/\u00e9", "https://[x", "https://login.example.com:x", "ftp://127.0.0.1",
    ],
)  # fmt: skip
def test_an_issuer_that_others_could_play_is_none(issuer: str) -> None:
    with pytest.raises(ReviewConfigurationError, match="`issuer`"):
        read(f'{START}client_id = "reviews"\nissuer = "{issuer}"')


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9000", "http://localhost/realms/x", "https://login.example.com/"])
def test_an_issuer_may_be_this_machine_and_have_a_path(issuer: str) -> None:
    found = read(f'{START}client_id = "reviews"\nissuer = "{issuer}"')
    assert found is not None
    assert found.issuer == issuer


def test_a_client_identifier_with_spaces_is_none() -> None:
    with pytest.raises(ReviewConfigurationError, match="`client_id`"):
        read(f'{START}issuer = "https://login.example.com"\nclient_id = "a b"')
