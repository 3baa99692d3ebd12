"""Findings as SARIF 2.1.0 (OASIS standard of 27 March 2020), which code scanning services read.

One run, whose driver lists the checks that were raised, each with its page as help. Columns count code points and end
behind the last one, as SARIF's do. The main label is the location, further labels are related locations; the author's
rules and the witness are in the result's properties. Paths are relative to `%SRCROOT%` unless they are absolute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from tenetlang.report.catalogue import CATALOGUE
from tenetlang.report.diagnostic import Diagnostic, Label, ordered
from tenetlang.report.explain import page
from tenetlang.report.json import write

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
PAGES = "docs/checks/"
"""Where the pages of the checks are, from the top of the repository, unless the caller knows an address for them."""


def render(
    diagnostics: Iterable[Diagnostic],
    *,
    version: str = "",
    pages: str = PAGES,
    page_of: Callable[[str], str | None] = page,
) -> str:
    """The log as one line of JSON, with its line break.

    `version` is tenetlang's own, left out if empty. `pages` is the address below which a check's page is `NAME.md`, and
    `page_of` gives the page itself.
    """
    listed = ordered(diagnostics)
    checks = sorted({diagnostic.check for diagnostic in listed})
    driver: dict[str, object] = {
        "name": "tenet",
        **({"semanticVersion": version} if version else {}),
        "rules": [_rule(name, pages, page_of) for name in checks],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, checks.index(diagnostic.check)) for diagnostic in listed],
    }
    return write({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(name: str, pages: str, page_of: Callable[[str], str | None]) -> Mapping[str, object]:
    known = CATALOGUE.get(name)
    text = page_of(name) or name
    return {
        "id": name,
        "shortDescription": {"text": _first_sentence(text)},
        "help": {"text": text, "markdown": text},
        "helpUri": f"{pages}{quote(name)}.md",
        "defaultConfiguration": {"level": known.severity if known else "error"},
    }


def _first_sentence(text: str) -> str:
    """The first paragraph of a page that is neither its title nor its severity, up to the end of its first sentence."""
    for paragraph in text.split("\n\n"):
        if not paragraph.startswith(("#", "**")):
            sentence, dot, _ = " ".join(paragraph.split()).partition(". ")
            return sentence + dot.strip()
    return text


def _result(diagnostic: Diagnostic, index: int) -> Mapping[str, object]:
    main, *others = diagnostic.labels
    message = "\n".join([diagnostic.headline, *diagnostic.why, *diagnostic.help])
    properties: dict[str, object] = {}
    if diagnostic.rules:
        properties["rules"] = list(diagnostic.rules)
    if diagnostic.facts:
        properties["facts"] = [list(fact) for fact in diagnostic.facts]
    if diagnostic.witness is not None:
        properties["witness"] = diagnostic.witness
    if diagnostic.documents:
        properties["documents"] = diagnostic.documents
    return {
        "ruleId": diagnostic.check,
        "ruleIndex": index,
        "level": diagnostic.severity,
        "message": {"text": message},
        "locations": [_location(main)],
        **({"relatedLocations": [_location(label, number) for number, label in enumerate(others)]} if others else {}),
        **({"properties": properties} if properties else {}),
    }


def _location(label: Label, number: int | None = None) -> Mapping[str, object]:
    span = label.span
    end_line, end_column = span.text.position(span.end)
    region: dict[str, object] = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": end_line,
        "endColumn": end_column,
    }
    return {
        **({} if number is None else {"id": number}),
        "physicalLocation": {"artifactLocation": _artifact(span.text.name), "region": region},
        **({"message": {"text": label.says}} if label.says else {}),
    }


def _artifact(name: str) -> Mapping[str, object]:
    path = quote(name.replace("\\", "/").encode("utf-8", "surrogatepass"), safe="/")
    if path.startswith("/"):
        return {"uri": f"file://{path}"}
    return {"uri": path, "uriBaseId": "%SRCROOT%"}
