"""Patterns that are ready to match: what `like` and `matches` are at run time.

A `Pattern` is made of the author's text (a literal of the policy, or `data` of type `glob` or `regex`), never of text
from a request, and its `matches` takes time linear in the string: the string's length times, at worst, the size of
the pattern, which `pattern_syntax` bounds. Python's own `re` backtracks and is not used at all.

Most patterns of policies are literal text with a star in it. Those are matched with `str` methods, which costs a
tenth of a microsecond; the rest goes to RE2, whose module is imported when the first string meets such a pattern. What RE2
gets is written from the syntax, in ASCII, with every set as ranges of code points. So a pattern means the same with
every version of RE2 and of its Unicode tables, and no notation of the author's reaches the engine.

`matches` is total: it never raises, and says False to a string that is not Unicode text (one with half of a surrogate
pair), even for `*`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final, Protocol, TypeAlias
from typing import Literal as OneOf

import attrs

from tenetlang.values.code_points import ALL, Ranges, complement
from tenetlang.values.globs import parse_glob
from tenetlang.values.pattern_syntax import (
    AnyOf,
    Choice,
    Empty,
    Literal,
    PatternError,
    PatternSyntax,
    Repeat,
    Sequence,
    size,
)
from tenetlang.values.regular_expressions import parse_regex

__all__ = ["SEPARATORS", "Pattern", "PatternError", "compile_glob", "compile_regex", "re2_text"]

SEPARATORS: Final[Mapping[str, str | None]] = {"string": None, "path": "/", "url": "/", "host": ".", "tool": "."}
"""What ends a segment for `like`, by the name of the type on its left."""

Matcher: TypeAlias = Callable[[str], bool]
_BytesMatcher: TypeAlias = Callable[[bytes], bool]

_MEMORY: Final = 8 << 20
"""Bytes that RE2 may use for one pattern; where its automaton needs more, it steps through its states instead."""

_SURELY_SMALL: Final = 1_000
"""Patterns of no more steps than this are compiled when they are first needed; RE2 has room for ten times as many."""


@attrs.frozen
class Pattern:
    """A glob or a regular expression. `matches(text)` says whether the whole of `text` matches.

    `separator` is what ends a glob's segments, if it has any. Equality is by what the author wrote.
    """

    kind: OneOf["glob", "regex"]
    source: str
    separator: str | None
    syntax: PatternSyntax = attrs.field(eq=False, repr=False)
    matches: Matcher = attrs.field(init=False, eq=False, repr=False)

    @matches.default
    def _(self) -> Matcher:
        return matcher(self.syntax)

    def within(self, separator: str | None) -> Pattern:
        """The same glob where segments end at `separator`; a regular expression is itself.

        A document of type `glob` is one text that may be used on strings, paths and hosts; what it means is decided where
        it is used. This never fails: what is a glob with one separator is one with any.
        """
        if self.kind == "regex" or self.separator == separator:
            return self
        return _glob(self.source, separator)


def compile_glob(text: str, separator: str | None) -> Pattern:
    """The glob `text`, whose segments end at `separator` (`"/"`, `"."`), or that has no segments (None).

    Raises `PatternError` with a reason for the author and the offset of the mistake.
    """
    return _ready(Pattern("glob", text, separator, parse_glob(text, separator)))


def compile_regex(text: str) -> Pattern:
    """The regular expression `text`. Raises `PatternError` with a reason for the author and the offset of the mistake."""
    return _ready(Pattern("regex", text, None, parse_regex(text)))


@lru_cache(4_096)
def _glob(text: str, separator: str | None) -> Pattern:
    return compile_glob(text, separator)


def _ready(pattern: Pattern) -> Pattern:
    if size(pattern.syntax) > _SURELY_SMALL:
        # The engine is asked at once, so that a refusal is the author's to see and never comes up in a decision.
        pattern.matches("")
    return pattern


# Matching


def matcher(syntax: PatternSyntax) -> Matcher:
    """The cheapest function that says whether the whole of a string matches."""
    match syntax:
        case Empty():
            return partial(_is_text, "")
        case Literal(text):
            return partial(_is_text, text)
        case Choice(options) if all(isinstance(option, Literal) for option in options):
            return frozenset(option.text for option in options if isinstance(option, Literal)).__contains__
        case Repeat() | Sequence():
            parts = syntax.parts if isinstance(syntax, Sequence) else (syntax,)
            return _star_matcher(parts) or _engine_matcher(syntax)
        case _:
            return _engine_matcher(syntax)


def _is_text(text: str, candidate: str) -> bool:
    return text == candidate


def _star_matcher(parts: tuple[PatternSyntax, ...]) -> Matcher | None:
    """A matcher for literal text around stars, if that is all there is."""
    texts = [""]
    stars: list[Ranges] = []
    for part in parts:
        match part:
            case Literal(text):
                texts[-1] = text
            case Repeat(AnyOf(ranges), 0, None):
                stars.append(ranges)
                texts.append("")
            case _:
                return None
    if not stars:
        return None
    prefix, *infixes, suffix = texts
    if all(star == ALL for star in stars):
        return partial(_spread, prefix, tuple(text for text in infixes if text), suffix)
    left_out = complement(stars[0])
    if len(stars) == 1 and len(left_out) == 1 and left_out[0][0] == left_out[0][1]:
        return partial(_within_segment, prefix, suffix, chr(left_out[0][0]))
    return None


def _spread(prefix: str, infixes: tuple[str, ...], suffix: str, text: str) -> bool:
    """Prefix, infixes and suffix one after the other, with anything between them.

    Each infix is taken where it first occurs: if any choice of places works, the first ones do.
    """
    if not text.startswith(prefix) or not text.endswith(suffix):
        return False
    position, end = len(prefix), len(text) - len(suffix)
    for infix in infixes:
        position = text.find(infix, position, end)
        if position < 0:
            return False
        position += len(infix)
    return position <= end and _is_unicode(text)


def _within_segment(prefix: str, suffix: str, separator: str, text: str) -> bool:
    end = len(text) - len(suffix)
    return (
        len(prefix) <= end
        and text.startswith(prefix)
        and text.endswith(suffix)
        and text.find(separator, len(prefix), end) < 0
        and _is_unicode(text)
    )


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# RE2


class _Options(Protocol):
    """What is set of `re2.Options`."""

    max_mem: int
    log_errors: bool
    never_capture: bool


class _Expression(Protocol):
    """What is used of a compiled expression of the `re2` module, which has no types of its own."""

    def fullmatch(self, text: bytes) -> object | None: ...


def needed_texts(syntax: PatternSyntax) -> tuple[str, ...]:
    """Texts that are in every string that matches, a few of the longest that are plain to see: to look for them costs a tenth of
    what the engine does, and mostly settles it."""
    found: list[str] = []
    waiting = [syntax]
    while waiting:
        match waiting.pop():
            case Literal(text):
                found.append(text)
            case Sequence(parts):
                waiting += parts
            case Repeat(of, least) if least > 0:
                waiting.append(of)
            case _:
                pass
    return tuple(sorted(found, key=lambda text: (-len(text), text))[:_NEEDED])


_NEEDED: Final = 3


def _engine_matcher(syntax: PatternSyntax) -> Matcher:
    expression = re2_text(syntax)
    needed = needed_texts(syntax)
    compiled: _BytesMatcher | None = None

    def matches(text: str) -> bool:
        nonlocal compiled
        if compiled is None:
            compiled = _compiled(expression)
        for piece in needed:
            if piece not in text:
                return False
        try:
            encoded = text.encode()
        except UnicodeEncodeError:
            return False
        return compiled(encoded)

    return matches


def _compiled(expression: str) -> _BytesMatcher:
    engine = importlib.import_module("re2")
    options: _Options = engine.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.never_capture = True
    try:
        compiled: _Expression = engine.compile(expression.encode("ascii"), options)
    except engine.error:
        raise PatternError("the pattern is too large: its counts and classes multiply", 0) from None
    return lambda text: compiled.fullmatch(text) is not None


def re2_text(syntax: PatternSyntax) -> str:
    """The syntax in the notation of RE2: ASCII, without flags, the same whatever the pattern was written in."""
    match syntax:
        case Empty():
            return "(?:)"
        case Literal(text):
            return "".join(map(_re2_character, text))
        case AnyOf(ranges):
            return _re2_set(ranges)
        case Sequence(parts):
            return "".join(map(re2_text, parts))
        case Choice(options):
            return f"(?:{'|'.join(map(re2_text, options))})"
        case Repeat(of, least, most):
            single = isinstance(of, AnyOf) or (isinstance(of, Literal) and len(of.text) == 1)
            return (re2_text(of) if single else f"(?:{re2_text(of)})") + _re2_count(least, most)


def _re2_count(least: int, most: int | None) -> str:
    match least, most:
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case 0, 1:
            return "?"
        case _, None:
            return f"{{{least},}}"
        case _:
            return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _re2_character(character: str) -> str:
    return character if character.isascii() and character.isalnum() else f"\\x{{{ord(character):X}}}"


def _re2_set(ranges: Ranges) -> str:
    if ranges == ALL:
        return "(?s:.)"
    others = complement(ranges)
    if len(others) < len(ranges):
        return f"[^{_re2_ranges(others)}]"
    # Written with the surrogates, which RE2 knows and no string holds, "none at all" is the complement of everything.
    return f"[{_re2_ranges(ranges)}]" if ranges else r"[^\x{0}-\x{10FFFF}]"


def _re2_ranges(ranges: Ranges) -> str:
    return "".join(
        _re2_character(chr(low)) if low == high else f"{_re2_character(chr(low))}-{_re2_character(chr(high))}"
        for low, high in ranges
    )
