"""What is said about languages agrees with trying every short text, on the real matcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenetlang.analysis.languages.automata import Automaton
from tenetlang.analysis.languages.characters import choose
from tenetlang.analysis.languages.find import BUDGET, NO_TEXT, Undecided, contains, find_text, is_disjoint
from tenetlang.analysis.languages.product import Search
from tenetlang.values.code_points import ALL, complement
from tenetlang.values.globs import parse_glob
from tenetlang.values.pattern_syntax import (
    ANY,
    ANYTHING,
    AnyOf,
    Choice,
    Empty,
    Literal,
    PatternSyntax,
    Repeat,
    choice,
    repeat,
    sequence,
)
from tenetlang.values.patterns import matcher
from tenetlang.values.regular_expressions import parse_regex

LETTERS = "abc/\u00e9"
"""One of each kind that the patterns below tell apart: `c` stands for all that they don't name."""

LONGEST = 4
TEXTS = ["".join(letters) for length in range(LONGEST + 1) for letters in product(LETTERS, repeat=length)]


def only(*characters: str) -> AnyOf:
    return AnyOf(tuple((ord(character), ord(character)) for character in sorted(characters)))


SETS: list[PatternSyntax] = [
    ANY,
    AnyOf(complement(only("/").ranges)),
    AnyOf(complement(only("a").ranges)),
    only("a", "b"),
    only("b"),
    only("a", "\u00e9"),
    only("/", "b"),
]
LEAVES: st.SearchStrategy[PatternSyntax] = st.one_of(
    st.text("ab/\u00e9", min_size=1, max_size=3).map(Literal),
    st.sampled_from(SETS),
    st.sampled_from([ANYTHING, Empty(), AnyOf(())]),
)
BOUNDS = st.sampled_from([(0, None), (1, None), (0, 1), (2, None), (2, 2), (0, 3), (1, 2), (3, 4), (0, 0)])


def grown(inner: st.SearchStrategy[PatternSyntax]) -> st.SearchStrategy[PatternSyntax]:
    parts = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        parts.map(sequence),
        parts.map(choice),
        parts.map(lambda some: Choice(tuple(some))),
        st.builds(lambda of, bounds: repeat(of, *bounds), inner, BOUNDS),
        st.builds(lambda of, bounds: Repeat(of, *bounds), inner, BOUNDS),
    )


TREES: st.SearchStrategy[PatternSyntax] = st.recursive(LEAVES, grown, max_leaves=8)
GLOBS = st.builds(
    parse_glob,
    st.lists(st.sampled_from(["a", "b", "/", "*", "**", "?", "\u00e9"]), max_size=5).map("".join),
    st.sampled_from([None, "/"]),
)
REGEXES = st.builds(
    parse_regex,
    st.lists(
        st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "(a|b/)", "(ab|a)", "a{2}", "[^/]{1,3}", "b?", "a*", ".*", "(ab)+"]),
        max_size=4,
    ).map("".join),
)  # fmt: skip
SYNTAXES = st.one_of(TREES, GLOBS, REGEXES)


def price(text: str) -> int:
    return sum(choose(ord(character), ord(character))[0] for character in text)


def matching(positive: list[PatternSyntax], negative: list[PatternSyntax]) -> Iterator[str]:
    required: list[Callable[[str], bool]] = list(map(matcher, positive))
    forbidden: list[Callable[[str], bool]] = list(map(matcher, negative))
    for text in TEXTS:
        if all(matches(text) for matches in required) and not any(matches(text) for matches in forbidden):
            yield text


@settings(max_examples=400)
@given(
    st.lists(SYNTAXES, max_size=3),
    st.lists(SYNTAXES, max_size=3),
    st.frozensets(st.sampled_from(TEXTS[:40]), max_size=6),
    st.integers(0, 3),
    st.none() | st.integers(0, 5),
)
@example([parse_regex("[ab]{1,2}")], [], frozenset(TEXTS[:3]), 0, None)
@example([ANYTHING], [parse_regex("a*"), parse_regex("[^/]*")], frozenset(), 2, None)
@example([AnyOf(())], [], frozenset(), 0, None)
@example([], [Empty(), parse_regex("[ab]")], frozenset({"c"}), 0, None)
@example([Repeat(Choice((AnyOf(()), Empty())), 2, None)], [AnyOf(())], frozenset(), 0, None)
def test_what_is_found_is_the_shortest_and_cheapest_text_that_will_do(
    positive: list[PatternSyntax],
    negative: list[PatternSyntax],
    excluding: frozenset[str],
    shortest: int,
    longest: int | None,
) -> None:
    possible = [
        text
        for text in matching(positive, negative)
        if text not in excluding and shortest <= len(text) and (longest is None or len(text) <= longest)
    ]
    found = find_text(positive, negative, excluding=excluding, shortest=shortest, longest=longest)
    if not isinstance(found, str):
        assert found is NO_TEXT
        assert not possible
        return
    assert all(matcher(syntax)(found) for syntax in positive)
    assert not any(matcher(syntax)(found) for syntax in negative)
    assert found not in excluding
    assert shortest <= len(found)
    assert longest is None or len(found) <= longest
    if possible:
        cheapest = min((len(text), price(text)) for text in possible)
        # Where `c` is excluded there is another letter that is no different, and not in these texts.
        assert (len(found), price(found)) <= cheapest
        assert excluding or (len(found), price(found)) == cheapest
    else:
        assert len(found) > LONGEST


@settings(max_examples=400)
@given(SYNTAXES, SYNTAXES)
@example(AnyOf(()), Literal("a"))
@example(AnyOf(()), AnyOf(()))
@example(Literal("a"), AnyOf(()))
@example(parse_glob("a*", None), parse_glob("*b", None))
@example(parse_glob("ab**b", "/"), parse_glob("a**b", "/"))
def test_languages_meet_and_contain_each_other_as_their_texts_do(a: PatternSyntax, b: PatternSyntax) -> None:
    disjoint, within = is_disjoint(a, b), contains(a, b)
    assert disjoint is is_disjoint(b, a) is (find_text([a, b]) is NO_TEXT)
    assert within is (find_text([a], [b]) is NO_TEXT)
    if disjoint is True:
        assert next(matching([a, b], []), None) is None
    if within is True:
        assert next(matching([a], [b]), None) is None


@settings(max_examples=300)
@given(SYNTAXES, SYNTAXES, SYNTAXES)
def test_containment_and_disjointness_obey_their_laws(a: PatternSyntax, b: PatternSyntax, c: PatternSyntax) -> None:
    assert contains(a, a) is True
    assert contains(a, ANYTHING) is True
    either = Choice((a, b))
    assert contains(a, either) is True
    assert contains(either, c) is (contains(a, c) is True and contains(b, c) is True)
    assert is_disjoint(either, c) is (is_disjoint(a, c) is True and is_disjoint(b, c) is True)
    assert is_disjoint(sequence((a, ANYTHING)), sequence((c, ANYTHING))) in {True, False}
    if contains(a, b) is True and is_disjoint(b, c) is True:
        assert is_disjoint(a, c) is True


@settings(max_examples=200)
@given(st.lists(SYNTAXES, min_size=1, max_size=3), st.lists(SYNTAXES, max_size=2), st.integers(0, 3))
@example([sequence([Literal("a"), AnyOf(())])], [Literal("a")], 0)
def test_following_positions_one_by_one_finds_the_same(
    positive: list[PatternSyntax], negative: list[PatternSyntax], shortest: int
) -> None:
    required, forbidden = list(map(Automaton, positive)), list(map(Automaton, negative))
    together = Search(required, forbidden, BUDGET).text(shortest, None)
    one_by_one = Search(required, forbidden, BUDGET, apart=True).text(shortest, None)
    if isinstance(together, str) and isinstance(one_by_one, str):
        assert (len(one_by_one), price(one_by_one)) == (len(together), price(together))
    else:
        assert one_by_one == together
    assert Search(required, forbidden, BUDGET, apart=True).is_empty() is (find_text(positive, negative) is NO_TEXT)


@settings(max_examples=200)
@given(st.lists(SYNTAXES, max_size=2), st.lists(SYNTAXES, max_size=2), st.integers(0, 12))
def test_a_small_budget_changes_no_answer_but_to_undecided(
    positive: list[PatternSyntax], negative: list[PatternSyntax], budget: int
) -> None:
    complete, hurried = find_text(positive, negative), find_text(positive, negative, budget=budget)
    if isinstance(complete, str) and isinstance(hurried, str):
        assert len(hurried) == len(complete)
        assert all(matcher(syntax)(hurried) for syntax in positive)
        assert not any(matcher(syntax)(hurried) for syntax in negative)
    else:
        assert isinstance(hurried, Undecided) or hurried == complete


@settings(max_examples=200)
@given(SYNTAXES)
def test_the_automaton_accepts_what_the_matcher_matches(syntax: PatternSyntax) -> None:
    automaton, matches = Automaton(syntax), matcher(syntax)
    for text in TEXTS:
        assert automaton.accepts(text) is matches(text)
        if matches(text):
            assert text.startswith(automaton.prefix)
            assert text.endswith(automaton.suffix)


@settings(max_examples=200)
@given(SYNTAXES, st.data())
def test_positions_that_move_together_go_where_each_goes(syntax: PatternSyntax, data: st.DataObject) -> None:
    automaton = Automaton(syntax)
    mask = data.draw(st.integers(0, (1 << len(automaton.follows)) - 1)) & ~1
    one_by_one: dict[int, int] = {}
    for position in range(1, len(automaton.follows)):
        if mask >> position & 1:
            place = automaton.reads[position]
            one_by_one[place] = one_by_one.get(place, 0) | automaton.follows[position]
    together: dict[int, int] = {}
    for members, place, shifts, after in automaton.kinds():
        if mask & members:
            together[place] = together.get(place, 0) | after | ((mask & members) >> 1 if shifts else 0)
    assert together == one_by_one


@given(st.integers(0, 0x10FFFF), st.integers(0, 0x3000))
def test_the_chosen_code_point_lies_in_the_range_and_is_no_dearer_than_its_ends(low: int, length: int) -> None:
    ranges = tuple((max(low, a), min(low + length, b)) for a, b in ALL if low <= b and low + length >= a)
    for first, last in ranges:
        cost, code_point = choose(first, last)
        assert first <= code_point <= last
        assert cost == choose(code_point, code_point)[0]
        assert cost <= min(choose(first, first)[0], choose(last, last)[0])
