"""The edges of trust: one witness of one, the longest file, the last line."""

from __future__ import annotations

import pytest

from tenetlang.audit.checkpoints.trust import MAX_TRUST, at_least, read_trust, witnessed
from tenetlang.audit.errors import UnusableTrust
from tests.unit.audit.checkpoints.test_trust import KEYS, note


def test_one_witness_can_be_enough() -> None:
    keys = [key.verifier for key in KEYS.values()]
    assert witnessed([note("x1")], at_least(keys, 1)).enough
    assert not witnessed([note()], at_least(keys, 1)).enough
    assert at_least(keys, len(keys)).groups[0].least == len(keys)


def test_nobody_can_be_demanded_by_a_file_alone() -> None:
    with pytest.raises(UnusableTrust, match="of 0 witnesses 0"):
        at_least([])


def test_a_file_of_the_greatest_length_and_of_the_most_lines_is_read() -> None:
    quorum = b"quorum none\n"
    assert read_trust(quorum + b"#" * (MAX_TRUST - len(quorum) - 1) + b"\n").quorum == "none"
    with pytest.raises(UnusableTrust, match="longer than any"):
        read_trust(quorum + b"#" * (MAX_TRUST - len(quorum)) + b"\n")
    assert read_trust(b"\n" * 1022 + quorum).quorum == "none"
    with pytest.raises(UnusableTrust, match="at most 1,024 lines"):
        read_trust(b"\n" * 1023 + quorum)


def test_a_number_of_a_group_may_be_all_of_its_members() -> None:
    lines = "".join(f"witness {name} {key.verifier}\n" for name, key in KEYS.items())
    assert read_trust(f"{lines}group g 2 x1 x2\nquorum g\n".encode()).groups[0].least == 2
    with pytest.raises(UnusableTrust, match="of 2 members '3' can't have signed"):
        read_trust(f"{lines}group g 3 x1 x2\nquorum g\n".encode())
