"""Microseconds for one decision, at 10 to 10,000 rules, beside Python written by hand and other engines for the same policy.

    python bench/decide.py [--rules 10,100,1000,10000] [--rounds 10] [--without-peers]

The policy has one tool name and three conditions on agent and arguments in each rule, over up to 50 tools. Three pieces of Python
decide the same by hand: a list of plain `if`s, the same with a dictionary on the tool, and that again with the types of the
request checked, which the others take for granted. Tenet is asked with Python values, with JSON text, with strings that no
request had before, and without its generated functions, as it decides a request that is unusual. Of the other engines
those take part that are installed (`peers.py`). An engine that takes more than a quarter of a second for 20 requests gets fewer.

All answers are compared before anything is timed. Rounds of all contestants alternate, so that a change of the machine's
speed meets them alike. Nothing is written. The last lines hold the figures against the goals.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from time import perf_counter_ns, time_ns

from tenetlang import pipeline
from tenetlang.audit import intent
from tenetlang.audit.canonical import canonical_bytes
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.record import FIRST_PREVIOUS
from tenetlang.audit.records.unplaced import placed
from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.project.project import standard_library
from tenetlang.report.words import severity_of
from tenetlang.text import Text

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.peers import Answer, peers  # found by the line above

REQUESTS = 500
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


def checked(
    decide: Callable[[dict[str, object]], tuple[str, list[str]]],
) -> Callable[[dict[str, object]], tuple[str, list[str]]]:
    """The same, once the request is seen to have the parts and types that the policy declares, and no others."""

    def decide_checked(request: dict[str, object]) -> tuple[str, list[str]]:
        if request.keys() != {"tool", "args", "agent"}:
            raise ValueError("keys")
        args, agent = request["args"], request["agent"]
        if not isinstance(args, dict) or args.keys() != {"amount", "count", "name"}:
            raise ValueError("args")
        if not isinstance(agent, dict) or agent.keys() != {"id", "team", "roles"}:
            raise ValueError("agent")
        if (
            not isinstance(args["amount"], int)
            or not isinstance(args["count"], int)
            or not isinstance(args["name"], str)
            or not isinstance(agent["id"], str)
            or not isinstance(agent["team"], str)
            or not isinstance(agent["roles"], list)
            or not all(isinstance(role, str) for role in agent["roles"])
        ):
            raise ValueError("types")
        return decide(request)

    return decide_checked


def never_seen(asked: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The requests with new strings for names and teams."""
    return [
        {
            **request,
            "args": {**request["args"], "name": f"new name {number}"},  # type: ignore[dict-item]  # a dict
            "agent": {"id": f"new {number}", "team": f"new team {number}", "roles": [f"r{number}", f"s{number}"]},
        }
        for number, request in enumerate(asked)
    ]


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


Contestants = dict[str, tuple[Callable[[object], object], Sequence[object]]]


def timed(contestants: Contestants, rounds: int) -> dict[str, list[float]]:
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


def compare(
    evaluator: Evaluator, name: str, peer: Callable[[dict[str, object]], Answer], asked: Sequence[dict[str, object]]
) -> None:
    """Exits where the peer gives another answer than Tenet does."""
    for request in asked:
        decision = evaluator.decide(request)
        matched = [item.rule for item in decision.matched]
        verdict, names = peer(request)
        same = names is None or names == matched or names == [m.rule for m in decision.matched if m.verdict == verdict]
        if verdict != decision.verdict or not same:
            sys.exit(f"{name} answers {request} with {verdict} {names}, Tenet with {decision.verdict} {matched}")


def measure(number: int, rounds: int, *, with_peers: bool) -> dict[str, list[float]]:
    made = rules(number)
    evaluator = Evaluator(compiled(made))
    evaluator.prepare()
    asked = requests(made)
    plain, table = by_hand(made, dispatch=False), by_hand(made, dispatch=True)
    careful = checked(table)
    for name, function in (("ifs", plain), ("dict", table), ("checked", careful)):
        compare(evaluator, name, _sorted(function), asked)
    texts = [json.dumps(request).encode() for request in asked]
    general = evaluator._decide_any  # noqa: SLF001  # the way for unusual requests
    contestants: Contestants = {
        "by hand, ifs": (plain, asked),  # type: ignore[dict-item]  # requests are dicts
        "by hand, dict on the tool": (table, asked),  # type: ignore[dict-item]  # likewise
        "by hand, and the types checked": (careful, asked),  # type: ignore[dict-item]  # likewise
        "tenet, request as a dict": (evaluator.decide, asked),
        "tenet, strings never seen": (evaluator.decide, never_seen(asked)),
        "tenet, request as JSON": (evaluator.decide_json, texts),  # type: ignore[dict-item]  # likewise
        "tenet, in the general way": (general, asked),
        "tenet, and its record, hashed as a leaf": (_recorded(evaluator), asked),
        "tenet, unsalted JSON of both, hashed": (_plainly_recorded(evaluator), asked),
        "tenet, with the trace": (lambda request: evaluator.decide(request).trace, asked[:100]),
    }
    for name, peer in peers(made) if with_peers else ():
        start = perf_counter_ns()
        compare(evaluator, name, peer, asked[:20])
        seconds = (perf_counter_ns() - start) / 1e9
        few = asked[: max(5, min(100, int(5 / max(seconds, 0.001))))]
        compare(evaluator, name, peer, few)
        contestants[name] = (peer, few)  # type: ignore[assignment]  # likewise
    return timed(contestants, rounds)


def _recorded(evaluator: Evaluator) -> Callable[[object], object]:
    """Decides, writes the record that a log would hold and its payload, and hashes it as a leaf: all but storing it."""

    def record(request: object) -> object:
        decision = evaluator.decide(request)
        assert isinstance(request, dict)
        return leaf_hash(placed(intent(decision, request, time_ns(), 4200), 1, FIRST_PREVIOUS))

    return record


def _plainly_recorded(evaluator: Evaluator) -> Callable[[object], object]:
    """Decides, writes decision and request as one canonical text, and hashes it: no log holds that, since it hides nothing."""

    def record(request: object) -> object:
        decision = evaluator.decide(request)
        text = canonical_bytes({"decision": decision.to_json(trace=False), "request": request})
        return sha256(text).digest()

    return record


def _sorted(decide: Callable[[dict[str, object]], tuple[str, list[str]]]) -> Callable[[dict[str, object]], Answer]:
    def sorted_answer(request: dict[str, object]) -> Answer:
        verdict, names = decide(request)
        return verdict, sorted(names)

    return sorted_answer


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def goals(sizes: Sequence[int], columns: Sequence[dict[str, list[float]]]) -> Iterator[str]:
    """The goals of the project, and how far the figures are from them."""
    by_size = {
        size: {name: median(values) for name, values in column.items()}
        for size, column in zip(sizes, columns, strict=True)
    }
    first = by_size[sizes[0]]
    ours, hand = "tenet, request as a dict", "by hand, dict on the tool"
    for name in (hand, "by hand, and the types checked"):
        yield _goal(f"at {sizes[0]} rules, beside {name}", first[ours] / first[name], 1.5)
    for size, most in ((1000, 3.0), (10000, 6.0)):
        if size in by_size:
            yield _goal(f"at {size} rules, beside {sizes[0]}", by_size[size][ours] / first[ours], most)
    if 10000 in by_size:
        yield _goal("strings never seen at 10000 rules, in µs", by_size[10000]["tenet, strings never seen"], 10.0)
    yield _goal("with a record, beside without", first["tenet, and its record, hashed as a leaf"] / first[ours], 3.0)
    for size, column in by_size.items():
        others = {name: value for name, value in column.items() if not name.startswith(("tenet", "by hand"))}
        if others:
            best = min(others, key=lambda name: others[name])
            yield f"at {size} rules, quickest other engine: {best}, {others[best] / column[ours]:.1f} times as long (goal: 5)"


def _cell(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({statistics.quantiles(values, n=100)[98]:.1f})"


def _goal(what: str, found: float, most: float) -> str:
    return f"{what}: {found:.2f} (goal: at most {most:g}) {'met' if found <= most else 'MISSED'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", default="10,100,1000,10000", help="numbers of rules, with commas")
    parser.add_argument("--without-peers", action="store_true", help="leave out the engines of others")
    parser.add_argument("--rounds", type=int, default=10, help=f"times that all of {REQUESTS} requests are decided")
    options = parser.parse_args()
    print(f"{' '.join(['python', *sys.argv])}")
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}\n")
    print(f"{'µs per decision: median (99th percentile)':42}" + "".join(f"{n:>20}" for n in options.rules.split(",")))
    sizes = [int(number) for number in options.rules.split(",")]
    columns = [measure(size, options.rounds, with_peers=not options.without_peers) for size in sizes]
    for name in columns[0]:
        cells = [_cell(column[name]) if name in column else "–" for column in columns]
        print(f"{name:42}" + "".join(f"{cell:>20}" for cell in cells))
    print()
    print("\n".join(goals(sizes, columns)))


if __name__ == "__main__":
    main()
