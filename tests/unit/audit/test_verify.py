from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tenetlang.audit import AuditError, UnreadableRemembered, export_jsonl, verify_log
from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.source import MAX_LINE, Entry, read_entries
from tests.unit.audit.samples import open_sample, rows, sample, small_log, tamper

Statements = list[tuple[str, tuple[bytes | int | str, ...]]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return small_log(tmp_path / "log.db", 8)


def found(path: Path, remembered: str | None = None) -> list[tuple[int | None, str]]:
    verification = verify_log(path, remembered)
    assert verification.ok == (not verification.problems)
    assert all(problem.detail for problem in verification.problems)
    return [(problem.index, problem.what) for problem in verification.problems]


def rewritten(record: bytes, **changes: object) -> bytes:
    return profile_bytes({**json.loads(record), **changes})


def replace(index: int, record: bytes, leaf: bytes | None = None) -> tuple[str, tuple[bytes | int | str, ...]]:
    return (
        "UPDATE records SET record = ?, leaf = ? WHERE idx = ?",
        (record, leaf_hash(record) if leaf is None else leaf, index),
    )


def payload_of(log: Path, index: int) -> bytes:
    (entry,) = (entry for entry in read_entries(log) if isinstance(entry, Entry) and entry.index == index)
    assert entry.payload is not None
    return entry.payload


def ten_lines(export: Path) -> tuple[int, str]:
    """What somebody writes who has only this page of the documentation: the size, and the last leaf."""
    previous, size = "0" * 64, 0
    for line in export.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        leaf = hashlib.sha256(b"\x00" + entry["record"].encode()).hexdigest()
        record = json.loads(entry["record"])
        assert (leaf, size, previous) == (entry["leaf"], record["index"], record["previous"]), size
        previous, size = leaf, size + 1
    return size, previous


def test_an_untouched_log_is_fine(log: Path) -> None:
    verification = verify_log(log)
    assert verification.ok
    assert (verification.size, verification.payloads, verification.erased, verification.further) == (9, 8, 0, 0)
    assert verify_log(log, verification.remembered).ok


def test_verifying_changes_nothing_and_leaves_nothing_behind(log: Path) -> None:
    before = log.read_bytes(), log.stat().st_mtime_ns
    verify_log(log)
    assert (log.read_bytes(), log.stat().st_mtime_ns) == before
    assert [entry.name for entry in log.parent.iterdir()] == ["log.db"]


def test_every_byte_of_every_record_and_leaf_is_covered(log: Path) -> None:
    for index, record, leaf in rows(log)[:3]:
        for column, content in (("record", record), ("leaf", leaf)):
            places = range(0, len(content), 7) if column == "record" else range(len(content))
            for place in places:
                changed = bytearray(content)
                changed[place] ^= 1 << place % 8
                tamper(log, [(f"UPDATE records SET {column} = ? WHERE idx = ?", (bytes(changed), index))])
                problems = found(log)
                assert problems[0] == (index, "leaf"), (column, place)
                assert {where for where, _ in problems} == {index}
            tamper(log, [(f"UPDATE records SET {column} = ? WHERE idx = ?", (content, index))])
    assert found(log) == []


def test_every_byte_of_a_payload_is_covered(log: Path) -> None:
    content = payload_of(log, 2)
    for place in range(0, len(content), 5):
        changed = bytearray(content)
        changed[place] ^= 1
        tamper(log, [("UPDATE payloads SET payload = ? WHERE idx = 2", (bytes(changed),))])
        assert found(log) == [(2, "payload")]
    for cut in range(0, len(content), 50):
        tamper(log, [("UPDATE payloads SET payload = ? WHERE idx = 2", (content[:cut],))])
        assert found(log) == [(2, "payload")]


def test_a_dropped_record_is_missed_where_it_was(log: Path) -> None:
    for index in range(8):
        copy = log.with_name(f"{index}.db")
        copy.write_bytes(log.read_bytes())
        tamper(copy, [("DELETE FROM records WHERE idx = ?", (index,))])
        assert found(copy)[0] == (index, "missing")
        assert found(copy)[-1] == (index, "stray-payload") or index == 0


def test_a_dropped_record_whose_followers_moved_up_is_found(log: Path) -> None:
    for index in range(1, 8):
        copy = log.with_name(f"{index}.db")
        copy.write_bytes(log.read_bytes())
        tamper(
            copy,
            [(f"DELETE FROM {table} WHERE idx = {index}", ()) for table in ("records", "payloads")]
            + [
                (f"UPDATE {table} SET idx = {later - 1} WHERE idx = {later}", ())
                for later in range(index + 1, 9)
                for table in ("records", "payloads")
            ],
        )
        assert found(copy)[0] == (index, "index")


def test_swapped_records_are_both_named(log: Path) -> None:
    found_rows = rows(log)
    tamper(log, [replace(3, *found_rows[5][1:]), replace(5, *found_rows[3][1:])])
    assert {(3, "index"), (5, "index")} <= set(found(log))
    assert {where for where, _ in found(log)} == {3, 5}


def test_a_duplicated_record_is_found(log: Path) -> None:
    tamper(log, [("INSERT INTO records SELECT 9, record, leaf FROM records WHERE idx = 4", ())])
    assert found(log) == [(9, "index")]


def test_an_inserted_record_is_found(log: Path) -> None:
    moved: Statements = [
        (f"UPDATE {table} SET idx = {index + 1} WHERE idx = {index}", ())
        for index in range(8, 3, -1)
        for table in ("records", "payloads")
    ]
    _, before, leaf = rows(log)[3]
    forged = rewritten(before, index=4, previous=leaf.hex(), payload=None)
    tamper(log, [*moved, ("INSERT INTO records VALUES (4, ?, ?)", (forged, leaf_hash(forged)))])
    assert found(log)[0] == (5, "index")


@pytest.mark.parametrize("index", range(1, 8))
def test_a_record_rewritten_with_its_leaf_is_named_by_the_one_that_follows_it(log: Path, index: int) -> None:
    tamper(log, [replace(index, rewritten(rows(log)[index][1], took_ns=1))])
    assert found(log) == [(index, "chain")]


def test_a_stranger_that_names_no_neighbour_is_named_itself(log: Path) -> None:
    tamper(log, [replace(5, rewritten(rows(log)[5][1], previous="ab" * 32))])
    assert found(log) == [(5, "chain")]


def test_two_rewritten_records_far_apart_are_both_named(log: Path) -> None:
    found_rows = rows(log)
    tamper(log, [replace(index, rewritten(found_rows[index][1], took_ns=1)) for index in (2, 6)])
    assert found(log) == [(2, "chain"), (6, "chain")]


def test_a_record_that_is_not_canonical_is_found_even_with_its_leaf(log: Path) -> None:
    record = rows(log)[8][1]
    for changed in (
        record.replace(b":", b": ", 1),
        record.replace(b"4200", b"4200.0"),
        record[:-1] + b',"zz":1e2}',
        record[:-1] + b',"v":1}',
        record[:-1] + b',"zz":9007199254740993}',
        record[:-1] + b',"zz":"\\u0041"}',
        record + b"\n",
        b"\xff" + record,
        b"[" * 60_000,
        b"",
    ):
        tamper(log, [replace(8, changed)])
        assert (8, "canonical") in found(log)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"kind": 7},
        {"kind": "x" * 100},
        {"took_ns": -1},
        {"took_ns": True},
        {"at": "2026-11-22"},
        {"at": "2026-11-22T20:00:00Z\n"},
        {"id": "8" * 26},
        {"payload": 1},
        {"who": []},
        {"decided": {"verdict": "allow"}},
        {"facts": {"now": None, "counters": {"count": -1, "digest": "", "first": []}, "data": []}},
        {"index": "8"},
        {"previous": 8},
    ],
)
def test_a_record_out_of_shape_is_found_even_with_its_leaf(log: Path, changes: dict[str, object]) -> None:
    tamper(log, [replace(8, rewritten(rows(log)[8][1], **changes))])
    assert (8, "shape") in found(log)


def test_members_and_kinds_of_later_versions_are_let_pass(log: Path) -> None:
    tamper(log, [replace(8, rewritten(rows(log)[8][1], witness={"a": [1]}))])
    assert found(log) == []
    tamper(log, [replace(8, rewritten(rows(log)[8][1], kind="later.kind"))])
    assert found(log) == []


def test_an_erased_payload_is_counted_and_fine(log: Path) -> None:
    tamper(log, [("DELETE FROM payloads WHERE idx IN (2, 5)", ())])
    verification = verify_log(log)
    assert verification.ok
    assert (verification.payloads, verification.erased) == (6, 2)


def test_swapped_payloads_are_found(log: Path) -> None:
    tamper(
        log,
        [
            ("UPDATE payloads SET idx = -1 WHERE idx = 2", ()),
            ("UPDATE payloads SET idx = 2 WHERE idx = 3", ()),
            ("UPDATE payloads SET idx = 3 WHERE idx = -1", ()),
        ],
    )
    assert found(log) == [(2, "payload"), (3, "payload")]


def test_a_payload_that_nobody_named_is_found(log: Path) -> None:
    tamper(log, [("INSERT INTO payloads VALUES (0, x'00')", ()), ("INSERT INTO payloads VALUES (99, x'00')", ())])
    assert found(log) == [(0, "stray-payload"), (99, "stray-payload")]


def test_a_payload_whose_bodies_are_not_those_of_the_digests_is_found(log: Path) -> None:
    original = payload_of(log, 8)
    record = rows(log)[8][1]
    for payload in (
        original.replace(b'"value":120', b'"value":121'),
        original.replace(b"/what/rest", b"/what/rust"),
        original.replace(b'"value":120', b'"valve":120'),
        original.replace(b'"v":1}', b'"v":2}'),
        original.replace(b'"value":120', b'"value":1e9999999999999999999'),
        original.replace(b'"value":120', b'"value":' + b"[" * 100_000),
        original.replace(b'"value":120', b'"base64":"%"'),
        original.replace(b'"value":120', b'"value":NaN'),
        b"\xff",
        b"[]",
    ):
        assert payload != original
        changed = rewritten(record, payload=hashlib.sha256(payload).hexdigest())
        tamper(log, [("UPDATE payloads SET payload = ? WHERE idx = 8", (payload,))])
        tamper(log, [("UPDATE records SET record = ?, leaf = ? WHERE idx = 8", (changed, leaf_hash(changed)))])
        assert found(log) == [(8, "payload")]


def test_a_cut_end_is_only_found_by_what_was_remembered(log: Path) -> None:
    remembered = verify_log(log).remembered
    tamper(log, [("DELETE FROM records WHERE idx > 5", ()), ("DELETE FROM payloads WHERE idx > 5", ())])
    assert found(log) == []
    assert found(log, remembered) == [(6, "cut")]


def test_a_complete_rewrite_is_only_found_by_what_was_remembered(log: Path, tmp_path: Path) -> None:
    remembered = verify_log(log).remembered
    other = tmp_path / "other.db"
    with open_sample(other) as forged:
        for number in range(1, 12):
            forged.append(*sample(number + 100))
    assert found(other) == []
    assert found(other, remembered) == [(None, "rewritten")]


def test_an_earlier_state_that_was_remembered_still_holds_after_more_records(log: Path) -> None:
    early = verify_log(log).remembered
    with open_sample(log) as again:
        again.append(*sample(9))
    assert found(log, early) == []
    assert found(log, "0 " + hashlib.sha256().hexdigest()) == []
    assert found(log, "0 " + "ab" * 32) == [(None, "rewritten")]


@pytest.mark.parametrize("text", ["", "9", "9 ab", "-1 " + "0" * 64, "9  " + "0" * 64, "9 " + "0" * 63 + "G", "x"])
def test_what_is_not_size_and_root_is_refused(log: Path, text: str) -> None:
    with pytest.raises(UnreadableRemembered, match="SIZE ROOT"):
        verify_log(log, text)


def test_problems_beyond_the_limit_are_counted(log: Path) -> None:
    tamper(log, [("UPDATE records SET leaf = zeroblob(32)", ())])
    verification = verify_log(log, limit=3)
    assert [problem.index for problem in verification.problems] == [0, 1, 2]
    assert verification.further == 6
    assert not verification.ok
    assert not verify_log(log, limit=0).ok


def test_a_log_without_records_is_not_fine(log: Path) -> None:
    tamper(log, [("DELETE FROM records", ()), ("DELETE FROM payloads", ())])
    assert found(log) == [(0, "missing")]


def test_a_log_whose_beginning_is_another_kind_is_not_fine(log: Path) -> None:
    tamper(log, [replace(0, rewritten(rows(log)[0][1], kind="log.closed"))])
    assert (0, "shape") in found(log)
    tamper(log, [replace(0, rewritten(rows(log)[0][1], kind="log.opened", previous="ab" * 32))])
    assert (0, "chain") in found(log)


def test_a_first_record_that_names_one_before_it_is_found_without_a_second(tmp_path: Path) -> None:
    path = small_log(tmp_path / "short.db", 0)
    tamper(path, [replace(0, rewritten(rows(path)[0][1], previous="ab" * 32))])
    assert found(path) == [(0, "chain")]


@pytest.mark.parametrize("record", [b"[]", b"7", b"null", b'"text"'])
def test_a_record_that_is_no_object_is_found_even_with_its_leaf(log: Path, record: bytes) -> None:
    tamper(log, [replace(8, record)])
    assert found(log) == [(8, "shape")]


def test_a_gap_says_how_wide_it_is(log: Path) -> None:
    tamper(log, [("DELETE FROM records WHERE idx IN (2, 4, 5)", ()), ("DELETE FROM payloads", ())])
    problems = verify_log(log).problems
    assert [(problem.index, problem.what) for problem in problems] == [(2, "missing"), (4, "missing")]
    assert problems[0].detail.startswith("record 2 is")
    assert problems[1].detail.startswith("records 4 to 5 are")


def test_values_of_a_wrong_type_or_length_are_found(log: Path) -> None:
    tamper(log, [("UPDATE records SET record = zeroblob(70000) WHERE idx = 2", ())])
    tamper(log, [("UPDATE records SET leaf = zeroblob(33) WHERE idx = 4", ())])
    tamper(log, [("UPDATE payloads SET payload = zeroblob(9000000) WHERE idx = 6", ())])
    assert found(log) == [(2, "storage"), (4, "storage"), (6, "storage")]


def test_a_truncated_database_is_a_finding_or_no_log_but_never_fine(log: Path) -> None:
    content = log.read_bytes()
    copy = log.with_name("cut.db")
    for length in (*range(0, len(content) - 1, 997), *range(len(content) - 4096, len(content), 61)):
        copy.write_bytes(content[:length])
        try:
            verification = verify_log(copy)
        except AuditError:
            continue
        assert not verification.ok, length


def test_no_damage_to_the_file_raises_anything_but_an_audit_error(log: Path) -> None:
    content = log.read_bytes()
    copy = log.with_name("damaged.db")
    intact = verify_log(log)
    for place in range(0, len(content), 211):
        changed = bytearray(content)
        changed[place] ^= 0xFF
        copy.write_bytes(changed)
        try:
            verification = verify_log(copy)
        except AuditError:
            continue
        assert not verification.ok or verification == intact, place


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_log_on_a_read_only_medium_is_verified(log: Path) -> None:
    log.chmod(0o400)
    log.parent.chmod(0o500)
    try:
        assert verify_log(log).ok
    finally:
        log.parent.chmod(0o700)


def test_a_log_is_verified_while_somebody_appends(log: Path) -> None:
    with open_sample(log) as writer:
        writer.append(*sample(9))
        assert verify_log(log).size == 10
        writer.append(*sample(10))
    assert verify_log(log).size == 11


# Exports.


@pytest.fixture
def export(log: Path) -> Path:
    path = log.with_suffix(".jsonl")
    path.write_bytes(b"".join(export_jsonl(log, payloads=True)))
    return path


def test_an_export_verifies_to_the_same(log: Path, export: Path) -> None:
    assert verify_log(export) == verify_log(log)
    without = log.with_name("records.jsonl")
    without.write_bytes(b"".join(export_jsonl(log)))
    assert (verify_log(without).ok, verify_log(without).erased) == (True, 8)
    assert verify_log(without).remembered == verify_log(log).remembered
    assert b"".join(export_jsonl(export, payloads=True)) == export.read_bytes()


def test_ten_lines_of_the_standard_library_agree(log: Path, export: Path) -> None:
    assert ten_lines(export) == (9, rows(log)[-1][2].hex())
    lines = export.read_bytes().splitlines(keepends=True)
    changed = lines[4].replace(b"4200", b"4201")
    export.write_bytes(b"".join([*lines[:4], changed, *lines[5:]]))
    assert found(export)[0] == (4, "leaf")
    with pytest.raises(AssertionError, match="4"):
        ten_lines(export)


def test_every_byte_of_an_export_is_covered(export: Path) -> None:
    lines = export.read_bytes().splitlines(keepends=True)
    for number in (0, 3):
        for place in range(1, len(lines[number]), 11):
            changed = bytearray(lines[number])
            changed[place] ^= 1 << place % 7
            export.write_bytes(b"".join([*lines[:number], bytes(changed), *lines[number + 1 :]]))
            problems = found(export)
            assert problems, (number, place)
            assert problems[0][0] == number, (number, place, problems)


@pytest.mark.parametrize(
    "edit, expected",
    [
        (lambda lines: lines[:3] + lines[4:], (3, "missing")),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], (2, "missing")),
        (lambda lines: [*lines[:4], lines[3], *lines[4:]], (3, "order")),
        (lambda lines: lines[1:], (0, "missing")),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], (8, "line")),
        (lambda lines: [*lines[:5], b"\n", *lines[5:]], (5, "line")),
        (lambda lines: [*lines[:5], b"[]\n", *lines[6:]], (5, "line")),
        (
            lambda lines: [*lines[:5], b'{"index":true,"leaf":"' + b"0" * 64 + b'","record":""}\n', *lines[6:]],
            (5, "line"),
        ),
        (lambda lines: [*lines[:5], b'{"index":5,"leaf":"' + b"G" * 64 + b'","record":""}\n', *lines[6:]], (5, "line")),
        (lambda lines: [*lines[:5], b'{"index":5,"leaf":"' + b"A" * 64 + b'","record":""}\n', *lines[6:]], (5, "line")),
        (lambda lines: [*lines[:5], b"[" * 100000 + b"\n", *lines[6:]], (5, "line")),
    ],
)
def test_edited_exports_are_found(
    export: Path, edit: Callable[[list[bytes]], list[bytes]], expected: tuple[int, str]
) -> None:
    export.write_bytes(b"".join(edit(export.read_bytes().splitlines(keepends=True))))
    assert found(export)[0] == expected


def test_one_bad_line_is_one_problem(export: Path) -> None:
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join([*lines[:5], b"{}\n", *lines[6:]]))
    assert found(export) == [(5, "line")]


def test_a_line_that_says_the_same_in_another_spelling_was_changed(export: Path) -> None:
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join([*lines[:5], lines[5].replace(b'"index":5', b'"index": 5', 1), *lines[6:]]))
    assert found(export) == [(5, "line")]


def test_a_line_without_end_is_not_read_into_memory(export: Path) -> None:
    with export.open("ab") as file:
        file.write(b"{")
        file.truncate(file.tell() + MAX_LINE + 10)
    problems = verify_log(export).problems
    assert [(problem.index, problem.what) for problem in problems] == [(9, "line")]
    assert "longer" in problems[0].detail


def test_a_damaged_log_is_exported_as_it_is_or_not_at_all(log: Path) -> None:
    tamper(log, [replace(4, rewritten(rows(log)[4][1], took_ns=1))])
    export = log.with_suffix(".jsonl")
    export.write_bytes(b"".join(export_jsonl(log)))
    assert found(export) == [(4, "chain")]
    tamper(log, [replace(4, b"\xff")])
    with pytest.raises(AuditError, match="record 4 cannot be exported"):
        list(export_jsonl(log))
