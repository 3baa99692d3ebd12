"""The functions of `fused.py` as one evaluator has them: by tool, each made once its tool has been asked for often enough.

Until then not even the module is imported: most processes end before.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Final, TypeAlias

from tenetlang.decision import Decision, Findings, Trace, decision_of
from tenetlang.decision_tree.tree import Node
from tenetlang.evaluator.runtime import Run
from tenetlang.frozen import frozen

if TYPE_CHECKING:
    from tenetlang.evaluator.fused import Fused, Leaving
    from tenetlang.evaluator.layout import Layout, Values

WARM: Final = 16
"""So many requests for a tool are decided in the general way before its functions are made."""

LONGEST_DOCUMENT: Final = 2**16
"""Bytes of JSON that are read by generated code: too few for more values than a request may have, or longer strings."""

Inputs: TypeAlias = Mapping[str, object]
Deciding: TypeAlias = Callable[[object], Decision]


@frozen
class Behind:
    """What the functions need of their evaluator: how a leaf's masks have ended, how a decision is concluded and explained,
    and how requests are decided that are not for them. `tools` are the names of all, `""` where there are none."""

    fused: Callable[[], Fused]
    lock: RLock
    tools: frozenset[str]
    documents: Inputs
    findings: Callable[[int], Callable[[int], Findings | None]]
    conclude: Callable[[int, int, Inputs, Run | None], Decision]
    explain: Callable[[Inputs], Trace]
    general: Deciding


class Quick(dict[str, Deciding]):
    """For each tool the function that decides its requests; for a name that is none, and for a tool that has hardly been asked
    for, the general way. `documents` has the functions that take JSON, by the tool's name in UTF-8, `other_documents` those
    for the requests that these refuse."""

    def __init__(self, behind: Behind) -> None:
        super().__init__()
        self.documents: dict[bytes, Deciding] = {}
        self.other_documents: dict[bytes, Deciding] = {}
        self._behind = behind
        self._asked: Tally[str] = Tally()

    def __missing__(self, tool: str) -> Deciding:
        if tool not in self._behind.tools:
            return self._behind.general
        self._asked[tool] += 1
        return self._behind.general if self._asked[tool] < WARM else self._watching

    def _watching(self, request: object) -> Decision:
        """Decides a request, and makes the functions for more of its kind."""
        assert isinstance(request, dict)
        tool = request["tool"] if "" not in self._behind.tools else ""
        self.make(tool, frozenset(key for key in request if type(key) is str))
        return self[tool](request)

    def prepare(self) -> None:
        """Make the functions of all tools."""
        for tool in self._behind.tools:
            self.make(tool, frozenset())

    def make(self, tool: str, present: frozenset[str]) -> None:
        """Make the functions of a tool, which are quickest for requests with the facts among these."""
        behind = self._behind
        with behind.lock:
            fused = behind.fused()
            layout = fused.layout(tool)
            if tool in self:
                return
            self[tool] = behind.general
            if layout is None:
                return
            facts = frozenset(field.path[0] for field in layout.facts if field.optional) & present
            plain = fused.deciding(tool, facts, json=False)
            text = fused.deciding(tool, facts, json=True)
            if plain is not None and text is not None:
                self.documents[tool.encode()] = self._bound(tool, layout, text, {})
                self[tool] = self._bound(tool, layout, plain, {"full": self._full(tool, layout)})

    def _full(self, tool: str, layout: Layout) -> Deciding:
        """The function for all requests, made when it is first wanted."""
        made: list[Deciding] = []

        def full(request: object) -> Decision:
            if not made:
                with self._behind.lock:
                    fused = self._behind.fused()
                    plain = fused.deciding(tool, None, json=False)
                    text = fused.deciding(tool, None, json=True)
                    assert plain is not None
                    assert text is not None
                    self.other_documents[tool.encode()] = self._bound(tool, layout, text, {})
                    made.append(self._bound(tool, layout, plain, {}))
            return made[0](request)

        return full

    def _bound(self, tool: str, layout: Layout, leaving: Leaving, others: Mapping[str, object]) -> Deciding:
        from tenetlang.evaluator.fused import bound
        from tenetlang.evaluator.layout import inputs_of

        behind = self._behind

        def inputs(values: Values) -> Inputs:
            made = inputs_of(layout, values)
            made.update(behind.documents)
            return made

        def begin(values: Values) -> Run:
            return Run(values=values, make=inputs)

        def explain(values: Values) -> Trace:
            return behind.explain(inputs(values))

        def finish(mask: int, values: Values, run: Run | None) -> Decision:
            assert leaving.leaf is not None
            return behind.conclude(leaving.leaf, mask, inputs(values) if run is None else run.inputs(), run)

        def later(node: Node) -> Callable[[object], object]:
            with behind.lock:
                return self._bound(tool, layout, behind.fused().node(tool, node), {})

        names = {"begin": begin, "explain": explain, "finish": finish, "decision": decision_of, **others}
        if leaving.leaf is not None:
            names["findings"] = behind.findings(leaving.leaf)
        return bound(leaving, names, later)  # type: ignore[return-value]  # made to return a decision


def named_tool(document: bytes) -> bytes:
    """The name that seems to be the tool's in a request as JSON. It is only a guess, which whoever decodes it looks at again."""
    pieces = document.split(b'"', 4)
    if len(pieces) < 5 or pieces[1] != b"tool":
        place = document.find(b'"tool"')
        if place < 0:
            return b""
        pieces = document[place : place + 400].split(b'"', 4)
        if len(pieces) < 5:
            return b""
    return pieces[3]
