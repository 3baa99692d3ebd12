"""Syntax trees of every kind, for properties of the parser and of what prints them."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from tenetlang.syntax import tree
from tenetlang.syntax.literals import needs_escape
from tenetlang.syntax.tables import tables
from tenetlang.text import Span, Text

AT = Span(Text("", ""), 0, 0)
RESERVED = {tables().spelling[kind] for kind in tables().classes["reserved"]}

words = st.one_of(st.sampled_from(sorted(word for word in tables().words if word.isidentifier())), st.from_regex(r"[a-z_][A-Za-z0-9_]{0,5}", fullmatch=True))  # fmt: skip
names = words.filter(lambda word: word not in RESERVED)
paths = st.builds(lambda first, others: tree.Path((first, *others), AT), names, st.lists(words, max_size=2))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
tools = st.builds(tree.ToolName, st.one_of(names, st.builds(".".join, st.lists(words, min_size=1, max_size=3)), texts.filter(bool)), st.just(AT))  # fmt: skip
numbers = st.builds(tree.Number, st.sampled_from(["0", "1", "2", "50.00", "1_000", "0.5"]), st.just(AT))
verdicts: st.SearchStrategy[tree.VerdictWord] = st.sampled_from(["allow", "deny", "escalate"])
variables = st.builds(tree.Variables, st.one_of(st.just(""), names), names, st.just(AT))


def several(
    items: st.SearchStrategy[tree.Expression], least: int = 0
) -> st.SearchStrategy[tuple[tree.Expression, ...]]:
    return st.lists(items, min_size=least, max_size=3).map(tuple)


literals = st.one_of(
    numbers,
    st.builds(tree.String, texts, st.just(AT)),
    st.builds(tree.Boolean, st.booleans(), st.just(AT)),
    st.just(tree.Null(AT)),
    st.builds(tree.DurationLiteral, st.sampled_from(["30m", "1h30m"]), st.just(AT)),
    st.builds(tree.TimeLiteral, st.sampled_from(["2027-01-01", "2027-01-01T10:00:00Z"]), st.just(AT)),
    st.builds(lambda number: tree.Unary("-", number, AT), numbers),
)
some_annotations = st.builds(tree.Annotation, words, several(literals), st.just(AT))
notes = st.lists(some_annotations, max_size=2).map(tuple)
leaves = st.one_of(
    literals, st.builds(tree.VerdictLiteral, verdicts, st.just(AT)), st.builds(tree.Name, st.one_of(names, st.just("tool"), st.just("data")), st.just(AT)), st.just(tree.EmptyBraces(AT))
)  # fmt: skip

plain_types = st.one_of(st.builds(tree.NamedType, paths, st.just(AT)), st.builds(tree.LiteralType, texts, st.just(AT)))


def _larger_types(inner: st.SearchStrategy[tree.TypeForm]) -> st.SearchStrategy[tree.TypeForm]:
    members = st.lists(inner, min_size=1, max_size=2).map(tuple)
    free = names.filter(lambda word: word != "present")
    return st.one_of(
        st.builds(tree.GenericType, st.one_of(free, st.just("set")), members, st.just(AT)),
        st.builds(tree.UnionType, st.lists(inner, min_size=2, max_size=3).map(tuple), st.just(AT)),
        st.builds(tree.OptionalType, inner, st.just(AT)),
        st.builds(tree.RecordType, st.lists(_field(inner), max_size=2).map(tuple), st.just(AT)),
    )


def _field(inner: st.SearchStrategy[tree.TypeForm]) -> st.SearchStrategy[tree.FieldForm]:
    return st.builds(tree.FieldForm, notes, words, st.booleans(), inner, st.just(AT))


types: st.SearchStrategy[tree.TypeForm] = st.recursive(plain_types, _larger_types, max_leaves=4)
fields = st.lists(_field(types), max_size=2).map(tuple)
only_types = st.builds(
    tree.GenericType, st.just("list"), st.lists(types, min_size=1, max_size=1).map(tuple), st.just(AT)
)


def statements(inner: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Statement]:
    return st.one_of(
        st.builds(tree.Condition, inner, st.just(AT)),
        st.builds(tree.SomeStatement, variables, inner, st.just(AT)),
        st.builds(tree.LetStatement, names, inner, st.just(AT)),
    )


def arguments(inner: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tuple[tree.Argument, ...]]:
    one = st.builds(tree.Argument, st.one_of(st.just(""), words), inner, st.just(AT))
    return st.lists(one, max_size=2).map(tuple)


def _larger(inner: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
    at = st.just(AT)
    generators = st.lists(st.builds(tree.Generator, variables, inner, at), min_size=1, max_size=2).map(tuple)
    comprehensions = st.one_of(
        st.builds(
            tree.Comprehension, st.sampled_from(["list", "set"]), st.none(), inner, generators, several(inner), at
        ),
        st.builds(tree.Comprehension, st.just("map"), inner, inner, generators, several(inner), at),
    )
    arms = st.lists(st.builds(tree.Arm, inner, inner, at), min_size=1, max_size=2).map(tuple)
    entries = st.lists(st.tuples(inner, inner), min_size=1, max_size=2).map(tuple)
    return st.one_of(
        st.builds(tree.Binary, st.sampled_from(get_args(tree.BinaryOperator)), inner, inner, at, at),
        st.builds(tree.Unary, st.sampled_from(["not", "-"]), inner, at),
        st.builds(tree.Member, inner, words, at),
        st.builds(tree.Index, inner, inner, at),
        st.builds(tree.Call, paths, arguments(inner), at),
        st.builds(tree.IsPresent, inner, st.booleans(), at),
        st.builds(tree.IsTool, inner, st.booleans(), st.lists(tools, min_size=1, max_size=2).map(tuple), at),
        st.builds(tree.IsType, inner, st.booleans(), only_types, at),
        st.builds(tree.Has, inner, st.booleans(), some_annotations, at),
        st.builds(tree.Quantifier, st.sampled_from(["some", "every"]), variables, inner, blocks(inner), at),
        st.builds(tree.ListForm, several(inner), at),
        st.builds(tree.Tuple, several(inner, 1), at),
        st.builds(tree.SetForm, several(inner, 1), at),
        st.builds(
            lambda entries: tree.RecordForm(entries, AT, ()),
            st.lists(st.tuples(words, inner), min_size=1, max_size=2).map(tuple),
        ),
        st.builds(tree.MapForm, entries, at),
        comprehensions,
        st.builds(tree.Match, arms, st.one_of(st.none(), inner), at),
    )


def blocks(inner: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Block]:
    return st.lists(statements(inner), max_size=2).map(tuple)


expressions: st.SearchStrategy[tree.Expression] = st.recursive(leaves, _larger, max_leaves=8)


def _template(parts: list[str | tree.Expression]) -> tree.Template:
    """Texts that follow one another are one text."""
    joined: list[str | tree.Expression] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tree.Template(tuple(joined), AT)


plain_texts = texts.filter(lambda text: not needs_escape(text))
templates = st.one_of(
    st.lists(st.one_of(plain_texts, expressions), max_size=4).map(_template),
    st.lists(st.one_of(texts, leaves.filter(lambda leaf: isinstance(leaf, tree.Number))), max_size=4).map(_template),
)

at = st.just(AT)
body = blocks(expressions)
maybe_path = st.one_of(st.none(), paths)
tool_lists = st.lists(tools, min_size=1, max_size=2).map(tuple)
no_tools: st.SearchStrategy[tuple[tree.ToolName, ...]] = st.just(())
maybe_because = st.one_of(st.none(), templates)
path_lists = st.lists(paths, max_size=2).map(tuple)
targets = st.one_of(
    st.builds(tree.Name, names, at),
    st.builds(tree.Member, st.builds(tree.Name, names, at), words, at),
    st.builds(tree.Call, paths, st.lists(st.builds(tree.Argument, st.just(""), st.builds(tree.Name, names, at), at), max_size=2).map(tuple), at),
)  # fmt: skip
withs = st.builds(tree.With, targets, expressions, at)
lets = st.builds(tree.LetDeclaration, notes, names, st.one_of(st.none(), types), st.one_of(no_tools, tool_lists), expressions, at, at)  # fmt: skip
counters = st.builds(
    tree.CounterDeclaration, notes, names, names, st.one_of(st.none(), expressions), tool_lists,
    several(expressions), st.one_of(st.none(), expressions), st.one_of(st.none(), body), at, at,
)  # fmt: skip
uses = st.builds(tree.ObligationUse, paths, arguments(expressions), at)
rules = st.builds(
    tree.RuleDeclaration, notes, verdicts, names, maybe_path, path_lists, body, st.one_of(st.none(), body),
    maybe_because, st.lists(uses, max_size=2).map(tuple), at, at,
)  # fmt: skip
settings = st.one_of(
    st.builds(tree.Setting, names, several(expressions, 1), st.none(), st.none(), at),
    st.builds(tree.Setting, st.just("else"), st.just(()), verdicts, maybe_path, at),
)
expectations = st.builds(
    tree.Expect, expressions, maybe_path, path_lists, st.one_of(st.none(), st.builds(tree.String, texts, at)), at
)
test_statements = st.one_of(
    st.builds(tree.CallStatement, tools, arguments(expressions), at),
    withs,
    expectations,
    st.builds(tree.LetStatement, names, expressions, at),
)
tables_of_tests = st.builds(tree.Table, st.lists(names, min_size=1, max_size=2).map(tuple), several(expressions), at)
claims = st.one_of(
    st.builds(tree.ClaimDeclaration, notes, st.just("never"), texts, st.none(), body, st.lists(withs, max_size=1).map(tuple), at, at),
    st.builds(tree.ClaimDeclaration, notes, st.just("always"), texts, body, body, st.lists(withs, max_size=1).map(tuple), at, at),
)  # fmt: skip

declarations: st.SearchStrategy[tree.Declaration] = st.one_of(
    st.builds(tree.Import, paths, st.one_of(st.just(""), names), at),
    st.builds(tree.Extend, paths, st.one_of(st.just(""), names), at),
    st.builds(tree.TypeDeclaration, notes, names, types, at, at),
    st.builds(tree.RequestDeclaration, notes, words, st.booleans(), types, at, at),
    st.builds(tree.DataDeclaration, notes, names, types, at, at),
    st.builds(tree.ToolDeclaration, notes, tools, fields, at),
    st.builds(tree.ObligationDeclaration, notes, names, fields, at, at),
    st.builds(tree.Resolve, names, at),
    st.builds(tree.Default, verdicts, maybe_path, maybe_because, at),
    st.builds(tree.OnError, verdicts, maybe_path, at),
    lets,
    st.builds(tree.FunctionDeclaration, notes, names, fields, types, st.one_of(st.none(), expressions), at, at),
    st.builds(tree.SetDeclaration, notes, names, expressions, body, at, at),
    st.builds(tree.ReviewersDeclaration, notes, names, st.lists(settings, max_size=3).map(tuple), at, at),
    counters,
    rules,
    st.builds(tree.For, tool_lists, st.lists(st.one_of(rules, lets, counters), max_size=2).map(tuple), at),
    withs,
    st.builds(tree.TestDeclaration, notes, texts, st.one_of(st.none(), tables_of_tests), st.lists(test_statements, max_size=2).map(tuple), at, at),
    claims,
)  # fmt: skip
files = st.builds(
    lambda annotations, package, found: tree.File(Text("", ""), annotations, package, tuple(found), ()),
    notes,
    paths,
    st.lists(declarations, max_size=3),
)
