"""A glob in a document has no segments of its own: what it is used on gives it some."""

from __future__ import annotations

import functools

import pytest

from tenetlang import resources
from tenetlang.evaluator.reference import Reference
from tenetlang.pipeline import compile_texts
from tenetlang.testing.run import run_tests
from tenetlang.text import Text

LIBRARY = {
    name.removesuffix(".tenet").replace("/", "."): Text(name, content) for name, content in resources.stdlib_files()
}
POLICY = """package a

data pattern: glob
data regex: regex

tool by_path(value: path)
tool by_host(value: host)
tool by_url(value: url)
tool by_text(value: string)
tool by_regex(value: string)

allow paths if { tool is by_path; args.value like data.pattern }
allow hosts if { tool is by_host; args.value like data.pattern }
allow urls if { tool is by_url; args.value like data.pattern }
allow texts if { tool is by_text; args.value like data.pattern }
allow regexes if { tool is by_regex; args.value matches data.regex }

test "case" {
    with data.pattern = "PATTERN"
    with data.regex = "REGEX"
    call TOOL(value: "VALUE")
    expect VERDICT
}
"""


@pytest.mark.parametrize(
    "tool, pattern, value, verdict",
    [
        ("by_path", "/project/*", "/project/a", "allow"),
        ("by_path", "/project/*", "/project/a/b", "deny"),
        ("by_path", "/project/**", "/project/a/b", "allow"),
        ("by_path", "/project/*", "/project/a.b", "allow"),
        ("by_host", "*.acme.com", "api.acme.com", "allow"),
        ("by_host", "*.acme.com", "a.b.acme.com", "deny"),
        ("by_url", "https://acme.com/*", "https://acme.com/a", "allow"),
        ("by_url", "https://acme.com/*", "https://acme.com/a/b", "deny"),
        ("by_text", "/project/*", "/project/a/b", "allow"),
        ("by_regex", "/project/[a-z]+", "/project/a", "allow"),
        ("by_regex", "/project/[a-z]+", "/project/a/b", "deny"),
    ],
)
def test_a_glob_of_a_document_has_the_segments_of_what_it_is_used_on(
    tool: str, pattern: str, value: str, verdict: str
) -> None:
    glob, regex = ("*", pattern) if tool == "by_regex" else (pattern, ".*")
    filled = {"TOOL": tool, "PATTERN": glob, "REGEX": regex, "VALUE": value, "VERDICT": verdict}
    written = functools.reduce(lambda text, hole: text.replace(hole, filled[hole]), filled, POLICY)
    program = compile_texts([Text("a.tenet", written)], LIBRARY, entry="a").program
    assert program is not None
    (result,) = run_tests(program, lambda case: case.package == "a")
    assert (result.status, result.failures, result.error) == ("passed", (), "")
    reference = Reference(program, {"pattern": glob, "regex": regex}, "sha256:0")
    assert reference.decide({"tool": tool, "args": {"value": value}}).verdict == verdict
