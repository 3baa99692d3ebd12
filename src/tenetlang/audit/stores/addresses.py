"""The name of a log: a path, or the address of a database server.

    decisions.db                                        a file
    postgresql://gate@db.example.com/audit              the log `tenet` in the database `audit`
    postgresql://db.example.com/audit?sslmode=verify-full#support    the log `support` in it

What stands before `#` is a connection URI of PostgreSQL, and goes to its library as it is, with all that this can read elsewhere (the service
file, the password file, `PGUSER` and the like). A log is a schema of the database, and `#` names it. An address may hold a
password, which is shown to nobody: messages name the host, the database and the log.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from tenetlang.audit.errors import NotALog

LOG = "tenet"
"""The schema of a log whose address names none."""

_OFF = frozenset({"fsync=off", "full_page_writes=off"})
_schemes = ("postgresql://", "postgres://")
_bent = ("postgresql:/", "postgres:/")
_schema = re.compile(r"[a-z][a-z0-9_]{0,40}")
_told = re.compile(r"[A-Za-z0-9._:,\[\]/-]{0,200}")


class AddressPath(Path):
    """An address where a path is expected: the command line takes either. It opens as what it is, and is shown without secrets."""

    _flavour = getattr(type(Path()), "_flavour", None)  # Python 3.11 wants it of a subclass

    def __new__(cls, address: str) -> Self:
        path = super().__new__(cls, address)
        path.address = address
        return path

    address: str

    def __fspath__(self) -> str:
        return self.address

    def __str__(self) -> str:
        return shown_address(self.address).strip("`")

    def __repr__(self) -> str:
        return f"AddressPath({str(self)!r})"


def is_address(name: str | os.PathLike[str]) -> bool:
    """Whether a log of this name is in a database server. Raises `NotALog` for an address that was taken for a path."""
    text = os.fspath(name)
    if text.startswith(_schemes):
        return True
    if text.startswith(_bent):
        raise NotALog(
            "an address of a log is a text with `//` after its scheme, and no path: `Path` takes one `/` away"
        )
    return False


def split_address(address: str) -> tuple[str, str, frozenset[str]]:
    """The connection URI, the schema of the log, and the settings of the server that are known to be off. Raises `NotALog`."""
    uri, _, rest = address.partition("#")
    schema, _, known = rest.partition("?")
    off = frozenset(known.split("&")) if known else frozenset[str]()
    if "\x00" in address or not _schema.fullmatch(schema or LOG) or schema.startswith("pg_") or off - _OFF:
        raise NotALog(
            f"{shown_address(address)} is no address of a log: after `#` stands its name, which is lower-case letters, digits and "
            "`_`, at most 41, and after that `?fsync=off` or `?full_page_writes=off` where that is known"
        )
    return uri, schema or LOG, frozenset(word.removesuffix("=off") for word in off)


def told(name: str | os.PathLike[str]) -> str:
    """The name of a log as somebody gave it, without the secrets of an address."""
    return shown_address(os.fspath(name)).strip("`") if is_address(name) else os.fspath(name)


def shown_address(address: str) -> str:
    """An address as messages show it: without whoever connects, and without parameters."""
    uri, _, rest = address.partition("#")
    schema = rest.partition("?")[0]
    try:
        parts = urlsplit(uri)
        place, database = parts.netloc.rpartition("@")[2], unquote(parts.path)
    except ValueError:
        place, database = "…", ""
    text = f"{place}{database}"
    log = schema if _schema.fullmatch(schema) else LOG
    return f"`postgresql://{text if _told.fullmatch(text) else '…'}#{log}`"
