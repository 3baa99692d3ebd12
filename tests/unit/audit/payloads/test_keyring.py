from __future__ import annotations

import os
import stat
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tenetlang.audit.errors import LogUnavailable, UnusableKey
from tenetlang.audit.payloads.keyring import create_keyring, open_keyring
from tenetlang.audit.payloads.sealing import SubjectKey


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    create_keyring(tmp_path / "keys")
    return tmp_path / "keys"


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def change(keys: Path, statement: str) -> None:
    with closing(apsw.Connection(str(keys))) as connection:
        connection.execute(statement)


def test_a_subject_has_one_key_and_no_other_has_it(keys: Path) -> None:
    with open_keyring(keys) as first, open_keyring(keys) as second:
        key = first.key_for("alice")
        assert second.key_for("alice") == key == first.key_for("alice") == second.key_of(key.kid)
        assert first.key_for("bob") != key
        assert first.key_for(None) == second.key_for(None) != key
    with open_keyring(keys) as later:
        assert later.key_for("alice") == key
        assert later.subjects == "user"


def test_the_files_are_for_their_owner_and_tell_neither_names_nor_keys(keys: Path) -> None:
    with open_keyring(keys) as opened:
        key = opened.key_for("alice@example.com")
        content = bytes_of(keys.parent)
    assert b"alice" not in content
    assert key.secret not in content
    assert {stat.S_IMODE(file.stat().st_mode) for file in keys.parent.iterdir()} == {0o600}


def test_a_destroyed_key_is_in_none_of_the_files_and_a_new_one_takes_its_place(keys: Path) -> None:
    with open_keyring(keys) as opened:
        for number in range(200):
            opened.key_for(f"u{number}")
        key = opened.key_for("u77")
        ((wrapped,),) = opened._connection.execute("SELECT wrapped FROM keys WHERE kid = ?", (key.kid,)).fetchall()
        assert isinstance(wrapped, bytes)
        assert wrapped in bytes_of(keys.parent)
        assert opened.destroy(key.kid)
        assert wrapped not in bytes_of(keys.parent)
        assert key.kid.encode() not in bytes_of(keys.parent)
        assert opened.key_of(key.kid) is None
        assert opened.name_of("u77") is None
        assert not opened.has(key.kid)
        assert opened.key_for("u77") != key
        assert opened.has(opened.key_for("u78").kid)


def test_a_key_that_another_process_destroyed_is_not_used_any_more(keys: Path) -> None:
    with open_keyring(keys) as writer, open_keyring(keys) as eraser:
        key = writer.key_for("alice")
        assert writer.key_of(key.kid) == key
        eraser.destroy(key.kid)
        assert writer.key_of(key.kid) is None
        assert writer.key_for("alice") != key


def test_threads_that_want_a_new_key_at_once_get_the_same(keys: Path) -> None:
    found: list[SubjectKey] = []

    def ask() -> None:
        with open_keyring(keys) as opened:
            found.append(opened.key_for("alice"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_a_reader_that_keeps_traces_of_a_destroyed_key_is_told(keys: Path) -> None:
    with open_keyring(keys) as opened, closing(apsw.Connection(str(keys))) as reader:
        key = opened.key_for("alice")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM keys").fetchall()
        opened._connection.set_busy_timeout(1)
        assert not opened.destroy(key.kid)
        assert opened.key_of(key.kid) is None


def test_a_master_key_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "safe").mkdir()
    create_keyring(tmp_path / "keys", tmp_path / "safe" / "master", "session")
    with open_keyring(tmp_path / "keys", tmp_path / "safe" / "master") as opened:
        assert opened.subjects == "session"
    with pytest.raises(UnusableKey, match="cannot read"):
        open_keyring(tmp_path / "keys")


def test_keys_are_never_written_over(keys: Path) -> None:
    before = bytes_of(keys.parent)
    with pytest.raises(UnusableKey, match="there already"):
        create_keyring(keys)
    with pytest.raises(UnusableKey, match="there already"):
        create_keyring(keys.with_name("others"), keys.with_name("keys.master"))
    with pytest.raises(UnusableKey, match="cannot make"):
        create_keyring(keys.parent / "nowhere" / "keys")
    assert bytes_of(keys.parent) == before


@pytest.mark.parametrize("name", ["keys", "keys.master"])
def test_a_file_that_others_may_read_is_refused(keys: Path, name: str) -> None:
    keys.with_name(name).chmod(0o640)
    with pytest.raises(UnusableKey, match="may be read by others"):
        open_keyring(keys)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no master key"),
        (b"\xff", "cannot read"),
        (b"tenet-payload-master " + b"A" * 43 + b"=\n", "is not the one"),
    ],
)
def test_another_master_key_is_refused(keys: Path, content: bytes, said: str) -> None:
    keys.with_name("keys.master").write_bytes(content)
    with pytest.raises(UnusableKey, match=said):
        open_keyring(keys)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("PRAGMA application_id=1", "no keyring of this version"),
        ("PRAGMA user_version=3", "no keyring of this version"),
        ("PRAGMA user_version=1", "its tables were changed"),
        ("CREATE VIEW seen AS SELECT 1", "its tables were changed"),
        ("DELETE FROM keyring", "holds no master key's digest"),
        ("UPDATE keyring SET subjects = 'everybody'", "holds no master key's digest"),
        ("UPDATE keyring SET master = zeroblob(32)", "is not the one"),
        ("UPDATE keyring SET lookup = zeroblob(40)", "was changed"),
    ],
)
def test_a_file_that_is_no_keyring_any_more_is_refused(keys: Path, statement: str, said: str) -> None:
    change(keys, statement)
    with pytest.raises(UnusableKey, match=said):
        open_keyring(keys)


def test_a_key_that_was_changed_is_refused_and_not_made_anew(keys: Path) -> None:
    with open_keyring(keys) as opened:
        opened.key_for("alice")
        change(keys, "UPDATE keys SET wrapped = zeroblob(40)")
        with pytest.raises(UnusableKey, match="was changed"):
            opened.key_for("alice")


def test_a_file_that_is_no_database_is_refused(keys: Path) -> None:
    keys.write_bytes(b"no database")
    with pytest.raises(UnusableKey, match="is no keyring"):
        open_keyring(keys)
    keys.write_bytes(b"SQLite format 3\x00" + bytes(4080))
    with pytest.raises((UnusableKey, LogUnavailable)):
        open_keyring(keys)
    keys.unlink()
    with pytest.raises(UnusableKey, match="cannot read"):
        open_keyring(keys)


def test_a_locked_keyring_is_not_available(keys: Path) -> None:
    with open_keyring(keys) as opened, closing(apsw.Connection(str(keys))) as other:
        opened._connection.set_busy_timeout(1)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogUnavailable, match="cannot use the keys"):
            opened.key_for("alice")


def test_many_keys_are_not_all_kept_in_memory(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenetlang.audit.payloads.keyring._KEPT_KEYS", 3)
    with open_keyring(keys) as opened:
        made = [opened.key_for(f"u{number}") for number in range(10)]
        assert [opened.key_of(key.kid) for key in made] == made
        assert len(opened._by_subject) + len(opened._by_name) <= 4
    assert os.path.lexists(keys)
