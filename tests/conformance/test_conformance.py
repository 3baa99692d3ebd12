"""The language, case by case: `cases.py` says how the files beside it are read, `sentences.toml` which sentence of
`docs/language.md` each of them shows.

`pytest tests/conformance --accept -n 0` writes what comes out into the files: into a `.requests.json` where `expect` is
null, and into the other files wherever they differ. A person reads the difference before it is committed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tenetlang import pipeline
from tenetlang.evaluator.requests import DataError
from tenetlang.report import pretty
from tenetlang.report.words import describe
from tenetlang.testing.run import TestResult, run_tests
from tests.conformance.cases import (
    FOLDER,
    RequestCase,
    ShortCase,
    accept,
    compiled,
    errors_of,
    evaluators,
    examined,
    findings_of,
    missing,
    request_cases,
    short_cases,
    stem_of,
)

ROOT = FOLDER.parents[1]
REQUESTS = list(request_cases())
SHORT = list(short_cases())
NAMES = [*(case.name for case in REQUESTS), *(case.name for case in SHORT)]


def files(ending: str) -> list[Path]:
    """The files of this folder with what is expected of a policy, by their ending."""
    return sorted(FOLDER.rglob(f"*{ending}"))


def same_text(request: pytest.FixtureRequest, file: Path, text: str) -> None:
    """The file holds the text; with `--accept` it does afterwards."""
    if request.config.getoption("--accept"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"{file.name} differs; read the difference, then run with --accept"


# ---------------------------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize("case", REQUESTS, ids=[case.name for case in REQUESTS])
def test_a_request_is_decided_as_the_sentence_says(case: RequestCase, request: pytest.FixtureRequest) -> None:
    expect = case.expect
    if expect is not None and "data_error" in expect:
        with pytest.raises(DataError) as refused:
            evaluators(case.policy, case.documents)
        assert str(refused.value) == expect["data_error"]
        return
    evaluator, reference = evaluators(case.policy, case.documents)
    text = case.text if case.text is not None else json.dumps(case.request).encode()
    decided, referred = evaluator.decide_json(text).to_json(), reference.decide_json(text).to_json()
    apart = missing(referred, decided) + missing(decided, referred)
    assert not apart, "the evaluators differ (expected: the reference)\n" + "\n".join(apart)
    if case.request is not None:
        assert evaluator.decide(case.request).to_json() == decided, "Python values are decided as their JSON is"
    for name, value in case.asks.items():
        assert evaluator.ask(name, case.request) == value
    if expect is None:
        assert request.config.getoption("--accept"), f"nothing is expected yet; it came to {json.dumps(decided)}"
        accept(case, decided)
        return
    lacking = missing(expect, decided)
    assert not lacking, "\n".join([case.says, *lacking, f"reason: {decided['reason']}"])


# ------------------------------------------------------------------------------------------------------------ findings


@pytest.mark.parametrize("case", SHORT, ids=[case.name for case in SHORT])
def test_each_finding_is_where_it_is_marked(case: ShortCase) -> None:
    found = findings_of(case.texts)
    marks = Counter(mark for mark, _ in found)
    told = [f"found, not marked: line {mark[0]}: {mark[1]}[{mark[2]}]" for mark in (marks - case.marks).elements()]
    told += [f"marked, not found: line {mark[0]}: {mark[1]}[{mark[2]}]" for mark in (case.marks - marks).elements()]
    assert not told, "\n".join([case.says, *told, *(f"line {mark[0]}: {mark[2]} {more}" for mark, more in found)])


@pytest.mark.parametrize("file", files(".expected"), ids=stem_of)
def test_check_prints_what_is_expected(file: Path, request: pytest.FixtureRequest) -> None:
    found = examined(file.with_suffix(".tenet"))
    same_text(request, file, pretty.render(map(describe, found)))


@pytest.mark.parametrize("file", files(".tree"), ids=stem_of)
def test_the_decision_tree_is_printed_as_expected(file: Path, request: pytest.FixtureRequest) -> None:
    from tenetlang.decision_tree.print import as_text

    made = compiled(file.with_suffix(".tenet"))
    assert not errors_of(made)
    assert made.program is not None
    same_text(request, file, as_text(pipeline.decision_tree(made.program)))


@pytest.mark.parametrize("file", files(".results"), ids=stem_of)
def test_tests_come_to_what_is_expected(file: Path, request: pytest.FixtureRequest) -> None:
    made = compiled(file.with_suffix(".tenet"))
    assert not errors_of(made)
    assert made.program is not None
    lines = [line for result in run_tests(made.program, lambda _: True) for line in result_lines(result)]
    same_text(request, file, "\n".join(lines) + "\n")


def result_lines(result: TestResult) -> list[str]:
    """A test's row, and below it what was not met."""
    row = f" ({result.row})" if result.row else ""
    lines = [f"{result.status}: {result.name}{row}"]
    if result.error:
        lines.append(f"    {result.error}")
    for failure in result.failures:
        lines += [f"    expected {failure.expected}", f"    got {failure.got}"]
        lines += [f"    {line}" for line in failure.stopped]
    return lines


# ----------------------------------------------------------------------------------------------------------- the index

INDEX: list[dict[str, object]] = tomllib.loads((FOLDER / "sentences.toml").read_text(encoding="utf-8"))["sentence"]
DOCUMENT = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")


def plain(text: str) -> str:
    """Text of the page on one line."""
    return re.sub(r"\s+", " ", text)


def sections() -> dict[str, str]:
    """The page's sections by heading, those of three marks included in the one above."""
    parts = re.split(r"^## (.+)$", DOCUMENT, flags=re.MULTILINE)
    return {heading: plain(body) for heading, body in zip(parts[1::2], parts[2::2], strict=True)}


def strings(value: object) -> Sequence[str]:
    """A list of strings in the index."""
    assert isinstance(value, list)
    return [str(item) for item in value]


def known_cases() -> set[str]:
    stems = {stem_of(file) for ending in (".expected", ".tree", ".results") for file in files(ending)}
    return stems | set(NAMES) | {name.partition(": ")[0] for name in NAMES}


@pytest.mark.parametrize("heading", sections())
def test_every_section_of_the_language_has_cases(heading: str) -> None:
    shown = [entry for entry in INDEX if entry["section"] == heading and entry.get("cases")]
    assert shown, f"no case shows anything of the section {heading!r}"


def test_the_index_quotes_the_page() -> None:
    by_heading = sections()
    wrong = [
        f"{entry['section']}: {entry['quote']}"
        for entry in INDEX
        if plain(str(entry["quote"])) not in by_heading.get(str(entry["section"]), "")
    ]
    assert not wrong, "these are not on the page:\n" + "\n".join(wrong)


def test_the_index_names_cases_that_exist() -> None:
    known = known_cases()
    wrong = [name for entry in INDEX for name in strings(entry.get("cases", [])) if name not in known]
    assert not wrong, "no such cases:\n" + "\n".join(wrong)


def test_the_index_says_where_a_sentence_is_shown_or_why_it_is_not() -> None:
    silent = [str(entry["quote"]) for entry in INDEX if not entry.get("cases") and not entry.get("elsewhere")]
    assert not silent, "neither cases nor a place elsewhere:\n" + "\n".join(silent)


def test_no_two_cases_have_one_name() -> None:
    assert not [name for name, times in Counter(NAMES).items() if times > 1]


def test_every_policy_file_is_used() -> None:
    used = {stem_of(file) for ending in (".requests.json", ".expected", ".tree", ".results") for file in files(ending)}
    policies = {stem_of(file) for file in files(".tenet") if file.parent != FOLDER / "errors"}
    assert policies == used
