"""Writes a covering suite for a policy: the tests that its mutants ask for, in the order and the words of a person.

For each rule there is a request that it decides, a table for each edge of an order comparison (just below it, on it, just
above), and one request for each condition that alone keeps the rule from matching, for its exception and for what it
overrides; for each tool there is one that only the default decides. These are run against the mutants of the policy, and what
still survives gets a test of its own. So the suite covers what `--mutants` asks for, as far as that is decided.

The tests pass: each was decided by both evaluators, and the whole text is parsed, checked and run before anybody sees it.
What could not be covered, and why, is in comments at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from tenetlang.analysis.mutation.mutants import Mutant, mutants
from tenetlang.analysis.mutation.mutations import Kind, Mutation, mutations
from tenetlang.analysis.mutation.suite import Aim, default_aims, moved_by, rule_aims
from tenetlang.analysis.questions import Analysis, Answer, Undecided, Witness
from tenetlang.frozen import frozen
from tenetlang.program.program import Program, TestCase
from tenetlang.project.project import Project
from tenetlang.report.json import write
from tenetlang.testing.missing import expectation_of, shown_names
from tenetlang.testing.mutants import Rows
from tenetlang.testing.naming import distinct, edge_name, name_for, shortened
from tenetlang.testing.replays import Asked, MutantEvaluators, seen
from tenetlang.testing.series import Series, series_at, tabled
from tenetlang.testing.tidy import tidied
from tenetlang.testing.trial import passes, tried
from tenetlang.testing.written import (
    Form,
    Forms,
    Unwritable,
    Written,
    expected,
    flat,
    forms_of,
    setting_text,
    written,
    written_text,
)

_FIRST: Sequence[Kind] = (
    "comparison",
    "condition-dropped",
    "alternative-dropped",
    "exception-dropped",
    "override-dropped",
)
"""The mutations that every suite has tests for, in the order of their tests."""


@frozen
class Suite:
    """A file of tests as text, how many tests it has, and what it does not cover."""

    text: str
    tests: int
    uncovered: tuple[str, ...]


@attrs.frozen(eq=False)
class Draft:
    """A test before it is written. `place` is where in the file it stands."""

    place: tuple[int, ...]
    name: str
    asked: Asked
    expect: str
    series: Series | None = None


def generate(project: Project, program: Program, progress: Callable[[], None] = lambda: None) -> Suite:
    """The suite for the program, which is the project's own, compiled with its entry. `progress` is called now and then."""
    writing = _Suite(program, progress)
    drafts = writing.drafts()
    kept, cases, verified = _verified(project, program, writing, drafts)
    more = writing.for_survivors(verified, cases)
    if more:
        kept, _, _ = _verified(project, program, writing, [*kept, *more])
    text = _file(program, writing, kept, lifted=True)
    if not passes(project, program.entry, text):
        text = _file(program, writing, kept, lifted=False)
    return Suite(text, len(kept), tuple(writing.uncovered))


def _verified(
    project: Project, program: Program, writing: _Suite, drafts: Sequence[Draft]
) -> tuple[list[Draft], list[TestCase], Program]:
    """The drafts whose tests check and pass, and these tests."""
    ordered = sorted(drafts, key=lambda draft: draft.place)
    texts = [writing.text(draft) for draft in ordered]
    trial = tried(project, program.entry, texts)
    for number, why in sorted(trial.refused.items()):
        writing.uncovered.append(f"{ordered[number].name}: the test that was written does not hold ({why})")
    kept = [draft for number, draft in enumerate(ordered) if number in trial.cases]
    return kept, [trial.cases[number] for number in sorted(trial.cases)], trial.program or program


class _Suite:
    """The suite of one program in the making."""

    def __init__(self, program: Program, progress: Callable[[], None]) -> None:
        self.program = program
        self.progress = progress
        self.evaluators = MutantEvaluators(program)
        self.analysis = Analysis(program, self.evaluators.judge)
        self.forms: Forms = forms_of(program)
        self.names = shown_names(program)
        self.order = {name: number for number, name in enumerate([*self.evaluators.rules, *self.names])}
        self.mutations = list(mutations(program))
        self.taken = [test.name for test in program.tests] + [claim.name for claim in program.claims]
        self.requests: set[str] = set()
        self.uncovered: list[str] = []

    # ----------------------------------------------------------------------------------------------------------- drafts

    def drafts(self) -> list[Draft]:
        """Rules, their edges and conditions, then defaults; each request once."""
        found: list[Draft] = []
        for aim in rule_aims(self.analysis):
            found += self._of_aim(aim)
            self.progress()
        first = [item for item in self.mutations if item.change.kind in _FIRST]
        told = {id(mutant.mutation): mutant.answer for mutant in mutants(self.analysis, first, self.evaluators)}
        for mutation in sorted(first, key=lambda item: _FIRST.index(item.change.kind)):
            found += self._of_mutation(mutation, told.get(id(mutation)))
            self.progress()
        for aim in default_aims(self.analysis):
            found += self._of_aim(aim)
            self.progress()
        return found

    def for_survivors(self, verified: Program, cases: Sequence[TestCase]) -> list[Draft]:
        """Tests for the mutants that these let live."""
        rows = Rows(verified, cases)
        left = []
        for mutation in self.mutations:
            if rows.killer(mutation) is None:
                left.append(mutation)
            self.progress()
        found: list[Draft] = []
        for mutant in mutants(self.analysis, left, self.evaluators):
            new = self._of_mutation(mutant.mutation, mutant.answer)
            found += new
            self._note(mutant)
            self.progress()
        return found

    def _note(self, mutant: Mutant) -> None:
        if isinstance(mutant.answer, Undecided):
            change = mutant.mutation.change
            owner = self.names[mutant.mutation.owner]
            self.uncovered.append(f"{owner}: undecided whether a test could notice {change.kind} at {change.at.place}")

    def _of_aim(self, aim: Aim) -> Iterator[Draft]:
        subject = aim.tool or "a request" if aim.kind == "default" else self.names[aim.rule]
        if aim.answer is None and aim.kind == "rule":
            self.uncovered.append(f"{subject}: proved that it decides no request")
        elif isinstance(aim.answer, Undecided):
            self.uncovered.append(f"{subject}: undecided ({aim.answer.reason})")
        elif isinstance(aim.answer, Witness):
            asked = self._asked(aim.answer)
            asked = self._tidied(asked, lambda _: True)
            name = subject if aim.kind == "rule" else f"{subject}: by default"
            place = (0, self.order[aim.rule], -1) if aim.kind == "rule" else (1, 0, 0)
            yield from self._draft(place, name, asked, _expect(asked))

    def _of_mutation(self, mutation: Mutation, answer: Answer) -> Iterator[Draft]:
        if not isinstance(answer, Witness):
            return
        asked = self._asked(answer)
        wrong = seen(asked.decide(mutation.program))
        moved = moved_by(self.program, mutation.change)
        series = None if moved is None else series_at(self.evaluators, self.forms.places, moved.read, asked)

        def keeps(other: Asked) -> bool:
            if seen(other.decide(mutation.program)) != wrong:
                return False
            if series is None or moved is None:
                return True
            found = series_at(self.evaluators, self.forms.places, moved.read, other)
            return found is not None and found.verdicts == series.verdicts

        asked = self._tidied(asked, keeps)
        kind = mutation.change.kind
        stage = _FIRST.index(kind) if kind in _FIRST else len(_FIRST)
        place = (0, self.order[mutation.owner], stage, mutation.change.at.start)
        name = name_for(mutation.change, self.names[mutation.owner])
        if moved is not None and series is not None:
            table = series_at(self.evaluators, self.forms.places, moved.read, asked)
            if table is not None:
                if moved.alone:
                    name = edge_name(self.names[mutation.owner], table.limit(self.forms))
                yield from self._draft(place, name, asked, "verdict", table)
                return
        expect = expectation_of(asked, asked.decide(mutation.program))
        yield from self._draft(place, name, asked, expect)

    def _draft(
        self, place: tuple[int, ...], name: str, asked: Asked, expect: str, series: Series | None = None
    ) -> Iterator[Draft]:
        """The draft, unless there is one with its request, or it can't be written."""
        key = write([asked.request, asked.documents, None if series is None else series.key, expect == "verdict"])
        if key in self.requests:
            return
        self.requests.add(key)
        draft = Draft(place, distinct(shortened(name), self.taken), asked, expect, series)
        try:
            self.text(draft)
        except Unwritable as what:
            self.uncovered.append(f"{name}: no test can say its request ({what})")
            return
        self.taken.append(draft.name)
        yield draft

    # ------------------------------------------------------------------------------------------------------------- texts

    def _asked(self, witness: Witness) -> Asked:
        asked = self.evaluators.asked(witness.request, witness.documents)
        assert asked is not None, "it was decided before"
        return asked

    def _tidied(self, asked: Asked, keeps: Callable[[Asked], bool]) -> Asked:
        """The request made readable; decided by the same rules, and as `keeps` wants it."""
        wanted = seen(asked.decision), asked.decision.decided_by

        def still(request: Mapping[str, object], documents: Mapping[str, object]) -> bool:
            other = self.evaluators.asked(request, documents)
            return other is not None and (seen(other.decision), other.decision.decided_by) == wanted and keeps(other)

        request, documents = tidied(self.program, asked.request, asked.documents, still)
        found = self.evaluators.asked(request, documents)
        assert found is not None, "what is tidied is valid"
        return found

    def written(self, draft: Draft) -> Written:
        """The test in its parts. Raises `Unwritable`."""
        asked = draft.asked
        test = written(self.program, draft.name, asked.request, asked.documents, draft.expect, self.forms)
        return test if draft.series is None else tabled(test, draft.series, self.forms)

    def text(self, draft: Draft) -> str:
        """The test as text. Raises `Unwritable`."""
        return written_text(self.written(draft))


def _expect(asked: Asked) -> str:
    reviewers = {item.reviewers for item in asked.decision.escalations}
    return expected(asked.decision.verdict, asked.decision.decided_by, reviewers if len(reviewers) == 1 else ())


# ----------------------------------------------------------------------------------------------------------------- file


def _file(program: Program, writing: _Suite, drafts: Sequence[Draft], *, lifted: bool) -> str:
    """The file: the package, what the tests share, the tests, and what they leave out."""
    tests = [writing.written(draft) for draft in drafts]
    shared = _shared(tests) if lifted else ()
    lines = [f"package {program.entry}\n"]
    if shared:
        lines.append("".join(setting_text(setting, "") + "\n" for setting in shared))
    known = {target: flat(form) for target, form in shared}
    for test in tests:
        own = tuple((target, form) for target, form in test.settings if known.get(target) != flat(form))
        lines.append(written_text(attrs.evolve(test, settings=own)))
    if writing.uncovered:
        notes = dict.fromkeys(f"#   {' '.join(note.split())}\n" for note in writing.uncovered)
        lines.append("# Not covered:\n" + "".join(notes))
    return "\n".join(lines)


def _shared(tests: Sequence[Written]) -> tuple[tuple[str, Form], ...]:
    """The settings that stand at the top of the file: those that every test says, as most of them say them."""
    shared: list[tuple[str, Form]] = []
    for target, _ in tests[0].settings if len(tests) > 1 else ():
        said = [form for test in tests for name, form in test.settings if name == target]
        counted = Counter(map(flat, said))
        text, times = counted.most_common(1)[0]
        of_table = {word for test in tests for word in test.variables}
        if len(said) == len(tests) and times > 1 and text not in of_table:
            shared.append((target, next(form for form in said if flat(form) == text)))
    return tuple(shared)
