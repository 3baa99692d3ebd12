from __future__ import annotations

import json
from pathlib import Path

import apsw
import pytest

from tests.unit.cli.conftest import Tenet

POLICY = """package shop
import std.agents

tool lookup(id: string)

default deny

allow lookups if {
    tool is lookup
}
"""


def asked(user: str) -> str:
    request = {"tool": "lookup", "args": {"id": f"order of {user}"}, "user": {"id": user}, "agent": {"id": "a1"}}
    return json.dumps(request)


def decide(tenet: Tenet, *words: str, users: tuple[str, ...] = ("ann", "bob", "ann")) -> None:
    lines = "".join(f"{asked(user)}\n" for user in users)
    answer = tenet("eval", "shop.tenet", "-", "--lines", "--fill", "--log", "log.db", *words, given=lines)
    assert answer.status == 0, answer


@pytest.fixture
def shop(tenet: Tenet, tmp_path: Path) -> Tenet:
    (tmp_path / "shop.tenet").write_text(POLICY, encoding="utf-8")
    return tenet


@pytest.fixture
def sealed(shop: Tenet) -> Tenet:
    assert shop("audit", "keyring", "keys").status == 0
    decide(shop, "--payload-keys", "keys")
    return shop


def files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("log.db*"))


def test_what_callers_sent_is_sealed_and_read_with_the_keys_alone(sealed: Tenet, tmp_path: Path) -> None:
    assert b"order of" not in files(tmp_path)
    answer = sealed("audit", "verify", "log.db")
    assert (answer.status, answer.out.splitlines()[:2]) == (
        0,
        ["sound: 4 records", "not opened: 3 sealed payloads; --payload-keys opens"],
    )
    answer = sealed("audit", "verify", "log.db", "--payload-keys", "keys", "--format", "json")
    shape = json.loads(answer.out)
    assert (shape["ok"], shape["payloads"], shape["sealed"], shape["erased"]) == (True, 3, 0, 0)
    assert "order of" not in sealed("audit", "show", "log.db", "2").out
    assert "order of bob" in sealed("audit", "show", "log.db", "2", "--payload-keys", "keys").out


def test_a_person_is_erased_and_the_log_says_so_and_still_verifies(sealed: Tenet, tmp_path: Path) -> None:
    answer = sealed("audit", "erase", "log.db", "--subject", "ann", "--payload-keys", "keys", "--because", "asked for")
    assert (answer.status, answer.out) == (0, "erased 2 payloads and 1 key; recorded as 4\n")
    found = sealed("audit", "verify", "log.db", "--payload-keys", "keys")
    assert found.out.startswith("sound: 5 records, 2 without what the callers sent\nremember")
    record = json.loads(sealed("audit", "show", "log.db", "4", "--format", "json").out)["record"]
    assert (record["kind"], record["records"], record["because"]) == ("erasure", [1, 3], "asked for")
    again = sealed("audit", "erase", "log.db", "--subject", "ann", "--payload-keys", "keys", "--because", "x")
    assert (again.status, again.out) == (5, "there was nothing to erase\n")
    decide(sealed, "--payload-keys", "keys", users=("ann",))
    assert "order of ann" in sealed("audit", "show", "log.db", "5", "--payload-keys", "keys").out


def test_payloads_are_erased_by_record_by_index_and_by_age(shop: Tenet, tmp_path: Path) -> None:
    decide(shop)
    answer = shop("audit", "erase", "log.db", "2", "--because", "a card number", "--by", "me", "--format", "json")
    assert (answer.status, json.loads(answer.out)) == (
        0,
        {
            "schema_version": 1,
            "index": 4,
            "payloads": 1,
            "keys": 0,
            "traces": False,
            "dry_run": False,
            "beside": {"requests": 0, "calls": 0, "unreached": 0},
        },
    )
    assert b"order of bob" not in files(tmp_path)
    assert (
        shop("audit", "erase", "log.db", "--before", "2", "--because", "old").out == "erased 1 payload; recorded as 5\n"
    )
    assert shop("audit", "erase", "log.db", "--older-than", "1d", "--because", "old").status == 5
    assert shop("audit", "erase", "log.db", "--older-than", "0s", "--because", "old").out.startswith(
        "erased 1 payload;"
    )
    assert b"order of" not in files(tmp_path)
    assert shop("audit", "verify", "log.db").out.startswith(
        "sound: 7 records, 3 without what the callers sent\nremember"
    )


def test_a_payload_that_is_missing_without_a_record_is_told(shop: Tenet) -> None:
    decide(shop)
    connection = apsw.Connection("log.db")
    connection.execute("DELETE FROM payloads WHERE idx = 2")
    connection.close()
    found = shop("audit", "verify", "log.db")
    assert found.status == 0
    assert "not recorded: why 1 of them are missing" in found.out
    assert shop("audit", "export", "log.db", "-o", "log.jsonl").status == 0
    assert "not recorded" not in shop("audit", "verify", "log.jsonl").out
    assert shop("audit", "export", "log.db", "--payloads", "-o", "whole.jsonl").status == 0
    assert "not recorded" in shop("audit", "verify", "whole.jsonl").out


def test_traces_that_a_reader_keeps_are_told(shop: Tenet, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(shop)
    monkeypatch.setattr("tenetlang.audit.stores.sqlite_database.SqliteDatabase.forget", lambda _: False)
    answer = shop("audit", "erase", "log.db", "1", "--because", "x")
    assert answer.status == 1
    assert "traces of what was erased are still beside it" in answer.error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say what is erased"),
        (("1", "--before", "2"), "say what is erased"),
        (("--subject", "a", "--older-than", "1d"), "say what is erased"),
        (("--older-than", "a while"), "--older-than"),
        (("--older-than", "-1d"), "in the future"),
        (("--retention", "--before", "2"), "not configured"),
        (("--retention",), "not configured: there is no tenet.toml"),
        (("1", "--policy", "."), "--policy says where the configuration is"),
        (("77",), "holds no record 77, so nothing was erased"),
    ],
)
def test_an_erasure_that_is_not_clear_erases_nothing(shop: Tenet, words: tuple[str, ...], said: str) -> None:
    decide(shop)
    answer = shop("audit", "erase", "log.db", *words, "--because", "x")
    assert answer.status != 0
    assert said in answer.error
    assert shop("audit", "verify", "log.db").out.startswith("sound: 4 records\n")


def test_requests_that_are_sealed_are_decided_again_with_the_keys(sealed: Tenet) -> None:
    without = sealed("replay", "shop.tenet", "--log", "log.db", "--jobs", "1")
    assert without.out.startswith("0 of 3 requests decided again by shop (3 sealed)")
    opened = sealed("replay", "shop.tenet", "--log", "log.db", "--jobs", "1", "--payload-keys", "keys")
    assert "3 recorded by this policy: 3 exactly as recorded" in opened.out


@pytest.mark.parametrize(
    "words",
    [
        ("eval", "shop.tenet", "-", "--payload-keys", "keys"),
        ("replay", "shop.tenet", "--requests", "-", "--payload-keys", "keys"),
    ],
)
def test_keys_without_a_log_are_refused(shop: Tenet, words: tuple[str, ...]) -> None:
    answer = shop(*words, given=asked("ann"))
    assert answer.status == 2
    assert "goes with --log" in answer.error


def test_nothing_is_decided_with_keys_that_others_may_read_or_that_are_none(sealed: Tenet, tmp_path: Path) -> None:
    (tmp_path / "keys.master").chmod(0o644)
    answer = sealed(
        "eval", "shop.tenet", "-", "--fill", "--log", "log.db", "--payload-keys", "keys", given=asked("ann")
    )
    assert answer.status != 0
    assert answer.out == ""
    assert "may be read by others" in answer.error
    missing = sealed("eval", "shop.tenet", "-", "--log", "log.db", "--payload-keys", "none", given=asked("ann"))
    assert (missing.status != 0, missing.out) == (True, "")


def test_where_a_key_cannot_be_made_any_more_the_decision_is_to_deny(
    sealed: Tenet, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenetlang.audit import LogUnavailable

    def unavailable(*_: object) -> None:
        raise LogUnavailable("cannot use the keys")

    monkeypatch.setattr("tenetlang.audit.payloads.keyring.Keyring.key_for", unavailable)
    answer = sealed(
        "eval", "shop.tenet", "-", "--fill", "--log", "log.db", "--payload-keys", "keys", given=asked("ann")
    )
    assert answer.status == 1
    assert "deny" in answer.out
    assert "can't be recorded: cannot use the keys" in answer.out


def test_a_keyring_is_never_made_twice(sealed: Tenet, tmp_path: Path) -> None:
    before = (tmp_path / "keys.master").read_bytes()
    answer = sealed("audit", "keyring", "keys")
    assert answer.status != 0
    assert "there already" in answer.error
    assert (tmp_path / "keys.master").read_bytes() == before


def test_what_is_due_by_the_configuration_is_erased_by_a_schedule(shop: Tenet, tmp_path: Path) -> None:
    decide(shop)
    (tmp_path / "tenet.toml").write_text('[audit]\nretention = "1d"\n', encoding="utf-8")
    nothing = shop("audit", "erase", "log.db", "--retention")
    assert (nothing.status, nothing.out) == (0, "there was nothing to erase\n")
    (tmp_path / "short").mkdir()
    (tmp_path / "short" / "tenet.toml").write_text('[audit]\nretention = "1ns"\n', encoding="utf-8")
    told = shop("audit", "erase", "log.db", "--retention", "--policy", "short", "--dry-run")
    assert (told.status, told.out) == (0, "would erase 3 payloads\n")
    done = shop("audit", "erase", "log.db", "--retention", "--policy", "short", "--by", "cron")
    assert (done.status, done.out) == (0, "erased 3 payloads; recorded as 4\n")
    record = json.loads(shop("audit", "show", "log.db", "4", "--format", "json").out)["record"]
    assert (record["because"], record["by"], record["before"]) == ("retention of 1ns", "cron", 4)
    (tmp_path / "tenet.toml").write_text("", encoding="utf-8")
    assert "tenet.toml says none" in shop("audit", "erase", "log.db", "--retention").error


def test_a_dry_run_needs_no_reason_and_changes_nothing(sealed: Tenet) -> None:
    words = ("audit", "erase", "log.db", "--subject", "ann", "--payload-keys", "keys")
    assert "say why with --because" in sealed(*words).error
    assert sealed(*words, "--dry-run").out == "would erase 2 payloads and 1 key\n"
    shape = json.loads(sealed(*words, "--dry-run", "--format", "json").out)
    assert (shape["payloads"], shape["keys"], shape["dry_run"], shape["index"]) == (2, 1, True, None)
    nobody = sealed("audit", "erase", "log.db", "--subject", "zoe", "--payload-keys", "keys", "--dry-run")
    assert (nobody.status, nobody.out) == (5, "there is nothing to erase\n")
    assert sealed("audit", "verify", "log.db").out.startswith("sound: 4 records\n")


def test_the_master_key_is_changed_and_the_payloads_still_open(sealed: Tenet, tmp_path: Path) -> None:
    before = (tmp_path / "keys.master").read_bytes()
    answer = sealed("audit", "keyring", "keys", "--new-master")
    assert answer.status == 0
    assert "keys.master` is a new master key, and opens 2 keys; copies of `keys` open no more" in answer.error
    assert (tmp_path / "keys.master").read_bytes() != before
    assert "order of bob" in sealed("audit", "show", "log.db", "2", "--payload-keys", "keys").out
    assert sealed("audit", "keyring", "keys", "--new-master", "--subjects", "user").status == 2
    assert sealed("audit", "keyring", "none", "--new-master").status != 0


def test_wrappings_that_a_reader_keeps_are_told(sealed: Tenet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenetlang.audit.payloads.keyring.Keyring.change_master", lambda _: (1, False))
    answer = sealed("audit", "keyring", "keys", "--new-master")
    assert answer.status == 1
    assert "opens 1 key;" in answer.error
    assert "still beside it" in answer.error


def test_for_a_log_on_a_server_the_configuration_is_that_of_the_current_folder(tenet: Tenet, tmp_path: Path) -> None:
    address = "postgresql://localhost:1/nothing"
    assert "there is no tenet.toml" in tenet("audit", "erase", address, "--retention").error
    (tmp_path / "tenet.toml").write_text('[audit]\nretention = "1d"\n', encoding="utf-8")
    answer = tenet("audit", "erase", address, "--retention")
    assert answer.status not in (0, 70)
    assert "cannot open" in answer.error
