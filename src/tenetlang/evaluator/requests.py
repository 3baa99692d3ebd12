"""From a request as it comes in to typed inputs, or the reason why it is none.

A request is hostile. It is read completely before any rule is tried: each part against its declared type, in one fixed
order, and the first thing wrong makes the decision. What comes out has only values of the language
(`tenetlang.values`), so rules compare hosts with hosts and never a text that two parsers read differently.

The order: the whole against the limits; unknown keys at the top; the tool; its arguments by name (those it does not
declare first); the facts by name; origins; counters; approvals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Literal, TypeAlias

from tenetlang.evaluator.readers import Reader, Refused, described, reader, record_reader, refined
from tenetlang.frozen import frozen
from tenetlang.late import LateMapping
from tenetlang.program import types as t
from tenetlang.program.program import Counter, Data, Fact, Program, Tool
from tenetlang.values.collections import Record
from tenetlang.values.faults import shown
from tenetlang.values.reading import DATA_LIMITS, InvalidRequest, read_json, read_python

Inputs: TypeAlias = Mapping[str, object]

STANDARD_FACTS = ("agent", "context", "now", "session", "user")


class DataError(ValueError):
    """A document that does not have its declared type, or that nobody declared."""


@frozen
class Invalid:
    """Why a request is none: `invalid_request` or `unknown_tool`, and the reason shown."""

    code: Literal["invalid_request", "unknown_tool"]
    reason: str


@frozen
class RequestSchema:
    """All that reading a request needs to know of a policy."""

    uses_tools: bool
    facts: Mapping[str, Fact]
    tools: Mapping[str, Tool]
    counters: tuple[Counter, ...]


def request_schema(program: Program) -> RequestSchema:
    """What the program says of its requests."""
    return RequestSchema(program.uses_tools, program.facts, program.tools, program.counters)


def request_reader(schema: RequestSchema) -> RequestReader:
    """The reader of the requests of one policy. What reads the arguments of a tool is made at its first call."""
    tools = schema.tools
    arguments = LateMapping(tools, lambda name: record_reader(tools[name].parameters, tools, strict=True))
    return RequestReader(
        uses_tools=schema.uses_tools,
        arguments=arguments,
        facts=tuple(
            (name, reader(fact.type, tools, strict=False), fact.required) for name, fact in sorted(schema.facts.items())
        ),
        counters={
            counter.name: refined(reader(counter.type, tools, strict=True), counter.refinement)
            for counter in sorted(schema.counters, key=lambda counter: counter.name)
        },
        parameters=LateMapping(tools, lambda name: frozenset(field.name for field in tools[name].parameters.fields)),
        known=_known_keys(schema),
    )


def _known_keys(schema: RequestSchema) -> frozenset[str]:
    names = {*schema.facts, "approvals"}
    if schema.uses_tools:
        names |= {"tool", "args", "origins", "counters", *STANDARD_FACTS}
    return frozenset(names)


@frozen
class RequestReader:
    """Reads requests of one policy; made by `request_reader`."""

    uses_tools: bool
    arguments: Mapping[str, Reader]
    facts: tuple[tuple[str, Reader, bool], ...]
    counters: Mapping[str, Reader]
    parameters: Mapping[str, frozenset[str]]
    known: frozenset[str]

    def read_json(self, data: bytes | str) -> Inputs | Invalid:
        """Typed inputs from the text of a request; never raises for a text."""
        return self.typed(self.document(data))

    def document(self, data: bytes | str) -> object:
        """The request in the text as Python values, which `typed` takes, or why there is none; never raises for a text."""
        try:
            return read_json(data)
        except InvalidRequest as invalid:
            return _invalid(invalid.path, invalid.reason)

    def read(self, request: object) -> Inputs | Invalid:
        """Typed inputs from a request as Python values (as `json.loads` gives them, decimals and aware times as well)."""
        try:
            document = read_python(request)
        except InvalidRequest as invalid:
            return _invalid(invalid.path, invalid.reason)
        return self.typed(document)

    def typed(self, request: object) -> Inputs | Invalid:
        """Typed inputs from a request that has been read; never raises."""
        if isinstance(request, Invalid):
            return request
        try:
            return self._typed(request)
        except Refused as refused:
            return _invalid(refused.path, refused.reason)
        except _UnknownTool as unknown:
            return Invalid("unknown_tool", f"unknown tool {shown(unknown.tool)}")

    def _typed(self, request: object) -> Inputs:
        if not isinstance(request, dict):
            raise Refused(f"expected an object, got {described(request)}")
        if not request.keys() <= self.known:
            raise Refused("nothing of this name is declared").within(min(request.keys() - self.known))
        inputs: dict[str, object] = {}
        tool = ""
        if self.uses_tools:
            tool = self._tool(request)
            inputs["tool"] = tool
            inputs["args"] = _at("args", self.arguments[tool], request.get("args", _MISSING))
        for name, read, required in self.facts:
            if name in request:
                inputs[name] = _at(name, read, request[name])
            elif required:
                raise Refused("required, and missing").within(name)
        if self.uses_tools:
            inputs["origins"] = self.origins(tool, request["origins"]) if "origins" in request else _NOTHING
            inputs["counters"] = self._counters(request.get("counters", _NOTHING))
        inputs["approvals"] = _approvals(request["approvals"]) if "approvals" in request else ()
        return inputs

    def _tool(self, request: Mapping[str, object]) -> str:
        if "tool" not in request:
            raise Refused("required, and missing").within("tool")
        tool = request["tool"]
        if not isinstance(tool, str):
            raise Refused(f"expected the name of a tool, got {described(tool)}").within("tool")
        if tool not in self.arguments:
            raise _UnknownTool(tool)
        return tool

    def origins(self, tool: str, origins: object) -> Record:
        """Where the arguments come from; raises `Refused`."""
        if not isinstance(origins, dict):
            raise Refused(f"expected an object, got {described(origins)}").within("origins")
        if not origins:
            return _NOTHING
        for name in sorted(origins.keys() - self.parameters[tool]):
            raise Refused(f"{shown(tool)} has no argument of this name").within(name, "origins")
        read: dict[str, object] = {}
        for name, origin in sorted(origins.items()):
            try:
                read[name] = _origin(origin)
            except Refused as refused:
                raise refused.within(name, "origins") from None
        return Record(read)

    def some_counters(self, given: Mapping[str, object]) -> Record | Invalid:
        """The values of these counters, where the others are not asked for."""
        try:
            return Record(
                {name: _at("counters", partial(_at, name, self.counters[name]), given[name]) for name in given}
            )
        except Refused as refused:
            return _invalid(refused.path, refused.reason)

    def _counters(self, counters: object) -> Record:
        if not isinstance(counters, dict):
            raise Refused(f"expected an object, got {described(counters)}").within("counters")
        if not counters and not self.counters:
            return _NOTHING
        for name in sorted(counters.keys() - self.counters.keys()):
            raise Refused("no counter of this name is declared").within(name, "counters")
        read: dict[str, object] = {}
        for name, read_counter in self.counters.items():
            try:
                if name not in counters:
                    raise Refused("required, and missing")
                read[name] = read_counter(counters[name])
            except Refused as refused:
                raise refused.within(name, "counters") from None
        return Record(read)


class _UnknownTool(Exception):
    def __init__(self, tool: str) -> None:
        super().__init__(tool)
        self.tool = tool


class _Missing:
    pass


_MISSING = _Missing()
_NOTHING = Record({})


def _invalid(path: str, reason: str) -> Invalid:
    where = f"{path}: " if path else ""
    return Invalid("invalid_request", f"invalid request: {where}{reason}")


def _at(name: str, read: Reader, value: object) -> object:
    if value is _MISSING:
        raise Refused("required, and missing").within(name)
    try:
        return read(value)
    except Refused as refused:
        raise refused.within(name) from None


# ------------------------------------------------------------------------------------------ origins and approvals


_TRUST = {"agent": 0, "tool": 1, "user": 2}


def _origin(value: object) -> Record:
    """`user`, `agent` or `tool:NAME`; of a list the least trusted, the first of equals in the order of their texts."""
    if isinstance(value, list):
        if not value:
            raise Refused("expected an origin, got an empty list")
        texts = sorted((_origin_text(item) for item in value), key=lambda text: (_TRUST[text.partition(":")[0]], text))
        text = texts[0]
    else:
        text = _origin_text(value)
    kind, _, tool = text.partition(":")
    return Record({"kind": kind, "tool": tool} if kind == "tool" else {"kind": kind})


def _origin_text(value: object) -> str:
    if not isinstance(value, str):
        raise Refused(f'expected "user", "agent" or "tool:NAME", got {described(value)}')
    kind, _, tool = value.partition(":")
    if value in {"user", "agent"} or (kind == "tool" and tool):
        return value
    raise Refused('expected "user", "agent" or "tool:NAME"')


def _approvals(value: object) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise Refused(f"expected a list, got {described(value)}").within("approvals")
    read: list[object] = []
    for position, item in enumerate(value):
        if not isinstance(item, dict) or not isinstance(item.get("reviewers"), str):
            raise Refused("expected an object that names its `reviewers`").within(position, "approvals")
        read.append(Record({"reviewers": item["reviewers"]}))
    return tuple(read)


# ---------------------------------------------------------------------------------------------------------- documents


def read_data(declared: Iterable[Data], documents: Mapping[str, object]) -> dict[tuple[str, str], object]:
    """The documents, typed, by package and name; raises `DataError`.

    `documents` are JSON values by the short name, or by `package.name` where two packages have one of that name.
    """
    declarations = tuple(declared)
    typed: dict[tuple[str, str], object] = {}
    used: set[str] = set()
    for data in declarations:
        full = f"{data.package}.{data.name}"
        name = full if full in documents else data.name
        if name not in documents:
            raise DataError(
                f"the document `{data.name}` of `{data.package}` is missing; it is declared as {t.shown(data.type)}"
            )
        used.add(name)
        try:
            document = read_python(documents[name], DATA_LIMITS)
            typed[data.package, data.name] = reader(data.type, {}, strict=True)(document)
        except InvalidRequest as invalid:
            raise DataError(f"`{name}`: {invalid}") from None
        except Refused as refused:
            where = f"`{name}{'.' if refused.path and refused.path[0] != '[' else ''}{refused.path}`"
            raise DataError(f"{where}: {refused.reason}") from None
    for name in sorted(documents.keys() - used):
        known = ", ".join(sorted(f"`{data.name}`" for data in declarations)) or "none"
        raise DataError(f"no document `{name}` is declared (declared: {known})")
    return typed


def empty_document(type_: t.Type) -> object | None:
    """The JSON value of an empty document of the type, or None where the type has no empty value."""
    match type_:
        case t.ListType() | t.SetType():
            return []
        case t.MapType():
            return {}
        case t.RecordType(fields) if all(field.optional for field in fields):
            return {}
    return None
