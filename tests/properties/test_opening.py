"""A policy that is opened decides as the one that was written does, trace and all, whatever the policy and the requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.json_form import decode, digest, encode
from tenetlang.decision_tree.opening import open_policy
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.testing.sample import sampler
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked, spoiled

T = TypeVar("T")
REQUESTS = 8


@given(st.data(), st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck))
def test_an_opened_policy_decides_as_the_written_one(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    made = checked(program(choose))
    if made is None:
        return
    policy = build(made)
    form = encode(policy)
    assert encode(decode(form)) == form
    opened = open_policy(form)
    making = sampler(made, seed)
    documents = making.documents()
    written, late = Evaluator(policy, documents), Evaluator(opened, documents, digest=digest(policy))
    for number in range(REQUESTS):
        request = spoiled(making.request(), making.random) if number % 4 == 3 else making.request()
        assert late.decide(request).to_json() == written.decide(request).to_json()
    assert encode(opened) == form
