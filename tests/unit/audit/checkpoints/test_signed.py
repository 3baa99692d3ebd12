"""Logs whose checkpoints are signed: what is found, and by what."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from tenetlang.audit import (
    Log,
    LogAltered,
    LogDamaged,
    NoCheckpoint,
    UnusableKey,
    create_key,
    export_jsonl,
    load_signing_key,
    load_verifier_key,
    newest_checkpoint,
    verify_log,
)
from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.checkpoints.checkpoint import unchecked_checkpoint
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.merkle import leaf_hash
from tests.unit.audit.samples import open_sample, rows, sample, tamper

KEY = signing_key("example.com/log", b"\x01" * 32)
OTHER = signing_key("example.com/other", b"\x02" * 32)


def signed_log(path: Path, sizes: Sequence[int] = (3, 6, 9), salt: int = 0) -> Path:
    """A log that was signed at each of these sizes."""
    with open_sample(path) as log:
        for size in sizes:
            while log.size_and_root()[0] < size:
                log.append(*sample(log.size_and_root()[0] + salt))
            log.sign(KEY)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return signed_log(tmp_path / "log.db")


def found(path: Path, *kept: bytes, key: bool = True) -> list[tuple[int | None, str]]:
    verification = verify_log(path, keys=[KEY.verifier] if key else [], checkpoints=kept)
    assert verification.ok == (not verification.problems)
    return [(problem.index, problem.what) for problem in verification.problems]


def rewrite_with_all_that_follow(path: Path, index: int) -> None:
    """What somebody does who can write the file and knows the format: a record is changed, and the chain is mended."""
    previous: str | None = None
    for place, record, _ in rows(path)[index:]:
        changed = json.loads(record)
        if previous is None:
            changed["took_ns"] = 1
        else:
            changed["previous"] = previous
        text = profile_bytes(changed)
        leaf = leaf_hash(text)
        previous = leaf.hex()
        tamper(path, [("UPDATE records SET record = ?, leaf = ? WHERE idx = ?", (text, leaf, place))])


def cut(path: Path, size: int) -> None:
    tamper(path, [(f"DELETE FROM {table} WHERE idx >= {size}", ()) for table in ("records", "payloads")])


def test_a_signed_log_is_fine_with_its_key_and_without(log: Path) -> None:
    verification = verify_log(log, keys=[KEY.verifier])
    assert (verification.ok, verification.checkpoints, verification.signed) == (True, 3, 9)
    without = verify_log(log)
    assert (without.ok, without.checkpoints, without.signed) == (True, 3, None)


def test_records_after_the_newest_checkpoint_are_fine_and_not_vouched_for(log: Path) -> None:
    with open_sample(log) as again:
        again.append(*sample(99))
    verification = verify_log(log, keys=[KEY.verifier])
    assert (verification.ok, verification.size, verification.signed) == (True, 10, 9)


def test_the_same_state_is_signed_once(log: Path) -> None:
    with open_sample(log) as again:
        assert again.sign(KEY) == again.sign(KEY) == newest_checkpoint(log)
    assert verify_log(log).checkpoints == 3


def test_a_log_that_was_rewritten_without_the_key_is_found_by_its_checkpoints(log: Path) -> None:
    rewrite_with_all_that_follow(log, 4)
    assert found(log) == [(None, "rewritten")]
    (problem,) = verify_log(log).problems
    assert problem.detail.startswith("the first 6 records are not those of checkpoint 2, and the first 3 are")


def test_a_log_that_is_shorter_than_its_checkpoint_is_found(log: Path) -> None:
    cut(log, 7)
    assert found(log) == [(7, "cut")]
    assert found(log, key=False) == [(7, "cut")]


def test_a_log_cut_at_an_older_checkpoint_is_only_found_by_a_newer_one_that_was_kept(log: Path) -> None:
    kept = newest_checkpoint(log)
    cut(log, 6)
    tamper(log, [("DELETE FROM checkpoints WHERE number = 3", ())])
    assert found(log) == []
    assert found(log, kept) == [(6, "cut")]


def test_a_rewrite_with_the_stolen_key_is_only_found_by_a_checkpoint_that_was_kept(log: Path, tmp_path: Path) -> None:
    kept = newest_checkpoint(log)
    forged = signed_log(tmp_path / "forged.db", salt=500)
    assert found(forged) == []
    assert found(forged, kept) == [(None, "rewritten")]
    assert found(log, kept) == []


def test_a_log_without_checkpoints_is_not_fine_with_a_key(log: Path) -> None:
    tamper(log, [("DELETE FROM checkpoints", ())])
    assert found(log) == [(None, "unsigned")]
    tamper(log, [("DROP TABLE checkpoints", ())])
    assert found(log) == [(None, "unsigned")]
    assert found(log, key=False) == []


def test_checkpoints_by_another_key_are_found_once(log: Path) -> None:
    verification = verify_log(log, keys=[OTHER.verifier])
    (problem,) = verification.problems
    assert (problem.what, verification.signed) == ("signature", None)
    assert "signed by example.com/log (and 2 more)" in problem.detail
    assert verify_log(log, keys=[OTHER.verifier, KEY.verifier]).ok


def test_every_byte_of_a_stored_checkpoint_counts(log: Path) -> None:
    note = newest_checkpoint(log)
    signed = note[:-1].rindex(b"\n") + 1
    for place in range(len(note)):
        changed = bytearray(note)
        changed[place] ^= 1
        tamper(log, [("UPDATE checkpoints SET note = ? WHERE number = 3", (bytes(changed),))])
        verification = verify_log(log, keys=[KEY.verifier])
        if place < signed or not verification.ok:
            assert [problem.what for problem in verification.problems] == ["signature"], place
        else:  # a line by nobody who is known: when it was signed is not known any more
            assert verification.signed_at is None, place
    tamper(log, [("UPDATE checkpoints SET note = zeroblob(99999) WHERE number = 3", ())])
    assert found(log) == [(None, "signature")]


def test_checkpoints_out_of_order_are_found(log: Path) -> None:
    tamper(log, [("UPDATE checkpoints SET number = 9 WHERE number = 1", ())])
    assert found(log) == [(None, "signature")]


def test_a_kept_checkpoint_that_another_signed_proves_nothing(log: Path) -> None:
    with open_sample(log) as again:
        kept = again.sign(OTHER)
    assert found(log, kept)[0] == (None, "signature")
    assert found(log, kept, key=False) == []


def test_an_export_is_compared_with_what_was_kept(log: Path) -> None:
    export = log.with_suffix(".jsonl")
    export.write_bytes(b"".join(export_jsonl(log)))
    assert found(export, newest_checkpoint(log), key=False) == []
    assert found(export) == [(None, "unsigned")]
    verification = verify_log(export, keys=[KEY.verifier], checkpoints=[newest_checkpoint(log)])
    assert (verification.ok, verification.signed) == (True, 9)
    export.write_bytes(b"".join(list(export_jsonl(log))[:7]))
    assert found(export, newest_checkpoint(log), key=False) == [(7, "cut")]


def test_a_changed_definition_of_the_checkpoints_is_refused(log: Path) -> None:
    tamper(log, [("CREATE INDEX more ON checkpoints (note)", ())])
    with pytest.raises(LogAltered):
        verify_log(log)


@pytest.mark.parametrize("what", ["cut", "rewritten"])
def test_nothing_is_signed_that_contradicts_what_was_signed(log: Path, what: str) -> None:
    if what == "cut":
        cut(log, 7)
    else:
        rewrite_with_all_that_follow(log, 8)
    for action in (Log.sign, Log.check_signed):
        with open_sample(log) as opened, pytest.raises(LogDamaged, match=what):
            action(opened, KEY)
    assert verify_log(log).checkpoints == 3


def test_a_changed_record_is_not_signed(log: Path) -> None:
    with open_sample(log) as opened:
        opened.append(*sample(50))
        opened.append(*sample(51))
        tamper(log, [("UPDATE records SET record = x'00' WHERE idx = 9", ())])
        with pytest.raises(LogDamaged, match="record 9"):
            opened.sign(KEY)


def test_two_that_have_the_log_open_sign_in_one_order(log: Path) -> None:
    with open_sample(log) as one, open_sample(log) as two:
        for number in range(4):
            one.append(*sample(60 + number))
            two.sign(KEY)
            two.append(*sample(70 + number))
            one.size_and_root()
            one.sign(KEY)
    assert (found(log), verify_log(log).checkpoints) == ([], 11)


def test_a_newest_checkpoint_by_another_key_is_let_stand_and_a_forged_one_of_ours_is_not(log: Path) -> None:
    with open_sample(log) as opened:
        opened.append(*sample(50))
        opened.sign(OTHER)
        opened.append(*sample(51))
        assert unchecked_checkpoint(opened.sign(KEY)).size == 11
    forged = newest_checkpoint(log)[:-8] + b"AAAAAA=\n"
    tamper(log, [("UPDATE checkpoints SET note = ? WHERE number = 5", (forged,))])
    with open_sample(log) as opened, pytest.raises(LogDamaged, match="not what this key signed"):
        opened.sign(KEY)


def test_a_log_that_was_never_signed_has_no_checkpoint(tmp_path: Path) -> None:
    with open_sample(tmp_path / "log.db") as log:
        log.check_signed(KEY)
    with pytest.raises(NoCheckpoint):
        newest_checkpoint(tmp_path / "log.db")


def test_a_key_is_made_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    verifier = create_key(tmp_path / "log.key", "example.com/log", lambda size: sha256(b"seed").digest()[:size])
    assert load_signing_key(tmp_path / "log.key").verifier == verifier
    assert load_verifier_key(str(tmp_path / "log.key.pub")) == load_verifier_key(str(verifier)) == verifier
    with pytest.raises(UnusableKey, match="never overwritten"):
        create_key(tmp_path / "log.key", "example.com/log")
    (tmp_path / "log.key.pub").unlink()
    with pytest.raises(UnusableKey, match="never overwritten"):
        create_key(tmp_path / "log.key", "example.com/log")
    with pytest.raises(UnusableKey, match="private key"):
        load_verifier_key(str(tmp_path / "log.key"))
    if sys.platform != "win32":
        assert (tmp_path / "log.key").stat().st_mode & 0o777 == 0o600
        (tmp_path / "log.key").chmod(0o640)
        with pytest.raises(UnusableKey, match="read by others"):
            load_signing_key(tmp_path / "log.key")


def test_what_is_no_file_of_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"\xff")
    (tmp_path / "noise").chmod(0o600)
    for name in ("noise", "missing"):
        with pytest.raises(UnusableKey):
            load_signing_key(tmp_path / name)
        with pytest.raises(UnusableKey):
            load_verifier_key(str(tmp_path / name))
    with pytest.raises(UnusableKey):
        create_key(tmp_path / "no" / "folder", "a")


def test_a_kept_checkpoint_by_another_key_is_a_finding_in_a_sound_log(log: Path, tmp_path: Path) -> None:
    with open_sample(tmp_path / "other.db") as other:
        kept = other.sign(OTHER)
    assert found(log, kept) == [(None, "signature")]


def test_without_the_package_that_signs_all_but_signatures_is_verified(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = newest_checkpoint(log)
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert found(log, kept, key=False) == []
    cut(log, 7)
    assert found(log, key=False) == [(7, "cut")]


def test_checkpoints_that_can_not_be_read_are_a_finding(log: Path) -> None:
    with closing(apsw.Connection(str(log))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        row = connection.execute(
            "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = 'checkpoints'"
        ).fetchone()
    assert row is not None
    page, size = row
    content = bytearray(log.read_bytes())
    content[(page - 1) * size : page * size] = b"\xee" * size
    log.write_bytes(content)
    for key in (True, False):
        verification = verify_log(log, keys=[KEY.verifier] if key else [])
        assert "cannot be read" in " ".join(problem.detail for problem in verification.problems), key


def test_a_note_that_is_no_text_is_a_finding_wherever_it_stands(log: Path) -> None:
    for number in (1, 2, 3):
        tamper(log, [("UPDATE checkpoints SET note = zeroblob(70000) WHERE number = ?", (number,))])
        assert found(log)[0] == (None, "signature"), number
