"""What is said of the checkpoints of a log: how many are wrong and up to where it agrees, what was demanded, and who is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenetlang.audit import Checkpoint, verify_log
from tenetlang.audit.checkpoints.cosignature import cosign, cosigning_key
from tenetlang.audit.checkpoints.note import SigningKey, signing_key
from tenetlang.audit.checkpoints.signatures import sign_checkpoint, with_lines
from tenetlang.audit.checkpoints.signed import CLOCKS_DIFFER, Demands, _span
from tenetlang.audit.checkpoints.signing import stored_notes
from tenetlang.audit.checkpoints.trust import at_least
from tenetlang.audit.merkle import Frontier
from tests.unit.audit.samples import START, open_sample, rows, sample, tamper

KEY = signing_key("example.com/log", bytes(range(32)))
OTHER = signing_key("example.com/log", b"\x05" * 32)
WITNESSES = [cosigning_key(f"{name}.example/w", name.encode() * 32) for name in "abc"]
NOW = START // 10**9


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Signed at 3, 5 and 7 records."""
    with open_sample(tmp_path / "log.db") as opened:
        for first, last in ((1, 3), (3, 5), (5, 7)):
            opened.append_all([sample(number) for number in range(first, last)])
            opened.sign(KEY)
    return tmp_path / "log.db"


def notes(log: Path) -> list[bytes]:
    return [note for note in stored_notes(log) if note is not None]


def put(log: Path, *kept: bytes) -> None:
    tamper(log, [("DELETE FROM checkpoints", ())])
    tamper(log, [("INSERT INTO checkpoints (note) VALUES (?)", (note,)) for note in kept])


def root_of(log: Path, size: int) -> bytes:
    frontier = Frontier()
    for _, _, leaf in rows(log)[:size]:
        frontier.append(leaf)
    return frontier.root()


def signed(log: Path, size: int, key: SigningKey = KEY, at: int = NOW, root: bytes | None = None) -> bytes:
    return sign_checkpoint(Checkpoint("example.com/log", size, root or root_of(log, size)), key, at)


def said(log: Path, *kept: bytes, demands: Demands | None = None) -> list[tuple[int | None, str, str]]:
    found = verify_log(log, keys=[KEY.verifier], checkpoints=kept, demands=demands or Demands())
    return [(problem.index, problem.what, problem.detail) for problem in found.problems]


def test_the_first_checkpoint_with_another_root_is_named_and_up_to_where_they_agree(log: Path) -> None:
    put(log, signed(log, 3), signed(log, 5, root=bytes(32)), signed(log, 7, root=bytes(32)))
    ((index, word, detail),) = said(log)
    assert (index, word) == (None, "rewritten")
    assert detail.startswith("the first 5 records are not those of checkpoint 2, and the first 3 are: ")
    put(log, signed(log, 3, root=bytes(32)), signed(log, 5))
    ((_, _, detail),) = said(log)
    assert detail.startswith("the first 3 records are not those of checkpoint 1: ")


def test_all_checkpoints_are_read_though_the_log_ended_before_them(log: Path) -> None:
    tamper(log, [(f"DELETE FROM {table} WHERE idx >= 2", ()) for table in ("records", "payloads")])
    found = verify_log(log, keys=[KEY.verifier])
    assert [(problem.index, problem.what) for problem in found.problems] == [(2, "cut")]
    assert (found.checkpoints, found.signed, found.size) == (3, 7, 2)


def test_a_log_that_ends_with_its_checkpoint_or_with_a_kept_one_was_not_cut(log: Path) -> None:
    assert said(log, notes(log)[-1]) == []
    assert said(log, signed(log, 0)) == []
    ((index, word, _),) = said(log, signed(log, 8, root=bytes(32)))
    assert (index, word) == (7, "cut")


def test_each_kept_state_is_told_of_once(log: Path) -> None:
    wrong, right = signed(log, 5, root=bytes(32)), signed(log, 5)
    assert [word for _, word, _ in said(log, wrong, right, wrong)] == ["rewritten", "rewritten"]
    assert [word for _, word, _ in said(log, right)] == []


@pytest.mark.parametrize(("wrong", "more"), [(1, ""), (2, " (and 1 more)"), (3, " (and 2 more)")])
def test_wrong_signatures_are_told_of_once_and_counted(log: Path, wrong: int, more: str) -> None:
    put(log, *[signed(log, size, OTHER) for size in (3, 5, 7)[:wrong]], signed(log, 7))
    ((_, word, detail),) = said(log)
    assert word == "signature"
    assert detail.startswith("checkpoint 1 of the log proves nothing: ")
    assert detail.endswith(more)
    assert ("more)" in detail) == bool(more)


def test_checkpoints_may_be_of_one_size_and_not_of_a_smaller_one(log: Path) -> None:
    put(log, signed(log, 5), signed(log, 5, at=NOW + 1))
    assert said(log) == []
    put(log, signed(log, 5), signed(log, 3))
    ((_, word, detail),) = said(log)
    assert word == "signature"
    assert "it is of 3 records, and the one before it of 5" in detail


def test_the_newest_is_the_largest_and_the_latest_of_those_wherever_it_was_kept(log: Path) -> None:
    put(log, signed(log, 3, at=NOW + 9), signed(log, 5, at=NOW + 3), signed(log, 5, at=NOW + 1))
    found = verify_log(log, keys=[KEY.verifier])
    assert (found.signed, found.signed_at, found.keys) == (5, NOW + 3, (str(KEY.verifier),))
    found = verify_log(log, keys=[KEY.verifier], checkpoints=[signed(log, 7, at=NOW - 5), signed(log, 3)])
    assert (found.signed, found.signed_at) == (7, NOW - 5)
    put(log, signed(log, 5, at=NOW + 1), signed(log, 5, at=NOW + 3))
    assert verify_log(log, keys=[KEY.verifier]).signed_at == NOW + 3
    put(log, signed(log, 5))
    lines = notes(log)[0].split(b"\n")
    put(log, b"\n".join([*lines[:5], b""]), signed(log, 5, at=NOW + 2))
    assert verify_log(log, keys=[KEY.verifier]).signed_at == NOW + 2
    put(log, b"\n".join([*lines[:5], b""]))  # without the line that says when
    assert (verify_log(log, keys=[KEY.verifier]).signed, verify_log(log, keys=[KEY.verifier]).signed_at) == (5, None)


def test_without_a_demand_no_age_is_too_great_and_no_time_is_missed(log: Path) -> None:
    put(log, signed(log, 7, at=1))
    assert said(log) == []
    assert said(log, demands=Demands(now=NOW)) == []


@pytest.mark.parametrize(
    ("at", "stale"),
    [
        (NOW - 60, None),
        (NOW - 61, "61 seconds ago: nobody signs any more"),
        (NOW + CLOCKS_DIFFER, None),
        (NOW + CLOCKS_DIFFER + 1, "5 minutes from now, which nobody can"),
    ],
)
def test_an_age_is_right_up_to_the_second(log: Path, at: int, stale: str | None) -> None:
    put(log, signed(log, 7, at=at))
    found = said(log, demands=Demands(max_age=60, now=NOW))
    if stale is None:
        assert found == []
    else:
        ((index, word, detail),) = found
        assert (index, word) == (None, "stale")
        assert stale in detail


def test_a_newest_checkpoint_without_a_time_is_stale_where_an_age_is_demanded(log: Path) -> None:
    lines = notes(log)[-1].split(b"\n")
    put(log, b"\n".join([*lines[:5], b""]))
    ((_, word, detail),) = said(log, demands=Demands(max_age=60, now=NOW))
    assert word == "stale"
    assert "does not say when" in detail


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (119, "119 seconds"), (120, "2 minutes"), (7_199, "119 minutes"), (7_200, "2 hours"),
     (172_799, "47 hours"), (172_800, "2 days")],
)  # fmt: skip
def test_spans_are_said_in_the_largest_unit_of_which_there_are_two(seconds: int, words: str) -> None:
    assert _span(seconds) == words


def test_witnesses_that_are_demanded_are_missed_by_name(log: Path) -> None:
    trust = at_least([key.verifier for key in WITNESSES], 2)
    text = Checkpoint("example.com/log", 7, root_of(log, 7)).text()
    lines = [cosign(text, key, NOW) for key in WITNESSES]
    put(log, with_lines(signed(log, 7), lines[:2]))
    assert said(log, demands=Demands(trust)) == []
    put(log, with_lines(signed(log, 7), lines[:1]))
    ((_, word, detail),) = said(log, demands=Demands(trust))
    assert word == "witness"
    assert "has 1 cosignatures, and too few: there is none by b.example/w" in detail
    assert "a.example/w" not in detail
    wrong = cosign(Checkpoint("example.com/log", 8, bytes(32)).text(), WITNESSES[2], NOW)
    put(log, with_lines(signed(log, 7), [*lines[:2], wrong]))
    ((_, word, detail),) = said(log, demands=Demands(trust))
    assert word == "witness"
    assert f"the line by {WITNESSES[2].verifier.short} below" in detail


def test_nothing_is_demanded_of_a_log_without_keys(log: Path) -> None:
    trust = at_least([key.verifier for key in WITNESSES], 2)
    assert verify_log(log, demands=Demands(trust, 60, NOW + 10**9)).ok


def test_a_log_with_only_wrong_checkpoints_is_not_called_unsigned(log: Path) -> None:
    put(log, signed(log, 7, OTHER))
    assert [word for _, word, _ in said(log)] == ["signature"]
    tamper(log, [("DELETE FROM checkpoints", ())])
    assert [word for _, word, _ in said(log)] == ["unsigned"]
    assert said(log, signed(log, 7)) == []


def test_a_key_out_of_its_time_is_told_why(log: Path) -> None:
    with open_sample(log) as opened:
        opened.rotate(KEY, OTHER)  # record 7
        opened.append(*sample(20))
        opened.sign(OTHER)
    assert said(log) == []
    ((_, word, detail),) = said(log, signed(log, 9))
    assert word == "rotation"
    assert "had been replaced at record 7: that old key was stolen, or a program still signs with it" in detail
    ((_, word, detail),) = said(log, signed(log, 5, OTHER))
    assert word == "rotation"
    assert "which signs from 8 records on: it was signed afterwards" in detail
    assert said(log, signed(log, 8), signed(log, 8, OTHER)) == []


def test_a_change_that_is_covered_by_a_checkpoint_of_another_size_is_not_covered(log: Path) -> None:
    with open_sample(log) as opened:
        opened.rotate(KEY, OTHER)
    put(log, signed(log, 7), signed(log, 8, OTHER))
    ((index, word, detail),) = said(log)
    assert (index, word) == (7, "rotation")
    assert "no checkpoint by" in detail
    put(log, signed(log, 8), signed(log, 8, OTHER))
    assert said(log) == []


def test_the_newest_key_must_have_signed_where_others_of_its_name_did(log: Path) -> None:
    def words(*keys: SigningKey) -> list[str]:
        return [problem.what for problem in verify_log(log, keys=[key.verifier for key in keys]).problems]

    stranger = signing_key("example.com/other", b"\x06" * 32)
    assert words(KEY, OTHER) == ["unsigned"]
    assert words(KEY, stranger) == []
    assert words(KEY) == []


def test_the_checkpoints_of_keys_that_were_replaced_may_be_gone(log: Path) -> None:
    with open_sample(log) as opened:
        opened.rotate(KEY, OTHER)
    put(log, signed(log, 8, OTHER))
    assert verify_log(log, keys=[OTHER.verifier]).ok
    assert verify_log(log, keys=[OTHER.verifier]).keys == (str(OTHER.verifier),)


def test_a_key_that_was_replaced_and_signed_before_its_time_is_told_so(log: Path) -> None:
    third = signing_key("example.com/log", b"\x07" * 32)
    with open_sample(log) as opened:
        opened.rotate(KEY, OTHER)  # record 7
        opened.rotate(OTHER, third)  # record 8
    assert said(log) == []
    ((_, word, detail),) = said(log, signed(log, 5, OTHER))
    assert word == "rotation"
    assert "which signs from 8 records on: it was signed afterwards" in detail
