"""A bundle where a command takes a policy: it decides as a gate would, and is looked into by its sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Tenet

POLICY = """package pays

tool pay(amount: decimal)
data limits: map[string, decimal]
default deny

allow small if { tool is pay; args.amount < data.limits["usual"] }

test "small" { call pay(amount: 9.0); with data.limits = {"usual": 10.0}; expect allow by small }
never "large" { verdict is allow; tool is pay; args.amount > 1000000.0; keys(data.limits) == {} }
"""
REQUEST = '{"tool": "pay", "args": {"amount": 9}}'


@pytest.fixture(autouse=True)
def bundle(tenet: Tenet, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TENET_TRUST", raising=False)
    Path("src").mkdir()
    Path("src/pays.tenet").write_text(POLICY, encoding="utf-8")
    Path("src/limits.json").write_text('{"usual": 10.0}', encoding="utf-8")
    Path("src/tenet.toml").write_text('[data]\nlimits = "limits.json"\n', encoding="utf-8")
    for name in ("p", "q"):
        assert tenet("audit", "keygen", f"{name}.key", "--name", f"acme/{name}").status == 0
    build(tenet)
    return Path("p.bundle")


def build(tenet: Tenet, *words: str) -> None:
    answer = tenet("build", "src", "-o", "p.bundle", "--key", "p.key", "--version", "3", *words)
    assert answer.status == 0, answer.error


def test_it_decides_with_its_own_documents(tenet: Tenet) -> None:
    decided = tenet("eval", "p.bundle", "-", "--trust", "p.key.pub", given=REQUEST)
    assert decided.out.startswith("allow, decided by small")
    assert decided.error == ""
    Path("limits.json").write_text('{"usual": 1.0}', encoding="utf-8")
    other = tenet("eval", "p.bundle", "-", "--trust", "p.key.pub", "--data", "limits=limits.json", given=REQUEST)
    assert other.out.startswith("deny")


def test_who_signed_is_checked_if_somebody_is_trusted_and_said_if_nobody_is(
    tenet: Tenet, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        tenet("eval", "p.bundle", "-", given=REQUEST).error == "not checked: who signed `p.bundle`; --trust KEY does\n"
    )
    refused = tenet("eval", "p.bundle", "-", "--trust", "q.key.pub", given=REQUEST)
    assert (refused.status, refused.out) == (2, "")
    assert "a signature of acme/q" in refused.error
    monkeypatch.setenv("TENET_TRUST", "p.key.pub q.key.pub")
    assert tenet("eval", "p.bundle", "-", given=REQUEST).error == ""
    assert tenet("eval", "p.bundle", "-", "--threshold", "2", given=REQUEST).status == 2


def test_it_is_a_bundle_by_how_it_begins_whatever_it_is_called(tenet: Tenet, bundle: Path) -> None:
    bundle.rename("policy.json")
    assert tenet("eval", "policy.json", "-", "--trust", "p.key.pub", given=REQUEST).out.startswith("allow")
    Path("broken.bundle").write_text("{}", encoding="utf-8")
    assert tenet("eval", "broken.bundle", "-", given=REQUEST).status == 2


def test_it_explains_and_replays(tenet: Tenet) -> None:
    why = tenet("why", "p.bundle", "-", "--trust", "p.key.pub", given=REQUEST)
    assert "small allows it" in why.out
    assert tenet("eval", "p.bundle", "-", "--log", "log.db", given=REQUEST).status == 0
    replayed = tenet("replay", "p.bundle", "--log", "log.db", "--trust", "p.key.pub", "--format", "json")
    assert replayed.status == 0, replayed.error
    assert json.loads(replayed.out)["schema_version"] == 1


@pytest.mark.parametrize("words", [("check",), ("test",), ("show", "decision-tree"), ("show", "program")])
def test_it_is_looked_into_by_its_sources(tenet: Tenet, words: tuple[str, ...]) -> None:
    answer = tenet(*words, "p.bundle", "--trust", "p.key.pub")
    assert answer.error == ""
    assert answer.out == tenet(*words, "src").out.replace("src/", "src/")


def test_two_bundles_are_compared(tenet: Tenet, bundle: Path) -> None:
    bundle.rename("old.bundle")
    Path("src/pays.tenet").write_text(POLICY.replace("<", "<="), encoding="utf-8")
    build(tenet)
    answer = tenet("diff", "old.bundle", "p.bundle", "--trust", "p.key.pub")
    assert answer.status == 1 or "newly allowed" in answer.out, answer.error
    assert answer.error == ""


def test_without_sources_it_still_decides_and_is_not_looked_into(tenet: Tenet) -> None:
    build(tenet, "--no-sources")
    assert tenet("eval", "p.bundle", "-", "--trust", "p.key.pub", given=REQUEST).out.startswith("allow")
    answer = tenet("test", "p.bundle", "--trust", "p.key.pub")
    assert answer.status == 2
    assert "was built without its sources" in answer.error


def test_another_package_does_not_decide_in_it(tenet: Tenet) -> None:
    answer = tenet("eval", "p.bundle", "-", "--entry", "other", given=REQUEST)
    assert answer.status == 2
    assert "`pays` decides in it" in answer.error
