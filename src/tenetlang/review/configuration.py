"""`[review]` of `tenet.toml`: who the people are, how they are told, and what else a deployment says about reviews.

    [review]
    inbox = "https://reviews.example.com"          # where people answer; links in messages lead there
    link_key = { env = "TENET_LINK_KEY" }          # links then say for whom they are (links.py)
    good_for = "1h"                                # how long an approval can be used
    keep_for = "30d"                               # how long what is over is kept
    climb_unseen = 50                              # per cent of the time, after which the next are asked if nobody has looked
    usual = ["email", "desk"]                      # channels for reviewers whose `notify` says nothing: all, if left out
    reasons = true                                 # whether messages say why

    [review.channels.email]
    kind = "mail"
    host = "smtp.example.com"
    sender = "reviews@example.com"
    user = "reviews"
    password = { env = "SMTP_PASSWORD" }

    [review.channels.desk]
    kind = "webhook"
    url = "https://hooks.example.com/reviews"
    secret = { file = "desk.secret" }              # or a list of two, while one takes the place of the other

    [review.people.ada]
    also = ["u7", "ada@example.com"]               # other names of the same person
    addresses = { email = "ada@example.com" }
    may_hand_to = ["grace"]

    [review.oidc]                                  # where people may sign in beside tokens (provider.py)
    issuer = "https://login.example.com"
    client_id = "reviews"
    client_secret = { env = "TENET_OIDC_SECRET" }

All of it is read at once and strictly: a setting that is not known, a channel that nobody configured or a name that two people have is an
error with the place in it, since each of them would quietly leave somebody out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import attrs

from tenetlang.report.visible import visible
from tenetlang.review.channels.channel import Channel, UnusableChannel, is_loopback
from tenetlang.review.channels.chat import Chat
from tenetlang.review.channels.mail import Mail, Security, mail_address
from tenetlang.review.channels.webhook import Webhook, webhook_secret
from tenetlang.review.courier import Wording
from tenetlang.review.desk import Rules
from tenetlang.review.links import SHORTEST_KEY
from tenetlang.review.people import Directory, Person
from tenetlang.review.provider import ProviderSettings
from tenetlang.review.secrets import read_secret
from tenetlang.values.faults import ValueFault
from tenetlang.values.times import parse_duration

_T = TypeVar("_T")
_SECOND: Final = 10**9

_SETTINGS: Final = (
    "inbox", "link_key", "good_for", "keep_for", "climb_unseen", "most_waiting", "most_of_one", "most_alike", "usual", "reasons",
    "channels", "people", "oidc",
)  # fmt: skip
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "mail": ("kind", "host", "port", "security", "sender", "user", "password"),
    "webhook": ("kind", "url", "secret"),
    "chat": ("kind", "url", "tests_to"),
}
_PERSON: Final = ("also", "addresses", "may_hand_to")
_PROVIDER: Final = ("issuer", "client_id", "client_secret", "claim", "scopes", "name", "session")


class ReviewConfigurationError(ValueError):
    """`[review]` can't be used: the sentence says what of it, and what to write instead."""


@attrs.frozen
class ReviewSettings:
    """What `[review]` says, ready to use."""

    directory: Directory = attrs.field(factory=Directory)
    rules: Rules = attrs.field(factory=Rules)
    channels: tuple[Channel, ...] = ()
    wording: Wording = attrs.field(factory=Wording)
    provider: ProviderSettings | None = None


@attrs.frozen
class _Place:
    """Where secrets are found."""

    folder: Path
    variables: Mapping[str, str]


def read_review_settings(table: object, folder: Path, variables: Mapping[str, str]) -> ReviewSettings:
    """The settings of a `[review]` table. `folder` is where the configuration lies, `variables` the environment.

    Raises `ReviewConfigurationError`.
    """
    place = _Place(folder, variables)
    try:
        settings = _table("`[review]`", table, _SETTINGS)
        channels = tuple(
            _channel(name, value, place) for name, value in _tables("`[review.channels]`", settings.get("channels"))
        )
        directory = _directory(settings, channels)
        wording = _wording(settings, place)
        provider = _provider(settings["oidc"], wording.inbox, place) if "oidc" in settings else None
        return ReviewSettings(directory, _rules(settings), channels, wording, provider)
    except ReviewConfigurationError:
        raise
    except ValueError as mistake:
        raise ReviewConfigurationError(str(mistake)) from None


def _rules(settings: Mapping[str, object]) -> Rules:
    usual = Rules()
    percent = _whole("`climb_unseen` of `[review]`", settings.get("climb_unseen"), 1, 99)
    return Rules(
        good_for=_duration("good_for", settings.get("good_for"), usual.good_for),
        unseen_percent=percent,
        keep_for=_duration("keep_for", settings.get("keep_for"), usual.keep_for),
        most_waiting=_whole("`most_waiting` of `[review]`", settings.get("most_waiting"), 1, 1_000_000)
        or usual.most_waiting,
        most_of_one=_whole("`most_of_one` of `[review]`", settings.get("most_of_one"), 1, 1_000_000)
        or usual.most_of_one,
        most_alike=_whole("`most_alike` of `[review]`", settings.get("most_alike"), 1, 1000) or usual.most_alike,
    )


def _wording(settings: Mapping[str, object], place: _Place) -> Wording:
    inbox, reasons = settings.get("inbox"), settings.get("reasons", True)
    if inbox is not None:
        parts = urlsplit(_text("`inbox` of `[review]`", inbox))
        safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        if not safe or not parts.hostname or parts.query or parts.fragment or parts.username:
            raise ValueError("`inbox` of `[review]` is the address of the inbox, `https://HOST[:PORT][/PATH]`")
    if not isinstance(reasons, bool):
        raise ReviewConfigurationError("`reasons` of `[review]` is true or false")
    key = None
    if "link_key" in settings:
        key = read_secret("`link_key` of `[review]`", settings["link_key"], place.folder, place.variables).encode()
        if len(key) < SHORTEST_KEY:
            raise ValueError(f"`link_key` of `[review]` has at least {SHORTEST_KEY} characters; make one by chance")
    return Wording(None if inbox is None else str(inbox), key, reasons)


def _provider(value: object, inbox: str | None, place: _Place) -> ProviderSettings:
    where = "`[review.oidc]`"
    settings = _table(where, value, _PROVIDER)
    if inbox is None:
        raise ReviewConfigurationError(f"{where} needs `inbox` of `[review]`, to which the provider sends people back")
    secret = None
    if "client_secret" in settings:
        secret = read_secret(f"`client_secret` of {where}", settings["client_secret"], place.folder, place.variables)
    return ProviderSettings(
        _text(f"`issuer` of {where}", settings.get("issuer")),
        _text(f"`client_id` of {where}", settings.get("client_id")),
        inbox,
        secret,
        _text(f"`claim` of {where}", settings.get("claim", "email")),
        _names(f"`scopes` of {where}", settings.get("scopes", [])),
        _text(f"`name` of {where}", settings["name"]) if "name" in settings else "",
        _duration("session", settings.get("session"), 3600 * _SECOND, where) // _SECOND,
    )


def _directory(settings: Mapping[str, object], channels: Sequence[Channel]) -> Directory:
    personal = frozenset(channel.name for channel in channels if _is_personal(channel))
    shared = frozenset(channel.name for channel in channels) - personal
    by_name = {channel.name: channel for channel in channels}
    people = tuple(
        _person(name, value, by_name) for name, value in _tables("`[review.people]`", settings.get("people"))
    )
    usual = _names("`usual` of `[review]`", settings["usual"]) if "usual" in settings else tuple(sorted(by_name))
    for name in usual:
        if name not in by_name:
            raise ValueError(
                f"`usual` of `[review]` names `{visible(name)}`, and there is no `[review.channels.{visible(name)}]`"
            )
    return Directory(people, shared, personal, usual)


def _is_personal(channel: Channel) -> bool:
    match channel:
        case Mail():
            return True
        case Chat():
            return channel.is_personal
        case _:
            return False


def _person(name: str, value: object, channels: Mapping[str, Channel]) -> Person:
    where = f"`[review.people.{visible(name)}]`"
    settings = _table(where, value, _PERSON)
    addresses: dict[str, str] = {}
    for channel, address in _table(f"`addresses` of {where}", settings.get("addresses", {}), None).items():
        known = channels.get(channel)
        if known is None or not _is_personal(known):
            raise ValueError(f"{where} has an address for `{visible(channel)}`, which is no channel with addresses")
        addresses[channel] = _text(f"the address of {where} for `{visible(channel)}`", address)
        if isinstance(known, Mail):
            _at(where, lambda text=addresses[channel]: mail_address(text))  # type: ignore[misc]  # an argument with its value
    also = _names(f"`also` of {where}", settings.get("also", []))
    may_hand_to = _names(f"`may_hand_to` of {where}", settings.get("may_hand_to", []))
    return Person(name, also, addresses, may_hand_to)


def _channel(name: str, value: object, place: _Place) -> Channel:
    where = f"`[review.channels.{visible(name)}]`"
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"`kind` of {where} is one of {', '.join(_KINDS)}, in quotes")
    settings = _table(where, value, _KINDS[kind])

    def secret(setting: str) -> str:
        if setting not in settings:
            raise ValueError(f"{where} lacks `{setting}`")
        return read_secret(f"`{setting}` of {where}", settings[setting], place.folder, place.variables)

    match kind:
        case "mail":
            return _at(where, lambda: _mail(name, where, settings, secret))
        case "webhook":
            url = settings.get("url")
            read = _text(f"`url` of {where}", url) if isinstance(url, str) else secret("url")
            given = settings.get("secret")
            several = given if isinstance(given, list) else [given]
            secrets = tuple(
                _at(
                    where,
                    lambda one=one: webhook_secret(  # type: ignore[misc]  # as above
                        read_secret(f"`secret` of {where}", one, place.folder, place.variables)
                    ),
                )
                for one in several
            )
            return _at(where, lambda: Webhook(name, read, secrets))
        case _:
            tests_to = settings.get("tests_to")
            given_to = None if tests_to is None else _text(f"`tests_to` of {where}", tests_to)
            return _at(where, lambda: Chat(name, secret("url"), given_to))


def _mail(name: str, where: str, settings: Mapping[str, object], secret: Callable[[str], str]) -> Mail:
    security = settings.get("security", "starttls")
    ways: Mapping[object, Security] = {"tls": "tls", "starttls": "starttls", "none": "none"}
    if not isinstance(security, str) or security not in ways:
        raise ValueError(f"`security` of {where} is one of {', '.join(map(str, ways))}, in quotes")
    user = settings.get("user")
    return Mail(
        name,
        _text(f"`host` of {where}", settings.get("host")),
        _text(f"`sender` of {where}", settings.get("sender")),
        _whole(f"`port` of {where}", settings.get("port"), 1, 65535),
        ways[security],
        None if user is None else _text(f"`user` of {where}", user),
        secret("password") if "password" in settings else None,
    )


# ------------------------------------------------------------------------------------------------------ small readers


def _at(where: str, make: Callable[[], _T]) -> _T:
    """What is made of a part of the configuration, or an error with its place."""
    try:
        return make()
    except UnusableChannel as mistake:
        raise ValueError(f"{where}: {mistake}") from None


def _table(where: str, value: object, known: Sequence[str] | None) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ReviewConfigurationError(f"{where} is a table")
    for key in value:
        if known is not None and key not in known:
            raise ValueError(f"{where}: `{visible(str(key))}` is no setting; the settings are {', '.join(known)}")
    return value


def _tables(where: str, value: object) -> tuple[tuple[str, object], ...]:
    if value is None:
        return ()
    return tuple(_table(where, value, None).items())


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError(f"{where} is a text, in quotes")
    return value


def _names(where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ReviewConfigurationError(f"{where} is a list of names, each in quotes")
    return tuple(_text(f"a name in {where}", item) for item in value)


def _duration(setting: str, value: object, usual: int, where: str = "`[review]`") -> int:
    if value is None:
        return usual
    try:
        duration = int(parse_duration(_text(f"`{setting}` of {where}", value)))
    except ValueFault:
        duration = 0
    if duration <= 0:
        raise ValueError(f'`{setting}` of {where} is a duration, such as `"1h"` or `"30d"`')
    return duration


def _whole(where: str, value: object, smallest: int, largest: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not smallest <= value <= largest:
        raise ValueError(f"{where} is a whole number from {smallest:,} to {largest:,}")
    return value
