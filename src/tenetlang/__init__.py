"""tenetlang: a typed, fail-closed policy language for what AI agents may do.

    from tenetlang import load

    policy = load("policies/")
    decision = policy.decide({"tool": "refund", "args": {"amount": 20}, "agent": {"id": "a1"}})
    decision.verdict, decision.decided_by, decision.reason, decision.trace

    from tenetlang import Guard

    guard = Guard.open("policies/", log="decisions.db")     # decides, records and asks people, for every call of a tool

    @guard.tool
    def refund(customer: str, amount: Decimal) -> str: ...  # raises Denied and Escalated

What is exported here is what a library user needs, and is loaded when first used: importing `tenetlang` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenetlang.decision import Decision as Decision
    from tenetlang.guard.answers import Denied as Denied
    from tenetlang.guard.calls import acting as acting
    from tenetlang.guard.guard import Guard as Guard
    from tenetlang.guard.reviewing import Escalated as Escalated
    from tenetlang.policy import Policy as Policy
    from tenetlang.policy import PolicyError as PolicyError
    from tenetlang.policy import load as load

__version__ = "0.1.0"

__all__ = ["Decision", "Denied", "Escalated", "Guard", "Policy", "PolicyError", "__version__", "acting", "load"]

_HOMES = {
    "Decision": "tenetlang.decision",
    "Denied": "tenetlang.guard.answers",
    "Escalated": "tenetlang.guard.reviewing",
    "Guard": "tenetlang.guard.guard",
    "Policy": "tenetlang.policy",
    "PolicyError": "tenetlang.policy",
    "acting": "tenetlang.guard.calls",
    "load": "tenetlang.policy",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tenetlang' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
