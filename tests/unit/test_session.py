"""A session that checks again: what it takes from the check before, and what it must not."""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang.pipeline import Compiled, check_parsed, compile_texts, parse_texts
from tenetlang.program.program import Rule
from tenetlang.project.project import standard_library
from tenetlang.session import Session
from tenetlang.text import Text

LIBRARY = standard_library()
BASE = {
    "a.tenet": "package p\ntool t(x: int)\nlet _limit = 3\ndefault deny\n",
    "b.tenet": "package p\nimport std.text\nallow small if { tool is t; args.x < _limit; text.lower(agent.id) == agent.id }\n",
    "c.tenet": 'package p\ntest "one" {\n    call t(x: 1)\n    with agent = {id: "a"}\n    expect allow by small\n}\n',
    "d.tenet": "package p\ndeny large if { tool is t; args.x > 10 }\n",
}


def texts(files: Mapping[str, str]) -> list[Text]:
    return [Text(name, content) for name, content in files.items()]


def checked(session: Session, files: Mapping[str, str], entry: str | None = None) -> Compiled:
    """What the session says of the files, which is what is said of them anyway."""
    found = session.check(session.parse(session.same(texts(files))), entry)
    afresh = compile_texts(texts(files), LIBRARY, entry)
    assert repr(found.findings) == repr(afresh.findings)
    assert repr(found.program) == repr(afresh.program)
    return found


def rule(compiled: Compiled, name: str) -> Rule:
    assert compiled.program is not None
    (found,) = (rule for package in compiled.program.packages for rule in package.rules if rule.shown_name == name)
    return found


def checks(compiled: Compiled) -> list[str]:
    return [finding.check for finding in compiled.findings]


def test_rules_of_files_that_did_not_change_are_not_lowered_again() -> None:
    session = Session(LIBRARY)
    before = checked(session, BASE)
    after = checked(session, {**BASE, "d.tenet": BASE["d.tenet"].replace("10", "11")})
    assert rule(after, "small") is rule(before, "small")
    assert rule(after, "large") is not rule(before, "large")


def test_what_moves_in_a_file_with_definitions_leaves_the_other_files_alone() -> None:
    session = Session(LIBRARY)
    before = checked(session, BASE)
    after = checked(session, {**BASE, "a.tenet": BASE["a.tenet"].replace("tool", "# the tool\n\ntool")})
    assert rule(after, "small") is rule(before, "small")


def test_a_changed_definition_has_all_rules_lowered_again() -> None:
    session = Session(LIBRARY)
    before = checked(session, BASE)
    after = checked(session, {**BASE, "a.tenet": BASE["a.tenet"].replace("= 3", "= 3.0")})
    assert rule(after, "small") is not rule(before, "small")


def test_what_only_an_unchanged_rule_uses_stays_used() -> None:
    session = Session(LIBRARY)
    assert checks(checked(session, BASE)) == []
    assert checks(checked(session, {**BASE, "d.tenet": "package p\n"})) == []


def test_an_unchanged_test_notices_that_a_rule_has_another_name_or_verdict() -> None:
    session = Session(LIBRARY)
    checked(session, BASE)
    assert checks(checked(session, {**BASE, "b.tenet": BASE["b.tenet"].replace("small", "little")})) == ["bad-test"]
    assert checks(checked(session, {**BASE, "b.tenet": BASE["b.tenet"].replace("allow", "deny")})) == ["bad-test"]


def test_a_finding_follows_what_it_points_to_in_another_file() -> None:
    session = Session(LIBRARY)
    files = {**BASE, "e.tenet": "package p\nallow wrong if { tool is t; args.y > 1 }\n"}
    (first,) = checked(session, files).findings
    (second,) = checked(session, {**files, "a.tenet": BASE["a.tenet"].replace("tool", "\n\ntool")}).findings
    assert (first.also[0][1].line, second.also[0][1].line) == (2, 4)


def test_a_rule_that_goes_changes_the_order_of_those_behind_it() -> None:
    session = Session(LIBRARY)
    before = checked(session, BASE)
    after = checked(session, {**BASE, "b.tenet": "package p\n", "c.tenet": "package p\n"})
    assert (rule(before, "large").order, rule(after, "large").order) == (1, 0)


def test_each_entry_has_memories_of_its_own() -> None:
    session = Session(LIBRARY)
    files = {**BASE, "z.tenet": "package q\nextend p\ndefault deny\nallow more if { tool is t; args.x == 2 }\n"}
    alone = checked(session, files, "p")
    below = checked(session, files, "q")
    assert rule(alone, "small").shown_name == "small"
    assert rule(below, "p.small").shown_name == "p.small"
    assert checked(session, files, "p").program == alone.program


def test_the_memories_of_one_entry_are_of_no_use_to_another() -> None:
    files = {**BASE, "z.tenet": "package q\nextend p\ndefault deny\n"}
    parsed = parse_texts(texts(files), LIBRARY)
    alone = check_parsed(parsed, "p")
    below = check_parsed(parsed, "q", before=alone.memories)
    assert rule(below, "p.small").name == rule(alone, "small").name


def test_texts_that_look_alike_stay_two_texts() -> None:
    session = Session(LIBRARY)
    twice = [Text("a.tenet", "package p\n"), Text("a.tenet", "package p\n")]
    first, second = session.same(twice)
    assert first is not second
    again = session.same([Text("a.tenet", "package p\n"), Text("a.tenet", "package p\n")])
    assert again[0] is not again[1]


def test_nothing_is_kept_of_files_that_are_gone() -> None:
    session = Session(LIBRARY)
    checked(session, BASE)
    after = checked(session, {"a.tenet": BASE["a.tenet"]})
    assert after.program is not None
    assert checks(checked(session, {})) == []
