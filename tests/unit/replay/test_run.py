from __future__ import annotations

import io

import pytest

from tenetlang import pipeline
from tenetlang.decision import Verdict
from tenetlang.project.project import standard_library
from tenetlang.replay import run, summary
from tenetlang.replay.items import CHUNK_BYTES, CHUNK_ITEMS, LONGEST_LINE, Flaw, Item, Line, chunks, line_items
from tenetlang.replay.run import Version, replay
from tenetlang.replay.summary import Summary
from tenetlang.text import Text

POLICY = """package p
tool t(n: int, s: string)
allow small if { tool is t; args.n < LIMIT }
deny big if { tool is t; args.n > BIG }
"""


def version(limit: int, big: int = 90) -> Version:
    text = Text("p.tenet", POLICY.replace("LIMIT", str(limit)).replace("BIG", str(big)))
    program = pipeline.compile_texts([text], standard_library()).program
    assert program is not None
    return Version(pipeline.decision_tree(program), {})


def lines(count: int) -> list[Item]:
    texts = (b'{"tool": "t", "args": {"n": %d, "s": "%d"}}' % (n * 7 % 100, n) for n in range(count))
    return [Line(number, text if number % 211 else b"{") for number, text in enumerate(texts, 1)]


def shape(found: Summary) -> object:
    return (found.counts, found.verdicts, found.ordered(), found.mismatches, found.problems, found.further_changes)


def test_the_answer_is_the_same_whatever_the_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CHUNKS_HERE", 2)
    items = lines(CHUNK_ITEMS * (run.CHUNKS_HERE + 3) + 17)
    done: list[int] = []
    alone = replay(version(60), items, jobs=1, against=version(40))
    many = replay(version(60), items, jobs=3, against=version(40), progress=done.append)
    assert shape(alone) == shape(many)
    assert sum(done) == len(items) == many.counts["items"]
    assert many.counts["problems"] == len(items) // 211
    assert [problem.place.number for problem in many.problems[:2]] == [211, 422]


def test_what_goes_beyond_the_bounds_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "MOST_GROUPS", 1)
    monkeypatch.setattr(summary, "MOST_NAMED", 2)
    items = lines(2000)
    found = replay(version(60), items, jobs=1, against=version(95, 80))
    assert len(found.changes) == 1
    assert found.further_changes > 0
    assert found.counts["changed"] == found.further_changes + next(iter(found.changes.values())).count
    assert found.counts["problems"] == 9


def test_chunks_end_by_number_and_by_size() -> None:
    small: list[Item] = [Line(n, b"x") for n in range(CHUNK_ITEMS + 1)]
    assert [len(chunk) for chunk in chunks(small)] == [CHUNK_ITEMS, 1]
    large: list[Item] = [Line(n, b"x" * (CHUNK_BYTES // 2)) for n in range(5)]
    assert [len(chunk) for chunk in chunks(large)] == [2, 2, 1]
    assert list(chunks([])) == []


def test_a_line_that_is_too_long_is_passed_over_and_named() -> None:
    text = b"{}\r\n" + b"x" * (3 * LONGEST_LINE) + b"\n\n" + b"y" * LONGEST_LINE + b"\n{}"
    found = list(line_items(io.BytesIO(text)))
    assert found == [
        Line(1, b"{}"),
        Flaw(2, f"the line has more than {LONGEST_LINE:,} bytes"),
        Line(4, b"y" * LONGEST_LINE),
        Line(5, b"{}"),
    ]


def test_kinds_are_ordered_by_danger() -> None:
    def change(kind: summary.Kind, before: Verdict, after: Verdict) -> summary.Change:
        return summary.Change(kind, before, after, (), ())

    dangerous = [
        change("newly-allowed", "deny", "allow"),
        change("newly-escalated", "deny", "escalate"),
        change("newly-allowed", "escalate", "allow"),
        change("fewer-obligations", "allow", "allow"),
        change("newly-denied", "allow", "deny"),
        change("other-rules", "deny", "deny"),
    ]
    assert sorted(dangerous, key=lambda item: item.order) == dangerous
