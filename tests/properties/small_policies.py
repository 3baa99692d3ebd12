"""Policies over so few requests that all of them can be tried: what an analysis says of all requests is then seen.

One tool, `t`, with a few hundred requests; everything but the arguments and the agent's team is fixed. A policy has up to six
rules, whose conditions are made of comparisons, `and`, `or`, `not`, membership, presence and a function, in any of the
four ways to resolve, with overrides, exceptions, errors and definitions among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from random import Random

HEADER = """package p
{resolve}
{default}
{on_error}
request agent: {{ team: "red" | "blue" }}
tool t(flag: bool, level: "low" | "mid" | "high", @min(0) @max(3) n: int, note?: "x" | "y", @items(0, 2) tags: set["p" | "q"])
reviewers desk {{ who {{"a"}}; quorum 1; within 1h; else deny }}
let small = args_limit
let args_limit = 2
fn near(k: int) -> bool = k == 1 or k == 2
"""

ATOMS = (
    "args.flag", "not args.flag", 'args.level == "low"', 'args.level != "mid"', 'args.level in {"mid", "high"}',
    "args.n < 1", "args.n <= small", "args.n > 2", "args.n >= 1", "args.n == 3", "args.n != 0", "args.n * 2 > 3",
    "near(args.n)", "args.note is present", "args.note is not present", '(args.note ?? "y") == "y"',
    '"p" in args.tags', '"q" not in args.tags', "count(args.tags) >= 1", "count(args.tags) == 2",
    'some x in args.tags { x == "q" }', 'every x in args.tags { x == "p" }', 'agent.team == "red"', 'agent.team != "red"',
    "2 % args.n == 0", "args.n < 4", "args.n > 3", "true", "false",
    'match { args.flag => args.n > 1, else => args.level == "high" }',
)  # fmt: skip


def requests() -> Iterator[dict[str, object]]:
    """Every request that the policies take."""
    notes: Sequence[str | None] = (None, "x", "y")
    tags: Sequence[list[str]] = ([], ["p"], ["q"], ["p", "q"])
    for flag, level, n, note, tag, team in product(
        (False, True), ("low", "mid", "high"), range(4), notes, tags, ("red", "blue")
    ):
        args: dict[str, object] = {"flag": flag, "level": level, "n": n, "tags": tag}
        if note is not None:
            args["note"] = note
        yield {"tool": "t", "args": args, "agent": {"team": team}}


def condition(random: Random) -> str:
    kind = random.random()
    if kind < 0.7:
        return random.choice(ATOMS)
    left, right = random.choice(ATOMS), random.choice(ATOMS)
    if kind < 0.85:
        return f"(({left}) or ({right}))"
    if kind < 0.93:
        return f"not (({left}) and ({right}))"
    return f"(({left}) and ({right}))"


def policy(random: Random) -> str:
    """The source of a policy. Most check; conditions on constants alone may not."""
    resolve = random.choice(["most_restrictive", "most_restrictive", "first", "priority", "unique"])
    settings: Mapping[str, str] = {
        "resolve": f"resolve {resolve}",
        "default": random.choice(["", "default deny", "default allow", "default escalate to desk"]),
        "on_error": random.choice(["", "", "on error escalate to desk"]),
    }
    lines = [HEADER.format(**settings)]
    names: list[str] = []
    for number in range(random.randint(1, 6)):
        name = f"r{number}"
        verdict = random.choice(["allow", "deny", "escalate"])
        head = f"{verdict} {name}" + (" to desk" if verdict == "escalate" else "")
        if names and random.random() < 0.2:
            head += f" overrides {random.choice(names)}"
        annotations = f"@priority({random.randint(0, 2)})\n" if resolve == "priority" else ""
        annotations += "@observe\n" if random.random() < 0.08 else ""
        body = ["tool is t", *(condition(random) for _ in range(random.randint(0, 3)))]
        tail = f" unless {{ {condition(random)} }}" if random.random() < 0.15 else ""
        lines.append(f"{annotations}{head} if {{ {'; '.join(body)} }}{tail}")
        names.append(name)
    return "\n".join(lines)
