r"""The texts of the types that are parsed from text, as patterns.

A field of type `host` holds no text that isn't a host, and always the one spelling that `values/network.py` gives it. So
what can be true of it is a question about fewer texts than of a string: no `host` matches `*.COM`, and no `path`
ends in `/..`. Here is, for each of these types, the language of its canonical texts, `str(value)`, read off the parsers:

    language("path")                        /  .  src/main.py  but not  ./src, src//x, a/../b, ~root

A part (`url.host`, `path.extension`) is a function of the whole, so a condition on the part is one on the whole:

    embedded("path", "extension", "py")         .*[^/.].*\.py, in detail
    embedded_segment("host", "acme")            acme, acme.com, www.acme.com

These are exact for texts that *are* of the type and mean nothing for others; whoever asks adds `language` to the
positive patterns, and may put either result among the negative ones.

**What is too much.** Regular languages count badly, and counting makes automata large: each letter of a label would be a
state of its own, in every question about hosts. So `language` holds more than the canonical texts in these places, which is safe
where `NO_TEXT` is the proof, and a text that is found has to be read before it is shown:

    host, email, url    a label of more than 63 letters; a label `xn--…` that Punycode doesn't make
    email               a local part of more than 64 letters
    url                 a host of more than 253 letters; the scheme's own port, which the canonical text leaves out
    cidr                a prefix that cuts off bits of the network that are set
    all                 lengths of the whole text, which `lengths` gives

`find_value` does all of this: it asks, reads, asks again with one after the other of the `limits`, which say the rest
as far as a pattern can, and then goes on without what can't be read. `language` is exact for path, semver and ip
within `lengths`, and for the others within `limits` but for `xn--` and `cidr`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Final

from tenetlang.analysis.languages.derivatives import (
    NOTHING,
    accepts_letter,
    after,
    before,
    joined,
    non_empty,
    nullable,
    restricted,
    without_letter,
)
from tenetlang.analysis.languages.find import BUDGET, NoText, Undecided, find_text
from tenetlang.analysis.languages.ipv6 import ipv6_texts
from tenetlang.analysis.languages.url_paths import escaped
from tenetlang.frozen import frozen
from tenetlang.values.code_points import Ranges, complement, normalized
from tenetlang.values.faults import ValueFault
from tenetlang.values.parsing import PARSERS
from tenetlang.values.pattern_syntax import Literal, PatternSyntax, choice, sequence
from tenetlang.values.regular_expressions import parse_regex

TEXT_TYPES: Final = ("host", "email", "url", "path", "semver", "ip", "cidr")

_LENGTHS: Final[dict[str, tuple[int, int | None]]] = {
    "host": (1, 253),
    "email": (3, 254),
    "url": (6, None),
    "path": (1, None),
    "semver": (5, 256),
    "ip": (2, 39),
    "cidr": (4, 43),
}
_TRIES: Final = 20


@frozen
class Limit:
    """A pattern that all canonical texts match, or, if it isn't required, that none of them matches."""

    syntax: PatternSyntax
    required: bool = True


def lengths(type_name: str) -> tuple[int, int | None]:
    """The least and the greatest length of canonical texts; None where there is no greatest."""
    return _LENGTHS[type_name]


def is_canonical(type_name: str, text: str) -> bool:
    """Whether the text is the canonical one of a value."""
    try:
        return str(PARSERS[type_name](text)) == text
    except ValueFault:
        return False


def find_value(
    type_name: str,
    positive: Sequence[PatternSyntax] = (),
    negative: Sequence[PatternSyntax] = (),
    *,
    excluding: Collection[str] = (),
    shortest: int = 0,
    longest: int | None = None,
    budget: int = BUDGET,
) -> str | NoText | Undecided:
    """The canonical text of a value that matches all of `positive`, none of `negative`, and is not in `excluding`."""
    least, greatest = _LENGTHS[type_name]
    shortest = max(shortest, least)
    longest = greatest if longest is None or (greatest is not None and greatest < longest) else longest
    required, forbidden, left_out = [language(type_name), *positive], list(negative), list(excluding)
    more = list(limits(type_name))
    for _ in range(_TRIES):
        found = find_text(required, forbidden, excluding=left_out, shortest=shortest, longest=longest, budget=budget)
        if not isinstance(found, str) or is_canonical(type_name, found):
            return found
        left_out.append(found)
        if more:
            limit = more.pop(0)
            (required if limit.required else forbidden).append(limit.syntax)
    return Undecided(f"what was found is not of type {type_name}")


# The languages

_TAIL: Final = "[a-z0-9]*(?:-+[a-z0-9]+)*"
_NOT_A_NUMBER: Final = (
    # To some programs a host is an address of IPv4 if its last label is a decimal or hexadecimal number.
    "(?:[a-z]|[0-9]+(?:[a-wyz]|-+[a-z0-9])|(?:[1-9][0-9]*|0[0-9]+)x|0x[0-9a-f]*(?:[g-z]|-+[a-z0-9]))"
)
_NAME: Final = f"(?:[a-z0-9]{_TAIL}\\.)*{_NOT_A_NUMBER}{_TAIL}"
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = f"{_OCTET}(?:\\.{_OCTET}){{3}}"
_LOCAL: Final = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PORT: Final = "(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"

# Bytes that are no letters of a path: ASCII but controls, slash, backslash and dot, then UTF-8.
_MORE: Final = "%[89AB][0-9A-F]"
_ESCAPE: Final = (
    "%(?:2[0235]|3[CEF]|5[BDE]|60|7[BCD]"
    f"|(?:C[2-9A-F]|D[0-9A-F]){_MORE}"
    f"|(?:E0%[AB][0-9A-F]|ED%[89][0-9A-F]|E[1-9A-CEF]{_MORE}){_MORE}"
    f"|(?:F0%[9AB][0-9A-F]|F[1-3]{_MORE}|F4%8[0-9A-F]){_MORE}{_MORE})"
)
_LETTER: Final = "A-Za-z0-9_~!$&'()*+,=:@\\-"
_SEGMENT: Final = (
    # Neither `.` nor `..`, with or without parameters.
    f"(?:(?:[{_LETTER};]|{_ESCAPE}|\\.(?:[{_LETTER}]|{_ESCAPE})|\\.\\.(?:[{_LETTER}.]|{_ESCAPE}))"
    f"(?:[{_LETTER};.]|{_ESCAPE})*)?"
)
_QUERY: Final = (
    "(?:[A-Za-z0-9._~!$&'()*+,;=:@/?\\[\\]{}|^`-]"
    "|%(?:0[1-9A-F]|1[0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[BCDF]|[89A-F][0-9A-F]))+"
)

_NAME_OF_FILE: Final = r"(?:[^./\\\x00]|\.[^./\\\x00]|\.\.[^/\\\x00])[^/\\\x00]*"
_FIRST_NAME: Final = r"(?:[^~./\\\x00]|\.[^./\\\x00]|\.\.[^/\\\x00])[^/\\\x00]*"

_NUMBER: Final = "(?:0|[1-9][0-9]*)"
_IDENTIFIER: Final = "(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"


@cache
def language(type_name: str) -> PatternSyntax:
    """A pattern that matches every canonical text of the type, and few others."""
    match type_name:
        case "host":
            return parse_regex(f"{_NAME}|{_IPV4}")
        case "email":
            return parse_regex(f"{_LOCAL}(?:\\.{_LOCAL})*@{_NAME}")
        case "url":
            host = choice([language("host"), sequence([Literal("["), ipv6_texts(), Literal("]")])])
            rest = parse_regex(f"{_PORT}(?:/{_SEGMENT})+(?:\\?{_QUERY})?(?:#{_QUERY})?")
            return sequence([parse_regex("[a-z][a-z0-9+.-]*://"), host, rest])
        case "path":
            return parse_regex(rf"/|\.|(?:/{_NAME_OF_FILE}|{_FIRST_NAME})(?:/{_NAME_OF_FILE})*")
        case "semver":
            return parse_regex(f"{_NUMBER}(?:\\.{_NUMBER}){{2}}(?:-{_IDENTIFIER}(?:\\.{_IDENTIFIER})*)?")
        case "ip":
            return choice([parse_regex(_IPV4), ipv6_texts()])
        case "cidr":
            ipv4 = parse_regex(f"{_IPV4}/(?:[12]?[0-9]|3[0-2])")
            return choice([ipv4, sequence([ipv6_texts(), parse_regex("/(?:[1-9]?[0-9]|1[01][0-9]|12[0-8])")])])
        case _:
            raise KeyError(type_name)


@cache
def limits(type_name: str) -> tuple[Limit, ...]:
    """What is true of canonical texts besides `language`, from what costs a search the least to what costs it the most."""
    labels = r"[^.]{1,63}(?:\.[^.]{1,63})*"
    match type_name:
        case "host":
            return (Limit(parse_regex(labels)),)
        case "email":
            return Limit(parse_regex(f"[^@]*@{labels}")), Limit(parse_regex("[^@]{1,64}@.*"))
        case "url":
            own_port = "(?:(?:http|ws)://[^/]*:80|(?:https|wss)://[^/]*:443|ftp://[^/]*:21)/.*"
            around = "[^:]*://(?:{}|\\[.*\\])(?::[0-9]*)?/.*"
            return (
                Limit(parse_regex(own_port), required=False),
                Limit(parse_regex(around.format(r"[^./:]{1,63}(?:\.[^./:]{1,63})*"))),
                Limit(parse_regex(around.format("[^/:]{1,253}"))),
            )
        case _:
            return ()


# Parts


def embedded(type_name: str, part: str, syntax: PatternSyntax) -> PatternSyntax | None:
    """A pattern for the whole, which the canonical texts match whose part matches `syntax`; None if there is none."""
    match type_name, part:
        case "email", "local":
            return joined(_but(syntax, "@"), _regex("@.*"))
        case "email", "domain":
            return joined(_regex("[^@]*@"), _but(syntax, "@"))
        case "semver", "prerelease":
            return _optional(syntax, joined(_regex("[^-]*-"), syntax), "[^-]*")
        case "url", "scheme":
            return joined(_but(syntax, ":"), _regex("://.*"))
        case "url", "host":
            return joined(_regex("[^:]*://"), _host(syntax), _regex("(?::[0-9]*)?/.*"))
        case "url", "path":
            path = escaped(after(syntax, "/"))
            return None if path is None else joined(_regex("[^:]*://[^/]*/"), path, _regex("(?:[?#].*)?"))
        case "url", "query":
            present = joined(_regex(r"[^?#]*\?"), _but(syntax, "#"), _regex("(?:#.*)?"))
            return _optional(syntax, present, "[^?#]*(?:#.*)?")
        case "url", "fragment":
            return _optional(syntax, joined(_regex("[^#]*#"), _but(syntax, "#")), "[^#]*")
        case "path", "name":
            name = joined(_regex("(?:.*/)?"), _but(without_letter(syntax, "."), "/"))
            return _optional(syntax, name, r"[/.]")
        case "path", "extension":
            extension = joined(_regex(r"(?:.*/)?\.*[^./][^/]*\."), _but(non_empty(syntax), "./"))
            return _optional(syntax, extension, r"(?:.*/)?(?:\.*[^./]*|[^/]*\.)")
        case "path", "parent":
            return _parent(syntax)
        case _:
            return None


def embedded_segment(type_name: str, syntax: PatternSyntax) -> PatternSyntax | None:
    """A pattern for the whole, which the canonical texts match with a segment (of a host, a label) that matches `syntax`."""
    match type_name:
        case "host":
            return joined(_regex(r"(?:.*\.)?"), _but(syntax, "."), _regex(r"(?:\..*)?"))
        case "path":
            return joined(_regex("(?:.*/)?"), _but(without_letter(syntax, "."), "/"), _regex("(?:/.*)?"))
        case "url":
            segment = escaped(_but(non_empty(syntax), "/"))
            if segment is None:
                return None
            some = joined(_regex("[^:]*://[^/]*/(?:[^?#]*/)?"), segment, _regex("(?:/[^?#]*)?(?:[?#].*)?"))
            # The path `/` alone has no segment, and the path `//` has two.
            empty = "[^:]*://[^/]*/(?:/[^?#]*|[^?#]*/(?:/[^?#]*)?)(?:[?#].*)?"
            return _optional(syntax, some, empty)
        case _:
            return None


def _optional(syntax: PatternSyntax, present: PatternSyntax, absent: str) -> PatternSyntax:
    """The wholes in which the part is present, and those in which it is empty if that matches too."""
    return choice([present, _regex(absent)]) if nullable(syntax) else present


def _host(syntax: PatternSyntax) -> PatternSyntax:
    """The names that match, and the addresses in brackets."""
    address = restricted(before(after(syntax, "["), "]"), _ADDRESS)
    options = [restricted(syntax, _NAMES), joined(Literal("["), address, Literal("]"))]
    return choice(option for option in options if option != NOTHING)


def _parent(syntax: PatternSyntax) -> PatternSyntax:
    options = [joined(non_empty(syntax), _regex("/[^/]+"))]
    if accepts_letter(syntax, "/"):
        options.append(_regex("/[^/]*"))
    if accepts_letter(syntax, "."):
        options.append(_regex("[^/]+"))
    return choice(options)


_NAMES: Final[Ranges] = ((0x2D, 0x2E), (0x30, 0x39), (0x61, 0x7A))
_ADDRESS: Final[Ranges] = ((0x30, 0x3A), (0x61, 0x66))


def _but(syntax: PatternSyntax, letters: str) -> PatternSyntax:
    """The texts that match and hold none of these letters."""
    return restricted(syntax, complement(normalized((ord(letter), ord(letter)) for letter in letters)))


@cache
def _regex(text: str) -> PatternSyntax:
    return parse_regex(text)
