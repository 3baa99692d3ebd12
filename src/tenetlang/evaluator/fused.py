"""From a request to its decision in one generated function for each tool, for the requests that are as they should be.

    def decide(request):
        …                                             each part into its variable (`generate_reading.py`)
        values = (part0, part1, part2, …)
        live = 0b1111                                 the bucket, on these variables (`generate.py`)
        live = live & g12(part4, 0b0110)
        …
        found = findings(live)                        what was found for the same rules before
        if found is None: return finish(leaf, live, values, run)
        return decision(found, explain, values)

Inputs, as records in records, are made only where a rule is reached that reads a whole record or has a quantifier, for the
words of a decision, and for its trace.

A function is made once its tool has been asked for a few times (`quick.py`): to compile it takes as long as hundreds of decisions, and many
evaluators are made for a few requests each. Until then, and for all requests that are in any way unusual, the general way
decides (`evaluator.py`). Both give the same, which a property holds them to.
"""

from __future__ import annotations

import ast
from collections import Counter as Tally
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Final, TypeAlias

import attrs

from tenetlang import python
from tenetlang.decision_tree.tree import Leaf, Node, Switch, leaves
from tenetlang.evaluator.generate import Generated, Settling, bucket_body, uses
from tenetlang.evaluator.generate_expressions import INPUTS, RUN, Module, Parts, Use, finish
from tenetlang.evaluator.generate_reading import REQUEST, local, reading
from tenetlang.evaluator.layout import Layout, Path, layout_of, typing_of
from tenetlang.evaluator.requests import RequestReader, RequestSchema
from tenetlang.evaluator.runtime import ABSENT
from tenetlang.evaluator.shapes import decoder
from tenetlang.frozen import frozen
from tenetlang.program import expression as core

VALUES: Final = "values"
LIVE: Final = "live"

Place: TypeAlias = int | None
"""Where a part stands in the tuple; -1 for an argument that the tool does not have, None for what is no part."""


@frozen
class Leaving:
    """One function, compiled: its name, what it needs of the policy, and the nodes that it may go on with, by name.

    `leaf` is None in a function that only goes on with others.
    """

    code: CodeType
    names: Mapping[str, object]
    leaf: int | None
    branches: Mapping[object, Node]
    otherwise: Node | None


@attrs.define
class Fused:
    """The functions of one policy, made when they are first asked for. Not safe between threads."""

    generated: Generated
    schema: RequestSchema
    reader: RequestReader
    layouts: dict[str, Layout | None] = attrs.field(factory=dict)
    made: dict[tuple[str, frozenset[str] | None, bool], Leaving | None] = attrs.field(factory=dict)
    nodes: dict[tuple[str, int], Leaving] = attrs.field(factory=dict)
    shared: frozenset[int] = attrs.field(init=False)
    asked: dict[int, list[Path]] = attrs.field(factory=dict)
    functions: dict[tuple[int, tuple[Place, ...]], str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        times = Tally(number for leaf in leaves(self.generated.policy.root) for number in leaf.buckets)
        self.shared = frozenset(number for number, count in times.items() if count > 1)

    def layout(self, tool: str) -> Layout | None:
        if tool not in self.layouts:
            self.layouts[tool] = layout_of(self.schema, tool)
        return self.layouts[tool]

    def deciding(self, tool: str, present: frozenset[str] | None, *, json: bool) -> Leaving | None:
        """The function that decides requests for a tool (`""` where there are no tools); None where there can't be one.

        It is for requests with these optional facts (None: for all), and has others decided by the function `full`. For JSON
        it takes the text, decodes it, and refuses those with other facts.
        """
        key = (tool, present, json)
        if key not in self.made:
            self.made[key] = self._deciding(tool, present, json=json)
        return self.made[key]

    def _deciding(self, tool: str, present: frozenset[str] | None, *, json: bool) -> Leaving | None:
        layout = self.layout(tool)
        read = None if layout is None else reading(self.schema, self.reader, tool, layout, present, json=json)
        if layout is None or read is None:
            return None
        body: list[ast.stmt] = []
        names = dict(read.names)
        if json:
            body.append(python.assign(REQUEST, python.call("decode", python.load("data"))))
            names["decode"] = decoder(layout, present)
        body += [*read.statements, python.assign(VALUES, ast.Tuple(_variables(layout, read.absent), ast.Load()))]
        parameter = "data" if json else REQUEST
        return self._going_on(tool, layout, self.generated.policy.root, parameter, body, names, read.absent)

    def node(self, tool: str, node: Node) -> Leaving:
        """The function that goes on at a node, from the values of the parts."""
        if (tool, id(node)) not in self.nodes:
            layout = self.layout(tool)
            assert layout is not None
            self.nodes[tool, id(node)] = self._going_on(tool, layout, node, VALUES, [], {}, set())
        return self.nodes[tool, id(node)]

    def _going_on(
        self,
        tool: str,
        layout: Layout,
        node: Node,
        parameter: str,
        body: list[ast.stmt],
        names: dict[str, object],
        absent: set[int],
    ) -> Leaving:
        """A function that does this and then goes on at the node."""
        module = self.generated.deciding
        find = self._finder(module, layout, [], None if parameter == VALUES else absent)
        while isinstance(node, Switch) and node.attribute.path == ("tool",):
            node = dict(node.branches).get(tool, node.otherwise)
        settlings: list[Settling] = []
        leaf: int | None = None
        branches: dict[object, Node] = {}
        otherwise: Node | None = None
        match node:
            case Leaf():
                module.parts = find
                try:
                    body = [*body, *self._leaf(layout, node, settlings)]
                finally:
                    module.parts = None
                leaf = node.id
            case Switch(attribute, listed, others, missing):
                value = find(attribute, "compared")
                assert value is not None
                chosen = python.call("branch", value, python.load("otherwise"))
                body = [*body, ast.Return(ast.Call(chosen, [python.load(VALUES)], []))]
                branches, otherwise = {**dict(listed), ABSENT: missing}, others
        namespace = finish(module)
        for settling in settlings:
            settling.found(namespace)
        tree = ast.Module([python.function("decide", [parameter], body)], [])
        used = {found.id for found in ast.walk(tree) if isinstance(found, ast.Name)}
        known = {name: namespace[name] for name in used if name in namespace}
        code = compile(ast.fix_missing_locations(tree), "<decide>", "exec")
        return Leaving(code, {**known, **names}, leaf, branches, otherwise)

    def _leaf(self, layout: Layout, leaf: Leaf, settlings: list[Settling]) -> list[ast.stmt]:
        """Statements that find the mask of a leaf, and return the decision."""
        body: list[ast.stmt] = []
        shift = 0
        for number in leaf.buckets:
            bucket = self.generated.policy.buckets[number]
            if number in self.shared:
                function = python.call(self._function(number, layout), python.load(VALUES), python.load(RUN))
                found: list[ast.stmt] = [python.assign(LIVE, function)]
            else:
                found, settling = bucket_body(self.generated, bucket, leaving=False)
                settlings.append(settling)
            if len(leaf.buckets) > 1:
                shifted: ast.expr = ast.BinOp(python.load(LIVE), ast.LShift(), python.constant(shift))
                if shift:
                    shifted = ast.BinOp(python.load("mask"), ast.BitOr(), shifted)
                found.append(python.assign("mask", shifted))
            body += found
            shift += len(bucket.candidates)
        body = _with_inputs(body)
        mask = python.load("mask" if len(leaf.buckets) > 1 else LIVE) if leaf.buckets else python.constant(0)
        runs = uses(body, RUN)
        if runs:
            body.insert(0, python.assign(RUN, python.call("begin", python.load(VALUES))))
        run = python.load(RUN) if runs else python.constant(None)
        unknown = python.compare(python.load("found"), ast.Is(), python.constant(None))
        errors = python.attribute(run, "errors")
        return [
            *body,
            python.assign("found", python.call("findings", mask)),
            python.if_(
                python.any_of([unknown, errors]) if runs else unknown,
                [ast.Return(python.call("finish", mask, python.load(VALUES), run))],
            ),
            ast.Return(python.call("decision", *map(python.load, ("found", "explain", VALUES)))),
        ]

    def _function(self, number: int, layout: Layout) -> str:
        """The name of the function of a bucket that several leaves have; one for all tools whose parts stand where it looks."""
        asked = self.asked.get(number)
        if asked is not None:
            known = self.functions.get((number, tuple(_place(layout, path) for path in asked)))
            if known is not None:
                return known
        module = self.generated.deciding
        outer = module.parts
        asked = self.asked[number] = []
        module.parts = self._finder(module, layout, asked, None)
        try:
            body, settling = bucket_body(self.generated, self.generated.policy.buckets[number], leaving=True)
        finally:
            module.parts = outer
        body = [*_with_inputs(body), ast.Return(python.load(LIVE))]
        namespace = finish(module)
        settling.found(namespace)
        name = module.fresh("w")
        tree = ast.fix_missing_locations(ast.Module([python.function(name, [VALUES, RUN], body)], []))
        exec(compile(tree, "<bucket>", "exec"), module.namespace)  # noqa: S102  # as in generate_expressions
        self.functions[number, tuple(_place(layout, path) for path in asked)] = name
        return name

    def _finder(self, module: Module, layout: Layout, asked: list[Path], absent: set[int] | None) -> Parts:
        """How code finds parts: in its own variables but for those that are absent, or where that is None in the tuple."""

        def find(read: core.Read, use: Use) -> ast.expr | None:
            if read.path[0] == "data":
                return None
            if read.path not in asked:
                asked.append(read.path)
            place = _place(layout, read.path)
            if place is None:
                return None
            if place < 0 or (absent is not None and place in absent):
                return ast.copy_location(python.load("ABSENT"), _SOMEWHERE)
            value = python.item(python.load(VALUES), python.constant(place))
            if absent is not None:
                value = python.load(local(place))
            typing = None if read.path not in layout.parts else typing_of(layout.parts[read.path].type, use)
            if typing is not None:
                value = ast.Call(module.constant(typing, read.at), [value], [])
            return ast.copy_location(value, _SOMEWHERE)

        return find


_SOMEWHERE: Final = ast.Constant(0, lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)


def _variables(layout: Layout, absent: set[int]) -> list[ast.expr]:
    """All parts, in order."""
    return [python.load("ABSENT" if position in absent else local(position)) for position in range(layout.size)]


def _place(layout: Layout, path: Path) -> Place:
    """Where the part at this path of a request stands."""
    if path == ("tool",):
        return layout.tool
    part = layout.parts.get(path)
    if part is not None:
        return part.position
    arguments = () if layout.arguments is None else layout.arguments.fields
    if path[0] == "args" and len(path) > 1 and all(field.path != path[:2] for field in arguments):
        return -1
    return None


def _with_inputs(statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements, which have inputs where they need them: they are made only once a rule comes so far."""
    made: list[ast.stmt] = []
    for statement in statements:
        if not uses([statement], INPUTS):
            made.append(statement)
            continue
        begin = python.assign(INPUTS, python.method(python.load(RUN), "inputs"))
        match statement:
            case ast.If(test=ast.BoolOp(op=ast.And(), values=[alive, *rest]), body=body) if rest:
                made.append(python.if_(alive, [begin, python.if_(python.all_of(rest), body)]))
            case ast.If(test=test, body=body) if not uses([ast.Expr(test)], INPUTS):
                made.append(python.if_(test, [begin, *body]))
            case _:
                made += [begin, statement]
    return made


# ------------------------------------------------------------------------------------------------- for one evaluator


Deciding: TypeAlias = Callable[[object], object]


def bound(leaving: Leaving, names: Mapping[str, object], later: Callable[[Node], Deciding]) -> Deciding:
    """The function, with what it needs of an evaluator. `later` makes the functions that it goes on with."""
    namespace: dict[str, object] = {"__builtins__": {}, **leaving.names, **names}
    if leaving.otherwise is not None:
        branches: dict[object, Deciding] = {}

        def put(key: object, node: Node) -> None:
            def first(values: object) -> object:
                branches[key] = later(node)
                return branches[key](values)

            branches[key] = first

        for key, node in leaving.branches.items():
            put(key, node)
        namespace["branch"] = branches.get
        put(_OTHERWISE, leaving.otherwise)

        def others(values: object) -> object:
            return branches[_OTHERWISE](values)

        namespace["otherwise"] = others
    exec(leaving.code, namespace)  # noqa: S102  # as in generate_expressions
    function = namespace["decide"]
    assert callable(function)
    return function


_OTHERWISE: Final = object()
