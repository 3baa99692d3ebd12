"""Formulas → the space in which they can be asked about: its variables with their regions, and the groups they form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Literal

import attrs

from tenetlang.analysis.formulas import (
    Among,
    Atom,
    Below,
    Equal,
    Fits,
    Formula,
    Linear,
    Some,
    There,
    binders_of,
    elements_of,
)
from tenetlang.analysis.regions import Key, Variable, few_values, is_ordered, items_of, limits_of, line, settle
from tenetlang.analysis.shape import NOWHERE, Shape, plain
from tenetlang.analysis.space import (
    Group,
    MemberGroup,
    RelationGroup,
    Space,
    TermGroup,
    TextGroup,
    texts_below,
    variables_of,
)
from tenetlang.analysis.texts import URL_HOST
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.values.order import sorted_values
from tenetlang.values.pattern_syntax import PatternSyntax
from tenetlang.values.versions import Semver


def space_of(shape: Shape, formulas: Iterable[Formula]) -> Space:
    """The space in which these formulas can be asked about."""
    space = Space(shape)
    making = _Making(space)
    atoms = list(_atoms(formulas))
    for atom in atoms:
        making.take(atom)
    making.finish()
    for variable in space.variables:
        settle(shape, variable)
    making.group(atoms)
    return space


def _operands(term: Expression) -> Iterator[Expression]:
    """The parts of the request from which a term is computed by what only an evaluator understands: they get values too."""
    match term:
        case core.Operate(operands=operands) | core.Builtin(arguments=operands):
            for operand in operands:
                scalar = plain(operand.type)
                if (
                    isinstance(operand, core.Read | core.Local)
                    and isinstance(scalar, t.Scalar)
                    and scalar.name != "json"
                ):
                    yield operand
                yield from _operands(operand)
        case core.Widen(of):
            if isinstance(of, core.Read | core.Local):
                yield of
            yield from _operands(of)
        case _:
            pass


def _is_closed(term: Expression) -> bool:
    """Whether the term is computed from constants and from its operands alone."""
    match term:
        case core.Operate(operands=operands) | core.Builtin(arguments=operands):
            return all(map(_is_closed, operands))
        case core.Widen(of):
            return _is_closed(of)
        case core.Constant():
            return True
        case core.Read() | core.Local():
            scalar = plain(term.type)
            return isinstance(scalar, t.Scalar) and scalar.name != "json"
        case _:
            return False


def _in_order(places: Iterable[Fraction | Semver]) -> Iterator[object]:
    """The places in order; they are of one kind."""
    known = list(places)
    yield from sorted_values(place for place in known if isinstance(place, Semver))
    yield from sorted(place for place in known if isinstance(place, Fraction))


def _atoms(formulas: Iterable[Formula]) -> Iterator[Atom]:
    """All atoms, those inside of `Some` included; each once."""
    seen: set[Formula] = set()
    known: set[Atom] = set()
    waiting = list(formulas)[::-1]
    while waiting:
        formula = waiting.pop()
        if formula in seen:
            continue
        seen.add(formula)
        waiting += formula.items[::-1]
        if formula.atom is not None and formula.atom not in known:
            known.add(formula.atom)
            yield formula.atom
            if isinstance(formula.atom, Some):
                waiting.append(formula.atom.body)


@attrs.define(eq=False)
class _Making:
    space: Space
    constants: dict[Expression, set[object]] = attrs.field(factory=dict)
    flags: list[Atom] = attrs.field(factory=list)
    inputs: set[Expression] = attrs.field(factory=set)
    """Terms from which others are computed."""
    elements: dict[Formula, frozenset[str]] = attrs.field(factory=dict)
    opposites: dict[Formula, Formula] = attrs.field(factory=dict)

    def take(self, atom: Atom) -> None:
        match atom:
            case Among(term, values):
                self.term(term).update(values)
            case Below(term, constant):
                known = self.term(term)
                if is_ordered(term.type):
                    known.add(constant)
                else:
                    assert isinstance(constant, str)
                    self.flag(Fits(term, texts_below(constant, inclusive=atom.inclusive)))
            case Fits(term):
                self.term(term)
                self.flag(atom)
            case There() | Some():
                self.flag(atom)
            case Equal(left, right):
                self.term(left)
                self.term(right)
                self.flag(atom)
            case Linear(terms):
                for term, _ in terms:
                    self.term(term)
                self.flag(atom)

    def term(self, term: Expression) -> set[object]:
        known = self.constants.get(term)
        if known is None:
            known = self.constants[term] = set()
            if isinstance(term, core.Part):
                self.term(term.of)
            for operand in _operands(term):
                self.inputs.add(operand)
                self.term(operand)
            if isinstance(term, core.Read) and items_of(self.space.shape, term):
                self.term(core.Builtin("count", (term,), t.INT, NOWHERE))
        return known

    def flag(self, atom: Atom) -> None:
        if atom not in self.space.by_key:
            self._variable(atom, "finite", [False, True])
            self.flags.append(atom)
            if isinstance(atom, There) and isinstance(atom.term, core.Part):
                self.term(atom.term.of)
            if isinstance(atom, Some) and items_of(self.space.shape, atom.collection):
                self.term(core.Builtin("count", (atom.collection,), t.INT, NOWHERE))

    def finish(self) -> None:
        for term, constants in self.constants.items():
            type_ = plain(term.type)
            match type_:
                case t.UnionType(literals):
                    self._variable(term, "finite", list(literals))
                case t.Scalar("bool"):
                    self._variable(term, "finite", [False, True])
                case t.Scalar("verdict"):
                    self._variable(term, "finite", ["allow", "deny", "escalate"])
                case _ if is_ordered(type_):
                    places = {line(value) for value in constants}
                    places |= set(limits_of(self.space.shape, term))
                    if term in self.inputs:
                        places |= set(few_values(self.space.shape, term))
                    self._variable(term, "ordered", list(_in_order(places)))
                case _:
                    self._variable(term, "open", list(sorted_values(constants)))

    def _variable(self, key: Key, kind: Literal["finite", "open", "ordered"], values: list[object]) -> None:
        variable = Variable(len(self.space.variables), key, kind, values)
        variable.places = {value: place for place, value in enumerate(values)}
        variable.elements = frozenset(elements_of(key, self.elements))
        self.space.variables.append(variable)
        self.space.by_key[key] = variable

    # ------------------------------------------------------------------------------------------------------------ groups

    def group(self, atoms: Sequence[Atom]) -> None:
        about = self._about_texts()
        for variable in list(self.space.variables):
            if variable.kind == "open":
                self._text_group(variable, about)
        by_collection: dict[tuple[Expression, core.Local], list[Some]] = {}
        for atom in atoms:
            if isinstance(atom, Some):
                by_collection.setdefault((atom.collection, atom.value), []).append(atom)
        for key, variable in list(self.space.by_key.items()):
            if isinstance(key, core.Builtin) and key.name == "count" and variable.kind == "ordered":
                known = any(collection == key.arguments[0] for collection, _ in by_collection)
                if not known and not isinstance(plain(key.arguments[0].type), t.Scalar | t.UnionType):
                    element = core.Local("#0", t.JSON, NOWHERE)
                    by_collection[key.arguments[0], element] = []
        # Inner collections first: what is said of members may be that they have members.
        for (collection, element), somes in by_collection.items():
            self._member_group(collection, element, somes)
        self._relation_group()
        for variable in self.space.variables:
            self._term_group(variable)
        self._surround()

    def _term_group(self, variable: Variable) -> None:
        term = variable.key
        if isinstance(term, core.Operate | core.Builtin | core.Widen):
            inputs = list(dict.fromkeys(_operands(term)))
            if inputs and _is_closed(term):
                numbers = [self.space.by_key[item].number for item in inputs]
                self._add(TermGroup(variable.number, term, tuple(numbers)), [variable.number, *numbers])

    def _add(self, group: Group, variables: Iterable[int]) -> None:
        number = len(self.space.groups)
        self.space.groups.append(group)
        for variable in variables:
            self.space.variables[variable].groups.append(number)

    def _about_texts(self) -> dict[Expression, list[tuple[Key, Variable]]]:
        """By text: its patterns, its parts and its length."""
        found: dict[Expression, list[tuple[Key, Variable]]] = {}
        for key, variable in self.space.by_key.items():
            match key:
                case Fits(of) | core.Part(of) | There(core.Part(of)) | core.Builtin("count", (of,)):
                    found.setdefault(of, []).append((key, variable))
                case _:
                    pass
        return found

    def _text_group(self, variable: Variable, about: Mapping[Expression, Sequence[tuple[Key, Variable]]]) -> None:
        term = variable.key
        assert isinstance(term, core.Expression)
        patterns: list[tuple[int, PatternSyntax, str]] = []
        parts: list[tuple[str, int]] = []
        length: int | None = None
        for key, other in about.get(term, ()):
            match key:
                case Fits(_, syntax, segment):
                    patterns.append((other.number, syntax, segment))
                case core.Part(_, name):
                    parts.append((name, other.number))
                case There(core.Part(_, name)):
                    parts.append((f"{name}?", other.number))
                case _:
                    length = other.number
        declared = self.space.shape.field(term.path) if isinstance(term, core.Read) else None
        refinement = None if declared is None else declared.refinement
        scalar = plain(term.type)
        name = scalar.name if isinstance(scalar, t.Scalar) else ""
        if isinstance(term, core.Part) and term.of.type == t.URL and name == "host":
            name = URL_HOST
        group = TextGroup(variable.number, tuple(patterns), tuple(parts), name, refinement, length)
        numbers = [variable.number, *(n for n, _, _ in patterns), *(n for _, n in parts)]
        self._add(group, numbers if length is None else [*numbers, length])

    def _member_group(self, collection: Expression, element: core.Local, somes: Sequence[Some]) -> None:
        space = self.space
        numbers = [space.by_key[some].number for some in somes]
        bodies = [(space.node(some.body), space.node(opposite(some.body, self.opposites))) for some in somes]
        used = {number for pair in bodies for node in pair for number in variables_of(node)}
        inside = {number for number in used if element.name in binders_of(space.variables[number].elements)}
        count = space.by_key.get(core.Builtin("count", (collection,), t.INT, NOWHERE))
        group = MemberGroup(
            collection,
            element,
            tuple((number, body, negated) for number, (body, negated) in zip(numbers, bodies, strict=True)),
            None if count is None else count.number,
            tuple(v.number for v in space.variables if element.name in binders_of(v.elements)),
            tuple(sorted(used - inside)),
        )
        self._add(group, numbers if count is None else [*numbers, count.number])

    def _relation_group(self) -> None:
        linear: list[tuple[int, Linear]] = []
        equal: list[tuple[int, int, int]] = []
        by_key = self.space.by_key
        for key, variable in by_key.items():
            match key:
                case Linear():
                    linear.append((variable.number, key))
                case Equal(left, right):
                    equal.append((variable.number, by_key[left].number, by_key[right].number))
                case _:
                    pass
        for numbers in connected([*(self._related(atom) for _, atom in linear), *(pair for _, *pair in equal)]):
            own_linear = tuple(item for item in linear if self._related(item[1])[0] in numbers)
            own_equal = tuple(item for item in equal if item[1] in numbers)
            group = RelationGroup(own_linear, own_equal, tuple(sorted(numbers)))
            self._add(group, [*numbers, *(n for n, _ in own_linear), *(n for n, _, _ in own_equal)])

    def _related(self, atom: Linear) -> Sequence[int]:
        return [self.space.by_key[term].number for term, _ in atom.terms]

    def _surround(self) -> None:
        """Let each group of members know of all that can have to do with what is said of a member: its own bodies,
        and whatever groups tie to these."""
        near: list[set[int]] = [set() for _ in self.space.groups]
        for variable in self.space.variables:
            for number in variable.groups:
                near[number].add(variable.number)
        for number, group in enumerate(self.space.groups):
            if isinstance(group, MemberGroup):
                near[number].update(group.inside, group.outside)
        for number, group in enumerate(self.space.groups):
            if isinstance(group, MemberGroup):
                found: set[int] = set()
                waiting = [*group.inside, *group.outside]
                while waiting:
                    place = waiting.pop()
                    if place not in found:
                        found.add(place)
                        waiting += (v for other in self.space.variables[place].groups for v in near[other] - found)
                self.space.groups[number] = attrs.evolve(group, outside=tuple(sorted(found.difference(group.inside))))


def connected(sets: Iterable[Iterable[int]]) -> list[set[int]]:
    """The numbers of all sets, those together that sets with common members tie together."""
    found: list[set[int]] = []
    for numbers in map(set, sets):
        apart = [other for other in found if not other & numbers]
        found = [*apart, numbers.union(*(other for other in found if other & numbers))]
    return found


def opposite(formula: Formula, known: dict[Formula, Formula]) -> Formula:
    """The negation, made without the `Formulas` that made the formula; `known` keeps those of its parts, which it may share."""
    found = known.get(formula)
    if found is None:
        if formula.kind == "literal":
            found = Formula("literal", formula.atom, not formula.positive)
        else:
            kind: Literal["and", "or"] = "or" if formula.kind == "and" else "and"
            found = Formula(kind, items=tuple(opposite(item, known) for item in formula.items))
        known[formula] = found
    return found
