"""Receipts to the second: how long one may be good, and until when a used one is remembered."""

from __future__ import annotations

import pytest

from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.errors import InvalidReceipt, NoReceipt
from tenetlang.audit.receipts import LONGEST_LIFETIME, SeenReceipts
from tests.unit.audit.test_receipts import GOOD, NOW, check, claims, receipt, refused, signed


@pytest.mark.parametrize("lifetime", [1, LONGEST_LIFETIME])
def test_a_receipt_may_be_good_for_a_second_and_for_the_longest_time(lifetime: int) -> None:
    found = check(receipt(lifetime=lifetime))
    assert found.expires - found.issued == lifetime


@pytest.mark.parametrize("lifetime", [0, -1, LONGEST_LIFETIME + 1])
def test_a_receipt_for_longer_or_for_no_time_is_not_made_nor_taken(lifetime: int) -> None:
    with pytest.raises(NoReceipt, match="is good for 1 to"):
        receipt(lifetime=lifetime)
    refused(signed(GOOD, profile_bytes({**claims(), "iat": NOW, "exp": NOW + lifetime})), "time")


def test_a_used_receipt_is_forgotten_in_the_second_at_which_it_may_be() -> None:
    seen = SeenReceipts()
    assert seen("a", 10, 0)
    assert not seen("a", 10, 9)
    assert seen("b", 11, 10)  # forgets the first
    for until in (9, 10):
        with pytest.raises(InvalidReceipt, match="the clock was set back") as caught:
            seen("a", until, 8)
        assert caught.value.what == "time"
    assert seen("c", 11, 8)
    assert not seen("b", 11, 8)


def test_so_many_are_remembered_and_not_one_more() -> None:
    seen = SeenReceipts(2)
    assert seen("a", 10, 0)
    assert seen("b", 12, 0)
    with pytest.raises(InvalidReceipt, match="2 receipts are in use") as caught:
        seen("c", 12, 9)
    assert caught.value.what == "busy"
    assert not seen("b", 12, 9)
    assert seen("c", 12, 10)
