"""A program for requests of which something is known already: what is known stands in it as a constant.

This is partial evaluation (Futamura 1971; Jones, Gomard and Sestoft, *Partial Evaluation and Automatic Program
Generation*, 1993) with only its first step: reads are replaced, and what follows from that is left to `lowering.py`,
which computes with constants anyway. A quantifier over a known document then goes through its members one by one, and
membership in it is a comparison with constants; so the analysis, which knows nothing of what documents hold, is exact
about the documents that are there.

What is then closed and calls a builtin is computed, since `sum` of a list that the policy builds is nothing that the analysis
takes apart. Two more things are known. The value of `m[k]` in a known map is one of the map's values, by the key: that is written as a
`match`. And an escalation to reviewers who have approved counts as an allowance: that is written as its verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

import attrs

from tenetlang.analysis.shape import NOWHERE, Path, plain
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.program.program import Definition, Function, Package, Program, Rule
from tenetlang.values.collections import Map, Record
from tenetlang.values.order import sorted_values

MOST_KEYS: Final = 200
"""Keys of a map that are told apart where it is indexed."""

_NOTHING: Final = core.Constant(Map({}), t.MapType(t.STRING, t.JSON), NOWHERE)
_Node = TypeVar("_Node")


class Absent:
    """Known to be left out."""


ABSENT: Final = Absent()


def specialised(
    program: Program,
    tool: str | None,
    known: Mapping[Path, object],
    approved: Collection[str],
    evaluate: Callable[[Expression], object],
) -> Program:
    """The program for requests to `tool` that have the `known` parts and documents (`ABSENT` where one is left out), and
    approvals from the reviewers named in `approved`. Rules that have nothing to do with the tool are left out. `evaluate` gives the
    value of an expression that reads nothing, None where it errs."""
    writing = _Writing(known, evaluate)
    shown = {reviewers.name: reviewers.shown_name for reviewers in program.reviewers.values()}

    kept = {item.name for each in program.packages for item in each.rules if item.tools is None or tool in item.tools}

    def rule(item: Rule) -> Rule:
        agreed = item.verdict == "escalate" and shown.get(item.reviewers or "") in approved
        return attrs.evolve(
            item,
            verdict="allow" if agreed else item.verdict,
            body=writing.written(item.body),
            exception=writing.written(item.exception),
            then=writing.written(item.then),
            overrides=tuple(name for name in item.overrides if name in kept),
        )

    def package(item: Package) -> Package:
        rules = tuple(rule(each) for each in item.rules if each.name in kept)
        default = item.default
        if default is not None and default.verdict == "escalate" and shown.get(default.reviewers or "") in approved:
            default = attrs.evolve(default, verdict="allow", reviewers=None)
        return attrs.evolve(item, rules=rules, default=default)

    def definition(item: Definition) -> Definition:
        return attrs.evolve(item, value=writing.written(item.value))

    def function(item: Function) -> Function:
        return attrs.evolve(item, body=writing.written(item.body))

    return attrs.evolve(
        program,
        packages=tuple(map(package, program.packages)),
        definitions={name: definition(item) for name, item in program.definitions.items()},
        functions={name: function(item) for name, item in program.functions.items()},
    )


@attrs.define(eq=False)
class _Writing:
    known: Mapping[Path, object]
    evaluate: Callable[[Expression], object]
    fields: dict[type, tuple[str, ...]] = attrs.field(factory=dict)
    tables: dict[int, tuple[core.Match, core.Index, Mapping[str, object]]] = attrs.field(factory=dict)

    def written(self, node: _Node) -> _Node:
        """The node with what is known in it; the same object where nothing is."""
        found = self._written(node)
        assert isinstance(found, type(node) if not isinstance(node, core.Expression) else object)
        return found  # type: ignore[return-value]  # an expression may become another kind of expression

    def _written(self, node: object) -> object:
        match node:
            case core.Read(path, type_, optional=optional):
                return self._read(node, path, type_, optional=optional)
            case core.Index():
                made = self._rebuilt(node)
                assert isinstance(made, core.Index)
                return self._indexed(made)
            case core.Builtin():
                called = self._rebuilt(node)
                assert isinstance(called, core.Builtin)
                value = self.evaluate(called) if _is_closed(called, frozenset()) else None
                return called if value is None else core.Constant(value, plain(called.type), NOWHERE)
            case core.Field():
                rebuilt = self._rebuilt(node)
                assert isinstance(rebuilt, core.Field)
                return self._field(rebuilt)
            case tuple():
                items = [self._written(item) for item in node]
                return node if all(new is old for new, old in zip(items, node, strict=True)) else tuple(items)
            case _ if type(node).__module__ in _MODULES:
                return self._rebuilt(node)
            case _:
                return node

    def _rebuilt(self, node: object) -> object:
        names = self.fields.get(type(node))
        if names is None:
            names = self.fields[type(node)] = tuple(type(node).__match_args__)  # type: ignore[attr-defined]  # a node
        old = [getattr(node, name) for name in names]
        new = [
            item if name in {"type", "at", "text"} else self._written(item)
            for name, item in zip(names, old, strict=True)
        ]
        if all(one is other for one, other in zip(new, old, strict=True)):
            return node
        return type(node)(*new)

    def _read(self, node: core.Read, path: Path, type_: t.Type, *, optional: bool) -> Expression:
        for length in range(len(path), 0, -1):
            if path[:length] in self.known:
                value = self.known[path[:length]]
                for name in path[length:]:
                    value = value[name] if isinstance(value, Record) and name in value else ABSENT
                if value is not ABSENT:
                    return core.Constant(value, plain(type_), NOWHERE)
                return _absent(type_) if optional else node
        return node

    def _indexed(self, node: core.Index) -> Expression:
        if not isinstance(node.of, core.Constant) or isinstance(node.key, core.Constant):
            return node
        items = node.of.value
        if not isinstance(items, Map) or not 0 < len(items) <= MOST_KEYS:
            return node
        return self._table(node, {str(name): items[str(name)] for name in sorted_values(items)}, plain(node.type))

    def _field(self, node: core.Field) -> Expression:
        """A field of what is found in a known map: found in the map of these fields, where few are different."""
        found = self.tables.get(id(node.of))
        if found is None:
            return node
        _, index, items = found
        fields = {
            key: value[node.name] if isinstance(value, Record) and node.name in value else ABSENT
            for key, value in items.items()
        }
        if ABSENT in fields.values() and not node.optional:
            return node
        return self._table(index, fields, plain(node.type))

    def _table(self, node: core.Index, items: Mapping[str, object], type_: t.Type) -> Expression:
        """The value by the key: keys of equal values together, and told apart by halves."""
        by_value: dict[object, list[str]] = {}
        for name, value in items.items():
            by_value.setdefault(value, []).append(name)
        groups = [(names, value) for value, names in by_value.items()]
        keys = t.SetType(plain(node.key.type))

        def among(names: Collection[str]) -> Expression:
            return core.Contains(node.key, core.Constant(frozenset(names), keys, NOWHERE), t.BOOL, NOWHERE)

        def found(first: int, last: int) -> Expression:
            if last - first == 1:
                value = groups[first][1]
                return _absent(type_) if value is ABSENT else core.Constant(value, type_, NOWHERE)
            middle = (first + last) // 2
            half = among([name for names, _ in groups[first:middle] for name in names])
            return core.Match(((half, found(first, middle)),), found(middle, last), type_, NOWHERE)

        nowhere = core.Constant("", t.STRING, NOWHERE)
        missing = core.Index(_NOTHING, nowhere, type_, node.at, node.optional, node.certain)
        made = core.Match(((among(list(items)), found(0, len(groups))),), missing, type_, node.at)
        self.tables[id(made)] = made, node, items
        return made


def _is_closed(node: object, bound: frozenset[str]) -> bool:
    """Whether the expression reads nothing and speaks of no variables but its own."""
    match node:
        case core.Read() | core.Derived() | core.CallFunction():
            return False
        case core.Local(name):
            return name in bound
        case core.Constant():
            return True
        case core.Build() | core.Exists() | core.Every():
            inner = bound | _bound_in(node)
            return all(_is_closed(getattr(node, name), inner) for name in type(node).__match_args__ if name != "type")
        case tuple():
            return all(_is_closed(item, bound) for item in node)
        case core.Choose() | core.Assign() | core.Condition() | core.Bound():
            return all(_is_closed(getattr(node, name), bound) for name in type(node).__match_args__)
        case _ if isinstance(node, core.Expression):
            return all(_is_closed(getattr(node, name), bound) for name in type(node).__match_args__ if name != "type")
        case _:
            return True


def _bound_in(node: core.Build | core.Exists | core.Every) -> frozenset[str]:
    """The variables that the block of a node binds."""
    bounds = [step.bound for step in node.body if isinstance(step, core.Choose)]
    bounds += [node.bound] if isinstance(node, core.Every) else []
    names = {local.name for bound in bounds for local in (bound.key, bound.value) if local is not None}
    return frozenset(names | {step.local.name for step in node.body if isinstance(step, core.Assign)})


_MODULES: Final = frozenset({"tenetlang.program.expression", "tenetlang.program.program"})


def _absent(type_: t.Type) -> Expression:
    return core.Index(_NOTHING, core.Constant("", t.STRING, NOWHERE), type_, NOWHERE, optional=True)
