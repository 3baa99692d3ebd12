"""What a guard is opened with: keys, ledgers, people, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tenetlang.audit.checkpoints.key_files import create_key, load_signing_key
from tenetlang.audit.errors import AuditError
from tenetlang.audit.log import Log
from tenetlang.audit.payloads.keyring import create_keyring, open_keyring
from tenetlang.audit.payloads.sealing import is_sealed
from tenetlang.audit.source import export_jsonl
from tenetlang.facts.ledger import open_ledger
from tenetlang.facts.moment import Moment
from tenetlang.guard import Escalated, Guard, GuardError
from tenetlang.guard.errors import Unusable
from tests.unit.bundle.bundles import KEY, bundle
from tests.unit.guard.guards import WHO, Clock, open_guard, outcomes, problems, records, vote, write_policy

T = TypeVar("T")


def test_a_guard_may_have_its_facts_in_a_file_of_their_own(tmp_path: Path) -> None:
    for _ in range(2):
        with (
            open_guard(tmp_path, ledger=str(tmp_path / "facts.db")) as guard,
            guard.call("refund", {"customer": "c1", "amount": 50}, **WHO) as permit,
        ):
            permit.result(None)
    assert (tmp_path / "facts.db").exists()
    intents = records(tmp_path, "intent")
    counters = [record["facts"]["counters"] for record in intents]  # type: ignore[index]  # a record
    assert [[str(item["value"]) for item in listed] for listed in counters] == [["0"], ["50"]]


class Again:
    """A ledger whose transactions find that others came in between, and are done a second time."""

    def __init__(self) -> None:
        self.first, self.second = open_ledger("memory:"), open_ledger("memory:")

    def transact(self, now_ns: int, action: Callable[[Moment], T]) -> T:
        self.first.transact(now_ns, action)
        return self.second.transact(now_ns, action)

    def set_clock(self, now_ns: int) -> None: ...

    def close(self) -> None: ...


def test_a_ledger_may_have_a_decision_made_again_and_nothing_is_done_twice(tmp_path: Path) -> None:
    with open_guard(tmp_path, ledger=Again()) as guard:
        with guard.call("refund", {"customer": "c1", "amount": 50}, **WHO) as permit:
            permit.result(None)
        with pytest.raises(Escalated) as caught:
            guard.call("refund", {"customer": "c1", "amount": 60}, **WHO)
        assert len(caught.value.review.tasks) == 1
        vote(guard, caught.value)
        guard.call("refund", {"customer": "c1", "amount": 60}, **WHO).refuse()
    assert outcomes(tmp_path) == ["ok", "refused"]
    assert len(records(tmp_path, "escalation.opened")) == 1
    assert [record["who"]["point_count"] for record in records(tmp_path, "intent")] == [1, 2, 3]  # type: ignore[index]
    assert problems(tmp_path) == []


def test_what_callers_sent_is_sealed_for_the_user_and_so_is_what_tools_gave(tmp_path: Path) -> None:
    create_keyring(tmp_path / "people.keys")
    with open_guard(tmp_path, keyring=tmp_path / "people.keys", results="whole") as guard:
        with guard.call("refund", {"customer": "c1", "amount": 50}, **WHO) as permit:
            permit.result("a secret")
        with pytest.raises(Escalated) as caught:
            guard.call("refund", {"customer": "c1", "amount": 60}, **WHO)
        vote(guard, caught.value)
        guard.call("refund", {"customer": "c1", "amount": 60}, **WHO).refuse()
    lines = [json.loads(line) for line in export_jsonl(tmp_path / "log.db", payloads=True)]
    said = [line["payload"] for line in lines if "payload" in line]
    assert len(said) >= 4
    assert all(is_sealed(payload.encode()) for payload in said)
    assert b"secret" not in (tmp_path / "log.db").read_bytes()
    assert problems(tmp_path) == []


def test_a_keyring_that_is_open_stays_with_whoever_opened_it(tmp_path: Path) -> None:
    create_keyring(tmp_path / "people.keys", tmp_path / "elsewhere")
    with open_keyring(tmp_path / "people.keys", tmp_path / "elsewhere") as keys:
        with open_guard(tmp_path, keyring=keys) as guard:
            guard.call("fetch", {"page": "x"}, **WHO).refuse()
        assert keys.name_of("u1") is not None


def test_a_log_that_another_key_signed_is_not_guarded(tmp_path: Path) -> None:
    for name in ("one.key", "other.key"):
        create_key(tmp_path / name, "example.com/log")
    with open_guard(tmp_path, key=load_signing_key(tmp_path / "one.key")) as guard:
        guard.call("refund", {"customer": "c1", "amount": 50}, **WHO).refuse()
    with pytest.raises(AuditError):
        open_guard(tmp_path, key=tmp_path / "other.key")
    open_guard(tmp_path, key=tmp_path / "one.key").close()


def test_people_are_asked_as_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "tenet.toml").write_text('[review]\ngood_for = "1s"\n[review.people.ada]\nalso = ["a1"]\n')
    clock = Clock()
    with open_guard(tmp_path, clock=clock) as guard:
        with pytest.raises(Escalated) as caught:
            guard.call("refund", {"customer": "c1", "amount": 60}, **WHO)
        vote(guard, caught.value, who="grace")
        clock.forward(2)
        with pytest.raises(Escalated):
            guard.call("refund", {"customer": "c1", "amount": 60}, **WHO)
    opened = records(tmp_path, "escalation.opened")[0]
    assert "ada" in str(opened["requesters"])


def test_a_configuration_that_is_wrong_is_said_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "tenet.toml").write_text('[review]\ngood_fro = "1s"\n')
    with pytest.raises(Unusable, match=r"tenet.toml: `\[review\]`: `good_fro` is no setting"):
        open_guard(tmp_path)
    (tmp_path / "tenet.toml").write_text("nothing = 3\n")
    with pytest.raises(Unusable, match="`nothing` is no setting"):
        open_guard(tmp_path)
    (tmp_path / "shop.bundle").write_bytes(bundle(1))
    with pytest.raises(Unusable, match="`nothing` is no setting"):
        Guard.open(tmp_path / "shop.bundle", log=tmp_path / "log.db", trust=[str(KEY.verifier)])


def test_a_log_that_somebody_else_opened_is_the_guards_from_there_on(tmp_path: Path) -> None:
    log = Log.open(tmp_path / "log.db")
    guard = Guard.open(write_policy(tmp_path), log=log)
    with pytest.raises(GuardError, match="a log that somebody else opened"):
        guard.reopen()
    guard.close()
    with pytest.raises(AuditError, match="closed"):
        log.size_and_root()


def test_nothing_stays_open_of_a_guard_that_can_not_be_opened(tmp_path: Path) -> None:
    for _ in range(3):
        with pytest.raises(GuardError):
            open_guard(tmp_path, "package shop\nallow a if { b }")
    open_guard(tmp_path).close()
    assert [record["kind"] for record in records(tmp_path)] == [
        "log.opened",
        *["log.closed"] * 3,
        "policy.activated",
        "point.closed",
        "log.closed",
    ]
    assert outcomes(tmp_path) == []


def test_a_guard_that_was_reopened_keeps_scopes_and_handlers(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        guard.scope("a1", "fetch")

        @guard.before("stamp")
        def stamp(*_: object) -> None: ...

        guard.reopen()
        assert guard.scope("a1") == {"fetch"}
        assert guard._gate.handlers.before["stamp"] is stamp
