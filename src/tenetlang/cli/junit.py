"""Results as JUnit XML, in the form that CI services read (one `testsuite` for each package).

XML has no way to write most control characters, not even escaped, so names pass through `visible` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from tenetlang.cli.results import AnyResult, details, outcome, title
from tenetlang.report.visible import visible


def junit_xml(results: Sequence[AnyResult]) -> str:
    """The whole document; ends with a line break."""
    packages: dict[str, list[AnyResult]] = {}
    for result in results:
        packages.setdefault(result.package, []).append(result)
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f'<testsuites name="tenet" {_counts(results)}>']
    for name, members in packages.items():
        lines.append(f"  <testsuite name={_attribute(name)} {_counts(members)}>")
        for result in members:
            lines += _case(result)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _case(result: AnyResult) -> list[str]:
    file, _, line = result.at.rpartition(":")
    place = f"file={_attribute(file)} line={_attribute(line)}"
    head = f"    <testcase classname={_attribute(result.package)} name={_attribute(title(result))} {place}"
    if outcome(result) == "passed":
        return [f"{head}/>"]
    kind = "error" if result.status == "error" else "failure"
    told = list(details(result))
    text = escape("\n".join(told))
    return [
        f"{head}>",
        f"      <{kind} message={_attribute(_message(told) or kind)}>{text}</{kind}>",
        "    </testcase>",
    ]


def _message(told: Sequence[str]) -> str:
    """The beginning of what is told, on one line: the place, what was expected and what was got."""
    return " ".join(" ".join(told[:3]).split())


def _counts(results: Sequence[AnyResult]) -> str:
    errors = sum(result.status == "error" for result in results)
    failures = sum(outcome(result) == "failed" for result in results) - errors
    return f'tests="{len(results)}" failures="{failures}" errors="{errors}"'


def _attribute(text: str) -> str:
    return quoteattr(visible(text))
