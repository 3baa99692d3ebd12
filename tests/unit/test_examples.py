"""Every project in examples/ is checked, its tests are run, and what its README says is what happens."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import attrs
import pytest

from tenetlang import Policy, load
from tenetlang.pipeline import compile_texts
from tenetlang.project.project import read_project, standard_library
from tenetlang.report.words import describe
from tenetlang.testing.claims import sample_claims
from tenetlang.testing.run import run_tests
from tests.repository.checkout import ROOT

EXAMPLES = ROOT / "examples"
PROJECTS = sorted(file.parent for file in EXAMPLES.rglob("tenet.toml"))
REQUESTS = sorted(file for file in EXAMPLES.rglob("requests/*.json") if not file.name.endswith(".decision.json"))
RULE = r"^((?:allow|deny|escalate) \w+)[^{]*if \{"
TASKS = ROOT / "tests" / "vectors" / "agentdojo" / "banking.json"


def _name(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


@pytest.mark.parametrize("project", PROJECTS, ids=_name)
def test_nothing_is_found_in_an_example(project: Path) -> None:
    findings = read_project([project]).compile().findings
    assert [describe(finding).headline for finding in findings] == []


@pytest.mark.parametrize("project", PROJECTS, ids=_name)
def test_the_tests_of_an_example_pass(project: Path) -> None:
    program = read_project([project]).compile().program
    assert program is not None
    results = list(run_tests(program, lambda case: True))
    assert results
    assert [(r.name, r.row, r.failures, r.error) for r in results if r.status != "passed"] == []


@pytest.mark.parametrize("project", PROJECTS, ids=_name)
def test_no_sample_breaks_a_claim_of_an_example(project: Path) -> None:
    program = read_project([project]).compile().program
    assert program is not None
    results = list(sample_claims(program, lambda claim: True, count=100))
    assert results
    assert [r.name for r in results if r.tried < 100] == [], "samples that are no requests try nothing"
    assert [(r.name, r.counterexample, r.error) for r in results if r.status != "unbroken"] == []


def _rules(project: Path) -> list[str]:
    texts = read_project([project]).texts
    return [rule for text in texts for rule in re.findall(RULE, text.content, re.MULTILINE)]


@pytest.mark.parametrize("rule", _rules(EXAMPLES / "banking"))
def test_a_rule_of_the_banking_example_that_never_holds_fails_a_test_of_its_own(rule: str) -> None:
    whole = read_project([EXAMPLES / "banking"])
    head = re.compile(rf"^({re.escape(rule)}\b[^{{]*if \{{)", re.MULTILINE)
    texts = [attrs.evolve(text, content=head.sub(r"\1 false;", text.content)) for text in whole.texts]
    assert texts != list(whole.texts)
    program = compile_texts(texts, standard_library(), whole.configuration.entry).program
    assert program is not None
    assert any(result.status == "failed" for result in run_tests(program, lambda case: True))


@pytest.mark.parametrize("request_file", REQUESTS, ids=_name)
def test_a_request_gets_the_decision_beside_it(request_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(request_file.parents[1])
    decision = load(".").decide_json(request_file.read_bytes()).to_json()
    recorded = json.loads(request_file.with_suffix(".decision.json").read_text(encoding="utf-8"))
    assert {**decision, "bundle": ""} == {**recorded, "bundle": ""}, "the recorded one is `tenet eval --format json`"


def test_the_requests_of_the_refunds_show_each_verdict_and_each_way_to_have_none() -> None:
    recorded = [json.loads(file.read_text(encoding="utf-8")) for file in EXAMPLES.rglob("*.decision.json")]
    assert {decision["verdict"] for decision in recorded} == {"allow", "deny", "escalate"}
    by = {name for decision in recorded for name in decision["decided_by"]}
    assert by >= {"default", "invalid_request", "unknown_tool"}


# ------------------------------------------------------------------------------------------------------------ banking


@pytest.fixture(scope="module")
def replay() -> ModuleType:
    """The script of the example, which a reader runs as well."""
    spec = importlib.util.spec_from_file_location("banking_replay", EXAMPLES / "banking" / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def banking() -> Policy:
    return load(EXAMPLES / "banking")


def test_what_planted_text_asks_for_never_passes_but_for_reading(replay: ModuleType, banking: Policy) -> None:
    found = replay.situations(banking, TASKS)
    planted = [item for name, decided in found.items() if name.startswith("injections") for item in decided]
    assert len(planted) == 5 * 12
    passed = {(item.task, item.tool) for item in planted if item.decision.verdict == "allow"}
    assert passed == {("injection_task_8", "get_scheduled_transactions")}


def test_what_users_ask_for_passes_or_is_asked_of_them_and_is_never_denied(replay: ModuleType, banking: Policy) -> None:
    decided = replay.replay(banking, replay.read_tasks(TASKS, "user_tasks"))
    assert len(decided) == 33
    assert [item for item in decided if item.decision.verdict == "deny"] == []
    assert [(item.task, item.tool) for item in decided if item.decision.verdict == "escalate"] == [
        ("user_task_0", "send_money"),
        ("user_task_2", "update_scheduled_transaction"),
        ("user_task_9", "update_scheduled_transaction"),
        ("user_task_12", "update_scheduled_transaction"),
        ("user_task_13", "update_user_info"),
        ("user_task_15", "send_money"),
    ]


def test_the_origin_is_what_makes_the_difference(replay: ModuleType, banking: Policy) -> None:
    said = replay.replay(banking, replay.read_tasks(TASKS, "injection_tasks"))  # as if a user had written the same text
    verdicts = {item.task: item.decision.verdict for item in said}
    assert verdicts["injection_task_7"] == "allow"
    assert verdicts["injection_task_0"] == "allow"
    assert verdicts["injection_task_5"] == "deny", "a million is above the ceiling, whoever says so"


def test_an_approval_of_the_customer_lets_a_bill_pass_and_no_planted_call_that_is_denied(
    replay: ModuleType, banking: Policy
) -> None:
    found = replay.situations(banking, TASKS)
    approval = [{"reviewers": "baseline.account_owner"}]
    for item in [*found["users' tasks"], *found["injections, planted in a document"]]:
        again = banking.decide({**item.request, "approvals": approval})
        expected = "allow" if item.decision.verdict == "escalate" else item.decision.verdict
        assert again.verdict == expected, (item.task, again)


def test_no_word_of_any_task_stands_in_the_policy() -> None:
    document = json.loads(TASKS.read_text(encoding="utf-8"))
    calls = [call for kind in ("user_tasks", "injection_tasks") for task in document[kind] for call in task["calls"]]
    words = {value.strip() for call in calls for value in call["args"].values() if isinstance(value, str)}
    assert len(words) > 20
    policy = "".join(file.read_text(encoding="utf-8") for file in (EXAMPLES / "banking").glob("*.tenet"))
    assert sorted(word for word in words if word in policy) == []


def test_the_readme_has_what_the_replay_prints(replay: ModuleType, banking: Policy) -> None:
    readme = (EXAMPLES / "banking" / "README.md").read_text(encoding="utf-8")
    between = readme.partition("<!-- replay.py -->\n")[2].partition("<!-- end -->")[0]
    assert between.strip() == replay.tables(banking, TASKS).strip(), (
        "put what `python replay.py` prints between the marks"
    )


def test_the_tools_of_the_example_are_those_of_the_agent() -> None:
    document = json.loads(TASKS.read_text(encoding="utf-8"))
    program = read_project([EXAMPLES / "banking"]).compile().program
    assert program is not None
    declared = {
        name: {field.name: not field.optional for field in tool.parameters.fields}
        for name, tool in program.tools.items()
    }
    assert declared == {
        tool["name"]: {
            name: name in tool["parameters"].get("required", ()) for name in tool["parameters"].get("properties", {})
        }
        for tool in document["tools"]
    }


# ------------------------------------------------------------------------------------------------------------ READMEs


def _commands() -> Iterator[tuple[str, str]]:
    """Each `tenet` command of a README of the examples, with the output shown below it, empty where none is."""
    for readme in sorted(EXAMPLES.rglob("README.md")):
        for block in re.findall(r"```console\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL):
            yield from re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)


@pytest.mark.parametrize(("command", "output"), list(_commands()))
def test_a_command_of_a_readme_prints_what_the_readme_shows(command: str, output: str) -> None:
    name, *arguments = shlex.split(command)
    assert name in {"tenet", "python"}
    program = [sys.executable, *(["-m", "tenetlang"] if name == "tenet" else []), *arguments]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    if output:
        assert done.stdout == output
