"""`tenet.toml` and `[tool.tenet]`: found upward, read whole, and never misread in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tenetlang.project.configuration import (
    Configuration,
    ConfigurationError,
    find_configuration,
    shown_path,
    with_environment,
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_nearest_file_is_the_whole_configuration(here: Path) -> None:
    (here / "tenet.toml").write_text('entry = "a"\n[data]\nx = "x.json"\n')
    below = here / "b" / "c"
    below.mkdir(parents=True)
    (below / "p.tenet").write_text("")
    found = find_configuration(below / "p.tenet")
    assert found == Configuration(here / "tenet.toml", "a", {"x": here / "x.json"})
    (here / "b" / "tenet.toml").write_text("")
    assert find_configuration(below) == Configuration(here / "b" / "tenet.toml", None, {})


def test_a_table_of_pyproject_is_a_configuration_and_one_without_it_is_none(here: Path) -> None:
    (here / "pyproject.toml").write_text('[tool.tenet]\nentry = "a"\n')
    (here / "b").mkdir()
    (here / "b" / "pyproject.toml").write_text("[tool.ruff]\n")
    (here / "b" / "c").mkdir()
    (here / "b" / "c" / "pyproject.toml").write_text("tool = 3\n")
    assert find_configuration(here / "b" / "c").entry == "a"
    (here / "b" / "tenet.toml").write_text('entry = "own"')
    (here / "b" / "pyproject.toml").write_text('[tool.tenet]\nentry = "other"\n')
    assert find_configuration(here / "b").entry == "own"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            'entrie = "a"',
            "tenet.toml: `entrie` is no setting; the settings are `entry`, `data`, `audit`, `scopes` and `review`",
        ),
        ("entry = 3", "tenet.toml: `entry` is the name of a package, in quotes"),
        ('entry = ""', "tenet.toml: `entry` is the name of a package, in quotes"),
        ("data = 3", "tenet.toml: `data` is a table, `[data]`, with a file for each name"),
        ("[data]\nx = 3", "tenet.toml: `x` of `[data]` is the name of a file, in quotes"),
        ('[data]\nx = ""', "tenet.toml: `x` of `[data]` is the name of a file, in quotes"),
        ('[data]\nx = "a\\u0000b"', "tenet.toml: `x` of `[data]` is the name of a file, in quotes"),
        ('[data]\na.x = "x.json"', 'tenet.toml: the name of a document that has dots is in quotes: `"a.…" = "…"`'),
        ("audit = 3", "tenet.toml: `audit` is a table, `[audit]`"),
        ("[audit]\nkeep = 3", "tenet.toml: `keep` is no setting of `[audit]`; there is `retention`"),
        ("[audit]\nretention = 90", 'tenet.toml: `retention` is a duration in quotes, as in "90d"'),
        ('[audit]\nretention = "90 days"', 'tenet.toml: `retention` is a duration, as in "90d": '),
        ('[audit]\nretention = "0s"', "tenet.toml: `retention` is 0s, and nothing would be kept"),
        ("scopes = 3", "tenet.toml: `scopes` is a table, `[scopes]`, with a list of tools for each agent"),
        ('[scopes]\na1 = "refund"', "tenet.toml: `a1` of `[scopes]` is a list of tools"),
        ('[scopes]\na1 = ["refund", 3]', "tenet.toml: `a1` of `[scopes]` is a list of tools"),
        ("entry = ", "tenet.toml is no TOML: Invalid value (at end of document)"),
        ("x = " + "[" * 3000, "tenet.toml is no TOML: "),
    ],
)
def test_what_cannot_be_used_is_said_with_the_file(here: Path, content: str, problem: str) -> None:
    (here / "tenet.toml").write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        find_configuration(here)
    assert str(caught.value).startswith(problem)


def test_scopes_are_lists_of_tools_by_agent(here: Path) -> None:
    (here / "tenet.toml").write_text('[scopes]\nmailer = ["email.*", "help"]\n"*" = []\n')
    assert find_configuration(here).scopes == {"mailer": ("email.*", "help"), "*": ()}


def test_a_file_that_cannot_be_read_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "tenet.toml").write_bytes(b'entry = "\xff"')
    with pytest.raises(ConfigurationError, match=r"^tenet.toml is not UTF-8 \(byte 9\); save it as UTF-8$"):
        find_configuration(here)

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigurationError, match=r"^tenet.toml can't be read: Permission denied$"):
        find_configuration(here)


def test_tool_tenet_is_a_table(here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool]\ntenet = 3\n")
    with pytest.raises(ConfigurationError, match=r"^pyproject.toml: `tool.tenet` is a table, `\[tool.tenet\]`$"):
        find_configuration(here)


def test_the_environment_goes_before_the_file(here: Path) -> None:
    configuration = Configuration(None, "a", {"x": here / "x.json", "y": here / "y.json"})
    changed = with_environment(
        configuration, {"TENET_ENTRY": "b", "TENET_DATA_X": "other.json", "TENET_DATA_Z": "", "HOME": "/"}
    )
    assert changed == Configuration(None, "b", {"x": here / "other.json", "y": here / "y.json"})
    assert with_environment(configuration, {"TENET_ENTRY": ""}) == configuration


def test_how_long_payloads_are_kept_is_configured(here: Path) -> None:
    (here / "tenet.toml").write_text('[audit]\nretention = "90d"\n')
    found = find_configuration(here)
    assert found.retention == "90d"
    assert with_environment(found, {}).retention == "90d"
    assert with_environment(found, {"TENET_AUDIT_RETENTION": "12h"}).retention == "12h"
    assert with_environment(found, {"TENET_AUDIT_RETENTION": ""}).retention == "90d"
    with pytest.raises(ConfigurationError, match=r"^TENET_AUDIT_RETENTION is a duration"):
        with_environment(found, {"TENET_AUDIT_RETENTION": "for ever"})
    (here / "tenet.toml").write_text("[audit]\n")
    assert find_configuration(here).retention is None


def test_a_current_folder_that_is_gone_is_no_matter_for_whole_paths(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "tenet.toml").write_text('entry = "a"\n')

    def gone() -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "getcwd", gone)
    assert shown_path(here / "x") == (here / "x").as_posix()
    found = with_environment(find_configuration(here), {"TENET_DATA_X": "x.json"})
    assert (found.entry, list(found.data)) == ("a", ["x"])


def test_paths_are_shown_from_the_current_folder_where_they_are_in_it(here: Path) -> None:
    assert shown_path(here / "a" / "b") == "a/b"
    assert shown_path(Path("a/b")) == "a/b"
    assert shown_path(here.parent / "x") == (here.parent / "x").as_posix()
