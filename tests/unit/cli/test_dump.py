from __future__ import annotations

from decimal import Decimal

import attrs

from tenetlang.cli.dump import DEEPEST, dump_json, dump_lines
from tenetlang.text import Span, Text

TEXT = Text("a.tenet", "allow x if {\n    args.y <= 1.50\n}\n")


@attrs.frozen
class Compare:
    left: str
    right: object
    at: Span


@attrs.frozen
class Rule:
    name: str
    body: tuple[object, ...]
    tools: frozenset[str]
    annotations: tuple[object, ...]
    facts: dict[str, object]
    at: Span


RULE = Rule(
    "x\x1b[2J",
    (Compare("y", Decimal("1.50"), Span(TEXT, 17, 31)), None),
    frozenset({"b", "a"}),
    (),
    {"k": ("one", "two")},
    Span(TEXT, 0, 33),
)


def test_a_node_is_its_class_its_place_and_its_fields() -> None:
    assert [line.replace(" " * 60, "   ") for line in dump_lines(RULE)] == [
        "Rule" + " " * 24 + "   a.tenet:1:1",
        'name: "x\\u001b[2J"',
        "body:",
        "  - Compare" + " " * 17 + "   a.tenet:2:5",
        '    left: "y"',
        "    right: 1.50",
        "  - None",
        'tools: {"a", "b"}',
        "facts:",
        '  k: ["one", "two"]',
    ]


def test_the_same_as_json() -> None:
    assert dump_json(RULE) == {
        "is": "Rule",
        "at": {"file": "a.tenet", "start": [1, 1], "end": [3, 2]},
        "name": "x\x1b[2J",
        "body": [
            {
                "is": "Compare",
                "at": {"file": "a.tenet", "start": [2, 5], "end": [2, 19]},
                "left": "y",
                "right": "1.50",
            },
            None,
        ],
        "tools": ["a", "b"],
        "annotations": [],
        "facts": {"k": ["one", "two"]},
    }


def test_what_nests_without_end_is_cut() -> None:
    value: object = "core"
    for _ in range(5 * DEEPEST):
        value = Compare("x", (value, None), Span(TEXT, 0, 1))
    assert "…" in dump_lines(value)[-1] or any(line.endswith("…") for line in dump_lines(value))
    assert "core" not in str(dump_json(value))
