"""Decides every call of AgentDojo's banking agent by the policy beside this file, and prints the tables of the README.

    python examples/banking/replay.py tests/vectors/agentdojo/banking.json

What is decided are the tasks' own calls, one by one, as a guard would see them: the tool, its arguments, where each
value came from, what the session has seen, what went out today. Nothing tells the policy whose task a call belongs to.

The file says of each argument where its values occur: in the task's text (`task`), in the result of an earlier call
(`call:N`), or nowhere (`none`). Of a user's task, the text is the user's own words, so `task` becomes the origin `user`.
Of an injection, the text is what somebody planted in the result of a tool, so `task` becomes the origin `tool:NAME` of
that tool, and the session has called it. `none` is what the agent made up: `agent`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import attrs

from tenetlang import load
from tenetlang.decision import Decision
from tenetlang.policy import Policy

HERE = Path(__file__).parent
UNTRUSTED = frozenset({"read_file", "get_most_recent_transactions"})  # the tools that `@returns("untrusted")`
PAYS = frozenset({"send_money", "schedule_transaction"})
VERDICTS = ("allow", "escalate", "deny")


@attrs.frozen
class Call:
    """One call of a task, as the file has it."""

    tool: str
    args: Mapping[str, object]
    sources: Mapping[str, Sequence[str]]


@attrs.frozen
class Task:
    """A user's task, or an injection's where `planted` is the tool whose result holds the text."""

    name: str
    calls: tuple[Call, ...]
    planted: str | None = None


@attrs.frozen
class Decided:
    """One call of a task, the request it became, and what the policy says of it."""

    task: str
    tool: str
    request: Mapping[str, object]
    decision: Decision


def read_tasks(file: Path, kind: str, planted: str | None = None) -> list[Task]:
    """The `user_tasks` or the `injection_tasks` of the file."""
    document = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    return [
        Task(
            task["id"],
            tuple(Call(call["function"], call["args"], call["arg_origin"]) for call in task["calls"]),
            planted,
        )
        for task in document[kind]
    ]


def replay(policy: Policy, task: Task) -> Iterator[Decided]:
    """Each call decided in order. What escalates is taken to be approved by the time the next call is made."""
    session = {"id": task.name, "labels": set[str](), "calls": list[object]()}
    if task.planted is not None:
        _remember(session, task.planted, {}, "allow")
    paid = Decimal(0)
    for call in task.calls:
        request = {
            "tool": call.tool,
            "args": dict(call.args),
            "origins": origins(call, task),
            "agent": {"id": "assistant"},
            "user": {"id": "customer"},
            "session": {"id": session["id"], "labels": sorted(session["labels"]), "calls": list(session["calls"])},
            "counters": {"paid_today": paid},
        }
        decision = policy.decide(request)
        if decision.verdict == "allow" and call.tool in PAYS:
            paid += Decimal(str(call.args["amount"]))
        _remember(session, call.tool, call.args, decision.verdict)
        yield Decided(task.name, call.tool, request, decision)


def origins(call: Call, task: Task) -> dict[str, list[str]]:
    """The origins of a call's arguments, in the words of a request."""
    return {
        argument: [_origin(source, task) for source in sources] or ["agent"]
        for argument, sources in call.sources.items()
    }


def _origin(source: str, task: Task) -> str:
    kind, _, number = source.partition(":")
    if kind == "call":
        return f"tool:{task.calls[int(number)].tool}"
    if kind == "task":
        return "user" if task.planted is None else f"tool:{task.planted}"
    return "agent"
