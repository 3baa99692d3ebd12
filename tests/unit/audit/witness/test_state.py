"""The state of a witness: what is none is refused, and what can't be written changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tenetlang.audit import Checkpoint
from tenetlang.audit.errors import WitnessUnavailable
from tenetlang.audit.witness.state import APPLICATION_ID, State, advance, close_state, contradictions, open_state

ONE = Checkpoint("example.com/log", 3, b"\x01" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    close_state(open_state(tmp_path / "state", create=True))
    return tmp_path / "state"


@pytest.fixture
def state(path: Path) -> Iterator[State]:
    opened = open_state(path)
    yield opened
    close_state(opened)


@pytest.mark.parametrize(
    "statement",
    [
        f"PRAGMA application_id={APPLICATION_ID + 1}",
        "DROP TABLE contradictions",
        "CREATE TABLE more (a)",
        "CREATE TRIGGER t AFTER INSERT ON logs BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT 1",
        "ALTER TABLE logs ADD COLUMN more TEXT",
    ],
)
def test_what_is_no_state_of_a_witness_is_refused(path: Path, statement: str) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(statement).fetchall()
    with pytest.raises(WitnessUnavailable, match="no state of a witness"):
        open_state(path)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601])
def test_a_state_that_others_may_read_or_write_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(WitnessUnavailable, match="chmod 600"):
        open_state(path)
    path.chmod(0o600)
    close_state(open_state(path))


def test_a_checkpoint_that_can_not_be_remembered_is_not_cosigned_and_the_next_one_is(state: State) -> None:
    state.connection.set_authorizer(
        lambda operation, *_: apsw.SQLITE_DENY if operation == apsw.SQLITE_INSERT else apsw.SQLITE_OK
    )
    with pytest.raises(WitnessUnavailable, match="can't be written"):
        advance(state, 0, (), ONE, b"request")
    assert not state.connection.in_transaction
    state.connection.set_authorizer(None)
    assert advance(state, 0, (), ONE, b"request") == ("cosigned", 3)


def test_where_nothing_was_begun_the_cause_is_told_and_nothing_is_undone(path: Path, state: State) -> None:
    state.connection.set_busy_timeout(0)
    with closing(apsw.Connection(str(path))) as other:
        other.execute("BEGIN IMMEDIATE").fetchall()
        with pytest.raises(WitnessUnavailable, match="locked"):
            advance(state, 0, (), ONE, b"request")
        other.execute("ROLLBACK").fetchall()
    assert advance(state, 0, (), ONE, b"request") == ("cosigned", 3)


def test_a_transaction_that_the_database_undid_by_itself_is_not_undone_twice(state: State) -> None:
    """As SQLite may on a full disk: the cause is told, and not that there is nothing to undo."""

    def undo(operation: int, *_: object) -> int:
        if operation != apsw.SQLITE_INSERT:
            return apsw.SQLITE_OK
        state.connection.execute("ROLLBACK").fetchall()
        return apsw.SQLITE_DENY

    state.connection.set_authorizer(undo)
    with pytest.raises(WitnessUnavailable) as caught:
        advance(state, 0, (), ONE, b"request")
    state.connection.set_authorizer(None)
    assert "not authorized" in str(caught.value)
    assert advance(state, 0, (), ONE, b"request") == ("cosigned", 3)


def test_what_contradicts_is_kept_with_its_log_and_up_to_a_hundred(state: State) -> None:
    assert advance(state, 0, (), ONE, b"first") == ("cosigned", 3)
    assert advance(state, 2, (), ONE, b"another size") == ("size", 3)
    other = Checkpoint("example.com/log", 3, b"\x02" * 32)
    for number in range(102):
        assert advance(state, 3, (), other, str(number).encode()) == ("root", 3)
    grown = Checkpoint("example.com/log", 4, b"\x02" * 32)
    assert advance(state, 3, (), grown, b"no proof") == ("proof", 3)
    kept = contradictions(state, "example.com/log")
    assert (len(kept), kept[0], kept[-1]) == (100, b"0", b"99")
    assert contradictions(state, "example.com/other") == ()
