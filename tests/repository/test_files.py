"""What every file of the repository keeps to, whatever its kind."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tenetlang.report.catalogue import CATALOGUE
from tests.repository.checkout import ROOT, listed, project_files

# Written so that none of them finds itself.
PATH_OF_A_MACHINE = re.compile(r"(?<![\w.*~$}])/(?:work|root|farm)/[\w.]")
REGISTRY = re.compile(r"py[p]i\.org|python[h]osted\.org|registry\.np[m]js\.org|--(?:extra-)?index-ur[l]")
FRAGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(decisions|security|added|changed|deprecated|removed|fixed)\.md")


def test_no_file_knows_the_machine_on_which_it_was_written() -> None:
    assert _lines_with(PATH_OF_A_MACHINE) == []


def test_no_file_says_from_where_packages_are_fetched() -> None:
    assert _lines_with(REGISTRY) == []


def test_no_file_of_the_repository_is_a_link() -> None:
    """A link may point to a place that only one machine has, and hides from every other test of files."""
    assert [path.as_posix() for path in listed() if (ROOT / path).is_symlink()] == []


def test_every_check_has_a_page_and_every_page_a_check() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "checks").glob("*.md")}
    assert sorted(set(CATALOGUE) - pages) == [], "checks without a page in docs/checks"
    assert sorted(pages - set(CATALOGUE)) == [], "pages of docs/checks that belong to no check"


def test_every_page_begins_with_the_name_of_its_check() -> None:
    headings = {path.stem: path.read_text(encoding="utf-8").split("\n", 1)[0] for path in _pages()}
    assert {name: heading for name, heading in headings.items() if name not in heading} == {}


def test_vectors_of_other_projects_say_where_they_came_from_and_under_which_licence() -> None:
    tests = ROOT / "tests"
    lacking: set[str] = set()
    for folder in {path.parent for path in tests.rglob("vectors/**/*") if path.is_file()}:
        above = [folder, *folder.parents]
        within = above[: above.index(tests)]
        if not any((place / "SOURCE.md").is_file() for place in within):
            lacking.add(f"{folder.relative_to(ROOT).as_posix()}: no SOURCE.md there or above")
    for source in tests.rglob("SOURCE.md"):
        if not (source.parent / "LICENSE").is_file():
            lacking.add(f"{source.parent.relative_to(ROOT).as_posix()}: no LICENSE beside SOURCE.md")
    assert sorted(lacking) == []


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    pins = dict(_pins())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    written = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, written):
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"requirements-dev.txt lacks {requirement.name}"
        assert requirement.specifier.contains(version), f"{requirement} does not allow the pinned {version}"
        assert requirement.specifier, f"{requirement} has no lower limit"


def test_the_readme_is_what_the_distribution_says_of_itself() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project.get("readme") == "README.md"
    assert (ROOT / "README.md").is_file()


def test_changes_that_wait_for_a_release_are_named_by_kind() -> None:
    names = [path.name for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    assert [name for name in sorted(names) if not FRAGMENT.fullmatch(name)] == []
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_ci_runs_what_a_contributor_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111, "make .ci/run executable"
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "exec make test"


def _pages() -> list[Path]:
    return sorted((ROOT / "docs" / "checks").glob("*.md"))


def _pins() -> list[tuple[str, str]]:
    lines = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return [(canonicalize_name(name), version) for name, version in pairs]


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Every line of the project's own text in which the pattern occurs, as `file:line: text`."""
    found: list[str] = []
    for path in project_files():
        if "vectors" in path.parts:
            continue
        try:
            content = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(content.splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.as_posix()}:{number}: {line.strip()[:160]}")
    return found
