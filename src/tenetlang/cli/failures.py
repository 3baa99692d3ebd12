"""Runs a command under Click, and puts what went wrong into one sentence and a status."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import click
from click.shell_completion import shell_complete

from tenetlang.cli import statuses
from tenetlang.cli.commands import commands
from tenetlang.cli.output import Terminal, complain, flush
from tenetlang.report.visible import visible

PROGRAM = "tenet"
COMPLETE = "_TENET_COMPLETE"
"""The variable by which a shell's completion script asks for words."""

_SOURCES = Path(__file__).parents[1]


def run(words: list[str]) -> int:
    """The exit status of the command. Raises `KeyboardInterrupt` and `BrokenPipeError`, nothing else."""
    if COMPLETE in os.environ:
        return shell_complete(commands, {}, PROGRAM, COMPLETE, os.environ[COMPLETE])
    terminal = Terminal()
    try:
        status = _invoked(words, terminal)
        flush()
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except BrokenPipeError:
        raise
    except click.exceptions.NoArgsIsHelpError as asked:
        sys.stderr.write(asked.format_message() + "\n")
        return statuses.USAGE
    except click.ClickException as mistake:
        return _usage(mistake)
    except Exception as failure:  # noqa: BLE001  # the edge: whatever it is, it gets a sentence and a status
        return _failed(failure, terminal)
    return status


def _invoked(words: list[str], terminal: Terminal) -> int:
    """What the command returns. Not by Click's own `main`, which would end the process at a broken pipe."""
    try:
        with commands.make_context(PROGRAM, list(words), obj=terminal) as context:
            status: object = commands.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return status if isinstance(status, int) else statuses.FINE


def _usage(mistake: click.ClickException) -> int:
    message = mistake.format_message().removesuffix(".")
    if isinstance(mistake, click.MissingParameter):
        message = " ".join(message.split())  # Click lists choices below each other, and this is one sentence
    complain(message)
    place = mistake.ctx if isinstance(mistake, click.UsageError) else None
    if place is not None:
        sys.stderr.write(f"`{place.command_path} --help` says what it takes\n")
    return statuses.USAGE


def _failed(failure: Exception, terminal: Terminal) -> int:
    status = _status(failure)
    if status is not None:
        complain(str(failure))
        return status
    if terminal.debug:
        sys.stderr.write("".join(visible(line) + "\n" for line in _traceback(failure)))
    where = _place(failure)
    complain(
        f"tenet itself failed ({type(failure).__name__}{where}); this is a bug of tenetlang, and nothing was decided"
    )
    if not terminal.debug:
        sys.stderr.write("please report it to the project with the command that led to it; --debug adds a traceback\n")
    return statuses.INTERNAL


def _status(failure: Exception) -> int | None:
    """The status of what a user can put right; None for anything else. Asked late, when all its modules are loaded."""
    kinds: tuple[tuple[str, str, int], ...] = (
        ("tenetlang.project.project", "ProjectError", statuses.USAGE),
        ("tenetlang.project.configuration", "ConfigurationError", statuses.USAGE),
        ("tenetlang.evaluator.requests", "DataError", statuses.USAGE),
        ("tenetlang.bundle.errors", "BundleError", statuses.USAGE),
        ("tenetlang.audit.errors", "RecordNotFound", statuses.NOTHING),
        ("tenetlang.audit.errors", "NoCheckpoint", statuses.NOTHING),
        ("tenetlang.audit.errors", "LogDamaged", statuses.FOUND),
        ("tenetlang.audit.errors", "LogAltered", statuses.FOUND),
        ("tenetlang.audit.errors", "AuditError", statuses.USAGE),
        ("tenetlang.facts.errors", "LedgerDamaged", statuses.FOUND),
        ("tenetlang.facts.errors", "LedgerError", statuses.USAGE),
    )
    for module, name, status in kinds:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and isinstance(failure, kind):
            return status
    return None


def _traceback(failure: Exception) -> list[str]:
    return "".join(traceback.format_exception(failure)).splitlines()


def _place(failure: Exception) -> str:
    """Where in tenetlang it happened, as ` in audit/log.py, line 12`."""
    for frame in reversed(traceback.extract_tb(failure.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(_SOURCES) and file != Path(__file__):
            return f" in {file.relative_to(_SOURCES).as_posix()}, line {frame.lineno}"
    return ""
