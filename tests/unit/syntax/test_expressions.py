"""Every form of expression, statement and type, and how tightly operators bind."""

from __future__ import annotations

import pytest

from tenetlang.syntax import tree
from tenetlang.syntax.print import print_expression
from tenetlang.text import Span, Text
from tests.unit.syntax.reading import body, checks, condition, declaration, expression

AT = Span(Text("", ""), 0, 0)


def name(word: str) -> tree.Name:
    return tree.Name(word, AT)


def number(text: str) -> tree.Number:
    return tree.Number(text, AT)


def tool(word: str) -> tree.ToolName:
    return tree.ToolName(word, AT)


@pytest.mark.parametrize(
    ("written", "grouped"),
    [
        ("a or b and c", "a or (b and c)"),
        ("a or b or c", "(a or b) or c"),
        ("not a and b", "(not a) and b"),
        ("not a == b", "not (a == b)"),
        ("not not a", "not (not a)"),
        ("a == b and c < d", "(a == b) and (c < d)"),
        ("a | b == c", "(a | b) == c"),
        ("a in b | c", "a in (b | c)"),
        ("a | b & c", "a | (b & c)"),
        ("a & b + c", "a & (b + c)"),
        ("a - b - c", "(a - b) - c"),
        ("a + b * c", "a + (b * c)"),
        ("a * b / c % d", "((a * b) / c) % d"),
        ("-a * b", "(-a) * b"),
        ("a - -b", "a - (-b)"),
        ("-a ?? b", "-(a ?? b)"),
        ("a + b ?? c", "a + (b ?? c)"),
        ("a ?? b ?? c", "(a ?? b) ?? c"),
        ("a ?? -1", "a ?? (-1)"),
        ("a.b ?? c[0]", "(a.b) ?? (c[0])"),
        ("a is b or c", "(a is b) or c"),
        ("not a is present", "not (a is present)"),
        ("a + b is present", "(a + b) is present"),
        ("a not in b + c", "a not in (b + c)"),
        ("a has @b and c", "(a has @b) and c"),
        ("not some x in xs { a } and b", "(not (some x in xs { a })) and b"),
    ],
)
def test_operators_bind_in_this_order(written: str, grouped: str) -> None:
    assert condition(written) == condition(grouped)


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "matches"])
def test_a_comparison(operator: str) -> None:
    it = condition(f"a {operator} b")
    assert isinstance(it, tree.Binary)
    assert (it.operator, it.left, it.right) == (operator, name("a"), name("b"))
    assert it.operator_at.source.split() == operator.split()
    assert it.at.source == f"a {operator} b"


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("a < b < c", "<"),
        ("a == b != c", "!="),
        ("a in b in c", "in"),
        ("a == b is c", "is"),
        ("a == b has @c", "has"),
        ("a is b == c", "=="),
        ("a is present in b", "in"),
        ("a < b not in c", "not in"),
    ],
)
def test_comparisons_do_not_chain(written: str, at: str) -> None:
    assert checks(f"allow it if {{ {written} }}") == [("chained-comparison", at)]
    first = written.split(" ", 1)[0]
    condition(f"({first} == x) == y")


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("x", name("x")),
        ("true", tree.Boolean(value=True, at=AT)),
        ("false", tree.Boolean(value=False, at=AT)),
        ("null", tree.Null(AT)),
        ("escalate", tree.VerdictLiteral("escalate", AT)),
        ("tool", name("tool")),
        ("data.x", tree.Member(name("data"), "x", AT)),
        ("xs[0]", tree.Index(name("xs"), number("0"), AT)),
        ("f()", tree.Call(tree.Path(("f",), AT), (), AT)),
        ("text.f(x, k: 1,)", tree.Call(tree.Path(("text", "f"), AT), (tree.Argument("", name("x"), AT), tree.Argument("k", number("1"), AT)), AT)),
        ("(x)", name("x")),
        ("(x, 1)", tree.Tuple((name("x"), number("1")), AT)),
        ("(x, 1,)", tree.Tuple((name("x"), number("1")), AT)),
        ("(x,)", tree.Tuple((name("x"),), AT)),
        ("[]", tree.ListForm((), AT)),
        ("[x, 1,]", tree.ListForm((name("x"), number("1")), AT)),
        ("{}", tree.EmptyBraces(AT)),
        ("{x, 1,}", tree.SetForm((name("x"), number("1")), AT)),
        ("{[x]}", tree.SetForm((tree.ListForm((name("x"),), AT),), AT)),
        ('{"x"}', tree.SetForm((tree.String("x", AT),), AT)),
        ("{not x}", tree.SetForm((tree.Unary("not", name("x"), AT),), AT)),
        ("{a: 1, not: 2,}", tree.RecordForm((("a", number("1")), ("not", number("2"))), AT, ())),
        ('{"k": 1, [x]: 2,}', tree.MapForm(((tree.String("k", AT), number("1")), (name("x"), number("2"))), AT)),
        ("-x", tree.Unary("-", name("x"), AT)),
        ("x is present", tree.IsPresent(name("x"), negated=False, at=AT)),
        ("x is not present", tree.IsPresent(name("x"), negated=True, at=AT)),
        ("x is a | b.c", tree.IsTool(name("x"), negated=False, names=(tool("a"), tool("b.c")), at=AT)),
        ('x is not "a-b"', tree.IsTool(name("x"), negated=True, names=(tool("a-b"),), at=AT)),
        ("x is allow | deny", tree.IsTool(name("x"), negated=False, names=(tool("allow"), tool("deny")), at=AT)),
        ('x is "present"', tree.IsTool(name("x"), negated=False, names=(tool("present"),), at=AT)),
        ("x has @a", tree.Has(name("x"), negated=False, annotation=tree.Annotation("a", (), AT), at=AT)),
        ("x has not @a(1)", tree.Has(name("x"), negated=True, annotation=tree.Annotation("a", (number("1"),), AT), at=AT)),
    ],
)  # fmt: skip
def test_an_operand(written: str, form: tree.Expression) -> None:
    it = expression(written)
    assert it == form
    if not written.startswith("("):
        assert it.at.source == written


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("list[string]", tree.GenericType("list", (tree.NamedType(tree.Path(("string",), AT), AT),), AT)),
        ("set[int]", tree.GenericType("set", (tree.NamedType(tree.Path(("int",), AT), AT),), AT)),
        ("{}", tree.RecordType((), AT)),
        ("int?", tree.OptionalType(tree.NamedType(tree.Path(("int",), AT), AT), AT)),
        ('a | "b" | {}', tree.UnionType((tree.NamedType(tree.Path(("a",), AT), AT), tree.LiteralType("b", AT), tree.RecordType((), AT)), AT)),
    ],
)  # fmt: skip
def test_what_can_only_be_a_type_behind_is(written: str, form: tree.TypeForm) -> None:
    assert condition(f"x is {written}") == tree.IsType(name("x"), negated=False, type=form, at=AT)


def test_a_block_is_conditions_bindings_and_names() -> None:
    assert body(" a; some x in xs; some k, v in {a, b}; let y = x | z ") == (
        tree.Condition(name("a"), AT),
        tree.SomeStatement(tree.Variables("", "x", AT), name("xs"), AT),
        tree.SomeStatement(tree.Variables("k", "v", AT), tree.SetForm((name("a"), name("b")), AT), AT),
        tree.LetStatement("y", tree.Binary("|", name("x"), name("z"), AT, AT), AT),
    )
    assert body("") == body("\n") == ()


def test_some_with_a_block_is_a_condition_and_without_one_a_statement() -> None:
    quantifier = tree.Quantifier("some", tree.Variables("", "x", AT), name("xs"), (tree.Condition(name("a"), AT),), AT)
    assert body(" some x in xs { a } ") == (tree.Condition(quantifier, AT),)
    assert condition("every x in xs { a }") == tree.Quantifier(
        "every", quantifier.variables, name("xs"), quantifier.body, AT
    )
    assert isinstance(condition("some x in {a} { b }"), tree.Quantifier)


@pytest.mark.parametrize("source", ["a == b", "a or b", "a and b", "not a", "a is b"])
def test_a_source_holds_no_bare_comparison_or_logic(source: str) -> None:
    assert len(checks(f"allow it if {{ some x in {source} }}")) == 1
    condition(f"some x in ({source}) {{ b }}")


def test_comprehensions_build_lists_sets_and_maps() -> None:
    over = (tree.Generator(tree.Variables("", "x", AT), name("xs"), AT),)
    pairs = (tree.Generator(tree.Variables("k", "v", AT), name("m"), AT),)
    assert expression("[x for x in xs]") == tree.Comprehension("list", None, name("x"), over, (), AT)
    assert expression("{x for x in xs if a if b}") == tree.Comprehension(
        "set", None, name("x"), over, (name("a"), name("b")), AT
    )
    assert expression("{[k]: v for k, v in m}") == tree.Comprehension("map", name("k"), name("v"), pairs, (), AT)
    assert expression('{"k": v for k, v in m for x in xs}') == tree.Comprehension("map", tree.String("k", AT), name("v"), pairs + over, (), AT)  # fmt: skip


def test_match_takes_the_arms_in_order_and_else_last() -> None:
    arms = (tree.Arm(name("a"), number("1"), AT), tree.Arm(name("b"), number("2"), AT))
    assert expression("match { a => 1; b => 2 }") == tree.Match(arms, None, AT)
    assert expression("match { a => 1; b => 2; else => 3 }") == tree.Match(arms, number("3"), AT)
    assert expression("match { else => 3 }") == tree.Match((), number("3"), AT)
    assert checks("let a = match { else => 3; b => 2 }") == [("syntax-error", "b => 2")]
    assert checks("let a = match { }") == [("syntax-error", "}")]


@pytest.mark.parametrize("written", ["xs[0](1)", '"f"(1)', "f(1)(2)", "[f](1)"])
def test_only_a_name_is_called(written: str) -> None:
    assert [check for check, _ in checks(f"let a = {written}")] == ["syntax-error"]


@pytest.mark.parametrize("written", ["{[a, b]: 1}", "{[]: 1}"])
def test_a_map_has_one_key_in_brackets(written: str) -> None:
    assert [check for check, _ in checks(f"let a = {written}")] == ["syntax-error"]


@pytest.mark.parametrize("written", ["f(x,, y)", "[,]", "{,}", "{a: 1, 2}", "{a, b: 1}", "()", "a ?? not b", "x is"])
def test_these_are_no_expressions(written: str) -> None:
    assert [check for check, _ in checks(f"let a = {written}")] == ["syntax-error"]


@pytest.mark.parametrize(
    "written",
    ["string", "agents.Session", '"a" | "b"', "list[int]", "map[string, list[int]]", "int?", '("a" | "b")?', "{}",
     "{ a: int, b?: set[int], @min(-1) @max(1.5) c: int }", "tool", "list[tool]", "(int?)?", '"a" | (int | string)'],
)  # fmt: skip
def test_a_type_is_printed_as_it_is_written(written: str) -> None:
    from tenetlang.syntax.print import print_type

    it = declaration(f"type T = {written}")
    assert isinstance(it, tree.TypeDeclaration)
    assert print_type(it.type) == written
    assert it.type.at.source == written


@pytest.mark.parametrize(
    "written",
    ["a + b * c", "(a + b) * c", "a ?? -1", "a ?? (b + c)", "-(-a)", "not (a and b)", "a - (b - c)", "(a == b) == c",
     "x is not list[int]", '{ "k": 1, [x + 1]: 2 }', "{ a: {} }", "[x for k, x in m | n if x > 1 if y]", "(a, b)",
     "every x in xs { some y in x; y.z is present }", "match { a => 1; else => -2 }", 'tool has not @a("b")',
     'f(x, k: "v")[0].g', "verdict is allow | deny"],
)  # fmt: skip
def test_an_expression_is_printed_as_it_is_written(written: str) -> None:
    expected = "--a" if written == "-(-a)" else written
    assert print_expression(expression(written)) == expected
