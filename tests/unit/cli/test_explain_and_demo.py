from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from tenetlang.report.catalogue import CATALOGUE
from tests.unit.cli.conftest import Tenet


def test_the_page_of_a_check_is_laid_out(tenet: Tenet) -> None:
    answer = tenet("explain", "unused-import")
    assert (answer.status, answer.error) == (0, "")
    assert answer.out.startswith("unused-import\n\nwarning\n\nA package is imported and nothing in the file uses it.")
    assert "\n    import example.limits\n" in answer.out
    assert "```" not in answer.out


def test_every_check_is_listed_with_what_it_finds(tenet: Tenet) -> None:
    lines = tenet("explain").out.splitlines()
    assert [line.split()[0] for line in lines] == list(CATALOGUE)
    assert all(len(line.split(maxsplit=2)) == 3 for line in lines)
    assert max(map(len, lines)) <= 120
    shape = json.loads(tenet("explain", "--format", "json").out)
    assert [check["check"] for check in shape["checks"]] == list(CATALOGUE)
    assert all(check["summary"] for check in shape["checks"])


def test_the_page_as_json_is_markdown(tenet: Tenet) -> None:
    shape = json.loads(tenet("explain", "unused-import", "--format", "json").out)
    assert (shape["schema_version"], shape["check"], shape["severity"]) == (1, "unused-import", "warning")
    assert shape["page"].startswith("# unused-import\n")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("unused-imort", "; did you mean `unused-import`?"),
        ("xyzzy", "; `tenet explain` lists them all"),
        ("../../etc/passwd", "; `tenet explain` lists them all"),
    ],
)
def test_a_check_that_is_not_there_gets_the_nearest(tenet: Tenet, name: str, hint: str) -> None:
    answer = tenet("explain", name)
    assert (answer.status, answer.out) == (2, "")
    assert answer.error.startswith(f"error: there is no check `{name}`{hint}\n")


def test_the_demo_is_one_page_that_leaves_nothing_behind(
    tenet: Tenet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    answer = tenet("demo")
    assert (answer.status, answer.error) == (0, "")
    lines = answer.out.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    assert list(place.iterdir()) == []
    assert [path for path in tmp_path.iterdir() if path != place] == []


def test_the_demo_shows_what_really_happens(tenet: Tenet) -> None:
    out = tenet("demo").out
    assert "   error[unknown-argument]: the tool `refund` has no argument `amuont`\n" in out
    assert "   help: write `args.amount`, the nearest declared name\n" in out
    assert "   deny, decided by outsiders\n     eve@evil.com is not one of us\n" in out
    assert "   before  sound\n   after   changed: record 2, " in out


def test_the_demo_says_the_same_each_time(tenet: Tenet) -> None:
    assert tenet("demo") == tenet("demo")
