"""Patterns made out of patterns: what is left after a letter, without the empty text, within an alphabet.

Where a text consists of parts (an address of mail of a local part and a domain), a pattern for a part becomes a
pattern for the whole by putting the right things around it. It has to be changed a little for that, so that it can't
reach over into the part beside it:

    restricted("*", "@ is out")          the texts of `*` that hold no @
    after("/api/*", "/")                 api/*: what may follow, where the first letter is known (Brzozowski's derivative)
    before("[*]", "]")                   the same from the other end
    non_empty("a*")                      aa*
    without_letter("*", ".")             all texts but the empty one and `.`

All rest on `heads`, the *linear form* of a pattern: each text of it but the empty one begins with a letter of one of
the sets and goes on with a text of the pattern beside that set (Antimirov, "Partial derivatives of regular expressions and
finite automaton constructions", 1996). None of this makes a complement; complements are the business of a search.

`NOTHING`, the pattern that no text matches, never stays inside of another: it takes a sequence with it, and falls
out of a choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tenetlang.values.code_points import Ranges, complement, contains
from tenetlang.values.pattern_syntax import (
    AnyOf,
    Choice,
    Empty,
    Literal,
    PatternSyntax,
    Repeat,
    Sequence,
    any_of,
    choice,
    repeat,
    sequence,
)

NOTHING: Final = AnyOf(())


def common(a: Ranges, b: Ranges) -> Ranges:
    """The code points in both sets."""
    found: list[tuple[int, int]] = []
    left, right = 0, 0
    while left < len(a) and right < len(b):
        low, high = max(a[left][0], b[right][0]), min(a[left][1], b[right][1])
        if low <= high:
            found.append((low, high))
        if a[left][1] < b[right][1]:
            left += 1
        else:
            right += 1
    return tuple(found)


def joined(*parts: PatternSyntax) -> PatternSyntax:
    """One part after the other, and nothing if one of them is."""
    return NOTHING if NOTHING in parts else sequence(parts)


def repeated(of: PatternSyntax, least: int, most: int | None) -> PatternSyntax:
    """So many times in a row."""
    if of == NOTHING:
        return NOTHING if least else Empty()
    return repeat(of, least, most)


def nullable(syntax: PatternSyntax) -> bool:
    """Whether the empty text matches."""
    match syntax:
        case Empty():
            return True
        case Literal() | AnyOf():
            return False
        case Sequence(parts):
            return all(map(nullable, parts))
        case Choice(options):
            return any(map(nullable, options))
        case Repeat(of, least, _):
            return not least or nullable(of)


def heads(syntax: PatternSyntax) -> list[tuple[Ranges, PatternSyntax]]:
    """The sets of letters that texts begin with, each with how they go on."""
    match syntax:
        case Empty():
            return []
        case Literal(text):
            code_point = ord(text[0])
            return [(((code_point, code_point),), Literal(text[1:]) if text[1:] else Empty())]
        case AnyOf(ranges):
            return [(ranges, Empty())] if ranges else []
        case Sequence(parts):
            found: list[tuple[Ranges, PatternSyntax]] = []
            for place, part in enumerate(parts):
                rest = parts[place + 1 :]
                found += [(ranges, joined(following, *rest)) for ranges, following in heads(part)]
                if not nullable(part):
                    break
            return found
        case Choice(options):
            return [head for option in options for head in heads(option)]
        case Repeat(of, least, most):
            if most == 0:
                return []
            again = repeated(of, max(least - 1, 0), None if most is None else most - 1)
            return [(ranges, joined(following, again)) for ranges, following in heads(of)]


def after(syntax: PatternSyntax, letter: str) -> PatternSyntax:
    """The texts that match with that letter before them."""
    return choice(following for ranges, following in heads(syntax) if contains(ranges, ord(letter)))


def before(syntax: PatternSyntax, letter: str) -> PatternSyntax:
    """The texts that match with that letter behind them."""
    return mirrored(after(mirrored(syntax), letter))


def non_empty(syntax: PatternSyntax) -> PatternSyntax:
    """The texts that match and are not empty."""
    if not nullable(syntax):
        return syntax
    return choice(joined(any_of(ranges), following) for ranges, following in heads(syntax))


def without_letter(syntax: PatternSyntax, letter: str) -> PatternSyntax:
    """The texts that match, and are neither empty nor that letter alone."""
    if not accepts_letter(syntax, letter):
        return non_empty(syntax)
    others = complement(((ord(letter), ord(letter)),))
    options: list[PatternSyntax] = []
    for ranges, following in heads(syntax):
        options.append(joined(any_of(ranges), non_empty(following)))
        if nullable(following):
            options.append(any_of(common(ranges, others)))
    return choice(options)


def accepts_letter(syntax: PatternSyntax, letter: str) -> bool:
    """Whether the letter alone matches."""
    return nullable(after(syntax, letter))


def mirrored(syntax: PatternSyntax) -> PatternSyntax:
    """The texts that match when they are read from the end to the beginning."""
    match syntax:
        case Empty() | AnyOf():
            return syntax
        case Literal(text):
            return Literal(text[::-1])
        case Sequence(parts):
            return joined(*map(mirrored, reversed(parts)))
        case Choice(options):
            return choice(map(mirrored, options))
        case Repeat(of, least, most):
            return repeated(mirrored(of), least, most)


def restricted(syntax: PatternSyntax, alphabet: Ranges) -> PatternSyntax:
    """The texts that match and hold only letters of the alphabet."""
    match syntax:
        case Empty():
            return syntax
        case Literal(text):
            return syntax if _within(text, alphabet) else NOTHING
        case AnyOf(ranges):
            return any_of(common(ranges, alphabet))
        case Sequence(parts):
            return joined(*(restricted(part, alphabet) for part in parts))
        case Choice(options):
            return choice(restricted(option, alphabet) for option in options)
        case Repeat(of, least, most):
            return repeated(restricted(of, alphabet), least, most)


def _within(text: Iterable[str], alphabet: Ranges) -> bool:
    return all(contains(alphabet, ord(character)) for character in text)
