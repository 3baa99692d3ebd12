"""The tables of reviews, beside those of the log: tasks, what they are about, messages to be sent, how channels fare, tokens.

    review_tasks     each task as JSON, and of it in columns what is looked for
    review_requests  the call that a decision is about, as reviewers see it; sealed where the log's payloads are
    review_outbox    messages that are still to be sent, or sent again
    review_channels  when a channel last worked, and since when it does not
    review_tokens    digests of the tokens with which reviewers answer

All statements are such as SQLite and PostgreSQL read alike (`audit/stores/tables.py`). Nothing here decides anything. What is read
is checked as far as it is used: the tables are trusted as much as the process that writes the log, and not more than it; a task that
can't be read raises `ReviewsDamaged`, and whoever asked denies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
import msgspec

from tenetlang.audit.stores.tables import Cell, Tables
from tenetlang.review.tasks import Task

TABLES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "review_tasks",
        (
            "id TEXT NOT NULL PRIMARY KEY",
            "decision TEXT NOT NULL",
            "binding TEXT NOT NULL",
            "asker TEXT NOT NULL",
            "status TEXT NOT NULL",
            "due INTEGER NOT NULL",
            "keep_until INTEGER NOT NULL",
            "subject TEXT",
            "content BLOB NOT NULL",
        ),
    ),
    (
        "review_requests",
        (
            "decision TEXT NOT NULL PRIMARY KEY",
            "sealed INTEGER NOT NULL",
            "content BLOB NOT NULL",
        ),
    ),
    (
        "review_outbox",
        (
            "id TEXT NOT NULL PRIMARY KEY",
            "task TEXT NOT NULL",
            "channel TEXT NOT NULL",
            "who TEXT NOT NULL",
            "address TEXT NOT NULL",
            "status TEXT NOT NULL",
            "next_at INTEGER NOT NULL",
            "leased_until INTEGER NOT NULL",
            "attempts INTEGER NOT NULL",
            "failures INTEGER NOT NULL",
            "sent INTEGER NOT NULL",
        ),
    ),
    (
        "review_channels",
        (
            "channel TEXT NOT NULL PRIMARY KEY",
            "worked_at INTEGER NOT NULL",
            "failures INTEGER NOT NULL",
            "next_at INTEGER NOT NULL",
            "said TEXT NOT NULL",
        ),
    ),
    (
        "review_tokens",
        (
            "id TEXT NOT NULL PRIMARY KEY",
            "who TEXT NOT NULL",
            "digest BLOB NOT NULL",
            "made_at INTEGER NOT NULL",
            "revoked_at INTEGER",
        ),
    ),
)

_INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS review_tasks_due ON review_tasks (status, due)",
    "CREATE INDEX IF NOT EXISTS review_tasks_binding ON review_tasks (binding, status)",
    "CREATE INDEX IF NOT EXISTS review_tasks_asker ON review_tasks (asker, status)",
    "CREATE INDEX IF NOT EXISTS review_tasks_decision ON review_tasks (decision)",
    "CREATE INDEX IF NOT EXISTS review_outbox_next ON review_outbox (status, next_at)",
    "CREATE INDEX IF NOT EXISTS review_outbox_task ON review_outbox (task)",
)

_decoder = msgspec.json.Decoder(Task)
_encoder = msgspec.json.Encoder()


class ReviewsDamaged(Exception):
    """A table of reviews holds what nobody wrote there: compare it with the log, in which every step of each task is."""


@attrs.frozen
class StoredTask:
    """A task, and the person whose key seals what belongs to it."""

    task: Task
    subject: str | None


def create_tables(tables: Tables) -> None:
    """Creates what is not there yet."""
    for name, columns in TABLES:
        tables.create(name, columns)
    for statement in _INDEXES:
        tables.run(statement)


def load(tables: Tables, identifier: str) -> StoredTask | None:
    """The task of an identifier, if there is one."""
    rows = tables.run("SELECT content, subject FROM review_tasks WHERE id = ?", (identifier,))
    return _stored(rows[0]) if rows else None


def load_all(tables: Tables, statement: str, values: tuple[Cell, ...]) -> tuple[StoredTask, ...]:
    """The tasks of a statement that gives `content` and `subject`."""
    return tuple(map(_stored, tables.run(statement, values)))


def load_waiting(tables: Tables, after: Task | None, most: int) -> tuple[StoredTask, ...]:
    """Tasks that wait, the most urgent first; of those that come after another one."""
    due, identifier = (-1, "") if after is None else (after.due, after.identifier)
    return load_all(
        tables,
        "SELECT content, subject FROM review_tasks WHERE status = 'waiting' AND (due > ? OR (due = ? AND id > ?)) "
        "ORDER BY due, id LIMIT ?",
        (due, due, identifier, most),
    )


def insert(tables: Tables, task: Task, asker: str, subject: str | None) -> None:
    """Stores a new task. `asker` is who asked for the call, to be counted by."""
    tables.run(
        "INSERT INTO review_tasks (id, decision, binding, asker, status, due, keep_until, subject, content) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            task.identifier,
            task.decision,
            task.binding,
            asker,
            task.status,
            task.due,
            0,
            subject,
            _encoder.encode(task),
        ),
    )


def update(tables: Tables, task: Task, keep_until: int) -> None:
    """Stores what a task has become."""
    tables.run(
        "UPDATE review_tasks SET status = ?, due = ?, keep_until = ?, content = ? WHERE id = ?",
        (task.status, task.due, keep_until, _encoder.encode(task), task.identifier),
    )


def count(tables: Tables, statement: str, values: tuple[Cell, ...] = ()) -> int:
    """The number that a statement counts."""
    ((number,),) = tables.run(statement, values)
    if not isinstance(number, int):
        raise ReviewsDamaged(f"`{statement}` gives no number")
    return number


def texts(row: Sequence[Cell], *columns: int) -> tuple[str, ...]:
    """The texts in these columns of a row. Raises `ReviewsDamaged`."""
    found = [row[column] for column in columns]
    if not all(isinstance(cell, str) for cell in found):
        raise ReviewsDamaged("a row has something else where a text should be")
    return tuple(map(str, found))


def numbers(row: Sequence[Cell], *columns: int) -> tuple[int, ...]:
    """The numbers in these columns of a row. Raises `ReviewsDamaged`."""
    found = tuple(cell for column in columns if isinstance(cell := row[column], int))
    if len(found) != len(columns):
        raise ReviewsDamaged("a row has something else where a number should be")
    return found


def _stored(row: Sequence[Cell]) -> StoredTask:
    content, subject = row
    if not isinstance(content, bytes) or not isinstance(subject, str | None):
        raise ReviewsDamaged("a task is not stored as one")
    try:
        return StoredTask(_decoder.decode(content), subject)
    except (msgspec.MsgspecError, ValueError, RecursionError) as mistake:
        raise ReviewsDamaged(f"a task can't be read: {mistake}") from mistake
