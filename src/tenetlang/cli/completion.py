"""`tenet completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command, commands
from tenetlang.cli.failures import COMPLETE, PROGRAM
from tenetlang.cli.help import ending
from tenetlang.cli.output import say

EXAMPLES = [
    'eval "$(tenet completion bash)"       # in ~/.bashrc',
    'eval "$(tenet completion zsh)"        # in ~/.zshrc',
    "tenet completion fish > ~/.config/fish/completions/tenet.fish",
]


@click.command("completion", cls=Command, epilog=ending(EXAMPLES, [(0, "always")]))
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> int:
    """Print the script that completes commands, options and files in SHELL.

    The script asks `tenet` itself for the words, so it stays right when tenet changes.
    """
    found = get_completion_class(shell)
    assert found is not None
    say(found(commands, {}, PROGRAM, COMPLETE).source())
    return statuses.FINE
