"""What two policies declare differently: one case for each thing that can differ, with its texts and its direction."""

from __future__ import annotations

import pytest

from tenetlang.analysis.comparison.declared import Change, changes
from tests.sources import program_of

HEAD = """\
package acme.shop
tool refund(amount: int, note?: string)
reviewers money { who {"ada", "zoe"}; quorum 2; within 30m; else deny }
reviewers board { who {"eve"}; quorum 1; within 1h; else deny }
obligation tell(channel: string)
data limits: map[string, int]
counter spent = sum(args.amount) of refund by agent.id within 24h
default deny
allow small if { tool is refund; args.amount < data.limits["l"]; spent < 9 } then tell("x")
escalate large to money if { tool is refund; args.amount > 9 }
escalate larger to board if { tool is refund; args.amount > 99 }
"""


def found(old: str, new: str) -> list[Change]:
    """The changes where one text of the policy is replaced by another."""
    assert old in HEAD
    return list(changes(program_of(HEAD), program_of(HEAD.replace(old, new))))


def test_two_policies_that_declare_the_same_have_no_changes() -> None:
    assert found("default deny", "default deny") == []


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        pytest.param(
            "default deny", 'default escalate to money because "ask"',
            Change("package", "acme.shop", "default", "deny", "escalate to money"), id="a default",
        ),
        pytest.param(
            "default deny", "default deny\non error escalate to board",
            Change("package", "acme.shop", "on error", "deny", "escalate to board"), id="what errors do",
        ),
        pytest.param(
            "default deny", "default deny\nresolve priority",
            Change("package", "acme.shop", "resolve", "most_restrictive", "priority"), id="how rules are weighed",
        ),
        pytest.param(
            "package acme.shop", "@observe\npackage acme.shop",
            Change("package", "acme.shop", "@observe", "no", "yes"), id="that it only observes",
        ),
        pytest.param(
            "package acme.shop", "package acme.store",
            Change("package", "acme.store", "name", "acme.shop", "acme.store"), id="its name",
        ),
        pytest.param(
            "tool refund(", "tool other(x: bool)\ntool refund(",
            Change("tool", "other", "", None, "{ x: bool }"), id="a new tool",
        ),
        pytest.param(
            "tool refund(", '@writes @returns("untrusted")\ntool refund(',
            Change("tool", "refund", "annotations", None, '@writes @returns("untrusted")'), id="what is said of a tool",
        ),
        pytest.param(
            "amount: int,", "@min(1) @max(9) amount: int,",
            Change("argument", "refund: args.amount", "", "int", "@min(1) @max(9) int"), id="bounds of an argument",
        ),
        pytest.param(
            "note?: string", '@pattern("a+") @length(1, 80) note: string',
            Change("argument", "refund: args.note", "", "string, optional", '@pattern("a+") @length(1, 80) string'),
            id="an argument that is required now",
        ),
        pytest.param(
            "note?: string", 'note?: "a" | "b"',
            Change("argument", "refund: args.note", "", "string, optional", '"a" | "b", optional'), id="a type",
        ),
        pytest.param(
            ", note?: string", "", Change("argument", "refund: args.note", "", "string, optional", None), id="an argument that is gone",
        ),
        pytest.param(
            "note?: string", "note?: string, @items(0, 3) to?: list[string]",
            Change("argument", "refund: args.to", "", None, "@items(0, 3) list[string], optional"), id="a new argument",
        ),
        pytest.param(
            "quorum 2", "quorum 1", Change("reviewers", "money", "quorum", "2", "1", "weaker"), id="fewer must agree",
        ),
        pytest.param(
            '{"eve"}; quorum 1', '{"eve", "bob"}; quorum 2', Change("reviewers", "board", "quorum", "1", "2", "stricter"), id="more must agree",
        ),
        pytest.param(
            '{"eve"}', '{"eve", "bob"}', Change("reviewers", "board", "who", '{"eve"}', '{"eve", "bob"}', "unclear"), id="who is asked",
        ),
        pytest.param(
            "of refund by agent.id within 24h", "of refund by agent.id",
            Change("counter", "spent", "within", "1d", "all time", "unclear"), id="the window of a counter",
        ),
        pytest.param(
            "of refund by agent.id within", "of refund within",
            Change("counter", "spent", "by", "agent.id", "everybody", "unclear"), id="whose calls are counted",
        ),
        pytest.param(
            "sum(args.amount) of", "count() of",
            Change("counter", "spent", "what is counted", "sum(args.amount)", "count()", "unclear"), id="what is counted",
        ),
        pytest.param(
            "within 24h\n", "within 24h if { args.amount > 1 }\n",
            Change("counter", "spent", "conditions", "none", "args.amount > 1", "unclear"), id="which calls are counted",
        ),
        pytest.param(
            "counter spent", "counter other = count() of refund\ncounter spent",
            Change("counter", "other", "", None, "counted"), id="a new counter",
        ),
        pytest.param(
            "data limits: map[string, int]", "data limits: map[string, int]\ndata names: set[string]",
            Change("data", "acme.shop.names", "", None, "set[string]"), id="a new document",
        ),
        pytest.param(
            "reviewers board", 'reviewers others { who {"x"}; within 1h }\nreviewers board',
            Change("reviewers", "others", "", None, "there"), id="new reviewers",
        ),
    ],
)  # fmt: skip
def test_what_is_declared_differently_is_said(old: str, new: str, wanted: Change) -> None:
    assert wanted in found(old, new)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        pytest.param(
            "within 30m; else deny", "within 30m; else escalate to board",
            Change("reviewers", "money", "else", "deny", "escalate to board", "weaker"), id="what comes after them",
        ),
        pytest.param(
            "within 1h;", "within 2h;", Change("reviewers", "board", "within", "1h", "2h"), id="by when",
        ),
        pytest.param(
            "within 1h;", 'within 1h; notify "email", "inbox";',
            Change("reviewers", "board", "notify", "nobody", "email, inbox"), id="how they are told",
        ),
        pytest.param(
            "tell(channel: string)", "tell(channel: string, loud?: bool)",
            Change("obligation", "tell", "", "channel: string", "channel: string, loud: bool, optional"), id="an obligation",
        ),
        pytest.param(
            "obligation tell", "obligation stamp()\nobligation tell",
            Change("obligation", "stamp", "", None, "without arguments"), id="a new obligation",
        ),
    ],
)  # fmt: skip
def test_what_people_are_asked_and_callers_must_do_differently_is_said(old: str, new: str, wanted: Change) -> None:
    assert wanted in found(old, new)


def test_reviewers_after_whom_nobody_is_asked_any_more_are_stricter() -> None:
    chained = HEAD.replace("within 30m; else deny", "within 30m; else escalate to board")
    (change,) = changes(program_of(chained), program_of(HEAD))
    assert (change.part, change.direction) == ("else", "stricter")


def test_facts_differ_field_by_field() -> None:
    old = 'package a\nrequest agent: { id: string, team: string }\nrequest risk: int\nallow x if { agent.team == "a"; risk > 1 }'
    new = 'package a\nrequest agent: { id: string, team?: string }\nrequest level: int\nallow x if { agent.id == "a"; level > 1 }'
    assert list(changes(program_of(old), program_of(new))) == [
        Change("fact", "agent.team", "", "string", "string, optional"),
        Change("fact", "level", "", None, "int, required"),
        Change("fact", "risk", "", "int, required", None),
    ]


def test_a_package_that_takes_part_or_no_longer_does_is_said() -> None:
    base = "package base\ntool t(x: int)\ndeny a if { tool is t; args.x > 1 }"
    alone = "package own\ntool u(x: int)\ndefault deny\nallow b if { tool is u }"
    with_base = "package own\nextend base\ndefault deny\nallow b if { tool is t }"
    found = list(changes(program_of(alone), program_of(with_base, base, entry="own")))
    assert Change("package", "base", "taking part", None, "deciding") in found
    back = list(changes(program_of(with_base, base, entry="own"), program_of(alone)))
    assert Change("package", "base", "taking part", "deciding", None) in back
