"""Decides a recorded request again: whether the policy says of it what the record says, and why."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs
import click

from tenetlang.cli.options import documents_of, evaluator_of, loaded_or_broken

if TYPE_CHECKING:
    from tenetlang.audit.blame import Blame
    from tenetlang.cli.why_text import Explanation

Came: TypeAlias = Literal["identical", "different", "other_policy", "other_data", "not_decided"]


@attrs.frozen
class Again:
    """What came of deciding again: `identical` or `different` to the record; by `other_policy` or `other_data` than it names, so
    that it proves nothing; or `not_decided`, since the request is not there. `bare` are the paths that are shown without quotes."""

    came: Came
    detail: str
    explanation: Explanation | None = None
    bare: Collection[str] = ()


def decide_again(found: Blame, path: Path, given: tuple[str, ...], entry: str | None) -> Again:
    """Decides the request of the record by the policy at a path, with documents given as for `tenet eval`.

    Raises `ProjectError`, and a usage error for a policy that has errors.
    """
    from tenetlang.audit.records.requests import LostRequest, recorded_request
    from tenetlang.cli.why import known_rules
    from tenetlang.cli.why_text import explain
    from tenetlang.program.request_paths import unquoted_paths
    from tenetlang.project.loading import Broken
    from tenetlang.replay.compare import Deciding, document_digests, summarised
    from tenetlang.replay.items import LogEntry, sealing_key

    try:
        loaded = loaded_or_broken(path, entry, cached=True)
    except Broken as broken:
        raise click.UsageError(f"the policy at {path} has errors; `tenet check {path}` names them") from broken
    recorded = recorded_request(found.record, found.entry.payload, found.keys)
    if isinstance(recorded, LostRequest):
        return Again("not_decided", f"the request can't be decided again: {recorded.detail}")
    documents = documents_of(loaded.configuration, given)
    evaluator = evaluator_of(loaded, documents)
    request = recorded.request
    decision = evaluator.decide_json(request) if isinstance(request, bytes) else evaluator.decide(request)
    explanation, bare = explain(decision, known_rules(loaded.policy)), unquoted_paths(loaded.policy)

    policy = found.record.get("policy")
    bundle = policy.get("bundle") if isinstance(policy, dict) else None
    if bundle != decision.bundle:
        detail = f"the policy at {path} is {decision.bundle}, and the record is of {bundle}: it says {decision.verdict}"
        return Again("other_policy", detail, explanation, bare)
    digests = document_digests(documents)
    others = sorted(
        name for name in {*digests, *recorded.documents} if digests.get(name) != recorded.documents.get(name)
    )
    if others:
        detail = f"with other data than the record names ({', '.join(others)}) it says {decision.verdict}"
        return Again("other_data", detail, explanation, bare)
    stored = found.entry
    key = sealing_key(stored.payload, found.keys)
    entry_of_log = LogEntry(stored.index, stored.record, stored.leaf, stored.payload, key)
    summary = summarised(Deciding(evaluator, digests), [entry_of_log])
    if summary.counts["identical"]:
        return Again("identical", "the same policy decides the same, to the last value of the trace", explanation, bare)
    if summary.mismatches:
        mismatch = summary.mismatches[0]
        detail = f"the same policy decides {decision.verdict}, and the record differs in {', '.join(mismatch.differs)}"
        return Again("different", detail, explanation, bare)
    problem = summary.problems[0].detail if summary.problems else "a gate decided it in the policy's place"
    return Again("not_decided", f"the record can't be compared: {problem}")
