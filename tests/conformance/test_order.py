"""The order of files, and of rules within them, never matters, except under `resolve first`.

Every policy of this folder is turned around, its files and the declarations in each, and decides every request as before;
only places in the text are others then.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tenetlang import pipeline
from tenetlang.decision_tree.build import build
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.project.project import standard_library
from tenetlang.syntax import tree
from tenetlang.syntax.parse import parse
from tenetlang.text import Text
from tests.conformance.cases import RequestCase, evaluators, missing, request_cases, stem_of, texts_of, typed

CASES: dict[Path, list[RequestCase]] = {}
for _case in request_cases():
    if _case.expect is not None and "data_error" not in _case.expect:
        CASES.setdefault(_case.policy, []).append(_case)


def turned(text: Text) -> Text:
    """The file with its declarations in the opposite order."""
    file, _ = parse(text)
    assert file.package is not None
    package = next(line for line in text.content.split("\n") if line.startswith("package "))
    before = text.content[: text.content.index(package)].strip("\n") + "\n"
    pieces = [source(declaration) for declaration in reversed(file.declarations)]
    return Text(text.name, before + "\n".join([package, *pieces]) + "\n")


def source(declaration: tree.Declaration) -> str:
    """The text of a declaration, its annotations included."""
    annotations = getattr(declaration, "annotations", ())
    return annotations[0].at.to(declaration.at).source if annotations else declaration.at.source


def without_places(value: object) -> object:
    """A decision without `at`, and without the digest, which covers the places."""
    if isinstance(value, dict):
        return {name: without_places(inner) for name, inner in value.items() if name not in {"at", "bundle"}}
    return [without_places(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("policy", CASES, ids=stem_of)
def test_a_policy_turned_around_decides_the_same(policy: Path) -> None:
    content = policy.read_text(encoding="utf-8")
    if re.search(r"^resolve first$", content, re.MULTILINE):
        pytest.skip("here the order decides")
    made = pipeline.compile_texts(
        [turned(text) for text in reversed(texts_of(policy.name, content))], standard_library()
    )
    assert made.program is not None
    decision_tree = build(made.program)
    built: dict[str, Evaluator] = {}
    for case in CASES[policy]:
        if case.request is None:
            continue
        key = repr(case.documents)
        if key not in built:
            built[key] = Evaluator(decision_tree, typed(case.documents))
        before = without_places(evaluators(policy, case.documents)[0].decide(case.request).to_json())
        after = without_places(built[key].decide(case.request).to_json())
        assert not missing(before, after) + missing(after, before), case.says
