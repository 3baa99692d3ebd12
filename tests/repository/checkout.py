"""What the tests of this folder look at: the checkout, and the files in it that belong to the project."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "tenetlang"


@functools.cache
def project_files() -> tuple[Path, ...]:
    """Every file that git tracks, or would track, as a path from the root; skips the test where there is no git."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (Path(name) for name in listed.stdout.split("\0") if name)
    return tuple(sorted(path for path in paths if (ROOT / path).is_file()))


def modules() -> tuple[Path, ...]:
    """Every Python file of the package, absolute."""
    return tuple(sorted(SOURCES.rglob("*.py")))


def shown(path: Path) -> str:
    """The path as people write it, from the root of the repository."""
    return path.relative_to(ROOT).as_posix()
