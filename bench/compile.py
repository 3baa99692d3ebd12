"""What the compiler takes, stage by stage, and a re-check after one change: `python bench/compile.py [--runs 5]`.

The policy has one package. Each ten rules come with a tool, a `let` and a test of their own, as somebody writes them who keeps one
file for each tool; a rule has three or four conditions and a reason. The same text is measured as one file and cut into files.
Each run is a process of its own, and the runs of all sizes take turns. Printed are medians: seconds of CPU time, and the
process's largest memory. Reading files is not in it; the whole commands are in `startup.py`.

    parse      text → syntax tree
    check      → checked program: names, types, lowering; no proofs
    build      → decision tree
    generate   → evaluator, ready to decide; its digest is most of it
    verified   the policy's JSON read as from a stranger, and verified
    opened     the same found in the cache: authenticated, opened, an evaluator made, and one request decided
    again      a rule in the last file changed: parse, check and all findings, by a session that knows the rest
    with let   the same, a `let` changed, around which all rules are lowered again
    afresh     the same, without a session
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory
from time import process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenetlang.session import Session
    from tenetlang.text import Text

SIZES = ((100, 1), (100, 10), (1_000, 1), (1_000, 50), (1_000, 100), (10_000, 1), (10_000, 100))
STAGES = ("parse", "check", "build", "generate")
AGAIN = ("verified", "opened", "again", "with let", "afresh")
HEAD = """package bench
request agent: { id: string, team: string, roles: set[string] }
default deny because "no rule allows this call"
"""


def part(number: int, rules: int, changed: str = "", least: str = "20.00") -> Iterator[str]:
    """A tool with its rules. `changed` is a condition that some of them have in addition, `least` a number in its `let`."""
    yield f'tool tool_{number}(amount: decimal, count: int, region: "eu" | "us" | "asia", to: string)'
    yield f'let limit_{number} = match {{\n    agent.team == "team_{number % 7}" => {100 + number}.50\n    else => {least}\n}}'
    for rule in range(number * 10, min(number * 10 + 10, rules)):
        verdict = "deny" if rule % 3 == 0 else "allow"
        yield f"\n{verdict} rule_{rule} if {{\n    tool is tool_{number}\n    args.amount <= limit_{number}"
        yield f'    "role_{rule % 11}" in agent.roles'
        yield '    args.region in {"eu", "asia"}' if rule % 2 else f"    args.count >= {rule}"
        if changed and rule % 10 == 3:
            yield f"    {changed}"
        yield f'}} because "rule {rule} says so of {{args.amount}}"'
    yield f'\ntest "tool {number}" {{'
    call = f'tool_{number}(amount: 10.00, count: 1, region: "us", to: "a@example.com")'
    yield f'    call {call}\n    with agent = {{id: "a", team: "none", roles: {{}}}}\n    expect deny\n}}\n'


def policy(rules: int, files: int, *changes: str) -> list[tuple[str, str]]:
    """The files by name and content; the last one has the changes."""
    tools = -(-rules // 10)
    of_file: list[list[int]] = [[] for _ in range(files)]
    for tool in range(tools):
        of_file[tool * files // tools].append(tool)
    return [
        (
            f"part{number:03}.tenet",
            (HEAD if number == 0 else "package bench\n")
            + "\n".join(line for tool in own for line in part(tool, rules, *(changes if number == files - 1 else ())))
            + "\n",
        )
        for number, own in enumerate(of_file)
    ]


def measure(rules: int, files: int) -> dict[str, float]:
    """Seconds of CPU time for each stage, and the largest memory so far in MB."""
    from tenetlang import pipeline
    from tenetlang.decision_tree.json_form import decode, encode
    from tenetlang.project.project import standard_library
    from tenetlang.session import Session
    from tenetlang.text import Text

    library = standard_library()

    def texts(rules: int, files: int, *changes: str) -> list[Text]:
        return [Text(name, content) for name, content in policy(rules, files, *changes)]

    warm = pipeline.compile_texts(texts(20, 1), library)
    assert warm.program is not None
    assert not warm.findings, [(finding.check, finding.at.place) for finding in warm.findings]
    pipeline.evaluator(pipeline.decision_tree(warm.program), {})
    given = texts(rules, files)
    marks = [process_time()]
    parsed = pipeline.parse_texts(given, library)
    marks.append(process_time())
    compiled = pipeline.check_parsed(parsed)
    marks.append(process_time())
    assert compiled.program is not None
    assert not compiled.findings, compiled.findings[:1]
    tree = pipeline.decision_tree(compiled.program)
    marks.append(process_time())
    pipeline.evaluator(tree, {})
    marks.append(process_time())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {name: after - before for name, before, after in zip(STAGES, marks, marks[1:], strict=False)}
    form = encode(tree)
    began = process_time()
    decode(form)
    found["verified"] = process_time() - began
    found["opened"] = opened(form)
    session = Session(library)
    session.check(session.parse(session.same(given)))
    found["again"] = checked_again(session, texts(rules, files, 'agent.team != "x"'))
    found["with let"] = checked_again(session, texts(rules, files, 'agent.team != "x"', "10.00"))
    found["afresh"] = checked_again(Session(library), texts(rules, files, 'agent.team != "x"', "10.00"))
    return {**found, "memory": memory}


def opened(form: bytes) -> float:
    """The least of three times, in seconds of CPU time, in which a policy in the cache is ready and has decided once."""
    from tenetlang.decision_tree.opening import open_policy
    from tenetlang.evaluator.evaluator import Evaluator
    from tenetlang.project.cache import open_cache

    agent = {"id": "a", "team": "team_0", "roles": ["role_0"]}
    request = {"tool": "tool_0", "args": {"amount": 1, "count": 2, "region": "eu", "to": "x"}, "agent": agent}
    found: list[float] = []
    with TemporaryDirectory() as folder:
        cache = open_cache({"XDG_CACHE_HOME": folder, "XDG_STATE_HOME": f"{folder}/state"})
        assert cache is not None
        cache.keep(bytes(32), form)
        for _ in range(3):
            began = process_time()
            kept = cache.find(bytes(32))
            assert kept is not None
            decision = Evaluator(open_policy(kept.data), digest=kept.digest).decide(request)
            found.append(process_time() - began)
            assert decision.verdict == "deny", decision
    return min(found)


def checked_again(session: Session, given: Sequence[Text]) -> float:
    """Seconds of CPU time to check the texts in a session."""
    began = process_time()
    compiled = session.check(session.parse(session.same(given)))
    seconds = process_time() - began
    assert compiled.program is not None
    assert not compiled.findings, compiled.findings[:1]
    return seconds


def runs(cases: Sequence[tuple[int, int]], number: int) -> dict[tuple[int, int], list[dict[str, float]]]:
    """What processes of their own measured, in turns."""
    found: dict[tuple[int, int], list[dict[str, float]]] = {case: [] for case in cases}
    for _ in range(number):
        for rules, files in cases:
            command = [sys.executable, __file__, "--measure", f"{rules},{files}"]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            found[rules, files].append(json.loads(done.stdout))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="processes for each size")
    parser.add_argument("--most", type=int, default=10_000, help="leave out policies with more rules")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        rules, files = options.measure.split(",")
        print(json.dumps(measure(int(rules), int(files))))
        return
    print(
        f"{platform.python_implementation()} {platform.python_version()}, medians of {options.runs} processes, CPU seconds"
    )
    print(f"{'rules':>7} {'files':>5} " + " ".join(f"{name:>9}" for name in (*STAGES, "all", *AGAIN)) + f" {'MB':>6}")
    cases = [case for case in SIZES if case[0] <= options.most]
    for (rules, files), measured in runs(cases, options.runs).items():
        middle = {name: statistics.median(one[name] for one in measured) for name in measured[0]}
        middle["all"] = sum(middle[name] for name in STAGES)
        shown = " ".join(f"{middle[name]:9.3f}" for name in (*STAGES, "all", *AGAIN))
        print(f"{rules:>7} {files:>5} {shown} {middle['memory']:6.0f}")


if __name__ == "__main__":
    main()
