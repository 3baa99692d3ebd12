"""Policies of a few lines, and what is found in them."""

from __future__ import annotations

from tenetlang import pipeline
from tenetlang.analysis.findings.desk import Wanted
from tenetlang.analysis.findings.examine import Examined
from tenetlang.project.project import standard_library
from tenetlang.report.finding import Finding
from tenetlang.report.words import severity_of
from tests.conformance.cases import texts_of

HEAD = """\
package example
tool refund(amount: decimal, currency: "USD" | "EUR", parts: int, note?: string)
@external
tool post(body: string, @min(0) @max(100) size: int)
default deny
"""


def examined(rules: str, wanted: Wanted | None = None, head: str = HEAD) -> Examined:
    """What is found in these rules, behind some tools and a default."""
    texts = texts_of("a.tenet", head + rules)
    made = pipeline.compile_texts(texts, standard_library())
    assert made.program is not None
    errors = [finding for finding in made.findings if severity_of(finding) == "error"]
    assert not errors, errors
    return pipeline.examined(made.program, texts, wanted)


def found(
    rules: str, wanted: Wanted | None = None, head: str = HEAD, without: str = "always-denied-tool"
) -> list[Finding]:
    """The findings; without those of one check that most short policies raise."""
    return [finding for finding in examined(rules, wanted, head).findings if finding.check != without]


def told(rules: str, wanted: Wanted | None = None, head: str = HEAD) -> list[tuple[str, ...]]:
    """Of each finding its check, with its variant, and the rules that it is about."""
    return [
        (f"{finding.check}{'.' if finding.variant else ''}{finding.variant}", *finding.rules)
        for finding in found(rules, wanted, head)
    ]
