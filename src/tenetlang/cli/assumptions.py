"""`--fill`: what a request leaves out and a new session would have, so that a short request can be tried by hand.

Assumed are an empty session (and what a given session lacks of one), counters at 0, and the time now, each only where
the policy asks for it and the request is silent. Nothing is ever assumed about the agent, the tool or its arguments.
Whoever shows the decision also says what was assumed: it is part of the question that was answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tenetlang.report.json import write

if TYPE_CHECKING:
    from tenetlang.decision_tree.tree import Policy
    from tenetlang.program.program import Program


def filled(
    program: Program | Policy, request: Mapping[str, object], now: str
) -> tuple[Mapping[str, object], tuple[str, ...]]:
    """The request with what is assumed, and the assumptions as `counters.refunds_today = 0`. `now` is RFC 3339."""
    from tenetlang.testing.requests import beginning

    complete: dict[str, object] = dict(request)
    assumed: list[str] = []
    session = program.facts.get("session")
    if session is not None and session.required:
        _fill_parts(complete, "session", beginning(session.type), assumed)
    if program.uses_tools and program.counters:
        _fill_parts(complete, "counters", {counter.name: 0 for counter in program.counters}, assumed)
    time = program.facts.get("now")
    if time is not None and time.required and "now" not in complete:
        complete["now"] = now
        assumed.append(f"now = {write(now)}")
    return complete, tuple(assumed)


def _fill_parts(request: dict[str, object], name: str, beginning: object, assumed: list[str]) -> None:
    said = request.get(name, {})
    if not isinstance(said, Mapping) or not isinstance(beginning, Mapping):
        return
    missing = {part: value for part, value in sorted(beginning.items()) if part not in said}
    if missing:
        request[name] = {**said, **missing}
        assumed += [f"{name}.{part} = {write(value)}" for part, value in missing.items()]
