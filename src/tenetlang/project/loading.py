"""From a path to a policy that decides, compiled as rarely as can be.

    source files ── key ──→ cache ──→ opened                   or compiled, and kept
    a compiled file ─ its digest ─→ cache ──→ opened           or read and verified, part by part, and kept

A **compiled file** is what `tenet build` writes. It may come from anybody, so without an entry in the cache all of it is verified.
The **key** of source files is over all that a compiled policy comes from: the names and contents of the files, the package that
decides, and the compiler itself, by the names, sizes and times of its files and those of the standard library. Documents are not
in it; they are given to a policy when it is loaded. Without a compiler in a folder (a zip) nothing is kept.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from tenetlang import __version__
from tenetlang.decision_tree.opening import open_policy
from tenetlang.project.configuration import (
    Configuration,
    ConfigurationError,
    find_configuration,
    shown_path,
    with_environment,
)
from tenetlang.project.project import Project, ProjectError, read_project
from tenetlang.resources import folders

if TYPE_CHECKING:
    from tenetlang.decision_tree.tree import Policy
    from tenetlang.project.cache import Cache
    from tenetlang.report.finding import Finding

LARGEST_COMPILED: Final = 256 * 2**20
"""Bytes of a compiled file."""

COMPILER: Final = ("decision_tree", "program", "project", "report", "syntax", "values")
"""The packages, beside the modules at the top, that have a part in what comes out of compiling."""


@attrs.frozen
class Loaded:
    """A policy with its digest. `configuration` is the one nearest to it, `files` are those that it was read from."""

    policy: Policy
    digest: str
    configuration: Configuration
    files: tuple[str, ...]


class Broken(Exception):
    """A policy that has errors, and so decides nothing: what was found in it."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("the policy has errors")
        self.findings = findings


def load_policy(
    paths: Sequence[Path],
    entry: str | None = None,
    variables: Mapping[str, str] | None = None,
    cache: Cache | None = None,
) -> Loaded:
    """The policy under the paths, or in the compiled file that is the only one. `variables` are those of the environment.

    Raises `Broken` for one with errors, and `ProjectError`.
    """
    if len(paths) == 1:
        data = _compiled_bytes(paths[0])
        if data is not None:
            return _verified(paths[0], data, entry, variables, cache)
    project = read_project(paths, variables)
    files = tuple(text.name for text in project.texts)
    key = None if cache is None else key_of(project, entry)
    opened = None if cache is None or key is None else _opened(cache, key)
    policy, digest = opened or _compiled(project, entry, cache, key)
    return Loaded(policy, digest, project.configuration, files)


def _compiled(project: Project, entry: str | None, cache: Cache | None, key: bytes | None) -> tuple[Policy, str]:
    from tenetlang import pipeline

    result = project.compile(entry)
    if result.broken or result.program is None:
        raise Broken(result.findings)
    policy = pipeline.decision_tree(result.program)
    return policy, _kept(policy, cache, key)


def _kept(policy: Policy, cache: Cache | None, key: bytes | None) -> str:
    """The digest of the policy, which is in the cache now."""
    from tenetlang.decision_tree.json_form import digest_of_bytes, encode

    data = encode(policy)
    if cache is not None and key is not None:
        cache.keep(key, data)
    return digest_of_bytes(data)


def _opened(cache: Cache, key: bytes) -> tuple[Policy, str] | None:
    from tenetlang.decision_tree.verify import PolicyFormatError

    kept = cache.find(key)
    if kept is None:
        return None
    try:
        return open_policy(kept.data), kept.digest
    except PolicyFormatError:
        return None


# ------------------------------------------------------------------------------------------------- compiled files


def _compiled_bytes(path: Path) -> bytes | None:
    """What is in the file, where it is a compiled one: no source file begins with a brace."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as opened:
            data = b"{" + opened.read(LARGEST_COMPILED) if opened.read(1) == b"{" else None
    except (OSError, ValueError):
        return None  # whoever reads it as a source file says what is wrong
    if data is not None and len(data) > LARGEST_COMPILED:
        raise ProjectError(f"`{shown_path(path)}` is larger than a compiled policy may be ({LARGEST_COMPILED:,} bytes)")
    return data


def _verified(
    path: Path, data: bytes, entry: str | None, variables: Mapping[str, str] | None, cache: Cache | None
) -> Loaded:
    """The policy in these bytes, which anybody may have written."""
    from tenetlang.decision_tree.verify import PolicyFormatError

    try:
        found = verified_policy(data, cache)
    except PolicyFormatError as problem:
        raise ProjectError(f"`{shown_path(path)}` is no compiled policy: {problem}") from problem
    if entry is not None and entry != found[0].entry:
        raise ProjectError(
            f"`{shown_path(path)}` is compiled, and `{found[0].entry}` decides in it; choose another package when it is built"
        )
    return Loaded(*found, _configuration(path, variables), (path.as_posix(),))


def verified_policy(data: bytes, cache: Cache | None) -> tuple[Policy, str]:
    """The policy whose JSON form these bytes are, and its digest: verified now, or opened if that was done here before.

    Raises `PolicyFormatError`.
    """
    from tenetlang.decision_tree.json_form import decode

    compiler = [] if cache is None else _compiler()
    key = _digest([b"compiled", *compiler, data]) if compiler else None
    opened = None if cache is None or key is None else _opened(cache, key)
    if opened is not None:
        return opened
    policy = decode(data)
    return policy, _kept(policy, cache, key)


def _configuration(path: Path, variables: Mapping[str, str] | None) -> Configuration:
    try:
        configuration = find_configuration(path)
    except (ConfigurationError, OSError, RuntimeError) as error:
        raise ProjectError(str(error)) from error
    return configuration if variables is None else with_environment(configuration, variables)


# ----------------------------------------------------------------------------------------------------------- keys


def key_of(project: Project, entry: str | None) -> bytes | None:
    """What the compiled policy of a project is kept under; None where it can't be known what it depends on."""
    compiler = _compiler()
    if not compiler:
        return None
    decides = entry or project.configuration.entry or ""
    texts = [part.encode("utf-8", "surrogatepass") for text in project.texts for part in (text.name, text.content)]
    return _digest([b"source", *compiler, decides.encode("utf-8", "surrogatepass"), *texts])


def _digest(parts: Iterable[bytes]) -> bytes:
    """SHA-256 over all parts, each with its length before it, so that no two lists have one digest."""
    from hashlib import sha256

    hashed = sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return hashed.digest()


def _compiler() -> list[bytes]:
    """What identifies the compiler; nothing where its files can't be seen."""
    package = Path(__file__).parents[1]
    try:
        seen = [
            line for folder in (package, *(package / name for name in COMPILER)) for line in _files(folder, deep=False)
        ]
        data = [line for folder in folders() for line in _files(folder, deep=True)]
        beside = Path(attrs.__file__).parents[1].stat()  # where packages are installed: Lark and RE2 as well
    except OSError:
        return []
    if not seen or not data:
        return []
    python = f"{__version__} {sys.version} {beside.st_mtime_ns}"
    return [python.encode(), "\n".join(sorted(seen)).encode(), "\n".join(sorted(data)).encode()]


def _files(folder: Path, *, deep: bool) -> Iterator[str]:
    """A line for each file: its path, its size and its time."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and deep:
                yield from _files(Path(entry.path), deep=True)
            elif entry.name.endswith((".py", ".lark", ".tenet")):
                found = entry.stat()
                yield f"{entry.path} {found.st_size} {found.st_mtime_ns}"
