"""`tenet build --target bundle` and `tenet bundle`: from policy files to a file that a gate follows, and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenetlang.audit import open_log, show_last
from tenetlang.audit.writer import Writer
from tenetlang.bundle.activator import Settings, start
from tenetlang.bundle.memory import FolderMemory, LogMemory
from tenetlang.bundle.opening import open_bundle
from tenetlang.bundle.trust import load_trust
from tests.unit.cli.conftest import Tenet

POLICY = """package pays

tool pay(amount: decimal)
data limits: map[string, decimal]
default deny

allow small if { tool is pay; args.amount < 10.0 }

test "small" { call pay(amount: 9.0); expect allow by small }
test "computes" { expect 1 == 1 }
"""


@pytest.fixture(autouse=True)
def policy(tenet: Tenet, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.delenv("TENET_TRUST", raising=False)
    file = Path("pays.tenet")
    file.write_text(POLICY, encoding="utf-8")
    Path("limits.json").write_text('{"a": 1.5}', encoding="utf-8")
    Path("tenet.toml").write_text('[data]\nlimits = "limits.json"\n', encoding="utf-8")
    for name in ("p", "q"):
        assert tenet("audit", "keygen", f"{name}.key", "--name", f"acme/{name}").status == 0
    return file


def build(tenet: Tenet, *words: str, output: str = "p.bundle") -> str:
    answer = tenet("build", "pays.tenet", "-o", output, "--key", "p.key", *words)
    assert answer.status == 0, answer.error
    return answer.error


def test_a_file_that_is_called_so_is_a_bundle(tenet: Tenet) -> None:
    told = build(tenet, "--version", "3", "--expires", "30d", "--hard-expires", "60d")
    bundle = open_bundle(Path("p.bundle").read_bytes(), load_trust(["p.key.pub"]))
    contents = bundle.contents
    assert told == (
        f"built p.bundle from pays, version 3, {contents.bundle}\n"
        f"  1 test goes along (left out: 1); signed by {bundle.signed_by[0].short}\n"
    )
    assert (contents.package, contents.version, contents.left_out) == ("pays", 3, 1)
    assert [source.text for source in contents.sources] == [POLICY]
    assert str(bundle.documents["limits"]) == "{'a': Decimal('1.5')}"
    assert contents.expires is not None
    assert contents.hard_expires is not None


def test_the_same_input_gives_the_same_bundle(tenet: Tenet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    build(tenet)
    first = Path("p.bundle").read_bytes()
    build(tenet)
    assert Path("p.bundle").read_bytes() == first
    contents = open_bundle(first, None).contents
    assert (contents.version, contents.created) == (1795000000, "2026-11-18T11:06:40Z")


@pytest.mark.parametrize("epoch", ["soon", "-1", "99999999999", "1.5"])
def test_a_time_that_is_none_builds_nothing(tenet: Tenet, monkeypatch: pytest.MonkeyPatch, epoch: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    answer = tenet("build", "pays.tenet", "-o", "p.bundle")
    assert answer.status == 2
    assert "SOURCE_DATE_EPOCH" in answer.error
    assert not Path("p.bundle").exists()


def test_without_a_key_it_is_signed_by_nobody_and_says_how_to(tenet: Tenet) -> None:
    answer = tenet("build", "pays.tenet", "-o", "p.bundle", "--no-sources")
    assert "signed by nobody: `tenet bundle sign` does" in answer.error
    assert open_bundle(Path("p.bundle").read_bytes(), None).contents.sources[0].text is None


def test_programs_are_told_what_was_built(tenet: Tenet) -> None:
    answer = tenet("build", "pays.tenet", "-o", "p.bundle", "--key", "p.key", "--version", "3", "--format", "json")
    told = json.loads(answer.out)
    assert (told["target"], told["version"], told["tests"], told["left_out"]) == ("bundle", 3, 1, 1)
    assert told["signed_by"][0].startswith("acme/p+")


def test_without_a_file_the_bundle_is_the_output(tenet: Tenet) -> None:
    answer = tenet("build", "pays.tenet", "--target", "bundle", "--key", "p.key")
    assert open_bundle(answer.out.encode(), load_trust(["p.key.pub"])).contents.package == "pays"


def test_nothing_is_built_whose_tests_fail(tenet: Tenet, policy: Path) -> None:
    policy.write_text(POLICY.replace("expect allow by small", "expect deny"), encoding="utf-8")
    answer = tenet("build", "pays.tenet", "-o", "p.bundle", "--key", "p.key")
    assert answer.status == 1
    assert answer.error.endswith(
        "error: the test `small` at pays.tenet:9 fails\n"
        "error: nothing was built: 1 test would fail where the bundle decides; `tenet test` says more\n"
    )
    assert not Path("p.bundle").exists()


def test_nothing_is_built_from_errors(tenet: Tenet, policy: Path) -> None:
    policy.write_text(POLICY + "allow x if { nothing }\n", encoding="utf-8")
    assert tenet("build", "pays.tenet", "-o", "p.bundle").status == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-o", "p.json", "--key", "p.key"], "are of bundles: add `--target bundle`"),
        (["-o", "p.bundle", "--target", "ir", "--version", "3"], "are of bundles"),
        (["-o", "p.bundle", "--version", "0"], "a version is a whole number"),
        (["-o", "p.bundle", "--expires", "soon"], "not a duration"),
        (["-o", "p.bundle", "--expires", "0s"], "expires after it was made"),
        (["-o", "p.bundle", "--expires", "30d", "--hard-expires", "20d"], "not before it expires"),
        (["-o", "p.bundle", "--key", "p.key.pub"], "can't sign|may be read by others"),
        (["-o", "no/p.bundle"], "can't be written"),
        (["-o", "pays.tenet", "--target", "bundle"], "a file of the policy itself"),
    ],
)
def test_what_can_not_be_built_is_said(tenet: Tenet, words: list[str], says: str) -> None:
    answer = tenet("build", "pays.tenet", *words)
    assert answer.status == 2
    assert any(each in answer.error for each in says.split("|")), answer.error


def test_a_bundle_is_shown_and_nobody_vouches_for_it(tenet: Tenet) -> None:
    build(tenet, "--version", "3", "--expires", "30d")
    answer = tenet("bundle", "show", "p.bundle")
    assert answer.status == 0
    assert answer.out.startswith("policy    pays, version 3\n")
    assert "never ends" in answer.out
    assert answer.out.endswith("not checked: signatures; `tenet bundle verify --trust KEY` checks them\n")
    shape = json.loads(tenet("bundle", "show", "p.bundle", "--format", "json").out)
    assert shape["documents"][0]["name"] == "limits"
    assert shape["sources"][0]["text"] is True
    assert shape["says_signed_by"][0].startswith("acme/p+")


def test_what_is_no_bundle_is_not_shown(tenet: Tenet) -> None:
    Path("p.bundle").write_text("rubbish", encoding="utf-8")
    assert tenet("bundle", "show", "p.bundle").status == 2
    assert "can't be read" in tenet("bundle", "show", "none.bundle").error


def test_a_bundle_is_verified_as_a_gate_does(tenet: Tenet, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tenet, "--version", "3")
    answer = tenet("bundle", "verify", "p.bundle", "--trust", "p.key.pub")
    assert answer.status == 0
    assert answer.out.startswith("ok: version 3 of pays, signed by acme/p+")
    monkeypatch.setenv("TENET_TRUST", "p.key.pub")
    assert json.loads(tenet("bundle", "verify", "p.bundle", "--format", "json").out)["ok"] is True


def test_one_that_is_stale_says_so_and_one_that_ended_is_refused(tenet: Tenet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    build(tenet, "--expires", "1d")
    assert "stale: it expired 2023-11-15T22:13:20Z" in tenet("bundle", "verify", "p.bundle", "--trust", "p.key.pub").out
    build(tenet, "--hard-expires", "2d")
    answer = tenet("bundle", "verify", "p.bundle", "--trust", "p.key.pub", "--format", "json")
    assert answer.status == 1
    assert "may decide nothing since 2023-11-16" in json.loads(answer.out)["because"]


def test_two_people_sign_and_two_are_demanded(tenet: Tenet) -> None:
    build(tenet)
    both = ("--trust", "p.key.pub", "--trust", "q.key.pub", "--threshold", "2")
    assert tenet("bundle", "verify", "p.bundle", *both).status == 1
    assert tenet("bundle", "sign", "p.bundle", "--key", "q.key").status == 0
    assert tenet("bundle", "verify", "p.bundle", *both).status == 0


def test_nobody_signs_what_is_no_bundle(tenet: Tenet) -> None:
    Path("p.bundle").write_text("rubbish", encoding="utf-8")
    assert tenet("bundle", "sign", "p.bundle", "--key", "q.key").status == 2
    assert Path("p.bundle").read_text(encoding="utf-8") == "rubbish"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["verify", "p.bundle"], "say whose signatures count"),
        (["verify", "p.bundle", "--trust", "p.key.pub", "--threshold", "2"], "2 signatures are demanded"),
        (["back", "p.bundle", "--because", "x"], "--log LOG or --memory FOLDER"),
        (["back", "p.bundle", "--because", " ", "--memory", "state"], "are not empty"),
        (["back", "p.bundle", "--because", "x", "--memory", "state"], "say whose signatures count"),
        (["back", "p.bundle", "--because", "x", "--memory", "state", "--trust", "q.key.pub"], "is needed"),
        (["back", "p.bundle", "--because", "x", "--log", "none.db", "--trust", "p.key.pub"], "none.db"),
    ],
)
def test_what_is_missing_is_said(tenet: Tenet, words: list[str], says: str) -> None:
    build(tenet)
    answer = tenet("bundle", *words)
    assert answer.status == 2
    assert says in answer.error


@pytest.mark.parametrize("place", ["log", "memory"])
def test_a_gate_goes_back_by_leave(tenet: Tenet, place: str) -> None:
    for version in (3, 4):
        build(tenet, "--version", str(version), output=f"{version}.bundle")
    back = ("bundle", "back", "3.bundle", "--trust", "p.key.pub", "--by", "ada", "--because", "4 is wrong")
    words = (*back, "--log", "log.db") if place == "log" else (*back, "--memory", "state")
    if place == "log":
        with Writer(open_log("log.db")) as writer:
            settings = Settings(load_trust(["p.key.pub"]), LogMemory(writer.do), Path("good.bundle"))
            start(settings, Path("4.bundle"))
        assert tenet(*words).status == 0
        with Writer(open_log("log.db")) as writer:
            settings = Settings(load_trust(["p.key.pub"]), LogMemory(writer.do), Path("good.bundle"))
            assert start(settings, Path("3.bundle")).current.version == 3
        assert "back to version 3 by leave of ada: 4 is wrong" in str(show_last("log.db", 3))
    else:
        assert tenet(*words).status == 1, "nothing was in force there"
        settings = Settings(load_trust(["p.key.pub"]), FolderMemory(Path("state")), Path("good.bundle"))
        start(settings, Path("4.bundle"))
        assert tenet(*words).status == 0
        assert start(settings, Path("3.bundle")).current.version == 3
