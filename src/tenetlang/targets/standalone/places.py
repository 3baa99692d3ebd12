"""Paths, POSIX and lexical, and versions after Semantic Versioning 2.0.0 (see `values/paths.py` and `values/versions.py`)."""

from __future__ import annotations

from tenetlang.targets.standalone.faults import ValueFault, bad_input, shown

_VERSION_IDENTIFIER = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")
_LONGEST_VERSION = 256


class Path(str):
    """A path in its one spelling, read from text by the constructor; compares and hashes as that spelling.

    `segments` are the names from the root or the start down; `absolute` says whether it begins at the root.
    The root is `/` and the place where relative paths start is `.`; neither has segments.
    """

    __slots__ = ("absolute", "segments")

    absolute: bool
    segments: tuple[str, ...]

    def __new__(cls, text: str) -> Path:
        absolute, segments = _read_path(text)
        path = super().__new__(cls, ("/" if absolute else "") + "/".join(segments) or ".")
        path.absolute = absolute
        path.segments = segments
        return path

    @property
    def name(self) -> str:
        """The last segment; empty for `/` and `.`."""
        return self.segments[-1] if self.segments else ""

    @property
    def extension(self) -> str:
        """What follows the last dot of the name (`gz` in `a.tar.gz`); empty for `.profile` and for `a.`."""
        stem, dot, extension = self.name.rpartition(".")
        return extension if dot and stem.strip(".") else ""

    @property
    def parent(self) -> Path:
        """The path without its last segment; `/` and `.` are their own parents."""
        root = "/" if self.absolute else "./"
        return Path(root + "/".join(self.segments[:-1]))


def parse_path(text: str) -> Path:
    """The path that the text spells; `bad_input` if it spells none, or none that all programs agree on."""
    return Path(text)


def _read_path(text: str) -> tuple[bool, tuple[str, ...]]:
    if not text:
        raise bad_input("an empty text is not a path")
    if "\0" in text or "\\" in text:
        raise bad_input(f"{shown(text)} is not a path: it holds a NUL or a backslash")
    segments: list[str] = []
    for segment in text.split("/"):
        if segment == "..":
            if not segments:
                raise bad_input(f"{shown(text)} is not a path: it climbs above where it starts")
            segments.pop()
        elif segment not in ("", "."):
            segments.append(segment)
    absolute = text[0] == "/"
    if not absolute and segments and segments[0][0] == "~":
        raise bad_input(f"{shown(text)} is not a path: programs disagree whether ~ is a home directory")
    return absolute, tuple(segments)


class Semver:
    """A version, ordered by precedence. `str` gives its text, without build metadata."""

    __slots__ = ("identifiers", "major", "minor", "patch")

    def __init__(self, major: int, minor: int, patch: int, identifiers: tuple[int | str, ...] = ()) -> None:
        self.major = major
        self.minor = minor
        self.patch = patch
        self.identifiers = identifiers

    @property
    def prerelease(self) -> str:
        """What stands after `-`, as in `rc.1`; empty for a release."""
        return ".".join(map(str, self.identifiers))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Semver) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        release = f"{self.major}.{self.minor}.{self.patch}"
        return f"{release}-{self.prerelease}" if self.identifiers else release


def parse_semver(text: str) -> Semver:
    """A version such as `1.2.0` or `1.2.0-rc.1`, of at most 256 characters; `bad_input` if it is anything else."""
    if len(text) > _LONGEST_VERSION:
        raise _no_version(text)
    version, plus, build = text.partition("+")
    release, dash, prerelease = version.partition("-")
    numbers = release.split(".")
    if len(numbers) != 3 or (plus and not all(_is_version_identifier(part) for part in build.split("."))):
        raise _no_version(text)
    major, minor, patch = (_version_number(text, number) for number in numbers)
    identifiers = prerelease.split(".") if dash else []
    return Semver(major, minor, patch, tuple(_version_identifier(text, identifier) for identifier in identifiers))


def precedence_of(version: Semver) -> tuple[object, ...]:
    """What orders versions: a release after its prereleases, numbers before words, shorter before longer."""
    identifiers = tuple(
        (0, identifier, "") if isinstance(identifier, int) else (1, 0, identifier) for identifier in version.identifiers
    )
    return (version.major, version.minor, version.patch, 0 if identifiers else 1, identifiers)


def _version_identifier(text: str, identifier: str) -> int | str:
    if not _is_version_identifier(identifier):
        raise _no_version(text)
    return _version_number(text, identifier) if identifier.isdigit() else identifier


def _is_version_identifier(text: str) -> bool:
    return bool(text) and _VERSION_IDENTIFIER.issuperset(text)


def _version_number(text: str, digits: str) -> int:
    if not digits.isascii() or not digits.isdigit() or (digits[0] == "0" and len(digits) > 1):
        raise _no_version(text)
    return int(digits)


def _no_version(text: str) -> ValueFault:
    return bad_input(f"{shown(text)} is not a version such as 1.2.0 or 1.2.0-rc.1")
