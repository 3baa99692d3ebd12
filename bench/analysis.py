"""How long it takes to say something of all requests: `python bench/analysis.py [--shapes gates,patterns] [--rules 100,1000]`.

For each shape of policy and size: checking it without the analysis, all that `tenet check` says of all
requests, and the difference to the same policy with ten rules changed. Each measurement is a process of its own; printed are its
seconds of CPU time and its peak memory. What is found is counted, so that a faster answer that finds less would show.
"""

from __future__ import annotations

import argparse
import platform
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from random import Random

HEAD = """package bench
request agent: { id: string, team: "support" | "finance" | "platform" | "risk", roles: set[string] }
default deny because "no rule allows this call"
"""


def gates(rules: int, random: Random, per_tool: int = 20) -> Iterator[str]:
    """The usual shape: each tool has some twenty rules with two to four conditions on arguments and the agent."""
    tools = max(1, rules // per_tool)
    for tool in range(tools):
        yield f'tool tool{tool}(amount: decimal, count: int, name: string, region: "eu" | "us" | "asia", to: list[email])'
    for number in range(rules):
        verdict = random.choice(["allow", "allow", "deny"])
        options = [
            f'agent.team == "{random.choice(["support", "finance", "platform", "risk"])}"',
            f"args.amount {random.choice(['<', '<=', '>', '>='])} {random.randrange(1000)}.{random.randrange(100):02}",
            f"args.count {random.choice(['<', '>='])} {random.randrange(100)}",
            f'"role{random.randrange(10)}" in agent.roles',
            f'args.name == "name{random.randrange(30)}"',
            f'args.region in {{"{random.choice(["eu", "us"])}", "asia"}}',
        ]
        chosen = random.sample(options, random.randint(2, 4))
        yield f"{verdict} rule{number} if {{ tool is tool{number % tools}; {'; '.join(chosen)} }}"


def one_tool(rules: int, random: Random) -> Iterator[str]:
    """All rules on one tool."""
    return gates(rules, random, per_tool=rules)


def patterns(rules: int, random: Random) -> Iterator[str]:
    """Paths, hosts and texts against globs and regular expressions."""
    tools = max(1, rules // 20)
    for tool in range(tools):
        yield f"tool tool{tool}(file: path, link: url, text: string)"
    words = ["src", "docs", "etc", "home", "tmp", "var", "usr", "lib", "opt", "data"]
    for number in range(rules):
        verdict = random.choice(["allow", "allow", "deny"])
        options = [
            f'args.file like "/{random.choice(words)}/**"',
            f'args.file like "/{random.choice(words)}/*/{random.choice(words)}/**"',
            f'args.file.extension == "{random.choice(["py", "md", "txt", "conf"])}"',
            f'args.link.host like "**.{random.choice(words)}.com"',
            f'args.link.scheme == "{random.choice(["https", "http"])}"',
            f'args.text matches "{random.choice(words)}-[0-9]{{1,{random.randint(2, 6)}}}"',
            f'not (args.text like "*{random.choice(words)}*")',
        ]
        chosen = random.sample(options, random.randint(1, 3))
        yield f"{verdict} rule{number} if {{ tool is tool{number % tools}; {'; '.join(chosen)} }}"


def collections(rules: int, random: Random) -> Iterator[str]:
    """Members of lists and sets, an optional list, a history, and parts compared with each other."""
    tools = max(1, rules // 20)
    for tool in range(tools):
        yield f"tool tool{tool}(to: list[email], cc?: list[email], tags: set[string], low: int, high: int)"
    for number in range(rules):
        verdict = random.choice(["allow", "allow", "deny"])
        domain = f"d{random.randrange(8)}.com"
        options = [
            f'every a in args.to {{ a.domain == "{domain}" }}',
            f'some a in args.to + args.cc ?? [] {{ a.domain not in {{"{domain}", "acme.com"}} }}',
            f'"tag{random.randrange(8)}" in args.tags',
            f"count(args.to) <= {random.randint(1, 5)}",
            f"args.high - args.low > {random.randrange(50)}",
            "args.low <= args.high",
            f"some earlier in session.calls {{ earlier.tool is tool{random.randrange(tools)} }}",
            f'"label{random.randrange(4)}" in session.labels',
        ]
        chosen = random.sample(options, random.randint(2, 3))
        yield f"{verdict} rule{number} if {{ tool is tool{number % tools}; {'; '.join(chosen)} }}"


SHAPES: Mapping[str, Callable[[int, Random], Iterator[str]]] = {
    "gates": gates,
    "one tool": one_tool,
    "patterns": patterns,
    "collections": collections,
}


def policy(shape: str, rules: int) -> str:
    """A policy of that shape with that many rules; the same each time."""
    return HEAD + "\n".join(SHAPES[shape](rules, Random(rules))) + "\n"


CHANGED = 10


def changed(source: str) -> str:
    """The policy with a bound or a constant of ten rules moved."""
    lines = source.splitlines()
    rules = [number for number, line in enumerate(lines) if re.match(r"(allow|deny) rule", line)]
    random = Random(len(rules))
    for number in random.sample(rules, min(CHANGED, len(rules))):
        verdict, rest = lines[number].split(" ", 1)
        lines[number] = f"{'deny' if verdict == 'allow' else 'allow'} {rest}"
    return "\n".join(lines) + "\n"


def measure(what: str, shape: str, rules: int) -> None:
    from tenetlang import pipeline
    from tenetlang.analysis.comparison.compare import compared_programs
    from tenetlang.analysis.comparison.diff import diff
    from tenetlang.collector import without_collector
    from tenetlang.evaluator.judge import BothEvaluators
    from tenetlang.program.program import Program
    from tenetlang.project.project import standard_library
    from tenetlang.text import Text

    def program(source: str) -> tuple[Program, list[Text]]:
        texts = [Text("policy.tenet", source)]
        compiled = pipeline.compile_texts(texts, standard_library())
        assert compiled.program is not None
        return compiled.program, texts

    def timed(task: Callable[[], object]) -> object:
        began = time.process_time()
        found = task()
        seconds = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{seconds:8.2f} s {peak:6.0f} MB", end="")
        return found

    source = policy(shape, rules)
    if what == "check":
        timed(lambda: program(source))
        print()
        return
    made, texts = program(source)
    if what == "analysis":
        found = timed(lambda: pipeline.examined(made, texts))
        print(f"   {len(found.findings)} findings")  # type: ignore[attr-defined]  # an Examined
    else:
        other, _ = program(changed(source))
        with without_collector():
            regions = timed(lambda: diff(compared_programs(made, BothEvaluators(made), other, BothEvaluators(other))))
        print(f"   {len(regions.regions)} regions")  # type: ignore[attr-defined]  # a Diff


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", default=",".join(SHAPES), help="which, with commas")
    parser.add_argument("--rules", default="100,1000", help="numbers of rules, with commas")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        what, shape, rules = options.measure
        measure(what, shape, int(rules))
        return
    print(f"{' '.join(['python', *sys.argv])}")
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}\n")
    for shape in options.shapes.split(","):
        for rules in options.rules.split(","):
            for what in ("check", "analysis", "diff"):
                print(f"{shape:12} {rules:>6} rules  {what:9}", end="", flush=True)
                subprocess.run([sys.executable, __file__, "--measure", what, shape, rules], check=True)


if __name__ == "__main__":
    main()
