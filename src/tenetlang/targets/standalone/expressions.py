"""From an expression of the policy, which is data, to a function of its value. Nothing of the policy is ever Python: each kind of
node has a method below that closes over its parts.

A function takes the *variables* of the rule, definition or function that it is in (a list; each name has its place in it) and the
*run*: the request's inputs, what has been read (for the trace), and how much the quantifiers have done.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from tenetlang.targets.standalone.builtins_collections import COLLECTIONS
from tenetlang.targets.standalone.builtins_network import NETWORK
from tenetlang.targets.standalone.builtins_text import TEXT
from tenetlang.targets.standalone.builtins_time import TIME
from tenetlang.targets.standalone.faults import Fault, ValueFault
from tenetlang.targets.standalone.matching import Pattern
from tenetlang.targets.standalone.network import Cidr, Ip
from tenetlang.targets.standalone.numbers import to_decimal
from tenetlang.targets.standalone.operations import COMPARISONS, OPERATIONS, goes_through
from tenetlang.targets.standalone.schema import narrowing
from tenetlang.targets.standalone.values import Map, Record, constant_of, work_of

WORK_LIMIT = 200_000
SEPARATORS = {"path": "/", "url": "/", "host": ".", "tool": "."}
BUILTINS: dict[str, Callable] = {**COLLECTIONS, **TEXT, **TIME, **NETWORK}

Valuation = Callable[[list, "Run"], object]


MAKERS: dict[str, Callable] = {}
"""What makes the function of each kind of node; another kind is an error when the policy is loaded. `quantifiers.py` fills it."""


class _Absent:
    """The value of an optional path where nothing is there."""


ABSENT = _Absent()


class Run:
    """One evaluation of one request. `reads` is None where nobody asks for the trace; `within`: a member is being tried."""

    __slots__ = ("data", "definitions", "errors", "excused", "inputs", "reads", "within", "work")

    def __init__(self, inputs: dict, data: dict) -> None:
        self.inputs = inputs
        self.data = data
        self.reads: dict | None = None
        self.work = 0
        self.within = False
        self.definitions: dict[str, tuple] = {}
        self.errors: dict[int, Fault] = {}
        self.excused: Fault | None = None

    def begin(self) -> None:
        """A rule, or what is computed for one, begins: nothing is tried yet."""
        self.work, self.within, self.excused = 0, False, None

    def tried(self, at: str) -> None:
        """One more member of a quantifier is tried."""
        self.work += 1
        if self.work > WORK_LIMIT:
            raise Fault("too_much_work", at)
        self.within = True


class Slots:
    """The places of the variables of one rule, definition or function."""

    def __init__(self) -> None:
        self.places: dict[object, int] = {}

    def add(self, name: object) -> int:
        return self.places.setdefault(name, len(self.places))

    def variables(self) -> list:
        """Room for all of them."""
        return [None] * len(self.places)


class ExpressionCompiler:
    """Makes functions of the expressions of one policy; `quantifiers.py` adds those that have blocks."""

    def __init__(self, policy: dict, files: list, types: list) -> None:
        self.policy = policy
        self.files = files
        self.types = types
        self.parameters = {name: types[tool["parameters"]] for name, tool in policy["tools"].items()}
        self.definitions: dict[str, tuple[Valuation, Slots]] = {}
        self.functions: dict[str, tuple[list[int], Valuation, Slots]] = {}

    def place(self, at: list) -> str:
        """`file:line`."""
        return f"{self.files[at[0]]}:{at[1]}"

    def value(self, expression: dict, slots: Slots) -> Valuation:
        """The function of the expression's value."""
        return MAKERS[expression["is"]](self, expression, slots)

    def values(self, expressions: list, slots: Slots) -> list[Valuation]:
        return [self.value(expression, slots) for expression in expressions]

    def through(self, expression: dict, operation: Callable, operands: list, slots: Slots) -> Valuation:
        """A function of operands' values, evaluated from the left, with its faults placed and its work counted."""
        at = self.place(expression["at"])
        counted = goes_through(expression, self.types)
        all_operands = self.values(operands, slots)
        if not counted and len(all_operands) == 2:
            one, two = all_operands

            def of_two(variables: list, run: Run) -> object:
                left, right = one(variables, run), two(variables, run)
                try:
                    return operation(left, right)
                except ValueFault as fault:
                    raise Fault(fault.code, at) from None

            return of_two

        def of_all(variables: list, run: Run) -> object:
            given = [operand(variables, run) for operand in all_operands]
            try:
                result = operation(*given)
            except ValueFault as fault:
                raise Fault(fault.code, at) from None
            if counted and run.within:
                run.work += work_of(result, *given)
            return result

        return of_all

    def constant(self, expression: dict, _: Slots) -> Valuation:
        constant = constant_of(expression["value"])
        return lambda variables, run: constant

    def local(self, expression: dict, slots: Slots) -> Valuation:
        place = slots.add(expression["name"])
        return lambda variables, run: variables[place]

    def read(self, expression: dict, _: Slots) -> Valuation:
        path, optional = expression["path"], expression.get("optional", False)
        document = (path[1], path[2]) if path[0] == "data" else None
        steps = path[3:] if document else path
        name = ".".join(["data", *path[2:]] if document else path)

        def read(_: list, run: Run) -> object:
            found = run.inputs if document is None else run.data[document]
            for step in steps:
                if step not in found:
                    if optional:
                        return ABSENT
                    raise KeyError(name)
                found = found[step]
            if run.reads is not None:
                run.reads[name] = found
            return found

        return read

    def derived(self, expression: dict, _: Slots) -> Valuation:
        name = expression["name"]
        if name not in self.definitions:
            slots = Slots()
            self.definitions[name] = (self.value(self.policy["definitions"][name]["value"], slots), slots)
        definition = self.definitions[name]

        def derived(_: list, run: Run) -> object:
            known = run.definitions.get(name)
            if known is None:
                known = run.definitions[name] = _evaluated(definition, run)
            value, fault, reads = known
            if run.reads is not None:
                run.reads.update(reads)
            if fault is not None:
                raise fault
            return value

        return derived

    def field(self, expression: dict, slots: Slots) -> Valuation:
        name, optional = expression["name"], expression.get("optional", False)
        record = self.value(expression["of"], slots)

        def field(variables: list, run: Run) -> object:
            found = record(variables, run)
            if found is ABSENT:
                return ABSENT
            assert isinstance(found, Record)
            return found.get(name, ABSENT) if optional else found[name]

        return field

    def part(self, expression: dict, slots: Slots) -> Valuation:
        name = expression["name"]
        whole = self.value(expression["of"], slots)
        if name not in _PARTS:
            raise ValueError(f"no value has a part {name}")

        def part(variables: list, run: Run) -> object:
            found = whole(variables, run)
            of = ABSENT if found is ABSENT else getattr(found, name)
            return ABSENT if of is None else of

        return part

    def index(self, expression: dict, slots: Slots) -> Valuation:
        collection, key = self.value(expression["of"], slots), self.value(expression["key"], slots)
        optional, at = expression.get("optional", False), self.place(expression["at"])

        def index(variables: list, run: Run) -> object:
            whole = collection(variables, run)
            if whole is ABSENT:
                return ABSENT
            wanted = key(variables, run)
            if isinstance(whole, tuple):
                if isinstance(wanted, int) and 0 <= wanted < len(whole):
                    return whole[wanted]
            elif isinstance(whole, Map) and wanted in whole:
                return whole[wanted]
            if optional:
                return ABSENT
            raise Fault("bad_index", at)

        return index

    def present(self, expression: dict, slots: Slots) -> Valuation:
        value = self.value(expression["of"], slots)
        return lambda variables, run: value(variables, run) is not ABSENT

    def default(self, expression: dict, slots: Slots) -> Valuation:
        value, otherwise = self.value(expression["of"], slots), self.value(expression["otherwise"], slots)

        def default(variables: list, run: Run) -> object:
            found = value(variables, run)
            return otherwise(variables, run) if found is ABSENT else found

        return default

    def negation(self, expression: dict, slots: Slots) -> Valuation:
        value = self.value(expression["of"], slots)
        return lambda variables, run: not value(variables, run)

    def both(self, expression: dict, slots: Slots) -> Valuation:
        items = self.values(expression["items"], slots)

        def both(variables: list, run: Run) -> object:
            for item in items:
                if not item(variables, run):
                    return False
            return True

        return both

    def either(self, expression: dict, slots: Slots) -> Valuation:
        items = self.values(expression["items"], slots)

        def either(variables: list, run: Run) -> object:
            for item in items:
                if item(variables, run):
                    return True
            return False

        return either

    def comparison(self, expression: dict, slots: Slots) -> Valuation:
        operands = [expression["left"], expression["right"]]
        return self.through(expression, COMPARISONS[expression["operator"]], operands, slots)

    def containment(self, expression: dict, slots: Slots) -> Valuation:
        return self.through(expression, _contains, [expression["item"], expression["collection"]], slots)

    def matching(self, expression: dict, slots: Slots) -> Valuation:
        of, pattern = expression["of"], expression["pattern"]
        type_ = self.types[of["type"]]
        separator = SEPARATORS.get(type_["name"]) if type_["is"] == "Scalar" else None
        fixed, counted = pattern["is"] == "Constant", goes_through(expression, self.types)
        subject, compiled = self.value(of, slots), self.value(pattern, slots)

        def matching(variables: list, run: Run) -> object:
            text = str(subject(variables, run))
            found = compiled(variables, run)
            assert isinstance(found, Pattern)
            if counted and run.within:
                run.work += work_of(text)
            # A glob of a document gets its segments from what it is used on.
            return (found if fixed else found.within(separator)).matches(text)

        return matching

    def tool_is(self, expression: dict, slots: Slots) -> Valuation:
        value, tools = self.value(expression["of"], slots), frozenset(expression["tools"])
        return lambda variables, run: value(variables, run) in tools

    def is_type(self, expression: dict, slots: Slots) -> Valuation:
        value = self.value(expression["of"], slots)
        narrowed = narrowing(self.types[expression["wanted"]], self.parameters)

        def is_type(variables: list, run: Run) -> object:
            whole = value(variables, run)
            read = narrowed(whole)
            if run.within:
                run.work += work_of(whole)
            return read is not None

        return is_type

    def narrow(self, expression: dict, slots: Slots) -> Valuation:
        value, at = self.value(expression["of"], slots), self.place(expression["at"])
        narrowed = narrowing(self.types[expression["type"]], self.parameters)

        def narrow(variables: list, run: Run) -> object:
            whole = value(variables, run)
            if whole is ABSENT:
                return ABSENT
            read = narrowed(whole)
            if read is None:
                raise Fault("bad_input", at)
            if run.within:
                run.work += work_of(whole, read)
            return read

        return narrow

    def widen(self, expression: dict, slots: Slots) -> Valuation:
        value = self.value(expression["of"], slots)

        def widen(variables: list, run: Run) -> object:
            number = value(variables, run)
            assert isinstance(number, (int, Decimal))
            return to_decimal(number)

        return widen

    def operation(self, expression: dict, slots: Slots) -> Valuation:
        return self.through(expression, OPERATIONS[expression["operator"]], expression["operands"], slots)

    def builtin(self, expression: dict, slots: Slots) -> Valuation:
        value = self.through(expression, BUILTINS[expression["name"]], expression["arguments"], slots)

        def builtin(variables: list, run: Run) -> object:
            found = value(variables, run)
            return ABSENT if found is None else found

        return builtin

    def call(self, expression: dict, slots: Slots) -> Valuation:
        name = expression["name"]
        if name not in self.functions:
            function, inner = self.policy["functions"][name], Slots()
            places = [inner.add(parameter["name"]) for parameter in function["parameters"]]
            self.functions[name] = (places, self.value(function["body"], inner), inner)
        places, body, inner = self.functions[name]
        arguments = self.values(expression["arguments"], slots)

        def call(variables: list, run: Run) -> object:
            given = inner.variables()
            for place, argument in zip(places, arguments):
                given[place] = argument(variables, run)
            return body(given, run)

        return call

    def match(self, expression: dict, slots: Slots) -> Valuation:
        arms = [(self.value(condition, slots), self.value(result, slots)) for condition, result in expression["arms"]]
        otherwise = expression["otherwise"]
        last = None if otherwise is None else self.value(otherwise, slots)

        def match(variables: list, run: Run) -> object:
            for condition, result in arms:
                if condition(variables, run):
                    return result(variables, run)
            assert last is not None, "the checker has proved that some arm holds"
            return last(variables, run)

        return match

    def make_list(self, expression: dict, slots: Slots) -> Valuation:
        items = self.values(expression["items"], slots)
        return lambda variables, run: tuple([item(variables, run) for item in items])

    def make_set(self, expression: dict, slots: Slots) -> Valuation:
        items = self.values(expression["items"], slots)
        return lambda variables, run: frozenset([item(variables, run) for item in items])

    def make_map(self, expression: dict, slots: Slots) -> Valuation:
        entries = [(self.value(key, slots), self.value(item, slots)) for key, item in expression["entries"]]
        return lambda variables, run: Map({str(key(variables, run)): item(variables, run) for key, item in entries})

    def make_record(self, expression: dict, slots: Slots) -> Valuation:
        fields = [(name, self.value(item, slots)) for name, item in expression["fields"]]
        return lambda variables, run: Record({name: item(variables, run) for name, item in fields})


_PARTS = {
    "labels", "ip", "local", "domain", "scheme", "host", "port", "path", "segments", "query", "fragment", "name", "extension",
    "parent", "absolute", "major", "minor", "patch", "prerelease",
}  # fmt: skip
"""The parts of parsed values. No other attribute of a value is ever asked for, whatever a policy's document says."""


def _contains(item: object, collection: object) -> bool:
    if isinstance(collection, Cidr):
        if isinstance(item, Ip):
            return collection.contains(item)
        assert isinstance(item, Cidr)
        return collection.contains_cidr(item)
    assert isinstance(collection, (frozenset, tuple))
    return item in collection


def _evaluated(definition: tuple[Valuation, Slots], run: Run) -> tuple:
    """The value, the fault and the reads of a definition, which has its own account of reads and of work."""
    value, slots = definition
    outer = run.reads, run.work, run.within
    reads: dict = {}
    run.reads, run.work, run.within = None if run.reads is None else reads, 0, False
    try:
        return value(slots.variables(), run), None, reads
    except Fault as fault:
        return None, fault, reads
    finally:
        run.reads, run.work, run.within = outer
