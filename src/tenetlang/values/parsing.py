"""The types of the language that are parsed from text, by name.

One table for everyone who turns text into values: the check of a request, the compiler's literals, data files
and the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tenetlang.values.network import Cidr, Email, Host, Ip, parse_cidr, parse_email, parse_host, parse_ip
from tenetlang.values.paths import Path, parse_path
from tenetlang.values.times import Duration, Time, parse_duration, parse_time, parse_time_literal
from tenetlang.values.urls import Url, parse_url
from tenetlang.values.versions import Semver, parse_semver

Parsed = Time | Duration | Ip | Cidr | Host | Email | Url | Path | Semver
"""A value of a type that is parsed from text."""

PARSERS: Final[Mapping[str, Callable[[str], Parsed]]] = MappingProxyType(
    {
        "time": parse_time,
        "duration": parse_duration,
        "ip": parse_ip,
        "cidr": parse_cidr,
        "host": parse_host,
        "email": parse_email,
        "url": parse_url,
        "path": parse_path,
        "semver": parse_semver,
    }
)
"""For the name of each such type, what reads its text or raises `ValueFault` with `bad_input`."""


def parse_literal(type_name: str, text: str) -> Parsed:
    """What a literal of a policy means where that type stands: as in a request, and `time` may be a date alone."""
    return parse_time_literal(text) if type_name == "time" else PARSERS[type_name](text)
