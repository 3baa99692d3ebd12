"""Paths: POSIX, lexical, case-sensitive.

A path is what its text says. Nothing asks a file system, so links are not followed: who acts on a decision
must resolve them first and ask about the result.

One file has one spelling here: `.` and repeated slashes fall away, `..` takes back the segment before it, a
slash at the end is dropped, and `//x` is `/x` (POSIX lets a system read two leading slashes as it likes; none
in use does). `..` that would climb above the root, or above where a relative path starts, makes the text
invalid: it names nothing that a policy can reason about. So does a relative path that begins with `~`, which
programs that expand a home directory and programs that don't read as two different files, and so do NUL,
which cuts a name short in C, and the backslash, which separates on one system and not on another.
"""

from __future__ import annotations

from typing import Self

from tenetlang.values.faults import bad_input, shown


class Path(str):
    """A path in its one spelling, read from text by the constructor; compares and hashes as that spelling.

    `segments` are the names from the root or the start down; `absolute` says whether it begins at the root.
    The root is `/` and the place where relative paths start is `.`; neither has segments.
    """

    __slots__ = ("absolute", "segments")

    absolute: bool
    segments: tuple[str, ...]

    def __new__(cls, text: str) -> Self:
        absolute, segments = _read(text)
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


def _read(text: str) -> tuple[bool, tuple[str, ...]]:
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
