"""Bends the conditions of our own code, one at a time, and asks the tests whether they notice: a check that can be taken out
without a failing test is a check that nobody would miss.

A *bend* is one change of one condition in a function:

    if size > limit:          never, always, `size >= limit`
    if there and right:       never, always, `if right`, `if there`
    return last == 0          True, False
    case X() if matches:      never, whether or not it matches

It is a plugin of pytest (`-p tests.faults.bending --bend FILE… --bend-report FILE`), since starting Python and collecting
tests takes longer than most tests. Tests are collected once. A forked child runs them all and notes which functions each one calls.
Then each bend has a child of its own, which puts the bent code into the function and runs the tests that call it, quick ones
first, until one fails. What a module does when it is imported is not bent; functions that functions have made are.
"""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import re
import resource
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Final, TypeAlias

import attrs
import pytest
from _pytest.runner import runtestprotocol

Key: TypeAlias = tuple[str, str, int]
"""A function: its file, its name, and its first line."""

MOST_SECONDS: Final = 10
"""So much more time of the processor than it takes otherwise a test may take. One that takes more runs in circles, and that is noticed."""

MOST_BYTES: Final = 3 << 30

NOTICED: Final = 1
BROKEN: Final = 2
"""How a child ends: a test failed, or the bent code could not be put where it belongs. 0 is for no failing test."""

_NEXT: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_Place: TypeAlias = tuple[str, int, int]
_Put: TypeAlias = Callable[[ast.expr | None], None]
_Slot: TypeAlias = tuple[_Put, ast.expr, bool]
"""Where an expression stands in its parent, the expression, and whether only its truth matters there."""


@attrs.frozen
class Bend:
    """One change: in which function, of what, into what."""

    function: Key
    scope: str
    line: int
    before: str
    after: str
    put: _Put = attrs.field(repr=False, eq=False)
    old: ast.expr | None = attrs.field(repr=False, eq=False)
    new: ast.expr = attrs.field(repr=False, eq=False)

    @property
    def name(self) -> str:
        """What it is called in reports, wherever the lines move."""
        return f"{self.scope}: {self.before} → {self.after}"

    def code(self, tree: ast.Module) -> CodeType:
        """The code of the whole file with this change."""
        self.put(self.new)
        try:
            return compile(tree, self.function[0], "exec", dont_inherit=True)
        finally:
            self.put(self.old)


# --------------------------------------------------------------------------------------------------------------- finding


def bends_of(tree: ast.Module, file: str) -> Iterator[Bend]:
    """All bends of the functions of a file."""
    for child in ast.iter_child_nodes(tree):
        yield from _below(child, file, (), None)


def _below(node: ast.AST, file: str, names: tuple[str, ...], function: Key | None) -> Iterator[Bend]:
    match node:
        case ast.Assert():
            return  # says what the types can't
        case ast.ClassDef(name=name):
            names = (*names, name)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            function = file, name, min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            names = (*names, name)
        case ast.Lambda():
            function = file, "<lambda>", node.lineno
        case _:
            pass
    if function is not None:
        scope = f"{Path(file).stem}.{'.'.join(names) or '<lambda>'}"
        for put, old, slot, new in _changes(node):
            before = f"case {ast.unparse(slot)}" if isinstance(slot, ast.pattern) else ast.unparse(slot)
            yield Bend(function, scope, slot.lineno, before, ast.unparse(new), put, old, _kept(new, old, slot))
    for child in ast.iter_child_nodes(node):
        yield from _below(child, file, names, function)


def _changes(node: ast.AST) -> Iterator[tuple[_Put, ast.expr | None, ast.expr | ast.pattern, ast.expr]]:
    for put, found, truth in _slots(node):
        if truth:
            yield put, found, found, ast.Constant(value=False)
            if not isinstance(node, ast.While):
                yield put, found, found, ast.Constant(value=True)
        for changed in _parts(found):
            yield put, found, found, changed
    if isinstance(node, ast.match_case):
        put = _field(node, "guard")
        if node.guard is None and not _takes_all(node.pattern):
            yield put, None, node.pattern, ast.Constant(value=False)


def _slots(node: ast.AST) -> Iterator[_Slot]:
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.expr):
            yield _field(node, field), value, _is_condition(node, field, value)
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, ast.expr):
                    yield _element(value, place), item, isinstance(node, ast.comprehension) and field == "ifs"


def _is_condition(node: ast.AST, field: str, value: ast.expr) -> bool:
    match node, value:
        case ((ast.If() | ast.IfExp() | ast.While() | ast.match_case()), _):
            return field in {"test", "guard"}
        case ((ast.Return() | ast.Lambda()), (ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()))):
            return True
        case _:
            return False


def _parts(found: ast.expr) -> Iterator[ast.expr]:
    """The same with one operand left out, or one comparison off by one."""
    match found:
        case ast.BoolOp(op=operator, values=values):
            for place in range(len(values)):
                rest = [*values[:place], *values[place + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest)
        case ast.Compare(left=left, ops=comparisons, comparators=comparators):
            for place, comparison in enumerate(comparisons):
                if type(comparison) in _NEXT:
                    other = _NEXT[type(comparison)]()
                    yield ast.Compare(left, [*comparisons[:place], other, *comparisons[place + 1 :]], comparators)
        case _:
            pass


def _field(node: ast.AST, name: str) -> _Put:
    return lambda value: setattr(node, name, value)


def _element(siblings: list[object], place: int) -> _Put:
    return lambda value: siblings.__setitem__(place, value)


def _takes_all(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def _kept(new: ast.expr, old: ast.expr | None, slot: ast.AST) -> ast.expr:
    """The new expression, with the old one beside it where it is never reached: so a function has the same free variables."""
    whole = new if old is None else ast.IfExp(ast.Constant(value=True), new, old)
    for each in ast.walk(whole):
        if "lineno" in each._attributes and not hasattr(each, "lineno"):
            ast.copy_location(each, slot)
    return whole


# --------------------------------------------------------------------------------------------------------------- running


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bend", nargs="+", default=[], help="files whose conditions are bent")
    parser.addoption("--bend-report", help="where it is written what came of each bend, as JSON")
    parser.addoption("--bend-step", type=int, default=1, help="bend each so-many-th condition alone")
    parser.addoption("--bend-only", help="bend only what has this pattern in its name")
    parser.addoption("--bend-jobs", type=int, default=2, help="so many at a time")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """In place of running the tests once."""
    option = session.config.option
    if not option.bend:
        return None
    tests = {item.nodeid: item for item in session.items}
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(file).absolute()) for file in option.bend]
        called, failing = _callers(tests, files, Path(folder) / "calls")
        trees = {file: ast.parse(Path(file).read_bytes()) for file in files}
        bends = [bend for file in files for bend in bends_of(trees[file], file)][:: option.bend_step]
        bends = [bend for bend in bends if re.search(option.bend_only or "", bend.name)]
        originals = {file: compile(trees[file], file, "exec", dont_inherit=True) for file in files}
        functions = _functions(files)
        running: dict[int, tuple[Bend, str]] = {}
        report: dict[str, str] = {}
        for number, bend in enumerate(bends):
            wanted = called.get(bend.function, [])
            code = bend.code(trees[bend.function[0]])
            if not wanted:
                report[f"{bend.name} @{bend.line}"] = "no test calls it"
                continue
            if len(running) >= option.bend_jobs:
                _reap(running, report)
                _write(option.bend_report, failing, report)
            base = f"{folder}/{number}"
            child = os.fork()
            if child == 0:
                resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
                timed = [(tests[name], seconds) for name, seconds in wanted]
                os._exit(_run_bent(originals[bend.function[0]], code, functions, timed, base))
            running[child] = bend, base
        while running:
            _reap(running, report)
            _write(option.bend_report, failing, report)
    return True


def _write(file: str, failing: Sequence[str], report: Mapping[str, str]) -> None:
    Path(file).write_text(json.dumps({"failing": failing, "bends": report}, indent=1, ensure_ascii=False))


def _reap(running: dict[int, tuple[Bend, str]], report: dict[str, str]) -> None:
    child, status = os.wait()
    bend, base = running.pop(child)
    shutil.rmtree(base, ignore_errors=True)
    code = os.waitstatus_to_exitcode(status)
    ends = {0: "UNNOTICED", NOTICED: "noticed", BROKEN: "BROKEN"}
    report[f"{bend.name} @{bend.line}"] = ends.get(
        code, f"noticed, by an end of {code}" if code < 0 else f"BROKEN: {code}"
    )


def _callers(
    tests: Mapping[str, pytest.Item], files: Sequence[str], report: Path
) -> tuple[dict[Key, list[tuple[str, float]]], list[str]]:
    """For each function the tests that call it, the quickest first, and the tests that fail already, which are left out.

    The modules that they import are then here as well."""
    child = os.fork()
    if child == 0:
        _watch(list(tests.values()), set(files), report)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status or not report.exists():
        raise pytest.UsageError("the tests can't be watched")
    found = json.loads(report.read_text())
    failed = set(found["failed"])
    for name in found["modules"]:
        importlib.import_module(name)
    seconds: dict[str, float] = found["seconds"]
    called: dict[Key, list[tuple[str, float]]] = {}
    for file, name, line, callers in found["calls"]:
        known = [(each, seconds[each]) for each in callers if each not in failed]
        called[file, name, line] = sorted(known, key=lambda timed: timed[1])
    return called, sorted(failed)


def _watch(items: Sequence[pytest.Item], files: set[str], report: Path) -> None:
    """Runs all tests, and writes which functions of the files each one calls, and how long it takes."""
    before = set(sys.modules)
    calls: dict[Key, set[str]] = {}
    seconds: dict[str, float] = {}
    failed: list[str] = []
    now = ""

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename in files:
            calls.setdefault((code.co_filename, code.co_name, code.co_firstlineno), set()).add(now)

    for place, item in enumerate(items):
        now, began = item.nodeid, time.perf_counter()
        sys.setprofile(note)
        threading.setprofile(note)
        reports = runtestprotocol(item, log=False, nextitem=items[place + 1] if place + 1 < len(items) else None)
        sys.setprofile(None)
        seconds[now] = time.perf_counter() - began
        failed += [now for each in reports if each.failed]
    names = [
        name
        for name in sys.modules
        if name not in before and name.partition(".")[0] in {"tenetlang", "apsw", "cryptography"}
    ]
    listed = [[*function, sorted(callers)] for function, callers in calls.items()]
    report.write_text(json.dumps({"calls": listed, "seconds": seconds, "failed": failed, "modules": names}))


def _functions(files: Sequence[str]) -> list[FunctionType]:
    return [
        found for found in gc.get_objects() if isinstance(found, FunctionType) and found.__code__.co_filename in files
    ]


def _put_code(before: CodeType, after: CodeType, functions: Sequence[FunctionType]) -> bool:
    """Gives the functions of a file the code that they have in the bent file; whether one of them is another one now. What is nested
    comes with what it is nested in."""
    places = {_position(code): place for place, code in _codes(before, Counter())}
    new = dict(_codes(after, Counter()))
    bent = False
    for found in functions:
        place = places.get(_position(found.__code__)) if found.__code__.co_filename == before.co_filename else None
        if place is not None:
            bent = bent or new[place] != found.__code__
            found.__code__ = new[place]
    return bent


def _codes(code: CodeType, seen: Counter[tuple[str, int]]) -> Iterator[tuple[_Place, CodeType]]:
    """All codes within a code, by name and line, and which one it is of those that begin on one line."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            name = constant.co_qualname, constant.co_firstlineno
            seen[name] += 1
            yield (*name, seen[name]), constant
            yield from _codes(constant, seen)


def _position(code: CodeType) -> tuple[object, ...]:
    return code.co_qualname, tuple(code.co_positions())


def _bound(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + 2 * seconds + MOST_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _run_bent(
    before: CodeType,
    after: CodeType,
    functions: Sequence[FunctionType],
    timed: Sequence[tuple[pytest.Item, float]],
    base: str,
) -> int:
    """What a child does: how it ends."""
    try:
        return _run(timed, base) if _put_code(before, after, functions) else BROKEN
    except BaseException:  # noqa: BLE001  # a child that goes on would take itself for the parent
        traceback.print_exc()
        return BROKEN


def _run(timed: Sequence[tuple[pytest.Item, float]], base: str) -> int:
    """Runs tests until one fails. Their temporary folders are in `base`."""
    Path(base).mkdir()
    items = [item for item, _ in timed]
    factory = items[0].config._tmp_path_factory  # type: ignore[attr-defined]  # there is no other way to move it
    factory._basetemp = Path(base)
    for place, item in enumerate(items):
        following = items[place + 1] if place + 1 < len(items) else None
        _bound(timed[place][1])
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
            return NOTICED
    return 0
