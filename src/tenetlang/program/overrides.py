"""Overrides and defaults between packages: what an extension may weaken, and what it may not."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.program import graph
from tenetlang.program.annotations import has
from tenetlang.program.names import PackageScope, Symbol, symbol_at
from tenetlang.program.program import Package, Rule
from tenetlang.program.rules import SEVERITY
from tenetlang.program.world import View, World
from tenetlang.syntax import tree


def with_overrides(world: World, packages: Mapping[str, Package]) -> dict[str, Package]:
    """The packages, each rule with the full names of the rules that it lifts."""
    rules = {rule.name: rule for package in packages.values() for rule in package.rules}
    lifted: dict[str, tuple[str, ...]] = {}
    for package in world.packages.values():
        for symbol in package.all("rule"):
            assert isinstance(symbol.declaration, tree.RuleDeclaration)
            if symbol.declaration.overrides:
                lifted[symbol.full_name] = _overridden(world, symbol, symbol.declaration, rules)
    for circle in graph.order({name: lifted.get(name, ()) for name in rules}).circles:
        shown = " → ".join(rules[name].shown_name for name in (*circle, circle[0]))
        also = tuple(("next", rules[name].at) for name in circle[1:])
        world.notes.add("override-cycle", rules[circle[0]].at, also=also, cycle=shown, rules=tuple(circle))
        for name in circle:
            lifted[name] = ()
    return {
        name: attrs.evolve(
            package,
            rules=tuple(attrs.evolve(r, overrides=lifted[r.name]) if r.name in lifted else r for r in package.rules),
        )
        for name, package in packages.items()
    }


def _overridden(
    world: World, symbol: Symbol, declaration: tree.RuleDeclaration, rules: Mapping[str, Rule]
) -> tuple[str, ...]:
    names: list[str] = []
    for path in declaration.overrides:
        target = _target(world, symbol, path)
        if target is None:
            continue
        if target.full_name == symbol.full_name:
            world.notes.add("unknown-override", path.at, "itself", name=symbol.name)
        elif target.full_name in names:
            world.notes.add("unknown-override", path.at, "twice", name=path.text)
        elif target.package != symbol.package and not has(rules[target.full_name].annotations, "overridable"):
            world.notes.add(
                "override-not-permitted",
                path.at,
                also=(("declared", target.at),),
                name=path.text,
                owner=rules[target.full_name].owner,
                rules=(symbol.name, path.text),
            )
        else:
            names.append(target.full_name)
    return tuple(names)


def _target(world: World, symbol: Symbol, path: tree.Path) -> Symbol | None:
    found = symbol_at(world.packages, symbol.file, path, "rule")
    if isinstance(found, Symbol) and _decides_with(world, symbol, found):
        return found
    owner = symbol.file.package if found is None or isinstance(found, Symbol) else world.packages.get(found.package)
    if owner is not None:
        known = owner.symbols["rule"]
        near = world.notes.nearest(path.parts[-1], known)
        prefix = ".".join(path.parts[:-1])
        suggestion = None if near is None else f"{prefix}.{near}" if prefix else near
        world.notes.add("unknown-override", path.at, name=path.text, nearest=suggestion)
    return None


def _decides_with(world: World, symbol: Symbol, target: Symbol) -> bool:
    extends = {name: package.extends for name, package in world.packages.items()}
    return target.package == symbol.package or target.package in graph.reachable([symbol.package], extends)


def check_defaults(world: World, packages: Mapping[str, Package]) -> None:
    """Note each default that is weaker than that of an extended package, and an entry that has none."""
    for name in world.packages:
        own = packages[name].default
        if own is None:
            continue
        extends = {other: package.extends for other, package in world.packages.items()}
        for below in graph.reachable([name], extends)[1:]:
            other = packages[below].default
            if other is None or other.at is None or own.at is None:
                continue
            if SEVERITY[own.verdict] < SEVERITY[other.verdict]:
                world.notes.add(
                    "weaker-default",
                    own.at,
                    also=(("declared", other.at),),
                    found=own.verdict,
                    expected=other.verdict,
                    package=below,
                )
                break


def note_missing_default(world: World, view: View, packages: Mapping[str, Package], scope: PackageScope) -> None:
    """Note that nothing says what decides where no rule does."""
    written = any(packages[name].default is not None for name in view.deciding)
    written = written or any(file.file.broken for file in scope.files)  # it may stand in what could not be read
    path = scope.files[0].file.package
    if not written and packages[scope.name].rules and path is not None:
        world.notes.add("missing-default", path.at)
