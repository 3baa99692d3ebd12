"""From paths to compiled packages, and what can go wrong on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tenetlang.project.configuration import Configuration
from tenetlang.project.project import (
    NothingFound,
    Project,
    ProjectError,
    Result,
    all_findings,
    given_documents,
    policy_files,
    read_document,
    read_documents,
    read_project,
)
from tenetlang.report.words import severity_of
from tenetlang.text import Text

SHOP = (
    "package shop\ntool refund(amount: decimal)\ndefault deny\nallow small if { tool is refund; args.amount < 5.00 }\n"
)
TEST = 'test "t" { call refund(amount: 1.00); expect allow }\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def project(*sources: str, entry: str | None = None) -> Project:
    texts = tuple(Text(f"{number}.tenet", source) for number, source in enumerate(sources))
    return Project(texts, Configuration(entry=entry))


def checks(result: Result) -> list[str]:
    return [finding.check for finding in result.findings]


# -------------------------------------------------------------------------------------------------------- reading


def test_a_folder_means_all_policy_files_below_it_in_order_but_for_hidden_folders(here: Path) -> None:
    for name in ("b.tenet", "a/z.tenet", "a/x.txt", ".git/h.tenet", "__pycache__/c.tenet", "a.tenet"):
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text("")
    assert [file.as_posix() for file in policy_files(Path())] == ["a.tenet", "a/z.tenet", "b.tenet"]
    assert policy_files(Path("a/x.txt")) == [Path("a/x.txt")]


def test_paths_that_overlap_give_each_file_once(here: Path) -> None:
    (here / "a.tenet").write_text(SHOP)
    assert [text.name for text in read_project([Path(), Path("a.tenet")]).texts] == ["a.tenet"]


def test_nothing_found_is_said_with_the_paths(here: Path) -> None:
    (here / "x").mkdir()
    with pytest.raises(NothingFound, match=r"^no .tenet file in `x`, `.`$"):
        read_project([Path("x"), Path()])


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("gone", "`gone` does not exist"),
        ("a.tenet/b", "`a.tenet/b` does not exist"),
        ("x" * 5000, "can't be read: File name too long"),
        ("a\0b", "can't be read: embedded null byte"),
    ],
)
def test_a_path_that_leads_nowhere_is_said(here: Path, path: str, problem: str) -> None:
    (here / "a.tenet").write_text(SHOP)
    with pytest.raises(ProjectError) as caught:
        read_project([Path(path)])
    assert problem in str(caught.value)


def test_a_folder_that_cannot_be_listed_is_not_passed_over(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "a.tenet").write_text(SHOP)
    real = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    (here / "secret").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ProjectError, match="`secret` can't be read: Permission denied"):
        policy_files(Path())


def test_files_are_utf8_with_or_without_a_mark(here: Path) -> None:
    (here / "a.tenet").write_bytes(b"\xef\xbb\xbf" + SHOP.encode())
    assert read_project([here]).texts[0].content == SHOP
    (here / "a.tenet").write_bytes(b"package \xe9")
    with pytest.raises(ProjectError, match=r"`a.tenet` is not UTF-8 \(byte 8\); save it as UTF-8"):
        read_project([here])


def test_a_link_to_nowhere_is_said(here: Path) -> None:
    (here / "a.tenet").symlink_to("gone.tenet")
    with pytest.raises(ProjectError, match=r"`a.tenet` can't be read: No such file"):
        read_project([here])


def test_of_a_file_without_an_end_as_much_is_read_as_shows_that_it_is_too_long(here: Path) -> None:
    (here / "a.tenet").symlink_to("/dev/zero")
    result = read_project([Path("a.tenet")]).compile()
    assert checks(result) == ["file-too-large"]
    (here / "b.tenet").write_bytes("é".encode() * (9 * 1024 * 1024))
    assert checks(read_project([Path("b.tenet")]).compile()) == ["file-too-large"]
    with pytest.raises(ProjectError, match="the document has more than"):
        read_document("d", Path("/dev/zero"))


def test_a_pipe_in_a_folder_is_not_waited_for(here: Path) -> None:
    os.mkfifo(here / "a.tenet")
    with pytest.raises(ProjectError, match=r"`a.tenet` is a pipe or a device"):
        read_project([Path()])


def test_links_in_a_circle_are_said(here: Path) -> None:
    (here / "a").symlink_to("b")
    (here / "b").symlink_to("a")
    with pytest.raises(ProjectError, match="can't be read"):
        read_project([Path("a")])


def test_a_configuration_that_cannot_be_used_is_said_and_the_environment_goes_before_it(here: Path) -> None:
    (here / "a.tenet").write_text(SHOP)
    (here / "tenet.toml").write_text('entry = "shop"')
    assert read_project([here]).configuration.entry == "shop"
    assert read_project([here], {"TENET_ENTRY": "other"}).configuration.entry == "other"
    (here / "tenet.toml").write_text("entry = 3")
    with pytest.raises(ProjectError, match=r"^tenet.toml: `entry` is the name of a package, in quotes$"):
        read_project([here])


def test_documents_are_strict_json(here: Path) -> None:
    (here / "a.json").write_text('{"a": 1}')
    assert read_documents({"a": here / "a.json"}) == {"a": {"a": 1}}
    (here / "a.json").write_text('{"a": {"x": 1, "x": 2}}')
    with pytest.raises(ProjectError, match=r"^the document `a` in `a.json`: a"):
        read_documents({"a": here / "a.json"})
    (here / "a.json").write_text("nonsense")
    with pytest.raises(ProjectError, match=r"^the document `a` in `a.json`: "):
        read_documents({"a": here / "a.json"})
    with pytest.raises(ProjectError, match=r"^the document `a` in `gone.json` can't be read: No such file"):
        read_documents({"a": here / "gone.json"})


def test_documents_are_given_as_name_and_file() -> None:
    assert given_documents(["a=x.json", "b.c=d=e"]) == {"a": Path("x.json"), "b.c": Path("d=e")}
    for wrong in ("a", "=x", "a="):
        with pytest.raises(ProjectError, match="is not of the form NAME=FILE"):
            given_documents([wrong])
    with pytest.raises(ProjectError, match="the document `a` is given twice"):
        given_documents(["a=x", "a=y"])


# ------------------------------------------------------------------------------------------------------- compiling


def test_the_entry_asked_for_goes_before_the_configured_one() -> None:
    two = project(SHOP, "package other\ndefault deny", entry="other")
    for entry, expected in ((None, "other"), ("shop", "shop")):
        program = two.compile(entry).program
        assert program is not None
        assert program.entry == expected


def test_rules_that_have_expired_are_noted_only_for_a_day() -> None:
    old = project(SHOP.replace("allow small", "@expires(2027-01-01)\nallow small"))
    assert checks(old.compile()) == []
    assert checks(old.compile(today="2026-12-31")) == []
    assert checks(old.compile(today="2027-01-01")) == ["expired-rule"]


def test_findings_are_set_aside_where_the_text_says_so() -> None:
    text = "package a\n# tenet: allow[unused-import] because it will be used\nimport std.time\ndefault deny\n"
    assert checks(project(text).compile()) == []
    assert checks(project(text.replace("# tenet: ", "# ")).compile()) == ["unused-import"]


def test_a_broken_project_has_no_evaluator() -> None:
    broken = project("package a\nallow x if { y }").compile()
    assert broken.broken
    with pytest.raises(AssertionError):
        broken.evaluator()
    assert project("").compile().broken


def test_the_evaluator_has_the_documents_given_or_those_of_the_configuration(here: Path) -> None:
    (here / "a.tenet").write_text(SHOP.replace("default", "data top: decimal\ndefault").replace("5.00", "data.top"))
    (here / "tenet.toml").write_text('[data]\ntop = "top.json"')
    (here / "top.json").write_text("3")
    request = {"tool": "refund", "args": {"amount": 4}}
    result = read_project([here]).compile()
    assert result.evaluator().decide(request).verdict == "deny"
    assert result.evaluator({"top": 5}).decide(request).verdict == "allow"


BASE = SHOP.replace("shop", "base") + TEST
TOP = 'package top\nextend base\ndeny all if { tool is refund }\nalways "c" if { tool is refund } { verdict is deny }\n'


def entries(results: tuple[Result, ...]) -> list[str]:
    return [result.program.entry for result in results if result.program is not None]


def test_each_package_that_has_tests_or_claims_is_checked_as_the_entry() -> None:
    whole = project(TOP, BASE, SHOP, "package plain\ndefault deny", entry="top")
    results = whole.compile_tested()
    assert entries(results) == ["base", "top"]
    assert [result.broken for result in results] == [False, False]
    assert results[0].program is not None
    assert [case.name for case in results[0].program.tests] == ["t"]
    assert entries(whole.compile_tested("shop")) == ["shop"]


def test_no_entry_need_be_named_where_each_is_tested_for_itself() -> None:
    several = project(SHOP + TEST, SHOP.replace("shop", "other") + TEST)
    assert "several-entries" in checks(several.compile())
    assert [checks(result) for result in several.compile_tested()] == [[], []]


def test_an_entry_that_is_not_there_is_found() -> None:
    for results in (project(SHOP + TEST, entry="gone").compile_tested(), project(SHOP + TEST).compile_tested("gone")):
        assert [checks(result) for result in results] == [["no-entry"]]


def test_without_any_test_the_project_is_checked_as_ever() -> None:
    assert entries(project(SHOP).compile_tested()) == ["shop"]
    assert project("").compile_tested()[0].broken


def test_what_several_results_found_is_listed_once() -> None:
    broken = project(SHOP + TEST + "deny a if { b }\n", SHOP.replace("shop", "other") + TEST)
    results = broken.compile_tested()
    assert len(results) == 2
    errors = [finding for finding in all_findings(results) if severity_of(finding) == "error"]
    assert [finding.check for finding in errors] == ["unknown-name"]
