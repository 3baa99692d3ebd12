"""The languages of the parsed types, and patterns for their parts, by example."""

from __future__ import annotations

import pytest

from tenetlang.analysis.languages.automata import Automaton
from tenetlang.analysis.languages.derivatives import NOTHING
from tenetlang.analysis.languages.find import NO_TEXT, Undecided, contains, find_text, is_disjoint
from tenetlang.analysis.languages.ipv6 import ipv6_texts
from tenetlang.analysis.languages.text_types import (
    TEXT_TYPES,
    embedded,
    embedded_segment,
    find_value,
    is_canonical,
    language,
    lengths,
    limits,
)
from tenetlang.analysis.languages.url_paths import escaped, utf8_ranges
from tenetlang.values.code_points import unicode_class
from tenetlang.values.globs import parse_glob
from tenetlang.values.pattern_syntax import (
    ANYTHING,
    AnyOf,
    Empty,
    Literal,
    PatternSyntax,
    Repeat,
    choice,
    sequence,
)
from tenetlang.values.regular_expressions import parse_regex


@pytest.mark.parametrize(
    ("type_name", "inside", "outside"),
    [
        ("host", "a  a.b  0.a  1-2  0xg  00x1  a.0xa.com  10.0.0.255  xn--bcher-kva.de  3x",
         "a.  -a  a-  A.com  a_b  1  a.1  1.2.3.256  01.2.3.4  0x  a.0xff  [::1]"),
        ("email", "a@b  A.b+c@x.org  !@b  a@1.b", "a@b@c  .a@b  a.@b  a..b@c  a@1.2.3.4  a@[::1]  a@B  @b"),
        ("url", "a://b/  http://a/  https://a.b:8443/x//  ws://[::1]/?a=%2F#%20  s3://a/%C3%A9  http://a/...;x/.a/..b",
         ("http://a  HTTP://a/  http://a/.  http://a/..;x/  http://a:0/  http://a:65536/  http://a/%7E  http://a/%2e  "
         "http://a/?  http://a/#  http://a/?%2E  http://a/?%00  http://a/%ED%A0%80  http://a/%C0%80  http://[::0]/  1a://b/")),
        ("path", "/  .  a  /a/b  .a  ...  /~  a/~b  ..a/.b", "//  /a/  a/  ./a  ..  /..  a/../b  ~  ~a  a//b  a\\b"),
        ("semver", "0.0.0  1.2.3-rc.1  1.2.3-0a  1.2.3--  10.20.30-a-b.0", "1.2  01.2.3  1.2.3-01  1.2.3-  1.2.3+a  1.2.3-a..b"),
        ("ip", "0.0.0.0  255.255.255.255  ::  ::1  1::  2001:db8::1  1:0:2:0:3:0:4:0  1::2:0:0:3  ::fffe:0:1  ::1:2:3:4",
         "1.2.3  ::0  0::  1:0:0:2:5::3  1::2:0:0:0:3  2001:DB8::1  ::ffff:1:2  1::2::3  01::  1:2:3:4:5:6:7  1:2:3::4:5:6:7:8"),
        ("cidr", "0.0.0.0/0  10.0.0.0/8  ::/0  2001:db8::/32", "10.0.0.0  10.0.0.0/33  ::/129  10.0.0.0/08"),
    ],
)  # fmt: skip
def test_a_language_holds_canonical_texts_and_no_others(type_name: str, inside: str, outside: str) -> None:
    automaton = Automaton(language(type_name))
    for text in inside.split():
        assert automaton.accepts(text), text
        assert is_canonical(type_name, text), text
    for text in outside.split():
        assert not automaton.accepts(text), text
        assert not is_canonical(type_name, text), text


def test_each_type_has_a_language_and_a_shortest_text_of_the_length_that_is_said() -> None:
    for type_name in TEXT_TYPES:
        found = find_text([language(type_name)])
        assert isinstance(found, str)
        assert len(found) == lengths(type_name)[0]
        assert is_canonical(type_name, found)
    with pytest.raises(KeyError):
        language("time")


def test_the_automata_of_the_languages_are_small() -> None:
    sizes = {type_name: len(Automaton(language(type_name)).follows) for type_name in TEXT_TYPES}
    assert max(sizes.values()) < 800, sizes
    assert len(Automaton(ipv6_texts()).follows) < 600


def test_values_are_found_where_the_language_holds_more() -> None:
    long_label = parse_regex("a{64}.*")
    assert find_value("host", [long_label]) is NO_TEXT
    assert find_value("host", [parse_regex("a{63}.*")]) == "a" * 63
    assert find_value("email", [parse_regex("a{65}.*")]) is NO_TEXT
    assert find_value("url", [parse_glob("https://*:443/**", "/")]) is NO_TEXT
    assert find_value("url", [parse_glob("http://*:443/**", "/")]) == "http://a:443/"
    assert find_value("url", [parse_glob("ftp://*:21*/", "/")]) == "ftp://a:210/"
    assert find_value("url", [parse_regex("https://a{64}[^a].*")]) is NO_TEXT
    assert find_value("cidr", [parse_glob("10.0.0.*/8", None)]) == "10.0.0.0/8"


def test_a_value_has_the_lengths_that_are_wanted_and_those_of_its_type() -> None:
    assert find_value("semver", shortest=257) is NO_TEXT
    assert find_value("host", longest=0) is NO_TEXT
    assert find_value("path", shortest=5, longest=5) == "aaaaa"
    assert find_value("email", excluding=["a@a"]) == "b@a"
    assert find_value("path", [ANYTHING], [parse_regex("[^/]*")]) == "/"


def test_a_value_that_can_only_be_guessed_is_undecided() -> None:
    # What Punycode makes is no regular language, and these are not among it.
    assert isinstance(find_value("host", [parse_regex("xn--[a-z]{30}")]), Undecided)
    assert isinstance(find_value("host", budget=-1), Undecided)


@pytest.mark.parametrize(
    ("type_name", "part", "pattern", "yes", "no"),
    [
        ("email", "local", "b.*", "b@a bob@a", "a@b ab@c"),
        ("email", "domain", ".*[.]org", "a@b.org", "a.org@b"),
        ("semver", "prerelease", "", "1.2.3", "1.2.3-a"),
        ("semver", "prerelease", "rc.*", "1.2.3-rc 1.2.3-rc-1.2", "1.2.3 1.2.3-a-rc"),
        ("url", "scheme", "https?", "http://a/ https://a/", "ws://http/ a://b/http://"),
        ("url", "scheme", ".*b", "ab://a/", "a://b/?b://"),
        ("url", "host", ".*80", "http://a80/", "http://a:80/ http://[::80]/"),
        ("url", "host", r"\[.*80\]", "http://[::80]/", "http://[::1]:80/ http://[::80:1]/"),
        ("url", "host", ".*", "http://a/ http://[::1]:8/", "http/"),
        ("url", "path", "/a.b", "http://x/a.b http://x/a%20b?y http://x/a%C3%A9b#/", "http://x/a%20.b http://a/ab"),
        ("url", "path", "/(é|ü)[^x]*", "http://a/%C3%A9 http://a/%C3%BC%20", "http://a/%C3%A8 http://a/%C3%BCx"),
        ("url", "path", "/", "http://a/ http://a/?/x", "http://a//"),
        ("url", "path", "[^/]*/x", "http://a/x", "http://a/b/x http:///x/y"),
        ("url", "query", "", "http://a/ http://a/#b", "http://a/?b"),
        ("url", "query", "a=.*", "http://a/?a=1 http://a/?a=?#x", "http://a/ http://a/#?a=1"),
        ("url", "fragment", "", "http://a/?x", "http://a/#x"),
        ("url", "fragment", "x?", "http://a/ http://a/#x", "http://a/#xx"),
        ("path", "name", "[.]?a?", "/ . a x/a .a", "aa a/b"),
        ("path", "name", "", "/ .", "a"),
        ("path", "extension", "", "/ . a .a a. ..a ... b/.a a.b/c", "a.b"),
        ("path", "extension", "gz", "a.gz a.tar.gz x/.a.gz", ".gz gz a.gz/b ..gz"),
        ("path", "parent", "/", "/ /a", "a /a/b"),
        ("path", "parent", "[.]", ". a .a", "/ a/b"),
        ("path", "parent", "/?a", "a/b /a/b", "a /a a/b/c"),
    ],
)
def test_a_pattern_for_a_part_is_one_for_the_whole(type_name: str, part: str, pattern: str, yes: str, no: str) -> None:
    whole = embedded(type_name, part, parse_regex(pattern))
    assert whole is not None
    automaton = Automaton(whole)
    for text in yes.split():
        assert automaton.accepts(text), text
    for text in no.split():
        assert not automaton.accepts(text), text


@pytest.mark.parametrize(
    ("type_name", "pattern", "yes", "no"),
    [
        ("host", "a*", "a aa.com b.a.c", "ab.com"),
        ("host", r"\[.*", "[::1]", "a"),
        ("path", "a?[.]?", "a /b/a /a/c a.", "/ . b"),
        ("url", "a b", "http://x/a%20b http://x/c/a%20b/d?e", "http://x/?a%20b http://x/a%20bc"),
        (
            "url",
            "",
            "http://x// http://x/a/ http://x/a//b http://x///?q",
            "http://x/ http://x/a http://x/?a/ http://x/#//",
        ),
        ("url", "x?", "http://a/x http://a/b/x/c http://a/b/", "http://x/ http://x/a"),
    ],
)
def test_a_pattern_for_a_segment_is_one_for_the_whole(type_name: str, pattern: str, yes: str, no: str) -> None:
    whole = embedded_segment(type_name, parse_regex(pattern))
    assert whole is not None
    automaton = Automaton(whole)
    for text in yes.split():
        assert automaton.accepts(text), text
    for text in no.split():
        assert not automaton.accepts(text), text


def test_what_is_no_text_has_no_pattern() -> None:
    for type_name, part in [
        ("url", "port"),
        ("host", "ip"),
        ("path", "absolute"),
        ("semver", "major"),
        ("ip", "version"),
    ]:
        assert embedded(type_name, part, ANYTHING) is None
    assert embedded_segment("email", ANYTHING) is None


def test_what_no_value_has_is_nothing() -> None:
    assert embedded("url", "path", Literal("/a\\b")) == NOTHING
    assert embedded("email", "local", Literal("a@b")) == NOTHING
    assert embedded("path", "name", Literal(".")) == NOTHING
    assert embedded_segment("path", Empty()) == NOTHING
    assert embedded("url", "host", Literal("A")) == NOTHING


def test_sets_too_wide_to_spell_in_bytes_are_not_spelled() -> None:
    letters = AnyOf(unicode_class("L") or ())
    assert escaped(Repeat(letters, 0, None)) is None
    assert embedded("url", "path", sequence([Literal("/"), letters])) is None
    assert embedded_segment("url", choice([Literal("ab"), Repeat(letters, 1, 1)])) is None
    assert escaped(Repeat(AnyOf(unicode_class("Greek") or ()), 0, 1_000)) is None
    assert escaped(AnyOf(unicode_class("Greek") or ())) is not None


def test_a_star_over_a_path_needs_no_spelling() -> None:
    assert escaped(ANYTHING) == parse_regex("[A-Za-z0-9._~!$&'()*+,;=:@/%-]*")


def test_ranges_of_bytes_spell_all_code_points_of_a_range_and_no_others() -> None:
    for low, high in [
        (0x80, 0x7FF),
        (0x7F, 0x801),
        (0x3B1, 0x3C9),
        (0xFFF, 0x1001),
        (0xE000, 0x10FFFF),
        (0xFFFD, 0x10400),
    ]:
        spelled = list(utf8_ranges(low, high))
        for code_point in {low - 1, low, low + 1, (low + high) // 2, high - 1, high, min(high + 1, 0x10FFFF)}:
            if 0xD800 <= code_point <= 0xDFFF:
                continue
            encoded = chr(code_point).encode()
            hits = [
                ranges
                for ranges in spelled
                if len(ranges) == len(encoded)
                and all(a <= byte <= b for (a, b), byte in zip(ranges, encoded, strict=True))
            ]
            assert len(hits) == (low <= code_point <= high)


def within(type_name: str, whole: PatternSyntax | None) -> PatternSyntax:
    assert whole is not None
    return whole


def test_conditions_on_parts_are_compared_as_conditions_on_the_whole() -> None:
    python = within("path", embedded("path", "extension", Literal("py")))
    assert contains(python, parse_glob("**.py", "/")) is True
    assert find_value("path", [parse_glob("**.py", "/")], [python]) == ".py"
    below = within("url", embedded("url", "host", parse_glob("**.acme.com", ".")))
    assert find_value("url", [below, parse_glob("https://**", "/")]) == "https://a.acme.com/"
    assert find_value("url", [below], [within("url", embedded_segment("url", ANYTHING))]) == "a://a.acme.com/"
    assert find_value("url", [below, parse_glob("**@**/", "/")]) == "a://a.acme.com/@/"
    assert is_disjoint(below, within("url", embedded("url", "host", parse_glob("*.evil.com", ".")))) is True
    mail = within("email", embedded("email", "domain", within("host", embedded_segment("host", Literal("acme")))))
    assert find_value("email", [mail]) == "a@acme"


def test_limits_are_true_of_values() -> None:
    assert limits("path") == limits("semver") == ()
    for type_name, text in [
        ("host", "a.b-c.d"),
        ("email", "a.b@c.d"),
        ("url", "http://a.b:443/c:80/"),
        ("url", "ws://[::1]/"),
    ]:
        assert is_canonical(type_name, text)
        for limit in limits(type_name):
            assert Automaton(limit.syntax).accepts(text) is limit.required
