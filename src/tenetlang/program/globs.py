"""Patterns that are written in the policy: read once, when it is compiled."""

from __future__ import annotations

import re

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.unit import Unit
from tenetlang.syntax import tree
from tenetlang.values.patterns import Pattern, PatternError, compile_glob, compile_regex


def glob(unit: Unit, written: tree.String, separator: str | None) -> Pattern | None:
    """The glob, or None with a finding."""
    try:
        return compile_glob(written.value, separator)
    except PatternError as error:
        unit.notes.add("bad-pattern", written.at, "glob", problem=problem(error))
        return None


_IN_HOSTS = re.compile(r"[a-z0-9.:*?\-\[\]]*")
_ORIGIN = re.compile(r"([^/]*)://([^/]*)(/?)")
_USUAL_PORTS = (("http", ":80"), ("https", ":443"))


def unmatched(text: str, type_: t.Type) -> str | None:
    """What in a glob no value of the type has, None where nothing stands out: hosts, URLs and paths come in one spelling."""
    if "\\" in text:
        return None
    if type_ is t.HOST:
        return None if _IN_HOSTS.fullmatch(text) else "a host is lower case, in ASCII"
    if type_ is t.PATH:
        if text == ".":
            return None
        if text != "/" and text.endswith("/"):
            return "a path does not end in `/`"
        return "a path has no empty, `.` or `..` part" if re.search(r"(^|/)\.\.?(/|$)|//", text) else None
    origin = _ORIGIN.match(text) if type_ is t.URL else None
    if origin is None or "**" in origin.group():
        return None
    scheme, host, slash = origin.groups()
    if not slash:
        return "after the host of a URL there is a `/`"
    if (scheme + host).lower() != scheme + host:
        return "the scheme and the host of a URL are lower case"
    usual = any(scheme == known and host.endswith(port) for known, port in _USUAL_PORTS)
    return "a URL does not show the usual port of its scheme" if usual else None


_LEADING = re.compile(r"(?:([^/]*)://)?([^/]*)(/?)")
_PORT = re.compile(r":[0-9*?]*$")


def wide_host(text: str) -> str | None:
    """What a glob on URLs says of the host, where its `**` can match a path as well; None where it can't.

    `https://**.acme.com/**` matches `https://evil.com/.acme.com/x`. A `**` alone says nothing of the host, and is meant so.
    """
    plain = re.sub(r"\\.", "x", text)
    leading = _LEADING.match(plain)
    assert leading is not None
    scheme, host, slash = leading.groups()
    if scheme is None and not (slash and host.startswith("**")):
        return None
    if "**" not in host and "**" not in (scheme or ""):
        return None
    return _PORT.sub("", host) if host.strip("*") else None


def regex(unit: Unit, written: tree.String) -> Pattern | None:
    """The regular expression, or None with a finding."""
    try:
        return compile_regex(written.value)
    except PatternError as error:
        unit.notes.add("bad-pattern", written.at, "regex", problem=problem(error))
        return None


def problem(error: PatternError) -> str:
    """What is wrong with a pattern, as a finding says it."""
    return error.reason


def constant(pattern: Pattern, written: tree.String) -> core.Expression:
    """The pattern as a constant."""
    return core.Constant(pattern, t.GLOB if pattern.kind == "glob" else t.REGEX, written.at)


def tools_like(unit: Unit, written: tree.String, tools: list[str]) -> frozenset[str] | None:
    """The tools that a glob names; None, with a finding, where it is none."""
    pattern = glob(unit, written, ".")
    if pattern is None:
        return None
    return frozenset(tool for tool in tools if pattern.matches(tool))
