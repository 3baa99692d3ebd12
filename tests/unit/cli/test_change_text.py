"""The sentences of `tenet why --counterfactual`, one for each shape of a change."""

from __future__ import annotations

import pytest

from tenetlang.analysis.counterfactuals.counterfactual import Change, Way
from tenetlang.analysis.counterfactuals.differences import Difference, End
from tenetlang.cli.change_text import change_lines
from tenetlang.decision import Decision, Verdict


def decision(verdict: Verdict = "deny", by: str = "x") -> Decision:
    return Decision("p", "sha256:0", verdict, (by,), "because")


def way(*differences: Difference, by: tuple[str, ...] = ("small",), minimal: bool = True) -> Way:
    change = Change(differences, "allow", by, 1, minimal, True, {})
    return Way("allow", (change,), "found", None, given=True)


def sentence(
    *differences: Difference, by: tuple[str, ...] = ("small",), minimal: bool = True, everything: bool = False
) -> str:
    (line,) = change_lines(decision(), [way(*differences, by=by, minimal=minimal)], None, everything=everything)
    return line


def amount(low: End | None, high: End | None, *, whole: bool = True, type_: str = "int") -> Difference:
    return Difference("args.n", (120,), (7,), whole=whole, low=low, high=high, type=type_)


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (amount(None, End(50, True)), "args.n were 50 or less (now 120)"),
        (amount(None, End(50, False)), "args.n were below 50 (now 120)"),
        (amount(End(50, True), None), "args.n were 50 or more (now 120)"),
        (amount(End(50, False), None), "args.n were above 50 (now 120)"),
        (amount(End(1, True), End(5, True)), "args.n were at least 1 and at most 5 (now 120)"),
        (amount(End(1, False), End(5, False)), "args.n were above 1 and below 5 (now 120)"),
        (amount(End(5, True), End(5, True)), "args.n were 7 (now 120)"),
        (amount(None, End(50, True), whole=False), "args.n were 7 (now 120)"),
        (Difference("now", ("2027-01-01",), ("2026-01-01",), whole=True, high=End("2026-06-01", True), type="time"), "now were 2026-06-01 or earlier (now 2027-01-01)"),
        (Difference("now", ("2027-01-01",), ("2028-01-01",), whole=True, low=End("2027-06-01", False), type="time"), "now were after 2027-06-01 (now 2027-01-01)"),
        (Difference("args.note", ("x",), ()), 'args.note were left out (now "x")'),
        (Difference("args.note", (), ("x",)), 'args.note were "x" (now left out)'),
        (Difference("roles", (["a"],), (["a", "b"],), added=("b",), is_collection=True), 'roles had "b" as well'),
        (Difference("roles", (["a", "b"],), (["a"],), removed=("b",), is_collection=True), 'roles were without "b"'),
        (Difference("roles", (["a"],), (["b"],), added=("b",), removed=("a",), is_collection=True), 'roles had "b" instead of "a"'),
        (Difference("roles", (["a"],), ([],), removed=("a",), is_collection=True), 'roles were empty (now ["a"])'),
        (Difference("list", (["a", "b"],), (["b", "a"],), is_collection=True), 'list were ["b", "a"]'),
    ],
)  # fmt: skip
def test_each_difference_has_its_words(difference: Difference, said: str) -> None:
    assert sentence(difference) == f"It would be allowed by small if {said}."


def test_of_many_members_five_are_named_unless_all_are_asked_for() -> None:
    many = Difference("roles", ([],), (list(range(9)),), added=tuple(range(9)), is_collection=True)
    assert "had 0, 1, 2, 3, 4 and 4 more as well" in sentence(many)
    assert "had 0, 1, 2, 3, 4, 5, 6, 7 and 8 as well" in sentence(many, everything=True)


def test_several_changes_and_rules_are_joined_and_doubt_is_said() -> None:
    one, other = Difference("a", (1,), (2,)), Difference("b", (3,), ())
    assert sentence(one, other) == "It would be allowed by small if a were 2 (now 1) and b were left out (now 3)."
    assert sentence(one, by=("x", "y", "z")).startswith("It would be allowed by x, y and z if ")
    assert sentence(one, by=("error",)).startswith("It would be allowed because of an error if ")
    assert sentence(one, minimal=False).endswith(" Fewer changes may do; that is not decided.")


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("invalid_request", "No rule was tried, because the request is invalid"),
        ("unknown_tool", "the policy declares no such tool"),
        ("observe", "The package only observes"),
    ],
)
def test_where_there_is_no_way_it_is_said_why(by: str, said: str) -> None:
    (line,) = change_lines(decision(by=by), [], None)
    assert said in line


def test_the_verdict_that_is_there_takes_no_change() -> None:
    assert change_lines(decision("allow"), [], "allow") == ["It is allowed as it is."]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Way("allow", (), "impossible", "impossible", given=True), ["No change of the request makes it allowed: proved."]),
        (Way("allow", (), "impossible", "undecided", given=True), [
            "No change of the arguments alone makes it allowed: proved.",
            "Whether some change of the request makes it allowed is undecided.",
        ]),
        (Way("allow", (), "undecided", None, given=True), ["Whether some change of the arguments alone makes it allowed is undecided."]),
        (Way("allow", (), "found", None, given=True, more_than=2), ["Whatever makes it allowed changes more than 2 parts of the request: proved."]),
        (Way("allow", (), "impossible", "impossible", given=False), ["No change of the request alters the verdict: proved."]),
    ],
)  # fmt: skip
def test_what_was_not_found_is_ruled_out_or_undecided(found: Way, said: list[str]) -> None:
    assert change_lines(decision(), [found], None) == said


def test_two_ways_stand_apart() -> None:
    first = way(Difference("a", (1,), (2,)))
    lines = change_lines(decision(), [first, Way("escalate", (), "impossible", "impossible", given=True)], None)
    assert lines[1:] == ["", "No change of the request makes it escalated: proved."]
