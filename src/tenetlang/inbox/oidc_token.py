"""Whether an ID token is what it has to be: OpenID Connect Core 1.0, section 3.1.3.7, and the good practice of RFC 8725.

Signatures are those of `joserfc`, the extra `oidc`, which is imported when a token comes. Only algorithms with a public key are taken, by the
name that the list here has and with a key of the type that belongs to it: never `none`, and never one that takes the public key for a
secret. Which key it is says the token's `kid`; without one it has to be the only key that fits.

The text of the token was fetched from the provider itself. It is checked all the same as if anybody had brought it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from tenetlang.values.reading import InvalidRequest, read_json

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

KeyType: TypeAlias = tuple[str, str | None]

ALGORITHMS: Final[Mapping[str, KeyType]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
}
"""The algorithms that are taken, each with the type and the curve of its keys."""

LEEWAY: Final = 60
"""So many seconds the provider's clock may differ from ours."""

OLDEST: Final = 600
"""So many seconds ago a token may have been issued: it was asked for just now."""

SHORTEST_MODULUS: Final = 2048
_LONGEST_SUBJECT: Final = 255

Keys: TypeAlias = Callable[[bool], Sequence[Mapping[str, object]]]
"""Gives the provider's keys; told True, those of now."""


class InvalidToken(Exception):
    """It is no ID token for this sign-in; the sentence is for whoever runs the inbox."""


@attrs.frozen
class Expected:
    """What the token has to say. `now` is in seconds since 1970."""

    issuer: str
    client_id: str
    nonce: str
    now: int


def need_library() -> None:
    """Raises `ModuleNotFoundError`, which names the extra, where the library is not installed."""
    try:
        import joserfc.jws  # noqa: F401  # whether it is there
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "signing in by OpenID Connect needs the extra `oidc`: pip install 'tenetlang[oidc]'"
        ) from None


def verified_claims(token: str, keys: Keys, expected: Expected) -> Mapping[str, object]:
    """The claims of an ID token. Raises `InvalidToken`, and what `keys` raises."""
    from joserfc import jws
    from joserfc.errors import JoseError

    registry = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    try:
        header: Mapping[str, object] = jws.extract_compact(token.encode("ascii"), registry=registry).headers()
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise InvalidToken("it is signed by an algorithm that is not taken")
        if str(header.get("typ", "JWT")).upper() != "JWT":
            raise InvalidToken("it is a token of another kind")
        key = _key(keys, header.get("kid"), algorithm)
        signed = jws.deserialize_compact(token, key, [algorithm], registry)
        claims = read_json(signed.payload or b"")
    except (JoseError, ValueError, TypeError, KeyError) as mistake:
        raise InvalidToken(f"its signature can't be verified: {mistake}") from None
    except InvalidRequest as mistake:
        raise InvalidToken(f"it can't be read: {mistake}") from None
    if not isinstance(claims, dict):
        raise InvalidToken("it holds no claims")
    _check(claims, expected)
    return claims


def _key(keys: Keys, identifier: object, algorithm: str) -> RSAKey | ECKey:
    """The one key that may have signed it, fetched anew if it is not among those that are kept."""
    from joserfc.jwk import ECKey, RSAKey

    for anew in (False, True):
        fitting = [key for key in keys(anew) if _fits(key, identifier, algorithm)]
        if len(fitting) == 1:
            kind, _ = ALGORITHMS[algorithm]
            chosen = {name: value for name, value in fitting[0].items() if name in {"kty", "n", "e", "crv", "x", "y"}}
            found = RSAKey.import_key(chosen) if kind == "RSA" else ECKey.import_key(chosen)  # type: ignore[arg-type]  # it reads and checks each member
            if isinstance(found, RSAKey) and found.public_key.key_size < SHORTEST_MODULUS:
                raise InvalidToken("its key is too short")
            return found
    raise InvalidToken("the provider has no key, or several, by which it could be signed")


def _fits(key: Mapping[str, object], identifier: object, algorithm: str) -> bool:
    kind, curve = ALGORITHMS[algorithm]
    return (
        key.get("kty") == kind
        and (curve is None or key.get("crv") == curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (identifier is None or key.get("kid") == identifier)
    )


def _check(claims: Mapping[str, object], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise InvalidToken("it is of another issuer")
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in several:
        raise InvalidToken("it is for others")
    party = claims.get("azp")
    if (len(several) > 1 or "azp" in claims) and party != expected.client_id:
        raise InvalidToken("it was given to others")
    if _seconds(claims, "exp") + LEEWAY <= expected.now:
        raise InvalidToken("it has expired")
    issued = _seconds(claims, "iat")
    if not expected.now - OLDEST - LEEWAY <= issued <= expected.now + LEEWAY:
        raise InvalidToken("it was not issued just now")
    if "nbf" in claims and _seconds(claims, "nbf") > expected.now + LEEWAY:
        raise InvalidToken("it is not yet valid")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode("utf-8", "replace"), expected.nonce.encode()):
        raise InvalidToken("it is for another sign-in")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise InvalidToken("it does not say for whom it is")


def _seconds(claims: Mapping[str, object], name: str) -> int | Decimal | float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        raise InvalidToken(f"its `{name}` is no time")
    return value
