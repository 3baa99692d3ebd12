"""What attacks on the language found: each case once went wrong, and says how it must come out."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping, Sequence

import pytest

from tenetlang import pipeline
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tenetlang.project.project import standard_library
from tenetlang.report.words import describe, severity_of
from tenetlang.text import Text

NO_TOOL_FITS = "package acme.baseline\n{}\n"
TEAM = """package team
extend acme.baseline
tool send(to: list[email])
default allow
allow ok if { tool is send }
"""
CALL: Mapping[str, object] = {
    "tool": "send",
    "args": {"to": ["bob@example.com"]},
    "agent": {"id": "a"},
    "user": {"id": "u"},
    "context": {},
    "now": "2026-11-22T20:00:00Z",
    "session": {
        "id": "s",
        "labels": [],
        "calls": [{"tool": "other", "args": {"x": 1}, "verdict": "allow", "at": "2026-11-22T19:00:00Z"}],
    },
}


def compiled(*sources: str, entry: str | None = None) -> tuple[pipeline.Compiled, list[str]]:
    """The compiled files, and the headlines of their errors."""
    texts = [Text(f"{number}.tenet", source) for number, source in enumerate(sources)]
    made = pipeline.compile_texts(texts, standard_library(), entry)
    wrong = [finding for finding in made.findings if severity_of(finding) == "error"]
    return made, [describe(finding).headline for finding in wrong]


def decided(sources: Sequence[str], request: Mapping[str, object], entry: str | None = None) -> tuple[str, list[str]]:
    """The verdict and what decided it, on which both evaluators must agree to the last detail."""
    made, errors = compiled(*sources, entry=entry)
    assert not errors
    assert made.program is not None
    evaluator = Evaluator(pipeline.decision_tree(made.program), {})
    decision = evaluator.decide(request)
    assert decision.to_json() == Reference(made.program, {}, evaluator.digest).decide(request).to_json()
    return decision.verdict, list(decision.decided_by)


@pytest.mark.parametrize(
    "rule",
    [
        "deny d if { tool has @external; args.x > 1 }",
        "deny d if { tool has @external; some t in args.to; t.domain == 3 }",
        "deny d if { tool has @external; let y = args.q + 1; y > 1 }",
        "deny d if { tool has @external; every r in args.list { r.bad } }",
        "deny d if { tool has @external and some r in args.list { r.bad } }",
        "deny d if { tool has @external and args.flag }",
        'deny d if { some x in ["a"] { tool has @external; let z = args.z; z == x } }',
        'deny d if { tool has @external } because "to {args.to}"',
        "deny d if { tool has @external } unless { args.k == 1 }",
        'allow d if { tool like "github.**" } then mask(args.field)',
        'set seen contains args.n if { tool has @external }\ndeny d if { "x" in seen }',
        "let found = [args.n for x in [1, 2] if tool has @external]\ndeny d if { count(found) > 0 }",
        'let found = {[x]: args.n for x in ["a"] if tool has @external}\ndeny d if { "a" in keys(found) }',
        'deny d if { some e in session.calls; e.tool like "github.**"; (e.args.x ?? 1) == 1 }',
        "deny d if { some e in session.calls; e.tool has @external; e.args.x is present; e.args.x == 1 }",
    ],
)
def test_a_baseline_may_speak_of_tools_that_nobody_declares(rule: str) -> None:
    assert decided([NO_TOOL_FITS.format(rule), TEAM], CALL) == ("allow", ["ok"])


def test_an_arm_that_no_tool_reaches_does_not_spoil_the_others() -> None:
    baseline = "let risk = match { tool has @external => args.level; else => 3 }\ndeny risky if { risk == 3 }"
    assert decided([NO_TOOL_FITS.format(baseline), TEAM], CALL) == ("deny", ["baseline.risky"])


def test_a_counter_of_tools_outside_its_for_is_a_mistake() -> None:
    _, errors = compiled(
        "package p\ntool a(x: int)\ntool b(y: int)\ndefault deny\n"
        "for a {\n  counter n = sum(args.y) of b within 1h\n  deny d if { n > 1 }\n}\n"
    )
    assert len(errors) == 1


TOOL = "package p\ntool a(x: int)\ndefault deny\n"


@pytest.mark.parametrize(
    ("first", "step", "steps", "name"),
    [
        ("fn f0(x: int) -> int = x\n", "fn f{next}(x: int) -> int = f{this}(x) + f{this}(x)\n", 40, "`f16` may take"),
        ("fn f0(x: int) -> int = x\n", "fn f{next}(x: int) -> int = f{this}(x) + 1\n", 3000, "`f100` stands on"),
        ("let v0 = count(session.calls)\n", "let v{next} = v{this} + 1\n", 3000, "`v100` stands on"),
        ("let v0 = {{a: 1}}\n", "let v{next} = {{a: v{this}, b: v{this}}}\n", 60, "`v13` unfolds"),
        ("deny d if {{\n let v0 = {{a: 1}}\n", " let v{next} = {{a: v{this}, b: v{this}}}\n", 60, "`v13` unfolds"),
    ],
)
def test_definitions_that_double_or_never_end_are_refused(first: str, step: str, steps: int, name: str) -> None:
    chain = "".join(step.format(this=number, next=number + 1) for number in range(steps))
    end = f" v{steps} == v{steps - 1}\n}}\n" if first.startswith("deny") else ""
    _, errors = compiled(TOOL + first.format() + chain + end)
    assert name in errors[0]
    assert len(errors) < 5


ALLOWING = "package org.one\ntool send(to: list[email])\ndefault allow\n"
DENYING = "package org.two\ndefault deny\n"


@pytest.mark.parametrize("bases", ["extend org.one\nextend org.two\n", "extend org.two\nextend org.one\n"])
def test_of_the_defaults_of_several_bases_the_most_restrictive_counts(bases: str) -> None:
    team = f"package team\n{bases}allow none if {{ tool is send; count(args.to) > 9 }}\n"
    assert decided([ALLOWING, DENYING, team], CALL, "team") == ("deny", ["default"])


def test_the_default_of_a_base_that_only_watches_does_not_count() -> None:
    team = "package team\nextend org.one\nallow none if { tool is send; count(args.to) > 9 }\n"
    assert decided(["@observe\n" + ALLOWING, team], CALL, "team") == ("deny", ["default"])


PARSED = "package p\ntool a(h: host, u: url, f: path, k: string)\ndefault deny\n"


@pytest.mark.parametrize(
    "condition",
    [
        'args.h like "*.Evil.com"',
        'args.h like "*.évil.com"',
        'args.u like "https://Evil.com/**"',
        'args.u like "https://evil.com"',
        'args.u like "https://evil.com:443/**"',
        'args.f like "/etc/"',
        'args.f like "/etc//passwd"',
        'args.f like "../**"',
    ],
)
def test_a_pattern_that_no_value_has_is_a_mistake(condition: str) -> None:
    _, errors = compiled(f"{PARSED}deny d if {{ tool is a; {condition} }}\n")
    assert len(errors) == 1
    assert errors[0].startswith("no `")


@pytest.mark.parametrize(
    ("condition", "args"),
    [
        ('args.h like "**.evil-1.com"', {"h": "a.b.evil-1.com"}),
        ('args.h like "*"', {"h": "localhost"}),
        ('args.h like "**"', {"h": "a.b"}),
        ('args.u.host like "[::1]"', {"u": "http://[::1]/"}),
        ('args.f like "."', {"f": "a/.."}),
        ('args.u like "*://evil.com/**"', {"u": "https://EVIL.com"}),
        ('args.u like "https://**"', {"u": "https://evil.com"}),
        ('args.u like "**.PDF"', {"u": "https://evil.com/a.PDF"}),
        ('args.u like "https://evil.com/A//B"', {"u": "https://evil.com/A//B"}),
        ('args.u like "http://evil.com:443/"', {"u": "http://evil.com:443"}),
        ('args.f like "/"', {"f": "/"}),
        ('args.f like "**/.ssh/*"', {"f": "/home/a/.ssh/id"}),
        ('args.f like "/a/..."', {"f": "/a/..."}),
        ('args.k like "../"', {"k": "../"}),
    ],
)
def test_a_pattern_that_some_value_has_matches_it(condition: str, args: Mapping[str, str]) -> None:
    sources = [f"{PARSED}deny d if {{ tool is a; {condition} }}\n"]
    request = {"h": "x", "u": "http://x.y", "f": "x", "k": "x", **args}
    assert decided(sources, {**CALL, "tool": "a", "args": request}) == ("deny", ["d"])


@pytest.mark.parametrize(
    "token", ['"' + "a" * 500_000 + '"', '"' + "\\n" * 250_000 + '"', "1s" * 250_000, "1_1" * 150_000]
)
def test_a_long_token_takes_memory_by_its_length(token: str) -> None:
    source = f"{TOOL}let q = {token}\n"
    tracemalloc.start()
    try:
        compiled(source)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 30 * len(source)
