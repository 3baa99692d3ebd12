"""Room for deep expressions: what walks a policy's expressions goes as deep as the policy does."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from threading import Lock
from typing import Final

import attrs

_DEEPEST: Final = 20_000


@contextlib.contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for the deepest expression that the parser lets through; Python's own limit is meant for runaway programs.

    The limit belongs to the process, so of the threads that are inside at one time the last one out puts it back.
    """
    with _DEEP.lock:
        if _DEEP.inside == 0:
            _DEEP.before = sys.getrecursionlimit()
            sys.setrecursionlimit(max(_DEEP.before, _DEEPEST))
        _DEEP.inside += 1
    try:
        yield
    finally:
        with _DEEP.lock:
            _DEEP.inside -= 1
            if _DEEP.inside == 0:
                sys.setrecursionlimit(_DEEP.before)


@attrs.define
class _Deep:
    """Who has raised Python's limit of recursion, and what it was."""

    lock: Lock = attrs.field(factory=Lock)
    inside: int = 0
    before: int = 0


_DEEP: Final = _Deep()
