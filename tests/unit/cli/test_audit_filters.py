"""The same filters for `show`, `tail`, `export` and `check`, from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenetlang.audit import Surroundings
from tenetlang.cli.answer import Answer
from tenetlang.cli.recording import open_recorder
from tenetlang.decision import Decision
from tests.unit.cli.conftest import Tenet

COMMANDS = ("show", "tail", "export", "check")


@pytest.fixture
def log(tenet: Tenet, tmp_path: Path) -> Path:
    """Four decisions: on tools refund0 to refund3, denied by `blocked`, allowed where the number is odd."""
    recorder = open_recorder(tmp_path / "log.db", Surroundings())
    for number in range(4):
        verdict, rule = ("allow", "fine") if number % 2 else ("deny", "blocked")
        decision = Decision("shop", "sha256:" + "0" * 64, verdict, (rule,), "because")  # type: ignore[arg-type]
        request = {"tool": f"refund{number}", "args": {}, "agent": {"id": f"a{number}"}, "user": {"id": "ünseen"}}
        recorder.record([Answer(decision, request, 1000)])
    recorder.close()
    return tmp_path / "log.db"


def listed(tenet: Tenet, command: str, *words: str) -> list[int]:
    answer = tenet("audit", command, "log.db", *words)
    assert (answer.status, answer.error) == (0, "")
    if command == "export":
        return [json.loads(line)["index"] for line in answer.out.splitlines()]
    return [int(line.split()[0]) for line in answer.out.splitlines()]


@pytest.mark.parametrize("command", ["show", "tail", "export"])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--kind", "log.opened"), [0]),
        (("--kind", "log.opened", "--kind", "intent", "--range", "..1"), [0, 1]),
        (("--verdict", "allow"), [2, 4]),
        (("--tool", "refund1", "--tool", "refund2"), [2, 3]),
        (("--agent", "a3"), [4]),
        (("--user", "ünseen", "--range", "3.."), [3, 4]),
        (("--rule", "blocked"), [1, 3]),
        (("--point", "gate"), []),
        (("--since", "1h"), [0, 1, 2, 3, 4]),
        (("--until", "1h"), []),
        (("--since", "2020-01-01T00:00:00Z", "--until", "2021-01-01T00:00:00Z"), []),
        (("--since", "2020-01-01T00:00:00Z", "--range", "2..3"), [2, 3]),
    ],
)
def test_each_command_takes_them_alike(
    tenet: Tenet, log: Path, command: str, words: tuple[str, ...], expected: list[int]
) -> None:
    assert listed(tenet, command, *words) == expected


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "yesterday"), "neither a time in RFC 3339"),
        (("--until", "-2h"), "is in the future"),
        (("--range", "4"), "is no range of indexes"),
        (("--range", "9..3"), "ends before it begins"),
        (("--range", "x..y"), "is no range of indexes"),
    ],
)
def test_what_can_be_no_filter_is_refused(
    tenet: Tenet, log: Path, command: str, words: tuple[str, ...], said: str
) -> None:
    answer = tenet("audit", command, "log.db", *words)
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.error


def test_a_range_of_records_is_listed_whole(tenet: Tenet, log: Path) -> None:
    assert listed(tenet, "show", "1..3") == [1, 2, 3]
    assert listed(tenet, "show", "..") == [0, 1, 2, 3, 4]
    assert listed(tenet, "show", "1..3", "--limit", "1") == [3]
    assert listed(tenet, "show", "1..3", "--verdict", "allow") == [2]
    assert "leave --range out" in tenet("audit", "show", "log.db", "1..3", "--range", "1..3").error
    assert "are for lists" in tenet("audit", "show", "log.db", "1", "--verdict", "allow").error


def test_events_and_readable_records_are_filtered(tenet: Tenet, log: Path) -> None:
    for style in ("ocsf", "cloudevents", "otel", "readable"):
        answer = tenet("audit", "export", "log.db", "--format", style, "--verdict", "deny")
        assert len(answer.out.splitlines()) == 2, style
    tiles = tenet("audit", "export", "log.db", "--format", "tiles", "-o", "tiles", "--verdict", "deny")
    assert (tiles.status, (log.parent / "tiles").exists()) == (2, False)
    assert "tiles are the whole log" in tiles.error


def test_what_followed_is_exported_with_the_decisions(tenet: Tenet, log: Path) -> None:
    assert listed(tenet, "export", "--verdict", "deny", "--related") == [1, 3]
    assert listed(tenet, "export", "--related") == [0, 1, 2, 3, 4]


def test_what_is_known_of_a_person_is_exported_and_opened(tenet: Tenet, tmp_path: Path) -> None:
    (tmp_path / "shop.tenet").write_text("package shop\ntool find(id: string)\nallow all if { tool is find }\n")
    request = {"tool": "find", "args": {"id": "a ring"}, "user": {"id": "u7"}, "agent": {"id": "a1"}}
    (tmp_path / "request.json").write_text(json.dumps(request))
    assert tenet("audit", "keyring", "keys").status == 0
    words = ("eval", "shop.tenet", "request.json", "--fill", "--log", "log.db", "--payload-keys", "keys")
    assert tenet(*words).status == 0
    asked = ("audit", "export", "log.db", "--format", "readable", "--user", "u7")
    opened = json.loads(tenet(*asked, "--payload-keys", "keys").out)
    assert "a ring" in str(opened["payload"])
    sealed = tenet(*asked)
    assert list(json.loads(sealed.out)["payload"]) == ["sealed"]
    assert sealed.error == "not opened: 1 sealed payload; --payload-keys opens\n"
    assert tenet("audit", "keyring", "others").status == 0
    assert "their keys are none of these" in tenet(*asked, "--payload-keys", "others").error
    assert "; --payload-keys opens it\n" in tenet("audit", "show", "log.db", "1").out
    assert "its key is none of these" in tenet("audit", "show", "log.db", "1", "--payload-keys", "others").out
    refused = tenet("audit", "export", "log.db", "--payloads", "--payload-keys", "keys")
    assert refused.status == 2
    assert "only --format readable opens" in refused.error


def test_a_check_tells_only_of_what_is_asked_for(tenet: Tenet, log: Path) -> None:
    whole = tenet("audit", "check", "log.db")
    assert whole.out.startswith("complete: 4 decisions")
    part = tenet("audit", "check", "log.db", "--tool", "refund1")
    assert part.out.startswith("complete in what was asked for: 4 decisions")


def test_an_export_to_a_file_shows_how_far_it_is(tenet: Tenet, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr("tenetlang.cli.bar.Bar.reached", lambda _, done, items: told.append((done, items)))
    for style in ("jsonl", "otel", "readable"):
        told.clear()
        assert tenet("audit", "export", "log.db", "--format", style, "-o", "out").status == 0
        assert told == [(done, 1) for done in range(1, 6)], style
