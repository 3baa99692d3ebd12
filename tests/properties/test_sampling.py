"""What is made up for a program is a request of it, whatever the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tenetlang.evaluator.requests import Invalid, read_data, request_reader, request_schema
from tenetlang.testing.sample import sampler
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked

T = TypeVar("T")

REQUESTS = 20
"""Requests made up for each program."""


@given(st.data(), st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck), max_examples=40, deadline=None)
def test_every_sampled_request_is_a_request_and_every_document_fits(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    made = checked(program(choose))
    assume(made is not None)
    assert made is not None
    making = sampler(made, seed)
    reader = request_reader(request_schema(made))
    read_data(made.data, making.documents())
    for _ in range(REQUESTS):
        request = making.request()
        inputs = reader.read(request)
        assert not isinstance(inputs, Invalid), (inputs, request)
