from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenetlang.review.rows import ReviewsDamaged, count, numbers, texts
from tests.unit.review.desks import Office, office


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path / "log.db") as made:
        yield made


def test_what_is_no_text_or_no_number_is_damage() -> None:
    assert texts(("a", 1, "b"), 0, 2) == ("a", "b")
    assert numbers(("a", 1, 2), 1, 2) == (1, 2)
    with pytest.raises(ReviewsDamaged, match="a text should be"):
        texts(("a", None), 0, 1)
    with pytest.raises(ReviewsDamaged, match="a number should be"):
        numbers((1, "2"), 0, 1)


def test_what_counts_nothing_is_damage(here: Office) -> None:
    assert here.read(lambda tables: count(tables, "SELECT COUNT(*) FROM review_tasks")) == 0
    with pytest.raises(ReviewsDamaged, match="gives no number"):
        here.read(lambda tables: count(tables, "SELECT 'x'"))


def test_a_task_that_is_stored_as_something_else_is_damage(here: Office) -> None:
    (task,) = here.ask()
    here.read(lambda tables: tables.run("DROP TABLE review_tasks"))
    here.read(lambda tables: tables.create("review_tasks", ("id TEXT", "content TEXT", "subject INTEGER")))
    here.read(lambda tables: tables.run("INSERT INTO review_tasks VALUES (?, 'x', 1)", (task.identifier,)))
    with pytest.raises(ReviewsDamaged, match="not stored as one"):
        here.task(task)


def test_a_token_that_is_stored_as_something_else_is_damage(here: Office) -> None:
    from tenetlang.review.tokens import add_token, check_token

    _, text = here.read(lambda tables: add_token(tables, "ada", here.now))
    here.read(lambda tables: tables.run("DROP TABLE review_tokens"))
    columns = ("id TEXT", "who TEXT", "digest TEXT", "made_at INTEGER", "revoked_at INTEGER")
    here.read(lambda tables: tables.create("review_tokens", columns))
    here.read(lambda tables: tables.run("INSERT INTO review_tokens VALUES (?, 'ada', 'x', 1, NULL)", (text[4:30],)))
    with pytest.raises(ReviewsDamaged, match="a token is not stored"):
        here.read(lambda tables: check_token(tables, text))
