"""Mutations: the small mistakes that an author could have made, each made once, as data.

A *mutant* is the policy with one such mistake. Tests that pass on the policy and on the mutant alike would not have noticed
it (DeMillo, Lipton and Sayward 1978). The mistakes are those that policies have: a boundary that is one off or on the
wrong side, a condition left out or turned round, `or` for `and`, `some` for `every`, a name missing from a set, a
pattern without the dot that made it safe (`*.acme.com` and `*acme.com`), an exception, a rule, an override left out, another
verdict, one reviewer too few.

They are made in the checked program, after all names are resolved, and keep it well-typed without checking it again. That
rules some out: a condition that makes a later one readable (`args.cc is present`, `tool is refund`) is neither dropped nor
turned round where something behind it depends on it, and reads that need no guard are all that is left behind.

What the standard library defines is not mutated, nor is what decides nothing: a rule that only observes, a definition
that no rule uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.analysis.mutation.neighbours import neighbour, shown_like
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Block, Expression
from tenetlang.program.program import Package, Program, Rule
from tenetlang.text import Span
from tenetlang.values.order import sorted_values
from tenetlang.values.patterns import Pattern, PatternError, compile_glob
from tenetlang.values.render import literal

Kind: TypeAlias = Literal[
    "comparison", "boundary", "condition-dropped", "condition-negated", "alternative-dropped", "and-or", "some-every", "member-dropped",
    "pattern-shortened", "exception-dropped", "verdict", "rule-dropped", "override-dropped", "quorum",
]  # fmt: skip

_MOST_MEMBERS: Final = 16
"""Members of one literal that are left out in turn."""
_AFFIXES: Final = frozenset({"std.text.starts_with", "std.text.ends_with"})
_COMPARISONS: Final[Mapping[core.ComparisonOperator, core.ComparisonOperator]] = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
}  # fmt: skip
_VERDICTS: Final[Mapping[str, tuple[Literal["allow", "deny"], ...]]] = {
    "allow": ("deny",),
    "deny": ("allow",),
    "escalate": ("allow", "deny"),
}


@frozen
class Change:
    """What was changed and where: `before` became `after`, both as the author would write them; empty where nothing is left."""

    kind: Kind
    at: Span
    before: str
    after: str = ""


@frozen
class Mutation:
    """A changed program. `rules` are the full names of the rules that may decide otherwise; `rule` is the one that was changed
    itself, None where that is a definition, a function or reviewers, and `changed` what became of it, None where it was left
    out. `owner` is the full name of what was changed."""

    change: Change
    owner: str
    rules: frozenset[str]
    rule: str | None
    program: Program
    changed: Rule | None = None

    def rule_for(self, original: Rule) -> Rule | None:
        """What became of a rule of the original program."""
        return self.changed if original.name == self.rule else original


@frozen
class Varied:
    """One expression or block with its change."""

    change: Change
    value: Expression


def mutations(program: Program) -> Iterator[Mutation]:
    """All mutations of the program: rules in the written order, then what they use, then reviewers."""
    users = _users(program)
    for number, package in enumerate(program.packages):
        if package.observe:
            continue
        for rule in package.rules:
            if not rule.observe:
                for change, made in rule_mutations(rule, program):
                    changed = _with_rule(program, number, rule, made)
                    yield Mutation(change, rule.name, frozenset({rule.name}), rule.name, changed, made)
    for name, definition in program.definitions.items():
        if users.get(name):
            for varied in _variants(definition.value, _Reads.of((definition.value,))):
                definitions = {**program.definitions, name: attrs.evolve(definition, value=varied.value)}
                yield Mutation(varied.change, name, users[name], None, attrs.evolve(program, definitions=definitions))
    for name, function in program.functions.items():
        if users.get(name):
            for varied in _variants(function.body, _Reads.of((function.body,))):
                functions = {**program.functions, name: attrs.evolve(function, body=varied.value)}
                yield Mutation(varied.change, name, users[name], None, attrs.evolve(program, functions=functions))
    yield from _quorums(program)


def _quorums(program: Program) -> Iterator[Mutation]:
    asked: dict[str, set[str]] = {}
    for package in program.packages:
        if package.observe:
            continue
        for fallback in (package.default, package.on_error):
            if fallback is not None and fallback.reviewers is not None:
                asked.setdefault(fallback.reviewers, set())
        for rule in package.rules:
            if rule.reviewers is not None and not rule.observe:
                asked.setdefault(rule.reviewers, set()).add(rule.name)
    for name, reviewers in program.reviewers.items():
        if name in asked and reviewers.quorum > 1:
            lower = attrs.evolve(reviewers, quorum=reviewers.quorum - 1)
            change = Change("quorum", reviewers.at, str(reviewers.quorum), str(lower.quorum))
            changed = attrs.evolve(program, reviewers={**program.reviewers, name: lower})
            yield Mutation(change, name, frozenset(asked[name]), None, changed)


def _with_rule(program: Program, number: int, rule: Rule, changed: Rule | None) -> Program:
    def packages() -> Iterator[Package]:
        for place, package in enumerate(program.packages):
            rules = package.rules
            if place == number:
                left = [changed if item is rule else item for item in rules]
                rules = tuple(item for item in left if item is not None)
            if changed is None:
                rules = tuple(_without_override(item, rule.name) for item in rules)
            yield package if rules is package.rules else attrs.evolve(package, rules=rules)

    return attrs.evolve(program, packages=tuple(packages()))


def _without_override(rule: Rule, name: str) -> Rule:
    if name not in rule.overrides:
        return rule
    return attrs.evolve(rule, overrides=tuple(other for other in rule.overrides if other != name))


# ----------------------------------------------------------------------------------------------------------------- rules


def rule_mutations(rule: Rule, program: Program) -> Iterator[tuple[Change, Rule | None]]:
    """The rule with each of its mistakes; None where it is left out."""
    reads = _Reads.of((rule.body, rule.exception or (), _outputs(rule)))
    for change, body in _block_variants(rule.body, reads, (rule.exception or (), _outputs(rule)), statement=True):
        yield change, attrs.evolve(rule, body=body)
    yield from _quantified(rule)
    if rule.exception is not None:
        for change, exception in _block_variants(rule.exception, reads, ()):
            yield change, attrs.evolve(rule, exception=exception)
        at = rule.exception[0].at if rule.exception else rule.at
        yield Change("exception-dropped", at, rule.exception_text), attrs.evolve(rule, exception=None)
    for verdict in _VERDICTS[rule.verdict]:
        change = Change("verdict", rule.at, rule.verdict, verdict)
        yield change, attrs.evolve(rule, verdict=verdict, then=(), reviewers=None)
    shown = {other.name: other.shown_name for package in program.packages for other in package.rules}
    for lifted in rule.overrides:
        left = tuple(name for name in rule.overrides if name != lifted)
        yield Change("override-dropped", rule.at, shown.get(lifted, lifted)), attrs.evolve(rule, overrides=left)
    yield Change("rule-dropped", rule.at, rule.shown_name), None


def _quantified(rule: Rule) -> Iterator[tuple[Change, Rule]]:
    """`every x in xs { … }` for a statement `some x in xs`, where only conditions after it speak of `x`."""
    for place, step in enumerate(rule.body):
        if isinstance(step, core.Choose):
            after = rule.body[place + 1 :]
            names = {local.name for local in _bound(step.bound)}
            spoken = {node.name for node in nodes_of((rule.exception or (), rule.then)) if isinstance(node, core.Local)}
            if after and not names & spoken and not any(isinstance(item, core.Choose | core.Assign) for item in after):
                every = core.Condition(core.Every(step.bound, after, t.BOOL, step.at), step.text, step.at)
                change = Change("some-every", step.at, "some", "every")
                yield change, attrs.evolve(rule, body=(*rule.body[:place], every), because=None)


def _outputs(rule: Rule) -> tuple[object, ...]:
    holes = () if rule.because is None else tuple(part for part in rule.because.parts if not isinstance(part, str))
    return (holes, tuple(argument for use in rule.then for argument in use.arguments))


def _bound(bound: core.Bound) -> Iterator[core.Local]:
    yield bound.value
    if bound.key is not None:
        yield bound.key


# ------------------------------------------------------------------------------------------------------- what needs a guard


@frozen
class _Reads:
    """What stands in some expressions only because a condition has made it readable."""

    nodes: frozenset[object]
    narrowed: bool

    @staticmethod
    def of(items: Sequence[object]) -> _Reads:
        found = list(nodes_of(tuple(items)))
        narrowed = any(
            isinstance(node, core.Narrow) or (isinstance(node, core.Index) and node.certain) for node in found
        )
        kept = [
            _unguarded(node) for node in found if isinstance(node, core.Read | core.Field | core.Index | core.Local)
        ]
        return _Reads(frozenset(item for item in kept if item is not None), narrowed)

    def need(self, condition: Expression) -> bool:
        """Whether something depends on what the condition makes known."""
        for node in nodes_of(condition):
            match node:
                case core.ToolIs(core.Read(("tool",))):
                    return True
                case core.ToolIs() | core.IsType() if self.narrowed:
                    return True
                case core.Present(core.Read(path)):
                    if any(isinstance(item, tuple) and item[: len(path)] == path for item in self.nodes):
                        return True
                case core.Present(of):
                    if self.narrowed or any(
                        not isinstance(item, tuple) and item == _required(of) for item in self.nodes
                    ):
                        return True
                case _:
                    pass
        return False


def _unguarded(node: core.Read | core.Field | core.Index | core.Local) -> object:
    """The node as `need` looks for it, None where it is asked for as what may be absent."""
    match node:
        case core.Read(path, optional=False):
            return path
        case core.Field(optional=False) | core.Index(optional=False):
            return _required(node)
        case core.Local(name):
            return ("", name)
        case _:
            return None


def _required(of: Expression) -> Expression | tuple[str, str]:
    match of:
        case core.Field() | core.Index():
            plain = of.type.of if isinstance(of.type, t.OptionalType) else of.type
            return attrs.evolve(of, optional=False, type=plain)
        case core.Local(name):
            return ("", name)
        case _:
            return of


# -------------------------------------------------------------------------------------------------------------- variants


def _block_variants(
    block: Block, reads: _Reads, after: tuple[object, ...], *, statement: bool = False
) -> Iterator[tuple[Change, Block]]:
    """The block with each mistake; `after` is what follows it in the scope of its conditions."""
    for place, step in enumerate(block):
        before, rest = block[:place], block[place + 1 :]
        if isinstance(step, core.Condition):
            if not _Reads.of((rest, after)).need(step.expression):
                if len(block) > 1 or statement:
                    yield Change("condition-dropped", step.at, step.text), (*before, *rest)
                opposite = core.Not(step.expression, t.BOOL, step.at)
                negated = attrs.evolve(step, expression=opposite)
                yield Change("condition-negated", step.at, step.text), (*before, negated, *rest)
            for varied in _variants(step.expression, reads):
                negation = varied.change.before in {"==", "!="} and varied.change.at is step.expression.at
                if not (negation and varied.change.kind == "comparison"):  # that is the condition turned round
                    yield varied.change, (*before, attrs.evolve(step, expression=varied.value), *rest)
        elif isinstance(step, core.Assign):
            for varied in _variants(step.value, reads):
                yield varied.change, (*before, attrs.evolve(step, value=varied.value), *rest)
        else:
            for varied in _variants(step.bound.source, reads):
                bound = attrs.evolve(step.bound, source=varied.value)
                yield varied.change, (*before, attrs.evolve(step, bound=bound), *rest)


def _variants(expression: Expression, reads: _Reads) -> Iterator[Varied]:
    """The expression with each mistake in it, from the outside in."""
    yield from _own(expression, reads)
    match expression:
        case core.Exists(body):
            for change, block in _block_variants(body, reads, ()):
                yield Varied(change, attrs.evolve(expression, body=block))
        case core.Every(bound, body):
            for varied in _variants(bound.source, reads):
                yield Varied(varied.change, attrs.evolve(expression, bound=attrs.evolve(bound, source=varied.value)))
            for change, block in _block_variants(body, reads, ()):
                yield Varied(change, attrs.evolve(expression, body=block))
        case core.Build(body=body, element=element):
            for change, block in _block_variants(body, reads, (element,), statement=True):
                yield Varied(change, attrs.evolve(expression, body=block))
        case core.Match(arms, otherwise):
            yield from _match_variants(expression, arms, otherwise, reads)
        case _:
            yield from _below(expression, reads)


def _below(expression: Expression, reads: _Reads) -> Iterator[Varied]:
    """One operand with each of its mistakes."""
    make: Callable[..., Expression] = type(expression)  # type: ignore[explicit-any]  # each kind has its own fields
    fields = {field.name: getattr(expression, field.name) for field in attrs.fields(type(expression))}
    for name, value in fields.items():
        if isinstance(value, Expression):
            for varied in _variants(value, reads):
                yield Varied(varied.change, make(**{**fields, name: varied.value}))
        elif isinstance(value, tuple):
            for place, item in enumerate(value):
                if isinstance(item, Expression):
                    for varied in _variants(item, reads):
                        items = (*value[:place], varied.value, *value[place + 1 :])
                        yield Varied(varied.change, make(**{**fields, name: items}))


def _match_variants(
    expression: core.Match, arms: Sequence[tuple[Expression, Expression]], otherwise: Expression | None, reads: _Reads
) -> Iterator[Varied]:
    """Results of arms; their conditions as well where there is an `else` for what they leave."""
    for place, (condition, result) in enumerate(arms):

        def put(changed: tuple[Expression, Expression], place: int = place) -> core.Match:
            return attrs.evolve(expression, arms=(*arms[:place], changed, *arms[place + 1 :]))

        if otherwise is not None:
            for varied in _variants(condition, reads):
                yield Varied(varied.change, put((varied.value, result)))
        for varied in _variants(result, reads):
            yield Varied(varied.change, put((condition, varied.value)))
    if otherwise is not None:
        for varied in _variants(otherwise, reads):
            yield Varied(varied.change, attrs.evolve(expression, otherwise=varied.value))


def _own(expression: Expression, reads: _Reads) -> Iterator[Varied]:
    """The mistakes that change this node itself."""
    match expression:
        case core.Compare(operator, at=at):
            other = _COMPARISONS[operator]
            yield Varied(Change("comparison", at, operator, other), attrs.evolve(expression, operator=other))
        case core.And(items, type_, at) | core.Or(items, type_, at):
            yield from _connected(expression, items, type_, at, reads)
        case core.Exists((core.Choose(bound), *rest), type_, at) if rest:
            yield Varied(Change("some-every", at, "some", "every"), core.Every(bound, tuple(rest), type_, at))
        case core.Every(bound, body, type_, at) if body:
            chosen = core.Choose(bound, "", at)
            yield Varied(Change("some-every", at, "every", "some"), core.Exists((chosen, *body), type_, at))
        case core.Constant(at=at):
            yield from _constants(expression, at)
        case core.MakeSet(items, at=at) | core.MakeList(items, at=at) if 1 < len(items) <= _MOST_MEMBERS:
            for place, item in enumerate(items):
                left = attrs.evolve(expression, items=items[:place] + items[place + 1 :])
                yield Varied(Change("member-dropped", item.at, item.at.source), left)
        case core.ToolIs(of, tools, type_, at) if 1 < len(tools) <= _MOST_MEMBERS and "|" in at.source:
            for tool in sorted(tools):
                yield Varied(Change("member-dropped", at, tool), core.ToolIs(of, tools - {tool}, type_, at))
        case core.Matches(_, core.Constant(Pattern() as pattern) as written):
            for shorter in _shortened(pattern):
                changed = attrs.evolve(written, value=shorter)
                change = Change("pattern-shortened", written.at, pattern.source, shorter.source)
                yield Varied(change, attrs.evolve(expression, pattern=changed))
        case core.Builtin(name, (of, core.Constant(str() as affix) as written)) if name in _AFFIXES and len(affix) > 1:
            shorter_text = affix[:-1] if name.endswith("starts_with") else affix[1:]
            change = Change("pattern-shortened", written.at, affix, shorter_text)
            yield Varied(change, attrs.evolve(expression, arguments=(of, attrs.evolve(written, value=shorter_text))))
        case _:
            pass


def _connected(
    expression: core.And | core.Or, items: tuple[Expression, ...], type_: t.Type, at: Span, reads: _Reads
) -> Iterator[Varied]:
    if any(reads.need(item) for item in items):
        return
    words = ("and", "or") if isinstance(expression, core.And) else ("or", "and")
    swapped = core.Or(items, type_, at) if isinstance(expression, core.And) else core.And(items, type_, at)
    yield Varied(Change("and-or", at, *words), swapped)
    kind: Kind = "condition-dropped" if isinstance(expression, core.And) else "alternative-dropped"
    for place, item in enumerate(items):
        left = items[:place] + items[place + 1 :]
        value = left[0] if len(left) == 1 else attrs.evolve(expression, items=left)
        yield Varied(Change(kind, item.at, item.at.source), value)


def _constants(constant: core.Constant, at: Span) -> Iterator[Varied]:
    match constant.value, constant.type:
        case bool(), _:
            return
        case (int() | Decimal()) as number, (t.Scalar("int" | "decimal" | "time" | "duration") as type_):
            for sign in (-1, 1):
                moved = neighbour(number, type_, at.source, sign)
                if moved is not None:
                    change = Change("boundary", at, at.source, shown_like(moved, at.source))
                    yield Varied(change, attrs.evolve(constant, value=moved))
        case frozenset() as members, _ if 1 < len(members) <= _MOST_MEMBERS:
            for member in sorted_values(members):
                change = Change("member-dropped", at, literal(member))
                yield Varied(change, attrs.evolve(constant, value=members - {member}))
        case _:
            return


def _shortened(pattern: Pattern) -> Iterator[Pattern]:
    """The glob without one of the characters that stand beside its stars."""
    if pattern.kind != "glob":
        return
    source, seen = pattern.source, {pattern.source}
    for place, character in enumerate(source):
        beside = (place > 0 and source[place - 1] == "*") or source[place + 1 : place + 2] == "*"
        if character not in "*?[]{}\\" and beside:
            shorter = source[:place] + source[place + 1 :]
            if shorter not in seen and shorter.strip("*"):
                seen.add(shorter)
                try:
                    yield compile_glob(shorter, pattern.separator)
                except PatternError:
                    continue


# ----------------------------------------------------------------------------------------------------------------- walking


def nodes_of(item: object) -> Iterator[Expression | core.Step | core.Bound]:
    """The expression, step or bound itself and all below it, from the left; of a tuple, those of its members."""
    waiting = [item]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting += node[::-1]
        elif isinstance(node, Expression | core.Step | core.Bound):
            yield node
            below = [getattr(node, field.name) for field in attrs.fields(type(node))]
            waiting += [
                value for value in below[::-1] if isinstance(value, tuple | Expression | core.Step | core.Bound)
            ]


def _users(program: Program) -> dict[str, frozenset[str]]:
    """For each definition and function of the author's: the rules that use it, directly or not, and decide something."""
    bodies: dict[str, object] = {name: item.value for name, item in program.definitions.items()}
    bodies |= {name: item.body for name, item in program.functions.items()}
    uses = {name: _used(body) for name, body in bodies.items()}
    found: dict[str, set[str]] = {}
    for package in program.packages:
        for rule in package.rules:
            if rule.observe or package.observe:
                continue
            waiting, seen = list(_used((rule.body, rule.exception or ()))), set[str]()
            while waiting:
                name = waiting.pop()
                if name not in seen:
                    seen.add(name)
                    waiting += uses.get(name, ())
                    found.setdefault(name, set()).add(rule.name)
    return {name: frozenset(rules) for name, rules in found.items() if not name.startswith("std.")}


def _used(item: object) -> set[str]:
    return {node.name for node in nodes_of(item) if isinstance(node, core.Derived | core.CallFunction)}
