"""`tenet version`."""

from __future__ import annotations

import click

from tenetlang.cli import about, statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import FORMAT
from tenetlang.cli.output import say, say_json


@click.command("version", cls=Command, epilog=ending(["tenet version"], [(0, "always")]))
@FORMAT
def command(style: str) -> int:
    """Print the versions of tenetlang and Python, and the platform."""
    if style == "json":
        say_json(about.facts())
    else:
        say(about.line() + "\n")
    return statuses.FINE
