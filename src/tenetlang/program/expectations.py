"""`expect`: a verdict, with who is asked, who decides and why, or any condition."""

from __future__ import annotations

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.conditions import condition
from tenetlang.program.names import Symbol, symbol_at
from tenetlang.program.program import Expectation, Package
from tenetlang.program.reviewers import find_reviewers
from tenetlang.program.unit import Scope, Unit, source_text
from tenetlang.program.world import shown_name
from tenetlang.syntax import tree

SPECIAL = frozenset({"default", "invalid_request", "unknown_tool", "error", "observe"})
"""What `decided_by` says where no rule decides."""


def expectation(unit: Unit, written: tree.Expect, scope: Scope, package: Package) -> Expectation:
    """What a test expects."""
    verdict = _verdict(unit, written, scope)
    condition_ = None if verdict is not None else condition(unit, written.value, scope).expression
    to = None if written.to is None else find_reviewers(unit, written.to)
    if (
        written.to is not None
        and isinstance(written.value, tree.VerdictLiteral)
        and written.value.verdict != "escalate"
    ):
        unit.notes.add("escalate-without-reviewers", written.to.at, "verdict")
    if to is not None:
        owner, _, name = to.rpartition(".")
        to = shown_name(unit.world, owner, name)
    by = [_rule(unit, path, written, package) for path in written.by]
    return Expectation(
        verdict=verdict,
        to=to,
        by=tuple(name for name in by if name is not None),
        because=None if written.because is None else written.because.value,
        condition=condition_,
        text=source_text(written.at),
        at=written.at,
    )


def _verdict(unit: Unit, written: tree.Expect, scope: Scope) -> core.Expression | None:
    match written.value:
        case tree.VerdictLiteral(verdict):
            return core.Constant(verdict, t.VERDICT, written.value.at)
        case tree.Name(name) if name in scope.variables:
            local = scope.variables[name].local
            if local.type is t.VERDICT:
                unit.read.add(local.name)
                return core.Local(local.name, local.type, written.value.at)
        case _:
            pass
    return None


def _rule(unit: Unit, path: tree.Path, written: tree.Expect, package: Package) -> str | None:
    """The name by which decisions know a rule that `by` names."""
    if path.text in SPECIAL:
        return path.text
    found = symbol_at(unit.world.packages, unit.file, path, "rule")
    verdict = written.value.verdict if isinstance(written.value, tree.VerdictLiteral) else None
    if isinstance(found, Symbol):
        assert isinstance(found.declaration, tree.RuleDeclaration)
        own = found.declaration.verdict
        approved = own == "escalate" and verdict == "allow"
        if verdict is None or own == verdict or approved:
            return shown_name(unit.world, found.package, found.name)
        unit.notes.add("bad-test", path.at, "rule", also=(("declared", found.at),), name=path.text, verdict=verdict)
        return None
    names = {rule.shown_name for rule in package.rules if verdict is None or rule.verdict == verdict}
    near = unit.notes.nearest(path.text, sorted(names))
    unit.notes.add("bad-test", path.at, "rule", name=path.text, verdict=verdict or "decide", nearest=near)
    return None
