"""Coming back from a provider: what belongs to one sign-in, what the provider has to say, and what stops everybody else."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import attrs
import pytest

from tenetlang.inbox import oidc
from tenetlang.inbox.oidc import GOOD_FOR
from tenetlang.inbox.sessions import FAILURES
from tenetlang.inbox.web import Settings
from tests.unit.inbox.browsing import Browser, Page
from tests.unit.inbox.doors import SECOND, Door, back, is_in, said
from tests.unit.inbox.providers import (
    EC_KEY,
    OTHER_KEY,
    RSA_KEY,
    public_jwk,
)

# --------------------------------------------------------------------------------------------------- one sign-in alone


def test_each_sign_in_has_a_state_a_nonce_and_a_challenge_of_its_own(door: Door) -> None:
    asked = [parse_qs(urlsplit(door.begin(door.site.browser())).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        values = [question[name][0] for question in asked]
        assert len(set(values)) == 2
        assert all(len(value) == 43 for value in values)
    first = asked[0]
    assert len({first["state"][0], first["nonce"][0], first["code_challenge"][0]}) == 3
    assert first["redirect_uri"] == ["http://127.0.0.1:8421/sign-in/back"]
    assert first["scope"] == ["openid email"]


def test_the_cookie_of_a_sign_in_is_for_this_site_and_short_lived(door: Door) -> None:
    response = door.site.browser().ask("GET", "/sign-in/begin")
    (cookie,) = [value for name, value in response.fields if name == "Set-Cookie"]
    assert cookie.startswith("tenet-sign-in=")
    assert cookie.endswith(f"; Path=/; HttpOnly; SameSite=Lax; Max-Age={GOOD_FOR}")
    door.site.web.settings = Settings(secure=True)
    response = door.site.browser().ask("GET", "/sign-in/begin")
    (cookie,) = [value for name, value in response.fields if name == "Set-Cookie"]
    assert cookie.startswith("__Host-tenet-sign-in=")
    assert "; Secure" in cookie


def test_an_answer_that_another_browser_asked_for_signs_nobody_in(door: Door) -> None:
    attacker, victim = door.site.browser(), door.site.browser()
    answer = door.answer(attacker)
    assert back(victim, **answer)[0] == 400
    assert not is_in(victim)
    door.begin(victim)
    assert back(victim, **answer)[0] == 400
    assert not is_in(victim)
    assert door.provider.codes.keys() == {"code-0"}


@pytest.mark.parametrize("state", [None, "", "x" * 43, "\u00e9"])
def test_without_its_state_an_answer_is_none(door: Door, state: str | None) -> None:
    browser = door.site.browser()
    answer = {**door.answer(browser), "state": state}
    status, page = back(browser, **{name: value for name, value in answer.items() if value is not None})
    assert status == 400
    assert "not begun in this browser" in page.text
    assert "/token" not in door.provider.asked


@pytest.mark.parametrize("cookie", ["", "1.x./", "x.{43}./", "99999999999999.{43}./", "0.{43}.//evil.example"])
def test_a_cookie_that_is_none_begins_nothing(door: Door, cookie: str) -> None:
    browser = door.site.browser()
    answer = door.answer(browser)
    browser.cookies["tenet-sign-in"] = cookie.replace("{43}", "x" * 43)
    assert back(browser, **answer)[0] == 400


def test_where_one_wanted_to_go_belongs_to_the_sign_in(door: Door) -> None:
    browser = door.site.browser()
    answer = door.answer(browser, "/done")
    browser.cookies["tenet-sign-in"] = browser.cookies["tenet-sign-in"].replace("/done", "/gone")
    assert back(browser, **answer)[0] == 400


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example/", "/\\evil.example", "/sign-out", "/tasks/1"]
)
def test_it_leads_nowhere_else(door: Door, then: str) -> None:
    browser = door.site.browser()
    answer = door.answer(browser, then)
    response = browser.ask("GET", f"/sign-in/back?{urlencode(answer)}")
    assert dict(response.fields)["Location"] == "/"


def test_a_sign_in_is_good_for_ten_minutes(door: Door) -> None:
    for seconds, status in ((GOOD_FOR, 200), (GOOD_FOR + 1, 400), (-1, 400)):
        browser = door.site.browser()
        answer = door.answer(browser)
        door.site.office.now += seconds * SECOND
        assert back(browser, **answer)[0] == status, seconds


def test_a_sign_in_is_good_for_one_code(door: Door) -> None:
    browser = door.site.browser()
    where = door.begin(browser)
    cookies = dict(browser.cookies)
    assert back(browser, **door.provider.sign_in(where))[0] == 200
    again = Browser(door.site.web, dict(cookies))
    status, _ = back(again, **door.provider.sign_in(where))
    assert status == 400
    assert not is_in(again)


def test_what_was_used_is_forgotten_only_to_make_room(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "_MOST_USED", 1)
    for _ in range(3):
        assert door.through(door.site.browser())[0] == 200
    made = door.site.web.provider
    assert made is not None
    assert len(made._used) == 1


def test_another_process_knows_nothing_of_it(door: Door) -> None:
    browser = door.site.browser()
    answer = door.answer(browser)
    door.configure(door.settings)
    assert back(browser, **answer)[0] == 400


def test_a_stolen_code_is_worth_nothing_without_the_verifier(door: Door) -> None:
    """Whoever gets hold of a code brings it with a sign-in of their own."""
    victim, attacker = door.site.browser(), door.site.browser()
    stolen = door.answer(victim)["code"]
    own = door.answer(attacker)
    status, page = back(attacker, **{**own, "code": stolen})
    assert status == 403
    assert "did not confirm who you are" in page.text
    assert not is_in(attacker)
    assert "invalid_grant" in said(door)
    assert "\x1b" not in page.text


def test_a_token_of_another_sign_in_is_refused(door: Door) -> None:
    door.provider.claims = {"nonce": "x" * 43}
    browser = door.site.browser()
    assert door.through(browser)[0] == 403
    assert "for another sign-in" in said(door)


def test_other_sites_begin_no_sign_in(door: Door) -> None:
    browser = door.site.browser()
    response = browser.ask("GET", "/sign-in/begin", sec_fetch_site="cross-site")
    assert dict(response.fields)["Location"] == "/sign-in"
    assert browser.cookies == {}
    assert browser.ask("GET", "/sign-in/begin", sec_fetch_site="same-origin").status == 303


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_only_a_get_comes_back(door: Door, method: str) -> None:
    browser = door.site.browser()
    answer = door.answer(browser)
    browser.ask(method, f"/sign-in/back?{urlencode(answer)}")
    assert "/token" not in door.provider.asked


# ----------------------------------------------------------------------------------------------- what the provider says


def test_an_answer_of_another_provider_is_refused_and_one_that_does_not_say_where_it_promised(door: Door) -> None:
    for given in ("https://evil.example", None):
        browser = door.site.browser()
        answer: dict[str, str | None] = {**door.answer(browser), "iss": given}
        assert back(browser, **{name: value for name, value in answer.items() if value is not None})[0] == 403
        assert not is_in(browser)
    assert "/token" not in door.provider.asked


def test_a_provider_that_promises_no_issuer_need_not_say_it(door: Door) -> None:
    door.provider.document = {"authorization_response_iss_parameter_supported": None}
    browser = door.site.browser()
    answer = door.answer(browser)
    del answer["iss"]
    assert back(browser, **answer)[0] == 200


def test_what_the_provider_says_of_an_error_is_not_shown(door: Door) -> None:
    browser = door.site.browser()
    state = door.answer(browser)["state"]
    status, page = back(
        browser, error="<script>", error_description="call +1 555", state=state, iss=door.provider.issuer, code="code-0"
    )
    assert status == 403
    assert "<script>" not in page.text
    assert "555" not in page.text
    assert "the provider refused: <script>" in said(door)
    assert "555" not in said(door)
    assert browser.cookies["tenet-sign-in"] == ""


@pytest.mark.parametrize("code", [None, "", "x" * 4097])
def test_an_answer_without_a_code_is_none(door: Door, code: str | None) -> None:
    browser = door.site.browser()
    answer = {**door.answer(browser), **({} if code is None else {"code": code})}
    if code is None:
        del answer["code"]
    assert back(browser, **answer)[0] == 400
    assert "/token" not in door.provider.asked


def test_an_answer_that_says_something_twice_is_none(door: Door) -> None:
    browser = door.site.browser()
    answer = urlencode(door.answer(browser))
    assert browser.get(f"/sign-in/back?{answer}&code=other")[0] == 400


def test_a_wrong_secret_lets_nobody_in(door: Door) -> None:
    door.configure(attrs.evolve(door.settings, secret="wrong"))
    assert door.through(door.site.browser())[0] == 403
    assert "invalid_client" in said(door)


def test_the_secret_goes_into_the_form_only_where_the_provider_wants_it_there(door: Door) -> None:
    door.provider.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert door.through(door.site.browser())[0] == 200
    assert "authorization" not in door.provider.heads[door.provider.asked.index("/token")]


def test_a_client_without_a_secret_signs_people_in(door: Door) -> None:
    door.configure(attrs.evolve(door.settings, secret=None))
    door.provider.secret = None
    assert door.through(door.site.browser())[0] == 200


def test_other_kinds_of_keys_sign_as_well(door: Door) -> None:
    door.provider.keys = [public_jwk(RSA_KEY, "k1"), public_jwk(EC_KEY, "k2")]
    door.provider.signs, door.provider.head, door.provider.algorithm = EC_KEY, {"kid": "k2"}, "ES256"
    assert door.through(door.site.browser())[0] == 200


def test_a_new_key_is_fetched_and_one_that_was_withdrawn_is_soon_worth_nothing(door: Door) -> None:
    assert door.through(door.site.browser())[0] == 200
    door.provider.keys = [public_jwk(OTHER_KEY, "k2")]
    door.provider.signs, door.provider.head = OTHER_KEY, {"kid": "k2"}
    door.site.seconds[0] += 11
    assert door.through(door.site.browser())[0] == 200
    door.provider.signs, door.provider.head = RSA_KEY, {"kid": "k1"}
    assert door.through(door.site.browser())[0] == 403


def test_keys_that_nobody_has_are_not_asked_for_again_and_again(door: Door) -> None:
    assert door.through(door.site.browser())[0] == 200
    door.provider.head = {"kid": "none"}
    for _ in range(3):
        assert door.through(door.site.browser())[0] == 403
    assert door.provider.asked.count("/jwks") == 1


def test_a_provider_that_is_gone_lets_nobody_in_and_tokens_still_do(door: Door) -> None:
    door.provider.statuses["/.well-known/openid-configuration"] = 500
    browser = door.site.browser()
    response = browser.ask("GET", "/sign-in/begin")
    assert response.status == 503
    assert "With a token it does" in Page(response.body.decode()).text
    assert browser.sign_in(door.site.token("ada"))[0] == 200


def test_a_provider_that_goes_meanwhile_lets_nobody_in(door: Door) -> None:
    browser = door.site.browser()
    answer = door.answer(browser)
    door.provider.statuses["/jwks"] = 500
    status, page = back(browser, **answer)
    assert status == 503
    assert "does not work now" in page.text
    assert not is_in(browser)


def test_who_guesses_too_often_waits(door: Door) -> None:
    for _ in range(FAILURES):
        browser = door.site.browser()
        assert back(browser, **{**door.answer(browser), "code": "guess"})[0] == 403
    assert door.through(door.site.browser())[0] == 429
    other = Browser(door.site.web, peer="203.0.113.9")
    assert door.through(other)[0] == 200
    door.site.seconds[0] += 61
    assert door.through(door.site.browser())[0] == 200


def test_what_is_no_guess_makes_nobody_wait(door: Door) -> None:
    for _ in range(FAILURES):
        assert back(door.site.browser(), code="guess", state="x" * 43)[0] == 400
    assert door.through(door.site.browser())[0] == 200
