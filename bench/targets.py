"""What a decision costs in the files that `tenet build` makes: `python bench/targets.py`.

For policies of 10, 100 and 1,000 rules: the microseconds of a decision (median, 99th percentile) in the ES module under Node, in the
stand-alone Python file, and in tenetlang itself for comparison. The three give the same verdicts, which is checked before anything is
printed. Each is measured in a process of its own, one after the other.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from time import perf_counter_ns

from tenetlang import pipeline
from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.project.project import standard_library
from tenetlang.targets.building import TARGETS
from tenetlang.text import Text

SIZES = (10, 100, 1_000)
REQUESTS = 200
ROUNDS = 5
HERE = Path(__file__).parent


def source(rules: int) -> str:
    """Rules over up to 50 tools: a tool and three conditions each."""
    random = Random(rules)
    tools = max(1, min(50, rules // 4))
    lines = ["package bench", "default deny"]
    lines += [f"tool t{n}(name: string, amount: int, labels: set[string])" for n in range(tools)]
    for number in range(rules):
        verdict = random.choice(["allow", "deny"])
        conditions = [
            f"tool is t{random.randrange(tools)}",
            f'agent.team == "team{random.randrange(8)}"',
            f"args.amount {random.choice(['<', '>='])} {random.randrange(1000)}",
            random.choice([f'"l{random.randrange(6)}" in args.labels', f'args.name like "n{random.randrange(9)}*"']),
        ]
        lines.append(f"{verdict} r{number} if {{ {'; '.join(conditions)} }}")
    return "\n".join(lines) + "\n"


def requests(rules: int) -> list[str]:
    random = Random(rules + 1)
    tools = max(1, min(50, rules // 4))
    return [
        json.dumps(
            {
                "tool": f"t{random.randrange(tools)}",
                "args": {
                    "name": f"n{random.randrange(9)}x{random.randrange(99)}",
                    "amount": random.randrange(1000),
                    "labels": [f"l{random.randrange(6)}" for _ in range(3)],
                },
                "agent": {"id": "a1", "team": f"team{random.randrange(8)}"},
            }
        )
        for _ in range(REQUESTS)
    ]


def compiled(rules: int) -> Policy:
    made = pipeline.compile_texts([Text("bench.tenet", source(rules))], standard_library())
    assert made.program is not None
    return pipeline.decision_tree(made.program)


def timed(inputs: Iterable[object], decide: Callable[[object], object]) -> list[float]:
    """The microseconds of every decision, two rounds that are not counted first."""
    listed, times = list(inputs), []
    for number in range(-2, ROUNDS):
        for item in listed:
            began = perf_counter_ns()
            decide(item)
            if number >= 0:
                times.append((perf_counter_ns() - began) / 1000)
    return times


def of_tenetlang(policy: Policy, texts: list[str]) -> dict[str, list[float] | list[str]]:
    evaluator = Evaluator(policy, {})
    return {
        "json": timed(texts, lambda text: evaluator.decide_json(str(text))),
        "object": timed(map(json.loads, texts), evaluator.decide),
        "trace": timed(texts, lambda text: evaluator.decide_json(str(text)).trace),
        "verdicts": [str(evaluator.decide_json(text).verdict) for text in texts],
    }


def of_standalone(module: str, requests_file: str) -> None:
    """Runs in a process of its own: `targets.py MODULE REQUESTS`."""
    import importlib.util

    began = perf_counter_ns()
    spec = importlib.util.spec_from_file_location("policy", module)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    loaded = (perf_counter_ns() - began) / 1000
    policy = made.Policy()
    texts = Path(requests_file).read_text(encoding="utf-8").splitlines()
    found = {
        "load": [loaded],
        "json": timed(texts, policy.decide_json),
        "object": timed(map(json.loads, texts), policy.decide),
        "trace": timed(texts, lambda text: policy.decide_json(text).trace),
        "verdicts": [policy.decide_json(text).verdict for text in texts],
    }
    print(json.dumps(found))


def measured(command: list[str]) -> dict[str, list[float] | list[str]]:
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, list[float] | list[str]] = json.loads(ran.stdout)
    return found


def shown(times: list[float] | list[str] | None) -> str:
    if not times:
        return ""
    numbers = sorted(map(float, times))
    return (
        f"{statistics.median(numbers):,.0f} ({numbers[int(len(numbers) * 0.99) - 1 if len(numbers) > 1 else 0]:,.0f})"
    )


def main() -> None:
    node = shutil.which("node")
    with tempfile.TemporaryDirectory() as folder:
        for rules in SIZES:
            policy, texts = compiled(rules), requests(rules)
            lines = Path(folder, "requests")
            lines.write_text("\n".join(texts), encoding="utf-8")
            results = {"tenetlang": of_tenetlang(policy, texts)}
            made = Path(folder, "policy.py")
            made.write_text(TARGETS["python"](policy), encoding="ascii")
            results["stand-alone Python"] = measured([sys.executable, __file__, str(made), str(lines)])
            if node is not None:
                made = Path(folder, "policy.mjs")
                made.write_text(TARGETS["javascript"](policy), encoding="ascii")
                command = [node, str(HERE / "targets.mjs"), str(made), str(lines), str(ROUNDS)]
                results["JavaScript, Node"] = measured(command)
            assert len({json.dumps(result["verdicts"]) for result in results.values()}) == 1, "the verdicts differ"
            print(f"\n{rules:,} rules, {made.stat().st_size / 1e6:.2f} MB\n")
            print("| us, median (p99) | JSON text | object | with the trace | loading |\n|---|---|---|---|---|")
            for name, result in results.items():
                cells = " | ".join(shown(result.get(way)) for way in ("json", "object", "trace", "load"))
                print(f"| {name} | {cells} |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        of_standalone(*sys.argv[1:3])
    else:
        main()
