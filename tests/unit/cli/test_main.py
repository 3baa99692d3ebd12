from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tenetlang import __version__
from tenetlang.cli import commands as commands_module
from tenetlang.cli.commands import COMMANDS, Command, commands
from tenetlang.values.faults import ValueFault
from tests.unit.cli.conftest import Tenet


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tenetlang", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, **variables},
        timeout=60,
    )


def loaded_by(*words: str) -> set[str]:
    program = (
        f"import sys; from tenetlang.cli.main import main; main({list(words)!r}); print(*sys.modules, file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return set(answer.stderr.split())


def test_the_version_is_said_without_loading_click() -> None:
    loaded = loaded_by("version")
    assert "tenetlang.cli.about" in loaded
    assert not loaded & {"click", "attrs", "lark", "msgspec"}


def test_help_lists_the_commands_without_loading_any_of_them() -> None:
    loaded = loaded_by("--help")
    assert "click" in loaded
    assert not loaded & {"lark", "apsw", "re2", "tenetlang.pipeline", "tenetlang.cli.check", "tenetlang.cli.demo"}


def test_the_module_runs_like_the_program() -> None:
    answer = run("version")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith(f"tenet {__version__} (cpython 3.")


def test_all_ways_to_ask_for_the_version_say_the_same(tenet: Tenet) -> None:
    expected = tenet("version").out
    assert tenet("--version").out == expected
    assert tenet("version", "--format", "pretty").out == expected
    assert tenet("version", "--format", "json").out.startswith(f'{{"schema_version": 1, "version": "{__version__}"')


@pytest.mark.parametrize(
    "name",
    [
        *COMMANDS,
        *(f"audit {name}" for name in ("verify", "show", "export", "keygen", "rotate", "witness")),
        *(f"witness {name}" for name in ("keygen", "serve")),
        *(f"guard {name}" for name in ("stop", "resume", "status")),
        *(f"ledger {name}" for name in ("show", "set-clock", "forget")),
    ],
)
def test_every_command_has_a_help_of_a_sentence_an_example_and_the_statuses(tenet: Tenet, name: str) -> None:
    answer = tenet(*name.split(), "--help")
    assert (answer.status, answer.error) == (0, "")
    assert answer.out.startswith(f"Usage: tenet {name} ")
    assert all(len(line) <= 80 for line in answer.out.splitlines() if f"tenet {name} " not in line)
    if name not in {"audit", "bundle", "guard", "ledger", "review", "witness"}:  # which are groups
        assert re.search(rf"  Examples:\n    .*tenet {name}\b", answer.out)
        assert "\n  Exit status:\n    0   " in answer.out


def test_help_shows_each_command_with_what_it_does(tenet: Tenet) -> None:
    out = tenet("--help").out
    for name, entry in COMMANDS.items():
        assert f"  {name:<10}  {entry.summary}\n" in out


def test_the_summary_in_the_list_is_about_the_command_that_it_stands_for() -> None:
    for name in COMMANDS:
        command = commands.get_command(click.Context(commands), name)
        assert command is not None
        assert command.name == name


def test_no_command_shows_the_help_and_is_a_usage_error(tenet: Tenet) -> None:
    answer = tenet()
    assert (answer.status, answer.out) == (2, "")
    assert answer.error.startswith("Usage: tenet [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["chekc"], "error: there is no command `chekc`; did you mean `check`?\n`tenet --help` says what it takes\n"),
        (["ver"], "error: there is no command `ver`; did you mean `version`?\n`tenet --help` says what it takes\n"),
        (["xyzzy"], "error: there is no command `xyzzy`\n`tenet --help` says what it takes\n"),
        (
            ["audit", "verfy", "x"],
            "error: there is no command `verfy`; did you mean `verify`?\n`tenet audit --help` says what it takes\n",
        ),
        (
            ["version", "--formt", "json"],
            "error: No such option '--formt'. Did you mean '--format'?\n`tenet version --help` says what it takes\n",
        ),
        (
            ["completion"],
            "error: Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish\n`tenet completion --help` says what it takes\n",
        ),
        (
            ["\x1b[31mred"],
            "error: there is no command `\\u{1b}[31mred`\n`tenet --help` says what it takes\n",
        ),
    ],
)
def test_a_slip_on_the_command_line_gets_the_nearest_word(tenet: Tenet, words: list[str], error: str) -> None:
    answer = tenet(*words)
    assert (answer.status, answer.out) == (2, "")
    assert answer.error == error


def failing(failure: BaseException) -> click.Command:
    @click.command("version", cls=Command)
    def command() -> int:
        raise failure

    return command


def break_version(monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    class Module:
        command = failing(failure)

    monkeypatch.setattr(commands_module, "import_module", lambda name: Module)


def test_a_failure_of_tenet_itself_is_one_sentence_and_status_70(tenet: Tenet, monkeypatch: pytest.MonkeyPatch) -> None:
    break_version(monkeypatch, ValueFault("overflow", "\x1b[2J"))
    answer = tenet("version", "--color", "never")
    assert (answer.status, answer.out) == (70, "")
    assert answer.error == (
        "error: tenet itself failed (ValueFault); this is a bug of tenetlang, and nothing was decided\n"
        "please report it to the project with the command that led to it; --debug adds a traceback\n"
    )


@pytest.mark.parametrize("words", [["--debug", "version"], ["version", "--debug"]])
def test_debug_adds_a_traceback_that_is_harmless_on_a_terminal(
    tenet: Tenet, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    break_version(monkeypatch, ValueFault("overflow", "\x1b[2J"))
    answer = tenet(*words)
    assert answer.status == 70
    assert answer.error.startswith("Traceback (most recent call last):\n")
    assert "ValueFault: overflow: \\u{1b}[2J\n" in answer.error
    assert "\x1b" not in answer.error


def test_control_c_ends_quietly_with_130(tenet: Tenet, monkeypatch: pytest.MonkeyPatch) -> None:
    break_version(monkeypatch, KeyboardInterrupt())
    answer = tenet("version", "--debug")
    assert (answer.status, answer.out, answer.error.strip()) == (130, "", "")


def test_a_reader_that_goes_away_is_no_failure() -> None:
    read, write = os.pipe()
    os.close(read)
    answer = subprocess.run(
        [sys.executable, "-m", "tenetlang", "explain"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (answer.returncode, answer.stderr) == (141, "")


def test_what_a_stream_cannot_show_is_shown_in_ascii(tmp_path: Path) -> None:
    answer = run("explain", PYTHONIOENCODING="ascii")
    assert answer.returncode == 0
    assert answer.stdout.isascii()
    assert "..." in answer.stdout


@pytest.mark.parametrize(
    ("options", "variables", "coloured"),
    [
        ([], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": ""}, False),
        (["--color", "always", "--format", "json"], {}, False),
    ],
)
def test_colours_are_shown_where_they_are_wanted(
    tenet: Tenet,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    variables: dict[str, str],
    coloured: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in tenet("explain", *options).out) is coloured


def test_the_options_of_every_command_may_stand_before_its_name(tenet: Tenet) -> None:
    assert "\x1b[" in tenet("--color", "always", "explain").out


def test_the_environment_does_not_change_the_width_of_the_help(tenet: Tenet, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = tenet("eval", "--help").out
    monkeypatch.setenv("COLUMNS", "200")
    assert tenet("eval", "--help").out == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_asks_tenet_for_the_words(tenet: Tenet, shell: str) -> None:
    answer = tenet("completion", shell)
    assert answer.status == 0
    assert "_TENET_COMPLETE" in answer.out


@pytest.mark.parametrize(
    ("line", "position", "expected"),
    [
        ("tenet ch", "1", "plain,check\n"),
        ("tenet explain unused-i", "2", "plain,unused-import\n"),
        ("tenet audit ve", "2", "plain,verify\n"),
        ("tenet show decision", "2", "plain,decision-tree\n"),
    ],
)
def test_words_are_completed(line: str, position: str, expected: str) -> None:
    answer = run(_TENET_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=position)
    assert answer.stdout == expected


@pytest.mark.parametrize("words", ["version", "explain", "version --format json"])
def test_a_full_disk_is_said_and_is_no_success(words: str) -> None:
    answer = subprocess.run(
        f"{sys.executable} -m tenetlang {words} > /dev/full", shell=True, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert answer.stderr in {"", "error: the output can't be written: No space left on device\n"}


def test_a_closed_stream_leaves_the_exit_status() -> None:
    for command, status in (("version >&-", 0), ("explain >&- 2>&-", 0), ("explain nothing 2>&-", 2)):
        answer = subprocess.run(
            f"{sys.executable} -m tenetlang {command}", shell=True, capture_output=True, check=False
        )
        assert (answer.returncode, answer.stderr) == (status, b"")


def test_a_closed_input_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "a.tenet").write_text("package a\ntool t()\n")
    command = f"{sys.executable} -m tenetlang eval a.tenet - --exit-code <&-"
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (answer.returncode, answer.stderr) == (3, "")
    assert answer.stdout.startswith("deny, decided by invalid_request\n")


def test_the_list_of_a_groups_commands_has_whole_sentences(tenet: Tenet) -> None:
    listed = tenet("audit", "--help").out.partition("Commands:\n")[2]
    assert {line[-1] for line in listed.splitlines()} == {"."}
    assert "..." not in listed


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--help"], "  A decision:             tenet eval"),
        (["audit", "--help"], "  tenet audit show decisions.db 3\n"),
    ],
)
def test_help_keeps_the_lines_of_examples(tenet: Tenet, words: list[str], line: str) -> None:
    shown = tenet(*words).out
    assert "\\b" not in shown
    assert "\b" not in shown
    assert "\n" + line in shown
