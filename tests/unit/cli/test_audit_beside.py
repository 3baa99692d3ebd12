"""`tenet audit erase --subject` reaches what a gate keeps of a person beside the records."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tenetlang.guard import Escalated, Guard
from tests.servers import postgres, postgres_log
from tests.unit.cli.conftest import Tenet
from tests.unit.guard.guards import POLICY, open_guard, write_policy

__all__ = ["postgres", "postgres_log"]

READS_ARGUMENTS = (
    POLICY
    + """
deny after_stop if {
    tool is refund; some earlier in session.calls; earlier.tool is refund; earlier.args is present; earlier.args.customer == "stop"
}
"""
)


@pytest.fixture
def gate(tenet: Tenet, tmp_path: Path) -> Tenet:
    """Refunds of ann and bob, each with a note, and one that waits for people."""
    with open_guard(tmp_path, READS_ARGUMENTS) as guard:
        for user, session in (("ann", "s1"), ("bob", "s2"), ("ann", "s" * 200)):
            arguments = {"customer": f"<{user}>", "amount": 5, "note": f"<{user}>"}
            with guard.call("refund", arguments, agent="a1", user=user, session=session) as permit:
                permit.result(None)
        with pytest.raises(Escalated):
            guard.call("refund", {"customer": "<ann>", "amount": 70}, agent="a1", user="ann", session="s1")
    return tenet


def kept(folder: Path) -> tuple[int, int]:
    content = b"".join(file.read_bytes() for file in folder.glob("log.db*"))
    return content.count(b"<ann>"), content.count(b"<bob>")


def test_what_is_kept_of_a_person_is_erased_everywhere_in_the_database(gate: Tenet, tmp_path: Path) -> None:
    before = kept(tmp_path)
    assert min(before) > 0
    answer = gate("audit", "erase", "log.db", "--subject", "ann", "--because", "asked for", "--by", "dpo")
    assert answer.status == 0, answer
    first, second = answer.out.splitlines()
    assert first.startswith("erased 5 payloads; recorded as ")
    assert (
        second == "erased beside the records: 1 request that reviewers were to see and the arguments of 2 earlier calls"
    )
    assert "1 session of this person has a name too long for a record" in answer.error
    assert kept(tmp_path) == (2, before[1])  # two arguments, in the session with the long name
    assert gate("audit", "verify", "log.db").status == 0
    bob = gate("audit", "erase", "log.db", "--subject", "bob", "--because", "x", "--by", "dpo", "--format", "json")
    assert json.loads(bob.out)["beside"] == {"requests": 0, "calls": 1, "unreached": 0}
    assert kept(tmp_path)[1] == 0


def test_a_dry_run_leaves_it_alone(gate: Tenet, tmp_path: Path) -> None:
    before = kept(tmp_path)
    assert gate("audit", "erase", "log.db", "--subject", "ann", "--dry-run").out == "would erase 5 payloads\n"
    assert kept(tmp_path) == before


def test_a_keyring_of_sessions_reaches_the_session_that_is_named(tenet: Tenet, tmp_path: Path) -> None:
    name = "s" * 200
    assert tenet("audit", "keyring", "keys", "--subjects", "session").status == 0
    with open_guard(tmp_path, READS_ARGUMENTS, keyring=tmp_path / "keys") as guard:
        arguments = {"customer": "<ann>", "amount": 5}
        with guard.call("refund", arguments, agent="a1", user="ann", session=name) as permit:
            permit.result(None)
    assert kept(tmp_path)[0] == 1  # in the ledger alone: the record's payload is sealed
    words = ("audit", "erase", "log.db", "--subject", name, "--because", "x", "--payload-keys", "keys")
    answer = tenet(*words)
    assert (answer.status, answer.error) == (0, "")
    assert answer.out.splitlines()[1] == "erased beside the records: the arguments of 1 earlier call"
    assert kept(tmp_path)[0] == 0


def test_a_ledger_that_can_not_be_used_leaves_all_as_it_was(gate: Tenet, tmp_path: Path) -> None:
    with closing(apsw.Connection(str(tmp_path / "log.db"))) as connection:
        connection.execute("UPDATE facts_rows SET value = 'x'")
    before = kept(tmp_path)
    answer = gate("audit", "erase", "log.db", "--subject", "ann", "--because", "x")
    assert answer.status != 0
    assert "can't be erased, so nothing was" in answer.error
    assert kept(tmp_path) == before
    assert gate("audit", "verify", "log.db").status == 0


@pytest.mark.xdist_group("postgres")
def test_it_reaches_what_a_gate_keeps_on_a_server(tenet: Tenet, tmp_path: Path, postgres_log: str) -> None:
    with Guard.open(write_policy(tmp_path, READS_ARGUMENTS), log=postgres_log) as guard:
        with guard.call("refund", {"customer": "c1", "amount": 5}, agent="a1", user="ann", session="s1") as permit:
            permit.result(None)
        with pytest.raises(Escalated):
            guard.call("refund", {"customer": "c1", "amount": 70}, agent="a1", user="ann", session="s1")
    words = ("audit", "erase", postgres_log, "--subject", "ann", "--because", "x", "--by", "dpo", "--format", "json")
    answer = tenet(*words)
    assert answer.status == 1  # what was deleted stays in a server's files for a while
    assert json.loads(answer.out)["beside"] == {"requests": 1, "calls": 2, "unreached": 0}
    assert json.loads(tenet(*words).out)["beside"] == {"requests": 0, "calls": 0, "unreached": 0}
