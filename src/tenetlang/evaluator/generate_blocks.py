"""Blocks, quantifiers and comprehensions as statements of Python.

A block becomes flat code: a condition that is false leaves, with `return` or with `continue` where a `some` goes on to its
next member, and only a `some` nests, as a `for`. Python allows 20 nested blocks; a block with more than `DEEPEST` goes on in
another function.

    some x in xs            for v1 in members(…):
    x != args.to                run.work += 1
                                if run.work > WORK_LIMIT: raise ValueFault(…)
                                if not v1 != inputs["args"]["to"]: continue
                                return True                     (what is done at the end of the block)

Where a rule is recorded, each step says so around it (`Recording` in runtime.py).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, assert_never

from tenetlang.evaluator.generate_expressions import (
    INPUTS,
    RUN,
    GenerationError,
    Module,
    Scope,
    add_function,
    call,
    expression,
    free_locals,
    is_list,
    method,
    name_of,
    placed,
    returning,
    text,
    walked,
)
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.types import BOOL
from tenetlang.text import Span, Text

DEEPEST: Final = 12
INLINE_ARMS: Final = 3

AtEnd: TypeAlias = Callable[[Scope], list[ast.stmt]]
"""What is done for a choice under which the whole block holds; the last statement leaves or the loop goes on."""


@frozen
class Block:
    """How a block is written: what is done where it holds; what its function returns where no choice is left; whether its steps
    are recorded; whether its function fills a list instead of returning what it finds; and, for a rule with an exception,
    whether that does not hold."""

    at_end: AtEnd
    otherwise: Callable[[Span], ast.expr]
    recorded: bool = False
    collecting: bool = False
    spared: Callable[[Scope], ast.expr] | None = None


def lifted(module: Module, node: core.Exists | core.Every | core.Build | core.Match, scope: Scope) -> ast.expr:
    """A quantifier, comprehension or match as a call of a function made for it."""
    if isinstance(node, core.Match) and len(node.arms) <= INLINE_ARMS:
        return _inline_match(module, node, scope)
    outer = free_locals(node, scope)
    inner = {name: module.fresh("v") for name in outer}
    function = module.fresh("q")
    with module.elsewhere():
        match node:
            case core.Exists(body):
                statements = exists(module, body, inner, node.at)
            case core.Every(bound, body):
                statements = _every(module, bound, body, inner, node.at)
            case core.Match():
                statements = _match(module, node, inner)
            case core.Build():
                return _build(module, node, function, outer, inner, scope)
            case _:
                assert_never(node)
    add_function(module, function, list(inner.values()), statements, node.at)
    return _called(function, [name_of(scope[name], node.at) for name in outer], node.at)


def _called(function: str, arguments: Sequence[ast.expr], at: Span) -> ast.expr:
    return call(function, [name_of(INPUTS, at), name_of(RUN, at), *arguments], at)


def exists(module: Module, body: core.Block, scope: Scope, at: Span) -> list[ast.stmt]:
    """Statements that return whether there is a choice under which the block holds."""
    block = Block(
        lambda _: [returning(placed(ast.Constant(True), at))], lambda place: placed(ast.Constant(False), place)
    )
    return [*steps(module, body, scope, block), returning(placed(ast.Constant(False), at))]


def _every(module: Module, bound: core.Bound, body: core.Block, scope: Scope, at: Span) -> list[ast.stmt]:
    refuse = returning(placed(ast.Constant(False), at))

    def one(inner: Scope) -> list[ast.stmt]:
        if any(isinstance(step, core.Choose) for step in body):
            holds = lifted(module, core.Exists(body, BOOL, at), inner)
            return [_unless(holds, refuse)]
        block = Block(lambda _: [], lambda place: placed(ast.Constant(False), place))
        return steps(module, body, inner, block)

    return [*_loop(module, bound, scope, one), returning(placed(ast.Constant(True), at))]


def _unless(condition: ast.expr, leave: ast.stmt) -> ast.stmt:
    negated = ast.copy_location(ast.UnaryOp(ast.Not(), condition), condition)
    return ast.copy_location(ast.If(negated, [leave], []), condition)


# ------------------------------------------------------------------------------------------------------------- blocks


def steps(
    module: Module, body: core.Block, scope: Scope, block: Block, *, first: int = 0, depth: int = 0
) -> list[ast.stmt]:
    """The statements of the steps of a block, the first of which is number `first` of its rule."""
    statements: list[ast.stmt] = []
    for position, step in enumerate(body):
        number = first + position
        rest = body[position + 1 :]
        if block.recorded:
            statements.append(_say("begin", [number], step.at))
        match step:
            case core.Condition(condition):
                value = expression(module, condition, scope)
                if block.recorded:
                    value = method(RUN, "end", [value], step.at)
                leave = _leave(block, step.at, looping=depth > 0)
                statements.append(_unless(value, leave))
            case core.Assign(local, assigned):
                scope = {**scope, local.name: module.fresh("v")}
                statements.append(_assign(scope[local.name], expression(module, assigned, scope), step.at))
                if block.recorded:
                    statements.append(_say_bindings("assign", None, [local], scope, step.at))
            case core.Choose(bound):
                return [*statements, *_choose(module, bound, rest, scope, block, number, depth)]
    if block.spared is not None:
        spared = block.spared(scope)
        at = Span(_NO_TEXT, 0, 0)
        if block.recorded:
            statements.append(ast.copy_location(_say("begin", [first + len(body)], at), spared))
            spared = ast.copy_location(method(RUN, "end", [spared], at), spared)
        statements.append(_unless(spared, ast.copy_location(_leave(block, at, looping=depth > 0), spared)))
    return statements + block.at_end(scope)


_NO_TEXT: Final = Text("", "")


def _choose(
    module: Module, bound: core.Bound, rest: core.Block, scope: Scope, block: Block, number: int, depth: int
) -> list[ast.stmt]:
    """A `some`: the rest of the block for each member."""
    at = bound.source.at
    before: list[ast.stmt] = []
    again: list[ast.stmt] = []
    if block.recorded:
        # A choice is false until there is something to choose.
        before = [_evaluated(method(RUN, "end", [placed(ast.Constant(False), at)], at))]
        again = [_say("back", [number], at)]

    def one(inner: Scope) -> list[ast.stmt]:
        said = [local for local in (bound.key, bound.value) if local is not None]
        first = [_say_bindings("choose", number, said, inner, at)] if block.recorded else []
        if depth + 1 < DEEPEST:
            return [*first, *steps(module, rest, inner, block, first=number + 1, depth=depth + 1)]
        return [*first, *_continued(module, rest, inner, block, number + 1, at)]

    return _loop(module, bound, scope, one, before, again)


def _continued(module: Module, rest: core.Block, scope: Scope, block: Block, number: int, at: Span) -> list[ast.stmt]:
    """The rest of a block that nests too deeply, in another function that takes all variables."""
    names = sorted(scope)
    inner = {name: module.fresh("v") for name in names}
    function = module.fresh("q")
    body = steps(module, rest, inner, block, first=number)
    add_function(module, function, list(inner.values()), [*body, returning(block.otherwise(at))], at)
    result = _called(function, [name_of(scope[name], at) for name in names], at)
    if block.collecting:
        return [_evaluated(result)]
    found = module.fresh("v")
    leave = ast.copy_location(ast.If(name_of(found, at), [returning(name_of(found, at))], []), result)
    return [_assign(found, result, at), leave]


def _loop(
    module: Module,
    bound: core.Bound,
    scope: Scope,
    one: Callable[[Scope], list[ast.stmt]],
    before: Sequence[ast.stmt] = (),
    again: Sequence[ast.stmt] = (),
) -> list[ast.stmt]:
    """`for` each member of the source, counted. `before` is done between evaluating the source and the first member,
    `again` before each is counted."""
    at = bound.source.at
    source = expression(module, bound.source, scope)
    value = module.fresh("v")
    inner = {**scope, bound.value.name: value}
    target: ast.expr = placed(ast.Name(value, ast.Store()), at)
    if bound.key is not None:
        key = module.fresh("v")
        inner[bound.key.name] = key
        target = placed(ast.Tuple([placed(ast.Name(key, ast.Store()), at), target], ast.Store()), at)
        source = _gathered(module, "entries", bound.source, source)
    elif not is_list(bound.source.type):
        source = _gathered(module, "members", bound.source, source)
    first: list[ast.stmt] = []
    if before:
        kept = module.fresh("v")
        first = [_assign(kept, source, at), *before]
        source = name_of(kept, at)
    with module.writing(within=True):
        body = [*again, *_counted(at), *one(inner)]
    return [*first, ast.copy_location(ast.For(target, source, body, []), source)]


def _gathered(module: Module, function: str, source: core.Expression, value: ast.expr) -> ast.expr:
    """What a loop goes over. To put a set or a map into order is to go through it."""
    if module.within and not is_list(source.type):
        return walked(name_of(function, source.at), [value], source.at)
    return call(function, [value], source.at)


def _counted(at: Span) -> list[ast.stmt]:
    """One more member is tried; beyond the limit is a fault."""

    def work(kind: type[ast.Load | ast.Store]) -> ast.expr:
        return placed(ast.Attribute(name_of(RUN, at), "work", kind()), at)

    one = placed(ast.Constant(1), at)
    target = work(ast.Store)
    assert isinstance(target, ast.Attribute)
    more = ast.copy_location(ast.AugAssign(target, ast.Add(), one), target)
    beyond = placed(ast.Compare(work(ast.Load), [ast.Gt()], [name_of("WORK_LIMIT", at)]), at)
    fault = call("ValueFault", [text("too_much_work", at), text("the rule tries too many members", at)], at)
    return [more, ast.copy_location(ast.If(beyond, [ast.copy_location(ast.Raise(fault), fault)], []), beyond)]


def _leave(block: Block, at: Span, *, looping: bool) -> ast.stmt:
    if looping:
        leave: ast.stmt = ast.Continue()
        return placed(leave, at)
    return returning(block.otherwise(at))


def _assign(name: str, value: ast.expr, at: Span) -> ast.stmt:
    return ast.copy_location(ast.Assign([placed(ast.Name(name, ast.Store()), at)], value), value)


def _evaluated(value: ast.expr) -> ast.stmt:
    return ast.copy_location(ast.Expr(value), value)


def _say(what: str, numbers: Sequence[int], at: Span) -> ast.stmt:
    return _evaluated(method(RUN, what, [placed(ast.Constant(number), at) for number in numbers], at))


def _say_bindings(what: str, number: int | None, locals_: Sequence[core.Local], scope: Scope, at: Span) -> ast.stmt:
    names: list[ast.expr | None] = [text(local.name, at) for local in locals_]
    bindings = placed(ast.Dict(names, [name_of(scope[local.name], at) for local in locals_]), at)
    arguments = [bindings] if number is None else [placed(ast.Constant(number), at), bindings]
    return _evaluated(method(RUN, what, arguments, at))


# --------------------------------------------------------------------------------------------- comprehensions, matches


def _build(
    module: Module, node: core.Build, function: str, outer: list[str], inner: dict[str, str], scope: Scope
) -> ast.expr:
    """A comprehension: a function that fills a list, and what is made of the list."""
    at = node.at

    def at_end(there: Scope) -> list[ast.stmt]:
        element = expression(module, node.element, there)
        if node.key is not None:
            element = placed(ast.Tuple([expression(module, node.key, there), element], ast.Load()), at)
        return [_evaluated(method(there[_COLLECTED], "append", [element], at))]

    # The list travels with the variables, so that a block that goes on in another function takes it along.
    found = module.fresh("v")
    block = Block(at_end, lambda place: placed(ast.Constant(None), place), collecting=True)
    add_function(
        module,
        function,
        [*inner.values(), found],
        steps(module, node.body, {**inner, _COLLECTED: found}, block) or [ast.Pass()],
        at,
    )
    filled = module.fresh("v")
    arguments = [name_of(scope[name], at) for name in outer]
    made = placed(ast.NamedExpr(ast.Name(filled, ast.Store()), placed(ast.List([], ast.Load()), at)), at)
    done = _called(function, [*arguments, made], at)
    # `(fill(…, found := []), kind(found))[1]`: an expression, so that a comprehension may stand anywhere.
    kind = {"list": "tuple", "set": "set_of", "map": "Map"}[node.kind]
    both = placed(ast.Tuple([done, call(kind, [name_of(filled, at)], at)], ast.Load()), at)
    return placed(ast.Subscript(both, placed(ast.Constant(1), at), ast.Load()), at)


_COLLECTED: Final = ""
"""Under this name, which no variable has, the scope of a comprehension holds the list that it fills."""


def _match(module: Module, node: core.Match, scope: Scope) -> list[ast.stmt]:
    statements: list[ast.stmt] = []
    for condition, result in node.arms:
        test = expression(module, condition, scope)
        statements.append(ast.copy_location(ast.If(test, [returning(expression(module, result, scope))], []), test))
    return [*statements, returning(_no_arm(module, node, scope))]


def _no_arm(module: Module, node: core.Match, scope: Scope) -> ast.expr:
    if node.otherwise is not None:
        return expression(module, node.otherwise, scope)
    return call("no_arm", [], node.at)


def _inline_match(module: Module, node: core.Match, scope: Scope) -> ast.expr:
    if not node.arms and node.otherwise is None:
        raise GenerationError(f"a match without arms at {node.at.place}")
    value = _no_arm(module, node, scope)
    for condition, result in reversed(node.arms):
        test = expression(module, condition, scope)
        value = placed(ast.IfExp(test, expression(module, result, scope), value), node.at)
    return value
