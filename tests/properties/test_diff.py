"""What `diff` says of two programs holds for each request: those that are decided differently lie in a region, and no others."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import TypeVar

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tenetlang.analysis.comparison.compare import Compared, compared_programs
from tenetlang.analysis.comparison.diff import Box, Diff, Region, diff
from tenetlang.analysis.formulas import Among, Atom, Below, Equal, Fits, Formula, Linear, Some, There
from tenetlang.analysis.regions import Variable, line, region_of
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.evaluator.meaning import ABSENT, Fault, Run, value
from tenetlang.evaluator.requests import Invalid
from tenetlang.program import expression as core
from tenetlang.program.expression import Expression
from tenetlang.program.program import Program
from tenetlang.testing.sample import sampler
from tenetlang.values.collections import Map
from tenetlang.values.order import sorted_values
from tenetlang.values.patterns import matcher
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked

T = TypeVar("T")

_RULE = re.compile(r"^(?:allow|deny|escalate) r\d+\b[^\n]*(?:\n[ })][^\n]*)*", re.MULTILINE)
_SPOTS = (
    (r"(?<![\w.\"])\d+(?![\w.\"-])", ("0", "1", "2", "3")),
    (r" (?:<|<=|>|>=|==|!=) ", (" < ", " <= ", " > ", " >= ", " == ", " != ")),
    (r'"(?:a|b|ab|low|high)"', ('"a"', '"b"', '"high"')),
    (r"\bt\.one\b", ("t.two",)),
    (r"^(?:allow|deny)\b", ("allow", "deny")),
    (r"\bto desk\b", ("to board",)),
    (r"\b(?:and|or)\b", ("and", "or")),
)


def mutated(text: str, random: Random) -> str | None:
    """The text with one rule changed or left out."""
    rules = list(_RULE.finditer(text))
    if not rules:
        return None
    rule = random.choice(rules)
    body = rule.group()
    spots = [(spot, others) for pattern, others in _SPOTS for spot in re.finditer(pattern, body)]
    if not spots or random.random() < 0.15:
        body = ""
    else:
        spot, others = random.choice(spots)
        body = body[: spot.start()] + random.choice(others) + body[spot.end() :]
    return text[: rule.start()] + body + text[rule.end() :]


def pair(files: Sequence[tuple[str, str]], random: Random) -> tuple[Program, Program] | None:
    """A program, and the same with one rule changed; None where either does not check."""
    try:
        old = checked(files)
        if old is None:
            return None
        changed = mutated(files[0][1], random)
        if changed is None:
            return None
        new = checked([(files[0][0], changed), *files[1:]])
    except AssertionError:
        return None
    return None if new is None else (old, new)


# ------------------------------------------------------------------------------------------------------------- membership


class _Unknown(Exception):
    """Something of which only an evaluator of whole rules knows the value."""


@attrs.define(eq=False)
class _Request:
    """Whether a request lies in boxes; `unknown` is the answer where that can't be told."""

    run: Run
    unknown: bool

    def within(self, box: Box) -> bool:
        return all(
            box.masks[variable.number] == variable.initial or self._in(variable, box.masks[variable.number])
            for variable in box.space.variables
            if not variable.elements
        )

    def _in(self, variable: Variable, mask: int) -> bool:
        key = variable.key
        try:
            if isinstance(key, core.Expression):
                found = self._value(key, {})
                return found is ABSENT or bool(mask >> region_of(variable, found) & 1)
            return bool(mask >> int(self._holds(key, {})) & 1)
        except (_Unknown, Fault, KeyError):
            return self.unknown

    def _value(self, term: Expression, names: Mapping[str, object]) -> object:
        if isinstance(term, core.Local):
            if term.name not in names:
                raise _Unknown
            return names[term.name]
        if isinstance(term, core.Read | core.Field | core.Index):
            term = attrs.evolve(term, optional=True)
        found = value(self.run, term, dict(names))
        return ABSENT if found is None else found

    def _holds(self, atom: Atom, names: Mapping[str, object]) -> bool:
        match atom:
            case There(term):
                return self._value(term, names) is not ABSENT
            case Among(term, values):
                return self._known(term, names) in values
            case Below(term, constant, inclusive):
                one = self._known(term, names)
                if isinstance(one, str):
                    assert isinstance(constant, str)
                    return one < constant or (inclusive and one == constant)
                return line(one) < line(constant) or (inclusive and line(one) == line(constant))  # type: ignore[operator]
            case Fits(term, syntax, segment):
                found = self._known(term, names)
                texts = getattr(found, segment) if segment else [found]
                return any(matcher(syntax)(str(text)) for text in texts)
            case Equal(left, right):
                return self._known(left, names) == self._known(right, names)
            case Linear(terms, relation, constant):
                total = Fraction(0)
                for term, coefficient in terms:
                    number = line(self._known(term, names))
                    assert isinstance(number, Fraction)
                    total += coefficient * number
                return {"<=": total <= constant, "<": total < constant, "==": total == constant}[relation]
            case Some(collection, key, element, body):
                inner = [dict(names) | {element.name: item} | ({key.name: place} if key else {})
                         for place, item in _members(self._known(collection, names))]  # fmt: skip
                return any(self._formula(body, frame) for frame in inner)

    def _known(self, term: Expression, names: Mapping[str, object]) -> object:
        found = self._value(term, names)
        if found is ABSENT:
            raise _Unknown
        return found

    def _formula(self, formula: Formula, names: Mapping[str, object]) -> bool:
        match formula:
            case Formula("literal", atom, positive) if atom is not None:
                return self._holds(atom, names) == positive
            case Formula("and", items=items):
                return all(self._formula(item, names) for item in items)
            case _:
                return any(self._formula(item, names) for item in formula.items)


def _members(collection: object) -> Iterator[tuple[object, object]]:
    match collection:
        case tuple():
            yield from enumerate(collection)
        case Map():
            yield from ((key, collection[key]) for key in sorted_values(collection))
        case frozenset():
            yield from ((item, item) for item in sorted_values(collection))
        case _:
            raise _Unknown


# ------------------------------------------------------------------------------------------------------------- properties


def held_against_requests(old: Program, new: Program, seed: int, requests: int) -> Diff:
    compared = compared_programs(old, BothEvaluators(old), new, BothEvaluators(new))
    found = diff(compared)
    witnesses_are_ones(compared, found)
    judge = BothEvaluators(new)
    untold = {(item.tool, item.old, item.new) for item in found.untold}
    making = sampler(old if seed % 2 else new, seed)
    documents: dict[str, object] = {}
    for number in range(requests):
        if number % 20 == 0:
            documents = making.documents()
        request = {name: item for name, item in making.request().items() if name != "approvals"}
        decisions = compared.decide(request, documents)
        if decisions is None or "invalid_request" in (*decisions[0].decided_by, *decisions[1].decided_by):
            continue
        before, after = decisions[0].verdict, decisions[1].verdict
        tool = request.get("tool")
        assert tool is None or isinstance(tool, str)
        pair = judge.pair(request, documents)
        assert pair is not None
        reference = pair.reference
        inputs = reference.reader.read(request)
        assert not isinstance(inputs, Invalid)
        regions = [
            item
            for item in found.regions
            if item.tool == tool and (item.old.verdict, item.new.verdict) == (before, after)
        ]
        told = not {(tool, before, after), (tool, None, None)} & untold
        run = Run(new, inputs, reference.data)
        if before != after and told:
            place = _Request(run, unknown=True)
            assert any(place.within(item.box) for item in regions), f"{before} {after} {request} {documents}"
        surely = _Request(run, unknown=False)
        for item in found.regions:
            if item.tool == tool and surely.within(item.box):
                assert (item.old.verdict, item.new.verdict) == (before, after), f"{item} {request} {documents}"
    return found


def witnesses_are_ones(compared: Compared, found: Diff) -> None:
    for region in found.regions:
        decisions = compared.decide(region.request, region.documents)
        assert decisions is not None
        assert (decisions[0].verdict, decisions[1].verdict) == (region.old.verdict, region.new.verdict)
        if region.conditions is None:
            assert region.old.verdict != region.new.verdict
        else:
            assert (region.old.reviewers, region.old.obligations) != (region.new.reviewers, region.new.obligations)


@given(st.data(), st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck))
def test_requests_that_are_decided_differently_lie_in_a_region(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    made = pair(program(choose), Random(seed))
    assume(made is not None)
    assert made is not None
    held_against_requests(*made, seed, 60)


def test_a_program_compared_with_itself_has_no_region() -> None:
    for number in range(10):
        files = program(Random(f"same/{number}").choice)
        old, new = checked(files), checked(files)
        if old is None or new is None:
            continue
        found = diff(compared_programs(old, BothEvaluators(old), new, BothEvaluators(new)))
        assert (found.regions, found.untold, found.changes, found.searched) == ((), (), (), 0)


def test_the_same_regions_are_found_in_the_same_order() -> None:
    for number in range(8):
        random = Random(f"order/{number}")
        made = pair(program(random.choice), random)
        if made is None:
            continue
        first, second = (
            diff(compared_programs(made[0], BothEvaluators(made[0]), made[1], BothEvaluators(made[1])))
            for _ in range(2)
        )
        assert first == second


def test_most_differences_are_told() -> None:
    regions: list[Region] = []
    untold = 0
    for number in range(100):
        random = Random(f"told/{number}")
        made = pair(program(random.choice), random)
        if made is not None:
            found = held_against_requests(*made, number, 20)
            regions += found.regions
            untold += len(found.untold)
    assert len(regions) >= 40
    assert untold * 4 <= len(regions), (untold, len(regions))


@pytest.mark.deep
@pytest.mark.parametrize("part", range(4))
def test_differences_of_thousands_of_pairs_lie_in_regions(part: int) -> None:
    for number in range(int(os.environ.get("TENET_DEEP_PROGRAMS", "400"))):
        random = Random(f"diff/{part}/{number}")
        made = pair(program(random.choice), random)
        if made is not None:
            held_against_requests(*made, number, 200)
