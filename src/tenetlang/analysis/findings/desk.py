"""What the parts of the examination have in common: the scenes of all tools, and what was noticed in them.

Each kind of finding has a file of its own (`reach.py`, `cover.py`, `effect.py`, …), whose functions get a `Desk` and
give `Finding`s. What they could not tell is noted on the desk, once for each rule or tool and kind of question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

import attrs

from tenetlang.analysis.decisions import RuleFormula
from tenetlang.analysis.findings.asking import Asking, in_file_order
from tenetlang.analysis.formulas import Formula, TooLarge
from tenetlang.analysis.questions import Analysis, Answer, Judge, Scene, Shows, Undecided, Witness
from tenetlang.analysis.search import BUDGET
from tenetlang.frozen import field, frozen
from tenetlang.program.expression import Expression
from tenetlang.program.program import Package, Program, Rule
from tenetlang.text import Span, Text

MOST_SHOWN: Final = 20
MOST_FRUITLESS: Final = 20


class Examiner(Judge, Protocol):
    """A judge that also tells where rules err."""

    def faults(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Mapping[str, tuple[str, Span]]:
        """The error of each rule that errs on the request, by full name: its code, and the expression that errs."""

    def people(self, who: Expression, documents: Mapping[str, object]) -> frozenset[str] | str | None:
        """The people that an expression gives which reads nothing but these documents, by `package.name`; the code of its error;
        None where the documents are invalid."""


@frozen
class Wanted:
    """What is to be looked for beyond what always is.

    `documents` are those at hand, by `package.name`; `channels` are the ways in which a deployment can tell reviewers, None where
    nothing is known of it.
    """

    overlaps: bool = False
    gaps: bool = False
    undecided: bool = False
    documents: Mapping[str, object] = field(factory=dict)
    channels: frozenset[str] | None = None


@frozen
class Unsure:
    """Something that could not be told: about which rule or tool, at which place, what kind of question, and why."""

    about: str
    at: Span
    question: str
    reason: str


@attrs.define(eq=False)
class Desk:
    """One examination. `texts` are the files of the author; what lies in others is not looked at. The program's entry decides,
    even where as `written` it only observes."""

    program: Program
    judge: Examiner
    wanted: Wanted
    texts: frozenset[Text]
    written: Program
    analysis: Analysis = attrs.field(init=False)
    asking: dict[str | None, Asking | Undecided] = attrs.field(factory=dict)
    tools: dict[str, list[str | None]] = attrs.field(factory=dict)
    unsure: dict[tuple[str, str], Unsure] = attrs.field(factory=dict)
    packages: dict[str, Package] = attrs.field(init=False)
    shown_so_far: int = 0
    fruitless: dict[str | None, int] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.analysis = Analysis(self.program, self.judge)
        self.packages = {package.name: package for package in self.program.packages}
        for rule in self.all_rules():
            self.tools[rule.name] = []

    def open(self, tool: str | None) -> None:
        """Make the scene of the tool."""
        scene = self.analysis.scene(tool)
        made: Asking | Undecided = scene if isinstance(scene, Undecided) else self._asking(tool)
        self.asking[tool] = made
        if isinstance(made, Undecided):
            at = None if tool is None else self.program.tools[tool].at
            for rule in self.all_rules():
                if rule.tools is None or tool in rule.tools:
                    self.tools[rule.name].append(tool)
                    at = at or rule.at
            if at is not None:
                self.note_unsure(tool or self.program.entry, at, "tool", made.reason)
        else:
            for item in made.scene.decided.rules:
                self.tools[item.rule.name].append(tool)

    def _asking(self, tool: str | None) -> Asking | Undecided:
        scene = self.analysis.scene(tool)
        if isinstance(scene, Undecided):
            return scene
        try:
            return Asking(scene, scene.searching())
        except (TooLarge, RecursionError):
            return Undecided("too-large")

    def all_rules(self) -> Iterator[Rule]:
        """The rules of all packages that decide."""
        for package in self.program.packages:
            yield from package.rules

    def rules(self) -> list[Rule]:
        """The author's rules, by file and place."""
        return in_file_order(rule for rule in self.all_rules() if rule.at.text in self.texts)

    def is_watched(self, rule: Rule) -> bool:
        """Whether the rule decides nothing. Those of an entry that observes are taken as if they did."""
        return rule.observe or (rule.package != self.program.entry and self.packages[rule.package].observe)

    def observes(self, package: Package) -> bool:
        """Whether the package is written to decide nothing."""
        return any(written.name == package.name and written.observe for written in self.written.packages)

    def scenes_of(self, rule: Rule) -> list[tuple[Asking, RuleFormula]] | None:
        """The scenes of all tools that the rule can have to do with; None where one of them is missing."""
        found: list[tuple[Asking, RuleFormula]] = []
        for tool in self.tools[rule.name]:
            asking = self.asking[tool]
            if isinstance(asking, Undecided):
                return None
            found.append((asking, asking.by_name[rule.name]))
        return found

    def opened(self) -> Iterator[Asking]:
        """The scenes of all tools that could be taken apart."""
        for asking in self.asking.values():
            if isinstance(asking, Asking):
                yield asking

    def nowhere(self, rule: Rule, question: str, asked: Callable[[Asking, RuleFormula], bool | None]) -> bool:
        """Whether what is asked is impossible for every tool of the rule: a proof."""
        scenes = self.scenes_of(rule)
        if scenes is None:
            return False
        for asking, item in scenes:
            answer = asked(asking, item)
            if answer is None:
                self.note_unsure(rule.shown_name, rule.at, question, "too-many-cases")
            if answer is not False:
                return False
        return True

    def note_unsure(self, about: str, at: Span, question: str, reason: str) -> None:
        """Something could not be told; of one thing and kind of question it is said once."""
        self.unsure.setdefault((about, question), Unsure(about, at, question, reason))

    def find(self, scene: Scene, formula: Formula, shows: Shows, budget: int = BUDGET) -> Answer:
        """A request for the scene's tool for which the formula holds, and which `shows` it.

        What can't be shown costs the most. Of one tool only so many questions may end in that way; further ones are not asked.
        """
        if self.fruitless.get(scene.tool, 0) >= MOST_FRUITLESS:
            return Undecided("too-many-cases")
        answer = self.analysis.find(scene, formula, shows, budget)
        if isinstance(answer, Undecided):
            self.fruitless[scene.tool] = self.fruitless.get(scene.tool, 0) + 1
        return answer

    def shown(self, rule: Rule, formula: Callable[[Asking, RuleFormula], Formula], shows: Shows) -> Witness | None:
        """A request of one of the rule's tools for which the formula holds and which shows it; None if none was found.

        This is for findings that are proved without it. The first `MOST_SHOWN` of them get one.
        """
        if self.shown_so_far >= MOST_SHOWN:
            return None
        self.shown_so_far += 1
        for asking, item in self.scenes_of(rule) or ():
            answer = self.find(asking.scene, formula(asking, item), shows, 2_000)
            if isinstance(answer, Witness):
                return answer
        return None


def quoted(names: Sequence[str], most: int = 6) -> str:
    """Names in backticks, with commas, cut where there are many."""
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def needed_documents(witness: Witness) -> dict[str, object]:
    """The documents of a witness that hold anything."""
    return {name: document for name, document in witness.documents.items() if document not in ({}, [], None)}
