"""Kills processes that append to one log, again and again, and says what each of them was told of before it died.

    python -m tests.faults.killing LOG ROUNDS SEED

A round is some processes, each with some threads that record decisions and their outcomes through a `Writer`. A thread is told that
a record is on the disk, and only then writes its identifier into a pipe, which outlives its process. Once so many
identifiers have come, by a number that is drawn, or after a moment while the writers are still opening the log, one or all
are killed with SIGKILL; the others go on for a while, then they are killed as well. All identifiers are printed, one on each line.

The processes are forked from this one, which has no threads, so that hundreds of rounds take no longer than a minute or two.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from itertools import count
from pathlib import Path
from random import Random

import attrs

from tenetlang.audit import Log, LogUnavailable, SigningKey, Surroundings, time_text
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.points import Point
from tenetlang.audit.records.events import event_record
from tenetlang.audit.writer import Writer
from tests.unit.audit.samples import DECISION, START, identifier, salts, sample

KEY: SigningKey = signing_key("example.com/log", bytes(range(32)))
THREADS = 3
MOST_TOLD = 60
ALLOWED: dict[str, object] = {**DECISION, "verdict": "allow", "escalations": []}


@attrs.frozen
class Child:
    process: int
    pipe: int


def record_until_killed(log: Path, run: int, pipe: int) -> None:
    """What a process does: it never comes back."""
    writer = Writer(Log.open(log), key=KEY, sign_every=16)
    point = Point("gate", identifier(run * 1_000_000))

    def record(thread: int) -> None:
        for number in count(run * 1_000_000 + thread * 100_000 + 1):
            try:
                with point.numbered() as counted:
                    where = Surroundings(point=point.name, point_count=counted)
                    writer.append(*sample(number, ALLOWED, surroundings=where))
                os.write(pipe, f"{identifier(number)}\n".encode())
                members = {"of": identifier(number), "outcome": "ok"}
                of = identifier(number + 50_000)
                writer.append(*event_record("outcome", members, time_text(START), of, salts(of.encode())))
                os.write(pipe, f"{of}\n".encode())
            except LogUnavailable:  # the other processes were quicker, for longer than it waits
                continue

    for thread in range(THREADS):
        threading.Thread(target=record, args=(thread,)).start()


def born(log: Path, run: int) -> Child:
    pipe, end = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(pipe)
        record_until_killed(log, run, end)
        threading.Event().wait()
    os.close(end)
    return Child(process, pipe)


def read_on(children: list[Child], told: list[bytes], wanted: int) -> None:
    """Reads what the processes were told of until so many lines have come, or nobody is left."""
    lines, open_pipes = 0, [child.pipe for child in children]
    while open_pipes and lines < wanted:
        for pipe in select.select(open_pipes, [], [])[0]:
            some = os.read(pipe, 1 << 16)
            told.append(some)
            lines += some.count(b"\n")
            if not some:
                open_pipes.remove(pipe)


def kill(child: Child, told: list[bytes]) -> None:
    os.kill(child.process, signal.SIGKILL)
    os.waitpid(child.process, 0)
    while some := os.read(child.pipe, 1 << 16):
        told.append(some)
    os.close(child.pipe)


def kill_in_rounds(log: Path, rounds: int, random: Random) -> bytes:
    """All that was told."""
    told: list[bytes] = []
    runs = count(1)
    for _ in range(rounds):
        children = [born(log, next(runs)) for _ in range(random.randint(1, 3))]
        if random.random() < 0.2:
            time.sleep(random.random() * 0.05)  # some of them while they open the log
        else:
            read_on(children, told, random.randint(1, MOST_TOLD))
        kill(children.pop(random.randrange(len(children))), told)
        if children and random.random() < 0.7:
            read_on(children, told, random.randint(1, MOST_TOLD))
        for child in children:
            kill(child, told)
    return b"".join(told)


if __name__ == "__main__":
    sys.stdout.buffer.write(kill_in_rounds(Path(sys.argv[1]), int(sys.argv[2]), Random(sys.argv[3])))
