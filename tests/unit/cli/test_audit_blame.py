"""`tenet audit blame`, from the outside."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tenetlang.audit import Surroundings
from tenetlang.audit.blame import PARTIES
from tenetlang.audit.merkle import leaf_hash
from tenetlang.cli.answer import Answer
from tenetlang.cli.blame_text import TITLES, UNTOLD, WORDS
from tenetlang.cli.recording import open_recorder
from tenetlang.decision import Decision
from tenetlang.replay.compare import document_digests
from tests.unit.audit.samples import rows, tamper
from tests.unit.cli.conftest import Tenet

POLICY = """package shop

tool refund(amount: int)
data most: int
reviewers finance { who {"maria"}; within 30m; quorum 1; else deny }
default deny because "no rule allows this call"
@owner("payments")
allow small if { tool is refund; args.amount <= data.most }
escalate large to finance if { tool is refund; args.amount > 100 }
"""


@pytest.fixture
def log(tenet: Tenet, tmp_path: Path) -> Path:
    (tmp_path / "shop.tenet").write_text(POLICY)
    (tmp_path / "most.json").write_text("50")
    for amount in (20, 70, "much"):
        request = {"tool": "refund", "args": {"amount": amount}, "agent": {"id": "a1"}}
        (tmp_path / "request.json").write_text(json.dumps(request))
        answer = tenet("eval", "shop.tenet", "request.json", "--data", "most=most.json", "--log", "log.db", "--fill")
        assert answer.status == 0, answer.error
    return tmp_path / "log.db"


def test_it_says_what_the_log_shows_who_answers_and_what_it_cannot_tell(tenet: Tenet, log: Path) -> None:
    answer = tenet("audit", "blame", "log.db", "2")
    assert (answer.status, answer.error) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0].startswith("deny  refund for a1, record 2, ")
    assert "\x1b" not in answer.out
    headings = [line for line in lines if line and not line.startswith(" ")][1:]
    assert headings == [*TITLES.values(), "who answers for it", "what the log can't tell"]
    assert "  > no rule decided; the default says deny (record 2)" in lines
    assert "  > the organization: the verdict is its doing, as record 2 shows" in lines
    assert "    the platform: nothing in the log speaks against it" in lines
    assert lines[-1] == f"    {UNTOLD['whole_log']}"


def test_a_request_that_does_not_fit_is_the_callers(tenet: Tenet, log: Path) -> None:
    answer = tenet("audit", "blame", "log.db", "3")
    assert "  > the developer of the agent: the verdict is its doing, as record 3 shows" in answer.out.splitlines()
    assert "args.amount" in answer.out


def test_programs_get_one_document_of_a_fixed_shape(tenet: Tenet, log: Path) -> None:
    shape = json.loads(tenet("audit", "blame", "log.db", "2", "--format", "json").out)
    assert list(shape) == [
        "schema_version", "index", "id", "at", "agent", "user", "tool", "verdict", "decided_by", "reason", "answers",
        "parties", "untold", "again",
    ]  # fmt: skip
    assert (shape["schema_version"], shape["answers"], shape["verdict"], shape["again"]) == (
        1,
        "organization",
        "deny",
        None,
    )
    assert [party["party"] for party in shape["parties"]] == [*PARTIES]
    assert shape["parties"][1]["standing"] == "decided"
    assert {*shape["parties"][1]["facts"][0]} == {"what", "against", "record", "details"}
    assert set(shape["untold"]) <= set(UNTOLD)


# -------------------------------------------------------------------------------------------------------- with a policy


def test_the_policy_that_decided_decides_the_same_and_says_why(tenet: Tenet, log: Path) -> None:
    answer = tenet("audit", "blame", "log.db", "1", "--policy", "shop.tenet", "--data", "most=most.json")
    assert answer.status == 0
    again = answer.out.partition("\ndecided again\n")[2]
    assert again.startswith("    the same policy decides the same, to the last value of the trace\n")
    assert "    small allows" in again
    assert re.search(r"✓ args\.amount <= data\.most\n +args\.amount = 20\n +data\.most = 50\n", again)


def test_other_data_or_another_policy_proves_nothing_and_says_so(tenet: Tenet, log: Path, tmp_path: Path) -> None:
    (tmp_path / "most.json").write_text("5")
    other = tenet("audit", "blame", "log.db", "1", "--policy", "shop.tenet", "--data", "most=most.json")
    assert other.status == 0
    assert "  > with other data than the record names (most) it says deny\n" in other.out
    (tmp_path / "shop.tenet").write_text(POLICY.replace("100", "101"))
    shape = json.loads(
        tenet(
            "audit", "blame", "log.db", "1", "--policy", "shop.tenet", "--data", "most=most.json", "--format", "json"
        ).out
    )
    assert shape["again"]["came"] == "other_policy"
    assert shape["again"]["explanation"] is not None


def test_a_record_that_its_own_policy_decides_otherwise_is_found(tenet: Tenet, log: Path) -> None:
    record = rows(log)[1][1].replace(b'"owner":"payments"', b'"owner":"nobody99"')
    assert record != rows(log)[1][1]
    tamper(log, [("UPDATE records SET record = ?, leaf = ? WHERE idx = 1", (record, leaf_hash(record)))])
    answer = tenet("audit", "blame", "log.db", "1", "--policy", "shop.tenet", "--data", "most=most.json")
    assert answer.status == 1
    assert "  > the same policy decides allow, and the record differs in decided.matched\n" in answer.out


def test_without_the_payload_nothing_is_decided_again(tenet: Tenet, log: Path) -> None:
    tamper(log, [("DELETE FROM payloads", ())])
    answer = tenet("audit", "blame", "log.db", "1", "--policy", "shop.tenet", "--data", "most=most.json")
    assert answer.status == 0
    assert "  > the request can't be decided again: what the caller sent was erased\n" in answer.out
    assert UNTOLD["payload"] in answer.out


def test_what_a_gate_decided_in_the_policys_place_is_not_compared(tenet: Tenet, log: Path) -> None:
    bundle = re.search(rb'"bundle":"(sha256:[0-9a-f]{64})"', rows(log)[1][1])
    assert bundle is not None
    recorder = open_recorder(log, Surroundings(data={"most": _digest(50)}))
    decision = Decision("shop", bundle[1].decode(), "deny", ("unavailable",), "not now")
    recorder.record([Answer(decision, {"tool": "refund", "args": {"amount": 1}}, 1000)])
    recorder.close()
    answer = tenet("audit", "blame", "log.db", "4", "--policy", "shop.tenet", "--data", "most=most.json")
    assert answer.status == 0
    assert "it denied because of its own state: unavailable" in answer.out
    assert "  > the record can't be compared: a gate decided it in the policy's place\n" in answer.out


def _digest(value: object) -> str:
    return document_digests({"most": value})["most"]


def test_a_policy_with_errors_and_data_without_a_policy_are_usage_errors(
    tenet: Tenet, log: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.tenet").write_text("package shop\nallow if {")
    broken = tenet("audit", "blame", "log.db", "1", "--policy", "broken.tenet")
    assert (broken.status, "has errors; `tenet check" in broken.error) == (2, True)
    alone = tenet("audit", "blame", "log.db", "1", "--data", "most=most.json")
    assert (alone.status, "go with --policy" in alone.error) == (2, True)


# ------------------------------------------------------------------------------------------------------------- hostile


def test_a_changed_record_is_blamed_on_the_platform(tenet: Tenet, log: Path) -> None:
    change = "UPDATE records SET record = CAST(replace(CAST(record AS TEXT), 'deny', 'allow') AS BLOB) WHERE idx = 2"
    tamper(log, [(change, ())])
    answer = tenet("audit", "blame", "log.db", "2")
    assert answer.status == 1
    assert "  > the record was changed: its hash is not its leaf (record 2)\n" in answer.out
    assert "  > the platform: it has something to answer for, as record 2 shows\n" in answer.out


def test_only_a_decision_can_be_blamed(tenet: Tenet, log: Path) -> None:
    answer = tenet("audit", "blame", "log.db", "0")
    assert answer.status == 5
    assert "record 0 of log.db is of no decision but `log.opened`; name an intent" in answer.error
    assert tenet("audit", "blame", "log.db", "ⅷ").status == 5


def test_every_fact_and_all_that_is_untold_has_words_and_no_word_is_left_over() -> None:
    source = (Path(__file__).parents[3] / "src/tenetlang/audit/blame.py").read_text()
    facts = set(re.findall(r'BlameFact\(\s*"[a-z]+",\s*"([a-z_]+)"', source))
    chosen = {
        "changed",
        "invalid_request",
        "unknown_tool",
        "out_of_scope",
        "seen",
        "claimed",
        "released",
        "delegated",
        "unknown_outcome",
        "vote",
        "late_vote",
        "not_respected",
        "outcome",
    }
    assert facts | chosen == set(WORDS)
    untold = source.partition("def _untold")[2] + source.partition("def of_decision")[2].partition("def _opened")[0]
    assert {word for word in re.findall(r'"([a-z_]+)"', untold) if word != "payload"} | {"payload"} >= set(UNTOLD)


def test_a_sealed_decision_is_blamed_and_decided_again_with_the_keys(tenet: Tenet, log: Path, tmp_path: Path) -> None:
    assert tenet("audit", "keyring", "keys").status == 0
    request = {"tool": "refund", "args": {"amount": 700}, "agent": {"id": "a1"}, "user": {"id": "u7"}}
    (tmp_path / "request.json").write_text(json.dumps(request))
    policy = ("shop.tenet", "request.json", "--data", "most=most.json", "--fill")
    assert tenet("eval", *policy, "--log", "sealed.db", "--payload-keys", "keys").status == 0
    again = ("--policy", "shop.tenet", "--data", "most=most.json")
    without = tenet("audit", "blame", "sealed.db", "1", *again)
    assert UNTOLD["sealed"] in without.out
    assert "the request can't be decided again: what the caller sent is sealed" in without.out
    opened = tenet("audit", "blame", "sealed.db", "1", *again, "--payload-keys", "keys")
    assert (opened.status, opened.error) == (0, "")
    assert UNTOLD["sealed"] not in opened.out
    assert "the same policy decides the same, to the last value of the trace" in opened.out
    assert json.loads(tenet("audit", "blame", "sealed.db", "1", "--payload-keys", "keys", "--format", "json").out)[
        "reason"
    ]
