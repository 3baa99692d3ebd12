"""The annotations of rules and tools are data of the compiled policy."""

from __future__ import annotations

from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.json_form import to_json
from tests.sources import program_of

POLICY = """package p
@writes @team("x", 3)
tool pay(n: int)
default deny
@owner("payments") @ref("A-1", "A-2") @priority(3) @expires(2027-01-01) @audit("full") @of_the_author(true, 1.50)
allow small if { tool is pay }
"""


def test_the_compiled_policy_has_the_annotations_of_its_rules_and_tools() -> None:
    policy = build(program_of(POLICY))
    (rule,) = policy.rules
    assert {annotation.name: annotation.arguments for annotation in rule.annotations} == {
        "owner": ("payments",),
        "ref": ("A-1", "A-2"),
        "priority": (3,),
        "expires": ("2027-01-01T00:00:00Z",),
        "audit": ("full",),
        "of_the_author": (True, "1.5"),
    }
    assert [(annotation.name, annotation.arguments) for annotation in policy.tools["pay"].annotations] == [
        ("writes", ()),
        ("team", ("x", 3)),
    ]


def test_they_are_in_its_json_form() -> None:
    text = repr(to_json(build(program_of(POLICY))))
    for name in ("owner", "payments", "A-2", "2027-01-01T00:00:00Z", "of_the_author", "team"):
        assert repr(name) in text
