"""examples/receipts as its page shows it: a tool that acts on nothing without a receipt, and an agent that tries."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenetlang.audit import create_key, verify_log
from tests.repository.checkout import ROOT

HERE = ROOT / "examples" / "receipts"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    create_key(tmp_path / "log.key", "example.com/refunds")
    words = [sys.executable, str(HERE / "tool_server.py"), "log.key.pub", "used.db", "0"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = server.stdout.readline()
        yield said.strip().removeprefix("refunds at ")
        server.kill()


def test_the_agent_is_answered_as_the_page_says(url: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "agent.py"), "log.key", url],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    page = (HERE / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"^through the gate:.*?(?=```)", page, re.DOTALL | re.MULTILINE)
    assert shown is not None
    assert done.stdout == shown[0]
    assert verify_log(tmp_path / "decisions.db").ok


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/refund", b"{", 400, "no JSON"),
        ("/refund", b"[]", 404, "an object of arguments"),
        ("/other", b"{}", 404, "one tool here"),
        ("/refund", b"{}", 403, "form: "),
        ("/refund", b"[" * 50_000, 400, "no JSON"),
        ("/refund", b" " * 100_001, 413, "too long"),
    ],
)
def test_what_is_no_call_with_a_receipt_is_refused(url: str, path: str, body: bytes, status: int, said: str) -> None:
    request = urllib.request.Request(url.replace("/refund", path), body, {"Tenet-Receipt": "a.b"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    with caught.value as refusal:
        assert refusal.code == status
        assert said in refusal.read().decode()
