"""Another master key in place of the old one: every key stays, at every interruption one of the two opens all of them."""

from __future__ import annotations

import hmac
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import apsw
import pytest

from tenetlang.audit.errors import LogUnavailable, NoSignatures, UnusableKey
from tenetlang.audit.payloads import keyring as keyrings
from tenetlang.audit.payloads import masters
from tenetlang.audit.payloads.keyring import Keyring, create_keyring, open_keyring
from tenetlang.audit.payloads.masters import check_of, derived, waiting_file, wrap
from tenetlang.audit.payloads.sealing import SubjectKey

PEOPLE = [f"u{number}" for number in range(12)]


class PowerLostError(BaseException):
    """What a test stops the program with."""


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    create_keyring(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def made(keys: Path) -> list[SubjectKey]:
    return made_in(keys)


def made_in(keys: Path) -> list[SubjectKey]:
    with open_keyring(keys) as opened:
        return [opened.key_for(person) for person in PEOPLE]


def master(keys: Path) -> bytes:
    return keys.with_name("keys.master").read_bytes()


def files(keys: Path) -> set[str]:
    return {file.name for file in keys.parent.iterdir()}


def change(keys: Path) -> tuple[int, bool]:
    with open_keyring(keys) as opened:
        return opened.change_master()


def first_version(keys: Path) -> None:
    """Makes a keyring one of version 1, as they were before master keys could be changed."""
    with open_keyring(keys) as opened:
        secret = opened._opened.master
    with closing(apsw.Connection(str(keys))) as connection:
        connection.execute("DROP TABLE keyring")
        connection.execute("CREATE TABLE keyring (subjects TEXT NOT NULL, master BLOB NOT NULL) STRICT")
        connection.execute("INSERT INTO keyring (subjects, master) VALUES ('user', ?)", (check_of(secret),))
        connection.execute("PRAGMA user_version=1")


def test_all_keys_stay_and_open_with_the_new_master_key_alone(keys: Path, made: list[SubjectKey]) -> None:
    before = master(keys)
    assert change(keys) == (len(PEOPLE), True)
    assert master(keys) != before
    assert made_in(keys) == made
    assert files(keys) == {"keys", "keys.master"}
    assert stat.S_IMODE(keys.with_name("keys.master").stat().st_mode) == 0o600
    with open_keyring(keys) as opened:
        assert [opened.key_of(key.kid) for key in made] == made
    keys.with_name("keys.master").write_bytes(before)
    with pytest.raises(UnusableKey, match="is not the one"):
        open_keyring(keys)


def test_nothing_of_the_old_wrappings_or_the_old_master_key_is_left(keys: Path, made: list[SubjectKey]) -> None:
    with closing(apsw.Connection(str(keys))) as connection:
        wrapped = [bytes(row[0]) for row in connection.execute("SELECT wrapped FROM keys") if isinstance(row[0], bytes)]
    old = os.open(keys.with_name("keys.master"), os.O_RDONLY)
    change(keys)
    content = b"".join(file.read_bytes() for file in keys.parent.iterdir())
    assert len(wrapped) == len(made)
    assert not any(each in content for each in wrapped)
    assert set(os.pread(old, 1000, 0)) == {0}
    os.close(old)


def test_a_copy_of_the_keys_from_before_opens_no_more(keys: Path, made: list[SubjectKey]) -> None:
    copy = keys.with_name("copy")
    copy.write_bytes(keys.read_bytes())
    copy.chmod(0o600)
    change(keys)
    with pytest.raises(UnusableKey, match="is not the one"):
        open_keyring(copy, keys.with_name("keys.master"))
    assert made_in(keys) == made


def test_those_who_have_the_keyring_open_go_on_with_the_new_master_key(keys: Path, made: list[SubjectKey]) -> None:
    with open_keyring(keys) as reading, open_keyring(keys) as writing, open_keyring(keys) as changing:
        assert reading.key_of(made[0].kid) == made[0]
        for _ in range(3):
            changing.change_master()
            assert reading.key_of(made[0].kid) == made[0]
            assert writing.key_for(PEOPLE[1]) == made[1]
            new = writing.key_for(os.urandom(8).hex())
            assert changing.key_of(new.kid) == reading.key_of(new.kid) == new


def test_keys_that_are_made_while_the_master_key_changes_open_with_the_new_one(keys: Path) -> None:
    found: dict[str, SubjectKey] = {}
    over = threading.Event()

    def make(place: str) -> None:
        with open_keyring(keys) as opened:
            number = 0
            while not over.is_set() or not number:
                name = f"{place}/{number}"
                found[name] = opened.key_for(name)
                number += 1

    threads = [threading.Thread(target=make, args=(place,)) for place in "ab"]
    for thread in threads:
        thread.start()
    for _ in range(3):
        change(keys)
    over.set()
    for thread in threads:
        thread.join()
    with open_keyring(keys) as opened:
        assert found
        assert {name: opened.key_for(name) for name in found} == found


def test_a_keyring_of_the_first_version_is_read_and_becomes_one_of_the_second(keys: Path) -> None:
    first_version(keys)
    made = made_in(keys)
    with open_keyring(keys) as opened:
        assert opened._digest("u1") == hmac.digest(derived(opened._opened.master, "subjects"), b"u1", "sha256")
    change(keys)
    assert made_in(keys) == made
    with closing(apsw.Connection(str(keys))) as connection:
        assert connection.execute("PRAGMA user_version").fetchall() == [(2,)]
    change(keys)
    assert made_in(keys) == made


# ------------------------------------------------------------------------------------------------------- interruptions


def stop_at_statement(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    left = iter(range(number))
    run = keyrings._run

    def stopping(connection: apsw.Connection, statement: str, values: tuple[str | bytes, ...] = ()) -> object:
        writes = statement.startswith(("UPDATE", "DROP", "CREATE", "INSERT", "COMMIT", "PRAGMA user_version="))
        if writes and next(left, None) is None:
            raise PowerLostError
        return run(connection, statement, values)

    monkeypatch.setattr(keyrings, "_run", stopping)


def interruptions() -> Iterator[Callable[[pytest.MonkeyPatch], None]]:
    def lost(*_: object) -> None:
        raise PowerLostError

    yield lambda patch: patch.setattr(keyrings, "take_place", lost)
    yield lambda patch: patch.setattr(Path, "replace", lost)
    yield lambda patch: patch.setattr(os, "pwrite", lost)
    for number in range(len(PEOPLE) + 5):
        yield lambda patch, number=number: stop_at_statement(patch, number)  # type: ignore[misc]  # bound at once


@pytest.mark.parametrize("interruption", list(interruptions()))
def test_after_an_interruption_one_of_the_two_master_keys_opens_everything(
    keys: Path, made: list[SubjectKey], interruption: Callable[[pytest.MonkeyPatch], None]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        opened = open_keyring(keys)
        interruption(patch)
        with pytest.raises(PowerLostError):
            opened.change_master()
    opened.close()
    assert made_in(keys) == made
    assert change(keys) == (len(PEOPLE), True)
    assert made_in(keys) == made


def test_who_opens_the_keyring_after_an_interruption_ends_the_change(keys: Path, made: list[SubjectKey]) -> None:
    before = master(keys)
    with pytest.MonkeyPatch.context() as patch, open_keyring(keys) as opened:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
        with pytest.raises(UnusableKey, match="can't take the place of"):
            opened.change_master()
        assert opened.key_of(made[0].kid) == made[0]
        assert master(keys) == before
        assert made_in(keys) == made  # who may not rename it uses it where it is
        assert master(keys) == before
    assert made_in(keys) == made
    assert master(keys) != before
    assert files(keys) == {"keys", "keys.master"}


def test_where_two_end_the_same_change_the_second_finds_it_done(keys: Path, made: list[SubjectKey]) -> None:
    place = masters.take_place

    def twice(waiting: str, file: str) -> None:
        place(waiting, file)
        place(waiting, file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyrings, "take_place", twice)
        change(keys)
    assert made_in(keys) == made


def test_a_new_key_whose_place_was_taken_while_it_was_read_is_found_in_that_place(
    keys: Path, made: list[SubjectKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_keyring(keys) as opened, pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyrings, "take_place", lambda *_: None)
        opened.change_master()
        waiting = waiting_file(opened.master_file, check_of(opened._opened.master))
    read = masters._read_master

    def overtaken(file: str) -> bytes:
        if file == waiting:
            masters.take_place(waiting, str(keys.with_name("keys.master")))
        return read(file)

    monkeypatch.setattr(masters, "_read_master", overtaken)
    assert made_in(keys) == made


def test_a_master_key_that_changes_while_the_keyring_is_opened_is_asked_for_again(
    keys: Path, made: list[SubjectKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = masters.master_of
    asked: list[bytes] = []

    def overtaken(file: str, check: bytes, name: str) -> bytes:
        asked.append(check)
        if len(asked) == 1:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(keyrings, "master_of", found)
                change(keys)
        return found(file, check, name)

    monkeypatch.setattr(keyrings, "master_of", overtaken)
    assert made_in(keys) == made
    assert len(set(asked)) == 2


_CHANGE = """
import sys
from tenetlang.audit.payloads.keyring import open_keyring
print("begun", flush=True)
while True:
    with open_keyring(sys.argv[1]) as opened:
        opened.change_master()
"""


@pytest.mark.parametrize("pause", [0.0, 0.005, 0.012, 0.03, 0.06])
def test_a_process_that_is_killed_while_it_changes_the_master_key_loses_no_key(
    keys: Path, made: list[SubjectKey], pause: float
) -> None:
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", _CHANGE, str(keys)], stdout=subprocess.PIPE) as changing:
            assert changing.stdout is not None
            changing.stdout.readline()
            time.sleep(pause)  # whenever it is, nothing may be lost
            changing.kill()
        assert made_in(keys) == made


# ------------------------------------------------------------------------------------------------------------ refusals


def test_a_keyring_that_was_damaged_keeps_its_master_key(keys: Path, made: list[SubjectKey]) -> None:
    before = master(keys)
    with closing(apsw.Connection(str(keys))) as connection:
        connection.execute("UPDATE keys SET wrapped = zeroblob(40) WHERE kid = ?", (made[3].kid,))
    with pytest.raises(UnusableKey, match="was changed"):
        change(keys)
    assert master(keys) == before
    assert files(keys) == {"keys", "keys.master"}
    with open_keyring(keys) as opened:
        assert opened.key_of(made[4].kid) == made[4]


def test_a_locked_keyring_keeps_its_master_key(keys: Path, made: list[SubjectKey]) -> None:
    with open_keyring(keys) as opened, closing(apsw.Connection(str(keys))) as other:
        opened._connection.set_busy_timeout(1)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogUnavailable, match="cannot use the keys"):
            opened.change_master()
        other.execute("ROLLBACK")
        assert {name for name in files(keys) if "master" in name} == {"keys.master"}
        assert opened.key_for(PEOPLE[0]) == made[0]


def test_where_no_new_file_can_be_made_nothing_changes(keys: Path, made: list[SubjectKey]) -> None:
    with open_keyring(keys) as opened:
        opened.master_file = str(keys.parent / "nowhere" / "master")
        with pytest.raises(UnusableKey, match="nothing was changed"):
            opened.change_master()
        assert opened.key_for(PEOPLE[0]) == made[0]


def test_a_new_master_key_that_others_may_read_is_refused(keys: Path, made: list[SubjectKey]) -> None:
    with open_keyring(keys) as opened, pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyrings, "take_place", lambda *_: None)
        opened.change_master()
        waiting = Path(waiting_file(opened.master_file, check_of(opened._opened.master)))
    waiting.chmod(0o644)
    with pytest.raises(UnusableKey, match="may be read by others"):
        open_keyring(keys)
    waiting.chmod(0o600)
    assert made_in(keys) == made


def test_a_master_key_behind_a_link_changes_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "safe").mkdir()
    create_keyring(tmp_path / "keys", tmp_path / "safe" / "master")
    made = made_in_with(tmp_path / "keys", tmp_path / "safe" / "master")
    (tmp_path / "link").symlink_to(tmp_path / "safe" / "master")
    (tmp_path / "safe" / "master").chmod(0o400)
    with open_keyring(tmp_path / "keys", tmp_path / "link") as opened:
        opened.change_master()
    assert (tmp_path / "link").is_symlink()
    assert made_in_with(tmp_path / "keys", tmp_path / "safe" / "master") == made


def made_in_with(keys: Path, master_file: Path) -> SubjectKey:
    with open_keyring(keys, master_file) as opened:
        return opened.key_for("alice")


def test_what_was_wrapped_under_another_master_key_does_not_open(keys: Path, made: list[SubjectKey]) -> None:
    with closing(apsw.Connection(str(keys))) as connection:
        other = wrap(bytes(32), made[0].secret)
        connection.execute("UPDATE keys SET wrapped = ? WHERE kid = ?", (other, made[0].kid))
    with open_keyring(keys) as opened, suppress(UnusableKey):
        assert opened.key_of(made[0].kid) is None


def test_a_keyring_whose_row_is_gone_while_it_is_open_is_refused(keys: Path, made: list[SubjectKey]) -> None:
    opened: Keyring
    with open_keyring(keys) as opened:
        with closing(apsw.Connection(str(keys))) as connection:
            connection.execute("DELETE FROM keyring")
        with pytest.raises(UnusableKey, match="holds no master key's digest"):
            opened.key_of(made[0].kid)


def test_without_the_package_nothing_is_wrapped_or_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.keywrap", None)
    with pytest.raises(NoSignatures, match=r"tenetlang\[audit\]"):
        wrap(bytes(32), bytes(32))
    with pytest.raises(NoSignatures, match=r"tenetlang\[audit\]"):
        masters.unwrap(bytes(32), bytes(40), "keys")


def test_a_new_master_key_takes_a_place_that_is_empty(tmp_path: Path) -> None:
    masters.write_master(str(tmp_path / "waiting"), bytes(32))
    masters.take_place(str(tmp_path / "waiting"), str(tmp_path / "master"))
    assert masters.master_of(str(tmp_path / "master"), check_of(bytes(32)), "keys") == bytes(32)
    with pytest.raises(FileExistsError):
        masters.write_master(str(tmp_path / "master"), bytes(32))
