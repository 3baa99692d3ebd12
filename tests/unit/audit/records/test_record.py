from __future__ import annotations

import json
from base64 import b64decode
from decimal import Decimal
from hashlib import sha256

import pytest

from tenetlang.audit import Surroundings, decision_record, time_text, ulid
from tenetlang.audit.canonical import canonical_bytes, profile_bytes
from tenetlang.audit.records.bodies import MAX_PAYLOAD
from tenetlang.audit.records.disclosure import bodies_mistake, read_payload
from tenetlang.audit.records.record import MAX_RECORD, author_word, caller_word
from tenetlang.audit.records.shape import shape_mistake
from tests.unit.audit.samples import DECISION, REQUEST, START, TRACE, identifier, salts, sample


def placed(envelope: dict[str, object]) -> dict[str, object]:
    """The record with the longest place that a log can give it, as a reader sees it."""
    whole: dict[str, object] = {**envelope, "index": 2**53 - 1, "previous": "f" * 64}
    parsed: dict[str, object] = json.loads(profile_bytes(whole))
    assert parsed == json.loads(json.dumps(whole))
    return parsed


def assert_well_formed(envelope: dict[str, object], payload: bytes) -> dict[str, object]:
    record = placed(envelope)
    assert shape_mistake(record) is None
    assert len(profile_bytes(record)) <= MAX_RECORD
    assert len(payload) <= MAX_PAYLOAD
    assert sha256(payload).hexdigest() == record["payload"]
    assert bodies_mistake(record, payload) is None
    return record


def bodies_of(payload: bytes) -> dict[str, dict[str, object]]:
    match read_payload(payload):
        case {"bodies": dict(bodies)}:
            return bodies
        case _:
            pytest.fail("the payload has no bodies")


def part(value: object, *steps: str | int) -> object:
    for step in steps:
        match value, step:
            case dict(), str():
                value = value[step]
            case list(), int():
                value = value[step]
            case _:
                pytest.fail(f"there is no {step}")
    return value


def test_a_record_says_who_asked_what_and_how_it_was_decided() -> None:
    around = Surroundings(
        point="gateway-1", point_count=17, intermediate=1, stale=None, data={"vendors": "sha256:" + "cd" * 32}
    )
    envelope, payload = sample(surroundings=around)
    record = assert_well_formed(envelope, payload)
    assert part(record, "who") == {
        "agent": "a1",
        "user": "u7",
        "session": "s1",
        "point": "gateway-1",
        "point_count": 17,
    }
    assert part(record, "kind") == "intent"
    assert part(record, "what", "tool") == "refund"
    assert part(record, "what", "arguments", 0, "name") == "amount"
    assert part(record, "what", "arguments", 0, "origin") == "user"
    assert part(record, "policy") == {
        "package": "acme.support",
        "bundle": "sha256:" + "ab" * 32,
        "intermediate": 1,
        "stale": None,
    }
    assert part(record, "facts") == {
        "now": "2026-11-22T20:00:00Z",
        "counters": [{"name": "refunds_today", "value": "4980.5"}],
        "data": [{"name": "vendors", "digest": "sha256:" + "cd" * 32}],
    }
    assert part(record, "decided", "matched") == DECISION["matched"]
    assert part(record, "decided", "escalations") == DECISION["escalations"]
    assert part(record, "trace", "path") == {"bucket": 3, "rules": {"large_refund": "holds"}}


def test_nothing_that_the_caller_wrote_stands_in_the_record_in_the_clear() -> None:
    envelope, _ = sample()
    text = profile_bytes(envelope)
    for secret in ("Zoë", "120", "USD", "refund of", "body"):
        assert secret.encode() not in text


def test_one_body_can_be_checked_by_whoever_has_only_the_record() -> None:
    envelope, payload = sample()
    body = bodies_of(payload)["/what/arguments/0/digest"]
    assert body["value"] == 120
    digest = sha256(bytes.fromhex(str(body["salt"])) + canonical_bytes(body["value"])).hexdigest()
    assert part(placed(envelope), "what", "arguments", 0, "digest") == digest


def test_the_payload_gives_the_request_back_with_all_its_digits() -> None:
    amount = Decimal("9007199254740993.000000000001")
    _, payload = sample(request={**REQUEST, "args": {"amount": amount, "count": 9007199254740993}})
    bodies = bodies_of(payload)
    assert bodies["/what/arguments/0/digest"]["value"] == amount
    assert bodies["/what/arguments/1/digest"]["value"] == 9007199254740993
    rest = {name: value for name, value in REQUEST.items() if name not in ("tool", "args")}
    assert canonical_bytes(bodies["/what/rest"]["value"]) == canonical_bytes(rest)


def test_the_same_request_is_digested_differently_each_time() -> None:
    assert sample(1)[0]["what"] != sample(2)[0]["what"]


def test_building_is_deterministic_for_the_same_salts() -> None:
    assert sample() == sample()


def test_a_salt_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        decision_record(DECISION, REQUEST, TRACE, time_text(START), identifier(1), 1, lambda: b"short")


@pytest.mark.parametrize(
    "text, stands",
    [
        ("refund", True),
        ("", True),
        ("a b~!", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("é", False),
        ("a\nb", False),
        ("a\x7f", False),
        ("\u202e", False),
        ("\ud800", False),
        ("sha256:" + "0" * 64, False),
    ],
)
def test_a_callers_word_stands_for_itself_only_if_it_is_short_printable_ascii(text: str, stands: bool) -> None:
    assert (caller_word(text) == text) == stands
    assert stands or caller_word(text) == "sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def test_an_authors_word_may_be_in_any_script() -> None:
    assert author_word("équipe") == "équipe"
    assert author_word("x" * 256) == "x" * 256
    assert author_word("é" * 129).startswith("sha256:")
    assert author_word("a\u202eb").startswith("sha256:")


def test_a_request_that_could_not_be_read_is_kept_as_its_bytes() -> None:
    raw = b'{"tool": \xff'
    envelope, payload = sample(request=raw)
    record = assert_well_formed(envelope, payload)
    assert part(record, "what") == {
        "tool": None,
        "arguments": [],
        "rest": None,
        "raw": part(record, "what", "raw"),
    }
    body = bodies_of(payload)["/what/raw"]
    assert b64decode(str(body["base64"])) == raw
    assert part(record, "what", "raw") == sha256(bytes.fromhex(str(body["salt"])) + raw).hexdigest()


@pytest.mark.parametrize(
    "request_value",
    [
        None,
        {},
        {"tool": 7, "args": [1, 2], "origins": 3, "counters": [], "now": 4, "agent": "a", "user": {"id": 5}},
        {"tool": "\ud800", "args": {"\ud800": "\udfff"}, "agent": {"id": "\ud800"}, "now": "\ud800"},
        {"args": {"a": float("nan"), "b": object(), "c": {1: 2}}},
        {"args": {1: 2, "x": 3}, "counters": {1: 2}},
        {"args": {}, "counters": {"c": None, "d": [1], "e": float("inf"), "f": "é", "g": True}},
        {"tool": "t" * 100_000, "args": {"n" * 100_000: "v"}, "agent": {"id": "i" * 100_000}},
        {"args": {"a": 1}, "origins": {"a": ["user", "tool:é" * 100]}},
        {1: 2},
        b"",
    ],
)
def test_no_request_whatever_it_holds_makes_a_record_impossible(
    request_value: dict[str, object] | bytes | None,
) -> None:
    envelope, payload = sample(request=request_value)
    assert_well_formed(envelope, payload)


def test_what_is_not_json_is_recorded_as_the_reason_why_not() -> None:
    _, payload = sample(request={"args": {"a": "\ud800"}})
    assert bodies_of(payload)["/what/arguments/0/digest"]["unreadable"] == "a string holds a lone surrogate"


def test_ten_thousand_rules_become_their_number_and_a_digest() -> None:
    matched = [
        {"rule": f"rule_{number}", "verdict": "deny", "owner": "o" * 300, "at": f"a.tenet:{number}"}
        for number in range(10_000)
    ]
    decision = {**DECISION, "matched": matched, "decided_by": [entry["rule"] for entry in matched]}
    envelope, payload = sample(decision=decision)
    record = assert_well_formed(envelope, payload)
    assert part(record, "decided", "matched", "count") == 10_000
    assert part(record, "decided", "matched", "first", 7, "rule") == "rule_7"
    assert len(str(part(record, "decided", "decided_by", "first"))) < 200
    assert bodies_of(payload)["/decided/matched/digest"]["value"] == matched
    assert "reduced" not in record


def test_a_record_that_would_be_too_long_is_reduced_and_says_so() -> None:
    quotes = '"' * 256
    entry = {
        "rule": quotes,
        "verdict": "deny",
        "owner": quotes,
        "at": quotes,
        "by": quotes,
        "error": quotes,
        "reviewers": quotes,
        "quorum": 2,
        "within": quotes,
        "else": quotes,
        "name": quotes,
        "args": [],
    }
    lists = ("matched", "overridden", "errors", "escalations", "observed", "obligations")
    decision = {
        **DECISION,
        **{member: [entry] * 32 for member in lists},
        "decided_by": [quotes] * 32,
        "policy": quotes,
        "reason_data": {"amount": Decimal("1.5")},
    }
    caller = '"' * 128
    request = {
        "tool": caller,
        "args": {caller[:-2] + f"{number:02}": 1 for number in range(32)},
        "counters": {caller[:-2] + f"{number:02}": caller for number in range(32)},
        "agent": {"id": caller},
        "user": {"id": caller},
        "session": {"id": caller},
        "now": caller,
    }
    around = Surroundings(caller, 2**53 - 1, 2**53 - 1, quotes, {quotes + str(n): caller for n in range(32)})
    trace = {"rules": {f"r{number}": '"' * 200 for number in range(40)}, "values": [0.5]}
    envelope, payload = sample(decision=decision, request=request, trace=trace, surroundings=around)
    record = assert_well_formed(envelope, payload)
    assert record["reduced"] is True
    assert part(record, "decided", "matched", "count") == 32
    assert part(record, "decided", "matched", "first") == []
    assert part(record, "what", "arguments", "count") == 32
    assert "path" not in str(part(record, "trace")).replace("path_digest", "")
    assert len(profile_bytes(record)) < 10_000
    assert bodies_of(payload)["/decided/overridden/digest"]["value"] == decision["overridden"]


def test_a_trace_outside_the_profile_or_too_long_goes_to_the_payload() -> None:
    for path in ({"é": 1}, {"a": 0.5}, {"a": "x" * 20_000}):
        envelope, payload = sample(trace={**path, "values": {}})
        record = assert_well_formed(envelope, payload)
        assert set(record["trace"] if isinstance(record["trace"], dict) else ()) == {"path_digest", "values"}
        assert bodies_of(payload)["/trace/path_digest"]["value"] == path


def test_a_body_that_the_payload_has_no_room_for_is_left_out_but_digested() -> None:
    request = {"args": {"a": "x" * 5_000_000, "b": "y" * 5_000_000, "c": "z"}}
    envelope, payload = sample(request=request)
    assert_well_formed(envelope, payload)
    bodies = bodies_of(payload)
    assert bodies["/what/arguments/1/digest"]["omitted"] == 5_000_002
    assert bodies["/what/arguments/2/digest"]["value"] == "z"
    envelope, payload = sample(request=b"x" * 20_000_000)
    assert_well_formed(envelope, payload)
    assert bodies_of(payload)["/what/raw"]["omitted"] == 20_000_000


def test_identifiers_are_ulids_that_sort_by_time() -> None:
    assert ulid(0, bytes(16)) == "0" * 26
    assert ulid(1_469_922_850_259_000_000, b"\xff" * 16) == "01ARZ3NDEK" + "Z" * 16
    assert ulid(START, b"\xff" * 16) < ulid(START + 1_000_000, bytes(16))
    with pytest.raises(ValueError, match="16 random bytes"):
        ulid(START, bytes(10))


def test_times_are_written_with_nanoseconds_in_utc() -> None:
    assert time_text(START + 1) == "2026-11-22T20:00:00.000000001Z"


def test_salts_of_the_samples_differ() -> None:
    fresh = salts()
    assert fresh() != fresh()
