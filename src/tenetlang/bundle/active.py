"""What decides: an evaluator, and what is to be said of where it comes from and how fresh it is.

Everything that can fail, fails here, before anything is put in another's place: the documents fit the policy, all code that
deciding needs is generated (no request waits for it), and the bundle's own tests have the results here that they had where it was
built. They are the policy's `test` blocks as calls with what must come of them, so a program that runs them needs no
compiler, and one of another version that decides otherwise is found before it does.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.bundle.contents import Example, moment
from tenetlang.bundle.errors import BrokenBundle, TestsFailed
from tenetlang.bundle.opening import Bundle, document_digest
from tenetlang.decision import Decision, Verdict
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.requests import DataError
from tenetlang.values.reading import DATA_LIMITS, InvalidRequest, read_json

_SHOWN = 3


@attrs.frozen(eq=False)
class Active:
    """What decides from here on.

    `digest` is what decisions call the bundle, `data` has the digests of its documents by name, and times are in nanoseconds
    since 1970. `version` and `identity` are None for files that nobody built a bundle of; `signed_by` is empty for what nobody signed, or
    nobody was asked about. `kept` says why this decides although something else lies where it came from.
    """

    evaluator: Evaluator = attrs.field(repr=False)
    digest: str
    package: str
    data: Mapping[str, str]
    version: int | None = None
    identity: str | None = None
    expires: int | None = None
    hard_expires: int | None = None
    expires_text: str | None = None
    signed_by: tuple[str, ...] = ()
    kept: str | None = None

    def stale(self, now_ns: int) -> str | None:
        """Why a decision at this time is by an outdated policy, in a few words for its record; None if it is by a fresh one."""
        if self.expires is not None and now_ns >= self.expires:
            return f"expired {self.expires_text}"
        return self.kept

    def refusal(self, now_ns: int) -> str | None:
        """Why nothing may be allowed by this at this time, and what to do; None if it may decide."""
        if self.hard_expires is None or now_ns < self.hard_expires:
            return None
        return f"version {self.version} of the policy {self.package} is out of date, and no newer one was activated"


def activated(bundle: Bundle, *, prepare: bool = True) -> Active:
    """A bundle ready to decide. With `prepare` all code is generated now. Raises `BrokenBundle` and `TestsFailed`."""
    contents = bundle.contents
    try:
        evaluator = Evaluator(bundle.policy, bundle.documents, digest=contents.bundle)
        if prepare:
            evaluator.prepare()
    except DataError as mistake:
        raise BrokenBundle(f"its documents do not fit its policy: {mistake}; build it again") from mistake
    except Exception as failure:  # whatever a signed policy does to us, the last good one decides on
        raise BrokenBundle(f"its policy can't be used here ({type(failure).__name__}: {failure})") from failure
    check_tests(evaluator, contents.tests)
    return Active(
        evaluator,
        contents.bundle,
        contents.package,
        {document.name: document.digest for document in contents.documents},
        contents.version,
        bundle.identity,
        None if contents.expires is None else moment(contents.expires),
        None if contents.hard_expires is None else moment(contents.hard_expires),
        contents.expires,
        tuple(key.short for key in bundle.signed_by),
    )


def of_evaluator(evaluator: Evaluator, documents: Mapping[str, object]) -> Active:
    """What decides without a bundle, in development: no version, nobody who signed it, and no end."""
    digests = {name: document_digest(document) for name, document in documents.items()}
    return Active(evaluator, evaluator.digest, evaluator.policy.entry, digests)


# -------------------------------------------------------------------------------------------------------- the own tests


def check_tests(evaluator: Evaluator, tests: tuple[Example, ...]) -> None:
    """Runs a bundle's own tests. Raises `TestsFailed`."""
    failed: list[str] = []
    for example in tests:
        problem = _problem(evaluator, example)
        if problem is not None:
            row = f" ({example.row})" if example.row else ""
            failed.append(f"`{example.name}`{row} at {example.at}: {problem}")
    if failed:
        more = f", and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
        raise TestsFailed(
            f"{len(failed)} of its {len(tests)} own tests fail here: {'; '.join(failed[:_SHOWN])}{more}. "
            "Build it by the version of tenetlang that runs here"
        )


def _problem(evaluator: Evaluator, example: Example) -> str | None:
    try:
        own = read_json(example.documents, DATA_LIMITS)
        if not isinstance(own, dict):
            return "its documents are no object"
        decision = (evaluator.with_documents(own) if own else evaluator).decide_json(example.call)
    except (InvalidRequest, DataError) as mistake:
        return str(mistake)
    wanted = (example.verdict, example.decided_by, example.asks, example.obligations)
    if wanted != summary(decision) or (example.because is not None and example.because != decision.reason):
        return f"expected {example.verdict} by {', '.join(example.decided_by)}, got {decision.verdict} by {', '.join(decision.decided_by)}"
    return None


def summary(decision: Decision) -> tuple[Verdict, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What a test of a bundle compares: the verdict, by which rules, whom it asks, and what it demands."""
    return (
        decision.verdict,
        decision.decided_by,
        tuple(f"{each.reviewers} {each.quorum} {each.within} {each.otherwise}" for each in decision.escalations),
        tuple(obligation.name for obligation in decision.obligations),
    )
