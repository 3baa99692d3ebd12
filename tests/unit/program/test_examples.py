from __future__ import annotations

from pathlib import Path

import pytest

from tenetlang.program.check import check
from tests.unit.program.policies import STDLIB, checked, library

EXAMPLES = STDLIB.parent / "examples"
LIBRARY = sorted(path.stem for path in STDLIB.glob("*.tenet"))


def test_the_program_of_the_language_document_has_no_findings() -> None:
    source = (EXAMPLES / "refunds" / "support.tenet").read_text()
    result = checked(source)
    assert result.findings == ()
    assert result.program is not None
    assert len(result.program.packages[0].rules) == 6


def test_a_policy_on_top_of_a_baseline_has_no_findings() -> None:
    sources = [path.read_text() for path in sorted(Path(EXAMPLES / "banking").glob("*.tenet"))]
    result = checked(*sources)
    assert result.findings == ()
    assert result.program is not None
    assert [package.name for package in result.program.packages] == ["bank.assistant", "bank.baseline"]


@pytest.mark.parametrize("name", LIBRARY)
def test_the_standard_library_has_no_findings(name: str) -> None:
    result = check([library(other) for other in LIBRARY], f"std.{name}")
    assert result.findings == ()


def test_whatever_is_left_of_a_policy_is_checked_without_a_crash() -> None:
    lines = (EXAMPLES / "refunds" / "support.tenet").read_text().split("\n")
    from tenetlang.report.words import describe
    from tenetlang.syntax.parse import parse
    from tenetlang.text import Text

    for left_out in range(0, len(lines), 3):
        text = "\n".join(line for number, line in enumerate(lines) if number != left_out)
        result = check([parse(Text("cut.tenet", text))[0], library("agents")])
        for finding in result.findings:
            describe(finding)
