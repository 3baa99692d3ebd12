"""The translation says no more than the formula, and the solver's answers are read as they are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest

from tenetlang.analysis.formulas import TRUE, Among, Fits, Formula, Formulas, Linear, Some
from tenetlang.analysis.proofs import opinion, solver
from tenetlang.analysis.proofs.opinion import CrossCheckFailed, SecondOpinion
from tenetlang.analysis.proofs.prove import Counterexample, Proved, Unproved, broken_formula, prove
from tenetlang.analysis.proofs.smt import script_of
from tenetlang.analysis.questions import Analysis, Scene, Undecided, Witness
from tenetlang.analysis.shape import NOWHERE, Shape
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.program import types as t
from tenetlang.program.expression import Local, Read
from tenetlang.values.pattern_syntax import AnyOf
from tests.unit.analysis.programs import checked

POLICY = """\
package p
tool order(@min(1) @max(1000) n: int, m: int, d: decimal, s: string, note: string, level: "low" | "high", names: list[string])
default deny because "no"
allow all_of_it if { tool is order; CONDITION }
never "a" { verdict is allow; tool is order }
"""


def analysed(condition: str) -> tuple[Analysis, Scene, Formula]:
    program = checked(POLICY.replace("CONDITION", condition))
    analysis = Analysis(program, BothEvaluators(program))
    scene = analysis.scene("order")
    assert isinstance(scene, Scene)
    return analysis, scene, broken_formula(scene.lowering, program.claims[0])


def solved(condition: str) -> str:
    pytest.importorskip("cvc5", reason="the extra `smt` is not installed")
    _, scene, formula = analysed(condition)
    script = script_of(scene.lowering.shape, formula)
    return solver.ask(script.text, [name for _, name in script.asked])[0]


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("args.n * args.m == 15; args.m > 4; args.n > 2", "sat"),
        ("args.n * args.m == 15; args.m > 5; args.n > 3", "unsat"),
        ("args.n > 1000", "unsat"),
        ("args.m % 3 == 2; args.m < 0", "sat"),
        ("args.m % -3 > 0", "unsat"),
        ('args.s + args.note == "ab"; args.note == "b"', "sat"),
        ('args.s + args.note == "ab"; args.note == "a"', "unsat"),
        ('args.s + "\\u{e9}" == "x\\u{e9}"; args.s != "x"', "unsat"),
        ("args.d * args.n == 4.5; args.n == 3", "sat"),
        ("args.d * args.d < 0.0", "unsat"),
        ('args.level != "low"; args.level != "high"', "unsat"),
        ('args.s matches "[0-9]{3}"; count(args.s) != 3', "unsat"),
        ('args.s matches "a*b?"; args.s != "b"; args.s != ""', "sat"),
        ('"a" in args.names; every name in args.names { name == "b" }', "unsat"),
        ('"a" in args.names; "b" in args.names; every name in args.names { name != "c" }', "sat"),
        ("some name in args.names { count(name) > 3 }; every name in args.names { count(name) < 3 }", "unsat"),
    ],
)
def test_conditions_mean_to_the_solver_what_they_mean_to_us(condition: str, answer: str) -> None:
    assert solved(condition) == answer


def test_what_the_search_leaves_is_settled_by_a_proof_or_by_a_request_that_the_evaluators_confirm() -> None:
    pytest.importorskip("cvc5", reason="the extra `smt` is not installed")
    for condition, kind in (
        ("args.n * args.m == 391; args.m > 17; args.n > 1", Counterexample),
        ("args.n * args.m == 391; args.m > 23; args.n > 17", Proved),
    ):
        analysis, _, _ = analysed(condition)
        second = SecondOpinion()
        claim = analysis.program.claims[0]
        assert isinstance(prove(analysis, claim), Unproved)
        found = prove(analysis, claim, second=second)
        assert isinstance(found, kind)
        assert (second.asked, second.settled, second.confirmed) == (1, 1, 0)
        if isinstance(found, Counterexample):
            args = found.request["args"]
            assert isinstance(args, dict)
            assert args["n"] * args["m"] == 391


def test_characters_that_the_solver_lacks_are_left_to_the_formula() -> None:
    program = checked(POLICY.replace("CONDITION", "true"))
    formulas, shape = Formulas(), Shape(program, "order")
    text = Read(("args", "s"), t.STRING, NOWHERE)
    beyond, border = Fits(text, AnyOf(((0x40000, 0x10FFFF),))), Among(text, ("\U0002fffe",))
    for atom in (beyond, border):
        assert "(declare-const t1 Bool)" in script_of(shape, formulas.literal(atom)).text
    everything = Fits(text, AnyOf(((0, 0xD7FF), (0xE000, 0x10FFFF))))
    assert "str.in_re" in script_of(shape, formulas.literal(everything)).text


def test_a_member_of_one_collection_says_nothing_of_another() -> None:
    program = checked(POLICY.replace("CONDITION", "true"))
    formulas, shape = Formulas(), Shape(program, "order")
    member = Local("#1", t.STRING, NOWHERE)
    has_a = formulas.literal(Among(member, ("a",)))
    names, others = (
        Read(("args", "names"), t.ListType(t.STRING), NOWHERE),
        Read(("others",), t.ListType(t.STRING), NOWHERE),
    )
    some_a = formulas.literal(Some(names, None, member, has_a))
    none_other = formulas.literal(Some(others, None, member, has_a), positive=False)
    none_at_all = formulas.literal(Some(names, None, member, TRUE), positive=False)
    apart = script_of(shape, formulas.both(some_a, none_other)).text
    together = script_of(shape, formulas.both(some_a, none_at_all)).text
    assert "(=> (and" not in apart
    assert "(=> (and" in together


def test_fractions_and_signs_are_spelled_for_the_solver() -> None:
    program = checked(POLICY.replace("CONDITION", "true"))
    formulas, shape = Formulas(), Shape(program, "order")
    n, d = Read(("args", "n"), t.INT, NOWHERE), Read(("args", "d"), t.DECIMAL, NOWHERE)
    sum_ = Linear(((d, Fraction(1)), (n, Fraction(-1, 3))), "<=", Fraction(-5, 2))
    text = script_of(shape, formulas.literal(sum_)).text
    assert "(* (- (/ 1.0 3.0)) (to_real t1))" in text
    assert "(- (/ 5.0 2.0))" in text


class Answers:
    """A solver that says what it is told to, with the same value for everything."""

    def __init__(self, verdict: solver.Verdict, value: solver.Value = False) -> None:
        self.verdict = verdict
        self.value = value
        self.scripts: list[str] = []

    def __call__(
        self, script: str, names: Sequence[str], milliseconds: int
    ) -> tuple[solver.Verdict, Mapping[str, solver.Value]]:
        assert milliseconds > 0
        self.scripts.append(script)
        return self.verdict, dict.fromkeys(names, self.value)


def opinion_of(
    monkeypatch: pytest.MonkeyPatch, answers: Answers, condition: str, *, everything: bool
) -> Witness | Undecided | None:
    monkeypatch.setattr(opinion, "ask", answers)
    analysis, scene, formula = analysed(condition)

    def ask(wanted: Formula) -> Witness | Undecided | None:
        return analysis.find(scene, wanted, lambda judged: judged.verdict == "allow")

    second = SecondOpinion(everything=everything)
    return second.of(scene.lowering.shape, scene.formulas, formula, ask(formula), ask)


def test_a_contradiction_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CrossCheckFailed):
        opinion_of(monkeypatch, Answers("unsat"), "args.n > 5", everything=True)
    assert opinion_of(monkeypatch, Answers("unsat"), "args.n > 1000", everything=True) is None
    witness = opinion_of(monkeypatch, Answers("unknown"), "args.n > 5", everything=True)
    assert isinstance(witness, Witness)


def test_values_that_show_nothing_are_refused_and_never_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers("sat", Fraction(7))
    found = opinion_of(monkeypatch, answers, "args.n * args.m == 391; args.m > 17; args.n > 1", everything=False)
    assert isinstance(found, Undecided)
    assert len(answers.scripts) == 3
    assert "(assert (not (and true (= t" in answers.scripts[1]
    assert isinstance(
        opinion_of(
            monkeypatch, Answers("unknown"), "args.n * args.m == 391; args.m > 17; args.n > 1", everything=False
        ),
        Undecided,
    )


def test_without_the_solver_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(solver, "import_module", missing)
    with pytest.raises(solver.NoSolver):
        solver.solver_version()
