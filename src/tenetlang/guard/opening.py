"""What decides, from where a guard is told to look: policy files, which are compiled now, or a bundle, which is verified and watched.

Policy files are for development and for programs that are shipped with their policy: what was compiled decides until the guard is
closed. A bundle is followed: a newer one that its signers trust comes into force while calls go on (`bundle/activator.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.record import time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.writer import Writer
from tenetlang.bundle.active import Active, of_evaluator
from tenetlang.guard.errors import Unusable
from tenetlang.guard.suggesting import Knowledge
from tenetlang.project.configuration import Configuration

LOOK_EVERY = 1.0
"""Seconds between two looks at the file of a bundle."""


@attrs.frozen
class Source:
    """Where decisions come from: what gives the policy that decides now, and how to let go of it. `known` is what suggestions are
    found with; None for a bundle, which brings no program. `configuration` is the nearest `tenet.toml`."""

    active: Callable[[], Active]
    configuration: Configuration
    known: Knowledge | None = None
    close: Callable[[], None] = lambda: None


def source_of_files(path: Path, entry: str | None, writer: Writer, place: str) -> Source:
    """The policy in a file or folder, checked and compiled, and the record that it decides. Raises `Unusable`."""
    from tenetlang.evaluator.requests import DataError
    from tenetlang.project.project import ProjectError, read_documents, read_project
    from tenetlang.report.words import describe

    try:
        project = read_project([path])
        result = project.compile(entry)
        if result.broken or result.program is None:
            errors = [found for found in map(describe, result.findings) if found.severity == "error"]
            first = f": {errors[0].headline} ({errors[0].labels[0].span.place})" if errors else ""
            raise Unusable(f"the policy has {len(errors)} error{'' if len(errors) == 1 else 's'}{first}")
        documents = read_documents(project.configuration.data)
        evaluator = result.evaluator(documents)
    except (ProjectError, DataError) as mistake:
        raise Unusable(str(mistake)) from mistake
    evaluator.prepare()
    active = of_evaluator(evaluator, documents)
    members = {"bundle": active.digest, "package": active.package, "by": f"{place}: files, signed by nobody"}
    writer.do(lambda _: (None, [_record("policy.activated", members)])).result()
    known = Knowledge(active.digest, result.program, documents)
    return Source(lambda: active, project.configuration, known)


def source_of_bundle(
    path: Path, trust: Sequence[str], threshold: int, writer: Writer, place: str, clock: Callable[[], int]
) -> Source:
    """The bundle in a file, signed by so many of the keys that are trusted, and followed from here on.

    Raises `BundleError`, `Unusable` where no key is trusted, and what loading keys raises.
    """
    from tenetlang.bundle.activator import Settings, start
    from tenetlang.bundle.clock import SteadyClock
    from tenetlang.bundle.memory import LogMemory
    from tenetlang.bundle.trust import load_trust
    from tenetlang.project.configuration import ConfigurationError, find_configuration

    if not trust:
        raise Unusable(
            f"`{path}` is a bundle: say whose signatures count with `trust`, the keys or files of public keys (`tenet audit keygen`)"
        )
    memory = LogMemory(writer.do)
    copy = path.with_name(f".{path.name}.{place}.last-good")
    settings = Settings(load_trust(trust, threshold), memory, copy, place=place, clock=SteadyClock(clock))
    activator = start(settings, path)
    try:
        configuration = find_configuration(path)
    except (ConfigurationError, OSError, RuntimeError) as mistake:
        activator.close()
        raise Unusable(str(mistake)) from mistake
    activator.watch(LOOK_EVERY)
    return Source(lambda: activator.current, configuration, None, activator.close)


def is_bundle(path: Path) -> bool:
    """Whether a path means a bundle and not policy files."""
    return path.suffix == ".bundle"


def _record(kind: str, members: Mapping[str, object]) -> Unplaced:
    import os
    import time

    now = time.time_ns()
    return unplaced(*event_record(kind, members, time_text(now), ulid(now, os.urandom(16)), lambda: os.urandom(16)))
