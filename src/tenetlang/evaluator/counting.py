"""What a call is to the counters of a policy, and who is asked about it: what the runtime has to know beside the decision.

    counter refunds_today = sum(args.amount) of refund by agent.id within 24h

    a call of refund, 20 EUR, by agent a1      Share(key ["a1"], adds 20)      reads the total of ["a1"], and adds to it
    a call of lookup by agent a1               Share(key ["a1"], adds nothing) reads the total of ["a1"]

The key is the text of the values of `by`. A call of another tool may lack an argument that `by` reads, and a call for which
the block of `if` does not hold may lack a variable of it: then no call that was counted belongs to it, its key is None
and its total 0. Nothing here reads counters, so a request can be counted before their values are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias

import msgspec

from tenetlang.decision import Amount, Counted, Share
from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator.generate import Generated, Inputs, Valuation, variables_of
from tenetlang.evaluator.runtime import ABSENT, Run
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.program import Counter, Tool
from tenetlang.program.reads import Reads, nodes
from tenetlang.values.render import to_plain

Total: TypeAlias = Callable[[Share], Amount]
"""What the counter of a share stands at for its key. It is not asked where there is no key."""


@frozen
class _Ready:
    """A counter whose functions are made. `arguments` are those that `by` reads; `chosen` says that it reads variables of the
    body as well. Functions take the variables of the body, or `none` in their place where it does not hold."""

    counter: Counter
    arguments: frozenset[str]
    chosen: bool
    choice: Valuation | None
    none: tuple[None, ...]
    by: tuple[Valuation, ...]
    argument: Valuation | None


@frozen
class Counting:
    """The counters of one policy."""

    tools: Mapping[str, Tool]
    counters: tuple[_Ready, ...]

    def counted(self, inputs: Inputs, total: Total) -> Counted:
        """The counters for a request that was read (with any values of its counters). Raises `ValueFault`."""
        shares = tuple(_share(ready, inputs, self.tools) for ready in self.counters)
        values = {share.counter: 0 if share.key is None else total(share) for share in shares}
        return Counted(values, shares)


def counting_of(policy: Policy, generated: Generated) -> Counting:
    """Makes the functions; the generated code is not safe between threads meanwhile."""
    reads = Reads(policy)
    counters = sorted(policy.counters, key=lambda counter: counter.name)
    ready = []
    for counter in counters:
        arguments = frozenset(path[1] for path in reads.of(counter.by) if path[0] == "args")
        ready.append(_ready(counter, arguments, generated))
    return Counting(policy.tools, tuple(ready))


def _ready(counter: Counter, arguments: frozenset[str], generated: Generated) -> _Ready:
    variables = variables_of(counter.body)
    return _Ready(
        counter=counter,
        arguments=arguments,
        chosen=any(isinstance(node, core.Local) for node in nodes(counter.by)),
        choice=generated.choice(counter.body, counter.at) if counter.body else None,
        none=(None,) * len(variables),
        by=tuple(generated.valuation(item, variables) for item in counter.by),
        argument=None if counter.argument is None else generated.valuation(counter.argument, variables),
    )


def _share(ready: _Ready, inputs: Inputs, tools: Mapping[str, Tool]) -> Share:
    counter = ready.counter
    tool = inputs.get("tool")
    counts = tool in counter.tools
    unkeyed = Share(counter.name, counter.aggregate, counter.within, None, None)
    if not counts and (ready.chosen or not _has(ready.arguments, str(tool), counter, tools)):
        return unkeyed
    run = Run()
    found = ready.choice(inputs, run) if ready.choice is not None and counts else ready.none
    if found is None and ready.chosen:
        return unkeyed
    variables = found if isinstance(found, tuple) else ready.none
    values = [item(inputs, run, *variables) for item in ready.by]
    if any(value is ABSENT for value in values):
        return unkeyed
    adds = _added(ready, inputs, run, variables) if counts and found is not None else None
    return Share(counter.name, counter.aggregate, counter.within, _text([to_plain(value) for value in values]), adds)


def _added(ready: _Ready, inputs: Inputs, run: Run, variables: tuple[object, ...]) -> Amount | str:
    if ready.argument is None:
        return 1
    value = ready.argument(inputs, run, *variables)
    if ready.counter.aggregate == "distinct":
        return _text(to_plain(value))
    assert isinstance(value, int | Decimal)
    return value


def _has(arguments: frozenset[str], name: str, counter: Counter, tools: Mapping[str, Tool]) -> bool:
    """Whether a call of the tool has these arguments, required and of the types that they have where they are counted."""
    if not arguments:
        return True
    if name not in tools:
        return False
    own = {field.name: field for field in tools[name].parameters.fields}
    others = [{field.name: field for field in tools[counted].parameters.fields} for counted in counter.tools]
    return all(
        argument in own
        and not own[argument].optional
        and all(argument in other and other[argument].type == own[argument].type for other in others)
        for argument in arguments
    )


def _text(plain: object) -> str:
    return msgspec.json.encode(plain).decode()
