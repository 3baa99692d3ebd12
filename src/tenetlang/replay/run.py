"""Replays over all cores, in bounded memory.

One process reads and hands out chunks; the others decide. There are never more than a few chunks under way for each of them, so
a reader that is faster than they are waits. Summaries come back in the order of the chunks and are merged in it.

Processes are started afresh (`spawn`): each opens the compiled policy that it is sent and generates its code. That takes
half a second or more, so the first chunks are decided right here, and an input that ends with them never starts a process.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Final

import attrs

from tenetlang.decision_tree import json_form
from tenetlang.decision_tree.opening import open_policy
from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.replay.compare import Deciding, document_digests, summarised
from tenetlang.replay.items import Item, chunks
from tenetlang.replay.summary import Summary, merge

CHUNKS_HERE: Final = 40
"""So many chunks are decided before any process is started."""

UNDER_WAY: Final = 3
"""Chunks for each process that are handed out and not merged yet."""


@attrs.frozen
class Version:
    """A compiled policy with the values of its data, and its digest, which is worked out where it is not known."""

    policy: Policy
    documents: Mapping[str, object]
    digest: str = attrs.field()

    @digest.default
    def _worked_out(self) -> str:
        return json_form.digest(self.policy)


@attrs.frozen
class _Sent:
    """A version on its way: the policy as canonical bytes, which only this program has had in its hands."""

    policy: bytes
    documents: Mapping[str, object]
    digest: str


@attrs.frozen
class _Start:
    """What a process is started with."""

    version: _Sent
    against: _Sent | None


def replay(
    version: Version,
    items: Iterable[Item],
    *,
    jobs: int,
    against: Version | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Decides all items again and says what came of it, the same whatever `jobs` is.

    `against` decides in place of a record where there is none. `progress` is told how many items have been
    decided. Raises `DataError` for documents that do not fit the policy, and what reading the items raises.
    """
    total = Summary()
    cut = chunks(items)
    deciding = _deciding(version, against)
    for chunk in cut if jobs == 1 else islice(cut, CHUNKS_HERE):
        merge(total, summarised(deciding, chunk))
        progress(len(chunk))
    further = next(cut, None)
    if further is not None:
        for size, found in _in_processes(_start(version, against), chain((further,), cut), jobs):
            merge(total, found)
            progress(size)
    return total


def _deciding(version: Version, against: Version | None) -> Deciding:
    return Deciding(
        _evaluator(version),
        document_digests(version.documents),
        None if against is None else _evaluator(against),
    )


def _evaluator(version: Version) -> Evaluator:
    return Evaluator(version.policy, version.documents, digest=version.digest)


def _start(version: Version, against: Version | None) -> _Start:
    return _Start(_sent(version), None if against is None else _sent(against))


def _sent(version: Version) -> _Sent:
    return _Sent(json_form.encode(version.policy), version.documents, version.digest)


def _arrived(sent: _Sent) -> Version:
    return Version(open_policy(sent.policy), sent.documents, sent.digest)


def _in_processes(start: _Start, parts: Iterator[tuple[Item, ...]], jobs: int) -> Iterator[tuple[int, Summary]]:
    """The summaries of the chunks, in their order."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(start,))
    waiting: deque[tuple[int, Future[Summary]]] = deque()
    try:
        for part in parts:
            with _uninterrupted():
                waiting.append((len(part), pool.submit(_work, part)))
            if len(waiting) >= jobs * UNDER_WAY:
                size, future = waiting.popleft()
                yield size, future.result()
        while waiting:
            size, future = waiting.popleft()
            yield size, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until the end. A process that is started meanwhile never hears of it: the first one tells it to stop."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --------------------------------------------------------------------------------------------------- in a process

_started: list[Deciding] = []


def _begin(start: _Start) -> None:
    """Runs once in each process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_first, daemon=True).start()
    _started[:] = [_deciding(_arrived(start.version), None if start.against is None else _arrived(start.against))]


def _end_with_the_first() -> None:
    """Ends this process when the one that started it is gone, however that came."""
    first = parent_process()
    if first is not None:
        first.join()
        os._exit(1)


def _work(part: tuple[Item, ...]) -> Summary:
    return summarised(_started[0], part)
