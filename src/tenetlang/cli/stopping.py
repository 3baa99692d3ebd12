"""Servers of the command line: they answer until somebody interrupts them."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine

from tenetlang.cli.output import remark


async def until_stopped(serving: Coroutine[object, object, None]) -> None:
    """Serves until Ctrl-C or a termination signal comes, and says that it stopped. Raises what serving raises."""
    task = asyncio.ensure_future(serving)
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":  # there it is interrupted as any program is
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        remark("stopped\n")
