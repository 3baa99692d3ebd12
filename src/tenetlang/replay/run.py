"""Replays over all cores, in bounded memory.

One process reads and hands out chunks; the others decide. There are never more than a few chunks under way for each of them, so
a reader that is faster than they are waits. Summaries come back in the order of the chunks and are merged in it.

Processes are started afresh (`spawn`): each reads the compiled policy from its JSON form and generates its code. That takes a
moment, so the first chunks are decided right here, and an input that ends with them never starts a process.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from typing import Final

import attrs

from tenetlang.decision_tree import json_form
from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.replay.compare import Deciding, document_digests, summarised
from tenetlang.replay.items import Item, chunks
from tenetlang.replay.summary import Summary, merge

CHUNKS_HERE: Final = 8
"""So many chunks are decided without starting a process."""

UNDER_WAY: Final = 3
"""Chunks for each process that are handed out and not merged yet."""


@attrs.frozen
class Version:
    """A compiled policy with the values of its data."""

    policy: Policy
    documents: Mapping[str, object]


@attrs.frozen
class _Start:
    """What a process is started with."""

    policy: bytes
    documents: Mapping[str, object]
    against: tuple[bytes, Mapping[str, object]] | None


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
    first = tuple(islice(cut, CHUNKS_HERE)) if jobs > 1 else ()
    rest = cut
    more = next(rest, None) if len(first) == CHUNKS_HERE else None
    here: Iterable[tuple[Item, ...]] = first if jobs > 1 else cut
    if more is None:
        for chunk in here:
            merge(total, summarised(deciding, chunk))
            progress(len(chunk))
        return total
    start = _start(version, against)
    for size, found in _in_processes(start, chain(first, (more,), rest), jobs):
        merge(total, found)
        progress(size)
    return total


def _deciding(version: Version, against: Version | None) -> Deciding:
    return Deciding(
        Evaluator(version.policy, version.documents),
        document_digests(version.documents),
        None if against is None else Evaluator(against.policy, against.documents),
    )


def _start(version: Version, against: Version | None) -> _Start:
    before = None if against is None else (json_form.encode(against.policy), against.documents)
    return _Start(json_form.encode(version.policy), version.documents, before)


def _in_processes(start: _Start, parts: Iterator[tuple[Item, ...]], jobs: int) -> Iterator[tuple[int, Summary]]:
    """The summaries of the chunks, in their order."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(start,))
    waiting: deque[tuple[int, Future[Summary]]] = deque()
    try:
        for part in parts:
            waiting.append((len(part), pool.submit(_work, part)))
            if len(waiting) >= jobs * UNDER_WAY:
                size, future = waiting.popleft()
                yield size, future.result()
        while waiting:
            size, future = waiting.popleft()
            yield size, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


# --------------------------------------------------------------------------------------------------- in a process

_started: list[Deciding] = []


def _begin(start: _Start) -> None:
    """Runs once in each process. Ctrl-C reaches all processes of a terminal; only the first one acts on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    version = Version(json_form.decode(start.policy), start.documents)
    against = None if start.against is None else Version(json_form.decode(start.against[0]), start.against[1])
    _started[:] = [_deciding(version, against)]


def _work(part: tuple[Item, ...]) -> Summary:
    return summarised(_started[0], part)
