"""Functions as tools, and the tools that agents may call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal

import pytest

from tenetlang.guard.errors import GuardError, NoTool
from tenetlang.guard.scopes import Scopes, narrowed, scopes_of
from tenetlang.guard.signatures import arguments_of, taken_by


def refund(customer: str, amount: Decimal = Decimal(5), *, note: str | None = None) -> None: ...


def test_a_call_says_all_arguments_by_name_with_defaults() -> None:
    arguments, bound = arguments_of(taken_by(refund), ("c1",), {"note": "x"})
    assert arguments == {"customer": "c1", "amount": Decimal(5), "note": "x"}
    assert (bound.args, bound.kwargs) == (("c1", Decimal(5)), {"note": "x"})


def test_a_call_that_the_function_does_not_take_is_pythons_error() -> None:
    with pytest.raises(TypeError, match="customer"):
        arguments_of(taken_by(refund), (), {"amount": 1})


def many(*all_of_them: int) -> None: ...
def more(**all_of_them: int) -> None: ...
def steps(count: int) -> Iterator[int]:
    yield count


async def later(count: int) -> AsyncIterator[int]:
    yield count


class Thing:
    def act(self, x: int) -> int:
        return x


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (many, r"`many` takes `\*all_of_them: 'int'`: give each argument a name"),
        (more, r"`more` takes `\*\*all_of_them"),
        (steps, "`steps` is a generator"),
        (later, "`later` is a generator"),
        (Thing.act, "`act` is a method; guard the bound one"),
        (lambda x: x, "a tool needs a name"),
        (type, "`type` has no signature|takes|generator"),
    ],
)
def test_a_function_that_can_not_be_a_tool_is_refused(function: Callable[[], object], reason: str) -> None:
    with pytest.raises(NoTool, match=reason):
        taken_by(function)


def test_a_bound_method_and_a_renamed_function_are_tools() -> None:
    assert taken_by(Thing().act).parameters == ("x",)
    assert taken_by(refund, "shop.refund").name == "shop.refund"
    assert taken_by(lambda x: x, "double").name == "double"


def test_without_scopes_everything_is_within() -> None:
    assert Scopes().allows(None, "refund")
    assert Scopes().allows("a1", "refund")


def test_a_scope_holds_names_and_globs() -> None:
    scopes = scopes_of({"a1": ["refund", "email.*", "crm.**"]})
    within = ["refund", "email.send", "crm.a", "crm.a.b"]
    beyond = ["refunds", "email", "email.send.all", "crm"]
    assert [tool for tool in [*within, *beyond] if scopes.allows("a1", tool)] == within


def test_once_anybody_has_a_scope_others_have_no_tools_unless_all_others_have_some() -> None:
    scopes = scopes_of({"a1": ["refund"]})
    assert not scopes.allows("a2", "refund")
    assert not scopes.allows(None, "refund")
    assert not scopes.allows("*", "refund")
    others = narrowed(scopes, "*", ["help"])
    assert others.allows("a2", "help")
    assert others.allows(None, "help")
    assert others.allows("*", "help")
    assert not others.allows("a1", "help")


def test_two_declarations_leave_what_is_in_both() -> None:
    scopes = narrowed(scopes_of({"a1": ["refund", "email.*"]}), "a1", ["email.send", "wipe"])
    assert [tool for tool in ("refund", "email.send", "email.read", "wipe") if scopes.allows("a1", tool)] == [
        "email.send"
    ]


@pytest.mark.parametrize(
    ("agent", "tools", "reason"),
    [
        ("", ["x"], "a scope is that of an agent"),
        ("a1", "refund", "is a list of tools, not one text"),
        ("a1", [3], "holds names of tools, and 3 is none"),
        ("a1", [""], "holds names of tools"),
        ("a1", ["a\\"], "no name and no glob"),
    ],
)
def test_a_scope_that_is_none_is_refused(agent: str, tools: list[str], reason: str) -> None:
    with pytest.raises(GuardError, match=reason):
        narrowed(Scopes(), agent, tools)
