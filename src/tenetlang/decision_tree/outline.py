"""The decision tree as boxes with lines of text, joined by labelled branches: what every way of printing it starts from."""

from __future__ import annotations

import attrs

from tenetlang.decision_tree.tree import Leaf, Node, Policy, Switch
from tenetlang.program import expression as core
from tenetlang.program.program import Rule
from tenetlang.values.faults import is_visible
from tenetlang.values.render import literal

LONGEST_LINE = 72
"""Code points of a line in a box; what is longer is cut, with an ellipsis."""


@attrs.frozen
class Branch:
    """Where the values that `label` describes lead."""

    label: str
    to: Box


@attrs.frozen
class Box:
    """A switch (with branches) or a leaf (with rules as `lines`). `verdicts` are those of the rules, line by line ("" for a
    line that is a condition). Boxes with one `key` are one."""

    key: str
    title: str
    lines: tuple[str, ...]
    verdicts: tuple[str, ...]
    branches: tuple[Branch, ...]


def outline(policy: Policy) -> Box:
    """The boxes of a policy's tree, from its root."""
    return _box(policy, policy.root, "r")


def _box(policy: Policy, node: Node, key: str) -> Box:
    match node:
        case Leaf():
            return _leaf(policy, node)
        case Switch(attribute, branches, otherwise, missing):
            joined = _joined(branches)
            boxes = [
                Branch(_cut(", ".join(literal(value) for value in values)), _box(policy, below, f"{key}.{number}"))
                for number, (values, below) in enumerate(joined)
            ]
            boxes.append(Branch(_others(policy, node), _box(policy, otherwise, f"{key}.else")))
            if missing != otherwise:
                boxes.append(Branch("absent", _box(policy, missing, f"{key}.absent")))
            return Box(key, _cut(".".join(attribute.path)), (), (), tuple(boxes))


def _others(policy: Policy, switch: Switch) -> str:
    """What the last branch is for: of tools, which are known, the names."""
    if switch.attribute.path != ("tool",):
        return "else"
    named = {value for value, _ in switch.branches}
    return _cut("else: " + ", ".join(literal(tool) for tool in sorted(policy.tools.keys() - named)))


def _joined(branches: tuple[tuple[object, Node], ...]) -> list[tuple[list[object], Node]]:
    """The branches, those that lead to the same place as one."""
    joined: dict[Node, list[object]] = {}
    for value, below in branches:
        joined.setdefault(below, []).append(value)
    return [(values, below) for below, values in joined.items()]


def _leaf(policy: Policy, leaf: Leaf) -> Box:
    rules = policy.rules
    found = [rules[candidate.rule] for position in leaf.buckets for candidate in policy.buckets[position].candidates]
    lines: list[str] = []
    verdicts: list[str] = []
    for rule in found:
        lines.append(_cut(_head(rule)))
        verdicts.append(rule.verdict)
        for condition in _conditions(rule):
            lines.append("  " + _cut(condition))
            verdicts.append("")
    if not found:
        lines, verdicts = ["no rule: the default decides"], [""]
    return Box(f"leaf {leaf.id}", f"leaf {leaf.id}", tuple(lines), tuple(verdicts), ())


def _head(rule: Rule) -> str:
    to = f" to {rule.reviewers.rpartition('.')[2]}" if rule.reviewers is not None else ""
    return f"{rule.verdict} {rule.shown_name}{to}{'  (observed)' if rule.observe else ''}"


def _conditions(rule: Rule) -> list[str]:
    """What the author wrote, but for the tool, which the branches have told."""
    texts = [step.text for step in rule.body if not _is_about_tool(step)]
    return texts + ([rule.exception_text] if rule.exception is not None else [])


def _is_about_tool(step: core.Step) -> bool:
    match step:
        case core.Condition(core.ToolIs(core.Read(("tool",)))):
            return True
        case _:
            return False


def _cut(text: str) -> str:
    """The text on one line, nothing in it invisible, not longer than `LONGEST_LINE`."""
    joined = " ".join(text.split())
    line = "".join(character if is_visible(character) else f"\\u{{{ord(character):x}}}" for character in joined)
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
