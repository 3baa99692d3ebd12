"""`tenet show`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, ENTRY, NO_CACHE, compiled, loaded, rendered, report_broken
from tenetlang.cli.output import SCHEMA_VERSION, coloured, remark, say, waiting

if TYPE_CHECKING:
    from tenetlang.decision_tree.tree import Policy
    from tenetlang.program.program import Program
    from tenetlang.text import Text

STAGES = ("syntax", "program", "decision-tree", "python")
FORMATS = {
    "syntax": ("pretty", "json"),
    "program": ("pretty", "json"),
    "decision-tree": ("pretty", "json", "mermaid", "svg"),
    "python": ("pretty", "json"),
}
EXAMPLES = [
    "tenet show syntax policies/support.tenet",
    "tenet show decision-tree policies/ --format svg -o tree.svg",
    "tenet show python policies/ | less",
]
STATUSES = [(0, "shown"), (1, "the policy has errors")]


@click.command("show", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("stage", type=click.Choice(STAGES))
@click.argument("policy", type=ANYWHERE)
@ENTRY
@NO_CACHE
@click.option(
    "--format",
    "style",
    type=click.Choice(("pretty", "json", "mermaid", "svg")),
    default="pretty",
    show_default=True,
    help="`mermaid` and `svg` draw the decision tree.",
)
@click.option("-o", "output", type=ANYWHERE, metavar="FILE", help="Write to this file.")
def command(stage: str, policy: Path, entry: str | None, cached: bool, style: str, output: Path | None) -> int:
    """Print what STAGE of the compiler makes of the policy at POLICY, a file or a folder.

    The stages are the syntax tree, the checked program, the decision tree that decides requests, and the Python code
    that is generated from it. The last two take what `tenet build` made as well.
    """
    if style not in FORMATS[stage]:
        raise click.BadParameter(f"`{stage}` is shown as {' or '.join(FORMATS[stage])}", param_hint="--format")
    if stage == "syntax":
        return _syntax(policy, style, output)
    if stage == "program":
        result = compiled([policy], entry)
        if result.broken or result.program is None:
            report_broken(result.findings, style)
            return statuses.FOUND
        text = _program(result.program, style)
    else:
        found = loaded(policy, entry, style, cached=cached)
        if found is None:
            return statuses.FOUND
        with waiting("compiling"):
            text = _later_stage(stage, found.policy, style)
    _write(text, output)
    return statuses.FINE


def _syntax(policy: Path, style: str, output: Path | None) -> int:
    """The syntax trees of all files, as far as they could be read, and what could not be."""
    from tenetlang.project.project import read_project
    from tenetlang.syntax.parse import parse

    with waiting("reading"):
        parsed = [(text, *parse(text)) for text in read_project([policy]).texts]
        shown = _stage_text("syntax", [(text, file) for text, file, _ in parsed], style)
    findings = [finding for _, _, found in parsed for finding in found]
    _write(shown, output)
    if findings:
        remark(rendered(findings, "pretty", colour=coloured(sys.stderr)))
    return statuses.FOUND if findings else statuses.FINE


def _stage_text(stage: str, files: Iterable[tuple[Text, object]], style: str) -> str:
    from tenetlang.cli.dump import dump_json, dump_lines
    from tenetlang.report.json import write
    from tenetlang.report.visible import visible

    if style == "json":
        shown = [{"file": text.name, "syntax": dump_json(file)} for text, file in files]
        return write({"schema_version": SCHEMA_VERSION, "stage": stage, "files": shown}) + "\n"
    blocks = ["\n".join([f"# {visible(text.name)}", *dump_lines(file)]) for text, file in files]
    return "\n\n".join(blocks) + "\n"


def _program(program: Program, style: str) -> str:
    from tenetlang.cli.dump import dump_json, dump_lines
    from tenetlang.report.json import write

    if style == "json":
        return write({"schema_version": SCHEMA_VERSION, "stage": "program", "program": dump_json(program)}) + "\n"
    return "\n".join(dump_lines(program)) + "\n"


def _later_stage(stage: str, tree: Policy, style: str) -> str:
    from tenetlang.report.json import write

    if stage == "decision-tree":
        from tenetlang.decision_tree import json_form
        from tenetlang.decision_tree.print import as_mermaid, as_svg, as_text

        if style == "json":
            shape = json_form.to_json(tree)
            return write({"schema_version": SCHEMA_VERSION, "stage": stage, "decision_tree": shape}) + "\n"
        return {"mermaid": as_mermaid, "svg": as_svg, "pretty": as_text}[style](tree)
    from tenetlang.evaluator.source import python_source

    code = python_source(tree)
    if style == "json":
        return write({"schema_version": SCHEMA_VERSION, "stage": stage, "python": code}) + "\n"
    return code


def _write(text: str, output: Path | None) -> None:
    if output is None or str(output) == "-":
        say(text if text.endswith("\n") else f"{text}\n")
        return
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.ClickException(f"`{output}` can't be written: {error.strerror}") from error
