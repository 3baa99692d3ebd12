"""The functions of `std.text` and `std.encoding`. Positions and lengths count code points; nothing is normalised."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable

from tenetlang.targets.standalone.code_points import lower_case, upper_case, without_case
from tenetlang.targets.standalone.faults import bad_input
from tenetlang.targets.standalone.operations import check_string

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""The code points that Unicode gives the property White_Space, all 25 of them; the list has not changed since 2013."""

_AS_SPACES = str.maketrans(dict.fromkeys(WHITE_SPACE, " "))
_PLAIN_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def text_lower(text: str) -> str:
    """The text in lower case, code point by code point."""
    return lower_case(text)


def text_upper(text: str) -> str:
    """The text in upper case, code point by code point."""
    return upper_case(text)


def text_equal_ignoring_case(left: str, right: str) -> bool:
    """Whether the two differ in letter case at most, by simple case folding."""
    return without_case(left) == without_case(right)


def text_starts_with(text: str, prefix: str) -> bool:
    """Whether the text begins so."""
    return text.startswith(prefix)


def text_ends_with(text: str, suffix: str) -> bool:
    """Whether the text ends so."""
    return text.endswith(suffix)


def text_length(text: str) -> int:
    """How many code points the text has."""
    return len(text)


def text_index_of(text: str, part: str) -> int:
    """Where the part first begins, or -1 if it does not occur."""
    return text.find(part)


def text_occurrences(text: str, part: str) -> int:
    """How often the part occurs without overlapping itself; the empty string occurs before and after each code point."""
    return text.count(part)


def text_substring(text: str, start: int, count: int) -> str:
    """At most `count` code points from position `start` on; `bad_input` where either is negative."""
    if start < 0 or count < 0:
        raise bad_input("a position or a length is negative")
    return text[start : start + count]


def text_before(text: str, separator: str) -> str:
    """What stands before the first separator; the whole text if there is none."""
    found = text.find(separator)
    return text[: found if found >= 0 else len(text)]


def text_after(text: str, separator: str) -> str:
    """What stands after the first separator; nothing if there is none."""
    found = text.find(separator)
    return "" if found < 0 else text[found + len(separator) :]


def text_split(text: str, separator: str) -> tuple[str, ...]:
    """The pieces between the separators; with an empty separator, the single code points."""
    return tuple(text.split(separator)) if separator else tuple(text)


def text_lines(text: str) -> tuple[str, ...]:
    """The pieces between line breaks, LF or CR LF; other characters that end a line for Python do not."""
    return tuple(text.replace("\r\n", "\n").split("\n"))


def text_words(text: str) -> tuple[str, ...]:
    """What stands between white space; no piece is empty."""
    return tuple(piece for piece in text.translate(_AS_SPACES).split(" ") if piece)


def text_reversed_text(text: str) -> str:
    """The code points from the last to the first."""
    return text[::-1]


def text_join(parts: tuple[str, ...], separator: str) -> str:
    """The parts with the separator between any two."""
    check_string(sum(map(len, parts)) + len(separator) * max(len(parts) - 1, 0))
    return separator.join(parts)


def text_replace(text: str, old: str, new: str) -> str:
    """The text with each `old`, from the left, replaced by `new`."""
    check_string(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def text_repeat(text: str, times: int) -> str:
    """The text so many times in a row; `bad_input` for a negative number."""
    if times < 0:
        raise bad_input("a text can't be repeated a negative number of times")
    check_string(len(text) * times)
    # A long empty string would still take as many steps as `times` says.
    return str(text) * times if text else ""


def text_trim(text: str) -> str:
    """The text without white space at both ends."""
    return text.strip(WHITE_SPACE)


def text_trim_start(text: str) -> str:
    """The text without white space at its beginning."""
    return text.lstrip(WHITE_SPACE)


def text_trim_end(text: str) -> str:
    """The text without white space at its end."""
    return text.rstrip(WHITE_SPACE)


def text_trim_characters(text: str, characters: str) -> str:
    """The text without any of the characters at both ends."""
    return _without_start(_without_end(text, characters), characters)


def text_trim_characters_start(text: str, characters: str) -> str:
    """The text without any of the characters at its beginning."""
    return _without_start(text, characters)


def text_trim_characters_end(text: str, characters: str) -> str:
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


def text_trim_prefix(text: str, prefix: str) -> str:
    """The text without that beginning, if it has it."""
    return text[len(prefix) :] if text.startswith(prefix) else text


def text_trim_suffix(text: str, suffix: str) -> str:
    """The text without that end, if it has it."""
    return text[: len(text) - len(suffix)] if text.endswith(suffix) else text


def text_is_ascii(text: str) -> bool:
    """Whether all code points are below 128."""
    return text.isascii()


# std.encoding


def text_base64_encode(text: str) -> str:
    """The UTF-8 of the text in base64 (RFC 4648, section 4), with padding."""
    encoded = text.encode()
    check_string((len(encoded) + 2) // 3 * 4)
    return base64.b64encode(encoded).decode("ascii")


def text_base64_decode(text: str) -> str:
    """The text whose UTF-8 is written in base64; `bad_input` unless it is, with its padding and nothing else."""
    return _decoded_base64(text, "base64")


def text_base64url_encode(text: str) -> str:
    """The UTF-8 of the text in base64url (RFC 4648, section 5), without padding."""
    encoded = text.encode()
    check_string((len(encoded) * 4 + 2) // 3)
    return base64.urlsafe_b64encode(encoded).decode("ascii").rstrip("=")


def text_base64url_decode(text: str) -> str:
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
    return _text_of(decoded)


def _text_of(encoded: bytes) -> str:
    try:
        return encoded.decode("utf-8")
    except UnicodeDecodeError:
        raise bad_input("the decoded bytes are not UTF-8") from None


def text_hex_encode(text: str) -> str:
    """The UTF-8 of the text in base 16, two lower-case digits a byte."""
    encoded = text.encode()
    check_string(2 * len(encoded))
    return encoded.hex()


def text_hex_decode(text: str) -> str:
    """The text whose UTF-8 is written in base 16, in either case; `bad_input` unless it is."""
    try:
        return _text_of(binascii.unhexlify(text.encode("ascii")))
    except (UnicodeEncodeError, binascii.Error):
        raise bad_input("the text is not in base 16") from None


def text_percent_encode(text: str) -> str:
    """The text with all but letters, digits and `-._~` escaped as in a URL (RFC 3986), as UTF-8."""
    encoded = text.encode()
    check_string(sum(1 if byte in _PLAIN_BYTES else 3 for byte in encoded))
    return "".join(chr(byte) if byte in _PLAIN_BYTES else f"%{byte:02X}" for byte in encoded)


def text_percent_decode(text: str) -> str:
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
    return _text_of(b"".join(decoded))


def text_sha256(text: str) -> str:
    """The SHA-256 of the text's UTF-8, in 64 digits of base 16."""
    return hashlib.sha256(text.encode()).hexdigest()


TEXT: dict[str, Callable] = {
    "std.text.lower": text_lower,
    "std.text.upper": text_upper,
    "std.text.equal_ignoring_case": text_equal_ignoring_case,
    "std.text.starts_with": text_starts_with,
    "std.text.ends_with": text_ends_with,
    "std.text.length": text_length,
    "std.text.index_of": text_index_of,
    "std.text.occurrences": text_occurrences,
    "std.text.substring": text_substring,
    "std.text.before": text_before,
    "std.text.after": text_after,
    "std.text.split": text_split,
    "std.text.lines": text_lines,
    "std.text.words": text_words,
    "std.text.reversed": text_reversed_text,
    "std.text.join": text_join,
    "std.text.replace": text_replace,
    "std.text.repeat": text_repeat,
    "std.text.trim": text_trim,
    "std.text.trim_start": text_trim_start,
    "std.text.trim_end": text_trim_end,
    "std.text.trim_characters": text_trim_characters,
    "std.text.trim_characters_start": text_trim_characters_start,
    "std.text.trim_characters_end": text_trim_characters_end,
    "std.text.trim_prefix": text_trim_prefix,
    "std.text.trim_suffix": text_trim_suffix,
    "std.text.is_ascii": text_is_ascii,
    "std.encoding.base64_encode": text_base64_encode,
    "std.encoding.base64_decode": text_base64_decode,
    "std.encoding.base64url_encode": text_base64url_encode,
    "std.encoding.base64url_decode": text_base64url_decode,
    "std.encoding.hex_encode": text_hex_encode,
    "std.encoding.hex_decode": text_hex_decode,
    "std.encoding.percent_encode": text_percent_encode,
    "std.encoding.percent_decode": text_percent_decode,
    "std.encoding.sha256": text_sha256,
}
