"""Patterns: what `like` and `matches` accept, what they match, and what they cost."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tenetlang.values.code_points import ALL, POSIX, complement, contains, folded, normalized, unicode_class
from tenetlang.values.pattern_syntax import (
    ANY,
    ANYTHING,
    AnyOf,
    Choice,
    Empty,
    Literal,
    PatternSyntax,
    Repeat,
    Sequence,
    size,
    steps,
)
from tenetlang.values.patterns import Pattern, PatternError, compile_glob, compile_regex, needed_texts, re2_text

VECTORS = Path(__file__).parents[2] / "vectors" / "opa-builtins" / "vectors.jsonl"
NO_SLASH = AnyOf(complement(((0x2F, 0x2F),)))


def refused(text: str) -> PatternError:
    with pytest.raises(PatternError) as caught:
        compile_regex(text)
    return caught.value


# Globs


@pytest.mark.parametrize(
    "glob, separator, text, expected",
    [
        ("rm *", None, "rm -rf /", True),
        ("rm *", None, "rm -rf /\nrm -rf ~", True),
        ("rm *", None, "rmdir x", False),
        ("rm *", None, "rm ", True),
        ("a?c", None, "a\nc", True),
        ("a?c", None, "a🙂c", True),
        ("a?c", None, "ac", False),
        ("/project/*", "/", "/project/a.txt", True),
        ("/project/*", "/", "/project/", True),
        ("/project/*", "/", "/project", False),
        ("/project/*", "/", "/project/sub/a.txt", False),
        ("/project/**", "/", "/project/sub/a.txt", True),
        ("/project/**", "/", "/project", False),
        ("/project/**", "/", "/projector/a", False),
        ("a/**/b", "/", "a/x/y/b", True),
        ("a/**/b", "/", "a/b", False),
        ("/a?b", "/", "/a/b", False),
        ("*/b", "/", "/b", True),
        ("*.acme.com", ".", "api.acme.com", True),
        ("*.acme.com", ".", "a.b.acme.com", False),
        ("*.acme.com", ".", "acme.com", False),
        ("*.acme.com", ".", "api.acme.com.evil.org", False),
        ("**.acme.com", ".", "a.b.acme.com", True),
        ("github.**", ".", "github.issue.get", True),
        ("github.*", ".", "github.issue.get", False),
        ("*.*", ".", "a.b", True),
        ("*.*", ".", "a.b.c", False),
        ("a*b*c", None, "aXbYbZc", True),
        ("ab*ba", None, "aba", False),
        ("*aa*aa*", None, "aaa", False),
        ("*aa*aa*", None, "aaaa", True),
        ("***", "/", "a/b", True),
        ("", None, "", True),
        ("", None, "a", False),
        ("*", None, "", True),
        (r"100\%", None, "100%", True),
        (r"\*\?\\", None, "*?\\", True),
        (r"\*", None, "x", False),
        ("[abc]", None, "a", False),
        ("[abc]", None, "[abc]", True),
        ("{a,b}", None, "a", False),
        ("{a,b}", None, "{a,b}", True),
        ("Ä*", None, "ä", False),
    ],
)
def test_a_glob_matches_the_whole_text_segment_by_segment(
    glob: str, separator: str | None, text: str, expected: bool
) -> None:
    assert compile_glob(glob, separator).matches(text) is expected


@pytest.mark.parametrize(
    "glob, offset, reason",
    [
        ("a\\", 1, "the glob ends in a `\\` that escapes nothing; write `\\\\` for a backslash"),
        ("C:\\Users", 2, "`\\U` means nothing in a glob; write `\\\\` for a backslash"),
        ("a\ud800", 1, "a pattern can't hold half of a surrogate pair"),
        ("a" * 4_097, 0, "a pattern has at most 4,096 characters, this one 4,097"),
    ],
)
def test_a_glob_that_is_none_says_why_and_where(glob: str, offset: int, reason: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_glob(glob, None)
    assert (caught.value.reason, caught.value.offset, str(caught.value)) == (reason, offset, reason)


@pytest.mark.parametrize(
    "glob, separator, syntax",
    [
        ("", None, Empty()),
        ("ab", None, Literal("ab")),
        ("*", None, ANYTHING),
        ("**", "/", ANYTHING),
        ("****", "/", ANYTHING),
        ("*", "/", Repeat(NO_SLASH, 0, None)),
        ("a\\*b?", "/", Sequence((Literal("a*b"), NO_SLASH))),
        ("a*b", None, Sequence((Literal("a"), ANYTHING, Literal("b")))),
    ],
)
def test_a_glob_becomes_syntax(glob: str, separator: str | None, syntax: PatternSyntax) -> None:
    assert compile_glob(glob, separator).syntax == syntax


# Regular expressions: what they mean


@pytest.mark.parametrize(
    "regex, syntax",
    [
        ("", Empty()),
        ("()", Empty()),
        ("abc", Literal("abc")),
        ("(a(?:b)(?P<name>c)(?<other>d))", Literal("abcd")),
        (".", ANY),
        ("a|b|[c-e]", AnyOf(((0x61, 0x65),))),
        ("ab|cd|ab", Choice((Literal("ab"), Literal("cd")))),
        ("ab|", Choice((Literal("ab"), Empty()))),
        ("a*", Repeat(Literal("a"), 0, None)),
        ("a+?", Repeat(Literal("a"), 1, None)),
        ("ab??", Sequence((Literal("a"), Repeat(Literal("b"), 0, 1)))),
        ("a{2}", Repeat(Literal("a"), 2, 2)),
        ("a{2,}", Repeat(Literal("a"), 2, None)),
        ("a{2,3}", Repeat(Literal("a"), 2, 3)),
        ("a{1}", Literal("a")),
        ("a{0}", Empty()),
        ("(a|){3}", Repeat(Choice((Literal("a"), Empty())), 3, 3)),
        ("[^\\x00-\\x{10FFFF}]", AnyOf(())),
        ("(?i)k", AnyOf(((0x4B, 0x4B), (0x6B, 0x6B), (0x212A, 0x212A)))),
        ("(?i)1", Literal("1")),
        ("\\Qa.b\\E+", Sequence((Literal("a."), Repeat(Literal("b"), 1, None)))),
        ("\\Qa.b", Literal("a.b")),
    ],
)
def test_a_regular_expression_becomes_syntax(regex: str, syntax: PatternSyntax) -> None:
    assert compile_regex(regex).syntax == syntax


@pytest.mark.parametrize(
    "regex, text, expected",
    [
        ("a.c", "a\nc", True),
        ("a", "ba", False),
        ("a", "ab", False),
        ("a", "a\n", False),
        ("a|ab", "ab", True),
        ("[a-c]{2}", "ca", True),
        ("[^a-c]", "d", True),
        ("[^a-c]", "\n", True),
        ("[]a]+", "a]", True),
        ("[^]a]", "]", False),
        ("[a-]+", "-a", True),
        ("[a\\-z]", "b", False),
        ("[\\d-z]+", "4-z", True),
        ("[[:alpha:]_]+", "a_Z", True),
        ("[[:^alpha:]]", "a", False),
        ("[[:]+", ":[", True),
        (r"\d+", "٣", False),
        (r"\w+", "é", False),
        (r"\s+", "\t\n\f\r ", True),
        (r"\s", "\v", False),
        (r"\s", "\u00a0", False),
        (r"[[:space:]]", "\v", True),
        (r"\S\D\W", "xx-", True),
        (r"\pL+", "éλЖ", True),
        (r"\PL", "é", False),
        (r"\p{Greek}+", "λόγος", True),
        (r"\p{^Greek}", "λ", False),
        (r"\P{^Greek}", "λ", True),
        (r"[\p{Lu}\d]+", "Ä1", True),
        (r"\p{Any}", "🙂", True),
        (r"\x41\x{1F642}\t\0\012\a", "A🙂\t\0\n\a", True),
        (r"\.\*\/\_\-\ ", ".*/_- ", True),
        ("a{,b", "a{,b", True),
        ("{", "{", True),
        ("a{x}", "a{x}", True),
        ("x{1", "x{1", True),
        ("(?i)straße", "STRAßE", True),
        ("(?i)straße", "STRASSE", False),
        ("(?i)straße", "ſtraẞe", True),
        ("(?i)[^k]", "\u212a", False),
        ("(?i)\\w", "\u017f", True),
        ("(?i)[[:upper:]]", "a", True),
        ("(?i)\\P{Lu}", "a", False),
        ("a\x00b", "a\x00b", True),
    ],
)
def test_a_regular_expression_matches_the_whole_text(regex: str, text: str, expected: bool) -> None:
    assert compile_regex(regex).matches(text) is expected


# Regular expressions: what is refused


@pytest.mark.parametrize(
    "regex, offset, part",
    [
        ("^a", 0, "`^` is not needed"),
        ("ab$", 2, "`$` is not needed"),
        ("\\Aa", 0, "`\\A` is not needed"),
        ("a\\z", 1, "`\\z` is not needed"),
        ("a\\bb", 1, "a word's edge"),
        ("a\\B", 1, "no word's edge"),
        ("\\C", 0, "one byte"),
        ("[\\b]", 1, "a word's edge"),
        ("(a)\\1", 3, "backreferences"),
        ("\\12", 0, "backreferences"),
        ("(?P<x>a)(?P=x)", 8, "backreferences"),
        ("a(?=b)", 1, "look-ahead"),
        ("a(?!b)", 1, "look-ahead"),
        ("(?<=a)b", 0, "look-behind"),
        ("(?<!a)b", 0, "look-behind"),
        ("(?>a)", 0, "atomic"),
        ("(?#a)", 0, "comments"),
        ("(?s)a", 0, "of flags there is only `(?i)`"),
        ("(?im)a", 0, "of flags there is only `(?i)`"),
        ("a(?i)b", 1, "of flags there is only `(?i)`"),
        ("(?i:a)", 0, "of flags there is only `(?i)`"),
        ("(?", 0, "of flags there is only `(?i)`"),
        ("(?P<1>a)", 0, "the name of a group"),
        ("(?P<a", 0, "the name of a group"),
        ("(?P<a>)(?P<a>)", 7, "two groups are called `a`"),
        ("(a", 0, "this `(` is not closed"),
        ("a)", 1, "this `)` closes nothing"),
        ("[a", 0, "this `[` is not closed"),
        ("[", 0, "this `[` is not closed"),
        ("[]", 0, "this `[` is not closed"),
        ("[a-", 0, "this `[` is not closed"),
        ("[[:alpha:]", 0, "this `[` is not closed"),
        ("[z-a]", 1, "backwards"),
        ("[a-\\d]", 1, "a range ends in a character"),
        ("[[:letters:]]", 1, "there is no class `[:letters:]`"),
        ("*a", 0, "nothing before `*`"),
        ("a|+", 2, "nothing before `+`"),
        ("(?:?)", 3, "nothing before `?`"),
        ("{2}", 0, "nothing before this count"),
        ("a**", 2, "can't be repeated"),
        ("a*??", 3, "can't be repeated"),
        ("a{2}{3}", 4, "can't be repeated"),
        ("a*+", 2, "can't be repeated"),
        ("a{1001}", 1, "at most 1,000 times"),
        ("a{1,99999999999999999999}", 1, "at most 1,000 times"),
        ("a{3,2}", 1, "at least 3 and at most 2 times is never"),
        ("a{,5}", 1, "write `{0,5}`"),
        ("(a{100}){11}", 8, "multiply to more than 1,000"),
        ("((a{1000})*){2}", 12, "multiply to more than 1,000"),
        ("\\", 0, "escapes nothing"),
        ("\\q", 0, "`\\q` means nothing"),
        ("\\é", 0, "`\\é` means nothing"),
        ("\\u0041", 0, "write a code point as"),
        ("\\x4", 0, "write a code point as"),
        ("\\xgg", 0, "write a code point as"),
        ("\\x{}", 0, "write a code point as"),
        ("\\x{12", 0, "write a code point as"),
        ("\\x{110000}", 0, "the last code point"),
        ("\\x{D800}", 0, "half of a surrogate pair"),
        ("\\pX", 0, "Unicode has no class `X`"),
        ("\\p{Klingon}", 0, "Unicode has no class `Klingon`"),
        ("\\p{Greek", 0, "not closed"),
        ("\\p", 0, "Unicode has no class ``"),
        ("\\E", 0, "`\\E` ends a `\\Q`"),
        ("a\udc00", 1, "half of a surrogate pair"),
        ("(" * 51 + ")" * 51, 50, "groups nest at most 50 deep"),
        ("a" * 4_097, 0, "at most 4,096 characters"),
        ("[^/]{1000}" * 6, 0, "too large"),
        ("\\pL{100}", 0, "too large"),
    ],
)
def test_what_is_no_regular_expression_is_refused_with_a_reason_and_a_place(regex: str, offset: int, part: str) -> None:
    error = refused(regex)
    assert part in error.reason
    assert error.offset == offset


@pytest.mark.parametrize(
    "regex",
    [
        "((a{1000}){1000}){1000}",
        "(" * 4_096,
        "\\pL{40}",
        "a{1000}" * 500,
        "(.*a){500}.{500}",
        "([^/]{500}|\\pL{9}){1}",
        "(a|" * 50 + "b" + ")*" * 50,
        "\\pL" * 1_300,
        "(?i)[\\pL\\PN]" * 300,
        "[" + "\\pL" * 1_300 + "]",
        "(?i)[" + "\\x{0}-\\x{10FFFF}" * 240 + "]",
        "((((a{9}){9}){9}){9}){9}",
    ],
)
def test_a_hostile_pattern_is_accepted_or_refused_quickly(regex: str) -> None:
    started = time.process_time()
    with contextlib.suppress(PatternError):
        compile_regex(regex)
    assert time.process_time() - started < 3


@pytest.mark.parametrize("regex", [".{1000}", "[^/]{1,1000}", "\\pL{1,40}", "(?i)" + "k" * 4_000, "(a{10}){100}"])
def test_large_patterns_within_the_bounds_are_compiled_by_the_engine_too(regex: str) -> None:
    assert compile_regex(regex).matches("/") is False


def test_the_matcher_of_a_pattern_that_backtracking_engines_choke_on_is_linear() -> None:
    pattern = compile_regex("(a+)+b|(a|aa)+c|(.*)*d")
    started = time.process_time()
    assert pattern.matches("a" * 200_000) is False
    assert time.process_time() - started < 3


def test_many_stars_in_a_glob_are_linear() -> None:
    pattern = compile_glob("*a" * 500 + "*b", None)
    started = time.process_time()
    assert pattern.matches("a" * 200_000) is False
    assert time.process_time() - started < 3


# Patterns as values


def test_a_pattern_is_a_value_told_apart_by_what_was_written() -> None:
    assert compile_glob("a*", "/") == compile_glob("a*", "/")
    assert hash(compile_glob("a*", "/")) == hash(compile_glob("a*", "/"))
    assert compile_glob("a*", "/") != compile_glob("a*", ".")
    assert compile_glob("a", None) != compile_regex("a")
    with pytest.raises(AttributeError):
        compile_regex("a").kind = "glob"  # type: ignore[misc]


def test_a_glob_can_be_used_with_other_segments_and_a_regular_expression_stays_itself() -> None:
    plain = compile_glob("/project/*", None)
    assert plain.matches("/project/a/b")
    assert not plain.within("/").matches("/project/a/b")
    assert plain.within("/") == compile_glob("/project/*", "/")
    assert plain.within(None) is plain
    assert plain.within("/") is plain.within("/")
    regex = compile_regex("a")
    assert regex.within("/") is regex


@pytest.mark.parametrize("glob", ["?" * 4_096, "*?" * 2_048, "*a" * 2_048, "é" * 4_096])
def test_what_is_a_glob_with_one_separator_is_one_with_any(glob: str) -> None:
    assert {compile_glob(glob, None).within(separator).separator for separator in (None, "/", ".")} == {None, "/", "."}


@pytest.mark.parametrize(
    "pattern",
    [compile_glob(glob, separator) for glob in ("*", "?", "a*", "*a", "**", "x?*") for separator in (None, "/")]
    + [compile_regex(regex) for regex in (".", ".*", "[^a]", "\\PL", "(|.)*", "\\p{Cs}")],
)
def test_no_pattern_matches_text_with_half_of_a_surrogate_pair_and_none_raises(pattern: Pattern) -> None:
    for text in ("\ud800", "a\udfff", "\udc00a", "x\ud83d", "\ude42\ud83d"):
        assert pattern.matches(text) is False


def test_the_engine_is_imported_only_for_patterns_that_need_it() -> None:
    script = (
        "import sys; from tenetlang.values.patterns import compile_glob, compile_regex\n"
        "cheap = [compile_glob(g, s) for g in ('a', 'a*', '*b', 'a*b', '', '**c**') for s in (None, '/')]\n"
        "cheap += [compile_regex(r) for r in ('abc', 'a.*', 'ab|cd', '.*x.*')]\n"
        "[pattern.matches('abc') for pattern in cheap]; costly = compile_regex('[a-z]+[0-9]')\n"
        "print('re2' in sys.modules); costly.matches('a1'); print('re2' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]


def test_the_engine_gets_ascii_made_from_the_syntax() -> None:
    assert re2_text(compile_regex("(?i)k*(é1|[^/]{2,3}|)").syntax) == (
        r"[Kk\x{212A}]*(?:[\x{C9}\x{E9}]1|[^\x{2F}]{2,3}|(?:))"
    )
    assert re2_text(compile_regex("a.b{2}c{3,}(de)?[^\\x00-\\x{10FFFF}]").syntax) == (
        r"a(?s:.)b{2}c{3,}(?:de)?[^\x{0}-\x{10FFFF}]"
    )


# Sets of code points


def test_sets_hold_no_surrogates_and_have_one_form() -> None:
    assert normalized([(5, 9), (0, 4), (20, 30), (25, 40)]) == ((0, 9), (20, 40))
    assert normalized([(0, 0x10FFFF)]) == ALL
    assert normalized([(0xD800, 0xDFFF)]) == ()
    assert complement(()) == ALL
    assert complement(ALL) == ()
    assert complement(((0, 0xFFFF),)) == ((0x10000, 0x10FFFF),)
    assert complement(complement(((0x41, 0x5A),))) == ((0x41, 0x5A),)
    assert contains(((0x41, 0x5A), (0x61, 0x61)), 0x5A)
    assert not contains(((0x41, 0x5A), (0x61, 0x61)), 0x5B)
    assert not contains((), 0)


def test_folding_closes_a_set_and_is_idempotent() -> None:
    assert folded(((0x73, 0x73),)) == ((0x53, 0x53), (0x73, 0x73), (0x17F, 0x17F))
    assert folded(((0x3C3, 0x3C3),)) == ((0x3A3, 0x3A3), (0x3C2, 0x3C3))
    assert folded(((0x30, 0x39),)) == ((0x30, 0x39),)
    assert folded(((0x130, 0x131),)) == ((0x130, 0x131),), "the Turkish letters have no simple folding"
    for ranges in POSIX.values():
        assert folded(folded(ranges)) == folded(ranges)


def test_size_counts_what_repetition_multiplies() -> None:
    assert steps(compile_regex("(ab){3}c+[x-z]{2,}").syntax) == 6 + 1 + 2
    assert size(compile_regex("a{10}").syntax) == 20
    assert size(compile_regex("é").syntax) == 2


@pytest.mark.parametrize("name", ["L", "Lu", "Nd", "Sc", "Cs", "C", "Greek", "Han", "Common", "Any"])
def test_unicode_classes_by_name(name: str) -> None:
    ranges = unicode_class(name)
    assert ranges is not None
    assert (ranges == ()) is (name == "Cs")


# Outside vectors


def rows(function: str) -> list[dict[str, object]]:
    lines = VECTORS.read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["fn"] == function]


def test_globs_agree_with_open_policy_agent() -> None:
    compared = 0
    for row in rows("glob.match"):
        match row["args"]:
            case [str(glob), [*separators], str(text)]:
                pass
            case _:
                pytest.fail(f"unexpected arguments in {row['case']}")
        if "[" in glob or "{" in glob:
            continue  # Classes and alternatives are not in Tenet's globs.
        # An empty list of delimiters means "." there.
        assert compile_glob(glob, str(separators[0]) if separators else ".").matches(text) is row["want"], row["case"]
        compared += 1
    assert compared == 7


def test_regular_expressions_agree_with_open_policy_agent() -> None:
    compared = 0
    for row in rows("regex.match"):
        match row["args"]:
            case [str(regex), str(text)]:
                pass
            case _:
                pytest.fail(f"unexpected arguments in {row['case']}")
        if "want_undefined" in row:
            with pytest.raises(PatternError):
                compile_regex(regex)
        elif regex.startswith("^"):
            # Anchors are refused; between them stands what Tenet matches.
            assert compile_regex(regex.removeprefix("^").removesuffix("$")).matches(text) is row["want"]
        else:
            assert text == ""  # A search in the empty text is a match of the whole text.
            assert compile_regex(regex).matches(text) is row["want"]
        compared += 1
    assert compared == 3


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (compile_regex("[a-z]+-7x[0-9]*"), ("-7x",)),
        (compile_regex("(ab)+c?"), ("ab",)),
        (compile_regex("(ab)*c?"), ()),
        (compile_regex("ab|cd"), ()),
        (compile_regex("(?i)ab"), ()),
        (compile_glob("/srv/*/x/*.txt", "/"), ("/srv/", ".txt", "/x/")),
        (compile_glob("aa*b*cc*ddd*e", None), ("ddd", "aa", "cc")),
    ],
)
def test_the_plain_texts_of_a_pattern_are_in_every_string_that_matches(
    pattern: Pattern, texts: tuple[str, ...]
) -> None:
    assert needed_texts(pattern.syntax) == texts
