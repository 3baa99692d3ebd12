"""Commands that decide take what `tenet build` wrote, and keep what they compile; the answer is the same each time."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Answer, Tenet

SOURCE = """package shop
tool pay(n: int)
reviewers desk { who {"ada"}; within 30m; quorum 1; else deny }
data limit: int
default deny because "no"
@export
let shown = 3
@owner("till")
allow small if { tool is pay; args.n < data.limit } because "{args.n} is little"
escalate large to desk if { tool is pay; args.n >= data.limit }
"""


@pytest.fixture
def shop(tenet: Tenet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tenet:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    for name in ("c", "s"):
        (tmp_path / name).mkdir()
    Path("shop.tenet").write_text(SOURCE)
    Path("tenet.toml").write_text('[data]\nlimit = "limit.json"\n')
    Path("limit.json").write_text("5")
    Path("request.json").write_text('{"tool": "pay", "args": {"n": 7}}')
    Path("requests.jsonl").write_text('{"tool": "pay", "args": {"n": 3}}\n{"tool": "pay", "args": {"n": 7}}\n')
    return tenet


def entries() -> list[str]:
    folder = Path("c/tenet")
    return sorted(os.listdir(folder)) if folder.exists() else []  # noqa: PTH208  # names are what is compared


COMMANDS = [
    ("eval", "request.json"),
    ("eval", "request.json", "--format", "json"),
    ("eval", "requests.jsonl", "--lines"),
    ("eval", "request.json", "--ask", "shown"),
    ("eval", "request.json", "--ask", "shwon"),
    ("why", "request.json"),
    ("why", "request.json", "--format", "json"),
    ("why", "request.json", "--counterfactual"),
    ("replay", "--requests", "requests.jsonl", "--jobs", "1"),
    ("replay", "--requests", "requests.jsonl", "--jobs", "1", "--against", "shop.tenet"),
    ("show", "decision-tree"),
    ("show", "decision-tree", "--format", "json"),
    ("show", "python"),
    ("build",),
    ("build", "--target", "python"),
    ("build", "--target", "sql"),
]


def run(tenet: Tenet, policy: str, words: tuple[str, ...], *more: str) -> Answer:
    place = 2 if words[0] == "show" else 1
    return tenet(*words[:place], policy, *words[place:], *more)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_source_cache_and_compiled_file_give_the_same_answer(shop: Tenet, words: tuple[str, ...]) -> None:
    assert shop("build", "shop.tenet", "-o", "shop.json", "--no-cache").status == 0
    expected = run(shop, "shop.tenet", words, "--no-cache")
    assert entries() == []
    first, second = (run(shop, "shop.tenet", words) for _ in range(2))
    assert len(entries()) == 1
    assert first == second == expected
    built, again, uncached = (run(shop, "shop.json", words, *more) for more in ((), (), ("--no-cache",)))
    assert len(entries()) == 2
    assert (built.status, built.out) == (expected.status, expected.out)
    assert built == again == uncached


def test_a_log_says_the_same_of_a_compiled_file(shop: Tenet) -> None:
    shop("build", "shop.tenet", "-o", "shop.json")
    assert shop("eval", "shop.tenet", "request.json", "--log", "one.db").status == 0
    for policy in ("shop.json", "shop.tenet"):
        answer = shop("replay", policy, "--log", "one.db", "--format", "json")
        assert (answer.status, json.loads(answer.out)["identical"]) == (0, 1)


def test_the_environment_switches_the_cache_off(shop: Tenet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENET_CACHE", "off")
    assert shop("eval", "shop.tenet", "request.json").status == 0
    assert entries() == []


def test_a_policy_with_errors_is_told_and_not_kept(shop: Tenet) -> None:
    Path("shop.tenet").write_text(SOURCE.replace("args.n <", "args.m <"))
    answers = [shop("eval", "shop.tenet", "request.json") for _ in range(2)]
    assert [answer.status for answer in answers] == [1, 1]
    assert "args.m" in answers[1].error
    assert entries() == []


def test_a_file_that_was_tampered_with_is_refused(shop: Tenet) -> None:
    shop("build", "shop.tenet", "-o", "shop.json")
    built = Path("shop.json").read_text()
    Path("shop.json").write_text(built.replace('"verdict":"deny"', '"verdict":"escalate"'))
    answer = shop("eval", "shop.json", "request.json")
    assert (answer.status, answer.out) == (2, "")
    assert "`shop.json` is no compiled policy: an escalate with reviewers None" in answer.error


def test_a_package_can_not_be_chosen_of_a_compiled_file(shop: Tenet) -> None:
    shop("build", "shop.tenet", "-o", "shop.json")
    answer = shop("eval", "shop.json", "request.json", "--entry", "other")
    assert answer.status == 2
    assert "choose another package when it is built" in answer.error


def test_build_does_not_write_over_the_compiled_file_that_it_reads(shop: Tenet) -> None:
    shop("build", "shop.tenet", "-o", "shop.json")
    assert "is a file of the policy itself" in shop("build", "shop.json", "--target", "python", "-o", "shop.json").error
