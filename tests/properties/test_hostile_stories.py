"""Whoever writes a log can write anything into its records; what reads stories out of it says what it can, and never breaks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang.audit import AuditError, Surroundings, show_last, time_text
from tenetlang.audit.blame import PARTIES, blame
from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.completeness.check import check_completeness
from tenetlang.audit.exports.events import EVENT_FORMATS, export_events
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.forms import Form
from tenetlang.audit.records.kinds import KINDS
from tenetlang.cli.audit_text import one_line
from tenetlang.cli.blame_text import UNTOLD, blame_lines
from tenetlang.cli.output import plain
from tests.unit.audit.samples import START, identifier, salts, sample

FEW = [identifier(number) for number in (1, 2, 3)]
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8) | st.sampled_from(FEW),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["first", "count", "name", "met"]), inner)
    ),
    max_leaves=4,
)


def fitting(form: Form) -> st.SearchStrategy[object]:
    """Values that have the form, of which there are few, so that records have to do with each other."""
    few: list[object] = [
        *FEW, None, 0, 1, 2, 9, 2**53 - 1, True, False, "gate", "x\x1b[2J", "ab" * 32, "sha256:" + "ab" * 32,
        time_text(START), "2026-99-99T99:99:99Z", "ok", "error", "refused", "approved", "denied", "expired", "approve", "deny",
        "sent", "failed", [], [1, 2], [True, "x", None], [{"name": "mask", "met": False}], ["a1"],
        {"count": 40, "digest": "ab" * 32, "first": [1, [], {}]},
    ]  # fmt: skip
    return st.sampled_from([value for value in few if form.holds(value)])


@st.composite
def records(draw: st.DrawFn) -> Mapping[str, object]:
    """An intent or another record, as its form asks for it, and at times with a member of which nothing is certain."""
    kind = draw(st.sampled_from(["intent", *KINDS]))
    record: dict[str, object]
    if kind == "intent":
        point, count = draw(st.sampled_from([None, "gate"])), draw(st.sampled_from([None, 0, 1, 2, 7]))
        record, _ = sample(1, surroundings=Surroundings(point=point, point_count=count))
        decided = record["decided"]
        assert isinstance(decided, dict)
        decided["verdict"] = draw(st.sampled_from(["allow", "deny", "escalate"]))
        if draw(st.booleans()):
            part = record[draw(st.sampled_from(["who", "what", "policy", "decided"]))]
            assert isinstance(part, dict)
            part[draw(st.sampled_from(sorted(part)))] = draw(anything)
    else:
        record, _ = event_record(kind, {}, time_text(START), identifier(1), salts())
        record.update({name: draw(fitting(form)) for name, form in KINDS[kind].items()})
    if draw(st.integers(0, 9)) == 0:
        record[draw(st.sampled_from(sorted(record)))] = draw(anything)
    return {**record, "id": draw(st.sampled_from(FEW)), "payload": None}


def export(entries: list[Mapping[str, object]], file: Path) -> None:
    write([profile_bytes({**entry, "index": index, "previous": "0" * 64}) for index, entry in enumerate(entries)], file)


def write(texts: list[bytes], file: Path) -> None:
    lines: list[bytes] = []
    for index, text in enumerate(texts):
        line: dict[str, object] = {"index": index, "leaf": leaf_hash(text).hex(), "record": text.decode()}
        lines.append(profile_bytes(line) + b"\n")
    file.write_bytes(b"".join(lines))


@settings(max_examples=150, deadline=None)
@given(st.lists(records(), min_size=1, max_size=12))
def test_a_hostile_log_is_checked_and_blamed_without_an_error_of_ours(entries: list[Mapping[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "log.jsonl"
        export(entries, file)
        found = check_completeness(file, START + 10**13)
        assert found.ok == (not found.problems)
        for wanted in (*FEW, "0", str(len(entries) - 1)):
            try:
                blamed = blame(file, wanted)
            except AuditError:
                continue
            assert "\x1b" not in "\n".join(blame_lines(blamed, plain))
            assert set(blamed.untold) <= set(UNTOLD)
            json.dumps([dict(fact.details) for fact in blamed.facts])
            assert all(blamed.standing(party)[0] for party in PARTIES)


NUMBERS = ["1" * 400, "-" + "9" * 30, "1e400", "1e-400", "0.5", "NaN"]
TEXTS = [
    '"\\ud800"', '"\\u0000"', '"2026-11-22T20:00:00.000000001Z"', '"0001-01-01T00:00:00Z"', "[" * 900 + "]" * 900,
    '{"first": [1]}', "true", "null", '{"verdict": [1]}', '"intent"',
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["kind", "at", "id", "who", "what", "policy", "decided", "took_ns", "of", "outcome", "payload"]
            ),
            st.sampled_from([*NUMBERS, *TEXTS]) | anything.map(json.dumps),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_log_of_any_text_is_exported_shown_and_listed_or_refused(entries: list[Mapping[str, str]]) -> None:
    texts = [
        ("{" + ",".join(f'"{name}":{text}' for name, text in {"kind": '"intent"', **entry}.items()) + "}").encode()
        for entry in entries
    ]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "log.jsonl"
        write(texts, file)
        for style in EVENT_FORMATS:
            try:
                for line in export_events(file, style, "1.2.3"):
                    assert isinstance(json.loads(line), dict)
            except AuditError:
                pass
        for shown in show_last(file, 10):
            assert "\x1b" not in one_line(shown)
        check_completeness(file, START)
