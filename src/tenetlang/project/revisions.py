"""A policy as a git revision has it, read out of the object store: nothing is checked out, no hook and no filter runs.

`git` is asked in three steps, each by a command of its plumbing, without a shell and with everything that it might take for an
option behind `--end-of-options` or `--`: which commit a name means, which files a folder of it holds, and what is in
them. The names that it is given may come from a pull request, so they are taken literally (no globs, no `:(…)`), objects that are
missing are not fetched, and replacements of objects are not heeded. What a revision can't tell is an error, never left out: a policy file that
is a link, a folder that is a submodule.
"""

from __future__ import annotations

import codecs
import os
import posixpath
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import attrs

from tenetlang.project.configuration import (
    FILE_NAME,
    Configuration,
    ConfigurationError,
    parsed_configuration,
    with_environment,
)
from tenetlang.project.project import SUFFIX, NothingFound, Project, ProjectError
from tenetlang.report.visible import visible
from tenetlang.text import LARGEST, Text

_SECONDS = 60
_UNFIT = re.compile(r"[\x00-\x1f\x7f]")
_SETTINGS = {
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


@attrs.frozen
class Revision:
    """A commit, by the name it was given and by its digest, and the folder from which paths are meant."""

    name: str
    commit: str
    prefix: str


def revision(name: str) -> Revision:
    """The commit of this name in the repository of the current folder. Raises `ProjectError`."""
    return Revision(name, _commit(name), _prefix())


def merge_base(one: str, other: str) -> Revision:
    """The commit from which two branches parted, as in `git diff one...other`. Raises `ProjectError`."""
    first, second = _commit(one), _commit(other)
    found = _git("merge-base", "--end-of-options", first, second)
    if found is None:
        raise ProjectError(f"`{visible(one)}` and `{visible(other)}` have no commit in common")
    return Revision(f"{one}...{other}", found.decode().strip(), _prefix())


def is_revision(name: str) -> bool:
    """Whether git knows a commit of this name here; without git it does not."""
    try:
        _commit(name)
    except ProjectError:
        return False
    return True


def read_revision(
    at: Revision, path: str, variables: Mapping[str, str] | None = None, *, from_root: bool = False
) -> Project:
    """The project at `path`, a file or a folder, as the commit has it, with its configuration there.

    `path` is meant from the current folder, or `from_root` from that of the repository unless it begins with `./`. Raises
    `ProjectError`, and `NothingFound` where the commit has no policy file there.
    """
    place = _place(at, path, from_root=from_root and not path.startswith(("./", "../")))
    entries = list(_entries(at, place))
    wanted = [(oid, name) for oid, name in entries if name == place or _in_folder(name, place)]
    if not wanted:
        raise NothingFound(f"no {SUFFIX} file in `{visible(at.name)}:{visible(place)}`")
    contents = _blobs([oid for oid, _ in wanted])
    texts = [_text(at, name, content) for (_, name), content in zip(wanted, contents, strict=True)]
    configuration = _configuration(at, place if wanted[0][1] != place else posixpath.dirname(place))
    if variables is not None:
        configuration = with_environment(configuration, variables)
    return Project(tuple(sorted(texts, key=lambda text: text.name)), configuration)


# ---------------------------------------------------------------------------------------------------------------- places


def _place(at: Revision, path: str, *, from_root: bool) -> str:
    """The path from the root of the repository, without `.` and `..`; empty for the root."""
    if _UNFIT.search(path):
        raise ProjectError(f"`{visible(path)}` is no path that a revision can have")
    if posixpath.isabs(path) or Path(path).is_absolute():
        top = _git("rev-parse", "--show-toplevel")
        root = Path(os.fsdecode(top or b"").rstrip("\n"))
        try:
            found = PurePosixPath(Path(path).resolve().relative_to(root.resolve()).as_posix())
        except ValueError:
            raise ProjectError(f"`{visible(path)}` is not in the repository of the current folder") from None
        return "" if str(found) == "." else str(found)
    whole = posixpath.normpath(posixpath.join("" if from_root else at.prefix, path.replace(os.sep, "/") or "."))
    if whole == ".." or whole.startswith("../"):
        raise ProjectError(f"`{visible(path)}` is not in the repository of the current folder")
    return "" if whole == "." else whole


def _in_folder(name: str, folder: str) -> bool:
    """Whether a policy file lies below the folder, hidden ones left out as in a folder on disk."""
    if folder and not name.startswith(f"{folder}/"):
        return False
    *folders, last = name[len(folder) + 1 if folder else 0 :].split("/")
    hidden = any(part.startswith(".") or part == "__pycache__" for part in folders)
    return last.endswith(SUFFIX) and not hidden


def _entries(at: Revision, place: str) -> Iterator[tuple[str, str]]:
    """The digests and names of the files at and below the place."""
    listed = _git("ls-tree", "-r", "-z", "--full-tree", at.commit, "--", *([place] if place else []))
    if listed is None:
        raise ProjectError(f"git can't list the files of `{visible(at.name)}`; is the clone a complete one?")
    for entry in listed.split(b"\0")[:-1]:
        about, _, raw = entry.partition(b"\t")
        mode, _, oid = os.fsdecode(about).split(" ")[:3]
        name = os.fsdecode(raw)
        here = f"`{visible(at.name)}:{visible(name)}`"
        if mode == "160000":
            raise ProjectError(f"{here} is a submodule, of which the revision has no files; name a folder beside it")
        if mode == "120000" and (name == place or _in_folder(name, place)):
            raise ProjectError(f"{here} is a link, and what it leads to is not part of the revision")
        if mode != "120000":
            yield oid, name


def _text(at: Revision, name: str, content: bytes) -> Text:
    shown = f"{at.name}:{name}"
    raw = content[: LARGEST + len(codecs.BOM_UTF8) + 1]
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(raw, final=len(raw) == len(content))
    except UnicodeDecodeError as error:
        raise ProjectError(f"`{visible(shown)}` is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    return Text(shown, text)


def _configuration(at: Revision, folder: str) -> Configuration:
    """The configuration nearest to the folder, in the revision; the default one where it has none."""
    places = [folder, *(str(parent) for parent in PurePosixPath(folder).parents)] if folder else [""]
    for place in dict.fromkeys("" if place == "." else place for place in places):
        for name in (FILE_NAME, "pyproject.toml"):
            file = posixpath.join(place, name)
            content = _git("cat-file", "blob", f"{at.commit}:{file}")
            if content is None:
                continue
            try:
                found = parsed_configuration(Path(f"{at.name}:{file}"), content, whole=name == FILE_NAME)
            except ConfigurationError as error:
                raise ProjectError(str(error)) from error
            if found is not None:
                return found
    return Configuration()


# ------------------------------------------------------------------------------------------------------------------- git


def _commit(name: str) -> str:
    if not name or name.startswith("-") or _UNFIT.search(name):
        raise ProjectError(f"`{visible(name)}` is no name of a git revision")
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found is None:
        _prefix()  # says so where this is no repository
        raise ProjectError(f"git knows no revision `{visible(name)}` here")
    return found.decode().strip()


def _prefix() -> str:
    found = _git("rev-parse", "--show-prefix")
    if found is None:
        raise ProjectError("the current folder is not in a git repository, or not in one that git lets you read")
    return os.fsdecode(found).rstrip("\n")


def _blobs(oids: Sequence[str]) -> list[bytes]:
    """The contents of the objects, in order."""
    found = _git("cat-file", "--batch", given="".join(f"{oid}\n" for oid in oids).encode())
    contents: list[bytes] = []
    place = 0
    for oid in oids:
        end = -1 if found is None else found.find(b"\n", place)
        header = b"" if found is None or end < 0 else found[place:end]
        if found is None or not re.fullmatch(rb"[0-9a-f]+ blob [0-9]+", header):
            raise ProjectError(f"git can't read the object {oid}; is the clone a complete one?")
        size = int(header.rpartition(b" ")[2])
        contents.append(found[end + 1 : end + 1 + size])
        place = end + size + 2
    return contents


def _git(*words: str, given: bytes = b"") -> bytes | None:
    """What a git command prints; None where it fails. Raises `ProjectError` where there is no git, or it does not end."""
    program = shutil.which("git")
    if program is None:
        raise ProjectError("git is not installed, or not on the PATH; it is needed to read a revision")
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and every name is behind `--` or `--end-of-options`
            [program, "--no-pager", "--no-replace-objects", "-c", "core.fsmonitor=false", *words],
            input=given,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, **_SETTINGS},
        )
    except subprocess.TimeoutExpired:
        raise ProjectError(f"git took longer than {_SECONDS} s to read the revision") from None
    except OSError as error:
        raise ProjectError(f"git can't be run: {error.strerror}") from error
    return done.stdout if done.returncode == 0 else None
