"""The entry point: runs one command and turns whatever comes of it into an exit status.

Commands return their status, and raise what the stages raise. Here, and only here, exceptions become words: what the
user can put right is one sentence on standard error and status 2; everything else is a bug of tenetlang, and says so
without a traceback, which would tell the user nothing (`--debug` shows it). A failure never ends with status 0, so a
script that asks for a decision and gets none can't take it for an allowance.

Starting is quick because little is loaded: Click only when there is something to parse, a command's module only when
that command runs, and the compiler only by the commands that need it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tenetlang.cli import about, statuses


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `tenet` with these arguments (those of the process if None) and returns the exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    _have_streams()
    try:
        status = _run(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return statuses.INTERRUPTED
    except BrokenPipeError:
        _abandon_output()
        return statuses.BROKEN_PIPE
    except OSError:
        _abandon_output()
        return statuses.USAGE
    return status


def _run(words: list[str]) -> int:
    if words == ["version"]:
        sys.stdout.write(about.line() + "\n")
        return statuses.FINE
    from tenetlang.cli.failures import run

    return run(words)


def _have_streams() -> None:
    """A shell may close a stream (`>&-`, `<&-`) to have only the exit status; Python then has none at all."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115  # open as long as the process runs
    if sys.stdout is None or sys.stderr is None:
        nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # open as long as the process runs
        sys.stdout = sys.stdout or nowhere
        sys.stderr = sys.stderr or nowhere


def _abandon_output() -> None:
    """Nobody reads any more, or nothing can be written; what is still buffered must not fail again when Python ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        pass
