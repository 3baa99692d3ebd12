"""A server of `tenetlang.serving` that runs in this process, on a port of its own, for the length of a test."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tenetlang.serving import Limits, Respond, serve


@contextmanager
def serving(respond: Respond, limits: Limits, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answers requests by `respond`; gives the port."""
    ports: list[int] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    def told(port: int) -> None:
        ports.append(port)
        ready.set()

    task = loop.create_task(serve(respond, "127.0.0.1", 0, ready=told, limits=limits, tls=tls))

    def work() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(asyncio.sleep(0))
        for other in asyncio.all_tasks(loop):
            other.cancel()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
