"""The end of each command's help: an example or two, and the exit statuses."""

from __future__ import annotations

from collections.abc import Sequence

COMMON = ((2, "the command line or a file can't be used"), (70, "tenet itself failed"))


def ending(examples: Sequence[str], statuses: Sequence[tuple[int, str]]) -> str:
    r"""The text below the options, for Click's `epilog`; Click keeps the lines of a paragraph marked `\b`."""
    shown = "\n".join(f"  {example}" for example in examples)
    listed = "\n".join(f"  {number:<3} {meaning}" for number, meaning in sorted((*statuses, *COMMON)))
    return f"\b\nExamples:\n{shown}\n\n\b\nExit status:\n{listed}"
