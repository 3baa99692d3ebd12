"""The pipeline as one piece: texts in, findings and a program out."""

from __future__ import annotations

from tenetlang import pipeline
from tenetlang.project.project import standard_library
from tenetlang.report.words import severity_of
from tenetlang.text import Text

POLICY = """\
package shop
import std.time
tool refund(amount: decimal)
allow small if { tool is refund; args.amount < 5.00; time.now_in_hours(1) }
"""


def compiled(*sources: str, entry: str | None = None, today: str | None = None) -> pipeline.Compiled:
    texts = [Text(f"{number}.tenet", source) for number, source in enumerate(sources)]
    return pipeline.compile_texts(texts, standard_library(), entry, today)


def found(made: pipeline.Compiled) -> list[str]:
    return [finding.check for finding in made.findings]


def test_a_sound_policy_decides() -> None:
    made = compiled("package a\ntool t()\ndata on: bool\ndefault deny\nallow all if { tool is t; data.on }")
    assert made.findings == ()
    assert made.program is not None
    evaluator = pipeline.evaluator(pipeline.decision_tree(made.program), {"on": True})
    assert evaluator.decide({"tool": "t", "args": {}}).verdict == "allow"


def test_nothing_is_a_program_of_no_package() -> None:
    assert compiled().program is None
    assert compiled().files == ()


def test_standard_packages_are_taken_in_with_what_they_import_and_one_that_is_not_there_is_found() -> None:
    parsed = pipeline.parse_texts(
        [Text("a.tenet", "package a\nimport std.gone\nimport std.time\nimport x.y\n")], standard_library()
    )
    names = [file.package.text for file in parsed.standard if file.package is not None]
    assert "std.agents" in names
    assert "std.time" in names
    assert found(pipeline.check_parsed(parsed)).count("unknown-package") == 2


def test_a_mistyped_standard_package_gets_the_nearest_one_though_nothing_imports_it() -> None:
    (only,) = (
        f for f in compiled("package a\nimport std.tme\ndefault deny\n").findings if f.check == "unknown-package"
    )
    assert only.details["nearest"] == "std.time"


def test_parsed_once_a_policy_can_be_checked_for_several_entries() -> None:
    texts = [Text("a.tenet", "package a\ndefault deny"), Text("b.tenet", "package b\ndefault allow")]
    parsed = pipeline.parse_texts(texts, {})
    for entry in ("a", "b"):
        program = pipeline.check_parsed(parsed, entry).program
        assert program is not None
        assert program.entry == entry


def test_notes_are_not_made_where_the_syntax_is_broken() -> None:
    sound = "package a\ntool t()\nallow all if { tool is t }\n"
    assert "missing-default" in found(compiled(sound))
    broken = compiled(sound + "default denny\n")
    assert broken.findings
    assert [check for check in found(broken) if check == "missing-default"] == []
    assert all(severity_of(finding) != "note" for finding in broken.findings)


def test_the_day_is_known_only_where_it_is_said() -> None:
    text = "package a\ntool t()\ndefault deny\n@expires(2020-01-01)\nallow all if { tool is t }\n"
    assert found(compiled(text)) == []
    assert found(compiled(text, today="2027-01-01")) == ["expired-rule"]
