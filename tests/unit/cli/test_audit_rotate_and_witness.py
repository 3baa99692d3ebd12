"""Changing a log's key, witnesses and what is demanded of the newest checkpoint, as somebody types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tenetlang.audit.checkpoints.key_files import load_verifier_key, load_witness_key
from tests.unit.audit.witness.servers import witness
from tests.unit.cli.conftest import Tenet
from tests.unit.cli.test_audit_signatures import POLICY, change, evaluate


@pytest.fixture
def signed(tenet: Tenet, tmp_path: Path) -> Tenet:
    (tmp_path / "shop.tenet").write_text(POLICY, encoding="utf-8")
    assert tenet("audit", "keygen", "log.key", "--name", "example.com/shop").status == 0
    assert evaluate(tenet)[0] == 0
    assert tenet("witness", "keygen", "w.key", "--name", "witness.example/w1").status == 0
    return tenet


def rotate(tenet: Tenet, *words: str) -> tuple[int, str, str]:
    answer = tenet("audit", "rotate", "log.db", "--log-key", "log.key", "--new-key", "new.key", *words)
    return answer.status, answer.out, answer.error


def test_a_key_is_changed_and_the_old_one_destroyed(signed: Tenet, tmp_path: Path) -> None:
    status, out, error = rotate(signed)
    assert (status, out) == (0, (tmp_path / "new.key.pub").read_text("utf-8"))
    assert "overwritten and removed" in error
    assert not (tmp_path / "log.key").exists()
    for key in ("log.key.pub", "new.key.pub"):
        assert signed("audit", "verify", "log.db", "--key", key).status == 0
    verified = signed("audit", "verify", "log.db", "--key", "log.key.pub").out
    assert "its key has changed; from here on, verify with\n    example.com/shop+" in verified
    assert "has changed" not in signed("audit", "verify", "log.db", "--key", "new.key.pub").out
    assert evaluate(signed, "--log-key", "new.key")[0] == 0


def test_what_was_interrupted_goes_on_where_it_was(signed: Tenet, tmp_path: Path) -> None:
    assert signed("audit", "keygen", "new.key", "--name", "example.com/shop").status == 0
    old = (tmp_path / "log.key").read_bytes()
    assert rotate(signed)[0] == 0
    status, out, error = rotate(signed)
    assert (status, out, error) == (0, (tmp_path / "new.key.pub").read_text("utf-8"), "it was done before\n")
    (tmp_path / "log.key").write_bytes(old)
    (tmp_path / "log.key").chmod(0o600)
    assert rotate(signed)[0] == 0
    assert not (tmp_path / "log.key").exists()
    assert len(signed("audit", "verify", "log.db", "--key", "new.key.pub").out.splitlines()) == 4


def test_no_key_is_destroyed_that_is_not_the_one_before(signed: Tenet, tmp_path: Path) -> None:
    assert rotate(signed)[0] == 0
    assert signed("audit", "keygen", "log-other.key", "--name", "example.com/shop").status == 0
    answer = signed("audit", "rotate", "log.db", "--log-key", "log-other.key", "--new-key", "new.key")
    assert (answer.status, "nothing was done" in answer.error) == (2, True)
    assert (tmp_path / "log-other.key").exists()
    answer = signed("audit", "rotate", "log.db", "--log-key", "log-other.key", "--new-key", "third.key")
    assert (answer.status, "is not by example.com/shop" in answer.error) == (2, True)
    assert (tmp_path / "log-other.key").exists()


def test_keys_that_can_not_follow_each_other_are_refused(signed: Tenet, tmp_path: Path) -> None:
    assert "one file" in signed("audit", "rotate", "log.db", "--log-key", "log.key", "--new-key", "./log.key").error
    assert signed("audit", "keygen", "new.key", "--name", "example.com/other").status == 0
    assert "keeps its name" in rotate(signed)[2]
    (tmp_path / "log.key").rename(tmp_path / "away.key")
    assert "does not sign the log yet" in rotate(signed)[2]
    (tmp_path / "new.key").unlink()
    assert rotate(signed)[0] == 2


def test_a_key_for_quantum_computers_is_two_lines(signed: Tenet, tmp_path: Path) -> None:
    status, out, _ = rotate(signed, "--post-quantum")
    assert (status, len(out.splitlines())) == (0, 2)
    assert signed("audit", "verify", "log.db", "--key", "log.key.pub").status == 0
    assert signed("audit", "verify", "log.db", "--key", "new.key.pub").status == 0
    assert signed("audit", "keygen", "more.key", "--post-quantum").out == (tmp_path / "more.key.pub").read_text("utf-8")


def test_an_age_that_is_too_high_is_found(signed: Tenet) -> None:
    assert signed("audit", "verify", "log.db", "--key", "log.key.pub", "--max-age", "1h").status == 0
    assert signed("audit", "checkpoint", "log.db", "--log-key", "log.key").out.count("\u2014 ") == 2
    shape = json.loads(signed("audit", "verify", "log.db", "--key", "log.key.pub", "--format", "json").out)
    assert shape["signed_at"].endswith("Z")
    assert shape["keys"][0].startswith("example.com/shop+")
    change("UPDATE checkpoints SET note = CAST(substr(note, 1, instr(note, x'3d0a') + 150) AS BLOB)")
    assert signed("audit", "verify", "log.db", "--key", "log.key.pub", "--max-age", "1h").status == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--max-age", "1h"), "needs --key"),
        (("--max-age", "soon", "--key", "log.key.pub"), "--max-age"),
        (("--quorum", "1", "--key", "log.key.pub"), "name them with --witness"),
        (("--witness", "w.key.pub"), "needs --key"),
        (("--witness", "log.key.pub", "--key", "log.key.pub"), "can't verify"),
        (("--witness", "w.key.pub", "--quorum", "2", "--key", "log.key.pub"), "can't have signed"),
        (("--trust", "shop.tenet"), "`shop.tenet` says not whom to trust: line 1"),
        (("--trust", "shop.tenet", "--key", "log.key.pub"), "stands alone"),
        (("--trust", "missing"), "can't be read"),
    ],
)
def test_what_can_not_be_demanded_is_said(signed: Tenet, words: tuple[str, ...], said: str) -> None:
    answer = signed("audit", "verify", "log.db", *words)
    assert (answer.status, said in answer.error) == (2, True), answer.error


def test_witnesses_are_asked_and_demanded(signed: Tenet, tmp_path: Path) -> None:
    key, log = load_witness_key(tmp_path / "w.key"), load_verifier_key(str(tmp_path / "log.key.pub"))
    demand = ("audit", "verify", "log.db", "--key", "log.key.pub", "--witness", "w.key.pub")
    answer = signed(*demand)
    assert (answer.status, "too few: there is none by witness.example/w1" in answer.out) == (1, True)
    assert "\nnot proven: 2 records\n" in answer.out
    with witness(tmp_path / "w.db", key, [log]) as url:
        answer = signed("audit", "witness", "log.db", "--to", url, "w.key.pub")
        assert (answer.status, answer.error) == (0, "")
        assert answer.out.splitlines()[1] == "1 of 1 cosigned the 2 records of example.com/shop"
        assert signed(*demand).status == 0
        policy = f"log {log}\nwitness one {key.verifier} {url}\nquorum one\n"
        (tmp_path / "trust").write_text(policy, encoding="utf-8")
        assert evaluate(signed)[0] == 0
        assert signed("audit", "verify", "log.db", "--trust", "trust").status == 1
        asked = signed("audit", "witness", "log.db", "--trust", "trust", "--log-key", "log.key", "--format", "json")
        assert (asked.status, json.loads(asked.out)["witnesses"][0]["outcome"]) == (0, "cosigned")
    assert signed("audit", "verify", "log.db", "--trust", "trust").status == 0
    answer = signed("audit", "witness", "log.db", "--trust", "trust", "--timeout", "2")
    assert (answer.status, "silent: witness.example/w1" in answer.out) == (0, True), "it has cosigned this one before"
    proof = signed("audit", "prove", "log.db", "1")
    (tmp_path / "proof").write_text(proof.out, encoding="utf-8")
    assert signed("audit", "verify", "--proof", "proof", "--trust", "trust").status == 0
    assert evaluate(signed)[0] == 0
    (tmp_path / "proof").write_text(signed("audit", "prove", "log.db", "1").out, encoding="utf-8")
    answer = signed("audit", "verify", "--proof", "proof", "--trust", "trust")
    assert (answer.status, "too few of the witnesses" in answer.out) == (1, True)
    assert (
        "does not get old" in signed("audit", "verify", "--proof", "proof", "--trust", "trust", "--max-age", "1h").error
    )


def test_a_log_that_was_cut_is_told_by_its_witness(signed: Tenet, tmp_path: Path) -> None:
    key, log = load_witness_key(tmp_path / "w.key"), load_verifier_key(str(tmp_path / "log.key.pub"))
    before = (tmp_path / "log.db").read_bytes()
    assert evaluate(signed)[0] == 0
    with witness(tmp_path / "w.db", key, [log]) as url:
        assert signed("audit", "witness", "log.db", "--to", url, "w.key.pub").status == 0
        (tmp_path / "log.db").write_bytes(before)
        answer = signed("audit", "witness", "log.db", "--to", url, "w.key.pub")
    assert (answer.status, "contradicts: witness.example/w1" in answer.out) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name the witnesses"),
        (("--to", "http://127.0.0.1:1", "w.key.pub", "--trust", "trust"), "name the witnesses"),
        (("--to", "nowhere", "w.key.pub"), "no address"),
        (("--to", "http://127.0.0.1:1", "w.key"), "private key"),
        (("--to", "http://127.0.0.1:1", "w.key.pub", "--quorum", "2"), "can't have signed"),
        (("--trust", "shop.tenet"), "says not whom to trust"),
        (("--trust", "trust"), "names no witness with its address"),
        (("--trust", "trust", "--quorum", "1"), "goes with --to"),
    ],
)
def test_witnesses_that_can_not_be_asked_are_said(
    signed: Tenet, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "trust").write_text("quorum none\n", encoding="utf-8")
    answer = signed("audit", "witness", "log.db", *words)
    assert (answer.status, said in answer.error) == (2, True), answer.error


@pytest.mark.skipif(sys.platform == "win32", reason="a process is stopped in another way")
def test_a_witness_serves_until_it_is_stopped(signed: Tenet, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tenetlang", "witness", "serve", "--key", "w.key", "--state", "w.db"]
    command += ["--log", "log.key.pub", "--port", "0"]
    assert "--create" in signed(*command[3:]).error
    with subprocess.Popen([*command, "--create"], stderr=subprocess.PIPE, encoding="utf-8", env=os.environ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().removeprefix("witness at ").strip()
        try:
            assert signed("audit", "witness", "log.db", "--to", url, "w.key.pub").status == 0
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(url)  # it is one of ours
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr.read().endswith("200 example.com/shop 2: cosigned\n404 Not Found\nstopped\n")


def test_a_witness_that_can_not_begin_says_why(signed: Tenet, tmp_path: Path) -> None:
    serve = ("witness", "serve", "--key", "w.key", "--state", "w.db", "--log", "log.key.pub")
    assert "key of a log" in signed(*serve[:3], "log.key", *serve[4:], "--create").error
    answer = signed(*serve, "--create", "--host", "203.0.113.1")
    assert (answer.status, "can't listen at 203.0.113.1" in answer.error) == (2, True)
    assert signed("witness", "keygen", "w.key").status == 2
    assert signed("witness", "keygen", "q.key", "--post-quantum").out == (tmp_path / "q.key.pub").read_text("utf-8")
