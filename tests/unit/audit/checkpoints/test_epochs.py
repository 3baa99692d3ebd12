"""Which key signed a log when, by the records in which it changes: each thing that makes a change none, alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.checkpoints.epochs import Rotation, Span, epochs_of, may_be_rotation, rotation_of
from tenetlang.audit.checkpoints.note import VerifierKey, signing_key

KEYS = [signing_key("example.com/log", bytes([number]) * 32).verifier for number in range(1, 6)]
STRANGER = signing_key("example.com/other", b"\x09" * 32).verifier


def record(changes: Mapping[str, object] | None = None) -> bytes:
    members = {"kind": "key.rotated", "old": str(KEYS[0]), "new": str(KEYS[1]), "epoch": 2, "size": 7}
    return profile_bytes({**members, **(changes or {})})


def change(number: int, index: int, *, epoch: int | None = None) -> tuple[int, Rotation]:
    return index, Rotation(index, KEYS[number], KEYS[number + 1], number + 2 if epoch is None else epoch)


def test_a_record_of_a_change_says_which_key_comes_after_which() -> None:
    assert rotation_of(7, record()) == Rotation(7, KEYS[0], KEYS[1], 2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": 6}, "6 records are before it, and there are 7"),
        ({"size": 8}, "8 records are before it, and there are 7"),
        ({"new": str(STRANGER)}, "the name of a log's key never changes"),
        ({"new": str(KEYS[0])}, "to the same key"),
        ({"new": "key"}, "no key of the form"),
        ({"old": 3}, "does not say which key"),
        ({"epoch": "2"}, "does not say which key"),
    ],
)
def test_what_is_wrong_with_a_change_is_said(changes: dict[str, object], said: str) -> None:
    found = rotation_of(7, record(changes))
    assert isinstance(found, str)
    assert said in found


def test_a_record_of_another_kind_is_no_change_and_seldom_looks_so() -> None:
    other = profile_bytes({"kind": "intent", "said": "a key was rotated"})
    assert not may_be_rotation(other)
    assert may_be_rotation(record())
    assert rotation_of(7, other) is None
    # Of what could not be in a log the text is not even looked at.
    assert rotation_of(7, b'{ "kind": "key.rotated" }') is None
    assert rotation_of(7, b'{"kind":"key.rotated"') is None


def test_each_key_has_its_span() -> None:
    found = epochs_of([KEYS[0]], [change(0, 7), change(1, 20)])
    assert dict(found.spans) == {KEYS[0]: Span(last=8), KEYS[1]: Span(8, 21), KEYS[2]: Span(21)}
    assert [rotation.new for rotation in found.to_cover] == [KEYS[1], KEYS[2]]
    assert found.mistakes == ()


def test_a_newer_key_vouches_for_those_before_it_and_nobody_need_cover_them() -> None:
    found = epochs_of([KEYS[2]], [change(0, 7), change(1, 20)])
    assert set(found.keys) == set(KEYS[:3])
    assert found.to_cover == ()


def test_a_key_that_is_given_does_not_begin_anew_because_another_one_comes_after_it() -> None:
    found = epochs_of([KEYS[0], KEYS[1]], [change(0, 7)])
    assert dict(found.spans) == {KEYS[0]: Span(last=8), KEYS[1]: Span(8)}
    assert list(found.spans) == [KEYS[0], KEYS[1]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([change(2, 7)], "which is no key of this log"),
        ([change(0, 7, epoch=3)], "it says that key 3 begins, and the one before it is key 1"),
        ([change(0, 7, epoch=1)], "it says that key 1 begins"),
        ([change(0, 7), change(0, 20)], "which had been replaced at record 7 already"),
        ([change(0, 7), change(0, 20, epoch=3)], "which had been replaced at record 7 already"),
    ],
)
def test_a_change_that_does_not_follow_is_a_mistake_and_changes_nothing(
    changes: list[tuple[int, Rotation]], said: str
) -> None:
    found = epochs_of([KEYS[0]], changes)
    ((index, mistake),) = found.mistakes
    assert index == changes[-1][0]
    assert said in mistake
    good = epochs_of([KEYS[0]], changes[:-1])
    assert (found.spans, found.to_cover) == (good.spans, good.to_cover)


def test_what_is_no_change_is_a_mistake_of_its_record_and_the_others_count() -> None:
    found = epochs_of([KEYS[0]], [change(0, 7), (9, "it is none"), change(1, 20)])
    assert found.mistakes == ((9, "it is none"),)
    assert found.spans[KEYS[2]] == Span(21)


def test_without_keys_nothing_is_known() -> None:
    keys: list[VerifierKey] = []
    assert epochs_of(keys, []).keys == ()
