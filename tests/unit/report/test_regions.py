"""The words for each piece of a region, as `tenet diff` says them."""

from __future__ import annotations

import pytest

from tenetlang.report.pieces import (
    Fitting,
    HasMember,
    Holds,
    Interval,
    OneOf,
    Piece,
    Presence,
    Relation,
    Several,
    Within,
)
from tenetlang.report.regions import piece_words, region_words

ROLE = OneOf("role", ('"a"',), other=False)


@pytest.mark.parametrize(
    ("piece", "words"),
    [
        (Within("n", (Interval(None, False, None, False),)), "n any"),
        (Within("n", (Interval(None, False, "5", True),)), "n up to 5"),
        (Within("n", (Interval(None, False, "5", False),)), "n below 5"),
        (Within("n", (Interval("5", True, None, False),)), "n at least 5"),
        (Within("n", (Interval("5", False, None, False),)), "n above 5"),
        (Within("n", (Interval("1", True, "5", True),)), "n from 1 to 5"),
        (Within("n", (Interval("1", False, "5", True),)), "n above 1 and up to 5"),
        (Within("n", (Interval("1", True, "5", False),)), "n at least 1 and below 5"),
        (Within("n", (Interval(None, False, "1", False), Interval("5", False, None, False))), "n below 1 or above 5"),
        (OneOf("team", ('"a"',), other=False), 'team is "a"'),
        (OneOf("team", ('"a"',), other=True), 'team is not "a"'),
        (OneOf("team", ('"a"', '"b"'), other=False), 'team is one of "a", "b"'),
        (OneOf("team", ('"a"', '"b"'), other=True), 'team is none of "a", "b"'),
        (OneOf("n", tuple(map(str, range(10))), other=False), "n is one of 0, 1, 2, 3, 4, 5, 6 and 3 more"),
        (Holds("args.urgent", True), "args.urgent is true"),
        (Holds("args.urgent", False), "args.urgent is false"),
        (Holds("f(x)", True), "f(x) holds"),
        (Holds("a in b", False), "a in b does not hold"),
        (Presence("args.note", True), "args.note is there"),
        (Presence("args.note", False), "args.note is left out"),
        (Fitting("path", "like", '"/a/*"', "", True), 'path like "/a/*"'),
        (Fitting("name", "matches", '"a+"', "", False), 'name not matching "a+"'),
        (Fitting("path", "like", '"x"', "segments", True), 'some of path.segments like "x"'),
        (Relation("a", "<=", "b"), "a <= b"),
        (HasMember("roles", "role", (ROLE,), True), 'roles has "a"'),
        (HasMember("roles", "role", (ROLE,), False), 'roles has no "a"'),
        (HasMember("roles", "role", (OneOf("role", ('"a"', '"b"'), other=False),), False), 'roles has none of "a", "b"'),
        (HasMember("roles", "role", (), True), "roles has some role"),
        (HasMember("roles", "role", (), False), "roles has no role"),
        (HasMember("xs", "x", (Holds("x.ok", True),), True), "some x in xs where x.ok is true"),
        (HasMember("xs", "x", (Holds("x.ok", True),), False), "for every x in xs x.ok is false"),
        (HasMember("xs", "x", (OneOf("x.k", ("1",), other=False),), False), "for every x in xs x.k is not 1"),
        (HasMember("xs", "x", (Presence("x.a", True),), False), "for every x in xs x.a is left out"),
        (HasMember("xs", "x", (Fitting("x", "like", '"a"', "", True),), False), 'for every x in xs x not like "a"'),
        (HasMember("xs", "x", (Fitting("x", "like", '"a"', "labels", True),), False), 'no x in xs where some of x.labels like "a"'),
        (HasMember("xs", "x", (Within("x", (Interval(None, False, "5", True),)),), False), "for every x in xs x above 5"),
        (HasMember("xs", "x", (Within("x", (Interval("5", True, None, False),)),), False), "for every x in xs x below 5"),
        (HasMember("xs", "x", (Relation("x", "<", "y"),), False), "for every x in xs x >= y"),
        (HasMember("xs", "x", (Holds("x.a", True), Holds("x.b", True)), False), "no x in xs where x.a is true and x.b is true"),
        (Several("any", (Holds("a", True), Several("all", (Holds("b", True), Holds("c", True))))), "a is true or (b is true and c is true)"),
    ],
)  # fmt: skip
def test_each_piece_has_its_words(piece: Piece, words: str) -> None:
    assert piece_words(piece) == words


def test_a_region_is_its_pieces_and_without_any_it_is_every_request() -> None:
    assert region_words([Holds("a", True), Presence("b", False)]) == "a is true, b is left out"
    assert region_words([]) == "every request"


@pytest.mark.parametrize(
    "untold",
    [Within("…", ()), OneOf("…", ("1",), other=False), Holds("…", True), Presence("…", True), Fitting("…", "like", "x", "", True), Relation("a", "<", "…")],
)  # fmt: skip
def test_what_has_no_words_makes_a_region_some_of_what_is_said(untold: Piece) -> None:
    assert region_words([untold]) == "some requests"
    assert region_words([Holds("a", True), untold]) == "some of: a is true"
