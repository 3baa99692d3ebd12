"""Patterns agree with a matcher that is obviously right, and with RE2 on what the two have in common."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tenetlang.values.code_points import Ranges, complement, contains, folded, normalized, unicode_class
from tenetlang.values.pattern_syntax import (
    MAXIMUM_LENGTH,
    AnyOf,
    Choice,
    Empty,
    Literal,
    PatternSyntax,
    Repeat,
    Sequence,
    size,
)
from tenetlang.values.patterns import Pattern, PatternError, compile_glob, compile_regex, matcher, re2_text
from tenetlang.values.regular_expressions import parse_regex
from tenetlang.values.unicode_tables import CATEGORIES, SCRIPTS

TEXTS = st.text(alphabet="ab/.\nKké🙂\u212a", max_size=9)


def ends(syntax: PatternSyntax, text: str, starts: frozenset[int]) -> frozenset[int]:
    """Where a match of the syntax may end that begins at one of `starts`: the definition of each node, word by word."""
    match syntax:
        case Empty():
            return starts
        case Literal(literal):
            return frozenset(start + len(literal) for start in starts if text.startswith(literal, start))
        case AnyOf(ranges):
            return frozenset(s + 1 for s in starts if s < len(text) and contains(ranges, ord(text[s])))
        case Sequence(parts):
            for part in parts:
                starts = ends(part, text, starts)
            return starts
        case Choice(options):
            return frozenset().union(*(ends(option, text, starts) for option in options))
        case Repeat(of, least, most):
            for _ in range(least):
                starts = ends(of, text, starts)
            reached = starts
            for _ in range(len(text) + 1 if most is None else most - least):
                starts = ends(of, text, starts)
                reached |= starts
            return reached


def reference(syntax: PatternSyntax, text: str) -> bool:
    return len(text) in ends(syntax, text, frozenset({0}))


def glob_reference(glob: str, text: str, separator: str | None) -> bool:
    """A glob by its definition, from the author's text."""
    if not glob:
        return not text
    if glob[0] == "*":
        stars = len(glob) - len(glob.lstrip("*"))
        return any(
            glob_reference(glob[stars:], text[length:], separator)
            for length in range(len(text) + 1)
            if stars > 1 or separator is None or separator not in text[:length]
        )
    if not text:
        return False
    if glob[0] == "?":
        return text[0] != separator and glob_reference(glob[1:], text[1:], separator)
    if glob[0] == "\\":
        return glob[1] == text[0] and glob_reference(glob[2:], text[1:], separator)
    return glob[0] == text[0] and glob_reference(glob[1:], text[1:], separator)


GLOBS = st.lists(st.sampled_from(["a", "b", "/", ".", "*", "**", "?", "é", "\\*", "\\\\", "\n", "[", "K"]), max_size=7)


@settings(max_examples=400, deadline=None)
@given(GLOBS.map("".join), TEXTS, st.sampled_from([None, "/", "."]))
@example("a*b*b", "abb", None)
@example("*a", "/a", "/")
@example("\\*", "*", None)
def test_globs_match_as_defined(glob: str, text: str, separator: str | None) -> None:
    pattern = compile_glob(glob, separator)
    assert pattern.matches(text) is glob_reference(glob, text, separator) is reference(pattern.syntax, text)


ATOMS = st.sampled_from(
    ["a", "b", "/", "K", "é", ".", "[ab]", "[^a]", "[a-z/]", r"\n", r"\w", r"\W", r"\pZ", r"\p{Sc}", r"\P{Greek}", "[[:alpha:]]",
     r"\x{1F642}", r"[^\n]", "()", r"[\d\p{Latin}]", r"\.", "ab", r"\Qa.\E", "[[:^upper:]k]", r"[^\PL]", r"\p{Lu}"]
)  # fmt: skip
QUANTIFIERS = st.sampled_from(["*", "+", "?", "*?", "{2}", "{1,2}", "{0,}", "{2,}", "{0}", "+?"])
REGEXES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, QUANTIFIERS).map(lambda pair: f"({pair[0]}){pair[1]}"),
        inner.map(lambda one: f"({one}|)"),
    ),
    max_leaves=8,
)
FLAGS = st.sampled_from(["", "(?i)"])


@settings(max_examples=400, deadline=None)
@given(FLAGS, REGEXES, TEXTS)
@example("", "(a|ab)(b|)", "ab")
@example("(?i)", "k", "\u212a")
@example("", "(()*)+", "")
def test_regular_expressions_match_as_defined(flags: str, regex: str, text: str) -> None:
    pattern = compile_regex(flags + regex)
    assert pattern.matches(text) is reference(pattern.syntax, text)


def re2(text: str) -> Callable[[str], bool] | None:
    """The author's own text as RE2 reads it, with `.` matching line breaks; None if it is refused."""
    engine = importlib.import_module("re2")
    options = engine.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        compiled = engine.compile(text, options)
    except engine.error:
        return None
    return lambda candidate: compiled.fullmatch(candidate) is not None


@settings(max_examples=400, deadline=None)
@given(FLAGS, REGEXES, TEXTS)
@example("(?i)", r"\w", "\u017f")
@example("(?i)", r"[^k]", "\u212a")
@example("(?i)", r"\P{Lu}", "a")
def test_regular_expressions_mean_what_they_mean_to_re2(flags: str, regex: str, text: str) -> None:
    theirs = re2(flags + regex)
    assert theirs is not None
    assert compile_regex(flags + regex).matches(text) is theirs(text)


def pattern_or_error(compile_it: Callable[[str], Pattern], source: str) -> Pattern | PatternError:
    try:
        return compile_it(source)
    except PatternError as error:
        return error


FRAGMENTS = st.lists(
    st.sampled_from([*"ab(){}[]|*+?^$.\\,-:123<>=!#PQEpLdwsxbBCAzik/é\n", "[:alpha:]", "\\p{Lu}", "{2,3}", "(?:"]),
    max_size=9,
)


@settings(max_examples=1_500, deadline=None)
@given(FRAGMENTS.map("".join), TEXTS)
def test_what_is_accepted_is_accepted_by_re2_with_the_same_meaning(regex: str, text: str) -> None:
    pattern = pattern_or_error(compile_regex, regex)
    if isinstance(pattern, PatternError):
        assert pattern.reason
        assert 0 <= pattern.offset <= len(regex)
        return
    theirs = re2(regex)
    assert theirs is not None
    assert pattern.matches(text) is theirs(text) is reference(pattern.syntax, text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=20), st.text(alphabet=st.characters(), max_size=20), st.sampled_from([None, "/"]))
def test_any_text_is_a_pattern_or_a_pattern_error_and_matching_never_raises(
    source: str, text: str, separator: str | None
) -> None:
    for pattern in (
        pattern_or_error(compile_regex, source),
        pattern_or_error(partial(compile_glob, separator=separator), source),
    ):
        if isinstance(pattern, Pattern):
            assert pattern.matches(text) in {True, False}


@settings(max_examples=300, deadline=None)
@given(FLAGS, REGEXES, TEXTS)
def test_the_text_for_the_engine_means_the_same_when_it_is_read_again(flags: str, regex: str, text: str) -> None:
    syntax = compile_regex(flags + regex).syntax
    written = re2_text(syntax).replace("(?s:.)", ".")
    assume(len(written) <= MAXIMUM_LENGTH)
    again = parse_regex(written)
    assert matcher(again)(text) is matcher(syntax)(text)


@settings(max_examples=200, deadline=None)
@given(FLAGS, REGEXES)
def test_the_size_is_no_smaller_than_a_third_of_what_the_engine_makes(flags: str, regex: str) -> None:
    syntax = compile_regex(flags + regex).syntax
    engine = importlib.import_module("re2")
    assert engine.compile(re2_text(syntax)).programsize <= 3 * size(syntax) + 20


CLASSES = ["Any", "C", "L", "M", "N", "P", "S", "Z", *CATEGORIES, *SCRIPTS]
EVERYTHING = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))


def found_by_re2(regex: str, *, folding: bool = False) -> Ranges:
    engine = importlib.import_module("re2")
    found = []
    for match in engine.finditer(f"(?i)(?:{regex})+" if folding else f"(?:{regex})+", EVERYTHING):
        low, high = ord(EVERYTHING[match.start()]), ord(EVERYTHING[match.end() - 1])
        found.append((low, high))
    return normalized(found)


@pytest.mark.parametrize("names", [CLASSES[start::8] for start in range(8)])
def test_unicode_classes_are_those_of_re2(names: list[str]) -> None:
    # A later RE2 may know characters that the tables don't, but must not disagree about those that they know.
    unknown = complement(normalized(each for name in "CLMNPSZ" for each in unicode_class(name) or ()))
    for name in names:
        ours = unicode_class(name)
        assert ours is not None
        for expected, found in (
            (ours, found_by_re2(rf"\p{{{name}}}")),
            (folded(ours), found_by_re2(rf"\p{{{name}}}", folding=True)),
        ):
            assert normalized((*expected, *unknown)) == normalized((*found, *unknown)), name
