"""`tenet review`, as somebody types it."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tenetlang.review.people import Directory
from tests.servers import postgres, postgres_log
from tests.unit.cli.conftest import Tenet
from tests.unit.review.desks import PEOPLE, REQUEST, Office, office
from tests.unit.review.tasks import MINUTE

__all__ = ["postgres", "postgres_log"]

TOKEN = re.compile(r"tnr_[0-9A-Z]{26}_[A-Za-z0-9_-]{43}")


@pytest.fixture
def waiting(tenet: Tenet, tmp_path: Path) -> Iterator[Office]:
    """A log in which one call waits, at the time that it is."""
    with office(tmp_path / "log.db", Directory(PEOPLE)) as here:
        here.now = time.time_ns()
        here.ask()
        yield here


@pytest.fixture
def task(waiting: Office) -> str:
    (found,) = waiting.read(waiting.desk.waiting)
    return found.identifier


@pytest.fixture
def token(tenet: Tenet, waiting: Office, tmp_path: Path) -> Path:
    """A file with Ada's token."""
    made = tenet("review", "token", "add", "log.db", "ada")
    assert made.status == 0
    assert TOKEN.fullmatch(made.out.strip())
    assert "for ada; it is not shown again" in made.error
    file = tmp_path / "token"
    file.write_text(made.out, encoding="utf-8")
    return file


def test_what_waits_is_listed(tenet: Tenet, task: str) -> None:
    answer = tenet("review", "list", "log.db")
    assert answer.status == 0
    first, second = answer.out.splitlines()
    assert first.startswith(f"{task}  29 min")
    assert first.endswith('left  refund(amount: 120, customer: "Zoë")')
    assert second.strip() == "asks finance; 0 of 2 approved; a refund of 120 is above 50"
    assert tenet("review", "list", "log.db", "--for", "ada").status == 0
    nobody = tenet("review", "list", "log.db", "--for", "zoe")
    assert (nobody.status, nobody.out, nobody.error) == (5, "", "nothing waits\n")
    over = tenet("review", "list", "log.db", "--done")
    assert (over.status, over.error) == (5, "nothing is over\n")
    assert tenet("review", "list", "log.db", "--done", "--for", "ada").status == 2


def test_a_list_for_programs_has_all_of_each_task(tenet: Tenet, task: str) -> None:
    found = json.loads(tenet("review", "list", "log.db", "--format", "json").out)
    assert found["schema_version"] == 1
    (shown,) = found["tasks"]
    assert (shown["task"], shown["status"], shown["quorum"]) == (task, "waiting", 2)
    assert shown["request"]["args"] == {"amount": 120, "customer": "Zoë"}


def test_one_is_shown_with_what_led_to_it_by_the_beginning_of_its_identifier(tenet: Tenet, task: str) -> None:
    answer = tenet("review", "show", "log.db", task[:20].lower())
    assert answer.status == 0
    for part in (
        task,
        "a refund of 120 is above 50",
        "amount = 120   (from user)",
        "asked       finance: ada, grace, lin; 2 must approve",
        "then it is denied",
    ):
        assert part in answer.out, part
    assert json.loads(tenet("review", "show", "log.db", task, "--format", "json").out)["may"] == []


def test_who_shows_one_with_their_token_has_seen_it(
    tenet: Tenet, waiting: Office, task: str, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENET_REVIEW_TOKEN", token.read_text("utf-8"))
    assert "seen by     ada" in tenet("review", "show", "log.db", task).out
    assert [record["how"] for record in waiting.records("escalation.seen")] == ["command"]


def test_two_people_approve(
    tenet: Tenet, waiting: Office, task: str, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tenet("review", "approve", "log.db", task, "--token-file", "token", "--comment", "spoke to her")
    assert (first.status, first.out) == (0, '1 of 2 approved: refund(amount: 120, customer: "Zoë")\n')
    again = tenet("review", "approve", "log.db", task, "--token-file", "token")
    assert (again.status, again.out, again.error) == (1, "", "error: ada: this person has answered already\n")
    monkeypatch.setenv("TENET_REVIEW_TOKEN", tenet("review", "token", "add", "log.db", "grace").out)
    second = tenet("review", "approve", "log.db", task, "--format", "json")
    assert second.status == 0
    found = json.loads(second.out)
    assert (found["refused"], found["status"], found["approved_by"]) == (None, "approved", ["ada", "grace"])
    late = tenet("review", "deny", "log.db", task)
    assert late.status == 1
    assert "it had ended before" in late.error
    assert waiting.problems() == []
    assert "approved" in tenet("review", "list", "log.db", "--done").out


def test_one_denies(tenet: Tenet, task: str, token: Path) -> None:
    answer = tenet("review", "deny", "log.db", task, "--token-file", "token", "--comment", "no")
    assert (answer.status, answer.out) == (0, 'denied: refund(amount: 120, customer: "Zoë")\n')


def test_a_task_is_claimed_given_back_and_handed_on(tenet: Tenet, tmp_path: Path, task: str, token: Path) -> None:
    (tmp_path / "tenet.toml").write_text('[review.people.ada]\nmay_hand_to = ["mary"]\n', encoding="utf-8")
    given = ("--token-file", "token")
    assert tenet("review", "claim", "log.db", task, *given).status == 0
    assert "ada looks after it" in tenet("review", "list", "log.db").out
    assert tenet("review", "release", "log.db", task, *given).status == 0
    assert "this person did not look after it" in tenet("review", "release", "log.db", task, *given).error
    assert "it can't be handed to that person" in tenet("review", "delegate", "log.db", task, "zoe", *given).error
    assert tenet("review", "delegate", "log.db", task, "mary", *given).status == 0
    assert "handed on   ada to mary" in tenet("review", "show", "log.db", task).out


def test_an_answer_needs_a_token_that_is_one(tenet: Tenet, tmp_path: Path, task: str, token: Path) -> None:
    none = tenet("review", "approve", "log.db", task)
    assert none.status == 2
    assert "TENET_REVIEW_TOKEN" in none.error
    (tmp_path / "wrong").write_text("tnr_x", encoding="utf-8")
    wrong = tenet("review", "approve", "log.db", task, "--token-file", "wrong")
    assert (wrong.status, "this is no token" in wrong.error) == (2, True)
    missing = tenet("review", "approve", "log.db", task, "--token-file", "nowhere")
    assert (missing.status, "can't be read" in missing.error) == (2, True)


def test_a_task_that_is_none_is_said_to_be(tenet: Tenet, waiting: Office, token: Path) -> None:
    waiting.ask(request={**REQUEST, "tool": "pay"})
    for name in ("01KB0K4QWRD3V0Q2W0V4R0Y0ZC", "zzz", ""):
        answer = tenet("review", "show", "log.db", name)
        assert answer.status == 2
    assert "2 tasks begin with `01`" in tenet("review", "show", "log.db", "01").error


def test_a_revoked_token_is_none(tenet: Tenet, task: str, token: Path) -> None:
    listed = tenet("review", "token", "list", "log.db").out
    identifier = listed.split()[0]
    assert listed.endswith("ada\n")
    assert tenet("review", "token", "revoke", "log.db", identifier).status == 0
    assert tenet("review", "token", "revoke", "log.db", identifier).status == 5
    assert "revoked" in tenet("review", "token", "list", "log.db").out
    assert json.loads(tenet("review", "token", "list", "log.db", "--format", "json").out)["tokens"][0]["revoked"]
    assert tenet("review", "approve", "log.db", task, "--token-file", "token").status == 2


def test_tokens_are_for_names(tenet: Tenet, waiting: Office) -> None:
    assert tenet("review", "token", "list", "log.db").status == 5
    for name in ("", " ", "a\nb"):
        assert tenet("review", "token", "add", "log.db", name).status == 2
    made = json.loads(tenet("review", "token", "add", "log.db", "ada", "--format", "json").out)
    assert TOKEN.fullmatch(made["token"])
    assert made["who"] == "ada"


def test_reviews_of_a_log_that_is_not_there_are_not_made_up(tenet: Tenet, tmp_path: Path) -> None:
    for words in (("list", "no.db"), ("show", "no.db", "x"), ("token", "add", "no.db", "ada"), ("serve", "no.db")):
        answer = tenet("review", *words)
        assert (answer.status, "there is no log at `no.db`" in answer.error) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.xdist_group("postgres")
def test_reviews_of_a_log_on_a_server_are_answered_in_the_same_way(
    tenet: Tenet, postgres_log: str, tmp_path: Path
) -> None:
    with office(postgres_log, Directory(PEOPLE)) as here:
        here.now = time.time_ns()
        (task,) = here.ask()
        (tmp_path / "token").write_text(tenet("review", "token", "add", postgres_log, "ada").out, encoding="utf-8")
        assert tenet("review", "list", postgres_log).out.startswith(task.identifier)
        answer = tenet("review", "deny", postgres_log, task.identifier, "--token-file", "token")
        assert (answer.status, answer.out) == (0, 'denied: refund(amount: 120, customer: "Zoë")\n')


def test_hostile_names_do_nothing_to_a_terminal(tenet: Tenet, waiting: Office) -> None:
    hostile = "\x1b[31m\u202eevil\nline"
    (task,) = waiting.ask(request={**REQUEST, "tool": hostile, "args": {hostile: hostile}, "agent": {"id": hostile}})
    for words in (("list", "log.db"), ("show", "log.db", task.identifier)):
        out = tenet("review", *words).out
        assert "\x1b" not in out
        assert "\u202e" not in out


@contextmanager
def served(folder: Path, *words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`tenet review serve` on a free port, with its address."""
    command = [sys.executable, "-m", "tenetlang", "review", "serve", "log.db", "--port", "0", *words]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.fullmatch(r"reviews at (https?://127\.0\.0\.1:\d+/)\n", process.stderr.readline())
        try:
            assert found
            yield found[1], process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_page_is_served_until_it_is_interrupted(
    tenet: Tenet, waiting: Office, tmp_path: Path, number: signal.Signals
) -> None:
    with served(tmp_path) as (address, process):
        with urllib.request.urlopen(address, timeout=30) as page:
            assert b"Sign in" in page.read()
        process.send_signal(number)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == "stopped\n"


def test_to_others_it_is_served_with_tls_only(tenet: Tenet, waiting: Office, tmp_path: Path) -> None:
    for words in (("--host", "0.0.0.0"), ("--tls-cert", "c.pem"), ("--tls-cert", "c.pem", "--tls-key", "k.pem")):
        assert tenet("review", "serve", "log.db", "--port", "0", *words).status == 2
    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"
    _certify(key, certificate)
    with served(tmp_path, "--tls-cert", "c.pem", "--tls-key", "k.pem") as (address, _):
        assert address.startswith("https:")
        trusting = ssl.create_default_context(cafile=str(certificate))
        with urllib.request.urlopen(address, timeout=30, context=trusting) as page:
            assert b"Sign in" in page.read()
        with pytest.raises((urllib.error.URLError, OSError)):
            urllib.request.urlopen(address.replace("https", "http"), timeout=5)


def test_a_port_that_is_taken_is_said_to_be(tenet: Tenet, waiting: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = tenet("review", "serve", "log.db", "--port", str(taken.getsockname()[1]))
    assert answer.status == 2
    assert "can't listen" in answer.error


def test_time_passes_whoever_looks(tenet: Tenet, waiting: Office) -> None:
    waiting.now -= 60 * MINUTE
    waiting.ask(request={**REQUEST, "tool": "old"})
    assert "old(" not in tenet("review", "list", "log.db").out
    assert "expired" in tenet("review", "list", "log.db", "--done").out


def _certify(key: Path, certificate: Path) -> None:
    import datetime as dt
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "reviews")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    key.write_bytes(secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
