"""The verifier in examples/ agrees with ours: on good logs, and on every kind of tampering."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tenetlang.audit import AuditError, Checkpoint, export_jsonl, newest_checkpoint, verify_log
from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.checkpoints.checkpoint import unchecked_checkpoint
from tenetlang.audit.checkpoints.note import read_verifier_key, signing_key
from tenetlang.audit.checkpoints.signatures import sign_checkpoint
from tenetlang.audit.merkle import leaf_hash
from tests.repository.checkout import ROOT
from tests.unit.audit.checkpoints.test_note import SIGNATURES, SignatureCase
from tests.unit.audit.samples import open_sample, rows, sample, small_log, tamper

SECOND = ROOT / "examples" / "verify_log" / "verify_log.py"
KEY = signing_key("example.com/log", b"\x01" * 32)
OTHER = signing_key("example.com/other", b"\x02" * 32)
Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def second() -> ModuleType:
    spec = spec_from_file_location("verify_log", SECOND)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with open_sample(tmp_path / "log.db") as log:
        for numbers in ((1, 2), (3, 4, 5), (6, 7)):
            log.append_all([sample(number) for number in numbers])
            log.sign(KEY)
    return tmp_path / "log.db"


def compare(
    log: Path, *kept: Path, remembered: str | None = None, key: str | tuple[str, ...] | None = str(KEY.verifier)
) -> bool:
    """Whether the log is sound, which both must say, and of the same root."""
    given = () if key is None else (key,) if isinstance(key, str) else key
    words = [word for each in given for word in ("--key", each)]
    for note in kept:
        words += ["--checkpoint", str(note)]
    if remembered is not None:
        words += ["--remembered", remembered]
    done = subprocess.run(
        [sys.executable, str(SECOND), str(log), *words], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode in {0, 1}, done.stderr) == (True, ""), done
    try:
        found = verify_log(
            log, remembered, keys=list(map(read_verifier_key, given)), checkpoints=[note.read_bytes() for note in kept]
        )
    except AuditError:
        assert done.returncode == 1, done.stdout
        return False
    assert (done.returncode == 0) == found.ok, (done.stdout, found.problems)
    *problems, state, remember = done.stdout.splitlines()
    assert bool(problems) == (not found.ok)
    assert state.endswith(f"{found.size} records")
    assert remember == f"remember: {found.remembered}"
    return found.ok


def rewrite(path: Path, index: int, mend: bool = True, **members: object) -> None:
    """Changes a record with its leaf, and if wanted all that follow, so that the chain holds."""
    previous: str | None = None
    for place, record, _ in rows(path)[index:]:
        changed = json.loads(record) | (members if previous is None else {"previous": previous})
        text = profile_bytes(changed)
        previous = leaf_hash(text).hex()
        tamper(path, [("UPDATE records SET record = ?, leaf = ? WHERE idx = ?", (text, leaf_hash(text), place))])
        if not mend:
            return


def spelled(path: Path, change: Callable[[bytes], bytes]) -> None:
    record = change(rows(path)[7][1])
    tamper(path, [("UPDATE records SET record = ?, leaf = ? WHERE idx = 7", (record, leaf_hash(record)))])


def statements(*each: str) -> Change:
    return lambda path: tamper(path, [(statement, ()) for statement in each])


TAMPERING: dict[str, Change] = {
    "a byte": statements("UPDATE records SET record = CAST(replace(record, '4200', '4201') AS BLOB) WHERE idx = 3"),
    "a leaf": statements("UPDATE records SET leaf = zeroblob(32) WHERE idx = 3"),
    "a payload": statements("UPDATE payloads SET payload = x'7b7d' WHERE idx = 3"),
    "a payload of nobody": statements("INSERT INTO payloads VALUES (99, x'00')"),
    "a payload that was not named": statements("INSERT INTO payloads VALUES (0, x'00')"),
    "dropped": statements("DELETE FROM records WHERE idx = 3", "DELETE FROM payloads WHERE idx = 3"),
    "the first dropped": statements("DELETE FROM records WHERE idx = 0"),
    "dropped, others moved up": statements(
        *(f"DELETE FROM {table} WHERE idx = 6" for table in ("records", "payloads")),
        *(f"UPDATE {table} SET idx = 6 WHERE idx = 7" for table in ("records", "payloads")),
    ),
    "doubled": statements("INSERT INTO records SELECT 8, record, leaf FROM records WHERE idx = 4"),
    "swapped": statements(
        *(
            f"UPDATE {table} SET idx = {new} WHERE idx = {old}"
            for table in ("records", "payloads")
            for old, new in ((3, -3), (5, 3), (-3, 5))
        )
    ),
    "cut": statements("DELETE FROM records WHERE idx > 6", "DELETE FROM payloads WHERE idx > 6"),
    "everything": statements("DELETE FROM records", "DELETE FROM payloads"),
    "rewritten": lambda path: rewrite(path, 4, mend=False, took_ns=1),
    "rewritten and mended": lambda path: rewrite(path, 4, took_ns=1),
    "the last rewritten": lambda path: rewrite(path, 7, took_ns=1),
    "another version": lambda path: rewrite(path, 7, v=2),
    "another beginning": lambda path: rewrite(path, 0, kind="log.closed"),
    "a beginning before the first": lambda path: rewrite(path, 0, previous="ab" * 32),
    "a space": lambda path: spelled(path, lambda record: record.replace(b":", b": ", 1)),
    "a fraction": lambda path: spelled(path, lambda record: record.replace(b"4200", b"4200.0")),
    "a large number": lambda path: spelled(path, lambda record: record[:-1] + b',"zz":9007199254740993}'),
    "a member twice": lambda path: spelled(path, lambda record: record[:-1] + b',"v":1}'),
    "no JSON": lambda path: spelled(path, lambda record: b"\xff"),
    "no object": lambda path: spelled(path, lambda record: b"[]"),
    "nothing": lambda path: spelled(path, lambda record: b""),
    "a view": statements("CREATE VIEW v AS SELECT 1"),
    "an index": statements("CREATE INDEX i ON records (leaf)"),
    "a signature": statements(
        "UPDATE checkpoints SET note = CAST(replace(note, 'log', 'lag') AS BLOB) WHERE number = 2"
    ),
    "a note": statements("UPDATE checkpoints SET note = x'00' WHERE number = 2"),
    "the order of checkpoints": statements("UPDATE checkpoints SET number = 9 WHERE number = 1"),
    "no checkpoints": statements("DELETE FROM checkpoints"),
}


def test_it_has_at_most_two_hundred_lines_and_needs_only_python() -> None:
    text = SECOND.read_text("utf-8")
    assert len(text.splitlines()) <= 200
    imported = {
        line.split()[1].partition(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported <= sys.stdlib_module_names


@pytest.mark.parametrize("decisions", [0, 1, 2, 6, 7, 8, 20])
def test_both_find_nothing_in_a_sound_log(tmp_path: Path, decisions: int) -> None:
    log = small_log(tmp_path / "log.db", decisions)
    assert compare(log, key=None)
    assert not compare(log)
    for payloads in (True, False):
        export = tmp_path / "log.jsonl"
        export.write_bytes(b"".join(export_jsonl(log, payloads=payloads)))
        assert compare(export, key=None)


def test_both_find_nothing_in_a_signed_log(log: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(newest_checkpoint(log))
    assert compare(log)
    assert compare(log, kept)
    assert compare(log, key=None)
    with open_sample(log) as again:
        again.append(*sample(8))
        again.sign(OTHER)
    assert compare(log, kept, key=None)
    assert not compare(log, key=str(OTHER.verifier))
    statements("DELETE FROM payloads WHERE idx = 2", "DELETE FROM checkpoints WHERE number = 4")(log)
    assert compare(log, kept)


@pytest.mark.parametrize("kind", TAMPERING)
def test_both_find_every_kind_of_tampering(log: Path, kind: str) -> None:
    TAMPERING[kind](log)
    assert not compare(log)


def test_both_find_a_cut_and_a_rewrite_by_what_was_kept_alone(log: Path, tmp_path: Path) -> None:
    kept, remembered = tmp_path / "kept", verify_log(log).remembered
    kept.write_bytes(newest_checkpoint(log))
    statements("DELETE FROM records WHERE idx > 5", "DELETE FROM payloads WHERE idx > 5")(log)
    statements("DELETE FROM checkpoints WHERE number = 3")(log)
    assert compare(log)
    assert not compare(log, kept)
    assert not compare(log, remembered=remembered)
    forged = small_log(tmp_path / "forged.db", 9)
    rewrite(forged, 3, took_ns=1)
    with open_sample(forged) as again:
        again.sign(KEY)
    assert compare(forged)
    assert not compare(forged, kept)


@pytest.mark.parametrize(
    "edit",
    [
        lambda lines: lines[:3] + lines[4:],
        lambda lines: lines[1:],
        lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
        lambda lines: [*lines[:4], lines[3], *lines[4:]],
        lambda lines: [*lines[:-1], lines[-1][:-1]],
        lambda lines: [*lines[:5], b"[]\n", *lines[6:]],
        lambda lines: [*lines[:5], b"\n", *lines[5:]],
        lambda lines: [*lines[:5], lines[5].replace(b'"index":5', b'"index": 5'), *lines[6:]],
        lambda lines: [*lines[:5], lines[5].replace(b"4200", b"4201"), *lines[6:]],
    ],
)
def test_both_find_every_edit_of_an_export(log: Path, edit: Callable[[list[bytes]], list[bytes]]) -> None:
    export = log.with_suffix(".jsonl")
    export.write_bytes(b"".join(edit(list(export_jsonl(log, payloads=True)))))
    found = subprocess.run([sys.executable, str(SECOND), str(export)], capture_output=True, check=False)
    assert (found.returncode, found.stderr) == (1, b"")
    assert not verify_log(export).ok


def test_both_find_every_changed_byte_of_a_record(log: Path, second: ModuleType) -> None:
    export = log.with_suffix(".jsonl")
    lines = list(export_jsonl(log))
    for place in range(0, len(lines[3]) - 1, 3):
        changed = bytearray(lines[3])
        changed[place] ^= 1
        export.write_bytes(b"".join([*lines[:3], changed, *lines[4:]]))
        problems, _, _ = second.verify(str(export), [], [], [])
        assert problems, place
        assert not verify_log(export).ok


@pytest.mark.parametrize(
    ("public", "case"), SIGNATURES, ids=lambda value: "" if isinstance(value, str) else value["tcId"]
)
def test_its_signatures_are_those_of_the_published_cases(second: ModuleType, public: str, case: SignatureCase) -> None:
    signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
    assert second.verifies(bytes.fromhex(public), signature, message) == (case["result"] == "valid")


def test_it_reads_the_checkpoints_of_another_programs_log(second: ModuleType) -> None:
    published = ROOT / "tests" / "vectors" / "tile-log"
    key = (published / "log.vkey").read_text("utf-8").strip()
    for size in range(16):
        note = (published / "log" / f"checkpoint.{size}").read_bytes()
        assert second.checkpoint(note, [key]) == (size, unchecked_checkpoint(note).root, 0)
        with pytest.raises(ValueError):
            second.checkpoint(note, [str(KEY.verifier)])
        with pytest.raises(ValueError):
            second.checkpoint(note.replace(f"\n{size}\n".encode(), b"\n16\n"), [key])


def test_both_follow_the_keys_of_a_log_in_their_order(log: Path) -> None:
    newer = [signing_key("example.com/log", bytes([number]) * 32, b"\x07" * 32) for number in (5, 6)]
    keys = tuple(str(key.verifier) for key in (KEY, *newer))
    with open_sample(log) as again:
        for number, (old, new) in enumerate(((KEY, newer[0]), (newer[0], newer[1]))):
            again.rotate(old, new)
            again.append(*sample(20 + number))
            again.sign(new)
    assert compare(log, key=keys)
    assert not compare(log, key=str(OTHER.verifier))
    assert not compare(log, key=(*keys, str(signing_key("example.com/log", b"\x08" * 32).verifier)))
    root = bytes.fromhex(verify_log(log).root)
    stolen = sign_checkpoint(Checkpoint("example.com/log", len(rows(log)), root), KEY, 5)
    tamper(log, [("INSERT INTO checkpoints (note) VALUES (?)", (stolen,))])
    assert not compare(log, key=keys)


def test_both_find_that_a_key_which_was_given_never_signed(log: Path) -> None:
    assert compare(log)
    assert not compare(log, key=(str(KEY.verifier), str(signing_key("example.com/log", b"\x05" * 32).verifier)))


@pytest.mark.parametrize(
    ("statement", "sound"),
    [
        ("CREATE TABLE tasks (name TEXT PRIMARY KEY) STRICT", True),  # has an index, which SQLite makes by itself
        ("CREATE TABLE tasks (name TEXT, number INTEGER) STRICT", True),
        ("CREATE INDEX tasks ON records (leaf)", False),
        ("CREATE INDEX tasks ON PAYLOADS (payload)", False),
        ("CREATE VIEW tasks AS SELECT 1", False),
        ("CREATE TRIGGER tasks AFTER INSERT ON records BEGIN SELECT 1; END", False),
    ],
)
def test_both_let_pass_what_stands_beside_a_log_and_nothing_that_changes_it(
    log: Path, statement: str, sound: bool
) -> None:
    tamper(log, [(statement, ())])
    assert compare(log) == sound
