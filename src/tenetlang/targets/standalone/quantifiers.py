"""Blocks, quantifiers and comprehensions. A block is a chain of functions, each of which calls the next: one for each `some`, which calls
it once for each member until one of the calls says that the block is satisfied, and one for all the steps up to the next `some`, so that a
block of a thousand conditions is no thousand calls deep."""

from __future__ import annotations

from collections.abc import Callable

from tenetlang.targets.standalone.expressions import MAKERS, ExpressionCompiler, Run, Slots, Valuation
from tenetlang.targets.standalone.faults import Fault, ValueFault
from tenetlang.targets.standalone.values import Map, set_of, sorted_items, sorted_values, work_of


class Compiler(ExpressionCompiler):
    """Makes functions of all expressions, those with blocks included."""

    def block(self, steps: list, slots: Slots, done: Valuation) -> Valuation:
        """A function that tries the choices of a block in order, and `done` for each that satisfies it until that says true."""
        end = len(steps)
        while end > 0:
            start = end
            while start > 0 and steps[start - 1]["is"] != "Choose":
                start -= 1
            if start < end:
                done = self.in_a_row(steps[start:end], slots, done)
            if start > 0:
                done = self.choose(steps[start - 1]["bound"], slots, done)
            end = start - 1
        return done

    def in_a_row(self, steps: list, slots: Slots, following: Valuation) -> Valuation:
        """Conditions and assignments one after the other, then `following`."""
        row = [
            self.value(step["expression"], slots) if step["is"] == "Condition" else self.assignment(step, slots)
            for step in steps
        ]

        def in_a_row(variables: list, run: Run) -> object:
            for step in row:
                if not step(variables, run):
                    return False
            return following(variables, run)

        return in_a_row

    def assignment(self, step: dict, slots: Slots) -> Valuation:
        """Gives the variable its value, and holds."""
        place, value = slots.add(step["local"]["name"]), self.value(step["value"], slots)

        def assign(variables: list, run: Run) -> object:
            variables[place] = value(variables, run)
            return True

        return assign

    def choose(self, bound: dict, slots: Slots, following: Valuation) -> Valuation:
        """A function that tries `following` for each member until it says true."""
        members, at = self.source(bound, slots), self.place(bound["source"]["at"])
        bind = self.binder(bound, slots)

        def choose(variables: list, run: Run) -> object:
            for key, member in members(variables, run):
                run.tried(at)
                bind(variables, key, member)
                if following(variables, run):
                    return True
            return False

        return choose

    def source(self, bound: dict, slots: Slots) -> Callable[[list, Run], list]:
        """The members of a quantifier's source, each with its position or key; to put them into order is work."""
        source = self.value(bound["source"], slots)

        def members(variables: list, run: Run) -> list:
            collection = source(variables, run)
            if isinstance(collection, tuple):
                return list(enumerate(collection))
            if run.within:
                run.work += work_of(collection)
            if isinstance(collection, Map):
                return sorted_items(collection)
            assert isinstance(collection, frozenset)
            return [(member, member) for member in sorted_values(collection)]

        return members

    def binder(self, bound: dict, slots: Slots) -> Callable[[list, object, object], None]:
        """A function that gives the quantifier's variables their values."""
        key_place = None if bound["key"] is None else slots.add(bound["key"]["name"])
        place = slots.add(bound["value"]["name"])

        def bind(variables: list, key: object, member: object) -> None:
            if key_place is not None:
                variables[key_place] = key
            variables[place] = member

        return bind

    def exists(self, expression: dict, slots: Slots) -> Valuation:
        holds = self.block(expression["body"], slots, lambda variables, run: True)

        def exists(variables: list, run: Run) -> object:
            outer = run.within
            found = bool(holds(variables, run))
            run.within = outer
            return found

        return exists

    def every(self, expression: dict, slots: Slots) -> Valuation:
        holds = self.block(expression["body"], slots, lambda variables, run: True)
        fails = self.choose(expression["bound"], slots, lambda variables, run: not holds(variables, run))

        def every(variables: list, run: Run) -> object:
            outer = run.within
            failed = fails(variables, run)
            run.within = outer
            return not failed

        return every

    def build(self, expression: dict, slots: Slots) -> Valuation:
        place, at = slots.add(object()), self.place(expression["at"])
        kind, key = expression["kind"], expression["key"]
        key_value = None if key is None else self.value(key, slots)
        element = self.value(expression["element"], slots)

        def take(variables: list, run: Run) -> object:
            if key_value is None:
                variables[place].append(element(variables, run))
            else:
                name = str(key_value(variables, run))
                variables[place][name] = element(variables, run)
            return False

        fill = self.block(expression["body"], slots, take)

        def build(variables: list, run: Run) -> object:
            outer_within, outer_built = run.within, variables[place]
            variables[place] = {} if kind == "map" else []
            fill(variables, run)
            built = variables[place]
            run.within, variables[place] = outer_within, outer_built
            if kind == "map":
                return Map(built)
            try:
                return tuple(built) if kind == "list" else set_of(built)
            except ValueFault as fault:
                raise Fault(fault.code, at) from None

        return build


MAKERS.update({
    "Constant": Compiler.constant,
    "Local": Compiler.local,
    "Read": Compiler.read,
    "Derived": Compiler.derived,
    "Field": Compiler.field,
    "Part": Compiler.part,
    "Index": Compiler.index,
    "Present": Compiler.present,
    "Default": Compiler.default,
    "Not": Compiler.negation,
    "And": Compiler.both,
    "Or": Compiler.either,
    "Compare": Compiler.comparison,
    "Contains": Compiler.containment,
    "Matches": Compiler.matching,
    "ToolIs": Compiler.tool_is,
    "IsType": Compiler.is_type,
    "Narrow": Compiler.narrow,
    "Widen": Compiler.widen,
    "Operate": Compiler.operation,
    "Builtin": Compiler.builtin,
    "CallFunction": Compiler.call,
    "Match": Compiler.match,
    "MakeList": Compiler.make_list,
    "MakeSet": Compiler.make_set,
    "MakeMap": Compiler.make_map,
    "MakeRecord": Compiler.make_record,
    "Exists": Compiler.exists,
    "Every": Compiler.every,
    "Build": Compiler.build,
})  # fmt: skip
