"""What an allowance demands, before the tool and of its result."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable
from pathlib import Path
from typing import NamedTuple

import pytest

from tenetlang.decision import Obligation
from tenetlang.guard import Denied, GuardError, Permit, Withheld, acting
from tenetlang.guard.obligations import STANDARD, CannotMask, Handlers, mask, with_handler
from tests.unit.guard.guards import POLICY, WHO, open_guard, outcomes, problems, records

STAMPED = POLICY.replace('mask("number")', 'stamp("x"), mask("number")')


class Pair(NamedTuple):
    number: str
    name: str


@dataclasses.dataclass
class Card:
    number: str
    pairs: list[Pair]


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ({"number": "4111", "name": "x"}, {"number": "***", "name": "x"}),
        ({"cards": [{"number": {"a": 1}}, {"b": 1, "c": (2, None)}]}, {"cards": [{"number": "***"}, {"b": 1, "c": [2, None]}]}),
        ([], []),
        (None, None),
        (Pair("4111", "x"), {"number": "***", "name": "x"}),
        (Card("4111", [Pair("1", "y")]), {"number": "***", "pairs": [{"number": "***", "name": "y"}]}),
    ],
)  # fmt: skip
def test_a_field_is_hidden_however_deep_it_lies(result: object, shown: object) -> None:
    assert mask(permit(), result, "number") == shown


@pytest.mark.parametrize("result", ["4111", 4111, b"4111", {"a": object()}, [object()], object()])
def test_what_can_not_be_looked_into_can_not_be_masked(result: object) -> None:
    with pytest.raises(CannotMask):
        mask(permit(), result, "number")


def permit() -> Permit:
    return object.__new__(Permit)


def test_the_field_to_hide_is_named_by_text() -> None:
    with pytest.raises(CannotMask, match="named by text"):
        mask(permit(), {}, 3)  # type: ignore[arg-type]  # what a policy with another `mask` may say


def nothing(*_: object) -> None: ...


def test_an_obligation_has_one_handler_for_each_side_and_mask_may_be_met_by_another() -> None:
    found = with_handler(with_handler(STANDARD, "after", "mask", nothing), "before", "stamp", nothing)
    assert found.after["mask"] is nothing
    assert found.unmet((Obligation("stamp", ()), Obligation("mask", ()))) is None
    assert Handlers().unmet((Obligation("stamp", ()),)) == "stamp"
    with pytest.raises(GuardError, match="`stamp` is met by another function already"):
        with_handler(found, "before", "stamp", print)
    with pytest.raises(GuardError, match="has a name"):
        with_handler(found, "before", "", print)


def test_handlers_are_called_with_the_permit_and_what_the_policy_says(tmp_path: Path) -> None:
    seen: list[object] = []
    with open_guard(tmp_path, STAMPED) as guard:

        @guard.before("stamp")
        def before(permit: Permit, text: str) -> None:
            seen.append((permit.tool, text))

        @guard.after("stamp")
        def after(permit: Permit, result: dict[str, str], text: str) -> dict[str, str]:
            seen.append(result)
            return {**result, "stamp": text}

        @guard.tool
        def card(number: str) -> dict[str, str]:
            seen.append("tool")
            return {"number": number}

        with acting(**WHO):
            assert card("4111") == {"number": "***", "stamp": "x"}
    assert seen[:2] == [("card", "x"), "tool"]
    assert records(tmp_path, "outcome")[0]["obligations"] == [
        {"met": True, "name": "stamp"},
        {"met": True, "name": "stamp"},
        {"met": True, "name": "mask"},
    ]


def test_handlers_of_coroutines_may_be_coroutines(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_guard(tmp_path, STAMPED) as guard:

            @guard.before("stamp")
            async def before(permit: Permit, text: str) -> None:
                await asyncio.sleep(0)

            @guard.after("stamp")
            async def after(permit: Permit, result: object, text: str) -> object:
                await asyncio.sleep(0)
                return {"a": result}

            @guard.tool
            async def card(number: str) -> dict[str, str]:
                return {"number": number}

            with acting(**WHO):
                found = card("4111")
                assert isinstance(found, Awaitable)
                shown: object = await found
                assert shown == {"a": {"number": "***"}}
            with pytest.raises(Denied, match="could not be done"), guard.call("card", {"number": "1"}, **WHO):
                pass
            with pytest.raises(Withheld):
                async with await guard.call_async("card", {"number": "1"}, **WHO) as permit:
                    permit.result({})
            with pytest.raises(Withheld):
                async with await guard.call_async("card", {"number": "1"}, **WHO) as permit:
                    await permit.result_async(object())

    asyncio.run(main())
    assert outcomes(tmp_path) == ["ok", "refused", "ok", "ok"]
    assert problems(tmp_path) == []


@pytest.mark.parametrize("way", ["with", "async with"])
def test_a_program_that_ends_within_a_handler_has_not_called_the_tool(tmp_path: Path, way: str) -> None:
    with open_guard(tmp_path, STAMPED) as guard:

        @guard.before("stamp")
        def before(permit: Permit, text: str) -> None:
            raise KeyboardInterrupt

        async def main() -> None:
            async with await guard.call_async("card", {"number": "1"}, **WHO):
                pass

        if way == "with":
            with pytest.raises(KeyboardInterrupt), guard.call("card", {"number": "1"}, **WHO):
                pass
        else:
            with pytest.raises(KeyboardInterrupt):
                asyncio.run(main())
    assert outcomes(tmp_path) == ["refused"]
    assert problems(tmp_path) == []


def test_a_result_that_goes_around_the_permit_is_found(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        with (
            pytest.raises(GuardError, match=r"not given to `permit\.result`"),
            guard.call("card", {"number": "1"}, **WHO),
        ):
            pass

        async def main() -> None:
            async with await guard.call_async("card", {"number": "1"}, **WHO):
                pass

        with pytest.raises(GuardError, match="mask"):
            asyncio.run(main())
        with pytest.raises(OSError, match="network"), guard.call("card", {"number": "1"}, **WHO):
            raise OSError("network")
    assert [(record["outcome"], record["obligations"]) for record in records(tmp_path, "outcome")] == [
        ("ok", [{"met": False, "name": "mask"}]),
        ("ok", [{"met": False, "name": "mask"}]),
        ("error", []),
    ]
