"""What the `with` lines of a claim say of every request: for the program, what it may take for known; for a candidate, what
is put in its place.

Facts, fields of facts, documents, origins, counters and approvals become constants in the program (`specialise.py`), so that
a claim about one document is decided exactly for that document. Functions that are replaced make another program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from tenetlang.analysis.counterfactuals.specialise import ABSENT, specialised
from tenetlang.analysis.models import json_value
from tenetlang.analysis.questions import Judge
from tenetlang.analysis.shape import NOWHERE, Path
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Claim, Definition, Program, Replacement
from tenetlang.values.collections import Record


class NotGiven(Exception):
    """A `with` line whose value errs, or is none that can stand there."""


@frozen
class Given:
    """What is known of all requests: by path, as values of the language; later ones stand above earlier ones."""

    values: tuple[tuple[Path, object], ...]

    @property
    def approved(self) -> Sequence[str]:
        """The reviewers who have approved."""
        said = dict(self.values).get(("approvals",), ())
        assert isinstance(said, tuple)
        return [str(name) for name in said]

    def known(self, program: Program, tool: str | None) -> Mapping[Path, object]:
        """By the paths of `Read`, with the origins of all arguments of the tool where they are said as a whole."""
        found: dict[Path, object] = {}
        for path, value in self.values:
            for other in [other for other in found if other[: len(path)] == path]:
                del found[other]
            if path == ("origins",) and isinstance(value, Record | dict):
                fields = () if tool is None else program.tools[tool].parameters.fields
                found.update(
                    {("origins", f.name): _origin(value[f.name]) if f.name in value else ABSENT for f in fields}
                )
            elif path[0] == "origins":
                found[path] = _origin(value)
            elif path != ("approvals",):
                _note(found, path, value)
        return found

    def put(
        self, program: Program, request: Mapping[str, object], documents: Mapping[str, object]
    ) -> tuple[Mapping[str, object], Mapping[str, object]]:
        """The request and the documents with what is given. Other tools than the claim has in mind may lack an argument."""
        made: dict[str, object] = dict(request)
        given: dict[str, object] = dict(documents)
        for path, value in self.values:
            plain = json_value(value)
            match path:
                case ("data", package, name, *rest):
                    given = _with(given, (f"{package}.{name}", *rest), plain)
                case ("approvals",):
                    made["approvals"] = [{"reviewers": name} for name in self.approved]
                case ("origins",) if isinstance(plain, dict):
                    made["origins"] = {name: _origin_text(origin) for name, origin in plain.items()}
                case ("origins", _):
                    made = _with(made, path, _origin_text(plain))
                case _:
                    made = _with(made, path, plain)
        origins, tool = made.get("origins"), program.tools.get(str(made.get("tool")))
        if isinstance(origins, dict) and tool is not None:
            made["origins"] = {name: origin for name, origin in origins.items() if tool.parameters.field(name)}
        return made, given


def _note(found: dict[Path, object], path: Path, value: object) -> None:
    """A field of what is known as a whole becomes part of it."""
    for length in range(len(path) - 1, 0, -1):
        whole = found.get(path[:length])
        if isinstance(whole, Record):
            found[path[:length]] = _with_field(whole, path[length:], value)
            return
    found[path] = value


def _with_field(whole: Record, path: Path, value: object) -> Record:
    below = whole[path[0]] if path[0] in whole else Record({})
    if len(path) > 1:
        assert isinstance(below, Record), "the checker lets only fields of records be replaced"
    inner = value if len(path) == 1 or not isinstance(below, Record) else _with_field(below, path[1:], value)
    return Record({**{name: whole[name] for name in whole}, path[0]: inner})


def _origin(said: object) -> Record:
    if isinstance(said, Record):
        return said
    kind, _, tool = str(said).partition(":")
    return Record({"kind": kind, "tool": tool} if kind == "tool" else {"kind": kind})


def _origin_text(said: object) -> object:
    if not isinstance(said, dict):
        return said
    return f"tool:{said['tool']}" if said["kind"] == "tool" and "tool" in said else said["kind"]


def _with(into: Mapping[str, object], path: Path, value: object) -> dict[str, object]:
    if len(path) == 1:
        return {**into, path[0]: value}
    below = into.get(path[0], {})
    assert isinstance(below, Mapping), "the checker lets only fields of records be replaced"
    return {**into, path[0]: _with(below, path[1:], value)}


def needed_facts(program: Program, claim: Claim) -> Sequence[str]:
    """The facts that the claim reads where nothing asks whether they are there, and that no rule needs: the requests that it
    is about have them."""
    reads = list(_reads((claim.condition, claim.body)))
    asked = {read.path for read in reads if read.optional}
    found = {
        read.path[0]
        for read in reads
        if not read.optional and not any(read.path[:length] in asked for length in range(1, len(read.path) + 1))
    }
    return sorted(name for name in found if name in program.facts and not program.facts[name].required)


def _reads(item: object) -> Iterator[core.Read]:
    waiting = [item]
    while waiting:
        node = waiting.pop()
        if isinstance(node, core.Read):
            yield node
        elif isinstance(node, tuple):
            waiting += node
        elif isinstance(node, core.Expression | core.Step | core.Bound):
            waiting += [getattr(node, name) for name in type(node).__match_args__ if name not in {"type", "at", "text"}]


def given_by(claim: Claim, judge: Judge) -> Given:
    """The values of the claim's `with` lines. Raises `NotGiven`."""
    return Given(tuple(_values(claim.replacements, judge)))


def _values(replacements: Sequence[Replacement], judge: Judge) -> Iterator[tuple[Path, object]]:
    for replacement in replacements:
        if replacement.target[0] != "function":
            value = judge.constant(replacement.value)
            if value is None:
                raise NotGiven
            yield replacement.target, value


def with_functions(program: Program, replacements: Sequence[Replacement]) -> Program:
    """The program with the functions that `with` lines of a claim replace; the same where they replace none."""
    functions = dict(program.functions)
    for replacement in replacements:
        if replacement.target[0] == "function":
            name = replacement.target[1]
            functions[name] = attrs.evolve(functions[name], parameters=replacement.parameters, body=replacement.value)
    return program if functions == program.functions else attrs.evolve(program, functions=functions)


def known_program(
    program: Program, claim: Claim, tool: str | None, given: Given, judge: Judge
) -> tuple[Program, Claim]:
    """The program and the claim for requests to the tool, with what is given as constants."""
    # The claim's blocks go along as definitions, so that what is known is written into them as well.
    condition, body = "the claim's condition", "the claim's body"
    blocks = {condition: claim.condition, body: claim.body}
    added = {
        name: Definition(name, t.BOOL, core.Exists(block, t.BOOL, claim.at), None, exported=False, at=claim.at)
        for name, block in blocks.items()
    }
    whole = attrs.evolve(program, definitions={**program.definitions, **added})
    made = specialised(whole, tool, given.known(program, tool), given.approved, judge.constant)
    written = {name: _block(made.definitions[name].value) for name in blocks}
    definitions = {name: item for name, item in made.definitions.items() if name not in added}
    return (
        attrs.evolve(made, definitions=definitions),
        attrs.evolve(claim, condition=written[condition], body=written[body]),
    )


def _block(written: core.Expression) -> core.Block:
    return written.body if isinstance(written, core.Exists) else (core.Condition(written, "", NOWHERE),)
