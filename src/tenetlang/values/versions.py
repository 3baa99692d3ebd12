"""Versions after Semantic Versioning 2.0.0 (https://semver.org).

Build metadata (`1.2.0+linux`) is checked and then dropped. The standard leaves it out of precedence, so two
versions that differ only there are neither before nor after one another; a policy that denies `1.2.0` means
`1.2.0+linux` too; and two values that are equal should be one value, whose text does not depend on which of
them a set happened to keep.
"""

from __future__ import annotations

import functools
from typing import Final

import attrs

from tenetlang.values.faults import ValueFault, bad_input, shown

_IDENTIFIER: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")
_LONGEST: Final = 256


@functools.total_ordering
@attrs.frozen
class Semver:
    """A version, ordered by precedence. `str` gives its text, without build metadata."""

    major: int
    minor: int
    patch: int
    identifiers: tuple[int | str, ...] = ()
    """The identifiers after `-`; those made of digits are numbers."""

    @property
    def prerelease(self) -> str:
        """What stands after `-`, as in `rc.1`; empty for a release."""
        return ".".join(map(str, self.identifiers))

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Semver):
            return NotImplemented
        return _precedence(self) < _precedence(other)

    def __hash__(self) -> int:
        # Python hashes an int by its remainder at a prime that everybody knows, a text by a secret of the process.
        return hash(str(self))

    def __str__(self) -> str:
        release = f"{self.major}.{self.minor}.{self.patch}"
        return f"{release}-{self.prerelease}" if self.identifiers else release


def parse_semver(text: str) -> Semver:
    """A version such as `1.2.0` or `1.2.0-rc.1`, of at most 256 characters; `bad_input` if it is anything else."""
    if len(text) > _LONGEST:
        raise _no_version(text)
    version, plus, build = text.partition("+")
    release, dash, prerelease = version.partition("-")
    numbers = release.split(".")
    if len(numbers) != 3 or (plus and not all(_is_identifier(part) for part in build.split("."))):
        raise _no_version(text)
    major, minor, patch = (_number(text, number) for number in numbers)
    identifiers = prerelease.split(".") if dash else []
    return Semver(major, minor, patch, tuple(_identifier(text, identifier) for identifier in identifiers))


def _precedence(version: Semver) -> tuple[object, ...]:
    """What orders versions: a release after its prereleases, numbers before words, shorter before longer."""
    identifiers = tuple(
        (0, identifier, "") if isinstance(identifier, int) else (1, 0, identifier) for identifier in version.identifiers
    )
    return (version.major, version.minor, version.patch, 0 if identifiers else 1, identifiers)


def _identifier(text: str, identifier: str) -> int | str:
    if not _is_identifier(identifier):
        raise _no_version(text)
    return _number(text, identifier) if identifier.isdigit() else identifier


def _is_identifier(text: str) -> bool:
    return bool(text) and _IDENTIFIER.issuperset(text)


def _number(text: str, digits: str) -> int:
    if not digits.isascii() or not digits.isdigit() or (digits[0] == "0" and len(digits) > 1):
        raise _no_version(text)
    return int(digits)


def _no_version(text: str) -> ValueFault:
    return bad_input(f"{shown(text)} is not a version such as 1.2.0 or 1.2.0-rc.1")
