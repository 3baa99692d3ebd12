"""The language as data: how the files of this folder are read.

A case is a file of policy text and, beside it under the same stem, what is to come of it:

    NAME.tenet  NAME.requests.json   requests, and of each decision at least what `expect` says
    NAME.tenet  NAME.expected        exactly what `tenet check` prints
    NAME.tenet  NAME.results         what each of its tests comes to, a line for each
    NAME.tenet  NAME.tree            the decision tree, as `tenet show decision-tree` prints it
    errors/SECTION.tenet             many short cases, each with marks on the lines that have findings

**Requests.** The file is a list. Each entry has `says`, the sentence that it shows; a `request`, or else `json`, the raw
text; and `expect`, a part of the decision's JSON: every key in it must be there with this value, lists in full length,
objects again in part. An entry with `given` begins the entries after it: what it holds stands in each of their requests
that does not say otherwise (`{"without": ["agent"]}` in an entry leaves such a part out), and its `data` are their
documents. `asks` are values asked for by name. `{"expect": {"data_error": "…"}}` is for documents that are refused. Raw
text may be a list of pieces: a string, `{"repeat": "[", "times": 40}`, or `{"hex": "ff"}`. Where `expect` is null, `--accept`
writes what was decided, with the trace if the entry has `"trace": true`.

**Short cases** stand one after the other, each below a line `=== the sentence that it shows`. What stands before the first
such line begins every case that does not begin with a `package` of its own. A comment `## error[name]` (or `warning`, or
`note`) at the end of a line expects this finding on this line; findings without a mark, and marks without a finding,
fail the case.

Everywhere, several `package` lines make several files, each from its `package` line to the next. Every text keeps its
line numbers, so that a place in a decision or a finding is the place in the case.
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import attrs

from tenetlang import pipeline
from tenetlang.decision_tree.build import build
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tenetlang.project.project import standard_library
from tenetlang.report.finding import Finding
from tenetlang.report.suppress import apply
from tenetlang.report.words import severity_of
from tenetlang.text import Text
from tenetlang.values.reading import DATA_LIMITS, read_json

FOLDER = Path(__file__).parent
ERRORS = FOLDER / "errors"

_PACKAGE = re.compile(r"^(?:@[^\n]*\n)*package ", re.MULTILINE)
_HEADING = re.compile(r"^=== (.+)$", re.MULTILINE)
_MARKS = re.compile(r"##((?: +(?:error|warning|note)\[[a-z-]+\])+)\s*$")
_MARK = re.compile(r"(error|warning|note)\[([a-z-]+)\]")


# ---------------------------------------------------------------------------------------------------------- policies


def texts_of(name: str, content: str) -> tuple[Text, ...]:
    """The files of one policy text: each begins at a `package` line, and keeps its line numbers by empty lines before it."""
    starts = [found.start() for found in _PACKAGE.finditer(content)] or [0]
    starts[0] = 0
    ends = [*starts[1:], len(content)]
    pieces = [(content.count("\n", 0, start), content[start:end]) for start, end in zip(starts, ends, strict=True)]
    return tuple(Text(name, "\n" * lines + piece) for lines, piece in pieces)


@functools.cache
def compiled(policy: Path) -> pipeline.Compiled:
    """The compiled policy of a case."""
    texts = texts_of(policy.name, policy.read_text(encoding="utf-8"))
    made = pipeline.compile_texts(texts, standard_library())
    return attrs.evolve(made, findings=apply(made.findings, texts))


def errors_of(made: pipeline.Compiled) -> list[str]:
    """The errors among what was found, each in a line."""
    wrong = [finding for finding in made.findings if severity_of(finding) == "error"]
    return [f"{finding.at.place} {finding.check} {finding.variant} {dict(finding.details)}" for finding in wrong]


def examined(policy: Path) -> tuple[Finding, ...]:
    """All that `tenet check` finds in the policy of a case: where it has no errors, also what the analysis does."""
    texts = texts_of(policy.name, policy.read_text(encoding="utf-8"))
    made = pipeline.compile_texts(texts, standard_library())
    found = made.findings
    if made.program is not None and not any(severity_of(finding) == "error" for finding in found):
        found += pipeline.examined(made.program, texts).findings
    return apply(found, texts)


@functools.cache
def _sound(policy: Path) -> tuple[pipeline.Compiled, Evaluator | None]:
    made = compiled(policy)
    problems = errors_of(made)
    assert not problems, f"{policy.name} has errors:\n" + "\n".join(problems)
    assert made.program is not None
    return made, None if made.program.data else Evaluator(build(made.program), {})


def evaluators(policy: Path, documents: Mapping[str, object]) -> tuple[Evaluator, Reference]:
    """Both evaluators of a case's policy, with documents as decoded JSON. Raises `DataError`."""
    made, plain = _sound(policy)
    assert made.program is not None
    given = typed(documents)
    evaluator = plain if plain is not None and not given else Evaluator(build(made.program), given)
    return evaluator, Reference(made.program, given, evaluator.digest)


def typed(documents: Mapping[str, object]) -> dict[str, object]:
    """Documents as strict JSON reads them, with decimals for numbers that have a point."""
    return {name: read_json(json.dumps(value), DATA_LIMITS) for name, value in documents.items()}


# ---------------------------------------------------------------------------------------------------------- requests


@attrs.frozen
class RequestCase:
    """One request of a `.requests.json`, with what was given before it."""

    stem: str
    says: str
    policy: Path
    position: int
    request: Mapping[str, object] | None
    text: bytes | None
    documents: Mapping[str, object]
    expect: Mapping[str, object] | None
    asks: Mapping[str, object]

    @property
    def name(self) -> str:
        return f"{self.stem}: {self.says}"


def stem_of(file: Path) -> str:
    """The name of a case: its path in this folder, without the endings."""
    return file.relative_to(FOLDER).as_posix().partition(".")[0]


def request_cases() -> Iterator[RequestCase]:
    """All requests of all cases."""
    for file in sorted(FOLDER.rglob("*.requests.json")):
        given: Mapping[str, object] = {}
        documents: Mapping[str, object] = {}
        for position, entry in enumerate(entries(file)):
            if "says" not in entry:
                given = mapping(entry.get("given", {}))
                documents = mapping(entry.get("data", {}))
                continue
            yield RequestCase(
                stem=stem_of(file),
                says=str(entry["says"]),
                policy=file.with_name(file.name.replace(".requests.json", ".tenet")),
                position=position,
                request=_request(entry, given),
                text=_pieces(entry["json"]) if "json" in entry else None,
                documents=mapping(entry.get("data", documents)),
                expect=None if entry.get("expect") is None else mapping(entry["expect"]),
                asks=mapping(entry.get("asks", {})),
            )


def entries(file: Path) -> list[dict[str, object]]:
    """The entries of a `.requests.json`."""
    read: object = json.loads(file.read_text(encoding="utf-8"))
    assert isinstance(read, list), file
    return [dict(mapping(entry)) for entry in read]


def mapping(value: object) -> Mapping[str, object]:
    """The value, which is an object of JSON."""
    assert isinstance(value, dict), value
    return value


def _request(entry: Mapping[str, object], given: Mapping[str, object]) -> Mapping[str, object] | None:
    if "request" not in entry:
        return None
    without = entry.get("without", [])
    assert isinstance(without, list)
    return {name: value for name, value in {**given, **mapping(entry["request"])}.items() if name not in without}


def _pieces(written: object) -> bytes:
    found = b""
    for piece in written if isinstance(written, list) else [written]:
        match piece:
            case {"repeat": str(text), "times": int(times)}:
                found += text.encode() * times
            case {"hex": str(digits)}:
                found += bytes.fromhex(digits)
            case _:
                assert isinstance(piece, str)
                found += piece.encode()
    return found


def missing(expected: object, found: object, path: str = "") -> list[str]:
    """What of `expected` is not in `found`, a line for each difference, with its path."""
    if isinstance(expected, dict) and isinstance(found, dict):
        lines: list[str] = []
        for key, value in expected.items():
            below = f"{path}.{key}" if path else str(key)
            lines += missing(value, found[key], below) if key in found else [f"{below}: missing"]
        return lines
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) == len(found):
            pairs = enumerate(zip(expected, found, strict=True))
            return [line for index, (one, two) in pairs for line in missing(one, two, f"{path}[{index}]")]
        return [f"{path}: {len(expected)} items expected, {len(found)} found: {_shown(found)}"]
    same = expected == found and isinstance(expected, bool) == isinstance(found, bool)
    return [] if same else [f"{path}: expected {_shown(expected)}\n{' ' * len(path)}     found {_shown(found)}"]


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def accept(case: RequestCase, decision: Mapping[str, object]) -> None:
    """Write what was decided into the entry, for a person to read."""
    file = case.policy.with_name(case.policy.name.replace(".tenet", ".requests.json"))
    kept = entries(file)
    uninteresting = {"schema_version", "policy", "bundle", "matched"}
    if not kept[case.position].get("trace"):
        uninteresting.add("trace")
    told = {name: value for name, value in decision.items() if name not in uninteresting and value != []}
    kept[case.position] = {name: value for name, value in kept[case.position].items() if name != "trace"}
    kept[case.position]["expect"] = told
    lines = ",\n".join(f" {_laid_out(entry)}" for entry in kept)
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def _laid_out(entry: Mapping[str, object]) -> str:
    """An entry, one key on a line; a trace with one condition on a line."""
    parts = []
    for name, value in entry.items():
        shown = _shown(value)
        if name == "expect" and len(shown) > 110:
            inner = mapping(value)
            shown = "{" + ",\n             ".join(f"{_shown(key)}: {_shown(item)}" for key, item in inner.items()) + "}"
            shown = shown.replace('{"text"', '\n               {"text"').replace('{"rule"', '\n              {"rule"')
        parts.append(f"{_shown(name)}: {shown}")
    return ("{" + ",\n  ".join(parts) + "}").replace(", \n", ",\n")


# -------------------------------------------------------------------------------------------------------- short cases


Mark: TypeAlias = tuple[int, str, str]
"""A finding, or a mark that expects one: its line, its severity, its check."""


@attrs.frozen
class ShortCase:
    """One case of an `errors/SECTION.tenet`: its text, with the line numbers of the file, and the marks by line."""

    stem: str
    says: str
    texts: tuple[Text, ...]
    marks: Counter[Mark]

    @property
    def name(self) -> str:
        return f"{self.stem}: {self.says}"


def short_cases() -> Iterator[ShortCase]:
    """All short cases of all sections."""
    for file in sorted(ERRORS.glob("*.tenet")):
        yield from _short_cases(file)


def _short_cases(file: Path) -> Iterator[ShortCase]:
    content = file.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(content))
    assert headings, file
    preamble = content[: headings[0].start()]
    ends = [*(heading.start() for heading in headings[1:]), len(content)]
    for heading, end in zip(headings, ends, strict=True):
        body = content[heading.end() : end]
        before = content.count("\n", 0, heading.end())
        if _PACKAGE.match(body.lstrip("\n")):
            whole = "\n" * before + body
        else:
            whole = preamble + "\n" * (before - preamble.count("\n")) + body
        yield ShortCase(stem_of(file), heading[1], texts_of(file.name, whole), Counter(_marks(whole)))


def _marks(content: str) -> Iterator[Mark]:
    for number, line in enumerate(content.split("\n"), 1):
        marks = _MARKS.search(line)
        for mark in _MARK.finditer(marks[1] if marks else ""):
            yield number, mark[1], mark[2]


def findings_of(texts: tuple[Text, ...]) -> list[tuple[Mark, str]]:
    """What is found in the texts, each with a line that tells more."""
    made = pipeline.compile_texts(texts, standard_library())
    return [
        ((finding.at.line, severity_of(finding), finding.check), f"{finding.variant} {dict(finding.details)}")
        for finding in apply(made.findings, texts)
    ]
