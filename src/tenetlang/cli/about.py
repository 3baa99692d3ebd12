"""What `tenet version` says. Imports nothing that takes time, so that the answer comes at once."""

from __future__ import annotations

import os
import sys

from tenetlang import __version__


def facts() -> dict[str, str]:
    """The versions of tenetlang and of Python, and the platform."""
    machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "unknown")
    python = ".".join(map(str, sys.version_info[:3]))
    return {
        "version": __version__,
        "python": f"{sys.implementation.name} {python}",
        "platform": f"{sys.platform} {machine}",
    }


def line() -> str:
    """The same in one line: `tenet 0.1.0 (cpython 3.11.9, linux x86_64)`."""
    known = facts()
    return f"tenet {known['version']} ({known['python']}, {known['platform']})"
