"""What the catalogue is made of: checks, and their words.

A template may hold `{name}` holes, which the details of a finding fill, and `{{` and `}}` for braces that are meant. A
template that begins with `?` is optional: it is left out where the finding lacks a detail that it names. Any other
hole must be filled, else `words.describe` raises `IncompleteFindingError`, because the stage that made the finding is
wrong, and not the author.

What a template says of a detail: `expected`, `found` and `what` are ideas with their article and, where they quote
source, with backticks of their own ("an expression", "`}`"). Everything else (`name`, `type`, `tool`, ...) is bare, and
the template puts it between backticks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tenetlang.frozen import field, frozen

Severity = Literal["error", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""All severities, the gravest first."""


@frozen
class Wording:
    """The words for one way in which a check speaks.

    `headline` says the matter in one line, `label` what the marked source is, `also` what each further place is, by
    its role. `shows` introduces the facts: the pairs of `facts` (a caption, a template), then the witness. `why` says in
    at most three lines what the matter means for the author. Each string of `help` is one line. `severity` is given
    only where it differs from the check's.
    """

    headline: str
    label: str = ""
    also: Mapping[str, str] = field(factory=dict)
    shows: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    why: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    severity: Severity | None = None


@frozen
class Check:
    """One check: its kebab-case name, how grave it is, and its wordings by variant (`""` is the usual one)."""

    name: str
    severity: Severity
    wordings: Mapping[str, Wording]


def check(name: str, severity: Severity = "error", /, **wordings: Wording) -> Check:
    """A check. The wording `usual` is that of the variant `""`; in other names `_` stands for `-`."""
    return Check(
        name,
        severity,
        {"" if key == "usual" else key.replace("_", "-"): wording for key, wording in wordings.items()},
    )


def merged(*stages: tuple[Check, ...]) -> Mapping[str, Check]:
    """All checks by name, in the order of their names. Raises `ValueError` where two bear one name."""
    checks = [entry for stage in stages for entry in stage]
    by_name = {entry.name: entry for entry in sorted(checks, key=lambda entry: entry.name)}
    if len(by_name) != len(checks):
        raise ValueError("two checks of the catalogue bear one name")
    return by_name
