"""How long parsing takes, and how much memory the syntax tree needs: `python bench/parse.py`.

Each size is measured in a process of its own, with the tables of the grammar loaded beforehand. A rule is one tool and
three conditions.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

SIZES = (100, 1_000, 10_000)


def policy(rules: int) -> str:
    """A package with that many rules."""
    return "package bench.rules\n" + "".join(
        f"\nallow rule_{number} if {{\n    tool is tool_{number % 50}\n    args.amount <= {number}.50\n"
        f'    agent.team == "team_{number % 7}"\n    "role_{number % 11}" in agent.roles\n}}\n'
        for number in range(rules)
    )


def measure(rules: int) -> None:
    from tenetlang.syntax.parse import parse
    from tenetlang.text import Text

    content = policy(rules)
    parse(Text("warm.tenet", policy(1)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    file, findings = parse(Text("bench.tenet", content))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert not findings, findings[:1]
    assert len(file.declarations) == rules
    print(f"{rules:>7} rules {seconds:8.3f} s {peak / 1024:8.1f} MB peak ({(peak - before) / 1024:.1f} for the parse)")


def main() -> None:
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]))
        return
    for size in SIZES:
        subprocess.run([sys.executable, __file__, str(size)], check=True)


if __name__ == "__main__":
    main()
