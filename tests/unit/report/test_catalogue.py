"""The catalogue holds itself to the voice and the form that the documentation promises."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenetlang.report.catalogue import CATALOGUE, SEVERITIES, Check, Wording
from tenetlang.report.catalogue.check import check, merged
from tenetlang.report.explain import page, suggestion
from tenetlang.report.finding import Finding
from tenetlang.report.words import describe, holes
from tenetlang.text import Span, Text

ROOT = Path(__file__).parents[3]
WORDINGS = [(entry, variant, wording) for entry in CATALOGUE.values() for variant, wording in entry.wordings.items()]
NAMES = [f"{entry.name}/{variant}" for entry, variant, _ in WORDINGS]


def templates(wording: Wording) -> Iterator[str]:
    yield from (wording.headline, wording.label, wording.shows, *wording.also.values())
    yield from (text for fact in wording.facts for text in fact)
    yield from (*wording.why, *wording.help)


@pytest.mark.parametrize(("entry", "variant", "wording"), WORDINGS, ids=NAMES)
def test_every_wording_speaks_in_the_one_voice(entry: Check, variant: str, wording: Wording) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", entry.name)
    assert re.fullmatch(r"([a-z]+(-[a-z]+)*)?", variant)
    assert entry.severity in SEVERITIES
    assert wording.headline
    assert not wording.headline.startswith("?")
    assert not wording.headline[0].isupper()
    assert not wording.headline.endswith(".")
    assert len(wording.why) <= 3
    for template in templates(wording):
        said = re.sub(r"`[^`]*`", "", template.removeprefix("?"))
        assert "?" not in said
        assert not re.search(r"\b(I|we|you|your|sorry|please|unfortunately|oops)\b", said)
        assert len(template) <= 110
        assert template.count("`") % 2 == 0


@pytest.mark.parametrize(("entry", "variant", "wording"), WORDINGS, ids=NAMES)
def test_every_wording_can_be_said_with_the_details_that_it_needs_and_with_all(
    entry: Check, variant: str, wording: Wording
) -> None:
    at = Span(Text("a.tenet", "x"), 0, 1)
    everything = {name: "D" for text in templates(wording) for name in re.findall(r"\{([a-z_]+)\}", text)}
    least = dict.fromkeys((*holes(wording), *re.findall(r"\{([a-z_]+)\}", wording.shows)), "D")
    roles = tuple((role, at) for role in wording.also)[:3]
    for details, also in ((everything, roles), (least, ())):
        diagnostic = describe(Finding(entry.name, at, details, variant, also, witness={"tool": "t"}))
        assert "{D" not in repr(diagnostic)
        assert diagnostic.headline


def test_names_are_sorted_and_no_two_checks_bear_one() -> None:
    assert list(CATALOGUE) == sorted(CATALOGUE)
    twice = (check("a", usual=Wording("x")),)
    with pytest.raises(ValueError, match="one name"):
        merged(twice, twice)


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=list(CATALOGUE))
def test_every_check_has_a_page_in_the_one_layout(entry: Check) -> None:
    text = (ROOT / "docs" / "checks" / f"{entry.name}.md").read_text(encoding="utf-8")
    layout = (
        rf"# {entry.name}\n\n\*\*{entry.severity}\*\*\n\n(?!#)(?:.+\n)+\n(?:(?!#).*\n)+"
        r"## Example\n\n(?P<wrong>(?:(?!## ).*\n)+)## Instead\n\n(?P<right>(?:.*\n)+)"
    )
    match = re.fullmatch(layout, text)
    assert match
    if "```tenet" in text:
        assert f"```tenet {entry.severity}[{entry.name}]\npackage example\n" in match["wrong"]
        assert "```tenet\npackage example\n" in match["right"]
    assert text.count("```") in (2, 4)
    assert max(map(len, text.splitlines())) <= 120
    assert page(entry.name) == text


def test_every_page_is_that_of_a_check() -> None:
    assert {path.stem for path in (ROOT / "docs" / "checks").glob("*.md")} == set(CATALOGUE)


def test_a_mistyped_check_has_no_page_and_a_suggestion() -> None:
    assert page("unused-imports") is None
    assert page("../../secret") is None
    assert suggestion("unused-imports") == "unused-import"
    assert suggestion("completely-else") is None


def emitted() -> Iterator[tuple[str, ast.Call]]:
    """Every `Finding("…", …)`, and every `notes.add("…", …)`, in the source, with the place where it stands."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or len(node.args) < 2 or not isinstance(node.args[0], ast.Constant):
                continue
            if ast.unparse(node.func) in ("Finding", "notes.add"):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def given_to(call: ast.Call) -> tuple[str | None, set[str] | None]:
    """The variant and the names of the details, each None where the source does not spell them out."""
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    spread = len(named) < len(call.keywords)
    method = isinstance(call.func, ast.Attribute)
    details = set(named) - {"variant", "also", "rules"} if method and not spread else None
    order = ["check", "at", "variant", "also", "rules"]
    if not method:
        order.insert(2, "details")
    named |= dict(zip(order, call.args, strict=False))
    if not method:
        written = named.get("details", ast.Dict([], []))
        if isinstance(written, ast.Dict) and all(isinstance(key, ast.Constant) for key in written.keys):
            details = {
                key.value for key in written.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
            }
    variant = named.get("variant", ast.Constant(""))
    return (str(variant.value) if isinstance(variant, ast.Constant) else None), details


def test_every_finding_in_the_source_has_words() -> None:
    missing = []
    for where, call in emitted():
        name = ast.literal_eval(call.args[0])
        variant, details = given_to(call)
        entry = CATALOGUE.get(name)
        wording = entry.wordings.get(variant or "") if entry else None
        if entry is None:
            missing.append(f"{where}: no check `{name}`")
        elif variant is not None and wording is None:
            missing.append(f"{where}: `{name}` has no variant `{variant}`")
        elif variant is not None and wording is not None and details is not None:
            missing += [f"{where}: `{name}` lacks `{hole}`" for hole in sorted(holes(wording) - details)]
    assert missing == []
