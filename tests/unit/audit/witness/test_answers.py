"""What a witness answers: the statuses of C2SP tlog-witness, and that it never cosigns two stories."""

from __future__ import annotations

import os
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang.audit import Checkpoint
from tenetlang.audit.checkpoints.checkpoint import unchecked_checkpoint
from tenetlang.audit.checkpoints.cosignature import cosigned_at, cosigning_key
from tenetlang.audit.checkpoints.keys import ML_DSA
from tenetlang.audit.checkpoints.note import SigningKey, signatures_of, signing_key
from tenetlang.audit.checkpoints.paths import consistency_ranges, roots_of
from tenetlang.audit.checkpoints.signatures import sign_checkpoint
from tenetlang.audit.errors import WitnessUnavailable
from tenetlang.audit.merkle import Frontier
from tenetlang.audit.witness.answers import Answer, add_checkpoint, logs_of
from tenetlang.audit.witness.state import MOST_KEPT, State, close_state, contradictions, open_state

LOG = signing_key("example.com/log", b"\x01" * 32)
OTHER = signing_key("example.com/other", b"\x02" * 32)
STRANGER = signing_key("example.com/log", b"\x03" * 32)
WITNESS = cosigning_key("witness.example/w1", b"\x04" * 32)
LOGS = logs_of([LOG.verifier, OTHER.verifier])


def leaves(count: int, story: int = 0) -> list[bytes]:
    return [sha256(b"%d %d" % (story, number)).digest() for number in range(count)]


def checkpoint(size: int, story: int = 0, key: SigningKey = LOG) -> Checkpoint:
    frontier = Frontier()
    for leaf in leaves(size, story):
        frontier.append(leaf)
    return Checkpoint(key.verifier.name, size, frontier.root())


def request(old: int, size: int, story: int = 0, key: SigningKey = LOG, path: list[bytes] | None = None) -> bytes:
    steps = path
    if steps is None:
        steps = list(roots_of(leaves(size, story), consistency_ranges(old, size))) if 0 < old <= size else []
    lines = [f"old {old}", *(b64encode(step).decode() for step in steps)]
    return "\n".join(lines).encode() + b"\n\n" + sign_checkpoint(checkpoint(size, story, key), key, 5)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "witness.db", create=True)


def answer(state: State, asked: bytes) -> Answer:
    return add_checkpoint(asked, LOGS, WITNESS, state, lambda: 1_679_315_147.9)


def status(state: State, asked: bytes) -> int:
    return answer(state, asked).status


def test_a_log_that_grows_is_cosigned_each_time(state: State) -> None:
    for old, size in ((0, 3), (3, 3), (3, 4), (4, 7), (7, 8), (8, 300)):
        answered = answer(state, request(old, size))
        assert (answered.status, answered.kind) == (200, "text/plain; charset=utf-8"), size
        (line,) = signatures_of(answered.body.decode())
        assert cosigned_at(checkpoint(size).text(), line, WITNESS.verifier) == 1_679_315_147
    assert status(state, request(0, 5, key=OTHER)) == 200


def test_an_empty_log_is_one(state: State) -> None:
    assert status(state, request(0, 0)) == status(state, request(0, 0)) == status(state, request(0, 2)) == 200
    assert status(state, request(0, 0)) == 409


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0",
        b"old 0\n\n",
        b"old 0\n\nnothing\n",
        b"old -1" + request(0, 1)[5:],
        b"old 01" + request(0, 1)[5:],
        b"old 0\nAAAA" + request(0, 1)[5:],
        b"new 0" + request(0, 1)[5:],
        request(0, 1).replace(b"example.com/log\n1\n", b"example.com/log\none\n"),
        request(0, 1, path=[b"\x01" * 32] * 64),
        request(0, 1)[:-3],
        b"\xff" * 100,
    ],
)
def test_what_is_no_request_is_400(state: State, body: bytes) -> None:
    assert status(state, body) == 400


def test_an_old_size_above_the_new_one_is_400(state: State) -> None:
    assert status(state, request(3, 2)) == 400


def test_an_unknown_log_is_404_and_an_unknown_key_403(state: State) -> None:
    assert status(state, request(0, 1, key=signing_key("example.com/unknown", b"\x01" * 32))) == 404
    assert status(state, request(0, 1, key=STRANGER)) == 403
    assert status(state, request(0, 1).replace(b"\n1\n", b"\n2\n")) == 403


def test_another_old_size_is_409_with_the_right_one(state: State) -> None:
    answered = answer(state, request(5, 9))
    assert (answered.status, answered.body, answered.kind) == (409, b"0\n", "text/x.tlog.size")
    assert status(state, request(0, 5)) == 200
    for old in (0, 4):
        answered = answer(state, request(old, 9))
        assert (answered.status, answered.body, answered.kind) == (409, b"5\n", "text/x.tlog.size")


def test_a_second_story_is_not_cosigned_and_is_kept(state: State) -> None:
    assert status(state, request(0, 5)) == 200
    same_size, longer = request(5, 5, story=1), request(5, 9, story=1)
    assert status(state, same_size) == 409
    assert status(state, longer) == 422
    assert contradictions(state, "example.com/log") == (same_size, longer)
    assert status(state, request(5, 9)) == 200


def test_what_is_kept_of_a_second_story_is_bounded(state: State) -> None:
    assert status(state, request(0, 2)) == 200
    for _ in range(MOST_KEPT + 5):
        assert status(state, request(2, 2, story=1)) == 409
    assert len(contradictions(state, "example.com/log")) == MOST_KEPT


@pytest.mark.parametrize("old", [0, 5])
def test_a_path_that_proves_nothing_is_422(state: State, old: int) -> None:
    if old:
        assert status(state, request(0, old)) == 200
    assert status(state, request(old, 9, path=[b"\x01" * 32])) == 422
    assert status(state, request(old, old, path=[b"\x01" * 32])) == 422
    assert status(state, request(old, 9)) == 200


def test_an_empty_log_with_another_root_is_409(state: State) -> None:
    text = Checkpoint("example.com/log", 0, b"\x01" * 32)
    assert status(state, b"old 0\n\n" + sign_checkpoint(text, LOG, 5)) == 409


def test_it_cosigns_for_quantum_computers_as_well(state: State) -> None:
    key = cosigning_key("witness.example/w2", b"\x05" * 32, ML_DSA)
    answered = add_checkpoint(request(0, 3), LOGS, key, state, lambda: 7)
    (line,) = signatures_of(answered.body.decode())
    assert cosigned_at(checkpoint(3).text(), line, key.verifier) == 7


def test_what_it_cosigned_is_remembered_by_the_next_process(tmp_path: Path) -> None:
    first = open_state(tmp_path / "w.db", create=True)
    assert status(first, request(0, 5)) == 200
    close_state(first)
    second = open_state(tmp_path / "w.db")
    assert status(second, request(5, 5, story=1)) == 409
    assert status(second, request(5, 6)) == 200
    close_state(second)


def test_a_witness_does_not_begin_anew_by_itself(tmp_path: Path) -> None:
    with pytest.raises(WitnessUnavailable, match="second story"):
        open_state(tmp_path / "w.db")
    close_state(open_state(tmp_path / "w.db", create=True))
    with pytest.raises(WitnessUnavailable, match="already"):
        open_state(tmp_path / "w.db", create=True)


@pytest.mark.parametrize("content", [b"", b"nothing", b"SQLite format 3\x00" + b"\x00" * 500])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.db").write_bytes(content)
    (tmp_path / "w.db").chmod(0o600)
    with pytest.raises(WitnessUnavailable, match="can't be opened"):
        open_state(tmp_path / "w.db")


@pytest.mark.skipif(os.name != "posix", reason="there are no such permissions")
def test_a_state_that_others_may_write_is_refused(tmp_path: Path) -> None:
    close_state(open_state(tmp_path / "w.db", create=True))
    (tmp_path / "w.db").chmod(0o620)
    with pytest.raises(WitnessUnavailable, match="chmod 600"):
        open_state(tmp_path / "w.db")


def test_where_the_state_can_not_be_written_nothing_is_cosigned(state: State) -> None:
    state.connection.execute("PRAGMA query_only=ON")
    with pytest.raises(WitnessUnavailable, match="can't be written"):
        answer(state, request(0, 5))
    state.connection.execute("PRAGMA query_only=OFF")
    assert status(state, request(0, 5, story=1)) == 200


@pytest.mark.parametrize("files", [1, 4])
def test_of_many_stories_at_a_time_one_is_cosigned(tmp_path: Path, files: int) -> None:
    """Threads that share a state, and states of one file as several processes have them."""
    close_state(open_state(tmp_path / "w.db", create=True))
    states = [open_state(tmp_path / "w.db") for _ in range(files)]
    requests = [request(0, size, story) for story in range(8) for size in (3, 4, 5, 6)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(answer, [states[number % files] for number in range(32)], requests))
    assert sorted(found.status for found in answers) == [200] + [409] * 31
    for state in states:
        close_state(state)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 2)), max_size=25))
def test_whatever_it_is_asked_all_that_it_cosigns_is_one_log(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, int, int]]
) -> None:
    state = open_state(tmp_path_factory.mktemp("w") / "w.db", create=True)
    cosigned: list[tuple[int, int]] = []
    for old, size, story in asked:
        body = request(old, size, story)
        if status(state, body) == 200:
            cosigned.append((size, story))
            assert unchecked_checkpoint(body.partition(b"\n\n")[2]).size == size
    close_state(state)
    assert [size for size, _ in cosigned] == sorted(size for size, _ in cosigned)
    assert len({story for size, story in cosigned if size}) <= 1
