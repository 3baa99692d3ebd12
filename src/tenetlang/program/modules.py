"""From files to packages: who imports and extends whom, and which package decides.

The *entry* is the package whose decision it is: the one that is asked for, else the one that no other imports or
extends. The entry and all that it extends, nearest first, are the packages that *decide*; with all that these import
they are what the program is made of. Other packages are checked as well, each as if it were alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tenetlang.frozen import frozen
from tenetlang.program import graph
from tenetlang.program.names import AGENTS, FileScope, PackageScope, Word, declare
from tenetlang.program.notes import Notes, listed
from tenetlang.report.nearest import nearest
from tenetlang.syntax import tree
from tenetlang.text import Span


@frozen
class Modules:
    """The packages by name, and what the program takes of them."""

    packages: Mapping[str, PackageScope]
    entry: str
    deciding: tuple[str, ...]
    reached: tuple[str, ...]


def arrange(files: Sequence[tree.File], entry: str | None, notes: Notes, library: Iterable[str] = ()) -> Modules | None:
    """The packages of the files; None if no file says which package it belongs to.

    `library` names the standard packages, those included that no file imports: they are suggested for a mistyped name.
    """
    packages: dict[str, PackageScope] = {}
    for file in files:
        if file.package is not None:
            package = packages.setdefault(file.package.text, PackageScope(file.package.text))
            package.files.append(FileScope(file, package))
    if not packages:
        return None
    known = sorted({*packages, *library})
    for package in packages.values():
        declare(package, notes)
        for scope in package.files:
            _take_imports(scope, packages, notes, known)
        _take_agents(package, packages)
    _find_cycles(packages, notes)
    # A package that was not found, or a circle, leaves others without an importer; which decides is then no second mistake.
    chosen = _entry(packages, entry, Notes() if notes.has("unknown-package", "import-cycle") else notes)
    extends = {name: package.extends for name, package in packages.items()}
    uses = {name: [*package.extends, *package.imports] for name, package in packages.items()}
    return Modules(packages, chosen, graph.reachable([chosen], extends), graph.reachable([chosen], uses))


def _take_imports(file: FileScope, packages: Mapping[str, PackageScope], notes: Notes, known: Sequence[str]) -> None:
    for declaration in file.file.declarations:
        if not isinstance(declaration, tree.Import | tree.Extend):
            continue
        name = declaration.package.text
        if name == file.package.name:
            notes.add("import-cycle", declaration.package.at, "itself", name=name)
            continue
        if name not in packages:
            notes.add("unknown-package", declaration.package.at, name=name, nearest=notes.nearest(name, known))
        word = Word(declaration.alias or declaration.package.parts[-1], name if name in packages else "", declaration)
        extends = isinstance(declaration, tree.Extend)
        words = file.package.words if extends else file.words
        before = words.get(word.name)
        if before is not None and before.declaration is not None:
            variant = {"check": "unused-import", "variant": "twice"} if before.package == word.package else {}
            notes.add(
                variant.get("check", "duplicate-name"),
                declaration.at,
                variant.get("variant", ""),
                also=(("declared", before.declaration.at),),
                name=word.name,
            )
            continue
        words[word.name] = word
        if word.package:
            (file.package.extends if extends else file.package.imports).append(word.package)


def _take_agents(package: PackageScope, packages: Mapping[str, PackageScope]) -> None:
    """Import the words of tool calls unasked: where no request is declared, or tools are."""
    if AGENTS not in packages or package.standard:
        return
    requests = any(isinstance(item.declaration, tree.RequestDeclaration) for item in package.others)
    tools = any(isinstance(item.declaration, tree.ToolDeclaration) for item in package.others)
    if tools or not requests:
        package.imports.append(AGENTS)
        package.words.setdefault("agents", Word("agents", AGENTS, None))


def _find_cycles(packages: Mapping[str, PackageScope], notes: Notes) -> None:
    edges = {name: [*package.extends, *package.imports] for name, package in packages.items()}
    for circle in graph.order(edges).circles:
        last, first = packages[circle[-1]], circle[0]
        for file in last.files:
            for declaration in file.file.declarations:
                if isinstance(declaration, tree.Import | tree.Extend) and declaration.package.text == first:
                    notes.add("import-cycle", declaration.package.at, cycle=" → ".join((*circle, first)))


def _entry(packages: Mapping[str, PackageScope], wanted: str | None, notes: Notes) -> str:
    own = sorted(name for name, package in packages.items() if not package.standard) or sorted(packages)
    used = {below for package in packages.values() for below in (*package.extends, *package.imports)}
    roots = [name for name in own if name not in used]
    if wanted is not None and wanted in packages:
        return wanted
    first = packages[(roots or own)[0]]
    if wanted is not None:
        at = _package_line(first)
        notes.add("no-entry", at, "unknown", name=wanted, packages=listed(own), nearest=nearest(wanted, own))
    elif not roots:
        notes.add("no-entry", _package_line(first), packages=listed(own))
    elif len(roots) > 1:
        others = tuple(("other", _package_line(packages[name])) for name in roots[1:])
        notes.add("several-entries", _package_line(first), also=others, packages=listed(roots))
    return first.name


def _package_line(package: PackageScope) -> Span:
    path = package.files[0].file.package
    assert path is not None
    return path.at
