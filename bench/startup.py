"""Seconds of processor time of whole `tenet` processes: `python bench/startup.py [--runs 9]`.

Starting Python, importing, compiling the policy and deciding, of one process for each run, in user mode as the operating system
accounts it; waiting for a disk or for other processes does not count. The commands take turns, so that a change of the
machine's speed meets them alike. What is printed is the median, the least, and the command. The cache is one of the run's own; but for
`--no-cache` a command finds there what was compiled before it is measured.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

SMALL = """package shop

tool refund(customer: string, amount: decimal)
reviewers finance { who {"ada", "grace"}; within 30m; quorum 1; else deny }
default deny because "no rule allows this call"

allow small if { tool is refund; args.amount <= 50.00 }
escalate large to finance if { tool is refund; args.amount > 50.00 }
"""
REQUEST = '{"tool": "refund", "args": {"customer": "c1", "amount": 120}}'


def many(rules: int) -> str:
    """A policy with that many rules, each for one tool and with three conditions."""
    agent = "request agent: { id: string, team: string, roles: set[string] }\n"
    tools = "".join(f"tool tool_{number}(amount: decimal)\n" for number in range(50))
    return f"package bench\n{agent}{tools}" + "".join(
        f"\nallow rule_{number} if {{\n    tool is tool_{number % 50}\n    args.amount <= {number}.50\n"
        f'    agent.team == "team_{number % 7}"\n    "role_{number % 11}" in agent.roles\n}}\n'
        for number in range(rules)
    )


def seconds(folder: Path, arguments: list[str]) -> float:
    """The user time of one process; ends the program where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",  # as in daily use, modules come compiled
        "XDG_CACHE_HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tenetlang", *arguments], env=environment, capture_output=True, check=False
    )
    if done.returncode not in {0, 1}:
        sys.exit(f"tenet {' '.join(arguments)} failed: {done.stderr.decode()}")
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="processes of each command")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        small, large, request = (folder / name for name in ("small.tenet", "rules-1000.tenet", "request.json"))
        small.write_text(SMALL)
        large.write_text(many(1_000))
        largest, built, built_large = (folder / name for name in ("rules-10000.tenet", "small.json", "rules-1000.json"))
        largest.write_text(many(10_000))
        request.write_text(REQUEST)
        commands = [
            ["version"],
            ["check", str(small)],
            ["eval", str(small), str(request), "--no-cache"],
            ["eval", str(small), str(request)],
            ["eval", str(built), str(request), "--no-cache"],
            ["eval", str(built), str(request)],
            ["check", str(large)],
            ["eval", str(large), str(request), "--no-cache"],
            ["eval", str(large), str(request)],
            ["eval", str(built_large), str(request), "--no-cache"],
            ["eval", str(built_large), str(request)],
            ["eval", str(largest), str(request)],
        ]
        for source, target in ((small, built), (large, built_large)):
            seconds(folder, ["build", str(source), "-o", str(target)])
        found: list[list[float]] = [[seconds(folder, command)][:0] for command in commands]  # once to have all compiled
        for _ in range(options.runs):
            for command, measured in zip(commands, found, strict=True):
                measured.append(seconds(folder, command))
        print(f"{'median':>8} {'least':>8}   user seconds, {options.runs} runs")
        for command, measured in zip(commands, found, strict=True):
            shown = " ".join(Path(word).name for word in ["tenet", *command])
            print(f"{statistics.median(measured):8.3f} {min(measured):8.3f}   {shown}")


if __name__ == "__main__":
    main()
