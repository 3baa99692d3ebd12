"""`tenet review serve` with a provider: it says how people sign in, and refuses what would let nobody come back."""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Tenet
from tests.unit.inbox.providers import CLIENT, open_id_provider
from tests.unit.review.desks import office

CONFIGURATION = """
[review]
inbox = "{inbox}"

[review.oidc]
issuer = "{issuer}"
client_id = "{client}"
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with office(tmp_path / "log.db"):
        pass
    monkeypatch.chdir(tmp_path)
    return tmp_path / "log.db"


def configure(folder: Path, inbox: str, issuer: str = "https://login.example.com") -> None:
    text = CONFIGURATION.format(inbox=inbox, issuer=issuer, client=CLIENT)
    (folder / "tenet.toml").write_text(text, encoding="utf-8")


def test_it_says_how_people_sign_in_and_leads_them_there(log: Path) -> None:
    with open_id_provider(time.time) as provider:
        configure(log.parent, "http://127.0.0.1:8421", provider.issuer)
        command = [sys.executable, "-m", "tenetlang", "review", "serve", "log.db", "--port", "0"]
        with subprocess.Popen(command, cwd=log.parent, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            address = process.stderr.readline().removeprefix("reviews at ").strip()
            try:
                assert process.stderr.readline() == (
                    f"people sign in with a token, or at {provider.issuer}, "
                    "which sends them back to http://127.0.0.1:8421/sign-in/back\n"
                )
                with urllib.request.urlopen(f"{address}sign-in/begin", timeout=30) as page:
                    assert b"I am Ada" in page.read()
            finally:
                process.send_signal(signal.SIGINT)
                assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("inbox", "words"), [("https://reviews.example.com", ()), ("http://127.0.0.1:8421", ("--behind-https",))]
)
def test_an_inbox_at_another_address_than_browsers_use_is_refused(
    tenet: Tenet, log: Path, inbox: str, words: tuple[str, ...]
) -> None:
    configure(log.parent, inbox)
    answer = tenet("review", "serve", "log.db", "--port", "0", *words)
    assert answer.status == 2
    assert "come back from the provider" in answer.error


def test_without_the_extra_it_is_named(tenet: Tenet, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(log.parent, "http://127.0.0.1:8421")
    known = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name.startswith("joserfc"):
            raise ModuleNotFoundError(name)
        return known(name, *rest, **more)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(builtins, "__import__", without)
    answer = tenet("review", "serve", "log.db", "--port", "0")
    assert answer.status == 2
    assert "tenetlang[oidc]" in answer.error


def test_a_guard_and_the_inbox_without_a_provider_load_nothing_of_it() -> None:
    script = "import sys, tenetlang.guard, tenetlang.inbox.web; print([name for name in sys.modules if name.startswith('joserfc')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout == "[]\n"
