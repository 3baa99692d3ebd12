"""What names stand for.

A package is all files that name it; within it each kind of thing has one namespace: values (`let`, `fn`, `set`, `counter`),
types, rules, reviewers, documents. Imports belong to the file that writes them, `extend` to the whole package; either
gives a *word*, the last part of the package's name, and what another package exports is written after that word and a
dot. Tools, facts of the request and obligations have one namespace in the whole program, because a request does
not know of packages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Literal, TypeAlias

import attrs

from tenetlang.program.notes import Notes
from tenetlang.syntax import tree
from tenetlang.text import Span

AGENTS = "std.agents"
"""The package of the words of tool calls."""

Kind: TypeAlias = Literal["value", "type", "rule", "reviewers", "data"]

Named: TypeAlias = (
    tree.TypeDeclaration | tree.DataDeclaration | tree.LetDeclaration | tree.FunctionDeclaration | tree.SetDeclaration
    | tree.ReviewersDeclaration | tree.CounterDeclaration | tree.RuleDeclaration
)  # fmt: skip


@attrs.frozen(eq=False)
class Word:
    """A word that stands for a package, and the line that brings it in. `package` is empty where it was not found."""

    name: str
    package: str
    declaration: tree.Import | tree.Extend | None


@attrs.frozen(eq=False)
class Declared:
    """A declaration, the file it is in, and the `for`s around it, the outermost first."""

    declaration: tree.Declaration
    file: FileScope
    around: tuple[tree.For, ...]


@attrs.frozen(eq=False)
class Symbol:
    """A named declaration. `parts` are all declarations of that name: several only for a partial `set`."""

    kind: Kind
    name: str
    package: str
    declaration: Named
    file: FileScope
    around: tuple[tree.For, ...]
    parts: list[Declared]

    @property
    def full_name(self) -> str:
        return f"{self.package}.{self.name}"

    @property
    def at(self) -> Span:
        return self.declaration.name_at

    @property
    def private(self) -> bool:
        return self.name.startswith("_")


@attrs.define(eq=False)
class FileScope:
    """One file, and the words that its imports bring; `used` are those that something in it makes use of.
    `facts` are its `with` lines, which hold for all its tests."""

    file: tree.File
    package: PackageScope
    words: dict[str, Word] = attrs.field(factory=dict)
    used: set[str] = attrs.field(factory=set)
    facts: tuple[tree.With, ...] = ()

    def word(self, name: str) -> Word | None:
        """The package that a word stands for here, if it does; it is then used."""
        found = self.words.get(name) or self.package.words.get(name)
        if found is not None:
            self.used.add(name)
        return found


@attrs.define(eq=False)
class PackageScope:
    """One package: its files and all that they declare, by kind and name."""

    name: str
    files: list[FileScope] = attrs.field(factory=list)
    words: dict[str, Word] = attrs.field(factory=dict)
    extends: list[str] = attrs.field(factory=list)
    imports: list[str] = attrs.field(factory=list)
    symbols: dict[Kind, dict[str, Symbol]] = attrs.field(
        factory=lambda: {"value": {}, "type": {}, "rule": {}, "reviewers": {}, "data": {}}
    )
    others: list[Declared] = attrs.field(factory=list)

    @property
    def short_name(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def standard(self) -> bool:
        return self.name.startswith("std.")

    def all(self, kind: Kind) -> Iterable[Symbol]:
        return self.symbols[kind].values()


def declared(file: FileScope) -> Iterator[Declared]:
    """All declarations of a file in the written order, those inside `for` with what is around them."""
    pending: list[tuple[tree.Declaration, tuple[tree.For, ...]]] = [
        (item, ()) for item in reversed(file.file.declarations)
    ]
    while pending:
        item, around = pending.pop()
        if isinstance(item, tree.For):
            pending.extend((inner, (*around, item)) for inner in reversed(item.declarations))
        else:
            yield Declared(item, file, around)


def declare(package: PackageScope, notes: Notes) -> None:
    """Enter all declarations of the package's files under their names; notes names that are declared twice."""
    for file in package.files:
        file.facts = tuple(item for item in file.file.declarations if isinstance(item, tree.With))
        for item in declared(file):
            match item.declaration:
                case tree.TypeDeclaration():
                    _enter(package, "type", item, item.declaration, notes)
                case tree.DataDeclaration():
                    _enter(package, "data", item, item.declaration, notes)
                case tree.ReviewersDeclaration():
                    _enter(package, "reviewers", item, item.declaration, notes)
                case tree.RuleDeclaration():
                    _enter(package, "rule", item, item.declaration, notes)
                case (
                    tree.LetDeclaration()
                    | tree.FunctionDeclaration()
                    | tree.SetDeclaration()
                    | tree.CounterDeclaration()
                ):
                    _enter(package, "value", item, item.declaration, notes)
                case _:
                    package.others.append(item)


def _enter(package: PackageScope, kind: Kind, item: Declared, declaration: Named, notes: Notes) -> None:
    names = package.symbols[kind]
    first = names.get(declaration.name)
    if first is None:
        names[declaration.name] = Symbol(
            kind, declaration.name, package.name, declaration, item.file, item.around, [item]
        )
    elif isinstance(declaration, tree.SetDeclaration) and isinstance(first.declaration, tree.SetDeclaration):
        first.parts.append(item)
    else:
        notes.add("duplicate-name", declaration.name_at, also=(("declared", first.at),), name=declaration.name)


def symbol_at(
    packages: Mapping[str, PackageScope], file: FileScope, path: tree.Path, kind: Kind
) -> Symbol | Word | None:
    """What a dotted name means: an own symbol, one of the package that the first parts stand for, or nothing.

    A `Word` is returned where its package has no such symbol (or is itself unknown), so that the caller can say so.
    """
    if len(path.parts) == 1:
        return file.package.symbols[kind].get(path.parts[0])
    word = file.word(path.parts[0])
    if word is None:
        return None
    if len(path.parts) != 2 or word.package not in packages:
        return word
    return packages[word.package].symbols[kind].get(path.parts[1]) or word


_SHOWN_KIND: Mapping[Kind, str] = {
    "value": "name", "type": "type", "rule": "rule", "reviewers": "reviewers", "data": "data",
}  # fmt: skip


def find(
    packages: Mapping[str, PackageScope],
    notes: Notes,
    file: FileScope,
    path: tree.Path,
    kind: Kind,
    variant: str = "",
    known: Iterable[str] = (),
) -> Symbol | None:
    """The symbol that the name stands for; None, with a finding, where there is none or it is another's own.

    `known` are further names that would do, for the suggestion.
    """
    found = symbol_at(packages, file, path, kind)
    variant = variant or _SHOWN_KIND[kind]
    if isinstance(found, Symbol):
        if found.private and found.package != file.package.name:
            notes.add("private-name", path.at, also=(("declared", found.at),), name=found.name, package=found.package)
            return None
        return found
    if found is None:
        missing_name(notes, file, path, variant, chain(file.package.symbols[kind], known))
    elif found.package in packages:
        owner = packages[found.package]
        near = notes.nearest(path.parts[-1], (name for name in owner.symbols[kind] if not name.startswith("_")))
        notes.add(
            "unknown-name",
            path.at,
            variant,
            name=path.text,
            owner=owner.name,
            nearest=None if near is None else f"{path.parts[0]}.{near}",
        )
    return None


def missing_name(notes: Notes, file: FileScope, path: tree.Path, variant: str, known: Iterable[str]) -> None:
    """Note that a name stands for nothing, with the nearest name that stands for something."""
    name = path.parts[0] if len(path.parts) > 1 else path.text
    if len(path.parts) > 1:
        variant = "package"
        known = chain(file.words, file.package.words)
    notes.add("unknown-name", path.at, variant, name=name, nearest=notes.nearest(name, known))
