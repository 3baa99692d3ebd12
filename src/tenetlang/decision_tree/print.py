"""The decision tree for people: as text, and as a Mermaid flowchart. (`drawing.py` draws it as SVG.)

All three show the same: which value of which attribute leads where, and for each leaf its rules by rank with the conditions
that are left to test, in the author's words. `as_outline` makes that once, as nested lines.
"""

from __future__ import annotations

import attrs

from tenetlang.decision_tree.drawing import draw
from tenetlang.decision_tree.outline import Box, outline
from tenetlang.decision_tree.tree import Policy

__all__ = ["as_mermaid", "as_svg", "as_text"]


def as_text(policy: Policy) -> str:
    """The tree as indented lines, branches with their values, rules with their verdicts and conditions."""
    lines = [f"{policy.entry}: {_count(len(policy.rules), 'rule')}, {_count(len(policy.buckets), 'bucket')}"]
    _text(outline(policy), "", "", lines)
    return "\n".join(lines) + "\n"


def _text(box: Box, first: str, indent: str, lines: list[str]) -> None:
    lines.append(f"{first}{box.title}")
    for line in box.lines:
        lines.append(f"{indent}{'│  ' if box.branches else '   '}{line}".rstrip())
    for position, branch in enumerate(box.branches):
        last = position == len(box.branches) - 1
        lines.append(f"{indent}{'└─' if last else '├─'} {branch.label}")
        below = indent + ("   " if last else "│  ")
        _text(branch.to, f"{below}└─ " if branch.to.branches else below, below, lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


# ------------------------------------------------------------------------------------------------------------ mermaid


@attrs.define
class _Numbering:
    """Numbers for the nodes of a chart; a leaf that several branches lead to is one node."""

    known: dict[str, int] = attrs.field(factory=dict)
    lines: list[str] = attrs.field(factory=list)
    next: int = 0


def as_mermaid(policy: Policy) -> str:
    """The tree as a Mermaid flowchart, left to right."""
    numbering = _Numbering()
    _mermaid(outline(policy), numbering)
    return "\n".join(["flowchart LR", *numbering.lines]) + "\n"


def _mermaid(box: Box, numbering: _Numbering) -> int:
    if box.key in numbering.known:
        return numbering.known[box.key]
    number = numbering.known[box.key] = numbering.next
    numbering.next += 1
    content = "<br/>".join(_escaped(line) for line in (box.title, *box.lines))
    shape = ("{{", "}}") if box.branches else ("[", "]")
    numbering.lines.append(f'    n{number}{shape[0]}"{content}"{shape[1]}')
    for branch in box.branches:
        below = _mermaid(branch.to, numbering)
        numbering.lines.append(f'    n{number} -->|"{_escaped(branch.label)}"| n{below}')
    return number


def _escaped(text: str) -> str:
    """Text as Mermaid takes it in quotes: what it or HTML would read as its own is written by number."""
    return "".join(
        character if character.isalnum() or character in " ._,:=!+-/()…│≤≥≠∈∉" else f"#{ord(character)};"
        for character in text
    )


def as_svg(policy: Policy) -> str:
    """The tree as a picture that needs nothing else: one SVG element, laid out left to right."""
    return draw(outline(policy), policy.entry)
