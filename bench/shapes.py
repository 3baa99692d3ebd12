"""Microseconds for one decision where the policy or the request has an unusual shape. What to look for is cliffs.

    python bench/shapes.py [--rounds 5]

For each shape a row, and in it the sizes: long lists of strings, globs and regular expressions by the hundred on one argument,
sets of thousands, deep nesting, relations between arguments, a history of up to 1,000 calls, many optional arguments, parsed
types that are seen again and again or never. Each is decided from Python values and from JSON, in turn; in brackets is how
many of the requests the generated functions leave to the general way. Nothing is written.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from random import Random
from time import perf_counter_ns

from tenetlang import pipeline
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.project.project import standard_library
from tenetlang.report.words import severity_of
from tenetlang.text import Text

Request = dict[str, object]
Made = tuple[str, list[Request]]

AGENT = {"id": "a1", "roles": ["reader", "writer"]}
REQUESTS = 20


def request(**arguments: object) -> Request:
    return {"tool": "t", "args": arguments, "agent": AGENT}


def lists(size: int, random: Random) -> Made:
    rules = "\n".join(f'deny d{n} if {{ tool is t; "x{n}@example.com" in args.to }}' for n in range(50))
    asked = [request(to=[f"u{random.randrange(10**6)}@example.com" for _ in range(size)]) for _ in range(REQUESTS)]
    return f"tool t(to: list[string])\n{rules}\nallow a if {{ tool is t }}", asked


def new_globs(size: int, random: Random) -> Made:
    source, _ = globs(size, random)
    paths = (f"/srv/{random.randrange(10**9)}/x{random.randrange(2000)}/a.txt" for _ in range(500))
    return source, [request(path=path) for path in paths]


def globs(size: int, random: Random) -> Made:
    rules = "\n".join(f'deny d{n} if {{ tool is t; args.path like "/srv/*/x{n}/*.txt" }}' for n in range(size))
    asked = [request(path=f"/srv/{random.randrange(999)}/x{random.randrange(2000)}/a.txt") for _ in range(REQUESTS)]
    return f"tool t(path: string)\n{rules}\nallow a if {{ tool is t }}", asked


def expressions(size: int, random: Random) -> Made:
    rules = "\n".join(f'deny d{n} if {{ tool is t; args.code matches "[a-z]+-{n}x[0-9]*" }}' for n in range(size))
    asked = [request(code=f"abc-{random.randrange(2000)}x55") for _ in range(REQUESTS)]
    return f"tool t(code: string)\n{rules}\nallow a if {{ tool is t }}", asked


def sets(size: int, random: Random) -> Made:
    members = ", ".join(f'"v{n}"' for n in range(size))
    asked = [request(vendor=f"v{random.randrange(2 * size)}") for _ in range(REQUESTS)]
    return f"tool t(vendor: string)\nallow a if {{ tool is t; args.vendor in {{{members}}} }}", asked


def nesting(size: int, _: Random) -> Made:
    type_, value = "string", "v"
    inner: object = value
    for _level in range(size):
        type_, inner = f"{{ f: {type_} }}", {"f": inner}
    return f'tool t(x: {type_})\nallow a if {{ tool is t; args.x{".f" * size} == "v" }}', [request(x=inner)] * REQUESTS


def relations(size: int, random: Random) -> Made:
    rules = "\n".join(f"deny d{n} if {{ tool is t; args.a + {n} < args.b; args.c > args.d }}" for n in range(size))
    asked = [request(**{name: random.randrange(5000) for name in "abcd"}) for _ in range(REQUESTS)]
    return f"tool t(a: int, b: int, c: int, d: int)\n{rules}\nallow a if {{ tool is t }}", asked


def history(size: int, _: Random) -> Made:
    call = {"tool": "t", "args": {"to": "x", "amount": 5}, "verdict": "allow", "at": "2027-05-01T12:00:00Z"}
    session = {"id": "s", "labels": [], "calls": [call] * size}
    condition = "some c in session.calls; c.tool is t; c.args is present; c.args.amount > 900"
    policy = f"tool t(to: string, amount: int)\ndeny d if {{ tool is t; {condition} }}\nallow a if {{ tool is t }}"
    return policy, [{**request(to="x", amount=1), "session": session}] * REQUESTS


def optional(size: int, _: Random) -> Made:
    parameters = ", ".join(f"a{n}?: string" for n in range(size))
    asked = [request(**{f"a{n}": "x" for n in range(0, size, 2)})] * REQUESTS
    return f"tool t({parameters})\nallow a if {{ tool is t }}", asked


PARSED = (
    "tool t(to: list[email], site: url, at: time, amount: decimal)\n"
    'allow a if { tool is t; args.site.host == "example.com"; args.amount < 50.5; every x in args.to { x.domain == "example.com" } }'
)


def parsed(size: int, _: Random) -> Made:
    return PARSED, [
        request(
            to=[f"a{n % size}@example.com", "b@example.com"],
            site=f"https://example.com/x?y={n % size}",
            at="2027-05-01T12:00:00Z",
            amount=49.95,
        )
        for n in range(3000)
    ]


SHAPES: Sequence[tuple[str, Callable[[int, Random], Made], Sequence[int]]] = (
    ("strings in a list", lists, (10, 100, 1000)),
    ("globs on one argument", globs, (10, 100, 1000)),
    ("globs, texts never seen", new_globs, (10, 100, 1000)),
    ("expressions on one argument", expressions, (10, 100, 1000)),
    ("members of a set", sets, (10, 1000, 10000)),
    ("records in records", nesting, (2, 8, 20)),
    ("relations of arguments", relations, (10, 100, 1000)),
    ("calls in the history", history, (10, 100, 1000)),
    ("optional arguments", optional, (4, 16, 64)),
    ("different parsed texts", parsed, (1, 100, 3000)),
)


def compiled(source: str) -> Evaluator:
    result = pipeline.compile_texts([Text("bench.tenet", f"package bench\n{source}\n")], standard_library())
    broken = [finding for finding in result.findings if severity_of(finding) == "error"]
    if result.program is None or broken:
        sys.exit(f"the policy does not compile: {broken[:3]}")
    return Evaluator(pipeline.decision_tree(result.program))


def unusual(evaluator: Evaluator, asked: Sequence[Request]) -> int:
    """How many of the requests the generated functions leave to the general way."""
    left = 0
    for item in asked:
        try:
            evaluator._quick["t"](item)  # noqa: SLF001  # what is measured
        except Exception:  # noqa: BLE001  # it may be anything
            left += 1
    return left


def measured(make: Callable[[int, Random], Made], size: int, rounds: int) -> tuple[float, float, int]:
    source, asked = make(size, Random(size))
    evaluator = compiled(source)
    for item in asked[:REQUESTS] * 2:
        evaluator.decide(item)
    texts = [json.dumps(item).encode() for item in asked]
    values: list[float] = []
    documents: list[float] = []
    gc.collect()
    gc.disable()
    for _ in range(max(1, rounds * REQUESTS // len(asked))):
        for item, text in zip(asked, texts, strict=True):
            start = perf_counter_ns()
            evaluator.decide(item)
            values.append((perf_counter_ns() - start) / 1000)
            start = perf_counter_ns()
            evaluator.decide_json(text)
            documents.append((perf_counter_ns() - start) / 1000)
    gc.enable()
    return statistics.median(values), statistics.median(documents), unusual(evaluator, asked[:REQUESTS])


def rows(rounds: int) -> Iterator[str]:
    for name, make, sizes in SHAPES:
        cells = []
        for size in sizes:
            values, documents, left = measured(make, size, rounds)
            cells.append(f"{size:>6}: {values:8.1f} / {documents:8.1f} ({left})")
        yield f"{name:28}" + "  ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="times that all requests are decided")
    options = parser.parse_args()
    print("size: µs from Python values / from JSON (requests in twenty left to the general way)")
    for row in rows(options.rounds):
        print(row, flush=True)


if __name__ == "__main__":
    main()
