"""Reviewers: who is asked, how many must agree, by when, and what happens if nobody does."""

from __future__ import annotations

from tenetlang.program import expression as core
from tenetlang.program import graph, infer
from tenetlang.program import types as t
from tenetlang.program.annotations import read_annotations
from tenetlang.program.names import Symbol, find
from tenetlang.program.program import Reviewers
from tenetlang.program.relations import fits, is_unknown
from tenetlang.program.unit import Scope, Unit, source_text, unknown
from tenetlang.program.world import World, shown_name
from tenetlang.report.nearest import nearest
from tenetlang.syntax import tree
from tenetlang.values.times import Duration

_SETTINGS = ("who", "quorum", "within", "else", "notify")
_DAY = 24 * 60 * 60 * 1_000_000_000


def lower_reviewers(world: World) -> dict[str, Reviewers]:
    """All reviewers by full name; notes chains that loop."""
    symbols = {symbol.full_name: symbol for package in world.packages.values() for symbol in package.all("reviewers")}
    found = {name: _lower(world, symbol) for name, symbol in symbols.items()}
    edges = {name: () if item.otherwise == "deny" else (item.otherwise,) for name, item in found.items()}
    for circle in graph.order(edges).circles:
        first = symbols[circle[0]]
        shown = " → ".join(symbols[name].name for name in (*circle, circle[0]))
        also = tuple(("next", symbols[name].at) for name in circle[1:])
        world.notes.add("reviewers-cycle", first.at, also=also, cycle=shown)
    return found


def find_reviewers(unit: Unit, path: tree.Path) -> str | None:
    """The full name of the reviewers that `to` names; None, with a finding, where there are none."""
    symbol = find(unit.world.packages, unit.notes, unit.file, path, "reviewers")
    if symbol is None:
        return None
    unit.world.used.add(f"reviewers {symbol.full_name}")
    return symbol.full_name


def _lower(world: World, symbol: Symbol) -> Reviewers:
    declaration = symbol.declaration
    assert isinstance(declaration, tree.ReviewersDeclaration)
    read_annotations(world.notes, declaration.annotations, "declaration")
    unit = Unit(world, symbol.file, name=symbol.full_name)
    settings: dict[str, tree.Setting] = {}
    for setting in declaration.settings:
        if setting.name not in _SETTINGS:
            near = nearest(setting.name, _SETTINGS)
            world.notes.add("unknown-name", setting.at, kind="setting of reviewers", name=setting.name, nearest=near)
        elif setting.name in settings:
            first = settings[setting.name].at
            world.notes.add("duplicate-setting", setting.at, also=(("first", first),), name=setting.name)
        else:
            settings[setting.name] = setting
    return Reviewers(
        name=symbol.full_name,
        shown_name=shown_name(world, symbol.package, symbol.name),
        who=_who(unit, symbol, settings.get("who")),
        quorum=_quorum(unit, settings.get("quorum"), settings.get("who")),
        within=_within(unit, symbol, settings.get("within")),
        otherwise=_otherwise(unit, settings.get("else")),
        notify=_notify(unit, settings.get("notify")),
        at=symbol.at,
    )


def _one(unit: Unit, setting: tree.Setting) -> tree.Expression | None:
    if len(setting.values) == 1:
        return setting.values[0]
    found = f"{len(setting.values)} are given"
    unit.notes.add("wrong-arity", setting.at, name=setting.name, expected="one value", found=found)
    return None


def _who(unit: Unit, symbol: Symbol, setting: tree.Setting | None) -> core.Expression:
    wanted = t.SetType(t.STRING)
    if setting is None:
        what, example = f"`reviewers {symbol.name}`", 'who data.groups["..."]'
        unit.notes.add("missing-setting", symbol.at, what=what, name="who", suggestion=example)
        return unknown(symbol.at)
    written = _one(unit, setting)
    if written is None:
        return unknown(setting.at)
    who = infer.lower(unit, written, Scope(), wanted)
    if fits(who.type, wanted) or is_unknown(who.type):
        return who
    suggestion = f"to_set({source_text(written.at)})" if fits(who.type, t.ListType(t.STRING)) else None
    unit.notes.add("reviewers-not-a-set", written.at, found=t.shown(who.type), suggestion=suggestion)
    return unknown(written.at)


def _quorum(unit: Unit, setting: tree.Setting | None, who: tree.Setting | None) -> int:
    written = None if setting is None else _one(unit, setting)
    if written is None:
        return 1
    lowered = infer.lower(unit, written, Scope(), t.INT)
    people = who.values[0] if who is not None and len(who.values) == 1 else None
    most = len(people.items) if isinstance(people, tree.SetForm) else None
    count = lowered.value if isinstance(lowered, core.Constant) and lowered.type is t.INT else None
    if isinstance(count, int) and count >= 1 and (most is None or count <= most):
        return count
    if not is_unknown(lowered.type):
        unit.notes.add("reviewers-not-a-set", written.at, "quorum", found=source_text(written.at))
    return 1


def _within(unit: Unit, symbol: Symbol, setting: tree.Setting | None) -> int:
    if setting is None:
        unit.notes.add(
            "missing-setting", symbol.at, what=f"`reviewers {symbol.name}`", name="within", suggestion="within 30m"
        )
        return _DAY
    written = _one(unit, setting)
    if written is None:
        return _DAY
    lowered = infer.lower(unit, written, Scope(), t.DURATION)
    if isinstance(lowered, core.Constant) and isinstance(lowered.value, Duration) and lowered.value > 0:
        return int(lowered.value)
    if not is_unknown(lowered.type):
        unit.notes.add("reviewers-not-a-set", written.at, "within", found=f"`{source_text(written.at)}`")
    return _DAY


def _otherwise(unit: Unit, setting: tree.Setting | None) -> str:
    if setting is None:
        return "deny"
    match setting.verdict, setting.to:
        case "allow", _:
            unit.notes.add("else-allow", setting.at)
        case "escalate", None:
            suggestion = "else escalate to OTHERS"
            unit.notes.add("missing-setting", setting.at, what="`else escalate`", name="to", suggestion=suggestion)
        case "escalate", tree.Path() as path:
            return find_reviewers(unit, path) or "deny"
        case "deny", tree.Path():
            unit.notes.add("escalate-without-reviewers", setting.at, "verdict")
        case None, _:
            unit.notes.add("else-allow", setting.at)
        case _:
            pass
    return "deny"


def _notify(unit: Unit, setting: tree.Setting | None) -> tuple[str, ...]:
    if setting is None:
        return ()
    channels: list[str] = []
    for written in setting.values:
        lowered = infer.expect(unit, written, Scope(), t.STRING)
        if isinstance(lowered, core.Constant) and isinstance(lowered.value, str):
            channels.append(lowered.value)
        elif not is_unknown(lowered.type):
            unit.notes.add("type-mismatch", written.at, expected="a string literal", found=t.shown(lowered.type))
    return tuple(channels)
