"""Opening a bundle: what is signed is read once its signature holds, and still not believed to be well formed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tenetlang.bundle.contents import Contents, Document, digest_of, encoded
from tenetlang.bundle.errors import BrokenBundle, BundleError, BundleExpired, NotABundle, NotTrusted
from tenetlang.bundle.opening import Bundle, document_digest, open_bundle
from tenetlang.decision_tree.json_form import digest
from tenetlang.project.cache import open_cache
from tests.unit.bundle.bundles import (
    BOTH,
    DAY,
    FROZEN,
    KEY,
    MADE,
    OTHER,
    STRANGER,
    TRUST,
    bundle,
    contents,
    forced,
    tree,
)

replace = msgspec.structs.replace


def test_a_bundle_is_what_was_built() -> None:
    opened = open_bundle(bundle(3, keys=(KEY, OTHER)), BOTH, MADE)
    assert opened.contents == contents(3)
    assert opened.policy.entry == "shop"
    assert opened.documents == FROZEN
    assert opened.signed_by == (KEY.verifier, OTHER.verifier)
    assert [example.verdict for example in opened.contents.tests] == ["allow", "deny", "deny"]
    assert opened.contents.sources[0].text is not None


def test_its_policy_is_the_one_that_was_compiled() -> None:
    assert open_bundle(bundle(), TRUST).policy == tree()


def test_what_was_verified_here_before_is_opened_at_once_and_is_the_same(tmp_path: Path) -> None:
    cache = open_cache({"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_STATE_HOME": str(tmp_path / "state")})
    assert cache is not None
    eager = open_bundle(bundle(), TRUST)
    first, second = (open_bundle(bundle(), TRUST, cache=cache) for _ in range(2))
    assert first.policy == eager.policy
    assert digest(second.policy) == digest(eager.policy)
    with pytest.raises(NotTrusted):
        open_bundle(bundle(keys=(STRANGER,)), TRUST, cache=cache)


def test_without_trust_it_is_opened_and_nobody_signed_it() -> None:
    assert open_bundle(bundle(keys=(STRANGER,)), None).signed_by == ()
    assert open_bundle(forced(contents(), STRANGER), None).signed_by == ()


def test_the_same_bundle_signed_by_others_is_the_same_bundle() -> None:
    assert open_bundle(bundle(), TRUST).identity == open_bundle(bundle(keys=(KEY, OTHER)), TRUST).identity
    assert open_bundle(bundle(), TRUST).identity != open_bundle(bundle(2), TRUST).identity


def test_a_document_keeps_every_digit() -> None:
    exact = [Decimal("123456789.123456789012"), 9007199254740993, Decimal("0.1")]
    text = "[123456789.123456789012,9007199254740993,0.1]"
    given = Document("frozen", document_digest(exact), text)
    assert open_bundle(forced(replace(contents(), documents=(given,))), TRUST).documents == {"frozen": exact}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: replace(c, version=0), "versions are whole numbers"),
        (lambda c: replace(c, version=2**53), "versions are whole numbers"),
        (lambda c: replace(c, left_out=-1), "versions are whole numbers"),
        (lambda c: replace(c, created="2026-11-22"), "is no time"),
        (lambda c: replace(c, created="2026-11-22T20:00:00.000Z"), "not the one spelling"),
        (lambda c: replace(c, expires="2026-11-22T20:00:00Z"), "not in the order"),
        (lambda c: replace(c, hard_expires="2020-11-22T20:00:00Z"), "not in the order"),
        (
            lambda c: replace(c, expires="2027-02-01T00:00:00Z", hard_expires="2027-01-01T00:00:00Z"),
            "not in the order",
        ),
        (lambda c: replace(c, bundle="sha256:" + "0" * 64), "not the one of its own digest"),
        (lambda c: replace(c, policy=c.policy.replace('"50"', '"5000"')), "not the one of its own digest"),
        (lambda c: replace(c, package="bank"), "says to be bank, and its policy is shop"),
        (lambda c: replace(c, documents=c.documents * 2), "is there twice"),
        (lambda c: replace(c, documents=(Document("frozen", "sha256:00", '["c7"]'),)), "not the one of its digest"),
        (lambda c: replace(c, documents=(Document("frozen", "sha256:00", "[1, 1"),)), "no JSON that is read"),
        (
            lambda c: replace(c, documents=(Document("frozen", "sha256:00", "[" * 100 + "]" * 100),)),
            "no JSON that is read",
        ),
        (lambda c: replace(c, sources=(replace(c.sources[0], text="package shop"),)), "the source `shop.tenet`"),
        (lambda c: replace(c, policy="{}", bundle=digest_of("{}")), "none that this version reads"),
        (lambda c: with_policy(c, lambda text: text.replace('"version":1', '"version":2')), "version 2 of the form"),
        (lambda c: with_policy(c, lambda text: text + " "), "its policy is not in its one spelling"),
        (lambda c: with_policy(c, lambda text: "[" * 5000 + "]" * 5000), "nested too deeply"),
    ],
)
def test_what_was_signed_and_contradicts_itself_is_refused(change: Callable[[Contents], Contents], says: str) -> None:
    with pytest.raises(BrokenBundle, match=says):
        open_bundle(forced(change(contents())), TRUST)


def with_policy(signed: Contents, change: Callable[[str], str]) -> Contents:
    policy = change(signed.policy)
    return replace(signed, policy=policy, bundle=digest_of(policy))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda payload: payload + b" ", "one spelling"),
        (lambda payload: b" " + payload, "one spelling"),
        (lambda payload: payload.replace(b'"left_out":0,', b'"left_out":0,"left_out":0,'), "one spelling"),
        (lambda payload: payload.replace(b'"shop"', b'"sho\\u0070"', 1), "one spelling"),
        (
            lambda payload: payload.replace(b'"left_out":0,', b'"left_out":0,"more":1,'),
            "no bundle that this version reads",
        ),
        (lambda payload: payload.replace(b'"left_out":0,', b""), "no bundle that this version reads"),
        (lambda payload: payload.replace(b'"revision":1', b'"revision":2'), "no bundle that this version reads"),
        (
            lambda payload: payload.replace(b'"version":1', b'"version":1.0', 1),
            "no bundle that this version reads|one spelling",
        ),
        (lambda payload: payload[:-1], "no bundle that this version reads"),
        (lambda _: b"", "no bundle that this version reads"),
        (lambda _: b"[" * 100_000, "no bundle that this version reads"),
    ],
)
def test_there_is_one_spelling_and_nothing_in_it_is_ignored(change: Callable[[bytes], bytes], says: str) -> None:
    with pytest.raises(BrokenBundle, match=says):
        open_bundle(forced(change(encoded(contents()))), TRUST)


def test_nothing_is_read_before_its_signature_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bundle(keys=(STRANGER,))

    def touched(_: object) -> Contents:
        raise AssertionError("the payload was read")

    monkeypatch.setattr("tenetlang.bundle.opening.decoded", touched)
    with pytest.raises(NotTrusted):
        open_bundle(data, TRUST)


@pytest.mark.parametrize("trust", [TRUST, None])
def test_what_the_same_key_signed_for_something_else_is_no_bundle(trust: None) -> None:
    with pytest.raises((NotTrusted, NotABundle), match="another kind of file"):
        open_bundle(forced(contents(), payload_type="application/vnd.in-toto+json"), trust)


def test_it_may_decide_up_to_its_last_moment_and_not_at_it() -> None:
    data = bundle(hard_expires=10)
    last = MADE + 10 * DAY
    assert open_bundle(data, TRUST, last - 1).contents.hard_expires == "2026-12-02T20:00:00Z"
    with pytest.raises(BundleExpired, match="since 2026-12-02T20:00:00Z"):
        open_bundle(data, TRUST, last)
    assert open_bundle(data, TRUST).signed_by == (KEY.verifier,)


def test_of_each_byte_of_a_bundle_that_is_changed_all_is_refused_or_nothing_else_is_read() -> None:
    sound = bundle()
    whole = open_bundle(sound, TRUST)
    places = {*range(0, len(sound), 5), *range(len(sound) - 200, len(sound))}
    read = [
        place
        for place in places
        if read_the_same(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :], whole)
    ]
    assert len(read) == len("keyid")  # a name that is not known is let pass, and without it all keys are tried


def read_the_same(changed: bytes, whole: Bundle) -> bool:
    try:
        found = open_bundle(changed, TRUST)
    except BundleError:
        return False
    assert found == whole
    return True
