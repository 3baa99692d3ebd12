"""The page: who gets in, what they see, what their answers do, and what it does not let others do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tenetlang.audit.errors import LogUnavailable
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.inbox import pages
from tenetlang.inbox.sessions import FAILURES, IDLE, LONGEST
from tenetlang.inbox.web import NOTICES, Settings
from tenetlang.policy import load
from tenetlang.review.desk import Desk
from tenetlang.review.links import Link, link_token
from tenetlang.review.openings import opening_of
from tests.unit.inbox.browsing import HOST, LINK_KEY, Browser, Page, Site, site
from tests.unit.review.desks import REQUEST
from tests.unit.review.tasks import DIRECTORS, MINUTE

FORM = {"content_type": "application/x-www-form-urlencoded"}


def events(here: Site) -> list[str]:
    return here.office.kinds()


# ---------------------------------------------------------------------------------------------------------- the door


def test_whoever_is_not_signed_in_is_asked_for_a_token_and_then_gets_where_they_wanted(here: Site) -> None:
    (task,) = here.office.ask()
    browser = here.browser()
    status, page = browser.get(f"/tasks/{task.identifier}")
    assert status == 200
    assert page.forms["/sign-in"]["then"] == f"/tasks/{task.identifier}"
    status, page = browser.submit(page, "/sign-in", token=here.token("ada"))
    assert status == 200
    assert "refund(" in page.text


@pytest.mark.parametrize(
    "then",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/sign-out", "/tasks/1"],
)
def test_it_leads_nowhere_else(here: Site, then: str) -> None:
    response = here.browser().ask(
        "POST", "/sign-in", urlencode({"token": here.token("ada"), "then": then}).encode(), **FORM
    )
    assert dict(response.fields)["Location"] == "/"


@pytest.mark.parametrize("token", ["", "tnr_", "x" * 500, "tnr_01KB0K4QWRD3V0Q2W0V4R0Y0ZC_" + "a" * 43])
def test_what_is_no_token_lets_nobody_in(here: Site, token: str) -> None:
    browser = here.browser()
    status, page = browser.sign_in(token)
    assert status == 403
    assert "no token" in page.text
    assert browser.cookies == {}


def test_who_tries_too_often_waits_and_keeps_nobody_else_waiting(here: Site) -> None:
    browser, other = Browser(here.web, peer="203.0.113.9"), here.browser()
    for _ in range(FAILURES):
        assert browser.sign_in("none")[0] == 403
    good = here.token("ada")
    assert browser.sign_in(good)[0] == 429
    assert other.sign_in(good)[0] == 200
    here.seconds[0] += 61
    assert browser.sign_in(good)[0] == 200


def test_a_session_ends_when_nobody_uses_it_after_a_day_and_with_its_token(here: Site) -> None:
    def is_in(browser: Browser) -> bool:
        return "waiting" in browser.get("/")[1].text.lower() and "/sign-out" in browser.get("/")[1].forms

    idle = here.browser("ada")
    here.seconds[0] += IDLE + 1
    assert not is_in(idle)
    busy = here.browser("ada")
    began = here.seconds[0]
    while here.seconds[0] - began < LONGEST - IDLE:
        here.seconds[0] += IDLE / 2
        assert is_in(busy)
    here.seconds[0] = began + LONGEST + 1
    assert not is_in(busy)
    revoked = here.browser("ada")
    for token in here.web.inbox.tokens():
        here.web.inbox.revoke_token(token.identifier)
    assert not is_in(revoked)


def test_signing_out_ends_the_session_for_good(here: Site) -> None:
    browser = here.browser("ada")
    kept = dict(browser.cookies)
    _, page = browser.get("/")
    browser.submit(page, "/sign-out")
    browser.cookies = kept
    assert "/sign-in" in browser.get("/")[1].forms


def test_cookies_are_for_this_site_alone_and_where_there_is_https_for_nothing_else(here: Site, tmp_path: Path) -> None:
    def cookie(place: Site) -> str:
        body = urlencode({"token": place.token("ada")}).encode()
        return dict(place.browser().ask("POST", "/sign-in", body, **FORM).fields)["Set-Cookie"]

    assert "; Path=/; HttpOnly; SameSite=Lax" in cookie(here)
    (tmp_path / "more").mkdir()
    with site(tmp_path / "more", Settings(secure=True)) as secure:
        found = cookie(secure)
        assert found.startswith("__Host-")
        assert "; Secure" in found


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:8421", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "[::2]"]
)
def test_by_another_name_it_is_not_reached(here: Site, host: str) -> None:
    response = Browser(here.web, host=host).ask("GET", "/sign-in")
    assert response.status == 421


@pytest.mark.parametrize("host", ["127.0.0.1:1", "LOCALHOST", "[::1]:8421"])
def test_it_is_reached_by_its_own_names(here: Site, host: str) -> None:
    assert Browser(here.web, host=host).ask("GET", "/sign-in").status == 200


# ----------------------------------------------------------------------------------------------------- what one sees


def test_a_list_has_what_waits_for_this_person_the_most_urgent_first(here: Site) -> None:
    here.office.ask(request={**REQUEST, "tool": "later"})
    here.office.now -= 10 * MINUTE
    here.office.ask(request={**REQUEST, "tool": "sooner"})
    here.office.ask(DIRECTORS, request={**REQUEST, "tool": "others"})
    status, page = here.browser("ada").get("/")
    assert status == 200
    assert "2 waiting" in page.text
    assert page.text.index("sooner(") < page.text.index("later(")
    assert "others(" not in page.text
    assert "Nothing waits for you." in here.browser("zoe").get("/")[1].text


def test_one_who_is_not_asked_gets_the_answer_of_a_task_that_is_not_there(here: Site) -> None:
    (task,) = here.office.ask(DIRECTORS)
    ada = here.browser("ada")
    missing = ada.ask("GET", "/tasks/01KB0K4QWRD3V0Q2W0V4R0Y0ZC")
    hidden = ada.ask("GET", f"/tasks/{task.identifier}")
    assert (hidden.status, hidden.body) == (missing.status, missing.body) == (404, hidden.body)
    form = ada.get("/")[1].forms["/sign-out"]["form"]
    answer = {"form": form, "choice": "deny", "binding": task.binding, "confirmed": "yes"}
    assert ada.post(f"/tasks/{task.identifier}/answer", answer)[0] == 404
    assert here.office.task(task).votes == ()
    assert "seen" not in events(here)


def test_what_is_over_is_in_a_list_of_its_own(here: Site) -> None:
    here.office.ask()
    here.office.now += 31 * MINUTE
    ada = here.browser("ada")
    assert "Nothing waits for you." in ada.get("/")[1].text
    assert "expired" in ada.get("/done")[1].text
    assert "Nothing yet." in here.browser("mary").get("/done")[1].text
    assert "ended" in events(here), "looking lets time pass, though no courier runs"


def test_to_open_a_task_is_to_have_seen_it(here: Site) -> None:
    (task,) = here.office.ask()
    ada = here.browser("ada")
    where = f"/tasks/{task.identifier}"
    ada.ask("HEAD", where)
    ada.get(where, sec_purpose="prefetch;prerender")
    ada.get(where, purpose="prefetch")
    ada.get(where, sec_fetch_dest="image")
    assert here.office.task(task).seen == ()
    ada.get(where, sec_fetch_dest="document")
    ada.get(where)
    assert here.office.task(task).seen == ("ada",)
    assert events(here).count("seen") == 1


def test_a_page_shows_the_call_with_its_origins_the_reason_and_what_was_done_before(here: Site) -> None:
    calls = [
        {
            "tool": "crm.find",
            "args": {"name": "Zoë"},
            "verdict": "allow",
            "outcome": "ok",
            "at": "2026-11-22T19:58:00Z",
        },
        {"tool": "mail.read", "args": {}, "verdict": "deny", "at": "2026-11-22T19:59:00Z"},
    ]
    (task,) = here.office.ask(request={**REQUEST, "session": {"id": "s1", "labels": ["personal"], "calls": calls}})
    text = here.browser("ada").get(f"/tasks/{task.identifier}")[1].text
    for part in (
        "Zoë",
        "120",
        "from user",
        "a refund of 120 is above 50",
        "a1",
        "u7",
        "personal",
        "2 must approve",
        "then denied",
    ):
        assert part in text, part
    assert text.index("mail.read()") < text.index('crm.find(name: "Zoë")')


def test_what_is_sealed_with_a_key_that_is_gone_is_not_shown_and_can_be_denied(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    (task,) = here.office.ask()
    monkeypatch.setattr(Desk, "request", lambda *_: None)
    status, page = here.browser("ada").get(f"/tasks/{task.identifier}")
    assert status == 200
    assert "can't be shown any more" in page.text


# ----------------------------------------------------------------------------------------------------------- answers


def answer(here: Site, who: str, task: str, choice: str, comment: str = "") -> Page:
    """Answers as a person does: opens the task, chooses, confirms."""
    browser = here.browser(who)
    where = f"/tasks/{task}"
    _, page = browser.get(where)
    status, asked = browser.submit(page, f"{where}/answer", choice=choice, comment=comment)
    assert status == 200
    assert f"{choice.capitalize()} this call?" in asked.text
    status, after = browser.submit(asked, f"{where}/answer")
    assert status == 200
    return after


def test_an_answer_is_asked_for_twice_and_then_counts(here: Site) -> None:
    (task,) = here.office.ask()
    page = answer(here, "ada", task.identifier, "approve", "spoke to her\r\non the phone")
    assert NOTICES["approve-waiting"].text in page.text
    assert "approve" not in [given.get("value") for tag, given in page.elements if tag == "button"]
    page = answer(here, "grace", task.identifier, "approve")
    assert NOTICES["approve-approved"].text in page.text
    assert here.office.task(task).status == "approved"
    decided = [record for record in here.office.records() if record["kind"] == "escalation.decided"]
    assert [(record["who"], record["how"], record["counted"]) for record in decided] == [
        ("ada", "inbox", True),
        ("grace", "inbox", True),
    ]
    assert decided[0]["comment"] is not None
    assert decided[1]["comment"] is None
    assert here.office.problems() == []


def test_one_denial_is_enough(here: Site) -> None:
    (task,) = here.office.ask()
    assert NOTICES["deny-denied"].text in answer(here, "ada", task.identifier, "deny").text
    assert here.office.task(task).status == "denied"


def test_choosing_alone_does_nothing(here: Site) -> None:
    (task,) = here.office.ask()
    ada = here.browser("ada")
    where = f"/tasks/{task.identifier}"
    _, page = ada.get(where)
    ada.submit(page, f"{where}/answer", choice="approve")
    assert here.office.task(task).votes == ()


def test_an_answer_that_comes_too_late_is_said_to(here: Site) -> None:
    (task,) = here.office.ask()
    ada = here.browser("ada")
    where = f"/tasks/{task.identifier}"
    _, page = ada.get(where)
    _, asked = ada.submit(page, f"{where}/answer", choice="approve")
    here.office.now += 31 * MINUTE
    _, after = ada.submit(asked, f"{where}/answer")
    assert NOTICES["over"].text in after.text
    assert here.office.task(task).status == "expired"


def test_an_answer_about_another_call_does_not_count(here: Site) -> None:
    (task,) = here.office.ask()
    ada = here.browser("ada")
    where = f"/tasks/{task.identifier}"
    _, page = ada.get(where)
    _, after = ada.submit(page, f"{where}/answer", choice="approve", confirmed="yes", binding="0" * 64)
    assert NOTICES["other-call"].text in after.text
    assert here.office.task(task).votes == ()


@pytest.mark.parametrize(
    "change",
    [{"choice": "perhaps"}, {"choice": ""}, {"choice": "approve", "comment": "x" * 4001}],
)
def test_what_is_no_answer_is_refused(here: Site, change: Mapping[str, str]) -> None:
    (task,) = here.office.ask()
    ada = here.browser("ada")
    where = f"/tasks/{task.identifier}"
    _, page = ada.get(where)
    assert ada.submit(page, f"{where}/answer", confirmed="yes", **change)[0] == 400
    assert here.office.task(task).votes == ()


def test_a_task_is_claimed_given_back_and_handed_on(here: Site) -> None:
    (task,) = here.office.ask()
    ada = here.browser("ada")
    where = f"/tasks/{task.identifier}"
    _, page = ada.get(where)
    _, page = ada.submit(page, f"{where}/claim")
    assert NOTICES["claim"].text in page.text
    assert here.office.task(task).claimed == "ada"
    _, page = ada.submit(page, f"{where}/release")
    assert here.office.task(task).claimed is None
    options = [given["value"] for tag, given in page.elements if tag == "option"]
    assert options == ["grace", "lin", "mary"]
    _, page = ada.submit(page, f"{where}/delegate", to="mary")
    assert NOTICES["delegate"].text in page.text
    assert "refund(" in here.browser("mary").get("/")[1].text
    _, page = ada.submit(page, f"{where}/release")
    _, page = ada.submit(page, f"{where}/delegate", to="nobody we know")
    assert NOTICES["not-allowed"].text in page.text


def test_an_address_says_nothing_that_it_was_not_given(here: Site) -> None:
    (task,) = here.office.ask()
    ada = here.browser("ada")
    _, page = ada.get(f"/tasks/{task.identifier}?did=<b>You+have+won</b>")
    assert "won" not in page.text
    assert not any(given.get("role") == "status" for _, given in page.elements)


# ------------------------------------------------------------------------------------------------------- from outside


@pytest.mark.parametrize(
    "fields",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"http://{HOST}.evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_a_form_of_another_site_does_nothing(here: Site, fields: Mapping[str, str]) -> None:
    (task,) = here.office.ask()
    ada = here.browser("ada")
    where = f"/tasks/{task.identifier}"
    form = ada.get(where)[1].forms[f"{where}/answer"]
    sent = {**form, "choice": "approve", "confirmed": "yes"}
    assert ada.post(f"{where}/answer", sent, **fields)[0] == 403
    assert ada.post("/sign-in", {"token": here.token("grace")}, **fields)[0] == 403
    assert here.office.task(task).votes == ()


@pytest.mark.parametrize("secret", [None, "", "x", "é"])
def test_a_form_needs_the_secret_of_its_session(here: Site, secret: str | None) -> None:
    (task,) = here.office.ask()
    ada, grace = here.browser("ada"), here.browser("grace")
    where = f"/tasks/{task.identifier}"
    form = {"choice": "approve", "confirmed": "yes", "binding": task.binding}
    others = grace.get(where)[1].forms[f"{where}/answer"]["form"]
    for given in (others, *([] if secret is None else [secret])):
        assert ada.post(f"{where}/answer", {**form, "form": given})[0] == 403
    assert ada.post(f"{where}/answer", form)[0] == 403
    assert here.office.task(task).votes == ()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"token=a", "text/plain"),
        (b"token=a", "multipart/form-data; boundary=b"),
        (b"token=a&token=b", "application/x-www-form-urlencoded"),
        (b"token=\xff", "application/x-www-form-urlencoded"),
        (b"token=%ff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(50)), "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_form_of_this_site_is_refused(here: Site, body: bytes, kind: str) -> None:
    assert here.browser().ask("POST", "/sign-in", body, content_type=kind).status == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_do_nothing(here: Site, method: str) -> None:
    assert here.browser("ada").ask(method, "/").status == 405


@pytest.mark.parametrize(
    "target",
    ["/nothing", "/tasks/", "/tasks/1", "/tasks/01KB0K4QWRD3V0Q2W0V4R0Y0ZC/answer", "/../etc/passwd", "/inbox.css/.."],
)
def test_other_places_are_not_there(here: Site, target: str) -> None:
    assert here.browser("ada").ask("GET", target).status == 404


def test_every_answer_forbids_what_a_page_of_ours_never_does(here: Site) -> None:
    (task,) = here.office.ask()
    ada = here.browser("ada")
    for target in ("/", "/done", f"/tasks/{task.identifier}", "/nothing", "/inbox.css", "/inbox.js", "/sign-in"):
        fields = dict(ada.ask("GET", target).fields)
        assert "default-src 'none'" in fields["Content-Security-Policy"]
        assert "unsafe" not in fields["Content-Security-Policy"]
        assert fields["X-Frame-Options"] == "DENY"
        assert fields["Cache-Control"] == "no-store"
    for target in ("/", f"/tasks/{task.identifier}"):
        page = Page(ada.ask("GET", target).body.decode())
        assert not any(name == "style" or name.startswith("on") for _, given in page.elements for name in given)
        assert [given for tag, given in page.elements if tag == "script"] == [{"src": "/inbox.js", "defer": None}]


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</textarea></title></style><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "\u202egnp.exe\u2066",
    "\x1b[31mred\x00",
    "{{7*7}}${7*7}<%=7*7%>",
    "&lt;b&gt;",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_written_anywhere_it_is_text_and_nothing_acts_or_hides(here: Site, text: str) -> None:
    def pages_of(word: str) -> list[Page]:
        request: dict[str, object] = {
            "agent": {"id": word}, "user": {"id": word, word: word}, "tool": word,
            "args": {word: word, "nested": [{word: [word]}]}, "origins": {word: word, "nested": word},
            "session": {"id": word, "labels": [word], "calls": [{"tool": word, "args": {word: word}, "verdict": word, "outcome": word, "at": word}]},
            "context": {word: word}, "counters": {word: 1}, word: word,
        }  # fmt: skip
        (task,) = here.office.ask(request=request)
        ada = here.browser("ada")
        _, page = ada.get(f"/tasks/{task.identifier}")
        _, asked = ada.submit(page, f"/tasks/{task.identifier}/answer", choice="deny", comment=word)
        listed = ada.get("/")[1]
        link = link_token(Link(task.identifier, "ada", "see", here.office.now // 10**9 + 60), LINK_KEY)
        linked = here.browser().get(f"/tasks/{task.identifier}?link={link}")[1]
        return [page, asked, listed, linked]

    plain = pages_of("word")
    here.office.do(lambda tables: (tables.run("DELETE FROM review_tasks"), ()))
    for page, other in zip(pages_of(text), plain, strict=True):
        assert [tag for tag, _ in page.elements] == [tag for tag, _ in other.elements]
        assert [list(given) for _, given in page.elements] == [list(given) for _, given in other.elements]
        assert not any(character in page.text for character in "\u202e\u2066\x1b\x00")


# -------------------------------------------------------------------------------------------------- links of messages


def link_to(here: Site, task: str, who: str = "ada", key: bytes = LINK_KEY, seconds: int = 60) -> str:
    return link_token(Link(task, who, "see", here.office.now // 10**9 + seconds), key)


def test_a_link_shows_the_task_and_what_opens_it_has_seen_nothing(here: Site) -> None:
    (task,) = here.office.ask()
    where = f"/tasks/{task.identifier}"
    browser = here.browser()
    status, page = browser.get(f"{where}?link={link_to(here, task.identifier)}")
    assert status == 200
    assert "refund(" in page.text
    assert set(page.forms) == {f"{where}/seen"}
    assert here.office.task(task).seen == ()
    status, page = browser.submit(page, f"{where}/seen")
    assert status == 200
    assert here.office.task(task).seen == ("ada",)
    assert [record["how"] for record in here.office.records("escalation.seen")] == ["link"]
    assert "/sign-in" in browser.get("/")[1].forms, "a link is no way in"


def test_a_link_of_others_is_none(here: Site) -> None:
    (task,) = here.office.ask()
    (other,) = here.office.ask(DIRECTORS)
    where = f"/tasks/{task.identifier}"
    wrong = [
        link_to(here, other.identifier),
        link_to(here, task.identifier, "mary"),
        link_to(here, task.identifier, key=b"z" * 32),
        link_to(here, task.identifier, seconds=0),
        "x.y",
        "%00",
    ]
    browser = here.browser()
    for link in wrong:
        assert browser.get(f"{where}?link={link}")[0] == 404
        assert browser.post(f"{where}/seen", {"link": link})[0] == 404
    assert here.office.task(task).seen == ()


def test_without_a_key_there_are_no_links(tmp_path: Path) -> None:
    with site(tmp_path, Settings()) as here:
        (task,) = here.office.ask()
        assert here.browser().get(f"/tasks/{task.identifier}?link={link_to(here, task.identifier)}")[0] == 404


# ----------------------------------------------------------------------------------------------------------- failures


def test_where_the_log_cannot_be_used_nothing_is_done_and_it_is_said(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = here.browser("ada")

    def full(*_: object) -> None:
        raise LogUnavailable("the disk is full")

    monkeypatch.setattr(here.web.inbox, "_done", full)
    response = ada.ask("GET", "/")
    assert response.status == 503
    assert b"disk" not in response.body
    assert here.said == ["GET failed: the disk is full"]


def test_what_fails_inside_is_not_for_the_browser(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> bytes:
        raise ZeroDivisionError("secret")

    ada = here.browser("ada")
    monkeypatch.setattr(pages, "waiting_list", broken)
    response = ada.ask("GET", "/")
    assert response.status == 500
    assert b"secret" not in response.body
    assert here.said == ["GET failed: ZeroDivisionError: secret"]


POLICY = """
package shop

tool refund(customer: string, amount: decimal, note?: string)
reviewers finance { who {"ada", "grace"}; within 30m; quorum 1; else deny }

default deny
allow small if { tool is refund; args.amount <= 50.00 }
@owner("payments")
escalate large to finance if { tool is refund; args.amount > 50.00; not (args.customer in {"c13"}) }
  because "a refund of {args.amount} is above 50"
"""


def test_a_page_shows_the_rules_that_asked_and_what_they_looked_at(here: Site, tmp_path: Path) -> None:
    (tmp_path / "shop.tenet").write_text(POLICY, encoding="utf-8")
    evaluator = load(tmp_path / "shop.tenet")._evaluator
    request = {"tool": "refund", "args": {"customer": "c1", "amount": 120}, "agent": {"id": "a1"}}
    opening = opening_of(evaluator, evaluator.decide(request), "01KB0K4QWRD3V0Q2W0V4R0Y0ZC", request)

    def job(tables: Tables) -> tuple[str, Sequence[Unplaced]]:
        opened = here.office.desk.open(tables, here.office.now, opening)
        return opened.tasks[0].identifier, opened.records

    task = here.office.do(job)
    text = here.browser("ada").get(f"/tasks/{task}")[1].text
    for part in (
        "large escalates it · owner payments · ",
        "shop.tenet:10",
        '✓ args.amount > 50.00   args.amount = "120"',
        "small does not hold",
    ):
        assert part in text, part
