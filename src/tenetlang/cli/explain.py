"""`tenet explain`."""

from __future__ import annotations

import re
import sys

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import FORMAT
from tenetlang.cli.output import Paint, painter, say, say_json

EXAMPLES = ["tenet explain", "tenet explain conflicting-rules"]

_HEADING = re.compile(r"#+ ")
_FENCE = "```"
_SUMMARY = 76


def _names(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The checks, for the shell to complete."""
    from tenetlang.report.catalogue import CATALOGUE

    return [name for name in CATALOGUE if name.startswith(incomplete)]


@click.command("explain", cls=Command, epilog=ending(EXAMPLES, [(0, "printed")]))
@click.argument("check", required=False, shell_complete=_names)
@FORMAT
def command(check: str | None, style: str) -> int:
    """Print the page of CHECK: what it finds, why that matters, an example and what to do. Alone, list all checks."""
    if check is None:
        return _list_all(style)
    from tenetlang.report.catalogue import CATALOGUE
    from tenetlang.report.explain import page, suggestion

    found = page(check)
    if found is None:
        near = suggestion(check)
        hint = f"; did you mean `{near}`?" if near else "; `tenet explain` lists them all"
        raise click.UsageError(f"there is no check `{check}`{hint}", click.get_current_context())
    if style == "json":
        say_json({"check": check, "severity": CATALOGUE[check].severity, "page": found})
    else:
        say(_laid_out(found, painter(sys.stdout)))
    return statuses.FINE


def _list_all(style: str) -> int:
    from tenetlang.report.catalogue import CATALOGUE
    from tenetlang.report.explain import page

    listed = [(name, check.severity, summary(page(name) or "")) for name, check in CATALOGUE.items()]
    if style == "json":
        say_json({"checks": [{"check": name, "severity": grave, "summary": text} for name, grave, text in listed]})
        return statuses.FINE
    paint = painter(sys.stdout)
    column = max(len(name) for name, _, _ in listed)
    for name, grave, text in listed:
        say(f"{paint(name, 'heading')}{' ' * (column - len(name))}  {grave:<7}  {_short(text)}\n")
    return statuses.FINE


def summary(text: str) -> str:
    """The first sentence of a page, which is its first paragraph that is neither title nor severity."""
    for paragraph in text.split("\n\n"):
        if not paragraph.startswith(("#", "**", _FENCE)):
            return " ".join(paragraph.split()).partition(". ")[0].rstrip(".")
    return ""


def _short(text: str) -> str:
    """As much of a summary as stands on one line of a list."""
    text = text.partition(": ")[0]
    return text if len(text) <= _SUMMARY else text[: text.rindex(" ", 0, _SUMMARY)] + " …"


def _laid_out(text: str, paint: Paint) -> str:
    """A page as it is, with its headings and code in styles; the words after a fence are for machines."""
    lines: list[str] = []
    code = False
    for line in text.splitlines():
        if line.startswith(_FENCE):
            code = not code
            continue
        if code:
            lines.append(f"    {line}".rstrip())
        elif _HEADING.match(line):
            lines.append(paint(_HEADING.sub("", line), "heading"))
        else:
            lines.append(line.replace("**", "") if line.startswith("**") else line)
    return "\n".join(lines) + "\n"
