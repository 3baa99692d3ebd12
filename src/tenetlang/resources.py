"""Where the package finds what is not Python: the grammar, the standard library, the pages of the checks.

These files live at the top of the repository, where people look for them. A wheel carries a copy below
`tenetlang/_data`. Each function asks the copy first, in a zip on the path by `importlib.resources`; in a checkout, or after
`pip install -e`, there is no copy, and the folders above `src/` are read.

Nothing else in tenetlang knows of either place. The stages of the compiler get text, never a path.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

_CHECK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


def grammar_text(name: str) -> str:
    """The content of the file `name` of `grammar/`, such as `tenet.lark`.

    Raises FileNotFoundError where there is no such file.
    """
    for entry in _entries("grammar", "grammar"):
        if entry.name == name:
            return entry.read_text(encoding="utf-8")
    raise FileNotFoundError(f"the grammar has no file {name!r}")


def stdlib_files() -> tuple[tuple[str, str], ...]:
    """Every `.tenet` file of the standard library as (name, content), sorted by name.

    A name is the path below `stdlib/`, with `std/` before it: `stdlib/agents.tenet` is `std/agents.tenet`.
    """
    return _stdlib()


def check_page(name: str) -> str | None:
    """The page of the check `name`, as Markdown; None where no check has that name.

    `name` may come from anywhere: what is not a kebab-case word is no name, so it can't lead out of the folder.
    """
    if not _CHECK.match(name):
        return None
    for entry in _entries("checks", "docs/checks"):
        if entry.name == f"{name}.md":
            return entry.read_text(encoding="utf-8")
    return None


def folders() -> tuple[Path, ...]:
    """Where the grammar and the standard library are, as far as they lie in folders."""
    from pathlib import Path

    package = Path(__file__).parent
    found = (package / "_data", package.parents[1])
    places = (top / name for name in ("grammar", "stdlib") for top in found)
    return tuple(place for place in places if place.is_dir())


@functools.cache
def _stdlib() -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_walk(_entries("stdlib", "stdlib"), "std/")))


def _walk(entries: tuple[Traversable, ...], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in entries:
        if entry.is_dir():
            found += _walk(tuple(entry.iterdir()), f"{prefix}{entry.name}/")
        elif entry.name.endswith(".tenet"):
            found.append((f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")))
    return found


def _entries(shipped: str, in_checkout: str) -> tuple[Traversable, ...]:
    """What lies in the folder `tenetlang/_data/<shipped>`, or else in `<in_checkout>` at the top of the checkout."""
    from pathlib import Path

    package = Path(__file__).parent
    folder: Traversable = package / "_data" / shipped
    if not package.is_dir():
        from importlib.resources import files  # slow to import, and needed only where there are no folders

        folder = files("tenetlang") / "_data" / shipped
    if not folder.is_dir():
        folder = package.parents[1].joinpath(in_checkout)
    return tuple(folder.iterdir()) if folder.is_dir() else ()
