"""Receipts: what a tool may act on, and all that it must not."""

from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tenetlang.audit import AppendedRecord, Surroundings
from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.checkpoints.note import signing_key, verifies
from tenetlang.audit.errors import InvalidReceipt, NoReceipt, NoSignatures
from tenetlang.audit.jws import MAX_TOKEN, key_identifier, open_compact, sign_bytes, sign_compact, split_compact
from tenetlang.audit.receipts import LONGEST_LIFETIME, TYPE, Receipt, SeenReceipts, binding, check_receipt, make_receipt
from tenetlang.decision import Decision, Verdict
from tests.unit.audit.samples import REQUEST, identifier

NOW = 1_795_377_600
KEY = signing_key("example.com/refunds", bytes(range(32)))
OTHER = signing_key("example.com/orders", bytes(32))
PLACE = AppendedRecord(7, b"\xab" * 32)
BUNDLE = "sha256:" + "cd" * 32
ARGUMENTS: dict[str, object] = {"customer": "Zoë Ångström", "amount": 120, "currency": "USD"}


def receipt(
    request: Mapping[str, object] = REQUEST, verdict: Verdict = "allow", lifetime: int = 60, now: int = NOW
) -> str:
    decision = Decision("acme.support", BUNDLE, verdict, ("small",), "it is small")
    around = Surroundings(point="gate/1", point_count=3)
    return make_receipt(decision, identifier(1), PLACE, request, KEY, now, lifetime=lifetime, surroundings=around)


def check(
    token: str,
    arguments: Mapping[str, object] = ARGUMENTS,
    tool: str = "refund",
    now: int = NOW,
    seen: Callable[[str, int, int], bool] | None = None,
) -> Receipt:
    keys = [OTHER.verifier, KEY.verifier]
    return check_receipt(token, keys, tool, arguments, now, SeenReceipts() if seen is None else seen)


def refused(token: str, what: str, **given: object) -> None:
    with pytest.raises(InvalidReceipt) as caught:
        check(token, **given)  # type: ignore[arg-type]  # as `check` takes them
    assert caught.value.what == what


def claims() -> dict[str, object]:
    payload, _ = open_compact(receipt(), TYPE, [KEY.verifier])
    found: dict[str, object] = json.loads(payload)
    return found


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(header: object, payload: bytes) -> str:
    """A token that is signed as it should be, whatever its header is."""
    start = f"{encoded(header if isinstance(header, bytes) else json.dumps(header).encode())}.{encoded(payload)}"
    return f"{start}.{encoded(sign_bytes(start.encode(), KEY))}"


GOOD = {"alg": "EdDSA", "kid": key_identifier(KEY.verifier), "typ": TYPE}


def test_a_receipt_says_what_was_decided_recorded_and_allowed() -> None:
    assert check(receipt()) == Receipt(
        origin="example.com/refunds",
        decision=identifier(1),
        index=7,
        leaf="ab" * 32,
        tool="refund",
        agent="a1",
        user="u7",
        session="s1",
        binding=binding("refund", ARGUMENTS, "a1", "u7", "s1"),
        bundle=BUNDLE,
        point="gate/1",
        count=3,
        issued=NOW,
        expires=NOW + 60,
    )


def test_where_no_gate_is_named_the_receipt_names_none() -> None:
    decision = Decision("acme.support", BUNDLE, "allow", ("small",), "it is small")
    found = check(make_receipt(decision, identifier(1), PLACE, REQUEST, KEY, NOW))
    assert (found.point, found.count) == (None, None)


@pytest.mark.parametrize("verdict", ["deny", "escalate"])
def test_only_an_allowance_has_a_receipt(verdict: Verdict) -> None:
    with pytest.raises(NoReceipt, match=f"the decision is {verdict}"):
        receipt(verdict=verdict)


@pytest.mark.parametrize(
    ("request_", "lifetime", "message"),
    [
        ({"args": {}}, 60, "names no tool"),
        ({"tool": "x", "args": []}, 60, "no arguments"),
        ({"tool": "x", "args": {"a": object()}}, 60, "no canonical form"),
        (REQUEST, 0, "1 to 3600 seconds"),
        (REQUEST, 3601, "1 to 3600 seconds"),
    ],
)
def test_what_a_receipt_can_not_be_made_of(request_: Mapping[str, object], lifetime: int, message: str) -> None:
    with pytest.raises(NoReceipt, match=message):
        receipt(request_, lifetime=lifetime)


# ------------------------------------------------------------------------------------------------------- one call, once


@pytest.mark.parametrize(
    "changes", [{"amount": 121}, {"amount": "120"}, {"amount": Decimal("120.001")}, {"customer": "zoë"}, {"more": None}]
)
def test_a_receipt_for_one_call_is_none_for_another(changes: Mapping[str, object]) -> None:
    refused(receipt(), "call", arguments={**ARGUMENTS, **changes})


def test_equal_amounts_are_equal_however_they_are_written() -> None:
    assert check(receipt(), {**ARGUMENTS, "amount": Decimal("120.00")}).index == 7


def test_two_amounts_that_one_double_stands_for_are_two_calls() -> None:
    token = receipt({**REQUEST, "args": {"amount": 2**53}})
    refused(token, "call", arguments={"amount": 2**53 + 1})
    assert check(token, {"amount": 2**53}).index == 7


def test_an_argument_that_is_left_out_or_no_json_is_another_call() -> None:
    refused(receipt(), "call", arguments={})
    refused(receipt(), "call", arguments={**ARGUMENTS, "amount": object()})
    refused(receipt(), "call", tool="refund2")


def test_who_asked_cannot_be_changed_without_the_key() -> None:
    assert binding("refund", ARGUMENTS, "a1") != binding("refund", ARGUMENTS, None, "a1")
    assert binding("refund", ARGUMENTS, "a1") != binding("refund", ARGUMENTS, "a2")


def test_a_receipt_is_good_once() -> None:
    seen = SeenReceipts()
    assert check(receipt(), seen=seen).index == 7
    refused(receipt(now=NOW + 1), "used", seen=seen, now=NOW + 1)


def test_a_receipt_that_is_refused_is_not_used_up() -> None:
    seen = SeenReceipts()
    refused(receipt(), "call", seen=seen, arguments={})
    refused(receipt(), "time", seen=seen, now=NOW + 3600)
    assert check(receipt(), seen=seen).index == 7


def test_of_many_threads_with_one_receipt_one_may_act() -> None:
    seen, token = SeenReceipts(), receipt()

    def act(_: int) -> bool:
        try:
            check(token, seen=seen)
        except InvalidReceipt:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(act, range(64))) == 1


def test_used_receipts_are_forgotten_when_they_are_outdated_and_no_earlier() -> None:
    seen = SeenReceipts(most=2)
    assert seen("a", NOW + 10, NOW)
    assert seen("b", NOW + 20, NOW)
    with pytest.raises(InvalidReceipt, match="2 receipts are in use") as caught:
        seen("c", NOW + 30, NOW + 9)
    assert caught.value.what == "busy"
    assert seen("c", NOW + 30, NOW + 10)
    assert not seen("b", NOW + 20, NOW + 19)


@pytest.mark.parametrize(
    ("now", "good"), [(NOW - 6, False), (NOW - 5, True), (NOW + 64, True), (NOW + 65, False), (NOW + 10**6, False)]
)
def test_a_receipt_is_good_from_when_it_was_made_until_it_expires_and_a_little_around(now: int, *, good: bool) -> None:
    if good:
        assert check(receipt(), now=now).index == 7
    else:
        refused(receipt(), "time", now=now)


@pytest.mark.parametrize("expires", [NOW, NOW - 1, NOW + 3601])
def test_a_receipt_for_ever_or_for_no_time_is_none(expires: int) -> None:
    refused(signed(GOOD, profile_bytes({**claims(), "exp": expires})), "time")


# -------------------------------------------------------------------------------------------------------- what is none


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({**GOOD, "alg": "none"}, id="no signature"),
        pytest.param({**GOOD, "alg": "HS256"}, id="a shared secret"),
        pytest.param({**GOOD, "alg": "Ed25519"}, id="another name of the same"),
        pytest.param({**GOOD, "alg": "eddsa"}, id="in small letters"),
        pytest.param({**GOOD, "typ": "JWT"}, id="another type"),
        pytest.param({**GOOD, "crit": ["exp"]}, id="an extension"),
        pytest.param({**GOOD, "crit": []}, id="no extension, critically"),
        pytest.param({**GOOD, "b64": False}, id="another encoding"),
        pytest.param({**GOOD, "jwk": {"kty": "OKP"}}, id="a key that it brings along"),
        pytest.param({**GOOD, "jku": "https://evil.example"}, id="where to get a key"),
        pytest.param({"alg": "EdDSA", "typ": TYPE}, id="no key"),
        pytest.param({**GOOD, "zip": "DEF"}, id="compressed"),
        pytest.param(b'{"alg":"none",' + json.dumps(GOOD).encode()[1:], id="a name twice"),
        pytest.param([GOOD], id="a list"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b"[" * 4000, id="nested deeply"),
        pytest.param(b'{"alg":1e400}', id="a number that is none"),
        pytest.param(b'{"alg":NaN}', id="NaN"),
    ],
)
def test_a_header_is_of_one_form(header: object) -> None:
    refused(signed(header, profile_bytes(claims())), "form")


@pytest.mark.parametrize("kid", [key_identifier(OTHER.verifier) + "x", "", None, 1, [key_identifier(KEY.verifier)]])
def test_a_key_that_is_not_known_is_refused(kid: object) -> None:
    refused(signed({**GOOD, "kid": kid}, profile_bytes(claims())), "key")


def test_a_token_that_names_another_key_than_the_one_that_signed_is_refused() -> None:
    refused(signed({**GOOD, "kid": key_identifier(OTHER.verifier)}, profile_bytes(claims())), "signature")


def test_a_log_signs_its_own_receipts_and_no_others() -> None:
    refused(sign_compact(TYPE, profile_bytes(claims()), OTHER), "key")


def test_a_key_that_is_given_twice_is_ambiguous() -> None:
    with pytest.raises(InvalidReceipt, match="ambiguous"):
        check_receipt(receipt(), [KEY.verifier, KEY.verifier], "refund", ARGUMENTS, NOW, SeenReceipts())


@pytest.mark.parametrize("name", claims())
def test_each_claim_must_be_there_and_of_its_form(name: str) -> None:
    good = claims()
    refused(signed(GOOD, profile_bytes({key: value for key, value in good.items() if key != name})), "form")
    refused(signed(GOOD, json.dumps({**good, name: True}).encode()), "form")


@pytest.mark.parametrize(
    "changes",
    [{"verdict": "escalate"}, {"iat": -1}, {"aud": "refunds"}, {"nbf": NOW + 900}, {"jti": "x"}, {"leaf": ""}],
)
def test_a_claim_of_another_value_or_one_more_is_refused(changes: Mapping[str, object]) -> None:
    refused(signed(GOOD, profile_bytes({**claims(), **changes})), "form")


def test_a_tool_that_is_not_the_one_of_the_binding_is_refused() -> None:
    refused(signed(GOOD, profile_bytes({**claims(), "tool": "delete"})), "call")


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("A" * (MAX_TOKEN + 1), "the token has 8,193 characters"),
        ("A.AAAA.AAAA", "no base64url"),
        (signed({**GOOD, "kid": "x"}, b"{}"), "not known here"),
        (signed(GOOD, b"{}"), "`iss` is wrong"),
        (signed(GOOD, profile_bytes({**claims(), "aud": "x"})), "it has more claims"),
    ],
)
def test_it_is_said_what_is_wrong(token: str, message: str) -> None:
    with pytest.raises(InvalidReceipt, match=message):
        check(token)


def test_a_claim_that_stands_twice_is_refused() -> None:
    payload = profile_bytes(claims())
    refused(signed(GOOD, b'{"tool":"delete",' + payload[1:]), "form")


@pytest.mark.parametrize(
    "bent",
    [
        lambda token: token + "=",
        lambda token: token + ".",
        lambda token: " " + token,
        lambda token: token + "\n",
        lambda token: token.replace(".", "..", 1),
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token.rpartition(".")[0],
        lambda token: "." + token.partition(".")[2],
        lambda token: token + "A" * MAX_TOKEN,
        lambda token: token.replace("e", "е"),  # a Cyrillic letter
        lambda token: "",
        lambda token: token[:-2] + chr(ord(token[-2]) ^ 1) + token[-1] + "AA",
    ],
)
def test_a_token_that_was_bent_is_none(bent: Callable[[str], str]) -> None:
    with pytest.raises(InvalidReceipt) as caught:
        check(bent(receipt()))
    assert caught.value.what in {"form", "signature"}


def test_a_second_spelling_of_the_same_bytes_is_refused() -> None:
    token = receipt()
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(token[-1])
    other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ 1]
    refused(token[:-1] + other, "form")


# -------------------------------------------------------------------------------------------------------- other hands


RFC_8037_SEED = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
RFC_8037_TOKEN = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


def test_the_example_of_rfc_8037_is_signed_and_verified_as_it_stands_there() -> None:
    key = signing_key("rfc8037", urlsafe_b64decode(RFC_8037_SEED))
    assert encoded(key.verifier.public) == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    compact = split_compact(RFC_8037_TOKEN)
    assert compact.header == {"alg": "EdDSA"}
    assert compact.payload == b"Example of Ed25519 signing"
    assert compact.signature == sign_bytes(compact.signed, key)
    assert verifies(key.verifier.public, compact.signature, compact.signed)
    with pytest.raises(InvalidReceipt, match="other members"):
        open_compact(RFC_8037_TOKEN, TYPE, [key.verifier])


def test_without_cryptography_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)
    with pytest.raises(NoSignatures, match=r"tenetlang\[audit\]"):
        receipt()


def test_pyjwt_verifies_what_is_made_here() -> None:
    public = Ed25519PublicKey.from_public_bytes(KEY.verifier.public)
    token = receipt(now=2**32)
    decoded = jwt.decode(
        token, public, algorithms=["EdDSA"], issuer="example.com/refunds", options={"verify_iat": False}
    )
    assert decoded["tool"] == "refund"
    assert decoded["jti"] == identifier(1)
    assert jwt.get_unverified_header(token) == GOOD


def test_what_pyjwt_makes_is_taken_here() -> None:
    private = Ed25519PrivateKey.from_private_bytes(KEY.seed)
    token = jwt.encode(claims(), private, algorithm="EdDSA", headers={"kid": GOOD["kid"], "typ": TYPE})
    assert check(token) == check(receipt())


@pytest.mark.parametrize("lifetime", [1, LONGEST_LIFETIME])
def test_the_shortest_and_the_longest_receipt_are_good(lifetime: int) -> None:
    assert check(receipt(lifetime=lifetime)).expires == NOW + lifetime
