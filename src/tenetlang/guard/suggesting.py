"""Which other arguments would be allowed: what `tenet why --counterfactual` finds, as far as an agent may know it.

Only arguments change. What changes to is told where it can hold nothing but constants of the rules; where a rule that may
decide on the tool reads a document, the values could be those of the document, and only the names of the arguments are told
(`answers`).
"""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang.frozen import frozen
from tenetlang.guard.answers import Answer, Suggestion
from tenetlang.program.program import Program
from tenetlang.program.reads import Reads


@frozen
class Knowledge:
    """What suggestions are found with: the checked program of a bundle, and the documents by name."""

    bundle: str
    program: Program
    documents: Mapping[str, object]


def suggestions(known: Knowledge | None, answer: Answer) -> tuple[Suggestion, ...]:
    """The smallest changes of the arguments to a call that is allowed, and where there are none, to one that is escalated."""
    if known is None or known.bundle != answer.decision.bundle:
        return ()
    from tenetlang.analysis.counterfactuals.counterfactual import explain_change
    from tenetlang.evaluator.surroundings import surroundings

    world = surroundings(known.program, known.documents)
    private = reads_documents(known.program, answer.call.tool)
    request = dict(answer.request)
    request.pop("approvals", None)
    for verdict in ("allow", "escalate"):
        ways = explain_change(world, request, answer.decision, towards=verdict, only_arguments=True)
        found = [_told(change.differences, private=private) for way in ways for change in way.changes]
        unlike = {repr(arguments): Suggestion(arguments, verdict == "escalate") for arguments in found}
        if unlike:
            return tuple(unlike.values())
    return ()


def reads_documents(program: Program, tool: str) -> bool:
    """Whether a rule that may decide on the tool reads a document, by itself or through what it refers to."""
    reads = Reads(program)
    rules = (rule for package in program.packages for rule in package.rules)
    return any(
        any(path[0] == "data" for path in reads.rule(rule))
        for rule in rules
        if rule.tools is None or tool in rule.tools
    )


def _told(differences: object, *, private: bool) -> tuple[Mapping[str, object], ...]:
    from tenetlang.analysis.counterfactuals.differences import Difference

    assert isinstance(differences, tuple)
    told: list[Mapping[str, object]] = []
    for item in differences:
        assert isinstance(item, Difference)
        told.append({"path": item.path} if private else item.to_json())
    return tuple(told)
