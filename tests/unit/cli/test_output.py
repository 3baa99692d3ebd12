from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tenetlang.cli.output import Progress, coloured, painted, painter, plain, waiting


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def screen_of(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal in place of standard error. No fixture: between set-up and test pytest puts its own stream there."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    shown = Screen()
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


def clock(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
    times = iter(seconds)
    monkeypatch.setattr(time, "monotonic", lambda: next(times))


def test_progress_is_shown_after_a_second_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    clock(monkeypatch, 0.5, 1.5, 1.55, 1.7)
    with Progress("tested", 2000, began=0) as progress:
        for _ in range(4):
            progress.step()
    assert screen.getvalue() == "\r\x1b[Ktested: 2 of 2,000\r\x1b[Ktested: 4 of 2,000\r\x1b[K"


def test_what_is_quick_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    clock(monkeypatch, 0.2, 0.9)
    with Progress("tested", began=0) as progress:
        progress.step()
        progress.step()
    assert screen.getvalue() == ""


@pytest.mark.parametrize("wanted", [True, False])
def test_progress_is_for_terminals_and_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch, wanted: bool) -> None:
    shown = io.StringIO() if wanted else Screen()
    monkeypatch.setattr(sys, "stderr", shown)
    clock(monkeypatch, 5)
    with Progress("tested", wanted=wanted, began=0) as progress:
        progress.step()
    assert shown.getvalue() == ""


def test_what_cannot_say_how_far_it_is_says_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    with waiting("compiling", patience=0.01):
        while "compiling" not in screen.getvalue():
            time.sleep(0.01)
    assert screen.getvalue() == "\r\x1b[Kcompiling: 0 s\r\x1b[K"


def test_what_is_quick_is_not_waited_for_and_neither_is_anything_off_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = screen_of(monkeypatch)
    with waiting("compiling"):
        pass
    assert screen.getvalue() == ""
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    with waiting("compiling", patience=0.0):
        time.sleep(0.05)
    assert shown.getvalue() == ""


def test_a_failure_while_waiting_leaves_a_clean_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)

    def interrupted() -> None:
        with waiting("compiling", patience=0.01):
            while not screen.getvalue():
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert screen.getvalue().endswith("\r\x1b[K")


def test_a_terminal_has_colours_unless_it_is_dumb(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    assert coloured(screen)
    assert not coloured(io.StringIO())
    assert painter(screen) is painted
    assert painter(io.StringIO()) is plain
    monkeypatch.setenv("TERM", "dumb")
    assert not coloured(screen)


def test_a_real_terminal_has_colours() -> None:
    leader, follower = pty.openpty()
    variables = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    with subprocess.Popen(
        [sys.executable, "-m", "tenetlang", "explain", "no-such-check"],
        stderr=follower,
        env={**variables, "TERM": "xterm"},
    ) as process:
        assert process.wait(60) == 2
    os.close(follower)
    shown = os.read(leader, 1000)
    os.close(leader)
    assert shown.startswith(b"\x1b[1;31merror\x1b[0m: there is no check")


def test_control_c_ends_a_run_with_130_and_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.tenet").write_text("package p\ntool f(x: int)\nallow f if { tool is f }\n", encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "tenetlang", "eval", "p.tenet", "-", "--lines"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b'{"tool": "f", "args": {"x": 1}}\n')
        process.stdin.flush()
        assert process.stdout.readline() == b"     1  allow     f: rule f\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b""
