"""Which files are meant to be bundles. Imports nothing, since it is asked of every policy that a command is given."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SUFFIX: Final = ".bundle"
"""How the files are called."""

BEGINNING: Final = b'{"payload'
"""How `tenet build` begins one."""


def is_bundle(path: Path) -> bool:
    """Whether a bundle is meant, by the file's name or by how it begins."""
    try:
        if not path.is_file():
            return False
        if path.suffix == SUFFIX:
            return True
        with path.open("rb") as opened:
            return opened.read(len(BEGINNING)) == BEGINNING
    except (OSError, ValueError):
        return False  # whoever reads it as something else says what is wrong
