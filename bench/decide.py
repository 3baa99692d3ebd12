"""Microseconds for one decision, at 10 to 10,000 rules, beside Python written by hand for the same policy.

    python bench/decide.py [--rules 10,100,1000,10000] [--rounds 30]

The policy has one tool name and three conditions on agent and arguments in each rule, over up to 50 tools. Three pieces of Python
decide the same: a list of plain `if`s, the same with a dictionary on the tool (both give the matched rules and read the request as it
comes, without checking it), and Tenet, from a request as Python values, from its JSON text, from inputs that have been
read, and with the trace. The answers are compared for every request before anything is timed. Rounds of all contestants
alternate, so that a change of the machine's speed meets them alike. Nothing is written.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from random import Random
from time import perf_counter_ns

from tenetlang import pipeline
from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.project.project import standard_library
from tenetlang.report.words import severity_of
from tenetlang.text import Text

REQUESTS = 500
SEVERITY = {"deny": 0, "escalate": 1, "allow": 2}

Rule = tuple[str, str, str, list[tuple[str, str, object]]]
"""Name, verdict, tool, and conditions: what is read, the operator, the constant."""


def rules(number: int) -> list[Rule]:
    random = Random(number)
    tools = min(number, 50)
    made: list[Rule] = []
    for position in range(number):
        options: list[tuple[str, str, object]] = [
            ("agent.team", "==", f"team{random.randrange(20)}"),
            ("args.amount", random.choice(["<", ">="]), random.randrange(1000)),
            ("args.count", random.choice(["<", ">="]), random.randrange(100)),
            ("agent.roles", "in", f"role{random.randrange(10)}"),
            ("args.name", "==", f"name{random.randrange(30)}"),
        ]
        tool = f"tool{random.randrange(tools)}"
        made.append((f"r{position:05}", random.choice(["allow", "deny"]), tool, random.sample(options, 3)))
    return made


def source(made: Sequence[Rule]) -> str:
    tools = sorted({tool for _, _, tool, _ in made})
    lines = ["package bench", "request agent: { id: string, team: string, roles: set[string] }"]
    lines += [f"tool {tool}(amount: decimal, count: int, name: string)" for tool in tools]
    for name, verdict, tool, conditions in made:
        lines.append(f"{verdict} {name} if {{")
        lines.append(f"    tool is {tool}")
        for path, operator, constant in conditions:
            shown = json.dumps(constant)
            lines.append(f"    {shown} in {path}" if operator == "in" else f"    {path} {operator} {shown}")
        lines.append("}")
    return "\n".join(lines) + "\n"


def compiled(made: Sequence[Rule]) -> Policy:
    result = pipeline.compile_texts([Text("bench.tenet", source(made))], standard_library())
    broken = [finding for finding in result.findings if severity_of(finding) == "error"]
    if result.program is None or broken:
        sys.exit(f"the policy does not compile: {broken[:3]}")
    return pipeline.decision_tree(result.program)


def by_hand(made: Sequence[Rule], *, dispatch: bool) -> Callable[[dict[str, object]], tuple[str, list[str]]]:
    """Python as somebody would write it: one `if` for each rule, in one function or in one for each tool."""

    def test(tool: str, conditions: Sequence[tuple[str, str, object]]) -> str:
        parts = [] if dispatch else [f'request["tool"] == {tool!r}']
        for path, operator, constant in conditions:
            top, name = path.split(".")
            value = f'{top}["{name}"]'
            parts.append(f"{constant!r} in {value}" if operator == "in" else f"{value} {operator} {constant!r}")
        return " and ".join(parts)

    def function(name: str, own: Sequence[Rule]) -> Iterator[str]:
        yield f"def {name}(request):"
        yield '    args, agent = request["args"], request["agent"]'
        yield '    matched, verdict = [], ""'
        for rule, _, tool, conditions in (item for item in own if item[1] == "deny"):
            yield f"    if {test(tool, conditions)}: matched.append({rule!r}); verdict = 'deny'"
        for rule, _, tool, conditions in (item for item in own if item[1] == "allow"):
            yield f"    if {test(tool, conditions)}: matched.append({rule!r}); verdict = verdict or 'allow'"
        yield "    return verdict or 'deny', matched"

    lines: list[str] = []
    tools = sorted({tool for _, _, tool, _ in made})
    if dispatch:
        for number, tool in enumerate(tools):
            lines += function(f"f{number}", [rule for rule in made if rule[2] == tool])
        table = ", ".join(f"{tool!r}: f{number}" for number, tool in enumerate(tools))
        lines += [f"table = {{{table}}}", "def decide(request): return table[request['tool']](request)"]
    else:
        lines += function("decide", made)
    namespace: dict[str, object] = {}
    exec("\n".join(lines), namespace)  # written here, from numbers
    decide = namespace["decide"]
    assert callable(decide)
    return decide


def requests(made: Sequence[Rule]) -> list[dict[str, object]]:
    random = Random(1)
    tools = sorted({tool for _, _, tool, _ in made})
    return [
        {
            "tool": random.choice(tools),
            "args": {
                "amount": random.randrange(1000),
                "count": random.randrange(100),
                "name": f"name{random.randrange(30)}",
            },
            "agent": {
                "id": f"a{random.randrange(1000)}",
                "team": f"team{random.randrange(20)}",
                "roles": [f"role{random.randrange(10)}" for _ in range(3)],
            },
        }
        for _ in range(REQUESTS)
    ]


def timed(
    contestants: dict[str, tuple[Callable[[object], object], Sequence[object]]], rounds: int
) -> dict[str, list[float]]:
    """Microseconds of each call, contestants in turn."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, (function, arguments) in contestants.items():
            into = found[name]
            for argument in arguments:
                start = perf_counter_ns()
                function(argument)
                into.append((perf_counter_ns() - start) / 1000)
    gc.enable()
    return found


def measure(number: int, rounds: int) -> dict[str, list[float]]:
    made = rules(number)
    evaluator = Evaluator(compiled(made))
    evaluator.prepare()
    asked = requests(made)
    plain, table = by_hand(made, dispatch=False), by_hand(made, dispatch=True)
    for request in asked:
        decision = evaluator.decide(request)
        matched = [item.rule for item in decision.matched]
        for function in (plain, table):
            verdict, names = function(request)
            if (verdict, sorted(names)) != (decision.verdict, matched):
                sys.exit(f"different answers to {request}: {verdict} {names}, {decision.verdict} {matched}")
    texts = [json.dumps(request).encode() for request in asked]
    read = [evaluator.reader.read(request) for request in asked]
    return timed(
        {
            "by hand, ifs": (plain, asked),  # type: ignore[dict-item]  # requests are dicts
            "by hand, dict on the tool": (table, asked),  # type: ignore[dict-item]  # likewise
            "tenet, inputs read": (evaluator._decide, read),  # type: ignore[dict-item]  # noqa: SLF001  # the part that decides
            "tenet, request as a dict": (evaluator.decide, asked),
            "tenet, request as JSON": (evaluator.decide_json, texts),  # type: ignore[dict-item]  # likewise
            "tenet, with the trace": (lambda request: evaluator.decide(request).trace, asked),
        },
        rounds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", default="10,100,1000,10000", help="numbers of rules, with commas")
    parser.add_argument("--rounds", type=int, default=10, help=f"times that all of {REQUESTS} requests are decided")
    options = parser.parse_args()
    print(f"{' '.join(['python', *sys.argv])}")
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}\n")
    print(f"{'µs per decision: median (99th percentile)':42}" + "".join(f"{n:>20}" for n in options.rules.split(",")))
    columns = [measure(int(number), options.rounds) for number in options.rules.split(",")]
    for name in columns[0]:
        cells = [
            f"{statistics.median(column[name]):.2f} ({statistics.quantiles(column[name], n=100)[98]:.1f})"
            for column in columns
        ]
        print(f"{name:42}" + "".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    main()
