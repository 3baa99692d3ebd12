"""What programs get: JSON, SARIF and GitHub's workflow commands."""

from __future__ import annotations

import json as standard_json
from collections.abc import Callable, Iterable
from decimal import Decimal

import pytest

from tenetlang.report import github, json, sarif
from tenetlang.report.diagnostic import Diagnostic, Label
from tenetlang.report.finding import Finding
from tenetlang.report.words import describe
from tenetlang.text import Span, Text
from tests.unit.report.places import place

TEXT = Text("policies/a b.tenet", 'import std.time\n\ntest "金" {\n    call refund(amount: "20")\n}\n')
UNUSED = describe(Finding("unused-import", place(TEXT, "std.time"), {"name": "std.time"}))
MISMATCH = describe(
    Finding(
        "type-mismatch",
        place(TEXT, '"20"'),
        {"name": "amount", "expected": "decimal", "found": "string", "suggestion": "20"},
        variant="argument",
        also=(("declared", place(TEXT, "refund")),),
        rules=("r",),
        witness={"tool": "refund", "args": {"amount": Decimal("20.00")}},
    )
)


def test_json_is_one_document_with_one_line_for_each_finding() -> None:
    assert json.render([MISMATCH, UNUSED]) == (
        '{"schema_version": 1, "findings": [\n'
        '  {"check": "unused-import", "severity": "warning", "headline": "`std.time` is imported and not used", '
        '"labels": [{"file": "policies/a b.tenet", "start": [1, 8], "end": [1, 16], "says": "nothing here uses it"}], '
        '"shows": "", "facts": [], "why": [], "help": ["take the line out"], "rules": [], "witness": null},\n'
        '  {"check": "type-mismatch", "severity": "error", '
        '"headline": "the argument `amount` takes `decimal`, and this is `string`", '
        '"labels": [{"file": "policies/a b.tenet", "start": [4, 25], "end": [4, 29], "says": "this is `string`"}, '
        '{"file": "policies/a b.tenet", "start": [4, 10], "end": [4, 16], "says": "declared here"}], '
        '"shows": "", "facts": [["tool", "refund"], ["args.amount", "20.00"]], "why": [], "help": ["write `20`"], '
        '"rules": ["r"], "witness": {"tool": "refund", "args": {"amount": 20.00}}}]}\n'
    )


def test_json_of_no_findings_is_still_a_document() -> None:
    assert json.render([]) == '{"schema_version": 1, "findings": []}\n'


def test_json_is_ascii_and_gives_back_what_went_in() -> None:
    hostile = "\x1b[2J\u202e\ud800\n金"
    text = Text(hostile, hostile)
    diagnostic = Diagnostic(
        "x", "note", hostile, (Label(Span(text, 0, 1), hostile),), witness={hostile: [hostile, None]}
    )
    output = json.render([diagnostic])
    assert output.isascii()
    assert "\x1b" not in output
    assert standard_json.loads(output)["findings"][0]["witness"] == {hostile: [hostile, None]}


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), Decimal("Infinity"), {1, 2}, b"x"])
def test_json_refuses_what_is_no_json_value(value: object) -> None:
    with pytest.raises(TypeError):
        json.write({"x": value})


def test_a_decimal_is_written_with_its_digits_and_no_exponent() -> None:
    assert json.write([Decimal("1E+3"), Decimal("0.10"), True, 1 << 70]) == "[1000, 0.10, true, 1180591620717411303424]"


def test_github_gets_one_command_for_each_finding() -> None:
    assert github.render([MISMATCH, UNUSED]) == (
        "::warning file=policies/a b.tenet,line=1,endLine=1,col=8,endColumn=16,title=unused-import"
        "::`std.time` is imported and not used%0Anothing here uses it%0Ahelp: take the line out\n"
        "::error file=policies/a b.tenet,line=4,endLine=4,col=25,endColumn=29,title=type-mismatch"
        "::the argument `amount` takes `decimal`, and this is `string`%0Athis is `string`"
        "%0Apolicies/a b.tenet:4: declared here%0A  tool: refund%0A  args.amount: 20.00%0Ahelp: write `20`\n"
    )


def test_a_place_of_several_lines_has_no_columns_for_github() -> None:
    diagnostic = Diagnostic("x", "note", "headline", (Label(Span(TEXT, 0, 20)),))
    assert github.render([diagnostic]) == "::notice file=policies/a b.tenet,line=1,endLine=3,title=x::headline\n"


def test_a_policy_can_end_neither_a_command_of_github_nor_a_property_of_it() -> None:
    text = Text("a,b:c%d\n::error::e.tenet", "x")
    diagnostic = Diagnostic("x", "error", "100%\r\n::add-mask::0", (Label(Span(text, 0, 1)),))
    assert github.render([diagnostic]) == (
        "::error file=a%2Cb%3Ac%25d\\n%3A%3Aerror%3A%3Ae.tenet,line=1,endLine=1,col=1,endColumn=2,title=x"
        "::100%25\\r\\n::add-mask::0\n"
    )


def test_sarif_has_all_that_the_standard_requires() -> None:
    output = sarif.render([MISMATCH, UNUSED], version="0.1.0", page_of="Page of {}. More.".format)
    assert standard_json.loads(output) == {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "tenet",
                        "semanticVersion": "0.1.0",
                        "rules": [
                            {
                                "id": "type-mismatch",
                                "shortDescription": {"text": "Page of type-mismatch."},
                                "help": {
                                    "text": "Page of type-mismatch. More.",
                                    "markdown": "Page of type-mismatch. More.",
                                },
                                "helpUri": "docs/checks/type-mismatch.md",
                                "defaultConfiguration": {"level": "error"},
                            },
                            {
                                "id": "unused-import",
                                "shortDescription": {"text": "Page of unused-import."},
                                "help": {
                                    "text": "Page of unused-import. More.",
                                    "markdown": "Page of unused-import. More.",
                                },
                                "helpUri": "docs/checks/unused-import.md",
                                "defaultConfiguration": {"level": "warning"},
                            },
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    {
                        "ruleId": "unused-import",
                        "ruleIndex": 1,
                        "level": "warning",
                        "message": {"text": "`std.time` is imported and not used\ntake the line out"},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": "policies/a%20b.tenet", "uriBaseId": "%SRCROOT%"},
                                    "region": {"startLine": 1, "startColumn": 8, "endLine": 1, "endColumn": 16},
                                },
                                "message": {"text": "nothing here uses it"},
                            }
                        ],
                    },
                    {
                        "ruleId": "type-mismatch",
                        "ruleIndex": 0,
                        "level": "error",
                        "message": {"text": "the argument `amount` takes `decimal`, and this is `string`\nwrite `20`"},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": "policies/a%20b.tenet", "uriBaseId": "%SRCROOT%"},
                                    "region": {"startLine": 4, "startColumn": 25, "endLine": 4, "endColumn": 29},
                                },
                                "message": {"text": "this is `string`"},
                            }
                        ],
                        "relatedLocations": [
                            {
                                "id": 0,
                                "physicalLocation": {
                                    "artifactLocation": {"uri": "policies/a%20b.tenet", "uriBaseId": "%SRCROOT%"},
                                    "region": {"startLine": 4, "startColumn": 10, "endLine": 4, "endColumn": 16},
                                },
                                "message": {"text": "declared here"},
                            }
                        ],
                        "properties": {
                            "rules": ["r"],
                            "facts": [["tool", "refund"], ["args.amount", "20.00"]],
                            "witness": {"tool": "refund", "args": {"amount": 20.0}},
                        },
                    },
                ],
            }
        ],
    }


def test_sarif_takes_the_summary_of_a_check_from_its_page() -> None:
    rule = standard_json.loads(sarif.render([UNUSED]))["runs"][0]["tool"]["driver"]["rules"][0]
    assert rule["shortDescription"] == {"text": "A package is imported and nothing in the file uses it."}
    assert rule["help"]["markdown"].startswith("# unused-import\n")


def test_sarif_of_no_findings_is_a_run_without_results() -> None:
    run = standard_json.loads(sarif.render([]))["runs"][0]
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_sarif_names_an_absolute_path_as_a_file_and_escapes_it() -> None:
    absolute = Diagnostic("x", "error", "h", (Label(Span(Text("/tmp/ä#?.tenet", "x"), 0, 1)),))
    result = standard_json.loads(sarif.render([absolute]))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///tmp/%C3%A4%23%3F.tenet"}


@pytest.mark.parametrize("render", [json.render, github.render, sarif.render])
def test_every_format_gives_the_same_bytes_whatever_order_the_findings_came_in(
    render: Callable[[Iterable[Diagnostic]], str],
) -> None:
    assert render([MISMATCH, UNUSED]) == render([UNUSED, MISMATCH])
