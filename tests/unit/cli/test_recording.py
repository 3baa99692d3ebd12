from __future__ import annotations

import re
from pathlib import Path

import pytest

from tenetlang.audit import Surroundings, show, verify_log
from tenetlang.cli.answer import Answer
from tenetlang.cli.recording import open_recorder
from tenetlang.decision import Decision

ALLOWED = Answer(
    Decision("p", "sha256:" + "0" * 64, "allow", ("small",), "rule small", compact_trace={"leaf": "leaf 0"}),
    {"tool": "refund", "args": {}},
    1000,
)
REFUSED = Answer(Decision("p", "sha256:" + "0" * 64, "deny", ("invalid_request",), "invalid request"), b"{", 1000)


def test_an_answer_is_in_the_log_under_the_identifier_that_it_carries(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path / "log.db", Surroundings())
    answers = recorder.record([ALLOWED, REFUSED])
    recorder.close()
    assert recorder.failure is None
    assert [answer.decision for answer in answers] == [ALLOWED.decision, REFUSED.decision]
    assert verify_log(tmp_path / "log.db").size == 3
    for answer, verdict in zip(answers, ("allow", "deny"), strict=True):
        assert answer.identifier is not None
        assert re.fullmatch("[0-9A-Z]{26}", answer.identifier)
        assert answer.to_json(trace=False)["id"] == answer.identifier
        record = show(tmp_path / "log.db", answer.identifier)["record"]
        assert isinstance(record, dict)
        assert record["decided"]["verdict"] == verdict


@pytest.mark.parametrize("kind", ["folder", "other", "missing"])
def test_where_nothing_can_be_recorded_nothing_is_allowed(tmp_path: Path, kind: str) -> None:
    log = tmp_path / "log.db"
    if kind == "folder":
        log.mkdir()
    elif kind == "other":
        log.write_text("something else", encoding="utf-8")
    else:
        log = tmp_path / "no" / "folder" / "log.db"
    recorder = open_recorder(log, Surroundings())
    (answer,) = recorder.record([ALLOWED])
    assert recorder.failure
    assert (answer.decision.verdict, answer.decision.decided_by) == ("deny", ("unavailable",))
    assert answer.decision.reason.startswith("the decision can't be recorded: ")
    assert answer.identifier is None
    assert "id" not in answer.to_json(trace=True)
    recorder.close()


def test_after_a_failed_write_everything_is_denied(tmp_path: Path) -> None:
    recorder = open_recorder(tmp_path / "log.db", Surroundings())
    recorder.record([ALLOWED])
    recorder.close()
    answers = recorder.record([ALLOWED, ALLOWED])
    assert [answer.decision.verdict for answer in answers] == ["deny", "deny"]
    assert recorder.record([ALLOWED])[0].decision.verdict == "deny"
    assert verify_log(tmp_path / "log.db").size == 2
