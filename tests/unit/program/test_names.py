from __future__ import annotations

import time

from tests.unit.program.policies import TOOLS, assert_marked, checked, program


def test_names_that_stand_for_nothing() -> None:
    assert_marked(
        TOOLS
        + """
let limit = 5.00
fn doubled(x: decimal) -> decimal = x * 2
type Wrong = Strin ## error[unknown-name]
data allowed: set[string]
allow a if {
    tool is refund
    args.amount <= limt ## error[unknown-name]
    args.amount <= limit
}
allow b if { tool is refund; args.amount <= double(1.00) } ## error[unknown-name]
allow c if { tool is refund; args.amount <= doubled(1.00) }
allow d if { tool is refund; args.customer in data.allow } ## error[unknown-name]
allow e if { tool is refund; args.customer in data.allowed }
allow f if { tool is refund; agent.nme ?? "x" == "x" } ## error[unknown-field]
escalate g to nobody if { tool is refund } ## error[unknown-name]
allow h if { tool is refund; args.customer == other.name } ## error[unknown-name]
allow i if { tool has @extrnal } ## error[unknown-name]
allow j if { tool has @external; "a" in session.labels }
"""
    )


def test_a_name_is_declared_once() -> None:
    assert_marked(
        TOOLS
        + """
let a = 1
let a = 2 ## error[duplicate-name]
set s contains 1 if { agent.id == "a" }
set s contains 2 if { agent.id == "b" }
type T = { x: int, x: int } ## error[duplicate-name]
tool refund(amount: int) ## error[duplicate-name]
tool other(amount: int)
fn count(x: int) -> int = x ## error[duplicate-name]
request tool: string ## error[duplicate-name]
data d: int
data d: int ## error[duplicate-name]
allow r if { tool is other }
deny r if { tool is other } ## error[duplicate-name]
deny m if { tool is other; {"a": 1, "a": 2} == {"b": 1} } ## error[duplicate-name]
"""
    )


def test_the_same_tool_declared_alike_in_two_packages_is_one_tool() -> None:
    one = "package one\ntool t(a: int)\n"
    two = "package two\nimport one\ntool t(a: int)\ndefault deny\nallow x if { tool is t; args.a == 1 }"
    assert_marked(one, two)
    assert_marked(one, two.replace("tool t(a: int)", "tool t(a: string)", 1).replace("args.a == 1", "true")
                  .replace("\ndefault", " ## error[duplicate-name]\ndefault"))  # fmt: skip


def test_what_is_hidden_is_said() -> None:
    assert_marked(
        TOOLS
        + """
let limit = 5.00
deny a if {
    some x in session.labels
    some x in session.calls ## error[shadowed-name]
    x.tool is refund
}
deny b if {
    some limit in session.labels ## error[shadowed-name]
    limit == "a"
}
deny c if {
    some agent in session.labels ## error[shadowed-name]
    agent == "a"
}
deny d if {
    some label in session.labels
    label == "a"
}
fn f(limit: int) -> int = limit ## error[shadowed-name]
"""
    )


def test_private_names_stay_in_their_package() -> None:
    base = """package base
let _hidden = 1
let shown = _hidden
fn _f() -> int = 2
fn g() -> int = _f()
"""
    assert_marked(
        base,
        """package top
import base
default deny
deny a if { base._hidden == 1 } ## error[private-name]
deny b if { base.shown == 1 }
deny c if { base._f() == 1 } ## error[private-name]
deny d if { base.g() == 1 }
deny e if { base.shwn == 1 } ## error[unknown-name]
""",
    )


def test_what_is_never_used_is_said() -> None:
    assert_marked(
        "package words\nlet x = 1\n",
        "package more\nlet y = 1\n",
        "package tools\ntool t(a: int)\n",
        """package top
import words ## warning[unused-import]
import more
import tools
import std.agents
import more as again
import more ## warning[unused-import]
default deny
let _unused = 1 ## warning[unused-definition]
let _used = more.y + again.y
type _Gone = int ## warning[unused-definition]
fn f(a: int, _b: int) -> int = a
fn g(a: int) -> int = 1 ## warning[unused-definition]
deny r if {
    tool is t
    let lost = 3 ## warning[unused-definition]
    let kept = 3
    kept == _used
}
""",
    )


def test_packages_that_are_not_there_and_circles() -> None:
    assert_marked("package a\nimport no.such ## error[unknown-package]\ndefault deny\ndeny x if { such.y == 1 }")
    assert_marked("package a\nimport a ## error[import-cycle]\ndefault deny\ndeny x if { 1 == 2 }")
    assert_marked(
        "package a\nimport b\nlet x = b.y\ndefault deny\n",
        "package b\nimport a ## error[import-cycle]\nlet y = 1\nlet z = a.x\n",
        entry="a",
    )


def test_which_package_decides_is_no_second_mistake_of_a_circle() -> None:
    assert_marked(
        "package a\nimport b\nlet x = b.y\n",
        "package b\nimport a ## error[import-cycle]\nlet y = 1\nlet z = a.x\n",
    )
    assert_marked(
        "package a\nimport bb ## error[unknown-package]\ndefault deny\n",
        "package b\nlet y = 1\n",
    )


def test_definitions_may_not_wait_for_themselves() -> None:
    assert_marked(
        TOOLS
        + """
let a = b + 1 ## error[recursion]
let b = a + 1
let c = a + 1
fn f(x: int) -> int = f(x) ## error[recursion]
fn g(x: int) -> int = h(x) ## error[recursion]
fn h(x: int) -> int = g(x)
type T = { next: list[T] } ## error[recursion]
type U = { next: V }
type V = { next: int }
set s contains x if { some x in s } ## error[recursion]
counter k = count() of refund if { k > 1 } ## error[recursion]
"""
    )


def test_a_long_chain_of_definitions_is_no_circle() -> None:
    chain = "\n".join(f"let x{n} = x{n + 1} + 1" for n in range(90))
    result = checked(f"package a\ndefault deny\n{chain}\nlet x90 = 1\ndeny r if {{ x0 == 1 }}")
    assert result.findings == ()


def test_types_that_unfold_without_end_are_refused() -> None:
    doubling = "\n".join(f"type T{n} = {{ a: T{n + 1}, b: T{n + 1} }}" for n in range(40))
    result = checked(f"package a\ndefault deny\n{doubling}\ntype T40 = int\ndata d: T0\n")
    assert {finding.check for finding in result.findings} == {"recursion"}


def test_which_package_decides() -> None:
    assert_marked("package a ## error[several-entries]\ndefault deny\n", "package b\ndefault deny\n")
    assert_marked("package a\ndefault deny\nlet y = 1\n", "package b\nimport a\nlet x = a.y\n", entry="a")
    assert_marked("package a ## error[no-entry]\ndefault deny\n", entry="c")
    assert checked("package a\ndefault deny\n", "package b\n", entry="b").program is not None


def test_no_file_with_a_package_gives_no_program() -> None:
    from tenetlang.program.check import check

    assert check([]).program is None


def test_another_packages_names_are_written_after_its_word() -> None:
    found = program(
        'package acme.baseline\ntype Level = "low" | "high"\ndata vendors: set[string]\nlet limit = 3\n'
        "fn twice(x: int) -> int = x + x\n",
        "package top\nextend acme.baseline\ndefault deny\n"
        'fn f(l: baseline.Level) -> bool = l == "low"\n'
        'deny r if { baseline.twice(baseline.limit) == 6; f("low"); "x" in data.vendors; "y" in baseline.data.vendors }\n',
    )
    assert [data.package for data in found.data] == ["acme.baseline"]
    assert [package.name for package in found.packages] == ["top", "acme.baseline"]


def test_extern_is_for_the_library() -> None:
    assert_marked("package a\ndefault deny\nextern fn f(x: int) -> int ## error[misplaced-extern]\n")


def test_thousands_of_unknown_names_are_found_soon_and_the_first_get_suggestions() -> None:
    source = "package a\n" + "".join(f"let known{index:04} = knwon{index:04}\n" for index in range(4_000))
    start = time.process_time()
    found = [finding for finding in checked(source).findings if finding.check == "unknown-name"]
    assert time.process_time() - start < 20
    assert len(found) == 4_000
    assert found[0].details["nearest"] == "known0000"
    assert "nearest" not in found[-1].details
