"""Scopes: the tools that an agent may ever call, whatever a policy allows.

    [scopes]                                        guard.scope("mailer", "email.*")
    support = ["refund", "crm.*"]
    "*"     = ["help"]                              # agents that are not named

A scope only takes away. Where one is declared in the configuration and again in code, an agent has the tools that are in both. A
name is that of a tool or a glob as `tool like` takes it: `*` within a part of a name, `**` across. Once anybody has a scope, an
agent that has none, and a call without an agent, has no tools, unless `"*"` gives it some: to forget an agent in
the table must not set it free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from tenetlang.frozen import field, frozen
from tenetlang.guard.errors import GuardError
from tenetlang.values.patterns import SEPARATORS, Pattern, PatternError, compile_glob

OTHERS: Final = "*"
"""Stands for the agents that have no scope of their own, and for calls that name no agent."""


@frozen
class Scopes:
    """By agent, sets of tools: an agent may call what is in all of its sets. Each set is what one declaration says."""

    sets: Mapping[str, tuple[tuple[Pattern, ...], ...]] = field(factory=dict)

    def allows(self, agent: str | None, tool: str) -> bool:
        """Whether the tool is within the agent's scope."""
        if not self.sets:
            return True
        found = self.sets.get(agent) if agent is not None and agent != OTHERS else None
        if found is None:
            found = self.sets.get(OTHERS, ((),))
        return all(any(pattern.matches(tool) for pattern in allowed) for allowed in found)


def scopes_of(declared: Mapping[str, Iterable[str]]) -> Scopes:
    """The scopes of a table: the tools by agent. Raises `GuardError`."""
    scopes = Scopes()
    for agent, tools in declared.items():
        scopes = narrowed(scopes, agent, tools)
    return scopes


def narrowed(scopes: Scopes, agent: str, tools: Iterable[str]) -> Scopes:
    """The scopes with one more declaration for an agent. Raises `GuardError`."""
    if type(agent) is not str or not agent:
        raise GuardError("a scope is that of an agent, named by its identifier")
    if isinstance(tools, str | bytes):
        raise GuardError(f"the scope of `{agent}` is a list of tools, not one text")
    before = scopes.sets.get(agent, ())
    return Scopes({**scopes.sets, agent: (*before, tuple(_pattern(agent, tool) for tool in tools))})


def _pattern(agent: str, tool: object) -> Pattern:
    if type(tool) is not str or not tool:
        raise GuardError(f"the scope of `{agent}` holds names of tools, and {tool!r} is none")
    try:
        return compile_glob(tool, SEPARATORS["tool"])
    except PatternError as mistake:
        raise GuardError(f"the scope of `{agent}` holds `{tool}`, which is no name and no glob: {mistake}") from mistake
