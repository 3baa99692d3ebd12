"""What is written and never used, what allow rules forget to look at, what has run out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tenetlang.program import types as t
from tenetlang.program.names import PackageScope
from tenetlang.program.program import Package, Program, Rule
from tenetlang.program.reads import Reads
from tenetlang.program.types import Type
from tenetlang.program.world import View, World
from tenetlang.syntax import tree

_SENSITIVE = {t.EMAIL: "email", t.URL: "url", t.HOST: "host", t.PATH: "path"}
_RECIPIENTS = frozenset({"to", "cc", "bcc"})


def note_unused(world: World) -> None:
    """Note imports that nothing uses, and what a package keeps to itself without using it."""
    for package in world.packages.values():
        if package.standard:
            continue
        words = [word for file in package.files for name, word in file.words.items() if name not in file.used]
        for word in words:
            if word.declaration is None or not word.package:
                continue
            if not _gives_by_itself(world.packages[word.package]):
                world.notes.add("unused-import", word.declaration.at, name=word.declaration.package.text)
        for symbol in package.all("value"):
            if symbol.private and symbol.full_name not in world.used:
                world.notes.add("unused-definition", symbol.at, name=symbol.name)
        for symbol in package.all("type"):
            if symbol.private and f"type {symbol.full_name}" not in world.used:
                world.notes.add("unused-definition", symbol.at, name=symbol.name)
        for symbol in package.all("reviewers"):
            if symbol.private and f"reviewers {symbol.full_name}" not in world.used:
                world.notes.add("unused-definition", symbol.at, name=symbol.name)


def _gives_by_itself(package: PackageScope) -> bool:
    """Whether importing the package has an effect without its word: it brings tools, facts, obligations or documents."""
    brings = (tree.ToolDeclaration, tree.RequestDeclaration, tree.ObligationDeclaration)
    return bool(package.symbols["data"]) or any(isinstance(item.declaration, brings) for item in package.others)


def note_expired(world: World, packages: Iterable[Package], today: str) -> None:
    """Note each rule whose `@expires` is not after `today` (a date, `2027-01-01`)."""
    for package in packages:
        for rule in package.rules:
            for annotation in rule.annotations:
                if annotation.name == "expires" and annotation.arguments:
                    date = str(annotation.arguments[0])[:10]
                    if date <= today[:10]:
                        world.notes.add(
                            "expired-rule",
                            rule.at,
                            rules=(rule.shown_name,),
                            rule=rule.shown_name,
                            date=date,
                            today=today,
                        )


# ---------------------------------------------------------------------------------------- unconstrained arguments


def note_unconstrained(world: World, view: View, program: Program, reads: Reads) -> None:
    """Note each argument that an allow rule forgets: it limits one recipient, path or address and not its like.

    An argument is limited if a condition reads it, through definitions as well. One that a `deny` or `escalate` rule for
    the same tool reads is looked after there.
    """
    rules = [rule for package in program.packages for rule in package.rules if not rule.observe]
    families = {name: dict(_families(view, name)) for name in program.tools}
    if not any(families.values()):
        return
    read_by = {rule.name: _arguments_read(reads, rule) for rule in rules if rule.verdict != "allow" or rule.tools}
    guarded: dict[str, set[str]] = {name: set() for name in program.tools}
    for rule in rules:
        if rule.verdict != "allow":
            for tool in rule.tools if rule.tools is not None else program.tools:
                if families.get(tool):
                    guarded[tool] |= read_by[rule.name]
    for rule in rules:
        if rule.verdict == "allow" and rule.tools:
            _note_forgotten(world, view, rule, read_by[rule.name], families, guarded)


def _arguments_read(reads: Reads, rule: Rule) -> set[str]:
    """The arguments that a rule's conditions read; `*` where it reads them all at once."""
    paths = reads.conditions(rule)
    return {path[1] if len(path) > 1 else "*" for path in paths if path[0] in {"args", "origins"}}


def _families(view: View, tool: str) -> Iterator[tuple[str, frozenset[str]]]:
    """For each sensitive argument, the names of what makes it so."""
    for field in view.tools[tool].parameters.fields:
        names = set(_kind(field.type))
        if field.name in _RECIPIENTS:
            names.add("recipient")
        if (tool, field.name) in view.sensitive:
            names.add("sensitive")
        if names:
            yield field.name, frozenset(names)


def _kind(type_: Type) -> Iterator[str]:
    match type_:
        case t.Scalar():
            if type_ in _SENSITIVE:
                yield _SENSITIVE[type_]
        case t.ListType(of) | t.SetType(of):
            yield from _kind(of)
        case _:
            pass


def _note_forgotten(
    world: World,
    view: View,
    rule: Rule,
    read: set[str],
    families: Mapping[str, Mapping[str, frozenset[str]]],
    guarded: Mapping[str, set[str]],
) -> None:
    if "*" in read:
        return
    for tool in sorted(rule.tools or ()):
        limited: set[str] = set()
        for name in read:
            limited |= families[tool].get(name, frozenset())
        for name, kinds in families[tool].items():
            if name not in read and kinds & limited and name not in guarded[tool] and "*" not in guarded[tool]:
                world.notes.add(
                    "unconstrained-argument",
                    rule.at,
                    also=(("declared", view.tools[tool].at),),
                    rules=(rule.shown_name,),
                    each=f"{tool} {name}",
                    rule=rule.shown_name,
                    tool=tool,
                    name=name,
                )
