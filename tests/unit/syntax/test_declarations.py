"""Every form of declaration."""

from __future__ import annotations

from pathlib import Path as File

import pytest

from tenetlang.syntax import tree
from tenetlang.syntax.parse import parse
from tenetlang.syntax.print import print_declaration, print_file
from tenetlang.text import Span, Text
from tests.unit.syntax.reading import body, checks, condition, declaration, declarations, expression

WITHOUT_ANNOTATIONS = tree.Import | tree.Extend | tree.Resolve | tree.Default | tree.OnError | tree.For | tree.With
AT = Span(Text("", ""), 0, 0)
PROGRAM = File(__file__).parents[3] / "examples" / "refunds" / "support.tenet"


def path(text: str) -> tree.Path:
    return tree.Path(tuple(text.split(".")), AT)


def field(name: str, form: str, *, optional: bool = False) -> tree.FieldForm:
    return tree.FieldForm((), name, optional, tree.NamedType(path(form), AT), AT)


def test_the_program_that_shows_the_language_parses() -> None:
    text = Text("support.tenet", PROGRAM.read_text(encoding="utf-8"))
    file, findings = parse(text)
    assert not findings
    assert file.package == path("acme.support")
    assert [type(it).__name__.removesuffix("Declaration") for it in file.declarations] == [
        "Import",
        "Type",
        "Request",
        "Type",
        "Data",
        "Data",
        "Tool",
        "Tool",
        "Tool",
        "Resolve",
        "Default",
        "Let",
        "Function",
        "Let",
        "Set",
        "Reviewers",
        "Rule",
        "Rule",
        "Rule",
        "Rule",
        "Rule",
        "Counter",
        "Rule",
        "Let",
        "Test",
        "Test",
        "Claim",
    ]
    assert len(file.comments) == 10
    again, findings = parse(Text("again.tenet", print_file(file)))
    assert not findings
    assert (again.package, again.declarations) == (file.package, file.declarations)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("import std.agents", tree.Import(path("std.agents"), "", AT)),
        ("import std.agents as who", tree.Import(path("std.agents"), "who", AT)),
        ("extend acme.baseline", tree.Extend(path("acme.baseline"), "", AT)),
        ("extend acme.baseline as b", tree.Extend(path("acme.baseline"), "b", AT)),
        ("type T = U", tree.TypeDeclaration((), "T", tree.NamedType(path("U"), AT), AT, AT)),
        ("request user?: User", tree.RequestDeclaration((), "user", True, tree.NamedType(path("User"), AT), AT, AT)),
        ("request tool: T", tree.RequestDeclaration((), "tool", False, tree.NamedType(path("T"), AT), AT, AT)),
        ("data vendors: T", tree.DataDeclaration((), "vendors", tree.NamedType(path("T"), AT), AT, AT)),
        ("tool a.b(x: int, y?: a.T)", tree.ToolDeclaration((), tree.ToolName("a.b", AT), (field("x", "int"), field("y", "a.T", optional=True)), AT)),
        ("obligation mask(field: string)", tree.ObligationDeclaration((), "mask", (field("field", "string"),), AT, AT)),
        ("resolve first", tree.Resolve("first", AT)),
        ("default deny", tree.Default("deny", None, None, AT)),
        ('default escalate to r.s because "x {y}"', tree.Default("escalate", path("r.s"), tree.Template(("x ", tree.Name("y", AT)), AT), AT)),
        ("on error deny", tree.OnError("deny", None, AT)),
        ("on error escalate to r", tree.OnError("escalate", path("r"), AT)),
        ("let a = 1", tree.LetDeclaration((), "a", None, (), tree.Number("1", AT), AT, AT)),
        ('let a: int of b | "c-d" = 1', tree.LetDeclaration((), "a", tree.NamedType(path("int"), AT), (tree.ToolName("b", AT), tree.ToolName("c-d", AT)), tree.Number("1", AT), AT, AT)),
        ("fn f(x: T) -> U = x", tree.FunctionDeclaration((), "f", (field("x", "T"),), tree.NamedType(path("U"), AT), tree.Name("x", AT), AT, AT)),
        ("extern fn f() -> U", tree.FunctionDeclaration((), "f", (), tree.NamedType(path("U"), AT), None, AT, AT)),
        ("with agent.roles = x", tree.With(tree.Member(tree.Name("agent", AT), "roles", AT), tree.Name("x", AT), AT)),
        ("with f(x) = 1", tree.With(tree.Call(path("f"), (tree.Argument("", tree.Name("x", AT), AT),), AT), tree.Number("1", AT), AT)),
    ],
)  # fmt: skip
def test_a_declaration_of_one_line(written: str, form: tree.Declaration) -> None:
    it = declaration(written)
    assert it == form
    assert it.at.source == written
    assert print_declaration(it) == written


def test_a_set_adds_up() -> None:
    it = declaration("set flagged contains v.id if { some v in vs }")
    assert it == tree.SetDeclaration((), "flagged", expression("v.id"), body(" some v in vs "), AT, AT)


def test_reviewers_have_settings() -> None:
    it = declaration('reviewers r {\n who xs; quorum 2\n within 30m\n notify "a", "b"\n else escalate to s\n}')
    assert isinstance(it, tree.ReviewersDeclaration)
    assert it.settings == (
        tree.Setting("who", (tree.Name("xs", AT),), None, None, AT),
        tree.Setting("quorum", (tree.Number("2", AT),), None, None, AT),
        tree.Setting("within", (tree.DurationLiteral("30m", AT),), None, None, AT),
        tree.Setting("notify", (tree.String("a", AT), tree.String("b", AT)), None, None, AT),
        tree.Setting("else", (), "escalate", path("s"), AT),
    )


def test_a_counter_has_clauses_in_any_order() -> None:
    it = declaration("counter c = sum(args.x) of a | b by agent.id, user.id within 24h if { y }")
    assert it == tree.CounterDeclaration(
        annotations=(),
        name="c",
        aggregate="sum",
        argument=expression("args.x"),
        tools=(tree.ToolName("a", AT), tree.ToolName("b", AT)),
        by=(expression("agent.id"), expression("user.id")),
        within=expression("24h"),
        body=body(" y "),
        at=AT,
        name_at=AT,
    )
    assert declaration("counter c = sum(args.x) of a | b if { y } within 24h by agent.id, user.id") == it
    least = declaration("counter c = count() of a")
    assert least == tree.CounterDeclaration((), "c", "count", None, (tree.ToolName("a", AT),), (), None, None, AT, AT)
    assert checks("counter c = count() of a within 1h within 2h") == [("syntax-error", "within")]


def test_a_rule_has_clauses_in_any_order_each_once() -> None:
    it = declaration('allow a if { b } unless { c } because "d" then e("x"), f.g(k: 1)')
    assert it == tree.RuleDeclaration(
        annotations=(),
        verdict="allow",
        name="a",
        to=None,
        overrides=(),
        body=body(" b "),
        unless=body(" c "),
        because=tree.Template(("d",), AT),
        then=(
            tree.ObligationUse(path("e"), (tree.Argument("", tree.String("x", AT), AT),), AT),
            tree.ObligationUse(path("f.g"), (tree.Argument("k", tree.Number("1", AT), AT),), AT),
        ),
        at=AT,
        name_at=AT,
    )
    assert declaration('allow a if { b } then e("x"), f.g(k: 1) because "d" unless { c }') == it
    for clause in ("unless { c }", 'because "d"', "then e()"):
        assert checks(f"allow a if {{ b }} {clause} {clause}") == [("syntax-error", clause.split()[0])]


def test_a_rule_has_reviewers_and_overrides_in_its_head() -> None:
    it = declaration("escalate a to r overrides b, base.c if { }")
    assert isinstance(it, tree.RuleDeclaration)
    assert (it.to, it.overrides, it.body) == (path("r"), (path("b"), path("base.c")), ())
    assert checks("escalate a overrides b to r if { }") == [("syntax-error", "to")]


def test_after_if_comes_always_a_block() -> None:
    assert checks("allow a if b") == [("syntax-error", "b")]
    assert checks("allow a if (b)") == [("syntax-error", "(")]


def test_a_place_begins_at_the_word_and_not_at_the_annotations() -> None:
    it = declaration('@owner("x")\n@audit allow a if { b }')
    assert isinstance(it, tree.RuleDeclaration)
    assert it.at.source == "allow a if { b }"
    assert it.name_at.source == "a"
    assert [note.at.source for note in it.annotations] == ['@owner("x")', "@audit"]


@pytest.mark.parametrize(
    "written",
    ["type T = U", "request a: T", "data d: T", "tool t()", "obligation o()", "let a = 1", "fn f() -> T = 1",
     "extern fn f() -> T", "set s contains a if { }", "reviewers r { }", "counter c = count() of a", "allow a if { }",
     'test "t" { }', 'never "c" { }', 'always "c" if { } { }'],
)  # fmt: skip
def test_annotations_stand_before_a_declaration(written: str) -> None:
    it = declaration(f'@a @b("x", -1, [true, null], 30m, 2027-01-01)\n{written}')
    plain = declaration(written)
    notes = declaration('@a @b("x", -1, [true, null], 30m, 2027-01-01) let x = 1')
    assert not isinstance(it, WITHOUT_ANNOTATIONS)
    assert not isinstance(plain, WITHOUT_ANNOTATIONS)
    assert not isinstance(notes, WITHOUT_ANNOTATIONS)
    assert [note.name for note in it.annotations] == ["a", "b"]
    assert it.annotations == notes.annotations
    assert plain.annotations == ()
    assert print_declaration(it) == f"{print_declaration(notes).splitlines()[0]}\n{print_declaration(plain)}"


@pytest.mark.parametrize(
    "written", ["import a", "extend a", "resolve a", "default deny", "on error deny", "with a = 1"]
)
def test_others_take_no_annotations(written: str) -> None:
    assert checks(f"@a {written}") == [("syntax-error", written.split(maxsplit=1)[0])]


def test_the_arguments_of_an_annotation_are_literals() -> None:
    assert checks("@a(x) let b = 1") == [("syntax-error", "x")]
    assert checks("@a(1 + 1) let b = 1") == [("syntax-error", "1 + 1")]


def test_annotations_stand_before_the_package() -> None:
    file, findings = parse(Text("a.tenet", "@observe\npackage a.b\n"))
    assert not findings
    assert file.package == path("a.b")
    assert [note.name for note in file.annotations] == ["observe"]


def test_for_surrounds_rules_lets_and_counters() -> None:
    it = declaration("for a | b.c {\n  @owner allow x if { y }\n\n  let z = 1\n  counter c = count() of a\n}")
    inner = declarations("@owner allow x if { y }\nlet z = 1\ncounter c = count() of a")
    assert it == tree.For((tree.ToolName("a", AT), tree.ToolName("b.c", AT)), inner, AT)
    assert checks("for a { import b }") == [("syntax-error", "import")]


def test_a_test_has_calls_facts_names_and_expectations() -> None:
    it = declaration(
        'test "t" {\n call a.b(x: 1)\n with agent = c\n with f(x) = 1\n let y = 2\n'
        ' expect allow to r by s, t.u because "v"\n expect y == 2\n}'
    )
    assert isinstance(it, tree.TestDeclaration)
    assert it.name == "t"
    assert it.name_at.source == '"t"'
    assert it.table is None
    assert it.body == (
        tree.CallStatement(tree.ToolName("a.b", AT), (tree.Argument("x", tree.Number("1", AT), AT),), AT),
        tree.With(tree.Name("agent", AT), tree.Name("c", AT), AT),
        declaration("with f(x) = 1"),
        tree.LetStatement("y", tree.Number("2", AT), AT),
        tree.Expect(tree.VerdictLiteral("allow", AT), path("r"), (path("s"), path("t.u")), tree.String("v", AT), AT),
        tree.Expect(condition("y == 2"), None, (), None, AT),
    )
    assert checks('test "t" { expect a by b by c }') == [("syntax-error", "by")]


def test_a_table_has_a_row_for_each_case() -> None:
    it = declaration('test "t" for a, v in [(1, allow), (2, deny)] { expect v }')
    assert isinstance(it, tree.TestDeclaration)
    assert it.table is not None
    assert it.table.variables == ("a", "v")
    assert it.table.rows == (expression("(1, allow)"), expression("(2, deny)"))
    assert isinstance(declaration('test "t" for a in [1, 2] { expect a == 1 }'), tree.TestDeclaration)


@pytest.mark.parametrize("target", ["1", '"a"', "a[0]", "f(1)", "f(k: x)", "f(x).y", "-a"])
def test_with_replaces_a_fact_or_a_function(target: str) -> None:
    assert [check for check, _ in checks(f"with {target} = 1")] == ["syntax-error"]


def test_claims_hold_conditions_and_facts() -> None:
    never = declaration('never "c" {\n with agent = x\n verdict is allow\n}')
    fact = declaration("with agent = x")
    assert isinstance(fact, tree.With)
    assert never == tree.ClaimDeclaration((), "never", "c", None, body(" verdict is allow "), (fact,), AT, AT)
    always = declaration('always "c" if { a } { b; with agent = x }')
    assert always == tree.ClaimDeclaration((), "always", "c", body(" a "), body(" b "), (fact,), AT, AT)
    assert checks('always "c" { b }') == [("syntax-error", "{")]
    assert checks('never "c" if { a } { b }') == [("syntax-error", "if")]


def test_declarations_stand_in_any_order() -> None:
    assert len(declarations("allow a if { b }\nimport c\nlet b = 1\nresolve first")) == 4
