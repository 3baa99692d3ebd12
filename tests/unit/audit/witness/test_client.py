"""Logs that ask witnesses: good ones, bad ones, and two deployments that are each other's."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tenetlang.audit import Log, NoCheckpoint, newest_checkpoint, prove_record, read_proof, verify_log
from tenetlang.audit.checkpoints.cosignature import CosigningKey, cosign, cosigning_key
from tenetlang.audit.checkpoints.keys import ML_DSA
from tenetlang.audit.checkpoints.note import SigningKey, signing_key, split_note
from tenetlang.audit.checkpoints.signed import Demands
from tenetlang.audit.checkpoints.trust import at_least, witnessed
from tenetlang.audit.errors import NoWitness
from tenetlang.audit.witness.client import Asked, ask_witnesses
from tests.unit.audit.samples import open_sample, sample, tamper
from tests.unit.audit.witness.servers import AT, answering, read_request, response, witness

KEY = signing_key("example.com/log", b"\x01" * 32)
WITNESS = cosigning_key("witness.example/w1", b"\x04" * 32)
SECOND = cosigning_key("witness.example/w2", b"\x05" * 32, ML_DSA)


def grow(path: Path, first: int, count: int = 2, key: SigningKey = KEY) -> None:
    with open_sample(path) as log:
        log.append_all([sample(number) for number in range(first, first + count)])
        log.sign(key)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    grow(tmp_path / "log.db", 1)
    return tmp_path / "log.db"


def ask(log: Path, url: str, key: CosigningKey = WITNESS, timeout: float = 10) -> Asked:
    _, (asked,) = ask_witnesses(log, [(url, key.verifier)], timeout)
    return asked


def problems(log: Path, *keys: CosigningKey, quorum: int | None = None) -> list[str]:
    demands = Demands(at_least([key.verifier for key in keys], quorum))
    return [problem.what for problem in verify_log(log, keys=[KEY.verifier], demands=demands).problems]


def test_a_log_that_grows_is_cosigned_and_says_so(log: Path, tmp_path: Path) -> None:
    assert problems(log, WITNESS) == ["witness"]
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        for number in range(4):
            asked = ask(log, url)
            assert (asked.outcome, asked.at) == ("cosigned", AT)
            assert problems(log, WITNESS) == []
            assert ask(log, url).outcome == "cosigned", "the same one again"
            grow(log, 10 * (number + 1))
            assert problems(log, WITNESS) == ["witness"]


def test_a_witness_that_was_down_is_told_of_all_that_it_missed(log: Path, tmp_path: Path) -> None:
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        assert ask(log, url).outcome == "cosigned"
    assert ask(log, url).outcome == "silent"
    grow(log, 10, 20)
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        assert ask(log, url).outcome == "cosigned"


def test_a_log_that_forgot_what_was_witnessed_is_told(log: Path, tmp_path: Path) -> None:
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        assert ask(log, url).outcome == "cosigned"
        grow(log, 10)
        tamper(log, [("DELETE FROM checkpoints WHERE number = 1", ())])
        assert ask(log, url).outcome == "cosigned"


def test_of_several_witnesses_some_are_enough(log: Path, tmp_path: Path) -> None:
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        note, asked = ask_witnesses(log, [(url, WITNESS.verifier), (closed_port(), SECOND.verifier)], 10)
    assert [each.outcome for each in asked] == ["cosigned", "silent"]
    assert "can't be reached" in asked[1].said
    assert note == newest_checkpoint(log)
    assert problems(log, WITNESS, SECOND, quorum=1) == []
    assert problems(log, WITNESS, SECOND) == ["witness"]


def test_two_deployments_witness_each_other(tmp_path: Path) -> None:
    keys = {name: signing_key(f"{name}.example/log", name.encode() * 32) for name in ("a", "b")}
    cosigning = {
        "a": cosigning_key("a.example/witness", b"\x0a" * 32),
        "b": cosigning_key("b.example/witness", b"\x0b" * 32, ML_DSA),
    }
    with (
        witness(tmp_path / "wa.db", cosigning["a"], [keys["b"].verifier]) as at_a,
        witness(tmp_path / "wb.db", cosigning["b"], [keys["a"].verifier]) as at_b,
    ):
        for number in range(3):
            for mine, other, url in (("a", "b", at_b), ("b", "a", at_a)):
                log = tmp_path / f"{mine}.db"
                grow(log, 10 * number + 1, key=keys[mine])
                assert ask(log, url, cosigning[other]).outcome == "cosigned"
                demands = Demands(at_least([cosigning[other].verifier]))
                assert verify_log(log, keys=[keys[mine].verifier], demands=demands).ok
        assert ask(tmp_path / "a.db", at_a, cosigning["a"]).outcome == "refused", "nobody is their own witness here"


def test_a_log_that_was_rewritten_with_its_key_is_found_by_the_witness(log: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.db"
    grow(forged, 50)
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        assert ask(log, url).outcome == "cosigned"
        asked = ask(forged, url)
        assert (asked.outcome, asked.line) == ("contradicts", None)
        grow(forged, 60)
        assert ask(forged, url).outcome == "contradicts"
    assert verify_log(forged, keys=[KEY.verifier]).ok, "who knows of no witness can't tell"
    assert problems(forged, WITNESS) == ["witness"]


def test_a_log_that_was_cut_is_found_by_the_witness(log: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(log.read_bytes())
    grow(log, 10)
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        assert ask(log, url).outcome == "cosigned"
        asked = ask(copy, url)
    assert asked.outcome == "contradicts"
    assert "has seen 5 records of this log, which has 3" in asked.said


def test_a_witness_that_does_not_know_the_log_or_its_key_refuses(log: Path, tmp_path: Path) -> None:
    for number, known in enumerate(
        (signing_key("example.com/other", b"\x01" * 32), signing_key("example.com/log", b"\x07" * 32))
    ):
        with witness(tmp_path / f"{number}.db", WITNESS, [known.verifier]) as url:
            assert ask(log, url).outcome == "refused"


def test_after_a_change_of_key_the_witness_is_told_the_new_one(log: Path, tmp_path: Path) -> None:
    new = signing_key("example.com/log", b"\x02" * 32)
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        assert ask(log, url).outcome == "cosigned"
        with open_sample(log) as opened:
            opened.rotate(KEY, new)
        assert "tell its owner the new one" in ask(log, url).said
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier, new.verifier]) as url:
        assert ask(log, url).outcome == "cosigned"
    assert problems(log, WITNESS) == []


def right(log: Path) -> bytes:
    text, _ = split_note(newest_checkpoint(log))
    return cosign(text, WITNESS, AT).line().encode()


BAD: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "no HTTP": lambda _: b"hello\r\n\r\n",
    "no line": lambda _: response(200, b"cosigned!\n"),
    "no text": lambda _: response(200, b"\xff\xfe\n"),
    "an empty answer": lambda _: response(200, b""),
    "another's line": lambda line: response(200, line.replace(b"w1", b"w9")),
    "a wrong signature": lambda line: response(200, line[:-12] + b"AAAAAAAAAAA=\n"),
    "no size": lambda _: response(409, b"many\n", "text/x.tlog.size"),
    "an answer that is cut": lambda line: response(200, line)[:-20],
    "a redirection": lambda _: response(302, b"").replace(b"\r\n\r\n", b"\r\nLocation: http://127.0.0.1:1/\r\n\r\n"),
    "a failure": lambda _: response(500, b"\x1b[31mit broke"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_witness_changes_nothing_and_is_said_to_be_one(log: Path, kind: str) -> None:
    answer = BAD[kind](right(log))

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    before = newest_checkpoint(log)
    with answering(talk) as url:
        asked = ask(log, url)
    assert (asked.outcome in {"silent", "refused"}, asked.line, newest_checkpoint(log)) == (True, None, before)
    assert asked.said
    grow(log, 10)
    assert problems(log, WITNESS) == ["witness"]


def test_more_lines_than_are_asked_for_are_left_out(log: Path) -> None:
    more = right(log) + right(log).replace(b"w1", b"w9")

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(response(200, more))

    with answering(talk) as url:
        assert ask(log, url).outcome == "cosigned"
    assert {line.name for line in split_note(newest_checkpoint(log))[1]} == {"example.com/log", "witness.example/w1"}


@pytest.mark.parametrize("size", [3, 2, 99])
def test_a_witness_that_makes_up_sizes_gets_no_further(log: Path, size: int) -> None:
    sizes = iter((1, 2) if size == 2 else ())

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(response(409, b"%d\n" % next(sizes, size), "text/x.tlog.size"))

    with answering(talk) as url:
        assert ask(log, url).outcome in {"contradicts", "silent"}


def test_one_that_never_says_that_a_size_is_right_is_not_asked_for_ever(log: Path) -> None:
    answered = 0

    def talk(connection: socket.socket) -> None:
        nonlocal answered
        read_request(connection)
        answered += 1
        connection.sendall(response(409, b"%d\n" % (1 + answered % 2), "text/x.tlog.size"))

    with answering(talk) as url:
        assert ask(log, url).outcome == "silent"
    assert answered == 3


def test_an_answer_without_end_is_not_read_to_it(log: Path) -> None:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            connection.sendall(b"a" * 65_536)

    with answering(talk) as url:
        assert "no end" in ask(log, url).said


@pytest.mark.parametrize("drip", [b"", b"H", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_slow_witness_keeps_nobody_waiting_longer_than_was_said(log: Path, tmp_path: Path, drip: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        for _ in range(40):
            connection.sendall(drip)
            time.sleep(0.1)

    with answering(talk) as slow, witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        begun = time.monotonic()
        _, asked = ask_witnesses(log, [(slow, SECOND.verifier), (url, WITNESS.verifier)], 1.0)
        assert time.monotonic() - begun < 3
    assert [each.outcome for each in asked] == ["silent", "cosigned"]


def test_a_log_that_was_never_signed_asks_nobody(tmp_path: Path) -> None:
    with open_sample(tmp_path / "log.db"), pytest.raises(NoCheckpoint):
        ask_witnesses(tmp_path / "log.db", [("http://127.0.0.1:1/", WITNESS.verifier)])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "witness.example",
        "ftp://a/",
        "http://",
        "http://a:b/",
        "http://a/?b",
        "http://u@a/",
        "http://a/ b",
        "file:///a",
    ],
)
def test_what_is_no_address_is_refused(log: Path, url: str) -> None:
    with pytest.raises(NoWitness, match="no address"):
        ask_witnesses(log, [(url, WITNESS.verifier)])


def test_a_proof_carries_what_was_cosigned(log: Path, tmp_path: Path) -> None:
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        assert ask(log, url).outcome == "cosigned"
    proof = read_proof(prove_record(log, 1))
    assert witnessed([proof.note], at_least([WITNESS.verifier])).enough


def test_a_heartbeat_leaves_what_was_cosigned_in_its_place(log: Path, tmp_path: Path) -> None:
    with witness(tmp_path / "w.db", WITNESS, [KEY.verifier]) as url:
        assert ask(log, url).outcome == "cosigned"
    with Log.open(log, create=False) as opened:
        opened.sign(KEY, renew=True)
    assert problems(log, WITNESS) == []
    assert verify_log(log).checkpoints == 1


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}/"
