"""The commands about logs, with a log that is on a PostgreSQL server: an address stands where the name of a file does."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tenetlang.audit import open_log, verify_log
from tenetlang.audit.stores.opening import open_to_read
from tests.servers import PASSWORD, postgres, postgres_log
from tests.unit.audit.samples import tamper
from tests.unit.cli.conftest import Tenet

__all__ = ["postgres", "postgres_log"]

pytestmark = pytest.mark.xdist_group("postgres")

POLICY = """package shop
tool refund(customer: string, amount: decimal)
allow small if { tool is refund; args.amount <= 50.00 }
"""

TABLES = {
    "records": ("idx", "record", "leaf"),
    "payloads": ("idx", "payload"),
    "checkpoints": ("number", "note"),
    "frontiers": ("size", "hashes"),
}


def request(amount: int) -> str:
    return json.dumps({"tool": "refund", "args": {"customer": "c1", "amount": amount}, "user": {"id": "u7"}}) + "\n"


def recorded(tenet: Tenet, log: str) -> str:
    """Four decisions in a log that is signed; gives by which key."""
    Path("shop.tenet").write_text(POLICY)
    made = tenet("audit", "keygen", "key", "--name", "example.com/log")
    words = ("eval", "shop.tenet", "-", "--lines", "--log", log, "--log-key", "key")
    answer = tenet(*words, given="".join(map(request, (10, 20, 70, 50))))
    assert (answer.status, answer.error) == (0, "")
    return made.out.strip()


def copied(file: str, address: str) -> None:
    """Puts what a file holds in the place of a log on a server."""
    open_log(address).close()
    with closing(open_to_read(file)) as database:
        for table, columns in TABLES.items():
            names, places = ", ".join(columns), ", ".join("?" for _ in columns)
            rows = database.run(f"SELECT {names} FROM {table}")
            statements = [(f"INSERT INTO {table} ({names}) VALUES ({places})", row) for row in rows]
            tamper(address, [(f"DELETE FROM {table}", ()), *statements])  # type: ignore[list-item]  # as they are


@pytest.mark.parametrize(
    "words",
    [
        ("verify",),
        ("verify", "LOG", "--format", "json"),
        ("show",),
        ("show", "LOG", "2", "--format", "json"),
        ("tail",),
        ("check", "LOG", "--now", "2036-01-01T00:00:00Z"),
        ("export",),
        ("export", "LOG", "--payloads"),
        ("export", "LOG", "--format", "ocsf"),
        ("export", "LOG", "--format", "readable", "--range", "1..2"),
        ("export", "LOG", "--verdict", "allow", "--related"),
        ("show", "LOG", "--rule", "small", "--since", "2020-01-01T00:00:00Z"),
        ("blame", "LOG", "2"),
        ("prove", "LOG", "2"),
        ("checkpoint",),
        ("erase", "LOG", "--dry-run", "--subject", "u7", "--by", "dpo", "--because", "asked"),
    ],
)
def test_a_log_reads_the_same_in_a_file_and_on_a_server(
    tenet: Tenet, postgres_log: str, words: tuple[str, ...]
) -> None:
    recorded(tenet, "log.db")
    copied("log.db", postgres_log)

    def answer(name: str) -> tuple[int, str, str]:
        rest = [name if word == "LOG" else word for word in words[1:]] or [name]
        found = tenet("audit", words[0], *rest)
        return found.status, found.out, found.error.replace(name, "LOG")

    on_server = answer(postgres_log)
    assert on_server == answer("log.db")
    assert on_server[0] == 0 or words[0] == "check", on_server


def test_a_log_on_a_server_is_written_signed_erased_and_handed_to_another_key(tenet: Tenet, postgres_log: str) -> None:
    key = recorded(tenet, postgres_log)
    assert tenet("audit", "verify", postgres_log, "--key", key).status == 0
    assert tenet("audit", "blame", postgres_log, "2").status == 0
    assert tenet("replay", "shop.tenet", "--log", postgres_log).status == 0
    erased = tenet("audit", "erase", postgres_log, "--subject", "u7", "--by", "dpo", "--because", "asked")
    assert erased.status == 1  # what was deleted stays in a server's files for a while
    assert "VACUUM FULL" in erased.error
    assert tenet("audit", "rotate", postgres_log, "--log-key", "key", "--new-key", "new").status == 0
    assert tenet("audit", "checkpoint", postgres_log, "--log-key", "new").status == 0
    found = verify_log(postgres_log)
    assert (found.ok, found.erased) == (True, 4)


def test_no_command_shows_the_password_of_an_address(tenet: Tenet, postgres_log: str, postgres: str) -> None:
    recorded(tenet, "log.db")
    for address in (postgres_log, f"{postgres}x#tenet", f"{postgres}#NO", postgres.replace(PASSWORD, f"{PASSWORD}1")):
        for words in (
            ("audit", "verify", address),
            ("audit", "show", address, "99"),
            ("audit", "tail", address),
            ("audit", "blame", address, "99"),
            ("audit", "checkpoint", address),
            ("audit", "prove", address, "1"),
            ("audit", "export", address, "-o", "out"),
            ("audit", "erase", address, "99", "--by", "x", "--because", "y"),
            ("eval", "shop.tenet", "-", "--log", address),
            ("check", address),
        ):
            answer = tenet(*words, given=request(1))
            assert PASSWORD not in answer.out + answer.error
