"""HTML that is escaped by construction: an element takes texts and elements, and what is a text is always escaped.

    element("p", {"class": "reason"}, "a refund of ", element("b", "120"))

There is no way to put a text into a page as it is, so there is nothing to forget: what would act or hide is spelled out as well
(`report/visible.py`). Text that people or agents wrote goes through `said`, which keeps its direction to itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final, TypeAlias

from tenetlang.frozen import frozen
from tenetlang.report.visible import visible

_VOID: Final = frozenset({"br", "hr", "img", "input", "link", "meta"})


@frozen
class Markup:
    """Text that is HTML already. Made by `element` alone."""

    html: str


Content: TypeAlias = "Markup | str | int | Iterable[Content] | None"
Attributes: TypeAlias = Mapping[str, str | int | bool | None]
"""Of these, True stands for the name alone; False and None for nothing."""


def element(name: str, attributes: Attributes | Content = None, *content: Content) -> Markup:
    """An element; the attributes may be left out."""
    given: Attributes = {}
    if isinstance(attributes, Mapping):
        given = attributes
    elif attributes is not None:
        content = (attributes, *content)
    start = "".join(
        f" {key}" if value is True else f' {key}="{escape(str(value))}"'
        for key, value in given.items()
        if value is not None and value is not False
    )
    return Markup(f"<{name}{start}>" if name in _VOID else f"<{name}{start}>{_html(content)}</{name}>")


def page(*content: Content) -> bytes:
    """The bytes of a page."""
    return f"<!doctype html>\n{_html(content)}\n".encode("utf-8", "backslashreplace")


def said(text: str) -> Markup:
    """Text that somebody wrote, on its lines."""
    return element("bdi", text)


def _html(content: Content) -> str:
    match content:
        case None:
            return ""
        case Markup(html):
            return html
        case str() | int():
            return escape("\n".join(map(visible, str(content).split("\n"))))
        case _:
            return "".join(map(_html, content))
