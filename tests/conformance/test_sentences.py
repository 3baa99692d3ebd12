"""Every sentence of `docs/language.md` is in the index, `sentences.toml`, which says what shows it.

A machine can't tell whether a case shows what a sentence says. It can tell that nobody has ever said so: a sentence in
which no quote of the index lies fails here, so whoever writes one into the page says which case shows it, or who else
keeps it. A quote that runs over several sentences stands for each of them; rows of tables are sentences.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest

from tests.conformance.cases import FOLDER
from tests.conformance.test_conformance import DOCUMENT, plain

INDEX = tomllib.loads((FOLDER / "sentences.toml").read_text(encoding="utf-8"))["sentence"]

_PROGRAM = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
_BLOCK = re.compile(r"\n\s*\n(?!>)|\n(?=- |\|)")
_TABLE_HEAD = re.compile(r"^\|.*\n\|[-|\s]+$", re.MULTILINE)
_CODE = re.compile(r"`[^`]*`")
_RUN_IN = re.compile(r"^\*\*[^*]+\.\*\* ")
_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z`*\"x(])")


def blocks(section: str) -> Iterator[str]:
    """The paragraphs, items of lists and rows of tables of a section, without its programs, each on one line."""
    text = _TABLE_HEAD.sub("", _HEADING.sub("", _PROGRAM.sub("", section)))
    for block in _BLOCK.split(text):
        line = plain(block).strip()
        if line:
            yield line


def sentences(block: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a block begin and end. A stop inside of code ends none."""
    hidden = _CODE.sub(lambda found: "x" * len(found[0]), block)
    run_in = _RUN_IN.match(block)
    start = run_in.end() if run_in else 0
    if not block.startswith("|"):
        for end in _END.finditer(hidden, start):
            yield start, end.start()
            start = end.end()
    yield start, len(block)


def unshown(document: str, index: list[dict[str, object]]) -> Iterator[str]:
    """The sentences in which no quote of the index lies."""
    parts = re.split(r"^## (.+)$", document, flags=re.MULTILINE)
    for heading, section in zip(parts[1::2], parts[2::2], strict=True):
        quotes = [plain(str(entry["quote"])) for entry in index if entry["section"] == heading]
        for block in blocks(section):
            places = [(block.index(quote), len(quote)) for quote in quotes if quote in block]
            for start, end in sentences(block):
                if not any(place < end and place + length > start for place, length in places):
                    yield f"{heading}: {block[start:end]}"


def test_every_sentence_of_the_language_is_in_the_index() -> None:
    lacking = list(unshown(DOCUMENT, INDEX))
    assert not lacking, "say in sentences.toml what shows these:\n" + "\n".join(lacking)


def test_the_page_has_many_sentences() -> None:
    parts = re.split(r"^## .+$", DOCUMENT, flags=re.MULTILINE)
    assert sum(1 for section in parts[1:] for block in blocks(section) for _ in sentences(block)) > 150


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("One. `a. B` is two.\nThree", ["One.", "`a. B` is two.", "Three"]),
        ("**Errors.** They restrict. So", ["They restrict.", "So"]),
        ("- one\n- two. Three\n\nFour", ["- one", "- two.", "Three", "Four"]),
        ("| a | b |\n|---|---|\n| c. D | e |\n", ["| c. D | e |"]),
        ("All words but\n\n> if unless\n\nare fine. ", ["All words but > if unless", "are fine."]),
        ("### Heading\n\n```tenet\nNo. Sentence\n```\n\nOne", ["One"]),
    ],
)
def test_sentences_are_told_apart(written: str, found: list[str]) -> None:
    assert [block[start:end] for block in blocks(written) for start, end in sentences(block)] == found


def test_a_sentence_without_an_entry_is_told() -> None:
    page = "# Title\n\n## Part\n\nOne is said. Two is not.\n"
    assert list(unshown(page, [{"section": "Part", "quote": "One is"}])) == ["Part: Two is not."]
    assert not list(unshown(page, [{"section": "Part", "quote": "said. Two"}]))
