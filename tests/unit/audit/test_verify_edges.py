"""The edges of a verification: what is said of a record that is wrong in one way alone, and what is not said of its neighbours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenetlang.audit import Problem, UnreadableRemembered, export_jsonl, time_text, verify_log
from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.errors import InvalidNote
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.events import event_record
from tenetlang.audit.verify import kept_states
from tests.unit.audit.samples import START, identifier, open_sample, rows, salts, sample, small_log, tamper

KEY = signing_key("example.com/log", bytes(range(32)))
NEWER = signing_key("example.com/log", b"\x05" * 32)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return small_log(tmp_path / "log.db", 5)


def problems(path: Path, remembered: str | None = None) -> tuple[Problem, ...]:
    return verify_log(path, remembered).problems


def found(path: Path) -> list[tuple[int | None, str]]:
    return [(problem.index, problem.what) for problem in problems(path)]


def put(path: Path, index: int, record: bytes, leaf: bytes | None = None) -> None:
    """Puts a record in the place of another one, with its leaf unless another is given."""
    values = (record, leaf_hash(record) if leaf is None else leaf, index)
    tamper(path, [("UPDATE records SET record = ?, leaf = ? WHERE idx = ?", values)])


def changed(path: Path, place: int, /, **members: object) -> bytes:
    record = json.loads(rows(path)[place][1])
    return profile_bytes({name: value for name, value in {**record, **members}.items() if value != "left out"})


def test_a_record_that_says_another_index_or_none_is_told_which(log: Path) -> None:
    put(log, 5, changed(log, 5, index=7))
    ((index, what),) = found(log)
    assert (index, what) == (5, "index")
    assert problems(log)[0].detail == "the record that stands at 5 says that it is record 7"
    put(log, 5, changed(log, 5, index="left out"))
    assert [problem.detail for problem in problems(log) if problem.what == "index"] == [
        "the record that stands at 5 says not which it is"
    ]


def test_a_record_that_is_wrong_by_itself_breaks_no_chain(log: Path) -> None:
    """Its neighbours were appended to it, and it to them, as they say; only it is named."""
    text = rows(log)[3][1]
    leaf = rows(log)[3][2]
    put(log, 3, text.replace(b"4200", b"4201"), leaf)
    assert found(log) == [(3, "leaf")]
    put(log, 3, text.replace(b'"v":1', b'"v":1 '), leaf)
    assert found(log) == [(3, "leaf"), (3, "canonical")]
    put(log, 3, b"{", leaf)
    assert found(log) == [(3, "leaf"), (3, "canonical")]


def test_a_broken_chain_says_whether_a_record_follows_that_vouches(log: Path) -> None:
    put(log, 4, changed(log, 4, took_ns=1))
    ((index, what),) = found(log)
    assert (index, what) == (4, "chain")
    assert "since no record follows it" in problems(log)[0].detail
    log.unlink()
    small_log(log, 5)
    put(log, 3, changed(log, 3, took_ns=1))
    ((index, what),) = found(log)
    assert (index, what) == (3, "chain")
    assert "since no record follows it" not in problems(log)[0].detail


def test_what_stands_after_a_gap_is_not_blamed_for_it(log: Path) -> None:
    tamper(
        log, [("DELETE FROM records WHERE idx IN (1, 2, 4)", ()), ("DELETE FROM payloads WHERE idx IN (1, 2, 4)", ())]
    )
    assert [(problem.index, problem.what, problem.detail) for problem in problems(log)] == [
        (1, "missing", "records 1 to 2 are missing: record 3 follows"),
        (4, "missing", "record 4 is missing: record 5 follows"),
    ]
    assert verify_log(log).size == 3


def test_what_stands_after_a_record_that_can_not_be_read_is_not_blamed_for_it(log: Path) -> None:
    tamper(log, [("UPDATE records SET record = zeroblob(70000) WHERE idx = 2", ())])
    assert found(log) == [(2, "storage")]
    assert verify_log(log).size == 6


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"index":2}\n'])
def test_what_stands_after_a_line_that_is_none_is_not_blamed_for_it(log: Path, tmp_path: Path, line: bytes) -> None:
    lines = list(export_jsonl(log))
    export = tmp_path / "log.jsonl"
    export.write_bytes(b"".join([*lines[:2], line, *lines[3:]]))
    assert found(export) == [(2, "line")]
    assert verify_log(export).size == 5


def test_a_chain_that_breaks_before_damage_is_told_before_it(log: Path, tmp_path: Path) -> None:
    put(log, 2, changed(log, 2, took_ns=1))
    lines = list(export_jsonl(log))
    export = tmp_path / "log.jsonl"
    export.write_bytes(b"".join([*lines[:4], b"nonsense\n", *lines[5:]]))
    assert found(export) == [(2, "chain"), (4, "line")]


def test_as_many_problems_are_kept_as_the_limit_says(log: Path) -> None:
    for index in (2, 4):
        put(log, index, changed(log, index, v=2))
    for limit in (0, 1, 2, 9):
        verification = verify_log(log, limit=limit)
        everything = len(verify_log(log).problems)
        assert (len(verification.problems), verification.further) == (
            min(limit, everything),
            max(0, everything - limit),
        )
        assert not verification.ok


# ------------------------------------------------------------------------------------------------------------ payloads


def test_a_payload_is_counted_where_it_is_right_alone(log: Path) -> None:
    assert (verify_log(log).payloads, verify_log(log).erased) == (5, 0)
    tamper(log, [("UPDATE payloads SET payload = X'7B7D' WHERE idx = 2", ())])
    assert (verify_log(log).payloads, found(log)) == (4, [(2, "payload")])
    tamper(log, [("DELETE FROM payloads WHERE idx = 2", ())])
    verification = verify_log(log)
    assert (verification.payloads, verification.erased, verification.unexplained, verification.ok) == (4, 1, 1, True)


def test_a_record_without_a_payload_misses_none(log: Path) -> None:
    with open_sample(log) as opened:
        opened.append(*event_record("log.closed", {}, time_text(START), identifier(9), salts()))
    verification = verify_log(log)
    assert (verification.ok, verification.payloads, verification.erased) == (True, 5, 0)
    tamper(log, [("INSERT INTO payloads VALUES (6, X'7B7D')", ())])
    assert found(log) == [(6, "stray-payload")]
    tamper(log, [("DELETE FROM payloads WHERE idx = 6", ()), ("INSERT INTO payloads VALUES (9, X'7B7D')", ())])
    assert found(log) == [(9, "stray-payload")]


def erasure(path: Path, kind: str = "erasure") -> None:
    members: dict[str, object] = {"count": 2, "records": [1, 2], "before": None, "by": "ada", "because": "asked"}
    envelope, payload = event_record("erasure", members, time_text(START), identifier(9), salts())
    tamper(path, [("DELETE FROM payloads WHERE idx IN (1, 2)", ())])
    with open_sample(path) as opened:
        opened.append({**envelope, "kind": kind}, payload)


def test_what_an_erasure_says_was_erased_is_explained(log: Path) -> None:
    erasure(log)
    verification = verify_log(log)
    assert (verification.ok, verification.erased, verification.unexplained) == (True, 2, 0)


def test_a_record_of_another_kind_explains_nothing(log: Path) -> None:
    erasure(log, "test.erasure")
    assert (verify_log(log).erased, verify_log(log).unexplained) == (2, 2)


def test_an_erasure_that_is_wrong_by_itself_explains_nothing(log: Path) -> None:
    erasure(log)
    put(log, 6, changed(log, 6, count=3), rows(log)[6][2])
    verification = verify_log(log)
    assert [problem.what for problem in verification.problems] == ["leaf"]
    assert (verification.erased, verification.unexplained) == (2, 2)


# ---------------------------------------------------------------------------------------------------------------- kept


def test_changes_of_key_are_followed_with_a_key_and_left_alone_without(log: Path) -> None:
    with open_sample(log) as opened:
        opened.sign(KEY)
        opened.rotate(KEY, NEWER)
    for keys in ([], [KEY.verifier], [NEWER.verifier]):
        assert verify_log(log, keys=keys).ok
    signed = verify_log(log, keys=[KEY.verifier])
    assert (signed.signed, signed.signed_at, len(signed.keys)) == (7, START // 10**9, 1)
    assert (verify_log(log).signed, verify_log(log).signed_at) == (None, None)
    assert verify_log(log, keys=[KEY.verifier]).keys == (str(NEWER.verifier),)
    assert verify_log(log).keys == ()


def test_what_was_kept_of_a_log_is_a_number_and_a_root() -> None:
    root = "ab" * 32
    (kept,) = kept_states(f" 7 {root}\n", [], [])
    assert (kept.size, kept.root) == (7, bytes.fromhex(root))
    assert kept_states(None, [], []) == ()
    for text in (
        "",
        "7",
        f"07 {root}",
        f"-7 {root}",
        f"7  {root}",
        f"7 {root.upper()}",
        f"7 {root}0",
        f"{10**16} {root}",
    ):
        with pytest.raises(UnreadableRemembered):
            kept_states(text, [], [])


def test_what_was_kept_and_another_signed_is_no_state(log: Path) -> None:
    with open_sample(log) as opened:
        note = opened.sign(KEY)
    assert [state.size for state in kept_states(None, [note], [KEY.verifier])] == [6]
    with pytest.raises(InvalidNote, match="proves nothing"):
        kept_states(None, [note], [NEWER.verifier])


def test_the_first_record_is_of_the_opening_and_names_none_before_it(log: Path) -> None:
    put(log, 0, changed(log, 0, kind="log.closed"))
    assert (0, "shape") in found(log)
    log.unlink()
    small_log(log, 0)
    assert found(log) == []
    put(log, 0, changed(log, 0, previous="ab" * 32))
    assert found(log) == [(0, "chain")]
    tamper(log, [("DELETE FROM records", ())])
    assert found(log) == [(0, "missing")]


def test_the_first_record_is_not_blamed_twice(log: Path) -> None:
    """What is wrong by itself says nothing of what was before it."""
    put(log, 0, changed(log, 0, previous="ab" * 32), rows(log)[0][2])
    assert found(log) == [(0, "leaf")]


def test_a_log_is_read_entry_by_entry(log: Path) -> None:
    seen: list[None] = []
    verify_log(log, progress=lambda: seen.append(None))
    assert len(seen) == 6


def test_a_log_that_grew_is_what_was_remembered_of_it(log: Path) -> None:
    remembered = verify_log(log).remembered
    with open_sample(log) as opened:
        opened.append(*sample(9))
    assert problems(log, remembered) == ()
    assert [problem.what for problem in problems(log, f"6 {'ab' * 32}")] == ["rewritten"]
    assert [problem.what for problem in problems(log, f"8 {'ab' * 32}")] == ["cut"]


@pytest.mark.parametrize("previous", [[], {}, None, 7, "left out"])
def test_a_record_that_names_no_leaf_before_it_is_out_of_shape_and_breaks_no_chain(log: Path, previous: object) -> None:
    put(log, 5, changed(log, 5, previous=previous))
    assert found(log) == [(5, "shape")]


def test_a_record_with_the_leaf_of_neither_is_not_blamed_a_second_time_by_the_one_that_follows(log: Path) -> None:
    put(log, 3, changed(log, 3, took_ns=1), b"\x01" * 32)
    assert found(log) == [(3, "leaf")]
