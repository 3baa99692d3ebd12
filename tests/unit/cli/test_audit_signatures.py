from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Tenet

POLICY = """package shop
import std.agents

tool lookup(id: string)

default deny

allow lookups if {
    tool is lookup
}
"""
REQUEST = '{"tool": "lookup", "args": {"id": "a"}}'


@pytest.fixture
def signed(tenet: Tenet, tmp_path: Path) -> Tenet:
    (tmp_path / "shop.tenet").write_text(POLICY, encoding="utf-8")
    assert tenet("audit", "keygen", "log.key", "--name", "example.com/shop").status == 0
    for _ in range(2):
        answer = evaluate(tenet)
        assert (answer[0], answer[1]) == (0, ""), answer
    return tenet


def evaluate(tenet: Tenet, *words: str) -> tuple[int, str, str]:
    given = tenet(
        "eval", "shop.tenet", "-", "--lines", "--log", "log.db", "--log-key", "log.key", *words, given=REQUEST
    )
    return given.status, given.error, given.out


def change(statement: str) -> None:
    with closing(sqlite3.connect("log.db")) as connection, connection:
        connection.execute(statement)


def test_a_signed_log_is_verified_with_the_key_in_a_file_or_as_text(signed: Tenet, tmp_path: Path) -> None:
    for key in ("log.key.pub", (tmp_path / "log.key.pub").read_text("utf-8").strip()):
        answer = signed("audit", "verify", "log.db", "--key", key)
        assert answer.status == 0
        assert answer.out.splitlines()[:2] == ["sound: 3 records", "signed: 3 by the newest checkpoint"]
    shape = json.loads(signed("audit", "verify", "log.db", "--key", "log.key.pub", "--format", "json").out)
    assert (shape["checkpoints"], shape["signed"]) == (2, 3)
    assert "not checked: who signed its 2 checkpoints" in signed("audit", "verify", "log.db").out


def test_a_checkpoint_that_was_kept_finds_a_log_that_was_cut(signed: Tenet, tmp_path: Path) -> None:
    note = signed("audit", "checkpoint", "log.db")
    assert note.out.startswith("example.com/shop\n3\n")
    (tmp_path / "kept.note").write_text(note.out, encoding="utf-8")
    assert signed("audit", "verify", "log.db", "--key", "log.key.pub", "--checkpoint", "kept.note").status == 0
    change("DELETE FROM records WHERE idx = 2")
    change("DELETE FROM payloads WHERE idx = 2")
    change("DELETE FROM checkpoints WHERE number = 2")
    assert signed("audit", "verify", "log.db", "--key", "log.key.pub").status == 0
    answer = signed("audit", "verify", "log.db", "--key", "log.key.pub", "--checkpoint", "kept.note")
    assert (answer.status, "cut: the log had 3 records" in answer.out) == (1, True)


def test_a_log_shorter_than_its_checkpoint_is_served_by_denial(signed: Tenet) -> None:
    change("DELETE FROM records WHERE idx = 2")
    status, error, out = evaluate(signed)
    assert status == 1
    assert "is shorter than its newest checkpoint" in error
    assert "deny" in out


def test_the_key_may_be_named_by_a_variable(signed: Tenet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENET_LOG_KEY", "log.key")
    assert signed("eval", "shop.tenet", "-", given=REQUEST).status == 0
    assert signed("eval", "shop.tenet", "-", "--log", "log.db", given=REQUEST).status == 0
    assert "signed: 4 by" in signed("audit", "verify", "log.db", "--key", "log.key.pub").out


def test_a_log_is_signed_now_and_then_while_it_stays_open(signed: Tenet) -> None:
    requests = f"{REQUEST}\n" * 600
    with Path("many.jsonl").open("w", encoding="utf-8") as file:
        file.write(requests)
    answer = signed("eval", "shop.tenet", "many.jsonl", "--lines", "--log", "log.db", "--log-key", "log.key")
    assert answer.status == 0
    assert "signed: 603 by the newest checkpoint\n" in signed("audit", "verify", "log.db", "--key", "log.key.pub").out


def test_a_log_can_be_signed_by_hand(signed: Tenet) -> None:
    assert signed("eval", "shop.tenet", "-", "--log", "log.db", given=REQUEST).status == 0
    assert signed("audit", "checkpoint", "log.db").out.startswith("example.com/shop\n3\n")
    assert signed("audit", "checkpoint", "log.db", "--log-key", "log.key").out.startswith("example.com/shop\n4\n")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["eval", "shop.tenet", "-", "--log-key", "log.key"], 2),
        (["eval", "shop.tenet", "-", "--log", "log.db", "--log-key", "log.key.pub"], 2),
        (["eval", "shop.tenet", "-", "--log", "log.db", "--log-key", "none"], 2),
        (["audit", "verify", "log.db", "--key", "log.key"], 2),
        (["audit", "verify", "log.db", "--key", "none"], 2),
        (["audit", "verify", "log.db", "--checkpoint", "shop.tenet"], 2),
        (["audit", "verify", "log.db", "--checkpoint", "none"], 2),
        (["audit", "keygen", "log.key"], 2),
        (["audit", "keygen", "new.key", "--name", "a b"], 2),
        (["audit", "checkpoint", "none.db"], 2),
        (["audit", "checkpoint", "none.db", "--log-key", "log.key"], 2),
    ],
)
def test_what_can_not_be_used_is_said(signed: Tenet, words: list[str], status: int) -> None:
    answer = signed(*words, given=REQUEST)
    assert (answer.status, answer.out) == (status, "")
    assert answer.error.startswith("error: ")


def test_a_log_that_was_never_signed_has_no_checkpoint_to_print(signed: Tenet) -> None:
    assert signed("eval", "shop.tenet", "-", "--log", "plain.db", given=REQUEST).status == 0
    assert signed("audit", "checkpoint", "plain.db").status == 5


def test_a_record_is_proven_to_somebody_without_the_log(signed: Tenet, tmp_path: Path) -> None:
    identifier = json.loads(signed("audit", "show", "log.db", "2", "--format", "json").out)["record"]["id"]
    proof = signed("audit", "prove", "log.db", "2")
    assert signed("audit", "prove", "log.db", identifier).out == proof.out
    (tmp_path / "record.tlog-proof").write_text(proof.out, encoding="utf-8")
    words = ("audit", "verify", "--proof", "record.tlog-proof", "--key", "log.key.pub")
    answer = signed(*words)
    proven, record = answer.out.splitlines()
    assert (answer.status, proven) == (0, "proven: record 2 is in the log of 3, signed by example.com/shop")
    assert json.loads(record)["id"] == identifier
    shape = json.loads(signed(*words, "--format", "json").out)
    assert (shape["ok"], shape["proof"], shape["index"], shape["size"]) == (True, "record", 2, 3)
    assert shape["record"]["id"] == identifier
    (tmp_path / "record.tlog-proof").write_text(proof.out.replace("index 2", "index 1"), encoding="utf-8")
    answer = signed(*words)
    assert (answer.status, answer.out[:12]) == (1, "not proven: ")


def test_a_log_is_proven_to_have_grown_only(signed: Tenet, tmp_path: Path) -> None:
    (tmp_path / "kept.note").write_text(signed("audit", "checkpoint", "log.db").out, encoding="utf-8")
    assert evaluate(signed)[0] == 0
    (tmp_path / "grown").write_text(signed("audit", "prove", "log.db", "--consistency", "3").out, encoding="utf-8")
    words = ("audit", "verify", "--proof", "grown", "--key", "log.key.pub")
    answer = signed(*words, "--checkpoint", "kept.note")
    assert answer.status == 0
    assert answer.out.startswith("proven: the log of 3 records is the beginning of the one of 4, signed by")
    assert signed(*words, "--remembered", "3 " + "0" * 64).status == 1
    shape = json.loads(signed(*words, "--checkpoint", "kept.note", "--format", "json").out)
    assert (shape["ok"], shape["proof"], shape["old_size"]) == (True, "consistency", 3)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["prove", "log.db"], 2),
        (["prove", "log.db", "1", "--consistency", "1"], 2),
        (["prove", "log.db", "99"], 5),
        (["prove", "log.db", "--consistency", "99"], 5),
        (["verify"], 2),
        (["verify", "log.db", "--proof", "p"], 2),
        (["verify", "--proof", "p"], 2),
        (["verify", "--proof", "none", "--key", "log.key.pub"], 2),
        (["verify", "--proof", "shop.tenet", "--key", "log.key.pub"], 2),
        (["verify", "--proof", "p", "--key", "log.key.pub", "--remembered", "1 " + "0" * 64], 2),
        (["verify", "--proof", "grown", "--key", "log.key.pub"], 2),
    ],
)
def test_what_can_not_be_proven_is_said(signed: Tenet, tmp_path: Path, words: list[str], status: int) -> None:
    (tmp_path / "p").write_text(signed("audit", "prove", "log.db", "1").out, encoding="utf-8")
    (tmp_path / "grown").write_text(signed("audit", "prove", "log.db", "--consistency", "1").out, encoding="utf-8")
    answer = signed("audit", *words)
    assert (answer.status, answer.out) == (status, "")
    assert answer.error.startswith("error: ")


def test_a_log_becomes_a_folder_of_tiles_that_verifies_like_the_log(signed: Tenet) -> None:
    assert signed("eval", "shop.tenet", "-", "--log", "log.db", given=REQUEST).status == 0
    answer = signed("audit", "export", "log.db", "--format", "tiles", "-o", "public")
    assert (answer.status, answer.out) == (0, "")
    assert answer.error == "left out: 1 record after the newest checkpoint\n"
    verified = signed("audit", "verify", "public", "--key", "log.key.pub")
    assert verified.out.splitlines()[1] == "signed: 3 by the newest checkpoint"
    assert signed("audit", "show", "public", "1").status == 0


@pytest.mark.parametrize("words", [[], ["-o", "-"], ["-o", "public", "--payloads"], ["-o", "."]])
def test_tiles_need_a_folder_of_their_own_and_no_payloads(signed: Tenet, words: list[str]) -> None:
    answer = signed("audit", "export", "log.db", "--format", "tiles", *words)
    assert (answer.status, answer.out) == (2, "")
