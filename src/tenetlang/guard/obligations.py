"""Obligations: what must be done for an allowance to hold, and who does it.

    allow masked if { … } then mask("card"), notify("ops")

    @guard.before("notify")                          @guard.after("mask")
    def tell(permit, channel): …                     def hide(permit, result, field): return …

An allowance is worth what is done about its obligations. So the guard asks first whether each has a handler, and denies where one has
none (`unmet_obligation`): before anything is recorded as allowed, and before people are asked to approve it. A handler of `before` runs
after the decision is on the disk and before the tool; where it raises, the tool does not run, and the outcome is `refused`. One of
`after` gets the result and gives the one that leaves; where it raises, nothing leaves, though the tool did run.

`mask` of `std.agents` is met without any code: a field of that name in the result, however deep in lists and mappings, is shown as
`"***"`. A result that is neither can't be looked into, and is withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from tenetlang.decision import Obligation
from tenetlang.frozen import field, frozen
from tenetlang.guard.arguments import field_names, plain
from tenetlang.guard.errors import GuardError

if TYPE_CHECKING:
    from tenetlang.guard.permits import Permit

Before: TypeAlias = Callable[..., object]  # type: ignore[explicit-any]  # the permit, then the arguments that the policy gives
After: TypeAlias = Callable[..., object]  # type: ignore[explicit-any]  # the permit, the result, then those arguments

HIDDEN: Final = "***"


@frozen
class Handlers:
    """Who meets which obligation, by name."""

    before: Mapping[str, Before] = field(factory=dict)
    after: Mapping[str, After] = field(factory=dict)

    def unmet(self, obligations: tuple[Obligation, ...]) -> str | None:
        """The first obligation that nobody handles."""
        for item in obligations:
            if item.name not in self.before and item.name not in self.after:
                return item.name
        return None


def with_handler(handlers: Handlers, when: str, name: str, handler: Callable[..., object]) -> Handlers:  # type: ignore[explicit-any]
    """The handlers with one more. Raises `GuardError` where there is another one already."""
    if not name:
        raise GuardError("an obligation has a name")
    table = handlers.before if when == "before" else handlers.after
    if name in table and table[name] is not mask:
        raise GuardError(f"`{name}` is met by another function already")
    changed = {**table, name: handler}
    return Handlers(changed, handlers.after) if when == "before" else Handlers(handlers.before, changed)


class CannotMask(ValueError):
    """A result that can't be looked into, so that a field of it can't be hidden."""


def mask(_: Permit, result: object, name: str) -> object:
    """The result without what a field of this name holds."""
    if not isinstance(name, str):
        raise CannotMask("the field to hide is named by text")
    return _masked(result, name, deep=False)


def _masked(value: object, name: str, *, deep: bool) -> object:
    if isinstance(value, Mapping):
        return {key: HIDDEN if key == name else _masked(item, name, deep=True) for key, item in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return [_masked(item, name, deep=True) for item in value]
    if hasattr(type(value), "_fields") or field_names(type(value)) is not None:
        return _masked(plain(value), name, deep=True)
    if deep and (value is None or isinstance(value, str | int | float | bytes)):
        return value
    if value is None:
        return None
    shown = plain(value)
    if deep and (shown is None or isinstance(shown, str | int | float)):
        return value
    raise CannotMask(f"`{name}` can't be hidden in a {type(value).__name__}")


STANDARD: Final = Handlers(after={"mask": mask})
"""What is met without code of the program's."""
