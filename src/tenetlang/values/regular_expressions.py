r"""Regular expressions, the patterns of `matches`.

The syntax is that of RE2 (https://github.com/google/re2/wiki/Syntax), less

- what looks at a place instead of a character: anchors, `\b`, `\B`. The whole string has to match, always;
- what can't be decided in one pass over the string, and RE2 does not have either: backreferences, look-around;
- flags, other than `(?i)` at the very beginning, and `\C`, one byte;
- two things that RE2 reads in one way and other engines in another: `{,5}` and `\12`.

`.` is any code point, line breaks included. Groups, named or not, only group, and lazy repetition is what greedy
repetition is, since a match of the whole string is a yes or a no. `\d`, `\w`, `\s` and `[[:alpha:]]` are ASCII; `\pL` and
`\p{Greek}` are Unicode 15.1. `(?i)` closes every set under simple case folding, as RE2 does and values/code_points.py explains.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import attrs

from tenetlang.values.code_points import (
    DIGIT,
    POSIX,
    SPACE,
    WORD,
    Ranges,
    complement,
    folded,
    normalized,
    unicode_class,
)
from tenetlang.values.pattern_syntax import (
    ANY,
    MAXIMUM_COUNT,
    MAXIMUM_NESTING,
    AnyOf,
    Choice,
    Empty,
    Literal,
    PatternError,
    PatternSyntax,
    Repeat,
    Sequence,
    any_of,
    bounded,
    check_text,
    choice,
    repeat,
    sequence,
)

_ESCAPES: Final = {"a": 0x07, "f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}
_CLASSES: Final = {"d": DIGIT, "s": SPACE, "w": WORD}
_NO_ANCHORS: Final = (
    "the pattern always has to match the whole string; leave it out, or write `.*` where more may stand"
)
_REFUSED_ESCAPES: Final = {
    "A": f"`\\A` is not needed: {_NO_ANCHORS}",
    "z": f"`\\z` is not needed: {_NO_ANCHORS}",
    "Z": f"`\\Z` is not needed: {_NO_ANCHORS}",
    "b": "`\\b` (a word's edge) is not supported; write the characters that may stand there, such as `[^0-9A-Za-z_]`",
    "B": "`\\B` (no word's edge) is not supported; write the characters that may stand there",
    "C": "`\\C` (one byte) is not supported: a string is made of code points",
    "E": "`\\E` ends a `\\Q`, and there is none before it",
    "u": "write a code point as `\\x{20AC}`",
}
_GROUPS: Final = {
    "=": "look-ahead `(?=…)` is not supported: it can't be decided in one pass over the string",
    "!": "look-ahead `(?!…)` is not supported: it can't be decided in one pass over the string",
    "<=": "look-behind `(?<=…)` is not supported: it can't be decided in one pass over the string",
    "<!": "look-behind `(?<!…)` is not supported: it can't be decided in one pass over the string",
    ">": "the atomic group `(?>…)` is not supported, and has no use in a pattern that never backtracks",
    "#": "comments inside a pattern are not supported",
    "P=": "backreferences are not supported: they can't be decided in one pass over the string",
    "P>": "recursion is not supported",
}


@attrs.define
class _Reader:
    """Where the parser of a regular expression stands."""

    text: str
    fold: bool = False
    offset: int = 0
    nesting: int = 0
    names: set[str] = attrs.Factory(set)

    def peek(self, length: int = 1) -> str:
        return self.text[self.offset : self.offset + length]

    def take(self, expected: str) -> bool:
        if self.text.startswith(expected, self.offset):
            self.offset += len(expected)
            return True
        return False

    def until(self, end: str) -> str | None:
        """The text before the next `end`, which is passed; None, and nothing passed, if there is none."""
        found = self.text.find(end, self.offset)
        if found < 0:
            return None
        taken = self.text[self.offset : found]
        self.offset = found + len(end)
        return taken


def parse_regex(text: str) -> PatternSyntax:
    """The syntax of a regular expression. Raises `PatternError`."""
    check_text(text)
    reader = _Reader(text)
    reader.fold = reader.take("(?i)")
    syntax = _alternatives(reader)
    if reader.peek():
        raise PatternError("this `)` closes nothing; write `\\)` for a bracket", reader.offset)
    return bounded(syntax)


def _alternatives(reader: _Reader) -> PatternSyntax:
    options = [_concatenation(reader)]
    while reader.take("|"):
        options.append(_concatenation(reader))
    return choice(options) if len(options) > 1 else options[0]


def _concatenation(reader: _Reader) -> PatternSyntax:
    parts: list[PatternSyntax] = []
    while (character := reader.peek()) and character not in "|)":
        if reader.take("\\Q"):
            quoted = reader.until("\\E")
            if quoted is None:
                quoted, reader.offset = reader.text[reader.offset :], len(reader.text)
            parts.extend(_character(reader, ord(each)) for each in quoted)
            if not quoted:
                continue
            # What follows repeats the last character only, as everywhere.
            parts.append(_repeated(reader, parts.pop()))
        else:
            parts.append(_repeated(reader, _atom(reader)))
    return sequence(parts)


def _character(reader: _Reader, code_point: int) -> PatternSyntax:
    alone = ((code_point, code_point),)
    return any_of(folded(alone) if reader.fold else alone)


def _atom(reader: _Reader) -> PatternSyntax:
    start = reader.offset
    character = reader.peek()
    match character:
        case "(":
            return _group(reader)
        case "[":
            return any_of(_bracketed(reader))
        case "\\":
            escaped = _escape(reader)
            return any_of(escaped) if isinstance(escaped, tuple) else _character(reader, escaped)
        case "^" | "$":
            raise PatternError(f"`{character}` is not needed: {_NO_ANCHORS}; `\\{character}` is the character", start)
        case "*" | "+" | "?":
            raise PatternError(
                f"there is nothing before `{character}` to repeat; `\\{character}` is the character", start
            )
        case ".":
            reader.offset += 1
            return ANY
        case _:
            if character == "{" and _count(reader) is not None:
                raise PatternError("there is nothing before this count to repeat; write `\\{` for a brace", start)
            reader.offset = start + 1
            return _character(reader, ord(character))


def _group(reader: _Reader) -> PatternSyntax:
    start = reader.offset
    reader.offset += 1
    if reader.nesting == MAXIMUM_NESTING:
        raise PatternError(f"groups nest at most {MAXIMUM_NESTING} deep", start)
    if reader.peek() == "?" and not reader.take("?:"):
        _named(reader, start)
    reader.nesting += 1
    syntax = _alternatives(reader)
    reader.nesting -= 1
    if not reader.take(")"):
        raise PatternError("this `(` is not closed; write `\\(` for a bracket", start)
    return syntax


def _named(reader: _Reader, start: int) -> None:
    """Passes the name of a group, `?P<name>` or `?<name>`, which has no meaning here, or says why this is none."""
    reader.offset += 1
    for opening, reason in _GROUPS.items():
        if reader.take(opening):
            raise PatternError(reason, start)
    if not (reader.take("P<") or reader.take("<")):
        raise PatternError("of flags there is only `(?i)`, at the very beginning of the pattern", start)
    name = reader.until(">")
    if name is None or not name.isidentifier():
        raise PatternError("the name of a group is a word: `(?P<name>…)`", start)
    if name in reader.names:
        raise PatternError(f"two groups are called `{name}`", start)
    reader.names.add(name)


def _repeated(reader: _Reader, of: PatternSyntax) -> PatternSyntax:
    start = reader.offset
    counted = _repetition(reader)
    if counted is None:
        return of
    reader.take("?")
    least, most = counted
    syntax = repeat(of, least, most)
    again = reader.offset
    if _repetition(reader) is not None:
        raise PatternError("a repetition can't be repeated; put the first in `(?:…)`", again)
    if _product(syntax) > MAXIMUM_COUNT:
        raise PatternError(f"counts inside one another multiply to more than {MAXIMUM_COUNT:,}", start)
    return syntax


def _repetition(reader: _Reader) -> tuple[int, int | None] | None:
    match reader.peek():
        case "*":
            bounds: tuple[int, int | None] = (0, None)
        case "+":
            bounds = (1, None)
        case "?":
            bounds = (0, 1)
        case "{":
            return _count(reader)
        case _:
            return None
    reader.offset += 1
    return bounds


def _count(reader: _Reader) -> tuple[int, int | None] | None:
    """The bounds of `{n}`, `{n,}` or `{n,m}`, which is passed; None where the brace stands for itself."""
    start = reader.offset
    reader.offset += 1
    inside = reader.until("}")
    least, comma, most = ("", "", "") if inside is None else inside.partition(",")
    if (
        not inside
        or not inside.isascii()
        or not (least or comma).replace(",", "0").isdigit()
        or (most and not most.isdigit())
    ):
        reader.offset = start
        return None
    if not least:
        reader.offset = start
        if not most:
            return None
        raise PatternError(f"write `{{0,{most}}}` for at most {most} times, or `\\{{` for a brace", start)
    for number in (least, most):
        if len(number.lstrip("0")) > 4 or int(number or "0") > MAXIMUM_COUNT:
            raise PatternError(f"something is repeated at most {MAXIMUM_COUNT:,} times", start)
    if most and int(most) < int(least):
        raise PatternError(f"at least {int(least)} and at most {int(most)} times is never", start)
    return int(least), int(most) if most else None if comma else int(least)


def _product(syntax: PatternSyntax) -> int:
    """What the counts inside one another multiply to, as RE2 reckons it."""
    match syntax:
        case Empty() | Literal() | AnyOf():
            return 1
        case Sequence(parts) | Choice(parts):
            return max(map(_product, parts))
        case Repeat(of, least, most):
            return max(least if most is None else most, 1) * _product(of)


# Escapes and classes


def _escape(reader: _Reader) -> int | Ranges:
    """The code point or the set that an escape stands for. Folded, if it is a set and the pattern folds."""
    start = reader.offset
    reader.offset += 1
    letter = reader.peek()
    reader.offset += 1
    match letter:
        case "":
            raise PatternError("the pattern ends in a `\\` that escapes nothing; write `\\\\` for a backslash", start)
        case "d" | "s" | "w":
            return _as_used(_CLASSES[letter], reader.fold, negative=False)
        case "D" | "S" | "W":
            return _as_used(_CLASSES[letter.lower()], reader.fold, negative=True)
        case "p" | "P":
            return _unicode_set(reader, start, negative=letter == "P")
        case "x":
            return _hexadecimal(reader, start)
        case "0":
            start_of_digits = reader.offset
            while reader.offset < start_of_digits + 2 and reader.peek() and reader.peek() in "01234567":
                reader.offset += 1
            return int(reader.text[start_of_digits - 1 : reader.offset], 8)
        case "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9":
            raise PatternError(
                "backreferences are not supported: they can't be decided in one pass over the string"
                f"; the character number {letter} is `\\x{{{letter}}}`",
                start,
            )
        case _:
            if letter in _ESCAPES:
                return _ESCAPES[letter]
            if letter in _REFUSED_ESCAPES:
                raise PatternError(_REFUSED_ESCAPES[letter], start)
            if not letter.isascii() or letter.isalnum():
                raise PatternError(f"`\\{letter}` means nothing in a regular expression", start)
            return ord(letter)


@lru_cache(256)
def _as_used(ranges: Ranges, fold: bool, negative: bool) -> Ranges:
    """The set, folded if the pattern folds, and then its complement if that is wanted."""
    # Folding comes first: `(?i)\P{Lu}` holds no letter that an upper-case letter folds to.
    closed = folded(ranges) if fold else ranges
    return complement(closed) if negative else closed


def _unicode_set(reader: _Reader, start: int, *, negative: bool) -> Ranges:
    name: str | None = reader.peek()
    reader.offset += 1
    if name == "{":
        name = reader.until("}")
    if name is None:
        raise PatternError("this `{` is not closed", start)
    if name.startswith("^"):
        name, negative = name[1:], not negative
    ranges = unicode_class(name) if len(name) <= 40 else None
    if ranges is None:
        raise PatternError(
            f"Unicode has no class `{name[:40]}`; there are categories (`\\pL`, `\\p{{Lu}}`) and scripts (`\\p{{Greek}}`)",
            start,
        )
    return _as_used(ranges, reader.fold, negative)


def _hexadecimal(reader: _Reader, start: int) -> int:
    if reader.take("{"):
        digits = reader.until("}") or ""
    else:
        digits = reader.peek(2)
        reader.offset += 2
        digits = digits if len(digits) == 2 else ""
    significant = digits.lstrip("0") or digits[:1]
    if not significant or any(each not in "0123456789abcdefABCDEF" for each in digits):
        raise PatternError("write a code point as `\\x41` or `\\x{20AC}`", start)
    if len(significant) > 6 or int(significant, 16) > 0x10FFFF:
        raise PatternError("the last code point is `\\x{10FFFF}`", start)
    code_point = int(significant, 16)
    if 0xD800 <= code_point <= 0xDFFF:
        raise PatternError("no string holds half of a surrogate pair", start)
    return code_point


def _bracketed(reader: _Reader) -> Ranges:
    """The set of `[…]`."""
    start = reader.offset
    reader.offset += 1
    negative = reader.take("^")
    ranges: list[tuple[int, int]] = []
    first = True
    while first or reader.peek() != "]":
        if not reader.peek():
            raise PatternError("this `[` is not closed; write `\\[` for a bracket", start)
        first = False
        item_start = reader.offset
        low = _posix(reader) or _class_item(reader)
        if isinstance(low, tuple):
            ranges.extend(low)
        elif reader.peek() == "-" and reader.peek(2) not in ("-", "-]"):
            reader.offset += 1
            high = _class_item(reader)
            if isinstance(high, tuple):
                raise PatternError("a range ends in a character, not in a class; write `\\-` for a minus", item_start)
            if high < low:
                raise PatternError("the range is backwards: its first character comes after its last", item_start)
            ranges.append((low, high))
        else:
            ranges.append((low, low))
    reader.offset += 1
    return _as_used(normalized(ranges), reader.fold, negative)


def _class_item(reader: _Reader) -> int | Ranges:
    if reader.peek() == "\\":
        return _escape(reader)
    character = reader.peek()
    reader.offset += 1
    return ord(character)


def _posix(reader: _Reader) -> Ranges | None:
    start = reader.offset
    if not reader.take("[:"):
        return None
    name = reader.until(":]")
    if name is None:
        reader.offset = start
        return None
    negative = name.startswith("^")
    ranges = POSIX.get(name.removeprefix("^"))
    if ranges is None:
        raise PatternError(f"there is no class `[:{name[:40]}:]`; there are {', '.join(POSIX)}", start)
    return _as_used(ranges, reader.fold, negative)
