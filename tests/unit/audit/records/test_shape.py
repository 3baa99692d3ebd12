"""The shape of records, member by member: without it, with null, with each thing that is nearly right, and with what is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tenetlang.audit.records.forms import (
    BUNDLE,
    COUNT,
    DIGEST,
    FLAG,
    LIST,
    OBJECT,
    POSITIVE,
    TEXT,
    TIME,
    ULID,
    Form,
    is_digest,
    one_of,
    optional,
)
from tenetlang.audit.records.kinds import KINDS
from tenetlang.audit.records.shape import shape_mistake
from tests.unit.audit.samples import identifier, sample

ID = identifier(1)
HASH = "0123456789abcdef" * 4
SHORT = {"count": 0, "digest": HASH, "first": []}

FORMS: Mapping[str, tuple[Form, Sequence[object], Sequence[object]]] = {
    "text": (TEXT, ["", "x", "\x00"], [None, 1, [], {}, True]),
    "count": (COUNT, [0, 1, 2**53 - 1], [-1, 2**53, True, False, 1.0, "1", None]),
    "positive": (POSITIVE, [1, 2**53 - 1], [0, -1, 2**53, True, "1", None]),
    "flag": (FLAG, [True, False], [0, 1, None, "true"]),
    "digest": (DIGEST, [HASH], [HASH[:-1], HASH + "0", HASH.upper(), "g" * 64, None, 1, HASH + "\n", b"0" * 64]),
    "bundle": (BUNDLE, [f"sha256:{HASH}"], [HASH, f"sha256:{HASH}0", f"sha1:{HASH}", f"SHA256:{HASH}", None, 1]),
    "ulid": (
        ULID,
        [ID, "0" * 26, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"],
        ["8" + "0" * 25, "0" * 25, "0" * 27, "0" * 25 + "I", "0" * 25 + "L", "0" * 25 + "O", "0" * 25 + "U", ID.lower(), None, 1],
    ),
    "time": (
        TIME,
        ["2026-11-22T20:00:00Z", "2026-11-22T20:00:00.1Z", "2026-11-22T20:00:00.123456789Z", "9999-99-99T99:99:99Z"],
        ["2026-11-22T20:00:00", "2026-11-22T20:00:00.Z", "2026-11-22T20:00:00.1234567890Z", "2026-11-22 20:00:00Z", "x", None,
         "2026-11-22T20:00:00+00:00", "2026-11-22T20:00:0\u0660Z", "2026-11-22T20:00:00Z\n", 1],
    ),
    "object": (OBJECT, [{}, {"a": 1}], [[], None, "{}", 1]),
    "list": (
        LIST,
        [[], [1, None, {}], SHORT, {**SHORT, "count": 2**53 - 1, "more": 1}],
        [None, "[]", 1, {}, {**SHORT, "count": -1}, {**SHORT, "count": "0"}, {**SHORT, "digest": "0"}, {**SHORT, "first": {}},
         {"digest": HASH, "first": []}, {"count": 0, "first": []}, {"count": 0, "digest": HASH}],
    ),
    "word": (one_of("a", "b"), ["a", "b"], ["c", "", "ab", None, ["a"], 1]),
    "optional": (optional(COUNT), [None, 0], [-1, "0", False]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_form_takes_what_it_says_and_nothing_that_is_nearly_that(name: str) -> None:
    form, right, wrong = FORMS[name]
    assert [value for value in right if not form.holds(value)] == []
    assert [value for value in wrong if form.holds(value)] == []
    assert form.expected


def test_a_digest_is_one_whatever_it_is_asked_of() -> None:
    assert is_digest(HASH)
    assert not is_digest([HASH])


def envelope(kind: str, **members: object) -> dict[str, object]:
    head = {"v": 1, "kind": kind, "index": 3, "previous": HASH, "at": "2026-11-22T20:00:00Z", "id": ID, "payload": None}
    return {**head, **members}


VALUES: Sequence[object] = [None, "x", 0, 1, True, [], {}, HASH, f"sha256:{HASH}", ID, "2026-11-22T20:00:00Z", "ok", "sent",
                            "approve", "approved"]  # fmt: skip


def right_one(form: Form) -> object:
    return next(value for value in VALUES if value is not None and form.holds(value))


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_a_kind_has_all_its_members_in_their_forms(kind: str) -> None:
    members = {name: right_one(form) for name, form in KINDS[kind].items()}
    assert shape_mistake(envelope(kind, **members)) is None
    assert shape_mistake(envelope(kind, **members, more=1)) is None
    for name, form in KINDS[kind].items():
        without = {other: value for other, value in members.items() if other != name}
        assert shape_mistake(envelope(kind, **without)) == f"`{name}` is missing"
        for value in VALUES:
            expected = None if form.holds(value) else f"`{name}` is not {form.expected}"
            assert shape_mistake(envelope(kind, **{**members, name: value})) == expected


@pytest.mark.parametrize("name", ["v", "kind", "index", "previous", "at", "id", "payload"])
def test_every_record_has_these_members(name: str) -> None:
    record = envelope("test.kind")
    assert shape_mistake(record) is None
    assert shape_mistake({other: value for other, value in record.items() if other != name}) == f"`{name}` is missing"
    assert f"`{name}` is not " in str(shape_mistake({**record, name: [1]}))


@pytest.mark.parametrize("version", [0, 2, True, "1", 1.0])
def test_there_is_one_version(version: object) -> None:
    assert "the version known here" in str(shape_mistake(envelope("test.kind", v=version)))


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("a", True), ("a.b.c.d", True), ("a" * 32, True), ("a_b", True), ("a.b.c.d.e", False), ("a" * 33, False), ("A", False),
        ("_a", False), ("a..b", False), ("a.", False), (".a", False), ("a1", False), ("", False), ("a\n", False),
    ],
)  # fmt: skip
def test_a_kind_is_one_to_four_words(kind: str, right: bool) -> None:
    assert (shape_mistake(envelope(kind)) is None) == right


@pytest.mark.parametrize("record", [None, [], "x", 1, True])
def test_what_is_no_object_is_no_record(record: object) -> None:
    assert shape_mistake(record) == "it is no JSON object"


PARTS = ("who", "what", "policy", "facts", "decided", "trace")


def intent(**changes: object) -> dict[str, object]:
    made, _ = sample(1)
    return {**made, "index": 1, "previous": HASH, **changes}


def test_an_intent_has_all_its_parts_and_they_are_objects() -> None:
    assert shape_mistake(intent()) is None
    for name in (*PARTS, "took_ns"):
        assert (
            shape_mistake({other: value for other, value in intent().items() if other != name})
            == f"`{name}` is missing"
        )
        assert f"`{name}` is not " in str(shape_mistake(intent(**{name: []})))


@pytest.mark.parametrize(
    ("part", "member", "wrong"),
    [
        ("who", "agent", 1), ("who", "user", 1), ("who", "session", 1), ("who", "point", 1), ("who", "point_count", -1),
        ("what", "tool", 1), ("what", "arguments", None), ("what", "rest", "0"), ("what", "raw", "0"),
        ("policy", "package", 1), ("policy", "bundle", 1), ("policy", "intermediate", -1), ("policy", "stale", 1),
        ("facts", "now", 1), ("facts", "counters", None), ("facts", "data", None),
        ("decided", "verdict", "maybe"), ("decided", "decided_by", None), ("decided", "reason", None),
        ("decided", "obligations", None),
    ],
)  # fmt: skip
def test_each_member_of_a_part_is_named_with_it(part: str, member: str, wrong: object) -> None:
    whole = intent()[part]
    assert isinstance(whole, dict)
    assert str(shape_mistake(intent(**{part: {**whole, member: wrong}}))).startswith(f"`{part}.{member}` is not ")
    without = {name: value for name, value in whole.items() if name != member}
    assert shape_mistake(intent(**{part: without})) == f"`{part}.{member}` is missing"


def test_the_first_thing_that_is_wrong_is_named() -> None:
    assert shape_mistake(intent(who={}, what={}, took_ns=None)) == "`took_ns` is not a whole number from 0"
    assert shape_mistake(intent(who={}, what={})) == "`who.agent` is missing"
    assert shape_mistake(intent(v=2, took_ns=None)) == "`v` is not 1, the version known here"
