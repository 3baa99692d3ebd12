"""The exit statuses, which scripts rely on."""

from __future__ import annotations

FINE = 0
"""All is well; notes are allowed."""

FOUND = 1
"""Findings that are errors or warnings, a failed test, a broken claim, a log that was changed or can't be written."""

USAGE = 2
"""The command line, the configuration or a file that was named can't be used."""

DENIED = 3
"""`eval --exit-code`: the verdict is deny."""

ESCALATED = 4
"""`eval --exit-code`: the verdict is escalate."""

NOTHING = 5
"""There was nothing to check or to test, or no record of that name."""

INTERNAL = 70
"""tenet itself failed (`EX_SOFTWARE` of sysexits.h)."""

INTERRUPTED = 130
"""Ctrl-C, as shells count it: 128 and the number of SIGINT."""

BROKEN_PIPE = 141
"""Whoever read the output went away: 128 and the number of SIGPIPE."""
