"""What is remembered of versions: they only rise, unless somebody says beforehand to which one to go back."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tenetlang.audit import open_log, verify_log
from tenetlang.audit.writer import Writer
from tenetlang.bundle.errors import BundleError, RolledBack, UnusableMemory
from tenetlang.bundle.memory import (
    FolderMemory,
    LogMemory,
    Memory,
    Remembered,
    Return,
    admit,
    counted,
    go_back,
    risen,
)
from tests.unit.bundle.bundles import BOTH, KEY, OTHER, STRANGER, TRUST, Told

FIVE = Remembered("shop", 5, "five", (KEY.verifier.short,))
LEAVE = Return(3, "three", "ada", "five refunds too much")
BACK = Remembered("shop", 5, "five", (KEY.verifier.short,), LEAVE)
ACTIVATED = ("policy.activated", {"bundle": "sha256:" + "0" * 64, "by": "signed by somebody"})


@pytest.mark.parametrize(
    ("remembered", "version", "identity", "leave"),
    [
        (None, 1, "one", None),
        (FIVE, 6, "six", None),
        (FIVE, 5, "five", None),
        (BACK, 3, "three", LEAVE),
        (BACK, 5, "five", None),
        (BACK, 6, "six", None),
    ],
)
def test_what_rises_or_stays_comes_in_and_what_leave_was_given_for(
    remembered: Remembered | None, version: int, identity: str, leave: Return | None
) -> None:
    assert admit(remembered, version, identity) == leave


@pytest.mark.parametrize(
    ("remembered", "version", "identity", "says"),
    [
        (FIVE, 4, "four", "it is version 4, and version 5 was in force here already"),
        (FIVE, 5, "another", "another bundle of version 5"),
        (BACK, 3, "another", "it is version 3"),
        (BACK, 4, "three", "it is version 4"),
        (BACK, 2, "two", "it is version 2"),
    ],
)
def test_nothing_else_comes_in(remembered: Remembered, version: int, identity: str, says: str) -> None:
    with pytest.raises(RolledBack, match=says):
        admit(remembered, version, identity)


def test_the_newest_stays_remembered_while_an_older_one_decides_by_leave() -> None:
    assert risen(BACK, Remembered("shop", 3, "three", ())) == BACK
    assert risen(BACK, Remembered("shop", 6, "six", ())) == Remembered("shop", 6, "six", ())
    assert risen(None, FIVE) == FIVE


def test_what_only_a_revoked_key_signed_no_longer_counts() -> None:
    """Else whoever stole a key could end all updates with one bundle of the highest version."""
    stolen = Remembered("shop", 2**53 - 1, "stolen", (STRANGER.verifier.short,))
    assert counted(stolen, TRUST) is None
    assert counted(FIVE, TRUST) == FIVE
    assert counted(FIVE, BOTH) is None
    both = Remembered("shop", 5, "five", (KEY.verifier.short, OTHER.verifier.short))
    assert counted(both, BOTH) == both
    assert counted(both, TRUST) == both
    assert counted(stolen, None) == stolen
    assert counted(Remembered("shop", 5, "five", ()), TRUST) is not None


def test_what_is_remembered_is_there_again(memory: Memory) -> None:
    assert memory.recall("shop") is None
    assert memory.packages() == frozenset()
    memory.change("shop", lambda _: FIVE, [])
    memory.change("bank", lambda _: Remembered("bank", 1, "one", ()), [])
    assert memory.recall("shop") == FIVE
    assert memory.packages() == {"shop", "bank"}


def test_a_change_that_raises_changes_nothing(memory: Memory) -> None:
    memory.change("shop", lambda _: FIVE, [])

    def refuse(_: Remembered | None) -> Remembered:
        raise RolledBack("no")

    with pytest.raises(RolledBack):
        memory.change("shop", refuse, [ACTIVATED])
    assert memory.recall("shop") == FIVE


def test_leave_to_go_back_is_for_something_older_than_what_was_in_force(memory: Memory) -> None:
    with pytest.raises(RolledBack, match="no way back"):
        go_back(memory, "shop", LEAVE)
    memory.change("shop", lambda _: FIVE, [])
    go_back(memory, "shop", LEAVE)
    assert memory.recall("shop") == BACK
    with pytest.raises(RolledBack, match="no way back"):
        go_back(memory, "shop", Return(5, "five", "ada", "why not"))


def test_a_log_has_the_record_of_what_it_remembers(tmp_path: Path) -> None:
    with Writer(open_log(tmp_path / "log.db")) as writer:
        LogMemory(writer.do).change("shop", lambda _: FIVE, [ACTIVATED])
    assert not verify_log(tmp_path / "log.db").problems
    with Writer(open_log(tmp_path / "log.db")) as writer:
        assert LogMemory(writer.do).recall("shop") == FIVE


def test_a_log_remembers_nothing_of_which_it_takes_no_record(tmp_path: Path) -> None:
    with Writer(open_log(tmp_path / "log.db")) as writer:
        memory = LogMemory(writer.do)
        with pytest.raises(UnusableMemory, match="versions of bundles"):
            memory.change("shop", lambda _: FIVE, [("policy.activated", {"bundle": "none", "by": "somebody"})])
        assert memory.recall("shop") is None


def test_a_log_that_is_closed_remembers_nothing_more(tmp_path: Path) -> None:
    with Writer(open_log(tmp_path / "log.db")) as writer:
        memory = LogMemory(writer.do)
    with pytest.raises(UnusableMemory):
        memory.change("shop", lambda _: FIVE, [])


@pytest.mark.parametrize("stored", ["x'00'", "'text'"])
def test_a_row_that_is_damaged_is_not_taken_for_none(tmp_path: Path, stored: str) -> None:
    with Writer(open_log(tmp_path / "log.db")) as writer:
        memory = LogMemory(writer.do)
        insert = f"INSERT INTO bundle_versions (package, remembered) VALUES ('shop', CAST({stored} AS BLOB))"
        writer.do(lambda tables: (tables.run(insert), ())).result()
        with pytest.raises(UnusableMemory, match="is damaged"):
            memory.recall("shop")


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    told = Told()
    FolderMemory(tmp_path / "new" / "state", told).change("shop", lambda _: FIVE, [ACTIVATED])
    file = tmp_path / "new" / "state" / "versions.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in file.parent.iterdir()) == ["versions.json", "versions.lock"]
    assert told.kinds == ["policy.activated"]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"packages": {"shop": {}}}', b'{"more": 1}', b"\xff", b" " * 2**21]
)
def test_a_file_that_is_damaged_is_not_taken_for_none(tmp_path: Path, damage: bytes) -> None:
    memory = FolderMemory(tmp_path)
    memory.change("shop", lambda _: FIVE, [])
    (tmp_path / "versions.json").write_bytes(damage)
    with pytest.raises(UnusableMemory, match=r"damaged|not what was written"):
        memory.recall("shop")
    with pytest.raises(UnusableMemory):
        memory.change("shop", lambda _: FIVE, [])


def test_a_folder_that_can_not_be_read_or_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file", encoding="utf-8")
    memory: Memory = FolderMemory(tmp_path / "state")
    with pytest.raises(UnusableMemory, match="can't be read"):
        memory.recall("shop")
    (tmp_path / "folder" / "versions.json").mkdir(parents=True)
    with pytest.raises(BundleError, match="can't be read"):
        FolderMemory(tmp_path / "folder").recall("shop")
