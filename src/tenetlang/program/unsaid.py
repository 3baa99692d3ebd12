"""Facts that a test leaves unsaid though its request needs them.

What a new session has by itself (counters, the session, documents, origins) need not be said; the agent, the time and
the like have no such beginning, and a request without them would be denied before any rule is tried.
"""

from __future__ import annotations

from tenetlang.program import types as t
from tenetlang.program.notes import listed
from tenetlang.program.program import Program, TestCase
from tenetlang.program.reads import Reads
from tenetlang.program.world import View, World


def note_unsaid(world: World, view: View, program: Program, reads: Reads) -> None:
    """Note each test of the program that leaves out a fact which it needs; all such facts in one finding, the first by name at its head."""
    required = {name for name, fact in program.facts.items() if fact.required and name != "session"}
    for case in program.tests:
        needed = set(required) if _decides(case, program) else set()
        conditions = tuple(item.condition for item in case.expectations if item.condition is not None)
        read = {path[0] for path in reads.of(conditions)}
        needed |= {name for name in read & program.facts.keys() if name != "session" and not view.facts[name].optional}
        said = {item.target[0] for item in case.replacements if len(item.target) == 1}
        missing = sorted(needed - said)
        if missing:
            name = missing[0]
            fact = view.facts[name]
            in_part = any(item.target[0] == name for item in case.replacements)
            world.notes.add(
                "bad-test", case.at, "part" if in_part else "", also=(("declared", fact.at),), name=name,
                type=t.shown(fact.type), others=listed(missing[1:]) if missing[1:] else None,
            )  # fmt: skip


def _decides(case: TestCase, program: Program) -> bool:
    """Whether the test asks for a verdict, and so needs a whole request."""
    return case.tool is not None or (
        not program.uses_tools and any(item.verdict is not None for item in case.expectations)
    )
