"""`tenet guard`: an operator stops calls, sees what is stopped, and lets them go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenetlang.guard import Denied
from tests.unit.cli.conftest import Tenet
from tests.unit.guard.guards import WHO, open_guard, records


def test_all_calls_are_stopped_and_go_on(tenet: Tenet, tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        stopped = tenet("guard", "stop", "log.db", "--because", "something is wrong", "--by", "ada")
        assert (stopped.status, stopped.out, stopped.error) == (0, "", "every call is stopped\n")
        with pytest.raises(Denied, match="calls like this one are stopped"):
            guard.call("fetch", {"page": "x"}, **WHO)
        again = tenet("guard", "stop", "log.db", "--by", "grace")
        assert (again.status, again.error) == (0, "every call was stopped\n")
        shown = tenet("guard", "status", "log.db")
        assert shown.status == 1
        assert shown.out.startswith("every call is stopped since 20")
        assert shown.out.endswith("Z by ada: something is wrong\n")
        resumed = tenet("guard", "resume", "log.db", "--because", "mended")
        assert (resumed.status, resumed.error) == (0, "every call goes on\n")
        with guard.call("fetch", {"page": "x"}, **WHO) as permit:
            permit.result(None)
    assert [(record["what"], record["by"]) for record in records(tmp_path, "guard.stopped")] == [
        ("all", "ada"),
        ("all", "grace"),
    ]
    assert len(records(tmp_path, "guard.resumed")) == 1


def test_the_calls_of_an_agent_or_a_tool_are_stopped(tenet: Tenet, tmp_path: Path) -> None:
    open_guard(tmp_path).close()
    assert tenet("guard", "status", "log.db").out == "nothing is stopped\n"
    assert tenet("guard", "stop", "log.db", "--agent", "a\u202e1").error.startswith("agent a\\u{202e}1 is stopped\n")
    assert tenet("guard", "stop", "log.db", "--tool", "email.send").error.startswith("tool email.send is stopped\n")
    shown = tenet("guard", "status", "log.db", "--format", "json")
    assert shown.status == 1
    assert [(item["what"], item["because"]) for item in json.loads(shown.out)["stopped"]] == [
        ("agent:a\u202e1", None),
        ("tool:email.send", None),
    ]
    assert tenet("guard", "resume", "log.db", "--tool", "email.send").status == 0


def test_a_name_that_no_call_had_lately_is_stopped_and_doubted(tenet: Tenet, tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard, guard.call("fetch", {"page": "x"}, **WHO) as permit:
        permit.result(None)
    assert tenet("guard", "stop", "log.db", "--tool", "fetch").error == "tool fetch is stopped\n"
    assert tenet("guard", "stop", "log.db", "--agent", "a1").error == "agent a1 is stopped\n"
    doubted = tenet("guard", "stop", "log.db", "--tool", "fecth")
    assert doubted.status == 0
    assert doubted.error == (
        "tool fecth is stopped\nnone of the newest 1,000 records is of tool fecth; if you misspelled it, its calls go on\n"
    )
    assert "none of the newest" in tenet("guard", "stop", "log.db", "--agent", "A1").error


def test_what_was_not_stopped_does_not_go_on(tenet: Tenet, tmp_path: Path) -> None:
    open_guard(tmp_path).close()
    answer = tenet("guard", "resume", "log.db", "--agent", "a1")
    assert (answer.status, answer.error) == (5, "agent a1 was not stopped; `tenet guard status` shows what is\n")
    assert records(tmp_path, "guard.resumed") == []


def test_what_can_not_be_stopped_is_said(tenet: Tenet, tmp_path: Path) -> None:
    assert tenet("guard", "stop", "log.db").status == 2
    assert not (tmp_path / "log.db").exists()
    open_guard(tmp_path).close()
    both = tenet("guard", "stop", "log.db", "--agent", "a1", "--tool", "x")
    assert (both.status, "throw two for both" in both.error) == (2, True)
    assert tenet("guard", "stop", "log.db", "--agent", "").status == 2


def test_whoever_has_no_name_stops_calls_all_the_same(
    tenet: Tenet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("no such user")

    open_guard(tmp_path).close()
    monkeypatch.setattr("getpass.getuser", nobody)
    assert tenet("guard", "stop", "log.db").status == 0
    assert records(tmp_path, "guard.stopped")[0]["by"] == "unknown"
