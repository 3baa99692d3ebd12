"""`tenet prove`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, ENTRY, FORMAT, project_of, report_broken
from tenetlang.cli.output import Progress, complain, painter, say, say_json, waiting

if TYPE_CHECKING:
    from tenetlang.analysis.proofs.opinion import SecondOpinion
    from tenetlang.analysis.proofs.prove import Comparison, Relation
    from tenetlang.cli.proofs import ComparisonResult, ProofResult
    from tenetlang.program.program import Claim, Program
    from tenetlang.project.claims import AdHoc
    from tenetlang.project.project import Project, Result
    from tenetlang.report.finding import Finding

EXAMPLES = [
    "tenet prove policies/",
    "tenet prove policies/ --never 'verdict is allow; tool is refund; args.amount > 1000'",
    "tenet prove policies/ --always 'tool is wipe' --then 'verdict is deny'",
    "tenet prove policies/ --refines baseline/",
]
STATUSES = [
    (0, "all of it is proved"),
    (1, "a counterexample, something undecided, or the policy has errors"),
    (5, "there is nothing to prove"),
]


@click.command("prove", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("policy", type=ANYWHERE)
@click.option("--claim", "names", metavar="NAME", multiple=True, help="Just the claim of this name; may be repeated.")
@click.option("--never", "nevers", metavar="CONDITIONS", multiple=True, help="That no request meets these conditions.")
@click.option(
    "--always",
    "always",
    metavar="CONDITIONS",
    multiple=True,
    help="That where these conditions hold, so do those of --then.",
)
@click.option("--then", "thens", metavar="CONDITIONS", multiple=True, help="What holds where those of --always do.")
@click.option(
    "--refines",
    "base",
    type=ANYWHERE,
    metavar="BASE",
    help="That nothing which BASE denies or escalates becomes weaker.",
)
@click.option(
    "--equivalent", "other", type=ANYWHERE, metavar="OTHER", help="That each request gets the verdict that OTHER gives."
)
@click.option("--smt", is_flag=True, help="Ask cvc5 about what is left undecided (needs the extra `smt`).")
@click.option("--cross-check", is_flag=True, help="Ask cvc5 about everything, and fail where it says otherwise.")
@ENTRY
@FORMAT
def command(
    policy: Path,
    *,
    names: tuple[str, ...],
    nevers: tuple[str, ...],
    always: tuple[str, ...],
    thens: tuple[str, ...],
    base: Path | None,
    other: Path | None,
    smt: bool,
    cross_check: bool,
    entry: str | None,
    style: str,
) -> int:
    """Prove what the policy at POLICY, a file or a folder, claims of all requests.

    The claims are the `never`s and `always`es of the policy, or what the options say. All requests are meant that are
    well-typed and bring no approvals: any session, counters, time and documents. What is not proved is broken by a
    request, which is shown, or undecided, with the reason.
    """
    from tenetlang.project.project import NothingFound

    if len(always) != len(thens):
        raise click.UsageError("each --always goes with a --then")
    second = _second(smt=smt, cross_check=cross_check)
    others: list[tuple[Relation, Path]] = []
    others += [("refines", base)] if base is not None else []
    others += [("equivalent", other)] if other is not None else []
    try:
        project = project_of([policy])
        steps = _Steps(project, names, _ad_hoc(nevers, always, thens), others, entry)
        with waiting("compiling"):
            steps.compile()
    except NothingFound as nothing:
        complain(str(nothing))
        return statuses.NOTHING
    if steps.errors:
        report_broken(steps.errors, style)
        return statuses.FOUND
    return _run(steps, second, style)


def _second(*, smt: bool, cross_check: bool) -> SecondOpinion | None:
    if not (smt or cross_check):
        return None
    from tenetlang.analysis.proofs.opinion import SecondOpinion
    from tenetlang.analysis.proofs.solver import NoSolver, solver_version

    try:
        solver_version()
    except NoSolver:
        raise click.UsageError("cvc5 is not installed; it comes with the extra `smt`: tenetlang[smt]") from None
    return SecondOpinion(everything=cross_check)


def _ad_hoc(nevers: Sequence[str], always: Sequence[str], thens: Sequence[str]) -> list[AdHoc]:
    from tenetlang.project.claims import AdHoc
    from tenetlang.text import Text

    for option, contents in (("--never", nevers), ("--always", always), ("--then", thens)):
        if not all(content.strip() for content in contents):
            raise click.BadParameter("it takes conditions, as in the block of a claim", param_hint=option)
    found = [AdHoc("never", (Text("--never", content),)) for content in nevers]
    for condition, body in zip(always, thens, strict=True):
        found.append(AdHoc("always", (Text("--always", condition), Text("--then", body))))
    return found


@attrs.define
class _Steps:
    """What the command line asks for, and what has been compiled for it."""

    project: Project
    names: tuple[str, ...]
    ad_hoc: list[AdHoc]
    others: list[tuple[Relation, Path]]
    entry: str | None
    errors: list[Finding] = attrs.field(factory=list)
    claims: list[tuple[Program, Claim, str, bool]] = attrs.field(factory=list)
    pairs: list[tuple[Relation, Path, Program, Program]] = attrs.field(factory=list)

    def compile(self) -> None:
        """Compile all programs that are needed; those that have errors leave them in `errors`."""
        if self.names or not (self.ad_hoc or self.others):
            self._declared()
        if self.ad_hoc:
            self._written()
        for relation, path in self.others:
            self._pair(relation, path)

    def _declared(self) -> None:
        from tenetlang.report.nearest import nearest

        results = self.project.compile_tested(self.entry)
        found = [program for result in results if (program := self._sound(result)) is not None]
        known = [(program, claim) for program in found for claim in program.claims]
        for name in self.names:
            if not self.errors and name not in {claim.name for _, claim in known}:
                near = nearest(name, [claim.name for _, claim in known])
                hint = f"; did you mean `{near}`?" if near else ""
                raise click.BadParameter(f"there is no claim `{name}`{hint}", param_hint="--claim")
        wanted = [item for item in known if not self.names or item[1].name in self.names]
        self.claims += [(program, claim, f'{claim.kind} "{claim.name}"', False) for program, claim in wanted]

    def _written(self) -> None:
        from tenetlang.project.claims import NotOneClaim, with_claims

        program = self._sound(self.project.compile(self.entry))
        if program is None:
            return
        try:
            result, names = with_claims(self.project, program.entry, self.ad_hoc)
        except NotOneClaim as error:
            raise click.UsageError(str(error)) from error
        whole = self._sound(result)
        if whole is not None:
            shown = {name: claim.shown for name, claim in zip(names, self.ad_hoc, strict=True)}
            self.claims += [(whole, claim, shown[claim.name], True) for claim in whole.claims if claim.name in shown]

    def _pair(self, relation: Relation, path: Path) -> None:
        from tenetlang.project.claims import packages_of

        program = self._sound(self.project.compile(self.entry))
        base = project_of([path])
        packages = packages_of(base)
        own = base.configuration.entry
        preferred = self.entry or (None if own is not None or program is None else program.entry)
        other = self._sound(base.compile(preferred if preferred in packages else None))
        if program is not None and other is not None:
            self.pairs.append((relation, path, other, program))

    def _sound(self, result: Result) -> Program | None:
        """The program, if it has no errors."""
        if result.broken:
            self.errors += [finding for finding in result.findings if finding not in self.errors]
            return None
        return result.program

    def count(self) -> int:
        """How many questions there are at most: one for each tool."""
        tools = sum(max(1, len(program.tools)) for program, *_ in self.claims)
        return tools + sum(max(1, len({*one.tools, *other.tools})) for _, _, one, other in self.pairs)


def _run(steps: _Steps, second: SecondOpinion | None, style: str) -> int:
    from tenetlang.cli.proofs import (
        comparison_json,
        comparison_lines,
        proof_json,
        proof_lines,
        solver_json,
        statuses_of,
        summary,
    )

    if not steps.claims and not steps.pairs:
        complain("the policy claims nothing: write a `never` or an `always`, or say what to prove with --never")
        return statuses.NOTHING
    paint = painter(sys.stdout)
    claims: list[ProofResult] = []
    comparisons: list[ComparisonResult] = []
    quiet = style == "json" or not sys.stdout.isatty()
    with Progress("proving", steps.count(), wanted=quiet) as progress:
        for proved in _proofs(steps, second, progress.step):
            claims.append(proved)
            if style == "pretty":
                say("".join(f"{line}\n" for line in proof_lines(proved, paint)))
        for compared in _comparisons(steps, second, progress.step):
            comparisons.append(compared)
            if style == "pretty":
                say("".join(f"{line}\n" for line in comparison_lines(compared, paint)))
    found = statuses_of(claims, comparisons)
    if not found:
        complain("there is nothing to compare: neither policy has a tool of the other")
        return statuses.NOTHING
    good = all(word == "proved" for word in found)
    if style == "json":
        say_json(
            {
                "proved": found.count("proved"),
                "broken": found.count("broken"),
                "undecided": found.count("undecided"),
                "claims": [proof_json(item) for item in claims],
                "comparisons": [comparison_json(item) for item in comparisons],
                "solver": None if second is None else solver_json(second),
            }
        )
    else:
        if second is not None and second.everything:
            questions = f"{second.asked} question{'' if second.asked == 1 else 's'}"
            say(f"cross-checked: {questions} to cvc5, {second.confirmed} confirmed, none contradicted\n")
        say(paint(summary(found), "good" if good else "bad") + "\n")
    return statuses.FINE if good else statuses.FOUND


def _proofs(steps: _Steps, second: SecondOpinion | None, step: Callable[[], None]) -> Iterator[ProofResult]:
    from tenetlang.analysis.proofs.prove import Proved
    from tenetlang.analysis.questions import Analysis
    from tenetlang.cli.proofs import ProofResult
    from tenetlang.evaluator.judge import BothEvaluators
    from tenetlang.testing.claims import decide_claim, is_vacuous

    analysis: Analysis | None = None
    for program, claim, shown, ad_hoc in steps.claims:
        if analysis is None or analysis.program is not program:
            analysis = Analysis(program, BothEvaluators(program))
        proof, sampled = decide_claim(analysis, claim, step=step, second=second)
        vacuous = proof == Proved() and is_vacuous(analysis, claim)
        yield ProofResult(claim, shown, ad_hoc, proof, 0 if sampled is None else sampled.tried, vacuous)


def _comparisons(steps: _Steps, second: SecondOpinion | None, step: Callable[[], None]) -> Iterator[ComparisonResult]:
    from tenetlang.analysis.comparison.compare import compared_programs
    from tenetlang.analysis.proofs.prove import compare_programs
    from tenetlang.cli.proofs import ComparisonResult
    from tenetlang.evaluator.judge import BothEvaluators
    from tenetlang.project.configuration import shown_path

    for relation, path, base, program in steps.pairs:
        compared = compared_programs(base, BothEvaluators(base), program, BothEvaluators(program))
        tools: list[Comparison] = []
        for item in compare_programs(compared, relation, second=second):
            tools.append(item)
            step()
        yield ComparisonResult(relation, shown_path(path), tuple(tools), tuple(compared.recounted))
