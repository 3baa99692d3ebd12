r"""Globs, the patterns of `like`.

`*` is any run of code points that are not the separator, `**` any run at all, `?` one code point that is not the
separator, and `\` takes the next character as it is. Without a separator, `*` crosses everything, line breaks included.

There are no classes and no alternatives: `[`, `]`, `{` and `}` stand for themselves. `**` is not bound to whole segments, so
`a/**/b` wants both slashes: it covers `a/x/b` and not `a/b`; and `a/**` covers what is below `a`, and not `a`.
"""

from __future__ import annotations

from tenetlang.values.code_points import ALL, complement
from tenetlang.values.pattern_syntax import (
    ANYTHING,
    AnyOf,
    Literal,
    PatternError,
    PatternSyntax,
    Repeat,
    bounded,
    check_text,
    sequence,
)


def parse_glob(text: str, separator: str | None) -> PatternSyntax:
    """The syntax of a glob whose segments end at `separator`, or that has none. Raises `PatternError`."""
    check_text(text)
    within = ALL if separator is None else complement(((ord(separator), ord(separator)),))
    parts: list[PatternSyntax] = []
    offset = 0
    while offset < len(text):
        character = text[offset]
        offset += 1
        match character:
            case "*":
                stars_from = offset - 1
                while text[offset : offset + 1] == "*":
                    offset += 1
                parts.append(Repeat(AnyOf(within), 0, None) if offset - stars_from == 1 else ANYTHING)
            case "?":
                parts.append(AnyOf(within))
            case "\\":
                parts.append(Literal(_escaped_in_glob(text, offset)))
                offset += 1
            case _:
                parts.append(Literal(character))
    return bounded(sequence(parts))


def _escaped_in_glob(text: str, offset: int) -> str:
    character = text[offset : offset + 1]
    if not character:
        raise PatternError("the glob ends in a `\\` that escapes nothing; write `\\\\` for a backslash", offset - 1)
    if character.isascii() and character.isalnum():
        raise PatternError(f"`\\{character}` means nothing in a glob; write `\\\\` for a backslash", offset - 1)
    return character
