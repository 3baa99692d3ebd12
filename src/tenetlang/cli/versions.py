"""What `tenet diff` compares: two versions of a policy, each on disk or in a git revision.

    tenet diff old/ new/                          files and folders
    tenet diff main:policies policies/            a revision's file or folder, from the root of the repository
    tenet diff --git main policies/               a revision's and that on disk
    tenet diff --git main..feature policies/      two revisions'
    tenet diff --git main...feature policies/     what the branch changed since it left

What lies on disk is meant first: a name is taken for a revision only where there is no such file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from tenetlang.cli.bundled import project_of_bundle

if TYPE_CHECKING:
    from tenetlang.project.project import Project


@attrs.frozen
class Version:
    """One version: what it is called, and its texts. `prefix` stands before the names of its files, if it is from a revision."""

    name: str
    project: Project
    prefix: str = ""


def versions(paths: tuple[str, ...], git: str | None) -> tuple[Version, Version]:
    """The two versions that the words of a command line mean. Raises `UsageError`, `ProjectError`."""
    for path in paths:
        if path == "":
            raise click.UsageError("an empty text is no path; `.` is the current folder")
    if git is not None:
        if len(paths) != 1:
            raise click.UsageError("with --git there is one PATH, which is compared with itself as a revision has it")
        return _of_revisions(git, paths[0])
    if len(paths) != 2:
        raise click.UsageError("OLD and NEW are needed: two paths, or --git REVISION and one path")
    old, new = paths
    if _is_range(old) and Path(new).exists():
        return _of_revisions(old, new)
    if not Path(old).exists() and ":" not in old and Path(new).exists():
        from tenetlang.project.revisions import is_revision

        if is_revision(old):
            return _of_revisions(old, new)
    return _version(old), _version(new)


def _is_range(name: str) -> bool:
    return ".." in name and ":" not in name and "/.." not in f"/{name}" and not Path(name).exists()


def _of_revisions(git: str, path: str) -> tuple[Version, Version]:
    from tenetlang.project.revisions import merge_base, read_revision, revision

    if "..." in git:
        one, _, other = git.partition("...")
        base = merge_base(one or "HEAD", other or "HEAD")
        after: str | None = other or "HEAD"
    else:
        one, dots, other = git.partition("..")
        base = revision((one or "HEAD") if dots else git)
        after = (other or "HEAD") if dots else None
    old = Version(f"{base.name}:{path}", read_revision(base, path, os.environ), f"{base.name}:")
    if after is None:
        return old, _on_disk(path)
    at = revision(after)
    return old, Version(f"{after}:{path}", read_revision(at, path, os.environ), f"{after}:")


def _version(name: str) -> Version:
    if not Path(name).exists():
        before, colon, path = name.partition(":")
        if colon and len(before) > 1:
            from tenetlang.project.revisions import read_revision, revision

            at = revision(before)
            return Version(name, read_revision(at, path or ".", os.environ, from_root=True), f"{before}:")
    return _on_disk(name)


def _on_disk(name: str) -> Version:
    from tenetlang.project.project import SUFFIX, ProjectError, read_project

    path = Path(name)
    bundled = project_of_bundle(path)
    if bundled is not None:
        return Version(name, bundled)
    if not path.exists() and ":" not in name:
        raise ProjectError(f"`{name}` is neither a file or folder nor, beside an existing path, a git revision")
    if path.is_file() and path.suffix != SUFFIX:
        raise ProjectError(
            f"`{path.as_posix()}` is no {SUFFIX} file, and no bundle; what else was built can't be compared"
        )
    return Version(name, read_project([path], os.environ))
