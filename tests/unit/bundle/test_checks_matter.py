"""Each check stops an attack that nothing else stops: with the check taken out, the attack succeeds.

An attack puts a file where a gate that runs version 5 looks, and wins if that file comes into force.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import msgspec
import pytest

from tenetlang.bundle import activator as activating
from tenetlang.bundle import active as deciding
from tenetlang.bundle import contents as signing
from tenetlang.bundle import envelope as enveloping
from tenetlang.bundle import opening
from tenetlang.bundle.activator import start
from tenetlang.bundle.contents import Document, encoded
from tenetlang.bundle.envelope import Signature, read_envelope, write_envelope
from tenetlang.decision_tree.json_form import decode
from tests.unit.bundle.bundles import (
    BOTH,
    KEY,
    OTHER,
    STRANGER,
    TRUST,
    bundle,
    contents,
    failing,
    forced,
    settings,
)

Weaken = Callable[[pytest.MonkeyPatch], None]


def without(module: object, name: str, instead: object) -> Weaken:
    return lambda patch: patch.setattr(module, name, instead)


def twice() -> bytes:
    """One person's signature, given twice."""
    envelope = read_envelope(bundle(6))
    (signature,) = envelope.signatures
    again = Signature(OTHER.verifier.short, signature.signature)
    return write_envelope(attrs.evolve(envelope, signatures=(signature, again)))


def retold() -> bytes:
    """A bundle whose payload was changed after it was signed."""
    envelope = read_envelope(bundle(6))
    return write_envelope(attrs.evolve(envelope, payload=encoded(contents(7, "9000.00"))))


def other_policy() -> bytes:
    """The policy of another limit under the digest of the reviewed one."""
    return forced(msgspec.structs.replace(contents(6), policy=contents(6, "9000.00").policy, tests=(), sources=()))


def other_document() -> bytes:
    """A document under the digest of another."""
    (document,) = contents(6).documents
    return forced(msgspec.structs.replace(contents(6), documents=(Document(document.name, document.digest, "[]"),)))


def unchecked_policy(signed: object, _: object) -> object:
    """What `opening._policy` does, without comparing the names of the packages."""
    assert isinstance(signed, signing.Contents)
    return decode(signed.policy)


def any_digest(patch: pytest.MonkeyPatch) -> None:
    """The digest of the text is compared before it is read, and that of the policy after."""
    patch.setattr(signing, "digest_of", lambda _: contents(6).bundle)
    patch.setattr(opening, "verified_policy", lambda data, _: (decode(data), contents(6).bundle))


SPELLED = encoded(contents(6)) + b"\n"

ATTACKS: dict[str, tuple[bytes, Weaken]] = {
    "another payload under a signature": (retold(), without(enveloping, "verifies", lambda *_: True)),
    "a stranger's signature": (
        bundle(6, keys=(STRANGER,)),
        without(enveloping, "_signed", lambda *_: True),
    ),
    "no signature at all": (bundle(6, keys=()), without(opening, "signers", lambda *_: ())),
    "another kind of file": (
        forced(contents(6), payload_type="application/vnd.acme.reviewed+json"),
        without(opening, "PAYLOAD_TYPE", "application/vnd.acme.reviewed+json"),
    ),
    "a policy under another's digest": (other_policy(), any_digest),
    "a document under another's digest": (
        other_document(),
        without(opening, "document_digest", lambda _: contents(6).documents[0].digest),
    ),
    "a second spelling": (
        forced(SPELLED),
        without(signing, "_encode", lambda _: SPELLED),
    ),
    "an old version": (bundle(4), without(activating, "admit", lambda *_: None)),
    "another of the same version": (bundle(5, "9000.00"), without(activating, "admit", lambda *_: None)),
    "another package": (
        bundle(6, name="bank"),
        without(activating, "_expected", lambda *_: frozenset[str]()),
    ),
    "a version whose tests fail": (failing(6), without(deciding, "check_tests", lambda *_: None)),
    "one past its end": (
        bundle(6, hard_expires=1),
        lambda patch: patch.setattr(
            activating,
            "open_bundle",
            lambda data, trust, _=None, cache=None: opening.open_bundle(data, trust, None, cache),
        ),
    ),
    "a policy that calls itself another's": (
        forced(msgspec.structs.replace(contents(6, name="bank"), package="shop")),
        without(opening, "_policy", unchecked_policy),
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_fails_and_would_succeed_without_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data, weaken = ATTACKS[name]
    file = tmp_path / "policy.bundle"
    file.write_bytes(bundle(5))
    gate = start(settings(tmp_path), file)
    good = gate.current.identity
    file.write_bytes(data)
    gate.look()
    assert gate.current.identity == good
    weaken(monkeypatch)
    (tmp_path / "next").write_bytes(data)
    (tmp_path / "next").replace(file)
    gate.look()
    assert gate.current.identity != good, gate.current.kept


def test_one_person_who_signs_for_two_fails_and_would_succeed_without_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "policy.bundle"
    file.write_bytes(bundle(5, keys=(KEY, OTHER)))
    gate = start(settings(tmp_path, trust=BOTH), file)
    file.write_bytes(twice())
    assert not gate.look()
    monkeypatch.setattr(enveloping, "verifies", lambda _, signature, message: enveloped(signature, message))
    (tmp_path / "next").write_bytes(twice())
    (tmp_path / "next").replace(file)
    assert gate.look()


def enveloped(signature: bytes, message: bytes) -> bool:
    """Whether the first key signed, whichever is asked about."""
    from tenetlang.audit.checkpoints.note import verifies

    return verifies(TRUST.keys[0].public, signature, message)
