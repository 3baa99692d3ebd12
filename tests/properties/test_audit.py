"""What the documentation of the audit log promises of every value, every request and every change to a log."""

from __future__ import annotations

import json
from collections import OrderedDict
from decimal import Decimal
from enum import IntEnum
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenetlang.audit import AuditError, export_jsonl, verify_log
from tenetlang.audit.canonical import _quickly, _write, canonical_bytes, profile_bytes, profile_mistake
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.disclosure import _texts, bodies_mistake, read_payload
from tenetlang.audit.records.record import MAX_RECORD
from tenetlang.audit.records.shape import shape_mistake
from tests.unit.audit.samples import DECISION, open_sample, rows, sample, small_log, tamper

SAFE = 2**53 - 1
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
safe_integers = st.integers(-SAFE, SAFE)
scalars = st.none() | st.booleans() | text | safe_integers
doubles = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.decimals(allow_nan=False, allow_infinity=False) | st.decimals(-1000, 1000, places=4)


def documents(leaves: st.SearchStrategy[object], names: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=15
    )


profile_documents = documents(scalars, st.text(st.characters(max_codepoint=127), max_size=8))
interoperable_documents = documents(scalars | doubles, text)
exact_documents = documents(scalars | doubles | decimals | st.integers(), text)
hostile_documents = documents(
    scalars | st.floats() | st.decimals() | st.integers() | st.text() | st.binary(max_size=4) | st.just(object()),
    st.text(max_size=200),
)

quickly = settings(max_examples=150, deadline=None)
slowly = settings(max_examples=20, deadline=None)


class Number(IntEnum):
    """A number that is none of JSON's."""

    ONE = 1


class Word(str):
    """A text with a class of its own."""

    __slots__ = ()


WILD = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**54), 2**54),
        st.floats(),
        st.decimals(allow_nan=True),
        st.text(st.characters(exclude_categories=())),
        st.text("ab", max_size=2),
        st.binary(max_size=3),
        st.datetimes(),
        st.uuids(),
        st.frozensets(st.integers(), max_size=2),
        st.sampled_from([Number.ONE, OrderedDict(a=1), Word("word")]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.sets(st.integers(), max_size=2),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers(), st.none()), inner, max_size=3),
    ),
)


@quickly
@given(profile_documents)
def test_the_fast_path_is_the_canonical_form_for_every_value_of_the_profile(value: object) -> None:
    assert profile_mistake(value) is None
    assert profile_bytes(value) == rfc8785.dumps(json.loads(json.dumps(value)))
    assert canonical_bytes([value, 0.5]) == b"[" + profile_bytes(value) + b",0.5]"


@quickly
@given(interoperable_documents)
def test_canonical_json_is_the_same_as_another_hands(value: object) -> None:
    assert canonical_bytes(value, "round") == rfc8785.dumps(json.loads(json.dumps(value)))


@quickly
@given(WILD)
def test_what_is_checked_in_c_has_the_text_that_is_written_value_by_value(value: object) -> None:
    quick = _quickly(value)
    if quick is not None:
        parts: list[str] = []
        _write(value, "quote", parts, 64)
        assert quick == "".join(parts).encode()


@quickly
@given(exact_documents)
def test_what_a_payload_keeps_gives_the_value_of_the_digest_back(value: object) -> None:
    kept = canonical_bytes(value, "keep")
    again = read_payload(kept)
    assert canonical_bytes(again, "quote") == canonical_bytes(value, "quote")
    assert canonical_bytes(again, "keep") == kept


@quickly
@given(decimals | st.integers(), decimals | st.integers())
def test_two_numbers_share_a_canonical_text_only_if_they_are_equal(one: Decimal | int, other: Decimal | int) -> None:
    assert (canonical_bytes(one) == canonical_bytes(other)) == (one == other)


requests = st.fixed_dictionaries(
    {},
    optional={
        "tool": hostile_documents,
        "args": hostile_documents,
        "agent": hostile_documents | st.fixed_dictionaries({"id": hostile_documents}),
        "origins": hostile_documents,
        "counters": hostile_documents,
        "now": hostile_documents,
        "anything": hostile_documents,
    },
)


_NUMBER_TEXTS = st.from_regex(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
_STRING_TEXTS = text.map(lambda value: json.dumps(value, ensure_ascii=False)) | text.map(json.dumps)
spelled = st.recursive(
    _NUMBER_TEXTS | _STRING_TEXTS | st.sampled_from(["true", "null"]),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(_STRING_TEXTS, inner), max_size=3).map(
            lambda members: f"{{{','.join(f'{name}:{value}' for name, value in members)}}}"
        )
        | inner.map(lambda item: f"[{item} ]")
    ),
    max_leaves=6,
)


@quickly
@given(spelled)
@example("1e16")
@example("9007199254740993")
@example("0.0000001")
@example("0.10")
@example("-0")
@example('{"\U0001f600":1,"\uff5e":2}')
@example('{"\uff5e":2,"\U0001f600":1}')
@example("[" * 65 + "]" * 65)
def test_a_payload_that_is_hashed_as_it_stands_has_no_other_spelling(spelling: str) -> None:
    salt = b"\xab" * 16
    payload = b'{"bodies":{"/x":{"salt":"%b","value":%b}},"salt":"%b","v":1}' % (
        (salt.hex().encode(), spelling.encode(), salt.hex().encode())
    )
    texts = _texts(payload)
    if texts is not None:
        read = read_payload(payload)
        assert isinstance(read, dict)
        assert canonical_bytes(read["bodies"]["/x"]["value"]) == spelling.encode()
        assert [(pointer, salt, bytes(part)) for pointer, salt, part in texts] == [("/x", salt, spelling.encode())]


def test_an_ordinary_payload_is_hashed_as_it_stands() -> None:
    texts = _texts(sample()[1])
    assert texts is not None
    assert len(texts) == len(json.loads(sample()[1])["bodies"])


@quickly
@given(requests | st.binary(max_size=50) | st.none())
def test_every_request_can_be_recorded(request: dict[str, object] | bytes | None) -> None:
    envelope, payload = sample(request=request)
    record = json.loads(profile_bytes({**envelope, "index": SAFE, "previous": "0" * 64}))
    assert shape_mistake(record) is None
    assert len(profile_bytes(record)) <= MAX_RECORD
    assert sha256(payload).hexdigest() == record["payload"]
    assert bodies_mistake(record, payload) is None


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
entries = st.fixed_dictionaries(
    {"rule": names, "verdict": st.just("deny"), "owner": st.none() | names, "at": names, "by": names, "name": names}
)


@quickly
@given(
    st.lists(entries, max_size=5),
    st.integers(0, 60),
    st.dictionaries(st.text(max_size=10), hostile_documents, max_size=5),
)
def test_every_decision_can_be_recorded(some: list[object], times: int, trace: dict[str, object]) -> None:
    lists = ("matched", "overridden", "errors", "escalations", "observed", "obligations", "decided_by")
    envelope, payload = sample(decision={**DECISION, **dict.fromkeys(lists, some * times)}, trace=trace)
    record = json.loads(profile_bytes({**envelope, "index": SAFE, "previous": "0" * 64}))
    assert shape_mistake(record) is None
    assert len(profile_bytes(record)) <= MAX_RECORD
    assert bodies_mistake(record, payload) is None


SIZE = 6


@slowly
@given(st.integers(0, SIZE), st.data())
def test_any_changed_byte_of_a_log_is_found_at_the_right_record(index: int, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = small_log(Path(folder) / "log.db", SIZE)
        _, record, leaf = rows(path)[index]
        changed = bytearray(record)
        changed[data.draw(st.integers(0, len(record) - 1))] ^= data.draw(st.integers(1, 255))
        with_its_leaf = data.draw(st.booleans())
        new_leaf = leaf_hash(bytes(changed)) if with_its_leaf else leaf
        tamper(path, [("UPDATE records SET record = ?, leaf = ? WHERE idx = ?", (bytes(changed), new_leaf, index))])
        verification = verify_log(path)
        export = Path(folder) / "log.jsonl"
        # A last record that was rewritten with its leaf contradicts nobody: that is what a remembered root is for.
        if index < SIZE or not with_its_leaf:
            assert verification.problems[0].index == index
            try:
                export.write_bytes(b"".join(export_jsonl(path)))
            except AuditError:  # a record that is no text has no export
                return
            assert verify_log(export).problems[0].index == index


@slowly
@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(0, 29))
def test_a_remembered_state_holds_for_ever_and_for_no_shorter_log(batches: list[int], cut: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        remembered = []
        number = 0
        with open_sample(path) as log:
            for batch in batches:
                log.append_all([sample(number + place) for place in range(batch)])
                number += batch
                size, root = log.size_and_root()
                remembered.append(f"{size} {root.hex()}")
        assert all(verify_log(path, earlier).ok for earlier in remembered)
        last = number - cut % number
        tamper(path, [(f"DELETE FROM {table} WHERE idx >= ?", (last,)) for table in ("records", "payloads")])
        assert verify_log(path).ok
        assert not verify_log(path, remembered[-1]).ok
