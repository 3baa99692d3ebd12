"""Lowering once what has not changed: how a second check of nearly the same files is quick.

Most of a policy is rules and tests, and most of the time that checking takes goes into lowering them, one by one. What a rule
becomes depends on its own text and on what is declared around it: types, tools, facts, documents, definitions, reviewers,
obligations, imports. It does not depend on other rules; what they have to do with each other (overrides, ranks, defaults, what
nobody uses) is worked out when all are lowered, each time anew. Tests and claims depend on the rules' names and verdicts as well.

So a check hands its `Memories` on to the next one, which takes from them what a declaration became if

- the declaration is the same object: its file was not parsed again, and every place in it is still right;
- all that is declared *around* rules and tests is the same, letter by letter (`surroundings`);
- lowering it had nothing to say. A finding may name places in other files, which may have moved, and suggestions for mistyped
  names draw on a budget that all share; where there is something to say it is said afresh.

Lowering leaves one more trace: what it *used* of definitions and imports, so that nobody calls these unused. That is
remembered with it.

The condition on the surroundings is coarse on purpose. Who changes a type or a `let` has all rules lowered again, which takes
a tenth of a second for a thousand; in return there is no record of who depends on what that could be wrong. Texts are
compared, and not what was made of them, because equal values need not be the same ones: `1.0` equals `1.00`, and is
written differently into a policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Generic, TypeAlias, TypeVar

import attrs

from tenetlang.program.names import Declared, FileScope, PackageScope, declared
from tenetlang.program.program import Claim, Rule, TestCase
from tenetlang.program.world import World
from tenetlang.syntax import tree

Made = TypeVar("Made")
Surroundings: TypeAlias = tuple[object, ...]


@attrs.frozen(eq=False)
class _Lowered(Generic[Made]):
    """What a declaration became, and what it used: definitions by full name, and words of its file."""

    declaration: tree.Declaration
    made: Made
    used: frozenset[str]
    words: frozenset[str]


@attrs.frozen(eq=False)
class Memory(Generic[Made]):
    """What the declarations of one kind became in these surroundings, by the identity of the declaration."""

    around: Surroundings
    lowered: Mapping[int, _Lowered[Made]] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class Memories:
    """What one check hands on to the next."""

    rules: Memory[Rule]
    tests: Memory[TestCase]
    claims: Memory[Claim]


NOTHING: Final = Memories(Memory(()), Memory(()), Memory(()))
"""The memories of no check: no surroundings are like these."""


@attrs.define(eq=False)
class Recall(Generic[Made]):
    """Lowers declarations of one kind, or takes what `before` has. What it keeps is for the next check."""

    world: World
    around: Surroundings
    before: Mapping[int, _Lowered[Made]]
    kept: dict[int, _Lowered[Made]] = attrs.field(factory=dict)

    def lower(self, file: FileScope, declaration: tree.Declaration, make: Callable[[], Made]) -> Made:
        """What the declaration becomes, which is what `make` gives."""
        world = self.world
        known = self.before.get(id(declaration))
        if known is not None and known.declaration is declaration:
            self.kept[id(declaration)] = known
            world.used |= known.used
            file.used |= known.words
            return known.made
        said, used, words = world.notes.said, world.used, file.used
        world.used, file.used = set(), set()
        made = make()
        if world.notes.said == said:
            lowered = _Lowered(declaration, made, frozenset(world.used), frozenset(file.used))
            self.kept[id(declaration)] = lowered
        used |= world.used
        words |= file.used
        world.used, file.used = used, words
        return made

    def memory(self) -> Memory[Made]:
        """All that may be taken again."""
        return Memory(self.around, self.kept)


def recalling(world: World, around: Surroundings, before: Memory[Made]) -> Recall[Made]:
    """Lowers in these surroundings, with what is known `before` if it was known in the same ones."""
    return Recall(world, around, before.lowered if before.around == around else {})


def surroundings(world: World) -> Surroundings:
    """What is declared around rules, tests and claims: all that their lowering may read, but for rules' names."""
    files = tuple(_around_in(file) for package in world.packages.values() for file in package.files)
    return world.modules.entry, files


def with_rules(around: Surroundings, packages: Iterable[PackageScope]) -> Surroundings:
    """The surroundings and the rules by name and verdict, which is what tests and claims may read of them."""
    symbols = (symbol for package in packages for symbol in package.all("rule"))
    rules = tuple(
        (symbol.full_name, symbol.declaration.verdict)
        for symbol in symbols
        if isinstance(symbol.declaration, tree.RuleDeclaration)
    )
    return *around, rules


def _around_in(file: FileScope) -> Surroundings:
    annotations = tuple(annotation.at.source for annotation in file.file.annotations)
    return file.package.name, annotations, tuple(text for item in declared(file) for text in _texts(item))


def _texts(item: Declared) -> Iterator[str]:
    """The text of a declaration with what it stands in; nothing for rules, tests and claims."""
    match item.declaration:
        case tree.RuleDeclaration() | tree.TestDeclaration() | tree.ClaimDeclaration():
            return
        case (
            tree.Import() | tree.Extend() | tree.Resolve() | tree.Default() | tree.OnError() | tree.With() | tree.For()
        ):
            pass
        case declaration:
            yield from (annotation.at.source for annotation in declaration.annotations)
    for outer in item.around:
        yield from ("for", *(name.at.source for name in outer.tools))
    yield item.declaration.at.source
