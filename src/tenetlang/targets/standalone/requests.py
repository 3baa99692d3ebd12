"""From a parsed request to typed inputs, or the reason why it is none; and the policy's documents."""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang.targets.standalone.faults import DataError, Refused, shown
from tenetlang.targets.standalone.reading import DATA_LIMITS, copied
from tenetlang.targets.standalone.schema import Reader, described, reader_of, record_reader, refined_reader
from tenetlang.targets.standalone.values import Record

_STANDARD_FACTS = ("agent", "context", "now", "session", "user")
_TRUST = {"agent": 0, "tool": 1, "user": 2}
_NO_FIELDS = Record()


class UnknownTool(Exception):
    """A call to a tool that no package declares."""

    def __init__(self, tool: str) -> None:
        super().__init__(tool)
        self.tool = tool


def read_inside(step: str | int, read: Reader, value: object) -> object:
    """The value as the reader reads it; what it refuses is found inside `step`."""
    try:
        return read(value)
    except Refused as refused:
        raise refused.within(step) from None


class RequestReader:
    """Reads requests of the policy."""

    def __init__(self, policy: dict, types: list) -> None:
        self.uses_tools = policy["uses_tools"]
        self.tools = {name: types[tool["parameters"]] for name, tool in policy["tools"].items()}
        self.arguments = {name: record_reader(type_, self.tools, strict=True) for name, type_ in self.tools.items()}
        self.facts = [
            (name, reader_of(types[fact["type"]], self.tools, strict=False), fact["required"])
            for name, fact in sorted(policy["facts"].items())
        ]
        # What is counted is never negative.
        self.counters = {
            counter["name"]: refined_reader(
                reader_of(types[counter["type"]], self.tools, strict=True),
                None if counter["aggregate"] == "sum" else {"minimum": 0},
            )
            for counter in sorted(policy["counters"], key=lambda counter: str(counter["name"]))
        }
        of_tools = {"tool", "args", "origins", "counters", *_STANDARD_FACTS} if self.uses_tools else set()
        self.known = frozenset({*policy["facts"], "approvals", *of_tools})

    def read(self, request: object) -> dict:
        """Typed inputs by name. Raises `Refused` and `UnknownTool`."""
        if not isinstance(request, dict):
            raise Refused(f"expected an object, got {described(request)}")
        if not request.keys() <= self.known:
            raise Refused("nothing of this name is declared").within(min(request.keys() - self.known))
        inputs: dict = {}
        tool = ""
        if self.uses_tools:
            tool = self.tool(request)
            inputs["tool"] = tool
            if "args" not in request:
                raise Refused("required, and missing").within("args")
            inputs["args"] = read_inside("args", self.arguments[tool], request["args"])
        for name, read, required in self.facts:
            if name in request:
                inputs[name] = read_inside(name, read, request[name])
            elif required:
                raise Refused("required, and missing").within(name)
        if self.uses_tools:
            inputs["origins"] = self.origins(tool, request["origins"]) if "origins" in request else _NO_FIELDS
            inputs["counters"] = self.counted(request.get("counters", _NO_FIELDS))
        inputs["approvals"] = _read_approvals(request["approvals"]) if "approvals" in request else ()
        return inputs

    def tool(self, request: dict) -> str:
        if "tool" not in request:
            raise Refused("required, and missing").within("tool")
        tool = request["tool"]
        if not isinstance(tool, str):
            raise Refused(f"expected the name of a tool, got {described(tool)}").within("tool")
        if tool not in self.arguments:
            raise UnknownTool(tool)
        return tool

    def origins(self, tool: str, origins: object) -> Record:
        if not isinstance(origins, dict):
            raise Refused(f"expected an object, got {described(origins)}").within("origins")
        declared = {field["name"] for field in self.tools[tool]["fields"]}
        for name in sorted(origins.keys() - declared):
            raise Refused(f"{shown(tool)} has no argument of this name").within(name, "origins")
        read = {}
        for name, origin in sorted(origins.items()):
            try:
                read[name] = _read_origin(origin)
            except Refused as refused:
                raise refused.within(name, "origins") from None
        return Record(read)

    def counted(self, counters: object) -> Record:
        if not isinstance(counters, dict):
            raise Refused(f"expected an object, got {described(counters)}").within("counters")
        for name in sorted(counters.keys() - self.counters.keys()):
            raise Refused("no counter of this name is declared").within(name, "counters")
        read = {}
        for name, read_counter in self.counters.items():
            try:
                if name not in counters:
                    raise Refused("required, and missing")
                read[name] = read_counter(counters[name])
            except Refused as refused:
                raise refused.within(name, "counters") from None
        return Record(read)


def _read_origin(value: object) -> Record:
    """`user`, `agent` or `tool:NAME`; of a list the least trusted, the first of equals in the order of their texts."""
    if isinstance(value, list):
        if not value:
            raise Refused("expected an origin, got an empty list")
        texts = sorted(map(_origin_text, value), key=lambda text: (_TRUST[text.partition(":")[0]], text))
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


def _read_approvals(value: object) -> tuple:
    if not isinstance(value, list):
        raise Refused(f"expected a list, got {described(value)}").within("approvals")
    read = []
    for position, item in enumerate(value):
        if not isinstance(item, dict) or not isinstance(item.get("reviewers"), str):
            raise Refused("expected an object that names its `reviewers`").within(position, "approvals")
        read.append(Record({"reviewers": item["reviewers"]}))
    return tuple(read)


def read_documents(policy: dict, types: list, documents: Mapping[str, object]) -> dict[tuple[str, str], object]:
    """The documents, typed, by package and name. Raises `DataError`."""
    typed: dict[tuple[str, str], object] = {}
    used = set()
    for data in policy["data"]:
        full = f"{data['package']}.{data['name']}"
        name = full if full in documents else data["name"]
        if name not in documents:
            raise DataError(f"the document `{data['name']}` of `{data['package']}` is missing")
        used.add(name)
        try:
            document = copied(documents[name], DATA_LIMITS)
        except Refused as refused:
            raise DataError(f"`{name}`: {refused.path + ': ' if refused.path else ''}{refused.reason}") from None
        try:
            typed[data["package"], data["name"]] = reader_of(types[data["type"]], {}, strict=True)(document)
        except Refused as refused:
            dot = "." if refused.path and refused.path[0] != "[" else ""
            raise DataError(f"`{name}{dot}{refused.path}`: {refused.reason}") from None
    for name in sorted(documents.keys() - used):
        raise DataError(f"no document `{name}` is declared")
    return typed
