"""The trace: a rule tried step by step, with everything that it reads.

What is shown is one choice of the rule's `some` steps: the one that satisfied the rule, else the one on which it erred, else the
first of those that got furthest.
"""

from __future__ import annotations

from tenetlang.targets.standalone.expressions import ABSENT, Run
from tenetlang.targets.standalone.faults import Fault
from tenetlang.targets.standalone.rules import CompiledRule, Step
from tenetlang.targets.standalone.values import to_plain


def plain_reads(reads: dict | None) -> dict:
    """The values as JSON, by name."""
    found = reads or {}
    return {name: to_plain(found[name]) for name in sorted(found) if found[name] is not ABSENT}


class Search:
    """The search for a choice that satisfies one rule, and the furthest that any choice got."""

    def __init__(self, made: CompiledRule, run: Run) -> None:
        self.made = made
        self.run = run
        self.variables = made.slots.variables()
        self.furthest: list[dict] = []

    def traced(self) -> dict:
        """The trace of the rule."""
        made, run = self.made, self.run
        run.begin()
        holds: bool | None
        try:
            holds = self.step(0, [])
        except Fault:
            holds = None
        rest = [(step.text, step.at) for step in made.steps]
        if made.exception is not None:
            rest.append((made.rule["exception_text"], made.exception_place))
        missed: list[dict] = [
            {"text": text, "value": None, "read": {}, "at": at, "reached": False}
            for text, at in rest[len(self.furthest) :]
        ]
        return {"rule": made.name, "holds": holds, "conditions": [*self.furthest, *missed]}

    def got(self, conditions: list[dict]) -> None:
        """The choice at hand got so far."""
        if len(conditions) > len(self.furthest):
            self.furthest = conditions

    def step(self, position: int, before: list[dict]) -> bool:
        """Whether a choice satisfies the rule from this step on, after the conditions `before`."""
        conditions = list(before)
        for number in range(position, len(self.made.steps)):
            step = self.made.steps[number]
            self.run.reads = {}
            if step.value is None:
                return self.choose(step, number, conditions)
            try:
                value = step.value(self.variables, self.run)
            except Fault as fault:
                self.erred(fault, step, conditions)
                raise
            if step.kind == "Assign":
                self.variables[step.names[0][1]] = value
            holds = step.kind == "Assign" or bool(value)
            conditions.append(self.condition(step, holds))
            if not holds:
                self.got(conditions)
                return False
        return self.end(conditions)

    def choose(self, step: Step, position: int, before: list[dict]) -> bool:
        """As `step`, for each member in turn. The source is evaluated once, so what it read is the same for all."""
        run, reads = self.run, self.run.reads
        shown: dict | None = None
        assert step.members is not None
        assert step.bind is not None
        try:
            members = step.members(self.variables, run)
        except Fault as fault:
            self.erred(fault, step, before)
            raise
        for key, member in members:
            run.reads = reads
            try:
                run.tried(step.source_place)
            except Fault as fault:
                self.erred(fault, step, before)
                raise
            step.bind(self.variables, key, member)
            shown = plain_reads(reads) if shown is None else shown
            if self.step(position + 1, [*before, self.condition(step, True, shown)]):
                return True
        run.reads = reads
        if shown is None:
            self.got([*before, self.condition(step, False)])
        return False

    def erred(self, fault: Fault, step: Step, before: list[dict]) -> None:
        """The step at hand faulted, which ends the rule."""
        self.furthest = [*before, self.condition(step, None, error=fault.code)]

    def end(self, before: list[dict]) -> bool:
        """All of the body holds: the exception has the last word on this choice."""
        made, run = self.made, self.run
        if made.exception is None:
            self.furthest = before
            return True
        run.reads = {}
        error = None
        try:
            excepted = bool(made.exception(self.variables, run))
        except Fault as fault:
            excepted, error = False, fault.code
        shown = {"text": made.rule["exception_text"], "value": not excepted, "read": plain_reads(run.reads)}
        shown["at"] = made.exception_place
        if error is not None:
            shown["error"] = error
        after = [*before, shown]
        if excepted:
            self.got(after)
            return False
        self.furthest = after
        return True

    def condition(self, step: Step, value: bool | None, reads: dict | None = None, error: str | None = None) -> dict:
        """The trace of a step that was reached."""
        read = plain_reads(self.run.reads) if reads is None else reads
        shown = {"text": step.text, "value": value, "read": read, "at": step.at}
        if error is not None:
            shown["error"] = error
        if value and step.names:
            shown["bindings"] = {name: to_plain(self.variables[place]) for name, place in sorted(step.names)}
        return shown
