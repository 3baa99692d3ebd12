"""Decides every call of AgentDojo's banking agent by the policy beside this file, and prints the tables of the README.

    python examples/banking/replay.py [FILE]

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import attrs

from tenetlang import load
from tenetlang.decision import Decision, Verdict
from tenetlang.policy import Policy

HERE = Path(__file__).parent
TASKS = HERE.parents[1] / "tests" / "vectors" / "agentdojo" / "banking.json"
UNTRUSTED = frozenset({"read_file", "get_most_recent_transactions"})  # the tools that `@returns("untrusted")`
PAYS = frozenset({"send_money", "schedule_transaction"})
VERDICTS: tuple[Verdict, ...] = ("allow", "escalate", "deny")


@attrs.frozen
class Call:
    """One call of a task, as the file has it."""

    tool: str
    args: Mapping[str, object]
    sources: Mapping[str, Sequence[str]]


@attrs.frozen
class Task:
    """A user's task, or an injection where `planted` is the tool whose result holds the text."""

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


def origins(call: Call, task: Task) -> dict[str, object]:
    """Where the arguments of a call come from, in the words of a request."""
    return {name: [_origin(source, task) for source in sources] for name, sources in call.sources.items()}


def _origin(source: str, task: Task) -> str:
    kind, _, number = source.partition(":")
    if kind == "call":
        return f"tool:{task.calls[int(number)].tool}"
    if kind == "task":
        return "user" if task.planted is None else f"tool:{task.planted}"
    return "agent"


def all_planted(call: Call, task: Task) -> dict[str, object]:
    """As if the planted text had spelled out every argument."""
    return dict.fromkeys(call.args, f"tool:{task.planted}")


def all_agent(call: Call, task: Task) -> dict[str, object]:
    """As if the agent passed everything off as its own."""
    del task
    return dict.fromkeys(call.args, "agent")


def unsaid(call: Call, task: Task) -> dict[str, object]:
    """As if the caller could not tell where anything came from."""
    del call, task
    return {}


def replay(
    policy: Policy, tasks: Sequence[Task], origins_of: Callable[[Call, Task], Mapping[str, object]] = origins
) -> list[Decided]:
    """Each call of each task decided, in order."""
    return [decided for task in tasks for decided in _replay(policy, task, origins_of)]


def _replay(policy: Policy, task: Task, origins_of: Callable[[Call, Task], Mapping[str, object]]) -> Iterator[Decided]:
    """What escalates is taken to be approved by the time the next call is made."""
    earlier = [] if task.planted is None else [_earlier(task.planted, "allow")]
    paid = unsaid_today = Decimal(0)
    changes: Counter[object] = Counter()
    for call in task.calls:
        seen = {str(item["tool"]) for item in earlier if item["verdict"] != "deny"}
        said = origins_of(call, task)
        request: dict[str, object] = {
            "tool": call.tool,
            "args": call.args,
            "origins": said,
            "agent": {"id": "assistant"},
            "user": {"id": "customer"},
            "session": {"id": task.name, "labels": ["untrusted"] if seen & UNTRUSTED else [], "calls": list(earlier)},
            "counters": {"paid_today": paid, "unsaid_today": unsaid_today, "changes": changes[call.args.get("id")]},
        }
        decision = policy.decide(request)
        if decision.verdict != "deny" and call.tool in PAYS:
            amount = Decimal(str(call.args["amount"]))
            paid += amount
            unsaid_today += 0 if said.get("amount") == ["user"] else amount
        if decision.verdict != "deny" and call.tool == "update_scheduled_transaction":
            changes[call.args["id"]] += 1
        earlier.append(_earlier(call.tool, decision.verdict))
        yield Decided(task.name, call.tool, request, decision)


def _earlier(tool: str, verdict: str) -> dict[str, object]:
    return {"tool": tool, "verdict": verdict, "at": "2026-11-22T12:00:00Z"}


# ------------------------------------------------------------------------------------------------------------ tables


def situations(policy: Policy, file: Path) -> dict[str, list[Decided]]:
    """What is decided: the users' tasks, and the injections in each way that they may reach the agent."""
    document, transaction = "read_file", "get_most_recent_transactions"
    injections = {tool: read_tasks(file, "injection_tasks", tool) for tool in (document, transaction)}
    return {
        "users' tasks": replay(policy, read_tasks(file, "user_tasks")),
        "injections, planted in a document": replay(policy, injections[document]),
        "injections, planted in the text of a transaction": replay(policy, injections[transaction]),
        "injections that spell out every argument": replay(policy, injections[document], all_planted),
        "injections whose values the agent passes off as its own": replay(policy, injections[document], all_agent),
        "injections, where the caller tells no origins": replay(policy, injections[document], unsaid),
    }


def summary(found: Mapping[str, Sequence[Decided]]) -> str:
    """How many calls of each situation are allowed, escalated and denied."""
    lines = ["| | calls | allowed | escalated | denied |", "|---|--:|--:|--:|--:|"]
    for name, decided in found.items():
        count = Counter(item.decision.verdict for item in decided)
        lines.append(f"| {name} | {len(decided)} | " + " | ".join(str(count[verdict]) for verdict in VERDICTS) + " |")
    return "\n".join(lines)


def writing(decided: Sequence[Decided]) -> str:
    """Each call that is more than reading, and what is said of it. The others are counted in the last line."""
    rows = ["| task | call | verdict | by |", "|---|---|---|---|"]
    others: Counter[str] = Counter()
    for item in decided:
        by = ", ".join(f"`{rule}`" for rule in item.decision.decided_by)
        if item.decision.decided_by == ("reading",):
            others[item.tool] += 1
        else:
            rows.append(f"| {item.task} | `{item.tool}` | {item.decision.verdict} | {by} |")
    counted = ", ".join(f"{count} × `{tool}`" for tool, count in sorted(others.items()))
    return "\n".join(rows) + f"\n\nBeside these, allowed by `reading`: {counted}."


def tables(policy: Policy, file: Path) -> str:
    """All of the above, in Markdown."""
    found = situations(policy, file)
    users, planted = list(found.values())[:2]
    return "\n\n".join(
        [summary(found), "**What users ask for**", writing(users), "**What planted text asks for**", writing(planted)]
    )


if __name__ == "__main__":
    print(tables(load(HERE), Path(sys.argv[1]) if len(sys.argv) > 1 else TASKS))
