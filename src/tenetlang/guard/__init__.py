"""The runtime's one front door: who calls a tool through it can't call it unasked, unrecorded or over a denial.

    call → scope, kill switch → facts → decision → record → the tool runs → outcome

    guard          `Guard`: opened once, asked for every call         answers      `Denied`, and what an agent may read of it
    tools          functions as tools: `@guard.tool`                  reviewing    `Escalated`, and going on once people approved
    calls          a call, and who makes it                           permits      an allowance, used once, and its outcome
    arguments      Python's values as JSON values                     obligations  what must be done for an allowance to hold
    deciding       what happens in the log's transaction              outcomes     what became of a call, recorded without fail
    scopes         the tools that an agent may ever call              switches     the kill switch

`docs/guard.md` has the promises, and the table of what can fail and what is answered then. Importing this costs next to nothing:
neither the compiler's parser, nor the command line, nor asyncio come with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenetlang.guard.answers import Denied as Denied
    from tenetlang.guard.calls import acting as acting
    from tenetlang.guard.errors import GuardError as GuardError
    from tenetlang.guard.guard import Guard as Guard
    from tenetlang.guard.permits import Permit as Permit
    from tenetlang.guard.permits import Withheld as Withheld
    from tenetlang.guard.reviewing import Escalated as Escalated

__all__ = ["Denied", "Escalated", "Guard", "GuardError", "Permit", "Withheld", "acting"]

_HOMES = {
    "Denied": "answers",
    "Escalated": "reviewing",
    "Guard": "guard",
    "GuardError": "errors",
    "Permit": "permits",
    "Withheld": "permits",
    "acting": "calls",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tenetlang.guard' has no attribute {name!r}")
    return getattr(import_module(f"tenetlang.guard.{home}"), name)
