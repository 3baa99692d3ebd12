"""Whether texts exist: the cases that are easily got wrong, by name."""

from __future__ import annotations

import pytest

from tenetlang.analysis.languages import find
from tenetlang.analysis.languages.automata import Automaton, TooLarge
from tenetlang.analysis.languages.find import NO_TEXT, Undecided, contains, find_text, is_disjoint
from tenetlang.values.globs import parse_glob
from tenetlang.values.pattern_syntax import ANY, ANYTHING, AnyOf, Choice, Empty, Literal, PatternSyntax, Repeat
from tenetlang.values.regular_expressions import parse_regex

NOTHING = AnyOf(())
PATTERNS_OF_POLICIES: list[PatternSyntax] = [
    parse_glob("src/**", "/"),
    parse_glob("**/*.py", "/"),
    parse_glob("rm *", None),
    parse_glob("https://*.acme.com/**", "/"),
    parse_regex("[a-z]+-[0-9]{1,4}"),
]


def test_without_patterns_the_shortest_text_is_empty() -> None:
    assert find_text([]) == ""
    assert find_text([], [Empty()]) == "a"


def test_the_empty_language_has_no_text() -> None:
    assert find_text([NOTHING]) is NO_TEXT
    assert find_text([parse_regex("a*"), Repeat(NOTHING, 1, None)]) is NO_TEXT
    assert find_text([Repeat(NOTHING, 0, None)]) == ""
    assert contains(NOTHING, Literal("a")) is True
    assert contains(NOTHING, NOTHING) is True
    assert contains(ANY, NOTHING) is False
    assert is_disjoint(NOTHING, ANYTHING) is True


def test_nothing_is_left_outside_of_everything() -> None:
    assert find_text([parse_regex("a.*")], [ANYTHING]) is NO_TEXT
    assert find_text([ANYTHING], [ANYTHING, Literal("a")]) is NO_TEXT


def test_a_literal_is_tried_and_not_searched_for() -> None:
    literal = Literal("rm -rf /")
    assert find_text([literal, parse_glob("rm *", None)], budget=0) == "rm -rf /"
    assert find_text([literal], [parse_glob("rm *", None)], budget=0) is NO_TEXT
    assert find_text([literal], excluding=["rm -rf /"], budget=0) is NO_TEXT
    assert find_text([literal], shortest=9, budget=0) is NO_TEXT
    assert find_text([literal], longest=7, budget=0) is NO_TEXT
    assert is_disjoint(literal, parse_glob("rm *", None)) is False
    assert is_disjoint(parse_glob("rm *", None), literal) is False
    assert contains(literal, parse_glob("rm *", None)) is True
    assert contains(parse_glob("rm *", None), literal) is False


def test_a_beginning_and_an_end_may_overlap() -> None:
    assert find_text([parse_glob("ab*", None), parse_glob("*bc", None)]) == "abc"
    assert find_text([parse_glob("aba*aba", None), Repeat(ANY, 3, 5)]) is NO_TEXT


def test_patterns_that_begin_or_end_differently_need_no_search() -> None:
    assert is_disjoint(parse_glob("src/**", "/"), parse_glob("docs/**", "/"), budget=-1) is True
    assert is_disjoint(parse_glob("**/*.py", "/"), parse_glob("**.md", "/"), budget=-1) is True
    assert is_disjoint(parse_glob("src/**", "/"), parse_glob("**.md", "/"), budget=-1) is False
    assert find_text([parse_glob("src/**", "/"), parse_glob("docs/**", "/")], budget=-1) is NO_TEXT
    assert contains(parse_glob("src/a/**", "/"), parse_glob("src/**", "/"), budget=-1) is True
    assert contains(parse_glob("src/**", "/"), parse_glob("docs/**", "/"), budget=-1) is False


def test_code_points_beyond_the_first_plane_are_single_letters() -> None:
    face = AnyOf(((0x1F642, 0x1F642),))
    assert find_text([face], shortest=1, longest=1) == "\U0001f642"
    assert find_text([Repeat(face, 2, 2)], [parse_regex("..")]) is NO_TEXT
    assert find_text([AnyOf(((0x10FFFF, 0x10FFFF),))]) == "\U0010ffff"


def test_the_point_is_any_code_point_and_no_surrogate() -> None:
    assert find_text([parse_regex(".")], [parse_regex(r"[^\n]")]) == "\n"
    assert find_text([ANY], [AnyOf(((0, 0xD7FF),)), AnyOf(((0xE000, 0x10FFFF),))]) is NO_TEXT
    assert find_text([ANY], excluding=["\ud800"]) == "a"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (".{3}", "aaa"),
        ("[^a-c]", "d"),
        ("[^a-z]", "0"),
        ("[^a-z0-9]", "A"),
        (r"\W", "-"),
        (r"[\s!]", "!"),
        (r"\s", " "),
        (r"[\t\x{A0}]", "\t"),
        (r"[\x{200b}é]", "é"),
        (r"[\x{200b}\x{301}]", "\u0301"),
        (r"[^\x00-\x7f]", "é"),
        (r"[\x{ad}\x{4e00}-\x{4e05}]", "一"),
        (r"(\x{0}|-)(a|0)", "-a"),
        (r"\x{0}b|A-", "A-"),
        (r"\x{0}.*|a\x{0}", "\x00"),
        (r"[\x{E000}-\x{10FFFF}]", "\ufb00"),
        (r"[\x{378}\x{1}]", "\u0378"),
    ],
)
def test_of_the_shortest_texts_the_one_that_a_person_would_write_is_found(pattern: str, text: str) -> None:
    assert find_text([parse_regex(pattern)]) == text


def test_an_early_choice_does_not_spoil_a_later_one() -> None:
    # Both ways meet in one state, and the first to get there is the dearer.
    assert find_text([parse_regex(r"(\x{0}[x-z]|0[0-9])q")]) == "00q"


def test_texts_of_a_finite_language_can_all_be_excluded() -> None:
    hundred = [f"{number:02}" for number in range(100)]
    assert find_text([parse_regex("[0-9]{2}")], excluding=hundred[:42] + hundred[43:]) == "42"
    assert find_text([parse_regex("[0-9]{2}")], excluding=hundred) is NO_TEXT
    assert find_text([parse_regex("[0-9]{2}x?")], excluding=hundred) == "00x"
    assert find_text([], excluding=["", "a", "b"]) == "c"
    assert find_text([parse_regex("a*")], excluding=["", "a", "aaa"]) == "aa"


def test_an_excluded_text_may_begin_another() -> None:
    assert find_text([parse_regex("a{1,3}")], excluding=["a", "aa"]) == "aaa"
    assert find_text([parse_regex("a{1,3}")], excluding=["aaa", "a"]) == "aa"


def test_lengths_are_counted_in_code_points_from_the_least_to_the_greatest() -> None:
    assert find_text([parse_regex("(ab)*")], shortest=3) == "abab"
    assert find_text([parse_regex("(ab)*")], shortest=3, longest=3) is NO_TEXT
    assert find_text([parse_regex("(ab)*")], shortest=4, longest=4) == "abab"
    assert find_text([parse_regex("a{3}|b{5}")], shortest=4) == "bbbbb"
    assert find_text([parse_regex("a{3}|b{5}")], shortest=6) is NO_TEXT
    assert find_text([], longest=0) == ""
    assert find_text([ANY], longest=0) is NO_TEXT
    assert find_text([], shortest=2, longest=1) is NO_TEXT
    assert find_text([], shortest=2_000) == "a" * 2_000


def test_a_state_seen_on_a_shorter_text_counts_again_up_to_the_least_length() -> None:
    assert find_text([parse_regex("a*")], [parse_regex("(a{3})*")], shortest=6) == "a" * 7
    assert find_text([parse_regex("a*")], [parse_regex("(a{3})*")], shortest=6, longest=6) is NO_TEXT


def test_large_counts_are_no_trouble() -> None:
    thousand = parse_regex("[a-z]{1000}")
    assert find_text([thousand]) == "a" * 1_000
    assert find_text([parse_regex("[a-z]{0,1000}!"), parse_regex(".{900,}")]) == "a" * 899 + "!"
    assert is_disjoint(thousand, parse_regex("[a-z]{0,999}")) is True
    assert contains(thousand, parse_regex("[a-z]{1,1000}")) is True
    assert contains(parse_regex("(a?){1000}"), parse_regex("a{0,1000}")) is True
    assert contains(parse_regex("a{0,1000}"), parse_regex("(a?){999}")) is False
    assert find_text([Repeat(Repeat(ANY, 5, 5), 1_000, 1_000)]) == "a" * 5_000


def test_a_search_that_spends_its_budget_is_undecided() -> None:
    # Each remembers in which of the last twenty places there was an `a` or a `b`.
    remembering = parse_regex(".*a.{20}"), parse_regex(".*b.{20}")
    assert isinstance(find_text([remembering[0]], [remembering[1], parse_regex(".*a.{20}.*")]), Undecided)
    assert isinstance(contains(parse_regex(".*[ab].{20}"), Choice(remembering), budget=500), Undecided)
    assert isinstance(is_disjoint(parse_regex("(.{7})*a"), parse_regex("(.{11})*b*"), budget=3), Undecided)


def test_what_one_pattern_remembers_is_no_trouble_where_it_must_match() -> None:
    remembering = parse_regex(".*a.{20}"), parse_regex(".*b.{20}")
    assert find_text([remembering[0]]) == "a" * 21
    assert find_text(remembering) is NO_TEXT
    assert find_text([remembering[0], parse_regex(".*b.{19}")]) == "ab" + "a" * 19
    assert is_disjoint(*remembering) is True


def test_a_text_that_was_found_is_given_even_if_the_budget_ended_the_search_for_a_finer_one() -> None:
    pattern = parse_regex("|".join(f"{letter}{letter}?{number}" for number, letter in enumerate("abcdefgh")))
    found = find_text([pattern], budget=4)
    assert isinstance(found, str)
    assert Automaton(pattern).accepts(found)
    assert len(found) == 2


def test_a_pattern_with_too_many_positions_is_undecided() -> None:
    large = Repeat(Repeat(Literal("ab"), 1_000, 1_000), 20, 20)
    with pytest.raises(TooLarge):
        Automaton(large)
    assert isinstance(find_text([large]), Undecided)
    assert isinstance(find_text([ANY], [large]), Undecided)
    assert isinstance(is_disjoint(ANY, large), Undecided)
    assert isinstance(contains(large, ANY), Undecided)


def test_alternatives_with_the_same_ending_share_it() -> None:
    ending = "x" * 1_000
    assert len(Automaton(Choice(tuple(Literal(f"{letter}{ending}") for letter in "abcd"))).follows) == 1_005


def questions() -> list[tuple[list[PatternSyntax], list[PatternSyntax]]]:
    patterns = PATTERNS_OF_POLICIES
    return [([a, b], [c]) for a in patterns for b in patterns for c in patterns]


def answers() -> list[object]:
    pairs = [(a, b) for a in PATTERNS_OF_POLICIES for b in PATTERNS_OF_POLICIES]
    return [
        *(find_text(*question) for question in questions()),
        *(is_disjoint(a, b) for a, b in pairs),
        *(contains(a, b) for a, b in pairs),
    ]


@pytest.mark.parametrize(
    ("limit", "size"), [("_PREPARED", 12), ("_PREPARED", 30), ("_WORK", 10), ("_OBJECTS", 2), ("_ANSWERS", 3)]
)
def test_what_is_remembered_is_bounded_and_forgetting_changes_no_answer(
    limit: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = answers()
    assert NO_TEXT in first
    for memory in (find._texts, find._answers, find._by_identity, find._by_syntax):
        memory.clear()
    find._totals.positions = 0
    monkeypatch.setattr(find, limit, size)
    assert answers() == first
    largest = max(len(Automaton(pattern).follows) for pattern in PATTERNS_OF_POLICIES)
    kept = sum(len(automaton.follows) for automaton in find._by_syntax.values())
    assert kept == find._totals.positions <= max(find._PREPARED, largest)
    assert find._totals.work <= find._WORK
    assert len(find._by_identity) <= find._OBJECTS
    assert len(find._texts) <= find._ANSWERS
    assert len(find._answers) <= find._ANSWERS


def test_equal_patterns_are_prepared_once() -> None:
    first = find._prepared(parse_glob("equal/**", "/"))
    assert find._prepared(parse_glob("equal/**", "/")) is first
