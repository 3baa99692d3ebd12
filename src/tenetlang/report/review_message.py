"""The words of messages that ask people: a title and a text, for mail, chat, pagers and programs.

Tool, rule, reason and names may come from anybody. Each stands on one line, with everything spelled out that would act or hide
(`visible`), and is cut where it is long: a message is an invitation to look, and the inbox shows the whole.
"""

from __future__ import annotations

from typing import Literal

from tenetlang.frozen import frozen
from tenetlang.report.visible import visible

LONGEST_REASON = 500
LONGEST_NAME = 80


@frozen
class AskedOf:
    """What is asked, of whom, until when. `deadline` is RFC 3339, `afterwards` is `deny` or the reviewers who are asked next;
    `reason`, `agent` and `user` are None where they are not known, or not to be told."""

    tool: str
    rule: str
    reviewers: str
    quorum: int
    deadline: str
    afterwards: str
    reason: str | None = None
    agent: str | None = None
    user: str | None = None


def review_title(kind: Literal["asked", "reminder"], asked: AskedOf) -> str:
    """One line that says what it is about."""
    beginning = "Approval needed" if kind == "asked" else "Still waiting for approval"
    return f"{beginning}: {_named(asked.tool)} ({_named(asked.reviewers)}, until {_minute(asked.deadline)})"


def review_text(asked: AskedOf) -> str:
    """Some lines that say who wants what, and what happens if nobody answers."""
    lines: list[str] = []
    if asked.reason is not None:
        lines += [_cut(visible(asked.reason), LONGEST_REASON), ""]
    agent = "An agent" if asked.agent is None else f"Agent {_named(asked.agent)}"
    user = "" if asked.user is None else f", for {_named(asked.user)},"
    lines.append(f"{agent}{user} wants to call {_named(asked.tool)}.")
    people = "one person's approval" if asked.quorum == 1 else f"the approval of {asked.quorum} people"
    lines.append(
        f"The rule {_named(asked.rule)} asks {_named(asked.reviewers)} for {people}. Anybody asked can deny it."
    )
    after = "it is denied" if asked.afterwards == "deny" else f"{_named(asked.afterwards)} are asked"
    lines.append(f"At {_minute(asked.deadline)} the time is over, and {after}.")
    return "\n".join(lines)


def canary_title() -> str:
    """The title of a message that is sent to see whether it arrives."""
    return "Test: can reviewers be reached?"


def canary_text() -> str:
    """The text of such a message."""
    return "This is a test of the way on which reviewers are asked. Nothing is asked of you."


def _named(text: str) -> str:
    return _cut(visible(text), LONGEST_NAME)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _minute(time: str) -> str:
    """`2026-11-22T20:30:00.000000000Z` as people read it."""
    return f"{time[:10]} {time[11:16]} UTC"
