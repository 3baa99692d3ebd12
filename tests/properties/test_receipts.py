"""What holds of every receipt, and of every text that is none."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tenetlang.audit import AppendedRecord
from tenetlang.audit.canonical import canonical_bytes
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.errors import InvalidReceipt
from tenetlang.audit.receipts import Receipt, SeenReceipts, check_receipt, make_receipt
from tenetlang.decision import Decision
from tests.unit.audit.samples import identifier

NOW = 1_795_377_600
KEY = signing_key("example.com/refunds", bytes(range(32)))
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
numbers = (
    st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    st.none() | st.booleans() | text | numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(text, values, max_size=4)
people = st.fixed_dictionaries({}, optional={name: st.fixed_dictionaries({"id": text}) for name in ("agent", "user")})


def made(tool: str, given_arguments: dict[str, object], who: dict[str, object]) -> str:
    decision = Decision("p", "sha256:" + "0" * 64, "allow", ("r",), "")
    request = {**who, "tool": tool, "args": given_arguments}
    return make_receipt(decision, identifier(1), AppendedRecord(1, bytes(32)), request, KEY, NOW)


def checked(token: str, tool: str, given_arguments: dict[str, object]) -> Receipt | str:
    try:
        return check_receipt(token, [KEY.verifier], tool, given_arguments, NOW, SeenReceipts())
    except InvalidReceipt as refused:
        return refused.what


@settings(max_examples=60, deadline=None)
@given(text, arguments, people, arguments)
def test_a_receipt_is_for_its_own_call_and_for_no_other(
    tool: str, own: dict[str, object], who: dict[str, object], other: dict[str, object]
) -> None:
    token = made(tool, own, who)
    assert isinstance(checked(token, tool, own), Receipt)
    assume(canonical_bytes(own) != canonical_bytes(other))
    assert checked(token, tool, other) == "call"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_receipt_in_which_a_character_is_changed_is_none(data: st.DataObject) -> None:
    token = made("refund", {"amount": 3}, {"agent": {"id": "a1"}})
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii") | st.characters())
    assume(other != token[place])
    bent = token[:place] + other + token[place + 1 :]
    assert checked(bent, "refund", {"amount": 3}) in {"form", "key", "signature"}


@settings(max_examples=150, deadline=None)
@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,90}", fullmatch=True))
def test_no_text_is_a_receipt_or_an_error_of_another_kind(token: str) -> None:
    assert checked(token, "refund", {}) == "form"
