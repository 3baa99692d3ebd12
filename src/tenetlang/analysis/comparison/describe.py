"""Terms and masks as pieces that can be put into words: what a region of requests has in common.

The search knows a region as one mask for each variable (`space.py`). Here each mask that leaves something out becomes a
*piece*: a term as an author would write it (`args.amount`, `origin(args.to).kind`, `count(args.to)`), and what is left of it:
intervals, values, a pattern, a member (`report/pieces.py`). Pieces hold the text of terms and values, but no sentences;
those are in `report/regions.py`.

Elements of collections have lost the names that authors gave them (`#1`). They get one from their collection (`label` for
`session.labels`) or from their type (`address` for an email).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.analysis.arithmetic import in_type
from tenetlang.analysis.formulas import Among, Atom, Below, Equal, Fits, Formula, Linear, Some, There
from tenetlang.analysis.regions import Variable, address, interval, regions
from tenetlang.analysis.shape import plain
from tenetlang.analysis.space import TRUE_BIT, Masks, Space
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.program.program import Program
from tenetlang.report.pieces import (
    Fitting,
    HasMember,
    Holds,
    Interval,
    OneOf,
    Piece,
    Presence,
    Relation,
    Several,
    Within,
)
from tenetlang.values.pattern_syntax import PatternSyntax
from tenetlang.values.patterns import Pattern, re2_text
from tenetlang.values.render import literal

_NAMES: Final[Mapping[str, str]] = {"email": "address", "ip": "address", "cidr": "block", "string": "text"}
_OPERATORS: Final[Mapping[str, str]] = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "remainder": "%", "since": "-",
    "concatenate": "+", "union": "|", "intersection": "&", "difference": "-",
}  # fmt: skip
_OPPOSITE: Final[Mapping[str, str]] = {"<=": ">", "<": ">=", "==": "!="}
_NOBODY_KNOWS: Final = "…"

Patterns: TypeAlias = Callable[[PatternSyntax], "Pattern | None"]


@attrs.define(eq=False)
class Describer:
    """Describes regions of the requests to some programs, whose patterns are shown as their authors wrote them."""

    programs: Sequence[Program]
    written: dict[PatternSyntax, Pattern] | None = None

    def region(self, space: Space, masks: Masks) -> tuple[Piece, ...]:
        """What a region's masks leave out, one piece for each variable, in the order in which people read requests."""
        found = [
            (place(variable), self.variable(variable, masks[variable.number]))
            for variable in space.variables
            if masks[variable.number] != variable.initial
        ]
        return tuple(_joined(piece for _, piece in sorted(found, key=lambda item: item[0])))

    def variable(self, variable: Variable, mask: int) -> Piece:
        """What a mask leaves of one variable."""
        key = variable.key
        if not isinstance(key, core.Expression):
            return self.atom(key, {}, positive=mask == TRUE_BIT)
        term = term_text(key)
        if plain(key.type) == t.BOOL:
            return Holds(term, mask == TRUE_BIT)
        if variable.kind == "ordered":
            return _ordered(variable, mask, term, plain(key.type))
        if variable.kind == "open" and mask & variable.other:
            left_out = [value for place, value in enumerate(variable.values) if not mask >> place & 1]
            return OneOf(term, tuple(map(literal, left_out)), other=True)
        kept = [variable.values[place] for place in regions(mask)]
        if variable.kind == "finite":
            missing = [variable.values[place] for place in regions(variable.initial & ~mask)]
            if len(missing) < len(kept):
                return OneOf(term, tuple(map(literal, missing)), other=True)
        return OneOf(term, tuple(map(literal, kept)), other=False)

    # -------------------------------------------------------------------------------------------------------- formulas

    def formula(self, formula: Formula, names: Mapping[str, str]) -> tuple[Piece, ...]:
        """The pieces that hold together where the formula holds. `names` are those of the elements around it."""
        match formula:
            case Formula("literal", atom, positive) if atom is not None:
                return (self.atom(atom, names, positive=positive),)
            case Formula("and", items=items):
                return tuple(piece for item in items for piece in self.formula(item, names))
            case _:
                return (Several("any", tuple(_together(self.formula(item, names)) for item in formula.items)),)

    def atom(self, atom: Atom, names: Mapping[str, str], *, positive: bool) -> Piece:
        """What an atom, or its opposite, says."""
        match atom:
            case Among(term, values) if plain(term.type) == t.BOOL:
                return Holds(term_text(term, names), positive == (True in values))
            case Among(term, values):
                return OneOf(term_text(term, names), tuple(map(literal, values)), other=not positive)
            case Below(term, constant, inclusive):
                text = literal(constant)
                span = (
                    Interval(None, False, text, inclusive) if positive else Interval(text, not inclusive, None, False)
                )
                return Within(term_text(term, names), (span,))
            case There(term):
                return Presence(term_text(term, names), positive)
            case Fits(term, syntax, segment):
                known = self.pattern(syntax)
                kind: Literal["like", "matches"] = "like" if known is not None and known.kind == "glob" else "matches"
                shown = literal(re2_text(syntax)) if known is None else literal(known.source)
                return Fitting(term_text(term, names), kind, shown, segment, positive)
            case Equal(left, right):
                return Relation(term_text(left, names), "==" if positive else "!=", term_text(right, names))
            case Linear():
                return _linear(atom, names, positive=positive)
            case Some(collection, key, value, body):
                member = _member_name(collection, names.values())
                inner = {**names, value.name: member}
                if key is not None:
                    inner[key.name] = "position" if isinstance(plain(collection.type), t.ListType) else "key"
                return HasMember(term_text(collection, names), member, self.formula(body, inner), positive)

    def pattern(self, syntax: PatternSyntax) -> Pattern | None:
        """The pattern of this meaning that one of the programs has."""
        if self.written is None:
            found = (pattern for program in self.programs for pattern in patterns_of(program))
            self.written = {pattern.syntax: pattern for pattern in found}
        return self.written.get(syntax)


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces, where two relations that meet in a point are that point."""
    known = dict.fromkeys(pieces)
    for piece in known:
        match piece:
            case Relation(left, "<=", right) if Relation(left, ">=", right) in known:
                yield Relation(left, "==", right)
            case Relation(left, ">=", right) if Relation(left, "<=", right) in known:
                pass
            case _:
                yield piece


def _together(pieces: tuple[Piece, ...]) -> Piece:
    return pieces[0] if len(pieces) == 1 else Several("all", pieces)


def place(variable: Variable) -> tuple[int, str, int]:
    """Arguments first, then facts, what comes from elsewhere, and what only an evaluator understands."""
    text = repr(variable.key)
    term: object = variable.key
    if isinstance(term, Linear):
        term = term.terms[0][0]
    for name in ("term", "collection", "left"):
        term = getattr(term, name, term)
    path = _first_path(term)
    known = ("args", "origins", "agent", "user", "counters", "session", "context", "now", "data")
    rank = known.index(path[0]) if path and path[0] in known else len(known) if path else len(known) + 1
    return rank, ".".join(path) or text, variable.number


def _first_path(item: object) -> tuple[str, ...]:
    match item:
        case core.Read(path):
            return path
        case core.Field(of) | core.Part(of) | core.Index(of) | core.Narrow(of) | core.Widen(of) | core.IsType(of):
            return _first_path(of)
        case core.Operate(operands=operands) | core.Builtin(arguments=operands):
            return next(filter(None, map(_first_path, operands)), ())
        case core.Contains(left, right) | core.Matches(left, right):
            return _first_path(left) or _first_path(right)
        case _:
            return ()


# ------------------------------------------------------------------------------------------------------------- intervals


def _ordered(variable: Variable, mask: int, term: str, type_: t.Type) -> Piece:
    held = list(regions(variable.initial))
    missing = [region for region in held if not mask >> region & 1]
    if missing and all(region % 2 for region in missing) and len(missing) <= 3:
        return OneOf(term, tuple(_value_text(type_, variable.values[region // 2]) for region in missing), other=True)
    runs: list[list[int]] = []
    for place, region in enumerate(held):
        if not mask >> region & 1:
            continue
        if runs and place and runs[-1][-1] == held[place - 1]:
            runs[-1].append(region)
        else:
            runs.append([region])
    if runs and all(len(run) == 1 and run[0] % 2 for run in runs):
        return OneOf(term, tuple(_value_text(type_, variable.values[run[0] // 2]) for run in runs), other=False)
    return Within(term, tuple(_interval(variable, run, held, type_) for run in runs))


def _interval(variable: Variable, run: Sequence[int], held: Sequence[int], type_: t.Type) -> Interval:
    low, _, low_point = interval(variable, run[0])
    _, high, high_point = interval(variable, run[-1])
    if run[0] == held[0]:
        low = None
    if run[-1] == held[-1]:
        high = None
    return Interval(
        None if low is None else _value_text(type_, low),
        low is not None and low_point,
        None if high is None else _value_text(type_, high),
        high is not None and high_point,
    )


def _value_text(type_: t.Type, place: object) -> str:
    """Where an ordered term lies, as the constant of its type."""
    if isinstance(place, Fraction):
        value = address(place) if type_ == t.IP else in_type(type_, place)
        return str(place) if value is None else literal(value)
    return literal(place)


# ---------------------------------------------------------------------------------------------------------------- terms


def term_text(term: Expression, names: Mapping[str, str] | None = None) -> str:
    """The term as an author could write it. `names` are those of the elements of which it speaks."""
    known = {} if names is None else names

    def inner(item: Expression) -> str:
        text = term_text(item, known)
        return f"({text})" if isinstance(item, core.Operate | core.Contains | core.Matches | core.Default) else text

    match term:
        case core.Constant(value):
            return literal(value)
        case core.Read(path):
            return _path_text(path)
        case core.Local(name):
            return known.get(name, _NOBODY_KNOWS if name[0] in "?#" else name)
        case core.Field(of, name) | core.Part(of, name):
            return f"{inner(of)}.{name}"
        case core.Index(of, key):
            return f"{inner(of)}[{term_text(key, known)}]"
        case core.Narrow(of) | core.Widen(of):
            return term_text(of, known)
        case core.IsType(of, wanted):
            return f"{inner(of)} is {t.shown(wanted)}"
        case core.Contains(item, collection):
            return f"{inner(item)} in {inner(collection)}"
        case core.Matches(of, pattern):
            return f"{inner(of)} {'like' if pattern.type == t.GLOB else 'matches'} {inner(pattern)}"
        case core.Builtin(name, arguments):
            return f"{name.removeprefix('std.')}({', '.join(term_text(item, known) for item in arguments)})"
        case core.Operate(operator, (of,)):
            return f"-{inner(of)}" if operator.endswith("negate") else f"{operator}({inner(of)})"
        case core.Operate(operator, (left, right)):
            return f"{inner(left)} {_OPERATORS[operator.rpartition('.')[2]]} {inner(right)}"
        case core.Derived(name) | core.CallFunction(name):
            return name.rpartition(".")[2]
        case _:
            return _NOBODY_KNOWS


def _path_text(path: tuple[str, ...]) -> str:
    match path:
        case ("data", _, name, *rest):
            return ".".join(["data", name, *rest])
        case ("counters", name):
            return name
        case ("origins", name, *rest):
            return ".".join([f"origin(args.{name})", *rest])
        case _:
            return ".".join(path)


def _member_name(collection: Expression, taken: Iterable[str]) -> str:
    """`label` for `session.labels`, else a word for the type."""
    last = _path_text(path)[-64:].rpartition(".")[2] if (path := _first_path(collection)) else ""
    last = collection.name if isinstance(collection, core.Field) else last
    of = collection.type
    element = plain(of.of) if isinstance(of, t.ListType | t.SetType | t.MapType) else of
    if len(last) > 2 and last.endswith("s") and not last.endswith("ss"):
        name = last[:-3] + "y" if last.endswith("ies") else last[:-1]
    elif isinstance(element, t.Scalar):
        name = _NAMES.get(element.name, element.name)
    elif isinstance(element, t.RecordType | t.UnionType) and element.name:
        name = element.name.lower()
    else:
        name = "item"
    used = set(taken)
    return next(option for option in _numbered(name) if option not in used)


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}{number}" for number in range(2, 1_000))


def _linear(atom: Linear, names: Mapping[str, str], *, positive: bool) -> Piece:
    """With what is subtracted on the other side: `args.amount + spent <= 500`."""
    left = [_times(coefficient, term_text(term, names)) for term, coefficient in atom.terms if coefficient > 0]
    right = [_times(-coefficient, term_text(term, names)) for term, coefficient in atom.terms if coefficient < 0]
    kinds = {plain(term.type) for term, _ in atom.terms}
    type_ = t.DURATION if kinds & {t.TIME, t.DURATION} else t.DECIMAL
    constant = atom.constant
    if constant or not right:
        (right if constant > 0 or not right else left).append(_value_text(type_, abs(constant) if right else constant))
    operator = atom.relation if positive else _OPPOSITE[atom.relation]
    if not left:
        flipped = {"<=": ">=", "<": ">", ">": "<", ">=": "<="}.get(operator, operator)
        left, right = right, ["0"]
        operator = flipped
    return Relation(" + ".join(left), operator, " + ".join(right))


def _times(coefficient: Fraction, text: str) -> str:
    shown = f"({text})" if coefficient != 1 and " " in text else text
    return shown if coefficient == 1 else f"{_value_text(t.DECIMAL, coefficient)} * {shown}"


# ------------------------------------------------------------------------------------------------------------- patterns


def patterns_of(program: Program) -> Iterator[Pattern]:
    """The patterns that the program's rules and definitions are written with."""
    waiting: list[object] = [
        *program.packages, *program.definitions.values(), *program.functions.values(), *program.claims
    ]  # fmt: skip
    while waiting:
        item = waiting.pop()
        if isinstance(item, core.Constant):
            if isinstance(item.value, Pattern):
                yield item.value
        elif isinstance(item, tuple):
            waiting += item
        elif attrs.has(type(item)):
            waiting += [getattr(item, name) for name in _fields(type(item))]


_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(type_: type) -> tuple[str, ...]:
    """The parts of a node in which expressions can be; neither its type nor its place."""
    if type_ not in _FIELDS:
        names = (field.name for field in attrs.fields(type_) if field.name not in {"at", "type", "text"})
        _FIELDS[type_] = tuple(names)
    return _FIELDS[type_]
