"""The wheel, installed where the checkout can't be seen, does what the checkout does.

The sdist is built first and the wheel from the sdist, so that neither can lack what the other has. The wheel goes into
a fresh venv in a temporary folder. Nothing is fetched: what tenetlang depends on comes from the venv that runs the
tests, by one `.pth` line; `.pth` files found that way are not read, so the checkout stays out of sight.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import attrs
import msgspec
import pytest

from tenetlang.resources import check_page, grammar_text, stdlib_files
from tests.repository.checkout import ROOT

pytestmark = pytest.mark.xdist_group("packaging")

POLICY = """\
package shop

tool refund(amount: decimal)

default deny because "no rule allows this call"

allow small_refund if {
    tool is refund
    args.amount <= 50.00
}

deny large_refund if {
    tool is refund
    args.amount > 50.00
} because "{args.amount} is more than 50"
"""


@attrs.frozen
class Installed:
    """A wheel in a venv of its own, and an empty folder to work in."""

    wheel: Path
    programs: Path
    folder: Path

    def run(self, program: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program of the venv in the folder, with an environment that knows nothing of the checkout."""
        return subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            env={"PATH": os.defpath, "HOME": str(self.folder), "NO_COLOR": "1", "LANG": "C.UTF-8"},
            input=text,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (only,) = distributions.glob("*.whl")
    return only


@pytest.fixture(scope="module")
def venv(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def installed(wheel: Path, venv: Path, tmp_path: Path) -> Installed:
    folder = tmp_path / "empty"
    folder.mkdir()
    return Installed(wheel, venv / "bin", folder)


@pytest.fixture
def policy(installed: Installed) -> Path:
    path = installed.folder / "shop.tenet"
    path.write_text(POLICY, encoding="utf-8")
    return path


def test_the_wheel_holds_the_package_its_data_and_its_licence_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in ("tenetlang/__init__.py", "tenetlang/py.typed", "tenetlang/_data/grammar/tenet.lark"):
        assert needed in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert any(name.startswith("tenetlang/_data/stdlib/") for name in names)
    assert any(name.startswith("tenetlang/_data/checks/") for name in names)
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tenetlang"}


def test_the_venv_runs_the_wheel_and_not_the_checkout(installed: Installed) -> None:
    place = installed.run("python", "-c", "import tenetlang; print(tenetlang.__file__)")
    assert place.stdout.startswith(str(installed.programs.parent)), place.stdout + place.stderr


@pytest.mark.parametrize("program", ["tenet", "tenetlang"])
def test_the_version_is_that_of_the_distribution(installed: Installed, program: str) -> None:
    answer = installed.run(program, "version")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert installed.wheel.name.split("-")[1] in answer.stdout


def test_a_sound_policy_is_checked(installed: Installed, policy: Path) -> None:
    answer = installed.run("tenet", "check", policy.name)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_policy_that_cannot_be_read_is_a_finding(installed: Installed, policy: Path) -> None:
    policy.write_text(POLICY + "allow {\n", encoding="utf-8")
    answer = installed.run("tenet", "check", "--format", "json", policy.name)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert json.loads(answer.stdout)["findings"]


@pytest.mark.parametrize(
    ("amount", "verdict", "rule"), [("20.00", "allow", "small_refund"), ("50.01", "deny", "large_refund")]
)
def test_a_request_is_decided(installed: Installed, policy: Path, amount: str, verdict: str, rule: str) -> None:
    request = f'{{"tool": "refund", "args": {{"amount": {amount}}}}}'
    answer = installed.run("tenet", "eval", policy.name, "-", "--format", "json", text=request)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    decision = msgspec.json.decode(answer.stdout)
    assert (decision["schema_version"], decision["verdict"], decision["decided_by"]) == (1, verdict, [rule])


def test_the_page_of_a_check_is_shown(installed: Installed) -> None:
    answer = installed.run("tenet", "explain", "syntax-error")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "syntax-error" in answer.stdout


def test_the_demo_needs_nothing_and_leaves_nothing_behind(installed: Installed) -> None:
    answer = installed.run("tenet", "demo")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout
    assert list(installed.folder.iterdir()) == []


RESOURCES = """\
import json, sys
{before}
import tenetlang
from tenetlang.resources import check_page, grammar_text, stdlib_files
print(json.dumps([tenetlang.__file__, grammar_text("tenet.lark"), stdlib_files(), check_page("syntax-error")]))
"""


@pytest.mark.parametrize("zipped", [False, True], ids=["installed", "on the path as a zip"])
def test_what_is_not_python_is_found(installed: Installed, zipped: bool) -> None:
    before = f"sys.path.insert(0, {str(installed.wheel)!r})" if zipped else ""
    answer = installed.run("python", "-c", RESOURCES.format(before=before))
    assert answer.returncode == 0, answer.stderr
    place, grammar, stdlib, page = json.loads(answer.stdout)
    assert place.startswith(str(installed.wheel if zipped else installed.programs.parent))
    assert grammar == grammar_text("tenet.lark")
    assert tuple(map(tuple, stdlib)) == stdlib_files()
    assert page == check_page("syntax-error")
