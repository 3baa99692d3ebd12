"""Makes `policies.jsonl` and `vectors.jsonl` again: `python -m tests.golden.make`.

Requests are those of the conformance cases, those that the sampler makes for them and for the examples, those of
`requests.py` for the policies beside it, and those that the sampler makes for generated programs, some of them spoiled. The
reference evaluator decides. The same checkout makes the same files; where they change, a person reads why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TypeVar

import attrs

from tenetlang.decision_tree import json_form
from tenetlang.decision_tree.build import build
from tenetlang.evaluator.reference import Reference
from tenetlang.evaluator.requests import DataError
from tenetlang.program.program import Program
from tenetlang.project.project import read_project
from tenetlang.testing.sample import sampler
from tenetlang.values.numbers import decimal_text
from tests.conformance import cases
from tests.golden.golden import FOLDER, POLICIES, VECTORS, Pieces, compact, piece_bytes
from tests.golden.requests import DOCUMENTS, Maker, request_text
from tests.properties.generated_programs import program as generated_program
from tests.properties.test_evaluators import checked, spoiled

T = TypeVar("T")

ROOT = FOLDER.parents[1]
LONGEST_DECISION = 5_000
OF_A_CASE = 3
OF_AN_EXAMPLE = 44
OF_A_TOOL = 42
PROGRAMS = 40
OF_A_PROGRAM = 14


@attrs.define
class Writing:
    """The lines so far. A policy is written when its first decision is."""

    policies: list[str] = attrs.field(factory=list)
    vectors: list[str] = attrs.field(factory=list)
    seen: set[str] = attrs.field(factory=set)
    known: set[str] = attrs.field(factory=set)

    def add(
        self, name: str, program: Program, documents: Mapping[str, object], requests: Sequence[str | Pieces]
    ) -> None:
        """The decisions on these requests. Documents that don't fit are passed over."""
        policy = build(program)
        try:
            reference = Reference(program, cases.typed(documents), json_form.digest(policy))
        except DataError:
            return
        if name not in self.known:
            self.known.add(name)
            self.policies.append(compact({"id": name, "document": json_form.to_json(policy)}))
        for request in requests:
            data = piece_bytes(request) if isinstance(request, str) else b"".join(map(piece_bytes, request))
            decision = reference.decide_json(data).to_json()
            line = {"policy": name, "documents": documents, "request": request, "decision": decision}
            if not documents:
                del line["documents"]
            shown = compact(line)
            if len(shown) <= LONGEST_DECISION and shown not in self.seen:
                self.seen.add(shown)
                self.vectors.append(shown)


def as_text(value: object) -> str:
    """JSON text of a request that was made up; decimals as the numbers that they are."""
    match value:
        case Decimal():
            return decimal_text(value)
        case dict():
            return (
                "{"
                + ",".join(f"{json.dumps(str(key), ensure_ascii=False)}:{as_text(item)}" for key, item in value.items())
                + "}"
            )
        case list() | tuple():
            return "[" + ",".join(map(as_text, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def of_cases(writing: Writing) -> None:
    """The conformance cases themselves, then requests made up for their policies."""
    sampled: dict[str, Program] = {}
    for case in cases.request_cases():
        program = cases.compiled(case.policy).program
        if program is None or cases.errors_of(cases.compiled(case.policy)):
            continue
        name = f"conformance/{case.stem}"
        sampled[name] = program
        writing.add(name, program, case.documents, [_case_request(case)])
    for name, program in sorted(sampled.items()):
        of_sampler(writing, name, program, OF_A_CASE)


def _case_request(case: cases.RequestCase) -> str | Pieces:
    if case.text is None:
        return compact(case.request)
    file = case.policy.with_name(case.policy.name.replace(".tenet", ".requests.json"))
    written = cases.entries(file)[case.position]["json"]
    return written if isinstance(written, str | list) else str(written)


def of_sampler(writing: Writing, name: str, program: Program, count: int) -> None:
    making = sampler(program, 7)
    documents = json.loads(as_text(making.documents()))
    requests = []
    for number in range(count):
        request = making.request()
        if number % 6 == 5:
            request = spoiled(request, making.random)
        if number % 4 == 3:
            request["approvals"] = [
                {"reviewers": making.random.choice(["desk", "board", "b.watch", *_reviewers(program)])}
            ]
        requests.append(as_text(request))
    writing.add(name, program, documents, requests)


def _reviewers(program: Program) -> list[str]:
    return sorted(reviewers.shown_name for reviewers in program.reviewers.values())


def of_examples(writing: Writing) -> None:
    for folder in sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir()):
        result = read_project([folder]).compile()
        assert result.program is not None, folder
        of_sampler(writing, f"examples/{folder.name}", result.program, OF_AN_EXAMPLE)


def of_policies(writing: Writing) -> None:
    """The policies beside this file."""
    for file in sorted((FOLDER / "policies").glob("*.tenet")):
        compiled = cases.compiled(file)
        assert compiled.program is not None
        assert not cases.errors_of(compiled)
        maker = Maker(file.stem)
        requests = [
            request_text(file.stem, tool, maker) for tool in sorted(compiled.program.tools) for _ in range(OF_A_TOOL)
        ]
        writing.add(f"golden/{file.stem}", compiled.program, DOCUMENTS.get(file.stem, {}), requests)
        of_sampler(writing, f"golden/{file.stem}", compiled.program, OF_A_CASE)


def of_programs(writing: Writing) -> None:
    """Generated programs, as `tests/properties` compares the evaluators on."""
    for number in range(PROGRAMS):
        random = Random(f"golden/{number}")

        def choose(options: Sequence[T], random: Random = random) -> T:
            return random.choice(list(options))

        made = checked(generated_program(choose))
        if made is not None:
            of_sampler(writing, f"generated/{number}", made, OF_A_PROGRAM)


def made() -> tuple[str, str]:
    """The contents of both files."""
    writing = Writing()
    for part in (of_cases, of_examples, of_policies, of_programs):
        part(writing)
    return "\n".join(writing.policies) + "\n", "\n".join(writing.vectors) + "\n"


def main() -> None:
    os.chdir(ROOT)  # files of examples are named as they are found
    policies, found = made()
    Path(POLICIES).write_text(policies, encoding="utf-8", newline="\n")
    Path(VECTORS).write_text(found, encoding="utf-8", newline="\n")
    print(
        f"{policies.count(chr(10))} policies, {found.count(chr(10)):,} vectors, {(len(policies.encode()) + len(found.encode())) / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
