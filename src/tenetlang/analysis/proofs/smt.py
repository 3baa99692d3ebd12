r"""A formula in the language of SMT solvers (SMT-LIB 2.6), for what the search leaves open: products, texts put together, lengths.

Each term becomes a constant of a sort: numbers, times and addresses `Int` or `Real`, texts and unions `String`, truths `Bool`, all
else a sort of which nothing is known but equality. What defines a term (a product, a sum, a remainder, a concatenation, a length)
is asserted of it; what nobody translates (a hash, an element of a map, a part of a URL) stays free. An atom that has no
translation is a truth of its own. A `Some` that holds has a member, new constants in which its body holds, and in which the bodies
of those that don't hold do not. So the translation only ever says less than the formula: *if the solver finds that it can't hold,
neither can the formula*. What it finds to hold is a candidate, and shown to the evaluators like any other.

Strings. SMT-LIB's have no characters beyond U+2FFFF, and a request may. That is harmless for patterns that can't tell those from
the eight thousand characters before that border, of which none is assigned: put one of these for each character beyond, and nothing
changes. A pattern that can tell them apart, or a constant with such characters, is a truth of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from typing import Final, TypeAlias

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
    elements_of,
)
from tenetlang.analysis.regions import bounds, comes_in, is_ordered, line, refinement_of
from tenetlang.analysis.shape import Shape, plain
from tenetlang.analysis.space import texts_below
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.values.pattern_syntax import AnyOf, Choice, Empty, Literal, PatternSyntax, Repeat, Sequence
from tenetlang.values.regular_expressions import parse_regex
from tenetlang.values.versions import Semver

_TEXTS: Final = frozenset({"string", "host", "email", "url", "path", "tool", "verdict"})
_WHOLE: Final = frozenset({"int", "time", "duration", "ip"})
_WINDOW: Final = 0x2E000
_LAST: Final = 0x2FFFF
_DEEPEST: Final = 2
_MOST_MEMBERS: Final = 48
"""Members that get constants, and members of members; further in, and beyond so many, `Some` is a truth of its own."""

_ARITHMETIC: Final[Mapping[str, str]] = {
    "int.add": "+", "int.subtract": "-", "int.multiply": "*", "int.negate": "-",
    "decimal.add": "+", "decimal.subtract": "-", "decimal.multiply": "*", "decimal.negate": "-",
    "time.add": "+", "time.subtract": "-", "time.since": "-", "duration.add": "+", "duration.subtract": "-",
    "duration.negate": "-", "string.concatenate": "str.++",
}  # fmt: skip

Scope: TypeAlias = Mapping[str, int]
"""The names of elements, each with the number of the member that it is."""


@frozen
class Script:
    """What a solver reads, up to the question, and the names of the terms of whose values a request can be made."""

    text: str
    asked: tuple[tuple[Expression, str], ...]


def script_of(shape: Shape, formula: Formula) -> Script:
    """The formula as a script; where that is refuted, no request satisfies the formula."""
    translating = _Translating(shape)
    translating.assertions.append(translating.formula(formula, {}))
    translating.relate_members()
    lines = ["(set-logic ALL)", "(declare-sort Thing 0)", *translating.declared, *translating.of_constants()]
    lines += translating.definitions
    lines += [f"(assert {assertion})" for assertion in translating.assertions]
    return Script("\n".join(lines) + "\n", tuple(translating.asked()))


def _is_asked(term: object) -> bool:
    if not isinstance(term, core.Expression) or not comes_in(term):
        return False
    type_ = plain(term.type)
    return isinstance(type_, t.UnionType) or type_ in {t.BOOL, t.INT, t.DECIMAL, t.TIME, t.DURATION, t.STRING}


def sort_of(type_: t.Type) -> str:
    """The sort of the terms of a type."""
    match plain(type_):
        case t.Scalar("bool"):
            return "Bool"
        case t.Scalar(name) if name in _WHOLE:
            return "Int"
        case t.Scalar("decimal" | "semver"):
            return "Real"
        case t.Scalar(name) if name in _TEXTS:
            return "String"
        case t.UnionType():
            return "String"
        case _:
            return "Thing"


class _NoTranslation(Exception):
    """Something that is left as a truth of its own."""


@attrs.frozen(eq=False)
class _Member:
    """The member that there is where the `Some` called `name` holds; in its scope the element has its number."""

    name: str
    atom: Some
    number: int
    scope: Scope


@attrs.define(eq=False)
class _Translating:
    shape: Shape
    declared: list[str] = attrs.field(factory=list)
    assertions: list[str] = attrs.field(factory=list)
    definitions: list[str] = attrs.field(factory=list)
    names: dict[tuple[object, tuple[tuple[str, int], ...]], str] = attrs.field(factory=dict)
    shared: dict[tuple[object, tuple[tuple[str, int], ...]], str] = attrs.field(factory=dict)
    elements: dict[object, frozenset[str]] = attrs.field(factory=dict)
    things: dict[tuple[t.Type, object], str] = attrs.field(factory=dict)
    versions: dict[Semver, str] = attrs.field(factory=dict)
    members: dict[object, list[_Member]] = attrs.field(factory=dict)
    count: int = 0

    # ------------------------------------------------------------------------------------------------------- formulas

    def formula(self, formula: Formula, scope: Scope) -> str:
        match formula:
            case Formula("literal", atom, positive) if atom is not None:
                said = self.atom(atom, scope)
                return said if positive else f"(not {said})"
            case Formula(kind, items=()):
                return "true" if kind == "and" else "false"
            case Formula(kind, items=items):
                key = self._key(formula, scope)
                if key not in self.shared:  # a part of many formulas is written once
                    text = f"({kind} {' '.join(self.formula(item, scope) for item in items)})"
                    name = f"f{len(self.shared)}"
                    self.definitions.append(f"(define-fun {name} () Bool {text})")
                    self.shared[key] = name
                return self.shared[key]

    def atom(self, atom: Atom, scope: Scope) -> str:
        try:
            return self._atom(atom, scope)
        except _NoTranslation:
            return self._name(atom, "Bool", scope)

    def _atom(self, atom: Atom, scope: Scope) -> str:
        match atom:
            case Among(term, values):
                name = self.term(term, scope)
                options = [f"(= {name} {self._constant(term.type, value)})" for value in values]
                return options[0] if len(options) == 1 else f"(or {' '.join(options)})"
            case Below(term, constant, inclusive) if is_ordered(term.type):
                relation = "<=" if inclusive else "<"
                if isinstance(constant, Semver):
                    return f"({relation} {self.term(term, scope)} {self._constant(term.type, constant)})"
                place = line(constant)
                assert isinstance(place, Fraction)
                return f"({relation} {self._as_real(term, scope)} {_real(place)})"
            case Below(term, constant, inclusive):
                assert isinstance(constant, str)
                return f"(str.in_re {self.term(term, scope)} {_pattern(texts_below(constant, inclusive=inclusive))})"
            case Fits(term, syntax, "") if sort_of(term.type) == "String":
                return f"(str.in_re {self.term(term, scope)} {_pattern(syntax)})"
            case Linear(terms, relation, constant):
                parts = [f"(* {_real(factor)} {self._as_real(term, scope)})" for term, factor in terms]
                return f"({'=' if relation == '==' else relation} (+ {' '.join(parts)}) {_real(constant)})"
            case Equal(left, right) if sort_of(left.type) == sort_of(right.type):
                return f"(= {self.term(left, scope)} {self.term(right, scope)})"
            case Some():
                return self._some(atom, scope)
            case There() | Fits() | Equal():
                raise _NoTranslation

    def _as_real(self, term: Expression, scope: Scope) -> str:
        name = self.term(term, scope)
        return name if sort_of(term.type) == "Real" else f"(to_real {name})"

    # ---------------------------------------------------------------------------------------------------------- terms

    def term(self, term: Expression, scope: Scope) -> str:
        """The constant for the term; what is known of it is asserted when it is first wanted."""
        if isinstance(term, core.Constant):
            return self._constant(term.type, term.value)
        key = self._key(term, scope)
        if key not in self.names:
            name = self._name(term, sort_of(term.type), scope)
            self.assertions += self._known(term, name, scope)
        return self.names[key]

    def _key(self, of: object, scope: Scope) -> tuple[object, tuple[tuple[str, int], ...]]:
        if not scope:
            return of, ()
        if of not in self.elements:
            self.elements[of] = frozenset(elements_of(of))
        return of, tuple(sorted((name, scope[name]) for name in self.elements[of] if name in scope))

    def _name(self, of: object, sort: str, scope: Scope) -> str:
        key = self._key(of, scope)
        if key not in self.names:
            name = self.names[key] = f"t{len(self.names)}"
            self.declared.append(f"(declare-const {name} {sort})")
        return self.names[key]

    def _known(self, term: Expression, name: str, scope: Scope) -> Iterator[str]:
        type_ = plain(term.type)
        is_count = isinstance(term, core.Builtin) and term.name == "count"
        try:
            if isinstance(type_, t.UnionType):
                yield f"(or {' '.join(f'(= {name} {_text(literal)})' for literal in type_.literals)} false)"
            if is_ordered(type_) and type_ != t.SEMVER and (comes_in(term) or is_count):
                low, high = bounds(self.shape, term)
                yield from [] if low is None else [f"(>= {name} {self._number(type_, low)})"]
                yield from [] if high is None else [f"(<= {name} {self._number(type_, high)})"]
            refinement = refinement_of(self.shape, term)
            if refinement is not None and sort_of(type_) == "String":
                yield from _refined(name, refinement)
            yield from self._defined(term, name, scope)
        except _NoTranslation:
            return

    def _number(self, type_: t.Type, number: Fraction) -> str:
        return _real(number) if sort_of(type_) == "Real" else _whole(number)

    def _defined(self, term: Expression, name: str, scope: Scope) -> Iterator[str]:
        """What the term is computed from. It holds wherever the term has a value, and harms nobody where it errs."""
        match term:
            case core.Operate("int.remainder", (left, right)):
                over, under = self.term(left, scope), self.term(right, scope)
                rest = f"(mod {over} {under})"
                yield f"(= {name} (ite (or (> {under} 0) (= {rest} 0)) {rest} (+ {rest} {under})))"
            case core.Operate(operator, operands) if operator in _ARITHMETIC:
                sort = sort_of(term.type)
                parts = [self._as_real(item, scope) if sort == "Real" else self.term(item, scope) for item in operands]
                yield f"(= {name} ({_ARITHMETIC[operator]} {' '.join(parts)}))"
            case core.Widen(of) if sort_of(term.type) == "Real" and sort_of(of.type) == "Int":
                yield f"(= {name} (to_real {self.term(of, scope)}))"
            case core.Builtin("count", (of,)) if sort_of(of.type) == "String":
                yield f"(= {name} (str.len {self.term(of, scope)}))"
            case _:
                return

    def asked(self) -> Iterator[tuple[Expression, str]]:
        """The parts of the request, and the names of their constants."""
        for (term, inside), name in self.names.items():
            if not inside and isinstance(term, core.Expression) and _is_asked(term):
                yield term, name

    # ------------------------------------------------------------------------------------------------------ constants

    def _constant(self, type_: t.Type, value: object) -> str:
        match sort_of(type_):
            case "Bool":
                return "true" if value else "false"
            case "Int" | "Real" if isinstance(value, Semver):
                return self.versions.setdefault(value, f"v{len(self.versions)}")
            case "Int" | "Real" as sort:
                place = line(value)
                assert isinstance(place, Fraction)
                return _whole(place) if sort == "Int" else _real(place)
            case "String":
                return _text(str(value))
            case _:
                try:
                    return self.things.setdefault((plain(type_), value), f"c{len(self.things)}")
                except TypeError:
                    raise _NoTranslation from None

    def of_constants(self) -> Iterator[str]:
        """Declarations of the constants that are no numbers or texts: things that differ, and versions in their order."""
        yield from (f"(declare-const {name} Thing)" for name in self.things.values())
        if len(self.things) > 1:
            yield f"(assert (distinct {' '.join(self.things.values())}))"
        yield from (f"(declare-const {name} Real)" for name in self.versions.values())
        ranked = [self.versions[version] for version in sorted(self.versions)]
        yield from (f"(assert (< {low} {high}))" for low, high in pairwise(ranked))

    # -------------------------------------------------------------------------------------------------------- members

    def _some(self, atom: Some, scope: Scope) -> str:
        known = self._key(atom, scope) in self.names
        name = self._name(atom, "Bool", scope)
        if known or len(scope) >= 2 * _DEEPEST or self.count >= _MOST_MEMBERS:
            return name
        self.count += 1
        member: Scope = {**scope, **dict.fromkeys(_element_names(atom), self.count)}
        group = self._key(atom.collection, scope), atom.value.name
        self.members.setdefault(group, []).append(_Member(name, atom, self.count, member))
        self.assertions.append(f"(=> {name} {self.formula(atom.body, member)})")
        return name

    def relate_members(self) -> None:
        """A member that there is meets no body of which nothing may hold. New members may turn up on the way."""
        done: set[tuple[str, str]] = set()
        while True:
            groups = [list(group) for group in self.members.values()]
            pairs = [(one, other) for group in groups for one in group for other in group if one is not other]
            pairs = [(one, other) for one, other in pairs if (one.name, other.name) not in done]
            if not pairs:
                return
            for one, other in pairs:
                done.add((one.name, other.name))
                inner = {**other.scope, **dict.fromkeys(_element_names(other.atom), one.number)}
                body = self.formula(other.atom.body, inner)
                self.assertions.append(f"(=> (and {one.name} (not {other.name})) (not {body}))")


def _element_names(atom: Some) -> tuple[str, str]:
    return atom.value.name, f"{atom.value.name}.key"


# ------------------------------------------------------------------------------------------------------------------- texts


def _whole(number: Fraction) -> str:
    assert number.denominator == 1
    return str(number.numerator) if number >= 0 else f"(- {-number.numerator})"


def _real(number: Fraction) -> str:
    size = (
        f"{abs(number.numerator)}.0"
        if number.denominator == 1
        else f"(/ {abs(number.numerator)}.0 {number.denominator}.0)"
    )
    return size if number >= 0 else f"(- {size})"


def _text(text: str) -> str:
    """A literal. Raises `_NoTranslation` for characters that SMT-LIB lacks, and those that stand for them."""
    if any(ord(character) >= _WINDOW for character in text):
        raise _NoTranslation
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if character == '"':
        return '""'
    return character if " " <= character <= "~" and character != "\\" else f"\\u{{{ord(character):x}}}"


def _pattern(syntax: PatternSyntax) -> str:
    match syntax:
        case Empty():
            return '(str.to_re "")'
        case Literal(text):
            return f"(str.to_re {_text(text)})"
        case AnyOf(ranges):
            return _class(ranges)
        case Sequence(parts):
            return f"(re.++ {' '.join(map(_pattern, parts))})"
        case Choice(options):
            return f"(re.union {' '.join(map(_pattern, options))})"
        case Repeat(of, 0, None):
            return f"(re.* {_pattern(of)})"
        case Repeat(of, least, None):
            inner = _pattern(of)
            return f"(re.++ ((_ re.^ {least}) {inner}) (re.* {inner}))"
        case Repeat(of, least, most):
            return f"((_ re.loop {least} {most}) {_pattern(of)})"


def _class(ranges: tuple[tuple[int, int], ...]) -> str:
    """One character. Raises `_NoTranslation` where those that SMT-LIB lacks are not all like those that stand for them."""
    beyond = [(max(low, _WINDOW), high) for low, high in ranges if high >= _WINDOW]
    if beyond not in ([], [(_WINDOW, 0x10FFFF)]):
        raise _NoTranslation
    within = [(low, min(high, _LAST)) for low, high in ranges if low <= _LAST]
    options = [f'(re.range "\\u{{{low:x}}}" "\\u{{{high:x}}}")' for low, high in within]
    return "re.none" if not options else options[0] if len(options) == 1 else f"(re.union {' '.join(options)})"


def _refined(name: str, refinement: t.Refinement) -> Iterator[str]:
    if refinement.pattern is not None:
        with suppress(_NoTranslation):
            yield f"(str.in_re {name} {_pattern(parse_regex(refinement.pattern))})"
    if refinement.length is not None:
        least, most = refinement.length
        yield f"(<= {least} (str.len {name}) {most})"
