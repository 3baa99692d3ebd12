"""Escalations that nobody can approve, although the policy says who is asked: findings about reviewers.

Whoever asks for a call is never counted among those who approve it. So a group can be too small in three ways: it has fewer people
than its quorum, which no request changes; it has only those who ask; or it has just as many as its quorum, and one of
them asks. The last is a matter of who asks, and is shown by a request in which a member does. (Of a group of one that is plain to see.)

Who belongs to a group is known where it is written out, and where it is read from documents that are at hand (`Wanted.documents`). What
is read from the request, other than who asks, is nobody's to know before.

That a deadline is longer than a session lasts is not looked for: nothing declares how long one lasts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from tenetlang.analysis.decisions import RuleFormula
from tenetlang.analysis.findings.asking import Asking
from tenetlang.analysis.findings.desk import Desk, needed_documents, quoted
from tenetlang.analysis.formulas import FALSE, Formula
from tenetlang.analysis.questions import Judged, Witness
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.program import Program, Reviewers, Rule
from tenetlang.program.reads import Reads
from tenetlang.report.finding import Finding
from tenetlang.report.nearest import nearest

_ASKING = frozenset({("agent", "id"), ("user", "id")})
_MOST_TRIED = 8


@frozen
class _Group:
    """Reviewers, and who they are: the people, the code of the error that `who` is, or None where there is no telling.

    `data` says whether that is by the documents at hand.
    """

    reviewers: Reviewers
    people: frozenset[str] | str | None
    data: bool


def unapprovable(desk: Desk) -> Iterator[Finding]:
    """Reviewers of whom too few can ever approve, and those who are told by a channel that is not there."""
    reads = Reads(desk.program)
    for declared in sorted(desk.program.reviewers.values(), key=lambda item: (item.at.text.name, item.at.start)):
        if declared.at.text in desk.texts:
            yield from _channels(desk, declared)
            yield from _group(desk, _people(desk, reads, declared))


def documents_of_reviewers(program: Program) -> frozenset[str]:
    """The documents that say who reviewers are, by `package.name`."""
    reads = Reads(program)
    paths = [path for declared in program.reviewers.values() for path in reads.of(declared.who)]
    return frozenset(_document(path) for path in paths if path[0] == "data")


def _document(path: tuple[str, ...]) -> str:
    return f"{path[1]}.{path[2]}"


def _people(desk: Desk, reads: Reads, declared: Reviewers) -> _Group:
    paths = reads.of(declared.who)
    names = {_document(path) for path in paths if path[0] == "data"}
    if any(path[0] != "data" for path in paths) or not names <= desk.wanted.documents.keys():
        return _Group(declared, None, data=False)
    found = desk.judge.people(declared.who, desk.wanted.documents if names else {})
    return _Group(declared, found, data=bool(names))


def _group(desk: Desk, group: _Group) -> Iterator[Finding]:
    declared, people = group.reviewers, group.people
    own, others = _asking_and_others(declared.who)
    if isinstance(people, str):
        yield _unreachable(desk, group, "errs", {"error": people})
    elif people is not None and len(people) < declared.quorum:
        yield _unreachable(desk, group, "few" if people else "nobody", {"people": _counted(len(people))})
    elif own and others < declared.quorum:
        yield _unreachable(desk, group, "asking", {})
    elif people is not None and len(people) == declared.quorum > 1:
        yield from _one_asks(desk, group, people)


def _asking_and_others(who: core.Expression) -> tuple[int, int]:
    """How many members of a set that is written out are whoever asks, and how many others there can be."""
    if not isinstance(who, core.MakeSet):
        return 0, 0
    own = [item for item in who.items if isinstance(item, core.Read) and item.path in _ASKING]
    return len(own), len(who.items) - len(own)


def _unreachable(desk: Desk, group: _Group, variant: str, details: Mapping[str, str]) -> Finding:
    declared = group.reviewers
    rules = _rules(desk, declared)
    shown = next(((rule, found) for rule in rules if (found := _escalated(desk, group, rule)) is not None), None)
    return Finding(
        "unreachable-quorum",
        declared.at,
        {
            "reviewers": declared.shown_name,
            "quorum": _counted(declared.quorum),
            "where": " by the documents at hand" if group.data else "",
            **details,
        },
        variant,
        tuple(("rule", rule.at) for rule in rules[:3]),
        tuple(rule.shown_name for rule in rules),
        None if shown is None else shown[1].request,
        {} if shown is None else needed_documents(shown[1]),
    )


def _one_asks(desk: Desk, group: _Group, people: frozenset[str]) -> Iterator[Finding]:
    """A request of one of the people, of whom all are needed."""
    declared = group.reviewers
    for rule in _rules(desk, declared):
        found = _escalated(desk, group, rule)
        if found is None:
            continue
        for person in sorted(people)[:_MOST_TRIED]:
            asked = _asked_by(desk, rule, found, person)
            if asked is not None:
                yield Finding(
                    "requester-needed",
                    declared.at,
                    {
                        "reviewers": declared.shown_name,
                        "quorum": _counted(declared.quorum),
                        "person": person,
                        "people": quoted(sorted(people)),
                        "next": _next(desk, declared),
                    },
                    "",
                    (("rule", rule.at),),
                    (rule.shown_name,),
                    asked.request,
                    needed_documents(asked),
                )
                return


def _next(desk: Desk, declared: Reviewers) -> str:
    """What becomes of an escalation that these reviewers don't approve."""
    if declared.otherwise == "deny":
        return "denied"
    return f"passed on to `{desk.program.reviewers[declared.otherwise].shown_name}`"


def _asked_by(desk: Desk, rule: Rule, found: Witness, person: str) -> Witness | None:
    """The request as this person's own, if it is escalated still."""
    user = found.request.get("user", {})
    request = {**found.request, "user": {**(user if isinstance(user, dict) else {}), "id": person}}
    judged = desk.judge.judge(request, found.documents)
    return (
        None
        if judged is None or not _decides(rule.shown_name, judged)
        else Witness(request, found.documents, "escalate")
    )


def _escalated(desk: Desk, group: _Group, rule: Rule) -> Witness | None:
    """A request that the rule escalates, with the documents at hand if those say who is asked."""
    found = desk.shown(rule, _deciding, partial(_decides, rule.shown_name))
    if found is None or not group.data:
        return found
    judged = desk.judge.judge(found.request, desk.wanted.documents)
    if judged is None or not _decides(rule.shown_name, judged):
        return None
    return Witness(found.request, desk.wanted.documents, "escalate")


def _deciding(asking: Asking, item: RuleFormula) -> Formula:
    return asking.scene.decided.deciding.get(item.rule.shown_name, FALSE)


def _decides(name: str, judged: Judged) -> bool:
    return judged.verdict == "escalate" and name in judged.decided_by


def _rules(desk: Desk, declared: Reviewers) -> list[Rule]:
    """The rules that escalate to these reviewers."""
    return [rule for rule in desk.rules() if rule.reviewers == declared.name and not desk.is_watched(rule)]


def _channels(desk: Desk, declared: Reviewers) -> Iterator[Finding]:
    channels = desk.wanted.channels
    if channels is None:
        return
    for entry in dict.fromkeys(declared.notify):
        name = entry.rpartition(":")[2]
        if name not in channels:
            near = nearest(name, sorted(channels))
            details = {"reviewers": declared.shown_name, "name": name, **({"nearest": near} if near else {})}
            yield Finding("unknown-channel", declared.at, details)


def _counted(number: int) -> str:
    return "nobody" if number == 0 else "1 person" if number == 1 else f"{number} people"
