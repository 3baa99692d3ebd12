"""What the program reads of a request: going through core expressions, their definitions and functions included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from tenetlang.program import expression as core
from tenetlang.program.errors import Defined
from tenetlang.program.program import Rule, Template

_PARTS = (
    *core.Expression.__args__,  # type: ignore[attr-defined]  # a union of classes, which has `__args__`
    core.Bound,
    core.Condition,
    core.Choose,
    core.Assign,
    Template,
)
_CHILDREN: dict[type, tuple[str, ...]] = {}
_LEAVES = frozenset(
    {"type", "at", "text", "name", "path", "operator", "tools", "kind", "wanted", "optional", "certain", "total"}
)


def _children(kind: type) -> tuple[str, ...]:
    names = _CHILDREN.get(kind)
    if names is None:
        names = tuple(field.name for field in attrs.fields(kind) if field.name not in _LEAVES)
        _CHILDREN[kind] = names
    return names


def nodes(root: object) -> Iterator[object]:
    """The expression, step or template, or all of a tuple of them, with everything inside; in no particular order."""
    pending: list[object] = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            pending.extend(item)
        elif isinstance(item, _PARTS):
            yield item
            if not isinstance(item, core.Constant):
                pending.extend(getattr(item, name) for name in _children(type(item)))


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

    def rule(self, rule: Rule) -> frozenset[tuple[str, ...]]:
        """All that a rule reads: conditions, exception, reason and obligations."""
        roots: Iterable[object] = (
            rule.body,
            rule.exception or (),
            rule.because or (),
            tuple(argument for use in rule.then for argument in use.arguments),
        )
        return self.of(tuple(roots))
