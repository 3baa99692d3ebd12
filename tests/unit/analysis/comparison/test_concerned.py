"""Which rules mean the same in two programs."""

from __future__ import annotations

from tenetlang import pipeline
from tenetlang.analysis.comparison.compare import Compared, TwoScenes
from tenetlang.analysis.comparison.concerned import same
from tenetlang.analysis.questions import Analysis
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.text import Text

ENTRY = "package p\nextend b\ndeny own if { tool is t; args.n == 3 }\n"
BASE = """package b
obligation note(text: string)
tool t(n: int)
allow r if { tool is t } then note(to_string(10 % args.n))
"""


def program(base: str) -> Program:
    texts = [Text("p.tenet", ENTRY), Text("b.tenet", base)]
    made = pipeline.compile_texts(texts, standard_library(), "p").program
    assert made is not None
    return made


def errors_of(compared: Compared) -> list[bool]:
    """Whether the base's rule can err, in the first and the second program."""
    scenes = compared.scene("t")
    assert isinstance(scenes, TwoScenes)
    found = []
    for side in (scenes.first, scenes.second):
        assert side.scene is not None
        item = side.scene.decided.rule("b.r")
        assert item is not None
        search = side.scene.searching()
        found.append(search.possible([search.space.node(item.errs)]))
    return found


def test_a_rule_of_a_base_that_only_observes_now_is_not_the_same_rule() -> None:
    deciding, watching = program(BASE), program("@observe\n" + BASE)
    assert same(deciding, deciding).rules == {"p.own", "b.r"}
    assert same(deciding, watching).rules == {"p.own"}


def test_what_a_rule_owes_errs_only_in_the_program_in_which_it_decides() -> None:
    deciding, watching = program(BASE), program("@observe\n" + BASE)
    for old, new in ((deciding, watching), (watching, deciding)):
        one, other = BothEvaluators(old), BothEvaluators(new)
        first = Analysis(old, one)
        compared = Compared(first, Analysis(new, other, formulas=first.formulas), one, other)
        assert errors_of(compared) == [old is deciding, new is deciding]
