"""Claims that hold whatever the rules say, because nothing meets their conditions.

`always "…" if { A } { B }` is vacuous if no request meets A. `never "…" { B }` is meant to be met by nothing, but because of the rules:
it is vacuous if nothing meets B even where the verdict, the rules that decide and the obligations may be anything.
For that they are taken for parts of the request that nothing is known of.

Where one condition by itself can't hold it is pointed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tenetlang.analysis.findings.asking import Asking
from tenetlang.analysis.findings.desk import Desk
from tenetlang.analysis.findings.parts import with_room
from tenetlang.analysis.formulas import Formula, TooLarge
from tenetlang.program.expression import Block, Condition
from tenetlang.program.program import Claim
from tenetlang.report.finding import Finding


def vacuous(desk: Desk) -> Iterator[Finding]:
    """The claims that say nothing about the rules."""
    for claim in desk.program.claims:
        if claim.at.text not in desk.texts or any(item.target[0] == "function" for item in claim.replacements):
            continue
        block = claim.condition if claim.kind == "always" else claim.body
        if not block or not _impossible(desk, claim, block):
            continue
        also = tuple(
            ("condition", step.at)
            for step in block
            if isinstance(step, Condition) and _stands_alone(block) and _impossible(desk, claim, (step,))
        )
        yield Finding("vacuous-claim", claim.at, {"name": f'"{claim.name}"'}, also=also[:1])


def _stands_alone(block: Block) -> bool:
    """Whether the conditions of the block can be read without each other."""
    return all(isinstance(step, Condition) for step in block)


def _impossible(desk: Desk, claim: Claim, block: Block) -> bool:
    """Whether no request meets the block: a proof, for every tool."""
    if any(not isinstance(asking, Asking) for asking in desk.asking.values()):
        return False
    return all(_met(asking, claim, block) is False for asking in desk.opened())


def _met(asking: Asking, claim: Claim, block: Block) -> bool | None:
    lowering = asking.scene.lowering
    outcome: Mapping[str, Sequence[tuple[Formula, str]]] = lowering.outcome
    try:
        with_room(lowering)
        if claim.kind == "never":
            lowering.outcome = {}
        return asking.possible([lowering.block(block, {}).holds])
    except (TooLarge, RecursionError):
        return None
    finally:
        lowering.outcome = outcome
