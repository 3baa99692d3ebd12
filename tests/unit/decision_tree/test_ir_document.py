"""docs/ir.md shows parts of the JSON form of a policy; they are parts of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tenetlang import pipeline
from tenetlang.decision_tree.json_form import to_json
from tenetlang.project.project import standard_library
from tenetlang.text import Text

PAGE = (Path(__file__).parents[3] / "docs" / "ir.md").read_text(encoding="utf-8")


def _all(document: object) -> Iterator[object]:
    yield document
    for below in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from _all(below)


def test_each_example_of_the_page_is_in_the_form_of_its_policy() -> None:
    (source,) = re.findall(r"```tenet\n(.*?)```", PAGE, re.DOTALL)
    program = pipeline.compile_texts([Text("acme.tenet", source)], standard_library()).program
    assert program is not None
    form = list(_all(to_json(pipeline.decision_tree(program))))
    examples = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 3
    for example in examples:
        assert json.loads(example) in form
