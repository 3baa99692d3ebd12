"""Regular expressions: RE2's syntax without anchors, flags and what can't be decided in one pass."""

from __future__ import annotations

from functools import lru_cache

from tenetlang.targets.standalone.code_points import (
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
from tenetlang.targets.standalone.faults import PatternError
from tenetlang.targets.standalone.patterns import (
    ANY,
    MAXIMUM_COUNT,
    MAXIMUM_NESTING,
    any_of,
    bounded,
    check_pattern_text,
    choice,
    repeat,
    sequence,
)

_PATTERN_ESCAPES = {"a": 0x07, "f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}
_REPETITIONS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_PATTERN_CLASSES = {"d": DIGIT, "s": SPACE, "w": WORD}
_NO_ANCHORS = "the pattern always has to match the whole string; leave it out, or write `.*` where more may stand"
_REFUSED_ESCAPES = {
    "A": f"`\\A` is not needed: {_NO_ANCHORS}",
    "z": f"`\\z` is not needed: {_NO_ANCHORS}",
    "Z": f"`\\Z` is not needed: {_NO_ANCHORS}",
    "b": "`\\b` (a word's edge) is not supported; write the characters that may stand there, such as `[^0-9A-Za-z_]`",
    "B": "`\\B` (no word's edge) is not supported; write the characters that may stand there",
    "C": "`\\C` (one byte) is not supported: a string is made of code points",
    "E": "`\\E` ends a `\\Q`, and there is none before it",
    "u": "write a code point as `\\x{20AC}`",
}
_PATTERN_GROUPS = {
    "=": "look-ahead `(?=\u2026)` is not supported: it can't be decided in one pass over the string",
    "!": "look-ahead `(?!\u2026)` is not supported: it can't be decided in one pass over the string",
    "<=": "look-behind `(?<=\u2026)` is not supported: it can't be decided in one pass over the string",
    "<!": "look-behind `(?<!\u2026)` is not supported: it can't be decided in one pass over the string",
    ">": "the atomic group `(?>\u2026)` is not supported, and has no use in a pattern that never backtracks",
    "#": "comments inside a pattern are not supported",
    "P=": "backreferences are not supported: they can't be decided in one pass over the string",
    "P>": "recursion is not supported",
}


class PatternReader:
    """Where the parser of a regular expression stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.fold = False
        self.offset = 0
        self.nesting = 0
        self.names: set[str] = set()

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


def parse_regex(text: str) -> tuple:
    """The syntax of a regular expression. Raises `PatternError`."""
    check_pattern_text(text)
    reader = PatternReader(text)
    reader.fold = reader.take("(?i)")
    syntax = _pattern_alternatives(reader)
    if reader.peek():
        raise PatternError("this `)` closes nothing; write `\\)` for a bracket", reader.offset)
    return bounded(syntax)


def _pattern_alternatives(reader: PatternReader) -> tuple:
    options = [_pattern_concatenation(reader)]
    while reader.take("|"):
        options.append(_pattern_concatenation(reader))
    return choice(options) if len(options) > 1 else options[0]


def _pattern_concatenation(reader: PatternReader) -> tuple:
    parts: list[tuple] = []
    while (character := reader.peek()) and character not in "|)":
        if reader.take("\\Q"):
            quoted = reader.until("\\E")
            if quoted is None:
                quoted, reader.offset = reader.text[reader.offset :], len(reader.text)
            parts.extend(_pattern_character(reader, ord(each)) for each in quoted)
            if not quoted:
                continue
            # What follows repeats the last character only, as everywhere.
            parts.append(_pattern_repeated(reader, parts.pop()))
        else:
            parts.append(_pattern_repeated(reader, _pattern_atom(reader)))
    return sequence(parts)


def _pattern_character(reader: PatternReader, code_point: int) -> tuple:
    alone = ((code_point, code_point),)
    return any_of(folded(alone) if reader.fold else alone)


def _pattern_atom(reader: PatternReader) -> tuple:
    start = reader.offset
    character = reader.peek()
    if character == "(":
        return _pattern_group(reader)
    if character == "[":
        return any_of(_pattern_bracketed(reader))
    if character == "\\":
        escaped = _pattern_escape(reader)
        return any_of(escaped) if isinstance(escaped, tuple) else _pattern_character(reader, escaped)
    if character in {"^", "$"}:
        raise PatternError(f"`{character}` is not needed: {_NO_ANCHORS}; `\\{character}` is the character", start)
    if character in {"*", "+", "?"}:
        raise PatternError(f"there is nothing before `{character}` to repeat; `\\{character}` is the character", start)
    if character == ".":
        reader.offset += 1
        return ANY
    if character == "{" and _pattern_count(reader) is not None:
        raise PatternError("there is nothing before this count to repeat; write `\\{` for a brace", start)
    reader.offset = start + 1
    return _pattern_character(reader, ord(character))


def _pattern_group(reader: PatternReader) -> tuple:
    start = reader.offset
    reader.offset += 1
    if reader.nesting == MAXIMUM_NESTING:
        raise PatternError(f"groups nest at most {MAXIMUM_NESTING} deep", start)
    if reader.peek() == "?" and not reader.take("?:"):
        _pattern_named(reader, start)
    reader.nesting += 1
    syntax = _pattern_alternatives(reader)
    reader.nesting -= 1
    if not reader.take(")"):
        raise PatternError("this `(` is not closed; write `\\(` for a bracket", start)
    return syntax


def _pattern_named(reader: PatternReader, start: int) -> None:
    """Passes the name of a group, `?P<name>` or `?<name>`, which has no meaning here, or says why this is none."""
    reader.offset += 1
    for opening, reason in _PATTERN_GROUPS.items():
        if reader.take(opening):
            raise PatternError(reason, start)
    if not (reader.take("P<") or reader.take("<")):
        raise PatternError("of flags there is only `(?i)`, at the very beginning of the pattern", start)
    name = reader.until(">")
    if name is None or not name.isidentifier():
        raise PatternError("the name of a group is a word: `(?P<name>\u2026)`", start)
    if name in reader.names:
        raise PatternError(f"two groups are called `{name}`", start)
    reader.names.add(name)


def _pattern_repeated(reader: PatternReader, of: tuple) -> tuple:
    start = reader.offset
    counted = _pattern_repetition(reader)
    if counted is None:
        return of
    reader.take("?")
    least, most = counted
    syntax = repeat(of, least, most)
    again = reader.offset
    if _pattern_repetition(reader) is not None:
        raise PatternError("a repetition can't be repeated; put the first in `(?:\u2026)`", again)
    if _pattern_product(syntax) > MAXIMUM_COUNT:
        raise PatternError(f"counts inside one another multiply to more than {MAXIMUM_COUNT:,}", start)
    return syntax


def _pattern_repetition(reader: PatternReader) -> tuple[int, int | None] | None:
    mark = reader.peek()
    if mark == "{":
        return _pattern_count(reader)
    if mark not in _REPETITIONS:
        return None
    reader.offset += 1
    return _REPETITIONS[mark]


def _pattern_count(reader: PatternReader) -> tuple[int, int | None] | None:
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


def _pattern_product(syntax: tuple) -> int:
    """What the counts inside one another multiply to, as RE2 reckons it."""
    kind = syntax[0]
    if kind in {"sequence", "choice"}:
        return max(map(_pattern_product, syntax[1]))
    if kind == "repeat":
        _, of, least, most = syntax
        return max(least if most is None else most, 1) * _pattern_product(of)
    return 1


# Escapes and classes


def _pattern_escape(reader: PatternReader) -> int | Ranges:
    """The code point or the set that an escape stands for. Folded, if it is a set and the pattern folds."""
    start = reader.offset
    reader.offset += 1
    letter = reader.peek()
    reader.offset += 1
    if letter == "":
        raise PatternError("the pattern ends in a `\\` that escapes nothing; write `\\\\` for a backslash", start)
    if letter in _PATTERN_CLASSES:
        return _as_used(_PATTERN_CLASSES[letter], reader.fold, negative=False)
    if letter in {"D", "S", "W"}:
        return _as_used(_PATTERN_CLASSES[letter.lower()], reader.fold, negative=True)
    if letter in {"p", "P"}:
        return _unicode_set(reader, start, negative=letter == "P")
    if letter == "x":
        return _code_point_of(reader, start)
    if letter == "0":
        start_of_digits = reader.offset
        while reader.offset < start_of_digits + 2 and reader.peek() and reader.peek() in "01234567":
            reader.offset += 1
        return int(reader.text[start_of_digits - 1 : reader.offset], 8)
    if letter in "123456789":
        raise PatternError(
            "backreferences are not supported: they can't be decided in one pass over the string"
            f"; the character number {letter} is `\\x{{{letter}}}`",
            start,
        )
    if letter in _PATTERN_ESCAPES:
        return _PATTERN_ESCAPES[letter]
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


def _unicode_set(reader: PatternReader, start: int, *, negative: bool) -> Ranges:
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


def _code_point_of(reader: PatternReader, start: int) -> int:
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


def _pattern_bracketed(reader: PatternReader) -> Ranges:
    """The set of `[\u2026]`."""
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
        low = _pattern_posix(reader) or _pattern_class_item(reader)
        if isinstance(low, tuple):
            ranges.extend(low)
        elif reader.peek() == "-" and reader.peek(2) not in ("-", "-]"):
            reader.offset += 1
            high = _pattern_class_item(reader)
            if isinstance(high, tuple):
                raise PatternError("a range ends in a character, not in a class; write `\\-` for a minus", item_start)
            if high < low:
                raise PatternError("the range is backwards: its first character comes after its last", item_start)
            ranges.append((low, high))
        else:
            ranges.append((low, low))
    reader.offset += 1
    return _as_used(normalized(ranges), reader.fold, negative)


def _pattern_class_item(reader: PatternReader) -> int | Ranges:
    if reader.peek() == "\\":
        return _pattern_escape(reader)
    character = reader.peek()
    reader.offset += 1
    return ord(character)


def _pattern_posix(reader: PatternReader) -> Ranges | None:
    start = reader.offset
    if not reader.take("[:"):
        return None
    name = reader.until(":]")
    if name is None:
        reader.offset = start
        return None
    negative = name.startswith("^")
    ranges = POSIX.get(name[1:] if negative else name)
    if ranges is None:
        raise PatternError(f"there is no class `[:{name[:40]}:]`; there are {', '.join(POSIX)}", start)
    return _as_used(ranges, reader.fold, negative)
