from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from tests.unit.cli.conftest import Tenet

POLICY = """package shop
data blocked: set[string]
tool refund(customer: string, amount: decimal)
tool ping()
@single
obligation stamp(text: string)
reviewers desk { who {"ann", "bob"}; quorum QUORUM; within 30m; else deny }
allow small if { tool is refund; args.amount <= LIMIT }
  because "{args.amount} is little"
  then mask("customer"), stamp("internal")
escalate large to desk if { tool is refund; args.amount > LIMIT; args.amount <= 100.00 }
deny blocked if { tool is refund; args.customer in data.blocked }
"""
REQUESTS = [
    {"tool": "refund", "args": {"customer": "c1", "amount": 20.50}},
    {"tool": "refund", "args": {"customer": "c1", "amount": 60}},
    {"tool": "refund", "args": {"customer": "c1", "amount": 100.01}},
    {"tool": "refund", "args": {"customer": "eve", "amount": 1}},
    {"tool": "refund", "args": {"customer": "é" * 200, "amount": "much"}},
    {"tool": "refund"},
    {"tool": "ping", "args": {}},
    {"tool": "unheard", "args": {}},
]


def write_policy(folder: Path, name: str, limit: str = "50.00", quorum: str = "2", *removed: str) -> None:
    text = POLICY.replace("LIMIT", limit).replace("QUORUM", quorum)
    for part in removed:
        assert part in text
        text = text.replace(part, "")
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "shop.tenet").write_text(text, encoding="utf-8")
    (folder / name / "blocked.json").write_text('["eve"]', encoding="utf-8")
    (folder / name / "tenet.toml").write_text('[data]\nblocked = "blocked.json"\n', encoding="utf-8")


@pytest.fixture
def shop(tenet: Tenet, tmp_path: Path) -> Tenet:
    """A policy in `shop`, its decisions in `log.db`, and the requests in `requests.jsonl`."""
    write_policy(tmp_path, "shop")
    lines = [*(json.dumps(request) for request in REQUESTS), "no JSON", ""]
    (tmp_path / "lines.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "requests.jsonl").write_text("".join(f"{line}\n" for line in lines[:8]), encoding="utf-8")
    assert tenet("eval", "shop", "lines.jsonl", "--lines", "--log", "log.db").status == 0
    return tenet


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "log.db")) as connection, connection:
        connection.create_function("leaf", 1, lambda record: sha256(b"\0" + record).digest())
        connection.execute(statement)


def test_what_a_policy_decided_it_decides_again(shop: Tenet) -> None:
    answer = shop("replay", "shop", "--log", "log.db")
    assert (answer.status, answer.error) == (0, "")
    assert answer.out.splitlines() == [
        "9 of 9 requests decided again by shop",
        "9 recorded by this policy: 9 exactly as recorded",
    ]


def test_an_export_with_payloads_is_as_good_as_the_log(shop: Tenet) -> None:
    shop("audit", "export", "log.db", "--payloads", "-o", "log.jsonl")
    one, other = (shop("replay", "shop", "--log", name, "--format", "json") for name in ("log.db", "log.jsonl"))
    assert (one.status, other.status) == (0, 0)
    assert one.out == other.out


def test_a_record_that_was_forged_in_good_order_is_named(shop: Tenet, tmp_path: Path) -> None:
    change(
        tmp_path,
        """UPDATE records SET record = CAST(replace(CAST(record AS TEXT), '"verdict":"escalate"}', '"verdict":"allow"}')
        AS BLOB) WHERE idx = 2""",
    )
    change(tmp_path, "UPDATE records SET leaf = leaf(record) WHERE idx = 2")
    answer = shop("replay", "shop", "--log", "log.db")
    assert answer.status == 1
    assert "record 2 (" in answer.out
    assert "not decided as recorded (decided.matched" in answer.out
    shape = json.loads(shop("replay", "shop", "--log", "log.db", "--format", "json").out)
    assert [item["index"] for item in shape["mismatches"]] == [2]
    assert (shape["checked"], shape["identical"]) == (9, 8)


def test_a_reason_that_stands_in_a_record_only_by_digest_is_compared(shop: Tenet, tmp_path: Path) -> None:
    change(
        tmp_path,
        """UPDATE records SET record = CAST(replace(CAST(record AS TEXT),
        json_extract(CAST(record AS TEXT), '$.decided.reason'), '"""
        + "0" * 64
        + "') AS BLOB) WHERE idx = 1",
    )
    change(tmp_path, "UPDATE records SET leaf = leaf(record) WHERE idx = 1")
    answer = shop("replay", "shop", "--log", "log.db", "--fail-on", "never")
    assert answer.status == 1
    assert "(decided.reason)" in answer.out


def test_a_changed_record_or_payload_is_named_and_the_others_are_decided(shop: Tenet, tmp_path: Path) -> None:
    change(tmp_path, "UPDATE records SET record = CAST(replace(record, 'allow', 'ollaw') AS BLOB) WHERE idx = 1")
    change(tmp_path, "UPDATE payloads SET payload = CAST(replace(payload, '60', '61') AS BLOB) WHERE idx = 2")
    answer = shop("replay", "shop", "--log", "log.db")
    assert answer.status == 1
    assert "record 1  the record's hash is not its leaf: it was changed" in answer.out
    assert "the payload is not the one that the record names: it was changed" in answer.out
    assert "7 of 9 requests decided again by shop (2 that can't be read)" in answer.out


def test_erased_requests_are_counted_and_not_made_up(shop: Tenet, tmp_path: Path) -> None:
    change(tmp_path, "DELETE FROM payloads WHERE idx IN (1, 2)")
    answer = shop("replay", "shop", "--log", "log.db")
    assert answer.status == 0
    assert answer.out.startswith("7 of 9 requests decided again by shop (2 erased)\n")
    change(tmp_path, "DELETE FROM payloads")
    assert shop("replay", "shop", "--log", "log.db").status == 5


def test_another_policy_is_compared_the_most_dangerous_first(shop: Tenet, tmp_path: Path) -> None:
    write_policy(tmp_path, "loose", "70.00", "2", "deny blocked if { tool is refund; args.customer in data.blocked }")
    answer = shop("replay", "loose", "--log", "log.db", "--data", "blocked=shop/blocked.json")
    assert answer.status == 1
    shape = json.loads(shop("replay", "loose", "--log", "log.db", "--format", "json").out)
    assert [(item["before"], item["after"], item["count"]) for item in shape["changes"]] == [
        ("deny", "allow", 1),
        ("escalate", "allow", 1),
    ]
    assert shape["changes"][0]["rules_before"] == ["blocked"]
    assert shape["changes"][0]["example"]["request"] == REQUESTS[3]
    assert (shape["same"], shape["changed"], shape["checked"]) == (7, 2, 0)


def test_a_stricter_policy_fails_only_where_that_is_asked_for(shop: Tenet, tmp_path: Path) -> None:
    write_policy(tmp_path, "strict", "10.00")
    assert shop("replay", "strict", "--log", "log.db").status == 0
    assert shop("replay", "strict", "--log", "log.db", "--fail-on", "any").status == 1


def test_fewer_obligations_and_fewer_reviewers_are_weaker(shop: Tenet, tmp_path: Path) -> None:
    write_policy(tmp_path, "bare", "50.00", "1", ', stamp("internal")')
    answer = shop("replay", "bare", "--log", "log.db", "--format", "json")
    assert answer.status == 1
    shape = json.loads(answer.out)
    assert [(item["kind"], item["lost"]) for item in shape["changes"]] == [
        ("fewer-obligations", ["stamp"]),
        ("fewer-reviewers", ["desk: 2 within 30m, else deny"]),
    ]


def test_other_documents_are_told_and_only_compared(shop: Tenet, tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("[]", encoding="utf-8")
    answer = shop("replay", "shop", "--log", "log.db", "--data", "blocked=none.json")
    assert answer.status == 1
    assert "other documents than recorded, so compared only: `blocked`" in answer.out
    assert "deny → allow (blocked → small): 1" in answer.out


def test_requests_alone_are_decided_and_counted_by_rule(shop: Tenet) -> None:
    answer = shop("replay", "shop", "--requests", "requests.jsonl", "--format", "json")
    assert answer.status == 0
    shape = json.loads(answer.out)
    assert [(item["after"], item["rules_after"], item["count"]) for item in shape["changes"]] == [
        ("allow", ["small"], 1),
        ("deny", ["default"], 2),
        ("deny", ["invalid_request"], 2),
        ("deny", ["blocked"], 1),
        ("deny", ["unknown_tool"], 1),
        ("escalate", ["large"], 1),
    ]


def test_requests_are_compared_with_what_an_older_policy_decides(shop: Tenet, tmp_path: Path) -> None:
    write_policy(tmp_path, "loose", "70.00")
    answer = shop("replay", "loose", "--requests", "requests.jsonl", "--against", "shop")
    assert answer.status == 1
    assert "escalate → allow (large → small): 1\n    line 2  " in answer.out


def test_requests_with_their_decisions_are_checked(shop: Tenet, tmp_path: Path) -> None:
    decided = shop("eval", "shop", "requests.jsonl", "--lines", "--format", "json").out.splitlines()
    pairs = [
        {"request": request, "decision": json.loads(line)} for request, line in zip(REQUESTS, decided, strict=True)
    ]
    given = "".join(json.dumps(pair) + "\n" for pair in pairs)
    answer = shop("replay", "shop", "--requests", "-", given=given)
    assert (answer.status, answer.out.splitlines()[1]) == (0, "8 recorded by this policy: 8 exactly as recorded")
    answer = shop("replay", "shop", "--requests", "-", given=given.replace("is little", "is nothing"))
    assert (answer.status, "line 1  not decided as recorded (reason)" in answer.out) == (1, True)


def test_lines_that_are_no_requests_are_named(shop: Tenet) -> None:
    given = '{"tool": "ping"\n[1]\n\n{"verdict": "deny", "decided_by": [], "bundle": ""}\n{"tool": "ping", "args": {}}'
    answer = shop("replay", "shop", "--requests", "-", given=given)
    assert answer.status == 1
    assert answer.out.splitlines()[:4] == [
        "1 of 4 requests decided again by shop (3 that can't be read)",
        "line 1  the document is not JSON, at character 15",
        "line 2  the line is JSON, but no object",
        'line 4  it is a decision without its request; write {"request": …, "decision": …}',
    ]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([], 2),
        (["--log", "log.db", "--requests", "requests.jsonl"], 2),
        (["--log", "log.db", "--against", "shop"], 2),
        (["--log", "missing.db"], 2),
        (["--log", "requests.jsonl"], 1),
        (["--requests", "missing.jsonl"], 2),
        (["--requests", "shop/blocked.json", "--jobs", "0"], 2),
    ],
)
def test_what_can_t_be_used_is_said(shop: Tenet, words: list[str], status: int) -> None:
    answer = shop("replay", "shop", *words)
    assert answer.status == status


def test_nothing_to_decide_is_told(shop: Tenet) -> None:
    answer = shop("replay", "shop", "--requests", "-", given="\n\n")
    assert (answer.status, answer.error) == (5, "error: there is nothing to decide again\n")


@pytest.mark.deep
def test_ctrl_c_ends_all_processes_without_a_word(shop: Tenet, tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text('{"tool": "ping", "args": {}}\n' * 2_000_000, encoding="utf-8")
    words = [sys.executable, "-m", "tenetlang", "replay", "shop", "--requests", "many.jsonl", "--jobs", "2"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, start_new_session=True) as process:
        time.sleep(6)
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, b"")


def test_a_query_is_built_and_says_what_it_leaves(shop: Tenet, tmp_path: Path) -> None:
    answer = shop("build", "shop", "--target", "sql", "--dialect", "spark", "-o", "shop.sql")
    assert answer.status == 0
    assert answer.error.startswith("built shop.sql from shop, sha256:")
    text = (tmp_path / "shop.sql").read_text(encoding="utf-8")
    assert "--   tenet_matched_0, bit 2: blocked (deny)\n" in text
    assert "'eve'" in text


def test_a_table_is_replayed_by_duckdb(shop: Tenet, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        rows = "SELECT 'refund' AS tool, CAST(n AS DECIMAL(30, 12)) AS args__amount, 'c1' AS args__customer FROM range(45, 65) AS made(n)"
        connection.execute(f"COPY ({rows}) TO '{tmp_path}/table.parquet' (FORMAT parquet)")
    answer = shop("replay", "shop", "--engine", "duckdb", "--requests", "table.parquet")
    assert answer.status == 0
    assert "  allow by small: 6\n    row 1  " in answer.out
    assert "  escalate by large: 14\n    row 7  " in answer.out
    assert answer.error == "20 of 20 rows decided by the query, the others by the evaluator\n"
    write_policy(tmp_path, "loose", "60.00")
    answer = shop(
        "replay", "loose", "--engine", "duckdb", "--requests", "table.parquet", "--against", "shop", "--format", "json"
    )
    assert answer.status == 1
    assert [(item["before"], item["after"], item["count"]) for item in json.loads(answer.out)["changes"]] == [
        ("escalate", "allow", 10)
    ]


def test_a_table_goes_with_its_engine_only(shop: Tenet) -> None:
    assert shop("replay", "shop", "--requests", "table.parquet").status == 2
    assert shop("replay", "shop", "--requests", "requests.jsonl", "--engine", "duckdb").status == 2
    assert shop("replay", "shop", "--requests", "table.parquet", "--engine", "duckdb").status == 2


@pytest.mark.parametrize("reasons", [["stopped"], ["small", "unavailable"]])
def test_what_was_allowed_is_decided_again_whatever_it_says_decided_it(
    shop: Tenet, tmp_path: Path, reasons: list[str]
) -> None:
    request = {"tool": "refund", "args": {"customer": "c1", "amount": 100.01}}
    forged = {"verdict": "allow", "decided_by": reasons}
    (tmp_path / "pairs.jsonl").write_text(json.dumps({"request": request, "decision": forged}) + "\n", encoding="utf-8")
    answer = shop("replay", "shop", "--requests", "pairs.jsonl", "--format", "json")
    assert json.loads(answer.out)["elsewhere"] == 0
    assert json.loads(answer.out)["replayed"] == 1
    (tmp_path / "pairs.jsonl").write_text(
        json.dumps({"request": request, "decision": {"verdict": "deny", "decided_by": ["stopped"]}}) + "\n",
        encoding="utf-8",
    )
    assert json.loads(shop("replay", "shop", "--requests", "pairs.jsonl", "--format", "json").out)["elsewhere"] == 1
