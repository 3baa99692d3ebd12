"""`tenet test --mutants`: the results for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import attrs

from tenetlang.cli import statuses
from tenetlang.cli.output import Paint, Progress, complain, painter, plain, remark, say, say_json
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.analysis.mutation.mutations import Change
    from tenetlang.cli.selection import Selection
    from tenetlang.program.program import Program
    from tenetlang.project.project import Project
    from tenetlang.testing.mutants import MutantResult

MOST_SHOWN: Final = 20
"""Missing tests that are shown to people."""
_WHY: Final[Mapping[str, str]] = {
    "too-many-cases": "it needs more cases than it may have",
    "too-large": "its rules are too large to take apart",
    "not-shown": "a request seems to tell it, but none could be made up",
}


@attrs.frozen
class Score:
    """How many mutants came to what."""

    killed: int
    survived: int
    equivalent: int
    undecided: int

    @property
    def killable(self) -> int:
        """Those that some request tells from the policy."""
        return self.killed + self.survived

    @property
    def percent(self) -> float:
        """The share of the killable that was killed; 100 where there is nothing to kill."""
        return 100.0 if not self.killable else 100 * self.killed / self.killable


def run_mutants(
    project: Project, programs: Sequence[Program], wanted: Selection | None, style: str, fail_under: float | None
) -> int:
    """Run the wanted tests of the programs against their mutants, and say what came of it."""
    from tenetlang.testing.missing import missing_tests
    from tenetlang.testing.mutants import against_mutants
    from tenetlang.testing.run import run_tests

    chosen = wanted or (lambda _: True)
    failed = [
        result
        for program in programs
        for result in run_tests(program, lambda case: chosen(case.name))
        if result.status != "passed"
    ]
    if failed:
        names = ", ".join(sorted({f'"{result.name}"' for result in failed}))
        complain(f"mutants tell something about tests that pass, and these do not: {names}")
        return statuses.FOUND
    found: list[tuple[Program, tuple[MutantResult, ...]]] = []
    with Progress("mutants") as progress:
        for program in programs:
            found.append((program, against_mutants(program, lambda case: chosen(case.name), progress.step)))
        merged = _merged(found)
        most = None if style == "json" else MOST_SHOWN
        results: list[MutantResult] = []
        for program, _ in found:
            own = [tested for owner, tested in merged if owner is program]
            results += missing_tests(program, project, own, most)
    score = score_of(results)
    if style == "json":
        say_json(as_json(results, score))
    else:
        _tell(results, score, painter(sys.stdout))
    if not results:
        complain("there is no rule that decides anything, and so nothing to change")
        return statuses.NOTHING
    enough = score.percent >= fail_under if fail_under is not None else not score.survived
    return statuses.FINE if enough else statuses.FOUND


def score_of(results: Sequence[MutantResult]) -> Score:
    """The counts of all results."""
    counted = dict.fromkeys(("killed", "survived", "equivalent", "undecided"), 0)
    for tested in results:
        counted[tested.status] += 1
    return Score(counted["killed"], counted["survived"], counted["equivalent"], counted["undecided"])


def _merged(found: Sequence[tuple[Program, tuple[MutantResult, ...]]]) -> list[tuple[Program, MutantResult]]:
    """Each mutant once, though a package that others extend is tested with each of them: what any of them says of it counts."""
    order = ("killed", "survived", "undecided", "equivalent")
    best: dict[object, tuple[Program, MutantResult]] = {}
    for program, results in found:
        for tested in results:
            change = tested.mutation.change
            key = (change.kind, change.at.text.name, change.at.start, change.at.end, change.before, change.after)
            known = best.get(key)
            if known is None or order.index(tested.status) < order.index(known[1].status):
                best[key] = program, tested
    return list(best.values())


# ---------------------------------------------------------------------------------------------------------------- words


def change_text(change: Change) -> str:
    """What was changed, as the end of a sentence."""
    before, after = f"`{_line(change.before)}`", f"`{_line(change.after)}`"
    match change.kind:
        case "comparison":
            return f"{before} became {after} in `{_line(change.at.source)}`"
        case "boundary" | "pattern-shortened":
            return f"{before} became {after}"
        case "condition-dropped":
            return f"without {before}"
        case "alternative-dropped":
            return f"without the alternative {before}"
        case "condition-negated":
            return f"with the opposite of {before}"
        case "and-or":
            return f"{before} became {after} in `{_line(change.at.source)}`"
        case "some-every":
            return f"{before} became {after}"
        case "member-dropped":
            return f"without the member {before}"
        case "exception-dropped":
            return "without its `unless`"
        case "verdict":
            return f"{before} became {after}"
        case "rule-dropped":
            return "without the rule"
        case "override-dropped":
            return f"without `overrides {_line(change.before)}`"
        case "quorum":
            return f"quorum {before} became {after}"


def _line(text: str) -> str:
    """The text on one line, and not too long."""
    joined = " ".join(text.split())
    return joined if len(joined) <= 80 else joined[:79].rstrip() + "…"


def _title(tested: MutantResult) -> str:
    change = tested.mutation.change
    return f"{change.at.place}  {tested.mutation.owner.rpartition('.')[2]}: {change_text(change)}"


def _tell(results: Sequence[MutantResult], score: Score, paint: Paint) -> None:
    for line in result_lines(results, paint):
        say(line + "\n")
    say(paint(summary(score), "bad" if score.survived else "good") + "\n")
    if score.survived:
        remark("`tenet test --generate` writes a suite for the whole policy.\n")


def result_lines(results: Sequence[MutantResult], paint: Paint = plain) -> Iterator[str]:
    """The survivors, those that want the same test together with it; then what could not be decided."""
    by_test: dict[str, list[MutantResult]] = {}
    for tested in results:
        if tested.status == "survived":
            by_test.setdefault(tested.missing, []).append(tested)
    untested = by_test.pop("", [])
    for text, survivors in by_test.items():
        for tested in survivors:
            yield f"{paint('✗', 'bad')} {visible(_title(tested))}"
        noticed = "no test notices; this one would" if len(survivors) == 1 else "no test notices these; this one would"
        yield paint(f"    {noticed}:", "quiet")
        yield from (f"    {visible(line)}" for line in text.splitlines())
        yield ""
    for tested in untested[:MOST_SHOWN]:
        yield f"{paint('✗', 'bad')} {visible(_title(tested))}"
    if len(untested) > MOST_SHOWN:
        yield f"and {len(untested) - MOST_SHOWN:,} more, which `--format json` lists"
    undecided = [tested for tested in results if tested.status == "undecided"]
    for tested in undecided[:MOST_SHOWN]:
        yield f"{paint('?', 'quiet')} {visible(_title(tested))}: undecided, {_WHY.get(tested.why, tested.why)}"
    if len(undecided) > MOST_SHOWN:
        yield f"and {len(undecided) - MOST_SHOWN:,} more undecided"


def summary(score: Score) -> str:
    """`killed 41 of 47 mutants, 87 % (equivalent 4, undecided 0)`."""
    share = f", {score.percent:.0f} %" if score.killable else ""
    return (
        f"killed {score.killed:,} of {score.killable:,} mutants{share}"
        f" (equivalent {score.equivalent:,}, undecided {score.undecided:,})"
    )


def as_json(results: Sequence[MutantResult], score: Score) -> dict[str, object]:
    """All mutants, and how many there are of each kind."""
    return {
        "killed": score.killed,
        "survived": score.survived,
        "equivalent": score.equivalent,
        "undecided": score.undecided,
        "percent": Decimal(f"{score.percent:.1f}"),
        "mutants": [_mutant_json(tested) for tested in results],
    }


def _mutant_json(tested: MutantResult) -> dict[str, object]:
    change = tested.mutation.change
    return {
        "kind": change.kind,
        "in": tested.mutation.owner,
        "at": change.at.place,
        "before": change.before,
        "after": change.after,
        "status": tested.status,
        "killed_by": tested.by or None,
        "why": tested.why or None,
        "request": tested.request,
        "documents": tested.documents,
        "test": tested.missing or None,
    }
