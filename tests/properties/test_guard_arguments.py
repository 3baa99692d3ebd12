"""Whatever is called a call: it is decided as the policy decides the same request, it is recorded, and the log stays sound.

Python's values come in all kinds, and some classes of a program lie about what they are. None of it may make the guard raise,
allow what the policy would not, or leave something unrecorded.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang.guard import Guard, GuardError, Permit
from tenetlang.guard.answers import Answer
from tenetlang.guard.arguments import held, plain
from tests.unit.guard.guards import open_guard, problems, records

POLICY = """
package anything
tool keep(value: json, note?: string)
allow small if { tool is keep; args.value is int; args.value <= 10 }
allow words if { tool is keep; args.value is string; args.value != "no" }
"""


class Lying(dict[str, object]):
    """A dictionary that shows another content to each who looks."""

    def items(self) -> Iterator[tuple[str, object]]:  # type: ignore[override]  # on purpose
        return iter([("id", "admin")])

    def __getitem__(self, key: str) -> object:
        return "admin"


class Failing(str):
    """A text that raises whatever is asked of it."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise OSError

    def __hash__(self) -> int:
        return 1

    def __str__(self) -> str:
        raise OSError

    def encode(self, *_: object) -> bytes:
        raise OSError


odd = st.sampled_from(
    [
        b"x", object(), float("nan"), float("inf"), Decimal("NaN"), Decimal("1e400"), 10**30, -(2**63) - 1, "a\ud800",
        "a\0", Lying(id="a"), Failing("no"), {1: 2}, {"a": {None: 1}}, iter(()), print, Ellipsis, 3 + 4j,
        datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=400_000_000),
    ]
)  # fmt: skip
single = st.one_of(st.none(), st.booleans(), st.integers(-20, 20), st.floats(), st.decimals(), st.text(max_size=8), odd)
values = st.recursive(
    single,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=4), inner, max_size=4),
    ),
    max_leaves=12,
)
names = st.one_of(
    st.just("keep"), st.text(max_size=6), st.sampled_from(["keep\0", "KEEP", "keep ", "\ud800", "a" * 3000])
)
whos = st.one_of(st.none(), st.text(max_size=6), st.dictionaries(st.text(max_size=4), single, max_size=3), odd)


@pytest.fixture(scope="module")
def guard() -> Iterator[tuple[Guard, Path]]:
    with tempfile.TemporaryDirectory() as name, open_guard(Path(name), POLICY) as opened:
        yield opened, Path(name)


@settings(max_examples=min(300, settings().max_examples))
@given(tool=names, value=values, agent=whos, origins=st.one_of(st.none(), values), context=st.one_of(st.none(), values))
def test_every_call_is_decided_as_the_policy_decides_and_recorded(
    guard: tuple[Guard, Path], tool: str, value: object, agent: object, origins: object, context: object
) -> None:
    opened, folder = guard
    before = len(records(folder, "intent"))
    try:
        answer = opened.ask(
            tool,
            {"value": value},
            agent=agent,  # type: ignore[arg-type]  # whatever it is
            origins=origins,  # type: ignore[arg-type]  # as above
            context=context,  # type: ignore[arg-type]  # as above
        )
    except GuardError:
        assert len(records(folder, "intent")) == before
        return
    assert len(records(folder, "intent")) == before + 1
    said = answer.answer if isinstance(answer, Permit) else answer
    assert isinstance(said, Answer)
    assert said.identifier is not None
    if isinstance(answer, Permit):
        answer.refuse()
        kept = answer.arguments["value"]
        assert (
            (type(kept) is int and kept <= 10)
            or (type(kept) is str and kept != "no")
            or isinstance(kept, Decimal | float)
        )
    expected = opened.active.evaluator.decide(dict(said.request))
    assert (said.decision.verdict, said.decision.decided_by) == (expected.verdict, expected.decided_by)


def test_the_log_of_all_that_is_sound(guard: tuple[Guard, Path]) -> None:
    assert problems(guard[1]) == []


@given(values)
def test_what_is_held_and_plain_is_so_already(value: object) -> None:
    once = plain(held(value))
    assert repr(plain(held(once))) == repr(once)


def test_a_class_that_lies_about_its_text_is_read_as_the_text_that_it_is() -> None:
    converted: Callable[[object], object] = plain
    assert type(converted(Failing("no"))) is str
    assert str.__eq__(str(converted(Failing("no"))), "no")
