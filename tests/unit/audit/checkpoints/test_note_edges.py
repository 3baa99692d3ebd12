"""Notes and keys at the edges of what is read: each thing that is refused stands beside the nearest thing that is not."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest

from tenetlang.audit.checkpoints import post_quantum
from tenetlang.audit.checkpoints.checkpoint import Checkpoint
from tenetlang.audit.checkpoints.keys import (
    COSIGNATURE,
    ED25519,
    MAX_NAME,
    ML_DSA,
    base64_bytes,
    is_name,
    key_text,
    private_text,
)
from tenetlang.audit.checkpoints.note import (
    MAX_NOTE,
    MAX_SIGNATURES,
    Signature,
    VerifierKey,
    open_note,
    read_signing_key,
    read_verifier_key,
    sign_note,
    signing_key,
    split_note,
)
from tenetlang.audit.checkpoints.paths import consistency_holds, inclusion_holds
from tenetlang.audit.errors import InvalidNote, UnusableKey
from tenetlang.audit.merkle import HASH_SIZE, Frontier, leaf_hash, node_hash

KEY = signing_key("example.com/log", b"\x01" * 32)
SECOND = key_text("example.com/log", ML_DSA, bytes(post_quantum.PUBLIC))
UNKNOWN = Signature("example.com/other", b"\x00\x01\x02\x03", b"\x04")


# ---------------------------------------------------------------------------------------------------------------- keys


def test_a_key_of_two_halves_shows_both_and_one_of_one_half_that_one() -> None:
    one, two = VerifierKey("a", bytes(32)), VerifierKey("a", bytes(32), bytes(post_quantum.PUBLIC))
    assert len(str(one).split("\n")) == 1
    assert len(str(two).split("\n")) == 2
    assert read_verifier_key(str(one)) == one
    assert read_verifier_key(str(two)) == two


def test_the_private_text_has_as_many_halves_as_the_key() -> None:
    both = signing_key("a", b"\x01" * 32, b"\x02" * 32)
    assert len(KEY.text().split("\n")) == 1
    assert len(both.text().split("\n")) == 2
    assert read_signing_key(both.text()) == both
    assert read_signing_key(KEY.text()) == KEY


def test_the_name_of_a_key_for_ml_dsa_has_at_most_255_bytes_and_that_of_others_any_number() -> None:
    longest = "ö" * (MAX_NAME // 2) + "o"
    assert len(longest.encode()) == MAX_NAME
    assert signing_key(longest, b"\x01" * 32, b"\x02" * 32).verifier.post_quantum
    with pytest.raises(UnusableKey, match="at most 255 bytes"):
        signing_key(longest + "o", b"\x01" * 32, b"\x02" * 32)
    assert signing_key(longest + "o", b"\x01" * 32).verifier.name == longest + "o"


def test_the_two_halves_of_a_key_are_of_one_name() -> None:
    first = key_text("example.com/log", ED25519, bytes(32))
    assert read_verifier_key(f"{first}\n{SECOND}").post_quantum == bytes(post_quantum.PUBLIC)
    with pytest.raises(UnusableKey, match="one line for Ed25519"):
        read_verifier_key(f"{key_text('example.com/other', ED25519, bytes(32))}\n{SECOND}")


def test_the_key_of_a_witness_is_named_as_that() -> None:
    with pytest.raises(UnusableKey, match="key of a witness"):
        read_verifier_key(key_text("witness.example", COSIGNATURE, bytes(32)))


@pytest.mark.parametrize("length", [31, 33])
def test_a_public_key_is_of_its_length_though_its_number_is_right(length: int) -> None:
    with pytest.raises(UnusableKey, match="has 32 bytes"):
        read_verifier_key(key_text("a", ED25519, bytes(length)))


def test_a_private_key_is_of_its_length_though_its_number_is_right() -> None:
    with pytest.raises(UnusableKey, match="has 32 bytes"):
        read_signing_key(private_text("a", ED25519, bytes(32), bytes(31)))


@pytest.mark.parametrize("text", ["PRIVATE+KEY+", f"x{KEY.text()}", f" {KEY.text()}x", str(KEY.verifier)])
def test_a_private_key_begins_as_one(text: str) -> None:
    with pytest.raises(UnusableKey):
        read_signing_key(text)


def test_what_stands_before_a_private_key_is_told_apart_from_what_is_wrong_in_it() -> None:
    for text in (f"x{KEY.text()}", "PRIVATE+KEY+"):
        with pytest.raises(UnusableKey, match="does not begin with `PRIVATE"):
            read_signing_key(text)


@pytest.mark.parametrize("name", ["", "a b", "a\u2003b"])
def test_a_key_whose_name_is_none_is_no_key_though_its_number_is_right(name: str) -> None:
    with pytest.raises(UnusableKey, match="no key of the form"):
        read_verifier_key(key_text(name, ED25519, bytes(32)))


def test_the_number_of_a_key_is_written_in_one_way() -> None:
    text = next(text for name in "abcdefgh" if (text := key_text(name, ED25519, bytes(32))).upper() != text)
    name, number, encoded = text.split("+", 2)
    assert read_verifier_key(text).name == name
    for changed in (number.upper() + "0", number[:-1], number.upper() if number.upper() != number else number + "g"):
        with pytest.raises(UnusableKey, match="no key of the form"):
            read_verifier_key(f"{name}+{changed}+{encoded}")


@pytest.mark.parametrize("name", ["a", "example.com/log", "ö", "a.b-c_d"])
def test_names_are_words(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "a+b", "a b", "a\tb", "a\nb", "a\x00b", "a\x1bb", "\u00a0"])
def test_what_has_spaces_or_control_characters_is_no_name(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("text", ["QUI=", "QQ==", "QUJD", ""])
def test_base64_is_read_in_the_one_way_in_which_it_is_written(text: str) -> None:
    decoded = base64_bytes(text)
    assert decoded is not None
    assert b64encode(decoded).decode() == text


@pytest.mark.parametrize("text", ["QUJ=", "QR==", "QQ", "Q", "QQ==\n", "QQ=", "Q Q=", "QUJD=", "-_==", "QQ==QQ=="])
def test_base64_in_another_spelling_is_none(text: str) -> None:
    assert base64_bytes(text) is None


# --------------------------------------------------------------------------------------------------------------- notes


@pytest.mark.parametrize("text", ["", "a", "a\n\nb", "a\x00\n", "a\tb\n", "a\r\n"])
def test_a_text_that_does_not_end_in_a_newline_or_holds_control_characters_is_not_signed(text: str) -> None:
    with pytest.raises(InvalidNote):
        sign_note(text, KEY)


@pytest.mark.parametrize("character", ["\x00", "\t", "\r", "\x1f"])
def test_a_note_with_a_control_character_is_refused_before_its_signatures_are_looked_at(character: str) -> None:
    with pytest.raises(InvalidNote, match="control character"):
        split_note(f"a{character}b\n\n{UNKNOWN.line()}".encode())
    assert split_note(f"a\x7fb\n\n{UNKNOWN.line()}".encode())[0] == "a\x7fb\n"


def test_a_note_is_read_up_to_the_longest() -> None:
    rest = f"\n\n{UNKNOWN.line()}".encode()
    longest = b"a" * (MAX_NOTE - len(rest)) + rest
    assert len(longest) == MAX_NOTE
    assert split_note(longest)[1] == (UNKNOWN,)
    with pytest.raises(InvalidNote, match="longer than any"):
        split_note(b"a" + longest)


def test_a_note_has_an_empty_line_before_its_signatures() -> None:
    with pytest.raises(InvalidNote, match="no signature, or does not end"):
        split_note(UNKNOWN.line().encode())
    with pytest.raises(InvalidNote, match="no signature, or does not end"):
        split_note(f"a\n\n{UNKNOWN.line()}".rstrip("\n").encode())


def test_a_note_has_so_many_signatures_and_not_one_more() -> None:
    lines = [Signature(f"w{number}", bytes(4), b"\x01").line() for number in range(MAX_SIGNATURES + 1)]
    assert len(split_note(f"a\n\n{''.join(lines[:-1])}".encode())[1]) == MAX_SIGNATURES
    with pytest.raises(InvalidNote, match="more than 100 signatures"):
        split_note(f"a\n\n{''.join(lines)}".encode())


@pytest.mark.parametrize(
    "line",
    [
        "— a QUJDRA==\n",  # four bytes: the number of a key and nothing that it signed
        "— a\u2003b QUJDREU=\n",
        "— a+b QUJDREU=\n",
        "— a QUJDREV=\n",
        "- a QUJDREU=\n",
        "— a  QUJDREU=\n",
        "— a QUJDREU= \n",
        "—  QUJDREU=\n",
        "\n",
    ],
)
def test_a_line_below_a_note_that_is_no_signature_spoils_it(line: str) -> None:
    with pytest.raises(InvalidNote):
        split_note(f"a\n\n{UNKNOWN.line()}{line}".encode())


def test_the_shortest_signature_is_of_one_byte_and_by_nobody_known() -> None:
    note = sign_note("a\n", KEY) + UNKNOWN.line().encode()
    opened = open_note(note, [KEY.verifier])
    assert (opened.verified, opened.unverified) == (("example.com/log",), 1)
    assert split_note(note)[1][1] == Signature("example.com/other", b"\x00\x01\x02\x03", b"\x04")


def test_two_keys_of_one_name_and_number_are_refused_and_one_line_twice_is_one() -> None:
    note = sign_note("a\n", KEY)
    with pytest.raises(InvalidNote, match="one number"):
        open_note(note, [KEY.verifier, KEY.verifier])
    line = note.split(b"\n\n")[1]
    assert open_note(note + line, [KEY.verifier]).verified == ("example.com/log",)


def test_a_second_line_by_a_key_that_signed_already_is_not_looked_at() -> None:
    """As Go's `sumdb/note` has it: the first line of a key is the one that counts."""
    note = sign_note("a\n", KEY)
    wrong = Signature("example.com/log", KEY.verifier.identifier, bytes(64)).line().encode()
    assert open_note(note + wrong, [KEY.verifier]).verified == ("example.com/log",)
    with pytest.raises(InvalidNote, match="is wrong"):
        open_note(b"a\n\n" + wrong + note.split(b"\n\n")[1], [KEY.verifier])


def test_the_text_of_a_checkpoint_is_three_lines() -> None:
    assert Checkpoint("a", 3, bytes(32)).text() == f"a\n3\n{b64encode(bytes(32)).decode()}\n"
    assert len(b64decode(Checkpoint("a", 3, bytes(32)).text().split("\n")[2])) == HASH_SIZE


# --------------------------------------------------------------------------------------------------------------- paths


def test_a_path_that_is_longer_than_the_tree_is_high_proves_nothing_even_if_its_root_was_made_to_fit() -> None:
    leaf, step = leaf_hash(b"a"), leaf_hash(b"b")
    assert inclusion_holds(0, 1, leaf, leaf, [])
    assert not inclusion_holds(0, 1, leaf, node_hash(step, leaf), [step])
    assert not inclusion_holds(0, 1, leaf, node_hash(leaf, step), [step])
    pair = node_hash(leaf, step)
    assert inclusion_holds(0, 2, leaf, pair, [step])
    assert not inclusion_holds(0, 2, leaf, node_hash(step, pair), [step, step])
    assert not inclusion_holds(0, 2, leaf, node_hash(pair, step), [step, step])


def test_a_path_of_growth_that_is_longer_than_the_tree_is_high_proves_nothing_even_if_its_roots_were_made_to_fit() -> (
    None
):
    leaves = [leaf_hash(bytes([number])) for number in range(4)]
    left, right = node_hash(leaves[0], leaves[1]), node_hash(leaves[2], leaves[3])
    old_root, root, step = node_hash(left, leaves[2]), node_hash(left, right), leaf_hash(b"more")
    path = [leaves[2], leaves[3], left]
    assert consistency_holds(3, 4, old_root, root, path)
    assert not consistency_holds(3, 4, node_hash(step, old_root), node_hash(step, root), [*path, step])


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_path_is_of_hashes_even_if_its_roots_were_made_to_fit(length: int) -> None:
    leaf, step = leaf_hash(b"a"), bytes(length)
    assert not consistency_holds(1, 2, leaf, node_hash(leaf, step), [step])
    assert not inclusion_holds(0, 2, leaf, node_hash(leaf, step), [step])
    assert not inclusion_holds(0, 2, step, node_hash(step, leaf), [leaf])


@pytest.mark.parametrize(("size", "row"), [(3, 1), (3, 3), (4, 2), (0, 1)])
def test_a_row_has_a_hash_for_each_subtree(size: int, row: int) -> None:
    with pytest.raises(ValueError, match="has a row of"):
        Frontier.of(size, [bytes(32)] * row)
    assert Frontier.of(3, [bytes(32)] * 2).size == 3


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_row_is_of_hashes(length: int) -> None:
    with pytest.raises(ValueError, match="has a row of"):
        Frontier.of(3, [bytes(32), bytes(length)])
