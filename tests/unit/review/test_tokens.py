from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenetlang.review import tokens
from tenetlang.review.links import Link, link_token, read_link
from tenetlang.review.tokens import add_token, all_tokens, check_token, is_good, revoke_token
from tests.unit.review.desks import Office, office

KEY = b"k" * 32
LINK = Link("01KARZ3NDEKTSV4RRFFQ69G5FA", "ada", "see", 1_795_377_600)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path / "log.db") as made:
        yield made


def test_a_token_says_who_somebody_is_until_it_is_revoked(here: Office) -> None:
    token, text = here.read(lambda tables: add_token(tables, "ada", here.now))
    assert here.read(lambda tables: check_token(tables, text)) == token
    assert token.who == "ada"
    assert here.read(lambda tables: is_good(tables, token.identifier))
    assert here.read(lambda tables: revoke_token(tables, token.identifier, here.now + 1))
    assert here.read(lambda tables: check_token(tables, text)) is None
    assert not here.read(lambda tables: is_good(tables, token.identifier))
    assert not here.read(lambda tables: revoke_token(tables, token.identifier, here.now + 2))
    (kept,) = here.read(all_tokens)
    assert kept.revoked_at == here.now + 1


def test_a_token_is_not_stored(here: Office) -> None:
    _, text = here.read(lambda tables: add_token(tables, "ada", here.now))
    assert text.rpartition("_")[2].encode() not in Path(here.place).read_bytes()
    assert text.rpartition("_")[2].encode() not in Path(here.place + "-wal").read_bytes()


@pytest.mark.parametrize(
    "change", ["", "tnr_", "x", "tnr_01KARZ3NDEKTSV4RRFFQ69G5FA_" + "A" * 43, "\ud800", "tnr_" * 1000]
)
def test_any_other_text_is_no_token(here: Office, change: str) -> None:
    here.read(lambda tables: add_token(tables, "ada", here.now))
    assert here.read(lambda tables: check_token(tables, change)) is None


def test_each_letter_of_a_token_counts(here: Office) -> None:
    _, text = here.read(lambda tables: add_token(tables, "ada", here.now))
    for place in range(len(text)):
        other = "B" if text[place] != "B" else "C"
        changed = text[:place] + other + text[place + 1 :]
        assert here.read(lambda tables, changed=changed: check_token(tables, changed)) is None  # type: ignore[misc]  # an argument with its value


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_a_name_that_is_none_gets_no_token(here: Office, name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        here.read(lambda tables: add_token(tables, name, here.now))


def test_there_are_so_many_tokens_and_no_more(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_TOKENS", 1)
    here.read(lambda tables: add_token(tables, "ada", here.now))
    with pytest.raises(ValueError, match="there are 1 tokens already"):
        here.read(lambda tables: add_token(tables, "ada", here.now))


def test_a_token_whose_digest_was_changed_is_none(here: Office) -> None:
    _, text = here.read(lambda tables: add_token(tables, "ada", here.now))
    here.read(lambda tables: tables.run("UPDATE review_tokens SET who = ?, made_at = 1", ("eve",)))
    changed = here.read(lambda tables: check_token(tables, text))
    assert changed is not None
    assert changed.who == "eve", (
        "who writes into the tables is whoever they like: they are trusted as the log's writer is"
    )
    here.read(lambda tables: tables.run("UPDATE review_tokens SET digest = ?", (b"",)))
    assert here.read(lambda tables: check_token(tables, text)) is None


# ---------------------------------------------------------------------------------------------------------------- links


def test_a_link_says_whom_it_brings_where() -> None:
    assert read_link(link_token(LINK, KEY), KEY, LINK.expires - 1) == LINK


def test_a_link_is_the_same_each_time_it_is_made() -> None:
    assert link_token(LINK, KEY) == link_token(LINK, KEY)


def test_a_link_is_over_at_its_time() -> None:
    assert read_link(link_token(LINK, KEY), KEY, LINK.expires) is None


def test_each_letter_of_a_link_counts() -> None:
    text = link_token(LINK, KEY)
    for place in range(len(text)):
        for other in "AB_.":
            changed = text[:place] + other + text[place + 1 :]
            # the last letter of a digest carries two bits that say nothing
            assert changed == text or read_link(changed, KEY, 0) is None


@pytest.mark.parametrize("text", ["", ".", "a.b", "?" * 50, "A" * 4000, "a." + "A" * 43])
def test_any_other_text_is_no_link(text: str) -> None:
    assert read_link(text, KEY, 0) is None


def test_a_link_with_something_else_in_it_is_none() -> None:
    from tenetlang.review.links import _signature

    for content in ("e30", "bm8", "A"):
        assert read_link(f"{content}.{_signature(content.encode(), KEY)}", KEY, 0) is None


def test_another_key_makes_another_link_and_a_short_one_none() -> None:
    assert read_link(link_token(LINK, KEY), b"x" * 32, 0) is None
    with pytest.raises(ValueError, match="at least 32 are needed"):
        link_token(LINK, b"short")
