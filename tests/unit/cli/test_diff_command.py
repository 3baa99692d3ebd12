from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Tenet

OLD = """\
package shop

tool refund(customer: string, amount: decimal)
tool email.send(to: list[email], subject: string)

reviewers desk { who {"ann", "bob"}; quorum 2; within 30m; else deny }
reviewers board { who {"cid"}; quorum 1; within 1h; else deny }
obligation remember(what: string)

allow small if { tool is refund; args.amount <= 50.00 } then remember("refund")
escalate large to desk if { tool is refund; args.amount > 50.00; args.amount <= 200.00 }
deny blocked if { tool is refund; args.customer == "mallory" }
allow mail if { tool is email.send; every a in args.to { a.domain == "acme.com" } }
"""
WEAKER = OLD.replace("50.00", "100.00")
STRICTER = OLD.replace("200.00", "150.00")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in (("old", OLD), ("weaker", WEAKER), ("stricter", STRICTER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "shop.tenet").write_text(text, encoding="utf-8")
    return tmp_path


def regions(tenet: Tenet, shop: Path, text: str) -> list[dict[str, object]]:
    (shop / "new.tenet").write_text(text, encoding="utf-8")
    answer = tenet("diff", "old", "new.tenet", "--format", "json")
    assert answer.status == 0, answer.error
    found: list[dict[str, object]] = json.loads(answer.out)["regions"]
    return found


def test_a_raised_limit_is_said_with_a_request_between_the_two(tenet: Tenet, shop: Path) -> None:
    answer = tenet("diff", "old", "weaker")
    assert (answer.status, answer.error) == (0, "")
    assert answer.out.splitlines() == [
        "newly allowed",
        '  refund: args.amount above 50 and up to 100, args.customer is not "mallory"',
        "    escalate → allow (large → small)",
        '    {"tool": "refund", "args": {"amount": 51, "customer": "a"}}',
        "",
        "1 region of requests, 1 less restricted",
    ]


def test_a_policy_does_not_differ_from_itself(tenet: Tenet, shop: Path) -> None:
    answer = tenet("diff", "old", "old/shop.tenet", "--fail-on", "any")
    assert (answer.status, answer.out) == (0, "no difference: every request is decided alike\n")


@pytest.mark.parametrize(
    ("new", "wanted", "status"),
    [
        ("weaker", "weaker", 1), ("weaker", "any", 1), ("weaker", "never", 0),
        ("stricter", "weaker", 0), ("stricter", "any", 1), ("old", "any", 0),
    ],
)  # fmt: skip
def test_the_exit_status_is_what_was_asked_to_fail_on(
    tenet: Tenet, shop: Path, new: str, wanted: str, status: int
) -> None:
    assert tenet("diff", "old", new, "--fail-on", wanted).status == status


def test_other_conditions_of_one_verdict_are_regions(tenet: Tenet, shop: Path) -> None:
    [found] = regions(tenet, shop, OLD.replace("to desk", "to board"))
    assert found["kind"] == "fewer-reviewers"
    [found] = regions(tenet, shop, OLD.replace(' then remember("refund")', ""))
    assert (found["kind"], found["weaker"]) == ("fewer-obligations", True)
    [found] = regions(tenet, shop, OLD.replace("if { tool is email.send;", "if { tool is email.send;").replace(
        '"acme.com" } }', '"acme.com" } } then remember("mail")'))  # fmt: skip
    assert (found["kind"], found["weaker"]) == ("more-obligations", False)


def test_a_new_tool_is_newly_allowed_and_one_that_is_gone_newly_denied(tenet: Tenet, shop: Path) -> None:
    ping = OLD + "tool ping()\nallow pings if { tool is ping }\n"
    [found] = regions(tenet, shop, ping)
    assert (found["kind"], found["tool"], found["where"]) == ("newly-allowed", "ping", "every request")
    gone = "\n".join(line for line in OLD.splitlines() if "email.send" not in line)
    [found] = regions(tenet, shop, gone)
    assert (found["kind"], found["tool"]) == ("newly-denied", "email.send")
    assert found["new"] == {"verdict": "deny", "decided_by": ["unknown_tool"], "reviewers": [], "obligations": []}


def test_requests_that_become_valid_are_newly_allowed(tenet: Tenet, shop: Path) -> None:
    found = regions(tenet, shop, OLD.replace("amount: decimal)", "amount: decimal, note?: string)"))
    assert [item["kind"] for item in found] == ["newly-allowed", "newly-escalated"]
    assert all("args.note is there" in str(item["where"]) for item in found)


def test_a_rule_that_is_written_otherwise_and_means_the_same_changes_nothing(tenet: Tenet, shop: Path) -> None:
    same = OLD.replace(
        "args.amount > 50.00; args.amount <= 200.00", "not (args.amount > 200.00 or args.amount <= 50.00)"
    )
    assert regions(tenet, shop, same) == []


def test_who_must_agree_is_declared_and_weighed(tenet: Tenet, shop: Path) -> None:
    (shop / "new.tenet").write_text(OLD.replace("quorum 2", "quorum 1"), encoding="utf-8")
    answer = tenet("diff", "old", "new.tenet", "--fail-on", "weaker")
    assert answer.status == 1
    assert "  reviewers desk, quorum: 2 → 1 (weaker)" in answer.out.splitlines()


def test_a_comment_for_a_pull_request_is_a_table(tenet: Tenet, shop: Path) -> None:
    lines = tenet("diff", "old", "weaker", "--format", "markdown").out.splitlines()
    assert lines[0] == "### What `old` → `weaker` changes"
    [row] = [line for line in lines if line.startswith("| 🔴")]
    assert (
        '| `refund` | `args.amount above 50 and up to 100, args.customer is not "mallory"` | escalate → allow |' in row
    )


def test_what_a_policy_says_can_neither_leave_its_cell_nor_start_a_command(tenet: Tenet, shop: Path) -> None:
    hostile = r'args.customer != "`|@all <img src=x>\n::error::x%0A"'
    (shop / "new.tenet").write_text(OLD.replace("args.amount <= 50.00 }", f"args.amount <= 50.00; {hostile} }}"))
    row = next(
        line for line in tenet("diff", "old", "new.tenet", "--format", "markdown").out.splitlines() if "<img" in line
    )
    assert r'``args.amount up to 50, args.customer is "`\|@all <img' in row
    assert row.replace(r"\|", "").count("|") == 7
    out = tenet("diff", "old", "new.tenet", "--format", "github").out
    assert all(line.startswith(("::notice ", "::warning ")) for line in out.splitlines())
    assert "%250A" in out


def test_annotations_are_at_the_rule_that_now_decides(tenet: Tenet, shop: Path) -> None:
    out = tenet("diff", "old", "weaker", "--format", "github").out
    assert out.startswith("::warning file=weaker/shop.tenet,line=10,title=newly allowed::refund: ")


def test_a_policy_with_errors_is_not_compared(tenet: Tenet, shop: Path) -> None:
    (shop / "new.tenet").write_text(OLD.replace("args.amount", "args.amuont"))
    answer = tenet("diff", "old", "new.tenet")
    assert (answer.status, answer.out) == (1, "")
    assert answer.error.startswith("error: `new.tenet` has errors")


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["old"], 2, "OLD and NEW are needed"),
        (["old", "weaker", "stricter"], 2, "OLD and NEW are needed"),
        (["nowhere", "old"], 2, "neither a file or folder nor"),
        (["old", ""], 2, "an empty text is no path"),
        (["--git", "main", "old", "weaker"], 2, "with --git there is one PATH"),
        (["old/shop.tenet", "policy.bundle"], 2, "it is no DSSE envelope"),
        (["old/shop.tenet", "policy.json"], 2, "no .tenet file, and no bundle"),
        (["old", "empty"], 5, "no .tenet file"),
    ],
)
def test_what_cannot_be_compared_is_said(tenet: Tenet, shop: Path, words: list[str], status: int, says: str) -> None:
    (shop / "empty").mkdir()
    (shop / "policy.bundle").write_bytes(b"\0")
    (shop / "policy.json").write_bytes(b"{}")
    answer = tenet("diff", *words)
    assert (answer.status, answer.out) == (status, "")
    assert says in answer.error


# ------------------------------------------------------------------------------------------------------------------- git


def git(folder: Path, *words: str) -> None:
    about = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *about, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "policies").mkdir()
    policy = tmp_path / "policies" / "shop.tenet"
    policy.write_text(OLD)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "old")
    git(tmp_path, "checkout", "-qb", "feature")
    policy.write_text(WEAKER)
    git(tmp_path, "commit", "-qam", "weaker")
    policy.write_text(STRICTER)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "heading"),
    [
        (["--git", "main", "policies"], "escalated"),
        (["--git", "main..feature", "policies"], "newly allowed"),
        (["--git", "main...feature", "policies/shop.tenet"], "newly allowed"),
        (["--git", "main..", "policies"], "newly allowed"),
        (["main..feature", "policies"], "newly allowed"),
        (["main", "policies"], "newly denied"),
        (["main:policies", "feature:policies/shop.tenet"], "newly allowed"),
        (["main:./policies", "main:"], "no difference"),
    ],
)
def test_a_revision_is_compared_as_it_was_committed(
    tenet: Tenet, repository: Path, words: list[str], heading: str
) -> None:
    answer = tenet("diff", *words)
    assert answer.error == ""
    assert answer.out.startswith(heading) or heading == "escalated"
    assert (repository / "policies" / "shop.tenet").read_text() == STRICTER


def test_the_configuration_is_that_of_the_revision(tenet: Tenet, repository: Path) -> None:
    (repository / "policies" / "other.tenet").write_text(
        "package other\ntool other.x()\nallow x if { tool is other.x }\n"
    )
    (repository / "tenet.toml").write_text('entry = "shop"\n')
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two packages")
    (repository / "tenet.toml").write_text('entry = "other"\n')
    assert tenet("diff", "HEAD:policies", "HEAD:policies").out.startswith("no difference")
    assert tenet("diff", "--git", "HEAD", "policies", "--format", "json").status == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--git", "nothing", "policies"], "git knows no revision `nothing` here"),
        (["--git", "--upload-pack=x", "policies"], "is no name of a git revision"),
        (["--git", "main\n", "policies"], "is no name of a git revision"),
        (["--git", "main", "../policies"], "is not in the repository"),
        (["main:../../etc", "policies"], "is not in the repository"),
        (["main:nowhere", "policies"], "no .tenet file in `main:nowhere`"),
        (["main:*", "policies"], "no .tenet file in `main:*`"),
        (["main::(exclude)policies", "policies"], "no .tenet file in"),
    ],
)
def test_a_hostile_name_is_only_a_name(tenet: Tenet, repository: Path, words: list[str], says: str) -> None:
    answer = tenet("diff", *words)
    assert answer.status in (2, 5)
    assert says in answer.error


def test_a_link_in_a_revision_is_refused(tenet: Tenet, repository: Path) -> None:
    (repository / "policies" / "link.tenet").symlink_to("/etc/passwd")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "link")
    answer = tenet("diff", "HEAD:policies", "main:policies")
    assert answer.status == 2
    assert "`HEAD:policies/link.tenet` is a link" in answer.error


def test_without_git_or_a_repository_it_says_so(
    tenet: Tenet, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert "git is not installed" in tenet("diff", "--git", "main", "policies").error
    monkeypatch.undo()


def test_a_folder_that_is_no_repository_is_said(
    tenet: Tenet, shop: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "is not in a git repository" in tenet("diff", "--git", "main", "old").error
