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
from urllib.parse import unquote, urlsplit

from tenetlang.audit.errors import NotALog

LOG = "tenet"
"""The schema of a log whose address names none."""

_schemes = ("postgresql://", "postgres://")
_schema = re.compile(r"[a-z][a-z0-9_]{0,40}")
_told = re.compile(r"[A-Za-z0-9._:,\[\]/-]{0,200}")


def is_address(name: str | os.PathLike[str]) -> bool:
    """Whether a log of this name is in a database server."""
    return os.fspath(name).startswith(_schemes)


def split_address(address: str) -> tuple[str, str]:
    """The connection URI, and the schema of the log in it. Raises `NotALog`."""
    uri, _, schema = address.partition("#")
    if "\x00" in address or not _schema.fullmatch(schema or LOG) or schema.startswith("pg_"):
        raise NotALog(
            f"{shown_address(address)} is no address of a log: after `#` stands its name, which is lower-case letters, digits and "
            "`_`, at most 41"
        )
    return uri, schema or LOG


def shown_address(address: str) -> str:
    """An address as messages show it: without whoever connects, and without parameters."""
    uri, _, schema = address.partition("#")
    try:
        parts = urlsplit(uri)
        place, database = parts.netloc.rpartition("@")[2], unquote(parts.path)
    except ValueError:
        place, database = "", ""
    text = f"{place}{database}"
    log = schema if _schema.fullmatch(schema) else LOG
    return f"`postgresql://{text if _told.fullmatch(text) else '…'}#{log}`"
