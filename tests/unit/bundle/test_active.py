"""What decides: put together and tried before anything depends on it, and honest about how fresh it is."""

from __future__ import annotations

import msgspec
import pytest

from tenetlang import pipeline
from tenetlang.bundle.active import Active, activated, of_evaluator
from tenetlang.bundle.contents import Example
from tenetlang.bundle.errors import BrokenBundle, TestsFailed
from tenetlang.bundle.opening import open_bundle
from tests.unit.bundle.bundles import (
    DAY,
    FROZEN,
    KEY,
    MADE,
    TRUST,
    bundle,
    call,
    contents,
    failing,
    forced,
    tree,
)

replace = msgspec.structs.replace


def ready(data: bytes) -> Active:
    return activated(open_bundle(data, TRUST))


def test_it_decides_as_the_policy_that_was_built_with_its_documents() -> None:
    active = ready(bundle(7, expires=30, hard_expires=60))
    decide = active.evaluator.decide_json
    assert [decide(call(amount)).verdict for amount in ("50", "50.01")] == ["allow", "deny"]
    assert decide(call("1", "c7")).decided_by == ("stopped",)
    assert decide(call()).bundle == active.digest == contents(7).bundle
    assert (active.version, active.package, active.signed_by) == (7, "shop", (KEY.verifier.short,))
    assert active.data == {"frozen": contents().documents[0].digest}


def test_it_is_fresh_then_stale_then_decides_nothing() -> None:
    active = ready(bundle(7, expires=30, hard_expires=60))
    told = [(active.stale(MADE + days * DAY), active.refusal(MADE + days * DAY)) for days in (0, 30, 60)]
    assert told == [
        (None, None),
        ("expired 2026-12-22T20:00:00Z", None),
        (
            "expired 2026-12-22T20:00:00Z",
            "version 7 of the policy shop is out of date, and no newer one was activated",
        ),
    ]


def test_without_ends_it_is_fresh_for_ever() -> None:
    active = ready(bundle())
    assert (active.stale(2**62), active.refusal(2**62)) == (None, None)


def test_one_that_is_kept_in_the_place_of_another_says_so() -> None:
    import attrs

    kept = attrs.evolve(ready(bundle(7, expires=30)), kept="p.bundle was refused: broken")
    assert kept.stale(MADE) == "p.bundle was refused: broken"
    assert kept.stale(MADE + 30 * DAY) == "expired 2026-12-22T20:00:00Z"


def test_the_tests_of_a_bundle_are_run_where_it_shall_decide() -> None:
    with pytest.raises(
        TestsFailed, match=r"3 of its 3 own tests fail here: `the limit` \(50, allow\) at shop.tenet:10: expected"
    ):
        ready(failing())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": "deny"}, "expected deny by small, got allow by small"),
        ({"decided_by": ("stopped",)}, "expected allow by stopped"),
        ({"asks": ("finance 1 30m deny",)}, "expected allow"),
        ({"obligations": ("mask",)}, "expected allow"),
        ({"because": "no"}, "expected allow"),
        ({"documents": "[]"}, "its documents are no object"),
        ({"documents": "["}, "not JSON|no JSON|JSON"),
        ({"documents": '{"other": 1}'}, "is missing"),
        ({"call": "["}, "got deny by invalid_request"),
    ],
)
def test_all_that_a_test_says_is_compared(change: dict[str, object], says: str) -> None:
    sound = contents()
    example: Example = replace(sound.tests[0], **change)
    with pytest.raises(TestsFailed, match=says):
        ready(forced(replace(sound, tests=(example, *sound.tests[1:]))))


def test_a_reason_that_a_test_names_is_compared_and_one_that_it_does_not_is_not() -> None:
    sound = contents()
    named = replace(sound.tests[1], because="no rule allows this call")
    assert ready(forced(replace(sound, tests=(named,)))).version == 1


def test_many_failures_are_counted_and_three_are_shown() -> None:
    sound = contents()
    wrong = replace(sound.tests[0], verdict="deny")
    with pytest.raises(TestsFailed, match=r"5 of its 5 .*, and 2 more\."):
        ready(forced(replace(sound, tests=(wrong,) * 5)))


def test_documents_that_do_not_fit_the_policy_are_refused() -> None:
    with pytest.raises(
        BrokenBundle, match="its documents do not fit its policy: the document `frozen` of `shop` is missing"
    ):
        ready(forced(replace(contents(), documents=())))


def test_whatever_a_signed_policy_does_to_the_evaluator_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise MemoryError("too much")

    monkeypatch.setattr("tenetlang.evaluator.evaluator.Evaluator.prepare", fail)
    with pytest.raises(BrokenBundle, match=r"can't be used here \(MemoryError: too much\)"):
        ready(bundle())


def test_an_evaluator_without_a_bundle_has_no_version_and_no_end() -> None:
    active = of_evaluator(pipeline.evaluator(tree(), FROZEN), FROZEN)
    assert (active.version, active.identity, active.signed_by, active.stale(2**62)) == (None, None, (), None)
    assert active.data == {"frozen": contents().documents[0].digest}
    assert active.digest == contents().bundle
