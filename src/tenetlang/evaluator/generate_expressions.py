"""Core expressions as nodes of Python's syntax tree.

Each node becomes Python that gives its value. Python's own `and`, `or`, `if … else` and order of evaluation are Tenet's, so
what the language calls short-circuit needs no code. Quantifiers and comprehensions need statements: each is a function of its
own, called with the variables that it uses. So are long `match`es. Nothing nests deeper than the policy's own expressions.

No name and no attribute comes from the policy: variables, functions and constants are numbered, and parts of parsed values
are looked up in a table of those that exist. The policy's texts are only ever constants.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from typing import Final, Literal, TypeAlias, TypeVar

import attrs

from tenetlang.decision_tree.conditions import nodes
from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator import runtime
from tenetlang.evaluator.builtin_limits import Function
from tenetlang.evaluator.lengthy import goes_through
from tenetlang.evaluator.operations import OPERATIONS
from tenetlang.evaluator.readers import narrowed
from tenetlang.evaluator.work import WORK_LIMIT
from tenetlang.program import expression as core
from tenetlang.program.types import ListType, Scalar, Type
from tenetlang.text import Span
from tenetlang.values import numbers, times
from tenetlang.values.collections import Map, Record
from tenetlang.values.faults import ValueFault
from tenetlang.values.hashing import set_of
from tenetlang.values.network import Cidr, Email, Host, Ip
from tenetlang.values.numbers import whole
from tenetlang.values.paths import Path
from tenetlang.values.patterns import SEPARATORS, Pattern
from tenetlang.values.urls import Url
from tenetlang.values.versions import Semver

Scope = Mapping[str, str]
"""For each variable of Tenet the variable of Python that holds it."""

INPUTS: Final = "inputs"
RUN: Final = "run"

_COMPARISONS: Final[Mapping[str, type[ast.cmpop]]] = {
    "==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE,
}  # fmt: skip
_COMPARED: Final[Mapping[str, Function]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _parts() -> Mapping[str, Callable[[object], object]]:
    """The public attributes of the parsed types, each with the function that gets it."""
    names: set[str] = set()
    for kind in (Url, Email, Host, Path, Semver, Ip, Cidr, times.Time, times.Duration, times.Calendar):
        names |= {name for name in (*vars(kind), *getattr(kind, "__annotations__", {})) if not name.startswith("_")}
    return {name: operator.attrgetter(name) for name in sorted(names)}


PARTS: Final = _parts()


class GenerationError(ValueError):
    """A policy that was made by hand, or tampered with, and refers to what does not exist."""


Use: TypeAlias = Literal["value", "compared", "members"]
"""What is done with a part of a request: anything, or it is only compared, or only its members are looked at."""
Parts: TypeAlias = Callable[[core.Read, Use], ast.expr | None]
"""A part, if it is there by itself; for these uses it may be what stands in the tuple of the parts (`layout.py`)."""


@attrs.define
class Module:
    """Python in the making: functions by the file whose lines they carry, and the values of their global names.

    `within`: what is written now is evaluated for each member of a quantifier, so what it goes through is work (`work.py`).
    `written` keeps the functions that were compiled, where somebody wants to print them. `parts` gives the parts of a request
    that the function at hand has by themselves; inside of functions that it calls there are only inputs.
    """

    policy: Policy
    recording: bool
    namespace: dict[str, object]
    documents: frozenset[str]
    functions: dict[str, list[ast.stmt]] = attrs.field(factory=dict)
    numbers: count[int] = attrs.field(factory=count)
    named: dict[str, str] = attrs.field(factory=dict)
    constants: dict[object, str] = attrs.field(factory=dict)
    within: bool = False
    written: list[ast.stmt] | None = None
    parts: Parts | None = None

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """What is written meanwhile is another function."""
        outer, self.parts = self.parts, None
        try:
            yield
        finally:
            self.parts = outer

    @contextmanager
    def writing(self, *, within: bool) -> Iterator[None]:
        """What is written meanwhile is, or is not, evaluated for each member of a quantifier."""
        outer, self.within = self.within, within
        try:
            yield
        finally:
            self.within = outer

    def fresh(self, letter: str) -> str:
        """A name that nothing else has."""
        return f"{letter}{next(self.numbers)}"

    def constant(self, value: object, at: Span) -> ast.expr:
        """The value as an expression: written out where Python can, else a global name."""
        kind = type(value)
        if kind in {bool, str} or (kind is int and isinstance(value, int) and abs(value) < 2**63):
            assert isinstance(value, bool | str | int)
            return placed(ast.Constant(value), at)
        key = id(value)
        if key not in self.constants:
            name = self.fresh("c")
            self.constants[key] = name
            self.namespace[name] = value
        return name_of(self.constants[key], at)


Placed = TypeVar("Placed", ast.expr, ast.stmt)


def placed(node: Placed, at: Span) -> Placed:
    """The node at the line and column of the policy."""
    line, column = at.text.position(at.start)
    node.lineno = node.end_lineno = line
    node.col_offset = node.end_col_offset = column - 1
    return node


def name_of(name: str, at: Span) -> ast.expr:
    return placed(ast.Name(name, ast.Load()), at)


def call(function: str, arguments: list[ast.expr], at: Span) -> ast.expr:
    return placed(ast.Call(name_of(function, at), arguments, []), at)


def method(of: str, name: str, arguments: list[ast.expr], at: Span) -> ast.expr:
    """A call of a method whose name is ours."""
    return placed(ast.Call(placed(ast.Attribute(name_of(of, at), name, ast.Load()), at), arguments, []), at)


def text(content: str, at: Span) -> ast.expr:
    return placed(ast.Constant(content), at)


def free_locals(item: object, scope: Scope) -> list[str]:
    """The variables of the scope that an expression or block uses, sorted."""
    return sorted({node.name for node in nodes(item) if isinstance(node, core.Local) and node.name in scope})


def expression(module: Module, node: core.Expression, scope: Scope) -> ast.expr:
    """Python that gives the value of the node."""
    at = node.at
    match node:
        case core.Constant(constant):
            return module.constant(constant, at)
        case core.Local(name):
            if name not in scope:
                raise GenerationError(f"no variable {name!r} at {at.place}")
            return name_of(scope[name], at)
        case core.Read():
            return read(module, node)
        case core.Derived(name):
            function = _definition(module, name)
            arguments = [text(name, at), name_of(function, at), name_of(INPUTS, at)]
            return method(RUN, "define", arguments, at)
        case core.CallFunction(name, arguments):
            given = [expression(module, argument, scope) for argument in arguments]
            return call(_function(module, name, len(given)), [name_of(INPUTS, at), name_of(RUN, at), *given], at)
        case core.Present(of):
            return _is_absent(expression(module, of, scope), ast.IsNot(), at)
        case core.Default(of, otherwise):
            return _default(module, of, otherwise, scope, at)
        case core.Not(of):
            return placed(ast.UnaryOp(ast.Not(), expression(module, of, scope)), at)
        case core.And(items) | core.Or(items):
            if not items:
                return placed(ast.Constant(isinstance(node, core.And)), at)
            joint = ast.And() if isinstance(node, core.And) else ast.Or()
            values = [expression(module, item, scope) for item in items]
            return values[0] if len(values) == 1 else placed(ast.BoolOp(joint, values), at)
        case core.Exists() | core.Every() | core.Build() | core.Match():
            from tenetlang.evaluator import generate_blocks

            return generate_blocks.lifted(module, node, scope)
        case _:
            pass
    return _applied(module, node, scope)


def _applied(module: Module, node: core.Expression, scope: Scope) -> ast.expr:
    """Nodes that evaluate their operands, from the left, and combine the values."""
    at = node.at
    match node:
        case core.Field(of, name, optional=True):
            return call("field", [expression(module, of, scope), text(name, at)], at)
        case core.Field(of, name):
            return placed(ast.Subscript(expression(module, of, scope), text(name, at), ast.Load()), at)
        case core.Part(of, name):
            if name not in PARTS:
                raise GenerationError(f"no part {name!r} at {at.place}")
            return call("part", [expression(module, of, scope), module.constant(PARTS[name], at)], at)
        case core.Index(of, key, optional=optional):
            operands = [expression(module, of, scope), expression(module, key, scope)]
            return call("index_or_absent" if optional else "index", operands, at)
        case core.Compare(comparison, left, right):
            sides = used(module, left, scope, "compared"), used(module, right, scope, "compared")
            if module.within and goes_through(node):
                return walked(module.constant(_COMPARED[comparison], at), list(sides), at)
            return placed(ast.Compare(sides[0], [_COMPARISONS[comparison]()], [sides[1]]), at)
        case core.Contains(item, collection):
            sides = expression(module, item, scope), used(module, collection, scope, "members")
            if collection.type == Scalar("cidr"):
                return call("in_block", list(sides), at)
            if module.within and goes_through(node):
                return walked(name_of("in_list", at), list(sides), at)
            return placed(ast.Compare(sides[0], [ast.In()], [sides[1]]), at)
        case core.Matches(of, pattern):
            subject = call("str", [expression(module, of, scope)], at)
            if isinstance(pattern, core.Constant) and isinstance(pattern.value, Pattern):
                return _calling(module, node, module.constant(pattern.value.matches, at), [subject])
            separator = placed(ast.Constant(SEPARATORS[of.type.name] if isinstance(of.type, Scalar) else None), at)
            return _calling(
                module, node, name_of("matches", at), [subject, expression(module, pattern, scope), separator]
            )
        case core.ToolIs(of, tools):
            return _tool_is(module, expression(module, of, scope), tools, at)
        case core.IsType(of, wanted) | core.Narrow(of, wanted):
            arguments = [expression(module, of, scope), module.constant(wanted, at)]
            function = name_of("is_type" if isinstance(node, core.IsType) else "narrow", at)
            return _calling(module, node, function, arguments)
        case core.Widen(of):
            return call("to_decimal", [expression(module, of, scope)], at)
        case core.Operate(name, operands):
            function = module.constant(OPERATIONS[name], at)
            return _calling(module, node, function, [expression(module, item, scope) for item in operands])
        case core.Builtin():
            return _builtin(module, node, scope)
        case _:
            pass
    return _made(module, node, scope)


def _builtin(module: Module, node: core.Builtin, scope: Scope) -> ast.expr:
    from tenetlang.evaluator.builtins import BUILTINS, MAY_BE_ABSENT

    at = node.at
    if node.name not in BUILTINS:
        raise GenerationError(f"no built-in {node.name!r} at {at.place}")
    function = module.constant(BUILTINS[node.name], at)
    arguments = [expression(module, item, scope) for item in node.arguments]
    if node.name in MAY_BE_ABSENT:  # of one argument each
        return _calling(module, node, name_of("part", at), [arguments[0], function])
    return _calling(module, node, function, arguments)


def _calling(module: Module, node: core.Expression, function: ast.expr, arguments: list[ast.expr]) -> ast.expr:
    """The call that gives the node's value; within a quantifier, what it goes through is work."""
    if module.within and goes_through(node):
        return walked(function, arguments, node.at)
    return placed(ast.Call(function, arguments, []), node.at)


def walked(function: ast.expr, arguments: list[ast.expr], at: Span) -> ast.expr:
    """The call, which counts as work what it goes through."""
    return call("walked", [name_of(RUN, at), function, *arguments], at)


def _made(module: Module, node: core.Expression, scope: Scope) -> ast.expr:
    at = node.at
    match node:
        case core.MakeList(items) | core.MakeSet(items) if items and all(isinstance(i, core.Constant) for i in items):
            constants = tuple(item.value for item in items if isinstance(item, core.Constant))
            return module.constant(constants if isinstance(node, core.MakeList) else frozenset(constants), at)
        case core.MakeList(items):
            return placed(ast.Tuple([expression(module, item, scope) for item in items], ast.Load()), at)
        case core.MakeSet(items):
            listed = placed(ast.Tuple([expression(module, item, scope) for item in items], ast.Load()), at)
            return call("frozenset", [listed], at)
        case core.MakeMap(entries):
            keys: list[ast.expr | None] = []
            values: list[ast.expr] = []
            for key, item in entries:
                keys.append(expression(module, key, scope))
                values.append(expression(module, item, scope))
            return call("Map", [placed(ast.Dict(keys, values), at)], at)
        case core.MakeRecord(fields):
            names: list[ast.expr | None] = [text(name, at) for name, _ in fields]
            contents = [expression(module, item, scope) for _, item in fields]
            return call("Record", [placed(ast.Dict(names, contents), at)], at)
        case _:
            pass
    raise GenerationError(f"no code for {type(node).__name__}")


def _tool_is(module: Module, tool: ast.expr, tools: frozenset[str], at: Span) -> ast.expr:
    if len(tools) == 1:
        return placed(ast.Compare(tool, [ast.Eq()], [text(next(iter(tools)), at)]), at)
    return placed(ast.Compare(tool, [ast.In()], [module.constant(tools, at)]), at)


def _is_absent(value: ast.expr, comparison: ast.cmpop, at: Span) -> ast.expr:
    return placed(ast.Compare(value, [comparison], [name_of("ABSENT", at)]), at)


def _default(module: Module, of: core.Expression, otherwise: core.Expression, scope: Scope, at: Span) -> ast.expr:
    found = module.fresh("v")
    value = placed(ast.NamedExpr(ast.Name(found, ast.Store()), expression(module, of, scope)), at)
    test = _is_absent(value, ast.Is(), at)
    return placed(ast.IfExp(test, expression(module, otherwise, scope), name_of(found, at)), at)


# --------------------------------------------------------------------------------------------------------------- reads


def read(module: Module, node: core.Read) -> ast.expr:
    """Python that reads a path: of the inputs, where documents are as well."""
    at, path = node.at, node.path
    there = module.parts(node, "value") if module.parts is not None else None
    if there is not None:
        return there
    value = input_value(module, path, node.optional, at)
    if not module.recording:
        return value
    return method(RUN, "read", [text(read_name(path), at), value], at)


def used(module: Module, node: core.Expression, scope: Scope, use: Use) -> ast.expr:
    """As `expression`, for such a use."""
    if module.parts is not None:
        if isinstance(node, core.Read):
            there = module.parts(node, use)
            if there is not None:
                return there
        if isinstance(node, core.Constant) and isinstance(node.value, Decimal):
            return module.constant(whole(node.value), node.at)
    return expression(module, node, scope)


def read_name(path: tuple[str, ...]) -> str:
    """A path of the request as the trace names it: `args.amount`, `data.vendors`."""
    return ".".join(("data", *path[2:]) if path[0] == "data" else path)


def document_key(package: str, name: str) -> str:
    """The key of a document in the inputs. No fact has a name like it, and the code is the same for all documents."""
    return f"data {package} {name}"


def input_value(module: Module, path: tuple[str, ...], optional: bool, at: Span) -> ast.expr:
    """The value at a path, or where it is `optional` `ABSENT`."""
    if path[0] == "data":
        if len(path) < 3 or document_key(path[1], path[2]) not in module.documents:
            raise GenerationError(f"no document {'.'.join(path)!r}")
        key = text(document_key(path[1], path[2]), at)
        value, rest = placed(ast.Subscript(name_of(INPUTS, at), key, ast.Load()), at), path[3:]
    else:
        value, rest = name_of(INPUTS, at), path
    for position, name in enumerate(rest):
        last = position == len(rest) - 1
        if optional and not (position == 0 and _surely_there(module, path)):
            getter = placed(ast.Attribute(value, "get", ast.Load()), at)
            value = placed(ast.Call(getter, [text(name, at), name_of("ABSENT" if last else "NOTHING", at)], []), at)
        else:
            value = placed(ast.Subscript(value, text(name, at), ast.Load()), at)
    return value


def _surely_there(module: Module, path: tuple[str, ...]) -> bool:
    """Whether every request has the first part of the path."""
    if path[0] in {"data", "tool", "args", "origins", "counters", "approvals"}:
        return path[0] != "data"
    return path[0] in module.policy.facts and module.policy.facts[path[0]].required


# ----------------------------------------------------------------------------------------------------------- functions


def add_function(module: Module, name: str, variables: list[str], body: list[ast.stmt], at: Span) -> None:
    """Add a function of the inputs, the run and these variables."""
    parameters = [ast.arg(parameter) for parameter in (INPUTS, RUN, *variables)]
    arguments = ast.arguments(posonlyargs=[], args=parameters, kwonlyargs=[], kw_defaults=[], defaults=[])
    function: ast.stmt = ast.FunctionDef(name=name, args=arguments, body=body, decorator_list=[])
    module.functions.setdefault(at.text.name, []).append(placed(function, at))


def returning(value: ast.expr) -> ast.stmt:
    return ast.copy_location(ast.Return(value), value)


def _definition(module: Module, name: str) -> str:
    """The function that evaluates a definition."""
    key = f"let {name}"
    if key not in module.named:
        if name not in module.policy.definitions:
            raise GenerationError(f"no definition {name!r}")
        definition = module.policy.definitions[name]
        function = module.named[key] = module.fresh("d")
        with module.writing(within=False), module.elsewhere():
            body = [returning(expression(module, definition.value, {}))]
        add_function(module, function, [], body, definition.at)
    return module.named[key]


def _function(module: Module, name: str, arguments: int) -> str:
    """The function of Python for a function of the policy."""
    key = f"fn {name} within" if module.within else f"fn {name}"
    function = module.policy.functions.get(name)
    if function is None or len(function.parameters) != arguments:
        raise GenerationError(f"no function {name!r} of {arguments} parameters")
    if key not in module.named:
        module.named[key] = module.fresh("f")
        scope = {parameter.name: module.fresh("v") for parameter in function.parameters}
        with module.elsewhere():
            body = [returning(expression(module, function.body, scope))]
        add_function(module, module.named[key], list(scope.values()), body, function.at)
    return module.named[key]


# -------------------------------------------------------------------------------------------------------------- module


def new_module(policy: Policy, *, recording: bool) -> Module:
    """An empty module: the names of the runtime."""

    def is_type(value: object, wanted: Type) -> bool:
        return value is not runtime.ABSENT and narrowed(policy.tools, value, wanted) is not None

    def narrow(value: object, wanted: Type) -> object:
        if value is runtime.ABSENT:
            return value
        read = narrowed(policy.tools, value, wanted)
        if read is None:
            raise ValueFault("bad_input", "the value is of another type")
        return read

    def no_arm() -> object:
        raise GenerationError("a match of which no arm holds")

    def matches(subject: str, pattern: object, separator: str | None) -> bool:
        assert isinstance(pattern, Pattern)
        return pattern.within(separator).matches(subject)

    namespace: dict[str, object] = {
        "__builtins__": {}, runtime.MARK: True, "ABSENT": runtime.ABSENT, "NOTHING": runtime.NOTHING, "Map": Map,
        "Record": Record, "frozenset": frozenset, "set_of": set_of, "tuple": tuple, "str": str, "field": runtime.field,
        "part": runtime.part, "index": runtime.index, "index_or_absent": runtime.index_or_absent,
        "in_block": runtime.in_block, "matches": matches, "no_arm": no_arm, "is_type": is_type, "narrow": narrow,
        "to_decimal": numbers.to_decimal, "members": runtime.members, "entries": runtime.entries,
        "ValueFault": ValueFault, "WORK_LIMIT": WORK_LIMIT,
        "walked": runtime.walked, "in_list": runtime.in_list,
    }  # fmt: skip
    documents = frozenset(document_key(data.package, data.name) for data in policy.data)
    return Module(policy, recording, namespace, documents)


def finish(module: Module) -> Mapping[str, object]:
    """Compile the functions, file by file under the file's name, and give the namespace that holds them."""
    for file, functions in module.functions.items():
        if module.written is not None:
            module.written += functions
        tree = ast.fix_missing_locations(ast.Module(functions, []))
        exec(compile(tree, file or "<policy>", "exec"), module.namespace)  # noqa: S102  # see the top of the file
    module.functions = {}
    return module.namespace


def is_list(type_: Type) -> bool:
    """Whether values of the type are tuples, which iterate as they are."""
    return isinstance(type_, ListType)
