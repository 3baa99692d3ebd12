"""What holds of every finding, whatever the policy, the places and the details."""

from __future__ import annotations

import json as standard_json
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang.report import github, json, pretty, sarif
from tenetlang.report.diagnostic import Diagnostic, Label
from tenetlang.report.finding import Finding
from tenetlang.report.nearest import distance, nearest
from tenetlang.report.suppress import apply
from tenetlang.report.visible import visible, width
from tenetlang.text import Span, Text

ANY_TEXT = st.text(st.one_of(st.sampled_from('\n\r\t "#\\\x1b\x9b\u202e\u0301金e'), st.characters()), max_size=200)
QUICK = settings(deadline=None, max_examples=150)


@st.composite
def diagnostics(draw: st.DrawFn) -> Diagnostic:
    texts = [Text(draw(ANY_TEXT), draw(ANY_TEXT)) for _ in range(2)]

    def label() -> Label:
        text = draw(st.sampled_from(texts))
        start = draw(st.integers(0, len(text.content)))
        return Label(Span(text, start, draw(st.integers(start, len(text.content)))), draw(ANY_TEXT))

    return Diagnostic(
        check=draw(ANY_TEXT),
        severity=draw(st.sampled_from(["error", "warning", "note"])),
        headline=draw(ANY_TEXT),
        labels=tuple(label() for _ in range(draw(st.integers(1, 4)))),
        facts=tuple(draw(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=2))),
        help=tuple(draw(st.lists(ANY_TEXT, max_size=2))),
    )


@QUICK
@given(st.lists(diagnostics(), max_size=3))
def test_no_format_fails_or_lets_a_control_character_through(listed: list[Diagnostic]) -> None:
    outputs = [render(listed) for render in (pretty.render, github.render, json.render, sarif.render)]
    for output in outputs:
        controls = {character for character in output if unicodedata.category(character) in ("Cc", "Cf", "Cs")}
        assert controls <= {"\n"}
    assert outputs[1].count("\n") == len(listed)
    assert len(standard_json.loads(outputs[2])["findings"]) == len(listed)
    assert len(standard_json.loads(outputs[3])["runs"][0]["results"]) == len(listed)


@QUICK
@given(st.text(st.characters(exclude_characters="\r\n"), max_size=60), st.text(st.sampled_from("ab金"), min_size=1))
def test_a_mark_stands_below_what_it_marks(before: str, marked: str) -> None:
    text = Text("a", f"{before}{marked}")
    start = len(text.content) - len(marked)
    output = pretty.render([Diagnostic("x", "error", "x", (Label(Span(text, start, start + len(marked)), "y"),))])
    source, row = (line.removeprefix("1 │ ").removeprefix("  │ ") for line in output.split("\n")[3:5])
    if not source.startswith("…") and not source.endswith("…"):
        assert width(row.removesuffix(" y")) == width(source)
        assert row.count("^") == width(marked)


@QUICK
@given(ANY_TEXT)
def test_what_is_visible_stays_as_it_is(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@QUICK
@given(st.text("ab", max_size=8), st.text("ab", max_size=8), st.integers(0, 8))
def test_the_bounded_distance_is_the_distance(left: str, right: str, limit: int) -> None:
    away = plain_distance(left, right)
    assert distance(left, right, limit) == (away if away <= limit else None)


def plain_distance(left: str, right: str) -> int:
    table = {(i, j): max(i, j) for i in range(len(left) + 1) for j in range(len(right) + 1)}
    for i in range(1, len(left) + 1):
        for j in range(1, len(right) + 1):
            same = left[i - 1] == right[j - 1]
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (not same))
            if i > 1 and j > 1 and left[i - 1] == right[j - 2] and left[i - 2] == right[j - 1]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(left), len(right)]


@QUICK
@given(st.text(max_size=12), st.lists(st.text(max_size=12)))
def test_the_nearest_name_is_one_of_the_names_and_never_the_name_itself(name: str, names: list[str]) -> None:
    found = nearest(name, names)
    assert found is None or (found in names and found != name)


@QUICK
@given(ANY_TEXT, ANY_TEXT)
def test_no_comment_makes_suppressing_fail_or_drops_an_error(before: str, inside: str) -> None:
    text = Text("a", f"{before}# tenet: allow[{inside}] because {inside}\nx")
    error = Finding("unknown-tool", Span(text, len(text.content) - 1, len(text.content)), {"name": "x"})
    assert error in apply([error], [text])
