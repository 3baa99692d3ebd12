"""The forms that a member of a record can have: what it must look like, and what is made of the value that is handed in.

Who may have written a value decides how it stands in a record. A short word of a caller or of a policy's author is readable
(`caller_word`, `author_word`); whatever else a person or a program wrote is a salted digest, and its text a body of the
payload, which can be erased.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from tenetlang.audit.canonical import SAFE_INTEGER
from tenetlang.frozen import frozen

Making: TypeAlias = Literal["given", "author", "caller", "salted", "callers", "numbers", "obligations"]


@frozen
class Form:
    """What a member must be, in words and as a test; and what is made of a value: `given` stays, `author` and `caller` become
    words, `salted` a digest with a body, the others lists of at most 32 entries or their short form."""

    expected: str
    holds: Callable[[object], bool]
    making: Making = "given"


Shape: TypeAlias = Mapping[str, Form]

_time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_identifier = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_digest = re.compile(r"[0-9a-f]{64}")
_bundle = re.compile(r"sha256:[0-9a-f]{64}")


def optional(form: Form) -> Form:
    """The form, or null."""
    return Form(f"{form.expected}, or null", lambda value: value is None or form.holds(value), form.making)


def one_of(*words: str) -> Form:
    """One of these words."""
    return Form(f"{', '.join(words[:-1])} or {words[-1]}", lambda value: isinstance(value, str) and value in words)


def matching(pattern: re.Pattern[str], expected: str) -> Form:
    """A text that matches as a whole."""
    return Form(expected, lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None)


def is_digest(value: object) -> bool:
    """Whether a value is 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and _digest.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= SAFE_INTEGER


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list(value: object) -> bool:
    """A list as it is, or `{"count", "digest", "first"}` for a long one."""
    if isinstance(value, Mapping):
        return _is_count(value.get("count")) and is_digest(value.get("digest")) and isinstance(value.get("first"), list)
    return isinstance(value, list)


TEXT: Final = Form("a string", _is_text)
AUTHOR: Final = Form("a string", _is_text, "author")
CALLER: Final = Form("a string", _is_text, "caller")
COUNT: Final = Form("a whole number from 0", _is_count)
POSITIVE: Final = Form("a whole number from 1", lambda value: _is_count(value) and value != 0)
FLAG: Final = Form("true or false", lambda value: isinstance(value, bool))
DIGEST: Final = Form("64 hexadecimal digits", is_digest)
SALTED: Final = Form("64 hexadecimal digits", is_digest, "salted")
BUNDLE: Final = matching(_bundle, "`sha256:` and 64 hexadecimal digits")
ULID: Final = matching(_identifier, "a ULID")
TIME: Final = matching(_time, "a time in RFC 3339, in UTC")
OBJECT: Final = Form("an object", lambda value: isinstance(value, Mapping))
LIST: Final = Form("a list, nor the short form of one", _is_list)
CALLERS: Final = Form(LIST.expected, _is_list, "callers")
NUMBERS: Final = Form(LIST.expected, _is_list, "numbers")
OBLIGATIONS: Final = Form(LIST.expected, _is_list, "obligations")
