from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import NotRequired, TypedDict

import pytest

from tenetlang.audit import InvalidNote, NoSignatures, UnusableKey, checkpoint_of
from tenetlang.audit.checkpoints.checkpoint import unchecked_checkpoint
from tenetlang.audit.checkpoints.note import (
    MAX_NOTE,
    open_note,
    read_signing_key,
    read_verifier_key,
    sign_note,
    signing_key,
    verifies,
)
from tenetlang.audit.merkle import EMPTY_ROOT

VECTORS = Path(__file__).parents[3] / "vectors"


class OpenCase(TypedDict):
    case: str
    keys: list[str]
    opens: bool
    note: NotRequired[str]
    note_base64: NotRequired[str]
    verified: NotRequired[list[str]]
    unverified: NotRequired[int]


class SignCase(TypedDict):
    key: str
    text: str
    note: str


class Notes(TypedDict):
    sign: SignCase
    open: list[OpenCase]


class SignatureCase(TypedDict):
    tcId: int
    comment: str
    msg: str
    sig: str
    result: str


NOTES: Notes = json.loads((VECTORS / "signed-note" / "note.json").read_text("utf-8"))
SIGNATURES: list[tuple[str, SignatureCase]] = [
    (group["publicKey"]["pk"], case)
    for group in json.loads((VECTORS / "ed25519" / "ed25519_test.json").read_text("utf-8"))["testGroups"]
    for case in group["tests"]
]
KEY = signing_key("example.com/log", b"\x01" * 32)


@pytest.mark.parametrize("case", NOTES["open"], ids=lambda case: case["case"])
def test_published_notes_open_or_do_not(case: OpenCase) -> None:
    note = case["note"].encode() if "note" in case else base64.b64decode(case["note_base64"])
    keys = [read_verifier_key(key) for key in case["keys"]]
    if not case["opens"]:
        with pytest.raises(InvalidNote):
            open_note(note, keys)
        return
    opened = open_note(note, keys)
    assert (list(opened.verified), opened.unverified) == (case["verified"], case["unverified"])


def test_signing_gives_the_published_note() -> None:
    published = NOTES["sign"]
    key = read_signing_key(published["key"])
    assert sign_note(published["text"], key).decode() == published["note"]
    assert key.text() == published["key"]
    assert published["key"][-40:] not in repr(key)


@pytest.mark.parametrize(
    ("public", "case"), SIGNATURES, ids=lambda value: "" if isinstance(value, str) else value["tcId"]
)
def test_published_signatures_verify_or_do_not(public: str, case: SignatureCase) -> None:
    right = verifies(bytes.fromhex(public), bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
    assert right == (case["result"] == "valid")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a+0+0",
        "+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        "example.com/log/testdatA+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        "example.com/log/testdata+33d7b497+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        "example.com/log/testdata+33d7b496+AuHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkk",
        NOTES["sign"]["key"],
    ],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(UnusableKey):
        read_verifier_key(text)


@pytest.mark.parametrize(
    "text",
    ["", "PRIVATE+KEY+", str(KEY.verifier), KEY.text().replace("com/log", "com/lag"), KEY.text()[:-8] + "AAAAAAA="],
)
def test_what_is_no_private_key_is_refused(text: str) -> None:
    with pytest.raises(UnusableKey):
        read_signing_key(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u2003b"])
def test_a_key_has_a_name_without_spaces_and_plus(name: str) -> None:
    with pytest.raises(UnusableKey):
        signing_key(name, b"\x01" * 32)


def test_every_bit_of_a_signed_note_counts() -> None:
    note = sign_note("example.com/log\n0\n" + base64.b64encode(EMPTY_ROOT).decode() + "\n", KEY)
    assert checkpoint_of(note, [KEY.verifier]).size == 0
    for place in range(len(note)):
        changed = bytearray(note)
        changed[place] ^= 1
        with pytest.raises(InvalidNote):
            checkpoint_of(bytes(changed), [KEY.verifier])


@pytest.mark.parametrize(
    "text",
    ["a\n", "a\n1\n", "\n1\nROOT\n", "a\n01\nROOT\n", "a\n-1\nROOT\n", "a\n1\nROO\n", "a\n1\nROOT", "a\n1\nQUJD\n"],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    root = base64.b64encode(EMPTY_ROOT).decode()
    with pytest.raises(InvalidNote):
        unchecked_checkpoint(sign_note(text.replace("ROOT", root), KEY))


def test_a_checkpoint_may_be_longer_and_must_be_signed_by_the_one_it_is_of() -> None:
    root = base64.b64encode(EMPTY_ROOT).decode()
    assert checkpoint_of(sign_note(f"example.com/log\n7\n{root}\nmore\n", KEY), [KEY.verifier]).size == 7
    with pytest.raises(InvalidNote, match="the log of another"):
        checkpoint_of(sign_note(f"example.com/other\n7\n{root}\n", KEY), [KEY.verifier])


def test_a_note_without_end_is_not_read() -> None:
    with pytest.raises(InvalidNote, match="longer"):
        unchecked_checkpoint(b"a" * (MAX_NOTE + 1))


def test_without_the_package_that_signs_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    note = sign_note("a\n", KEY)
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NoSignatures, match=r"tenetlang\[audit\]"):
        open_note(note, [KEY.verifier])
    with pytest.raises(NoSignatures):
        sign_note("a\n", KEY)
    with pytest.raises(NoSignatures):
        signing_key("a", b"\x01" * 32)
