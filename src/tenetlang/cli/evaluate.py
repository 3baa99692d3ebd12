"""`tenet eval`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
from click.core import ParameterSource

from tenetlang.cli import statuses
from tenetlang.cli.answer import Answer
from tenetlang.cli.audit_payloads import PAYLOAD_MASTER, SEALED_WITH
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import (
    ANYWHERE,
    DATA,
    ENTRY,
    FORMAT,
    NO_CACHE,
    documents_of,
    evaluator_of,
    loaded,
    read_input,
)
from tenetlang.cli.output import Progress, complain, flush, painter, remark, say, say_json
from tenetlang.cli.shown import value_text
from tenetlang.decision import SEVERITY, Verdict
from tenetlang.frozen import frozen
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.cli.recording import Recorder
    from tenetlang.decision_tree.tree import Policy
    from tenetlang.evaluator.evaluator import Evaluator

EXAMPLES = [
    "tenet eval policies/ request.json",
    "tenet eval policies/ requests.jsonl --lines --log decisions.db --format json",
    'echo \'{"tool": "lookup", "args": {}}\' | tenet eval policies/ - --fill',
]
STATUSES = [
    (0, "decided (with --exit-code: allow)"),
    (1, "the policy has errors, or --log can't be written"),
    (3, "--exit-code: deny (with --lines: for any line)"),
    (5, "--exit-code: with --lines, there is no line"),
    (4, "--exit-code: escalate (with --lines: for any line, and deny for none)"),
]
BATCH = 256
"""So many lines of a file are recorded in one transaction; of a pipe, each by itself."""


@frozen
class Wanted:
    """The options that say what is done with each request."""

    policy: Policy
    evaluator: Evaluator
    recorder: Recorder | None
    fill: bool
    now: str  # what `fill` assumes; empty without it
    trace: bool
    style: str


@click.command("eval", cls=Command, epilog=ending(EXAMPLES, STATUSES))
@click.argument("policy", type=ANYWHERE)
@click.argument("request", type=ANYWHERE)
@click.option("--lines", is_flag=True, help="REQUEST holds one request on each line; each line gets one decision.")
@DATA
@click.option("--ask", metavar="DOCUMENT", help="Give the value of an exported `let` instead of a decision.")
@click.option("--fill", is_flag=True, help="Assume an empty session, counters at 0 and the time now, and say so.")
@click.option("--log", type=ANYWHERE, metavar="FILE", help="Record each decision in this log before it is given.")
@click.option(
    "--log-key",
    type=ANYWHERE,
    metavar="FILE",
    envvar="TENET_LOG_KEY",
    help="Sign checkpoints of the log with this key, which `tenet audit keygen` made; or TENET_LOG_KEY.",
)
@SEALED_WITH
@PAYLOAD_MASTER
@click.option("--exit-code", is_flag=True, help="Let the exit status tell the verdict.")
@click.option("--no-trace", is_flag=True, help="Leave the trace out of the JSON.")
@ENTRY
@NO_CACHE
@FORMAT
def command(
    policy: Path,
    request: Path,
    *,
    lines: bool,
    given: tuple[str, ...],
    ask: str | None,
    fill: bool,
    log: Path | None,
    log_key: Path | None,
    payload_keys: Path | None,
    payload_master: Path | None,
    exit_code: bool,
    no_trace: bool,
    entry: str | None,
    cached: bool,
    style: str,
) -> int:
    """Decide REQUEST, a JSON file or `-` for standard input, by the policy at POLICY: a file, a folder, or what `tenet build` made of them.

    A request that is malformed or does not fit the policy's types is denied, and the reason says where.
    """
    source = click.get_current_context().get_parameter_source("log_key")
    if log_key is not None and log is None and source is ParameterSource.COMMANDLINE:
        raise click.UsageError("--log-key signs a log, so it goes with --log")
    if payload_keys is not None and log is None:
        raise click.UsageError("--payload-keys seals what is recorded, so it goes with --log")
    if ask is not None and (log is not None or exit_code):
        raise click.UsageError("--ask gives a value and decides nothing, so it goes with neither --log nor --exit-code")
    found = loaded(policy, entry, style, cached=cached)
    if found is None:
        return statuses.FOUND
    documents = documents_of(found.configuration, given)
    evaluator = evaluator_of(found, documents)
    recorder = _recorder(log, log_key, payload_keys, payload_master, evaluator, documents)
    if lines and recorder is not None and recorder.failure is not None:
        complain(recorder.failure)
    wanted = Wanted(found.policy, evaluator, recorder, fill, _now() if fill else "", not no_trace, style)
    if ask is not None:
        return _ask(wanted, ask, request, lines=lines)
    with _closing(recorder) if recorder else nullcontext():
        verdict = _decide_lines(wanted, request) if lines else _decide_one(wanted, request)
    if exit_code and verdict is None:
        complain("there is no request, so nothing was decided")
        return statuses.NOTHING
    if exit_code and verdict is not None:
        return {"allow": statuses.FINE, "deny": statuses.DENIED, "escalate": statuses.ESCALATED}[verdict]
    return statuses.FOUND if recorder and recorder.failure else statuses.FINE


@contextmanager
def _closing(recorder: Recorder) -> Iterator[None]:
    try:
        yield
    finally:
        failed_before = recorder.failure is not None
        recorder.close()
        if recorder.failure is not None and not failed_before:
            complain(recorder.failure)


def _now() -> str:
    from tenetlang.audit import time_text

    return time_text(time.time_ns())


def _recorder(
    log: Path | None,
    key: Path | None,
    payload_keys: Path | None,
    payload_master: Path | None,
    evaluator: Evaluator,
    documents: Mapping[str, object],
) -> Recorder | None:
    if log is None:
        return None
    from tenetlang.audit import load_signing_key
    from tenetlang.cli.recording import open_recorder, surroundings_of

    signing = None if key is None else load_signing_key(key)
    keyring = None
    if payload_keys is not None:
        from tenetlang.audit.payloads.keyring import open_keyring

        keyring = open_keyring(payload_keys, payload_master)
    return open_recorder(log, surroundings_of(evaluator, documents), signing, keyring)


# ------------------------------------------------------------------------------------------------------- deciding


def _decide_one(wanted: Wanted, file: Path) -> Verdict:
    from tenetlang.values.reading import REQUEST_LIMITS

    answer, assumed = _answer(wanted, read_input(file, REQUEST_LIMITS.size))
    for sentence in assumed:
        remark(f"assumed: {visible(sentence)}\n")
    (given,) = _recorded(wanted, [answer])
    if wanted.style == "json":
        say_json(given.to_json(trace=wanted.trace))
    else:
        from tenetlang.cli.decision_text import decision_lines

        recorded = [] if given.identifier is None else [f"  recorded as {given.identifier}"]
        say("\n".join([*decision_lines(given.decision, painter(sys.stdout)), *recorded]) + "\n")
    return given.decision.verdict


def _decide_lines(wanted: Wanted, file: Path) -> Verdict | None:
    """The most restrictive verdict of all; None if there is no line."""
    worst: Verdict | None = None
    number = 0
    assumptions: Counter[str] = Counter()
    with Progress("decided", wanted=not sys.stdout.isatty()) as progress:
        for batch in _batches(file, 1 if wanted.recorder is None or str(file) == "-" else BATCH):
            answers = []
            for raw in batch:
                answer, assumed = _answer(wanted, raw)
                answers.append(answer)
                assumptions.update(assumed)
            for given in _recorded(wanted, answers):
                number += 1
                _print_line(wanted, number, given)
                verdict = given.decision.verdict
                worst = verdict if worst is None else max(worst, verdict, key=lambda each: SEVERITY[each])
                progress.step()
            if str(file) == "-":
                flush()
    for sentence, count in sorted(assumptions.items()):
        remark(f"assumed on {count:,} line{'' if count == 1 else 's'}: {visible(sentence)}\n")
    return worst


def _print_line(wanted: Wanted, number: int, given: Answer) -> None:
    if wanted.style == "json":
        say_json(given.to_json(trace=wanted.trace))
    else:
        from tenetlang.cli.decision_text import one_line

        say(one_line(number, given.decision, painter(sys.stdout)) + "\n")


def _answer(wanted: Wanted, raw: bytes) -> tuple[Answer, tuple[str, ...]]:
    request, assumed = _request(wanted, raw)
    before = time.perf_counter_ns()
    if request is None:
        decision = wanted.evaluator.decide_json(raw)
    else:
        decision = wanted.evaluator.decide(request)
    return Answer(decision, raw if request is None else request, time.perf_counter_ns() - before), assumed


def _request(wanted: Wanted, raw: bytes) -> tuple[Mapping[str, object] | None, tuple[str, ...]]:
    """The request as an object where one is needed and it is one, with what is assumed."""
    if not wanted.fill and wanted.recorder is None:
        return None, ()
    from tenetlang.values.reading import InvalidRequest, read_json

    try:
        request = read_json(raw)
    except InvalidRequest:
        return None, ()
    if not isinstance(request, dict):
        return None, ()
    if not wanted.fill:
        return request, ()
    from tenetlang.cli.assumptions import filled

    return filled(wanted.policy, request, wanted.now)


def _recorded(wanted: Wanted, answers: Sequence[Answer]) -> Sequence[Answer]:
    if wanted.recorder is None:
        return answers
    failed_before = wanted.recorder.failure is not None
    given = wanted.recorder.record(answers)
    if wanted.recorder.failure is not None and not failed_before:
        complain(wanted.recorder.failure)
    return given


# --------------------------------------------------------------------------------------------------- JSON lines


def _batches(file: Path, size: int) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for line in _lines(file):
        batch.append(line)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _lines(file: Path) -> Iterator[bytes]:
    """Each line without its end. Of one that is longer than a request may be, as much as shows that."""
    try:
        with nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb") as opened:
            yield from _lines_of(opened)
    except OSError as error:
        raise click.ClickException(f"`{file}` can't be read: {error.strerror}") from error


def _lines_of(opened: BinaryIO) -> Iterator[bytes]:
    from tenetlang.values.reading import REQUEST_LIMITS

    most = REQUEST_LIMITS.size + 2
    while line := opened.readline(most):
        rest = line
        while not rest.endswith(b"\n") and len(rest) == most:
            rest = opened.readline(most)
        yield line.removesuffix(b"\n").removesuffix(b"\r")


# -------------------------------------------------------------------------------------------------------- asking


def _ask(wanted: Wanted, document: str, file: Path, *, lines: bool) -> int:
    from tenetlang.values.reading import REQUEST_LIMITS

    name = document if "." in document else f"{wanted.policy.entry}.{document}"
    requests = _lines(file) if lines else iter([read_input(file, REQUEST_LIMITS.size)])
    failed = False
    for raw in requests:
        value, error = _value(wanted, name, raw)
        failed = failed or error is not None
        if wanted.style == "json":
            say_json({"document": name, **({"value": value} if error is None else {"error": error})})
        elif error is None:
            say(value_text(value, None) + "\n")
        else:
            complain(error)
    return statuses.FOUND if failed else statuses.FINE


def _value(wanted: Wanted, name: str, raw: bytes) -> tuple[object, str | None]:
    """The value, or the sentence that says why there is none."""
    from tenetlang.values.reading import InvalidRequest, read_json

    try:
        request = read_json(raw)
        if wanted.fill and isinstance(request, dict):
            from tenetlang.cli.assumptions import filled

            request, assumed = filled(wanted.policy, request, wanted.now)
            for sentence in assumed:
                remark(f"assumed: {visible(sentence)}\n")
        return wanted.evaluator.ask(name, request), None
    except InvalidRequest as invalid:
        return None, f"invalid request: {invalid}"
    except LookupError as error:
        raise click.UsageError(_no_document(wanted, name), click.get_current_context()) from error
    except ValueError as error:
        return None, str(error)


def _no_document(wanted: Wanted, name: str) -> str:
    from tenetlang.report.nearest import nearest

    exported = [known for known, definition in wanted.policy.definitions.items() if definition.exported]
    near = nearest(name, exported)
    return f"no exported `let` is called `{name}`" + (f"; did you mean `{near}`?" if near else "")
