"""What a guard says of a call: an answer, and the exceptions that a program catches.

    Denied      the call was not made, and will not be     denied.reason is for the agent, denied.decision for the program
    Escalated   people are asked                           escalated.review waits for them, escalated.resume() goes on

An agent that is denied should learn what was wrong and what it may do instead, and nothing else. So there are two things to read.
`decision` is all of it, for the program and its logs. `for_agent()` is what may leave:

| leaves | stays |
|---|---|
| the verdict, the identifier of the record, one word for what decided | the trace, places in the policy, owners |
| `because`, as the author wrote it, holes filled: whoever writes one speaks to the agent | what rules read that they don't tell |
| names of the rules that decided | rules that matched and didn't decide, or were overridden or observed |
| of an invalid call, its own part that is wrong | which rule erred and how; why the log can't be written; who stopped what |
| the names of the reviewers who are asked (`finance`) | who they are |
| smallest changes of the arguments that would be allowed | all values in them, as soon as a rule that may decide on the tool reads a document |

The last line is because a change "to another customer" is found among the values that the policy compares with; those that the
author wrote into rules are his to publish, those of documents (blocked vendors, a list of patients) are not. Then only the
arguments are named that would have to be different.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from tenetlang.decision import Decision
from tenetlang.frozen import field, frozen
from tenetlang.guard.calls import Call, Caller
from tenetlang.report.visible import visible

Retry: TypeAlias = Literal["changed", "later", "approved", "never"]
"""When another try makes sense: with other arguments; the same a while later; once people approved; not at all."""


@frozen
class Suggestion:
    """One way to a call that is allowed: by argument, its new value as a JSON value and the bounds between which each would do
    (`at_least`, `above`, `at_most`, `below`); just the name where values are private."""

    arguments: tuple[Mapping[str, object], ...]
    needs_approval: bool

    def to_json(self) -> dict[str, object]:
        """The published shape."""
        return {"arguments": [dict(item) for item in self.arguments], "needs_approval": self.needs_approval}


@frozen
class Answer:
    """What a guard said of one call. `identifier` is that of its record; None where none could be written, and then the call is
    denied. `tasks` are the reviews that it waits for."""

    decision: Decision
    identifier: str | None
    call: Call
    request: Mapping[str, object] = field(repr=False)
    at_ns: int = 0
    tasks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The decision in its published shape, without its trace, and with the record's `id`."""
        return {**self.decision.to_json(trace=False), "id": self.identifier, "tasks": list(self.tasks)}


Suggest: TypeAlias = Callable[[Answer], tuple[Suggestion, ...]]

_WORDS: Final[Mapping[str, str]] = {
    "error": "the policy could not be evaluated for this call",
    "unavailable": "calls can't be decided and recorded at the moment",
    "review_unavailable": "people would have to approve this call, and nobody can be asked at the moment",
    "stopped": "calls like this one are stopped",
    "out_of_scope": "this tool is not among those of the agent",
}
"""What the agent is told in place of a reason that is for operators."""

_LATER: Final = frozenset({"unavailable", "review_unavailable"})
_NEVER: Final = frozenset({"unknown_tool", "out_of_scope", "stopped", "error", "unmet_obligation"})


class Denied(Exception):
    """The call was not made. Its text, `reason` and `for_agent()` may be shown to the agent; `decision` is for the program."""

    def __init__(self, answer: Answer, suggest: Suggest | None = None) -> None:
        self.answer = answer
        self.reason = reason_for_agent(answer.decision)
        self._suggest = suggest
        self._suggestions: tuple[Suggestion, ...] | None = None
        super().__init__(f"`{visible(answer.call.tool)}` was denied: {self.reason}")

    def __reduce__(self) -> tuple[Callable[[str, Mapping[str, object]], Denied], tuple[str, Mapping[str, object]]]:
        """What another process learns of it, as pools of processes hand exceptions on: what an agent may be told."""
        return _elsewhere, (self.answer.call.tool, self.for_agent())

    @property
    def decision(self) -> Decision:
        """The whole decision, for the program."""
        return self.answer.decision

    @property
    def identifier(self) -> str | None:
        """That of the record; None where none could be written."""
        return self.answer.identifier

    @property
    def retry(self) -> Retry:
        """When another try makes sense."""
        decided = self.decision.decided_by
        if not _LATER.isdisjoint(decided):
            return "later"
        return "never" if not _NEVER.isdisjoint(decided) else "changed"

    def suggestions(self) -> tuple[Suggestion, ...]:
        """The smallest changes of the arguments with which the call would be allowed, or put before people.

        They are looked for when this is first called, which takes from milliseconds to a second or so, and each was decided
        by both evaluators. None where there are none, or where the policy came without the program that they are found with.
        """
        if self._suggestions is None:
            wanted = self.retry == "changed" and self._suggest is not None
            self._suggestions = self._suggest(self.answer) if wanted and self._suggest is not None else ()
        return self._suggestions

    def for_agent(self, *, suggestions: bool = False) -> dict[str, object]:
        """What may be sent to the agent, as JSON values; with `suggestions` those as well."""
        shape: dict[str, object] = {
            "verdict": "deny",
            "id": self.identifier,
            "decided_by": list(self.decision.decided_by),
            "reason": self.reason,
            "retry": self.retry,
        }
        if suggestions:
            shape["suggestions"] = [item.to_json() for item in self.suggestions()]
        return shape


def _elsewhere(tool: str, told: Mapping[str, object]) -> Denied:
    decided, identifier = told["decided_by"], told["id"]
    assert isinstance(decided, list)
    by = tuple(map(str, decided))
    decision = Decision("", "", "deny", by, str(told["reason"]), compact_trace={"leaf": "", "matched": [], "erred": []})
    return Denied(Answer(decision, None if identifier is None else str(identifier), Call(tool, {}, Caller()), {}))


def reason_for_agent(decision: Decision) -> str:
    """The part of a decision's reason that may leave."""
    decided = decision.decided_by
    for code, words in _WORDS.items():
        if decided == (code,):
            return words
    return decision.reason


def own_decision(code: str, reason: str, policy: str, bundle: str) -> Decision:
    """A denial that the guard gives in the policy's place. Replaying the log passes over it."""
    return Decision(
        policy,
        bundle,
        "deny",
        (code,),
        reason,
        compact_trace={"leaf": code, "matched": [], "erred": []},
    )
