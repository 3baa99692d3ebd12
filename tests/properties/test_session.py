"""A session says and makes what a check from scratch does, whatever is edited, in whatever order.

A project of several packages is edited at random: words are put in other words' place, lines and declarations go, come twice or
move to another file, files are renamed, go and come back, or are put back to how they were. After each edit the session's
findings and program are compared with those of a compilation that knows nothing, down to the last place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tenetlang.decision_tree.json_form import digest
from tenetlang.pipeline import Compiled, compile_texts, decision_tree
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.report.finding import Finding
from tenetlang.report.words import severity_of
from tenetlang.session import Session
from tenetlang.text import Text

LIBRARY = standard_library()

PROJECT = {
    "base.tenet": """@observe
package acme.base
import std.text

type level = "low" | "high"
request agent: { id: string, team: string, level: level, roles: set[string] }
data groups: map[string, set[string]]
obligation watermark(text: string)
default deny because "nothing allows it"

reviewers desk { who data.groups["desk"] ?? {"lead"}; within 30m; else deny }

fn external(address: string) -> bool = not text.ends_with(address, "@acme.com")
let trusted = agent.level == "high"

@overridable
deny strangers if { agent.team == "none" }
""",
    "main.tenet": """package acme.main
extend acme.base
import std.time as when

on error escalate to base.desk
let limit = match {
    agent.level == "high" => 100.00
    else => 20.00
}
let _hidden = 1.0
let _most = 90.00
set teams contains agent.team if { agent.team != "none" }
""",
    "refunds.tenet": """package acme.main
import std.text

tool refund(customer: string, amount: decimal, note: string?)

allow small if {
    tool is refund
    args.amount <= limit
    agent.team in teams
} because "{args.amount} is small"

@owner("payments")
escalate large to base.desk if { tool is refund; args.amount > limit } unless { base.trusted }
allow known overrides base.strangers if { tool is refund; args.amount < _most; let note = args.note ?? ""; text.starts_with(note, "ok") }
  then watermark("seen")

test "small is fine" for amount, expected in [(10.00, allow), (20.01, escalate)] {
    call refund(customer: "c", amount: amount)
    with agent = {id: "a", team: "t", level: "low", roles: {}}
    with data.groups = {}
    expect expected
}
never "large without people" { verdict is allow; tool is refund; args.amount > 1000.00; not ("small" in decided_by) }
""",
    "mail.tenet": """package acme.main

tool mail.send(to: list[email], body: string)
counter sent = count() of mail.send by agent.id within 24h

for mail.send {
    let outside = some address in args.to { base.external(to_string(address)) }
    deny outsiders if { outside; sent >= 3 }
    allow inside if { not outside; sent < 10 } then watermark("mail")
}
deny shout if { tool is mail.send; let unused = 1; args.body == "HELP" }

test "inside" {
    call mail.send(to: ["a@acme.com"], body: "x")
    with agent = {id: "a", team: "t", level: "low", roles: {"r"}}
    expect allow by inside
}
""",
    "other.tenet": """package acme.other
extend acme.main

tool look(id: string)
default deny
allow looking if { tool is look; args.id matches "[a-z]+"; main.limit >= 20.0 }
test "looking" {
    call look(id: "a")
    with agent = {id: "a", team: "t", level: "low", roles: {}}
    expect allow by looking
}
""",
}
WORDS = sorted(
    {word for content in PROJECT.values() for word in re.findall(r"[A-Za-z_.]+|[0-9.]+|[^\sA-Za-z_.0-9]", content)}
)
_WORD = re.compile(r"[A-Za-z_.]+|[0-9.]+|[^\sA-Za-z_.0-9]")

Files = dict[str, str]


@st.composite
def edits(draw: st.DrawFn, files: Files) -> Files:
    """The files after one edit."""
    name = draw(st.sampled_from(sorted({*files, *PROJECT})))
    content = files.get(name)
    original = PROJECT.get(name, content)
    if content is None:
        return {**files, name: original or ""}
    kind = draw(
        st.sampled_from(("word", "word", "word", "line", "block", "twice", "move", "rename", "drop", "reset", "space"))
    )
    lines = content.split("\n")
    blocks = content.split("\n\n")
    at = draw(st.integers(0, max(0, len(lines) - 1)))
    block = draw(st.integers(0, max(0, len(blocks) - 1)))
    other = draw(st.sampled_from(sorted(files)))
    match kind:
        case "word":
            words = list(_WORD.finditer(content))
            if words:
                found = words[draw(st.integers(0, len(words) - 1))]
                content = content[: found.start()] + draw(st.sampled_from(WORDS)) + content[found.end() :]
        case "line":
            content = "\n".join(lines[:at] + lines[at + 1 :])
        case "block":
            content = "\n\n".join(blocks[:block] + blocks[block + 1 :])
        case "twice":
            content = content.rstrip("\n") + "\n\n" + blocks[block] + "\n"
        case "move":
            moved = {**files, name: "\n\n".join(blocks[:block] + blocks[block + 1 :])}
            return {**moved, other: moved[other].rstrip("\n") + "\n\n" + blocks[block] + "\n"}
        case "rename":
            return {(f"a{key}" if key == name else key): value for key, value in files.items()}
        case "drop":
            return {key: value for key, value in files.items() if key != name}
        case "reset":
            content = original or ""
        case _:
            content = content.replace("\n", "\n\n", 1)
    return {**files, name: content}


def shown(findings: Sequence[Finding]) -> list[tuple[object, ...]]:
    """Findings with all that can be told from them."""
    return [
        (
            repr(found),
            found.at.text.name,
            found.at.text.content,
            *((at.text.name, at.text.content) for _, at in found.also),
        )
        for found in findings
    ]


def places(program: Program) -> list[tuple[str, str]]:
    """The texts to which the parts of a program point."""
    rules = [rule for package in program.packages for rule in package.rules]
    spans = [rule.at for rule in rules] + [step.at for rule in rules for step in rule.body]
    spans += [case.at for case in program.tests] + [claim.at for claim in program.claims]
    return [(at.text.name, at.text.content) for at in spans]


def same(one: Compiled, other: Compiled) -> None:
    """Nothing can tell the two apart."""
    assert shown(one.findings) == shown(other.findings)
    assert [repr(file) for file in one.files] == [repr(file) for file in other.files]
    assert repr(one.program) == repr(other.program)
    if one.program is not None and other.program is not None:
        assert places(one.program) == places(other.program)
        if not any(severity_of(finding) == "error" for finding in one.findings):
            assert digest(decision_tree(one.program)) == digest(decision_tree(other.program))


@given(st.data())
def test_a_session_gives_what_a_check_from_scratch_gives_after_any_edits(data: st.DataObject) -> None:
    session = Session(LIBRARY)
    files: Files = dict(PROJECT)
    entries = (None, "acme.main", "acme.other")
    for _ in range(data.draw(st.integers(1, 8))):
        texts = session.same([Text(name, content) for name, content in files.items()])
        parsed = session.parse(texts)
        today = data.draw(st.sampled_from((None, "2027-01-01")))
        for entry in data.draw(st.lists(st.sampled_from(entries), min_size=1, max_size=2, unique=True)):
            afresh = [Text(name, content) for name, content in files.items()]
            same(session.check(parsed, entry, today), compile_texts(afresh, LIBRARY, entry, today))
        files = data.draw(edits(files))


def test_the_project_that_is_edited_is_sound() -> None:
    texts = [Text(name, content) for name, content in PROJECT.items()]
    for entry in ("acme.main", "acme.other"):
        compiled = compile_texts(texts, LIBRARY, entry)
        assert [finding for finding in compiled.findings if severity_of(finding) == "error"] == []
