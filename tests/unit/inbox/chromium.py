"""Chromium through its WebDriver (W3C), as far as these tests need: open a page, find elements, type, click, read."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import attrs
import pytest

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_PATIENCE = 60.0
_ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1000,1400",
)  # fmt: skip


@attrs.frozen
class Chromium:
    """A running browser."""

    address: str

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> object:
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(
            f"{self.address}{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE) as response:
            value: object = json.load(response)["value"]
            return value

    def open(self, url: str) -> None:
        self.call("POST", "/url", {"url": url})

    @property
    def url(self) -> str:
        return str(self.call("GET", "/url"))

    def find(self, selector: str) -> list[str]:
        found = self.call("POST", "/elements", {"using": "css selector", "value": selector})
        assert isinstance(found, list)
        return [item[_ELEMENT] for item in found]

    def one(self, selector: str) -> str:
        (found,) = self.find(selector)
        return found

    def text(self, selector: str = "body") -> str:
        return str(self.call("GET", f"/element/{self.one(selector)}/text"))

    def click(self, selector: str) -> None:
        self.call("POST", f"/element/{self.one(selector)}/click")

    def type(self, selector: str, text: str) -> None:
        self.call("POST", f"/element/{self.one(selector)}/value", {"text": text})

    def run(self, script: str) -> object:
        return self.call("POST", "/execute/sync", {"script": script, "args": []})

    def complaints(self) -> list[object]:
        """What the browser wrote to its console: errors of scripts, and what the page's policy forbade."""
        found = self.call("POST", "/se/log", {"type": "browser"})
        assert isinstance(found, list)
        return [item for item in found if item["level"] in {"SEVERE", "WARNING"}]


@contextmanager
def chromium(*, scripts: bool = True) -> Iterator[Chromium]:
    """A browser of this test's own; one that runs no scripts, if they are not wanted."""
    driver = shutil.which("chromedriver")
    browser = shutil.which("chromium")
    if driver is None or browser is None:
        reason = "there is no Chromium: install the packages `chromium` and `chromium-driver`"
        if os.environ.get("TENET_REQUIRE_SERVERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    root = Chromium(f"http://127.0.0.1:{port}")
    try:
        _wait_for(port)
        preferences = {} if scripts else {"profile.managed_default_content_settings.javascript": 2}
        options = {"binary": browser, "args": list(_ARGUMENTS), "prefs": preferences}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        made = root.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        assert isinstance(made, dict)
        session = Chromium(f"{root.address}/session/{made['sessionId']}")
        try:
            yield session
        finally:
            session.call("DELETE", "")
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _wait_for(port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("chromedriver did not start")
