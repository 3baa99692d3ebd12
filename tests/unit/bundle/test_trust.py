"""Whom to trust: only what can hold, and never one key for two people."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenetlang.audit.checkpoints.note import VerifierKey, signing_key
from tenetlang.audit.errors import UnusableKey
from tenetlang.bundle.errors import UnusableTrust
from tenetlang.bundle.trust import MAX_KEYS, Trust, load_trust
from tests.unit.bundle.bundles import KEY, OTHER


def test_keys_are_read_from_texts_and_files(tmp_path: Path) -> None:
    file = tmp_path / "other.pub"
    file.write_text(f"{OTHER.verifier}\n", encoding="utf-8")
    assert load_trust([str(KEY.verifier), str(file)], 2) == Trust((KEY.verifier, OTHER.verifier), 2)


@pytest.mark.parametrize("threshold", [0, -1, 3])
def test_a_threshold_that_can_never_be_met_or_is_none_is_refused(threshold: int) -> None:
    with pytest.raises(UnusableTrust, match="signatures are demanded"):
        Trust((KEY.verifier, OTHER.verifier), threshold)


def test_somebody_is_trusted() -> None:
    with pytest.raises(UnusableTrust, match="between 1 and 16"):
        Trust(())


def test_not_everybody_is() -> None:
    keys = tuple(signing_key(f"key{number}", bytes([number]) * 32).verifier for number in range(MAX_KEYS + 1))
    with pytest.raises(UnusableTrust, match="not 17"):
        Trust(keys)


def test_one_key_under_two_names_is_one_key() -> None:
    with pytest.raises(UnusableTrust, match="count as two people"):
        Trust((KEY.verifier, VerifierKey("somebody/else", KEY.verifier.public)), 2)


def test_what_is_no_key_is_refused() -> None:
    with pytest.raises(UnusableKey):
        load_trust(["no key"])
