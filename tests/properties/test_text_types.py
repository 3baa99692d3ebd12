"""The languages of the parsed types hold what the parsers accept, and patterns for parts say what the parts say."""

from __future__ import annotations

from functools import cache

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tenetlang.analysis.languages.automata import Automaton
from tenetlang.analysis.languages.derivatives import (
    accepts_letter,
    after,
    before,
    mirrored,
    non_empty,
    nullable,
    restricted,
    without_letter,
)
from tenetlang.analysis.languages.find import contains
from tenetlang.analysis.languages.text_types import embedded, embedded_segment, is_canonical, language, lengths, limits
from tenetlang.values.code_points import ALL, complement, normalized
from tenetlang.values.faults import ValueFault
from tenetlang.values.network import Cidr, Email, Host, Ip, parse_ip
from tenetlang.values.parsing import PARSERS, Parsed
from tenetlang.values.paths import Path
from tenetlang.values.pattern_syntax import (
    ANYTHING,
    AnyOf,
    Empty,
    Literal,
    PatternSyntax,
    choice,
    repeat,
    sequence,
)
from tenetlang.values.patterns import matcher
from tenetlang.values.urls import Url
from tenetlang.values.versions import Semver
from tests.properties.test_languages import SYNTAXES, TEXTS


@cache
def automaton(type_name: str) -> Automaton:
    return Automaton(language(type_name))


@cache
def limiting(type_name: str) -> list[tuple[Automaton, bool]]:
    return [(Automaton(limit.syntax), limit.required) for limit in limits(type_name)]


# Values

LABELS = st.one_of(
    st.sampled_from(["a", "b", "www", "acme", "com", "x-1", "0x1", "0xg", "12", "255", "256", "0", "01", "a--b", "1a", "xn--bcher-kva", "0x", "a" * 63]),
    st.text("ab0x-", min_size=1, max_size=5),
)  # fmt: skip
HOSTS = st.lists(LABELS, min_size=1, max_size=5).map(".".join)
NUMBERS_OF_GROUPS = st.lists(st.sampled_from([0, 0, 0, 1, 0xFFFF, 0x10, 0xABC]), min_size=8, max_size=8)
ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda number: str(Ip(4, number))),
    NUMBERS_OF_GROUPS.map(lambda groups: str(Ip(6, int("".join(f"{group:04x}" for group in groups), 16)))),
)
BLOCKS = st.builds(lambda address, prefix: f"{address}/{prefix}", ADDRESSES, st.sampled_from([0, 1, 8, 32, 127, 128]))
EMAILS = st.builds(lambda local, host: f"{local}@{host}", st.text("aB.+!0", min_size=1, max_size=5), HOSTS)
SEGMENTS = st.one_of(
    st.sampled_from(["", "a", "b", "...", ".a", "..b", ";x", "a;b", "%20", "%C3%A9", "%25", "x%3Fy", "%F0%9F%99%82", "%E4%B8%80", "."]),
    st.text("ab.;@%:20CEA9", max_size=4),
)  # fmt: skip
QUERIES = st.text("ab=&%2F0?/[é", max_size=5)
URLS = st.builds(
    lambda scheme, host, port, segments, query, fragment: (
        f"{scheme}://{host}{port}/{'/'.join(segments)}{query and '?'}{query}{fragment and '#'}{fragment}"
    ),
    st.sampled_from(["http", "https", "ws", "ftp", "a", "s3", "x+y", "httpsx"]),
    st.one_of(HOSTS, ADDRESSES.map(lambda address: f"[{address}]" if ":" in address else address)),
    st.sampled_from(["", "", ":80", ":443", ":8080", ":1", ":65535", ":21"]),
    st.lists(SEGMENTS, max_size=4),
    QUERIES,
    QUERIES,
)
PATHS = st.one_of(
    st.lists(st.sampled_from(["a", "b", ".", "..", "...", ".a", "a.b", "a.", "~", "a.tar.gz", ""]), max_size=4).map("/".join),
    st.text("ab./~\n\u00e9\\", min_size=1, max_size=7),
)  # fmt: skip
IDENTIFIERS = st.text("a0-1", min_size=1, max_size=3)
VERSIONS = st.builds(
    lambda numbers, identifiers: ".".join(map(str, numbers)) + ("-" + ".".join(identifiers) if identifiers else ""),
    st.lists(st.sampled_from([0, 1, 10, 203]), min_size=3, max_size=3),
    st.lists(IDENTIFIERS, max_size=3),
)
BY_TYPE = {
    "host": HOSTS,
    "email": EMAILS,
    "url": URLS,
    "path": PATHS,
    "semver": VERSIONS,
    "ip": ADDRESSES,
    "cidr": BLOCKS,
}
WRITTEN = st.sampled_from(sorted(BY_TYPE)).flatmap(lambda name: st.tuples(st.just(name), BY_TYPE[name]))


def read(type_name: str, text: str) -> Parsed | None:
    try:
        return PARSERS[type_name](text)
    except ValueFault:
        return None


@settings(max_examples=600)
@given(WRITTEN)
@example(("host", ".".join(["a" * 63] * 3 + ["b" * 61])))
@example(("email", "a" * 64 + "@a"))
@example(("url", "http://[::ffff:0:0:0]/"))
@example(("url", "HTTPS://A.b:443/./x/..//%7e%2d?%61"))
@example(("semver", "1.2.3-" + "a" * 250))
@example(("ip", "1:0:0:2:0:0:3:4"))
@example(("ip", "0:1:0:0:2:0:0:0"))
def test_what_a_parser_accepts_has_its_canonical_text_in_the_language(written: tuple[str, str]) -> None:
    type_name, text = written
    value = read(type_name, text)
    if value is None:
        # Canonical texts are accepted, so this is not one of those that have to be in the language.
        assert not is_canonical(type_name, text)
        return
    canonical = str(value)
    assert automaton(type_name).accepts(canonical)
    for limit, required in limiting(type_name):
        assert limit.accepts(canonical) is required
    least, greatest = lengths(type_name)
    assert least <= len(canonical)
    assert greatest is None or len(canonical) <= greatest


@st.composite
def words(draw: st.DrawFn, type_name: str) -> str:
    """A text of the language, letter by letter."""
    language_of_type = automaton(type_name)
    state, text = language_of_type.start, ""
    while (row := language_of_type.row(state)) and not (state.accepting and not draw(st.integers(0, 5))):
        low, high, state = row[draw(st.integers(0, len(row) - 1))]
        text += chr(draw(st.sampled_from(sorted({low, high, (low + high) // 2}))))
        assume(len(text) < 60)
    return text


def is_left_out(type_name: str, text: str) -> bool:
    """Whether the text is one of those that the language holds though no value has them, for the reasons that are given."""
    if type_name == "cidr":
        return parse_ip(text.partition("/")[0]) is not None
    if type_name in {"host", "email", "url"}:
        return "xn--" in text or any(limit.accepts(text) is not required for limit, required in limiting(type_name))
    return False


@settings(max_examples=300)
@given(st.sampled_from(sorted(BY_TYPE)).flatmap(lambda name: st.tuples(st.just(name), words(name))))
def test_the_texts_of_a_language_are_canonical_but_for_what_is_said_to_be_left_out(word: tuple[str, str]) -> None:
    type_name, text = word
    assert is_canonical(type_name, text) or is_left_out(type_name, text)


# Parts


PIECES = st.tuples(
    st.sampled_from(["text", "cut", "letter", "any", "only", "other", "others", "run"]),
    st.integers(0, 15),
    st.integers(0, 15),
)
RECIPES = st.tuples(
    st.sampled_from(["whole", "beginning", "end", "sequence", "sequence", "choice", "repeat"]),
    st.lists(PIECES, min_size=1, max_size=4),
    st.integers(0, 15),
)
Recipe = tuple[str, list[tuple[str, int, int]], int]


def nearby(recipe: Recipe, part: str) -> PatternSyntax:
    """A pattern that is likely to match a text, or just not to."""
    kind, pieces, number = recipe
    cut = number % (len(part) + 1)
    match kind:
        case "whole":
            return literal(part)
        case "beginning":
            return sequence([literal(part[:cut]), ANYTHING])
        case "end":
            return sequence([ANYTHING, literal(part[cut:])])
        case "sequence":
            return sequence([piece(each, part) for each in pieces])
        case "choice":
            return choice([piece(each, part) for each in pieces])
        case _:
            return repeat(choice([piece(each, part) for each in pieces[:2]]), number % 2, (None, 1, 3)[number % 3])


def piece(recipe: tuple[str, int, int], part: str) -> PatternSyntax:
    kind, first, second = recipe
    letters = sorted({*part, "a", "/"})
    letter = letters[first % len(letters)]
    others = complement(((ord(letter), ord(letter)),))
    cuts = sorted((first % (len(part) + 1), second % (len(part) + 1)))
    match kind:
        case "text":
            return ANYTHING
        case "cut":
            return literal(part[cuts[0] : cuts[1]])
        case "letter":
            return literal(letter)
        case "any":
            return AnyOf(ALL)
        case "only":
            return repeat(AnyOf(normalized((ord(each), ord(each)) for each in letters)), second % 2, None)
        case "other":
            return AnyOf(others)
        case "others":
            return repeat(AnyOf(others), second % 2, None)
        case _:
            return repeat(AnyOf(normalized((ord(each), ord(each)) for each in letters)), 0, second)


def literal(text: str) -> PatternSyntax:
    return Literal(text) if text else Empty()


def parts(value: Parsed) -> list[tuple[str, str]]:
    match value:
        case Email():
            return [("local", value.local), ("domain", value.domain)]
        case Url():
            texts = [value.scheme, value.host, value.path, value.query, value.fragment]
            return list(zip(("scheme", "host", "path", "query", "fragment"), texts, strict=True))
        case Path():
            return [("name", value.name), ("extension", value.extension), ("parent", str(value.parent))]
        case Semver():
            return [("prerelease", value.prerelease)]
        case _:
            return []


def segments(value: Parsed) -> tuple[str, ...] | None:
    match value:
        case Host():
            return value.labels
        case Url() | Path():
            return value.segments
        case _:
            return None


def written(*type_names: str) -> st.SearchStrategy[tuple[str, str]]:
    return st.one_of(*(st.tuples(st.just(name), BY_TYPE[name]) for name in type_names))


@settings(max_examples=700)
@given(written("email", "path", "path", "semver", "url", "url", "url"), RECIPES)
def test_a_pattern_for_a_part_matches_the_whole_where_it_matches_the_part(
    written: tuple[str, str], recipe: Recipe
) -> None:
    type_name, text = written
    value = read(type_name, text)
    if value is not None:
        for part, content in parts(value):
            syntax = nearby(recipe, content)
            whole = embedded(type_name, part, syntax)
            assert whole is not None
            assert Automaton(whole).accepts(str(value)) is matcher(syntax)(content), (part, content)


@settings(max_examples=700)
@given(written("host", "path", "url", "url"), RECIPES, st.integers(0, 5))
@example(("url", "http://a/"), ("sequence", [("text", 0, 0)], 0), 0)
def test_a_pattern_for_a_segment_matches_the_whole_where_it_matches_a_segment(
    written: tuple[str, str], recipe: Recipe, place: int
) -> None:
    type_name, text = written
    value = read(type_name, text)
    if value is not None:
        contents = segments(value)
        assert contents is not None
        syntax = nearby(recipe, [*contents, ""][place % (len(contents) + 1)])
        whole = embedded_segment(type_name, syntax)
        assert whole is not None
        assert Automaton(whole).accepts(str(value)) is any(map(matcher(syntax), contents)), contents


@settings(max_examples=300)
@given(URLS, RECIPES, st.integers(0, 5))
def test_a_pattern_for_a_label_is_one_for_the_host_of_a_url(text: str, recipe: Recipe, place: int) -> None:
    value = read("url", text)
    if isinstance(value, Url):
        labels = value.host.labels
        syntax = nearby(recipe, labels[place % len(labels)])
        host = embedded_segment("host", syntax)
        assert host is not None
        whole = embedded("url", "host", host)
        assert whole is not None
        assert Automaton(whole).accepts(value) is any(map(matcher(syntax), labels))


def test_every_block_of_addresses_is_within_the_language() -> None:
    for prefix in range(129):
        assert automaton("cidr").accepts(str(Cidr(Ip(6, 1 << 127 if prefix else 0), prefix)))
    for prefix in range(33):
        assert automaton("cidr").accepts(str(Cidr(Ip(4, 1 << 31 if prefix else 0), prefix)))


# What they are made with


@settings(max_examples=300)
@given(SYNTAXES, st.sampled_from("ab/\u00e9"))
def test_derivatives_match_what_their_names_say(syntax: PatternSyntax, letter: str) -> None:
    whole = Automaton(syntax)
    following, preceding = Automaton(after(syntax, letter)), Automaton(before(syntax, letter))
    some, others, backwards = map(Automaton, (non_empty(syntax), without_letter(syntax, letter), mirrored(syntax)))
    alphabet = complement(((ord(letter), ord(letter)),))
    narrow = Automaton(restricted(syntax, alphabet))
    for text in TEXTS[:200]:
        assert following.accepts(text) is whole.accepts(letter + text)
        assert preceding.accepts(text) is whole.accepts(text + letter)
        assert some.accepts(text) is (text != "" and whole.accepts(text))
        assert others.accepts(text) is (text not in {"", letter} and whole.accepts(text))
        assert backwards.accepts(text) is whole.accepts(text[::-1])
        assert narrow.accepts(text) is (letter not in text and whole.accepts(text))
    assert nullable(syntax) is whole.accepts("")
    assert accepts_letter(syntax, letter) is whole.accepts(letter)
    assert contains(non_empty(syntax), syntax) is True
