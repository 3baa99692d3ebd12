"""The commands, each in a module of its own that is loaded when the command runs.

The table gives the help its lines, so that listing the commands loads none of them. Every command also takes `--color`
and `--debug`, before its name or behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from tenetlang.cli import about
from tenetlang.cli.output import Terminal
from tenetlang.frozen import frozen
from tenetlang.report.nearest import nearest


@frozen
class Entry:
    """Where a command is, and what it does in a few words."""

    module: str
    summary: str


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry("demo", "A tour on one page; needs no files and leaves none."),
    "check": Entry("check", "Find mistakes in policies."),
    "test": Entry("test", "Run the tests and claims of policies."),
    "prove": Entry("prove", "Prove claims, and compare policies, for all requests."),
    "eval": Entry("evaluate", "Decide a request."),
    "diff": Entry("diff", "Say what changes between two versions of a policy."),
    "replay": Entry("replay", "Decide recorded requests again, by the same policy or another."),
    "why": Entry("why", "Say why a request is decided as it is."),
    "explain": Entry("explain", "Print the page of a check."),
    "show": Entry("show", "Print a stage of the compiler for a policy."),
    "build": Entry("build", "Compile a policy for other programs, or into a bundle."),
    "bundle": Entry("bundle", "Look into bundles, verify and sign them."),
    "audit": Entry("audit", "Verify, show and export a log of decisions."),
    "guard": Entry("guard", "Stop the calls of agents, and let them go on."),
    "ledger": Entry("ledger", "Look at what a guard remembers, and set it right."),
    "review": Entry("review", "Show escalations that wait, and answer them."),
    "witness": Entry("witness", "Cosign logs of others as long as they only grow."),
    "completion": Entry("completion", "Print the script that completes commands in a shell."),
    "version": Entry("version", "Print the version."),
}

WIDTH = 80
SETTINGS: dict[str, object] = {"help_option_names": ["-h", "--help"], "terminal_width": WIDTH}


def _set_colour(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Terminal).colour = value


def _set_debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Terminal).debug = True


def _shared() -> list[click.Parameter]:
    """The options that every command takes."""
    return [
        click.Option(
            ["--color"],
            type=click.Choice(("auto", "always", "never")),
            expose_value=False,
            is_eager=True,
            callback=_set_colour,
            help="Colours; `auto` heeds NO_COLOR, FORCE_COLOR and whether this is a terminal.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set_debug,
            help="Show a traceback if tenet itself fails.",
        ),
    ]


def _set_trusted(context: click.Context, _: click.Parameter, keys: tuple[str, ...]) -> None:
    context.ensure_object(Terminal).trusted = keys


def _set_threshold(context: click.Context, _: click.Parameter, least: int) -> None:
    context.ensure_object(Terminal).threshold = least


def _of_policies() -> list[click.Parameter]:
    """The options that every command takes which takes a policy, for that may be a bundle."""
    return [
        click.Option(
            ["--trust"],
            multiple=True,
            metavar="VERIFIER",
            envvar="TENET_TRUST",
            expose_value=False,
            callback=_set_trusted,
            help="If the policy is a bundle: a key that may sign it, or a file that holds it; may be repeated; or TENET_TRUST.",
        ),
        click.Option(
            ["--threshold"],
            type=int,
            default=1,
            show_default=True,
            metavar="N",
            expose_value=False,
            callback=_set_threshold,
            help="So many different trusted keys must have signed.",
        ),
    ]


class Command(click.Command):
    """A command with the options that every command takes."""

    def get_params(self, context: click.Context) -> list[click.Parameter]:
        *own, help_option = super().get_params(context)
        of_policies = _of_policies() if any(parameter.name == "entry" for parameter in own) else []
        return [*own, *of_policies, *_shared(), help_option]


class Group(click.Group):
    """Commands below a command; an unknown one is answered with the nearest."""

    command_class: type[click.Command] | None = Command

    def get_params(self, context: click.Context) -> list[click.Parameter]:
        *own, help_option = super().get_params(context)
        return [*own, *_shared(), help_option]

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not context.resilient_parsing and not name.startswith("-") and self.get_command(context, name) is None:
            known = self.list_commands(context)
            near = nearest(name, known) or next((other for other in known if name and other.startswith(name)), None)
            hint = f"; did you mean `{near}`?" if near else ""
            raise click.UsageError(f"there is no command `{name}`{hint}", context)
        return super().resolve_command(context, args)


class Commands(Group):
    """The commands of the table."""

    def list_commands(self, context: click.Context) -> list[str]:  # noqa: ARG002  # Click's
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:  # noqa: ARG002  # Click's
        entry = COMMANDS.get(name)
        if entry is None:
            return None
        command: object = import_module(f"tenetlang.cli.{entry.module}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # Click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def _print_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(about.line())
        context.exit()


@click.group(cls=Commands, context_settings=SETTINGS)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def commands() -> None:
    """Decide what AI agents may do: allow, deny, or escalate to people.

    \b
    A first look:           tenet demo
    Mistakes in policies:   tenet check policies/
    A decision:             tenet eval policies/ request.json
    """  # noqa: D301  # the backspace is what Click wants
