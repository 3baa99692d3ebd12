"""The functions of `std.text` and `std.encoding` that are not written in Tenet.

Strings are sequences of code points: positions and lengths count them, and nothing is normalised. White space and letter
case come from fixed tables, so that no result depends on the Unicode of the running Python. Positions start at 0.

Functions whose result may be larger than their arguments check its size before they make it. Those that cut a text into
pieces don't have to: there are no more pieces than code points, and one thing to watch for less in every policy.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Final

from tenetlang.evaluator.builtin_limits import Function, check_string
from tenetlang.values import letter_case
from tenetlang.values.faults import bad_input

WHITE_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""The code points that Unicode gives the property White_Space, all 25 of them; the list has not changed since 2013."""

_SPACES: Final = str.maketrans(dict.fromkeys(WHITE_SPACE, " "))
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def lower(text: str) -> str:
    """The text in lower case, code point by code point."""
    return letter_case.lower(text)


def upper(text: str) -> str:
    """The text in upper case, code point by code point."""
    return letter_case.upper(text)


def equal_ignoring_case(left: str, right: str) -> bool:
    """Whether the two differ in letter case at most, by simple case folding."""
    return letter_case.without_case(left) == letter_case.without_case(right)


def starts_with(text: str, prefix: str) -> bool:
    """Whether the text begins so."""
    return text.startswith(prefix)


def ends_with(text: str, suffix: str) -> bool:
    """Whether the text ends so."""
    return text.endswith(suffix)


def length(text: str) -> int:
    """How many code points the text has."""
    return len(text)


def index_of(text: str, part: str) -> int:
    """Where the part first begins, or -1 if it does not occur."""
    return text.find(part)


def occurrences(text: str, part: str) -> int:
    """How often the part occurs without overlapping itself; the empty string occurs before and after each code point."""
    return text.count(part)


def substring(text: str, start: int, count: int) -> str:
    """At most `count` code points from position `start` on; `bad_input` where either is negative."""
    if start < 0 or count < 0:
        raise bad_input("a position or a length is negative")
    return text[start : start + count]


def before(text: str, separator: str) -> str:
    """What stands before the first separator; the whole text if there is none."""
    found = text.find(separator)
    return text[: found if found >= 0 else len(text)]


def after(text: str, separator: str) -> str:
    """What stands after the first separator; nothing if there is none."""
    found = text.find(separator)
    return "" if found < 0 else text[found + len(separator) :]


def split(text: str, separator: str) -> tuple[str, ...]:
    """The pieces between the separators; with an empty separator, the single code points."""
    return tuple(text.split(separator)) if separator else tuple(text)


def lines(text: str) -> tuple[str, ...]:
    """The pieces between line breaks, LF or CR LF; other characters that end a line for Python do not."""
    return tuple(text.replace("\r\n", "\n").split("\n"))


def words(text: str) -> tuple[str, ...]:
    """What stands between white space; no piece is empty."""
    return tuple(piece for piece in text.translate(_SPACES).split(" ") if piece)


def reversed_text(text: str) -> str:
    """The code points from the last to the first."""
    return text[::-1]


def join(parts: tuple[str, ...], separator: str) -> str:
    """The parts with the separator between any two."""
    check_string(sum(map(len, parts)) + len(separator) * max(len(parts) - 1, 0))
    return separator.join(parts)


def replace(text: str, old: str, new: str) -> str:
    """The text with each `old`, from the left, replaced by `new`."""
    check_string(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def repeat(text: str, times: int) -> str:
    """The text so many times in a row; `bad_input` for a negative number."""
    if times < 0:
        raise bad_input("a text can't be repeated a negative number of times")
    check_string(len(text) * times)
    # A long empty string would still take as many steps as `times` says.
    return str(text) * times if text else ""


def trim(text: str) -> str:
    """The text without white space at both ends."""
    return text.strip(WHITE_SPACE)


def trim_start(text: str) -> str:
    """The text without white space at its beginning."""
    return text.lstrip(WHITE_SPACE)


def trim_end(text: str) -> str:
    """The text without white space at its end."""
    return text.rstrip(WHITE_SPACE)


def trim_characters(text: str, characters: str) -> str:
    """The text without any of the characters at both ends."""
    return _without_start(_without_end(text, characters), characters)


def trim_characters_start(text: str, characters: str) -> str:
    """The text without any of the characters at its beginning."""
    return _without_start(text, characters)


def trim_characters_end(text: str, characters: str) -> str:
    """The text without any of the characters at its end."""
    return _without_end(text, characters)


def _without_start(text: str, characters: str) -> str:
    # Python's `strip` looks through all of `characters` for each code point; a set does not.
    dropped = frozenset(characters)
    return text[next((place for place, each in enumerate(text) if each not in dropped), len(text)) :]


def _without_end(text: str, characters: str) -> str:
    dropped = frozenset(characters)
    left = next((place for place in range(len(text), 0, -1) if text[place - 1] not in dropped), 0)
    return text[:left]


def trim_prefix(text: str, prefix: str) -> str:
    """The text without that beginning, if it has it."""
    return text.removeprefix(prefix)


def trim_suffix(text: str, suffix: str) -> str:
    """The text without that end, if it has it."""
    return text.removesuffix(suffix)


def is_ascii(text: str) -> bool:
    """Whether all code points are below 128."""
    return text.isascii()


# std.encoding


def base64_encode(text: str) -> str:
    """The UTF-8 of the text in base64 (RFC 4648, section 4), with padding."""
    encoded = text.encode()
    check_string((len(encoded) + 2) // 3 * 4)
    return base64.b64encode(encoded).decode("ascii")


def base64_decode(text: str) -> str:
    """The text whose UTF-8 is written in base64; `bad_input` unless it is, with its padding and nothing else."""
    return _decoded_base64(text, "base64")


def base64url_encode(text: str) -> str:
    """The UTF-8 of the text in base64url (RFC 4648, section 5), without padding."""
    encoded = text.encode()
    check_string((len(encoded) * 4 + 2) // 3)
    return base64.urlsafe_b64encode(encoded).decode("ascii").rstrip("=")


def base64url_decode(text: str) -> str:
    """The text whose UTF-8 is written in base64url, with or without padding; `bad_input` unless it is."""
    if "+" in text or "/" in text:
        raise bad_input("the text is not base64url")
    standard = text.replace("-", "+").replace("_", "/")
    padded = standard if standard.endswith("=") else standard + "=" * (-len(standard) % 4)
    return _decoded_base64(padded, "base64url")


def _decoded_base64(text: str, name: str) -> str:
    try:
        encoded = text.encode("ascii")
        decoded = base64.b64decode(encoded, validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise bad_input(f"the text is not {name}") from None
    # Python passes over stray bits and over padding in odd places; one text must have one encoding.
    if base64.b64encode(decoded) != encoded:
        raise bad_input(f"the text is not {name}")
    return _utf8(decoded)


def _utf8(encoded: bytes) -> str:
    try:
        return encoded.decode("utf-8")
    except UnicodeDecodeError:
        raise bad_input("the decoded bytes are not UTF-8") from None


def hex_encode(text: str) -> str:
    """The UTF-8 of the text in base 16, two lower-case digits a byte."""
    encoded = text.encode()
    check_string(2 * len(encoded))
    return encoded.hex()


def hex_decode(text: str) -> str:
    """The text whose UTF-8 is written in base 16, in either case; `bad_input` unless it is."""
    try:
        return _utf8(binascii.unhexlify(text.encode("ascii")))
    except (UnicodeEncodeError, binascii.Error):
        raise bad_input("the text is not in base 16") from None


def percent_encode(text: str) -> str:
    """The text with all but letters, digits and `-._~` escaped as in a URL (RFC 3986), as UTF-8."""
    encoded = text.encode()
    check_string(sum(1 if byte in _UNRESERVED else 3 for byte in encoded))
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in encoded)


def percent_decode(text: str) -> str:
    """The text with its `%XX` undone, once; `bad_input` for a `%` that begins no escape and for what is not UTF-8."""
    first, *escaped = text.encode().split(b"%")
    decoded = [first]
    for piece in escaped:
        try:
            decoded += (binascii.unhexlify(piece[:2]), piece[2:])
        except binascii.Error:
            raise bad_input("a `%` begins no escape") from None
        if len(piece) < 2:
            raise bad_input("a `%` begins no escape")
    return _utf8(b"".join(decoded))


def sha256(text: str) -> str:
    """The SHA-256 of the text's UTF-8, in 64 digits of base 16."""
    return hashlib.sha256(text.encode()).hexdigest()


TEXT: Final[Mapping[str, Function]] = {
    "std.text.lower": lower,
    "std.text.upper": upper,
    "std.text.equal_ignoring_case": equal_ignoring_case,
    "std.text.starts_with": starts_with,
    "std.text.ends_with": ends_with,
    "std.text.length": length,
    "std.text.index_of": index_of,
    "std.text.occurrences": occurrences,
    "std.text.substring": substring,
    "std.text.before": before,
    "std.text.after": after,
    "std.text.split": split,
    "std.text.lines": lines,
    "std.text.words": words,
    "std.text.reversed": reversed_text,
    "std.text.join": join,
    "std.text.replace": replace,
    "std.text.repeat": repeat,
    "std.text.trim": trim,
    "std.text.trim_start": trim_start,
    "std.text.trim_end": trim_end,
    "std.text.trim_characters": trim_characters,
    "std.text.trim_characters_start": trim_characters_start,
    "std.text.trim_characters_end": trim_characters_end,
    "std.text.trim_prefix": trim_prefix,
    "std.text.trim_suffix": trim_suffix,
    "std.text.is_ascii": is_ascii,
    "std.encoding.base64_encode": base64_encode,
    "std.encoding.base64_decode": base64_decode,
    "std.encoding.base64url_encode": base64url_encode,
    "std.encoding.base64url_decode": base64url_decode,
    "std.encoding.hex_encode": hex_encode,
    "std.encoding.hex_decode": hex_decode,
    "std.encoding.percent_encode": percent_encode,
    "std.encoding.percent_decode": percent_decode,
    "std.encoding.sha256": sha256,
}
