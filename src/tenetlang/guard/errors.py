"""What can go wrong with a guard itself, as exceptions. What it says of a call is in `answers`."""

from __future__ import annotations


class GuardError(Exception):
    """A guard that can't be opened or used as it was asked to. The message says what to do."""


class NoTool(GuardError):
    """A function that can't be a tool, or is not the tool that the policy declares."""


class Unusable(GuardError):
    """The policy, the log or what else a guard needs can't be used."""
