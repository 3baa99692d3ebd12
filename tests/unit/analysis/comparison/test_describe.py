"""Terms and regions as an author would write them."""

from __future__ import annotations

import pytest

from tenetlang import pipeline
from tenetlang.analysis.comparison.describe import Describer
from tenetlang.analysis.questions import Analysis, Scene
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.project.project import standard_library
from tenetlang.report.regions import region_words
from tenetlang.report.words import severity_of
from tenetlang.text import Text

HEADER = """\
package p
tool t(amount: decimal, n: int, to: list[email], names: set[string], team: "a" | "b" | "c", s: string, note?: string,
    who: email, from: ip, v: semver, when: time, span: duration, file: path, counts: map[string, int])
counter spent = sum(args.amount) of t by agent.id
data vendors: map[string, { id: string, limit: decimal }]
"""


def said(condition: str) -> str:
    """The words of the first region of the requests for which the condition holds."""
    text = f"{HEADER}allow r if {{\n    tool is t\n    {condition}\n}}\n"
    compiled = pipeline.compile_texts([Text("p.tenet", text)], standard_library())
    assert not [item.check for item in compiled.findings if severity_of(item) == "error"], condition
    program = compiled.program
    assert program is not None
    scene = Analysis(program, BothEvaluators(program)).scene("t")
    assert isinstance(scene, Scene)
    search = scene.searching()
    holds = scene.decided.rules[0].holds
    leaf = next(search.leaves([search.space.node(holds)]))
    return region_words(Describer((program,)).region(search.space, leaf))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("args.amount > 50.00; args.amount <= 100.00", "args.amount above 50 and up to 100"),
        ("args.amount >= 50.00; args.amount < 100.00", "args.amount at least 50 and below 100"),
        ("args.n >= 1; args.n <= 9", "args.n from 1 to 9"),
        ("args.amount < 0.50", "args.amount below 0.5"),
        ("args.n != 3", "args.n is not 3"),
        ("args.n == 3", "args.n is 3"),
        ('args.team == "a"', 'args.team is "a"'),
        ('args.team != "a"', 'args.team is not "a"'),
        ('args.s in {"x", "y"}', 'args.s is one of "x", "y"'),
        ('args.s not in {"x", "y"}', 'args.s is none of "x", "y"'),
        ("args.note is present", "args.note is there"),
        ("args.note is not present", "args.note is left out"),
        ('args.s like "a*"', 'args.s like "a*"'),
        ('not args.s matches "a+"', 'args.s not matching "a+"'),
        ('args.who.domain == "acme.com"', 'args.who.domain is "acme.com"'),
        ('"x" in args.names', 'args.names has "x"'),
        ('"x" not in args.names', 'args.names has no "x"'),
        ('some a in args.to { a.domain == "x.org" }', 'some address in args.to where address.domain is "x.org"'),
        ('every a in args.to { a.domain == "x.org" }', 'for every address in args.to address.domain is "x.org"'),
        ("count(args.to) > 2", "count(args.to) above 2"),
        ("count(args.names) == 0", "args.names has no name"),
        ('args.from in "10.0.0.0/8"', 'args.from from "10.0.0.0" to "10.255.255.255"'),
        ('args.v >= "1.2.0"', 'args.v at least "1.2.0"'),
        ("args.when < 2026-01-01", "args.when below 2026-01-01T00:00:00Z"),
        ("args.span > 1h30m", "args.span above 1h30m"),
        ('args.file like "/etc/**"', 'args.file like "/etc/**"'),
        ("spent + args.amount > 500.00", "args.amount + spent > 500"),
        ("spent + args.amount >= 500.00; spent + args.amount <= 500.00", "args.amount + spent == 500"),
        ("args.counts[args.s] is present", "args.counts[args.s] is there"),
        ("data.vendors[args.s] is present; data.vendors[args.s].limit > 5.00",
         "data.vendors[args.s].limit above 5, data.vendors[args.s] is there"),
        ('"untrusted" in session.labels', 'session.labels has "untrusted"'),
        ('origin(args.s) is present; origin(args.s).kind == "agent"',
         'origin(args.s) is there, origin(args.s).kind is "agent"'),
    ],
)  # fmt: skip
def test_a_condition_is_said_as_it_could_be_written(condition: str, words: str) -> None:
    assert sorted(said(condition).split(", ")) == sorted(words.split(", "))


def test_a_region_without_a_restriction_is_every_request() -> None:
    assert said("true") == "every request"
