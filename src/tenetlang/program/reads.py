"""What the program reads of a request: going through core expressions, their definitions and functions included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from tenetlang.program import expression as core
from tenetlang.program.errors import Defined
from tenetlang.program.program import Rule, Template

_NODES: frozenset[type] = frozenset(
    (*core.Expression.__args__, core.Bound, core.Condition, core.Choose, core.Assign, Template)
)
_LEAVES = frozenset(
    {"type", "at", "text", "name", "path", "operator", "tools", "kind", "wanted", "optional", "certain"}
)
_CHILDREN: Mapping[type, tuple[str, ...]] = {
    kind: () if kind is core.Constant else tuple(name for name in kind.__annotations__ if name not in _LEAVES)
    for kind in _NODES
}


def nodes(root: object) -> Iterator[object]:
    """The expression, step or template, or all of a tuple of them, with everything inside; in no particular order."""
    pending: list[object] = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            pending += item
            continue
        below = _CHILDREN.get(type(item))
        if below is not None:
            yield item
            for name in below:
                pending.append(getattr(item, name))


@attrs.define(eq=False)
class Reads:
    """What expressions read, by path, through definitions and functions; remembers its answers."""

    program: Defined
    known: dict[str, frozenset[tuple[str, ...]]] = attrs.field(factory=dict)

    def of(self, root: object) -> frozenset[tuple[str, ...]]:
        """The paths of all `Read` nodes inside, and inside of what it refers to."""
        found: set[tuple[str, ...]] = set()
        for node in nodes(root):
            match node:
                case core.Read(path):
                    found.add(path)
                case core.ToolIs(core.Read(path)):
                    found.add(path)
                case core.Derived(name):
                    found |= self._named(f"={name}", name)
                case core.CallFunction(name):
                    found |= self._named(f"({name}", name)
                case _:
                    pass
        return frozenset(found)

    def _named(self, key: str, name: str) -> frozenset[tuple[str, ...]]:
        known = self.known.get(key)
        if known is not None:
            return known
        self.known[key] = frozenset()
        if key[0] == "=":
            definition = self.program.definitions.get(name)
            known = frozenset() if definition is None else self.of(definition.value)
        else:
            function = self.program.functions.get(name)
            known = frozenset() if function is None else self.of(function.body)
        self.known[key] = known
        return known

    def conditions(self, rule: Rule) -> frozenset[tuple[str, ...]]:
        """All that a rule's conditions and its exception read."""
        return self._remembered(f"?{rule.name}", (rule.body, rule.exception or ()))

    def rule(self, rule: Rule) -> frozenset[tuple[str, ...]]:
        """All that a rule reads: conditions, exception, reason and obligations."""
        if rule.because is None and not rule.then:
            return self.conditions(rule)
        arguments = tuple(argument for use in rule.then for argument in use.arguments)
        return self.conditions(rule) | self.of((rule.because or (), arguments))

    def _remembered(self, key: str, root: object) -> frozenset[tuple[str, ...]]:
        known = self.known.get(key)
        if known is None:
            known = self.of(root)
            self.known[key] = known
        return known
