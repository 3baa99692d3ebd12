"""How large the result of a builtin may be. What would be larger is the fault `overflow`, before it is made.

Only what can grow is checked. A text in lower case is as long as it was, and a function that can't fail is worth more to
an author than a limit that is never reached: `check` warns of every expression that can err.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tenetlang.evaluator.operations import MAXIMUM_ITEMS, MAXIMUM_STRING
from tenetlang.values.faults import overflow

# What a function takes is known to the checker, and differs from one to the next.
Function: TypeAlias = Callable[..., object]  # type: ignore[explicit-any]  # the dots are what says so


def check_string(length: int) -> None:
    """Faults with `overflow` if a string of that many code points is too long."""
    if length > MAXIMUM_STRING:
        raise overflow(f"a string of more than {MAXIMUM_STRING} characters")


def check_items(count: int) -> None:
    """Faults with `overflow` if a collection of that many members is too large."""
    if count > MAXIMUM_ITEMS:
        raise overflow(f"a collection of more than {MAXIMUM_ITEMS} members")
