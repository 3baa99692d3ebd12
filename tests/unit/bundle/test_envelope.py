"""DSSE: whose signature counts, and for what. The cases are those of the test vectors in secure-systems-lab/dsse (testvectors/,
commit 82043adf), and the signatures in them are the published ones; the keys are those of RFC 8032, section 7.1."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode

import pytest

from tenetlang.audit.checkpoints.note import SigningKey, VerifierKey, signing_key
from tenetlang.bundle.contents import PAYLOAD_TYPE
from tenetlang.bundle.envelope import (
    MAX_ENVELOPE,
    MAX_SIGNATURES,
    Envelope,
    authenticated,
    read_envelope,
    sign,
    signers,
    write_envelope,
)
from tenetlang.bundle.errors import NotABundle, NotTrusted
from tenetlang.bundle.trust import Trust
from tests.unit.bundle.bundles import BOTH, KEY, OTHER, STRANGER, TRUST

A = signing_key("A", bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
B = signing_key("B", bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
IN_TOTO = "application/vnd.in-toto+json"
STATEMENT = "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ=="
BY_A = "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA=="
BY_B = "c1+67/aT0yqEpwx8PsVY3MLHsj9D0CZ014/Fv/QlG59P+9CobUZ7xECJ/V3USG0Ob9CiE5LjReEZUzNF2l7eBw=="


def published(payload: str, kind: str, *signatures: tuple[str, str]) -> Envelope:
    form = {
        "payload": payload,
        "payloadType": kind,
        "signatures": [{"sig": text, **({"keyid": keyid} if keyid else {})} for text, keyid in signatures],
    }
    return read_envelope(json.dumps(form).encode())


@pytest.mark.parametrize(
    ("payload", "kind", "signature"),
    [
        (STATEMENT, IN_TOTO, BY_A),
        (
            "-_-_Pj8=",
            IN_TOTO,
            "P-_KHICeR7tI6S_YyejJTRtrXhcQyQ2LYPaL8h90KjC9qN8HU_svOQ6TuDOT1HIrsGW886DbWNWcCmX5twLrAw==",
        ),
        (
            STATEMENT,
            "application/vnd.exämple+json",
            "xmSk/ug66ysT7ayhkCIjhAq42zgZXSsEWuzUaNL7w2eGAdF/NU6/fRXPtmfN+5DNSAs5/i2lUnHjbbjPsu0tAw==",
        ),
        (
            "",
            IN_TOTO,
            "gSggCAaTLTYyRH6FIDBem6meyIynsYy8RTHVzwx9tnTb7Bg/1jMWnuVgI/gffqmbsC2VX5/jHfkkDqsj7CDbDg==",
        ),
    ],
    ids=["one signature", "url-safe base64", "a type that is not ASCII", "an empty payload"],
)
def test_a_published_signature_verifies_and_ours_is_the_same(payload: str, kind: str, signature: str) -> None:
    envelope = published(payload, kind, (signature, "A"))
    assert signers(envelope, Trust((A.verifier,)), kind) == (A.verifier,)
    ours = sign(Envelope(envelope.payload, kind, ()), A)
    assert ours.signatures[0].signature == envelope.signatures[0].signature


def test_the_encoding_that_is_signed_is_that_of_the_specification() -> None:
    assert (
        authenticated("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert authenticated("application/vnd.exämple+json", b"").startswith(b"DSSEv1 29 ")


def test_a_published_signature_is_not_of_another_type() -> None:
    envelope = published(STATEMENT, "application/vnd.example.other+json", (BY_A, "A"))
    with pytest.raises(NotTrusted, match="a signature of A"):
        signers(envelope, Trust((A.verifier,)), "application/vnd.example.other+json")


def test_a_signature_over_a_type_that_nobody_reads_is_refused() -> None:
    signature = "iC3q/+3Rm0+lpAJRueDmDh15PnwCfxKmS0NAfKsbv+zgulXQC/WM9trc+j1XEqlwDIg/vf/uNfebeD6sxInrDg=="
    with pytest.raises(NotTrusted, match="another kind of file"):
        signers(published(STATEMENT, "", (signature, "A")), Trust((A.verifier,)), IN_TOTO)


@pytest.mark.parametrize("keyids", [("A", "B"), ("", "")], ids=["named", "without names"])
def test_two_different_keys_meet_a_threshold_of_two(keyids: tuple[str, str]) -> None:
    envelope = published(STATEMENT, IN_TOTO, (BY_A, keyids[0]), (BY_B, keyids[1]))
    assert signers(envelope, Trust((A.verifier, B.verifier), 2), IN_TOTO) == (A.verifier, B.verifier)


@pytest.mark.parametrize("keyid", ["A", "", "B"])
def test_one_key_that_signs_twice_does_not(keyid: str) -> None:
    envelope = published(STATEMENT, IN_TOTO, (BY_A, "A"), (BY_A, keyid))
    with pytest.raises(NotTrusted, match=r"signatures by 2 different keys of .*, and 1 of them signed"):
        signers(envelope, Trust((A.verifier, B.verifier), 2), IN_TOTO)


# ---------------------------------------------------------------------------------------------------------------- ours


def made(*keys: SigningKey) -> Envelope:
    envelope = Envelope(b"{}", PAYLOAD_TYPE, ())
    for key in keys:
        envelope = sign(envelope, key)
    return envelope


def test_what_is_written_is_read_again() -> None:
    envelope = made(KEY, OTHER)
    assert read_envelope(write_envelope(envelope)) == envelope


def test_without_any_signature_nothing_is_trusted() -> None:
    with pytest.raises(NotTrusted, match="nobody signed it"):
        signers(made(), TRUST, PAYLOAD_TYPE)


def test_a_strangers_signature_counts_for_nothing_and_spoils_nothing() -> None:
    with pytest.raises(NotTrusted, match=r"it says to be signed by evil/policies"):
        signers(made(STRANGER), TRUST, PAYLOAD_TYPE)
    assert signers(made(STRANGER, KEY), TRUST, PAYLOAD_TYPE) == (KEY.verifier,)


def test_a_stranger_under_the_name_of_a_trusted_key_is_a_stranger() -> None:
    namesake = signing_key(KEY.verifier.name, b"9" * 32)
    with pytest.raises(NotTrusted):
        signers(made(namesake), TRUST, PAYLOAD_TYPE)


def test_a_signature_that_does_not_hold_does_not_spoil_the_others() -> None:
    sound = made(KEY, OTHER)
    first, second = sound.signatures
    broken = Envelope(sound.payload, sound.payload_type, (first, type(second)(second.keyid, bytes(64))))
    assert signers(broken, TRUST, PAYLOAD_TYPE) == (KEY.verifier,)
    with pytest.raises(NotTrusted, match="and 1 of them signed"):
        signers(broken, BOTH, PAYLOAD_TYPE)


def test_signing_again_takes_the_place_of_the_earlier_signature() -> None:
    assert len(made(KEY, OTHER, KEY).signatures) == 2


def test_a_key_with_two_halves_counts_if_both_signed() -> None:
    double = signing_key("acme/double", b"4" * 32, b"5" * 32)
    trust = Trust((double.verifier,))
    envelope = made(double)
    assert len(envelope.signatures) == 2
    assert signers(envelope, trust, PAYLOAD_TYPE) == (double.verifier,)
    for missing in (0, 1):
        half = Envelope(envelope.payload, PAYLOAD_TYPE, (envelope.signatures[1 - missing],))
        with pytest.raises(NotTrusted):
            signers(half, trust, PAYLOAD_TYPE)
    first_half = VerifierKey(double.verifier.name, double.verifier.public)
    assert signers(envelope, Trust((first_half,)), PAYLOAD_TYPE) == (first_half,)


def test_of_each_byte_of_an_envelope_that_is_changed_either_all_is_refused_or_nothing_else_is_read() -> None:
    sound = write_envelope(made(KEY))
    for place in range(len(sound)):
        for flipped in (sound[place] ^ 1, sound[place] ^ 0x20, sound[place] ^ 0x80):
            changed = sound[:place] + bytes([flipped]) + sound[place + 1 :]
            try:
                envelope = read_envelope(changed)
                signers(envelope, TRUST, PAYLOAD_TYPE)
            except (NotABundle, NotTrusted):
                continue
            assert (envelope.payload, envelope.payload_type) == (b"{}", PAYLOAD_TYPE)


def test_of_an_envelope_that_is_cut_nothing_is_read() -> None:
    sound = write_envelope(made(KEY))
    for length in range(len(sound) - 1):
        with pytest.raises(NotABundle):
            read_envelope(sound[:length])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no DSSE envelope"),
        (b"[]", "no DSSE envelope"),
        (b'{"payload": 1}', "no DSSE envelope"),
        (b'{"payload": "\xff"}', "no DSSE envelope"),
        (b"[" * 100_000, "no DSSE envelope"),
        (b'{"payload": "e30"}', "the payload is no base64"),
        (b'{"payload": "e31="}', "written shorter"),
        (b'{"payload": "e3 0="}', "the payload is no base64"),
        (b'{"payload": "e30=", "signatures": [{"sig": "?"}]}', "a signature is no base64"),
    ],
)
def test_what_is_no_envelope_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(NotABundle, match=says):
        read_envelope(data)


def test_an_envelope_is_measured_before_it_is_read() -> None:
    with pytest.raises(NotABundle, match="no more than"):
        read_envelope(b"{" + b" " * MAX_ENVELOPE)


def test_signatures_are_counted_before_any_is_checked() -> None:
    form = {"payload": "e30=", "payloadType": PAYLOAD_TYPE, "signatures": [{"sig": ""}] * (MAX_SIGNATURES + 1)}
    with pytest.raises(NotABundle, match="no more than 16"):
        read_envelope(json.dumps(form).encode())


def test_the_payload_stands_in_the_file_as_it_is_signed() -> None:
    form = json.loads(write_envelope(made(KEY)))
    assert b64decode(form["payload"]) == b"{}"
    assert b64encode(made(KEY).signatures[0].signature).decode() == form["signatures"][0]["sig"]
