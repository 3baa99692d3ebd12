"""Whether one request breaks a claim: what `never` and `always` mean for it, once it has been decided."""

from __future__ import annotations

from tenetlang.evaluator.meaning import Fault, Run, choices
from tenetlang.program.expression import Block
from tenetlang.program.program import Claim


def breaks(run: Run, claim: Claim) -> bool:
    """Whether the request breaks the claim; `run` has the outcome of the decision among its inputs.

    Conditions that err are not met; nor is the consequence of an `always` then, which must be.
    """
    if claim.kind == "never":
        return meets(run, claim.body)
    try:
        scope = next(choices(run, claim.condition, {}), None)
    except Fault:
        return False
    try:
        return scope is not None and next(choices(run, claim.body, scope), None) is None
    except Fault:
        return True


def meets(run: Run, block: Block) -> bool:
    """Whether the request meets the conditions."""
    try:
        return next(choices(run, block, {}), None) is not None
    except Fault:
        return False
