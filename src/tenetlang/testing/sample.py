"""Requests made up for a program: well-typed, and close to where its rules decide.

Values come from the program itself: a number is a constant that the program compares with, or one next to it; a string
is one that some rule names; a collection holds few of those. The rest is simply varied. The sequence depends on nothing
but the program and the seed, so a counterexample can be found again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from random import Random

import attrs

from tenetlang.analysis.proofs.given import needed_facts
from tenetlang.program import types as t
from tenetlang.program.expression import Condition, Constant, Not, Read, ToolIs
from tenetlang.program.program import Claim, Program
from tenetlang.testing.matching import compiled, matching
from tenetlang.testing.requests import as_request
from tenetlang.testing.walk import nodes
from tenetlang.values.numbers import INT_MAX, INT_MIN
from tenetlang.values.order import sorted_values

LARGE = 10**18
"""Decimals from here on can't come in."""

MOST_ITEMS = 3
"""Elements of a collection that is made up."""

LONGEST_TEXT = 1000
"""Characters of a text that is made up for a pattern."""

ATTEMPTS = 20
"""Values made up in the search for one that keeps to a refinement."""

SAME_DOCUMENTS = 20
"""Requests in a row that get the same documents, since an evaluator is made for each set of them."""

_EXAMPLES: Mapping[str, tuple[object, ...]] = {
    "string": ("", "a", "b", "x1"),
    "int": (0, 1, 2, -1, 10),
    "decimal": (Decimal(0), Decimal(1), Decimal("0.01"), Decimal(100), Decimal(-1)),
    "time": ("2026-11-22T20:00:00Z", "2026-01-01T00:00:00Z", "2027-06-30T12:30:00Z"),
    "duration": ("0s", "1m", "1h", "24h"),
    "ip": ("10.0.0.1", "192.0.2.7", "2001:db8::1"),
    "cidr": ("10.0.0.0/8", "192.0.2.0/24"),
    "url": ("https://example.com/", "http://example.org:8080/a/b?q=1", "https://sub.example.com/x"),
    "email": ("a@example.com", "b@example.org"),
    "host": ("example.com", "sub.example.com", "example.org"),
    "path": ("/", "/home/a/b.txt", "a/b", "/etc/passwd"),
    "semver": ("1.0.0", "1.2.3-rc.1", "2.0.0"),
    "glob": ("*", "a*"),
    "regex": (".*", "a+"),
    "json": (None, True, 0, "a", [], {}, {"a": 1}),
}


@attrs.frozen
class Sampler:
    """Makes requests and documents for one program: most requests are for `favoured` tools, where there are any, and the
    facts that are `said` are in each."""

    program: Program
    constants: Mapping[str, tuple[object, ...]]
    random: Random
    favoured: tuple[str, ...] = ()
    said: frozenset[str] = frozenset()

    def request(self) -> dict[str, object]:
        """A request that the program takes, as JSON values."""
        program, choose = self.program, self.random
        request: dict[str, object] = {}
        if program.uses_tools and program.tools:
            favoured = self.favoured and choose.random() < 0.8  # mostly
            tool = choose.choice(self.favoured if favoured else sorted(program.tools))
            request["tool"] = tool
            request["args"] = self.value(program.tools[tool].parameters)
            request["counters"] = {
                counter.name: self.refined(t.Field(counter.name, counter.type, refinement=counter.refinement))
                for counter in program.counters
            }
            names = [field.name for field in program.tools[tool].parameters.fields]
            said = [name for name in names if choose.random() < 0.5]  # half of them
            request["origins"] = {name: choose.choice(self.origins()) for name in said}
        for name, fact in sorted(program.facts.items()):
            if fact.required or name in self.said or choose.random() < 0.5:  # half of them
                request[name] = self.value(fact.type)
        return request

    def documents(self) -> dict[str, object]:
        """A document for each of the program's data, by `package.name`."""
        return {f"{data.package}.{data.name}": self.value(data.type) for data in self.program.data}

    def origins(self) -> list[str]:
        return ["user", "agent", *(f"tool:{tool}" for tool in sorted(self.program.tools)[:3])]

    def value(self, type_: t.Type) -> object:
        """A JSON value that reads as the type."""
        choose = self.random
        match type_:
            case t.Scalar(name):
                return self._scalar(name)
            case t.UnionType(literals):
                return choose.choice(literals)
            case t.OptionalType(of):
                return self.value(of)
            case t.ListType(of):
                return [self.value(of) for _ in range(choose.randint(0, MOST_ITEMS))]
            case t.SetType(of):
                return [self.value(of) for _ in range(choose.randint(0, MOST_ITEMS))]
            case t.MapType(key, of):
                return {str(self.value(key)): self.value(of) for _ in range(choose.randint(0, MOST_ITEMS))}
            case t.RecordType(fields):
                if any(field.type == t.ARGUMENTS for field in fields):
                    return self._call(fields)
                said = [field for field in fields if not field.optional or choose.random() < 0.5]  # half
                return {field.name: self.refined(field) for field in said}
            case t.Never() | t.Unknown():
                return None

    def _scalar(self, name: str) -> object:
        choose = self.random
        if name == "bool":
            return choose.random() < 0.5  # half
        if name == "tool":
            return choose.choice([*sorted(self.program.tools), "other"])
        known = self.constants.get(name, ())
        if known and choose.random() < 0.7:  # mostly what the program speaks of
            return choose.choice(known)
        return choose.choice(_EXAMPLES[name])

    def _call(self, fields: tuple[t.Field, ...]) -> object:
        """An earlier call, with arguments that fit its tool."""
        tool = next(field.name for field in fields if field.type == t.TOOL)
        arguments = next(field for field in fields if field.type == t.ARGUMENTS)
        call = self.value(t.RecordType(tuple(field for field in fields if field is not arguments)))
        assert isinstance(call, dict)
        declared = self.program.tools.get(call[tool])
        if declared is not None and (not arguments.optional or self.random.random() < 0.7):  # mostly
            call[arguments.name] = self.value(declared.parameters)
        return call

    def refined(self, field: t.Field) -> object:
        """A value for the field that keeps to its refinement where a few attempts find one."""
        refinement = field.refinement
        value = self.value(field.type)
        if refinement is None:
            return value
        if isinstance(value, int | Decimal):
            if refinement.minimum is not None:
                value = max(value, refinement.minimum)
            return value if refinement.maximum is None else min(value, refinement.maximum)
        if isinstance(value, str):
            return self._refined_text(value, refinement)
        least, most = refinement.items or (0, MOST_ITEMS)
        return self._counted(field.type, value, least, most)

    def _refined_text(self, text: str, refinement: t.Refinement) -> str:
        least, most = refinement.length or (0, len(text) + LONGEST_TEXT)
        if refinement.pattern is None:
            return text.ljust(least, "a")[:most]
        pattern = compiled(refinement.pattern)
        for _ in range(ATTEMPTS):
            if least <= len(text) <= most and pattern.matches(text):
                break
            text = matching(pattern.syntax, self.random)
        return text

    def _counted(self, type_: t.Type, value: object, least: int, most: int) -> object:
        """The collection with so many members, where a few attempts find them."""
        wanted = self.random.randint(least, max(least, min(most, least + MOST_ITEMS)))
        match type_, value:
            case (t.OptionalType(of), _):
                return self._counted(of, value, least, most)
            case (t.ListType(of), list()):
                return [*value, *(self.value(of) for _ in range(wanted))][:wanted]
            case (t.SetType(of), list()):
                found: list[object] = []
                for _ in range(wanted * ATTEMPTS):
                    made = self.value(of)
                    if made not in found and len(found) < wanted:
                        found.append(made)
                return found
            case (t.MapType(key, of), dict()):
                members: dict[str, object] = {}
                for _ in range(wanted * ATTEMPTS):
                    if len(members) < wanted:
                        members[str(self.value(key))] = self.value(of)
                return members
            case _:
                return value


def sampler(
    program: Program, seed: int = 0, favoured: tuple[str, ...] = (), said: frozenset[str] = frozenset()
) -> Sampler:
    """The sampler of a program; equal seeds give equal sequences."""
    return Sampler(program, constants_of(program), Random(seed), favoured, said)  # noqa: S311  # nothing secret here


def constants_of(program: Program) -> dict[str, tuple[object, ...]]:
    """The constants of the program by type, each with its neighbours, as JSON values."""
    found: dict[str, set[object]] = {}
    for node in _everything(program):
        if isinstance(node, Constant):
            _collect(found, node.type, node.value)
    return {name: tuple(as_request(item) for item in sorted_values(values)) for name, values in sorted(found.items())}


def _everything(program: Program) -> Iterator[object]:
    for package in program.packages:
        for rule in package.rules:
            yield from nodes(rule.body)
            yield from nodes(rule.exception or ())
    for definition in program.definitions.values():
        yield from nodes(definition.value)
    for function in program.functions.values():
        yield from nodes(function.body)
    for claim in program.claims:
        yield from nodes(claim.condition)
        yield from nodes(claim.body)


def _collect(found: dict[str, set[object]], type_: t.Type, value: object) -> None:
    match type_:
        case t.ListType(of) | t.SetType(of) if isinstance(value, tuple | frozenset):
            for item in value:
                _collect(found, of, item)
        case t.Scalar("int") if isinstance(value, int):
            near = range(max(value - 1, INT_MIN), min(value + 1, INT_MAX) + 1)
            found.setdefault("int", set()).update(near)
        case t.Scalar("decimal") if isinstance(value, Decimal | int):
            step = Decimal("0.01")
            number = Decimal(value)
            near_by = {number - step, number, number + step} if abs(number) < LARGE else {Decimal(0)}
            found.setdefault("decimal", set()).update(near_by)
        case t.Scalar(name) if name in _EXAMPLES and name not in {"json", "glob", "regex"}:
            found.setdefault(name, set()).add(value)
        case t.UnionType():
            found.setdefault("string", set()).add(value)
        case _:
            pass


def samples(program: Program, claim: Claim, count: int) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    """`count` requests for a claim, each with its documents: some requests in a row share one object.

    Most are for the tools that the claim names; the facts that it reads, or of which it replaces a part, are in each.
    """
    said = frozenset(replacement.target[0] for replacement in claim.replacements)
    said = said.union(needed_facts(program, claim))
    making = sampler(program, sum(map(ord, claim.name)), named_tools(program, claim), said)
    documents: dict[str, object] = {}
    for number in range(count):
        if number % SAME_DOCUMENTS == 0:
            documents = making.documents()
        yield making.request(), documents


def named_tools(program: Program, claim: Claim) -> tuple[str, ...]:
    """The tools that a claim speaks of: those that all its conditions on the tool leave, else any that it mentions."""
    left = frozenset(program.tools)
    mentioned: set[str] = set()
    for step in (*claim.condition, *claim.body):
        mentioned |= {tool for node in nodes(step) if isinstance(node, ToolIs) for tool in node.tools}
        match step:
            case Condition(ToolIs(Read(("tool",)), tools)):
                left &= tools
            case Condition(Not(ToolIs(Read(("tool",)), tools))):
                left -= tools
            case _:
                pass
    return tuple(sorted(left if left and left != program.tools.keys() else mentioned & program.tools.keys()))
