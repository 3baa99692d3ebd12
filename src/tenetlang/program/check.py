"""Parsed files → checked program.

The stage goes from what stands alone to what needs the rest: packages and who imports whom, types, what requests
consist of, definitions, reviewers, rules, tests. Each step is a file of its own and gives something even of a broken
policy, so that the steps after it, and editors, can go on; what is broken is in the findings, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tenetlang.frozen import field, frozen
from tenetlang.program.counters import note_counted_counters
from tenetlang.program.definitions import Definitions, define
from tenetlang.program.errors import Faults
from tenetlang.program.modules import arrange
from tenetlang.program.notes import Notes
from tenetlang.program.overrides import check_defaults, note_missing_default, with_overrides
from tenetlang.program.program import Fact, Package, Program, Reviewers
from tenetlang.program.reads import Reads
from tenetlang.program.recall import NOTHING, Memories, recalling, surroundings, with_rules
from tenetlang.program.recursion import deep_recursion
from tenetlang.program.reviewers import lower_reviewers
from tenetlang.program.rules import lower_package
from tenetlang.program.schema import resolve_declared_types
from tenetlang.program.tests import Proofs, lower_tests
from tenetlang.program.unsaid import note_unsaid
from tenetlang.program.usage import note_expired, note_unconstrained, note_unused
from tenetlang.program.vocabulary import make_views
from tenetlang.program.world import View, World
from tenetlang.report.finding import Finding
from tenetlang.syntax.tree import File

__all__ = ["Checked", "check"]


@frozen
class Checked:
    """What became of the files: the program, as far as one could be made, and what was found, by file and place.

    `program` is None only where no package could be made out. `memories` make the next check of nearly the same files quick.
    """

    program: Program | None
    findings: tuple[Finding, ...]
    memories: Memories = field(default=NOTHING, eq=False, repr=False)


def check(
    files: Sequence[File],
    entry: str | None = None,
    today: str | None = None,
    library: Iterable[str] = (),
    before: Memories = NOTHING,
) -> Checked:
    """The checked program of some files, those of the standard library that they import among them.

    `entry` is the package that decides, where it is not clear; `today` (`2027-01-01`) lets rules that have expired be
    noted; `library` names all standard packages, for suggestions; `before` is what an earlier check remembers, which changes nothing but
    the time that it takes. Never raises for what the files say.
    """
    notes = Notes()
    modules = arrange(files, entry, notes, library)
    if modules is None:
        return Checked(None, notes.ordered())
    with deep_recursion():
        world = World(modules, notes)
        resolve_declared_types(world)
        make_views(world)
        definitions = define(world)
        reviewers = lower_reviewers(world)
        known = Faults(definitions)
        around = surroundings(world)
        rules = recalling(world, around, before.rules)
        lowered = {name: lower_package(world, package, known, rules) for name, package in world.packages.items()}
        packages = with_overrides(world, lowered)
        check_defaults(world, packages)
        around = with_rules(around, world.packages.values())
        tests = recalling(world, around, before.tests)
        claims = recalling(world, around, before.claims)
        proofs = {
            name: lower_tests(world, package, packages[name], tests, claims) for name, package in world.packages.items()
        }
        view = world.view(modules.entry)
        reads = Reads(definitions)
        note_counted_counters(world, definitions.counters.values(), reads)
        program = _program(world, view, definitions, reviewers, packages, proofs[modules.entry], reads)
        note_unsaid(world, view, program, reads)
        note_missing_default(world, view, packages, world.packages[modules.entry])
        note_unused(world)
        note_unconstrained(world, view, program, reads)
        if today is not None:
            note_expired(world, packages.values(), today)
    broken = frozenset(name for file in files for name in file.broken)
    memories = Memories(rules.memory(), tests.memory(), claims.memory())
    return Checked(program, _without_followers(notes.ordered(), broken), memories)


_OF_OTHERS = ("unknown-tool", "counter-unknown-tool", "unknown-obligation", "missing-default")
"""Checks of what a package that was not found may have declared."""

_UNDECLARED = frozenset(
    {"unknown-name", "unknown-tool", "counter-unknown-tool", "unknown-obligation", "unknown-override", "unknown-package",
     "unknown-field", "unguarded-optional"}
)  # fmt: skip
"""Checks of a name that nothing declares, or not as it is used; and so are these of tests:"""

_UNDECLARED_IN_TESTS = frozenset({"rule", "replace"})


def _without_followers(findings: tuple[Finding, ...], broken: frozenset[str]) -> tuple[Finding, ...]:
    """The findings without those that only follow from others: one mistake is one finding.

    They follow from a package that is not there, or from a declaration that could not be read: `broken` are the names that
    such declarations would have given.
    """
    if any(finding.check == "unknown-package" for finding in findings):
        findings = tuple(finding for finding in findings if finding.check not in _OF_OTHERS)
    if broken:
        findings = tuple(finding for finding in findings if not _follows(finding, broken))
    return findings


def _follows(finding: Finding, broken: frozenset[str]) -> bool:
    """Whether the finding misses a name that a broken declaration would have given."""
    in_test = finding.check == "bad-test" and finding.variant in _UNDECLARED_IN_TESTS and not finding.also
    if finding.check not in _UNDECLARED and not in_test:
        return False
    name = finding.at.source.strip('"`')
    return name in broken or not broken.isdisjoint(name.split("."))


def _program(
    world: World,
    view: View,
    definitions: Definitions,
    reviewers: Mapping[str, Reviewers],
    packages: Mapping[str, Package],
    proofs: Proofs,
    reads: Reads,
) -> Program:
    """What of the world belongs to the entry's program."""
    reached = set(view.reached)

    def belongs(full_name: str) -> bool:
        return full_name.rpartition(".")[0] in reached

    return Program(
        entry=view.root,
        packages=tuple(packages[name] for name in view.deciding),
        uses_tools=view.uses_tools,
        facts=_facts(view, definitions, reviewers, packages, reads),
        tools=dict(sorted(view.tools.items())),
        data=tuple(world.data[name] for name in sorted(world.data) if belongs(name)),
        definitions={name: item for name, item in sorted(definitions.definitions.items()) if belongs(name)},
        functions={name: item for name, item in sorted(definitions.functions.items()) if belongs(name)},
        counters=tuple(item for name, item in sorted(definitions.counters.items()) if belongs(name)),
        reviewers={name: item for name, item in sorted(reviewers.items()) if belongs(name)},
        obligations=dict(sorted(view.obligations.items())),
        tests=proofs.tests,
        claims=proofs.claims,
    )


def _facts(
    view: View,
    definitions: Definitions,
    reviewers: Mapping[str, Reviewers],
    packages: Mapping[str, Package],
    reads: Reads,
) -> dict[str, Fact]:
    """The facts of the request; required are those without `?` that a deciding package reads."""
    read: set[str] = set()
    for name in view.deciding:
        package = packages[name]
        roots: list[object] = [
            *(d.value for d in definitions.definitions.values() if d.name.rpartition(".")[0] == name),
            *(f.body for f in definitions.functions.values() if f.name.rpartition(".")[0] == name),
            *(r.who for r in reviewers.values() if r.name.rpartition(".")[0] == name),
            *((c.argument or (), c.by, c.body) for c in definitions.counters.values() if c.package == name),
            package.default.because if package.default is not None else (),
        ]
        paths = reads.of(tuple(roots)).union(*(reads.rule(rule) for rule in package.rules))
        read |= {path[0] for path in paths}
    return {
        name: Fact(name, fact.type, name in read and not fact.optional) for name, fact in sorted(view.facts.items())
    }
