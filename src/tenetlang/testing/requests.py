"""From a test's `call` and `with` lines to a request, the documents, and the program that decides it.

What a test leaves unsaid is what a new session looks like: counters at 0, an empty session, empty documents, no origins.
A required fact that has no such beginning (the agent, the time) must be said; a test that leaves it out is in error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs

from tenetlang.evaluator.meaning import Run, Scope, value
from tenetlang.evaluator.requests import empty_document
from tenetlang.program.expression import Expression
from tenetlang.program.program import Program, Replacement, TestCase
from tenetlang.program.types import ListType, MapType, OptionalType, RecordType, Scalar, SetType, Type
from tenetlang.program.unit import source_text
from tenetlang.testing.walk import with_values
from tenetlang.values.order import sorted_values
from tenetlang.values.render import to_plain


class TestError(ValueError):
    """A test that can't be run, and why."""

    __test__ = False


@attrs.frozen
class Situation:
    """All that decides one row of a test: the request as JSON values, documents by `package.name`, and the program with the
    functions that the test replaces."""

    request: Mapping[str, object]
    documents: Mapping[str, object]
    program: Program


def said(program: Program, expression: Expression, scope: Scope) -> object:
    """The value of what a test or a claim says. Raises `Fault`, and `TestError` where it reads what it is there to say."""
    try:
        return value(Run(program, {}, {}), expression, scope)
    except KeyError:
        raise TestError(
            f"`{source_text(expression.at)}` ({expression.at.place}) reads the request or a document, which are only made of it"
        ) from None


def situation(program: Program, case: TestCase, scope: Scope) -> Situation:
    """What the test's row describes. Raises `TestError` for what it leaves unsaid, `Fault` for what errs."""
    request: dict[str, object] = {}
    if program.uses_tools and case.tool is not None:
        request["tool"] = case.tool
        request["args"] = {name: as_request(said(program, argument, scope)) for name, argument in case.arguments}
    documents: dict[str, object] = {}
    for replacement in case.replacements:
        if replacement.target[0] != "function":
            replace(request, documents, replacement, as_request(said(program, replacement.value, scope)))
    complete(program, request, documents, deciding=_decides(case))
    locals_ = (*case.variables, *(local for local, _ in case.assignments))
    given = {local.name: (scope[local.name], local.type) for local in locals_}
    return Situation(request, documents, with_functions(program, case.replacements, given))


def with_functions(
    program: Program, replacements: Sequence[Replacement], given: Mapping[str, tuple[object, Type]]
) -> Program:
    """The program with the functions that `with` lines replace; `given` are the variables that these may read."""
    functions = dict(program.functions)
    for replacement in replacements:
        if replacement.target[0] == "function":
            name = replacement.target[1]
            parameters = {local.name for local in replacement.parameters}
            body = with_values(replacement.value, {n: item for n, item in given.items() if n not in parameters})
            functions[name] = attrs.evolve(functions[name], parameters=replacement.parameters, body=body)
    return program if functions == program.functions else attrs.evolve(program, functions=functions)


def _decides(case: TestCase) -> bool:
    """Whether the test asks for a verdict at all, and so needs a whole request."""
    return case.tool is not None or any(expectation.verdict is not None for expectation in case.expectations)


def replace(request: dict[str, object], documents: dict[str, object], replacement: Replacement, given: object) -> None:
    """Put one `with` line's value where it belongs. Raises `TestError` where it can't be the value."""
    path = replacement.target
    match path, given:
        case ("data", package, name, *rest), _:
            _put(documents, (f"{package}.{name}", *rest), given)
        case ("approvals",), list():
            request["approvals"] = [{"reviewers": name} for name in given]
        case ("origins",), dict():
            request["origins"] = {name: _origin(origin) for name, origin in given.items()}
        case ("origins", _), _:
            _put(request, path, _origin(given))
        case _:
            _put(request, path, given)


def _origin(given: object) -> object:
    """An origin as a request spells it; a test may write the record that `origin` gives as well."""
    if not isinstance(given, dict):
        return given
    if given["kind"] != "tool":
        return given["kind"]
    if "tool" not in given:
        raise TestError('an origin of the kind "tool" names its tool: `{ kind: "tool", tool: "…" }`')
    return f"tool:{given['tool']}"


def _put(into: dict[str, object], path: tuple[str, ...], given: object) -> None:
    for name in path[:-1]:
        below = into.setdefault(name, {})
        assert isinstance(below, dict), "the checker lets only fields of records be replaced"
        into = below
    into[path[-1]] = given


def complete(program: Program, request: dict[str, object], documents: dict[str, object], *, deciding: bool) -> None:
    """Fill in what a new session has, in place. Raises `TestError` for a required fact that is unsaid."""
    for name, fact in program.facts.items():
        begun, said = beginning(fact.type) if name == "session" else None, request.get(name)
        if isinstance(begun, dict) and (said is None or isinstance(said, dict)):
            request[name] = {**begun, **(said or {})}
        elif said is None and fact.required and deciding:
            raise TestError(f"the policy reads `{name}`, and the test does not say it: add `with {name} = …`")
    if program.uses_tools:
        counters = request.setdefault("counters", {})
        assert isinstance(counters, dict)
        for counter in program.counters:
            counters.setdefault(counter.name, 0)
    for data in program.data:
        full = f"{data.package}.{data.name}"
        if full not in documents:
            empty = empty_document(data.type)
            if empty is None:
                raise TestError(f"the document `{data.name}` has no empty value: add `with data.{data.name} = …`")
            documents[full] = empty


def beginning(type_: Type) -> object:
    """The value of the type in a session that has just begun, None where there is none."""
    match type_:
        case ListType() | SetType():
            return []
        case MapType():
            return {}
        case Scalar("string"):
            return "test"
        case Scalar("int" | "decimal"):
            return 0
        case Scalar("bool"):
            return False
        case OptionalType(of):
            return beginning(of)
        case RecordType(fields):
            begun = {field.name: beginning(field.type) for field in fields if not field.optional}
            return begun if all(item is not None for item in begun.values()) else None
        case _:
            return None


def as_request(item: object) -> object:
    """A value of the language as a request would bring it: numbers as numbers, sets as lists, all else as text."""
    match item:
        case bool() | str():
            return item if isinstance(item, bool) else str(item)
        case Decimal():
            return item
        case dict():
            return {str(key): as_request(below) for key, below in item.items()}
        case tuple():
            return [as_request(below) for below in item]
        case frozenset():
            return [as_request(below) for below in sorted_values(item)]
        case _:
            return to_plain(item)
