"""The tree as people see it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.print import as_mermaid, as_svg, as_text
from tenetlang.decision_tree.tree import Policy
from tenetlang.program import types as t
from tests.unit import programs as p


def policy(text: str = "args.amount > 50") -> Policy:
    amount = p.read("args.amount", t.DECIMAL)
    return build(
        p.program(
            p.package(
                p.rule("small", "allow", p.tool_is("refund")),
                p.rule(
                    "large", "escalate", p.tool_is("refund"), p.condition(p.equals(amount, 1), text), to="acme.oncall"
                ),
                p.rule(
                    "outsiders",
                    "deny",
                    p.tool_is("email.send"),
                    p.some("address", p.read("args.to", t.ListType(t.EMAIL))),
                    unless=p.steps(p.equals(p.read("agent.team"), "finance")),
                ),
            )
        )
    )


def test_text_shows_tools_then_rules_by_rank_then_what_is_left_to_test() -> None:
    assert as_text(policy()) == (
        "acme: 3 rules, 2 buckets\n"
        "tool\n"
        '├─ "email.send"\n'
        "│  leaf 0\n"
        "│     deny outsiders\n"
        "│       some address in …\n"
        "│       not { … }\n"
        '├─ "refund"\n'
        "│  leaf 1\n"
        "│     escalate large to oncall\n"
        "│       args.amount > 50\n"
        "│     allow small\n"
        '└─ else: "web.fetch"\n'
        "   leaf 2\n"
        "      no rule: the default decides\n"
    )


def test_mermaid_is_a_flowchart_with_the_same_content() -> None:
    assert as_mermaid(policy()) == (
        "flowchart LR\n"
        '    n0{{"tool"}}\n'
        '    n1["leaf 0<br/>deny outsiders<br/>  some address in …<br/>  not #123; … #125;"]\n'
        '    n0 -->|"#34;email.send#34;"| n1\n'
        '    n2["leaf 1<br/>escalate large to oncall<br/>  args.amount #62; 50<br/>allow small"]\n'
        '    n0 -->|"#34;refund#34;"| n2\n'
        '    n3["leaf 2<br/>no rule: the default decides"]\n'
        '    n0 -->|"else: #34;web.fetch#34;"| n3\n'
    )


def test_svg_is_one_well_formed_element_that_loads_nothing() -> None:
    picture = as_svg(policy())
    root = ET.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"tool", '"refund"', "deny outsiders", "args.amount > 50"} <= set(texts)
    assert "href" not in picture
    assert "<script" not in picture
    assert picture == as_svg(policy()), "the same policy, the same bytes"


def test_nothing_lies_outside_the_picture_and_no_two_leaves_overlap() -> None:
    root = ET.fromstring(as_svg(policy()))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    boxes = [
        tuple(float(element.attrib[name]) for name in ("x", "y", "width", "height"))
        for element in root.iter("{http://www.w3.org/2000/svg}rect")
        if element.get("class") in {"leaf", "switch"}
    ]
    assert len(boxes) == 4
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
    for number, (x, y, w, h) in enumerate(boxes):
        for other_x, other_y, other_w, other_h in boxes[:number]:
            assert x >= other_x + other_w or other_x >= x + w or y >= other_y + other_h or other_y >= y + h


def test_what_authors_write_can_be_no_markup() -> None:
    nasty = '</text><script>alert(1)</script> "]\n end --> ` & \u202e'
    picture, chart, lines = as_svg(policy(nasty)), as_mermaid(policy(nasty)), as_text(policy(nasty))
    ET.fromstring(picture)
    assert "<script" not in picture + chart
    assert chart.count("\n") == as_mermaid(policy()).count("\n")
    assert lines.count("\n") == as_text(policy()).count("\n")
    assert "\u202e" not in picture + chart + lines
    assert "\\u{202e}" in lines


def test_a_long_condition_is_cut() -> None:
    assert max(map(len, as_text(policy("x" * 500)).splitlines())) < 100
