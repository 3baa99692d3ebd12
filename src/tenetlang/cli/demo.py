"""`tenet demo`: the tour. Nothing in it is written down beforehand but the policy; the rest is what really happens."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.output import Paint, painter, plain, say

if TYPE_CHECKING:
    from tenetlang.audit import Problem
    from tenetlang.project.project import Result

POLICY = """\
package shop
tool refund(amount: decimal, to: email)

default deny because "no rule allows this call"
allow small if { tool is refund; args.amount <= 50.00 }
deny outsiders if { tool is refund; args.to.domain != "shop.com" }
    because "{args.to} is not one of us"
"""
WRONG, RIGHT = "args.amuont <= 50.00", "args.amount <= 50.00"
REQUESTS = (
    {"tool": "refund", "args": {"amount": 20, "to": "ann@shop.com"}},
    {"tool": "refund", "args": {"amount": 20, "to": "eve@evil.com"}},
    {"tool": "refund", "args": {"amount": 900, "to": "ann@shop.com"}},
)


@click.command("demo", cls=Command, epilog=ending(["tenet demo"], [(0, "always")]))
def command() -> int:
    """A tour on one page: a policy, a mistake found in it, a decision explained, a log that was tampered with.

    All of it runs as you look, in a temporary folder that is gone afterwards.
    """
    for line in tour(painter(sys.stdout)):
        say(line + "\n")
    return statuses.FINE


def tour(paint: Paint) -> Iterator[str]:
    """The lines of the tour."""
    yield paint("1. A policy says what an agent may do", "heading")
    yield from (f"   {line}" for line in POLICY.splitlines() if line)
    yield paint("2. A slip of the pen is found before it can do harm: `amuont`", "heading")
    yield from (f"   {line}" for line in _mistake(colour=paint is not plain))
    yield paint("3. A refund of 20 to eve@evil.com: every decision says why", "heading")
    result = _compiled(POLICY)
    yield from (f"   {line}" for line in _why(result, paint))
    yield paint("4. Decisions are recorded; then someone turns that deny into an allow", "heading")
    with tempfile.TemporaryDirectory(prefix="tenet-") as folder:
        yield from (f"   {line}" for line in _tampering(result, Path(folder), paint))
    yield f"Next: {paint('tenet --help', 'heading')}"


def _compiled(policy: str) -> Result:
    from tenetlang.project.configuration import Configuration
    from tenetlang.project.project import Project
    from tenetlang.text import Text

    return Project((Text("shop.tenet", policy),), Configuration()).compile()


def _mistake(*, colour: bool) -> Iterator[str]:
    from tenetlang.report.pretty import render
    from tenetlang.report.words import describe

    found = _compiled(POLICY.replace(RIGHT, WRONG)).findings
    shown = render((describe(finding) for finding in found[:1]), colour=colour).splitlines()
    yield from (line for line in shown[:-1] if click.unstyle(line).strip(" │"))


def _why(result: Result, paint: Paint) -> Iterator[str]:
    from tenetlang.cli.why import known_rules
    from tenetlang.cli.why_text import explain, why_lines
    from tenetlang.program.request_paths import unquoted_paths

    evaluator = result.evaluator({})
    explanation = explain(evaluator.decide(REQUESTS[1]), known_rules(evaluator.policy))
    yield from (line for line in why_lines(explanation, paint, bare=unquoted_paths(evaluator.policy)) if line)


def _tampering(result: Result, folder: Path, paint: Paint) -> Iterator[str]:
    from tenetlang.audit import verify_log
    from tenetlang.cli.answer import Answer
    from tenetlang.cli.recording import open_recorder, surroundings_of

    log = folder / "decisions.db"
    evaluator = result.evaluator({})
    recorder = open_recorder(log, surroundings_of(evaluator, {}))
    recorder.record([Answer(evaluator.decide(request), request, 0) for request in REQUESTS])
    recorder.close()
    before = verify_log(log)
    yield f"before  {_verdict(before.problems, paint)}"
    _tamper(log)
    after = verify_log(log)
    yield f"after   {_verdict(after.problems, paint)}"


def _verdict(problems: tuple[Problem, ...], paint: Paint) -> str:
    if not problems:
        return paint("sound", "good")
    first = problems[0]
    return f"{paint('changed', 'bad')}: record {first.index}, whose hash is no longer the one that was recorded"


def _tamper(log: Path) -> None:
    """What a thief would do: the verdict of the second decision, in the database itself."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(log)) as connection, connection:
        connection.execute(
            "UPDATE records SET record = CAST(replace(CAST(record AS TEXT), ?, ?) AS BLOB) WHERE idx = 2",
            ('"verdict":"deny"', '"verdict":"allow"'),
        )
