"""`tenet ledger`: a person sees what a guard remembers, sets its clock right, and has it forget what people wrote."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tenetlang.facts.ledger import open_ledger
from tenetlang.facts.moment import Begun
from tests.ledgers import LogLedger
from tests.unit.cli.conftest import Tenet

HOUR = 3600 * 10**9


@pytest.fixture(params=["in the log", "apart"])
def words(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, ...]:
    """Names a ledger whose time is an hour ahead, with one call."""
    apart = request.param == "apart"
    path = tmp_path / "facts.db"
    ledger = open_ledger(path) if apart else LogLedger(str(path))
    call = Begun("c1", "refund", "deny", "s1", {"customer": "ann"})
    ledger.transact(time.time_ns() + HOUR, lambda moment: moment.begin(call))
    ledger.close()
    return ("facts.db", "--apart") if apart else ("facts.db",)


def test_a_ledger_that_is_ahead_is_set_back(tenet: Tenet, words: tuple[str, ...]) -> None:
    shown = tenet("ledger", "show", *words)
    assert shown.status == 1
    assert shown.out.startswith("sessions: 1; keys of counters: 0; newest time: 20")
    assert "ahead of this machine's clock, so calls are denied" in shown.out
    changed = tenet("ledger", "set-clock", *words)
    assert (changed.status, changed.out) == (0, "")
    assert changed.error.startswith("the ledger's time was 20")
    again = tenet("ledger", "show", *words, "--format", "json")
    found = json.loads(again.out)
    assert (again.status, found["sessions"], found["keys"], found["refusing"]) == (0, 1, 0, False)
    assert tenet("ledger", "show", *words).out.count("\n") == 1


def test_what_people_wrote_is_forgotten(tenet: Tenet, words: tuple[str, ...]) -> None:
    assert tenet("ledger", "forget", words[0], "s1", *words[1:]).error == "forgot the arguments of 1 call\n"
    again = tenet("ledger", "forget", words[0], "s1", *words[1:])
    assert (again.status, again.error) == (5, "the ledger has no arguments of calls of that session\n")


def test_a_ledger_that_is_none_is_said_in_a_sentence(
    tenet: Tenet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.db").write_bytes(b"no database" * 1000)
    nothing = tenet("ledger", "show", "--apart", "nothing.db")
    assert (nothing.status, nothing.error.splitlines()[0]) == (2, "error: there is no ledger at nothing.db")
    damaged = tenet("ledger", "show", "--apart", "other.db")
    assert (damaged.status, "is no ledger, or is damaged" in damaged.error) == (1, True)
    gone = tenet("ledger", "show", "--apart", "redis://u:secret@127.0.0.1:1/0")
    assert (gone.status, "can't be reached" in gone.error, "secret" in gone.error) == (2, True, False)
    assert tenet("ledger", "show", "nothing.db").status == 2
    assert not (tmp_path / "nothing.db").exists()
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    assert "pip install 'tenetlang[redis]'" in tenet("ledger", "show", "--apart", "redis://x").error
