"""The decision tree as SVG: boxes in columns from left to right, joined by curves that carry the values.

The layout is the simplest that reads well. A box's column is its depth. Leaves stand below one another in the order in which the
branches are written, and a switch stands at the middle of what it leads to. A leaf that several branches lead to is drawn
once, at the first, in the last column of those. Widths are counted in characters of a monospaced font, so no font has to be
measured. Every text is escaped; the picture has no script, no link, and loads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape

import attrs

from tenetlang.decision_tree.outline import Box

CHARACTER: Final = 7.2
LINE: Final = 18
PADDING: Final = 10
GAP: Final = 18
MARGIN: Final = 24
CURVE: Final = 48

_COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    "allow": ("#1a7f37", "#dafbe1"),
    "deny": ("#b3261e", "#ffe3e0"),
    "escalate": ("#8a5a00", "#fff1c9"),
}
_STYLE: Final = (
    "text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328}"
    ".title{font-weight:bold}.label{fill:#57606a}.dim{fill:#57606a}"
    ".switch{fill:#eef4ff;stroke:#4c6ef5}.leaf{fill:#ffffff;stroke:#afb8c1}.edge{fill:none;stroke:#8c959f}"
)


@attrs.define
class _Placed:
    """A box with its place and size."""

    box: Box
    column: int
    width: float
    height: float
    x: float = 0
    y: float = 0


@attrs.define
class _Layout:
    """The boxes by key in the order of drawing, the edges between them, and the next free height."""

    boxes: dict[str, _Placed] = attrs.field(factory=dict)
    edges: list[tuple[str, str, str]] = attrs.field(factory=list)
    free: float = MARGIN


def draw(root: Box, title: str) -> str:
    """The picture of the tree below `root`, as the text of an SVG file."""
    layout = _Layout()
    _place(layout, root, 0)
    _columns(layout)
    width = max(placed.x + placed.width for placed in layout.boxes.values()) + MARGIN
    height = layout.free - GAP + MARGIN
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
        ),
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for source, target, label in layout.edges:
        lines += _edge(layout.boxes[source], layout.boxes[target], label)
    for placed in layout.boxes.values():
        lines += _drawn(placed)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _place(layout: _Layout, box: Box, column: int) -> _Placed:
    """Give the box and all below it their heights, from top to bottom."""
    known = layout.boxes.get(box.key)
    if known is not None:
        known.column = max(known.column, column)
        return known
    texts = (box.title, *box.lines)
    width = max(len(text) for text in texts) * CHARACTER + 2 * PADDING
    placed = _Placed(box, column, width, len(texts) * LINE + PADDING)
    layout.boxes[box.key] = placed
    below: list[_Placed] = []
    for branch in box.branches:
        layout.edges.append((box.key, branch.to.key, branch.label))
        below.append(_place(layout, branch.to, column + 1))
    if below:
        middles = [item.y + item.height / 2 for item in below]
        placed.y = (min(middles) + max(middles) - placed.height) / 2
    else:
        placed.y = layout.free
        layout.free += placed.height + GAP
    return placed


def _columns(layout: _Layout) -> None:
    """Give the columns their places: each as far right of the one before as that is wide, labels included."""
    last = max(placed.column for placed in layout.boxes.values())
    x: float = MARGIN
    for column in range(last + 1):
        here = [placed for placed in layout.boxes.values() if placed.column == column]
        for placed in here:
            placed.x = x
        keys = {placed.box.key for placed in here}
        labels = [len(label) for source, _, label in layout.edges if source in keys]
        x += max((placed.width for placed in here), default=0) + max(labels, default=0) * CHARACTER + 2 * CURVE


def _edge(source: _Placed, target: _Placed, label: str) -> list[str]:
    start_x, start_y = source.x + source.width, source.y + source.height / 2
    end_x, end_y = target.x, target.y + target.height / 2
    turn = start_x + CURVE
    text_x = min(turn + 12, end_x - len(label) * CHARACTER)
    return [
        (
            f'<path class="edge" d="M{start_x:.1f} {start_y:.1f}C{turn:.1f} {start_y:.1f} {start_x:.1f} {end_y:.1f} '
            f'{turn:.1f} {end_y:.1f}L{end_x:.1f} {end_y:.1f}"/>'
        ),
        f'<text class="label" x="{text_x:.1f}" y="{end_y - 5:.1f}">{_text(label)}</text>',
    ]


def _drawn(placed: _Placed) -> list[str]:
    box = placed.box
    kind = "switch" if box.branches else "leaf"
    lines = [
        (
            f'<rect class="{kind}" x="{placed.x:.1f}" y="{placed.y:.1f}" width="{placed.width:.1f}" '
            f'height="{placed.height:.1f}" rx="6"/>'
        )
    ]
    x, y = placed.x + PADDING, placed.y + LINE - 3
    title = "title" if box.branches else "dim"
    lines.append(f'<text class="{title}" x="{x:.1f}" y="{y:.1f}">{_text(box.title)}</text>')
    for line, verdict in zip(box.lines, box.verdicts, strict=True):
        y += LINE
        if verdict:
            colour, ground = _COLOURS[verdict]
            lines.append(
                f'<rect x="{placed.x + 4:.1f}" y="{y - 13:.1f}" width="{placed.width - 8:.1f}" height="{LINE - 1}" '
                f'rx="3" fill="{ground}"/>'
            )
            lines.append(f'<text class="title" x="{x:.1f}" y="{y:.1f}" style="fill:{colour}">{_text(line)}</text>')
        else:
            indent = (len(line) - len(line.lstrip())) * CHARACTER
            lines.append(f'<text x="{x + indent:.1f}" y="{y:.1f}">{_text(line.lstrip())}</text>')
    return lines


def _text(text: str) -> str:
    """Escaped for XML, which joins spaces that are not written so."""
    return escape(text).replace("  ", "\u00a0\u00a0")
