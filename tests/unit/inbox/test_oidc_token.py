"""What an ID token has to be, one fault at a time."""

from __future__ import annotations

import base64
import builtins
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.errors import SecurityWarning
from jwt.warnings import InsecureKeyLengthWarning

from tenetlang.inbox.oidc_token import LEEWAY, OLDEST, Expected, InvalidToken, need_library, verified_claims
from tests.unit.inbox.providers import EC_KEY, OTHER_KEY, RSA_KEY, PrivateKey, public_jwk

NOW = 1_800_000_000
EXPECTED = Expected("https://login.example.com", "reviews", "n" * 43, NOW)
CLAIMS: Mapping[str, object] = {
    "iss": EXPECTED.issuer, "aud": "reviews", "sub": "s-1", "nonce": EXPECTED.nonce, "iat": NOW, "exp": NOW + 300,
}  # fmt: skip
SMALL_KEY = rsa.generate_private_key(65537, 1024)
P384_KEY = ec.generate_private_key(ec.SECP384R1())


def token(
    more: Mapping[str, object] | None = None,
    key: PrivateKey = RSA_KEY,
    algorithm: str = "RS256",
    head: Mapping[str, object] | None = None,
) -> str:
    """An ID token; a claim or a field that is None is left out."""
    payload = {name: value for name, value in {**CLAIMS, **(more or {})}.items() if value is not None}
    fields: dict[str, object] = {"kid": "k1", **(head or {})}
    return jwt.encode(payload, key, algorithm, {name: value for name, value in fields.items() if value is not None})


def by_hand(head: Mapping[str, object], payload: bytes, signed: bytes | None = None) -> str:
    """A token with any head; `signed` is the secret of HMAC-SHA256."""
    parts = [base64.urlsafe_b64encode(part).rstrip(b"=") for part in (json.dumps(head).encode(), payload)]
    signature = b"" if signed is None else hmac.digest(signed, b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def check(text: str, *keys: Mapping[str, object]) -> Mapping[str, object]:
    given: Sequence[Mapping[str, object]] = keys or (public_jwk(RSA_KEY, "k1"),)
    return verified_claims(text, lambda _: given, EXPECTED)


def test_a_good_token_gives_its_claims() -> None:
    assert check(token({"email": "ada@example.com"})) == {**CLAIMS, "email": "ada@example.com"}


@pytest.mark.parametrize(
    ("claims", "because"),
    [
        ({"iss": "https://login.example.com/"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"iss": ["https://login.example.com"]}, "another issuer"),
        ({"aud": "others"}, "for others"),
        ({"aud": None}, "for others"),
        ({"aud": "reviews,others"}, "for others"),
        ({"aud": ["others"]}, "for others"),
        ({"aud": ["reviews", "others"]}, "given to others"),
        ({"aud": ["reviews", "others"], "azp": "others"}, "given to others"),
        ({"azp": "others"}, "given to others"),
        ({"azp": ""}, "given to others"),
        ({"exp": NOW - LEEWAY}, "expired"),
        ({"exp": None}, "`exp` is no time"),
        ({"exp": True}, "`exp` is no time"),
        ({"exp": "2100-01-01"}, "`exp` is no time"),
        ({"iat": NOW - OLDEST - LEEWAY - 1}, "not issued just now"),
        ({"iat": NOW + LEEWAY + 1}, "not issued just now"),
        ({"iat": None}, "`iat` is no time"),
        ({"nbf": NOW + LEEWAY + 1}, "not yet valid"),
        ({"nbf": "now"}, "`nbf` is no time"),
        ({"nonce": "m" * 43}, "another sign-in"),
        ({"nonce": None}, "another sign-in"),
        ({"nonce": ["n" * 43]}, "another sign-in"),
        ({"nonce": "\u00e9"}, "another sign-in"),
        ({"sub": None}, "for whom"),
        ({"sub": ""}, "for whom"),
        ({"sub": "x" * 256}, "for whom"),
        ({"sub": 7}, "for whom"),
    ],
)
def test_a_claim_that_is_wrong_makes_it_none(claims: Mapping[str, object], because: str) -> None:
    text = (
        by_signing(claims)
        if any(isinstance(claims.get(name), list | int) for name in ("iss", "sub"))
        else token(claims)
    )
    with pytest.raises(InvalidToken, match=because):
        check(text)


def by_signing(claims: Mapping[str, object]) -> str:
    """A token with claims that PyJWT would not write."""
    payload = json.dumps({**CLAIMS, **claims}).encode()
    return jwt.PyJWS().encode(payload, RSA_KEY, "RS256", {"kid": "k1", "typ": "JWT"})


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["reviews"]},
        {"aud": ["others", "reviews"], "azp": "reviews"},
        {"azp": "reviews"},
        {"exp": NOW - LEEWAY + 1},
        {"exp": NOW + 0.5},
        {"iat": NOW + LEEWAY},
        {"iat": NOW - OLDEST - LEEWAY},
        {"nbf": NOW + LEEWAY},
    ],
)
def test_what_is_allowed_is_taken(claims: Mapping[str, object]) -> None:
    assert check(token(claims))["sub"] == "s-1"


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_each_algorithm_of_rsa_is_taken(algorithm: str) -> None:
    assert check(token(algorithm=algorithm))


@pytest.mark.parametrize(
    ("algorithm", "curve"), [("ES256", ec.SECP256R1()), ("ES384", ec.SECP384R1()), ("ES512", ec.SECP521R1())]
)
def test_each_algorithm_of_elliptic_curves_is_taken(algorithm: str, curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    assert check(token(key=key, algorithm=algorithm), public_jwk(key, "k1"))


def test_no_signature_is_no_token() -> None:
    payload = json.dumps(CLAIMS).encode()
    for name in ("none", "None", "NONE"):
        with pytest.raises(InvalidToken, match="algorithm"):
            check(by_hand({"alg": name, "kid": "k1"}, payload))


def test_a_public_key_is_no_secret() -> None:
    payload = json.dumps(CLAIMS).encode()
    form, kind = serialization.Encoding, serialization.PublicFormat.SubjectPublicKeyInfo
    for secret in (RSA_KEY.public_key().public_bytes(encoding, kind) for encoding in (form.PEM, form.DER)):
        with pytest.raises(InvalidToken, match="algorithm"):
            check(by_hand({"alg": "HS256", "kid": "k1"}, payload, secret))


def test_a_secret_among_the_keys_verifies_nothing() -> None:
    secret = base64.urlsafe_b64encode(b"s" * 32).rstrip(b"=").decode()
    text = by_hand({"alg": "HS256", "kid": "k1"}, json.dumps(CLAIMS).encode(), b"s" * 32)
    with pytest.raises(InvalidToken, match="algorithm"):
        check(text, {"kty": "oct", "k": secret, "kid": "k1"})


def test_it_has_to_be_signed_by_the_provider() -> None:
    with pytest.raises(InvalidToken, match="signature"):
        check(token(key=OTHER_KEY))


def test_a_change_of_one_claim_breaks_it() -> None:
    head, _, signature = token().split(".")
    changed = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "sub": "s-2"}).encode()).rstrip(b"=").decode()
    with pytest.raises(InvalidToken, match="signature"):
        check(f"{head}.{changed}.{signature}")


@pytest.mark.parametrize(
    "head", [{"typ": "at+jwt"}, {"typ": "logout+jwt"}, {"typ": 7}, {"crit": ["x"], "x": 1}, {"kid": "k2"}, {"kid": 1}]
)
def test_a_head_that_says_otherwise_makes_it_none(head: Mapping[str, object]) -> None:
    fields = {"alg": "RS256", "kid": "k1", "typ": "JWT", **head}
    parts = [
        base64.urlsafe_b64encode(part).rstrip(b"=")
        for part in (json.dumps(fields).encode(), json.dumps(CLAIMS).encode())
    ]
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(b".".join(parts), RSA_KEY)
    with pytest.raises(InvalidToken):
        check(b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode())


def test_fields_that_nobody_knows_do_no_harm() -> None:
    assert check(token(head={"ver": "2", "x5t#S256": hashlib.sha256(b"").hexdigest()}))


@pytest.mark.parametrize(
    "more", [{"use": "enc"}, {"alg": "RS512"}, {"kty": "EC"}, {"kid": "k2"}, {"n": "AQAB"}, {"n": 7}, {"e": None}]
)
def test_a_key_that_is_for_something_else_verifies_nothing(more: Mapping[str, object]) -> None:
    with pytest.raises(InvalidToken):
        check(token(), {**public_jwk(RSA_KEY, "k1"), **more})


def test_a_key_of_the_wrong_curve_verifies_nothing() -> None:
    with pytest.raises(InvalidToken, match="no key"):
        check(token(key=EC_KEY, algorithm="ES256"), {**public_jwk(EC_KEY, "k1"), "crv": "P-384"})
    with pytest.raises(InvalidToken, match="no key"):
        check(token(key=EC_KEY, algorithm="ES256"), public_jwk(P384_KEY, "k1"))


def test_a_short_key_verifies_nothing() -> None:
    with pytest.warns(InsecureKeyLengthWarning):
        text = token(key=SMALL_KEY)
    with pytest.warns(SecurityWarning), pytest.raises(InvalidToken, match="too short"):
        check(text, public_jwk(SMALL_KEY, "k1"))


def test_without_a_name_of_the_key_there_has_to_be_one_that_fits() -> None:
    named = token(head={"kid": None})
    rsa_key, ec_key = public_jwk(RSA_KEY, None), public_jwk(EC_KEY, None)
    assert check(named, rsa_key, ec_key)
    with pytest.raises(InvalidToken, match="no key, or several"):
        check(named, rsa_key, public_jwk(OTHER_KEY, None))
    with pytest.raises(InvalidToken, match="no key, or several"):
        check(token(), public_jwk(RSA_KEY, "k1"), public_jwk(OTHER_KEY, "k1"))


def test_keys_are_asked_for_anew_once_and_only_if_none_fits() -> None:
    asked: list[bool] = []

    def keys(anew: bool) -> Sequence[Mapping[str, object]]:
        asked.append(anew)
        return [public_jwk(RSA_KEY, "k1")] if anew else [public_jwk(OTHER_KEY, "k0")]

    assert verified_claims(token(), keys, EXPECTED)
    assert asked == [False, True]
    asked.clear()
    with pytest.raises(InvalidToken):
        verified_claims(token(head={"kid": "k2"}), keys, EXPECTED)
    assert asked == [False, True]


@pytest.mark.parametrize(
    "text", ["", "a", "a.b.c", "....", "\u00e9.a.b", "e30.e30.", "bnVsbA.e30.", "W10.e30.", "x" * 300_000]
)
def test_what_is_no_token_at_all_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        check(text)


@pytest.mark.parametrize("payload", [b"[]", b"null", b"\xff", b"{", b'{"a":1,"a":2}', b'{"exp":NaN}', b"[" * 10_000])
def test_signed_nonsense_is_nonsense(payload: bytes) -> None:
    with pytest.raises(InvalidToken):
        check(jwt.PyJWS().encode(payload, RSA_KEY, "RS256", {"kid": "k1"}))


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    need_library()
    known = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name.startswith("joserfc"):
            raise ModuleNotFoundError(name)
        return known(name, *rest, **more)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r"tenetlang\[oidc\]"):
        need_library()
