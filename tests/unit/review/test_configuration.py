from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from tenetlang.project.configuration import ConfigurationError, find_configuration
from tenetlang.project.reviewing import review_settings
from tenetlang.review.channels.chat import Chat
from tenetlang.review.channels.mail import Mail
from tenetlang.review.channels.webhook import Webhook
from tenetlang.review.configuration import ReviewConfigurationError, ReviewSettings, read_review_settings
from tenetlang.review.desk import Rules
from tests.unit.review.tasks import MINUTE

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VARIABLES = {"PASSWORD": "hunter2", "LINKS": "k" * 32, "SECRET": SECRET, "CHAT": "json://localhost/{to}"}

WHOLE = """
inbox = "https://reviews.example.com"
link_key = { env = "LINKS" }
good_for = "2h"
keep_for = "7d"
climb_unseen = 50
most_waiting = 100
most_of_one = 10
most_alike = 1
usual = ["email"]
reasons = false

[channels.email]
kind = "mail"
host = "smtp.example.com"
sender = "reviews@example.com"
user = "reviews"
password = { env = "PASSWORD" }

[channels.desk]
kind = "webhook"
url = "https://hooks.example.com/reviews"
secret = [{ env = "SECRET" }, { text = "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3" }]

[channels.chat]
kind = "chat"
url = { env = "CHAT" }
tests_to = "tests"

[people.ada]
also = ["u7", "ada@example.com"]
addresses = { email = "ada@example.com", chat = "ada" }
may_hand_to = ["grace"]

[people.grace]
"""


def read(content: str, folder: Path = Path()) -> ReviewSettings:
    return read_review_settings(tomllib.loads(content), folder, VARIABLES)


def test_all_that_can_be_said_is_read() -> None:
    settings = read(WHOLE)
    assert settings.rules == Rules(120 * MINUTE, 50, 7 * 24 * 60 * MINUTE, 100, 10, 1)
    mail, webhook, chat = settings.channels
    assert isinstance(mail, Mail)
    assert isinstance(webhook, Webhook)
    assert isinstance(chat, Chat)
    assert (mail.host, mail.password, mail.security, len(webhook.secrets)) == (
        "smtp.example.com",
        "hunter2",
        "starttls",
        2,
    )
    assert (settings.wording.inbox, settings.wording.link_key, settings.wording.reasons) == (
        "https://reviews.example.com",
        b"k" * 32,
        False,
    )
    directory = settings.directory
    assert directory.shared == {"desk"}
    assert directory.personal == {"email", "chat"}
    assert directory.usual == ("email",)
    assert directory.named("U7") == "ada"
    assert directory.may_hand("u7", "grace")
    assert not directory.may_hand("grace", "ada")


def test_without_settings_people_are_asked_in_the_inbox() -> None:
    settings = read("")
    assert (settings.channels, settings.directory.usual, settings.rules) == ((), (), Rules())


def test_all_channels_are_usual_unless_some_are_named() -> None:
    assert read(WHOLE.replace('usual = ["email"]', "")).directory.usual == ("chat", "desk", "email")


def test_no_secret_is_shown_where_settings_are() -> None:
    shown = repr(read(WHOLE))
    assert "hunter2" not in shown
    assert "kkkk" not in shown
    assert "json://" not in shown
    assert "secrets" not in shown


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("inbx = 1", "`[review]`: `inbx` is no setting; the settings are inbox, link_key"),
        ('inbox = "http://reviews.example.com"', "`inbox` of `[review]` is the address of the inbox, `https://"),
        ("inbox = 1", "`inbox` of `[review]` is a text, in quotes"),
        ('inbox = "https://reviews.example.com/?a=b"', "`inbox` of `[review]` is the address"),
        ('link_key = "abc"', "`link_key` of `[review]`: a secret does not stand in the configuration; write `{ env"),
        ('link_key = { env = "NOWHERE" }', "`link_key` of `[review]`: the environment has no `NOWHERE`"),
        ('link_key = { text = "short" }', "`link_key` of `[review]` has at least 32 characters"),
        ('link_key = { text = "short", env = "A" }', "`link_key` of `[review]` is `{ env"),
        ('link_key = { file = "no such" }', "`link_key` of `[review]`: `no such` can't be read: No such file"),
        ('good_for = "soon"', "`good_for` of `[review]` is a duration"),
        ('keep_for = "0s"', "`keep_for` of `[review]` is a duration"),
        ("good_for = 3", "`good_for` of `[review]` is a text"),
        ("climb_unseen = 100", "`climb_unseen` of `[review]` is a whole number from 1 to 99"),
        ("most_alike = true", "`most_alike` of `[review]` is a whole number"),
        ("reasons = 1", "`reasons` of `[review]` is true or false"),
        ('usual = "email"', "`usual` of `[review]` is a list of names"),
        ('usual = ["email"]', "`usual` of `[review]` names `email`, and there is no `[review.channels.email]`"),
        ("channels = 1", "`[review.channels]` is a table"),
        ("[channels]\na = 1", "`kind` of `[review.channels.a]` is one of mail, webhook, chat"),
        ('[channels.a]\nkind = "fax"', "`kind` of `[review.channels.a]` is one of"),
        ('[channels.a]\nkind = "mail"\nhst = "a"', "`[review.channels.a]`: `hst` is no setting; the settings are kind"),
        ('[channels.a]\nkind = "mail"', "`host` of `[review.channels.a]` is a text"),
        (
            '[channels.a]\nkind = "mail"\nhost = "h"\nsender = "nobody"',
            "`[review.channels.a]`: 'nobody' is no address of e-mail",
        ),
        (
            '[channels.a]\nkind = "mail"\nhost = "h"\nsender = "a@b.c"\nsecurity = "none"',
            "`[review.channels.a]`: mail through h needs `security",
        ),
        (
            '[channels.a]\nkind = "mail"\nsecurity = "ssl"',
            "`security` of `[review.channels.a]` is one of tls, starttls",
        ),
        (
            '[channels.a]\nkind = "mail"\nhost = "h"\nsender = "a@b.c"\nuser = "u"',
            "`[review.channels.a]`: the mail server `a` needs both",
        ),
        (
            '[channels.a]\nkind = "mail"\nhost = "h"\nsender = "a@b.c"\nport = 0',
            "`port` of `[review.channels.a]` is a whole number from 1 to 65,535",
        ),
        ('[channels.a]\nkind = "webhook"', "`[review.channels.a]` lacks `url`"),
        ('[channels.a]\nkind = "webhook"\nurl = "https://a.b/"', "`secret` of `[review.channels.a]` is `{ env"),
        (
            '[channels.a]\nkind = "webhook"\nurl = "https://a.b/"\nsecret = { text = "?" }',
            "`[review.channels.a]`: a secret of a webhook is `whsec_` and base64",
        ),
        (
            f'[channels.a]\nkind = "webhook"\nurl = "http://a.b/"\nsecret = {{ text = "{SECRET}" }}',
            "`[review.channels.a]`: a webhook to a.b is `https`",
        ),
        (
            '[channels.a]\nkind = "webhook"\nurl = "https://a.b/"\nsecret = []',
            "`[review.channels.a]`: the webhook `a` has no secret",
        ),
        ('[channels.a]\nkind = "chat"', "`[review.channels.a]` lacks `url`"),
        ('[channels.a]\nkind = "chat"\nurl = { env = "CHAT" }', "`[review.channels.a]`: `a` needs `tests_to`"),
        (
            '[channels.a]\nkind = "chat"\nurl = { text = "nothing" }',
            "`[review.channels.a]`: the address of `a` is a URL",
        ),
        ("[people]\nada = 1", "`[review.people.ada]` is a table"),
        ("[people.ada]\nname = 1", "`[review.people.ada]`: `name` is no setting"),
        ('[people.ada]\nalso = "u7"', "`also` of `[review.people.ada]` is a list of names"),
        (
            '[people.ada]\naddresses = { email = "a@b.c" }',
            "`[review.people.ada]` has an address for `email`, which is no channel with addresses",
        ),
        (
            '[channels.a]\nkind = "mail"\nhost = "h"\nsender = "a@b.c"\n[people.ada]\naddresses = { a = "ada" }',
            "`[review.people.ada]`: 'ada' is no address of e-mail",
        ),
        ('[people.ada]\nalso = ["u7"]\n[people.grace]\nalso = ["U7"]', "`U7` is a name of `ada` and of `grace`"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(content: str, problem: str) -> None:
    with pytest.raises(ReviewConfigurationError) as caught:
        read(content)
    assert str(caught.value).startswith(problem)


def test_a_secret_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    content = 'link_key = { file = "key" }'
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n")
    file.chmod(0o600)
    assert read(content, tmp_path).wording.link_key == b"k" * 40
    for bad, problem in ((b"", "is empty"), (b"\xff" * 40, "is not text"), (b"k" * 10_000, "too long")):
        file.write_bytes(bad)
        with pytest.raises(ReviewConfigurationError, match=problem):
            read(content, tmp_path)
    if os.name == "posix":
        file.chmod(0o644)
        with pytest.raises(ReviewConfigurationError, match="may be read by others"):
            read(content, tmp_path)


def test_a_project_says_it_in_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "tenet.toml").write_text('[review]\ngood_for = "5m"\n')
    assert review_settings(find_configuration(tmp_path), {}).rules.good_for == 5 * MINUTE
    (tmp_path / "tenet.toml").write_text('[review]\ngood_for = "never"\n')
    with pytest.raises(ConfigurationError, match=r"tenet.toml: `good_for` of `\[review\]` is a duration"):
        review_settings(find_configuration(tmp_path), {})
    (tmp_path / "tenet.toml").write_text("review = 1\n")
    with pytest.raises(ConfigurationError, match=r"`\[review\]` is a table"):
        review_settings(find_configuration(tmp_path), {})
    assert review_settings(find_configuration(Path("/")), {}) == ReviewSettings()
