"""The cache of compiled policies, and those who tamper with it: what is not beyond doubt is as if it were not there."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Self

import attrs
import pytest

from tenetlang.project import cache as module
from tenetlang.project.cache import Cache, open_cache

KEY, OTHER = sha256(b"a policy").digest(), sha256(b"another policy").digest()
DATA = b'{"files":[]}'


@attrs.frozen
class Place:
    """Where a cache and its secret are."""

    cache: Path
    state: Path
    variables: dict[str, str]

    @property
    def entry(self) -> Path:
        return self.cache / KEY.hex()

    @property
    def secret(self) -> Path:
        return self.state / "cache-secret"

    def opened(self) -> Cache:
        found = open_cache(self.variables)
        assert found is not None
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    variables = {
        "XDG_CACHE_HOME": str(tmp_path / "c"),
        "XDG_STATE_HOME": str(tmp_path / "s"),
        "HOME": str(tmp_path / "h"),
    }
    return Place(tmp_path / "c" / "tenet", tmp_path / "s" / "tenet", variables)


@pytest.fixture
def kept(place: Place) -> Place:
    place.opened().keep(KEY, DATA)
    return place


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---------------------------------------------------------------------------------------------------- as it should be


def test_what_is_kept_is_found_by_the_next_process_with_its_digest(kept: Place) -> None:
    found = kept.opened().find(KEY)
    assert found is not None
    assert (found.data, found.digest) == (DATA, f"sha256:{sha256(DATA).hexdigest()}")
    assert kept.opened().find(OTHER) is None


def test_folders_and_files_are_the_users_alone(kept: Place) -> None:
    assert [mode(path) for path in (kept.cache, kept.state, kept.entry, kept.secret)] == [0o700, 0o700, 0o600, 0o600]
    assert len(kept.secret.read_bytes()) == 32
    assert sorted(path.name for path in kept.cache.iterdir()) == [KEY.hex()]
    assert sorted(path.name for path in kept.state.iterdir()) == ["cache-secret"]


def test_the_secret_is_not_in_the_cache_and_not_in_what_is_shown(kept: Place) -> None:
    secret = kept.secret.read_bytes()
    assert secret not in kept.entry.read_bytes()
    assert repr(secret) not in repr(kept.opened())


def test_without_variables_both_lie_where_the_standard_says(tmp_path: Path) -> None:
    made = open_cache({"HOME": str(tmp_path)})
    assert made is not None
    assert made.folder == tmp_path / ".cache" / "tenet"
    assert (tmp_path / ".local" / "state" / "tenet" / "cache-secret").is_file()


def test_a_folder_can_be_named_and_the_cache_switched_off(place: Place, tmp_path: Path) -> None:
    made = open_cache({**place.variables, "TENET_CACHE": str(tmp_path / "own")})
    assert made is not None
    assert made.folder == tmp_path / "own"
    assert open_cache({**place.variables, "TENET_CACHE": "off"}) is None
    assert open_cache({**place.variables, "TENET_CACHE": "relative"}) is None


def test_relative_folders_are_ignored_as_the_standard_wants(tmp_path: Path) -> None:
    made = open_cache({"XDG_CACHE_HOME": "c", "XDG_STATE_HOME": "s", "HOME": str(tmp_path)})
    assert made is not None
    assert made.folder == tmp_path / ".cache" / "tenet"
    assert open_cache({"XDG_CACHE_HOME": "c"}) is None
    assert open_cache({"HOME": "."}) is None


# ------------------------------------------------------------------------------------------------------------ attacks


def test_a_changed_byte_anywhere_in_an_entry_is_noticed(kept: Place) -> None:
    cache, entry = kept.opened(), kept.entry.read_bytes()
    for position in range(len(entry)):
        kept.entry.write_bytes(entry[:position] + bytes([entry[position] ^ 1]) + entry[position + 1 :])
        assert cache.find(KEY) is None, position
    kept.entry.write_bytes(entry)
    assert cache.find(KEY) is not None


def test_an_entry_that_was_cut_or_lengthened_is_noticed(kept: Place) -> None:
    cache, entry = kept.opened(), kept.entry.read_bytes()
    for length in range(len(entry)):
        kept.entry.write_bytes(entry[:length])
        assert cache.find(KEY) is None, length
    kept.entry.write_bytes(entry + b" ")
    assert cache.find(KEY) is None


def test_the_entry_of_another_policy_is_not_taken_under_this_ones_name(kept: Place) -> None:
    (kept.cache / OTHER.hex()).write_bytes(kept.entry.read_bytes())
    assert kept.opened().find(OTHER) is None


def test_who_may_write_to_the_cache_can_not_make_an_entry_with_a_secret_of_their_own(
    kept: Place, tmp_path: Path
) -> None:
    theirs = open_cache({**kept.variables, "XDG_STATE_HOME": str(tmp_path / "their state")})
    assert theirs is not None
    theirs.keep(KEY, b"lenient")
    assert theirs.find(KEY) is not None
    assert kept.opened().find(KEY) is None


def test_a_new_secret_makes_old_entries_strangers(kept: Place) -> None:
    kept.secret.unlink()
    assert kept.opened().find(KEY) is None


def linked(path: Path) -> None:
    moved = path.with_name("elsewhere")
    path.rename(moved)
    path.symlink_to(moved)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil", [linked, piped, a_folder, lambda path: path.chmod(0o666), lambda path: path.chmod(0o620)]
)
def test_an_entry_that_is_no_file_of_the_users_alone_is_not_read(kept: Place, spoil: Callable[[Path], None]) -> None:
    spoil(kept.entry)
    assert kept.opened().find(KEY) is None


@pytest.mark.parametrize(
    "spoil",
    [
        linked, piped, a_folder, lambda path: path.chmod(0o640), lambda path: path.chmod(0o604),
        lambda path: path.write_bytes(b"short"), lambda path: path.write_bytes(bytes(33)),
    ],
)  # fmt: skip
def test_a_secret_that_others_could_know_is_not_used(kept: Place, spoil: Callable[[Path], None]) -> None:
    spoil(kept.secret)
    assert open_cache(kept.variables) is None


@pytest.mark.parametrize("which", ["cache", "state"])
@pytest.mark.parametrize("spoil", [linked, lambda path: path.chmod(0o777), lambda path: path.chmod(0o720)])
def test_a_folder_that_others_may_write_to_is_not_used(kept: Place, which: str, spoil: Callable[[Path], None]) -> None:
    cache = kept.opened()
    spoil(getattr(kept, which))
    assert open_cache(kept.variables) is None
    if which == "cache":
        assert cache.find(KEY) is None
        cache.keep(OTHER, DATA)
        assert not (kept.cache / OTHER.hex()).exists()


def test_files_of_another_owner_are_not_used(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = kept.opened()
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    assert cache.find(KEY) is None
    monkeypatch.setattr(os, "getuid", lambda: 12_345)
    assert open_cache(kept.variables) is None


def test_nothing_is_made_in_the_home_of_somebody_else(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    monkeypatch.setattr(os, "getuid", lambda: 12_345)
    assert open_cache(place.variables) is None
    assert not place.cache.parent.exists()


def test_borrowed_rights_have_no_cache(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    assert open_cache(place.variables) is None


def test_a_system_without_owners_of_files_has_no_cache(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_has_owners", lambda: False)
    assert open_cache(place.variables) is None


def test_the_secret_never_lies_in_the_cache(tmp_path: Path) -> None:
    variables = {"TENET_CACHE": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    assert open_cache(variables) is None
    (tmp_path / "link").symlink_to(tmp_path)
    assert open_cache({**variables, "TENET_CACHE": f"{tmp_path}/link/../{tmp_path.name}"}) is None


# ------------------------------------------------------------------------------------------- disks, crowds and bounds


def test_a_full_disk_keeps_nothing_and_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = place.opened()
    real = open

    class Full:
        def __init__(self, file: int, *_: object) -> None:
            self.file = real(file, "wb")

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, content: bytes) -> None:
            self.file.write(content[:5])
            raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(module, "open", Full, raising=False)
    cache.keep(KEY, DATA)
    monkeypatch.undo()
    assert list(place.cache.iterdir()) == []
    assert cache.find(KEY) is None


def test_a_rename_that_fails_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = place.opened()

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "rename", fail)
    cache.keep(KEY, DATA)
    assert list(place.cache.iterdir()) == []


def test_a_folder_that_can_not_be_made_is_no_cache(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_bytes(b"a file")
    assert open_cache({"HOME": str(home)}) is None


def test_a_folder_that_was_removed_meanwhile_is_made_again(kept: Place) -> None:
    cache = kept.opened()
    kept.entry.unlink()
    kept.cache.rmdir()
    assert cache.find(KEY) is None
    cache.keep(KEY, DATA)
    assert cache.find(KEY) is not None


def test_many_writers_and_readers_see_whole_entries_and_one_secret(place: Place) -> None:
    begin = threading.Barrier(8)
    wrong: list[object] = []

    def work(number: int) -> None:
        begin.wait()
        for turn in range(30):
            cache = place.opened()
            content = bytes([number]) * (1000 + turn)
            cache.keep(KEY, content)
            found = cache.find(KEY)
            if found is None or len(set(found.data)) != 1:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert [path.name for path in place.cache.iterdir()] == [KEY.hex()]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 400)
    monkeypatch.setattr(module, "MOST_ENTRIES", 5)


@pytest.mark.usefixtures("small")
def test_what_was_not_used_for_longest_goes_first(place: Place) -> None:
    cache = place.opened()
    keys = [sha256(bytes([number])).digest() for number in range(4)]
    for number, key in enumerate(keys[:3]):
        cache.keep(key, bytes(68))
        os.utime(place.cache / key.hex(), (number, number))
    assert cache.find(keys[0]) is not None
    cache.keep(keys[3], bytes(68))
    cache.keep(KEY, bytes(68))
    assert [cache.find(key) is not None for key in keys] == [True, False, True, True]


@pytest.mark.usefixtures("small")
def test_there_are_only_so_many_entries_and_none_is_larger_than_half_of_all(place: Place) -> None:
    cache = place.opened()
    for number in range(10):
        cache.keep(sha256(bytes([number])).digest(), b"x")
    assert len(list(place.cache.iterdir())) == 5
    cache.keep(KEY, bytes(400))
    assert cache.find(KEY) is None


@pytest.mark.usefixtures("small")
def test_only_what_the_cache_made_is_removed_and_what_was_abandoned_with_it(place: Place) -> None:
    cache = place.opened()
    stranger, old, new = (place.cache / name for name in ("notes.txt", ".unfinished-1", ".unfinished-2"))
    for path in (stranger, old, new):
        path.write_bytes(bytes(1000))
    os.utime(old, (0, 0))
    os.utime(stranger, (0, 0))
    for number in range(10):
        cache.keep(sha256(bytes([number])).digest(), b"x")
    assert [path.exists() for path in (stranger, old, new)] == [True, False, True]
