"""Names of tests that are written for an author: what the test is about, in the author's own words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tenetlang.analysis.mutation.mutations import Change

LONGEST: Final = 90


def name_for(change: Change, owner: str) -> str:
    """The name of a test that notices the change; `owner` is the rule or definition, as it is shown."""
    about = ""
    match change.kind:
        case "comparison":
            about = f"at the edge of {change.at.source}"
        case "boundary":
            about = f"at the limit of {change.before}"
        case "condition-dropped":
            about = f"needs {change.before}"
        case "alternative-dropped":
            about = f"by {change.before}"
        case "condition-negated":
            about = f"where {change.before}"
        case "and-or":
            about = f"one part of {change.at.source}"
        case "some-every":
            about = f"{change.before}, not {change.after}"
        case "member-dropped":
            about = change.before
        case "pattern-shortened":
            about = f"close to {change.before}"
        case "exception-dropped":
            about = f"unless {_inside(change.before)}"
        case "override-dropped":
            about = f"overrides {change.before}"
        case "quorum":
            about = "are asked"
        case "verdict" | "rule-dropped":
            pass
    return shortened(f"{owner}: {about}" if about else owner)


def edge_name(owner: str, limit: str) -> str:
    """The name of a table around a limit."""
    return f"{owner}: at the limit of {limit}"


def shortened(name: str) -> str:
    """The name on one line, without quotes, and not too long."""
    plain = " ".join(name.split()).replace('\\"', "'").replace('"', "'").replace("`", "'")
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1].rstrip() + "…"


def _inside(text: str) -> str:
    """`not { x }` without its `not` and its braces."""
    inner = text.removeprefix("not").strip()
    return inner.removeprefix("{").removesuffix("}").strip() or text


def distinct(name: str, taken: Iterable[str]) -> str:
    """The name, with a number behind it where it is taken."""
    known = set(taken)
    found, number = name, 1
    while found in known:
        number += 1
        found = f"{name} ({number})"
    return found
