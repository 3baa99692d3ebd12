"""Values from requests and policies as they are shown to people: JSON on one line, harmless on a terminal, not too long."""

from __future__ import annotations

import json
import re

from tenetlang.report.visible import visible

LONGEST = 100
"""Longer values are cut to this many characters, unless everything is asked for."""

_BREAK = re.compile(r"\s*\n\s*")


def value_text(value: object, longest: int | None = LONGEST) -> str:
    """A JSON value; what is cut ends in `…` and says how long it was."""
    return cut(visible(json.dumps(value, ensure_ascii=False)), longest)


def cut(text: str, longest: int | None = LONGEST) -> str:
    """The text, or its beginning and its length."""
    if longest is None or len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text):,} characters)"


def source_text(text: str) -> str:
    """A piece of a policy on one line."""
    return visible(_BREAK.sub(" ", text))
