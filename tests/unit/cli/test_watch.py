"""`--watch`: rounds, what begins one, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenetlang.cli import statuses
from tenetlang.cli.watch import Overtaken, Watch, look, watching
from tenetlang.project.project import ProjectError
from tests.unit.cli.conftest import Tenet

GOOD = "package p\ntool t(x: int)\ndefault deny\nallow small if { tool is t; args.x < 3 }\n"
BAD = GOOD.replace("args.x", "args.y")


class Rounds:
    """A round that counts itself, and pauses in which something is done, one after another; then Ctrl-C."""

    def __init__(self, *deeds: Callable[[], object], result: Callable[[Watch], int] = lambda _: 0) -> None:
        self.deeds: Iterator[Callable[[], object]] = iter(deeds)
        self.result = result
        self.count = 0

    def __call__(self, watch: Watch) -> int:
        self.count += 1
        return self.result(watch)

    def pause(self, _: float) -> None:
        deed = next(self.deeds, None)
        if deed is None:
            raise KeyboardInterrupt
        deed()


def idle() -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tenet").write_text(GOOD)
    return tmp_path


def replace(file: Path, content: str) -> Callable[[], object]:
    """What many editors do: another file, put in its place."""

    def deed() -> None:
        other = file.with_suffix(".new")
        other.write_text(content)
        other.replace(file)

    return deed


def test_a_round_begins_where_a_file_is_written_replaced_added_or_gone(folder: Path) -> None:
    file = folder / "a.tenet"
    rounds = Rounds(
        idle,
        lambda: file.write_text(GOOD + "\n"), idle, idle,
        replace(file, GOOD), idle, idle,
        lambda: (folder / "b.tenet").write_text("package p\n"), idle, idle,
        (folder / "b.tenet").unlink, idle, idle,
    )  # fmt: skip
    assert watching((folder,), rounds, rounds.pause) == 0
    assert rounds.count == 5


def test_other_files_begin_no_round_but_the_configuration_does(folder: Path) -> None:
    rounds = Rounds(lambda: (folder / "notes.txt").write_text("x"), idle)
    watching((folder,), rounds, rounds.pause)
    assert rounds.count == 1
    rounds = Rounds(lambda: (folder / "tenet.toml").write_text('entry = "p"\n'), idle, idle)
    watching((folder,), rounds, rounds.pause)
    assert rounds.count == 2


def test_many_files_that_are_saved_together_are_one_change(folder: Path) -> None:
    deeds = [lambda n=n: (folder / f"f{n}.tenet").write_text("package p\n") for n in range(5)]
    rounds = Rounds(*deeds, idle, idle)
    watching((folder,), rounds, rounds.pause)
    assert rounds.count == 2


def test_a_file_that_an_editor_leaves_out_for_a_moment_begins_one_round(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "a.tenet"
    rounds = Rounds(file.unlink, lambda: file.write_text(BAD), idle, idle)
    watching((file,), rounds, rounds.pause)
    assert rounds.count == 2
    assert "changed: a.tenet\n" in capsys.readouterr().err


def test_a_change_during_a_round_begins_the_next_one_without_waiting(folder: Path) -> None:
    def result(_: Watch) -> int:
        if rounds.count == 1:
            (folder / "a.tenet").write_text(BAD)
        return 0

    rounds = Rounds(idle, result=result)
    watching((folder,), rounds, rounds.pause)
    assert rounds.count == 2


def test_a_round_that_is_overtaken_gives_no_status(folder: Path) -> None:
    def result(watch: Watch) -> int:
        if rounds.count == 2:
            (folder / "a.tenet").write_text(GOOD + "# more\n")
            watch.looked = 0.0
            with pytest.raises(Overtaken):
                watch.step()
            raise Overtaken
        return 1

    rounds = Rounds(lambda: (folder / "a.tenet").write_text(BAD), idle, result=result)
    assert watching((folder,), rounds, rounds.pause) == 1
    assert rounds.count == 3


def test_what_cannot_be_read_is_said_and_waited_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def result(_: Watch) -> int:
        if rounds.count == 1:
            raise ProjectError("`a.tenet` is not UTF-8")
        return 0

    rounds = Rounds(lambda: (folder / "a.tenet").write_text(BAD), idle, idle, result=result)
    assert watching((folder,), rounds, rounds.pause) == 0
    assert "error: `a.tenet` is not UTF-8\n" in capsys.readouterr().err


def test_ctrl_c_before_any_result_is_an_interruption(folder: Path) -> None:
    def result(_: Watch) -> int:
        raise KeyboardInterrupt

    assert watching((folder,), Rounds(result=result)) == statuses.INTERRUPTED


def test_an_internal_error_ends_the_watch(folder: Path) -> None:
    def result(_: Watch) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watching((folder,), Rounds(result=result))


def test_a_path_that_is_not_there_is_watched_for(tmp_path: Path) -> None:
    missing = tmp_path / "later.tenet"
    before = look((missing,))
    missing.write_text(GOOD)
    assert look((missing,)) != before


def test_a_current_folder_that_goes_is_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    (folder / "a.tenet").write_text(GOOD)
    monkeypatch.chdir(folder)
    before = look((Path(),))
    (folder / "a.tenet").unlink()
    folder.rmdir()
    assert look((Path(),)) != before


def test_options_that_do_not_go_together_are_refused(tenet: Tenet) -> None:
    for words in (
        ("check", "--watch", "--save-witnesses", "w"),
        ("test", "--watch", "--mutants"),
        ("test", "--watch", "--generate"),
    ):
        assert tenet(*words).status == statuses.USAGE


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize("command", ["check", "test"])
def test_the_whole_process_follows_a_file_and_ends_with_the_status_of_the_last_round(
    tmp_path: Path, command: str
) -> None:
    file = tmp_path / "a.tenet"
    file.write_text(GOOD + 'test "one" {\n    call t(x: 1)\n    with agent = {id: "a"}\n    expect allow by small\n}\n')
    said = tmp_path / "said.txt"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tenetlang", command, str(file), "--watch"], stdout=out, stderr=out, cwd=tmp_path
        )
        try:
            _until(lambda: "watching 1 file" in said.read_text())
            file.write_text(BAD)
            _until(lambda: said.read_text().count("watching 1 file") == 2)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == statuses.FOUND
        finally:
            process.kill()
            process.wait()
    text = said.read_text()
    assert "unknown-argument" in text.partition("changed: a.tenet")[2]
    assert "Traceback" not in text
    assert "\x1b" not in text


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
