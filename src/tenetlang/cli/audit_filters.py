"""The options that say which records of a log are meant: the same for `show`, `tail`, `export` and `check`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, ParamSpec, TypedDict, TypeVar

import click

if TYPE_CHECKING:
    from tenetlang.audit.filters import Filter

_range = re.compile(r"(?P<first>[0-9]{1,16})?\.\.(?P<last>[0-9]{1,16})?")
P = ParamSpec("P")
R = TypeVar("R")


class Asked(TypedDict):
    """What Click hands to a command that has these options."""

    kinds: tuple[str, ...]
    verdicts: tuple[str, ...]
    tools: tuple[str, ...]
    agents: tuple[str, ...]
    users: tuple[str, ...]
    rules: tuple[str, ...]
    points: tuple[str, ...]
    since: str | None
    until: str | None
    indexes: str | None


_OPTIONS: Final = (
    click.option(
        "--kind", "kinds", metavar="KIND", multiple=True, help="Only records of this kind, such as `outcome`."
    ),
    click.option(
        "--verdict",
        "verdicts",
        type=click.Choice(("allow", "deny", "escalate")),
        multiple=True,
        help="Only decisions with this verdict.",
    ),
    click.option("--tool", "tools", metavar="NAME", multiple=True, help="Only decisions about this tool."),
    click.option("--agent", "agents", metavar="ID", multiple=True, help="Only decisions about this agent."),
    click.option("--user", "users", metavar="ID", multiple=True, help="Only decisions about this user."),
    click.option("--rule", "rules", metavar="RULE", multiple=True, help="Only decisions in which this rule matched."),
    click.option("--point", "points", metavar="NAME", multiple=True, help="Only what this enforcement point recorded."),
    click.option("--since", metavar="TIME", help="Only from this time on: RFC 3339, or how long ago, as in 2h."),
    click.option("--until", metavar="TIME", help="Only before this time, likewise."),
    click.option("--range", "indexes", metavar="FIRST..LAST", help="Only these indexes; either may be left out."),
)


def filters(command: Callable[P, R]) -> Callable[P, R]:
    """Gives a command the options; those that name something may be repeated, and then one of the names is enough."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def filter_of(asked: Asked) -> Filter:
    """What the options ask for. Raises `BadParameter`."""
    from tenetlang.audit.filters import Filter
    from tenetlang.audit.records.record import author_word, caller_word

    first, last = index_range(asked["indexes"]) if asked["indexes"] is not None else (None, None)
    return Filter(
        tuple(asked["kinds"]),
        tuple(asked["verdicts"]),
        tuple(map(caller_word, asked["tools"])),
        tuple(map(caller_word, asked["agents"])),
        tuple(map(caller_word, asked["users"])),
        tuple(map(author_word, asked["rules"])),
        tuple(asked["points"]),
        None if asked["since"] is None else moment(asked["since"], "--since"),
        None if asked["until"] is None else moment(asked["until"], "--until"),
        first,
        last,
    )


def index_range(text: str, option: str = "--range") -> tuple[int | None, int | None]:
    """The first and the last index of `FIRST..LAST`. Raises `BadParameter`."""
    found = _range.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no range of indexes, as in 3..9, 3.. or ..9", param_hint=option)
    first, last = (None if found[name] is None else int(found[name]) for name in ("first", "last"))
    if first is not None and last is not None and first > last:
        raise click.BadParameter(f"{text} ends before it begins", param_hint=option)
    return first, last


def is_range(text: str) -> bool:
    """Whether a word is meant as a range of indexes."""
    return _range.fullmatch(text) is not None


def moment(text: str, option: str) -> int:
    """A time in RFC 3339, or a duration before now, in nanoseconds since 1970. Raises `BadParameter`."""
    from tenetlang.values.faults import ValueFault
    from tenetlang.values.times import parse_duration, parse_time_literal

    try:
        length = int(parse_duration(text))
    except ValueFault:
        try:
            return int(parse_time_literal(text))
        except ValueFault as fault:
            raise click.BadParameter(
                f"{text!r} is neither a time in RFC 3339, as in 2026-11-26T12:00:00Z, nor how long ago it was, as in 2h "
                f"({fault.detail})",
                param_hint=option,
            ) from fault
    if length < 0:
        raise click.BadParameter(f"{text} is in the future", param_hint=option)
    return max(time.time_ns() - length, 0)
