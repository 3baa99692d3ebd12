"""Writing: data to standard output, all else to standard error, colours where they are wanted.

Colours: `--color always` or `never` says it. Else, by custom, a `NO_COLOR` that is not empty says never, a
`FORCE_COLOR` that is not empty says always, and without either there are colours on a terminal that is not `dumb`.

A stream that can't show the box characters and marks of the findings gets them in ASCII, and what else it can't show
spelled out, so that writing never fails for a character.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, Self, TextIO, TypeAlias

import attrs
import click

from tenetlang.report.json import write

SCHEMA_VERSION = 1

Style = Literal["allow", "deny", "escalate", "heading", "quiet", "good", "bad"]
Paint: TypeAlias = Callable[[str, Style], str]
"""Puts a text into a style, or leaves it as it is."""

_CODES: Mapping[Style, str] = {
    "allow": "1;32",
    "deny": "1;31",
    "escalate": "1;33",
    "heading": "1",
    "quiet": "2",
    "good": "32",
    "bad": "31",
}
_ASCII = str.maketrans(
    {"│": "|", "┌": ",", "├": "+", "─": "-", "·": ".", "…": "...", "✓": "+", "✗": "x", "–": "-", "→": "->", "’": "'"}
)


@attrs.define
class Terminal:
    """What was asked for beside the command itself: `--color` (`auto`, `always` or `never`) and `--debug`, and whose signatures
    of bundles count."""

    colour: str = "auto"
    debug: bool = False
    trusted: tuple[str, ...] = ()
    threshold: int = 1


def terminal() -> Terminal:
    """The one of the command that runs."""
    context = click.get_current_context(silent=True)
    found = context.find_object(Terminal) if context else None
    return found or Terminal()


def coloured(stream: TextIO) -> bool:
    """Whether to write colours to the stream."""
    wanted = terminal().colour
    if wanted != "auto":
        return wanted == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def plain(text: str, style: Style) -> str:  # noqa: ARG001  # it is a `Paint`
    """The text as it is."""
    return text


def painted(text: str, style: Style) -> str:
    """The text between the sequences that switch the style on and off."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def painter(stream: TextIO) -> Paint:
    """Paints for this stream, if it shows colours."""
    return painted if coloured(stream) else plain


def say(text: str) -> None:
    """Data, with its line breaks, to standard output."""
    _put(sys.stdout, text)


def say_json(shape: Mapping[str, object]) -> None:
    """A document, on one line, with the version of its schema in front."""
    say(write({"schema_version": SCHEMA_VERSION, **shape}) + "\n")


def remark(text: str) -> None:
    """All else, with its line breaks, to standard error."""
    _put(sys.stderr, text)


def complain(sentence: str) -> None:
    """What went wrong, in one sentence, to standard error."""
    from tenetlang.report.visible import visible

    remark(f"{painter(sys.stderr)('error', 'deny')}: {visible(sentence)}\n")


def flush() -> None:
    """Everything said so far is written. Raises `BrokenPipeError`, and `ClickException` where it can't be."""
    with _writing():
        sys.stdout.flush()


def _put(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    with _writing():
        stream.write(text)


@contextmanager
def _writing() -> Iterator[None]:
    """A full disk is no bug of tenetlang."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise click.ClickException(f"the output can't be written: {error.strerror}") from error


@attrs.define
class Progress:
    """How far something is that takes a while: on standard error, on a terminal only, and only after a second.

    Not `wanted` where the output itself appears on the terminal bit by bit, and shows as much. `each` is called at each step.
    Used in a `with`, which takes the line away again at the end.
    """

    what: str
    total: int | None = None
    wanted: bool = True
    each: Callable[[], None] = lambda: None
    done: int = 0
    began: float = attrs.field(factory=time.monotonic)
    shown: float = 0.0

    def step(self) -> None:
        """One more is done."""
        self.each()
        self.done += 1
        now = time.monotonic()
        if not self.wanted or now - self.began < 1 or now - self.shown < 0.1 or not sys.stderr.isatty():
            return
        self.shown = now
        of = f" of {self.total:,}" if self.total is not None else ""
        sys.stderr.write(f"\r\x1b[K{self.what}: {self.done:,}{of}")
        sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextmanager
def waiting(what: str, patience: float = 1.0) -> Iterator[None]:
    """Says for how long something has been going on that can't say how far it is: where and when `Progress` would."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    began = time.monotonic()

    def tell() -> None:
        pause = patience
        while not over.wait(pause):
            pause = 0.5
            sys.stderr.write(f"\r\x1b[K{what}: {time.monotonic() - began:.0f} s")
            sys.stderr.flush()
        if pause != patience:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
