"""What the tests of this folder look at: the checkout, and the files in it that belong to the project."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "tenetlang"


@functools.cache
def listed() -> tuple[Path, ...]:
    """What git tracks, or would track, links included, as paths from the root; skips the test where there is no git."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    printed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(sorted(Path(name) for name in printed.stdout.split("\0") if name))


def project_files() -> tuple[Path, ...]:
    """Every file that git tracks, or would track, as a path from the root; skips the test where there is no git."""
    return tuple(path for path in listed() if (ROOT / path).is_file())


def modules() -> tuple[Path, ...]:
    """Every Python file of the package, absolute."""
    return tuple(sorted(SOURCES.rglob("*.py")))


def shown(path: Path) -> str:
    """The path as people write it, from the root of the repository."""
    return path.relative_to(ROOT).as_posix()
