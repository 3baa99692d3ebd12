"""How much of a session's history a policy reads: nothing, the calls, or their arguments too.

Most policies read labels and counters. Then there is no need to fetch a thousand earlier calls for a decision, or to keep them in its
record; and arguments, which are what people wrote, are copied only where a rule looks at them. Whoever keeps the history asks this
once for each policy.

What is asked is the whole policy, definitions and functions that no rule uses included, so the answer may be too much and is never
too little. Arguments of an earlier call have no equality and can't be part of anything that has; so to read them is to go to the
field, to show the call in a text, or to export it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tenetlang.decision_tree.tree import Policy
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Template
from tenetlang.program.reads import nodes
from tenetlang.program.types import Type


@frozen
class HistoryReads:
    """Whether a policy reads `session.calls`, and the arguments of those."""

    calls: bool
    arguments: bool


def history_reads(policy: Policy) -> HistoryReads:
    """How much of a session's history the policy reads."""
    calls = arguments = False
    for node in nodes(tuple(_roots(policy))):
        match node:
            case core.Read(path):
                calls = calls or path == ("session",) or path[:2] == ("session", "calls")
            case core.Field(type=type_) | core.Narrow(of=core.Field(type=type_)):
                arguments = arguments or type_ == t.ARGUMENTS
            case Template(parts):
                shown = (part.type for part in parts if not isinstance(part, str))
                arguments = arguments or any(map(_has_arguments, shown))
            case _:
                pass
    arguments = arguments or any(_has_arguments(item.type) for item in policy.definitions.values() if item.exported)
    return HistoryReads(calls, calls and arguments)


def _roots(policy: Policy) -> Iterator[object]:
    for rule in policy.rules:
        yield rule.body
        yield rule.exception or ()
        yield rule.because or ()
        for use in rule.then:
            yield use.arguments
    for package in policy.packages:
        for fallback in (package.default, package.on_error):
            yield () if fallback is None or fallback.because is None else fallback.because
    for definition in policy.definitions.values():
        yield definition.value
    for function in policy.functions.values():
        yield function.body
    for counter in policy.counters:
        yield (counter.by, counter.body, counter.argument or ())
    for reviewers in policy.reviewers.values():
        yield reviewers.who


def _has_arguments(type_: Type) -> bool:
    match type_:
        case t.Scalar():
            return type_ == t.ARGUMENTS
        case t.ListType(of) | t.SetType(of) | t.MapType(of=of) | t.OptionalType(of):
            return _has_arguments(of)
        case t.RecordType(fields):
            return any(_has_arguments(member.type) for member in fields)
        case t.UnionType() | t.Never() | t.Unknown():
            return False
