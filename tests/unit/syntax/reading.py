"""How these tests read a piece of Tenet."""

from __future__ import annotations

from tenetlang.report.finding import Finding
from tenetlang.syntax.parse import parse
from tenetlang.syntax.tree import Block, Condition, Declaration, Expression, LetDeclaration, RuleDeclaration
from tenetlang.text import Text


def declarations(source: str) -> tuple[Declaration, ...]:
    """The declarations of a package, which has no mistakes."""
    file, findings = parse(Text("test.tenet", f"package test\n{source}\n"))
    assert not findings, [(finding.check, finding.variant, finding.details) for finding in findings]
    return file.declarations


def declaration(source: str) -> Declaration:
    """The only declaration."""
    (only,) = declarations(source)
    return only


def expression(source: str) -> Expression:
    """The value of a `let`."""
    only = declaration(f"let it = {source}")
    assert isinstance(only, LetDeclaration)
    return only.value


def body(source: str) -> Block:
    """The conditions of a rule."""
    only = declaration(f"allow it if {{{source}}}")
    assert isinstance(only, RuleDeclaration)
    return only.body


def condition(source: str) -> Expression:
    """The only condition of a rule."""
    (only,) = body(f" {source} ")
    assert isinstance(only, Condition)
    return only.expression


def findings(source: str) -> list[Finding]:
    """What is wrong with a package."""
    return list(parse(Text("test.tenet", f"package test\n{source}\n"))[1])


def finding(source: str) -> Finding:
    """The only thing that is wrong."""
    (only,) = findings(source)
    return only


def checks(source: str) -> list[tuple[str, str]]:
    """The checks that find something, each with what its label covers."""
    return [(found.check, found.at.source) for found in findings(source)]
