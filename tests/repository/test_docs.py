"""What the documentation shows is what the compiler says.

Every block fenced ```` ```tenet ```` compiles without an error, and one fenced with a finding, such as
```` ```tenet error[type-mismatch] ````, raises just that one. A block marked `fragment` is a part of a policy and is
exempt, unless it begins with `package`. A block with several `package` lines is several files. What the analysis finds counts too.

A page of `docs/checks/` shows a policy that raises its check, and how it is written instead: the first raises the check
and nothing else, the second nothing at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tenetlang import pipeline
from tenetlang.analysis.findings.desk import Wanted
from tenetlang.project.configuration import FILE_NAME, Configuration, find_configuration
from tenetlang.project.project import standard_library
from tenetlang.report.catalogue import CATALOGUE
from tenetlang.report.suppress import apply
from tenetlang.report.words import severity_of
from tests.conformance.cases import texts_of
from tests.repository.checkout import ROOT

_FENCE = re.compile(r"^(?P<indent> *)```tenet(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_CONFIGURATION = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PACKAGE = re.compile(r"^package ", re.MULTILINE)
_WANTED = re.compile(r" *(error|warning|note)\[([a-z-]+)\] *")

WITHOUT_POLICY = {"file-too-large", "no-entry"}
"""Checks that no short policy can raise by itself: their pages show what else would."""

WANTED = {
    "overlapping-rules": Wanted(overlaps=True),
    "gap": Wanted(gaps=True),
    "unknown-channel": Wanted(channels=frozenset({"email"})),
}
"""What a page's policies are to be examined for, beyond what they always are."""

TODAY = "2027-01-01"


@attrs.frozen
class Block:
    """One block of Tenet in a page."""

    page: Path
    line: int
    info: str
    content: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


def pages() -> list[Path]:
    readme = ROOT / "README.md"
    found = [*([readme] if readme.exists() else []), *sorted((ROOT / "docs").rglob("*.md"))]
    return [*found, *sorted((ROOT / "examples").rglob("README.md"))]


def blocks(page: Path) -> Iterator[Block]:
    content = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(content):
        indent = found["indent"]
        body = "\n".join(line.removeprefix(indent) for line in found["body"].split("\n"))
        yield Block(page, content.count("\n", 0, found.start()) + 1, found["info"].strip(), body)


BLOCKS = [block for page in pages() for block in blocks(page)]
CHECKS = sorted((ROOT / "docs" / "checks").glob("*.md"))


def findings(block: Block) -> list[tuple[str, str, str]]:
    """Severity, check and what else is told of each finding."""
    texts = texts_of(block.page.name, block.content)
    made = pipeline.compile_texts(texts, standard_library(), today=TODAY)
    raised = list(made.findings)
    if made.program is not None and not any(severity_of(finding) == "error" for finding in raised):
        raised += pipeline.examined(made.program, texts, WANTED.get(block.page.stem)).findings
    found = apply(raised, texts)
    return [(severity_of(f), f.check, f"line {f.at.line} {f.variant} {dict(f.details)}") for f in found]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_configuration_that_is_shown_is_one(page: Path, tmp_path: Path) -> None:
    for content in _CONFIGURATION.findall(page.read_text(encoding="utf-8")):
        (tmp_path / FILE_NAME).write_text(content, encoding="utf-8")
        found = find_configuration(tmp_path)
        assert attrs.evolve(found, file=None) != Configuration(), "it sets nothing"


def test_the_documentation_has_blocks_of_tenet() -> None:
    assert len(BLOCKS) > 100


@pytest.mark.parametrize("block", BLOCKS, ids=[block.name for block in BLOCKS])
def test_a_block_compiles_or_raises_what_its_fence_says(block: Block) -> None:
    if block.info == "fragment":
        assert not _PACKAGE.search(block.content), "a whole policy is no fragment"
        return
    wanted = _WANTED.fullmatch(block.info)
    assert wanted or not block.info, f"`{block.info}` is no finding"
    found = findings(block)
    if wanted is None:
        assert not [finding for finding in found if finding[0] == "error"]
    else:
        assert Counter(check for _, check, _ in found) == Counter([wanted[2]]), found
        assert found[0][0] == wanted[1], found


@pytest.mark.parametrize("page", CHECKS, ids=[page.stem for page in CHECKS])
def test_a_check_is_raised_by_its_example_and_not_by_what_stands_instead(page: Path) -> None:
    if page.stem in WITHOUT_POLICY:
        return
    shown = list(blocks(page))
    wrong = [block for block in shown if block.info]
    right = [block for block in shown if not block.info]
    assert wrong, "no example"
    assert right, "nothing instead"
    for block in wrong:
        wanted = _WANTED.fullmatch(block.info)
        assert wanted
        assert wanted[2] == page.stem
        severities = {
            wording.severity or CATALOGUE[page.stem].severity for wording in CATALOGUE[page.stem].wordings.values()
        }
        assert wanted[1] in severities
    for block in right:
        assert not findings(block), block.name
